//! Requests that are none, and clients that wait.

use std::io::Write as _;
use std::net::TcpStream;

use super::running::{Answer, PATIENCE};
use super::started;
use crate::support::fleet_lab::Lab;

#[test]
fn what_is_no_request_is_refused_and_delays_no_other() {
    let lab = Lab::new();
    let service = started(&lab);
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(40_000));
    let many = format!(
        "GET / HTTP/1.1\r\nHost: x\r\n{}\r\n",
        "A: b\r\n".repeat(500)
    );
    for (bytes, statuses) in [
        (
            &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
            &[0, 400][..],
        ),
        (b"GET / HTTP/9.9\r\n\r\n", &[0, 400, 505]),
        (b"GET /metrics\r\n\r\n", &[0, 400]),
        (b"\r\n\r\n\0\0\0\0\r\n\r\n", &[0, 400]),
        (
            b"GET /%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            &[404],
        ),
        (
            b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            &[404],
        ),
        (
            b"GET / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            &[0, 200, 400],
        ),
        (long.as_bytes(), &[0, 400, 414, 431]),
        (many.as_bytes(), &[0, 400, 431]),
    ] {
        let mut bytes = bytes.to_vec();
        let mut stream = TcpStream::connect(service.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let answer = Answer::of(stream);
        bytes.truncate(60);
        assert!(
            statuses.contains(&answer.status),
            "{:?}: {answer:?}",
            String::from_utf8_lossy(&bytes)
        );
    }
    assert_eq!(service.get("/metrics").status, 200);
}

#[test]
fn clients_that_say_nothing_take_no_place_for_good() {
    let lab = Lab::new();
    let service = started(&lab);
    // More than may be open at once. Each says a little and then waits.
    let slow: Vec<TcpStream> = (0..300)
        .map(|_| {
            let mut stream = TcpStream::connect(service.address).unwrap();
            stream.write_all(b"GET /metrics HTTP/1.1\r\nHost:").unwrap();
            stream
        })
        .collect();
    // Their time ends, and then it is this one's turn.
    let answer = service.get("/metrics");
    assert_eq!(answer.status, 200);
    drop(slow);
}

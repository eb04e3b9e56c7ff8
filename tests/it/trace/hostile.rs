//! Hostile servers and hostile clients: the relay goes on, in bounded memory, and prints nothing unescaped.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use super::Running;
use crate::hostile::before;
use crate::support::client::Client;
use crate::support::peer::Peer;

/// What a client may send first.
fn openings() -> Vec<Vec<u8>> {
    let ssl = b"\0\0\0\x08\x04\xd2\x16\x2f";
    let mut all: Vec<Vec<u8>> = vec![
        Vec::new(),
        b"\0".to_vec(),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        b"\0\0\x27\x10\0\x03\0\0".to_vec(),
        b"\x7f\xff\xff\xff\0\x03\0\0".to_vec(),
        [&ssl[..], ssl, ssl].concat(),
        [&ssl[..], b"\x16\x03\x01\x40\x00\x01\xff\xff\xff"].concat(),
        [&ssl[..], &[0xff; 200_000]].concat(),
        [&b"\x16\x03\x01\0\x05\x01\0\0\x01\0"[..], &[0; 50]].concat(),
        b"\0\0\0\x20\0\x03\0\0user\0\x1b[2J\xe2\x80\xae\0database\0".to_vec(),
    ];
    let mut startup = b"\0\x03\0\0".to_vec();
    for number in 0..400 {
        startup.extend(format!("\x1b[31mname{number}\0\u{202e}value\0").bytes());
    }
    startup.push(0);
    let length = u32::try_from(startup.len() + 4).unwrap().to_be_bytes();
    all.push([&length[..], &startup].concat());
    all
}

#[test]
fn no_peer_stops_the_relay() {
    let answers: [&'static [u8]; 9] = [
        b"",
        b"S",
        b"N",
        b"E",
        b"E\x7f\xff\xff\xff",
        b"SHTTP/1.1 400 Bad Request\r\n\r\n",
        b"S\x16\x03\x03\xff\xff\x02\xff\xff\xff",
        b"S\x15\x03\x03\0\x02\x02\x28",
        b"\x1b[2J\xe2\x80\xae",
    ];
    let client = Client::new();
    for answer in answers {
        let peer = Peer::start(move |conversation| {
            conversation.say(answer)?;
            conversation.stream.shutdown(Shutdown::Write)?;
            conversation.listen()
        });
        let relay = Running::start(&client, &format!("host=127.0.0.1 port={}", peer.port), &[]);
        for opening in openings() {
            let mut stream = relay.connect();
            // The other end may have gone.
            let _ = stream.write_all(&opening);
            let _ = stream.shutdown(Shutdown::Write);
            let mut back = Vec::new();
            let _ = stream.read_to_end(&mut back);
            assert_eq!(back, answer, "{opening:?}");
        }
        let run = relay.stop();
        assert!([1, 3].contains(&run.code), "{answer:?}: {run:?}");
        for text in [&run.stdout, &run.stderr] {
            let harmful = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
            assert!(!text.contains(harmful), "{answer:?}: {text:?}");
        }
        assert!(!run.stderr.contains("panicked"), "{run:?}");
    }
}

/// Those that `pgtls check` meets. Its verdict is the same through the relay, which goes on.
#[test]
fn hostile_servers_are_as_hostile_behind_the_relay() {
    let client = Client::new();
    let mut openings = openings().into_iter().cycle();
    for (name, script) in before::scripts() {
        let peer = Peer::start(script);
        let relay = Running::start(&client, &format!("host=127.0.0.1 port={}", peer.port), &[]);
        let check = |port: u16| {
            let string = format!("host=127.0.0.1 port={port} sslmode=require");
            client.pgtls(&["check", "--timeout", "10s", &string]).code
        };
        let (direct, through) = std::thread::scope(|scope| {
            let direct = scope.spawn(|| check(peer.port));
            let through = check(relay.address.port());
            (direct.join().unwrap(), through)
        });
        assert_eq!(through, direct, "{name}");
        // Clients of every sort, in turn.
        let mut stream = relay.connect();
        let _ = stream.write_all(&openings.next().unwrap());
        drop(stream);
        let run = relay.stop();
        assert!([1, 3].contains(&run.code), "{name}: {run:?}");
        assert!(!run.stderr.contains("panicked"), "{name}: {run:?}");
        for text in [&run.stdout, &run.stderr] {
            let harmful = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
            assert!(!text.contains(harmful), "{name}: {text:?}");
        }
    }
}

#[test]
fn a_flood_passes_in_bounded_memory() {
    let (came, arrivals) = mpsc::channel();
    let peer = Peer::start(move |conversation| {
        came.send(()).unwrap_or_default();
        let mut sink = [0; 65_536];
        while conversation.stream.read(&mut sink)? > 0 {}
        Ok(())
    });
    let client = Client::new();
    let relay = Running::start(
        &client,
        &format!("host=127.0.0.1 port={}", peer.port),
        &["--format", "json"],
    );
    let before = relay.peak();
    let bytes = vec![0xff; 1 << 20];
    for begin in [
        &b"\0\0\0\x08\x04\xd2\x16\x2f"[..],
        b"\x16\x03\x01",
        b"",
        b"\0\0\x20\0\0\x03",
    ] {
        let mut stream = relay.connect();
        stream.write_all(begin).unwrap();
        for _ in 0..64 {
            stream.write_all(&bytes).unwrap();
        }
    }
    // Many that begin and never go on.
    let idle: Vec<TcpStream> = (0..200)
        .map(|_| {
            let mut stream = relay.connect();
            stream
                .write_all(b"\0\0\0\x08\x04\xd2\x16\x2f\x16\x03")
                .unwrap();
            stream
        })
        .collect();
    // All have got through to the server.
    for _ in 0..4 + idle.len() {
        arrivals.recv_timeout(Duration::from_secs(60)).unwrap();
    }
    let grown = relay.peak().saturating_sub(before);
    assert!(grown < 32 * 1024, "{grown} KiB");
    drop(idle);
    let report = relay.stop().json();
    assert!(report["counts"]["connections"].as_u64().unwrap() >= 200);
}

//! Servers that are not PostgreSQL, or only a part of it.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};

/// Accepts connections (the kernel does) and never sends anything.
pub(crate) fn silent() -> (TcpListener, u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// Answers every SSLRequest with these bytes and hangs up, for as long as the process lives.
pub(crate) fn answering(answer: &'static [u8]) -> u16 {
    let (listener, port) = silent();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // The client may hang up first.
            let _ = stream.read(&mut [0; 8]);
            let _ = stream.write_all(answer);
        }
    });
    port
}

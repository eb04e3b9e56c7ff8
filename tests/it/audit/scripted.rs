//! Old servers that can no longer be installed, up to their ServerHello.

use std::io::{self, Read as _};

use super::{accepted, audit, levels, protocol};
use crate::support::client::Client;
use crate::support::peer::{Conversation, Peer};

/// A server that chooses by its own order, and stops after its first flight.
#[derive(Clone, Copy)]
struct Old {
    /// The only version that it knows.
    version: [u8; 2],
    /// In its own order.
    suites: &'static [u16],
    /// DEFLATE, if the client offers it.
    compression: u8,
    /// Extensions of its ServerHello, after their lengths.
    extensions: &'static [u8],
    /// The length of its Diffie-Hellman prime, in bytes.
    prime: u8,
}

const TLS_1_0: [u8; 2] = [3, 1];
const TLS_1_2: [u8; 2] = [3, 3];
const RENEGOTIATION_INFO: &[u8] = &[0, 5, 0xff, 1, 0, 1, 0];

impl Old {
    fn serve(&self, conversation: &mut Conversation) -> io::Result<()> {
        let mut request = [0; 8];
        conversation.read_exact(&mut request)?;
        if request != [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f] {
            return conversation.say(b"N");
        }
        conversation.say(b"S")?;
        let mut header = [0; 5];
        conversation.read_exact(&mut header)?;
        let mut hello = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
        conversation.read_exact(&mut hello)?;
        conversation.say(&self.answer(&hello))?;
        conversation.listen()
    }

    fn answer(&self, hello: &[u8]) -> Vec<u8> {
        let alert = |description| record(21, self.version, &[2, description]);
        let offered = [hello[4], hello[5]];
        if offered < self.version {
            return alert(70);
        }
        let session = usize::from(hello[38]);
        let suites = &hello[39 + session..];
        let length = usize::from(u16::from_be_bytes([suites[0], suites[1]]));
        let offered: Vec<u16> = suites[2..2 + length]
            .chunks(2)
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
            .collect();
        let Some(suite) = self.suites.iter().find(|suite| offered.contains(suite)) else {
            return alert(40);
        };
        let mut body = self.version.to_vec();
        body.extend([9; 32]);
        body.push(0);
        body.extend(suite.to_be_bytes());
        body.push(self.compression);
        body.extend(self.extensions);
        let mut flight = message(2, &body);
        flight.extend(message(11, &[0, 0, 0]));
        if *suite == 0x0033 {
            let prime = vec![0xff; usize::from(self.prime)];
            flight.extend(message(12, &[&[0, self.prime][..], &prime].concat()));
        }
        record(22, self.version, &flight)
    }
}

fn record(kind: u8, version: [u8; 2], contents: &[u8]) -> Vec<u8> {
    let length = u16::try_from(contents.len()).unwrap().to_be_bytes();
    [&[kind][..], &version, &length, contents].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind][..], &length, body].concat()
}

fn look(old: Old) -> crate::support::client::Run {
    let peer = Peer::start(move |conversation| old.serve(conversation));
    let string = format!(
        "host=db.example hostaddr=127.0.0.1 port={} user=u sslmode=require",
        peer.port
    );
    audit(&Client::new(), &["--timeout", "10", &string])
}

#[test]
fn suites_that_no_library_has_any_more_are_found_and_named() {
    let run = look(Old {
        version: TLS_1_0,
        suites: &[0x0005, 0x000a, 0x0009, 0x0003, 0x0033, 0x002f],
        compression: 0,
        extensions: RENEGOTIATION_INFO,
        prime: 128,
    });
    // The check finds no TLS that it can speak. The other findings are reported as well.
    assert_eq!(run.code, 5, "{run:?}");
    for code in ["legacy-protocol", "broken-cipher"] {
        assert_eq!(levels(&run, code), ["error"], "{run:?}");
    }
    // CBC, static keys, and the prime.
    assert_eq!(levels(&run, "weak-cipher"), ["warning"; 3], "{run:?}");
    assert!(levels(&run, "insecure-renegotiation").is_empty(), "{run:?}");
    let found = accepted(&run);
    let suites = [
        "RC4-SHA",
        "DES-CBC3-SHA",
        "DES-CBC-SHA",
        "EXP-RC4-MD5",
        "DHE-RSA-AES128-SHA",
        "AES128-SHA",
    ];
    assert_eq!(
        found,
        [("TLSv1".to_owned(), suites.map(String::from).to_vec())]
    );
    let details = &protocol(&run, "TLSv1")["accepted"];
    assert_eq!(details["dh_bits"], 1024, "{run:?}");
    assert_eq!(details["preference"], "server", "{run:?}");
    // A server that answers a hello for TLS 1.2 with 1.0 does not speak 1.2.
    assert_eq!(protocol(&run, "TLSv1.2")["outcome"], "refused", "{run:?}");
}

#[test]
fn compression_and_unbound_renegotiation_are_found() {
    let run = look(Old {
        version: TLS_1_2,
        suites: &[0x002f],
        compression: 1,
        extensions: &[],
        prime: 0,
    });
    assert_eq!(levels(&run, "tls-compression"), ["error"], "{run:?}");
    assert_eq!(
        levels(&run, "insecure-renegotiation"),
        ["warning"],
        "{run:?}"
    );
    assert_eq!(protocol(&run, "TLSv1.2")["accepted"]["compression"], true);
}

#[test]
fn a_server_that_chooses_what_was_not_offered_is_not_believed() {
    let run = look(Old {
        version: TLS_1_2,
        suites: &[0x002f],
        compression: 0,
        // supported_versions: TLS 1.3, to a hello for 1.2.
        extensions: &[0, 6, 0, 43, 0, 2, 3, 4],
        prime: 0,
    });
    let said = protocol(&run, "TLSv1.2");
    assert_eq!(said["outcome"], "unknown", "{said}");
    assert!(
        said["detail"].as_str().unwrap().contains("not offered"),
        "{said}"
    );
}

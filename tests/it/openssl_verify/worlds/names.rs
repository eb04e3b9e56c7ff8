//! Names of every form.

use super::Random;
use crate::support::certs::*;

const HOSTS: &[&str] = &[
    "db.example.test",
    "DB.Example.test",
    "example.test",
    ".example.test",
    "x.db.example.test",
    "ample.test",
    "example.org",
    "*.example.test",
    "test",
    "",
];

const ADDRESSES: &[&str] = &[
    "me@example.test",
    "ME@EXAMPLE.test",
    "me@sub.example.test",
    "@example.test",
    "a@b@example.test",
    "me@example.org",
    "example.test",
    ".example.test",
    "xn--bcher-kva.test",
    "me@b\u{fc}cher.test",
    "",
];

const LOCATIONS: &[&str] = &[
    "https://db.example.test/",
    "https://db.example.test",
    "https://db.example.test:5432/x",
    "https://db.example.test:/x",
    "https://db.example.test:70000/",
    "https://db.example.test:4294967297/",
    "https://db.example.test: 1/",
    "https://db.example.test:1x",
    "https://me@db.example.test/",
    "https://me:secret@db.example.test:1/",
    "https://example.org/@db.example.test",
    "https://db.example.test/a:b",
    "https://db.example.test?a=b",
    "https://db.example.test#a",
    "https://a@b@db.example.test/",
    "https://[::1]/",
    "https://[::1",
    "https://[::1]x",
    "https:///x",
    "https://",
    "https:/db.example.test",
    "://db.example.test",
    "urn:db.example.test",
    "a:b://db.example.test/",
    "a b://db.example.test/",
    "https://db.example.test\0.evil/",
    "db.example.test",
    "example.test",
    ".example.test",
    ".test",
    "[::1]",
    "",
];

/// One for a subject or an issuer: mostly one that occurs, spelled differently.
pub(super) fn distinguished(random: &mut Random, like: &[u8]) -> Vec<u8> {
    let text = random.pick(&["Root", "Intermediate 1", "db.example.test"]);
    match random.below(12) {
        0 => seq(&[]),
        1 => common_name(&text.to_uppercase()),
        2 => common_name(&format!("  {}  ", text.replace(' ', "   "))),
        3 => typed(random, text),
        4 => name(&[(CN, text), (O, "pgtls tests")]),
        5 => name(&[(O, "pgtls tests"), (CN, text), (EMAIL, "me@example.test")]),
        6 => {
            let pair = [
                attribute(O, UTF8, b"pgtls tests"),
                attribute(CN, UTF8, text.as_bytes()),
            ];
            tlv(0x30, &set(&[&pair[0], &pair[1]]))
        }
        7 => name(&[(O, "pgtls tests")]),
        8 => tlv(0x30, &set(&[])),
        9 => common_name(text),
        10 => name(&[(O, "pgtls tests"), (CN, text), (CN, "x.example.org")]),
        _ => like.to_vec(),
    }
}

/// The same text as another type of string.
fn typed(random: &mut Random, text: &str) -> Vec<u8> {
    let (tag, bytes) = match random.below(6) {
        0 => (PRINTABLE, text.as_bytes().to_vec()),
        1 => (TELETEX, text.as_bytes().to_vec()),
        2 => (IA5, text.as_bytes().to_vec()),
        3 => (
            BMP,
            text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        ),
        4 => (
            0x1c,
            text.chars()
                .flat_map(|c| u32::from(c).to_be_bytes())
                .collect(),
        ),
        _ => (UTF8, format!("{text}\0").into_bytes()),
    };
    seq(&[
        &set(&[&attribute(O, PRINTABLE, b"PGTLS tests")]),
        &set(&[&attribute(CN, tag, &bytes)]),
    ])
}

/// One of any kind, as in alternative names and constraints.
pub(super) fn general(random: &mut Random) -> Vec<u8> {
    match random.below(16) {
        0..=3 => dns(random.pick(HOSTS)),
        4 | 5 => email(random.pick(ADDRESSES)),
        6..=8 => uri(random.pick(LOCATIONS)),
        9 | 10 => ip(random.pick(&[
            &[127, 0, 0, 1][..],
            &[10, 0, 0, 1],
            &[10, 0, 0, 0, 255, 0, 0, 0],
            &[127, 0, 0, 0, 255, 0, 0, 255],
            &[0; 16],
            &[0; 32],
            &[1, 2, 3, 4, 5],
            &[],
        ])),
        11 | 12 => {
            let like = leaf();
            directory(&distinguished(random, &like))
        }
        13 => {
            let mailbox = tlv(UTF8, random.pick(ADDRESSES).as_bytes());
            wrap(0, &[oid("1.3.6.1.5.5.7.8.9"), wrap(0, &mailbox)].concat())
        }
        14 => {
            let kind = random.pick(&["1.2.3", "1.2.4"]);
            wrap(0, &[oid(kind), wrap(0, &tlv(UTF8, b"x"))].concat())
        }
        _ => context(8, &[0x2a, 3]),
    }
}

fn leaf() -> Vec<u8> {
    common_name("db.example.test")
}

pub(super) fn several(random: &mut Random, most: usize) -> Vec<Vec<u8>> {
    (0..random.below(most + 1))
        .map(|_| general(random))
        .collect()
}

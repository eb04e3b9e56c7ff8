//! However a conversation is cut into pieces, it is read the same.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::tls::{Case, converse, pair};
use super::*;

/// What each side sent, in order.
type Parts = Vec<(Side, Vec<u8>)>;

/// Conversations with every sort of end.
static RECORDED: LazyLock<Vec<Parts>> = LazyLock::new(|| {
    use rustls::version::{TLS12, TLS13};
    let (ssl, gss) = (
        request(SSL_REQUEST).to_vec(),
        request(GSSENC_REQUEST).to_vec(),
    );
    let startup = startup_message(b"ann", b"app");
    let packet = b"\0\0\0\x05token".to_vec();
    let mut all = Vec::new();
    for version in [&TLS12, &TLS13] {
        for case in [
            Case::Accepts,
            Case::Refuses,
            Case::HasNoCertificate,
            Case::SendsCertificate,
        ] {
            let mut parts = vec![(Application, ssl.clone()), (Server, b"S".to_vec())];
            parts.extend(converse(pair(version, case)));
            all.push(parts);
        }
    }
    let login = [
        message(backend::AUTHENTICATION, &[0, 0, 0, 5, 1, 2, 3, 4]),
        message(frontend::PASSWORD, b"md5\0"),
        message(backend::READY_FOR_QUERY, b"I"),
    ];
    for answer in [
        &b"N"[..],
        b"NS",
        b"H",
        b"HTTP/1.1",
        b"S",
        b"Splain",
        b"",
        b"E\0\0\0\x06no",
        b"NE",
    ] {
        for asked in [[&gss[..], &ssl].concat(), ssl.clone()] {
            let [wanted, sent, ready] = login.clone();
            all.push(vec![
                (Application, asked),
                (Server, answer.to_vec()),
                (Application, startup.clone()),
                (Server, wanted),
                (Application, sent),
                (Server, ready),
            ]);
        }
    }
    for answer in [&b"G"[..], b"N", b"GN", b"Gplain"] {
        all.push(vec![
            (Application, gss.clone()),
            (Server, answer.to_vec()),
            (Application, packet.clone()),
            (Server, packet.clone()),
            (Application, packet.clone()),
            (Server, packet.clone()),
        ]);
    }
    all
});

proptest! {
    #[test]
    fn a_recorded_conversation_is_read_the_same_however_it_is_cut(
        which in any::<proptest::sample::Index>(),
        sizes in proptest::collection::vec(1_usize..80, 1..20),
    ) {
        let parts = which.get(&RECORDED);
        let (mut whole, mut cut) = (Conversation::default(), Conversation::default());
        let mut sizes = sizes.iter().copied().cycle();
        // What one side sends without a word of the other is one piece, or many.
        for group in parts.chunk_by(|one, other| one.0 == other.0) {
            let bytes: Vec<u8> = group.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
            whole.hear(group[0].0, &bytes);
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                let (piece, behind) = rest.split_at(sizes.next().unwrap().min(rest.len()));
                cut.hear(group[0].0, piece);
                rest = behind;
            }
        }
        prop_assert_eq!(
            serde_json::to_value(whole.seen()).unwrap(),
            serde_json::to_value(cut.seen()).unwrap()
        );
        prop_assert_eq!(whole.is_over(), cut.is_over());
    }

    #[test]
    fn hostile_ends_cause_no_panic_and_are_read_the_same_in_any_pieces(
        parts in proptest::collection::vec(
            (any::<bool>(), proptest::collection::vec(any::<u8>(), 0..60)), 0..8),
        start in 0_usize..4,
    ) {
        let begin: &[&[u8]] = &[b"", b"\0\0\0\x08\x04\xd2\x16\x2f", b"\x16\x03\x01\0\x20\x01\0\0\x1c",
            b"\0\0\0\x10\0\x03\0\0user\0a\0\0"];
        let mut all: Vec<(Side, &[u8])> = vec![(Application, begin[start])];
        if start == 1 {
            all.push((Server, b"S"));
        }
        for (from_server, bytes) in &parts {
            all.push((if *from_server { Server } else { Application }, bytes));
        }
        seen(&all);
    }
}

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection,
    SupportedProtocolVersion,
};

use super::*;
use crate::trace::{ClientCertificate, PasswordForm};
use crate::wire::postgres::frame::{TERMINATE, backend, frontend, message};
use crate::wire::postgres::startup::{
    GSSENC_REQUEST, SSL_REQUEST, cancel_nobody, request, startup_message,
};

use Side::{Application, Server};

fn seen(parts: &[(Side, &[u8])]) -> Seen {
    let mut conversation = Conversation::default();
    for (side, bytes) in parts {
        conversation.hear(*side, bytes);
    }
    let whole = conversation.seen().clone();
    let mut slow = Conversation::default();
    for (side, bytes) in parts {
        bytes.iter().for_each(|byte| slow.hear(*side, &[*byte]));
    }
    let slowly = serde_json::to_value(slow.seen()).unwrap();
    assert_eq!(serde_json::to_value(&whole).unwrap(), slowly);
    whole
}

#[test]
fn requests_are_listed_in_their_order() {
    let ssl = request(SSL_REQUEST);
    let gss = request(GSSENC_REQUEST);
    let startup = startup_message(b"ann", b"app");
    let seen = seen(&[
        (Application, &gss),
        (Server, b"N"),
        (Application, &ssl),
        (Server, b"N"),
        (Application, &startup),
        (Server, &message(backend::AUTHENTICATION, &[0, 0, 0, 3])),
        (Application, &message(frontend::PASSWORD, b"hunter2\0")),
        (Server, &message(backend::READY_FOR_QUERY, b"I")),
        (
            Application,
            &message(frontend::PASSWORD, b"not a password\0"),
        ),
    ]);
    assert_eq!(
        seen.steps,
        [
            Step::GssencRequest,
            Step::GssencRefused,
            Step::SslRequest,
            Step::SslRefused,
            Step::PlaintextStartup
        ]
    );
    assert_eq!(seen.channel, Channel::Plaintext);
    assert_eq!(seen.plaintext_passwords, 1);
    assert_eq!(seen.password_form, Some(PasswordForm::Clear));
    assert!(!format!("{seen:?}").contains("hunter2"));
}

#[test]
fn everything_else_that_may_come_first_is_told_apart() {
    let ssl = request(SSL_REQUEST);
    let error = [&b"E\0\0\0\x12SFATAL\0Mno\x07\0\0"[..], b""].concat();
    for (parts, expected) in [
        (
            vec![(Application, &cancel_nobody()[..])],
            vec![Step::PlaintextCancel],
        ),
        (vec![(Application, b"GET / HTTP/1.1")], vec![Step::Foreign]),
        (vec![(Server, b"220 mail")], vec![Step::StrangeAnswer]),
        (
            vec![(Application, &ssl[..]), (Server, b"HTTP/1.1 400")],
            vec![Step::SslRequest, Step::StrangeAnswer],
        ),
        (
            vec![(Application, &ssl), (Server, &error)],
            vec![Step::SslRequest, Step::Error],
        ),
        (
            vec![(Application, &ssl), (Server, b"NN")],
            vec![Step::SslRequest, Step::SslRefused, Step::StrangeAnswer],
        ),
        // Once, however much follows.
        (
            vec![
                (Application, &ssl),
                (Server, b"H"),
                (Server, b"more"),
                (Application, &ssl),
                (Server, b"N"),
            ],
            vec![Step::SslRequest, Step::StrangeAnswer, Step::SslRequest],
        ),
    ] {
        assert_eq!(seen(&parts).steps, expected);
    }
}

#[test]
fn plain_text_is_found_whatever_the_server_sent_before() {
    use Step::{
        Error, Foreign, GssencAccepted, GssencRequest, PlaintextCancel, PlaintextStartup,
        SslAccepted, SslRefused, SslRequest, StrangeAnswer,
    };
    let (ssl, gss) = (request(SSL_REQUEST), request(GSSENC_REQUEST));
    let startup = startup_message(b"ann", b"app");
    let cancel = cancel_nobody();
    let cases: [(&[u8], &[u8], &[u8], &[Step]); 9] = [
        // What an attacker injects before the server speaks.
        (
            &ssl,
            b"NR\0\0\0\x08\0\0\0\0",
            &startup,
            &[SslRequest, SslRefused, StrangeAnswer, PlaintextStartup],
        ),
        // Some drivers take every other byte for a refusal.
        (
            &ssl,
            b"H",
            &startup,
            &[SslRequest, StrangeAnswer, PlaintextStartup],
        ),
        (
            &ssl,
            b"HTTP/1.1 400",
            &cancel,
            &[SslRequest, StrangeAnswer, PlaintextCancel],
        ),
        (
            &ssl,
            b"SHTTP/1.1 400",
            &startup,
            &[SslRequest, SslAccepted, StrangeAnswer, PlaintextStartup],
        ),
        (
            &ssl,
            b"S",
            &startup,
            &[SslRequest, SslAccepted, PlaintextStartup],
        ),
        (
            &ssl,
            b"S",
            b"GET / HTTP/1.1",
            &[SslRequest, SslAccepted, Foreign],
        ),
        (
            &ssl,
            b"E\0\0\0\x12SFATAL\0Mno\x07\0\0",
            &startup,
            &[SslRequest, Error, PlaintextStartup],
        ),
        (
            &gss,
            b"G",
            &startup,
            &[GssencRequest, GssencAccepted, PlaintextStartup],
        ),
        (
            b"",
            b"220 mail",
            &startup,
            &[StrangeAnswer, PlaintextStartup],
        ),
    ];
    for (first, answer, second, steps) in cases {
        let seen = seen(&[
            (Application, first),
            (Server, answer),
            (Application, second),
        ]);
        assert_eq!(seen.steps, steps, "{answer:?}");
        assert_eq!(seen.startup.is_some(), seen.has(PlaintextStartup));
    }
}

#[test]
fn plain_text_is_found_where_the_application_does_not_wait() {
    let (ssl, gss) = (request(SSL_REQUEST), request(GSSENC_REQUEST));
    let startup = startup_message(b"ann", b"app");
    for (request, asked) in [(ssl, Step::SslRequest), (gss, Step::GssencRequest)] {
        let both = [&request[..], &startup].concat();
        let seen = seen(&[(Application, &both)]);
        assert_eq!(seen.steps, [asked, Step::PlaintextStartup]);
        assert_eq!(seen.channel, Channel::Plaintext);
    }
    // The answer comes after all, and is not read as a message.
    let seen = seen(&[
        (Application, &[&ssl[..], &startup].concat()),
        (Server, b"N"),
        (Server, &message(backend::AUTHENTICATION, &[0, 0, 0, 3])),
        (Application, &message(frontend::PASSWORD, b"hunter2\0")),
    ]);
    assert_eq!(
        seen.steps,
        [Step::SslRequest, Step::PlaintextStartup, Step::SslRefused]
    );
    assert_eq!(seen.password_form, Some(PasswordForm::Clear));
}

#[test]
fn many_requests_do_not_hide_what_follows_them() {
    let ssl = request(SSL_REQUEST);
    for (last, expected) in [
        (startup_message(b"ann", b"app"), Step::PlaintextStartup),
        (cancel_nobody(), Step::PlaintextCancel),
        (b"GET / HTTP/1.1".to_vec(), Step::Foreign),
    ] {
        let mut parts: Vec<(Side, &[u8])> = Vec::new();
        for _ in 0..20 {
            parts.extend([(Application, &ssl[..]), (Server, b"N")]);
        }
        parts.push((Application, &last));
        assert_eq!(seen(&parts).steps.last(), Some(&expected));
        let mut unanswered = vec![(Application, &ssl[..]); 20];
        unanswered.push((Application, &last));
        assert_eq!(seen(&unanswered).steps.last(), Some(&expected));
    }
}

#[test]
fn answers_belong_to_requests_in_their_order_in_any_pieces() {
    let both = [request(GSSENC_REQUEST), request(SSL_REQUEST)].concat();
    let expected = [
        Step::GssencRequest,
        Step::SslRequest,
        Step::GssencRefused,
        Step::SslAccepted,
    ];
    for answers in [vec![&b"NS"[..]], vec![b"N", b"S"]] {
        let mut parts = vec![(Application, &both[..])];
        parts.extend(answers.into_iter().map(|answer| (Server, answer)));
        assert_eq!(seen(&parts).steps, expected);
    }
}

#[test]
fn gssapi_is_a_session_when_both_sides_have_set_it_up_and_used_it() {
    let gss = request(GSSENC_REQUEST);
    let packet = b"\0\0\0\x05token";
    let all: [(Side, &[u8]); 6] = [
        (Application, &gss),
        (Server, b"G"),
        (Application, packet),
        (Server, packet),
        (Application, packet),
        (Server, packet),
    ];
    assert_eq!(seen(&all).channel, Channel::Gssapi);
    for length in 0..all.len() {
        assert_eq!(seen(&all[..length]).channel, Channel::None, "{length}");
    }
    // A server that sends its token unasked, or something else.
    for strange in [&b"G\0\0\0\x05token"[..], b"Gplain text"] {
        let mut parts = vec![(Application, &gss[..]), (Server, strange)];
        parts.extend_from_slice(&all[2..]);
        let seen = seen(&parts);
        assert_eq!(seen.channel, Channel::None);
        assert!(seen.has(Step::StrangeAnswer));
    }
}

/// How a client treats the server, and what the server asks of it.
#[derive(Clone, Copy, PartialEq)]
enum Case {
    Accepts,
    Refuses,
    HasNoCertificate,
    SendsCertificate,
}

struct Pair {
    client: ClientConnection,
    server: ServerConnection,
}

fn pair(version: &'static SupportedProtocolVersion, case: Case) -> Pair {
    let issue = |name: &str| {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        (CertificateDer::from(made.cert), key)
    };
    let provider = Arc::new(default_provider());
    let (own, key) = issue("db.example");
    let (other, other_key) = issue("ann");
    let store = |certificate: &CertificateDer<'static>| {
        let mut store = RootCertStore::empty();
        store.add(certificate.clone()).unwrap();
        Arc::new(store)
    };
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[version])
        .unwrap();
    let server = match case {
        Case::Accepts | Case::Refuses => server.with_no_client_auth(),
        Case::HasNoCertificate | Case::SendsCertificate => server.with_client_cert_verifier(
            WebPkiClientVerifier::builder_with_provider(store(&other), Arc::clone(&provider))
                .allow_unauthenticated()
                .build()
                .unwrap(),
        ),
    };
    let mut server = server.with_single_cert(vec![own.clone()], key).unwrap();
    server.send_tls13_tickets = 0;
    let trusted = match case {
        Case::Refuses => store(&other),
        Case::Accepts | Case::HasNoCertificate | Case::SendsCertificate => store(&own),
    };
    let verifier = WebPkiServerVerifier::builder_with_provider(trusted, Arc::clone(&provider))
        .build()
        .unwrap();
    let client = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_webpki_verifier(verifier);
    let client = match case {
        Case::SendsCertificate => client
            .with_client_auth_cert(vec![other], other_key)
            .unwrap(),
        Case::Accepts | Case::Refuses | Case::HasNoCertificate => client.with_no_client_auth(),
    };
    Pair {
        client: ClientConnection::new(Arc::new(client), "db.example".try_into().unwrap()).unwrap(),
        server: ServerConnection::new(Arc::new(server)).unwrap(),
    }
}

/// Everything that passes between the two, until nothing more does.
fn converse(mut pair: Pair) -> Vec<(Side, Vec<u8>)> {
    use std::io::Write as _;
    let mut passed = Vec::new();
    let mut asked = false;
    for _ in 0..10 {
        let mut out = Vec::new();
        while pair.client.wants_write() {
            pair.client.write_tls(&mut out).unwrap();
        }
        let _ = pair.server.read_tls(&mut out.as_slice());
        let _ = pair.server.process_new_packets();
        passed.push((Application, out));
        let mut back = Vec::new();
        while pair.server.wants_write() {
            pair.server.write_tls(&mut back).unwrap();
        }
        let _ = pair.client.read_tls(&mut back.as_slice());
        let failed = pair.client.process_new_packets().is_err();
        passed.push((Server, back));
        if !failed && !pair.client.is_handshaking() && !pair.server.is_handshaking() {
            match asked {
                false => pair.client.writer().write_all(b"a startup packet").unwrap(),
                true => pair
                    .server
                    .writer()
                    .write_all(b"an answer, and more")
                    .unwrap(),
            }
            asked = true;
        }
    }
    passed
}

#[test]
fn handshakes_are_read_as_far_as_they_are_in_clear() {
    use rustls::version::{TLS12, TLS13};
    for (version, case, handshake, channel, certificate) in [
        (
            &TLS13,
            Case::Accepts,
            Handshake::Finished,
            Channel::Tls,
            ClientCertificate::Unknown,
        ),
        (
            &TLS12,
            Case::Accepts,
            Handshake::Finished,
            Channel::Tls,
            ClientCertificate::NotRequested,
        ),
        (
            &TLS13,
            Case::Refuses,
            Handshake::RefusedByApplication,
            Channel::None,
            ClientCertificate::Unknown,
        ),
        (
            &TLS12,
            Case::Refuses,
            Handshake::RefusedByApplication,
            Channel::None,
            ClientCertificate::NotRequested,
        ),
        (
            &TLS12,
            Case::HasNoCertificate,
            Handshake::Finished,
            Channel::Tls,
            ClientCertificate::Missing,
        ),
        (
            &TLS12,
            Case::SendsCertificate,
            Handshake::Finished,
            Channel::Tls,
            ClientCertificate::Sent,
        ),
        (
            &TLS13,
            Case::SendsCertificate,
            Handshake::Finished,
            Channel::Tls,
            ClientCertificate::Unknown,
        ),
    ] {
        let mut parts = vec![
            (Application, request(SSL_REQUEST).to_vec()),
            (Server, b"S".to_vec()),
        ];
        parts.extend(converse(pair(version, case)));
        let parts: Vec<(Side, &[u8])> = parts
            .iter()
            .map(|(side, bytes)| (*side, &**bytes))
            .collect();
        let seen = seen(&parts);
        assert_eq!(seen.handshake, handshake, "{seen:?}");
        assert_eq!(seen.channel, channel, "{seen:?}");
        assert_eq!(seen.client_certificate, certificate, "{seen:?}");
        let hello = seen.client_hello.as_ref().unwrap();
        assert_eq!(hello.sni.as_deref(), Some("db.example"));
        let choice = seen.server_hello.as_ref().unwrap();
        let is_12 = version.version == rustls::ProtocolVersion::TLSv1_2;
        assert_eq!(choice.version, if is_12 { "TLSv1.2" } else { "TLSv1.3" });
        assert!(choice.group.is_some(), "{seen:?}");
        assert_eq!(!seen.certificates.is_empty(), is_12, "{seen:?}");
        let refused = case == Case::Refuses;
        assert_eq!(!seen.alerts.is_empty(), refused, "{seen:?}");
    }
}

/// A hello of rustls, the flight of a server that answers it, and then records of these lengths, as other libraries send
/// them.
fn crafted(records: &[(Side, usize)]) -> Seen {
    static HELLOS: LazyLock<Vec<(Side, Vec<u8>)>> = LazyLock::new(|| {
        let mut passed = converse(pair(&rustls::version::TLS13, Case::Accepts));
        passed.truncate(2);
        passed
    });
    let mut parts: Vec<(Side, Vec<u8>)> = vec![
        (Application, request(SSL_REQUEST).to_vec()),
        (Server, b"S".to_vec()),
    ];
    parts.extend(HELLOS.iter().cloned());
    for (side, length) in records {
        let [high, low] = u16::try_from(*length).unwrap().to_be_bytes();
        parts.push((
            *side,
            [&[23, 3, 3, high, low][..], &vec![7; *length]].concat(),
        ));
    }
    let parts: Vec<(Side, &[u8])> = parts
        .iter()
        .map(|(side, bytes)| (*side, &**bytes))
        .collect();
    seen(&parts)
}

#[test]
fn flights_of_openssl_are_told_from_refusals_and_from_sessions() {
    let seen = crafted(&[]);
    let choice = seen.server_hello.as_ref().unwrap();
    let finished = match choice.cipher.as_str() {
        "TLS_AES_256_GCM_SHA384" => 69,
        _ => 53,
    };
    assert_eq!(seen.handshake, Handshake::Abandoned);
    let ticket = (Server, 255);
    let close = (Application, 19);
    let (startup, answer) = ((Application, 101), (Server, 60));
    for (flight, records) in [
        ("no certificate was asked for", vec![finished]),
        ("an empty certificate", vec![25, finished]),
        ("both in one record", vec![finished + 8]),
        ("a certificate", vec![900, 281, finished]),
        ("a certificate in one record", vec![1_166 + finished]),
    ] {
        let flight_of = |rest: &[(Side, usize)]| {
            let records = records.iter().map(|length| (Application, *length));
            crafted(&records.chain(rest.iter().copied()).collect::<Vec<_>>())
        };
        for rest in [&[][..], &[close], &[ticket, ticket, close]] {
            let seen = flight_of(rest);
            assert_eq!(seen.handshake, Handshake::Finished, "{flight} {rest:?}");
            assert_eq!(seen.channel, Channel::None, "{flight} {rest:?}");
            assert!(seen.alerts.is_empty(), "{flight} {rest:?}");
        }
        let seen = flight_of(&[startup, answer]);
        assert_eq!(seen.channel, Channel::Tls, "{flight}");
        // The server does not accept the certificate.
        let seen = flight_of(&[startup, (Server, 19)]);
        assert_eq!(
            (seen.channel, seen.alerts.len()),
            (Channel::None, 1),
            "{flight}"
        );
        assert_eq!(seen.alerts[0].from, Server);
    }
    let refused = crafted(&[(Application, 19)]);
    assert_eq!(refused.handshake, Handshake::RefusedByApplication);
}

#[test]
fn after_the_login_nothing_is_kept() {
    let startup = startup_message(b"ann", b"app");
    let mut conversation = Conversation::default();
    conversation.hear(Application, &startup);
    conversation.hear(Server, &message(backend::READY_FOR_QUERY, b"I"));
    assert!(conversation.is_over());
    for _ in 0..100 {
        conversation.hear(Application, &[b'x'; 10_000]);
    }
    assert!(conversation.kept.is_empty());
    conversation.hear(Application, &TERMINATE);
}

#[test]
fn a_client_that_never_waits_is_not_kept_in_memory() {
    for asked in [SSL_REQUEST, GSSENC_REQUEST] {
        let mut conversation = Conversation::default();
        conversation.hear(Application, &request(asked));
        for _ in 0..100 {
            conversation.hear(Application, &[b'x'; 10_000]);
        }
        assert!(conversation.is_over() && conversation.kept.is_empty());
        assert!(conversation.seen().has(Step::Foreign));
    }
}

/// Conversations with every sort of end.
static RECORDED: LazyLock<Vec<Vec<(Side, Vec<u8>)>>> = LazyLock::new(|| {
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

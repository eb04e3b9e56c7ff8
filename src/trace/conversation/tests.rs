//! What is read of conversations, whole and byte by byte.

mod cuts;
mod tls;

use super::*;
use crate::trace::PasswordForm;
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

/// The first packet, the server's answer, the second packet, and the steps.
type Row<'a> = (&'a [u8], &'a [u8], &'a [u8], &'a [Step]);

#[test]
fn plain_text_is_found_whatever_the_server_sent_before() {
    use Step::{
        Error, Foreign, GssencAccepted, GssencRequest, PlaintextCancel, PlaintextStartup,
        SslAccepted, SslRefused, SslRequest, StrangeAnswer,
    };
    let (ssl, gss) = (request(SSL_REQUEST), request(GSSENC_REQUEST));
    let startup = startup_message(b"ann", b"app");
    let cancel = cancel_nobody();
    let cases: [Row<'_>; 9] = [
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
fn requests_without_a_wait_for_their_answers_are_told() {
    let ssl = request(SSL_REQUEST);
    for (requests, told) in [(8, false), (9, true), (300, true)] {
        let all = ssl.repeat(requests);
        let answers = b"N".repeat(requests);
        let seen = seen(&[(Application, &all), (Server, &answers)]);
        assert_eq!(seen.has(Step::TooManyRequests), told, "{requests}");
        assert_eq!(seen.has(Step::SslRefused), !told, "{requests}");
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

#[test]
fn what_is_no_packet_of_gssapi_is_foreign_in_any_pieces() {
    let gss = request(GSSENC_REQUEST);
    let strange = b"\x17\x08\x07\x16\x53\x03";
    for length in 1..=strange.len() {
        let mut parts = vec![(Application, &gss[..]), (Server, b"G")];
        parts.extend(strange.chunks(length).map(|piece| (Application, piece)));
        let expected = [Step::GssencRequest, Step::GssencAccepted, Step::Foreign];
        assert_eq!(seen(&parts).steps, expected, "{length}");
    }
}

#[test]
fn what_follows_an_alert_is_plain_text_and_changes_no_handshake() {
    let ssl = request(SSL_REQUEST);
    let (alert, rest) = (b"\x15\x03\x03\0\x02\x02\x30", b"not TLS");
    let whole = [&alert[..], rest].concat();
    for pieces in [vec![&whole[..]], vec![&alert[..], rest]] {
        let mut parts = vec![(Application, &ssl[..]), (Server, b"S")];
        parts.extend(pieces.into_iter().map(|piece| (Application, piece)));
        let seen = seen(&parts);
        assert_eq!(seen.handshake, Handshake::RefusedByApplication);
        assert_eq!(seen.steps.last(), Some(&Step::PlaintextAfterTls));
    }
}

#[test]
fn plain_text_after_an_early_alert_of_the_server_is_found() {
    let startup = startup_message(b"ann", b"app");
    let seen = seen(&[
        (Application, &request(SSL_REQUEST)),
        (Server, b"S"),
        (Server, b"\x15\x03\x03\0\x02\x02\x28"),
        (Application, &startup),
    ]);
    assert_eq!(seen.channel, Channel::Plaintext);
    assert_eq!(seen.steps.last(), Some(&Step::PlaintextStartup));
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

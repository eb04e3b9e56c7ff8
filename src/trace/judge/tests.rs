use crate::trace::connection::Closer;
use crate::trace::probe::{Reaction, Trap};
use crate::trace::sample::{self, trace};
use crate::trace::seen::{AlertSeen, Seen};
use crate::trace::seen::{Channel, Handshake, PasswordForm, Side, Step};
use crate::trace::startup::Startup;

use super::*;

fn connection(number: u64, steps: &[Step], channel: Channel) -> Connection {
    Connection {
        seen: Seen {
            steps: steps.to_vec(),
            channel,
            handshake: match channel {
                Channel::Tls => Handshake::Finished,
                Channel::None | Channel::Gssapi | Channel::Plaintext => Handshake::None,
            },
            startup: (channel == Channel::Plaintext).then(Startup::default),
            ..Seen::default()
        },
        ..sample::connection(number)
    }
}

fn codes(trace: &Trace) -> Vec<Code> {
    let found = judge(trace);
    found.iter().map(|one| one.finding.code).collect()
}

#[test]
fn every_way_to_plain_text_has_its_code() {
    use Step::{
        DirectTls, Foreign, PlaintextAfterTls, PlaintextCancel, PlaintextStartup, SslAccepted,
        SslRefused, SslRequest,
    };
    let tls = || connection(1, &[SslRequest, SslAccepted], Channel::Tls);
    let failed = |number| connection(number, &[SslRequest, SslAccepted], Channel::None);
    let plain = |number| connection(number, &[PlaintextStartup], Channel::Plaintext);
    let fell = [SslRequest, SslRefused, PlaintextStartup];
    let left = [SslRequest, SslAccepted, PlaintextAfterTls];
    for (connections, expected) in [
        (vec![tls()], vec![]),
        (vec![tls(), plain(2)], vec![Code::PlaintextSession]),
        (vec![plain(1), tls()], vec![Code::PlaintextSession]),
        (vec![failed(1), plain(2)], vec![Code::FallsBackToPlaintext]),
        (
            vec![connection(1, &fell, Channel::Plaintext)],
            vec![Code::FallsBackToPlaintext],
        ),
        (
            vec![tls(), connection(2, &[PlaintextCancel], Channel::None)],
            vec![Code::PlaintextCancel],
        ),
        (
            vec![tls(), connection(2, &[Foreign], Channel::None)],
            vec![Code::PlaintextSession],
        ),
        (
            vec![tls(), connection(2, &left, Channel::Plaintext)],
            vec![Code::FallsBackToPlaintext],
        ),
        (
            vec![
                tls(),
                connection(2, &[DirectTls, PlaintextAfterTls], Channel::Plaintext),
            ],
            vec![Code::FallsBackToPlaintext],
        ),
        (vec![], vec![Code::NothingTraced]),
        (vec![failed(1)], vec![Code::NothingTraced]),
    ] {
        let steps: Vec<_> = connections
            .iter()
            .map(|one| one.seen.steps.clone())
            .collect();
        assert_eq!(codes(&trace(connections)), expected, "{steps:?}");
    }
}

#[test]
fn the_reason_of_a_fallback_is_told() {
    let mut failed = connection(1, &[Step::SslRequest], Channel::None);
    failed.seen.alerts.push(AlertSeen {
        from: Side::Application,
        alert: Some("unknown_ca".to_owned()),
    });
    let plain = connection(2, &[Step::PlaintextStartup], Channel::Plaintext);
    let found = judge(&trace(vec![failed, plain]));
    let text = found[0].finding.message.to_string();
    assert!(
        text.contains("the application sent an alert: unknown_ca"),
        "{text}"
    );
    assert_eq!(found[0].connections, [2]);
}

#[test]
fn an_application_without_the_right_root_is_not_told_of_names() {
    for (alert, names_the_root) in [("unknown_ca", true), ("bad_certificate", false)] {
        let mut refused = connection(1, &[Step::SslRequest, Step::SslAccepted], Channel::None);
        refused.seen.handshake = Handshake::RefusedByApplication;
        refused.seen.alerts.push(AlertSeen {
            from: Side::Application,
            alert: Some(alert.to_owned()),
        });
        let found = judge(&trace(vec![refused]));
        let hint = found[0].finding.hint.to_string();
        assert_eq!(
            hint.contains("its roots lack the CA"),
            names_the_root,
            "{hint}"
        );
        assert_eq!(hint.contains("with --name NAME"), !names_the_root, "{hint}");
    }
}

#[test]
fn a_command_that_fails_and_probes_that_succeed_are_errors() {
    let tls = connection(1, &[Step::SslRequest], Channel::Tls);
    let mut trace = trace(vec![tls]);
    trace.command = Some(Command {
        program: "psql".into(),
        status: Some(2),
    });
    assert_eq!(codes(&trace), [Code::CommandFailed]);
    trace.command = None;
    for (endpoint, reaction, expected) in [
        (Trap::UnknownCa, Reaction::Refused, None),
        (Trap::WrongHost, Reaction::Looked, None),
        (
            Trap::WrongHost,
            Reaction::NotTested,
            Some(Code::NothingTraced),
        ),
        (
            Trap::UnknownCa,
            Reaction::NotEnded,
            Some(Code::NothingTraced),
        ),
        (Trap::UnknownCa, Reaction::Fewer, Some(Code::NothingTraced)),
        (Trap::UnknownCa, Reaction::Alike, Some(Code::NothingTraced)),
        (
            Trap::NoTls,
            Reaction::Interrupted,
            Some(Code::NothingTraced),
        ),
        (Trap::UnknownCa, Reaction::WentOn, Some(Code::DoesNotVerify)),
        (
            Trap::WrongHost,
            Reaction::SentPassword,
            Some(Code::DoesNotVerify),
        ),
        (
            Trap::NoTls,
            Reaction::WentOnInPlaintext,
            Some(Code::FallsBackToPlaintext),
        ),
        (
            Trap::UnknownCa,
            Reaction::SentPasswordInPlaintext,
            Some(Code::FallsBackToPlaintext),
        ),
        (Trap::NoTls, Reaction::NotReached, Some(Code::NothingTraced)),
    ] {
        let mut there = connection(2, &[Step::SslRequest], Channel::None);
        there.to = endpoint.to();
        trace.log.add(there);
        trace.probes = vec![Probe {
            endpoint,
            reaction,
            connections: 1,
        }];
        assert_eq!(
            codes(&trace),
            Vec::from_iter(expected),
            "{endpoint} {reaction}"
        );
    }
}

#[test]
fn many_connections_hide_nothing() {
    use Channel::{None, Plaintext, Tls};
    let floods: [(&[Step], Channel); 5] = [
        (&[Step::SslRequest], Tls),
        (&[], None),
        (&[Step::SslRequest], None),
        (&[Step::PlaintextCancel], None),
        (&[Step::PlaintextStartup], Plaintext),
    ];
    let told: [(&[Step], Channel, Code); 4] = [
        (&[Step::PlaintextStartup], Plaintext, Code::PlaintextSession),
        (
            &[Step::SslRequest, Step::PlaintextStartup],
            Plaintext,
            Code::FallsBackToPlaintext,
        ),
        (&[Step::PlaintextCancel], None, Code::PlaintextCancel),
        (&[Step::Foreign], None, Code::PlaintextSession),
    ];
    for (steps, channel) in floods {
        for (last, of, code) in told {
            let mut many: Vec<Connection> = (1..=2_000)
                .map(|number| connection(number, steps, channel))
                .collect();
            // Long after the others: it is no second try of theirs.
            many.push(Connection {
                began_seconds: 100.0,
                ..connection(2_001, last, of)
            });
            let trace = trace(many);
            assert!(codes(&trace).contains(&code), "{steps:?} {code:?}");
            assert_eq!(trace.log.counts.connections, 2_001);
            assert!(trace.log.counts.left_out > 1_000);
        }
    }
}

#[test]
fn an_application_that_never_asks_for_tls_does_not_fall_back_at_an_endpoint() {
    let mut trace = trace(vec![connection(1, &[Step::SslRequest], Channel::Tls)]);
    let mut there = connection(2, &[Step::PlaintextStartup], Channel::Plaintext);
    there.to = To::UnknownCa;
    trace.log.add(there);
    trace.probes = vec![Probe {
        endpoint: Trap::UnknownCa,
        reaction: Reaction::WentOnInPlaintext,
        connections: 1,
    }];
    assert_eq!(codes(&trace), [Code::PlaintextSession]);
}

#[test]
fn an_answer_is_told_where_no_session_followed() {
    use Step::{Error, SslRefused, SslRequest, StrangeAnswer, TooManyRequests};
    for (answer, told) in [
        (&[SslRefused][..], "the server refused TLS"),
        (&[Error], "the server answered with an error"),
        (
            &[StrangeAnswer],
            "the server sent something that PostgreSQL does not send",
        ),
        (
            &[TooManyRequests],
            "the application sent so many requests without waiting for an answer that the answers were not read",
        ),
        (&[], "the server did not answer the request for TLS"),
    ] {
        let steps = [&[SslRequest][..], answer].concat();
        let failed = || connection(1, &steps, Channel::None);
        let text = message(vec![failed()]);
        assert!(text.ends_with(&format!("Connection 1: {told}")), "{text}");
        let plain = connection(2, &[Step::PlaintextStartup], Channel::Plaintext);
        let text = message(vec![failed(), plain]);
        assert!(text.contains(&format!("connection 1 ({told})")), "{text}");
    }
}

#[test]
fn a_client_hello_is_not_unanswered_where_answers_are_not_read() {
    let mut one = connection(1, &[Step::SslRequest, Step::TooManyRequests], Channel::None);
    one.seen.handshake = Handshake::Unanswered;
    let text = message(vec![one]);
    assert!(text.ends_with("that the answers were not read"), "{text}");
}

#[test]
fn sessions_and_other_plain_text_are_told_apart() {
    let foreign = |number| connection(number, &[Step::Foreign], Channel::None);
    let plain = |number| {
        let mut one = connection(number, &[Step::PlaintextStartup], Channel::Plaintext);
        one.seen.plaintext_passwords = 1;
        one.seen.password_form = Some(PasswordForm::Clear);
        one
    };
    let found = judge(&trace(vec![foreign(1), plain(2), foreign(3), plain(4)]));
    let [sessions, others] = found.as_slice() else {
        panic!("{found:?}");
    };
    let text = sessions.finding.message.to_string();
    assert!(text.contains("as 2 connections did"), "{text}");
    assert!(text.contains("its password in clear text"), "{text}");
    assert_eq!(sessions.connections, [2, 4]);
    let text = others.finding.message.to_string();
    assert!(text.contains("connection 1 sent plain text"), "{text}");
    assert_eq!(others.connections, [1, 3]);
}

fn message(connections: Vec<Connection>) -> String {
    let found = judge(&trace(connections));
    found[0].finding.message.to_string()
}

#[test]
fn the_worst_that_was_sent_is_told_and_where() {
    use PasswordForm::{Clear, Gssapi, Md5, Sasl, Token, Unknown};
    let plain = |number, form| {
        let mut one = connection(number, &[Step::PlaintextStartup], Channel::Plaintext);
        one.seen.plaintext_passwords = 1;
        one.seen.password_form = Some(form);
        one
    };
    let worst = [
        (Clear, "its password in clear text"),
        (
            Token,
            "a token (OAUTHBEARER), which anyone who reads it can use",
        ),
        (Md5, "an MD5 hash of its password, which can be guessed at"),
        (Unknown, "something like a password"),
        (Gssapi, "a token of GSSAPI"),
        (Sasl, "a proof of its password (SCRAM), not the password"),
    ];
    for (index, (form, told)) in worst.into_iter().enumerate() {
        let text = message(vec![plain(1, form)]);
        assert!(text.ends_with(&format!("; it sent {told}")), "{text}");
        for (other, _) in &worst[index + 1..] {
            let text = message(vec![plain(1, *other), plain(2, form)]);
            assert!(
                text.ends_with(&format!("; in connection 2 it sent {told}")),
                "{text}"
            );
        }
    }
    let silent = connection(1, &[Step::PlaintextStartup], Channel::Plaintext);
    let text = message(vec![silent]);
    assert!(!text.contains("sent"), "{text}");
}

#[test]
fn a_fallback_tells_what_the_server_answered() {
    use Step::{
        DirectTls, Error, PlaintextAfterTls, PlaintextStartup, SslAccepted, SslRefused, SslRequest,
        StrangeAnswer,
    };
    for (answer, told) in [
        (&[SslRefused][..], "the server refused TLS, and"),
        (&[SslRefused, StrangeAnswer], "the server refused TLS, and"),
        (
            &[StrangeAnswer],
            "the server sent something that PostgreSQL does not send, and",
        ),
        (
            &[SslAccepted, StrangeAnswer],
            "the server agreed to TLS, and",
        ),
        (&[Error], "the server answered with an error, and"),
        (&[SslAccepted], "the server agreed to TLS, and"),
        (&[], "the server did not answer the request for TLS, and"),
    ] {
        let steps = [&[SslRequest][..], answer, &[PlaintextStartup]].concat();
        let text = message(vec![connection(1, &steps, Channel::Plaintext)]);
        assert!(text.contains(told), "{text}");
    }
    for first in [SslRequest, DirectTls] {
        let steps = [first, PlaintextAfterTls];
        let text = message(vec![connection(1, &steps, Channel::Plaintext)]);
        let told = "the application began TLS in connection 1, and then sent plain text";
        assert!(text.contains(told), "{text}");
    }
}

#[test]
fn the_side_that_closed_is_named() {
    for (closer, told) in [
        (Closer::Application, "the application closed it"),
        (Closer::Server, "the server closed it"),
        (Closer::Relay, "the relay closed it"),
        (Closer::Nobody, "it was still open when the trace ended"),
    ] {
        let tls = &[Step::SslRequest, Step::SslAccepted][..];
        for (handshake, steps) in [
            (Handshake::None, &[][..]),
            (Handshake::Abandoned, tls),
            (Handshake::Finished, tls),
        ] {
            let mut one = connection(1, steps, Channel::None);
            one.closed_by = closer;
            one.seen.handshake = handshake;
            let text = message(vec![one]);
            assert!(text.contains(told), "{handshake}: {text}");
        }
    }
}

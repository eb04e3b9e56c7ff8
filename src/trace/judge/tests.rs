use crate::trace::connection::Closer;
use crate::trace::probe::{Reaction, Trap};
use crate::trace::seen::{AlertSeen, Seen};
use crate::trace::seen::{Channel, Handshake, Side, Step};
use crate::trace::startup::Startup;

use super::*;

fn connection(number: u64, steps: &[Step], channel: Channel) -> Connection {
    Connection {
        number,
        to: To::Server,
        began_seconds: 1.0,
        seconds: 0.1,
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
        bytes_sent: 8,
        bytes_received: 1,
        closed_by: Closer::Application,
        detail: None,
    }
}

fn trace(connections: Vec<Connection>) -> Trace {
    let mut log = Log::default();
    for one in connections {
        log.add(one);
    }
    Trace {
        server: "db.example:5432".into(),
        naming: Naming::Told,
        dialect: Dialect::Libpq,
        command: None,
        log,
        probes: Vec::new(),
    }
}

fn codes(trace: &Trace) -> Vec<Code> {
    let found = judge(trace);
    found.iter().map(|one| one.finding.code).collect()
}

#[test]
fn every_way_to_plain_text_has_its_code() {
    use Step::{Foreign, PlaintextCancel, PlaintextStartup, SslAccepted, SslRefused, SslRequest};
    let tls = || connection(1, &[SslRequest, SslAccepted], Channel::Tls);
    let failed = |number| connection(number, &[SslRequest, SslAccepted], Channel::None);
    let plain = |number| connection(number, &[PlaintextStartup], Channel::Plaintext);
    let fell = [SslRequest, SslRefused, PlaintextStartup];
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
        (Trap::WrongHost, Reaction::NotTested, None),
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

//! What is wrong with what an application does. Pure.

use super::connection::{Closer, Connection, Log, To};
use super::driver::{Driver, Words};
use super::library::Library;
use super::probe::{Probe, Reaction, Trap};
use super::seen::{Channel, Handshake, PasswordForm, Side, Step};
use crate::diagnose::{Code, Finding, Hint, Level, Stage};
use crate::dialect::Dialect;
use crate::escape::Shown;

/// A whole trace.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Where the server is.
    pub server: Shown,
    /// Whether the application was told to connect to a name.
    pub naming: Naming,
    /// Whose string names the server.
    pub dialect: Dialect,
    /// The program that was run.
    pub command: Option<Command>,
    /// What went through the relay.
    pub log: Log,
    /// What the application did at endpoints that it must refuse; none without `--probe`.
    pub probes: Vec<Probe>,
}

/// What the application knows of the server's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// It was told to connect to a host name.
    Told,
    /// It was told to connect to an address, which is never sent in a ClientHello.
    Address,
    /// It has its own settings.
    Unknown,
}

/// A program, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Its name, without arguments, which may be secret.
    pub program: Shown,
    /// Its exit status; `None` if a signal ended it.
    pub status: Option<i32>,
}

/// A finding, and the connections that show it.
#[derive(Clone, Debug)]
pub struct Found {
    /// What was found.
    pub finding: Finding,
    /// Their numbers, the first few.
    pub connections: Vec<u64>,
}

/// All findings, errors first.
pub fn judge(trace: &Trace) -> Vec<Found> {
    let mut found = Vec::new();
    found.extend(fallback(trace));
    found.extend(plaintext(trace));
    found.extend(cancels(trace));
    found.extend(
        trace
            .probes
            .iter()
            .filter_map(|probe| of_probe(trace, probe)),
    );
    found.extend(nothing(trace));
    found.extend(command(trace));
    found.extend(no_name(trace));
    found
}

fn to_server(trace: &Trace) -> impl Iterator<Item = &Connection> {
    let all = trace.log.connections.iter();
    all.filter(|connection| connection.to == To::Server)
}

/// TLS was tried first, in the same connection or in the one before.
fn fallback(trace: &Trace) -> Option<Found> {
    let fallen: Vec<(&Connection, Option<&Connection>)> = to_server(trace)
        .filter(|connection| connection.seen.channel == Channel::Plaintext)
        .filter_map(|connection| Some((connection, fell_from(trace, connection)?)))
        .collect();
    let (first, before) = fallen.first()?;
    let message = match before {
        None => format!(
            "the server refused TLS, and the application went on in plain text in connection {}",
            first.number
        ),
        Some(before) => format!(
            "TLS failed in connection {} ({}), and the application began again in plain text in connection {}",
            before.number,
            why_failed(before),
            first.number
        ),
    };
    let message = format!(
        "{message}{}",
        passwords(&fallen.iter().map(|(one, _)| *one).collect::<Vec<_>>())
    );
    let hint = Hint::say(
        "An attacker between the two ends can make TLS fail, and then reads and changes everything.",
    )
    .and(required(trace, first));
    Some(error(
        Code::FallsBackToPlaintext,
        Stage::Negotiate,
        message,
        hint,
        fallen.iter().map(|(one, _)| *one),
    ))
}

/// How a connection in plain text came about: `Some(None)` if TLS was refused in the same connection, the connection
/// before if TLS failed there; `None` if TLS was not tried.
fn fell_from<'t>(trace: &'t Trace, connection: &Connection) -> Option<Option<&'t Connection>> {
    if connection.seen.has(Step::SslRequest) {
        return Some(None);
    }
    let before = to_server(trace).filter(|other| {
        other.number < connection.number
            && other.seen.tls_failed()
            && other.seen.channel == Channel::None
            && other.closed_by != Closer::Relay
    });
    // A second try follows the first: later connections have their own settings.
    let last = before.max_by_key(|other| other.number)?;
    let gap = connection.began_seconds - (last.began_seconds + last.seconds);
    (gap.abs() < MOMENT || connection.number == last.number.saturating_add(1)).then_some(Some(last))
}

/// Seconds between two tries of one application.
const MOMENT: f64 = 2.0;

fn why_failed(connection: &Connection) -> String {
    let seen = &connection.seen;
    let alert = seen.alerts.last().map(|alert| {
        let name = alert.alert.as_deref().unwrap_or("encrypted");
        let from = match alert.from {
            Side::Application => "the application",
            Side::Server => "the server",
        };
        format!("{from} sent an alert: {name}")
    });
    alert.unwrap_or_else(|| {
        match seen.handshake {
            Handshake::None if seen.server_error.is_some() => "the server answered with an error",
            Handshake::None => "the request was not answered",
            Handshake::NotBegun => "no ClientHello was sent",
            Handshake::Unanswered => "the ClientHello was not answered",
            Handshake::RefusedByServer => "the server refused",
            Handshake::RefusedByApplication => "the application refused",
            Handshake::Abandoned => "the application ended it after the server's answer",
            Handshake::Finished => "it was finished",
            Handshake::NotTls => "what was sent is not TLS",
        }
        .to_owned()
    })
}

/// TLS was not tried at all.
fn plaintext(trace: &Trace) -> Option<Found> {
    let plain: Vec<&Connection> = to_server(trace)
        .filter(|connection| match connection.seen.channel {
            Channel::Plaintext => fell_from(trace, connection).is_none(),
            Channel::None | Channel::Tls | Channel::Gssapi => connection.seen.has(Step::Foreign),
        })
        .collect();
    let first = *plain.first()?;
    let message = match &first.seen.startup {
        None => format!(
            "connection {} sent plain text that is not PostgreSQL's protocol",
            first.number
        ),
        Some(startup) => {
            let who = startup.user.as_deref().unwrap_or("(none)");
            let database = startup.database.as_deref().unwrap_or(who);
            let others = match plain.len() {
                1 => String::new(),
                several => format!(", as {several} connections did"),
            };
            format!(
                "connection {} started a session in plain text without asking for TLS{others}: user \"{who}\", database \"{database}\"{}",
                first.number,
                passwords(&plain)
            )
        }
    };
    let mut hint =
        Hint::say("Everything that is sent and received can be read and changed on the way.");
    let tls_follows = to_server(trace)
        .any(|other| other.number > first.number && other.seen.has(Step::SslRequest));
    if first.seen.server_error.is_some() && tls_follows {
        hint = hint.then(
            "It tried TLS after the server had refused: that is sslmode=allow, plain text first.",
        );
    }
    Some(error(
        Code::PlaintextSession,
        Stage::Negotiate,
        message,
        hint.and(required(trace, first)),
        plain.into_iter(),
    ))
}

/// What was sent besides, if that was a password.
fn passwords(connections: &[&Connection]) -> String {
    let sent: u32 = connections
        .iter()
        .map(|one| one.seen.plaintext_passwords)
        .fold(0, u32::saturating_add);
    let form = connections.iter().find_map(|one| one.seen.password_form);
    match form {
        _ if sent == 0 => String::new(),
        None => String::new(),
        Some(PasswordForm::Clear) => "; its password was sent in clear text".to_owned(),
        Some(PasswordForm::Token) => {
            "; a token was sent (OAUTHBEARER), which anyone who reads it can use".to_owned()
        }
        Some(PasswordForm::Md5) => {
            "; an MD5 hash of its password was sent, which can be guessed at".to_owned()
        }
        Some(PasswordForm::Sasl) => {
            "; a proof of its password was sent (SCRAM), not the password".to_owned()
        }
        Some(PasswordForm::Gssapi) => "; a token of GSSAPI was sent".to_owned(),
        Some(PasswordForm::Unknown) => "; something like a password was sent".to_owned(),
    }
}

fn cancels(trace: &Trace) -> Option<Found> {
    let plain: Vec<&Connection> = to_server(trace)
        .filter(|connection| connection.seen.has(Step::PlaintextCancel))
        .collect();
    let first = plain.first()?;
    let message = format!(
        "connection {} asked to cancel a query in plain text",
        first.number
    );
    let hint = Hint::say(
        "The request contains the key that cancels every query of that session. Anyone who reads it can use it.",
    )
    .then(
"With libpq 17 or newer a program can call PQcancelCreate and PQcancelBlocking, which encrypt it. PQcancel never does.",
    );
    Some(error(
        Code::PlaintextCancel,
        Stage::Negotiate,
        message,
        hint,
        plain.iter().copied(),
    ))
}

fn of_probe(trace: &Trace, probe: &Probe) -> Option<Found> {
    let sent = match probe.reaction {
        Reaction::Refused | Reaction::NotTested | Reaction::Looked => return None,
        Reaction::NotReached => {
            let message = format!("the application did not come to {}", probe.endpoint.place());
            let hint = Hint::say("What it would do there is not known, so this is not a pass.");
            return Some(error(
                Code::NothingTraced,
                Stage::Connect,
                message,
                hint,
                [].into_iter(),
            ));
        }
        Reaction::WentOn => "started its session",
        Reaction::SentPassword => "started its session and sent its password",
        Reaction::WentOnInPlaintext => "started its session in plain text",
        Reaction::SentPasswordInPlaintext => {
            "started its session in plain text and sent its password"
        }
    };
    let first = to_server(trace).next();
    let advice = advice(trace, first);
    let (code, message, hint) = match (probe.endpoint, probe.reaction.is_plaintext()) {
        (Trap::NoTls, _) => (
            Code::FallsBackToPlaintext,
            format!("at an endpoint that refuses TLS, the application {sent}"),
            Hint::say("An attacker between the two ends can refuse TLS in the server's place."),
        ),
        (Trap::UnknownCa, true) | (Trap::WrongHost, true) => (
            Code::FallsBackToPlaintext,
            format!(
                "at {}, the application {sent} after it had refused the certificate",
                probe.endpoint.place()
            ),
            Hint::say("An attacker between the two ends can make TLS fail."),
        ),
        (Trap::UnknownCa, false) => (
            Code::DoesNotVerify,
            format!("at {}, the application {sent}", probe.endpoint.place()),
            Hint::say(
                "Its TLS does not stop an attacker between the two ends: anyone can make such a certificate.",
            ),
        ),
        (Trap::WrongHost, false) => (
            Code::DoesNotVerify,
            format!("at {}, the application {sent}", probe.endpoint.place()),
            Hint::say(
                "Anyone with any certificate of an authority that it trusts can take the server's place.",
            ),
        ),
    };
    Some(error(
        code,
        Stage::Verify,
        message,
        hint.and(advice),
        [].into_iter(),
    ))
}

/// What was not seen has not passed.
fn nothing(trace: &Trace) -> Option<Found> {
    let counts = &trace.log.counts;
    let sessions = [
        counts.tls_sessions,
        counts.gssapi_sessions,
        counts.plaintext_sessions,
    ];
    if sessions.iter().any(|count| *count > 0) {
        return None;
    }
    let Some(last) = to_server(trace).last() else {
        let hint = match &trace.command {
            Some(_) => Hint::say(
                "The command gets PGHOST, PGHOSTADDR, PGPORT and DATABASE_URL. A program with its own settings must be told to connect to the relay.",
            )
            .then("Only libpq reads PGHOSTADDR. For another driver, set --name localhost, or let the server's name lead to this machine in the hosts file."),
            None => Hint::say("Set host and port of the application to those of the relay."),
        };
        let message = match trace.log.connections.as_slice() {
            [] => "no connection came through the relay",
            [_, ..] => "no connection was led to the server: all were for --probe",
        };
        return Some(error(
            Code::NothingTraced,
            Stage::Connect,
            message.to_owned(),
            hint,
            [].into_iter(),
        ));
    };
    let why = match (&last.detail, &last.seen.server_error) {
        (Some(detail), _) => detail.to_string(),
        (None, Some(error)) => format!("the server said: {error}"),
        (None, None) if last.seen.tls_failed() => why_failed(last),
        (None, None) if last.seen.handshake == Handshake::Finished => {
            "TLS was set up, and nothing came after it".to_owned()
        }
        (None, None) => "it was closed before".to_owned(),
    };
    let message = format!("no session began. Connection {}: {why}", last.number);
    let hint =
        Hint::say("What an application does with a session was not seen, so this is not a pass.");
    let hint = match last.seen.handshake {
        Handshake::RefusedByApplication | Handshake::Abandoned => hint.then(
            "An application that verifies the server's name must connect to that name: with --name NAME the command is told to.",
        ),
        Handshake::None
        | Handshake::NotBegun
        | Handshake::Unanswered
        | Handshake::RefusedByServer
        | Handshake::Finished
        | Handshake::NotTls => hint,
    };
    Some(error(
        Code::NothingTraced,
        Stage::Connect,
        message,
        hint,
        [last].into_iter(),
    ))
}

fn command(trace: &Trace) -> Option<Found> {
    let command = trace.command.as_ref()?;
    let how = match command.status {
        Some(0) => return None,
        Some(status) => format!("with exit status {status}"),
        None => "by a signal".to_owned(),
    };
    let message = format!("{} ended {how}", command.program);
    let hint = Hint::say("Its own messages are on standard error.");
    Some(error(
        Code::CommandFailed,
        Stage::Policy,
        message,
        hint,
        [].into_iter(),
    ))
}

fn no_name(trace: &Trace) -> Option<Found> {
    let level = match trace.naming {
        Naming::Told => Level::Warning,
        Naming::Unknown => Level::Info,
        Naming::Address => return None,
    };
    let silent: Vec<&Connection> = to_server(trace)
        .filter(|connection| {
            let hello = connection.seen.client_hello.as_ref();
            hello.is_some_and(|hello| hello.sni.is_none())
        })
        .collect();
    let first = *silent.first()?;
    let message = format!(
        "the ClientHello of connection {} has no server name (SNI)",
        first.number
    );
    let hint = Hint::say(
        "A proxy or a provider that serves several names on one address cannot choose the certificate.",
    )
    .then("libpq sends the name unless sslsni=0 is set, or an address is its host.");
    let finding = Finding {
        level,
        code: Code::SendsNoSni,
        stage: Stage::Handshake,
        message: message.into(),
        hint,
    };
    Some(Found {
        finding,
        connections: numbers(silent.into_iter()),
    })
}

/// How to require TLS, in the driver's own words.
fn required(trace: &Trace, connection: &Connection) -> Hint {
    advice(trace, Some(connection))
}

fn advice(trace: &Trace, connection: Option<&Connection>) -> Hint {
    let mut hint = Hint::default();
    for driver in drivers(trace, connection) {
        let Words {
            driver,
            place,
            text,
        } = driver.words();
        hint = hint
            .then(format!(
                "Require TLS and verify the server. {driver}, {place}:"
            ))
            .show(text);
    }
    hint
}

/// The drivers that a connection may be from: as it says itself, as its TLS library tells, or else the one whose string
/// names the server.
fn drivers(trace: &Trace, connection: Option<&Connection>) -> Vec<Driver> {
    let startup = connection.and_then(|one| one.seen.startup.as_ref());
    if let Some(named) = startup.and_then(Driver::of_startup) {
        return vec![named];
    }
    let of_string = Driver::Dialect(trace.dialect);
    let library = to_server(trace).find_map(|one| one.seen.client_hello.as_ref()?.library);
    match library.map_or(&[][..], Library::drivers) {
        [] => vec![of_string],
        some if some.contains(&of_string) => vec![of_string],
        some => some.to_vec(),
    }
}

fn error<'t>(
    code: Code,
    stage: Stage,
    message: String,
    hint: Hint,
    connections: impl Iterator<Item = &'t Connection>,
) -> Found {
    let finding = Finding {
        level: Level::Error,
        code,
        stage,
        message: message.into(),
        hint,
    };
    Found {
        finding,
        connections: numbers(connections),
    }
}

fn numbers<'t>(connections: impl Iterator<Item = &'t Connection>) -> Vec<u64> {
    let mut numbers: Vec<u64> = connections.map(|one| one.number).collect();
    numbers.sort_unstable();
    numbers.truncate(MAX_NUMBERS);
    numbers
}

/// How many connections a finding names.
const MAX_NUMBERS: usize = 20;

#[cfg(test)]
mod tests {
    use super::super::seen::{AlertSeen, Seen};
    use super::super::startup::Startup;
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
        use Step::{
            Foreign, PlaintextCancel, PlaintextStartup, SslAccepted, SslRefused, SslRequest,
        };
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
}

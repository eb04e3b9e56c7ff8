//! The result of a login, and what the server reports about the session.

use super::files::{lost_backslashes, quoted_path};
use super::front::Front;
use super::refusal::{self, Asked};
use super::{connect, wire};
use crate::conninfo::{ChannelBinding, Keyword, Origin, TargetSessionAttrs, shown_path};
use crate::demands::Demands;
use crate::diagnose::cause::{self, Cause};
use crate::diagnose::{
    Code, Context, Diagnosis, Finding, Fix, Hint, Level, Stage, apply_strictness, unsatisfied,
};
use crate::escape::{Shown, escape};
use crate::login::{
    Difference, Disclosed, Entered, Error, IgnoredFile, Login, Method, Refusal, Role, Sight, Step,
    Unread, Unusable,
};
use crate::os;
use crate::probe::{LibpqOffer, Observation, Progress, Task};
use crate::trust;
use crate::wire::postgres::ServerError;
use crate::wire::postgres::error::sqlstate;

/// What other hosts can do if this server does not match `target_session_attrs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherHosts {
    /// One of them matches, or libpq would still try it.
    Serve,
    /// Nothing: there is no other host, or none of the others matched.
    Fail,
}

/// Adds the findings of a login to the diagnosis that permitted it.
pub fn diagnose_login(
    task: &Task,
    observation: &Observation,
    login: &Login,
    demands: &Demands,
    diagnosis: Diagnosis,
    others: OtherHosts,
) -> Diagnosis {
    let mut found = login
        .ignored_file
        .iter()
        .map(|file| ignored(task, file))
        .collect::<Vec<_>>();
    found.extend(unverified(task, login));
    let (exit, error) = match &login.outcome {
        Ok(entered) => {
            found.extend(unbound(task, login, &diagnosis));
            found.extend(session(task, login, entered));
            match unwanted(entered, others) {
                Some(finding) if finding.level == Level::Error => {
                    (finding.code.exit(finding.stage), Some(finding))
                }
                other => {
                    found.extend(other);
                    (diagnosis.exit, diagnosis.error)
                }
            }
        }
        Err(error) => {
            let failed = failure(task, observation, login, error);
            (failed.exit, failed.error)
        }
    };
    // The finding of the login replaces that of the first answer.
    let earlier = diagnosis.findings.into_iter();
    found.extend(earlier.filter(|finding| finding.code != Code::LoginFailed));
    let mut diagnosis = Diagnosis {
        exit,
        error,
        findings: found,
    };
    apply_strictness(&mut diagnosis, demands.strictness);
    diagnosis
}

impl Diagnosis {
    /// A server that was passed over for another host fails, because none of the hosts serves.
    pub fn without_another_host(&mut self) {
        let passed_over = |finding: &Finding| {
            finding.level == Level::Info
                && (finding.code, finding.stage) == (Code::LoginFailed, Stage::Login)
        };
        if let Some(index) = self.findings.iter().position(passed_over) {
            let finding = Finding {
                level: Level::Error,
                ..self.findings.remove(index)
            };
            self.fail_or_add(finding.hint("None of the string's hosts serves."));
        }
    }
}

fn finding(level: Level, code: Code, message: impl Into<Shown>) -> Finding {
    Finding::new(level, code, Stage::Login, message)
}

fn failed(code: Code, message: impl Into<Shown>, hint: impl Into<Hint>) -> Diagnosis {
    let error = finding(Level::Error, code, message).hint(hint);
    Diagnosis::failed(error)
}

fn failure(task: &Task, observation: &Observation, login: &Login, error: &Error) -> Diagnosis {
    let message = escape(&error.to_string()).to_string();
    match error {
        Error::Unsupported(_) => failed(Code::LoginFailed, message, LEAVE_OUT),
        Error::Unfinished(_) => failed(
            Code::LoginFailed,
            message,
            Hint::say("Nothing was sent for the login. psql may be able to log in. Check without --login.")
                .and(observation.tls().map_or(Front::Unknown, Front::of).more_suites()),
        ),
        Error::PasswordFile(file) => Diagnosis::failed(Finding {
            level: Level::Error,
            ..ignored(task, file)
        }),
        Error::Connect(error) => connect::connect(task, error),
        Error::Negotiate(error) => wire::negotiate(task, error),
        Error::Handshake {
            error,
            tls,
            judgement,
        } => {
            let rules = task.rules();
            let context = Context {
                address: observation.address.map(|address| address.ip()),
                ..Context::of(task, &rules)
            };
            let refused = judgement.as_ref().and_then(|judgement| {
                let reason = judgement.satisfies(task.trust.level).err()?;
                Some(unsatisfied(&context, judgement, &reason))
            });
            refused.unwrap_or_else(|| {
                let unfinished = (&**tls, Progress::Unfinished);
                wire::handshake(task, error, unfinished, LibpqOffer::NotMade)
            })
        }
        Error::Unmet => Diagnosis::failed(
            finding(Level::Error, Code::UnexpectedCertificate, message).hint(SEVERAL_SERVERS),
        ),
        Error::Refused(refusal) => refused(task, login, refusal, message),
        Error::Server { error, step } => server(task, observation, login, error, *step),
        Error::Closed(step) => ended(*step, Code::Closed, message, LOOK_INTO_LOG),
        Error::Timeout(step @ (Step::Startup | Step::Authenticated)) => {
            ended(*step, Code::Timeout, message, POOLER_WAITS)
        }
        Error::Timeout(step) => ended(*step, Code::Timeout, message, LOOK_INTO_LOG),
        Error::TooMuch(step) => ended(*step, Code::LoginFailed, message, NOT_POSTGRES),
        Error::Protocol { step, .. } => ended(*step, Code::LoginFailed, message, NOT_POSTGRES),
    }
}

/// Before TLS is established, the handshake is what failed.
fn ended(step: Step, code: Code, message: String, hint: &str) -> Diagnosis {
    let failed = match step {
        Step::Tls => Stage::Handshake,
        Step::Startup
        | Step::Answer
        | Step::Proof
        | Step::Verified
        | Step::Authenticated
        | Step::Session => Stage::Login,
    };
    Diagnosis {
        exit: code.exit(failed),
        ..Diagnosis::failed(finding(Level::Error, code, message).hint(hint))
    }
}

fn refused(task: &Task, login: &Login, refusal: &Refusal, message: String) -> Diagnosis {
    match refusal {
        Refusal::NotAllowed { .. } => {
            // psql's own words.
            let sasl = match message.contains("SASL") {
                true => " SASL is the method scram-sha-256.",
                false => "",
            };
            failed(
                Code::LoginFailed,
                message,
                format!("psql also refuses this. Change the method in the server's pg_hba.conf, or require_auth.{sasl}"),
            )
        }
        Refusal::NoChannelBinding | Refusal::NotBound => failed(
            Code::NoChannelBinding,
            message,
            "psql also refuses this. The server must ask for scram-sha-256 and end TLS itself. A pooler or a proxy in between cannot bind the login to the channel: connect to PostgreSQL itself.",
        ),
        Refusal::NoDigest => failed(
            Code::NoChannelBinding,
            message,
            "psql cannot log in either: \"could not find digest for NID UNDEF\". Have the server's certificate issued by a CA with an ECDSA or RSA key, or set channel_binding=disable.",
        ),
        Refusal::NoPassword => failed(
            Code::LoginFailed,
            format!("{message}: the server asks for a password, but none is set"),
            near_line(task, login).then(format!(
                "Set PGPASSWORD, or add a line HOST:PORT:DATABASE:USER:PASSWORD to {}{}.",
                os::SHOWN_PASSFILE,
                os::SHOWN_PASSFILE_RULE
            )),
        ),
        Refusal::NoClientCertificate => Diagnosis::failed(
            finding(Level::Error, Code::ClientCertRequired, message).hint(
                "With sslcertmode=require a client certificate must be sent: set sslcert=FILE and sslkey=FILE.",
            ),
        ),
        Refusal::Unsupported(_) | Refusal::Iterations(_) => failed(
            Code::LoginFailed,
            message,
            "psql may be able to log in. pgtls supports a client certificate, scram-sha-256, md5 and password.",
        ),
        Refusal::OldProtocol => failed(
            Code::LoginFailed,
            message,
            "libpq also refuses this. PostgreSQL speaks protocol 3.2 since version 18, and poolers may not. Remove min_protocol_version.",
        ),
        Refusal::Invalid | Refusal::BadNegotiation => failed(Code::LoginFailed, message, NOT_POSTGRES),
    }
}

/// The line of the password file that was meant, perhaps.
fn near_line(task: &Task, login: &Login) -> Hint {
    let file = task.conninfo.passfile();
    Hint::from(login.near_line.zip(file).map(|(near, file)| {
        Hint::say(format!(
            "Line {} of {} differs in {} only: libpq compares the text, as the string has it.",
            near.number,
            shown_path(&file.value),
            near.keyword
        ))
    }))
}

/// The server's FATAL, by its SQLSTATE (PostgreSQL documentation, appendix A).
fn server(
    task: &Task,
    observation: &Observation,
    login: &Login,
    error: &ServerError,
    step: Step,
) -> Diagnosis {
    let state = error.sqlstate.as_deref();
    let shown = state.map_or_else(String::new, |state| format!(" (SQLSTATE {state})"));
    let said = format!("{}{shown}", wire::said(error));
    if error.may_pass() {
        let finding = finding(
            Level::Error,
            Code::ServerError,
            format!("server answered with an error: {said}"),
        );
        let asked = Asked::new(task, observation.judgement()).by(login.method, step);
        return wire::unavailable(finding.hint(refusal::advice(&asked, error)));
    }
    // A wrong password is 28P01; here 28000 means that the server rejects the channel. But it does not if
    // the proof is unbound: then it comes from a pooler that uses 28000 for a wrong password and does not
    // bind.
    let of_channel = step == Step::Answer || (step == Step::Proof && login.bound);
    if login.method == Some(Method::ScramSha256)
        && of_channel
        && state == Some(sqlstate::INVALID_AUTHORIZATION)
    {
        return failed(
            Code::TlsTerminatedInBetween,
            format!("the server does not have this TLS session: {said}"),
            BETWEEN,
        );
    }
    if cause::saw_plaintext(error) {
        return failed(
            Code::TlsTerminatedInBetween,
            format!("the server sees no TLS, although the session here has it: {said}"),
            BETWEEN,
        );
    }
    let asked = Asked::new(task, observation.judgement()).by(login.method, step);
    let hint = match state {
        Some(sqlstate::PROTOCOL_VIOLATION | sqlstate::INTERNAL_ERROR) if sends_no_name(observation)
                && Cause::of(error) == Cause::Unknown => {
            "A provider that selects the database by the host name in the handshake (SNI) says this if no name was sent. Connect by name, not by address, and do not set sslsni=0.".into()
        }
        _ => refusal::advice(&asked, error),
    };
    failed(
        Code::LoginFailed,
        format!("the server refused the login: {said}"),
        hint,
    )
}

fn sends_no_name(observation: &Observation) -> bool {
    observation.tls().is_some_and(|tls| tls.sni.is_none())
}

fn ignored(task: &Task, file: &IgnoredFile) -> Finding {
    let path = shown_path(&file.path);
    let message = format!(
        "libpq ignores the password file {path} (from {}): {}",
        file.origin,
        escape(&file.why.to_string())
    );
    let found = finding(Level::Warning, Code::PassfileIgnored, message);
    match file.why {
        Unusable::TooOpen(_) => {
            let quoted = quoted_path(&file.path);
            let change = Hint::say("Remove the access of group and others:").fix(
                Fix::command(format!("chmod 0600 {quoted}"))
                    .of(shown_path(&file.path))
                    .proven(),
            );
            found.hint(match file.origin {
                Origin::Environment(variable) => change
                    .then("If it belongs to another user, or is mounted from a secret, use a copy:")
                    .show(format!(
                        "install -m 600 {quoted} ~/pgpass-copy && export {variable}=~/pgpass-copy"
                    )),
                Origin::String { .. } | Origin::Service { .. } | Origin::Default => change,
            })
        }
        Unusable::NotPlain | Unusable::Unreadable(_) => {
            if let Some(lost) = lost_backslashes(&task.conninfo, Keyword::Passfile) {
                return found.hint(lost);
            }
            found.hint(format!(
                "Check passfile and PGPASSFILE. The default is {}.",
                os::SHOWN_PASSFILE
            ))
        }
    }
}

/// What may have been disclosed to an impostor of the server.
fn unverified(task: &Task, login: &Login) -> Option<Finding> {
    if task.trust.level > trust::Level::Encryption {
        return None;
    }
    let what = match login.disclosed? {
        Disclosed::Password => "the password itself",
        Disclosed::Md5Hash => "the password's MD5 hash, from which it can be guessed,",
        Disclosed::ScramProof => "a SCRAM proof, from which a weak password can be guessed,",
    };
    let message = format!("{what} was sent to an unverified server");
    Some(finding(Level::Warning, Code::UnverifiedLogin, message).hint(
        "Use sslmode=verify-full with sslrootcert=FILE. With --strict pgtls refuses before anything is sent.",
    ))
}

/// A login that a proxy that terminates TLS can pass on as its own.
fn unbound(task: &Task, login: &Login, diagnosis: &Diagnosis) -> Option<Finding> {
    let disabled = task.conninfo.channel_binding.value == ChannelBinding::Disable;
    let said = |finding: &Finding| finding.code == Code::NoChannelBinding;
    let (level, message, hint) = match login.method? {
        Method::Password => (
            Level::Warning,
            "the server asked for the password in clear: anything that terminates this TLS session can read it",
            "Require scram-sha-256 in the server's pg_hba.conf.",
        ),
        Method::Md5 => (
            Level::Warning,
            "the server asked for an MD5 hash, which is not bound to the channel and makes the password easy to guess; PostgreSQL 18 deprecates this, and 19 warns at every such login",
            "Set password_encryption = 'scram-sha-256', set the password again, and require scram-sha-256 in pg_hba.conf.",
        ),
        Method::ScramSha256 if login.bound || diagnosis.findings.iter().any(said) => return None,
        Method::ScramSha256 if disabled => (
            Level::Info,
            "with channel_binding=disable the login does not prove that TLS ends at the server",
            "Remove channel_binding, or set it to require.",
        ),
        Method::ScramSha256 => (
            Level::Warning,
            "the server offers SCRAM without channel binding: the login does not prove that TLS ends there",
            "PostgreSQL 11 and newer offer channel binding over TLS. If this is such a server, something in between ends TLS.",
        ),
        Method::None | Method::Other => return None,
    };
    Some(finding(level, Code::NoChannelBinding, message).hint(hint))
}

/// What `pg_stat_ssl` shows.
fn session(task: &Task, login: &Login, entered: &Entered) -> Option<Finding> {
    let unknown = Hint::say("It is not known where TLS ends.");
    let mut hint = unknown.clone();
    let why = match &entered.session {
        Ok(_) if !entered.differences.is_empty() => return Some(between(entered)),
        Ok(_) => return relayed(login, entered),
        Err(Unread::Server(error)) => {
            hint = unread(task, error, unknown);
            format!("the server says: {}", wire::said(error))
        }
        Err(Unread::Replication) => "a session for physical replication takes no SQL".to_owned(),
        Err(Unread::NoRow) => "it has no row for this session".to_owned(),
        Err(Unread::Unfamiliar) => "it is not PostgreSQL's".to_owned(),
        Err(Unread::OwnSideUnknown) => "the suite negotiated here is unknown".to_owned(),
    };
    // A login that is bound to this TLS session proves more than the view can.
    let level = if login.bound {
        Level::Info
    } else {
        Level::Warning
    };
    let message = format!(
        "the login succeeded, but pg_stat_ssl cannot be compared with what was negotiated: {why}"
    );
    Some(finding(level, Code::TlsUnconfirmed, message).hint(hint))
}

/// What helps against an answer instead of the view.
fn unread(task: &Task, error: &ServerError, unknown: Hint) -> Hint {
    match error.sqlstate.as_deref() {
        Some(sqlstate::INSUFFICIENT_PRIVILEGE) => unknown
            .then("To compare, an administrator lets the role read the view:")
            .fix(Fix::command(format!(
                "GRANT SELECT ON pg_catalog.pg_stat_ssl TO {};",
                refusal::identifier(&task.conninfo.user.value)
            ))),
        _ => unknown.then(
            "A pooler's own console does not have this view: set dbname to one of its databases.",
        ),
    }
}

fn between(entered: &Entered) -> Finding {
    let differences = &entered.differences;
    let parts: Vec<String> = differences
        .iter()
        .map(|difference| match difference {
            Difference::Process { answered, server } => {
                format!("its process is {server}, but {answered} answered here")
            }
            Difference::NoTls => "its session has no TLS".to_owned(),
            Difference::Version => "another TLS version".to_owned(),
            Difference::Cipher => "another cipher suite".to_owned(),
            Difference::Bits => "another key length".to_owned(),
            Difference::ClientCertificate => {
                "another answer on whether a client certificate was sent".to_owned()
            }
        })
        .collect();
    let message = format!(
        "the server sees another session than the one negotiated here: {}",
        parts.join(", ")
    );
    let other_process = |difference: &Difference| matches!(difference, Difference::Process { .. });
    let hint = match &entered.pgbouncer {
        Some(version) => Hint::say(format!(
            "PgBouncer {} ends TLS here. {POOLER_SEES}",
            escape(version)
        ))
        .then("Whether it verifies PostgreSQL is set in pgbouncer.ini, by its administrator:")
        .fix(Fix::pgbouncer("server_tls_sslmode = verify-full"))
        .fix(Fix::pgbouncer(
            "server_tls_ca_file = /etc/pgbouncer/root.crt",
        )),
        None if differences.iter().any(other_process) => Hint::say(format!(
            "A pooler ends TLS here, and has connections of its own to PostgreSQL. {POOLER_SEES} Its administrator should make it use TLS to the server with sslmode=verify-full (PgBouncer: server_tls_sslmode). If there should be no pooler, find out what answers."
        )),
        None => BETWEEN.into(),
    };
    finding(Level::Warning, Code::TlsTerminatedInBetween, message).hint(hint)
}

/// The same process at both ends, but another port.
fn relayed(login: &Login, entered: &Entered) -> Option<Finding> {
    let relayed = entered.sight == Sight::OtherPort && !login.bound;
    relayed.then(|| {
        let message = "the server sees the TLS version and suite that were negotiated here, but another client port";
        finding(Level::Info, Code::TlsUnconfirmed, message).hint(
            "Address translation (NAT, a published container port) does this. So does a proxy that ends TLS and passes messages on. Only channel binding tells them apart: require scram-sha-256.",
        )
    })
}

/// `target_session_attrs`: libpq would continue with the next host, if there is one.
fn unwanted(entered: &Entered, others: OtherHosts) -> Option<Finding> {
    let (wanted, role) = entered.unwanted?;
    let is = match (wanted, role) {
        (
            TargetSessionAttrs::Standby | TargetSessionAttrs::PreferStandby,
            Role::ReadWrite | Role::ReadOnly,
        ) => "is not a standby",
        (_, Role::ReadWrite) => "accepts writes",
        (_, Role::ReadOnly) => {
            "is read-only, although it is not a standby: default_transaction_read_only is on"
        }
        (_, Role::Standby) => "is a standby",
        (_, Role::Unknown) => "does not say which kind it is",
    };
    let message = format!("target_session_attrs={wanted}, but this server {is}");
    let (level, hint) = match (wanted, others) {
        (TargetSessionAttrs::PreferStandby, _) => (
            Level::Info,
            "libpq tries the next host of the string, and comes back if none is a standby.",
        ),
        (_, OtherHosts::Serve) => (Level::Info, "libpq tries another host of the string."),
        (TargetSessionAttrs::Standby | TargetSessionAttrs::ReadOnly, OtherHosts::Fail) => {
            (Level::Error, "Set host to a standby.")
        }
        (_, OtherHosts::Fail) if role == Role::ReadOnly => (
            Level::Error,
            "Set default_transaction_read_only = off where it is on: in options, or for the role, the database or the server. Or set host to a server that accepts writes.",
        ),
        (_, OtherHosts::Fail) => (Level::Error, "Set host to the primary."),
    };
    Some(finding(level, Code::LoginFailed, message).hint(hint))
}

const BETWEEN: &str = "Something in between ends TLS: a pooler, a proxy, a load balancer, or an attacker with a certificate for this name. It sees every password and row, and it decides how the data travels from there. If this is intended, make it use TLS to the server with sslmode=verify-full. If not, find out what answers.";
const POOLER_SEES: &str =
    "It sees every password and row, and decides how the data travels from there.";
const LEAVE_OUT: &str =
    "psql may be able to log in. Remove the setting for this check, or check without --login.";
const LOOK_INTO_LOG: &str = "Look in the server's log for details.";
const POOLER_WAITS: &str = "TLS is up. A pooler that cannot reach PostgreSQL behind it, or has no free connection, lets its clients wait like this (PgBouncer: query_wait_timeout, 120 s by default). Look in its log and in the server's. To wait for its answer, set a longer --timeout.";
const NOT_POSTGRES: &str = "This is not how a PostgreSQL server behaves. Check host and port.";
const SEVERAL_SERVERS: &str = "Several servers answer at this address, with different certificates. No password was sent. Check each server with --all-addresses or by its own name.";

//! Would the server start a session without TLS?
//!
//! We send a startup packet in clear, with the user and the database of the string and without a
//! password. An encrypted session sends the same. Only if the two answers differ is TLS the reason:
//! a user who cannot log in at all proves nothing about others.

use super::session::{Setup, shake};
use super::{Asker, Asking, Gaps, Inquiry, Speaks, asking};
use crate::handshake::Error;
use crate::inquiry::{Line, Unknown, read, write};
use crate::startup::first_answer;
use crate::wire::postgres::frame::TERMINATE;
use crate::wire::postgres::startup::startup_message;
use crate::wire::postgres::{AuthRequest, FirstAnswer, ServerError};
use crate::wire::tls::record;

/// How a server reacts to a session without TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plaintext {
    /// It starts to authenticate us, or accepts the login.
    Accepted(Login),
    /// It refuses, and answers differently over TLS.
    Refused(ServerError),
    /// It answers with a TLS alert: it speaks nothing but TLS.
    TlsOnly,
}

/// How a server asks who we are: the authentication request that it sends first (PostgreSQL
/// documentation, "Message Formats").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    /// Not at all.
    Trust,
    /// It requests the password in clear.
    Cleartext,
    /// It requests the password's MD5 hash.
    Md5,
    /// It requests SASL, which is SCRAM.
    Sasl,
    /// Something else, by its number.
    Other(u32),
}

/// The result of an encrypted session.
#[derive(Clone, Debug)]
pub struct Encrypted {
    /// The first answer to the same startup packet.
    pub answer: FirstAnswer,
    /// How many TLS 1.3 tickets came before it.
    pub tickets: u32,
}

/// The first answer without TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Clear {
    Authentication(Login),
    Error(ServerError),
    Alert,
}

impl Gaps for Plaintext {}

impl Gaps for Encrypted {}

/// Asks in clear and then over TLS, if the server has it.
pub(super) fn ask<'a>(inquiry: &'a Inquiry<'_>) -> Vec<Asking<'a>> {
    let answers = async {
        let clear = ask_clear(&inquiry.line, inquiry.asker).await;
        let encrypted = match inquiry.speaks {
            Speaks::Tls => ask_encrypted(&inquiry.line, inquiry.asker).await,
            Speaks::PlaintextOnly => Err(Unknown::NotAsked),
        };
        let plaintext = compare(clear, &encrypted, inquiry.asker.user);
        (plaintext, encrypted)
    };
    vec![asking(answers, |audit, (plaintext, encrypted)| {
        audit.plaintext = plaintext.into();
        audit.encrypted = encrypted.into();
    })]
}

/// Asks in clear.
async fn ask_clear(line: &Line, asker: Asker<'_>) -> Result<Clear, Unknown> {
    match ask_clear_once(line, asker).await {
        Err(Unknown::Closed | Unknown::Connect(_)) => ask_clear_once(line, asker).await,
        answer => answer,
    }
}

async fn ask_clear_once(line: &Line, asker: Asker<'_>) -> Result<Clear, Unknown> {
    let until = line.until()?;
    let mut stream = line.connect(until).await?;
    let packet = startup_message(asker.user, asker.database);
    write(&mut stream, &packet, until).await?;
    let mut answer = Vec::new();
    while !FirstAnswer::is_decided(&answer) {
        if read(&mut stream, &mut answer, until).await? == 0 {
            break;
        }
    }
    let first = FirstAnswer::decode(&answer);
    if first.lets_us_in() {
        // A backend is running for us: end it as a client does. The answer is known in any case.
        let _ = write(&mut stream, &TERMINATE, until).await;
    }
    classify(first, &answer)
}

fn classify(first: FirstAnswer, answer: &[u8]) -> Result<Clear, Unknown> {
    match (first, answer) {
        (FirstAnswer::Authentication(Some(request)), _) => {
            Ok(Clear::Authentication(Login::of(request)))
        }
        (FirstAnswer::Error(error), _) => Ok(Clear::Error(error)),
        (FirstAnswer::Authentication(None) | FirstAnswer::Closed, _) => Err(Unknown::Closed),
        (FirstAnswer::Unexpected(_), answer) if record::begins_alert(answer) => Ok(Clear::Alert),
        (FirstAnswer::Unexpected(_), _) => Err(Unknown::NotPostgres),
    }
}

impl Login {
    fn of(request: AuthRequest) -> Self {
        match request {
            AuthRequest::Ok => Self::Trust,
            AuthRequest::CleartextPassword => Self::Cleartext,
            AuthRequest::Md5Password => Self::Md5,
            AuthRequest::Sasl(_) => Self::Sasl,
            AuthRequest::Gss
            | AuthRequest::GssContinue
            | AuthRequest::Sspi
            | AuthRequest::SaslContinue { .. }
            | AuthRequest::SaslFinal
            | AuthRequest::Unknown(_) => Self::Other(request.code()),
        }
    }
}

/// Asks over TLS.
async fn ask_encrypted(line: &Line, asker: Asker<'_>) -> Result<Encrypted, Unknown> {
    let until = line.until()?;
    let shaken = shake(line, Setup::usual(line), until).await?;
    let mut session = shaken.session()?;
    let answer = first_answer(&mut session, asker.user, asker.database, until).await;
    let tickets = session.tickets();
    let answer = match answer {
        Ok(answer) => answer,
        // Under TLS 1.3 the server only now says that it needs a client certificate: an answer that
        // only TLS gives.
        Err(Error::Alert(alert)) if alert.answers_certificate() => {
            FirstAnswer::Error(ServerError {
                sqlstate: None,
                message: alert.to_string().into_bytes(),
                ..ServerError::default()
            })
        }
        Err(Error::Timeout { .. }) => return Err(Unknown::Timeout),
        Err(error) => return Err(Unknown::Handshake(error.to_string())),
    };
    session.close(until).await;
    Ok(Encrypted { answer, tickets })
}

/// What the two answers prove together.
fn compare(
    clear: Result<Clear, Unknown>,
    encrypted: &Result<Encrypted, Unknown>,
    user: &[u8],
) -> Result<Plaintext, Unknown> {
    let refusal = match clear? {
        Clear::Authentication(login) => return Ok(Plaintext::Accepted(login)),
        Clear::Alert => return Ok(Plaintext::TlsOnly),
        Clear::Error(refusal) => refusal,
    };
    match encrypted.as_ref().map(|encrypted| &encrypted.answer) {
        _ if refusal.may_pass() => Err(Unknown::Busy),
        Ok(FirstAnswer::Authentication(_)) => Ok(Plaintext::Refused(refusal)),
        Ok(FirstAnswer::Error(error)) if error.may_pass() => Err(Unknown::Busy),
        Ok(FirstAnswer::Error(error)) if !is_same(&refusal, error, user) => {
            Ok(Plaintext::Refused(refusal))
        }
        Ok(_) | Err(_) => Err(Unknown::RefusedAnyway(refusal)),
    }
}

/// Are both the same, except for a word about encryption at the end? In every language PostgreSQL
/// quotes the user in "no pg_hba.conf entry" and "rejects connection", and does not in "connection
/// requires a valid client certificate", which has the same SQLSTATE.
fn is_same(clear: &ServerError, encrypted: &ServerError, user: &[u8]) -> bool {
    let quotes = |error: &ServerError| {
        let marked = |part: &[u8]| match part {
            [before, name @ .., behind] => {
                name == user && ![before, behind].iter().any(|c| c.is_ascii_alphanumeric())
            }
            _ => false,
        };
        error
            .message
            .windows(user.len().saturating_add(2))
            .any(marked)
    };
    clear.sqlstate == encrypted.sqlstate && quotes(clear) == quotes(encrypted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(sqlstate: &str, message: &str) -> ServerError {
        ServerError {
            sqlstate: Some(sqlstate.to_owned()),
            message: message.as_bytes().to_vec(),
            ..ServerError::default()
        }
    }

    fn read(answer: &[u8]) -> Result<Clear, Unknown> {
        classify(FirstAnswer::decode(answer), answer)
    }

    fn over_tls(answer: FirstAnswer) -> Result<Encrypted, Unknown> {
        Ok(Encrypted { answer, tickets: 0 })
    }

    const NO_ENTRY: &str =
        "no pg_hba.conf entry for host \"192.0.2.7\", user \"ann\", database \"d\", no encryption";
    const NO_ENTRY_TLS: &str =
        "no pg_hba.conf entry for host \"192.0.2.7\", user \"ann\", database \"d\", SSL encryption";

    #[test]
    fn an_authentication_request_in_clear_is_an_accepted_session() {
        for (answer, login) in [
            (&b"R\0\0\0\x08\0\0\0\0"[..], Login::Trust),
            (b"R\0\0\0\x08\0\0\0\x03", Login::Cleartext),
            (b"R\0\0\0\x0c\0\0\0\x05abcd", Login::Md5),
            (b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0", Login::Sasl),
            (b"R\0\0\0\x08\0\0\0\x07", Login::Other(7)),
        ] {
            let clear = read(answer);
            assert_eq!(clear, Ok(Clear::Authentication(login)));
            // With any result of TLS.
            for encrypted in [
                Err(Unknown::Closed),
                over_tls(FirstAnswer::Authentication(None)),
            ] {
                let compared = compare(clear.clone(), &encrypted, b"ann");
                assert_eq!(compared, Ok(Plaintext::Accepted(login)));
            }
        }
    }

    #[test]
    fn a_missing_answer_is_not_a_refusal() {
        for (answer, unknown) in [
            (&b""[..], Unknown::Closed),
            (b"R\0\0", Unknown::Closed),
            (b"HTTP/1.1 400", Unknown::NotPostgres),
        ] {
            assert_eq!(read(answer), Err(unknown));
        }
        assert_eq!(read(&[21, 3, 1, 0, 2, 2, 80]), Ok(Clear::Alert));
    }

    #[test]
    fn a_refusal_counts_only_if_tls_makes_the_difference() {
        let refusal = error("28000", NO_ENTRY);
        let refused = Ok(Plaintext::Refused(refusal.clone()));
        let anyway = Err(Unknown::RefusedAnyway(refusal.clone()));
        for (encrypted, expected) in [
            (over_tls(FirstAnswer::Authentication(None)), &refused),
            (
                over_tls(FirstAnswer::Error(error("28000", NO_ENTRY_TLS))),
                &anyway,
            ),
            (
                over_tls(FirstAnswer::Error(error(
                    "28000",
                    "connection requires a valid client certificate",
                ))),
                &refused,
            ),
            (
                over_tls(FirstAnswer::Error(error("28P01", "no \"ann\""))),
                &refused,
            ),
            (
                over_tls(FirstAnswer::Error(error("53300", "too many clients"))),
                &Err(Unknown::Busy),
            ),
            (over_tls(FirstAnswer::Closed), &anyway),
            (over_tls(FirstAnswer::Unexpected(b'H')), &anyway),
            (Err(Unknown::Timeout), &anyway),
        ] {
            let compared = compare(Ok(Clear::Error(refusal.clone())), &encrypted, b"ann");
            assert_eq!(&compared, expected, "{encrypted:?}");
        }
        let busy = Clear::Error(error("57P03", "starting up"));
        let compared = compare(
            Ok(busy),
            &over_tls(FirstAnswer::Authentication(None)),
            b"ann",
        );
        assert_eq!(compared, Err(Unknown::Busy));
    }
}

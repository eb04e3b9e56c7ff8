//! TLS as it passes by: the hellos, the certificates of TLS 1.2, alerts, and how it ends. Pure and bounded.
//!
//! RFC 8446 section 4 and appendix D.4; RFC 5246 section 7.

use super::client_hello::{describe, group_name, suite_name, version_name};
use super::lengths::{Progress, Sizes, Told};
use super::login::Attention;
use super::records::{Kind, NotTls, Record, Records};
use super::seen::{AlertSeen, Channel, Choice, ClientCertificate, Handshake, Seen, Side};
use crate::escape::Shown;
use crate::wire::tls::alert::Level;
use crate::wire::tls::message::{
    CERTIFICATE, CERTIFICATE_REQUEST, CLIENT_HELLO, NAMED_CURVE, SERVER_HELLO, SERVER_HELLO_DONE,
    SERVER_KEY_EXCHANGE, certificates,
};
use crate::wire::tls::reply::{is_retry, server_hello};
use crate::wire::tls::{Alert, Offer, TlsVersion};
use crate::wire::{Fields, Malformed};
use crate::x509::Certificate;

/// Both directions of one handshake.
#[derive(Debug, Default)]
pub(super) struct Watch {
    client: Direction,
    server: Direction,
    /// What the server chose.
    chosen: Option<Chosen>,
}

/// What the server chose, and what has come since then.
#[derive(Clone, Copy, Debug)]
enum Chosen {
    /// TLS 1.3, in which records have no other mark than their length.
    Tls13(Sizes, Progress),
    /// TLS 1.2 or before, in which the kinds of records are in clear.
    Older(Older),
}

/// How far an application has come in TLS 1.2 or before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Older {
    Hellos,
    /// It has finished its handshake.
    Finished,
    /// And has sent something.
    Asked,
}

#[derive(Debug, Default)]
struct Direction {
    records: Records,
    /// Handshake messages in clear, as far as they are not complete.
    messages: Vec<u8>,
    /// After its ChangeCipherSpec of TLS 1.2 or before.
    is_encrypted: bool,
}

impl Watch {
    /// What one side sends. The application's is cut into records also after the end.
    ///
    /// # Errors
    /// The application has sent what is no record of TLS.
    pub(super) fn hear(
        &mut self,
        side: Side,
        bytes: &[u8],
        seen: &mut Seen,
    ) -> Result<Attention, NotTls> {
        if seen.handshake == Handshake::None {
            seen.handshake = Handshake::NotBegun;
        }
        let mut records = std::mem::take(&mut self.of(side).records);
        let mut attention = Attention::Needed;
        let fed = records.feed(bytes, |record| {
            if attention == Attention::Needed {
                let read = self.record(side, record, seen);
                attention = read.unwrap_or_else(|Malformed| not_tls(seen));
            }
        });
        self.of(side).records = records;
        // What a server sends after an alert does not count, whether it comes with it or later.
        if fed.is_err() && attention == Attention::Needed {
            attention = not_tls(seen);
        }
        match side {
            Side::Application => fed.map(|()| attention),
            Side::Server => Ok(attention),
        }
    }

    /// What is left to read of the application after the end of all that tells something.
    pub(super) fn rest(self) -> Records {
        self.client.records
    }

    fn of(&mut self, side: Side) -> &mut Direction {
        match side {
            Side::Application => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    fn record(
        &mut self,
        side: Side,
        record: Record<'_>,
        seen: &mut Seen,
    ) -> Result<Attention, Malformed> {
        match record.kind {
            Kind::ChangeCipherSpec => {
                // In TLS 1.3 it means nothing.
                if let Some(Chosen::Older(_)) = self.chosen {
                    self.of(side).is_encrypted = true;
                }
                Ok(Attention::Needed)
            }
            Kind::Handshake if self.of(side).is_encrypted => {
                // Its Finished. That of the server comes last, or second to last with a resumed session.
                if let (Side::Application, Some(Chosen::Older(progress @ Older::Hellos))) =
                    (side, &mut self.chosen)
                {
                    *progress = Older::Finished;
                    seen.handshake = Handshake::Finished;
                }
                Ok(Attention::Needed)
            }
            Kind::Handshake => self.messages(side, record.contents, seen),
            Kind::Alert if self.of(side).is_encrypted => Ok(Attention::Needed),
            Kind::Alert => alert(side, record.contents, seen),
            Kind::Data => Ok(self.encrypted(side, record.length, seen)),
        }
    }

    fn messages(
        &mut self,
        side: Side,
        contents: &[u8],
        seen: &mut Seen,
    ) -> Result<Attention, Malformed> {
        let mut kept = std::mem::take(&mut self.of(side).messages);
        kept.extend_from_slice(contents);
        let mut rest = Fields(&kept);
        loop {
            let mut ahead = rest;
            let (Some(kind), Some(length)) = (ahead.u8(), ahead.u24()) else {
                break;
            };
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            if length > MAX_MESSAGE {
                return Err(Malformed);
            }
            let Some(message) = rest.take(HEADER.saturating_add(length)) else {
                break;
            };
            self.message(side, kind, message, seen)?;
        }
        let left = rest.0.len();
        let read = kept.len().saturating_sub(left);
        kept.drain(..read);
        self.of(side).messages = kept;
        Ok(Attention::Needed)
    }

    fn message(
        &mut self,
        side: Side,
        kind: u8,
        message: &[u8],
        seen: &mut Seen,
    ) -> Result<(), Malformed> {
        let body = message.get(HEADER..).unwrap_or_default();
        match (side, kind) {
            (Side::Application, CLIENT_HELLO) => {
                let offer = Offer::read(message).ok_or(Malformed)?;
                // After a HelloRetryRequest there is a second one, with another key.
                if seen.client_hello.is_none() {
                    seen.client_hello = Some(describe(&offer));
                    // Unless the server has sent something else before.
                    if seen.handshake == Handshake::NotBegun {
                        seen.handshake = Handshake::Unanswered;
                    }
                }
            }
            (Side::Application, CERTIFICATE) => {
                seen.client_certificate = match certificates(body).ok_or(Malformed)?.as_slice() {
                    [] => ClientCertificate::Missing,
                    [_, ..] => ClientCertificate::Sent,
                };
            }
            (Side::Server, SERVER_HELLO) => self.server_hello(body, seen)?,
            (Side::Server, CERTIFICATE) => {
                seen.certificates = certificates(body)
                    .ok_or(Malformed)?
                    .into_iter()
                    .take(MAX_CERTIFICATES)
                    .map(shown)
                    .collect();
            }
            (Side::Server, SERVER_KEY_EXCHANGE) => {
                if let (Some(choice), [NAMED_CURVE, high, low, ..]) = (&mut seen.server_hello, body)
                    && choice.cipher.starts_with("ECDHE-")
                {
                    choice.group = Some(group_name(u16::from_be_bytes([*high, *low])));
                }
            }
            (Side::Server, CERTIFICATE_REQUEST) => {
                seen.client_certificate = ClientCertificate::Requested;
            }
            (Side::Server, SERVER_HELLO_DONE)
                if seen.client_certificate == ClientCertificate::Unknown =>
            {
                seen.client_certificate = ClientCertificate::NotRequested;
            }
            (Side::Application | Side::Server, _) => {}
        }
        Ok(())
    }

    fn server_hello(&mut self, body: &[u8], seen: &mut Seen) -> Result<(), Malformed> {
        let chosen = server_hello(body).ok_or(Malformed)?;
        let retried = is_retry(body)
            || seen
                .server_hello
                .as_ref()
                .is_some_and(|choice| choice.retried);
        self.chosen = Some(match chosen.version {
            TLS13 => Chosen::Tls13(Sizes::of(chosen.suite), Progress::default()),
            _ => Chosen::Older(Older::Hellos),
        });
        seen.handshake = Handshake::Abandoned;
        seen.server_hello = Some(Choice {
            version: version_name(chosen.version),
            cipher: suite_name(chosen.suite),
            group: chosen.group.map(group_name),
            retried,
        });
        Ok(())
    }

    /// A record with data, or in TLS 1.3 with anything that is encrypted.
    fn encrypted(&mut self, side: Side, length: usize, seen: &mut Seen) -> Attention {
        let told = match &mut self.chosen {
            // It would be early data.
            None => Told::Nothing,
            Some(Chosen::Tls13(sizes, progress)) => progress.hear(side, length, *sizes),
            Some(Chosen::Older(progress)) => match (side, *progress) {
                (Side::Application, Older::Finished) => {
                    *progress = Older::Asked;
                    Told::Nothing
                }
                // The answer to what the application sent.
                (Side::Server, Older::Asked) => Told::Session,
                (
                    Side::Application | Side::Server,
                    Older::Hellos | Older::Finished | Older::Asked,
                ) => Told::Nothing,
            },
        };
        match told {
            Told::Nothing => Attention::Needed,
            Told::Finished => {
                seen.handshake = Handshake::Finished;
                Attention::Needed
            }
            Told::Refused => {
                seen.handshake = Handshake::RefusedByApplication;
                note(Side::Application, None, seen);
                Attention::Over
            }
            Told::ServerAlert => {
                note(Side::Server, None, seen);
                Attention::Over
            }
            Told::Closed => Attention::Over,
            Told::Session => {
                seen.channel = Channel::Tls;
                Attention::Over
            }
        }
    }
}

/// What cannot be read ends the handshake.
fn not_tls(seen: &mut Seen) -> Attention {
    if seen.handshake != Handshake::Finished {
        seen.handshake = Handshake::NotTls;
    }
    Attention::Over
}

/// An alert in clear.
fn alert(side: Side, contents: &[u8], seen: &mut Seen) -> Result<Attention, Malformed> {
    let (level, alert) = Alert::decode(contents).ok_or(Malformed)?;
    note(side, Some(alert), seen);
    if level == Level::Warning && alert != Alert::CLOSE_NOTIFY {
        return Ok(Attention::Needed);
    }
    seen.handshake = match side {
        Side::Application => Handshake::RefusedByApplication,
        Side::Server => Handshake::RefusedByServer,
    };
    Ok(Attention::Over)
}

fn note(from: Side, alert: Option<Alert>, seen: &mut Seen) {
    if seen.alerts.len() < MAX_ALERTS {
        let alert = alert.map(|alert| {
            alert
                .name()
                .map_or_else(|| alert.0.to_string(), str::to_owned)
        });
        seen.alerts.push(AlertSeen { from, alert });
    }
}

fn shown(der: &[u8]) -> Shown {
    match Certificate::parse(der) {
        Ok(certificate) => Shown::new(&format!(
            "{}, issued by {}",
            certificate.subject.text, certificate.issuer.text
        )),
        Err(_) => Shown::new("a certificate that cannot be read"),
    }
}

const TLS13: u16 = TlsVersion::V1_3.number();

/// Bytes of a message's kind and length.
const HEADER: usize = 4;

/// A chain of certificates may be long (bytes).
const MAX_MESSAGE: usize = 0x1_0000;

const MAX_CERTIFICATES: usize = 10;
const MAX_ALERTS: usize = 4;

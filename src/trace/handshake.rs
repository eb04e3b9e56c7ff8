//! TLS as it passes by: the hellos, the certificates of TLS 1.2, alerts, and how it ends. Pure and bounded.
//!
//! RFC 8446 section 4 and appendix D.4; RFC 5246 section 7.

use super::client_hello::{describe, group_name, suite_name, version_name};
use super::records::{Kind, NotTls, Record, Records};
use super::seen::{AlertSeen, Channel, Choice, ClientCertificate, Handshake, Seen, Side};
use super::startup::Attention;
use crate::escape::Shown;
use crate::wire::Fields;
use crate::wire::tls::alert::Level;
use crate::wire::tls::reply::{is_retry, server_hello};
use crate::wire::tls::{Alert, Offer, TlsVersion};
use crate::x509::Certificate;

/// Both directions of one handshake.
#[derive(Debug, Default)]
pub(super) struct Watch {
    client: Direction,
    server: Direction,
    /// The version that the server chose.
    version: Option<u16>,
    progress: Progress,
}

#[derive(Debug, Default)]
struct Direction {
    records: Records,
    /// Handshake messages in clear, as far as they are not complete.
    messages: Vec<u8>,
    /// After its ChangeCipherSpec of TLS 1.2 or before.
    is_encrypted: bool,
}

/// What came after the hellos, all of it encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Progress {
    #[default]
    Hellos,
    /// The application has finished its handshake.
    Finished,
    /// And has sent something.
    Asked,
}

impl Watch {
    /// What one side sends.
    pub(super) fn hear(&mut self, side: Side, bytes: &[u8], seen: &mut Seen) -> Attention {
        if seen.handshake == Handshake::None {
            seen.handshake = Handshake::NotBegun;
        }
        let mut records = std::mem::take(&mut self.of(side).records);
        let mut attention = Attention::Needed;
        let fed = records.feed(bytes, |record| {
            if attention == Attention::Needed {
                attention = self.record(side, record, seen)?;
            }
            Ok(())
        });
        self.of(side).records = records;
        match fed {
            Ok(()) => attention,
            Err(NotTls) if self.progress == Progress::Hellos => {
                seen.handshake = Handshake::NotTls;
                Attention::Over
            }
            Err(NotTls) => Attention::Over,
        }
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
    ) -> Result<Attention, NotTls> {
        match record.kind {
            Kind::ChangeCipherSpec => {
                // In TLS 1.3 it means nothing.
                if self.version.is_some_and(|version| version < TLS13) {
                    self.of(side).is_encrypted = true;
                }
                Ok(Attention::Needed)
            }
            Kind::Handshake if self.of(side).is_encrypted => {
                // Its Finished. That of the server comes last, or second to last with a resumed session.
                if side == Side::Application {
                    self.finish(seen);
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
    ) -> Result<Attention, NotTls> {
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
                return Err(NotTls);
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
    ) -> Result<(), NotTls> {
        let body = message.get(HEADER..).unwrap_or_default();
        match (side, kind) {
            (Side::Application, CLIENT_HELLO) => {
                let offer = Offer::read(message).ok_or(NotTls)?;
                // After a HelloRetryRequest there is a second one, with another key.
                if seen.client_hello.is_none() {
                    seen.client_hello = Some(describe(&offer));
                    seen.handshake = Handshake::Unanswered;
                }
            }
            (Side::Application, CERTIFICATE) => {
                seen.client_certificate = match certificates(body).as_slice() {
                    [] => ClientCertificate::Missing,
                    [_, ..] => ClientCertificate::Sent,
                };
            }
            (Side::Server, SERVER_HELLO) => self.server_hello(body, seen)?,
            (Side::Server, CERTIFICATE) => {
                seen.certificates = certificates(body)
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

    fn server_hello(&mut self, body: &[u8], seen: &mut Seen) -> Result<(), NotTls> {
        let chosen = server_hello(body).ok_or(NotTls)?;
        let retried = is_retry(body)
            || seen
                .server_hello
                .as_ref()
                .is_some_and(|choice| choice.retried);
        self.version = Some(chosen.version);
        seen.handshake = Handshake::Abandoned;
        seen.server_hello = Some(Choice {
            version: version_name(chosen.version),
            cipher: suite_name(chosen.suite),
            group: chosen.group.map(group_name),
            retried,
        });
        Ok(())
    }

    /// An encrypted record: only its length says what it may be.
    fn encrypted(&mut self, side: Side, length: usize, seen: &mut Seen) -> Attention {
        let is_alert = self.version == Some(TLS13) && length < SHORTEST_FINISHED;
        match (side, self.progress) {
            // It would be early data.
            (_, _) if self.version.is_none() => Attention::Needed,
            (Side::Application, Progress::Hellos) if self.version == Some(TLS13) => {
                if is_alert {
                    seen.handshake = Handshake::RefusedByApplication;
                    note(Side::Application, None, seen);
                    return Attention::Over;
                }
                self.finish(seen);
                Attention::Needed
            }
            (Side::Application, Progress::Finished) if length != ALERT_LENGTH => {
                self.progress = Progress::Asked;
                Attention::Needed
            }
            // The answer to what the application sent: a session.
            (Side::Server, Progress::Asked) if length != ALERT_LENGTH => {
                seen.channel = Channel::Tls;
                Attention::Over
            }
            (
                Side::Application | Side::Server,
                Progress::Hellos | Progress::Finished | Progress::Asked,
            ) => Attention::Needed,
        }
    }

    fn finish(&mut self, seen: &mut Seen) {
        if self.progress == Progress::Hellos {
            self.progress = Progress::Finished;
            seen.handshake = Handshake::Finished;
        }
    }
}

/// An alert in clear.
fn alert(side: Side, contents: &[u8], seen: &mut Seen) -> Result<Attention, NotTls> {
    let (level, alert) = Alert::decode(contents).ok_or(NotTls)?;
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

/// The certificates of a message of TLS 1.2, in DER.
fn certificates(body: &[u8]) -> Vec<&[u8]> {
    let mut fields = Fields(body);
    let list = fields
        .u24()
        .and_then(|length| fields.take(usize::try_from(length).ok()?));
    let mut list = Fields(list.unwrap_or_default());
    std::iter::from_fn(|| {
        let length = list.u24()?;
        list.take(usize::try_from(length).ok()?)
    })
    .collect()
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

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;
const SERVER_KEY_EXCHANGE: u8 = 12;
const CERTIFICATE_REQUEST: u8 = 13;
const SERVER_HELLO_DONE: u8 = 14;
const NAMED_CURVE: u8 = 3;

/// Bytes of a message's kind and length.
const HEADER: usize = 4;

/// A chain of certificates may be long (bytes).
const MAX_MESSAGE: usize = 0x1_0000;

/// A TLS 1.3 record with an alert: two bytes, the kind, and the tag of the cipher (RFC 8446 section 5.2).
const ALERT_LENGTH: usize = 2 + 1 + 16;

/// The shortest TLS 1.3 record with a Finished: a header, 32 bytes, the kind, and a short tag. An alert is shorter.
const SHORTEST_FINISHED: usize = 4 + 32 + 1 + 8;

const MAX_CERTIFICATES: usize = 10;
const MAX_ALERTS: usize = 4;

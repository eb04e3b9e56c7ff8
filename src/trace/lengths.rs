//! What is encrypted in TLS 1.3: only the lengths of its records tell what they may be. Pure.
//!
//! RFC 8446 sections 4.4 and 5.2: a record has its contents, a byte for their kind, and the tag of the cipher.

use super::seen::Side;

/// How far an application has come after the server's answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Progress {
    /// It has sent nothing that counts.
    #[default]
    Waiting,
    /// It has sent records of which none is a Finished by its length: a client certificate, with a Finished behind it in
    /// the same record or without.
    Unclear(Count),
    /// It has finished its handshake.
    Finished,
    /// And has sent something.
    Asked,
}

/// How many records of an application are unclear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// A flight that is one record, or the first record of one.
    One,
    /// A flight that is one record and what comes after it, or a part of a flight to which no server answers.
    More,
}

/// What a record tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Nothing,
    /// The application has ended its handshake with an alert.
    Refused,
    /// The application has finished its handshake, or is about to: it has accepted the server.
    Finished,
    /// The application has closed without a session.
    Closed,
    /// The server has ended it with an alert, or closed.
    ServerAlert,
    /// The server has answered what the application sent: a session.
    Session,
}

/// What the chosen suite says about lengths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    /// Bytes of a hash. Two if the suite is not known.
    hashes: &'static [usize],
    /// Bytes of the tag.
    tag: usize,
}

impl Sizes {
    /// Those of a suite (RFC 8446 appendix B.4).
    pub(super) const fn of(suite: u16) -> Self {
        let (hashes, tag): (&[usize], usize) = match suite {
            0x1301 | 0x1303 | 0x1304 => (&[32], 16),
            0x1302 => (&[48], 16),
            0x1305 => (&[32], 8),
            _ => (&[32, 48], 16),
        };
        Self { hashes, tag }
    }

    /// The length of a record with such contents.
    const fn record(self, contents: usize) -> usize {
        contents.saturating_add(1).saturating_add(self.tag)
    }

    fn is_alert(self, length: usize) -> bool {
        length == self.record(ALERT)
    }

    /// Is there nothing in it that anyone sends after the handshake?
    fn is_empty(self, length: usize) -> bool {
        length < self.record(ALERT)
    }

    /// A Finished, also behind an empty Certificate in the same record.
    fn is_finished(self, length: usize) -> bool {
        self.hashes.iter().any(|hash| {
            let finished = HEADER.saturating_add(*hash);
            let both = EMPTY_CERTIFICATE.saturating_add(finished);
            [finished, both]
                .map(|contents| self.record(contents))
                .contains(&length)
        })
    }

    /// A CertificateVerify and a Finished in the same record.
    fn is_signed_and_finished(self, length: usize) -> bool {
        self.hashes.iter().any(|hash| {
            let others = SIGNATURE_HEADER
                .saturating_add(HEADER)
                .saturating_add(*hash);
            let others = self.record(others);
            let signature = length.checked_sub(others);
            signature.is_some_and(|signature| {
                SIGNATURES
                    .iter()
                    .any(|(least, most)| (*least..=*most).contains(&signature))
            })
        })
    }

    fn is_shorter_than_finished(self, length: usize) -> bool {
        let shortest = self.hashes.first().copied().unwrap_or_default();
        length < self.record(HEADER.saturating_add(shortest))
    }

    /// Is there no room for more? What is in it goes on in the next record.
    fn is_full(self, length: usize) -> bool {
        length >= self.record(MAX_CONTENTS)
    }
}

impl Progress {
    /// Reads the length of the next record.
    pub(super) fn hear(&mut self, side: Side, length: usize, sizes: Sizes) -> Told {
        let (next, told) = match side {
            Side::Application => self.application(length, sizes),
            Side::Server => self.server(length, sizes),
        };
        *self = next;
        told
    }

    fn application(self, length: usize, sizes: Sizes) -> (Self, Told) {
        let is_alert = sizes.is_alert(length);
        match self {
            Self::Waiting if is_alert || sizes.is_empty(length) => (self, Told::Refused),
            _ if sizes.is_empty(length) => (self, Told::Nothing),
            Self::Waiting | Self::Unclear(_) if sizes.is_finished(length) => {
                (Self::Finished, Told::Finished)
            }
            // An empty Certificate, a part of a message, or nothing that an application sends.
            Self::Waiting if sizes.is_shorter_than_finished(length) || sizes.is_full(length) => {
                (self, Told::Nothing)
            }
            Self::Waiting => (Self::Unclear(Count::One), Told::Finished),
            Self::Unclear(Count::One) if is_alert => (self, Told::Closed),
            // Otherwise a ticket would look like the answer to a request.
            Self::Unclear(Count::One) if sizes.is_signed_and_finished(length) => {
                (Self::Finished, Told::Finished)
            }
            Self::Unclear(_) if is_alert => (self, Told::Nothing),
            Self::Unclear(_) => (Self::Unclear(Count::More), Told::Nothing),
            Self::Finished if is_alert => (self, Told::Closed),
            Self::Finished => (Self::Asked, Told::Nothing),
            Self::Asked => (self, Told::Nothing),
        }
    }

    fn server(self, length: usize, sizes: Sizes) -> (Self, Told) {
        match self {
            Self::Waiting => (self, Told::Nothing),
            _ if sizes.is_empty(length) => (self, Told::Nothing),
            _ if sizes.is_alert(length) => (self, Told::ServerAlert),
            // Tickets, which are sent unasked.
            Self::Finished | Self::Unclear(Count::One) => (self, Told::Nothing),
            Self::Unclear(Count::More) | Self::Asked => (self, Told::Session),
        }
    }
}

/// Bytes of an alert.
const ALERT: usize = 2;

/// Bytes of a message's kind and length.
const HEADER: usize = 4;

/// A Certificate without certificates: its header, no context, an empty list (RFC 8446 section 4.4.2).
const EMPTY_CERTIFICATE: usize = HEADER + 1 + 3;

/// A CertificateVerify without its signature: its header, the algorithm, the length (RFC 8446 section 4.4.3).
const SIGNATURE_HEADER: usize = HEADER + 2 + 2;

/// The lengths of signatures: of Ed25519; of ECDSA with P-256, P-384 and P-521 in DER; of RSA.
const SIGNATURES: [(usize, usize); 8] = [
    (64, 64),
    (68, 72),
    (100, 104),
    (135, 139),
    (128, 128),
    (256, 256),
    (384, 384),
    (512, 512),
];

/// RFC 8446 section 5.1 (bytes).
const MAX_CONTENTS: usize = 1 << 14;

#[cfg(test)]
mod tests {
    use super::*;

    use Side::{Application, Server as Peer};
    use Told::{Closed, Finished, Nothing, Refused, ServerAlert, Session};

    const SHA256: Sizes = Sizes::of(0x1301);
    const SHA384: Sizes = Sizes::of(0x1302);
    const SHORT_TAG: Sizes = Sizes::of(0x1305);

    fn told(sizes: Sizes, records: &[(Side, usize)]) -> Vec<Told> {
        let mut progress = Progress::default();
        let records = records.iter();
        records
            .map(|(side, length)| progress.hear(*side, *length, sizes))
            .collect()
    }

    #[test]
    fn every_layout_of_a_flight_is_told_from_an_alert_and_from_a_session() {
        for (sizes, records, expected) in [
            (SHA256, vec![(Application, 19)], vec![Refused]),
            (SHORT_TAG, vec![(Application, 11)], vec![Refused]),
            (SHA256, vec![(Application, 53)], vec![Finished]),
            (SHA384, vec![(Application, 69)], vec![Finished]),
            (SHORT_TAG, vec![(Application, 45)], vec![Finished]),
            // OpenSSL without a certificate: Certificate, Finished.
            (
                SHA256,
                vec![(Application, 25), (Application, 53)],
                vec![Nothing, Finished],
            ),
            (
                SHA384,
                vec![
                    (Application, 25),
                    (Application, 69),
                    (Peer, 250),
                    (Application, 19),
                ],
                vec![Nothing, Finished, Nothing, Closed],
            ),
            // Both in one record, as rustls sends them.
            (SHA256, vec![(Application, 61)], vec![Finished]),
            (SHA384, vec![(Application, 77)], vec![Finished]),
            // OpenSSL with a certificate, then tickets, then a close.
            (
                SHA384,
                vec![
                    (Application, 900),
                    (Application, 281),
                    (Application, 69),
                    (Peer, 250),
                    (Peer, 250),
                    (Application, 19),
                ],
                vec![Finished, Nothing, Finished, Nothing, Nothing, Closed],
            ),
            // The same in one record.
            (
                SHA256,
                vec![
                    (Application, 1200),
                    (Peer, 250),
                    (Peer, 250),
                    (Application, 19),
                ],
                vec![Finished, Nothing, Nothing, Closed],
            ),
            // CertificateVerify and Finished in one record, and tickets.
            (
                SHA256,
                vec![
                    (Application, 900),
                    (Application, 317),
                    (Peer, 250),
                    (Application, 19),
                ],
                vec![Finished, Finished, Nothing, Closed],
            ),
            (
                SHA384,
                vec![
                    (Application, 900),
                    (Application, 148),
                    (Application, 100),
                    (Peer, 60),
                ],
                vec![Finished, Finished, Nothing, Session],
            ),
            // All in one record, a startup packet, the answer.
            (
                SHA256,
                vec![(Application, 1200), (Application, 100), (Peer, 60)],
                vec![Finished, Nothing, Session],
            ),
            // A chain that fills a record.
            (
                SHA256,
                vec![
                    (Application, 16401),
                    (Application, 900),
                    (Peer, 250),
                    (Application, 100),
                    (Peer, 60),
                ],
                vec![Nothing, Finished, Nothing, Nothing, Session],
            ),
            // The server does not accept the certificate.
            (
                SHA256,
                vec![
                    (Application, 25),
                    (Application, 53),
                    (Application, 100),
                    (Peer, 19),
                ],
                vec![Nothing, Finished, Nothing, ServerAlert],
            ),
            (
                SHA256,
                vec![(Application, 53), (Application, 100), (Peer, 60)],
                vec![Finished, Nothing, Session],
            ),
        ] {
            assert_eq!(told(sizes, &records), expected, "{records:?}");
        }
    }

    #[test]
    fn an_unknown_suite_may_have_either_hash() {
        let unknown = Sizes::of(0x9999);
        for length in [53, 69, 61, 77] {
            assert_eq!(told(unknown, &[(Application, length)]), [Finished]);
        }
        assert_eq!(told(unknown, &[(Application, 25)]), [Nothing]);
    }
}

//! What the server says about this session, compared with what this end knows.

use crate::handshake::{ClientCertificateRequest, Tls};
use crate::wire::postgres::ServerError;
use crate::wire::tls::{Suite, TlsVersion};

/// What the server reports about this session (PostgreSQL documentation, "pg_stat_ssl"). Its texts are
/// untrusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerSession {
    /// Whether it has TLS at all.
    pub encryption: Encryption,
    /// `TLSv1.3`
    pub version: Option<String>,
    /// OpenSSL's name of the suite.
    pub cipher: Option<String>,
    /// Secret bits of the key.
    pub bits: Option<String>,
    /// The subject of the client certificate that the server got.
    pub client_dn: Option<String>,
    /// That certificate's serial number: the subject may be empty.
    pub client_serial: Option<String>,
    /// The number of the server's process for this session.
    pub process: Option<u32>,
    /// The client's port, as the server sees it.
    pub client_port: Option<u16>,
}

/// Whether the server's session is the one that this client has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// The same process, and the port of this end of the connection.
    Same,
    /// The same process, but another port: something translates addresses, or passes messages on.
    OtherPort,
    /// Another process than the one that answered here: a pooler.
    OtherProcess,
    /// The server does not say.
    Unknown,
}

/// This end of the session, to compare with the server's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Own<'a> {
    /// What was negotiated.
    pub(super) tls: &'a Tls,
    /// The process that BackendKeyData named.
    pub(super) process: Option<u32>,
    /// The port of the socket.
    pub(super) port: Option<u16>,
}

/// Whether a session has TLS, according to the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encryption {
    /// It has not.
    #[default]
    None,
    /// It has.
    Tls,
}

/// Why the server's view is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It answered with an error: PgBouncer's console, for example, has no such view.
    Server(ServerError),
    /// It was not asked: a connection for physical replication takes no SQL.
    Replication,
    /// It has no row for this session.
    NoRow,
    /// Its row has unknown columns.
    Unfamiliar,
    /// It reported everything, but the suite negotiated here is unknown.
    OwnSideUnknown,
}

/// How the server's view differs from ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Another process than the one that answered here.
    Process {
        /// The one that answered.
        answered: u32,
        /// The server's.
        server: u32,
    },
    /// The server's session has no TLS.
    NoTls,
    /// Another version.
    Version,
    /// Another suite.
    Cipher,
    /// Another key length.
    Bits,
    /// The client certificate that we sent did not arrive, or one arrived that we did not send.
    ClientCertificate,
}

/// What kind of server it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It accepts writes.
    ReadWrite,
    /// It is not a standby, but refuses writes.
    ReadOnly,
    /// It is a standby.
    Standby,
    /// It does not say.
    Unknown,
}

impl Role {
    /// From what the server says of itself.
    pub(super) fn of(in_standby: Option<&str>, read_only: Option<&str>) -> Self {
        match (in_standby, read_only) {
            (Some("on"), _) => Self::Standby,
            (Some("off"), Some("on")) => Self::ReadOnly,
            (Some("off"), Some("off")) => Self::ReadWrite,
            _ => Self::Unknown,
        }
    }
}

impl ServerSession {
    /// How the two ends of the session differ. No difference does not prove that there is only one
    /// session: something in between may have negotiated the same twice. Only channel binding proves
    /// it.
    pub(super) fn differences(&self, own: &Own<'_>) -> Vec<Difference> {
        let process = own.process.zip(self.process);
        let process = process
            .filter(|(answered, server)| answered != server)
            .map(|(answered, server)| Difference::Process { answered, server });
        let tls = self.tls_differences(own.tls);
        process.into_iter().chain(tls).collect()
    }

    /// Whether the process and the port are those of this end.
    pub(super) fn sight(&self, own: &Own<'_>) -> Sight {
        match (
            own.process.zip(self.process),
            own.port.zip(self.client_port),
        ) {
            (None, _) => Sight::Unknown,
            (Some((answered, server)), _) if answered != server => Sight::OtherProcess,
            (Some(_), Some((own, seen))) if own == seen => Sight::Same,
            (Some(_), _) => Sight::OtherPort,
        }
    }

    fn tls_differences(&self, ours: &Tls) -> Vec<Difference> {
        if self.encryption == Encryption::None {
            return vec![Difference::NoTls];
        }
        let version = ours.protocol.map(TlsVersion::name);
        let theirs = self.cipher.as_deref();
        let same_cipher = ours
            .cipher
            .is_none_or(|cipher| theirs == Some(cipher.openssl) || theirs == Some(cipher.iana));
        let bits = ours.cipher.and_then(Suite::key_bits);
        let bits = bits.map(|bits| bits.to_string());
        let sent = ours.client_certificate == ClientCertificateRequest::Sent;
        let arrived = self.client_dn.is_some() || self.client_serial.is_some();
        [
            (Difference::Version, version == self.version.as_deref()),
            (Difference::Cipher, same_cipher),
            (Difference::Bits, bits.is_none() || bits == self.bits),
            (Difference::ClientCertificate, sent == arrived),
        ]
        .into_iter()
        .filter(|(_, same)| !same)
        .map(|(difference, _)| difference)
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours() -> Tls {
        Tls {
            protocol: Some(TlsVersion::V1_3),
            cipher: Suite::of(0x1302),
            ..Tls::default()
        }
    }

    fn theirs() -> ServerSession {
        ServerSession {
            encryption: Encryption::Tls,
            version: Some("TLSv1.3".to_owned()),
            cipher: Some("TLS_AES_256_GCM_SHA384".to_owned()),
            bits: Some("256".to_owned()),
            ..ServerSession::default()
        }
    }

    fn differences(session: &ServerSession, tls: &Tls) -> Vec<Difference> {
        session.differences(&Own {
            tls,
            process: None,
            port: None,
        })
    }

    #[test]
    fn a_pooler_shows_by_the_process_and_a_relay_by_the_port() {
        let tls = ours();
        let session = ServerSession {
            process: Some(21_051),
            client_port: Some(50_936),
            ..theirs()
        };
        let process = Difference::Process {
            answered: 708_474_193,
            server: 21_051,
        };
        for (process, port, sight, expected) in [
            (Some(21_051), Some(50_936), Sight::Same, vec![]),
            (Some(21_051), Some(4), Sight::OtherPort, vec![]),
            (Some(21_051), None, Sight::OtherPort, vec![]),
            (
                Some(708_474_193),
                Some(50_936),
                Sight::OtherProcess,
                vec![process],
            ),
            (None, Some(50_936), Sight::Unknown, vec![]),
        ] {
            let tls = &tls;
            let own = Own { tls, process, port };
            assert_eq!(session.sight(&own), sight);
            assert_eq!(session.differences(&own), expected);
        }
        let plain = ServerSession {
            encryption: Encryption::None,
            ..session
        };
        let own = Own {
            tls: &tls,
            process: Some(708_474_193),
            port: None,
        };
        assert_eq!(plain.differences(&own), [process, Difference::NoTls]);
    }

    #[test]
    fn one_session_looks_the_same_from_both_ends() {
        assert_eq!(differences(&theirs(), &ours()), []);
        let sent = Tls {
            client_certificate: ClientCertificateRequest::Sent,
            ..ours()
        };
        let named = ServerSession {
            client_dn: Some("/CN=ann".to_owned()),
            ..theirs()
        };
        assert_eq!(differences(&named, &sent), []);
        let nameless = ServerSession {
            client_serial: Some("7".to_owned()),
            ..theirs()
        };
        assert_eq!(differences(&nameless, &sent), []);
        let iana = ServerSession {
            version: Some("TLSv1.2".to_owned()),
            cipher: Some("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256".to_owned()),
            bits: Some("128".to_owned()),
            ..theirs()
        };
        let ours = Tls {
            protocol: Some(TlsVersion::V1_2),
            cipher: Suite::of(0xc02f),
            ..ours()
        };
        assert_eq!(differences(&iana, &ours), []);
    }

    #[test]
    fn two_sessions_differ_in_what_they_report() {
        let text = |text: &str| Some(text.to_owned());
        for (session, difference) in [
            (ServerSession::default(), Difference::NoTls),
            (
                ServerSession {
                    version: text("TLSv1.2"),
                    ..theirs()
                },
                Difference::Version,
            ),
            (
                ServerSession {
                    cipher: text("TLS_AES_128_GCM_SHA256"),
                    ..theirs()
                },
                Difference::Cipher,
            ),
            (
                ServerSession {
                    bits: text("128"),
                    ..theirs()
                },
                Difference::Bits,
            ),
            (
                ServerSession {
                    client_dn: text("/CN=pooler"),
                    ..theirs()
                },
                Difference::ClientCertificate,
            ),
        ] {
            assert_eq!(differences(&session, &ours()), [difference], "{session:?}");
        }
    }
}

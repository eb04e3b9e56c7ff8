//! Which private keys a client reads.

use super::profile::Client;
use super::table::PROFILES;
use crate::trust::{Container, Encoding, KeyForm, Protection};

/// What reads the key of a client certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyReader {
    /// libpq: all that is checked here.
    OpenSsl,
    /// Python's `load_cert_chain`.
    OpenSslPem,
    /// Node.js without a passphrase.
    Node,
    /// pgjdbc's `LazyKeyManager`, which reads the key when a server asks for it.
    Pgjdbc,
    /// Netty's `SslContextBuilder.keyManager`, which r2dbc-postgresql uses.
    Netty,
    /// .NET's `CreateFromPemFile` and `CreateFromEncryptedPemFile`.
    DotNet,
    /// Go's `tls.X509KeyPair`.
    Go,
    /// The same after Go's `x509.DecryptPEMBlock`.
    Pgx,
    /// rustls' PEM reader.
    Rustls,
    /// The program reads it, or nothing does.
    NotItsOwn,
}

/// Whether a key can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reads {
    Yes,
    No(&'static str),
    Unknown(&'static str),
}

impl KeyReader {
    /// What reads the keys of a client library.
    pub(crate) fn of(client: Client) -> Option<Self> {
        let profile = PROFILES.iter().find(|profile| profile.client == client)?;
        Some(profile.keys)
    }

    /// Why it does not read a key of this form, or not in every version.
    pub(crate) fn objection(self, form: KeyForm) -> Option<&'static str> {
        match self.reads(form) {
            Reads::Yes => None,
            Reads::No(reason) | Reads::Unknown(reason) => Some(reason),
        }
    }

    /// Does it read a key of this form, with its passphrase in `sslpassword`?
    pub(super) fn reads(self, form: KeyForm) -> Reads {
        let KeyForm {
            encoding,
            container,
            protection,
        } = form;
        match (self, encoding, container, protection) {
            (Self::OpenSsl | Self::NotItsOwn, _, _, _)
            | (Self::OpenSslPem, Encoding::Pem, _, _)
            | (
                Self::Node | Self::Go | Self::Pgx | Self::Rustls | Self::DotNet,
                Encoding::Pem,
                _,
                Protection::Plain,
            )
            | (Self::DotNet, Encoding::Pem, Container::Pkcs8, Protection::Encrypted)
            | (Self::Netty, Encoding::Pem, Container::Pkcs8, _)
            | (Self::Pgjdbc, Encoding::Der, Container::Pkcs8, _) => Reads::Yes,
            (
                Self::OpenSslPem
                | Self::Node
                | Self::Go
                | Self::Pgx
                | Self::Rustls
                | Self::DotNet
                | Self::Netty,
                Encoding::Der,
                _,
                _,
            ) => Reads::No("it reads private keys only as PEM, and this one is DER"),
            (Self::Node, Encoding::Pem, _, Protection::Encrypted) => {
                Reads::No("it does not read sslpassword, and the private key is encrypted")
            }
            (Self::Go | Self::Rustls, Encoding::Pem, _, Protection::Encrypted) => {
                Reads::No("it reads no encrypted private keys")
            }
            (Self::Pgx, Encoding::Pem, Container::Pkcs8, Protection::Encrypted) => Reads::No(
                "it decrypts only private keys of the old PEM form (Proc-Type), and this one is PKCS#8",
            ),
            (Self::Pgx, Encoding::Pem, Container::Traditional, Protection::Encrypted) => {
                Reads::Unknown(
                    "it decrypts RSA keys of this old PEM form; others were not measured",
                )
            }
            (Self::DotNet, Encoding::Pem, Container::Traditional, Protection::Encrypted) => {
                Reads::No("it reads encrypted private keys only as PKCS#8")
            }
            (Self::Netty, Encoding::Pem, Container::Traditional, _) => {
                Reads::No("it reads private keys only as PKCS#8 (BEGIN PRIVATE KEY)")
            }
            (Self::Pgjdbc, Encoding::Der, Container::Traditional, _) => {
                Reads::No("it reads DER keys only as PKCS#8 (.pk8)")
            }
            (Self::Pgjdbc, Encoding::Pem, Container::Pkcs8, _) => Reads::Unknown(
                "it reads PEM keys from version 42.7.9 on; older versions need PKCS#8 DER (.pk8) or PKCS#12 (.p12)",
            ),
            (Self::Pgjdbc, Encoding::Pem, Container::Traditional, _) => Reads::Unknown(
                "every version reads PKCS#8 DER (.pk8) and PKCS#12 (.p12); from 42.7.9 on it also reads PEM, but PKCS#8 (BEGIN PRIVATE KEY)",
            ),
        }
    }
}

//! The SNI, byte for byte as libpq sends it.
//!
//! libpq passes the host as written to OpenSSL, which sends it unchanged. rustls sends only what RFC
//! 6066 section 3 allows: it removes a final dot, and does not accept raw bytes or a label over 63
//! bytes. Such a name is given to rustls spelled in letters. This module puts the real name into the
//! ClientHello in every place that matters: on the wire, in the hash of the handshake, and in what
//! the client's key signs in TLS 1.2.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, LazyLock};

use rustls::crypto::CryptoProvider;
use rustls::crypto::hash::{Context, Hash, HashAlgorithm, Output};
use rustls::pki_types::{DnsName, ServerName, SubjectPublicKeyInfoDer};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{
    CipherSuiteCommon, SignatureAlgorithm, SignatureScheme, SupportedCipherSuite, Tls12CipherSuite,
    Tls13CipherSuite,
};

use super::offer::PROVIDER;
use crate::wire::tls::hello::with_server_name;
use crate::wire::tls::record;

/// Why a name cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerNameFault {
    /// OpenSSL cannot send it either, so libpq ends the attempt.
    TooLong,
    /// libpq can send it, pgtls cannot.
    Unsendable,
}

impl fmt::Display for ServerNameFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => {
                "could not set SSL Server Name Indication (SNI): ssl3 ext invalid servername"
            }
            Self::Unsendable => "psql sends the host as SNI, but pgtls cannot",
        })
    }
}

/// How rustls gets the name.
#[derive(Clone, Debug)]
pub(crate) enum Sni {
    /// No name is sent.
    Unsent,
    /// rustls sends it unchanged.
    Plain(DnsName<'static>),
    /// rustls gets it spelled in letters.
    Spelled(DnsName<'static>),
}

impl Sni {
    /// Chooses the way for this name.
    pub(super) fn of(name: Option<&[u8]>) -> Result<Self, ServerNameFault> {
        let Some(name) = name else {
            return Ok(Self::Unsent);
        };
        if name.len() > MAX_NAME {
            return Err(ServerNameFault::TooLong);
        }
        let plain = std::str::from_utf8(name)
            .ok()
            .filter(|name| !name.ends_with('.'))
            .and_then(|name| DnsName::try_from(name).ok());
        match plain {
            Some(name) => Ok(Self::Plain(name.to_owned())),
            None => DnsName::try_from(spell(name))
                .map(Self::Spelled)
                .map_err(|_| ServerNameFault::Unsendable),
        }
    }

    /// The name for rustls. It needs a name even if none is sent, and does not send an address.
    pub(super) fn for_rustls(&self) -> ServerName<'static> {
        match self {
            Self::Unsent => ServerName::IpAddress(IpAddr::V4(Ipv4Addr::UNSPECIFIED).into()),
            Self::Plain(name) | Self::Spelled(name) => ServerName::DnsName(name.clone()),
        }
    }

    /// The provider whose hashes know the real name.
    pub(super) fn provider(&self) -> Arc<CryptoProvider> {
        match self {
            Self::Unsent | Self::Plain(_) => Arc::clone(&PROVIDER),
            Self::Spelled(_) => Arc::clone(&SPELLING_PROVIDER),
        }
    }

    /// The client's certificate, with a key that signs the real name.
    pub(super) fn identity(
        &self,
        identity: Option<Arc<CertifiedKey>>,
    ) -> Option<Arc<CertifiedKey>> {
        match self {
            Self::Unsent | Self::Plain(_) => identity,
            Self::Spelled(_) => identity.map(|identity| {
                let key = Arc::new(SpellingKey(Arc::clone(&identity.key)));
                Arc::new(CertifiedKey::new(identity.cert.clone(), key))
            }),
        }
    }

    /// Some records of rustls, with the real name in a ClientHello.
    pub(crate) fn on_the_wire(&self, records: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Unsent | Self::Plain(_) => None,
            Self::Spelled(_) => record::map_handshake(records, real_hello),
        }
    }
}

/// OpenSSL's limit (`TLSEXT_MAXLEN_host_name`), in bytes.
const MAX_NAME: usize = 255;

/// Two letters from `a` to `p` for each byte, in labels that a DNS name may have.
fn spell(name: &[u8]) -> String {
    let letter = |half: u8| char::from(b'a' + half);
    let mut spelled = String::with_capacity(name.len() * 2);
    for (position, byte) in name.iter().enumerate() {
        if position > 0 && position % BYTES_IN_LABEL == 0 {
            spelled.push('.');
        }
        spelled.push(letter(byte >> 4));
        spelled.push(letter(byte & 15));
    }
    spelled
}

/// A label has at most 63 letters.
const BYTES_IN_LABEL: usize = 31;

/// The name with this spelling; `None` if it is not a spelling.
fn unspell(spelled: &[u8]) -> Option<Vec<u8>> {
    let half = |letter: &u8| letter.checked_sub(b'a').filter(|half| *half < 16);
    let letters: Vec<u8> = spelled
        .iter()
        .filter(|letter| **letter != b'.')
        .map(half)
        .collect::<Option<_>>()?;
    let pairs = letters.chunks_exact(2);
    pairs
        .map(|pair| match pair {
            [high, low] => Some((high << 4) | low),
            _ => None,
        })
        .collect()
}

/// Some handshake messages, with the real name in a ClientHello; `None` if there is nothing to
/// change.
fn real_hello(messages: &[u8]) -> Option<Vec<u8>> {
    with_server_name(messages, unspell)
}

/// The usual provider, with hashes that know the real name.
static SPELLING_PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
    let usual = &**PROVIDER;
    Arc::new(CryptoProvider {
        cipher_suites: usual.cipher_suites.iter().map(spelling_suite).collect(),
        ..usual.clone()
    })
});

/// rustls needs suites with a static lifetime. They are made once.
fn spelling_suite(suite: &SupportedCipherSuite) -> SupportedCipherSuite {
    match suite {
        SupportedCipherSuite::Tls12(suite) => {
            SupportedCipherSuite::Tls12(Box::leak(Box::new(Tls12CipherSuite {
                common: spelling_common(&suite.common),
                ..**suite
            })))
        }
        SupportedCipherSuite::Tls13(suite) => {
            SupportedCipherSuite::Tls13(Box::leak(Box::new(Tls13CipherSuite {
                common: spelling_common(&suite.common),
                ..**suite
            })))
        }
    }
}

fn spelling_common(common: &CipherSuiteCommon) -> CipherSuiteCommon {
    CipherSuiteCommon {
        hash_provider: Box::leak(Box::new(SpellingHash(common.hash_provider))),
        ..*common
    }
}

/// A hash of the handshake that sees the real name.
struct SpellingHash(&'static dyn Hash);

impl Hash for SpellingHash {
    fn start(&self) -> Box<dyn Context> {
        Box::new(SpellingContext(self.0.start()))
    }

    fn hash(&self, data: &[u8]) -> Output {
        self.0.hash(data)
    }

    fn output_len(&self) -> usize {
        self.0.output_len()
    }

    fn algorithm(&self) -> HashAlgorithm {
        self.0.algorithm()
    }
}

struct SpellingContext(Box<dyn Context>);

impl Context for SpellingContext {
    fn fork_finish(&self) -> Output {
        self.0.fork_finish()
    }

    fn fork(&self) -> Box<dyn Context> {
        Box::new(Self(self.0.fork()))
    }

    fn finish(self: Box<Self>) -> Output {
        self.0.finish()
    }

    /// rustls hashes whole messages, one or more at a time.
    fn update(&mut self, data: &[u8]) {
        match real_hello(data) {
            Some(real) => self.0.update(&real),
            None => self.0.update(data),
        }
    }
}

/// A key that signs the handshake with the real name, as TLS 1.2 requires (RFC 5246 section 7.4.8).
#[derive(Debug)]
struct SpellingKey(Arc<dyn SigningKey>);

impl SigningKey for SpellingKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let signer = self.0.choose_scheme(offered)?;
        Some(Box::new(SpellingSigner(signer)))
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        self.0.public_key()
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }
}

#[derive(Debug)]
struct SpellingSigner(Box<dyn Signer>);

impl Signer for SpellingSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        match real_hello(message) {
            Some(real) => self.0.sign(&real),
            None => self.0.sign(message),
        }
    }

    fn scheme(&self) -> SignatureScheme {
        self.0.scheme()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_sent_as_libpq_sends_it_or_refused() {
        for (name, expected) in [
            (&b"db.example"[..], "plain"),
            (b"DB.Example", "plain"),
            (b"db.example.", "spelled"),
            (&[b'a'; 64], "spelled"),
            (b"\xff\x00x", "spelled"),
            (&[b'a'; 124], "spelled"),
            (&[b'a'; 125], "Unsendable"),
            (&[b'a'; 255], "Unsendable"),
            (&[b'a'; 256], "TooLong"),
        ] {
            let way = match Sni::of(Some(name)) {
                Ok(Sni::Unsent) => "unsent".to_owned(),
                Ok(Sni::Plain(told)) => {
                    assert_eq!(told.as_ref().as_bytes(), name);
                    "plain".to_owned()
                }
                Ok(Sni::Spelled(told)) => {
                    assert_eq!(unspell(told.as_ref().as_bytes()).as_deref(), Some(name));
                    "spelled".to_owned()
                }
                Err(fault) => format!("{fault:?}"),
            };
            assert_eq!(way, expected, "{name:?}");
        }
        assert!(matches!(Sni::of(None), Ok(Sni::Unsent)));
    }
}

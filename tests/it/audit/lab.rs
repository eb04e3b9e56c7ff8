//! A PostgreSQL server as far as TLS is concerned, on rustls, with faults to choose from.

use std::io::{self, Read as _, Write as _};
use std::sync::Arc;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::support::peer::{Conversation, Peer};
use crate::support::pki::Served;

/// How it behaves.
#[derive(Clone)]
pub(crate) struct Lab {
    pub(crate) config: Arc<ServerConfig>,
    /// Reaction to hellos for TLS 1.0 and 1.1.
    pub(crate) on_legacy: OnLegacy,
    /// Reaction to bytes after an SSLRequest.
    pub(crate) on_stuffed: OnStuffed,
    /// Reaction to hellos without a key share, which TLS 1.3 allows.
    pub(crate) on_no_share: OnNoShare,
    /// What it answers to a startup packet in clear.
    pub(crate) in_clear: &'static [u8],
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnLegacy {
    Refuse,
    HangUp,
    SayNothing,
    Babble,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnNoShare {
    Retry,
    Refuse,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnStuffed {
    Drop,
    Process,
    /// Takes it for a ClientHello, and refuses it with an alert.
    Alert,
    /// Takes it for a startup packet, and answers that in clear.
    AnswerInClear,
}

/// "no encryption", the error for a pg_hba.conf without an entry.
pub(crate) const REFUSAL: &[u8] =
    b"E\0\0\0\x3bSFATAL\0C28000\0Mno entry for \"postgres\", no encryption\0\0";

impl Lab {
    /// Without a fault.
    pub(crate) fn new(served: &Served) -> Self {
        Self {
            config: config(Arc::new(ByKey(vec![key(served)]))),
            on_legacy: OnLegacy::Refuse,
            on_stuffed: OnStuffed::Drop,
            on_no_share: OnNoShare::Retry,
            in_clear: REFUSAL,
        }
    }

    pub(crate) fn start(self) -> Peer {
        Peer::start(move |conversation| self.serve(conversation))
    }

    fn serve(&self, conversation: &mut Conversation) -> io::Result<()> {
        let mut first = [0; 4096];
        let count = conversation.read(&mut first)?;
        let (request, behind) = first[..count].split_at(count.min(8));
        match request {
            [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f] => {}
            [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30] => return conversation.say(b"N"),
            [0, ..] => return conversation.say(self.in_clear),
            _ => return Ok(()),
        }
        match self.on_stuffed {
            OnStuffed::Alert if !behind.is_empty() => {
                return conversation.say(b"S\x15\x03\x03\0\x02\x02\x32");
            }
            OnStuffed::AnswerInClear if !behind.is_empty() => {
                return conversation.say(&[b"S", SASL].concat());
            }
            OnStuffed::Drop | OnStuffed::Process | OnStuffed::Alert | OnStuffed::AnswerInClear => {}
        }
        conversation.say(b"S")?;
        let mut hello = vec![0; 5];
        conversation.read_exact(&mut hello)?;
        let length = usize::from(u16::from_be_bytes([hello[3], hello[4]]));
        hello.resize(5 + length, 0);
        conversation.read_exact(&mut hello[5..])?;
        let no_share = hello.windows(6).any(|part| part == [0, 51, 0, 2, 0, 0]);
        if no_share && self.on_no_share == OnNoShare::Refuse {
            return conversation.say(&[21, 3, 3, 0, 2, 2, 40]);
        }
        if hello[9..11] < [3, 3][..] {
            match self.on_legacy {
                OnLegacy::Refuse => {}
                OnLegacy::HangUp => return Ok(()),
                OnLegacy::SayNothing => return conversation.listen(),
                OnLegacy::Babble => return conversation.say(b"HTTP/1.1 400 Bad Request\r\n"),
            }
        }
        let mut connection =
            ServerConnection::new(Arc::clone(&self.config)).map_err(io::Error::other)?;
        connection.read_tls(&mut &hello[..])?;
        if connection.process_new_packets().is_err() {
            while connection.wants_write() {
                connection.write_tls(conversation)?;
            }
            return Ok(());
        }
        let mut session = StreamOwned::new(connection, conversation);
        while session.conn.is_handshaking() {
            session.conn.complete_io(&mut session.sock)?;
        }
        if !behind.is_empty() && self.on_stuffed == OnStuffed::Process {
            session.write_all(SASL)?;
        }
        let mut startup = [0; 4096];
        let count = session.read(&mut startup)?;
        if count != CANCEL_LENGTH {
            session.write_all(SASL)?;
        }
        session.conn.send_close_notify();
        session.flush()
    }
}

const SASL: &[u8] = b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0";
const CANCEL_LENGTH: usize = 16;

/// A configuration with this choice of certificates.
pub(crate) fn config(resolver: Arc<dyn ResolvesServerCert>) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Arc::new(config)
}

/// A certificate in rustls' form.
pub(crate) fn key(served: &Served) -> Arc<CertifiedKey> {
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let chain = CertificateDer::pem_slice_iter(served.chain.as_bytes());
    let chain = chain.collect::<Result<Vec<_>, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_slice(served.key.as_bytes()).unwrap();
    let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key).unwrap();
    Arc::new(CertifiedKey::new(chain, key))
}

/// The first for clients with SNI, the second for clients without.
#[derive(Debug)]
pub(crate) struct ByName(pub(crate) Arc<CertifiedKey>, pub(crate) Arc<CertifiedKey>);

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let chosen = match hello.server_name() {
            Some(_) => &self.0,
            None => &self.1,
        };
        let fits = chosen
            .key
            .choose_scheme(hello.signature_schemes())
            .is_some();
        fits.then(|| Arc::clone(chosen))
    }
}

/// The first of those whose key can sign as the client wants.
#[derive(Debug)]
pub(crate) struct ByKey(pub(crate) Vec<Arc<CertifiedKey>>);

impl ResolvesServerCert for ByKey {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let schemes = hello.signature_schemes();
        let mut fitting = self.0.iter();
        let fitting = fitting.find(|one| one.key.choose_scheme(schemes).is_some());
        fitting.map(Arc::clone)
    }
}

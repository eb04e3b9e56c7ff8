//! TLS for the login: tokio-postgres-rustls with our verifier. The server is judged before anything is
//! sent inside.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use aws_lc_rs::digest::{
    self, Algorithm, SHA3_256, SHA3_384, SHA3_512, SHA224, SHA256, SHA384, SHA512, SHA512_256,
};
use tokio::net::TcpStream;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::Error;
use super::password::Password;
use super::rules::{Credential, Rules};
use super::startup::Startup;
use super::tap::{Record, Tap};
use super::watch::{Shared, Watched};
use crate::conninfo::Keyword;
use crate::demands::{Demands, unmet};
use crate::escape::escape;
use crate::handshake::{self, Approve, ClientCertificateRequest, Offer, Tls};
use crate::probe::{Task, Witness, offer};
use crate::verify::Judgement;
use crate::wire::tls::TlsVersion;
use crate::x509::{Certificate, Digest, SignatureScheme};

/// tokio-postgres-rustls, over the socket.
type Rustls = <MakeRustlsConnect as MakeTlsConnect<Tap<TcpStream>>>::Stream;
type Connect = <MakeRustlsConnect as MakeTlsConnect<Tap<TcpStream>>>::TlsConnect;

/// Shakes hands, judges, and returns a watched stream.
pub(super) struct Connector {
    inner: Connect,
    client_certificate: Box<dyn Fn() -> ClientCertificateRequest + Send>,
    witness: Arc<Witness>,
    wanted: Wanted,
    rules: Rules,
    tap: Record,
    shared: Shared,
}

impl Connector {
    pub(super) fn new(
        (task, chosen): (&Task, Option<i64>),
        demands: &Demands,
        password: &Password,
        tap: &Record,
        shared: &Shared,
    ) -> Result<Self, Error> {
        let witness = Witness::new(task);
        let approve = Arc::<Witness>::clone(&witness);
        let settings = settings(task, demands, approve).map_err(|error| Error::Handshake {
            error,
            tls: Box::default(),
            judgement: None,
        })?;
        let client_certificate = Box::new(settings.client_certificate());
        tap.spell(settings.sni);
        let mut maker = MakeRustlsConnect::new(settings.config);
        let Ok(inner): Result<Connect, Infallible> =
            MakeTlsConnect::<Tap<TcpStream>>::make_tls_connect(&mut maker, &settings.server_name);
        Ok(Self {
            inner,
            client_certificate,
            witness,
            wanted: Wanted {
                task: task.clone(),
                chosen,
                demands: demands.clone(),
            },
            rules: rules(task, password),
            tap: tap.clone(),
            shared: shared.clone(),
        })
    }

    async fn shake_hands(self, stream: Tap<TcpStream>) -> io::Result<Watched<Rustls>> {
        let connected = self.inner.connect(stream).await;
        let tls = Tls {
            client_certificate: (self.client_certificate)(),
            ..described(&self.tap)
        };
        let judgement = self.witness.take();
        let (inner, judgement) = match (connected, judgement) {
            (Ok(inner), Some(judgement)) => (inner, judgement),
            (connected, judgement) => {
                // A session without a judgement cannot be ours.
                let error = connected
                    .err()
                    .unwrap_or_else(|| io::Error::other("unjudged"));
                return Err(self.shared.fail(Error::Handshake {
                    error: tls_error(error),
                    tls: Box::new(tls),
                    judgement: judgement.map(Box::new),
                }));
            }
        };
        if let Err(error) = self.tap.server_hello_accepted() {
            return Err(self.shared.fail(Error::Handshake {
                error,
                tls: Box::new(tls),
                judgement: Some(Box::new(judgement)),
            }));
        }
        if !self.wanted.is_met_by(&judgement) {
            return Err(self.shared.fail(Error::Unmet));
        }
        let rules = Rules {
            certificate: tls.client_certificate,
            end_point: judgement.certificates.first().and_then(server_end_point),
            ..self.rules
        };
        self.shared.begin(tls);
        let startup = Startup::of(&self.wanted.task.conninfo);
        Ok(Watched::new(inner, self.shared, rules, startup))
    }
}

/// What the certificates of this connection must meet, too: several servers may share one address.
struct Wanted {
    task: Task,
    /// The time of `--at`.
    chosen: Option<i64>,
    demands: Demands,
}

impl Wanted {
    /// Do pins and all other demands hold, now and at the chosen time?
    fn is_met_by(&self, judgement: &Judgement) -> bool {
        let holds = |task: &Task, judgement: &Judgement| {
            judgement.satisfies(task.trust.level).is_ok()
                && unmet(&self.demands, judgement, None, &task.trust, &task.rules()).is_empty()
        };
        let presented = judgement.certificates.iter();
        let presented: Vec<&[u8]> = presented.map(|one| &*one.der).collect();
        let holds_at = |now| {
            let then = Task {
                now,
                ..self.task.clone()
            };
            holds(&then, &then.judge(&presented))
        };
        holds(&self.task, judgement) && self.chosen.is_none_or(holds_at)
    }
}

impl TlsConnect<Tap<TcpStream>> for Connector {
    type Stream = Watched<Rustls>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Stream>> + Send>>;

    fn connect(self, stream: Tap<TcpStream>) -> Self::Future {
        Box::pin(self.shake_hands(stream))
    }
}

/// The offer of the first handshake, without versions below the demanded one.
fn settings(
    task: &Task,
    demands: &Demands,
    approve: Arc<dyn Approve>,
) -> Result<handshake::Settings, handshake::Error> {
    let offer = offer(task);
    let min_version = demands.min_tls.map_or(offer.min_version, |demanded| {
        demanded.max(offer.min_version)
    });
    handshake::settings(
        &Offer {
            min_version,
            ..offer
        },
        approve,
    )
}

fn rules(task: &Task, password: &Password) -> Rules {
    let conninfo = &task.conninfo;
    let required = conninfo.parameter(Keyword::RequireAuth);
    Rules {
        require_auth: conninfo
            .require_auth
            .as_ref()
            .map(|setting| setting.value.clone()),
        required: required
            .map(|setting| escape(&setting.value.to_string()).to_string())
            .unwrap_or_default(),
        channel_binding: conninfo.channel_binding.value,
        sslcertmode: conninfo.sslcertmode.value,
        credential: match password.secret {
            Some(_) => Credential::Password,
            None => Credential::Nothing,
        },
        // Both are known after the handshake.
        certificate: ClientCertificateRequest::NotRequested,
        end_point: None,
    }
}

fn described(tap: &Record) -> Tls {
    let cipher = tap.cipher();
    Tls {
        protocol: cipher.map(|cipher| {
            // No suite works with both versions (RFC 8446 appendix B.4).
            if cipher.is_tls13() {
                TlsVersion::V1_3
            } else {
                TlsVersion::V1_2
            }
        }),
        cipher,
        ..Tls::default()
    }
}

fn tls_error(error: io::Error) -> handshake::Error {
    handshake::Error::of_tls(&error).unwrap_or_else(|| handshake::Error::from_io(error))
}

/// `tls-server-end-point` as libpq computes it (RFC 5929 section 4.1; `pgtls_get_peer_certificate_hash`
/// in `fe-secure-openssl.c`): the hash of the certificate by the digest of its signature, SHA-256
/// instead of MD5 and SHA-1. `None` if the signature names no digest.
fn server_end_point(leaf: &Certificate) -> Option<Vec<u8>> {
    let digest = match &leaf.signature_algorithm.scheme {
        SignatureScheme::RsaPkcs1(digest)
        | SignatureScheme::Ecdsa(digest)
        | SignatureScheme::Dsa(digest) => *digest,
        SignatureScheme::RsaPss(parameters) => parameters.as_ref()?.digest,
        SignatureScheme::Ed25519
        | SignatureScheme::Ed448
        | SignatureScheme::MlDsa(_)
        | SignatureScheme::SlhDsa(_)
        | SignatureScheme::Unknown(_) => return None,
    };
    Some(
        digest::digest(algorithm(digest)?, &leaf.der)
            .as_ref()
            .to_vec(),
    )
}

fn algorithm(digest: Digest) -> Option<&'static Algorithm> {
    Some(match digest {
        Digest::Md5 | Digest::Sha1 | Digest::Sha256 => &SHA256,
        Digest::Sha224 => &SHA224,
        Digest::Sha384 => &SHA384,
        Digest::Sha512 => &SHA512,
        Digest::Sha512_256 => &SHA512_256,
        Digest::Sha3_256 => &SHA3_256,
        Digest::Sha3_384 => &SHA3_384,
        Digest::Sha3_512 => &SHA3_512,
        Digest::Md4 | Digest::Ripemd160 | Digest::Sha512_224 | Digest::Sha3_224 => return None,
    })
}

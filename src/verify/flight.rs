//! What libpq's TLS library requires of a server's first flight in TLS 1.2, beyond the chain: the
//! ServerHello, and a signed key exchange that proves the key of the certificate.
//!
//! Sources: `tls_process_server_hello`, `tls_process_key_exchange` and `ssl3_check_cert_and_algorithm` in
//! OpenSSL's `ssl/statem/statem_clnt.c`, `tls12_check_peer_sigalg` in `ssl/t1_lib.c`; RFC 5246 section
//! 7.4.3, RFC 8422 section 5.4.

use std::cmp::Ordering;

use aws_lc_rs::signature::{self as aws, UnparsedPublicKey};

use super::signature::{Check, check};
use crate::wire::Fields;
use crate::wire::tls::flight::{Flight, ServerHello};
use crate::wire::tls::hello::{
    ALPN_EXTENSION, EC_POINT_FORMATS, RENEGOTIATION_INFO, SERVER_NAME, SESSION_TICKET,
};
use crate::wire::tls::libpq_hello::{LibpqHello, is_unsolicited};
use crate::wire::tls::{Alpn, Group, KeyExchange, Suite, TlsVersion};
use crate::x509::{Certificate, Digest, KeyKind, PssParameters, SignatureScheme, SigningFault};

/// Why psql, or pgtls, does not accept a flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlightFault {
    /// A version that libpq does not offer.
    #[error("the server chose a version of TLS that was not offered (0x{0:04x})")]
    Version(u16),
    /// TLS 1.2 from a server that says that it has TLS 1.3 (RFC 8446 section 4.1.3).
    #[error(
        "the server chose TLS 1.2 and its random bytes say that it has TLS 1.3: the offer was changed on the way"
    )]
    Downgraded,
    /// A suite that libpq does not offer.
    #[error("the server chose a cipher suite that was not offered (0x{0:04x})")]
    Suite(u16),
    /// Compression, or an extension that is malformed or was not offered.
    #[error("the ServerHello has something that was not offered")]
    Hello,
    /// No answer to renegotiation_info (RFC 5746).
    #[error("unsafe legacy renegotiation disabled")]
    Renegotiation,
    /// RSA key exchange: only a finished handshake proves the key.
    #[error("the server agrees only to RSA key exchange ({})", .0.openssl)]
    StaticKey(Suite),
    /// The message is missing or malformed.
    #[error("the server's key exchange is missing or malformed")]
    Malformed,
    /// The kind of key does not match the suite.
    #[error("the key of the server's certificate does not match the cipher suite")]
    WrongKey,
    /// The certificate may not sign.
    #[error("the server's certificate may not sign its key exchange")]
    MayNotSign(SigningFault),
    /// A group that libpq does not offer.
    #[error("the server chose a group that was not offered ({0})")]
    Group(u16),
    /// The server's share is not a point of the group, or its prime or generator is invalid.
    #[error("the server's share of the key exchange is invalid")]
    Share,
    /// A prime below what the security level requires.
    #[error("dh key too small: the server's prime has {bits} bits")]
    SmallPrime {
        /// Its size.
        bits: usize,
    },
    /// The key of the certificate is on a curve that libpq does not offer.
    #[error(
        "wrong curve: the key of the server's certificate is on {0}, which psql does not offer"
    )]
    Curve(&'static str),
    /// A signature scheme that libpq does not offer, or that does not fit the key.
    #[error("the server signed its key exchange with a scheme that does not fit (0x{0:04x})")]
    Scheme(u16),
    /// Another key made the signature, or it is for another connection.
    #[error(
        "the signature of the server's key exchange is wrong: the server does not have the key of its certificate"
    )]
    Signature,
    /// OpenSSL can check this kind of signature; we cannot.
    #[error("the server signs with a key that pgtls cannot check ({0})")]
    Unsupported(KeyName),
}

/// A kind of key that we cannot check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyName {
    /// Ed448.
    Ed448,
    /// A curve that we do not support.
    Curve(&'static str),
    /// RSA of an odd size.
    Rsa,
    /// Anything else.
    Other,
}

impl std::fmt::Display for KeyName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Ed448 => "Ed448",
            Self::Curve(name) => name,
            Self::Rsa => "RSA",
            Self::Other => "an unusual kind",
        })
    }
}

/// A key exchange whose signature is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The group, if it has one.
    pub group: Option<Group>,
    /// IANA's number of the signature scheme.
    pub scheme: u16,
}

/// Checks a ServerHello of TLS 1.2 against the offer; the suite if all is well.
///
/// # Errors
/// Why libpq's TLS library ends the handshake there.
pub fn check_hello(hello: &ServerHello, offer: &LibpqHello<'_>) -> Result<Suite, FlightFault> {
    if hello.version != TlsVersion::V1_2.number() || !offer.offers(TlsVersion::V1_2) {
        return Err(FlightFault::Version(hello.version));
    }
    // `ssl_choose_client_version` in ssl/statem/statem_lib.c.
    if offer.offers(TlsVersion::V1_3) && hello.random.ends_with(&DOWNGRADED) {
        return Err(FlightFault::Downgraded);
    }
    let mut offered = offer.lists.suites_of_tls12.iter();
    let suite = offered.find(|id| **id == hello.suite);
    let suite = suite.and_then(|id| Suite::of(*id));
    let suite = suite.ok_or(FlightFault::Suite(hello.suite))?;
    let is_odd = |(kind, contents): &(u16, Vec<u8>)| {
        let is_filled = matches!(*kind, SERVER_NAME | SESSION_TICKET) && !contents.is_empty();
        is_filled || is_unsolicited(*kind, offer.server_name)
    };
    if hello.compression != 0 || hello.extensions.iter().any(is_odd) {
        return Err(FlightFault::Hello);
    }
    // In a first handshake its contents are empty (`final_renegotiate` in ssl/statem/extensions.c).
    if hello.extension(RENEGOTIATION_INFO) != Some(&[0]) {
        return Err(FlightFault::Renegotiation);
    }
    // `final_ec_pt_formats` in ssl/statem/extensions.c.
    let formats = hello.extension(EC_POINT_FORMATS);
    if let (KeyExchange::Ecdhe, Some(formats)) = (suite.key_exchange(), formats) {
        let mut list = Fields(formats);
        if !list.block8().is_some_and(|list| list.contains(&0)) || !list.is_empty() {
            return Err(FlightFault::Hello);
        }
    }
    // `tls_parse_stoc_alpn` in ssl/statem/extensions_clnt.c.
    let selects = hello.extension(ALPN_EXTENSION).is_some();
    if selects && (offer.alpn == Alpn::Omitted || alpn(hello).is_none()) {
        return Err(FlightFault::Hello);
    }
    Ok(suite)
}

/// The application protocol that the server selects. There must be exactly one (RFC 7301 section 3.1).
pub fn alpn(hello: &ServerHello) -> Option<&[u8]> {
    let mut fields = Fields(hello.extension(ALPN_EXTENSION)?);
    let mut list = Fields(fields.block16()?);
    let name = list.block8()?;
    (fields.is_empty() && list.is_empty() && !name.is_empty()).then_some(name)
}

/// Checks that the server has the key of its certificate, and has used it for this connection.
///
/// # Errors
/// Why libpq's TLS library ends the handshake there, or why we cannot tell.
pub fn check_key_exchange(
    flight: &Flight,
    suite: Suite,
    offer: &LibpqHello<'_>,
    leaf: &Certificate,
) -> Result<Proven, FlightFault> {
    if !fits(suite, &leaf.public_key.kind) {
        return Err(FlightFault::WrongKey);
    }
    // `tls12_check_peer_sigalg`: "wrong curve".
    if let KeyKind::Ec(curve) = leaf.public_key.kind
        && let Some(group) = curve.group()
        && !offer.lists.groups.contains(&group)
    {
        return Err(FlightFault::Curve(curve.name()));
    }
    let kind = suite.key_exchange();
    if kind == KeyExchange::Static {
        return Err(FlightFault::StaticKey(suite));
    }
    let body = flight.key_exchange.as_deref();
    let mut fields = Fields(body.ok_or(FlightFault::Malformed)?);
    let whole = fields.0;
    let group = match kind {
        KeyExchange::Ecdhe => Some(take_point(&mut fields, &offer.lists.groups)?),
        KeyExchange::Dhe => {
            take_prime(&mut fields, offer.lists.prime_bits)?;
            None
        }
        KeyExchange::Tls13 | KeyExchange::Static => return Err(FlightFault::Malformed),
    };
    let length = whole.len().saturating_sub(fields.0.len());
    let parameters = whole.get(..length).unwrap_or_default();
    let (Some(scheme), Some(signature), true) = (fields.u16(), fields.block16(), fields.is_empty())
    else {
        return Err(FlightFault::Malformed);
    };
    let stated = Some(scheme)
        .filter(|scheme| offer.lists.schemes.contains(scheme))
        .and_then(|scheme| stated(scheme, &leaf.public_key.kind));
    let stated = stated.ok_or(FlightFault::Scheme(scheme))?;
    let message = [&offer.random[..], &flight.hello.random, parameters].concat();
    match check(&stated, &leaf.public_key, &message, signature) {
        Check::Good => {}
        Check::Bad => return Err(FlightFault::Signature),
        Check::Unsupported => return Err(FlightFault::Unsupported(name(&leaf.public_key.kind))),
    }
    leaf.may_sign_key_exchange()
        .map_err(FlightFault::MayNotSign)?;
    Ok(Proven { group, scheme })
}

/// Does the kind of key match the suite (`tls_process_server_certificate`)?
fn fits(suite: Suite, key: &KeyKind) -> bool {
    let signs_with_curve = suite.iana.contains("_ECDSA_");
    match key {
        KeyKind::Rsa { .. } => !signs_with_curve,
        // It cannot encrypt, so not for RSA key exchange.
        KeyKind::RsaPss { .. } => !signs_with_curve && suite.key_exchange() != KeyExchange::Static,
        KeyKind::Ec(_) | KeyKind::EcExplicit(_) | KeyKind::Ed25519 | KeyKind::Ed448 => {
            signs_with_curve
        }
        // ML-DSA is for TLS 1.3 only.
        KeyKind::Dsa { .. } | KeyKind::MlDsa(_) | KeyKind::SlhDsa(_) | KeyKind::Unusable(_) => {
            false
        }
    }
}

fn take_point(fields: &mut Fields<'_>, offered: &[u16]) -> Result<Group, FlightFault> {
    let malformed = FlightFault::Malformed;
    if fields.u8().ok_or(malformed)? != NAMED_CURVE {
        return Err(malformed);
    }
    let id = fields.u16().ok_or(malformed)?;
    let point = fields.block8().ok_or(malformed)?;
    let group = Group::of(id).filter(|group| offered.contains(&id) && group.in_tls12());
    let group = group.ok_or(FlightFault::Group(id))?;
    let curve = match group.id {
        SECP256R1 => &aws::ECDSA_P256_SHA256_ASN1,
        SECP384R1 => &aws::ECDSA_P384_SHA384_ASN1,
        SECP521R1 => &aws::ECDSA_P521_SHA512_ASN1,
        // X25519 and X448: every string of the right length is a point, and zeros are none of use.
        _ => {
            let length = if group.id == X448 { 56 } else { 32 };
            let usable = point.len() == length && point.iter().any(|byte| *byte != 0);
            return if usable {
                Ok(group)
            } else {
                Err(FlightFault::Share)
            };
        }
    };
    match UnparsedPublicKey::new(curve, point).parse() {
        Ok(_) => Ok(group),
        Err(_) => Err(FlightFault::Share),
    }
}

/// Prime, generator and share (`tls_process_ske_dhe`). The prime must have so many bits.
fn take_prime(fields: &mut Fields<'_>, needed: usize) -> Result<(), FlightFault> {
    let malformed = FlightFault::Malformed;
    let mut number = || fields.block16().map(magnitude).ok_or(malformed);
    let (prime, generator, share) = (number()?, number()?, number()?);
    let (Some((first, _)), Some((last, front))) = (prime.split_first(), prime.split_last()) else {
        return Err(FlightFault::Share);
    };
    let leading = usize::try_from(first.leading_zeros()).unwrap_or(0);
    let bits = prime.len().saturating_mul(8).saturating_sub(leading);
    // An odd number, so this is one less.
    let highest = [front, &[last & !1]].concat();
    let inside = |number: &[u8]| {
        compare(number, &[1]) == Ordering::Greater && compare(number, &highest) == Ordering::Less
    };
    // `ossl_ffc_params_simple_validate` and `DH_check_pub_key`.
    if last & 1 == 0 || !PRIME_BITS.contains(&bits) || !inside(generator) || !inside(share) {
        return Err(FlightFault::Share);
    }
    if bits < needed {
        return Err(FlightFault::SmallPrime { bits });
    }
    Ok(())
}

/// A number without leading zeros.
fn magnitude(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

fn compare(one: &[u8], other: &[u8]) -> Ordering {
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

/// What a scheme means for this kind of key; `None` if it does not fit.
fn stated(scheme: u16, key: &KeyKind) -> Option<SignatureScheme> {
    let pss = |digest| SignatureScheme::RsaPss(Some(PssParameters::of_tls(digest)));
    let digest = match scheme {
        0x0301 | 0x0303 => Digest::Sha224,
        0x0401 | 0x0403 | 0x0804 | 0x0809 => Digest::Sha256,
        0x0501 | 0x0503 | 0x0805 | 0x080a => Digest::Sha384,
        _ => Digest::Sha512,
    };
    Some(match (scheme, key) {
        (0x0301 | 0x0401 | 0x0501 | 0x0601, KeyKind::Rsa { .. }) => {
            SignatureScheme::RsaPkcs1(digest)
        }
        (0x0804..=0x0806, KeyKind::Rsa { .. }) | (0x0809..=0x080b, KeyKind::RsaPss { .. }) => {
            pss(digest)
        }
        (0x0303 | 0x0403 | 0x0503 | 0x0603, KeyKind::Ec(_) | KeyKind::EcExplicit(_)) => {
            SignatureScheme::Ecdsa(digest)
        }
        (0x0807, KeyKind::Ed25519) => SignatureScheme::Ed25519,
        (0x0808, KeyKind::Ed448) => SignatureScheme::Ed448,
        _ => return None,
    })
}

fn name(key: &KeyKind) -> KeyName {
    match key {
        KeyKind::Ed448 => KeyName::Ed448,
        KeyKind::Ec(curve) => KeyName::Curve(curve.name()),
        KeyKind::Rsa { .. } | KeyKind::RsaPss { .. } => KeyName::Rsa,
        KeyKind::EcExplicit(_)
        | KeyKind::MlDsa(_)
        | KeyKind::SlhDsa(_)
        | KeyKind::Ed25519
        | KeyKind::Dsa { .. }
        | KeyKind::Unusable(_) => KeyName::Other,
    }
}

/// The end of the random bytes of a server that has TLS 1.3 and chooses TLS 1.2.
const DOWNGRADED: [u8; 8] = *b"DOWNGRD\x01";

const NAMED_CURVE: u8 = 3;
const SECP256R1: u16 = 23;
const SECP384R1: u16 = 24;
const SECP521R1: u16 = 25;
const X448: u16 = 30;

/// `DH_MIN_MODULUS_BITS` and `OPENSSL_DH_MAX_MODULUS_BITS`.
const PRIME_BITS: std::ops::RangeInclusive<usize> = 512..=10_000;

#[cfg(test)]
mod tests;

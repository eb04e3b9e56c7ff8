//! Flights that are made here, good ones and forged ones.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA384, RsaEncoding,
    RsaKeyPair,
};
use rcgen::{
    CertificateParams, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256,
    SignatureAlgorithm,
};

use super::*;
use crate::wire::tls::libpq_hello::{Lists, Shares};

const CLIENT: [u8; 32] = [1; 32];
const SERVER: [u8; 32] = [2; 32];

const ECDHE_ECDSA_CBC: u16 = 0xc024;
const ECDHE_RSA_CBC: u16 = 0xc028;
const DHE_RSA_GCM: u16 = 0x009f;
const RSA_CBC: u16 = 0x0035;

fn suite(id: u16) -> Suite {
    Suite::of(id).unwrap()
}

/// A server's certificate with its key.
struct Server {
    leaf: Certificate,
    key: KeyPair,
}

impl Server {
    fn of(kind: &'static SignatureAlgorithm, usages: &[KeyUsagePurpose]) -> Self {
        let key = KeyPair::generate_for(kind).unwrap();
        let mut params = CertificateParams::new(vec!["db.example".to_owned()]).unwrap();
        params.key_usages = usages.to_vec();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        Self {
            leaf: Certificate::parse(&der).unwrap(),
            key,
        }
    }

    fn ecdsa() -> Self {
        Self::of(&PKCS_ECDSA_P256_SHA256, &[])
    }

    fn rsa() -> Self {
        Self::of(&PKCS_RSA_SHA256, &[])
    }

    fn sign_ecdsa(&self, message: &[u8]) -> Vec<u8> {
        let der = self.key.serialize_der();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &der).unwrap();
        let signature = key.sign(&SystemRandom::new(), message).unwrap();
        signature.as_ref().to_vec()
    }

    fn sign_rsa(&self, padding: &'static dyn RsaEncoding, message: &[u8]) -> Vec<u8> {
        let key = RsaKeyPair::from_pkcs8(&self.key.serialize_der()).unwrap();
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(padding, &SystemRandom::new(), message, &mut signature)
            .unwrap();
        signature
    }
}

/// The parameters of an exchange on a named curve.
fn point(group: u16, point: &[u8]) -> Vec<u8> {
    let length = u8::try_from(point.len()).unwrap();
    [&[3][..], &group.to_be_bytes(), &[length], point].concat()
}

fn block(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
    [&length[..], bytes].concat()
}

/// Prime, generator and share.
fn prime(prime: &[u8], generator: &[u8], share: &[u8]) -> Vec<u8> {
    [block(prime), block(generator), block(share)].concat()
}

/// An odd number of 2,048 bits.
fn big() -> Vec<u8> {
    vec![0xff; 256]
}

fn signed_part(random: &[u8; 32], parameters: &[u8]) -> Vec<u8> {
    [&random[..], &SERVER, parameters].concat()
}

fn body(parameters: &[u8], scheme: u16, signature: &[u8]) -> Vec<u8> {
    [parameters, &scheme.to_be_bytes()[..], &block(signature)].concat()
}

fn hello(extensions: &[(u16, &[u8])]) -> ServerHello {
    ServerHello {
        version: 0x0303,
        random: SERVER,
        suite: ECDHE_RSA_CBC,
        compression: 0,
        extensions: extensions
            .iter()
            .map(|(kind, contents)| (*kind, contents.to_vec()))
            .collect(),
    }
}

fn flight(key_exchange: Option<Vec<u8>>) -> Flight {
    Flight {
        hello: hello(&[]),
        certificates: Vec::new(),
        key_exchange,
        authorities: None,
    }
}

fn check_body(server: &Server, id: u16, body: Vec<u8>) -> Result<Proven, FlightFault> {
    check_key_exchange(
        &flight(Some(body)),
        suite(id),
        &offer(TlsVersion::V1_2, None),
        &server.leaf,
    )
}

/// An honest exchange by this server, with the group X25519.
fn honest(server: &Server) -> Vec<u8> {
    let parameters = point(29, &[9; 32]);
    let signature = server.sign_ecdsa(&signed_part(&CLIENT, &parameters));
    body(&parameters, 0x0403, &signature)
}

#[test]
fn the_key_of_the_certificate_proves_itself() {
    let ecdsa = Server::ecdsa();
    let proven = check_body(&ecdsa, ECDHE_ECDSA_CBC, honest(&ecdsa)).unwrap();
    assert_eq!(proven.group.unwrap().name, "x25519");
    let rsa = Server::rsa();
    let parameters = prime(&big(), &[2], &[5]);
    let message = signed_part(&CLIENT, &parameters);
    let pkcs1 = body(
        &parameters,
        0x0401,
        &rsa.sign_rsa(&RSA_PKCS1_SHA256, &message),
    );
    let pss = body(
        &parameters,
        0x0805,
        &rsa.sign_rsa(&RSA_PSS_SHA384, &message),
    );
    for exchange in [pkcs1, pss] {
        let proven = check_body(&rsa, DHE_RSA_GCM, exchange).unwrap();
        assert_eq!(proven.group, None);
    }
}

#[test]
fn a_forged_replayed_or_damaged_exchange_proves_nothing() {
    let server = Server::ecdsa();
    let other = Server::ecdsa();
    let parameters = point(29, &[9; 32]);
    let good = honest(&server);
    let replayed = server.sign_ecdsa(&signed_part(&[7; 32], &parameters));
    let unsalted = server.sign_ecdsa(&parameters);
    let damaged = |position: usize| {
        let mut damaged = good.clone();
        damaged[position] ^= 1;
        damaged
    };
    let signature = Err(FlightFault::Signature);
    for (name, exchange, expected) in [
        ("another key", honest(&other), signature),
        (
            "another connection",
            body(&parameters, 0x0403, &replayed),
            signature,
        ),
        (
            "no random bytes",
            body(&parameters, 0x0403, &unsalted),
            signature,
        ),
        ("another share", damaged(10), signature),
        ("another signature", damaged(good.len() - 1), signature),
        ("no signature", body(&parameters, 0x0403, b""), signature),
        (
            "cut",
            good[..good.len() - 1].to_vec(),
            Err(FlightFault::Malformed),
        ),
        (
            "longer",
            [&good[..], b"x"].concat(),
            Err(FlightFault::Malformed),
        ),
        ("empty", Vec::new(), Err(FlightFault::Malformed)),
    ] {
        let result = check_body(&server, ECDHE_ECDSA_CBC, exchange);
        assert_eq!(result, expected, "{name}");
    }
    for end in 0..good.len() {
        let cut = good[..end].to_vec();
        assert!(check_body(&server, ECDHE_ECDSA_CBC, cut).is_err(), "{end}");
    }
    let missing = check_key_exchange(
        &flight(None),
        suite(ECDHE_ECDSA_CBC),
        &offer(TlsVersion::V1_2, None),
        &server.leaf,
    );
    assert_eq!(missing, Err(FlightFault::Malformed));
}

#[test]
fn a_scheme_that_was_not_offered_or_does_not_fit_is_refused() {
    let server = Server::ecdsa();
    let rsa = Server::rsa();
    let parameters = point(29, &[9; 32]);
    let message = signed_part(&CLIENT, &parameters);
    let signature = server.sign_ecdsa(&message);
    // RSA PKCS#1, SHA-1, Ed25519, RSA-PSS, and none that exists.
    for scheme in [0x0401, 0x0203, 0x0807, 0x0804, 0x0809, 0] {
        let result = check_body(
            &server,
            ECDHE_ECDSA_CBC,
            body(&parameters, scheme, &signature),
        );
        assert_eq!(result, Err(FlightFault::Scheme(scheme)));
    }
    let signature = rsa.sign_rsa(&RSA_PKCS1_SHA256, &message);
    for scheme in [0x0403, 0x0201, 0x0809] {
        let result = check_body(&rsa, ECDHE_RSA_CBC, body(&parameters, scheme, &signature));
        assert_eq!(result, Err(FlightFault::Scheme(scheme)));
    }
    // The digest is another one.
    let result = check_body(&rsa, ECDHE_RSA_CBC, body(&parameters, 0x0501, &signature));
    assert_eq!(result, Err(FlightFault::Signature));
}

#[test]
fn what_a_machine_does_not_offer_is_not_accepted() {
    let server = Server::ecdsa();
    let check = |lists| {
        let offer = LibpqHello {
            lists,
            ..offer(TlsVersion::V1_2, None)
        };
        let flight = flight(Some(honest(&server)));
        check_key_exchange(&flight, suite(ECDHE_ECDSA_CBC), &offer, &server.leaf).err()
    };
    let all = Lists::default();
    assert_eq!(check(all.clone()), None);
    let groups = vec![23];
    let expected = Some(FlightFault::Group(29));
    assert_eq!(
        check(Lists {
            groups,
            ..all.clone()
        }),
        expected
    );
    let schemes = vec![0x0503];
    let expected = Some(FlightFault::Scheme(0x0403));
    assert_eq!(check(Lists { schemes, ..all }), expected);
}

#[test]
fn the_key_must_match_the_suite_and_may_have_to_be_for_signing() {
    let server = Server::ecdsa();
    let wrong = check_body(&server, ECDHE_RSA_CBC, honest(&server));
    assert_eq!(wrong, Err(FlightFault::WrongKey));
    let agreeing = Server::of(&PKCS_ECDSA_P256_SHA256, &[KeyUsagePurpose::KeyAgreement]);
    let result = check_body(&agreeing, ECDHE_ECDSA_CBC, honest(&agreeing));
    let expected = FlightFault::MayNotSign(SigningFault::KeyUsage);
    assert_eq!(result, Err(expected));
    let rsa = Server::rsa();
    let result = check_key_exchange(
        &flight(None),
        suite(RSA_CBC),
        &offer(TlsVersion::V1_2, None),
        &rsa.leaf,
    );
    assert_eq!(result, Err(FlightFault::StaticKey(suite(RSA_CBC))));
}

#[test]
fn only_points_of_groups_that_were_offered_count() {
    let server = Server::ecdsa();
    let outside = [&[4][..], &[1; 64]].concat();
    for (name, parameters, expected) in [
        ("secp256k1", point(22, &[4; 65]), FlightFault::Group(22)),
        (
            "a group of TLS 1.3",
            point(256, &[4; 65]),
            FlightFault::Group(256),
        ),
        ("no group", point(0xff, &[4; 65]), FlightFault::Group(0xff)),
        ("off the curve", point(23, &outside), FlightFault::Share),
        ("too short", point(29, &[9; 31]), FlightFault::Share),
        ("zero", point(29, &[0; 32]), FlightFault::Share),
        ("X448, too short", point(30, &[9; 32]), FlightFault::Share),
        ("explicit curve", vec![1, 0, 29], FlightFault::Malformed),
    ] {
        let signature = server.sign_ecdsa(&signed_part(&CLIENT, &parameters));
        let exchange = body(&parameters, 0x0403, &signature);
        let result = check_body(&server, ECDHE_ECDSA_CBC, exchange);
        assert_eq!(result, Err(expected), "{name}");
    }
}

#[test]
fn primes_are_judged_by_security_level_2() {
    let server = Server::rsa();
    let even = [&[0xff; 255][..], &[0xfe]].concat();
    let last = [&[0xff; 255][..], &[0xfe]].concat();
    let nearly = [&[0x7f][..], &[0xff; 255]].concat();
    let padded = [&[0, 0][..], &big()].concat();
    for (name, parameters, expected) in [
        ("2,048 bits", prime(&big(), &[2], &[5]), None),
        ("zeros before it", prime(&padded, &[0, 2], &[0, 5]), None),
        (
            "2,047 bits",
            prime(&nearly, &[2], &[5]),
            Some(FlightFault::SmallPrime { bits: 2047 }),
        ),
        (
            "1,024 bits",
            prime(&[0xff; 128], &[2], &[5]),
            Some(FlightFault::SmallPrime { bits: 1024 }),
        ),
        (
            "504 bits",
            prime(&[0xff; 63], &[2], &[5]),
            Some(FlightFault::Share),
        ),
        ("even", prime(&even, &[2], &[5]), Some(FlightFault::Share)),
        (
            "generator 1",
            prime(&big(), &[1], &[5]),
            Some(FlightFault::Share),
        ),
        (
            "share 0",
            prime(&big(), &[2], &[]),
            Some(FlightFault::Share),
        ),
        (
            "share 1",
            prime(&big(), &[2], &[1]),
            Some(FlightFault::Share),
        ),
        (
            "share p - 1",
            prime(&big(), &[2], &last),
            Some(FlightFault::Share),
        ),
        ("no prime", prime(&[], &[2], &[5]), Some(FlightFault::Share)),
    ] {
        let message = signed_part(&CLIENT, &parameters);
        let signature = server.sign_rsa(&RSA_PKCS1_SHA256, &message);
        let exchange = body(&parameters, 0x0401, &signature);
        let result = check_body(&server, DHE_RSA_GCM, exchange);
        assert_eq!(result.err(), expected, "{name}");
    }
}

/// The signature does not cover the kind of key exchange, so the parameters of one must not be read as
/// those of the other (Mavrogiannopoulos et al., "A Cross-Protocol Attack on the TLS Protocol").
#[test]
fn parameters_of_one_kind_are_not_read_as_another() {
    let server = Server::rsa();
    for (parameters, id) in [
        (point(29, &[9; 32]), DHE_RSA_GCM),
        (prime(&big(), &[2], &[5]), ECDHE_RSA_CBC),
        (prime(&[0xff; 0x300], &[2], &[5]), ECDHE_RSA_CBC),
    ] {
        let message = signed_part(&CLIENT, &parameters);
        let signature = server.sign_rsa(&RSA_PKCS1_SHA256, &message);
        let result = check_body(&server, id, body(&parameters, 0x0401, &signature));
        assert!(result.is_err(), "{id:#06x}: {result:?}");
    }
}

fn offer(min_version: TlsVersion, server_name: Option<&[u8]>) -> LibpqHello<'_> {
    LibpqHello {
        max_version: TlsVersion::V1_3,
        min_version,
        server_name,
        alpn: Alpn::Named,
        random: CLIENT,
        lists: Lists::default(),
        shares: Shares::None,
    }
}

#[test]
fn a_server_hello_is_compared_with_the_offer() {
    const RENEGOTIATION: (u16, &[u8]) = (0xff01, &[0]);
    let good = hello(&[RENEGOTIATION]);
    let name = Some(&b"db.example"[..]);
    let usual = offer(TlsVersion::V1_2, name);
    let with = |kind: u16, contents: &[u8]| hello(&[RENEGOTIATION, (kind, contents)]);
    let rows = [
        ("good", good.clone(), None),
        ("unknown extension", with(0x5500, b"x"), None),
        ("its own groups", with(10, b"x"), None),
        ("points", with(11, &[2, 1, 0]), None),
        ("ALPN", with(16, &[0, 2, 1, b'p']), None),
        (
            "no renegotiation",
            hello(&[]),
            Some(FlightFault::Renegotiation),
        ),
        (
            "odd renegotiation",
            hello(&[(0xff01, &[1, 2])]),
            Some(FlightFault::Renegotiation),
        ),
        (
            "compressed points only",
            with(11, &[1, 1]),
            Some(FlightFault::Hello),
        ),
        ("status_request", with(5, b""), Some(FlightFault::Hello)),
        ("a filled ticket", with(35, b"x"), Some(FlightFault::Hello)),
        (
            "two protocols",
            with(16, &[0, 4, 1, b'p', 1, b'q']),
            Some(FlightFault::Hello),
        ),
        (
            "compression",
            ServerHello {
                compression: 1,
                ..good.clone()
            },
            Some(FlightFault::Hello),
        ),
        (
            "TLS 1.1",
            ServerHello {
                version: 0x0302,
                ..good.clone()
            },
            Some(FlightFault::Version(0x0302)),
        ),
        (
            "DHE-RSA-CCM",
            ServerHello {
                suite: 0xc09f,
                ..good.clone()
            },
            Some(FlightFault::Suite(0xc09f)),
        ),
        (
            "of TLS 1.3",
            ServerHello {
                suite: 0x1301,
                ..good.clone()
            },
            Some(FlightFault::Suite(0x1301)),
        ),
    ];
    for (name, hello, expected) in rows {
        assert_eq!(check_hello(&hello, &usual).err(), expected, "{name}");
    }
    assert_eq!(check_hello(&good, &usual), Ok(suite(ECDHE_RSA_CBC)));
    let named = with(0, b"");
    assert!(check_hello(&named, &usual).is_ok());
    let nameless = check_hello(&named, &offer(TlsVersion::V1_2, None));
    assert_eq!(nameless, Err(FlightFault::Hello));
    let newer = check_hello(&good, &offer(TlsVersion::V1_3, name));
    assert_eq!(newer, Err(FlightFault::Version(0x0303)));
}

#[test]
fn a_server_that_was_made_to_forget_tls_1_3_is_noticed() {
    let mut downgraded = hello(&[(0xff01, &[0])]);
    downgraded.random[24..].copy_from_slice(b"DOWNGRD\x01");
    let usual = offer(TlsVersion::V1_2, None);
    let result = check_hello(&downgraded, &usual);
    assert_eq!(result, Err(FlightFault::Downgraded));
    // Without TLS 1.3 in the offer the server says it truthfully.
    let older = LibpqHello {
        max_version: TlsVersion::V1_2,
        ..usual
    };
    assert!(check_hello(&downgraded, &older).is_ok());
}

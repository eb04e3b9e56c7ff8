//! The ClientHello of libpq's TLS library, in all that a server's choice depends on: OpenSSL 3.0 to 3.5 at
//! security level 2, without what these versions do not have in common.
//!
//! It is for servers that have nothing in common with rustls. There is no key share, so a TLS 1.3 server
//! names suite and group in a HelloRetryRequest.

use super::hello::{
    ALPN, Alpn, EXTENDED_MASTER_SECRET, KEY_SHARE, RENEGOTIATION_INFO, SESSION_TICKET,
};
use super::hello::{
    ALPN_EXTENSION, EC_POINT_FORMATS, ENCRYPT_THEN_MAC, SERVER_NAME, SIGNATURE_ALGORITHMS,
    SUPPORTED_GROUPS, SUPPORTED_VERSIONS, extension, hello_record, name_list,
};
use super::version::TlsVersion;
use crate::wire::fields::{block8, block16};

/// What differs from one connection to the next.
#[derive(Clone, Debug)]
pub struct LibpqHello<'a> {
    /// The newest version to offer: TLS 1.2 or 1.3.
    pub max_version: TlsVersion,
    /// The oldest version to offer: TLS 1.2 or 1.3.
    pub min_version: TlsVersion,
    /// The SNI; `None` to send none.
    pub server_name: Option<&'a [u8]>,
    /// Whether ALPN names the protocol: libpq 16 and older do not.
    pub alpn: Alpn,
    /// Fresh random bytes: the server signs them.
    pub random: [u8; 32],
    /// What of the rest is offered.
    pub lists: Lists,
    /// Which keys are sent along.
    pub shares: Shares,
}

/// The key shares of a ClientHello, which decide its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shares {
    /// None: a TLS 1.3 server asks for the one that it wants.
    None,
    /// X25519MLKEM768 and X25519, as OpenSSL 3.5 sends them. They are valid public keys, but nothing can be
    /// decrypted with them: it is the size that matters.
    PostQuantum,
}

impl Shares {
    fn encode(self) -> Vec<u8> {
        match self {
            Self::None => block16(&[]),
            Self::PostQuantum => {
                let share =
                    |group: u16, key: &[u8]| [&group.to_be_bytes()[..], &block16(key)].concat();
                let mut base_point = [0; 32];
                base_point[0] = 9;
                // draft-ietf-tls-ecdhe-mlkem section 4.1: the encapsulation key of ML-KEM-768, then X25519's.
                // All coefficients of this one are zero.
                let hybrid = [&[0; 1184][..], &base_point].concat();
                block16(&[share(X25519_MLKEM768, &hybrid), share(X25519, &base_point)].concat())
            }
        }
    }
}

/// What a machine's configuration may limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lists {
    /// Key exchange groups.
    pub groups: Vec<u16>,
    /// Signature schemes.
    pub schemes: Vec<u16>,
    /// Cipher suites of TLS 1.3.
    pub suites_of_tls13: Vec<u16>,
    /// Cipher suites of TLS 1.2.
    pub suites_of_tls12: Vec<u16>,
    /// Bits of the smallest prime of a DHE key exchange.
    pub prime_bits: usize,
}

impl Default for Lists {
    fn default() -> Self {
        Self {
            groups: GROUPS.to_vec(),
            schemes: SCHEMES.to_vec(),
            suites_of_tls13: SUITES_OF_TLS13.to_vec(),
            suites_of_tls12: SUITES_OF_TLS12.to_vec(),
            prime_bits: PRIME_BITS,
        }
    }
}

impl LibpqHello<'_> {
    /// The record with the ClientHello.
    pub fn encode(&self) -> Vec<u8> {
        let mut suites = Vec::new();
        if self.offers(TlsVersion::V1_3) {
            suites.extend(numbers(&self.lists.suites_of_tls13));
        }
        if self.offers(TlsVersion::V1_2) {
            suites.extend(numbers(&self.lists.suites_of_tls12));
        }
        let session: &[u8] = match self.offers(TlsVersion::V1_3) {
            // A fake one for middleboxes (RFC 8446 appendix D.4).
            true => &self.random,
            false => &[],
        };
        let body = [
            &TlsVersion::V1_2.number().to_be_bytes()[..],
            &self.random,
            &block8(session),
            &block16(&suites),
            // No compression.
            &block8(&[0]),
            &block16(&self.extensions()),
        ];
        hello_record(&body.concat())
    }

    /// Is this version offered?
    pub fn offers(&self, version: TlsVersion) -> bool {
        (self.min_version..=self.max_version).contains(&version)
    }

    fn extensions(&self) -> Vec<u8> {
        let mut all = Vec::new();
        if let Some(name) = self.server_name {
            all.extend(extension(SERVER_NAME, &name_list(name)));
        }
        all.extend(extension(EC_POINT_FORMATS, &block8(&[0, 1, 2])));
        all.extend(extension(
            SUPPORTED_GROUPS,
            &block16(&numbers(&self.lists.groups)),
        ));
        all.extend(extension(SESSION_TICKET, &[]));
        if self.alpn == Alpn::Named {
            all.extend(extension(ALPN_EXTENSION, &block16(&block8(ALPN))));
        }
        all.extend(extension(ENCRYPT_THEN_MAC, &[]));
        all.extend(extension(EXTENDED_MASTER_SECRET, &[]));
        all.extend(extension(
            SIGNATURE_ALGORITHMS,
            &block16(&numbers(&self.lists.schemes)),
        ));
        all.extend(extension(RENEGOTIATION_INFO, &block8(&[])));
        if self.offers(TlsVersion::V1_3) {
            let versions: Vec<u16> = [TlsVersion::V1_3, TlsVersion::V1_2]
                .into_iter()
                .filter(|version| self.offers(*version))
                .map(TlsVersion::number)
                .collect();
            all.extend(extension(SUPPORTED_VERSIONS, &block8(&numbers(&versions))));
            all.extend(extension(KEY_SHARE, &self.shares.encode()));
        }
        all
    }
}

/// Does OpenSSL end the handshake if a ServerHello of TLS 1.2 has this extension? It does so if it knows
/// the extension and did not offer it there (`tls_collect_extensions` in `ssl/statem/extensions.c`). Unknown
/// ones are passed over.
pub fn is_unsolicited(extension: u16, server_name: Option<&[u8]>) -> bool {
    match extension {
        SERVER_NAME => server_name.is_none(),
        MAX_FRAGMENT_LENGTH | STATUS_REQUEST | SRP | SIGNATURE_ALGORITHMS | USE_SRTP
        | SUPPORTED_VERSIONS | NEXT_PROTOCOL => true,
        _ => false,
    }
}

fn numbers(numbers: &[u16]) -> Vec<u8> {
    let bytes = numbers.iter().flat_map(|number| number.to_be_bytes());
    bytes.collect()
}

/// IANA's registry "TLS Supported Groups".
pub const X25519_MLKEM768: u16 = 0x11ec;
const X25519: u16 = 29;

const MAX_FRAGMENT_LENGTH: u16 = 1;
const STATUS_REQUEST: u16 = 5;
const SRP: u16 = 12;
const USE_SRTP: u16 = 14;
const NEXT_PROTOCOL: u16 = 13172;

/// From 2,048 bits on, a prime has the 112 bits of security that level 2 requires (`BN_security_bits`).
const PRIME_BITS: usize = 2048;

/// The default cipher string of OpenSSL (`openssl ciphers -s -tls1_3`), in its order.
pub const SUITES_OF_TLS13: &[u16] = &[0x1302, 0x1303, 0x1301];

/// The same of TLS 1.2 (`openssl ciphers -s -tls1_2 DEFAULT`): GCM and ChaCha20, CBC, and RSA key exchange
/// last.
pub const SUITES_OF_TLS12: &[u16] = &[
    0xc02c, 0xc030, 0x009f, 0xcca9, 0xcca8, 0xccaa, 0xc02b, 0xc02f, 0x009e, 0xc024, 0xc028, 0x006b,
    0xc023, 0xc027, 0x0067, 0xc00a, 0xc014, 0x0039, 0xc009, 0xc013, 0x0033, 0x009d, 0x009c, 0x003d,
    0x003c, 0x0035, 0x002f,
];

/// X25519, P-256, X448, P-521, P-384, and two primes for TLS 1.3. OpenSSL 3.0 also offers larger primes,
/// 3.5 X25519MLKEM768.
pub const GROUPS: &[u16] = &[29, 23, 30, 25, 24, 256, 257];

/// Without SHA-1, which security levels from 1 on exclude, and without DSA, for which no suite is offered.
pub const SCHEMES: &[u16] = &[
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0809, 0x080a, 0x080b, 0x0804, 0x0805, 0x0806, 0x0401,
    0x0501, 0x0601, 0x0303, 0x0301,
];

/// OpenSSL 3.5 names ML-DSA-65, ML-DSA-87 and ML-DSA-44 before them.
pub const NEWER_SCHEMES: [u16; 3] = [0x0905, 0x0906, 0x0904];

/// IANA's name of a scheme that only OpenSSL has.
pub fn scheme_name(scheme: u16) -> Option<&'static str> {
    match scheme {
        0x0301 => Some("rsa_pkcs1_sha224"),
        0x0303 => Some("ecdsa_sha224"),
        0x0809 => Some("rsa_pss_pss_sha256"),
        0x080a => Some("rsa_pss_pss_sha384"),
        0x080b => Some("rsa_pss_pss_sha512"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use rustls::server::Acceptor;

    use super::super::suite::Suite;
    use super::*;

    fn hello(min_version: TlsVersion, max_version: TlsVersion) -> LibpqHello<'static> {
        LibpqHello {
            max_version,
            min_version,
            server_name: Some(b"db.example"),
            alpn: Alpn::Named,
            random: [7; 32],
            lists: Lists::default(),
            shares: Shares::None,
        }
    }

    #[test]
    fn post_quantum_keys_need_a_second_segment() {
        let small = hello(TlsVersion::V1_2, TlsVersion::V1_3);
        let mut lists = Lists::default();
        lists.groups.insert(0, X25519_MLKEM768);
        let large = LibpqHello {
            lists,
            shares: Shares::PostQuantum,
            ..small.clone()
        };
        // Ethernet, IPv4 and TCP leave 1,460 bytes.
        assert!(small.encode().len() < 600);
        assert!(
            (1461..1700).contains(&large.encode().len()),
            "{}",
            large.encode().len()
        );
        let mut acceptor = Acceptor::default();
        acceptor.read_tls(&mut large.encode().as_slice()).unwrap();
        let accepted = acceptor.accept().unwrap().unwrap();
        let groups: Vec<u16> = accepted
            .client_hello()
            .named_groups()
            .unwrap()
            .iter()
            .map(|&group| u16::from(group))
            .collect();
        assert_eq!(groups[0], X25519_MLKEM768);
    }

    #[test]
    fn a_server_reads_what_is_offered() {
        let bytes = hello(TlsVersion::V1_2, TlsVersion::V1_3).encode();
        let mut acceptor = Acceptor::default();
        acceptor.read_tls(&mut bytes.as_slice()).unwrap();
        let accepted = acceptor.accept().unwrap().unwrap();
        let hello = accepted.client_hello();
        assert_eq!(hello.server_name(), Some("db.example"));
        assert_eq!(hello.alpn().unwrap().next(), Some(ALPN));
        let suites = SUITES_OF_TLS13.len() + SUITES_OF_TLS12.len();
        assert_eq!(hello.cipher_suites().len(), suites);
        assert_eq!(hello.signature_schemes().len(), SCHEMES.len());
    }

    #[test]
    fn versions_that_the_string_excludes_are_not_offered() {
        let (v12, v13) = (TlsVersion::V1_2, TlsVersion::V1_3);
        for (min, max, versions) in [
            (v12, v13, &[0x0304, 0x0303][..]),
            (v13, v13, &[0x0304]),
            (v12, v12, &[0x0303]),
        ] {
            let bytes = hello(min, max).encode();
            let offered = super::super::hello::offered_versions(&bytes);
            assert_eq!(offered, versions);
        }
    }

    #[test]
    fn the_suites_are_those_of_the_default_cipher_string() {
        let listing = Command::new("openssl")
            .args(["ciphers", "-s", "-tls1_2", "DEFAULT:@SECLEVEL=2"])
            .output();
        let Ok(listing) = listing else {
            eprintln!("skipped: openssl is not installed");
            return;
        };
        let listing = String::from_utf8(listing.stdout).unwrap();
        let theirs: Vec<&str> = listing
            .trim()
            .split(':')
            .filter(|name| !name.contains("PSK"))
            .collect();
        let ours: Vec<&str> = SUITES_OF_TLS12
            .iter()
            .map(|id| Suite::of(*id).unwrap().openssl)
            .collect();
        assert_eq!(ours, theirs);
    }
}

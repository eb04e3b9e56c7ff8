//! A chain of three certificates, and every list for it that a row may need.

use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::certs::*;
use crate::support::pki::Served;

/// Placeholders in file names for the hash of the issuer's name.
pub(crate) const PLACES: [&str; 2] = ["{R}", "{I}"];

/// Serial numbers.
const ROOT: u8 = 1;
const INTERMEDIATE: u8 = 2;
const LEAF: u8 = 3;

/// Certificates and lists by name.
pub(crate) struct Lists {
    /// The hashes of the root's name and of the intermediate's.
    pub(crate) hashes: [String; 2],
}

impl Lists {
    pub(crate) fn new() -> Self {
        Self {
            hashes: ["R", "I"].map(|name| {
                let list = text(name);
                let hash = openssl(&["crl", "-hash", "-noout"], &list);
                String::from_utf8(hash).unwrap().trim().to_owned()
            }),
        }
    }

    /// The contents of a file: names of certificates and lists, with `+` between them.
    pub(crate) fn text(&self, names: &str) -> Vec<u8> {
        names.split('+').flat_map(text).collect()
    }
}

/// A directory of lists.
pub(crate) struct Directory<'a>(pub(crate) &'a Path);

impl Directory<'_> {
    pub(crate) fn rehash(&self) {
        let status = Command::new("openssl").arg("rehash").arg(self.0).status();
        assert!(status.unwrap().success(), "openssl rehash");
    }
}

/// What the server sends: leaf and intermediate.
pub(crate) fn served() -> Served {
    let chain = [leaf(), intermediate()].map(|it| pem("CERTIFICATE", &it.der()));
    Served {
        chain: chain.concat(),
        key: std::fs::read_to_string(LEAF_KEY.pem_file()).unwrap(),
    }
}

fn text(name: &str) -> Vec<u8> {
    let mut root_list = CrlSpec {
        this_update: time(now() - 2 * DAY),
        next_update: time(now() + 30 * DAY),
        ..CrlSpec::new(common_name("Root"), &ROOT_KEY)
    };
    let mut list = CrlSpec {
        issuer: common_name("Intermediate"),
        signer: &INTER_KEY,
        ..root_list.clone()
    };
    let certificate = |certificate: Cert| pem("CERTIFICATE", &certificate.der()).into_bytes();
    match name {
        "root" => return certificate(root("Root", &ROOT_KEY)),
        "other root" => return certificate(root("Other Root", &OTHER_KEY)),
        "twin root" => return certificate(root("Root", &OTHER_KEY)),
        "broken certificate" => {
            return b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n".to_vec();
        }
        "rubbish" => return b"rubbish\n".to_vec(),
        "empty" => return Vec::new(),
        "broken" => return b"-----BEGIN X509 CRL-----\nMIIB\n-----END X509 CRL-----\n".to_vec(),
        "R root" => root_list.revoke(&[ROOT], Vec::new()),
        "R intermediate" => root_list.revoke(&[INTERMEDIATE], Vec::new()),
        "R expired" => root_list.next_update = time(now() - DAY),
        "I" | "I as DER" | "R" => {}
        "I leaf" | "I leaf as DER" => list.revoke(&[LEAF], Vec::new()),
        "I others" => list.revoke(&[LEAF + 1], Vec::new()),
        "I hold" => list.revoke(&[LEAF], vec![ext(REASON, tlv(0x0a, &[6]))]),
        "I removed" => list.revoke(&[LEAF], vec![ext(REASON, tlv(0x0a, &[8]))]),
        "I expired" => list.next_update = time(now() - DAY),
        "I future" => list.this_update = time(now() + DAY),
        "I by another key" => list.signer = &OTHER_KEY,
        "I spoilt" => list.spoil = Spoil::Bit,
        "I with SHA-1" => list.algorithm = ecdsa_sha1(),
        "I endless" => list.next_update = Vec::new(),
        "I version 1" => list = version_1(list),
        "I leaf version 1" => {
            list.revoke(&[LEAF], Vec::new());
            list = version_1(list);
        }
        "I newer" => list.this_update = time(now() - DAY),
        "I leaf newer" => {
            list.revoke(&[LEAF], Vec::new());
            list.this_update = time(now() - DAY);
        }
        "I critical" => list
            .extensions
            .push(critical("1.3.6.1.4.1.99999.1", null())),
        // onlyContainsCACerts: does not cover a leaf.
        "I for CAs" => list
            .extensions
            .push(critical(IDP, seq(&[&context(2, &[0xff])]))),
        "I empty scope" => {
            list.this_update = time(now() - DAY);
            list.extensions.push(critical(IDP, seq(&[])));
        }
        "I delta leaf" => {
            list.revoke(&[LEAF], Vec::new());
            list.this_update = time(now() - DAY);
            list.extensions = vec![ext(CRL_NUMBER, int(&[2])), critical(DELTA, int(&[1]))];
        }
        other => panic!("no list {other:?}"),
    }
    let der = if name.starts_with('R') {
        root_list.der()
    } else {
        list.der()
    };
    if name.ends_with("as DER") {
        der
    } else {
        pem("X509 CRL", &der).into_bytes()
    }
}

fn version_1(list: CrlSpec) -> CrlSpec {
    CrlSpec {
        version: 1,
        extensions: Vec::new(),
        ..list
    }
}

fn root(name: &str, key: &'static Key) -> Cert {
    authority(Cert::new(common_name(name), key, common_name(name), key)).serial(ROOT)
}

fn intermediate() -> Cert {
    authority(Cert::new(
        common_name("Intermediate"),
        &INTER_KEY,
        common_name("Root"),
        &ROOT_KEY,
    ))
    .serial(INTERMEDIATE)
}

fn leaf() -> Cert {
    current(Cert::new(
        common_name("db.example"),
        &LEAF_KEY,
        common_name("Intermediate"),
        &INTER_KEY,
    ))
    .with([not_ca(), san(&[dns("db.example")])])
    .serial(LEAF)
}

fn authority(certificate: Cert) -> Cert {
    current(certificate).with([ca(None), key_usage(CERT_SIGN | CRL_SIGN)])
}

fn current(certificate: Cert) -> Cert {
    Cert {
        not_before: time(now() - 3 * DAY),
        not_after: time(now() + 90 * DAY),
        ..certificate
    }
}

fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

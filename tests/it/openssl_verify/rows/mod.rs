//! Chains that are special in one way, by subject.

mod constraints;
mod crl;
mod encoding;
mod path;
mod trust;
mod usage;

use super::corpus::Case;
use super::world::*;
use crate::support::certs::*;

pub(crate) fn all() -> Vec<Case> {
    let mut rows = Rows(Vec::new());
    rows.roots();
    rows.trust_settings();
    rows.shapes();
    rows.path_building();
    rows.key_identifiers();
    rows.names();
    rows.order_and_depth();
    rows.leaf_usage();
    rows.ca_usage();
    rows.critical_extensions();
    rows.dns_constraints();
    rows.other_constraints();
    rows.encodings();
    rows.times();
    rows.keys();
    rows.digests();
    rows.crls();
    rows.crl_scopes();
    rows.crl_choice();
    rows.0
}

struct Rows(Vec<Case>);

fn extra(cert: Cert) -> Item {
    Item::Extra(Box::new(cert))
}

/// A self-signed certificate for the server itself.
fn self_signed_leaf() -> Cert {
    Cert::new(leaf_name(), &LEAF_KEY, leaf_name(), &LEAF_KEY).with([
        ca(None),
        san(&[dns("db.example.test")]),
        ski(LEAF_ID),
        aki(LEAF_ID),
    ])
}

/// One of several intermediates in a row.
fn numbered(number: usize, path_length: Option<u8>) -> Cert {
    let name = |number: usize| match number {
        0 => root_name(),
        _ => common_name(&format!("Intermediate {number}")),
    };
    let signer = if number == 1 { &ROOT_KEY } else { &INTER_KEY };
    Cert::new(name(number), &INTER_KEY, name(number - 1), signer)
        .with([ca(path_length), key_usage(CERT_SIGN | CRL_SIGN)])
}

/// A leaf below `intermediates` of them.
fn deep(intermediates: usize) -> World {
    let mut bottom = leaf();
    bottom.issuer = common_name(&format!("Intermediate {intermediates}"));
    bottom.drop_extension(AKI);
    let mut chain = vec![bottom];
    chain.extend(
        (1..=intermediates)
            .rev()
            .map(|number| numbered(number, None)),
    );
    chain.push(root());
    World::of(chain)
}

/// Without key identifiers, so that only names and signatures distinguish certificates.
fn without_identifiers(mut cert: Cert) -> Cert {
    cert.drop_extension(AKI);
    cert.drop_extension(SKI);
    cert
}

/// The chain with another key in the intermediate, which signs the leaf with `algorithm`.
fn with_ca_key(key: &'static Key, algorithm: Algorithm) -> World {
    let mut world = World::good();
    world.inter().spki = key.spki();
    world.leaf().signer = key;
    world.leaf().algorithm = algorithm;
    world
}

impl Rows {
    fn add(&mut self, name: &str, change: impl FnOnce(&mut World)) {
        let mut world = World::good();
        change(&mut world);
        self.put(name, world);
    }

    fn put(&mut self, name: &str, world: World) {
        self.0.push((name.to_owned(), world));
    }
}

/// An algorithm that matches the key.
fn w_algorithm(key: &'static Key) -> Algorithm {
    if std::ptr::eq(key, &raw const ED25519) {
        ed25519()
    } else if std::ptr::eq(key, &raw const RSA_PSS) {
        pss_sha256()
    } else if std::ptr::eq(key, &raw const RSA_PSS_SHA384) {
        pss_sha384()
    } else if [&RSA_2048, &RSA_2047, &RSA_1963, &RSA_1962, &RSA_1024]
        .iter()
        .any(|rsa| std::ptr::eq(*rsa, key))
    {
        rsa_sha256()
    } else {
        ecdsa_sha256()
    }
}

fn name_of(host: &str) -> Vec<u8> {
    name(&[(O, "pgtls tests"), (CN, host)])
}

/// Distribution points: one with these names.
fn point(names: &[Vec<u8>]) -> Vec<u8> {
    seq(&[&seq(&[&wrap(0, &wrap(0, &names.concat()))])])
}

const SMTP_UTF8: &str = "1.3.6.1.5.5.7.8.9";

fn other_name(kind: &str, text: &[u8]) -> Vec<u8> {
    wrap(0, &[oid(kind), wrap(0, &tlv(UTF8, text))].concat())
}

//! A good chain with every change, alone and combined with every other.

use super::world::*;
use crate::support::certs::*;

pub(crate) type Case = (String, World);
type Change = fn(&mut World);

/// Changes to a good chain that can be combined.
const CHANGES: &[(&str, Change)] = &[
    // Times.
    ("leaf expired", |w| w.leaf().not_after = time(NOW - DAY)),
    ("leaf from the future", |w| {
        w.leaf().not_before = time(NOW + DAY)
    }),
    ("intermediate expired", |w| {
        w.inter().not_after = time(NOW - DAY)
    }),
    ("intermediate from the future", |w| {
        w.inter().not_before = time(NOW + DAY)
    }),
    ("root expired", |w| w.root().not_after = time(NOW - DAY)),
    ("root from the future", |w| {
        w.root().not_before = time(NOW + DAY)
    }),
    ("leaf without a time", |w| {
        w.leaf().not_after = tlv(0x17, b"2607010000Z")
    }),
    // Authority and purpose.
    ("leaf for clients", |w| w.leaf().put(eku(&[CLIENT_AUTH]))),
    ("intermediate for clients", |w| {
        w.inter().put(eku(&[CLIENT_AUTH]))
    }),
    ("root for clients", |w| w.root().put(eku(&[CLIENT_AUTH]))),
    ("leaf only enciphers data", |w| {
        w.leaf().put(key_usage(DATA_ENCIPHERMENT))
    }),
    ("intermediate is no CA", |w| w.inter().put(not_ca())),
    ("intermediate without constraints", |w| {
        w.inter().drop_extension(BASIC_CONSTRAINTS)
    }),
    ("intermediate may not sign", |w| {
        w.inter().put(key_usage(DIGITAL_SIGNATURE | CRL_SIGN))
    }),
    ("root is no CA", |w| w.root().put(not_ca())),
    ("root may not sign", |w| {
        w.root().put(key_usage(DIGITAL_SIGNATURE | CRL_SIGN))
    }),
    ("root allows no intermediate", |w| w.root().put(ca(Some(0)))),
    ("leaf is a CA", |w| w.leaf().put(ca(None))),
    // Extensions.
    ("leaf with an unknown critical extension", |w| {
        w.leaf().put(critical("1.2.3.4", null()));
    }),
    ("intermediate with an unknown critical extension", |w| {
        w.inter().put(critical("1.2.3.4", null()));
    }),
    ("root with an unknown critical extension", |w| {
        w.root().put(critical("1.2.3.4", null()))
    }),
    ("leaf's constraints malformed", |w| {
        w.leaf().put(ext(BASIC_CONSTRAINTS, null()));
    }),
    ("intermediate's key usage malformed", |w| {
        w.inter().put(ext(KEY_USAGE, null()))
    }),
    ("intermediate of version 1", |w| {
        w.inter().version.clear();
        w.inter().extensions.clear();
    }),
    // Signatures and keys.
    ("leaf's signature spoiled", |w| w.leaf().spoil = Spoil::Bit),
    ("intermediate's signature spoiled", |w| {
        w.inter().spoil = Spoil::Bit
    }),
    ("root's signature spoiled", |w| w.root().spoil = Spoil::Bit),
    ("leaf with two algorithms", |w| {
        w.leaf().outer_algorithm = Some(ecdsa_sha256_null().der)
    }),
    ("leaf with a weak key", |w| w.leaf().spki = RSA_1024.spki()),
    ("intermediate with a weak signature", |w| {
        w.inter().algorithm = ecdsa_sha1()
    }),
    ("leaf with a weak signature", |w| {
        w.leaf().algorithm = ecdsa_sha1()
    }),
    // Finding the way.
    ("leaf names another key", |w| {
        w.leaf().put(aki(b"another key"))
    }),
    ("intermediate names another key", |w| {
        w.inter().put(aki(b"another key"))
    }),
    ("intermediate missing", |w| w.presented.truncate(1)),
    ("root unknown", |w| {
        w.anchors = vec![Item::Extra(Box::new(other_root()))]
    }),
    ("root with another key", |w| {
        w.root().spki = OTHER_KEY.spki();
        w.root().signer = &OTHER_KEY;
    }),
    ("root sent along", |w| w.presented.push(Item::Link(ROOT))),
    ("root sent, not trusted", |w| {
        w.presented.push(Item::Link(ROOT));
        w.anchors = vec![Item::Extra(Box::new(other_root()))];
    }),
    ("intermediate trusted too", |w| {
        w.anchors.insert(0, Item::Link(INTER))
    }),
    ("only the intermediate trusted", |w| {
        w.anchors = vec![Item::Link(INTER)]
    }),
    // Name constraints.
    ("root permits another domain", |w| {
        w.root().put(constraints(&[dns("example.org")], &[]));
    }),
    ("intermediate excludes the domain", |w| {
        w.inter().put(constraints(&[], &[dns("example.test")]));
    }),
    // Revocation.
    ("CRLs", |w| {
        w.crls();
    }),
    ("leaf revoked", |w| w.inter_crl().revoke(&[3], vec![])),
    ("intermediate revoked", |w| {
        w.root_crl().revoke(&[2], vec![])
    }),
    ("root revoked", |w| w.root_crl().revoke(&[1], vec![])),
    ("leaf's CRL expired", |w| {
        w.inter_crl().next_update = time(NOW - DAY)
    }),
    ("root's CRL from the future", |w| {
        w.root_crl().this_update = time(NOW + DAY)
    }),
    ("leaf's CRL missing", |w| {
        w.crls().remove(1);
        // Replace it with a useless one: other changes need two.
        w.crls()
            .push(CrlSpec::new(common_name("Nobody"), &OTHER_KEY));
    }),
    ("root's CRL spoiled", |w| w.root_crl().spoil = Spoil::Bit),
    ("intermediate may not sign CRLs", |w| {
        w.inter().put(key_usage(CERT_SIGN))
    }),
];

pub(crate) fn singles_and_pairs() -> Vec<Case> {
    let mut cases = vec![("good".to_owned(), World::good())];
    for (index, (first, change)) in CHANGES.iter().enumerate() {
        let mut single = World::good();
        change(&mut single);
        for (second, also) in &CHANGES[index + 1..] {
            let mut pair = single.clone();
            also(&mut pair);
            cases.push((format!("{first} + {second}"), pair));
        }
        cases.push(((*first).to_owned(), single));
    }
    cases
}

//! Certificates that are too many, too large, or full of text that must not be printed.

use std::sync::Arc;

use rcgen::string::Ia5String;
use rcgen::{CertificateParams, CrlDistributionPoint, CustomExtension, DnType, SanType};

use super::{Ca, Lab};
use crate::support::peer::Peer;
use crate::support::pki::{Served, common_name};
use crate::support::serving::{TLS12, TLS13, plain};

const TOO_LARGE: (i32, &str) = (5, "tls-failure");
const WRONG_HOST: (i32, &str) = (7, "host-name-mismatch");

#[test]
fn a_chain_of_a_thousand_certificates_is_refused() {
    let lab = Lab::new();
    let served = lab.root.leaf(&["db.example"]);
    let served = served.clone().and(&Ca::root("Filler CA").pem.repeat(999));
    check(&lab, "a chain of 1,000 certificates", &served, TOO_LARGE);
}

#[test]
fn a_certificate_of_several_hundred_kilobytes_is_refused() {
    let lab = Lab::new();
    let large = |params: &mut CertificateParams| {
        let filling = vec![b'x'; 400_000];
        let extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], filling);
        params.custom_extensions.push(extension);
    };
    let served = lab.root.leaf_with(&["db.example"], large);
    check(&lab, "a certificate of 400 KB", &served, TOO_LARGE);
}

#[test]
fn ten_thousand_names_are_all_compared() {
    let lab = Lab::new();
    let many = |last: &'static str| {
        move |params: &mut CertificateParams| {
            params.subject_alt_names = short_names(10_000);
            params.subject_alt_names.push(dns(last));
        }
    };
    let served = lab.root.leaf_with(&["cn"], many("nowhere"));
    check(
        &lab,
        "10,000 names, none of them right",
        &served,
        WRONG_HOST,
    );
    let served = lab.root.leaf_with(&["cn"], many("db.example"));
    check(
        &lab,
        "10,000 names, the last of them right",
        &served,
        (0, "pass"),
    );
}

pub(super) fn short_names(count: u32) -> Vec<SanType> {
    (0..count).map(short_name).collect()
}

/// Three characters: more would exceed what rustls accepts.
fn short_name(number: u32) -> SanType {
    let letter = |place: u32| char::from_digit(10 + number / place % 26, 36).unwrap();
    dns(&[letter(676), letter(26), letter(1)]
        .iter()
        .collect::<String>())
}

/// A hundred and thirty authorities with one name and key, as many as rustls accepts: each may have
/// issued every other.
#[test]
fn a_maze_of_authorities_is_given_up_in_time() {
    let lab = Lab::new();
    let stranger = Ca::root("M");
    let maze: String = (0..130).map(|_| stranger.reissued(|_| {}).pem).collect();
    let served = stranger.leaf(&["db.example"]).and(&maze);
    check(
        &lab,
        "a maze of authorities",
        &served,
        (6, "unknown-issuer"),
    );
}

const NASTY: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\r\n\0\u{9b}\u{202e}db\u{2066}\u{200b}";
/// The same in ASCII.
const NASTY_ASCII: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\r\n\0\u{7f}PASS";

#[test]
fn names_full_of_control_characters_are_escaped() {
    let lab = Lab::new();
    let nasty = |params: &mut CertificateParams| {
        let mut name = common_name(NASTY);
        for kind in [DnType::OrganizationName, DnType::LocalityName] {
            name.push(kind, NASTY);
        }
        params.distinguished_name = name;
        params.subject_alt_names = vec![
            dns(NASTY_ASCII),
            SanType::Rfc822Name(ascii(NASTY_ASCII)),
            SanType::URI(ascii(NASTY_ASCII)),
        ];
        let uris = vec![NASTY_ASCII.to_owned()];
        params.crl_distribution_points = vec![CrlDistributionPoint { uris }];
    };
    let nasty_ca = |params: &mut CertificateParams| params.distinguished_name = common_name(NASTY);
    let leaf = lab.root.leaf_with(&["db.example"], nasty);
    check(
        &lab,
        "nasty names of the server",
        &leaf,
        (7, "host-name-mismatch"),
    );
    let stranger = Ca::root_with("x", nasty_ca);
    let leaf = stranger.leaf_with(&["db.example"], nasty);
    check(
        &lab,
        "nasty names of an unknown authority",
        &leaf,
        (6, "unknown-issuer"),
    );
    let leaf = leaf.and(&stranger.pem);
    check(
        &lab,
        "nasty names of an authority that is sent",
        &leaf,
        (6, "unknown-issuer"),
    );
    let nameless = |params: &mut CertificateParams| {
        params.subject_alt_names = Vec::new();
        params.distinguished_name = common_name(NASTY);
    };
    let leaf = lab.root.leaf_with(&["db.example"], nameless);
    check(
        &lab,
        "a nasty common name",
        &leaf,
        (7, "host-name-mismatch"),
    );
}

#[test]
fn two_checks_of_a_server_that_changes_its_certificate_are_two_verdicts() {
    let lab = Lab::new();
    let good = Arc::new(plain(&lab.root.leaf(&["db.example"]), TLS13));
    let bad = Arc::new(plain(&Ca::root("Another CA").leaf(&["db.example"]), TLS13));
    let peer = Peer::start(move |conversation| {
        let config = if conversation.number % 2 == 0 {
            &good
        } else {
            &bad
        };
        let config = Arc::clone(config);
        conversation.tls(&config)?.sock.listen()
    });
    let fingerprint =
        |run: &super::Run| run.endpoint()["certificates"][0]["sha256_fingerprint"].to_string();
    let (first, second) = (
        lab.run("a changing certificate", "json", peer.port, "", "pass"),
        lab.run("a changing certificate", "json", peer.port, "", "pass"),
    );
    assert_eq!((first.code, second.code), (0, 6), "{first:?} {second:?}");
    assert_ne!(fingerprint(&first), fingerprint(&second));
}

fn check(lab: &Lab, name: &str, served: &Served, expected: (i32, &str)) {
    for version in [TLS12, TLS13] {
        let config = Arc::new(plain(served, version));
        let peer = Peer::start(move |conversation| conversation.tls(&config)?.sock.listen());
        let name = format!("{:?}: {name}", version.version);
        lab.judge(&name, &peer, "", expected);
    }
}

fn dns(name: &str) -> SanType {
    SanType::DnsName(ascii(name))
}

fn ascii(text: &str) -> Ia5String {
    Ia5String::try_from(text).unwrap()
}

//! Anything that a server sends is read and judged in finite time, without a panic.

use std::sync::{Arc, LazyLock};

use crate::support::certs::*;
use pgtls::verify::{PathReport, Purpose, Revocation, Rules, Step, check};
use pgtls::x509::{Anchor, AnchorList, Certificate, Crl, TrustSettings};
use proptest::prelude::*;

/// Leaf, 100 intermediates and root: OpenSSL's longest path.
const LONGEST: usize = 102;

fn rules(crls: Vec<Crl>) -> Rules {
    let revocation = if crls.is_empty() {
        Revocation::Off
    } else {
        Revocation::WholeChain(crls.into())
    };
    Rules {
        now: NOW,
        revocation,
        purpose: Purpose::SslServer,
    }
}

fn anchors(certificates: Vec<Certificate>) -> AnchorList {
    AnchorList::new(certificates.into_iter().map(|certificate| Anchor {
        certificate: Arc::new(certificate),
        settings: TrustSettings::default(),
    }))
}

fn parse(cert: &Cert) -> Certificate {
    Certificate::parse(&cert.der()).unwrap()
}

/// A CA without key identifiers, so that every CA of the issuer's name could have signed it.
fn nameless_ca(subject: &str, key: &'static Key, issuer: &str, signer: &'static Key) -> Cert {
    Cert::new(common_name(subject), key, common_name(issuer), signer)
        .with([ca(None), key_usage(CERT_SIGN)])
}

fn assert_bounded(report: &PathReport) {
    assert!(
        report.path.len() <= LONGEST,
        "{} certificates in the path",
        report.path.len()
    );
    assert!(
        report.signature_checks < LONGEST,
        "{} signatures checked",
        report.signature_checks
    );
}

#[test]
fn a_hundred_intermediates_that_could_all_have_issued_each_other_cost_few_checks() {
    let keys: Vec<&'static Key> = (0..100).map(|_| Key::fresh()).collect();
    let mut presented = vec![parse(&Cert::new(
        common_name("db"),
        &LEAF_KEY,
        common_name("A"),
        keys[0],
    ))];
    for (index, key) in keys.iter().enumerate() {
        let (subject, issuer) = if index % 2 == 0 {
            ("A", "B")
        } else {
            ("B", "A")
        };
        let signer = keys[(index * 7 + 3) % keys.len()];
        presented.push(parse(&nameless_ca(subject, key, issuer, signer)));
    }
    let report = check(&presented, &anchors(Vec::new()), &rules(Vec::new()));
    assert_eq!(report.path.len(), 101);
    // There is no anchor, so the chain is refused before the first signature.
    assert_eq!(report.signature_checks, 12);
    assert!(!report.faults.is_empty());
}

#[test]
fn anchors_that_issue_each_other_end_at_the_depth_limit() {
    let ring = vec![
        parse(&nameless_ca("A", &ROOT_KEY, "B", &OTHER_KEY)),
        parse(&nameless_ca("B", &OTHER_KEY, "A", &ROOT_KEY)),
    ];
    let leaf = parse(&Cert::new(
        common_name("db"),
        &LEAF_KEY,
        common_name("A"),
        &ROOT_KEY,
    ));
    let report = check(&[leaf], &anchors(ring), &rules(Vec::new()));
    assert_eq!(report.path.len(), LONGEST);
    assert_bounded(&report);
    assert!(!report.faults.is_empty());
}

#[test]
fn nothing_presented_is_refused() {
    let report = check(&[], &anchors(Vec::new()), &rules(Vec::new()));
    assert!(report.path.is_empty());
    assert_eq!(report.faults.len(), 1);
}

/// A certificate with an extension of every kind that is read.
static RICH: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let names = [
        dns("db.example.test"),
        ip(&[127, 0, 0, 1]),
        email("me@example.test"),
        uri("https://example.test"),
        directory(&common_name("directory")),
        wrap(0, &[oid("1.2.3"), wrap(0, &tlv(UTF8, b"other"))].concat()),
    ];
    let point = seq(&[
        &wrap(0, &wrap(0, &uri("http://example.test/crl"))),
        &context(1, &[0, 0x7f]),
    ]);
    Cert::new(
        common_name("db.example.test"),
        &LEAF_KEY,
        common_name("Root"),
        &ROOT_KEY,
    )
    .with([
        ca(Some(3)),
        key_usage(DIGITAL_SIGNATURE | CERT_SIGN | CRL_SIGN),
        eku(&[SERVER_AUTH]),
        san(&names),
        ski(b"leaf"),
        aki_issuer_serial(&common_name("Root"), &[1]),
        constraints(&names, &[dns("example.org")]),
        ext(CRL_POINTS, seq(&[&point])),
        ext(NETSCAPE, bits(0, &[0xff])),
    ])
    .der()
});

static ROOT: LazyLock<Certificate> =
    LazyLock::new(|| parse(&nameless_ca("Root", &ROOT_KEY, "Root", &ROOT_KEY)));

static RICH_CRL: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut crl = CrlSpec::new(common_name("Root"), &ROOT_KEY);
    let place = wrap(0, &wrap(0, &uri("http://example.test/crl")));
    crl.extensions
        .push(critical(IDP, seq(&[&place, &context(1, &[0])])));
    crl.extensions.push(ext(AKI, seq(&[&context(0, b"id")])));
    crl.revoke(&[7], vec![ext(REASON, tlv(0x0a, &[1]))]);
    crl.revoke(
        &[9],
        vec![ext("2.5.29.29", seq(&[&directory(&common_name("Root"))]))],
    );
    crl.der()
});

#[derive(Clone, Debug)]
enum Edit {
    Set(u8),
    Insert(u8),
    Remove,
    Truncate,
}

fn edits() -> impl Strategy<Value = Vec<(prop::sample::Index, Edit)>> {
    let edit = prop_oneof![
        8 => any::<u8>().prop_map(Edit::Set),
        3 => any::<u8>().prop_map(Edit::Insert),
        3 => Just(Edit::Remove),
        1 => Just(Edit::Truncate),
    ];
    prop::collection::vec((any::<prop::sample::Index>(), edit), 1..6)
}

fn edited(mut der: Vec<u8>, edits: &[(prop::sample::Index, Edit)]) -> Vec<u8> {
    for (at, edit) in edits {
        if der.is_empty() {
            break;
        }
        let at = at.index(der.len());
        match edit {
            Edit::Set(byte) => der[at] = *byte,
            Edit::Insert(byte) => der.insert(at, *byte),
            Edit::Remove => {
                der.remove(at);
            }
            Edit::Truncate => der.truncate(at),
        }
    }
    der
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_certificate_is_refused_or_judged(edits in edits()) {
        if let Ok((certificate, _)) = Certificate::parse_prefix(&edited(RICH.clone(), &edits)) {
            let crl = Crl::parse(&RICH_CRL).unwrap();
            let presented = [certificate.clone(), ROOT.clone(), certificate.clone()];
            let report = check(&presented, &anchors(vec![ROOT.clone()]), &rules(vec![crl]));
            assert_bounded(&report);
            check(std::slice::from_ref(&ROOT), &anchors(vec![certificate]), &rules(Vec::new()));
        }
    }

    #[test]
    fn a_damaged_crl_is_refused_or_judged(edits in edits()) {
        if let Ok(crl) = Crl::parse(&edited(RICH_CRL.clone(), &edits)) {
            let leaf = Certificate::parse(&RICH).unwrap();
            assert_bounded(&check(&[leaf], &anchors(vec![ROOT.clone()]), &rules(vec![crl])));
        }
    }

    #[test]
    fn any_bytes_are_refused_or_read(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Certificate::parse(&bytes);
        let _ = Certificate::parse_trusted(&bytes);
        let _ = Crl::parse(&bytes);
    }
}

/// CAs of three names with three keys, signed by one another in every way.
static POOL: LazyLock<Vec<Certificate>> = LazyLock::new(|| {
    let keys = [&ROOT_KEY, &INTER_KEY, &OTHER_KEY];
    let names = ["A", "B", "C"];
    let mut pool = Vec::new();
    for (index, subject) in names.iter().enumerate() {
        for (key_index, key) in keys.iter().enumerate() {
            let issuer = names[(index + key_index) % names.len()];
            let signer = keys[(index * 2 + key_index) % keys.len()];
            pool.push(parse(&nameless_ca(subject, key, issuer, signer)));
        }
    }
    pool
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_pick_of_certificates_makes_one_path_that_uses_each_of_them_once(
        presented in prop::collection::vec(any::<prop::sample::Index>(), 1..20),
        trusted in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let pick = |indexes: &[prop::sample::Index]| -> Vec<Certificate> {
            indexes.iter().map(|index| index.get(&POOL).clone()).collect()
        };
        let presented = pick(&presented);
        let report = check(&presented, &anchors(pick(&trusted)), &rules(Vec::new()));
        assert_bounded(&report);
        let mut used: Vec<usize> = report
            .path
            .iter()
            .filter_map(|step| match step {
                Step::Presented(index) => Some(*index),
                Step::Anchor(_) => None,
            })
            .collect();
        let length = used.len();
        used.sort_unstable();
        used.dedup();
        prop_assert_eq!(used.len(), length);
        if report.faults.is_empty() {
            prop_assert!(matches!(report.path.last(), Some(Step::Anchor(_))));
        }
    }
}

//! Servers that cost much to judge, in one run with others.
//!
//! What each trap costs is printed, and compared with nothing, because machines differ. To measure, take a
//! release build and fifty others:
//!
//! ```sh
//! PGTLS_TEST_PROGRAM=target/release/pgtls PGTLS_TRAPS_BESIDE=50 cargo test traps -- --nocapture
//! ```

use std::sync::Arc;

use pgtls::verify::{FaultKind, PathReport, Purpose, Revocation, Rules, judge};
use pgtls::x509::AnchorList;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CustomExtension, IsCa,
    Issuer, KeyIdMethod, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P521_SHA512, PKCS_RSA_SHA256,
    PublicKeyData, RevokedCertParams, SerialNumber, SignatureAlgorithm, SigningKey,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::certificates::short_names;
use super::{Ca, Lab};
use crate::support::peer::{Conversation, Peer};
use crate::support::pki::{Served, common_name, in_days};
use crate::support::serving::{TLS13, plain};

const ANY: &str = "any error";
const STRANGER: (i32, &str) = (6, "unknown-issuer");

/// What a trap serves, and how it is checked.
struct Trap {
    name: &'static str,
    bait: Bait,
    settings: &'static str,
    expected: (i32, &'static str),
}

enum Bait {
    Certificates(Served),
    Bytes(fn(&mut Conversation) -> std::io::Result<()>),
}

impl Trap {
    fn of(name: &'static str, served: Served) -> Self {
        Self {
            name,
            bait: Bait::Certificates(served),
            settings: "",
            expected: STRANGER,
        }
    }

    fn with(self, settings: &'static str) -> Self {
        Self { settings, ..self }
    }

    fn ends(self, expected: (i32, &'static str)) -> Self {
        Self { expected, ..self }
    }

    fn start(&self) -> Peer {
        match &self.bait {
            Bait::Certificates(served) => serving(served),
            Bait::Bytes(script) => Peer::start(*script),
        }
    }
}

fn serving(served: &Served) -> Peer {
    let config = Arc::new(plain(served, TLS13));
    Peer::start(move |conversation| conversation.tls(&config)?.sock.listen())
}

#[test]
fn no_trap_changes_the_verdicts_of_others() {
    let lab = Lab::new();
    let measured = std::env::var("PGTLS_TRAPS_BESIDE").ok();
    // Full size is only for figures: the files of this client take long to make and to read.
    let scale = if measured.is_some() { 10 } else { 1 };
    let beside = measured.map_or(3, |count| count.parse().unwrap());
    let good = serving(&lab.root.leaf(&["db.example"]));
    let list = |first: &str| {
        let good = format!("{}\n", string(&good, ""));
        format!("{first}\n{}", good.repeat(beside))
    };
    lab.client.write("list", list(""));
    let alone = lab.fleet("the others alone");
    println!("| the others alone | {} |", slowest(&alone));
    let mut wrong = Vec::new();
    for trap in traps(&lab, scale) {
        let peer = trap.start();
        lab.client
            .write("list", list(&string(&peer, trap.settings)));
        let report = lab.fleet(trap.name);
        let endpoints = report["endpoints"].as_array().unwrap();
        let mut got = endpoints.iter().map(outcome).collect::<Vec<_>>();
        if trap.expected.1 == ANY {
            ANY.clone_into(&mut got[0].1);
        }
        let expected = [(trap.expected.0, trap.expected.1.to_owned())].into_iter();
        let others = (0..beside).map(|_| (0, String::new()));
        if got != expected.chain(others).collect::<Vec<_>>() {
            wrong.push(format!("{}: {got:?}", trap.name));
        }
        // No file near these endpoints has a key that signed a chain of theirs.
        if report.to_string().contains("the root that signed") {
            wrong.push(format!("{}: {report}", trap.name));
        }
        println!("| beside {} | {} |", trap.name, slowest(&report));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn outcome(endpoint: &serde_json::Value) -> (i32, String) {
    let exit = endpoint["exit_code"].as_i64().unwrap();
    let error = endpoint["error"]["code"].as_str().unwrap_or_default();
    (i32::try_from(exit).unwrap(), error.to_owned())
}

/// OpenSSL stops at the first fault. We look for others, up to a limit.
#[test]
fn a_refused_chain_is_not_checked_to_its_end() {
    let names: Vec<String> = (0..40).map(|number| format!("A{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let long = judged(&chain(&names, &p256(), |_, _| {}));
    assert_eq!(long.path.len(), 41);
    assert!(long.signature_checks < 20, "{}", long.signature_checks);
    assert_eq!(long.faults.last().unwrap().kind, FaultKind::GivenUp);
    let short = judged(&chain(&names[..5], &p256(), |_, _| {}));
    assert!(
        short
            .faults
            .iter()
            .all(|fault| fault.kind != FaultKind::GivenUp)
    );
    let constrained = judged(&constrained());
    assert_eq!(constrained.faults.last().unwrap().kind, FaultKind::GivenUp);
}

fn judged(served: &Served) -> PathReport {
    let rules = Rules {
        now: in_days(0).unix_timestamp(),
        revocation: Revocation::Off,
        purpose: Purpose::SslServer,
    };
    let chain: Vec<_> = CertificateDer::pem_slice_iter(served.chain.as_bytes())
        .map(Result::unwrap)
        .collect();
    judge(&chain, &AnchorList::default(), None, &rules).path
}

impl Lab {
    fn fleet(&self, name: &str) -> serde_json::Value {
        let run = self.measured(name, &["check", "--format", "json", "--from", "list"]);
        assert_eq!(run.stderr, "", "{name}");
        run.json()
    }
}

fn string(peer: &Peer, settings: &str) -> String {
    format!(
        "host=db.example hostaddr=127.0.0.1 port={} user=ann sslmode=verify-full \
         sslrootcert=root.crt {settings}",
        peer.port
    )
}

/// The longest handshake of those that passed, for the table.
fn slowest(report: &serde_json::Value) -> String {
    let endpoints = report["endpoints"].as_array().unwrap();
    let passed = endpoints
        .iter()
        .filter(|endpoint| endpoint["exit_code"] == 0);
    let times = passed.map(|endpoint| endpoint["timings_ms"]["total"].as_f64().unwrap_or_default());
    format!("slowest pass {:.1} ms", times.fold(0.0, f64::max))
}

fn traps(lab: &Lab, scale: u64) -> Vec<Trap> {
    lab.client
        .write("many.crt", same_name_anchors(&lab.root, 200 * scale));
    lab.client.write("bomb.crl", bomb(&lab.root, 4_000 * scale));
    vec![
        Trap::of("a maze of 36", chain(&["M"; 36], &p256(), |_, _| {})),
        Trap::of(
            "a maze of 100 with costly keys",
            chain(&["M"; 100], &compressed(), |_, _| {}),
        ),
        Trap::of("a ladder of 12 levels", ladder(12, 3)),
        Trap::of("a ladder below the limit", ladder(6, 4)),
        Trap::of(
            "a ladder to the anchor's name",
            chain(&["Lab CA"; 60], &p256(), |_, _| {}),
        ),
        Trap::of(
            "a large CRL, looked at often",
            chain(&["Lab CA"; 100], &p256(), |_, _| {}),
        )
        .with("sslcrl=bomb.crl"),
        Trap::of(
            "many anchors of one name",
            chain(&["Lab CA"; 60], &rsa(2048), |_, _| {}),
        )
        .with("sslrootcert=many.crt"),
        Trap::of("keys that cannot be read", unreadable()),
        Trap::of("names times constraints", constrained()),
        Trap::of("ten thousand names", many_names(&lab.root)).ends((7, "host-name-mismatch")),
        Trap::of("RSA 16384", chain(&["R"; 14], &rsa(16_384), |_, _| {})),
        Trap::of(
            "RSA 8192, large exponents",
            chain(&["R"; 28], &rsa(8192), |_, _| {}),
        ),
        Trap::of(
            "RSA 8192 with SHA-224",
            sha224(&chain(&["R"; 28], &rsa(8192), |_, _| {})),
        ),
        Trap::of("deep nesting", chain(&["D"; 2], &p256(), nested)),
        Trap::of(
            "thousands of extensions",
            chain(&["E"; 2], &p256(), many_extensions),
        ),
        Trap {
            name: "a chain in records of one byte",
            bait: Bait::Bytes(tiny_records),
            settings: "",
            expected: (5, "tls-failure"),
        },
        Trap {
            name: "one byte at a time, fast",
            bait: Bait::Bytes(fast_drip),
            settings: "",
            // How many pieces arrive depends on the speed of both sides.
            expected: (5, ANY),
        },
    ]
}

/// A leaf, then one authority for each name, each issued by the next, and the last by itself. No signature
/// is right.
fn chain(names: &[&str], key: &Forged, change: impl Fn(usize, &mut CertificateParams)) -> Served {
    let own = KeyPair::generate().unwrap();
    let leaf = leaf();
    let issuer = |name: &str| Issuer::new(authority(name), key);
    let mut leaf = leaf;
    leaf.custom_extensions.push(issued_by(1));
    let mut pem = leaf.signed_by(&own, &issuer(names[0])).unwrap().pem();
    for (place, name) in names.iter().enumerate() {
        let mut params = authority(name);
        let serial = u8::try_from(place + 1).unwrap();
        params.serial_number = Some(SerialNumber::from_slice(&[serial]));
        params.custom_extensions.push(issued_by(serial + 1));
        change(place, &mut params);
        let above = names.get(place + 1).unwrap_or(name);
        pem.push_str(&params.signed_by(key, &issuer(above)).unwrap().pem());
    }
    Served {
        chain: pem,
        key: own.serialize_pem(),
    }
}

/// An authorityKeyIdentifier by serial number: authorities of one name, each of which has issued only the next.
fn issued_by(serial: u8) -> CustomExtension {
    CustomExtension::from_oid_content(&[2, 5, 29, 35], der(0x30, &[0x82, 1, serial]))
}

/// `width` authorities of one name on each of `levels`.
fn ladder(levels: usize, width: usize) -> Served {
    let names: Vec<String> = (0..levels).map(|level| format!("L{level}")).collect();
    let key = p256();
    let own = KeyPair::generate().unwrap();
    let issuer = |name: &str| Issuer::new(authority(name), &key);
    let mut pem = leaf().signed_by(&own, &issuer("L0")).unwrap().pem();
    for (level, name) in names.iter().enumerate() {
        // The top has the name of the client's own root.
        let above = names.get(level + 1).map_or("Lab CA", String::as_str);
        for number in 0..width {
            let mut params = authority(name);
            params.serial_number = Some(SerialNumber::from(number as u64 + 1));
            pem.push_str(&params.signed_by(&key, &issuer(above)).unwrap().pem());
        }
    }
    Served {
        chain: pem,
        key: own.serialize_pem(),
    }
}

fn leaf() -> CertificateParams {
    let mut params = CertificateParams::new(["db.example".to_owned()]).unwrap();
    params.not_before = in_days(-1);
    params
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = common_name(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_identifier_method = KeyIdMethod::PreSpecified(vec![7]);
    params.not_before = in_days(-1);
    params
}

/// Another key than the anchor's, under its name.
fn same_name_anchors(root: &Ca, count: u64) -> String {
    let others = (0..count).map(|number| {
        let mut params = authority("Lab CA");
        params.serial_number = Some(SerialNumber::from(number));
        params.signed_by(&compressed(), &Issuer::new(authority("Lab CA"), p256()))
    });
    let others: String = others.map(|one| one.unwrap().pem()).collect();
    format!("{}{others}", root.pem)
}

fn bomb(root: &Ca, entries: u64) -> String {
    let revoked = |number: u64| RevokedCertParams {
        serial_number: SerialNumber::from(number + 1_000_000),
        revocation_time: in_days(-1),
        reason_code: None,
        invalidity_date: None,
    };
    let list = CertificateRevocationListParams {
        this_update: in_days(-1),
        next_update: in_days(30),
        crl_number: SerialNumber::from(1_u64),
        issuing_distribution_point: None,
        revoked_certs: (0..entries).map(revoked).collect(),
        key_identifier_method: KeyIdMethod::PreSpecified(vec![7]),
    };
    list.signed_by(&root.issuer()).unwrap().pem().unwrap()
}

/// Seven authorities with a thousand names and a thousand excluded names each.
fn constrained() -> Served {
    let names = ["N0", "N1", "N2", "N3", "N4", "N5", "N6"];
    chain(&names, &p256(), |_, params| {
        let name = [0x82, 1, b'a'];
        let alt_names = der(0x30, &name.repeat(1_000));
        let subtrees = der(0x30, &[0x82, 1, b'b']).repeat(1_000);
        let excluded = der(0x30, &der(0xa1, &subtrees));
        params.custom_extensions.extend([
            CustomExtension::from_oid_content(&[2, 5, 29, 17], alt_names),
            CustomExtension::from_oid_content(&[2, 5, 29, 30], excluded),
        ]);
    })
}

fn many_names(root: &Ca) -> Served {
    root.leaf_with(&["cn"], |params| {
        params.subject_alt_names = short_names(10_000)
    })
}

fn nested(_: usize, params: &mut CertificateParams) {
    let indefinite = [&[0x30, 0x80].repeat(7_000)[..], &[0, 0].repeat(7_000)].concat();
    let names: [&[u64]; 3] = [&[2, 5, 29, 17], &[2, 5, 29, 30], &[2, 5, 29, 31]];
    let bad = names.map(|oid| CustomExtension::from_oid_content(oid, indefinite[..9_000].to_vec()));
    params.custom_extensions.extend(bad);
}

fn many_extensions(_: usize, params: &mut CertificateParams) {
    let extension = |number| CustomExtension::from_oid_content(&[1, 2, number], Vec::new());
    params.custom_extensions.extend((0..2_500).map(extension));
}

/// A key that nobody has, and one signature for everything.
struct Forged {
    algorithm: &'static SignatureAlgorithm,
    key: Vec<u8>,
    signature: Vec<u8>,
}

impl PublicKeyData for Forged {
    fn der_bytes(&self) -> &[u8] {
        &self.key
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}

impl SigningKey for Forged {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(self.signature.clone())
    }
}

fn p256() -> Forged {
    let own = KeyPair::generate().unwrap();
    Forged {
        algorithm: &PKCS_ECDSA_P256_SHA256,
        signature: own.sign(b"something else").unwrap(),
        key: own.der_bytes().to_vec(),
    }
}

/// A compressed point, which costs a square root to read.
fn compressed() -> Forged {
    let own = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap();
    let (x, y) = own.der_bytes()[1..].split_at(66);
    let sign = 2 + (y[65] & 1);
    Forged {
        algorithm: &PKCS_ECDSA_P521_SHA512,
        signature: own.sign(b"something else").unwrap(),
        key: [&[sign][..], x].concat(),
    }
}

/// A chain beside which many keys are not points of their curve, which takes as long to find out.
fn unreadable() -> Served {
    let mut served = chain(&["U"; 50], &compressed(), |_, _| {});
    for number in 1..=50 {
        let mut bad = compressed();
        // Half of all numbers are the x of no point.
        bad.key[66] = bad.key[66].wrapping_add(number);
        let params = authority("U");
        let issuer = Issuer::new(authority("U"), compressed());
        served
            .chain
            .push_str(&params.signed_by(&bad, &issuer).unwrap().pem());
    }
    served
}

fn rsa(bits: usize) -> Forged {
    let number = |first: u8| [&[first][..], &vec![0x5b; bits / 8 - 1]].concat();
    let modulus = der(2, &[&[0][..], &number(0xc5)].concat());
    let exponent = der(2, &[1, 0xff, 0xff, 0xff, 0xff]);
    Forged {
        algorithm: &PKCS_RSA_SHA256,
        key: der(0x30, &[modulus, exponent].concat()),
        signature: number(0x35),
    }
}

/// The same under another digest, for which there is no fast code.
fn sha224(served: &Served) -> Served {
    const OID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 0x0b];
    let chain = CertificateDer::pem_slice_iter(served.chain.as_bytes()).map(|der| {
        let mut der = der.unwrap().to_vec();
        for place in 0..der.len() {
            if der[place..].starts_with(OID) {
                der[place + OID.len() - 1] = 0x0e;
            }
        }
        pgtls::trust::encode_pem("CERTIFICATE", &der)
    });
    Served {
        chain: chain.collect(),
        key: served.key.clone(),
    }
}

/// A certificate message of 64 KB under TLS 1.2, in records of one byte each.
fn tiny_records(conversation: &mut Conversation) -> std::io::Result<()> {
    conversation.hello()?;
    conversation.say(&super::before::server_hello(None))?;
    let records: Vec<u8> = large_message()
        .iter()
        .flat_map(|byte| [22, 3, 3, 0, 1, *byte])
        .collect();
    conversation.say(&records)?;
    conversation.finish()
}

/// The same in one record, whose bytes arrive one by one.
fn fast_drip(conversation: &mut Conversation) -> std::io::Result<()> {
    conversation.hello()?;
    conversation.stream.set_nodelay(true)?;
    conversation.say(&super::before::server_hello(None))?;
    for part in large_message().chunks(16_000) {
        let length = u16::try_from(part.len()).unwrap().to_be_bytes();
        for byte in [&[22, 3, 3][..], &length, part].concat() {
            conversation.say(&[byte])?;
        }
    }
    conversation.finish()
}

/// A Certificate message with one certificate that is none.
fn large_message() -> Vec<u8> {
    let length = |length: u32| length.to_be_bytes()[1..].to_vec();
    let content = vec![0x30; 65_000];
    let list = [length(65_000), content].concat();
    let body = [length(65_003), list].concat();
    [&[11][..], &length(65_006), &body].concat()
}

fn der(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = u16::try_from(contents.len()).unwrap().to_be_bytes();
    let length = match contents.len() {
        0..0x80 => vec![length[1]],
        _ => vec![0x82, length[0], length[1]],
    };
    [&[tag][..], &length, contents].concat()
}

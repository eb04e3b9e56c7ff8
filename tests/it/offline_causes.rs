//! Is the cause that a refusal names the one that OpenSSL found, and not one that is only more common?

use crate::support::certs::*;
use crate::support::client::Client;

const HOST: &str = "db.example";

fn root() -> Cert {
    Cert::new(
        common_name("Root"),
        &ROOT_KEY,
        common_name("Root"),
        &ROOT_KEY,
    )
    .with([ca(None), key_usage(CERT_SIGN | CRL_SIGN)])
}

fn leaf() -> Cert {
    Cert::new(common_name(HOST), &LEAF_KEY, common_name("Root"), &ROOT_KEY)
        .with([key_usage(DIGITAL_SIGNATURE), san(&[dns(HOST)])])
        .serial(2)
}

/// The codes of all errors, and the sentence of the first.
fn refusal(root: &Cert, crl: Option<&CrlSpec>, chain: &[Cert]) -> (Vec<String>, String) {
    let client = Client::new();
    let certificates = chain.iter().map(|one| pem("CERTIFICATE", &one.der()));
    client.write("server.crt", certificates.collect::<String>());
    client.write("root.crt", pem("CERTIFICATE", &root.der()));
    let mut arguments = vec!["verify", "server.crt", "--format", "json", "--host", HOST];
    arguments.extend(["--sslrootcert", "root.crt", "--at", "2026-07-01T00:00:00Z"]);
    if let Some(crl) = crl {
        client.write("root.crl", pem("X509 CRL", &crl.der()));
        arguments.extend(["--sslcrl", "root.crl"]);
    }
    let run = client.pgtls(&arguments);
    assert_eq!(run.code, 6, "{run:?}");
    let endpoint = run.endpoint();
    let findings = endpoint["findings"].as_array().unwrap().iter();
    let others = findings.filter(|finding| finding["level"] == "error");
    let errors = std::iter::once(&endpoint["error"]).chain(others);
    let codes = errors.map(|error| error["code"].as_str().unwrap().to_owned());
    let sentence = endpoint["error"]["message"].as_str().unwrap().to_owned();
    (codes.collect(), sentence)
}

#[test]
fn why_a_list_is_not_used_is_told() {
    let crl = || CrlSpec::new(common_name("Root"), &ROOT_KEY);
    let told = |root: &Cert, crl: &CrlSpec| refusal(root, Some(crl), &[leaf()]).1;
    let mut silent = root();
    silent.put(key_usage(CERT_SIGN));
    let sentence = told(&silent, &crl());
    assert!(sentence.contains("keyUsage lacks cRLSign"), "{sentence}");
    let mut foreign = crl();
    foreign.signer = &OTHER_KEY;
    let sentence = told(&root(), &foreign);
    assert!(
        sentence.contains("not signed by the key of its CA"),
        "{sentence}"
    );
    let mut odd = crl();
    odd.extensions.push(critical("1.3.6.1.4.1.99999.1", null()));
    let sentence = told(&root(), &odd);
    assert!(sentence.contains("critical extension"), "{sentence}");
    let mut scoped = crl();
    // For certificates of CAs alone.
    scoped
        .extensions
        .push(critical(IDP, seq(&[&context(2, &[0xff])])));
    let sentence = told(&root(), &scoped);
    assert!(sentence.contains("meant for others"), "{sentence}");
    let mut early = crl();
    early.this_update = time(NOW + DAY);
    let sentence = told(&root(), &early);
    assert!(sentence.contains("not valid yet"), "{sentence}");
    let other = CrlSpec::new(common_name("Other"), &OTHER_KEY);
    let sentence = told(&root(), &other);
    assert!(sentence.contains("no usable CRL covers"), "{sentence}");
}

#[test]
fn a_name_that_cannot_be_compared_is_not_said_to_be_outside() {
    let told = |constraint: Vec<u8>, name: Vec<u8>| {
        let mut root = root();
        root.put(constraints(&[], &[constraint]));
        let mut leaf = leaf();
        leaf.put(san(&[dns(HOST), name]));
        let (codes, sentence) = refusal(&root, None, &[leaf]);
        assert_eq!(codes, ["name-constraint"], "{sentence}");
        assert!(!sentence.contains("outside"), "{sentence}");
        sentence
    };
    let other = wrap(0, &[oid("1.3.6.1.4.1.99999.2"), wrap(0, &null())].concat());
    let sentence = told(other.clone(), other);
    assert!(sentence.contains("of a type"), "{sentence}");
    // An address without a mask.
    let sentence = told(ip(&[192, 0, 2, 1]), ip(&[192, 0, 2, 1]));
    assert!(sentence.contains("malformed"), "{sentence}");
}

#[test]
fn two_algorithms_in_one_certificate_are_no_other_key() {
    let mut leaf = leaf();
    leaf.outer_algorithm = Some(ecdsa_sha384().der);
    let (_, sentence) = refusal(&root(), None, &[leaf]);
    assert!(sentence.contains("two signature algorithms"), "{sentence}");
}

#[test]
fn a_chain_that_is_too_long_has_no_other_fault() {
    let subject = |number: usize| match number {
        0 => common_name("Root"),
        number => common_name(&format!("Intermediate {number}")),
    };
    let mut chain: Vec<Cert> = (1..=101)
        .rev()
        .map(|number| {
            let signer = if number == 1 { &ROOT_KEY } else { &INTER_KEY };
            Cert::new(subject(number), &INTER_KEY, subject(number - 1), signer)
                .with([ca(None), key_usage(CERT_SIGN)])
        })
        .collect();
    let mut leaf = leaf();
    leaf.issuer = subject(101);
    leaf.signer = &INTER_KEY;
    chain.insert(0, leaf);
    let (codes, sentence) = refusal(&root(), None, &chain);
    assert!(sentence.contains("too long"), "{sentence}");
    assert!(
        !codes.iter().any(|code| code == "unknown-issuer"),
        "{codes:?}"
    );
}

//! The certificates and CRLs of NIST's PKITS, which others made for every rule of RFC 5280. The referee is OpenSSL, not
//! the result that PKITS expects: libpq checks no policies, for example.

use std::fs;
use std::path::Path;

use pgtls::x509::Certificate;

use super::world::Made;

/// A certificate and its file's name.
struct Named {
    name: String,
    parsed: Certificate,
}

/// Every end entity with all that could issue it, directly or not, in two orders, without CRLs and with all of them.
pub(crate) fn cases(directory: &Path) -> Vec<(String, Made)> {
    let all: Vec<Named> = files(&directory.join("certs"))
        .into_iter()
        .map(|(name, der)| Named {
            parsed: Certificate::parse(&der).unwrap_or_else(|error| panic!("{name}: {error}")),
            name,
        })
        .collect();
    let crls: Vec<Vec<u8>> = files(&directory.join("crls"))
        .into_iter()
        .map(|(_, der)| der)
        .collect();
    let is_end = |named: &&Named| named.name.ends_with("EE.crt");
    let root = all.iter().find(|named| named.name == ROOT).unwrap();
    let authorities: Vec<&Named> = all
        .iter()
        .filter(|named| !is_end(named) && named.name != ROOT)
        .collect();
    let mut cases = Vec::new();
    for end in all.iter().filter(is_end) {
        let mut others = issuers(end, &authorities);
        for order in ["by name", "backwards"] {
            for revocation in [false, true] {
                let chain = std::iter::once(&end).chain(&others);
                let made = Made {
                    presented: chain.map(|one| one.parsed.der.to_vec()).collect(),
                    anchors: vec![("CERTIFICATE", root.parsed.der.to_vec())],
                    crls: if revocation { crls.clone() } else { Vec::new() },
                    revocation,
                    now: NOW,
                };
                let name = format!("{}, {order}, revocation {revocation}", end.name);
                cases.push((name, made));
            }
            others.reverse();
        }
    }
    cases
}

/// All authorities from which a path could lead to the certificate, by name.
fn issuers<'a>(end: &Named, authorities: &[&'a Named]) -> Vec<&'a Named> {
    let mut found: Vec<&Named> = Vec::new();
    let mut wanted = vec![&end.parsed.issuer];
    while let Some(issuer) = wanted.pop() {
        for authority in authorities {
            let known = found.iter().any(|one| one.name == authority.name);
            if !known && authority.parsed.subject.matches(issuer) {
                found.push(authority);
                wanted.push(&authority.parsed.issuer);
            }
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

/// Names and contents, by name.
fn files(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

const ROOT: &str = "TrustAnchorRootCertificate.crt";

/// 2020-01-01: the certificates are good from 2010 to 2030.
const NOW: i64 = 1_577_836_800;

//! The roots compiled in: those of `certs/`, and Mozilla's list.

use std::sync::{Arc, LazyLock};

use data_encoding::HEXLOWER;
use memchr::memmem;

use super::file;
use crate::x509::{Anchor, Certificate, Name, TrustSettings};

/// A root certificate of `certs/`.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct BundledRoot {
    /// What `--trust bundled:NAME` and `pgtls roots` call it.
    pub name: &'static str,
    /// The name of its file in `certs/`, under which users know it.
    pub file: &'static str,
    /// SHA-256 of the certificate, in hexadecimal: it identifies the root without parsing it.
    sha256: &'static str,
    /// The certificate as PEM.
    pub pem: &'static str,
}

/// Every root compiled in from `certs/`, by name.
pub const ROOTS: [BundledRoot; 5] = [
    BundledRoot {
        name: "baltimore-cybertrust-root",
        file: "BaltimoreCyberTrustRoot.crt.pem",
        sha256: "16af57a9f676b0ab126095aa5ebadef22ab31119d644ac95cd4b93dbf3f26aeb",
        pem: include_str!("../../certs/BaltimoreCyberTrustRoot.crt.pem"),
    },
    BundledRoot {
        name: "digicert-global-root-ca",
        file: "DigiCertGlobalRootCA.crt.pem",
        sha256: "4348a0e9444c78cb265e058d5e8944b4d84f9662bd26db257f8934a443c70161",
        pem: include_str!("../../certs/DigiCertGlobalRootCA.crt.pem"),
    },
    BundledRoot {
        name: "digicert-global-root-g2",
        file: "DigiCertGlobalRootG2.crt.pem",
        sha256: "cb3ccbb76031e5e0138f8dd39a23f9de47ffc35e43c1144cea27d46a5ab1cb5f",
        pem: include_str!("../../certs/DigiCertGlobalRootG2.crt.pem"),
    },
    BundledRoot {
        name: "microsoft-ecc-root-ca-2017",
        file: "MicrosoftECCRootCA2017.crt.pem",
        sha256: "358df39d764af9e1b766e9c972df352ee15cfac227af6ad1d70e8e4a6edcba02",
        pem: include_str!("../../certs/MicrosoftECCRootCA2017.crt.pem"),
    },
    BundledRoot {
        name: "microsoft-rsa-root-ca-2017",
        file: "MicrosoftRSARootCA2017.crt.pem",
        sha256: "c741f70f4b2a8d88bf2e71c14122ef53ef10eba0cfa5e64cfa20f418853073e0",
        pem: include_str!("../../certs/MicrosoftRSARootCA2017.crt.pem"),
    },
];

impl BundledRoot {
    /// Finds a root by its name.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        ROOTS.iter().find(|root| root.name == name)
    }

    /// Finds the root with this certificate.
    pub fn of(certificate: &Certificate) -> Option<&'static Self> {
        Self::by_sha256(&fingerprint(certificate))
    }

    fn by_sha256(fingerprint: &str) -> Option<&'static Self> {
        ROOTS.iter().find(|root| root.sha256 == fingerprint)
    }

    /// Finds the root that is usually saved under this file name, in any case and with or without the
    /// double ending.
    pub fn by_file_name(file_name: &str) -> Option<&'static Self> {
        let stem = |name: &str| {
            name.to_ascii_lowercase()
                .trim_end_matches(".pem")
                .trim_end_matches(".crt")
                .trim_end_matches(".cer")
                .replace(['-', '_', ' '], "")
        };
        ROOTS.iter().find(|root| stem(root.file) == stem(file_name))
    }

    /// The parsed certificate; `None` cannot happen, because a test parses all of them.
    pub fn certificate(&self) -> Option<Certificate> {
        let contents = file::read(self.pem.as_bytes()).ok()?;
        contents
            .certificates
            .into_iter()
            .next()
            .map(|anchor| Arc::unwrap_or_clone(anchor.certificate))
    }

    pub(super) fn to_anchor(&self) -> Option<Arc<Anchor>> {
        self.certificate().map(anchor)
    }
}

/// Is this a root of Mozilla's list?
pub fn is_public(certificate: &Certificate) -> bool {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .any(|der| der.as_ref() == &*certificate.der)
}

/// Is this a root that was on the public lists but no longer is?
pub fn is_retired(certificate: &Certificate) -> bool {
    let fingerprint = fingerprint(certificate);
    let known = RETIRED.contains(&fingerprint.as_str());
    (known || BundledRoot::by_sha256(&fingerprint).is_some()) && !is_public(certificate)
}

fn fingerprint(certificate: &Certificate) -> String {
    HEXLOWER.encode(&certificate.sha256_fingerprint())
}

/// SHA-256 of roots that Mozilla's list has dropped, and that are not in `certs/`: GlobalSign Root CA
/// (R1), AAA Certificate Services, Entrust's of 2048 bits, DigiCert's Assured ID and High Assurance EV, and Go
/// Daddy's and Starfield's Class 2.
const RETIRED: [&str; 7] = [
    "6dc47172e01cbcb0bf62580d895fe2b8ac9ad4f873801e0c10b9c837d21eb177",
    "3e9099b5015e8f486c00bcea9d111ee721faba355a89bcf1df69561e3dc6325c",
    "7431e5f4c3c1ce4690774f0b61e05440883ba9a01ed00ba6abd7806ed3b118cf",
    "c3846bf24b9e93ca64274c0ec67c1ecc5e024ffcacd2d74019350e81fe546ae4",
    "1465fa205397b876faa6f0a9958e5590e40fcc7faa4fb7c2c8677521fb5fb658",
    "ebd41040e4bb3ec742c9e381d31ef2a41a48b6685c96e7cef3c1df6cd4331c99",
    "d7a7a0fb5d7e2731d771e9484ebcdef71d5f0c3e0a2948782bc83ee0ea699ef4",
];

/// Mozilla's roots with this name. webpki-roots is the index: it is static and needs no parsing at
/// start. It has no validity, which the verdict needs, so the certificate itself comes from
/// webpki-root-certs, the same list as DER.
pub(super) fn mozilla_by_subject(subject: &Name) -> Vec<Arc<Anchor>> {
    let indexed: Vec<Arc<Anchor>> = webpki_roots::TLS_SERVER_ROOTS
        .iter()
        .filter(|root| subject.der.ends_with(&root.subject))
        .filter_map(|root| {
            webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().find(|der| {
                [&root.subject, &root.subject_public_key_info]
                    .iter()
                    .all(|part| memmem::find(der, part).is_some())
            })
        })
        .filter_map(|der| mozilla_root(der, subject))
        .collect();
    if !indexed.is_empty() {
        return indexed;
    }
    // The index compares bytes. To OpenSSL, an issuer in another case or string type is the same
    // name, so the whole list is then parsed: once, even if a hostile chain names many.
    static PARSED: LazyLock<Vec<Arc<Anchor>>> = LazyLock::new(|| {
        let parsed = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
        parsed
            .filter_map(|der| Certificate::parse(der).ok().map(anchor))
            .collect()
    });
    PARSED
        .iter()
        .filter(|root| root.certificate.subject.matches(subject))
        .cloned()
        .collect()
}

fn mozilla_root(der: &[u8], subject: &Name) -> Option<Arc<Anchor>> {
    let certificate = Certificate::parse(der).ok()?;
    certificate
        .subject
        .matches(subject)
        .then(|| anchor(certificate))
}

pub(super) fn anchor(certificate: Certificate) -> Arc<Anchor> {
    Arc::new(Anchor {
        certificate: Arc::new(certificate),
        settings: TrustSettings::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bundled_root_is_the_genuine_one() {
        let expected = [
            "16af57a9f676b0ab126095aa5ebadef22ab31119d644ac95cd4b93dbf3f26aeb",
            "4348a0e9444c78cb265e058d5e8944b4d84f9662bd26db257f8934a443c70161",
            "cb3ccbb76031e5e0138f8dd39a23f9de47ffc35e43c1144cea27d46a5ab1cb5f",
            "358df39d764af9e1b766e9c972df352ee15cfac227af6ad1d70e8e4a6edcba02",
            "c741f70f4b2a8d88bf2e71c14122ef53ef10eba0cfa5e64cfa20f418853073e0",
        ];
        for (root, expected) in ROOTS.iter().zip(expected) {
            let certificate = root.certificate().unwrap();
            let fingerprint = HEXLOWER.encode(&certificate.sha256_fingerprint());
            assert_eq!(fingerprint, expected, "{}", root.name);
            let found = BundledRoot::of(&certificate).map(|found| found.name);
            assert_eq!(found, Some(root.name));
        }
    }

    #[test]
    fn a_root_is_found_by_the_file_names_people_save_it_under() {
        for name in [
            "DigiCertGlobalRootCA.crt.pem",
            "DigiCertGlobalRootCA.crt",
            "digicertglobalrootca.pem",
            "DigiCert_Global_Root_CA.cer",
        ] {
            let root = BundledRoot::by_file_name(name).map(|root| root.name);
            assert_eq!(root, Some("digicert-global-root-ca"), "{name}");
        }
        assert!(BundledRoot::by_file_name("root.crt").is_none());
    }

    #[test]
    fn roots_that_the_public_lists_dropped_are_known() {
        for (name, retired) in [
            ("baltimore-cybertrust-root", true),
            ("digicert-global-root-ca", true),
            ("digicert-global-root-g2", false),
            ("microsoft-rsa-root-ca-2017", false),
        ] {
            let root = BundledRoot::by_name(name).unwrap().certificate().unwrap();
            assert_eq!(
                (is_retired(&root), is_public(&root)),
                (retired, !retired),
                "{name}"
            );
        }
    }

    #[test]
    fn every_root_of_mozillas_list_is_found_by_its_name() {
        for der in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
            let root = Certificate::parse(der).unwrap();
            let found = mozilla_by_subject(&root.subject);
            assert!(
                found.iter().any(|a| *a.certificate == root),
                "{}",
                root.subject.text
            );
        }
    }
}

//! A server's certificates, a client's trust and a time: the input of both sides.

use std::sync::Arc;

use pgtls::verify::{
    Dissent, FaultKind, OldOpenSsl, Purpose, Revocation, Rules, Step, check, old_openssl,
};
use pgtls::x509::{Anchor, AnchorList, Certificate, Crl, TrustSettings};

use crate::support::certs::*;

/// A situation to which faults can still be added.
#[derive(Clone)]
pub(crate) struct World {
    /// Leaf, intermediates, root; each may sign the one before it.
    pub(crate) chain: Vec<Cert>,
    /// What the server sends, leaf first.
    pub(crate) presented: Vec<Item>,
    /// The contents of the root file.
    pub(crate) anchors: Vec<Item>,
    pub(crate) crls: Vec<CrlSpec>,
    /// Is revocation checked at all?
    pub(crate) revocation: bool,
    pub(crate) now: i64,
}

/// A certificate in its place.
#[derive(Clone)]
pub(crate) enum Item {
    /// One of the chain.
    Link(usize),
    /// One that has nothing to do with the chain.
    Extra(Box<Cert>),
    /// Bytes.
    Der(Vec<u8>),
    /// One of the chain as `TRUSTED CERTIFICATE`, with what follows it.
    Trusted(usize, Vec<u8>),
}

pub(crate) const LEAF: usize = 0;
pub(crate) const INTER: usize = 1;
pub(crate) const ROOT: usize = 2;

pub(crate) const LEAF_ID: &[u8] = b"leaf key";
pub(crate) const INTER_ID: &[u8] = b"intermediate key";
pub(crate) const ROOT_ID: &[u8] = b"root key";

pub(crate) fn root_name() -> Vec<u8> {
    common_name("Root")
}

pub(crate) fn inter_name() -> Vec<u8> {
    common_name("Intermediate")
}

pub(crate) fn leaf_name() -> Vec<u8> {
    common_name("db.example.test")
}

pub(crate) fn root() -> Cert {
    Cert::new(root_name(), &ROOT_KEY, root_name(), &ROOT_KEY)
        .with([ca(None), key_usage(CERT_SIGN | CRL_SIGN), ski(ROOT_ID)])
        .serial(1)
}

pub(crate) fn intermediate() -> Cert {
    Cert::new(inter_name(), &INTER_KEY, root_name(), &ROOT_KEY)
        .with([
            ca(None),
            key_usage(CERT_SIGN | CRL_SIGN),
            ski(INTER_ID),
            aki(ROOT_ID),
        ])
        .serial(2)
}

pub(crate) fn leaf() -> Cert {
    Cert::new(leaf_name(), &LEAF_KEY, inter_name(), &INTER_KEY)
        .with([
            not_ca(),
            key_usage(DIGITAL_SIGNATURE),
            eku(&[SERVER_AUTH]),
            san(&[dns("db.example.test")]),
            ski(LEAF_ID),
            aki(INTER_ID),
        ])
        .serial(3)
}

/// A root that signed nothing here.
pub(crate) fn other_root() -> Cert {
    Cert::new(
        common_name("Other Root"),
        &OTHER_KEY,
        common_name("Other Root"),
        &OTHER_KEY,
    )
    .with([ca(None), key_usage(CERT_SIGN | CRL_SIGN)])
}

impl World {
    /// A chain of three that every verifier accepts.
    pub(crate) fn good() -> Self {
        Self::of(vec![leaf(), intermediate(), root()])
    }

    /// The server sends all but the last, which is the anchor.
    pub(crate) fn of(chain: Vec<Cert>) -> Self {
        let last = chain.len() - 1;
        Self {
            chain,
            presented: (0..last.max(1)).map(Item::Link).collect(),
            anchors: vec![Item::Link(last)],
            crls: Vec::new(),
            revocation: false,
            now: NOW,
        }
    }

    pub(crate) fn leaf(&mut self) -> &mut Cert {
        &mut self.chain[LEAF]
    }

    pub(crate) fn inter(&mut self) -> &mut Cert {
        &mut self.chain[INTER]
    }

    pub(crate) fn root(&mut self) -> &mut Cert {
        &mut self.chain[ROOT]
    }

    /// Switches revocation on, with a CRL of the root and one of the intermediate.
    pub(crate) fn crls(&mut self) -> &mut Vec<CrlSpec> {
        if !self.revocation {
            self.revocation = true;
            self.crls.push(CrlSpec::new(root_name(), &ROOT_KEY));
            self.crls.push(CrlSpec::new(inter_name(), &INTER_KEY));
        }
        &mut self.crls
    }

    pub(crate) fn root_crl(&mut self) -> &mut CrlSpec {
        &mut self.crls()[0]
    }

    pub(crate) fn inter_crl(&mut self) -> &mut CrlSpec {
        &mut self.crls()[1]
    }

    pub(crate) fn make(&self) -> Made {
        let links: Vec<Vec<u8>> = self.chain.iter().map(Cert::der).collect();
        let der = |item: &Item| match item {
            Item::Link(index) => links[*index].clone(),
            Item::Extra(cert) => cert.der(),
            Item::Der(der) => der.clone(),
            Item::Trusted(index, settings) => [&links[*index][..], settings].concat(),
        };
        Made {
            presented: self.presented.iter().map(der).collect(),
            anchors: self
                .anchors
                .iter()
                .map(|item| {
                    let label = match item {
                        Item::Trusted(..) => "TRUSTED CERTIFICATE",
                        _ => "CERTIFICATE",
                    };
                    (label, der(item))
                })
                .collect(),
            crls: self.crls.iter().map(CrlSpec::der).collect(),
            revocation: self.revocation,
            now: self.now,
        }
    }
}

/// A situation, encoded.
pub(crate) struct Made {
    pub(crate) presented: Vec<Vec<u8>>,
    /// With their PEM labels.
    pub(crate) anchors: Vec<(&'static str, Vec<u8>)>,
    pub(crate) crls: Vec<Vec<u8>>,
    pub(crate) revocation: bool,
    pub(crate) now: i64,
}

/// The verdict of one side.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) passes: bool,
    /// OpenSSL's number of the first error, if it is not pgtls.
    pub(crate) code: Option<u32>,
    /// All that pgtls finds.
    pub(crate) faults: Vec<FaultKind>,
    /// What pgtls says about versions that differ.
    pub(crate) dissent: Option<Dissent>,
    /// What pgtls says about OpenSSL 1.1.1.
    pub(crate) old: Option<OldOpenSsl>,
    /// Could it not even read the input?
    pub(crate) unreadable: bool,
    /// For people.
    pub(crate) text: String,
}

impl Outcome {
    /// OpenSSL's number of the first error; `None` if there is none or it is not OpenSSL's.
    pub(crate) fn code(&self) -> Option<u32> {
        self.code.or_else(|| self.faults.first()?.openssl_code())
    }
}

impl Made {
    pub(crate) fn judge(&self) -> Outcome {
        match self.read() {
            Ok((presented, anchors, crls)) => self.check(&presented, &anchors, crls),
            Err(error) => Outcome {
                passes: false,
                code: None,
                faults: Vec::new(),
                dissent: None,
                old: None,
                unreadable: true,
                text: error.to_string(),
            },
        }
    }

    pub(crate) fn read(
        &self,
    ) -> Result<(Vec<Certificate>, AnchorList, Vec<Crl>), pgtls::x509::ParseError> {
        let presented: Result<_, _> = self
            .presented
            .iter()
            .map(|der| Certificate::parse(der))
            .collect();
        let mut anchors = Vec::new();
        for (label, der) in &self.anchors {
            let (certificate, settings) = if *label == "TRUSTED CERTIFICATE" {
                Certificate::parse_trusted(der)?
            } else {
                (Certificate::parse_prefix(der)?.0, TrustSettings::default())
            };
            anchors.push(Anchor {
                certificate: Arc::new(certificate),
                settings,
            });
        }
        let crls: Result<_, _> = self.crls.iter().map(|der| Crl::parse(der)).collect();
        Ok((presented?, AnchorList::new(anchors), crls?))
    }

    fn check(&self, presented: &[Certificate], anchors: &AnchorList, crls: Vec<Crl>) -> Outcome {
        let revocation = if self.revocation {
            Revocation::WholeChain(crls.into())
        } else {
            Revocation::Off
        };
        let rules = Rules {
            now: self.now,
            revocation,
            purpose: Purpose::SslServer,
        };
        let report = check(presented, anchors, &rules);
        let text = format!("{:?}", report.faults);
        let on_path = |step: &'_ Step| match step {
            Step::Presented(index) => presented[*index].clone(),
            Step::Anchor(anchor) => Certificate::clone(&anchor.certificate),
        };
        let path: Vec<Certificate> = report.path.iter().map(on_path).collect();
        let path: Vec<&Certificate> = path.iter().collect();
        Outcome {
            old: old_openssl(&path, &report.faults),
            passes: report.faults.is_empty(),
            code: None,
            dissent: report.dissent,
            faults: report.faults.into_iter().map(|fault| fault.kind).collect(),
            unreadable: false,
            text,
        }
    }
}

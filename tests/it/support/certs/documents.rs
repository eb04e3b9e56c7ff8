//! Signed documents: certificates and CRLs.

use super::algorithms::{Algorithm, ecdsa_sha256};
use super::der::*;
use super::extensions::*;
use super::keys::Key;
use super::{DAY, NOW};

/// Everything in a certificate, each part as encoded.
#[derive(Clone)]
pub(crate) struct Cert {
    /// The explicitly tagged version; empty for version 1.
    pub(crate) version: Vec<u8>,
    /// Contents of the INTEGER.
    pub(crate) serial: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) not_before: Vec<u8>,
    pub(crate) not_after: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) spki: Vec<u8>,
    /// Encoded unique identifiers.
    pub(crate) unique_ids: Vec<u8>,
    pub(crate) extensions: Vec<Extension>,
    pub(crate) signer: &'static Key,
    pub(crate) algorithm: Algorithm,
    /// The outer algorithm, if it differs.
    pub(crate) outer_algorithm: Option<Vec<u8>>,
    /// How to damage the signature.
    pub(crate) spoil: Spoil,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spoil {
    Nothing,
    /// Its last bit flips.
    Bit,
    /// Its last bits are declared unused.
    UnusedBits,
}

impl Spoil {
    /// How many bits are declared unused, and the signature.
    fn sign(self, tbs: &[u8], signer: &Key, algorithm: &Algorithm) -> (u8, Vec<u8>) {
        let mut signature = signer.sign(tbs, algorithm);
        match self {
            Self::Nothing => (0, signature),
            Self::Bit => {
                *signature.last_mut().unwrap() ^= 1;
                (0, signature)
            }
            Self::UnusedBits => {
                // The bit that is declared unused must be zero, so that only the declaration is
                // wrong. Some algorithms always make the same signature.
                for _ in 0..40 {
                    if signature.last().unwrap() & 1 == 0 {
                        break;
                    }
                    signature = signer.sign(tbs, algorithm);
                }
                *signature.last_mut().unwrap() &= !1;
                (1, signature)
            }
        }
    }
}

impl Cert {
    /// Version 3, valid for a year around `NOW`, without extensions.
    pub(crate) fn new(
        subject: Vec<u8>,
        key: &'static Key,
        issuer: Vec<u8>,
        signer: &'static Key,
    ) -> Self {
        Self {
            version: wrap(0, &int(&[2])),
            serial: vec![1],
            issuer,
            not_before: time(NOW - 180 * DAY),
            not_after: time(NOW + 180 * DAY),
            subject,
            spki: key.spki(),
            unique_ids: Vec::new(),
            extensions: Vec::new(),
            signer,
            algorithm: ecdsa_sha256(),
            outer_algorithm: None,
            spoil: Spoil::Nothing,
        }
    }

    pub(crate) fn with(mut self, extensions: impl IntoIterator<Item = Extension>) -> Self {
        self.extensions.extend(extensions);
        self
    }

    pub(crate) fn serial(mut self, serial: u8) -> Self {
        self.serial = vec![serial];
        self
    }

    /// Replaces the extension of this kind, or adds it.
    pub(crate) fn put(&mut self, extension: Extension) {
        self.drop_extension(&extension.oid);
        self.extensions.push(extension);
    }

    pub(crate) fn drop_extension(&mut self, oid: &str) {
        self.extensions.retain(|extension| extension.oid != oid);
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        let list: Vec<u8> = self.extensions.iter().flat_map(Extension::der).collect();
        let extensions = if list.is_empty() {
            Vec::new()
        } else {
            wrap(3, &tlv(0x30, &list))
        };
        let tbs = seq(&[
            &self.version,
            &int(&self.serial),
            &self.algorithm.der,
            &self.issuer,
            &seq(&[&self.not_before, &self.not_after]),
            &self.subject,
            &self.spki,
            &self.unique_ids,
            &extensions,
        ]);
        let (unused, signature) = self.spoil.sign(&tbs, self.signer, &self.algorithm);
        let outer = self.outer_algorithm.as_ref().unwrap_or(&self.algorithm.der);
        seq(&[&tbs, outer, &bits(unused, &signature)])
    }
}

/// Everything in a CRL.
#[derive(Clone)]
pub(crate) struct CrlSpec {
    pub(crate) issuer: Vec<u8>,
    /// 2 for extensions, 1 without.
    pub(crate) version: u8,
    pub(crate) this_update: Vec<u8>,
    /// Empty if left out.
    pub(crate) next_update: Vec<u8>,
    /// Serial number, date and extensions.
    pub(crate) revoked: Vec<(Vec<u8>, Vec<u8>, Vec<Extension>)>,
    pub(crate) extensions: Vec<Extension>,
    pub(crate) signer: &'static Key,
    pub(crate) algorithm: Algorithm,
    /// The outer algorithm, if it differs.
    pub(crate) outer_algorithm: Option<Vec<u8>>,
    pub(crate) spoil: Spoil,
}

pub(crate) const CRL_NUMBER: &str = "2.5.29.20";
pub(crate) const REASON: &str = "2.5.29.21";
pub(crate) const DELTA: &str = "2.5.29.27";
pub(crate) const IDP: &str = "2.5.29.28";

impl CrlSpec {
    /// Version 2, valid for a month around `NOW`, empty.
    pub(crate) fn new(issuer: Vec<u8>, signer: &'static Key) -> Self {
        Self {
            issuer,
            version: 2,
            this_update: time(NOW - 15 * DAY),
            next_update: time(NOW + 15 * DAY),
            revoked: Vec::new(),
            extensions: vec![ext(CRL_NUMBER, int(&[1]))],
            signer,
            algorithm: ecdsa_sha256(),
            outer_algorithm: None,
            spoil: Spoil::Nothing,
        }
    }

    pub(crate) fn revoke(&mut self, serial: &[u8], extensions: Vec<Extension>) {
        self.revoked
            .push((serial.to_vec(), time(NOW - DAY), extensions));
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        let entries: Vec<u8> = self
            .revoked
            .iter()
            .flat_map(|(serial, date, extensions)| {
                let list: Vec<u8> = extensions.iter().flat_map(Extension::der).collect();
                let list = if list.is_empty() {
                    list
                } else {
                    tlv(0x30, &list)
                };
                seq(&[&int(serial), date, &list])
            })
            .collect();
        let list: Vec<u8> = self.extensions.iter().flat_map(Extension::der).collect();
        let v2 = self.version == 2;
        let tbs = seq(&[
            &if v2 { int(&[1]) } else { Vec::new() },
            &self.algorithm.der,
            &self.issuer,
            &self.this_update,
            &self.next_update,
            &if entries.is_empty() {
                Vec::new()
            } else {
                tlv(0x30, &entries)
            },
            &if v2 && !list.is_empty() {
                wrap(0, &tlv(0x30, &list))
            } else {
                Vec::new()
            },
        ]);
        let (unused, signature) = self.spoil.sign(&tbs, self.signer, &self.algorithm);
        let outer = self.outer_algorithm.as_ref().unwrap_or(&self.algorithm.der);
        seq(&[&tbs, outer, &bits(unused, &signature)])
    }
}

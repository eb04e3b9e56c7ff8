//! Parses DER into facts: certificates, names and CRLs as OpenSSL reads them.
//!
//! Nothing here judges. Encodings that OpenSSL tolerates are accepted, because a checker that
//! refuses what libpq accepts raises a false alarm. The rules that refuse are in `verify`.

#![deny(clippy::wildcard_enum_match_arm)]

mod algorithm;
mod anchor;
mod certificate;
mod crl;
pub(crate) mod der;
mod error;
mod explicit_curve;
mod extension;
mod general_name;
mod key;
mod name;
mod post_quantum;
mod request;
mod rsa;
mod signed;
mod strength;
mod time;

pub use algorithm::{Digest, PssParameters, SignatureAlgorithm, SignatureScheme};
pub use anchor::{Anchor, AnchorList, AnchorStore, TrustSettings};
pub use certificate::{BasicConstraints, Certificate, KeyIdentifier, KeyUsage, SigningFault};
pub use crl::{Covers, Crl, NextUpdate, Revoked, Scope};
pub use error::{Field, ParseError};
pub use extension::{Flaw, oid, usage_name};
pub use general_name::{
    DistributionPoint, DistributionPointName, GeneralName, NameConstraints, Reach, Reasons, Subtree,
};
pub use key::{Curve, KeyKind, PublicKey};
pub use name::{Attribute, COMMON_NAME, EMAIL_ADDRESS, Name};
pub use post_quantum::{MlDsa, SlhDsa};
pub use request::CertificateRequest;
pub(crate) use rsa::{RsaPadding, rsa_signed};
pub use strength::Strength;

//! DER in, facts out: certificates, names and CRLs as OpenSSL reads them.
//!
//! Nothing here judges. What OpenSSL tolerates in an encoding is tolerated, because a checker that
//! refuses what libpq takes raises a false alarm; the rules that refuse live in `verify`.

mod certificate;
mod name;

pub use certificate::{
    BasicConstraints, Certificate, GeneralName, KeyIdentifier, KeyUsage, PublicKey,
};
pub use name::Name;

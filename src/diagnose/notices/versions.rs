//! Where versions of OpenSSL differ, and the refusing one decides.

use super::{Code, Finding, Stage, info};
use crate::verify::{Dissent, Judgement};

/// Which versions refuse the chain, and which accept it.
pub(in crate::diagnose) fn versions_differ(judgement: &Judgement) -> Option<Finding> {
    let (message, hint) = match judgement.path.dissent? {
        Dissent::DeltaCrl => (
            "psql refuses because of a delta CRL with OpenSSL up to 3.0.20 and 3.5.7; with 3.0.22 and 3.5.9 it ignores delta CRLs and accepts the chain",
            "Put only complete CRLs into sslcrl and sslcrldir.",
        ),
        Dissent::EmptyCrlScope => (
            "psql refuses with OpenSSL 3.5, which does not use a CRL whose issuingDistributionPoint has no content; with 3.0 it accepts the chain",
            "Have the CRL issued without that extension.",
        ),
    };
    Some(info(Code::OpensslVersionsDiffer, Stage::Verify, message).hint(hint))
}

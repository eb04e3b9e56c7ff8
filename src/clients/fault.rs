//! A fault of a chain as an objection of a client.

use super::verifier::{Case, links};
use super::{Objection, Obstacle, objection};
use crate::verify::{Fault, FaultKind, PathReport};

/// What is wrong, in a few words: the error of the check has the details.
pub(super) fn of_fault(case: &Case<'_>, path: &PathReport, fault: &Fault) -> Objection {
    let place = case.judgement.place_on(path, fault.depth);
    let ends_in_file = || {
        let mut links = links(case, path).into_iter();
        links.any(|link| case.anchors.contains(link))
    };
    let reason = if fault.kind == FaultKind::UnableToGetIssuerCert && ends_in_file() {
        "the root file ends at a certificate that is not self-signed".to_owned()
    } else {
        fault.kind.sentence(place.name())
    };
    objection(Obstacle::Chain(fault.kind.clone(), place), reason)
}

//! What each client library should do with each endpoint of a lab.

use std::collections::HashMap;

use pgtls::conninfo::Nowhere;
use pgtls::lab::{Fault, Lab, Place, Secret, Watcher};
use pgtls::report::ClientReport;
use time::OffsetDateTime;

use crate::cli::{Check, Output};
use crate::commands::check;
use crate::commands::progress::Silent;

/// Asks a lab of its own, so that nobody takes these connections for those of the client under test.
/// Endpoints that are late are not asked: what matters about them is no question of trust.
pub(super) fn expectations(
    faults: &[Fault],
    place: &Place,
) -> anyhow::Result<HashMap<Fault, Vec<ClientReport>>> {
    let prompt: Vec<Fault> = faults
        .iter()
        .copied()
        .filter(|fault| !matches!(fault, Fault::Slow | Fault::NeverAnswers))
        .collect();
    let directory = tempfile::Builder::new().prefix("pgtls-lab-").tempdir()?;
    let place = Place {
        port_base: None,
        directory: directory.path().to_owned(),
        ..place.clone()
    };
    let nobody: Watcher = std::sync::Arc::new(|_, _| {});
    let lab = Lab::start(&prompt, &place, &nobody, OffsetDateTime::now_utc())?;
    let strings = lab
        .benches
        .iter()
        .map(|bench| bench.uri(Secret::Shown).into());
    let args = Check {
        clients: true,
        ..Check::of(strings.collect(), Output::none())
    };
    let (endpoints, _) = check::check(&args, &Nowhere, &mut Silent)?;
    let found = endpoints.into_iter().map(|endpoint| endpoint.clients);
    Ok(prompt
        .into_iter()
        .zip(found.map(Option::unwrap_or_default))
        .collect())
}

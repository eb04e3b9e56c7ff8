//! What each client library should do with each endpoint of a lab.

use std::collections::HashMap;

use pgtls::check::{CheckRequest, Silent, Source, check};
use pgtls::conninfo::Nowhere;
use pgtls::lab::{Fault, Lab, Place, Secret, Watcher};
use pgtls::report::{ClientReport, EndpointReport};
use time::OffsetDateTime;

use crate::commands::demands::now;
use crate::commands::run;
use crate::machine::jobs;

/// Uses a separate lab, so that these connections are not mistaken for those of the client under
/// test. Slow endpoints are left out: their fault has nothing to do with trust.
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
    let sources: Vec<Source> = lab
        .benches
        .iter()
        .map(|bench| Source {
            text: bench.uri(Secret::Shown).into_bytes(),
            clients: true,
            ..Source::default()
        })
        .collect();
    let request = CheckRequest::new(now(), jobs(None));
    let outcome = run::block_on(check(
        &request,
        &sources,
        &Nowhere,
        &mut Silent,
        run::ctrl_c(),
    ))??;
    let found = outcome
        .checked()
        .map(|checked| EndpointReport::of(checked).clients);
    Ok(prompt
        .into_iter()
        .zip(found.map(Option::unwrap_or_default))
        .collect())
}

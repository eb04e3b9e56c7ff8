//! Does `pgtls audit` find out what an endpoint accepts, and never take silence for a refusal?

mod lab;
mod profiles;
mod real;
mod scanners;
mod scripted;
mod unknown;

use crate::support::client::{Client, Run};
use serde_json::Value;

/// `pgtls audit --format json` with further arguments.
fn audit(client: &Client, arguments: &[&str]) -> Run {
    client.pgtls(&[&["audit", "--format", "json"], arguments].concat())
}

/// The names of the accepted versions, with the OpenSSL names of their suites.
fn accepted(run: &Run) -> Vec<(String, Vec<String>)> {
    let endpoint = run.endpoint();
    let protocols = endpoint["audit"]["tls"]["protocols"].as_array().unwrap();
    let accepted = protocols.iter().filter(|one| one["outcome"] == "accepted");
    let suites = |one: &Value| {
        let suites = one["accepted"]["suites"].as_array().unwrap().iter();
        let names = suites.map(|suite| suite["cipher"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    accepted
        .map(|one| (one["version"].as_str().unwrap().to_owned(), suites(one)))
        .collect()
}

/// The report about one version.
fn protocol(run: &Run, version: &str) -> Value {
    let endpoint = run.endpoint();
    let protocols = endpoint["audit"]["tls"]["protocols"].as_array().unwrap();
    let found = protocols.iter().find(|one| one["version"] == version);
    found.unwrap().clone()
}

/// The level of every finding with this code, including the error.
fn levels(run: &Run, code: &str) -> Vec<String> {
    let endpoint = run.endpoint();
    let error = std::iter::once(&endpoint["error"]);
    let all = error.chain(endpoint["findings"].as_array().unwrap());
    all.filter(|finding| finding["code"] == code)
        .map(|finding| finding["level"].as_str().unwrap().to_owned())
        .collect()
}

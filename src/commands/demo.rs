//! `pgtls demo`: the main job without a server and without a network.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use pgtls::check::{CheckRequest, Silent, Source, check};
use pgtls::conninfo::{Nowhere, quoted};
use pgtls::lab::{Authority, Endpoint};
use pgtls::os::bytes_of;
use pgtls::report::Report;
use time::OffsetDateTime;

use super::output::{self, Printed};
use super::run;
use crate::cli::Output;
use crate::machine::jobs;

pub(crate) fn run(output: &Output) -> anyhow::Result<ExitCode> {
    let now = OffsetDateTime::now_utc();
    let authority = Authority::new("pgtls demo CA", now).context("could not make a CA")?;
    let issued = authority
        .issue(&["localhost"], now)
        .context("could not make a certificate")?;
    let endpoint = Endpoint::start(issued).context("could not start the endpoint")?;
    let root = tempfile::Builder::new()
        .prefix("pgtls-demo-")
        .suffix(".crt")
        .tempfile()
        .context("could not write the root certificate")?;
    root.as_file()
        .write_all(authority.root_pem.as_bytes())
        .context("could not write the root certificate")?;

    // A password, to show that it stays hidden. hostaddr, because "localhost" may mean ::1 first.
    let mut string = format!(
        "host=localhost hostaddr={} port={} user=demo password=secret sslmode=verify-full sslrootcert=",
        endpoint.address.ip(),
        endpoint.address.port(),
    )
    .into_bytes();
    string.extend(quoted(&bytes_of(root.path().as_os_str())));
    let source = Source {
        text: string,
        ..Source::default()
    };
    let (request, sources) = (
        CheckRequest::new(now.unix_timestamp(), jobs(None)),
        [source],
    );
    let outcome = run::block_on(check(
        &request,
        &sources,
        &Nowhere,
        &mut Silent,
        run::ctrl_c(),
    ))??;
    let exit = outcome.exit();
    output::print(
        &Report::of(outcome, now.unix_timestamp()),
        exit,
        output,
        Printed::Nothing,
    )
}

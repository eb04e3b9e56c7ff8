//! `pgtls demo`: the main job without a server and without a network.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use pgtls::conninfo::{Nowhere, quoted};
use pgtls::lab::{Authority, Endpoint};
use pgtls::os::bytes_of;
use pgtls::report::Report;
use time::OffsetDateTime;

use super::output::Printed;
use super::progress::Silent;
use super::{check, output};
use crate::cli::{Check, Output};

pub(crate) fn run(output: Output) -> anyhow::Result<ExitCode> {
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

    // A password, to show that it stays hidden; hostaddr, as "localhost" may mean ::1 first.
    let string = format!(
        "host=localhost hostaddr={} port={} user=demo password=secret sslmode=verify-full sslrootcert={}",
        endpoint.address.ip(),
        endpoint.address.port(),
        String::from_utf8_lossy(&quoted(&bytes_of(root.path().as_os_str()))),
    );
    let args = Check::of(vec![string.into()], output);
    let (endpoints, exit) = check::check(&args, &Nowhere, &mut Silent)?;
    let report = Report::new(endpoints, exit);
    output::print(&report, exit, &args.output, Printed::Nothing)
}

//! The lab's endpoint in a separate process, for `benches/compare`: writes its root certificate to
//! the named file, prints its port, and serves until standard input ends.

#![allow(clippy::print_stdout, reason = "it is how the port gets out")]

use std::io::Read as _;

use anyhow::Context as _;
use pgtls::lab::{Authority, Endpoint};
use time::OffsetDateTime;

fn main() -> anyhow::Result<()> {
    let file = std::env::args_os().nth(1);
    let file = file.context("name a file for the root certificate")?;
    let now = OffsetDateTime::now_utc();
    let authority = Authority::new("pgtls bench CA", now)?;
    let endpoint = Endpoint::start(authority.issue(&["localhost"], now)?)?;
    std::fs::write(file, &authority.root_pem)?;
    println!("{}", endpoint.address.port());
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

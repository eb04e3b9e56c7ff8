//! `pgtls roots`: the root certificates that are compiled in.

use std::io::{self, Write};

use data_encoding::HEXLOWER;
use pgtls::exit::Exit;
use pgtls::report::instant;
use pgtls::trust::{BundledRoot, ROOTS};
use time::OffsetDateTime;

use super::output;
use crate::cli::{Roots, RootsAction};

pub(crate) fn run(args: &Roots) -> anyhow::Result<Exit> {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    if args.calendar {
        output::to_stdout(|out| super::calendar::write(out, now))?;
        return Ok(Exit::Passed);
    }
    output::to_stdout(|out| match args.action {
        None | Some(RootsAction::List) => ROOTS.iter().try_for_each(|root| list(out, root, now)),
        Some(RootsAction::Show { name }) => show(out, name, now),
        Some(RootsAction::Export { name }) => out.write_all(name.pem.as_bytes()),
    })?;
    Ok(Exit::Passed)
}

fn list(out: &mut dyn Write, root: &BundledRoot, now: i64) -> io::Result<()> {
    let Some(certificate) = root.certificate() else {
        return Ok(());
    };
    let until = instant(certificate.not_after);
    let state = if certificate.not_after < Some(now) {
        "expired"
    } else {
        "until"
    };
    let fingerprint = HEXLOWER.encode(&certificate.sha256_fingerprint());
    let day = until.get(..10).unwrap_or(&until);
    writeln!(out, "{:<26}  {state:<7} {day}  {fingerprint}", root.name)
}

fn show(out: &mut dyn Write, root: &BundledRoot, now: i64) -> io::Result<()> {
    let Some(certificate) = root.certificate() else {
        return Ok(());
    };
    let state = if certificate.not_after < Some(now) {
        " (expired)"
    } else {
        ""
    };
    writeln!(out, "name        {}", root.name)?;
    writeln!(out, "file        {}", root.file)?;
    writeln!(out, "subject     {}", certificate.subject.text)?;
    writeln!(out, "key         {}", certificate.key_description())?;
    writeln!(out, "signature   {}", certificate.signature_name())?;
    writeln!(out, "not before  {}", instant(certificate.not_before))?;
    writeln!(out, "not after   {}{state}", instant(certificate.not_after))?;
    writeln!(
        out,
        "SHA-256     {}",
        HEXLOWER.encode(&certificate.sha256_fingerprint())
    )?;
    writeln!(out)?;
    out.write_all(root.pem.as_bytes())
}

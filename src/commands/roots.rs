//! `pgtls roots`: the root certificates that are compiled in.

use std::io::{self, Write};
use std::path::Path;

use anyhow::Context as _;
use data_encoding::HEXLOWER;
use pgtls::conninfo::shown_path;
use pgtls::exit::Exit;
use pgtls::report::{day, instant};
use pgtls::trust::{BundledRoot, ROOTS, RootSet, SETS};
use time::OffsetDateTime;

use super::output;
use crate::cli::{Exported, Roots, RootsAction};

pub(crate) fn run(args: &Roots) -> anyhow::Result<Exit> {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    if args.calendar {
        output::to_stdout(|out| super::calendar::write(out, now))?;
        return Ok(Exit::Passed);
    }
    match &args.action {
        None | Some(RootsAction::List) => output::to_stdout(|out| {
            ROOTS.iter().try_for_each(|root| list(out, root, now))?;
            writeln!(out)?;
            SETS.iter().try_for_each(|set| list_set(out, set))
        })?,
        Some(RootsAction::Show { name }) => output::to_stdout(|out| show(out, name, now))?,
        Some(RootsAction::Export { names, output }) => export(names, output.as_deref())?,
    }
    Ok(Exit::Passed)
}

/// Each root once, in the order of the names.
fn export(names: &[Exported], file: Option<&Path>) -> anyhow::Result<()> {
    let mut blocks: Vec<String> = Vec::new();
    for name in names {
        let pem = match name {
            Exported::Root(root) => root.pem.to_owned(),
            Exported::Set(set) => set.pem(),
        };
        for block in pem.split_inclusive("-----END CERTIFICATE-----\n") {
            if !blocks.iter().any(|known| known == block) {
                blocks.push(block.to_owned());
            }
        }
    }
    let text = blocks.concat();
    match file {
        None => output::to_stdout(|out| out.write_all(text.as_bytes())),
        Some(path) => super::file::replace(path, text.as_bytes())
            .with_context(|| format!("could not write the roots to {}", shown_path(path))),
    }
}

fn list_set(out: &mut dyn Write, set: &RootSet) -> io::Result<()> {
    let count = set.certificates().len();
    writeln!(out, "{:<26}  set of {count}  {}", set.name, set.whose)
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
    let day = day(&until);
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

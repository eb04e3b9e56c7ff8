//! `pgtls explain`: the page of a finding code, what a driver's error message means, or the reference of `pgtls.toml`.

use std::io::{self, Write};

use anyhow::bail;
use pgtls::diagnose::{Code, Symptom};
use pgtls::exit::Exit;
use pgtls::os;

use super::output;
use crate::cli::{Explain, Topic};

/// The reference of `pgtls.toml`.
const CONFIG: &str = include_str!("../../docs/config.md");

pub(crate) fn run(args: &Explain) -> anyhow::Result<Exit> {
    if args.topic == Some(Topic::UnknownMessage) {
        bail!(
            "this message is not known. pgtls check with the same string finds the cause; pgtls explain lists all codes"
        );
    }
    output::to_stdout(|out| match args.topic {
        Some(Topic::Message(symptom)) => write_message(out, symptom),
        Some(Topic::UnknownMessage) => Ok(()),
        Some(Topic::Config) => out.write_all(CONFIG.as_bytes()),
        Some(Topic::Code(code)) => write_page(out, code),
        None => {
            let width = Code::ALL
                .iter()
                .map(|code| code.name().len())
                .max()
                .unwrap_or(0);
            Code::ALL
                .iter()
                .try_for_each(|code| writeln!(out, "{:<width$}  {}", code.name(), code.title()))
        }
    })?;
    Ok(Exit::Passed)
}

fn write_page(out: &mut dyn Write, code: Code) -> io::Result<()> {
    let page = code.page();
    let here = os::files_named_here(page);
    write!(
        out,
        "# {}: {}",
        code.name(),
        here.as_deref().unwrap_or(page)
    )
}

/// One cause with its page, or several with what tells them apart.
fn write_message(out: &mut dyn Write, symptom: &Symptom) -> io::Result<()> {
    writeln!(out, "This message comes from {}.", symptom.said_by)?;
    if let [(code, what)] = symptom.causes {
        writeln!(out, "It means {}: {what}.\n", code.name())?;
        return write_page(out, *code);
    }
    writeln!(out, "It can mean, most likely first:\n")?;
    let names = symptom.causes.iter().map(|(code, _)| code.name());
    let width = names.clone().map(str::len).max().unwrap_or(0);
    for (name, (_, what)) in names.zip(symptom.causes) {
        writeln!(out, "  {name:<width$}  {what}")?;
    }
    writeln!(
        out,
        "\npgtls check with the same connection string tells which. pgtls explain CODE has the page of each."
    )
}

//! `pgtls explain`: the page of a finding code, or the reference of `pgtls.toml`.

use pgtls::diagnose::Code;
use pgtls::exit::Exit;

use super::output;
use crate::cli::{Explain, Topic};

/// The reference of `pgtls.toml`.
const CONFIG: &str = include_str!("../../docs/config.md");

pub(crate) fn run(args: &Explain) -> anyhow::Result<Exit> {
    output::to_stdout(|out| match args.topic {
        Some(Topic::Config) => out.write_all(CONFIG.as_bytes()),
        Some(Topic::Code(code)) => write!(out, "# {}: {}", code.name(), code.page()),
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

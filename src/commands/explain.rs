//! `pgtls explain`: the long explanation of a finding code.

use pgtls::diagnose::Code;
use pgtls::exit::Exit;

use super::output;
use crate::cli::Explain;

pub(crate) fn run(args: &Explain) -> anyhow::Result<Exit> {
    output::to_stdout(|out| match args.code {
        Some(code) => write!(out, "# {}: {}", code.name(), code.page()),
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

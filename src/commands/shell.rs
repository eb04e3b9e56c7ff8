//! `pgtls completions` and `pgtls man`: what a package installs with the program.

use std::io::{self, Write};

use anyhow::bail;
use clap::Command;
use clap::error::ErrorKind;
use pgtls::exit::Exit;

use super::output;
use crate::cli::{self, Completions, Help};

pub(crate) fn completions(args: &Completions) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut cli::command(), "pgtls", &mut script);
    output::to_stdout(|out| out.write_all(&script))?;
    Ok(Exit::Passed)
}

/// The help of a command, as `--help` prints it.
pub(crate) fn help(args: &Help) -> anyhow::Result<Exit> {
    let names = args.commands.iter().map(String::as_str);
    let line = ["pgtls"].into_iter().chain(names).chain(["--help"]);
    match cli::command().try_get_matches_from(line) {
        Err(help) if help.kind() == ErrorKind::DisplayHelp => {
            output::to_stdout(|_| help.print())?;
            Ok(Exit::Passed)
        }
        // A connection string in the wrong place is not repeated.
        Ok(_) | Err(_) => bail!("no such command; pgtls --help lists them"),
    }
}

/// The version, as `--version` prints it.
pub(crate) fn version() -> anyhow::Result<Exit> {
    let text = cli::command().render_long_version();
    output::to_stdout(|out| write!(out, "{text}"))?;
    Ok(Exit::Passed)
}

/// One page: the program, then each command with its options.
pub(crate) fn man() -> anyhow::Result<Exit> {
    output::to_stdout(|out| {
        let mut command = cli::command();
        // Without this, the options of the commands are missing.
        command.build();
        let main = clap_mangen::Man::new(command.clone());
        main.render_title(out)?;
        main.render_name_section(out)?;
        main.render_synopsis_section(out)?;
        main.render_description_section(out)?;
        for subcommand in command.get_subcommands().filter(|one| !one.is_hide_set()) {
            let name = subcommand.get_name().to_uppercase();
            section(out, &format!("PGTLS {name}"), subcommand)?;
            for action in subcommand.get_subcommands() {
                let action_name = action.get_name().to_uppercase();
                section(out, &format!("PGTLS {name} {action_name}"), action)?;
            }
        }
        main.render_extra_section(out)
    })?;
    Ok(Exit::Passed)
}

fn section(out: &mut dyn Write, title: &str, command: &Command) -> io::Result<()> {
    let page = clap_mangen::Man::new(command.clone());
    writeln!(out, ".SH \"{title}\"")?;
    page.render_description_section(out)?;
    page.render_options_section(out)
}

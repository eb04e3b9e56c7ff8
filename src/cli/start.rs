//! Turns argv into options. Help, version and usage errors end the process here.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, Parser as _, ValueEnum as _};
use pgtls::exit::Exit;
use pgtls::report::nagios;
use pgtls::secrecy::{Place, Taken};

use super::commands::{Brief, Command, Line, OnlyCheck};
use super::{Format, Output};

/// Reads argv. Help, version and usage errors end the process here, with clap's exit codes; its 2
/// is also ours for usage errors.
pub(crate) fn parse() -> Command {
    let arguments = std::env::args_os().map(without_dash).collect();
    let arguments = with_command(arguments);
    let command = command_of(arguments.clone());
    match command.output().and_then(Output::fault) {
        Some(fault) => end(&conflict(&arguments, fault)),
        None => command,
    }
}

/// The error of options that cannot be meant together, with the usage of their command.
fn conflict(arguments: &[OsString], fault: &str) -> clap::Error {
    let mut line = command();
    // Only then do the commands know the name of the program.
    line.build();
    let mut words = arguments.iter().skip(1);
    let named = words.find(|word| line.find_subcommand(word).is_some());
    match named.and_then(|name| line.find_subcommand_mut(name)) {
        Some(command) => command.error(ErrorKind::ArgumentConflict, fault),
        None => line.error(ErrorKind::ArgumentConflict, fault),
    }
}

fn command_of(arguments: Vec<OsString>) -> Command {
    if arguments.get(1).is_some_and(|first| first == "check")
        && let Ok(Brief {
            command: OnlyCheck::Check(args),
        }) = Brief::try_parse_from(&arguments)
    {
        return Command::Check(args);
    }
    match Line::try_parse_from(arguments) {
        Ok(line) => line.command,
        Err(error) => end(&with_format(without_secrets(error))),
    }
}

/// Lines of a list in a compose file, `- DATABASE_URL=...`, with a blank so that they are no option.
fn without_dash(argument: OsString) -> OsString {
    match argument.to_str().filter(|text| text.starts_with("- ")) {
        Some(items) => format!(" {items}").into(),
        None => argument,
    }
}

/// The same with `check`, if there is a connection string instead of a command: `pgtls STRING` is short for
/// `pgtls check STRING`. Options may stand before the string.
fn with_command(arguments: Vec<OsString>) -> Vec<OsString> {
    let with_check = || {
        let mut arguments = arguments.clone();
        arguments.insert(1, "check".into());
        arguments
    };
    match arguments.get(1..) {
        Some([first, ..]) if is_string(first) => with_check(),
        Some([first, rest @ ..])
            if first.to_string_lossy().starts_with('-')
                && rest.iter().any(|one| is_string(one)) =>
        {
            let checked = with_check();
            match has_string(&checked) {
                true => checked,
                false => arguments,
            }
        }
        Some(_) | None => arguments,
    }
}

/// Whether the first word that is no option, and no option's value, is a connection string.
fn has_string(arguments: &[OsString]) -> bool {
    match Brief::try_parse_from(arguments) {
        Ok(Brief {
            command: OnlyCheck::Check(args),
        }) => args.conninfo.first().is_some_and(|first| is_string(first)),
        // Which word is the value of an option is not known. Any command is meant as one.
        Err(_) => {
            let line = command();
            let mut words = arguments.iter().skip(2);
            !words.any(|word| line.find_subcommand(&*word.to_string_lossy()).is_some())
        }
    }
}

/// Whether a word is a connection string, and not a command. The empty one is what a variable without a value leaves.
fn is_string(word: &OsStr) -> bool {
    let text = word.to_string_lossy();
    if text == "-" || text.trim().is_empty() {
        return true;
    }
    let is_option = text.starts_with('-');
    !is_option && (text.contains('=') || text.contains("://") || text.starts_with("jdbc:"))
}

/// A monitoring system takes 2 for "critical"; a plugin that cannot start must print "unknown" on
/// standard output.
fn end(error: &clap::Error) -> ! {
    if error.use_stderr() && nagios_is_asked_for(std::env::args_os()) {
        let text = error.to_string();
        let line = text.lines().next().unwrap_or_default();
        // If standard output is closed, only the exit code reports it.
        let _ = nagios::write_unknown(&mut std::io::stdout(), line);
        #[allow(clippy::exit, reason = "the one place beside clap's own exit")]
        std::process::exit(nagios::State::Unknown.number().into());
    }
    error.exit()
}

fn nagios_is_asked_for(arguments: impl Iterator<Item = OsString>) -> bool {
    // The option goes before the variable, but an error in the command line may be in that very option.
    if std::env::var_os("PGTLS_FORMAT").is_some_and(|format| format == "nagios") {
        return true;
    }
    let mut format = false;
    for argument in arguments {
        if argument == "--format=nagios" || (format && argument == "nagios") {
            return true;
        }
        format = argument == "--format";
    }
    false
}

/// An option that does not exist is not meant as a value. One with the name of a format is that of other programs.
fn with_format(mut error: clap::Error) -> clap::Error {
    let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    if error.kind() != ErrorKind::UnknownArgument || error.get(ContextKind::SuggestedArg).is_some()
    {
        return error;
    }
    let format = Format::from_str(option.trim_start_matches('-'), true).ok();
    let name = format.and_then(|format| format.to_possible_value());
    let advice = name.map(|name| format!("the format of the report: --format {}", name.get_name()));
    error.remove(ContextKind::Suggested);
    if let Some(advice) = advice {
        let advice = ContextValue::StyledStrs(vec![advice.into()]);
        error.insert(ContextKind::Suggested, advice);
    }
    error
}

/// A connection string or a key in the wrong place is not repeated.
fn without_secrets(mut error: clap::Error) -> clap::Error {
    let places = [
        ContextKind::InvalidSubcommand,
        ContextKind::InvalidArg,
        ContextKind::InvalidValue,
    ];
    // Then the argument is our own option, and only its value is the user's.
    let is_value = matches!(
        error.kind(),
        ErrorKind::ValueValidation | ErrorKind::InvalidValue
    );
    let is_report = matches!(
        error.get(ContextKind::InvalidArg),
        Some(ContextValue::String(option)) if is_value && option.starts_with("--report ")
    );
    for place in places {
        if is_value && place == ContextKind::InvalidArg {
            continue;
        }
        let Some(ContextValue::String(text)) = error.get(place) else {
            continue;
        };
        let taken = match is_report {
            // FORMAT=FILE: an equals sign shows nothing.
            true => Taken::of(text.as_bytes(), Place::Word),
            false => taken(text),
        };
        let Some(taken) = taken else {
            continue;
        };
        error.insert(place, ContextValue::String(taken.to_string()));
        // clap's own advice repeats the word.
        error.remove(ContextKind::Suggested);
        if place == ContextKind::InvalidSubcommand {
            let advice = "to check a connection string: pgtls check CONNINFO".into();
            error.insert(
                ContextKind::Suggested,
                ContextValue::StyledStrs(vec![advice]),
            );
        }
    }
    error
}

/// What the word looks like that must not be repeated; here every setting and every URL with a user is a connection
/// string.
fn taken(text: &str) -> Option<Taken> {
    let is_conninfo = text.contains(['=', '@']);
    let option = text.trim_start_matches('-');
    Taken::of(text.as_bytes(), Place::Keyword)
        .or_else(|| Taken::of(option.as_bytes(), Place::Keyword))
        .or_else(|| is_conninfo.then_some(Taken::ConnectionString))
}

/// The whole command line.
pub(crate) fn command() -> clap::Command {
    Line::command()
}

/// The end of the long help.
pub(super) fn epilogue() -> String {
    format!("{EXAMPLES}{DEMO}\n{}\n{ENVIRONMENT}", exit_codes())
}

pub(super) fn exit_words() -> String {
    let all = Exit::ALL.iter();
    let words: Vec<String> = all
        .map(|exit| format!("{} {}", exit.number(), exit.word()))
        .collect();
    format!(
        "Exit codes: {}. `--help` explains them and gives examples.",
        words.join(", ")
    )
}

fn exit_codes() -> String {
    let mut text = "Exit codes:\n".to_owned();
    for exit in Exit::ALL {
        // Writing to a string cannot fail.
        let _ = writeln!(text, " {:>3}  {}", exit.number(), exit.meaning());
    }
    text
}

const EXAMPLES: &str = "\
Examples:
  pgtls check \"host=db.example.com sslmode=verify-full sslrootcert=root.crt\"
      check that this string gets the TLS that it promises
  pgtls check \"postgresql://ann@db.example.com/app?sslrootcert=system\"
      the same with a URI and this machine's roots
  pgtls check --format json \"service=prod\" | jq .verdict
      for scripts
  pgtls check --config pgtls.toml --report junit=report.xml
      many endpoints, for CI; pgtls explain config describes the file
  pgtls check --login --wait 60s --quiet \"host=db sslmode=verify-full\" && start-the-application
      wait for the database before the application starts
  pgtls audit \"host=db user=app sslmode=verify-full sslrootcert=root.crt\"
      find out what else the server accepts: plaintext, old versions, weak suites
  pgtls roots export azure -o azure.crt
      write built-in roots to a file, for sslrootcert
";

#[cfg(feature = "lab")]
const DEMO: &str = "  pgtls demo
      try it without a server and without a network
";
#[cfg(not(feature = "lab"))]
const DEMO: &str = "";

const ENVIRONMENT: &str = "\
Environment:
  PGHOST, PGPORT, PGSSLMODE, PGSSLROOTCERT, PGSERVICE, PGPASSWORD, ...   as libpq reads them
  SSL_CERT_FILE, SSL_CERT_DIR   the machine's roots, for sslrootcert=system
  NO_COLOR, FORCE_COLOR, CLICOLOR   whether the text report has colour
  COLUMNS                       its width
  PGTLS_FORMAT, PGTLS_COLOR, PGTLS_TIMEOUT, PGTLS_JOBS, PGTLS_VALID_FOR, PGTLS_MIN_TLS, PGTLS_STRICT,
  PGTLS_REQUIRE_VERIFIED, PGTLS_REFUSE_PLAINTEXT   the options of these names";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn a_string_stands_for_the_check_of_it() {
        let words = |line: &str| -> Vec<OsString> { line.split(' ').map(OsString::from).collect() };
        for line in [
            "pgtls host=a",
            "pgtls host=a --format json",
            "pgtls --format json host=a",
            "pgtls --quiet --format=json postgresql://a/b",
            "pgtls -v -",
            "pgtls --report json=a.json host=a",
            "pgtls --nonsense host=a",
            "pgtls ",
        ] {
            let expected = line.replacen("pgtls ", "pgtls check ", 1);
            assert_eq!(with_command(words(line)), words(&expected), "{line}");
        }
        for line in [
            "pgtls",
            "pgtls --help",
            "pgtls --version",
            "pgtls -q",
            "pgtls check host=a",
            "pgtls roots",
            "pgtls --format json roots",
            "pgtls --format json check host=a",
            "pgtls --report json=a.json audit host=a",
            // The values of options are not strings.
            "pgtls --report json=a.json",
            "pgtls --format json --report junit=a=b.xml",
            "pgtls --config a=b.toml roots",
        ] {
            assert_eq!(with_command(words(line)), words(line), "{line}");
        }
    }

    #[test]
    fn options_that_contradict_each_other_are_told_with_the_usage_of_their_command() {
        for command in ["check", "audit", "verify"] {
            let arguments = ["pgtls", command, "-w", "1", "-c", "2"].map(OsString::from);
            let told = conflict(&arguments, "there would never be a warning").to_string();
            assert!(told.contains("error: there would never be"), "{told}");
            assert!(told.contains(&format!("Usage: pgtls {command} ")), "{told}");
        }
    }

    #[test]
    fn an_option_that_names_a_format_is_told_the_right_one() {
        let told = |line: &str| {
            let error = Line::try_parse_from(line.split(' ')).unwrap_err();
            with_format(error).to_string()
        };
        let json = told("pgtls check --json host=a");
        assert!(
            json.contains("tip: the format of the report: --format json"),
            "{json}"
        );
        let other = told("pgtls check --nonsense host=a");
        assert!(
            !json.contains("as a value") && !other.contains("tip"),
            "{other}"
        );
        assert!(told("pgtls check --fromat json").contains("'--format'"));
    }

    #[test]
    fn nagios_is_noticed_even_in_a_command_line_that_is_wrong() {
        let asks = |line: &str| nagios_is_asked_for(line.split(' ').map(OsString::from));
        assert!(asks("pgtls check --nonsense --format nagios"));
        assert!(asks("pgtls check --format=nagios --nonsense"));
        assert!(!asks("pgtls check --format text nagios"));
        assert!(!asks("pgtls check nagios --format"));
    }
}

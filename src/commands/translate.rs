//! `pgtls translate`: what a string promises, in another driver's words.

use std::io::{self, Write};
use std::process::ExitCode;

use pgtls::conninfo::{ConnInfo, Keyword, Origin, SslCertMode, SslMode, Value};
use pgtls::dialect::{Dialect, Note, Passwords, ReadAs, Translation, translate};
use pgtls::escape::escape;
use pgtls::exit::Exit;
use pgtls::os::bytes_of;
use pgtls::report::json;
use serde::Serialize;

use super::conninfo::{Remark, one};
use super::{output, setting_row};
use crate::cli::{Shape, Target, Translate};

#[derive(Serialize)]
struct Document {
    /// Whose the string is.
    dialect: Dialect,
    /// The string in libpq's words, secrets masked.
    conninfo: String,
    /// What was lost on the way to libpq.
    notes: Vec<Remark>,
    translations: Vec<Said>,
}

/// The string in one driver's words.
#[derive(Serialize)]
struct Said {
    to: Dialect,
    /// Whether it promises the same.
    kept: bool,
    /// The string; if the promise is not kept, the nearest one that is not weaker.
    string: String,
    notes: Vec<Remark>,
    /// What of the promise is not kept.
    lost: Vec<Remark>,
    /// The driver's own words for `sslmode=verify-full sslrootcert=root.crt` in a program.
    program: &'static str,
}

pub(crate) fn run(args: &Translate) -> anyhow::Result<ExitCode> {
    let understood = match one(&args.conninfo, &args.origin, args.format)? {
        Ok(understood) => understood,
        Err(exit) => return Ok(exit),
    };
    let settings = settings(&understood.conninfo);
    let targets = match args.to {
        Target::One(target) => vec![target],
        Target::All => Dialect::ALL.to_vec(),
    };
    let translations: Vec<(Dialect, Translation)> = targets
        .into_iter()
        .map(|target| (target, translate(&settings, target, Passwords::Masked)))
        .collect();
    let kept = translations
        .iter()
        .all(|(_, translation)| translation.keeps_the_promise());
    output::to_stdout(|out| match (args.format, args.to) {
        (Shape::Json, _) => {
            let document = document(&understood.read_as, &understood.conninfo, &translations);
            json::write(out, &document)
        }
        (Shape::Text, Target::One(_)) => {
            write_reading(out, &understood.read_as)?;
            translations
                .iter()
                .try_for_each(|(target, translation)| write_one(out, *target, translation))
        }
        (Shape::Text, Target::All) => {
            write_reading(out, &understood.read_as)?;
            write_table(out, &translations)
        }
    })?;
    Ok(match args.to {
        Target::One(_) if !kept => Exit::Unmet.into(),
        // A table says for each whether it can.
        Target::One(_) | Target::All => Exit::Passed.into(),
    })
}

/// What the string says, and what its service, the environment and the home directory add. Defaults are left to the other
/// driver, and so is the address of the host if it is that of this machine's environment.
fn settings(conninfo: &ConnInfo) -> Vec<(Keyword, Value)> {
    let mut settings: Vec<(Keyword, Value)> = conninfo
        .parameters()
        .filter(|(keyword, setting)| {
            let of_machine =
                matches!(setting.origin, Origin::Environment(_)) && *keyword == Keyword::Hostaddr;
            setting.origin != Origin::Default && *keyword != Keyword::Service && !of_machine
        })
        .map(|(keyword, setting)| (keyword, setting.value.clone()))
        .collect();
    // libpq takes an empty name of a file for none.
    let files = [
        Keyword::SslRootCert,
        Keyword::SslCrl,
        Keyword::SslCert,
        Keyword::SslKey,
    ];
    settings.retain(|(keyword, value)| !files.contains(keyword) || !value.as_bytes().is_empty());
    settings.extend(home_files(conninfo));
    settings
}

/// What libpq takes from `~/.postgresql` where the string names no file: roots and CRLs by which it verifies from
/// `sslmode=require` on, and the client's certificate. Few other drivers look there.
fn home_files(conninfo: &ConnInfo) -> Vec<(Keyword, Value)> {
    let verifies =
        conninfo.sslmode.origin != Origin::Default && conninfo.sslmode.value >= SslMode::Require;
    let sends = conninfo.sslcertmode.value != SslCertMode::Disable;
    let found = setting_row::home_files(conninfo);
    let has_own = setting_row::is_set(conninfo, Keyword::SslCert)
        || found
            .iter()
            .any(|(keyword, _)| *keyword == Keyword::SslCert);
    found
        .into_iter()
        .filter(|(keyword, _)| match keyword {
            Keyword::SslRootCert | Keyword::SslCrl => verifies,
            Keyword::SslKey => sends && has_own,
            _ => sends,
        })
        .map(|(keyword, file)| (keyword, Value::new(keyword, bytes_of(file.as_os_str()))))
        .collect()
}

fn document(
    read_as: &ReadAs,
    conninfo: &ConnInfo,
    translations: &[(Dialect, Translation)],
) -> Document {
    let said = |(to, translation): &(Dialect, Translation)| Said {
        to: *to,
        kept: translation.keeps_the_promise(),
        string: escape(&translation.text).to_string(),
        notes: Remark::of(&translation.notes),
        lost: Remark::of(&translation.broken),
        program: to.own_words().program,
    };
    Document {
        dialect: read_as.dialect,
        conninfo: escape(&conninfo.redacted()).to_string(),
        notes: Remark::of(&read_as.notes),
        translations: translations.iter().map(said).collect(),
    }
}

fn write_reading(out: &mut dyn Write, read_as: &ReadAs) -> io::Result<()> {
    if read_as.dialect == Dialect::Libpq {
        return Ok(());
    }
    writeln!(out, "read as {}", read_as.dialect.title())?;
    write_notes(out, &read_as.notes)
}

fn write_notes(out: &mut dyn Write, notes: &[Note]) -> io::Result<()> {
    notes.iter().try_for_each(|note| {
        let (setting, message) = (escape(&note.setting), escape(&note.message));
        writeln!(out, "  {setting}: {message}")
    })
}

/// The string first, on lines of its own, to be copied.
fn write_one(out: &mut dyn Write, target: Dialect, translation: &Translation) -> io::Result<()> {
    if translation.keeps_the_promise() {
        write_string(out, "", translation)?;
    } else {
        let driver = target.driver();
        writeln!(out, "{driver} cannot promise the same in a string:")?;
        write_notes(out, &translation.broken)?;
        writeln!(out, "The nearest string that is not weaker:")?;
        write_string(out, "    ", translation)?;
        let program = target.own_words().program;
        writeln!(
            out,
            "In the program, for sslmode=verify-full sslrootcert=root.crt:"
        )?;
        writeln!(out, "    {program}")?;
    }
    write_notes(out, &translation.notes)
}

fn write_string(out: &mut dyn Write, indent: &str, translation: &Translation) -> io::Result<()> {
    translation
        .text
        .lines()
        .try_for_each(|line| writeln!(out, "{indent}{}", escape(line)))
}

fn write_table(out: &mut dyn Write, translations: &[(Dialect, Translation)]) -> io::Result<()> {
    for (target, translation) in translations {
        let name = target.name();
        if translation.keeps_the_promise() {
            let text = translation.text.replace('\n', "  ");
            writeln!(out, "{name:<13}  {}", escape(&text))?;
        } else {
            let why: Vec<String> = translation
                .broken
                .iter()
                .map(|note| format!("{}: {}", note.setting, note.message))
                .collect();
            writeln!(out, "{name:<13}  cannot: {}", escape(&why.join("; ")))?;
        }
    }
    Ok(())
}

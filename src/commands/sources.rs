//! Where connection strings come from: arguments, a list, a configuration file, the environment.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use aws_lc_rs::digest::{SHA256, digest};
use pgtls::check::{self, Label, Location};
use pgtls::conninfo::{Assignment, Grammar, Keyword, Word, World, parse, redacted, shown_path};
use pgtls::dialect::{self, Damage, Dialect, Input};
use pgtls::escape::escape;
use pgtls::os::bytes_of;
use pgtls::scan::{Pasted, named, pasted};
use pgtls::secrecy::toml_text::shown_word;
use pgtls::secrecy::{Place, Taken, shown_variable};
use pgtls::trust::{Chosen, Mebibytes, read_at_most, read_stdin};
use pgtls::utf16;

use crate::cli::{Shard, StringOptions};
use crate::config::{Config, Keys};

/// A connection string and its settings. No `Debug`: it may contain a password.
pub(super) struct Listed {
    pub(super) text: Vec<u8>,
    pub(super) given: check::Given,
    pub(super) dialect: Option<Dialect>,
    /// As the user wrote it, before variables are filled in.
    written: Vec<u8>,
    pub(super) label: Label,
    pub(super) keys: Keys,
}

impl Default for Listed {
    /// No string: the environment decides.
    fn default() -> Self {
        Self {
            given: check::Given::Nothing,
            ..Self::of(Vec::new())
        }
    }
}

impl Listed {
    /// A string as it was given.
    fn of(text: Vec<u8>) -> Self {
        Self {
            written: text.clone(),
            text,
            given: check::Given::String,
            dialect: None,
            label: Label::default(),
            keys: Keys::default(),
        }
    }

    /// The same for a check of these demands and roots.
    pub(super) fn source(&self, keys: &Keys, trust: Option<Chosen>) -> check::Source {
        check::Source {
            text: self.text.clone(),
            given: self.given,
            dialect: self.dialect,
            label: self.label.clone(),
            demands: keys.demands(),
            oldest: keys.oldest(),
            trust,
            clients: keys.clients == Some(true),
        }
    }

    /// The string, for a reader.
    pub(super) fn input(&self) -> Input<'_> {
        match self.given {
            check::Given::String => Input::Given(&self.text),
            check::Given::Nothing => Input::Environment,
        }
    }
}

/// What a command line says about connection strings.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) arguments: &'a [OsString],
    pub(super) origin: &'a StringOptions,
    pub(super) from: Option<&'a Path>,
    pub(super) config: Option<&'a Path>,
    pub(super) unnamed: Unnamed,
}

/// What is read if nothing is named.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unnamed {
    /// `./pgtls.toml`, if it is there and the environment names no server.
    MayBeConfigured,
    /// The environment alone.
    Environment,
}

pub(super) const USUAL_CONFIG: &str = "./pgtls.toml";

/// All strings: first those of the arguments, then those of variables, then the list's, then the file's. At least one:
/// without any, the environment decides where to connect.
pub(super) fn gather(given: Given<'_>, world: &dyn World) -> anyhow::Result<Vec<Listed>> {
    let mut sources = Vec::new();
    let texts: Vec<Vec<u8>> = given.arguments.iter().map(|one| bytes_of(one)).collect();
    if let Some(pieces) = pieces_of_one(&texts) {
        bail!(
            "{0} arguments are {0} connection strings. Are they one? Then put quotes around it: \"{pieces}\"",
            texts.len(),
        );
    }
    if texts.windows(2).any(|pair| match pair {
        [before, text] => goes_on(before, text, world),
        _ => false,
    }) {
        bail!(
            "an argument may be the rest of a password in the argument before it. Put quotes around each whole string."
        );
    }
    for text in texts {
        let text = if text == b"-" {
            without_line_end(read(Path::new("-"), MAX_LIST)?)
        } else {
            text
        };
        sources.push(Listed::of(text));
    }
    for name in &given.origin.env {
        let shown = shown_variable(name.as_encoded_bytes());
        let value = name.to_str().and_then(|name| world.var(name));
        let value = value.ok_or_else(|| anyhow!("the environment variable {shown} is not set"))?;
        if given.origin.dialect.is_none()
            && let Some(damage) = value.to_str().and_then(Damage::of_variable)
        {
            bail!("{shown}: {damage}. {}", damage.advice());
        }
        let mut source = Listed::of(bytes_of(&value));
        source.label.name = given.origin.env.get(1).map(|_| shown);
        sources.push(source);
    }
    if given.origin.dialect.is_none() {
        for source in &mut sources {
            read_code(source, world)?;
        }
    }
    if let Some(file) = given.from {
        sources.extend(listed(file, world)?);
    }
    if let Some(file) = given.config {
        sources.extend(configured(file, world)?);
    }
    if sources.is_empty() && given.unnamed == Unnamed::MayBeConfigured {
        let named = |name: &&str| world.var(name).is_some_and(|value| !value.is_empty());
        let file = Path::new(USUAL_CONFIG);
        if !["PGHOST", "PGHOSTADDR", "PGSERVICE"].iter().any(named) && file.is_file() {
            // If standard error is closed, the report still names the file.
            let _ = writeln!(io::stderr(), "pgtls: reading {USUAL_CONFIG}");
            sources.extend(configured(file, world)?);
        }
    }
    if sources.is_empty() {
        sources.push(Listed::default());
    }
    for source in &mut sources {
        source.dialect = given.origin.dialect.or(source.dialect);
    }
    Ok(sources)
}

/// Takes the connection string out of a line of a program.
fn read_code(source: &mut Listed, world: &dyn World) -> anyhow::Result<()> {
    match pasted(&source.text, world) {
        Pasted::Nothing => {}
        Pasted::One(line) => {
            // If standard error is closed, the report still shows the host.
            let _ = writeln!(
                io::stderr(),
                "pgtls: reading the connection string in a line of source code: {}",
                line.shown
            );
            source.text = line.text.expose().to_vec();
            source.dialect = line.dialect;
        }
        Pasted::Unclear(why) => bail!("this is a line of source code, and {why}"),
        Pasted::Json(strings) if strings.is_empty() => {
            bail!("this is JSON, and no connection string was found in it. Give the string itself")
        }
        Pasted::Json(strings) => bail!(
            "this is JSON, not a connection string. Give what it names, with the password in PGPASSWORD: {}",
            strings.join(", or: ")
        ),
    }
    Ok(())
}

/// The end of the line that a shell's `$(...)` would remove.
fn without_line_end(mut text: Vec<u8>) -> Vec<u8> {
    while text
        .last()
        .is_some_and(|byte| matches!(byte, b'\n' | b'\r'))
    {
        text.pop();
    }
    text
}

/// Several strings that together are one keyword/value string, such as arguments without quotes around them. Each setting
/// alone would connect elsewhere.
fn pieces_of_one(texts: &[impl AsRef<[u8]>]) -> Option<String> {
    if texts.len() < 2 {
        return None;
    }
    let mut all: Vec<Assignment> = Vec::new();
    let mut without_host = 0_usize;
    for text in texts.iter().map(AsRef::as_ref) {
        if Grammar::of(text) == Grammar::Uri {
            return None;
        }
        let settings = parse(text).ok()?;
        let names_host = settings.iter().any(|made| {
            matches!(
                made.keyword,
                Keyword::Host | Keyword::Hostaddr | Keyword::Service
            )
        });
        without_host = without_host.saturating_add(usize::from(!names_host));
        for made in settings {
            if all.iter().any(|earlier| earlier.keyword == made.keyword) {
                return None;
            }
            all.push(made);
        }
    }
    (without_host > 0).then(|| redacted(&all))
}

/// The name of the first service of a service file (libpq's documentation, "The Connection Service File").
fn first_service(lines: &[(&[u8], usize)]) -> Option<Word> {
    let ((head, _), settings) = lines.split_first()?;
    let name = head.strip_prefix(b"[")?.strip_suffix(b"]")?;
    let is_setting = |line: &[u8]| {
        let name = line.split(|byte| *byte == b'=').next();
        line.starts_with(b"[") || name.is_some_and(|name| Keyword::from_bytes(name).is_some())
    };
    let all_are = settings.iter().all(|(line, _)| is_setting(line));
    (all_are && !settings.is_empty()).then(|| Word::new(name))
}

/// Those that belong to a shard; none if they are all in other shards.
pub(super) fn of_shard(mut sources: Vec<Listed>, shard: Shard) -> Vec<Listed> {
    sources.retain(|source| shard.holds(&source.written));
    sources
}

impl Shard {
    /// The first eight bytes of the string's SHA-256, as a big-endian number, modulo the number of
    /// shards. It never changes, it is the same on every machine, and other programs can compute
    /// it.
    fn holds(self, written: &[u8]) -> bool {
        let digest = digest(&SHA256, written);
        let number = digest
            .as_ref()
            .first_chunk()
            .map_or(0, |first| u64::from_be_bytes(*first));
        number % self.of == self.number.get() - 1
    }
}

/// A carriage return alone ends a line, too: in files of old programs, and of some exports. To libpq it is a space, so
/// that two lines would be one string, or a part of a comment.
fn with_line_feeds(mut bytes: Vec<u8>) -> Vec<u8> {
    let mut next = b'\n';
    for byte in bytes.iter_mut().rev() {
        if *byte == b'\r' && next != b'\n' {
            *byte = b'\n';
        }
        next = *byte;
    }
    bytes
}

fn listed(file: &Path, world: &dyn World) -> anyhow::Result<Vec<Listed>> {
    let bytes = with_line_feeds(read(file, MAX_LIST)?);
    if let Some(damage) = Damage::of_file(&bytes) {
        bail!("{}: {damage}. {}", shown_path(file), damage.advice());
    }
    let text = str::from_utf8(&bytes).unwrap_or_default();
    let strings = dialect::of_env_file(text);
    if strings.as_ref().is_some_and(Vec::is_empty) {
        // `POSTGRES_HOST`, `DB_HOST`: how its program uses them, only the program says.
        let named = named(".env", text, world);
        if !named.is_empty() {
            bail!(
                "{} sets host, port and so on one by one, in variables of its own program. Give them as one string, with the password in PGPASSWORD: {}",
                shown_path(file),
                named.join(", or: ")
            );
        }
    }
    if let Some(strings) = strings.filter(|strings| !strings.is_empty()) {
        let sources = strings.into_iter().map(|(number, text)| {
            let mut source = Listed::of(text.into_bytes());
            source.label.location = Some(location(file, number));
            source
        });
        return Ok(sources.collect());
    }
    let lines = bytes.split(|byte| *byte == b'\n').zip(1..);
    let lines: Vec<(&[u8], usize)> = lines
        .map(|(line, number)| (line.trim_ascii(), number))
        .filter(|(line, _)| !line.is_empty() && !line.starts_with(b"#"))
        .collect();
    let foreign = lines
        .iter()
        .find_map(|(line, number)| Some((foreign(line)?, number)));
    if let Some((taken, number)) = foreign {
        bail!(
            "{}, line {number}: not a connection string {taken}",
            shown_path(file)
        );
    }
    if let Some(service) = first_service(&lines) {
        let service = match service {
            Word::Shown(name) => escape(&name).to_string(),
            Word::Hidden(_) => "NAME".to_owned(),
        };
        bail!(
            "{}: this is a service file, not a list of connection strings. Set PGSERVICEFILE to its path, and give the string service={service}",
            shown_path(file)
        );
    }
    let texts: Vec<&[u8]> = lines.iter().map(|(line, _)| *line).collect();
    if let Some(pieces) = pieces_of_one(&texts) {
        bail!(
            "{}: {1} lines are {1} connection strings. Are they one? Then write it in one line: {pieces}",
            shown_path(file),
            texts.len(),
        );
    }
    let mut pairs = lines.iter().zip(lines.iter().skip(1));
    let second_half = pairs.find(|((before, _), (line, _))| goes_on(before, line, world));
    if let Some(((before, _), (_, number))) = second_half {
        let why = if before.ends_with(b"\\") {
            "A backslash ends the line before it, and joins lines in a shell only."
        } else {
            "It may be the rest of a password in the line before it."
        };
        bail!(
            "{}, line {number}: not a connection string. {why} Write each string in one line.",
            shown_path(file)
        );
    }
    let sources: Vec<Listed> = lines
        .into_iter()
        .map(|(line, number)| {
            let mut source = Listed::of(line.to_vec());
            source.label.location = Some(location(file, number));
            source
        })
        .collect();
    if sources.is_empty() {
        // If there is nothing to check, nothing passed.
        bail!("{} contains no connection string", shown_path(file));
    }
    Ok(sources)
}

/// Whether a line, or an argument, may be the rest of a password that the one before it begins.
fn goes_on(before: &[u8], line: &[u8], world: &dyn World) -> bool {
    let name = line.split(|byte| *byte == b'=').next().unwrap_or_default();
    let begins = || {
        line == b"-"
            || Grammar::of(line) == Grammar::Uri
            || Keyword::from_bytes(name.trim_ascii()).is_some()
            || dialect::understand(Input::Given(line), None, world).is_ok()
    };
    // To understand each line of a long list takes long.
    matches!(Word::after(before, b""), Word::Hidden(_)) && !begins()
}

/// What a line is if it can only come from another kind of file: a password file, a key. Then no line of the file may
/// be repeated, as the last line of a key looks like nothing at all.
fn foreign(line: &[u8]) -> Option<Taken> {
    // Base64 ends in such signs.
    let padding = line.iter().rev().take_while(|byte| **byte == b'=').count();
    let text = line.get(..line.len() - padding).unwrap_or_default();
    let mut halves = text.splitn(2, |byte| *byte == b'=');
    let name = halves.next().unwrap_or_default().trim_ascii();
    let is_setting = halves.next().is_some()
        && name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    if is_setting || Grammar::of(line) == Grammar::Uri {
        return None;
    }
    match Taken::of(line, Place::Word)? {
        Taken::ConnectionString | Taken::Login | Taken::Astray => None,
        taken @ (Taken::PrivateKey
        | Taken::Certificate
        | Taken::Pem
        | Taken::PasswordLine
        | Taken::Random) => Some(taken),
    }
}

fn configured(file: &Path, world: &dyn World) -> anyhow::Result<Vec<Listed>> {
    let bytes = read_text(file, MAX_LIST)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| anyhow!("{} is not TOML: it is not UTF-8", shown_path(file)))?;
    let config = Config::parse(&text, |name| world.var(name)).with_context(|| shown_path(file))?;
    let sources = config.endpoints.into_iter().map(|entry| Listed {
        text: entry.conninfo,
        given: check::Given::String,
        dialect: None,
        written: entry.written.into_bytes(),
        label: Label {
            name: entry.name.as_deref().map(shown_word),
            location: Some(location(file, entry.line)),
        },
        keys: entry.keys,
    });
    Ok(sources.collect())
}

fn location(file: &Path, line: usize) -> Location {
    Location {
        file: file.to_owned(),
        line,
    }
}

/// A list or a configuration has a line or so for each endpoint.
const MAX_LIST: Mebibytes = Mebibytes(16);

pub(super) fn read(file: &Path, most: Mebibytes) -> anyhow::Result<Vec<u8>> {
    let read = if file == Path::new("-") {
        read_stdin(most)
    } else {
        read_at_most(file, most)
    };
    read.with_context(|| format!("could not read {}", shown_path(file)))
}

/// A file that pgtls wrote, or that only pgtls reads: in UTF-8, with a byte-order mark, or in UTF-16, as Windows
/// PowerShell's `>` writes it.
pub(super) fn read_text(file: &Path, most: Mebibytes) -> anyhow::Result<Vec<u8>> {
    read(file, most).map(in_utf8)
}

fn in_utf8(bytes: Vec<u8>) -> Vec<u8> {
    match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => rest.to_vec(),
        None => utf16::marked(&bytes).map_or(bytes, String::into_bytes),
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;

    #[test]
    fn what_powershell_writes_is_read() {
        for bytes in [
            &b"a\xc3\xa9"[..],
            b"\xef\xbb\xbfa\xc3\xa9",
            b"\xff\xfea\0\xe9\0",
            b"\xfe\xff\0a\0\xe9",
        ] {
            assert_eq!(in_utf8(bytes.to_vec()), b"a\xc3\xa9", "{bytes:?}");
        }
    }

    #[test]
    fn every_line_end_ends_a_line() {
        for (bytes, expected) in [
            (&b"a\rb\r"[..], &b"a\nb\r"[..]),
            (b"a\r\nb\n", b"a\r\nb\n"),
            (b"a\r\r\nb\r\r", b"a\n\r\nb\n\r"),
        ] {
            assert_eq!(with_line_feeds(bytes.to_vec()), expected, "{bytes:?}");
        }
    }

    #[test]
    fn a_string_is_always_in_the_same_one_shard() {
        let shards = |of: u64, written: &[u8]| -> Vec<u64> {
            let of = NonZeroU64::new(of).unwrap();
            (1..=of.get())
                .filter(|number| {
                    let number = NonZeroU64::new(*number).unwrap();
                    Shard { number, of }.holds(written)
                })
                .collect()
        };
        // printf host=a | sha256sum | cut -c 1-16, modulo the number of shards, plus 1.
        for (written, of, expected) in [("host=a", 5, 2), ("host=b", 5, 3), ("", 7, 2)] {
            assert_eq!(shards(of, written.as_bytes()), [expected], "{written}");
        }
        for number in 0..100 {
            let written = format!("host=db-{number}.example.com");
            assert_eq!(shards(1, written.as_bytes()), [1]);
            assert_eq!(shards(7, written.as_bytes()).len(), 1);
        }
    }
}

//! What a shell, an env file, an editor or a secret store does to a string on its way.

use data_encoding::BASE64;

use super::read::libpq_settings;
use super::shell::is_name;
use super::shell_line::LineShell;
use super::{arguments, dotenv_line, psql_command};
use crate::conninfo::{
    Assignment, Keyword, Typographic, Word, is_broken_uri, is_in_quotes, is_quote, parse, redacted,
};
use crate::os::{self, Shell};

/// A string that was changed on its way, or that is only a part of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// EF BB BF at the beginning.
    #[error("it begins with a byte-order mark (BOM)")]
    ByteOrderMark,
    /// Two bytes for each letter.
    #[error("it is encoded as UTF-16")]
    Utf16,
    /// Quotes that no shell has removed.
    #[error("quotation marks are part of the connection string: it begins or ends with {0}")]
    Quotes(char),
    /// A sign of a word processor.
    #[error("{0}")]
    Typographic(Typographic),
    /// A line break that belongs to a file.
    #[error("the connection string ends with a line break{}", if *.carriage_return { " (a carriage return, \\r)" } else { "" })]
    LineBreak {
        /// Whether it is that of Windows.
        carriage_return: bool,
    },
    /// A URL with a blank around it.
    #[error("the URL begins or ends with a blank, which most drivers take for a part of it")]
    Blank,
    /// What Kubernetes shows of a Secret.
    #[error("this is a connection string in base64")]
    Base64,
    /// `&amp;` or `\u0026`.
    #[error("the connection string contains {0:?}, which stands for & in another format")]
    Entity(&'static str),
    /// A scheme that only looks like libpq's.
    #[error("the URI begins with {written}, which is not a scheme of PostgreSQL")]
    Scheme {
        /// As written.
        written: Word,
    },
    /// `host=a;port=1`
    #[error("the settings are separated by semicolons, which libpq takes for a part of the value")]
    Semicolons,
    /// `host=a&port=1`, or `/db&sslmode=require`.
    #[error(
        "an & stands where it does not separate settings, so that what follows is part of the value before it"
    )]
    Ampersand,
    /// `/db#sslmode=require`
    #[error(
        "a # stands where ? comes before the settings, so that they are part of the value before it"
    )]
    Fragment,
    /// `host=a,port=1`
    #[error("the settings are separated by commas, which libpq takes for a part of the value")]
    Commas,
    /// `db:5432`
    #[error("this is a host and a port, not a connection string")]
    HostAndPort {
        /// The setting to write.
        instead: String,
    },
    /// `db.example.com`
    #[error("this is a single word, not a connection string")]
    HostAlone {
        /// The setting to write.
        instead: String,
    },
    /// `/builds/app.tmp/DATABASE_URL`
    #[error("this is a path, not a connection string")]
    Path,
    /// `HOST=h`
    #[error("{} must be in small letters", words(.0))]
    Capitals(Vec<Word>),
    /// Several strings.
    #[error("this is more than one connection string: there are {0} lines")]
    Lines(usize),
    /// `psql 'postgresql://...'` in a variable.
    #[error("the variable holds a command, not a connection string")]
    Command,
    /// `NAME=postgresql://...` in a variable.
    #[error("the value of the variable begins with the name of a variable")]
    NameInValue,
    /// A URI in several lines.
    #[error("the URI has line breaks in it")]
    BrokenUri,
    /// `export A=b&c`, `set A=b&c`, `$env:A = b`.
    #[error("{} makes something else of the line than it seems to say", match .0 { LineShell::Posix => "a shell", LineShell::Cmd | LineShell::CmdLater => "cmd.exe", LineShell::PowerShell => "PowerShell" })]
    ShellLine(LineShell),
}

fn words(words: &[Word]) -> String {
    let words: Vec<String> = words.iter().map(Word::to_string).collect();
    words.join(", ")
}

impl Damage {
    /// Damage of a whole file.
    #[must_use]
    pub fn of_file(text: &[u8]) -> Option<Self> {
        of_bytes(text)
    }

    /// What keeps the value of a variable from being a connection string to the programs that read it, though a person can
    /// find one in it.
    #[must_use]
    pub fn of_variable(value: &str) -> Option<Self> {
        if libpq_settings(value).is_some() {
            return None;
        }
        if psql_command::is_command(value) {
            return Some(Self::Command);
        }
        let value = value.trim();
        let line = dotenv_line::line(value).filter(|_| value.lines().count() == 1);
        match line {
            Some(line) if dotenv_line::sets_variable(&line) => Some(Self::NameInValue),
            _ => {
                let first = value.split_whitespace().next().unwrap_or_default();
                let is_command = !first.contains('=') && arguments::is_command(value);
                is_command.then_some(Self::Command)
            }
        }
    }

    /// The right form.
    #[must_use]
    pub fn advice(&self) -> String {
        match self {
            Self::ByteOrderMark | Self::Utf16 if os::SHELL == Shell::Windows => "Save the file as UTF-8 without a byte-order mark: in Notepad, \"Save as\" with the encoding UTF-8. In Windows PowerShell 5.1, > writes UTF-16; use Set-Content -Encoding ascii.".to_owned(),
            Self::LineBreak { carriage_return: true } if os::SHELL == Shell::Windows => "Remove the carriage return. Files with Windows line ends leave it in the value.".to_owned(),
            Self::ByteOrderMark => "Save the file as UTF-8 without a byte-order mark. Windows PowerShell: Set-Content -Encoding ascii; others: sed -i '1s/^\\xEF\\xBB\\xBF//' FILE".to_owned(),
            Self::Utf16 => "Save it as UTF-8 without a byte-order mark: iconv -f UTF-16 -t UTF-8 FILE".to_owned(),
            Self::Quotes(sign) if Typographic::of(*sign).is_some() => TYPOGRAPHIC.to_owned(),
            Self::Typographic(_) => TYPOGRAPHIC.to_owned(),
            Self::Quotes(_) if os::SHELL == Shell::Windows => "Remove the quotes. cmd.exe knows only \" as a quotation mark; docker --env-file, Kubernetes and lists in compose files keep every one as part of the value.".to_owned(),
            Self::Quotes(_) => "Remove the quotes. docker --env-file, Kubernetes and lists in compose files keep quotes as part of the value; only a shell removes them.".to_owned(),
            Self::LineBreak { carriage_return: true } => "Remove both parts of the line break: tr -d '\\r\\n'. Files with Windows line ends leave them in the value.".to_owned(),
            Self::LineBreak { carriage_return: false } => "Remove the line break: create the secret with printf %s or --from-literal, not with echo.".to_owned(),
            Self::Blank => "Remove the blank. Within quotes, it is a part of the value.".to_owned(),
            Self::Base64 => "Decode it first: base64 -d. In a Kubernetes Secret, data is base64 and stringData is not.".to_owned(),
            Self::Entity(_) => "Write & itself.".to_owned(),
            Self::Scheme { .. } => "Begin the URI with postgresql:// or postgres://, in small letters.".to_owned(),
            Self::Semicolons => "For libpq, separate settings with spaces: host=NAME port=5432 dbname=NAME. If this is a PDO data source name, begin it with pgsql:.".to_owned(),
            Self::Ampersand => "In a keyword/value string, separate settings with spaces. In a URI, put ? before the first setting and & between the others.".to_owned(),
            Self::Fragment => "In a URI, put ? before the first setting and & between the others.".to_owned(),
            Self::Commas => "Separate settings with spaces: host=NAME port=5432 dbname=NAME. Commas separate the servers in host and port.".to_owned(),
            Self::HostAndPort { instead } | Self::HostAlone { instead } => format!("Write {instead}"),
            Self::Path => "If the connection string stands in that file, give the file: --from FILE. If it is the directory of a socket: host=DIRECTORY. A variable of GitLab holds a path if its type is File; set the type to Variable.".to_owned(),
            Self::Capitals(_) => "libpq's keywords are host, port, dbname, user, sslmode and so on. A variable for libpq begins with PG: PGHOST.".to_owned(),
            Self::Lines(_) => "Give one string, or a file with one string in each line: --from FILE (- is standard input).".to_owned(),
            Self::Command => "Programs take the value as it is. Set it to the connection string alone: of psql 'postgresql://...', to what is within the quotes.".to_owned(),
            Self::NameInValue => "Programs take the value as it is. Leave out the name and the = in it.".to_owned(),
            Self::BrokenUri => "Write the URI in one line.".to_owned(),
            Self::ShellLine(LineShell::Posix) => "Write export NAME='VALUE'. Without the quotes, & and ; end the command, and a blank ends the value.".to_owned(),
            Self::ShellLine(LineShell::Cmd | LineShell::CmdLater) => "Write set \"NAME=VALUE\", one variable in each line. Without these quotes, & ends the command, a blank before = is part of the name, and quotes are part of the value.".to_owned(),
            Self::ShellLine(LineShell::PowerShell) => "Write $env:NAME = 'VALUE', one variable in each line.".to_owned(),
        }
    }
}

const TYPOGRAPHIC: &str = "Word processors and chat programs write such signs, and no shell or driver takes them for those of the keyboard. Type them anew.";

/// Damage that can be seen before the string is understood.
pub(super) fn of_bytes(text: &[u8]) -> Option<Damage> {
    if text.starts_with(b"\xef\xbb\xbf") {
        return Some(Damage::ByteOrderMark);
    }
    let marked = text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff");
    let nuls = text.iter().filter(|byte| **byte == 0).count();
    (marked || nuls.saturating_mul(3) > text.len()).then_some(Damage::Utf16)
}

/// Damage within a URI that no reader survives.
pub(super) fn of_uri(text: &str) -> Option<Damage> {
    is_broken_uri(text).then_some(Damage::BrokenUri)
}

/// Damage around a string.
pub(super) fn around(text: &str) -> Option<Damage> {
    let (first, last) = (text.chars().next()?, text.trim_end().chars().next_back()?);
    if is_quote(first) {
        return Some(Damage::Quotes(first));
    }
    let opens = text.chars().filter(|c| *c == last).count();
    // In a command, quotes are the shell's: `'\''` is three of them.
    let is_url = text
        .split_whitespace()
        .next()
        .is_some_and(|word| word.contains("://"));
    if is_quote(last) && opens % 2 == 1 && is_url {
        return Some(Damage::Quotes(last));
    }
    line_break(text)
}

/// White space around a URL. Other strings have it between settings, where it does not count.
pub(super) fn around_url(text: &str) -> Option<Damage> {
    let of_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.:".contains(c);
    let (scheme, _) = text.split_once("://")?;
    let is_changed = text.trim() != text && scheme.trim_start().chars().all(of_scheme);
    is_changed.then(|| line_break(text).unwrap_or(Damage::Blank))
}

/// A line break at the end of a URI or an URL, which libpq and others take for a part of the last value.
pub(super) fn line_break(text: &str) -> Option<Damage> {
    if !text.ends_with(['\n', '\r']) {
        return None;
    }
    Some(Damage::LineBreak {
        carriage_return: text.trim_end_matches('\n').ends_with('\r'),
    })
}

/// Damage in a string that nothing else can explain.
pub(super) fn of_unknown(text: &str) -> Option<Damage> {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    if lines.len() > 1 && lines.iter().all(|line| looks_like_a_string(line.trim())) {
        return Some(Damage::Lines(lines.len()));
    }
    if let Some(damage) = entity(text) {
        return Some(damage);
    }
    if is_base64_of_string(text.trim()) {
        return Some(Damage::Base64);
    }
    if let Some(damage) = scheme(text) {
        return Some(damage);
    }
    if let Some(damage) = capitals(text) {
        return Some(damage);
    }
    if is_path(text.trim()) {
        return Some(Damage::Path);
    }
    without_scheme(text.trim()).or_else(|| host(text.trim()))
}

/// `/run/secrets/url`, `C:\\url`
fn is_path(text: &str) -> bool {
    let from_root = text.starts_with('/') && !text.starts_with("//");
    let from_drive =
        matches!(text.as_bytes(), [drive, b':', b'/' | b'\\', ..] if drive.is_ascii_alphabetic());
    (from_root || from_drive) && !text.contains(['=', '@', '?', '\n'])
}

/// `db:5432/app?sslmode=require`: a URI but for its scheme, without a user.
fn without_scheme(text: &str) -> Option<Damage> {
    let (place, _) = text.split_once('?')?;
    if !matches!(host(place)?, Damage::HostAndPort { .. }) {
        return None;
    }
    let settings = parse(format!("postgresql://{text}").as_bytes()).ok()?;
    Some(Damage::HostAndPort {
        instead: redacted(&settings),
    })
}

/// An ampersand as XML or JSON write it.
pub(super) fn entity(text: &str) -> Option<Damage> {
    ["&amp;", "\\u0026"]
        .into_iter()
        .find(|entity| text.contains(entity))
        .map(Damage::Entity)
}

/// Lines of a keyword/value string that each say where to connect. libpq takes the last, and never sees the others.
pub(super) fn lines_of_strings(text: &str) -> Option<Damage> {
    let lines: Vec<Vec<Assignment>> = text
        .split(['\n', '\r', '\x0b', '\x0c'])
        .filter_map(|line| parse(line.as_bytes()).ok())
        .filter(|settings| !settings.is_empty())
        .collect();
    let says = |settings: &Vec<Assignment>, place: Keyword| {
        settings.iter().any(|made| made.keyword == place)
    };
    let is_repeated = |place: &Keyword| lines.iter().filter(|line| says(line, *place)).count() > 1;
    PLACES
        .iter()
        .any(is_repeated)
        .then_some(Damage::Lines(lines.len()))
}

/// What says where to connect, and as whom.
const PLACES: [Keyword; 6] = [
    Keyword::Host,
    Keyword::Hostaddr,
    Keyword::Port,
    Keyword::Service,
    Keyword::Dbname,
    Keyword::User,
];

fn looks_like_a_string(text: &str) -> bool {
    text.contains("://") || parse(text.as_bytes()).is_ok_and(|settings| !settings.is_empty())
}

pub(super) fn is_base64_of_string(text: &str) -> bool {
    if text.len() < 16 {
        return false;
    }
    let decoded = BASE64.decode(text.as_bytes()).ok();
    let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.is_some_and(|text| {
        looks_like_a_string(text.trim()) || super::recognise::begins_like_one(text.trim())
    })
}

/// A scheme in capitals, with a letter too many, or with a slash too few.
fn scheme(text: &str) -> Option<Damage> {
    let (written, behind) = text.split_once(':')?;
    let plain = written
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    if !plain || written.len() < 2 || !behind.starts_with('/') {
        return None;
    }
    let lower = written.to_ascii_lowercase();
    let alike = ["postgresql", "postgres", "pg"]
        .iter()
        .any(|known| strsim::damerau_levenshtein(known, &lower) <= 2);
    let foreign = matches!(
        lower.as_str(),
        "http" | "https" | "tcp" | "ssl" | "tls" | "pgs" | "database"
    );
    let right = matches!(written, "postgresql" | "postgres") && behind.starts_with("//");
    ((alike || foreign) && !right).then(|| Damage::Scheme {
        written: Word::Shown(format!(
            "{written}:{}",
            if behind.starts_with("//") { "//" } else { "/" }
        )),
    })
}

/// `HOST=h PORT=1`: keywords, but for their capitals.
fn capitals(text: &str) -> Option<Damage> {
    let pairs = super::shell::keyword_pairs(text)?;
    let mut wrong = Vec::new();
    for pair in &pairs {
        let lower = pair.name.to_ascii_lowercase();
        Keyword::from_bytes(lower.as_bytes())?;
        if lower != pair.name {
            wrong.push(Word::new(pair.name.as_bytes()));
        }
    }
    (!wrong.is_empty()).then_some(Damage::Capitals(wrong))
}

/// `h`, `h:5432`, `h:5432/db`.
fn host(text: &str) -> Option<Damage> {
    let is_name = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
    };
    // A password is not repeated as a part of the right form.
    let is_shown = |text: &str| matches!(Word::new(text.as_bytes()), Word::Shown(_));
    let (place, dbname) = text.split_once('/').unwrap_or((text, ""));
    if !(dbname.is_empty() || is_name(dbname) && is_shown(dbname)) {
        return None;
    }
    let dbname = if dbname.is_empty() {
        String::new()
    } else {
        format!(" dbname={dbname}")
    };
    let place = place.strip_prefix('[').map_or_else(
        || place.split_once(':'),
        |inner| {
            inner
                .split_once(']')
                .map(|(host, port)| (host, port.strip_prefix(':').unwrap_or(port)))
        },
    );
    match place {
        Some((host, port)) => {
            let port_is_number =
                (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit());
            let host_is_plain =
                is_name(host) && is_shown(host) || host.parse::<std::net::Ipv6Addr>().is_ok();
            (port_is_number && host_is_plain).then(|| Damage::HostAndPort {
                instead: format!("host={host} port={port}{dbname}"),
            })
        }
        None => {
            let text = text.split('/').next().unwrap_or_default();
            let looks_like_host = is_name(text) && text.contains('.') && is_shown(text);
            looks_like_host.then(|| Damage::HostAlone {
                instead: format!("host={text}{dbname}"),
            })
        }
    }
}

/// A value in quotes that no driver removes.
pub(super) fn in_quotes(value: &str) -> Option<Damage> {
    let sign = Typographic::first_in(value)?;
    is_in_quotes(value).then_some(Damage::Typographic(sign))
}

/// A value that has swallowed other settings: `app&sslmode=require`, `a;port=1`.
pub(super) fn swallowed(value: &str) -> Option<Damage> {
    for (sign, damage) in [
        ('&', Damage::Ampersand),
        (';', Damage::Semicolons),
        ('#', Damage::Fragment),
        (',', Damage::Commas),
    ] {
        let mut pieces = value.split(sign);
        pieces.next();
        let is_setting = |piece: &str| {
            let name = piece.split_once('=').map(|(name, _)| name.trim());
            name.is_some_and(|name| name == "ssl" || Keyword::from_bytes(name.as_bytes()).is_some())
        };
        if pieces.any(is_setting) {
            return Some(damage);
        }
    }
    None
}

/// A variable that nothing has replaced: `${X}`, `{{ x }}`, `<%= x %>`, `%(x)s`, or a whole value `$X`, `%X%`, `<x>`.
pub(super) fn unexpanded(value: &str) -> Option<Word> {
    if !value.contains(['$', '{', '%', '<']) {
        return None;
    }
    for (open, close) in [
        ("${", "}"),
        ("$(", ")"),
        ("{{", "}}"),
        ("<%", "%>"),
        ("%(", ")s"),
    ] {
        let found = value
            .split_once(open)
            .and_then(|(_, behind)| behind.split_once(close));
        if let Some((name, _)) = found {
            return Some(template(open, name, close));
        }
    }
    whole_variable(value)
}

/// A value that is nothing but a variable.
pub(super) fn whole_variable(value: &str) -> Option<Word> {
    let value = value.trim();
    for (open, close) in [
        ("${", "}"),
        ("{{", "}}"),
        ("{", "}"),
        ("<%", "%>"),
        ("$", ""),
        ("%", "%"),
        ("<", ">"),
        ("$env:", ""),
    ] {
        let inner = value
            .strip_prefix(open)
            .and_then(|inner| inner.strip_suffix(close));
        if let Some(name) = inner.filter(|name| is_name(name.trim_matches(['=', ' ', '-', '.']))) {
            return Some(template(open, name, close));
        }
    }
    None
}

fn template(open: &str, name: &str, close: &str) -> Word {
    match Word::new(name.trim().as_bytes()) {
        Word::Shown(name) if name.len() < 80 => Word::Shown(format!("{open}{name}{close}")),
        Word::Shown(_) => Word::Shown(format!("{open}...{close}")),
        // The name of a secret is not one.
        Word::Hidden(_) => Word::Shown(format!("{open}...{close}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_found_in_every_template() {
        for value in [
            "${X}",
            "a${X}b",
            "{{ .Values.x }}",
            "<%= x %>",
            "%(x)s",
            "$X",
            "%X%",
            "<host>",
            "{host}",
            "$(cat x)",
        ] {
            assert!(unexpanded(value).is_some(), "{value}");
        }
        for value in ["a$b", "5%", "p$X", "a%20b", "$", ""] {
            assert_eq!(unexpanded(value), None, "{value}");
        }
    }

    #[test]
    fn a_quote_at_the_end_of_a_url_was_left_there_but_not_that_of_a_command() {
        for text in ["postgres://h/d'", "DATABASE_URL=postgres://h/d\""] {
            assert!(matches!(around(text), Some(Damage::Quotes(_))), "{text}");
        }
        // Five of them, as a shell quotes the one in the password.
        assert_eq!(around(r"psql 'host=h user=:// password=a\'\''b'"), None);
    }

    #[test]
    fn the_value_of_a_variable_is_more_than_a_string_to_no_program() {
        for (value, damage) in [
            ("psql 'postgresql://h/d'", Damage::Command),
            ("psql -h h d", Damage::Command),
            ("PGSSLMODE=disable psql postgresql://h/d", Damage::Command),
            ("docker run -e PGHOST=h app", Damage::Command),
            ("DATABASE_URL=postgresql://h/d", Damage::NameInValue),
            ("export DATABASE_URL=postgresql://h/d", Damage::NameInValue),
            ("DB_DSN=host=h dbname=d", Damage::NameInValue),
            ("PGHOST=h", Damage::NameInValue),
        ] {
            assert_eq!(Damage::of_variable(value), Some(damage), "{value}");
        }
        for value in [
            "postgresql://h/d?sslmode=verify-full",
            "host=h dbname=d",
            "Host=h;Database=d",
            "HOST=h PORT=1",
            "SERVER=h;DATABASE=d",
            "Driver={PostgreSQL};Server=h",
            "jdbc:postgresql://h/d",
            "pgsql:host=h;dbname=d",
            "PGHOST=h\nPGSSLMODE=require",
            "",
        ] {
            assert_eq!(Damage::of_variable(value), None, "{value}");
        }
    }

    #[test]
    fn what_swallowed_settings_is_found() {
        assert_eq!(swallowed("app&sslmode=require"), Some(Damage::Ampersand));
        assert_eq!(swallowed("a;port=1"), Some(Damage::Semicolons));
        assert_eq!(swallowed("a,b,port=1,2"), Some(Damage::Commas));
        assert_eq!(swallowed("a#sslmode=require"), Some(Damage::Fragment));
        assert_eq!(swallowed("a&b=c;d"), None);
    }

    #[test]
    fn hosts_are_recognised_with_and_without_a_port() {
        for (text, instead) in [
            ("db:5432", "host=db port=5432"),
            (
                "db.example.com:5432/app",
                "host=db.example.com port=5432 dbname=app",
            ),
            ("[::1]:5432", "host=::1 port=5432"),
            ("db.example.com", "host=db.example.com"),
            (
                "db:5432/app?sslmode=require&password=hunter2",
                "host=db port=5432 dbname=app sslmode=require password=********",
            ),
        ] {
            let (Some(Damage::HostAndPort { instead: found })
            | Some(Damage::HostAlone { instead: found })) = of_unknown(text)
            else {
                panic!("{text}");
            };
            assert_eq!(found, instead);
        }
        for text in [
            "/builds/app.tmp/DATABASE_URL",
            "/run/secrets/database_url",
            r"C:\secrets\url",
        ] {
            assert_eq!(of_unknown(text), Some(Damage::Path), "{text}");
        }
        for text in [
            "hunter2",
            "Zq7wXk9LmPv3Rt:5432",
            "Zq7wXk9LmPv3Rt.example",
            "db.example/Zq7wXk9LmPv3Rt",
        ] {
            assert_eq!(host(text), None, "{text}");
        }
    }
}

//! Do we read connection strings like libpq?
//!
//! One table of strings goes to [`pgtls::conninfo`] and to a real libpq (Debian's `libpq5`), called from Python. A row
//! that is true only for newer libpq says since which version and why. It fails if the older one agrees after all.
//!
//! `PGTLS_TEST_LIBPQ` names the system's library, `libpq.so.5` by default. `PGTLS_TEST_LIBPQS` brings others.

mod rows;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use pgtls::conninfo::{
    self, ConnInfo, Error, Keyword, Origin, RootCert, ServiceFault, Setting, Value, World,
};
use serde::{Deserialize, Serialize};

use crate::support::fed::fed;
use crate::support::library::{Library, libraries};

use self::rows::{Row, rows};

#[test]
fn every_string_means_what_it_means_to_libpq() {
    for library in libraries().iter().filter(|library| answers_for(library)) {
        Referee::ask(library)
            .unwrap_or_else(|error| panic!("{library}: {error}"))
            .compare();
    }
}

/// Newer than libpq 14, whose strings are read in another way in many places, and not the first releases of 16 and
/// 17, which read `keepalives` in another way.
fn answers_for(library: &Library) -> bool {
    library.major >= 15 && (library.minor > 0 || !matches!(library.major, 16 | 17))
}

/// How a row is given to libpq.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Ask {
    /// `PQconninfoParse`: the string alone.
    Parse,
    /// `PQconnectdb` on a port that refuses: services, environment, defaults and the judgement of all values.
    Connect,
}

#[derive(Serialize)]
struct Question {
    ask: Ask,
    text: String,
    env: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Answer {
    values: BTreeMap<String, String>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Answers {
    version: u32,
    port: u16,
    user: String,
    answers: Vec<Answer>,
}

/// The meaning of a string, or the kind of error.
type Meaning = Result<BTreeMap<String, Vec<u8>>, String>;

struct Referee {
    answers: Answers,
    rows: Vec<Row>,
    files: tempfile::TempDir,
}

impl Referee {
    fn ask(library: &Library) -> Result<Self, String> {
        let files = tempfile::tempdir().expect("a temporary directory");
        rows::write_files(files.path());
        let rows = rows();
        let questions: Vec<Question> = rows.iter().map(|row| question(row, files.path())).collect();
        let answers = run(
            library,
            &serde_json::to_vec(&questions).expect("questions are plain data"),
        )?;
        assert_eq!(answers.answers.len(), rows.len());
        Ok(Self {
            answers,
            rows,
            files,
        })
    }

    fn compare(&self) {
        let version = self.answers.version / 10_000;
        let mut wrong = Vec::new();
        for (row, answer) in self.rows.iter().zip(&self.answers.answers) {
            let ours = self.ours(row);
            let (ours, theirs) = match (row.ask, ours) {
                (Ask::Parse, ours) => (ours, parsed(answer)),
                (Ask::Connect, ours) => reconcile(ours, connected(answer)),
            };
            match (ours == theirs, version >= row.since) {
                (true, true) | (false, false) => {}
                (false, true) => wrong.push(format!("{row}\n   pgtls: {}\n   libpq: {}", shown(&ours), shown(&theirs))),
                (true, false) => wrong.push(format!(
                    "{row}\n   libpq {version} agrees after all, although the row says: since {}, {}",
                    row.since, row.reason
                )),
            }
        }
        assert!(
            wrong.is_empty(),
            "{} of {} rows:\n{}",
            wrong.len(),
            self.rows.len(),
            wrong.join("\n")
        );
    }

    /// Our own reading.
    fn ours(&self, row: &Row) -> Meaning {
        let text = replace(
            &row.text,
            b"{port}",
            self.answers.port.to_string().as_bytes(),
        );
        if row.ask == Ask::Parse {
            let settings = conninfo::parse(&text).map_err(|error| kind(&error))?;
            return Ok(settings
                .iter()
                .map(|made| (made.keyword.to_string(), made.value.as_bytes().to_vec()))
                .collect());
        }
        let world = RowWorld {
            home: self.files.path().to_path_buf(),
            user: unhex(&self.answers.user),
            variables: environment(row, self.files.path()),
        };
        let info = ConnInfo::read(&text, &world).map_err(|error| kind(&error))?;
        Ok(info
            .parameters()
            .map(|(keyword, setting)| (keyword.to_string(), libpqs_own(&info, keyword, setting)))
            .collect())
    }
}

/// The value, or libpq's default if pgtls has another one.
fn libpqs_own(info: &ConnInfo, keyword: Keyword, setting: &Setting<Value>) -> Vec<u8> {
    if (keyword, &setting.origin) != (Keyword::SslMode, &Origin::Default) {
        return setting.value.as_bytes().to_vec();
    }
    assert_eq!(setting.value.as_bytes(), b"verify-full");
    match &info.sslrootcert {
        Some(roots) if roots.value == RootCert::System => b"verify-full".to_vec(),
        _ => b"prefer".to_vec(),
    }
}

/// Removes from both sides what only one can know: keywords newer than the library, and the default of a build without
/// GSSAPI.
fn reconcile(ours: Meaning, theirs: Meaning) -> (Meaning, Meaning) {
    let (Ok(mut ours), Ok(mut theirs)) = (ours.clone(), theirs.clone()) else {
        return (ours, theirs);
    };
    let value = |meaning: &BTreeMap<String, Vec<u8>>| meaning.get("gssencmode").cloned();
    if (value(&ours).as_deref(), value(&theirs).as_deref()) == (Some(b"prefer"), Some(b"disable")) {
        ours.remove("gssencmode");
        theirs.remove("gssencmode");
    }
    // Older libpq keeps no service name in the connection.
    if !theirs.contains_key("service") {
        ours.remove("service");
    }
    for (keyword, default) in NEW_DEFAULTS {
        if !theirs.contains_key(*keyword)
            && ours
                .get(*keyword)
                .is_some_and(|value| value == default.as_bytes())
        {
            ours.remove(*keyword);
        }
    }
    (Ok(ours), Ok(theirs))
}

/// Defaults of keywords that came after libpq 15.
const NEW_DEFAULTS: &[(&str, &str)] = &[
    ("gssdelegation", "0"),
    ("load_balance_hosts", "disable"),
    ("sslcertmode", "allow"),
    ("sslnegotiation", "postgres"),
];

struct RowWorld {
    home: PathBuf,
    user: Vec<u8>,
    variables: BTreeMap<String, Vec<u8>>,
}

impl World for RowWorld {
    fn var(&self, name: &str) -> Option<OsString> {
        use std::os::unix::ffi::OsStringExt;
        self.variables.get(name).cloned().map(OsString::from_vec)
    }

    fn home(&self) -> Option<PathBuf> {
        Some(self.home.clone())
    }

    fn user(&self) -> Option<Vec<u8>> {
        Some(self.user.clone())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn list(&self, _: &Path) -> io::Result<Vec<PathBuf>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

fn environment(row: &Row, files: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = files
        .to_str()
        .expect("temporary directories have plain names");
    // An empty directory keeps the machine's own service file out of the comparison.
    let fixed = [
        ("HOME", files.as_bytes().to_vec()),
        ("PGSYSCONFDIR", b"/nonexistent".to_vec()),
    ];
    let own = row
        .env
        .iter()
        .map(|(name, value)| (*name, replace(value, b"{dir}", files.as_bytes())));
    fixed
        .into_iter()
        .chain(own)
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn question(row: &Row, files: &Path) -> Question {
    let env = environment(row, files)
        .into_iter()
        .map(|(name, value)| (name, hex(&value)))
        .collect();
    Question {
        ask: row.ask,
        text: hex(&row.text),
        env,
    }
}

fn run(library: &Library, questions: &[u8]) -> Result<Answers, String> {
    let harness = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/it/conninfo_libpq/read.py"
    );
    let mut python = library.python(Path::new(harness));
    let output =
        fed(python.arg(&library.libpq), questions).map_err(|error| format!("python3: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}

fn parsed(answer: &Answer) -> Meaning {
    match &answer.error {
        Some(error) => Err(libpq_kind(&unhex(error)).expect("PQconninfoParse fails for a reason")),
        None => Ok(values(answer)),
    }
}

fn connected(answer: &Answer) -> Meaning {
    match libpq_kind(&unhex(answer.error.as_deref().unwrap_or_default())) {
        Some(kind) => Err(kind),
        None => Ok(values(answer)),
    }
}

fn values(answer: &Answer) -> BTreeMap<String, Vec<u8>> {
    answer
        .values
        .iter()
        .map(|(keyword, value)| (keyword.clone(), unhex(value)))
        .collect()
}

/// The kind of one of our errors, in the words of [`libpq_kind`].
fn kind(error: &Error) -> String {
    match error {
        Error::MissingEquals { .. } => "missing =".to_owned(),
        Error::UnclosedQuote { .. } => "unclosed quote".to_owned(),
        Error::UnknownKeyword { .. } => "unknown keyword".to_owned(),
        Error::OpenBracket { .. } => "open bracket".to_owned(),
        Error::EmptyBrackets { .. } => "empty brackets".to_owned(),
        Error::AfterBracket { at, .. } => format!("after bracket at {}", at + 1),
        Error::MissingQueryEquals { .. } => "missing = in query".to_owned(),
        Error::ExtraEquals { .. } => "extra =".to_owned(),
        Error::BadPercent { .. } => "bad percent".to_owned(),
        Error::EncodedNul { .. } => "encoded NUL".to_owned(),
        Error::SpaceInUri { .. } => "space in URI".to_owned(),
        Error::ServiceNotFound { .. } => "no such service".to_owned(),
        Error::ServiceFileUnreadable { .. } => "no service file".to_owned(),
        Error::ServiceSyntax {
            fault: ServiceFault::LongLine,
            line,
            ..
        } => format!("long service line {line}"),
        Error::ServiceSyntax {
            fault: ServiceFault::Nested,
            line,
            ..
        } => format!("nested service, line {line}"),
        Error::ServiceSyntax { line, .. } => format!("service syntax, line {line}"),
        Error::HostCount {
            hosts, hostaddrs, ..
        } => format!("{hosts} hosts, {hostaddrs} addresses"),
        Error::PortCount { ports, hosts, .. } => format!("{ports} ports, {hosts} hosts"),
        Error::InvalidValue { keyword, .. } => format!("value of {keyword}"),
        Error::TlsRange { .. } => "TLS range".to_owned(),
        Error::ProtocolRange { .. } => "protocol range".to_owned(),
        Error::WeakSslMode {
            sslmode, reason, ..
        } => format!("weak {sslmode} with {reason}"),
        Error::Nul { .. }
        | Error::NoHostName { .. }
        | Error::HostForm { .. }
        | Error::SecretForHost { .. }
        | Error::NoUser => {
            format!("ours alone: {error}")
        }
    }
}

/// The kind of error that libpq's message means; `None` if it accepted the string and only failed to connect.
fn libpq_kind(message: &[u8]) -> Option<String> {
    let message = String::from_utf8_lossy(message).into_owned();
    let quoted: Vec<&str> = message.split('"').skip(1).step_by(2).collect();
    let last = quoted.last().copied().unwrap_or_default();
    let number = |word: &str| {
        let (_, rest) = message
            .split_once(word)
            .expect("the word is in the message");
        rest.chars()
            .take_while(char::is_ascii_digit)
            .collect::<String>()
    };
    let numbers: Vec<&str> = message
        .split(|c: char| !c.is_ascii_digit())
        .filter(|word| !word.is_empty())
        .collect();
    let has = |part: &str| message.contains(part);
    let kind = if has("missing \"=\" after") {
        "missing =".to_owned()
    } else if has("unterminated quoted string") {
        "unclosed quote".to_owned()
    } else if has("invalid connection option") || has("invalid URI query parameter") {
        "unknown keyword".to_owned()
    } else if has("looking for matching \"]\"") {
        "open bracket".to_owned()
    } else if has("IPv6 host address may not be empty") {
        "empty brackets".to_owned()
    } else if has("unexpected character") {
        format!("after bracket at {}", number("at position "))
    } else if has("missing key/value separator") {
        "missing = in query".to_owned()
    } else if has("extra key/value separator") {
        "extra =".to_owned()
    } else if has("invalid percent-encoded token") {
        "bad percent".to_owned()
    } else if has("forbidden value %00") {
        "encoded NUL".to_owned()
    } else if has("unexpected spaces found") {
        "space in URI".to_owned()
    } else if has("definition of service") {
        "no such service".to_owned()
    } else if has("service file") && has("not found") {
        "no service file".to_owned()
    } else if has("too long in service file") {
        format!("long service line {}", number("line "))
    } else if has("nested service specifications") {
        format!("nested service, line {}", number(", line "))
    } else if has("syntax error in service file") {
        format!("service syntax, line {}", number(", line "))
    } else if has("host names to") {
        format!("{} hosts, {} addresses", numbers[0], numbers[1])
    } else if has("port numbers to") {
        format!("{} ports, {} hosts", numbers[0], numbers[1])
    } else if has("invalid integer value") {
        format!("value of {last}")
    } else if has("keepalives parameter must be an integer") {
        "value of keepalives".to_owned()
    } else if has("invalid port number") {
        "value of port".to_owned()
    } else if has("could not parse network address") {
        "value of hostaddr".to_owned()
    } else if has("SSL protocol version range") {
        "TLS range".to_owned()
    } else if has("is greater than \"max_protocol_version\"") {
        "protocol range".to_owned()
    } else if has("weak sslmode") {
        let demand = if has("sslrootcert=system") {
            "sslrootcert=system"
        } else {
            "sslnegotiation=direct"
        };
        format!("weak {} with {demand}", quoted[0])
    } else if has("require_auth method") {
        "value of require_auth".to_owned()
    } else if has("invalid SCRAM client key") {
        "value of scram_client_key".to_owned()
    } else if has("invalid SCRAM server key") {
        "value of scram_server_key".to_owned()
    } else if has("invalid ") && has(" value: \"") {
        let before = message.split(" value: \"").next().unwrap_or_default();
        format!(
            "value of {}",
            before.replace("invalid ", "").replace('"', "")
        )
    } else if has("Is the server running") || has("no credential cache") {
        return None;
    } else {
        format!("libpq says: {message}")
    };
    Some(kind)
}

fn shown(meaning: &Meaning) -> String {
    match meaning {
        Err(kind) => format!("error: {kind}"),
        Ok(values) => values
            .iter()
            .map(|(keyword, value)| format!("{keyword}={:?}", String::from_utf8_lossy(value)))
            .collect::<Vec<_>>()
            .join(" "),
    }
}

fn replace(text: &[u8], what: &[u8], with: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.windows(what.len()).position(|window| window == what) {
        replaced.extend_from_slice(&rest[..at]);
        replaced.extend_from_slice(with);
        rest = &rest[at + what.len()..];
    }
    replaced.extend_from_slice(rest);
    replaced
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

fn unhex(text: &str) -> Vec<u8> {
    data_encoding::HEXLOWER
        .decode(text.as_bytes())
        .expect("the harness writes hexadecimal digits")
}

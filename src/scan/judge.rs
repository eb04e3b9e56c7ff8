//! What a string in a file promises, judged without a connection, by the rules of the driver that reads it. Pure.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::candidate::{Accepts, Besides, Candidate, Form};
use super::kind::Purpose;
use super::place::{self, Place, Services};
use super::secret;
use super::template::{Marker, Mode, Variables, fill};
use super::{Found, Located, Verdict};
use crate::conninfo::{
    ConnInfo, Error, Keyword, Origin, RootCert, Secrecy, Secret, SslMode, World, host_and_port,
};
use crate::diagnose::{Code, Finding, Hint, Level, Stage, refusal};
use crate::dialect::{
    Damage, Dialect, Fault, Input, Note, ReadAs, Refusal, Understood, Weight, understand,
};
use crate::escape::Shown;

/// What is known of the file and its tree.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'s> {
    pub(super) purpose: Purpose,
    pub(super) services: &'s Services,
    pub(super) presence: Presence,
    /// Whether a file that the string names is in the tree.
    pub(super) has_file: &'s dyn Fn(&Path) -> bool,
}

/// Where the text is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// A file, which others can read.
    File,
    /// A pipe: nothing in it is committed anywhere.
    Pipe,
}

/// No machine: what runs the program that reads the string is elsewhere.
struct Elsewhere;

impl World for Elsewhere {
    fn var(&self, _: &str) -> Option<OsString> {
        None
    }

    fn home(&self) -> Option<PathBuf> {
        None
    }

    fn user(&self) -> Option<Vec<u8>> {
        Some(b"user".to_vec())
    }

    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn list(&self, _: &Path) -> io::Result<Vec<PathBuf>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// Judges a candidate; nothing if it is not a connection string for PostgreSQL.
pub(super) fn judge(candidate: &Candidate, around: Surroundings<'_>) -> Option<Found> {
    let text = candidate.filled.text.as_bytes();
    match understand(Input::Given(text), candidate.asked, &Elsewhere) {
        Ok(understood) => Some(Case::new(candidate, around, &understood).found()),
        Err(refused) => of_refusal(candidate, around, &refused),
    }
}

/// A string that its reader refuses.
fn of_refusal(candidate: &Candidate, around: Surroundings<'_>, refused: &Refusal) -> Option<Found> {
    let (is_certain, dialect) = match refused {
        Refusal::Fault(fault) => match fault {
            Fault::Empty | Fault::OtherDatabase(_) => return None,
            Fault::Damaged(
                Damage::Base64
                | Damage::HostAndPort { .. }
                | Damage::HostAlone { .. }
                | Damage::Lines(_)
                | Damage::Utf16
                | Damage::ByteOrderMark,
            ) => return None,
            Fault::Damaged(
                Damage::Quotes(_)
                | Damage::LineBreak { .. }
                | Damage::Entity(_)
                | Damage::Scheme { .. }
                | Damage::Semicolons
                | Damage::Ampersand
                | Damage::Capitals(_),
            )
            | Fault::Ambiguous { .. } => (true, None),
            Fault::Unexpanded(_) | Fault::OtherDriver { .. } => (false, None),
            Fault::Beyond { dialect, .. } => (false, Some(*dialect)),
            Fault::NoPrefix { dialect, .. }
            | Fault::Refused { dialect, .. }
            | Fault::UnknownSettings { dialect, .. } => (true, Some(*dialect)),
        },
        Refusal::Libpq { error, read_as, .. } => {
            let dialect = read_as
                .as_ref()
                .map_or(Dialect::Libpq, |read_as| read_as.dialect);
            // A service is defined on the machine that runs the program.
            let is_elsewhere = matches!(
                **error,
                Error::ServiceNotFound { .. } | Error::ServiceFileUnreadable { .. } | Error::NoUser
            );
            (!is_elsewhere, Some(dialect))
        }
    };
    let diagnosis = refusal(refused);
    let finding = diagnosis.error.filter(|finding| {
        let marker = candidate.filled.marker;
        // A variable that is filled in later is not the fault.
        is_certain && !marker.is_in(&finding.message) && !marker.is_in(&finding.hint.to_string())
    });
    let level = match around.purpose {
        Purpose::Use => Level::Error,
        Purpose::Example => Level::Warning,
    };
    let findings: Vec<Located> = finding
        .map(|finding| Located {
            line: candidate.line,
            finding: Finding { level, ..finding },
        })
        .into_iter()
        .collect();
    // A string that its reader refuses promises nothing, also where that is only a warning.
    let verdict = if findings.is_empty() {
        Verdict::Unknown
    } else {
        Verdict::Fail
    };
    Some(Found {
        line: candidate.line,
        key: shown_key(candidate, None),
        dialect: candidate.reader.or(dialect),
        host: None,
        conninfo: None,
        sslmode: None,
        place: Place::Variable,
        verdict,
        findings,
        text: None,
        asked: candidate.asked,
    })
}

/// The name of the string. A name that looks like a secret is not shown, nor one that is the password, nor what no
/// program would call a variable: in a broken file anything can stand in its place.
fn shown_key(candidate: &Candidate, password: Option<&[u8]>) -> Option<Shown> {
    use crate::secrecy::{Place, Taken};
    // Go and Python drop what is assigned to `_`: it names nothing.
    let key = candidate.key.as_deref().filter(|key| *key != "_")?;
    let beside = candidate
        .password
        .as_ref()
        .map(|beside| beside.value.as_bytes());
    let holds =
        |text: &[u8], part: &[u8]| !part.is_empty() && memchr::memmem::find(text, part).is_some();
    let is_password = [password, beside]
        .into_iter()
        .flatten()
        .any(|password| holds(key.as_bytes(), password) || holds(password, key.as_bytes()));
    if is_password || key.len() > LONGEST_KEY || !is_a_name(key) {
        return None;
    }
    Some(match Taken::of(key.as_bytes(), Place::Word) {
        None => Shown::new(key),
        // `DB_PASSWORD` only names one.
        Some(Taken::ConnectionString) if !key.contains(['=', '@']) => Shown::new(key),
        Some(taken) => Shown::new(&taken.to_string()),
    })
}

const LONGEST_KEY: usize = 100;

/// Whether the text can be a name: words, with digits in one place of each at most. Passwords that are made by
/// programs have them in several.
fn is_a_name(key: &str) -> bool {
    let is_of_names =
        |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '[' | ']' | ':' | '$');
    let digits = |word: &str| {
        let runs = word.split(|c: char| !c.is_ascii_digit());
        runs.filter(|run| !run.is_empty()).count()
    };
    key.chars().all(is_of_names)
        && key
            .split(|c: char| !c.is_alphanumeric())
            .all(|word| digits(word) <= 1)
}

/// A string that its reader accepts.
struct Case<'c> {
    candidate: &'c Candidate,
    around: Surroundings<'c>,
    conninfo: &'c ConnInfo,
    read_as: &'c ReadAs,
    dialect: Dialect,
    marker: Marker,
    place: Place,
    hosts: Vec<String>,
}

impl<'c> Case<'c> {
    fn new(candidate: &'c Candidate, around: Surroundings<'c>, understood: &'c Understood) -> Self {
        let conninfo = &understood.conninfo;
        let marker = candidate.filled.marker;
        let value = |keyword| {
            let setting = conninfo.parameter(keyword);
            let value = setting
                .map(|setting| String::from_utf8_lossy(setting.value.as_bytes()).into_owned());
            value.filter(|value| !value.is_empty())
        };
        let list = |keyword| -> Vec<String> {
            let hosts = value(keyword).unwrap_or_default();
            hosts.split(',').map(str::to_owned).collect()
        };
        let (names, addresses) = (list(Keyword::Host), list(Keyword::Hostaddr));
        // libpq connects with the address, and takes the name for the certificate alone.
        let hosts: Vec<String> = (0..names.len().max(addresses.len()))
            .filter_map(|index| {
                let address = addresses.get(index).filter(|address| !address.is_empty());
                address.or_else(|| names.get(index)).cloned()
            })
            .collect();
        let place = if value(Keyword::Service).is_some() {
            Place::Variable
        } else {
            place::farthest(hosts.iter().map(|host| match marker.is_in(host) {
                true => Place::Variable,
                false => place::of_host(host, around.services),
            }))
        };
        Self {
            candidate,
            around,
            conninfo,
            read_as: &understood.read_as,
            dialect: candidate.reader.unwrap_or(understood.read_as.dialect),
            marker,
            place,
            hosts,
        }
    }

    fn found(&self) -> Found {
        let mut findings = Vec::new();
        findings.extend(self.port_in_host());
        if findings.is_empty() {
            findings.extend(self.mode());
        }
        findings.extend(self.passwords());
        findings.extend(self.root());
        findings.extend(self.notes());
        let password = self
            .conninfo
            .password
            .as_ref()
            .map(|setting| setting.value.expose());
        let is_judged = self.place != Place::Variable
            && self.candidate.form != Form::Address
            && !((self.is_open() || self.is_guess()) && matters(self.place));
        let verdict = match Verdict::of(&findings) {
            Verdict::Pass if !is_judged => Verdict::Unknown,
            verdict => verdict,
        };
        let host = self
            .conninfo
            .parameter(Keyword::Host)
            .or_else(|| self.conninfo.parameter(Keyword::Hostaddr));
        let mode = self.effective_mode().0;
        let filled = &self.candidate.filled;
        let can_be_checked = filled.mode == Mode::Text
            && (filled.variables != Variables::Unknown
                || !self.marker.is_in_bytes(filled.text.as_bytes()));
        let mut conninfo = self.marker.shown(&self.conninfo.redacted());
        if filled.mode == Mode::Variable {
            conninfo = conninfo.replace(&format!("sslmode={mode}"), "sslmode=${...}");
        }
        Found {
            line: self.candidate.line,
            key: shown_key(self.candidate, password),
            dialect: Some(self.dialect),
            host: host.map(|host| Shown::new(&self.marker.shown(&host.value.to_string()))),
            conninfo: Some(Shown::new(&conninfo)),
            sslmode: (self.candidate.form != Form::Address && !self.is_open()).then_some(mode),
            place: self.place,
            verdict,
            findings,
            text: can_be_checked.then(|| Secret::new(filled.text.clone().into_bytes())),
            asked: self.candidate.asked,
        }
    }

    /// The mode, and whether something sets it.
    fn effective_mode(&self) -> (SslMode, Set) {
        let setting = &self.conninfo.sslmode;
        let is_set = self.sets_mode();
        let uses_system_roots = matches!(
            self.conninfo.sslrootcert.as_ref().map(|root| &root.value),
            Some(RootCert::System)
        );
        match (is_set, self.candidate.beside, uses_system_roots) {
            (_, Besides::Instead(mode), _) => (mode, Set::ByProgram),
            (true, _, _) => (setting.value, Set::InString),
            (false, Besides::Mode(mode), _) => (mode, Set::InString),
            (false, Besides::Off, _) => (SslMode::Disable, Set::Beside),
            // What the reading of another driver's string says is that driver's default.
            (false, _, _) if setting.origin != Origin::Default => (setting.value, Set::ByDefault),
            // libpq's default with these roots.
            (false, _, true) => (SslMode::VerifyFull, Set::ByDefault),
            (false, _, false) => (SslMode::Prefer, Set::ByDefault),
        }
    }

    /// Whether the string itself says the mode.
    fn sets_mode(&self) -> bool {
        let is_of_libpq = self.read_as.dialect == Dialect::Libpq;
        let names_tls = || {
            let text = self.candidate.filled.text.to_ascii_lowercase();
            text.contains("ssl") || text.starts_with("r2dbcs")
        };
        self.conninfo.sslmode.origin != Origin::Default && (is_of_libpq || names_tls())
    }

    /// Whether nobody but the program knows the mode: it is a variable, or what stands beside the string decides.
    fn is_open(&self) -> bool {
        let is_decided_beside = match self.candidate.beside {
            Besides::SomethingInstead => true,
            Besides::Something => self.effective_mode().1 == Set::ByDefault,
            Besides::Doubt => {
                self.effective_mode().0 >= SslMode::VerifyCa || self.conninfo.sslrootcert.is_some()
            }
            Besides::Nothing
            | Besides::Off
            | Besides::Mode(_)
            | Besides::Instead(_)
            | Besides::Unverified(_) => false,
        };
        self.candidate.filled.mode == Mode::Variable || is_decided_beside
    }

    /// Whether nothing beside the settings says the mode, and the program may set one elsewhere.
    fn is_guess(&self) -> bool {
        self.candidate.form == Form::Part && self.effective_mode().1 == Set::ByDefault
    }

    /// A mode that lets others read or answer.
    fn mode(&self) -> Option<Located> {
        let (mode, set) = self.effective_mode();
        let level = self.level_of_mode(mode, set)?;
        if self.is_open() {
            return None;
        }
        let has_root = self.conninfo.sslrootcert.is_some();
        let driver = self.dialect.driver();
        let host = self.shown_hosts();
        let (code, message) = if let Some(accepts) = self.accepts_all() {
            (
                Code::ServerNotVerified,
                format!(
                    "the program accepts every certificate of {host} ({accepts}): anyone could be answering"
                ),
            )
        } else if mode < SslMode::Require {
            let how = match set {
                Set::InString => format!("sslmode is {mode}"),
                Set::ByProgram => format!("a setting beside the string makes its sslmode {mode}"),
                Set::Beside => "a setting beside it switches TLS off".to_owned(),
                Set::ByDefault if self.candidate.form == Form::Part => {
                    format!(
                        "no sslmode stands beside it, and if the program sets none, the default of {driver} counts"
                    )
                }
                Set::ByDefault => {
                    format!("no sslmode is set, and the default of {driver} is {mode}")
                }
            };
            let what = match mode {
                SslMode::Disable => "the connection is not encrypted",
                SslMode::Allow
                | SslMode::Prefer
                | SslMode::Require
                | SslMode::VerifyCa
                | SslMode::VerifyFull => "the connection may go on without encryption",
            };
            (Code::PlaintextPossible, format!("{host}: {how}, so {what}"))
        } else if mode == SslMode::Require && !has_root {
            (
                Code::ServerNotVerified,
                format!(
                    "{host}: sslmode is {mode} without a root file: encrypted, but anyone could be answering"
                ),
            )
        } else {
            return None;
        };
        Some(self.located(level, code, message, self.remedy()))
    }

    /// How much a weak mode matters here.
    fn level_of_mode(&self, mode: SslMode, set: Set) -> Option<Level> {
        let is_example = self.around.purpose == Purpose::Example;
        let is_documentation = self.hosts.iter().all(|host| place::is_documentation(host));
        match (self.candidate.form, self.place) {
            (Form::Address, _) | (_, Place::Local | Place::Container) => None,
            (_, Place::Network) if is_example && is_documentation => None,
            (_, Place::Private) => Some(Level::Warning),
            // Something else may set the mode. What the program itself accepts is certain.
            (Form::Part, Place::Network) if self.accepts_all().is_none() => Some(Level::Warning),
            (_, Place::Network) if is_example => Some(Level::Warning),
            (_, Place::Network) => Some(Level::Error),
            // The host is not known, but the mode is.
            (_, Place::Variable) => {
                let is_written =
                    set == Set::InString && mode < SslMode::Require && self.is_libpqs_mode();
                let is_weak = is_written || self.accepts_all().is_some();
                (is_weak && !is_example).then_some(Level::Warning)
            }
        }
    }

    /// What makes the program accept any certificate, if the string does not overrule it.
    fn accepts_all(&self) -> Option<Accepts> {
        let (mode, set) = self.effective_mode();
        let is_open = set == Set::ByDefault || mode < SslMode::VerifyCa;
        match self.candidate.beside {
            Besides::Unverified(
                accepts @ (Accepts::Environment | Accepts::RejectUnauthorizedInstead),
            ) => Some(accepts),
            Besides::Unverified(accepts @ (Accepts::RejectUnauthorized | Accepts::VerifyNone)) => {
                is_open.then_some(accepts)
            }
            Besides::Nothing
            | Besides::Off
            | Besides::Mode(_)
            | Besides::Instead(_)
            | Besides::Something
            | Besides::SomethingInstead
            | Besides::Doubt => None,
        }
    }

    /// Whether the file itself says the mode: other drivers' readings set one for every string.
    fn is_libpqs_mode(&self) -> bool {
        let is_beside = matches!(self.candidate.beside, Besides::Mode(_));
        if is_beside && !self.sets_mode() {
            return true;
        }
        let text = self.candidate.filled.text.to_ascii_lowercase();
        text.contains("sslmode=") || text.contains("ssl mode=")
    }

    /// What to write instead.
    fn remedy(&self) -> Hint {
        let words = self.dialect.own_words();
        let text = &self.candidate.filled.text;
        let words = match (self.candidate.form, self.dialect) {
            (Form::Text, Dialect::Libpq) if text.contains("://") => {
                "sslmode=verify-full&sslrootcert=root.crt"
            }
            (Form::Text, _) => words.string.unwrap_or(words.program),
            (Form::Group | Form::Part | Form::Address, Dialect::Libpq) => {
                "sslmode=verify-full sslrootcert=root.crt"
            }
            (Form::Group | Form::Part | Form::Address, _) => words.program,
        };
        Hint::say(format!(
            "{} verifies chain and name with:",
            self.dialect.driver()
        ))
        .show(words)
    }

    /// `db:5432` is not a name that a host can have.
    fn port_in_host(&self) -> Option<Located> {
        let written = self.conninfo.parameter(Keyword::Host)?;
        let is_public = written.value.secrecy() == Secrecy::Public;
        let wrong = self.hosts.iter().find(|host| {
            host_and_port(host.as_bytes()).is_some_and(|(_, port)| port.is_some())
                && !self.marker.is_in(host)
        })?;
        let wrong = if is_public {
            format!(" {wrong}")
        } else {
            String::new()
        };
        let hint = Hint::say("Write the port into the setting for ports: port, or PGPORT.");
        let message = format!("the host{wrong} has a port in it");
        Some(self.located(Level::Error, Code::InvalidValue, message, hint))
    }

    /// Passwords that everyone who can read the file knows: the one beside the string, and its own.
    fn passwords(&self) -> Vec<Located> {
        if self.around.presence == Presence::Pipe {
            return Vec::new();
        }
        let own = self
            .conninfo
            .password
            .as_ref()
            .filter(|setting| setting.origin != Origin::Default);
        let own = own.map(|setting| String::from_utf8_lossy(setting.value.expose()).into_owned());
        let beside = self.candidate.password.as_ref();
        let beside = beside.map(|beside| (fill(&beside.value), beside.line));
        let is_other = |own: &String| {
            beside
                .as_ref()
                .is_none_or(|(beside, _)| beside.text != *own)
        };
        let own = own.filter(is_other).map(|own| (own, self.candidate.line));
        let beside = beside
            .filter(|(filled, _)| filled.variables != Variables::Unknown)
            .map(|(filled, line)| (filled.text, line));
        let mut found: Vec<Located> = Vec::new();
        for (password, line) in [beside, own].into_iter().flatten() {
            if found.iter().all(|other| other.line != line) {
                found.extend(self.password(&password, line));
            }
        }
        found
    }

    fn password(&self, password: &str, line: usize) -> Option<Located> {
        if self.marker.is_in(password) || !secret::is_one(password) {
            return None;
        }
        let user = String::from_utf8_lossy(self.conninfo.user.value.as_bytes()).into_owned();
        let dbname = String::from_utf8_lossy(self.conninfo.dbname.value.as_bytes()).into_owned();
        let is_casual = secret::is_casual(password, &[&user, &dbname]);
        let has_defaults = self.candidate.filled.variables == Variables::Defaults;
        let is_example = self.around.purpose == Purpose::Example;
        let is_documentation = self.hosts.iter().all(|host| place::is_documentation(host));
        let level = match self.place {
            Place::Local | Place::Container => return None,
            Place::Variable if is_example || is_casual || has_defaults => return None,
            Place::Network if is_documentation && (is_example || is_casual) => return None,
            Place::Private if is_casual => return None,
            Place::Private => Level::Warning,
            Place::Network | Place::Variable => Level::Error,
        };
        let host = self.shown_hosts();
        let hint = Hint::say(
            "Change the password: everyone who can read the file, or its history, knows it. Then let the program read it from an environment variable or a secret store.",
        );
        Some(Located {
            line,
            finding: Finding {
                level,
                code: Code::CommittedSecret,
                stage: Stage::Conninfo,
                message: Shown::new(&format!("the file contains a password for {host}")),
                hint,
            },
        })
    }

    /// A root file that the tree should have.
    fn root(&self) -> Option<Located> {
        let setting = self.conninfo.sslrootcert.as_ref()?;
        let RootCert::File(file) = &setting.value else {
            return None;
        };
        let bytes = crate::os::bytes_of(file.as_os_str());
        let is_elsewhere = file.is_absolute()
            || bytes.starts_with(b"~")
            || bytes.starts_with(b"$")
            || bytes.starts_with(b"/")
            || crate::os::is_windows_path(&bytes)
            || bytes.contains(&b':')
            || self.marker.is_in_bytes(&bytes);
        let is_public = self
            .conninfo
            .parameter(Keyword::SslRootCert)
            .is_some_and(|setting| setting.value.secrecy() == Secrecy::Public);
        if is_elsewhere || self.around.presence == Presence::Pipe || (self.around.has_file)(file) {
            return None;
        }
        let name = if is_public {
            crate::conninfo::shown_path(file)
        } else {
            "the root file".to_owned()
        };
        let level = match self.place {
            Place::Local | Place::Container => Level::Info,
            Place::Private | Place::Network | Place::Variable => Level::Warning,
        };
        Some(self.located(
            level,
            Code::RootNotInTree,
            format!("the root file {name} is neither beside this file nor at the top of the tree"),
            Hint::say("Correct the path, or put the file there. A path that only exists where the program runs should be absolute."),
        ))
    }

    /// What the driver ignores or reads in another way.
    fn notes(&self) -> Vec<Located> {
        let is_example = self.around.purpose == Purpose::Example;
        if matches!(self.place, Place::Local | Place::Container)
            || is_example && self.place == Place::Variable
        {
            return Vec::new();
        }
        let warnings = self
            .read_as
            .notes
            .iter()
            .filter(|note| note.weight == Weight::Warning);
        let located = |note: &Note| {
            let message = format!("{}: {}", note.setting, note.message);
            let message = self.marker.shown(&message);
            self.located(
                Level::Warning,
                Code::SettingDiffers,
                message,
                Hint::default(),
            )
        };
        warnings.map(located).collect()
    }

    fn shown_hosts(&self) -> String {
        let host = self
            .conninfo
            .parameter(Keyword::Host)
            .or_else(|| self.conninfo.parameter(Keyword::Hostaddr));
        match host {
            Some(host) => self.marker.shown(&host.value.to_string()),
            None => "the server".to_owned(),
        }
    }

    fn located(&self, level: Level, code: Code, message: String, hint: Hint) -> Located {
        Located {
            line: self.candidate.line,
            finding: Finding {
                level,
                code,
                stage: Stage::Conninfo,
                message: Shown::new(&message),
                hint,
            },
        }
    }
}

/// Whether a mode matters for a host there.
const fn matters(place: Place) -> bool {
    match place {
        Place::Local | Place::Container => false,
        Place::Private | Place::Network | Place::Variable => true,
    }
}

/// What sets a mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    InString,
    /// Settings beside the string, whatever it says.
    ByProgram,
    Beside,
    ByDefault,
}

//! What a string in a file promises, judged without a connection, by the rules of the driver that reads it. Pure.

mod mode;
mod name;
mod refused;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::candidate::{Candidate, Form, reads_variables};
use name::shown_key;
use refused::of_refusal;

use super::kind::Purpose;
use super::place::{self, Place, Services};
use super::secret;
use super::template::{Marker, Mode, Variables, fill};
use super::{Found, Located, Verdict};
use crate::conninfo::{ConnInfo, Keyword, Origin, RootCert, Secrecy, Secret, World, host_and_port};
use crate::diagnose::{Code, Finding, Hint, Level, Stage};
use crate::dialect::{Damage, Dialect, Input, Note, ReadAs, Understood, Weight, understand};
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
        let names_none = |hosts: &[String]| hosts.iter().all(String::is_empty);
        // A variable among the words of a command may be the string, and its string another word.
        let may_have_more = candidate.filled.mode != Mode::Text
            && understood.read_as.dialect == Dialect::PsqlCommand;
        let hosts = match &candidate.server {
            Some(server) if names_none(&hosts) && reads_variables(understood.read_as.dialect) => {
                vec![fill(server).text]
            }
            Some(_) | None => hosts,
        };
        let place = if value(Keyword::Service).is_some() || names_none(&hosts) && may_have_more {
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
        findings.extend(self.mangled().or_else(|| self.port_in_host()));
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
            && self.says_how()
            && self.mangled().is_none()
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
            sslmode: (self.says_how() && !self.is_open()).then_some(mode),
            place: self.place,
            verdict,
            findings,
            text: can_be_checked.then(|| Secret::new(filled.text.clone().into_bytes())),
            asked: self.candidate.asked,
        }
    }

    /// Whether it says how to connect.
    const fn says_how(&self) -> bool {
        match self.candidate.form {
            Form::Text | Form::Torn | Form::Wrapped | Form::Group | Form::Part => true,
            Form::Address => false,
        }
    }

    /// What a program gets is not the string: `psql postgresql://h/d?a=b&sslmode=verify-full` in a script, `URL=psql h`.
    fn mangled(&self) -> Option<Located> {
        let level = match self.around.purpose {
            Purpose::Use => Level::Error,
            Purpose::Example => Level::Warning,
        };
        let (message, advice) = match self.candidate.form {
            Form::Torn => (
                "the & in this URI is not in quotes: a shell ends the command there, and what stands behind the & is no part of the string".to_owned(),
                "Put the URI in single quotes.".to_owned(),
            ),
            Form::Wrapped => {
                let damage = Damage::of_variable(&self.candidate.filled.text);
                let damage = damage.unwrap_or(Damage::NameInValue);
                (damage.to_string(), damage.advice())
            }
            Form::Text | Form::Group | Form::Part | Form::Address => return None,
        };
        Some(self.located(level, Code::MangledConninfo, message, Hint::say(advice)))
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
            .filter(|note| note.weight != Weight::Info);
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

//! How much TLS a string makes sure of, and who says so.

use super::Case;
use crate::conninfo::{Origin, RootCert, SslMode};
use crate::diagnose::{Code, Hint, Level};
use crate::dialect::Dialect;
use crate::scan::Located;
use crate::scan::candidate::{Accepts, Besides, Form};
use crate::scan::kind::Purpose;
use crate::scan::place::{self, Place};
use crate::scan::template::Mode;

/// What sets a mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Set {
    InString,
    /// Settings beside the string, whatever it says.
    ByProgram,
    Beside,
    ByDefault,
}

impl Case<'_> {
    /// The mode, and whether something sets it.
    pub(super) fn effective_mode(&self) -> (SslMode, Set) {
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
    pub(super) fn is_open(&self) -> bool {
        let verifies =
            || self.effective_mode().0 >= SslMode::VerifyCa || self.conninfo.sslrootcert.is_some();
        let is_decided_beside = match self.candidate.beside {
            Besides::SomethingInstead => true,
            Besides::Something => self.effective_mode().1 == Set::ByDefault,
            Besides::Doubt => verifies(),
            Besides::Nothing
            | Besides::Off
            | Besides::Mode(_)
            | Besides::Instead(_)
            | Besides::Unverified(_) => false,
        };
        match self.candidate.filled.mode {
            Mode::Text => is_decided_beside,
            Mode::Perhaps => is_decided_beside || verifies() && self.accepts_all().is_none(),
            Mode::Variable => true,
        }
    }

    /// Whether nothing beside the settings says the mode, and the program may set one elsewhere.
    pub(super) fn is_guess(&self) -> bool {
        self.candidate.form == Form::Part && self.effective_mode().1 == Set::ByDefault
    }

    /// A mode that lets others read or answer.
    pub(super) fn mode(&self) -> Option<Located> {
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
                Set::ByProgram => format!("another setting makes its sslmode {mode}"),
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
            (Form::Text | Form::Torn | Form::Wrapped, Dialect::Libpq) if text.contains("://") => {
                "sslmode=verify-full&sslrootcert=root.crt"
            }
            (Form::Text | Form::Torn | Form::Wrapped, _) => words.string.unwrap_or(words.program),
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
}

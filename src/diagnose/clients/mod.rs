//! Which client libraries would connect with this string to this server, and why not. Pure.
//!
//! Judged is the TLS part of the string, in the form that each client takes: one that reads only
//! URIs is judged as if the string were one. Settings that have nothing to do with TLS are not
//! judged, and neither is the login.

mod anchors;
mod profile;
mod verifier;

use super::{Code, Diagnosis};
use crate::conninfo::{ConnInfo, Endpoint, Host, Origin, RootCert};
use crate::handshake;
use crate::negotiate;
use crate::probe::{Observation, Stop};
use crate::trust::{self, FileRole, Source, Trust};
use crate::verify::{Judgement, Purpose, Revocation, Rules};

pub use profile::Client;

use anchors::Anchors;
use profile::{
    Check, Crls, Fallback, Meaning, PROFILES, Profile, Read, RootFile, System, Taken, Unknown,
    Without,
};
use verifier::{Case, Depth, Said};

/// What one client would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientVerdict {
    /// Who.
    pub client: Client,
    /// What it does with this very string.
    pub outcome: Outcome,
    /// Whether its verification, given the roots of this check and the host's name, would accept
    /// the server, whatever the string asks for.
    pub certificate: Acceptance,
    /// The finding code of what stands in the way, if anything does.
    pub code: Option<Code>,
    /// Why, in a sentence; fit for a terminal.
    pub reason: String,
    /// How we know.
    pub basis: Basis,
}

/// What a client does with a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It connects over TLS, and has checked what the mode means to it: chain, or chain and name.
    Verified,
    /// It connects over TLS with whoever answers.
    Unverified,
    /// It connects, or tries to, in plain text.
    Plaintext,
    /// It does not connect.
    Refused,
    /// The string holds a setting that it cannot take.
    InvalidSetting,
}

/// What a client's verification says of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// It accepts it.
    Accepts,
    /// It refuses it.
    Refuses,
    /// There is no certificate, no root or no host to judge, or nobody has tried.
    Unknown,
}

/// How we know what a client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The tests run the client and compare.
    Measured,
    /// From its documentation and source.
    Documented,
}

impl Outcome {
    /// As JSON has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Unverified => "unverified",
            Self::Plaintext => "plaintext",
            Self::Refused => "refused",
            Self::InvalidSetting => "invalid-setting",
        }
    }
}

impl Acceptance {
    /// As JSON has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepts => "accepts",
            Self::Refuses => "refuses",
            Self::Unknown => "unknown",
        }
    }
}

impl Basis {
    /// As JSON has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Documented => "documented",
        }
    }
}

/// Everything that the verdicts go by.
pub struct Facts<'a> {
    /// The string.
    pub conninfo: &'a ConnInfo,
    /// The endpoint of it that was looked at.
    pub endpoint: &'a Endpoint,
    /// What the string itself trusts, `--trust` aside.
    pub own: Result<&'a Trust, &'a trust::Error>,
    /// The roots of this check; `None` if there are none that can be used.
    pub given: Option<&'a Trust>,
    /// Mozilla's roots.
    pub mozilla: &'a Trust,
    /// The roots of this machine.
    pub machine: &'a Trust,
    /// What happened at the endpoint.
    pub observation: &'a Observation,
    /// What is to be said of it.
    pub diagnosis: &'a Diagnosis,
    /// The moment, in seconds since 1970-01-01T00:00:00Z.
    pub now: i64,
}

/// What each of the twelve clients would do, in a fixed order.
pub fn clients(facts: &Facts<'_>) -> Vec<ClientVerdict> {
    let wire = Wire::of(facts);
    PROFILES
        .iter()
        .map(|profile| {
            Question {
                profile,
                facts,
                wire: &wire,
            }
            .verdict()
        })
        .collect()
}

/// A reason against.
#[derive(Clone, Debug)]
struct Objection {
    code: Code,
    reason: String,
}

fn objection(code: Code, reason: impl Into<String>) -> Objection {
    Objection {
        code,
        reason: reason.into(),
    }
}

/// What came of the wire, as far as every client shares it.
enum Wire<'a> {
    /// No connection.
    Unreachable(Objection),
    /// The server answered that it has no TLS.
    NoTls,
    /// TLS fails, whatever is trusted; some certificates may have been seen.
    Broken(Objection, Option<&'a Judgement>),
    /// TLS stands, but for the judgement.
    Tls(&'a Judgement),
}

impl<'a> Wire<'a> {
    fn of(facts: &Facts<'a>) -> Self {
        let failed = || {
            let error = facts.diagnosis.error.as_ref();
            error.map_or_else(
                || objection(Code::TlsFailure, "no TLS session came about"),
                |error| objection(error.code, error.message.clone()),
            )
        };
        let refused_later = || {
            let error = facts.diagnosis.error.as_ref()?;
            let ours = [Code::ClientCertRefused, Code::ClientCertRequired];
            ours.contains(&error.code).then(failed)
        };
        match &facts.observation.outcome {
            Ok(session) => match refused_later() {
                Some(objection) => Self::Broken(objection, Some(&session.judgement)),
                None => Self::Tls(&session.judgement),
            },
            Err(Stop::Connect(_)) => Self::Unreachable(failed()),
            Err(Stop::Negotiate(negotiate::Error::NoTls)) => Self::NoTls,
            Err(Stop::Negotiate(_)) => Self::Broken(failed(), None),
            Err(Stop::Handshake {
                error: handshake::Error::Refused(_),
                judgement: Some(judgement),
                ..
            }) => Self::Tls(judgement),
            Err(Stop::Handshake { judgement, .. }) => Self::Broken(failed(), judgement.as_deref()),
        }
    }

    fn judgement(&self) -> Option<&'a Judgement> {
        match self {
            Self::Unreachable(_) | Self::NoTls => None,
            Self::Broken(_, judgement) => *judgement,
            Self::Tls(judgement) => Some(judgement),
        }
    }
}

/// One client, asked about one endpoint.
struct Question<'a> {
    profile: &'a Profile,
    facts: &'a Facts<'a>,
    wire: &'a Wire<'a>,
}

/// The answer, before it is put into words of the report.
struct Answer {
    outcome: Outcome,
    code: Option<Code>,
    reason: String,
}

impl Answer {
    fn new(outcome: Outcome, reason: impl Into<String>) -> Self {
        Self {
            outcome,
            code: None,
            reason: reason.into(),
        }
    }

    fn against(outcome: Outcome, objection: Objection) -> Self {
        Self {
            outcome,
            code: Some(objection.code),
            reason: objection.reason,
        }
    }
}

/// The root file, as one client sees it.
enum SeenRoots<'a> {
    None,
    Usable(&'a Trust),
    Unusable(Objection),
    System,
}

impl<'a> Question<'a> {
    fn verdict(&self) -> ClientVerdict {
        let certificate = self.certificate();
        let answer = self.answer();
        let (acceptance, against) = match certificate {
            Ok(Said::Accepts) => (Acceptance::Accepts, None),
            Ok(Said::Unknown(_)) => (Acceptance::Unknown, None),
            Err(objection) => (Acceptance::Refuses, Some(objection)),
        };
        let mut reason = answer.reason;
        let mut code = answer.code;
        if let (Some(against), Outcome::Unverified | Outcome::Plaintext | Outcome::InvalidSetting) =
            (against, answer.outcome)
        {
            reason = format!("{reason}; verification would fail: {}", against.reason);
            code = code.or(Some(against.code));
        }
        ClientVerdict {
            client: self.profile.client,
            outcome: answer.outcome,
            certificate: acceptance,
            code,
            reason,
            basis: self.profile.basis,
        }
    }

    /// Would it accept the server, if told to verify everything with the roots of this check?
    fn certificate(&self) -> Result<Said, Objection> {
        let (Some(judgement), Some(given)) = (self.wire.judgement(), self.facts.given) else {
            let reason = "there is nothing to judge";
            return Ok(Said::Unknown(objection(Code::TlsFailure, reason)));
        };
        self.profile.verifier.handshake(judgement)?;
        let anchors = Anchors::of(given, self.profile.roots.taken);
        self.verify(judgement, &anchors, given, Depth::ChainAndName)
    }

    fn answer(&self) -> Answer {
        if let Some(refused) = self.unknown_setting(Unknown::refused) {
            return Answer::against(Outcome::InvalidSetting, refused);
        }
        let answer = match self.meaning() {
            Meaning::Unknown => {
                let mode = self.facts.conninfo.sslmode.value;
                let known = objection(Code::InvalidValue, format!("it knows no sslmode={mode}"));
                return Answer::against(Outcome::InvalidSetting, known);
            }
            Meaning::Plaintext => self.plaintext(),
            Meaning::Tls(check, fallback) => self.tls(check, fallback),
        };
        match self.unknown_setting(Unknown::passed_on) {
            Some(passed_on) if answer.outcome != Outcome::Refused => {
                Answer::against(Outcome::InvalidSetting, passed_on)
            }
            _ => answer,
        }
    }

    /// A TLS setting of the string that is not among those known.
    fn unknown_setting(
        &self,
        known: impl Fn(&Unknown) -> Option<(&'static [&'static str], &'static str)>,
    ) -> Option<Objection> {
        let (known, consequence) = known(&self.profile.unknown)?;
        let mut parameters = self.facts.conninfo.parameters();
        let (keyword, _) = parameters.find(|(keyword, setting)| {
            matches!(setting.origin, Origin::String { .. })
                && keyword.as_str().starts_with("ssl")
                && !known.contains(&keyword.as_str())
        })?;
        Some(objection(
            Code::UnknownKeyword,
            format!("it does not know {keyword}: {consequence}"),
        ))
    }

    fn meaning(&self) -> Meaning {
        let Profile {
            modes,
            sources,
            roots,
            ..
        } = self.profile;
        let conninfo = self.facts.conninfo;
        let setting = &conninfo.sslmode;
        let verifies = matches!(roots.system, System::Word | System::OwnVerified);
        if verifies && matches!(self.root_setting(), Some(RootCert::System)) {
            return Meaning::Tls(Check::ChainAndName, Fallback::Never);
        }
        let files = [&conninfo.sslcert, &conninfo.sslkey];
        let in_string = |origin: &Origin| matches!(origin, Origin::String { .. });
        let names_files = files
            .iter()
            .any(|file| file.as_ref().is_some_and(|file| in_string(&file.origin)))
            || conninfo
                .sslrootcert
                .as_ref()
                .is_some_and(|file| in_string(&file.origin));
        let absent = if names_files {
            modes.absent_with_files
        } else {
            modes.absent
        };
        let read = match setting.origin {
            Origin::String { .. } => Read::Yes,
            Origin::Environment(_) => sources.mode_variable,
            Origin::Service { .. } => sources.services,
            Origin::Default => Read::No,
        };
        match read {
            Read::Yes => modes.meaning(setting.value),
            Read::No => absent,
        }
    }

    fn plaintext(&self) -> Answer {
        match self.wire {
            Wire::Unreachable(objection) => Answer::against(Outcome::Refused, objection.clone()),
            Wire::NoTls | Wire::Broken(..) | Wire::Tls(_) => Answer::new(
                Outcome::Plaintext,
                "it connects in plain text, without asking for TLS first",
            ),
        }
    }

    fn tls(&self, check: Check, fallback: Fallback) -> Answer {
        let roots = self.roots();
        if let (RootFile::Always | RootFile::Program, SeenRoots::Unusable(objection)) =
            (self.profile.roots.file, &roots)
        {
            return Answer::against(Outcome::Refused, objection.clone());
        }
        let judgement = match (self.wire, fallback) {
            (Wire::Unreachable(objection), _) => {
                return Answer::against(Outcome::Refused, objection.clone());
            }
            (Wire::NoTls, Fallback::Never) => {
                let objection = objection(Code::NoTls, "the server has no TLS");
                return Answer::against(Outcome::Refused, objection);
            }
            (Wire::NoTls, Fallback::WithoutTls | Fallback::AfterFailure) => {
                return Answer::new(
                    Outcome::Plaintext,
                    "the server has no TLS, so it goes on in plain text",
                );
            }
            (Wire::Broken(objection, _), _) => return failed(fallback, objection.clone()),
            (Wire::Tls(judgement), _) => judgement,
        };
        if let Err(objection) = self.profile.verifier.handshake(judgement) {
            return failed(fallback, objection);
        }
        let (anchors, trust, depth) = match self.anchors(check, roots) {
            Ok(Some(found)) => found,
            Ok(None) => {
                return Answer::new(
                    Outcome::Unverified,
                    "it connects over TLS, but does not check who answers",
                );
            }
            Err(objection) => return failed(fallback, objection),
        };
        match self.verify(judgement, &anchors, trust, depth) {
            Err(objection) => failed(fallback, objection),
            Ok(Said::Unknown(objection)) => Answer::against(Outcome::Refused, objection),
            Ok(Said::Accepts) => Answer::new(
                Outcome::Verified,
                match depth {
                    Depth::Chain => {
                        "it checks the chain, but not the name: any server of this CA passes"
                    }
                    Depth::ChainAndName => "it checks chain and name",
                },
            ),
        }
    }

    /// What to verify with; `None` if nothing is verified.
    fn anchors(
        &self,
        check: Check,
        roots: SeenRoots<'a>,
    ) -> Result<Option<(Anchors<'a>, &'a Trust, Depth)>, Objection> {
        let rules = &self.profile.roots;
        let depth = match check {
            Check::Nothing => return Ok(None),
            Check::ChainIfRoots | Check::Chain => Depth::Chain,
            Check::ChainAndName => Depth::ChainAndName,
        };
        let beside = self.store(rules.beside);
        match (roots, check) {
            (SeenRoots::Usable(trust), _) => Ok(Some((
                Anchors::of(trust, rules.taken).and(beside),
                trust,
                depth,
            ))),
            (SeenRoots::None, Check::ChainIfRoots) => Ok(None),
            (SeenRoots::Unusable(objection), Check::ChainIfRoots)
                if rules.file == RootFile::Lenient && objection.code == Code::RootFileMissing =>
            {
                Ok(None)
            }
            (SeenRoots::Unusable(objection), _) => Err(objection),
            (SeenRoots::System, _) => Ok(Some((
                Anchors::of(self.facts.machine, Taken::All),
                self.facts.machine,
                depth,
            ))),
            (SeenRoots::None, _) => match self.store(rules.without) {
                Some(trust) => Ok(Some((Anchors::of(trust, Taken::All), trust, depth))),
                None => Err(objection(
                    Code::LibpqRootMissing,
                    "it needs a root file to verify, and has none",
                )),
            },
        }
    }

    fn store(&self, which: Without) -> Option<&'a Trust> {
        match which {
            Without::Nobody => None,
            Without::Machine => Some(self.facts.machine),
            Without::Mozilla => Some(self.facts.mozilla),
            Without::Program => self.facts.given,
        }
    }

    /// `sslrootcert`, if this client sees it.
    fn root_setting(&self) -> Option<&'a RootCert> {
        let setting = self.facts.conninfo.sslrootcert.as_ref()?;
        let Profile { sources, roots, .. } = self.profile;
        let read = match (&setting.origin, roots.file) {
            (_, RootFile::Program) | (Origin::String { .. }, _) => Read::Yes,
            (Origin::Environment(_), _) => sources.root_variable,
            (Origin::Service { .. }, _) => sources.services,
            (Origin::Default, _) => Read::No,
        };
        (read == Read::Yes).then_some(&setting.value)
    }

    fn roots(&self) -> SeenRoots<'a> {
        let rules = &self.profile.roots;
        if rules.file == RootFile::Never {
            return SeenRoots::None;
        }
        match (self.root_setting(), rules.system) {
            (Some(RootCert::System), System::Word) => return SeenRoots::System,
            (Some(RootCert::System), System::Own | System::OwnVerified) => {
                return SeenRoots::None;
            }
            (Some(RootCert::System), System::File) => {
                let missing = "it knows no sslrootcert=system, and looks for a file of that name";
                return SeenRoots::Unusable(objection(Code::RootFileMissing, missing));
            }
            (Some(RootCert::File(_)), _) => {}
            (None, _) if self.facts.conninfo.sslrootcert.is_some() || rules.home == Read::No => {
                return SeenRoots::None;
            }
            (None, _) => {}
        }
        match self.facts.own {
            Ok(trust) => match trust.source {
                Source::SslRootCert { .. } | Source::Home { .. } => SeenRoots::Usable(trust),
                Source::Option { .. }
                | Source::System
                | Source::Bundled
                | Source::Mozilla
                | Source::Fallback => SeenRoots::None,
            },
            Err(error) => SeenRoots::Unusable(unusable(error)),
        }
    }

    fn verify(
        &self,
        judgement: &Judgement,
        anchors: &Anchors<'_>,
        trust: &Trust,
        depth: Depth,
    ) -> Result<Said, Objection> {
        let crls = trust
            .crls
            .clone()
            .filter(|_| self.profile.revocation == Crls::Checked);
        let rules = Rules {
            now: self.facts.now,
            revocation: crls.map_or(Revocation::Off, Revocation::WholeChain),
            purpose: Purpose::SslServer,
        };
        let host = self.host();
        let case = Case {
            judgement,
            anchors,
            rules: &rules,
            host: host.as_deref(),
        };
        self.profile.verifier.verify(&case, depth)
    }

    /// The name to verify. sqlx lets hostaddr take the place of the host.
    fn host(&self) -> Option<Vec<u8>> {
        let Endpoint { host, hostaddr, .. } = self.facts.endpoint;
        let address = hostaddr
            .as_ref()
            .filter(|_| self.profile.client == Client::SqlxRustls);
        match address {
            Some(address) => Some(address.ip.to_string().into_bytes()),
            None => host.as_ref().map(|host| Host::as_bytes(host).to_vec()),
        }
    }
}

impl Unknown {
    fn refused(&self) -> Option<(&'static [&'static str], &'static str)> {
        match self {
            Self::Refused(known) => Some((known, "the string is refused")),
            Self::Ignored | Self::PassedOn(_) => None,
        }
    }

    fn passed_on(&self) -> Option<(&'static [&'static str], &'static str)> {
        match self {
            Self::PassedOn(known) => Some((
                known,
                "it passes that on to the server, which refuses the login",
            )),
            Self::Ignored | Self::Refused(_) => None,
        }
    }
}

fn failed(fallback: Fallback, objection: Objection) -> Answer {
    if fallback == Fallback::AfterFailure {
        return Answer {
            outcome: Outcome::Plaintext,
            code: Some(objection.code),
            reason: format!(
                "TLS fails, so it goes on in plain text: {}",
                objection.reason
            ),
        };
    }
    Answer::against(Outcome::Refused, objection)
}

fn unusable(error: &trust::Error) -> Objection {
    let code = match error {
        trust::Error::Missing {
            role: FileRole::Roots,
            ..
        } => Code::RootFileMissing,
        _ => Code::RootFileInvalid,
    };
    objection(code, error.to_string())
}

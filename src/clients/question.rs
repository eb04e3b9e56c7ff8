//! What one client would do with one string at one server.

use super::anchors::Anchors;
use super::divided::Fate;
use super::keys::{KeyReader, Reads};
use super::profile::{
    Check, Client, Crls, Fallback, Hello, Hostaddr, Meaning, Profile, RootFile, System, Unknown,
    Use,
};
use super::roots::SeenRoots;
use super::verifier::{Case, Depth, Said};
use super::{
    Acceptance, ClientVerdict, Facts, Objection, Obstacle, Outcome, Reached, Wire, objection,
};
use crate::conninfo::{Alias, Endpoint, Host, Keyword, Origin, RootCert, Setting, Value};
use crate::handshake::{ClientCertificateRequest, Limits};
use crate::inquiry::Loss;
use crate::trust::Trust;
use crate::verify::{Judgement, Purpose, Revocation, Rules};
use crate::wire::tls::libpq_hello::X25519_MLKEM768;

/// One client, asked about one endpoint.
pub(super) struct Question<'a> {
    pub(super) profile: &'a Profile,
    pub(super) facts: &'a Facts<'a>,
    pub(super) wire: &'a Wire<'a>,
}

/// Settings that only libpq, and a few others, know, beside those of TLS.
const BESIDE_TLS: &[&str] = &[
    "channel_binding",
    "connect_timeout",
    "gssencmode",
    "keepalives",
];

/// The answer, before it becomes text.
struct Answer {
    outcome: Outcome,
    obstacle: Option<Obstacle>,
    reason: String,
}

impl Answer {
    fn new(outcome: Outcome, reason: impl Into<String>) -> Self {
        Self {
            outcome,
            obstacle: None,
            reason: reason.into(),
        }
    }

    fn against(outcome: Outcome, objection: Objection) -> Self {
        Self {
            outcome,
            obstacle: Some(objection.obstacle),
            reason: objection.reason,
        }
    }
}

impl<'a> Question<'a> {
    pub(super) fn verdict(&self) -> ClientVerdict {
        let certificate = self.certificate(Depth::ChainAndName);
        let answer = self.answer();
        let (acceptance, against) = match certificate {
            Ok(Said::Accepts) => (Acceptance::Accepts, None),
            Ok(Said::Unknown(_)) => (Acceptance::Unknown, None),
            Err(objection) => (Acceptance::Refuses, Some(objection)),
        };
        let mut reason = answer.reason;
        let mut obstacle = answer.obstacle;
        if let (Some(against), Outcome::Unverified | Outcome::Plaintext | Outcome::InvalidSetting) =
            (against, answer.outcome)
        {
            reason = format!("{reason}; verification would fail: {}", against.reason);
            obstacle = obstacle.or(Some(against.obstacle));
        }
        ClientVerdict {
            client: self.profile.client,
            outcome: answer.outcome,
            certificate: acceptance,
            obstacle,
            reason: reason.into(),
            basis: self.profile.basis,
        }
    }

    /// Would it accept the server if it verified that much with the roots of this check?
    pub(super) fn certificate(&self, depth: Depth) -> Result<Said, Objection> {
        let (Some(judgement), Some(given)) = (self.wire.judgement(), self.facts.given) else {
            let reason = "there is nothing to judge";
            return Ok(Said::Unknown(objection(Obstacle::NoCertificate, reason)));
        };
        self.profile.verifier.handshake(judgement)?;
        if let Some(unknown) = self.unmeasured_blocks(given) {
            return Ok(Said::Unknown(unknown));
        }
        let anchors = self.read_anchors(given, self.profile.roots.taken)?;
        self.verify(judgement, &anchors, given, depth)
    }

    fn answer(&self) -> Answer {
        if let Some(refused) = self.unknown_setting(Unknown::refused) {
            return Answer::against(Outcome::InvalidSetting, refused);
        }
        let answer = match self.meaning() {
            Meaning::Unknown => {
                let reason = match self.facts.conninfo.alias(Keyword::SslMode) {
                    Some(Alias::UnknownMode | Alias::NoVerify) => {
                        "it does not know this sslmode".to_owned()
                    }
                    Some(Alias::SslTrue) | None => {
                        format!(
                            "it does not know sslmode={}",
                            self.facts.conninfo.sslmode.value
                        )
                    }
                };
                let known = objection(Obstacle::UnknownMode, reason);
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

    /// A setting of the string that is not among those known.
    fn unknown_setting(
        &self,
        known: impl Fn(&Unknown) -> Option<(&'static [&'static str], &'static str)>,
    ) -> Option<Objection> {
        let (known, consequence) = known(&self.profile.unknown)?;
        let in_string = |setting: &Setting<Value>| matches!(setting.origin, Origin::String { .. });
        let names = self
            .facts
            .conninfo
            .parameters()
            .filter(|(_, setting)| in_string(setting))
            .map(|(keyword, _)| {
                if keyword == Keyword::SslMode && self.says_ssl_true() {
                    "ssl"
                } else {
                    keyword.as_str()
                }
            });
        let keyword = names
            .filter(|name| name.starts_with("ssl") || BESIDE_TLS.contains(name))
            .find(|name| !known.contains(name))?;
        Some(objection(
            Obstacle::UnknownKeyword,
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
            Origin::String { .. } => Use::Used,
            Origin::Environment(_) => sources.mode_variable,
            Origin::Service { .. } => sources.services,
            Origin::Default => Use::Ignored,
        };
        match read {
            Use::Used => match conninfo.alias(Keyword::SslMode) {
                Some(Alias::SslTrue) => modes.ssl_true,
                Some(Alias::UnknownMode) => modes.strange,
                Some(Alias::NoVerify) => modes.no_verify,
                None => modes.meaning(setting.value),
            },
            Use::Ignored => absent,
        }
    }

    fn says_ssl_true(&self) -> bool {
        self.facts.conninfo.alias(Keyword::SslMode) == Some(Alias::SslTrue)
    }

    fn plaintext(&self) -> Answer {
        match &self.wire.outcome {
            Reached::Unreachable(objection) => Answer::against(Outcome::Refused, objection.clone()),
            Reached::NoTls | Reached::Broken(..) | Reached::Tls(_) | Reached::Divided(_) => {
                Answer::new(
                    Outcome::Plaintext,
                    "it connects in plain text, without asking for TLS first",
                )
            }
        }
    }

    fn tls(&self, check: Check, fallback: Fallback) -> Answer {
        let roots = self.roots();
        if let (RootFile::Always | RootFile::Program, SeenRoots::Unusable(objection)) =
            (self.profile.roots.file, &roots)
        {
            return Answer::against(Outcome::Refused, objection.clone());
        }
        match self.key() {
            Reads::Yes => {}
            Reads::No(reason) => {
                return Answer::against(Outcome::Refused, objection(Obstacle::KeyForm, reason));
            }
            Reads::Unknown(reason) => {
                return Answer::against(Outcome::Unknown, objection(Obstacle::KeyForm, reason));
            }
        }
        let judgement = match self.session(fallback) {
            Ok(judgement) => judgement,
            Err(answer) => return answer,
        };
        let plan = match self.plan(check, roots) {
            Ok(Some(plan)) => plan,
            Ok(None) => {
                let reason = "it connects over TLS, but does not check who is at the other end";
                return Answer::new(Outcome::Unverified, reason);
            }
            Err(objection) => return failed(fallback, objection),
        };
        if let Some(unknown) = self.unmeasured_blocks(plan.trust) {
            return Answer::against(Outcome::Unknown, unknown);
        }
        match self.verify(judgement, &plan.anchors, plan.trust, plan.depth) {
            Err(objection) => failed(fallback, objection.after(plan.preface)),
            Ok(Said::Unknown(objection)) if objection.obstacle == Obstacle::NoHost => {
                Answer::against(Outcome::Refused, objection)
            }
            Ok(Said::Unknown(objection)) => Answer::against(Outcome::Unknown, objection),
            Ok(Said::Accepts) => {
                let reason = match plan.depth {
                    Depth::Chain => {
                        "it checks the chain, but not the name: any server of this CA passes"
                    }
                    Depth::ChainAndName => "it checks the chain and the name",
                };
                Answer::new(Outcome::Verified, reason)
            }
        }
    }

    /// The certificates of a TLS session, or what happens without one.
    fn session(&self, fallback: Fallback) -> Result<&'a Judgement, Answer> {
        self.greet(fallback)?;
        let judgement = match (&self.wire.outcome, fallback) {
            (Reached::Unreachable(objection), _) => {
                return Err(Answer::against(Outcome::Refused, objection.clone()));
            }
            (Reached::NoTls, Fallback::Never) => {
                let objection = objection(Obstacle::NoTls, "the server has no TLS");
                return Err(Answer::against(Outcome::Refused, objection));
            }
            (Reached::NoTls, Fallback::WithoutTls | Fallback::AfterFailure) => {
                let reason = "the server has no TLS, so it goes on in plain text";
                return Err(Answer::new(Outcome::Plaintext, reason));
            }
            (Reached::Broken(objection, _), _) => return Err(failed(fallback, objection.clone())),
            (Reached::Tls(judgement), _) => judgement,
            (Reached::Divided(divided), _) => match (divided.fate(self.profile), divided.judgement)
            {
                (Fate::Session, Some(judgement)) => judgement,
                (Fate::Refused(objection), _) => return Err(failed(fallback, objection.clone())),
                (Fate::Unknown(objection), _) => {
                    return Err(Answer::new(Outcome::Unknown, objection.reason.as_str()));
                }
                (Fate::Session, None) => {
                    let reason = "there is nothing to judge";
                    return Err(Answer::new(Outcome::Unknown, reason));
                }
            },
        };
        let shaken = self.profile.verifier.handshake(judgement);
        shaken.map_err(|objection| failed(fallback, objection))?;
        Ok(judgement)
    }

    /// Does it read the private key of the string?
    fn key(&self) -> Reads {
        let Profile {
            sources,
            roots,
            keys,
            ..
        } = self.profile;
        let conninfo = self.facts.conninfo;
        let origin = conninfo.sslcert.as_ref().map(|setting| &setting.origin);
        let seen = match origin {
            Some(Origin::String { .. }) => Use::Used,
            Some(Origin::Environment(_)) => sources.root_variable,
            Some(Origin::Service { .. }) => sources.services,
            // pgjdbc has another default name for the key.
            Some(Origin::Default) | None if *keys == KeyReader::Pgjdbc => Use::Ignored,
            Some(Origin::Default) | None => roots.home,
        };
        let identity = self.facts.own.ok().and_then(|own| own.identity.as_ref());
        let asked = self
            .facts
            .observation
            .tls()
            .is_none_or(|tls| tls.client_certificate != ClientCertificateRequest::NotRequested);
        match identity {
            Some(identity) if seen == Use::Used && (asked || *keys != KeyReader::Pgjdbc) => {
                keys.reads(identity.key_form)
            }
            Some(_) | None => Reads::Yes,
        }
    }

    /// How large its ClientHello is. The configuration of OpenSSL on this machine binds libpq.
    fn hello(&self) -> Hello {
        let is_libpq = matches!(
            self.profile.client,
            Client::Libpq
                | Client::LibpqOpenSsl111
                | Client::LibpqOpenSsl30
                | Client::LibpqOpenSsl35
        );
        let conf = self.facts.conninfo.openssl_conf.as_ref();
        let excluded = |conf| !Limits::of(conf).groups.allows(X25519_MLKEM768);
        match is_libpq && conf.is_some_and(excluded) {
            true => Hello::Small,
            false => self.profile.hello,
        }
    }

    /// Is its ClientHello answered?
    fn greet(&self, fallback: Fallback) -> Result<(), Answer> {
        let Some((how, size)) = self.wire.lost else {
            return Ok(());
        };
        let nothing = format!("nothing answers a ClientHello of {size} bytes");
        match (self.hello(), how) {
            (Hello::Small, _) => Ok(()),
            (Hello::Depends(reason), _) => Err(Answer::against(
                Outcome::Unknown,
                objection(Obstacle::LargeHello, format!("{nothing}: {reason}")),
            )),
            (Hello::Large, Loss::HungUp) => {
                Err(failed(fallback, objection(Obstacle::LargeHello, nothing)))
            }
            // It waits until its own time limit, and does not go on in plain text.
            (Hello::Large, Loss::Silence) => {
                let hangs = format!("{nothing}, so it hangs");
                Err(Answer::against(
                    Outcome::Refused,
                    objection(Obstacle::LargeHello, hangs),
                ))
            }
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

    /// The name to verify.
    fn host(&self) -> Option<Vec<u8>> {
        let Endpoint { host, hostaddr, .. } = self.facts.endpoint;
        match (hostaddr, self.profile.hostaddr) {
            (Some(address), Hostaddr::Verified) => Some(address.ip.to_string().into_bytes()),
            (Some(_), Hostaddr::ConnectedTo) | (None, _) => {
                host.as_ref().map(|host| Host::as_bytes(host).to_vec())
            }
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
            obstacle: Some(objection.obstacle),
            reason: format!(
                "TLS fails, so it goes on in plain text: {}",
                objection.reason
            ),
        };
    }
    Answer::against(Outcome::Refused, objection)
}

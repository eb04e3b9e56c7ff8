//! What a provider's client needs, judged against the chain that answered.

use super::{Anchor, Provider};
use crate::conninfo::{ConnInfo, Keyword, SslMode};
use crate::diagnose::explain::chain::{issuer, name};
use crate::diagnose::explain::corrected;
use crate::diagnose::{Contents, Context, Fix, Hint};
use crate::os::{self, Shell};
use crate::trust::{PublicRoots, RootSet, Source};
use crate::verify::{Judgement, Rules, check};
use crate::x509::{AnchorStore, Certificate};

/// What to do about a chain that ends before an anchor; `None` if no provider and no public root explains it.
pub(in crate::diagnose::explain) fn advice(
    context: &Context<'_>,
    judgement: &Judgement,
) -> Option<Hint> {
    let case = Case { context, judgement };
    let issued = || {
        let mut presented = judgement.certificates.iter();
        presented.find_map(|certificate| Provider::of_issuer(&certificate.issuer.text))
    };
    match context.host.and_then(Provider::of_host) {
        Some(provider) => Some(case.by_host(provider)),
        None => match issued() {
            Some(provider) => Some(case.by_issuer(provider)),
            None => case.is_public().then(|| {
                let top = case.top().map(issuer).unwrap_or_default();
                Hint::say(format!(
                    "The chain ends at a public root (\"{top}\" is its last issuer), which this file does not contain."
                ))
                .and(case.system().without_root())
            }),
        },
    }
}

/// What a provider says about its self-signed certificates.
pub(in crate::diagnose::explain) fn of_self_signed(leaf: &Certificate) -> Option<Hint> {
    let provider = Provider::of_issuer(&leaf.issuer.text)?;
    Some(Hint::say(format!(
        "The issuer's name belongs to {}. {}",
        provider.name, provider.roots
    )))
}

/// What to do about a public root on a system without a bundle of roots.
pub(in crate::diagnose) const NO_BUNDLE: &str = "Its root is a public one. Windows has no file of root certificates that libpq reads: get the root from the certificate authority as a PEM file, and set sslrootcert to it.";

/// In Windows PowerShell 5.1, `curl` is another program.
fn windows_name(command: &str) -> String {
    match os::SHELL {
        Shell::Posix => command.to_owned(),
        Shell::Windows => command
            .replace(
                "curl --create-dirs -o ~/.postgresql/root.crt",
                "curl.exe --create-dirs -o \"%APPDATA%\\postgresql\\root.crt\"",
            )
            .replace("curl -o", "curl.exe -o"),
    }
}

/// The command that writes a set of roots, and the string that uses the file.
pub(in crate::diagnose) fn export(conninfo: Option<&ConnInfo>, set: &RootSet) -> Hint {
    let file = format!("{}.crt", set.name);
    let command = Fix::command(format!("pgtls roots export {} -o {file}", set.name))
        .of(file.as_str())
        .making(file.as_str(), Contents::Roots(set.bundled()));
    let hint = Hint::default().fix(command);
    match conninfo {
        Some(conninfo) => hint.fix(corrected(
            conninfo,
            &[(Keyword::SslRootCert, file.as_bytes())],
        )),
        None => hint,
    }
}

/// The provider of the string's hosts, if pgtls has all roots that its clients need.
pub(in crate::diagnose) fn set_of(
    conninfo: &ConnInfo,
) -> Option<(&'static Provider, &'static RootSet)> {
    let host = conninfo.endpoints.first()?.host.as_ref()?;
    let provider = Provider::of_host(host.as_bytes())?;
    match provider.anchor {
        Anchor::Set(set) => Some((provider, set)),
        Anchor::Public | Anchor::Own => None,
    }
}

struct Case<'a> {
    context: &'a Context<'a>,
    judgement: &'a Judgement,
}

impl<'a> Case<'a> {
    fn by_host(&self, provider: &Provider) -> Hint {
        let belongs = format!("The host name belongs to {}.", provider.name);
        match provider.anchor {
            Anchor::Set(set) if self.reaches(&set.anchors()) => {
                Hint::say(format!("{belongs} {}", provider.roots))
                    .and(export(self.context.conninfo, set))
                    .without_root()
            }
            Anchor::Set(set) => {
                let roots: Vec<String> = set.certificates().iter().map(name).collect();
                self.stranger(
                    provider,
                    &format!("None of its roots ({}) signed it", roots.join("; ")),
                )
            }
            Anchor::Public if self.is_public() => {
                Hint::say(format!("{belongs} {}", provider.roots))
                    .and(self.system())
                    .without_root()
            }
            Anchor::Public => Hint::say(format!("{belongs} {}", provider.roots))
                .and(self.stranger(provider, "No public root signed it")),
            Anchor::Own if self.is_public() => Hint::say(format!(
                "{belongs} But this chain ends at a public root, not at one of its own."
            ))
            .and(self.system().without_root()),
            Anchor::Own if self.has_roots_of(provider) && !self.is_issued_by(provider) => self
                .stranger(
                    provider,
                    "The file has its roots, and none of them signed it",
                ),
            Anchor::Own => self.roots_of(&belongs, provider).without_root(),
        }
    }

    fn by_issuer(&self, provider: &Provider) -> Hint {
        let belongs = format!("The issuer's name belongs to {}.", provider.name);
        match provider.anchor {
            Anchor::Set(set) if self.reaches(&set.anchors()) => {
                Hint::say(format!("{belongs} {}", provider.roots))
                    .and(export(self.context.conninfo, set))
                    .without_root()
            }
            Anchor::Set(_) => Hint::say(format!(
                "The issuer has a name of {}, but none of its roots signed it.",
                provider.name
            )),
            Anchor::Public | Anchor::Own => self.roots_of(&belongs, provider).without_root(),
        }
    }

    fn roots_of(&self, belongs: &str, provider: &Provider) -> Hint {
        let advice = Hint::say(format!("{belongs} {}", provider.roots));
        let commands = provider.commands.iter();
        let advice = commands.fold(advice, |advice, command| {
            advice.fix(Fix::command(windows_name(command)))
        });
        match (self.context.conninfo, provider.sslrootcert) {
            (Some(conninfo), Some(file)) => advice.fix(corrected(
                conninfo,
                &[(Keyword::SslRootCert, file.as_bytes())],
            )),
            _ => advice,
        }
    }

    /// Something else answers for the name of a provider.
    fn stranger(&self, provider: &Provider, why: &str) -> Hint {
        let end = self.top().map(issuer).unwrap_or_default();
        let same_name = self.top().is_some_and(|top| {
            let public = !PublicRoots.by_subject(&top.issuer).is_empty();
            public && !self.is_public()
        });
        let claim = if same_name {
            ", which is the name of a public root, but not signed by it"
        } else {
            ""
        };
        Hint::say(format!(
            "What answered is not {}, unless its roots are newer than this pgtls: the chain ends at \"{end}\"{claim}. {why}. Probably something else answers for this name: a proxy that inspects TLS, a tunnel, or a wrong DNS entry.",
            provider.name
        ))
        .first()
    }

    /// The machine's trust store instead of the file.
    fn system(&self) -> Hint {
        if self.context.trust.source == Source::System {
            return os::INCOMPLETE_STORE.into();
        }
        let Some(conninfo) = self.context.conninfo else {
            return Hint::default();
        };
        let full = (Keyword::SslMode, &b"verify-full"[..]);
        let system = (Keyword::SslRootCert, &b"system"[..]);
        let changes = match conninfo.sslmode.value {
            SslMode::VerifyFull => vec![system],
            // libpq takes the system's roots only with verify-full.
            SslMode::Disable
            | SslMode::Allow
            | SslMode::Prefer
            | SslMode::Require
            | SslMode::VerifyCa => vec![full, system],
        };
        let Some(bundle) = os::SYSTEM_BUNDLE else {
            return NO_BUNDLE.into();
        };
        Hint::say("With libpq 16 and newer:")
            .fix(corrected(conninfo, &changes))
            .then("With older versions, use the system's bundle:")
            .fix(corrected(
                conninfo,
                &[(Keyword::SslRootCert, bundle.as_bytes())],
            ))
    }

    fn top(&self) -> Option<&'a Certificate> {
        self.judgement.path_certificates().last()
    }

    fn is_public(&self) -> bool {
        self.reaches(&PublicRoots)
    }

    /// Would the chain verify with these anchors?
    fn reaches(&self, anchors: &dyn AnchorStore) -> bool {
        let rules: &Rules = self.context.rules;
        let report = check(&self.judgement.certificates, anchors, rules);
        report.faults.is_empty()
    }

    fn has_roots_of(&self, provider: &Provider) -> bool {
        let listed = self.context.trust.listed();
        listed.iter().any(|root| provider.runs(&root.subject.text))
    }

    fn is_issued_by(&self, provider: &Provider) -> bool {
        let mut presented = self.judgement.certificates.iter();
        presented.any(|certificate| provider.runs(&certificate.issuer.text))
    }
}

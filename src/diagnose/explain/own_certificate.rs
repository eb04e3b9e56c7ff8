//! Why a server refuses the client's certificate: what we hold of it is judged first, and the server's alert tells
//! which of the faults counts.

use super::files::quoted_path;
use super::front::Front;
use super::{corrected, joining};
use crate::conninfo::{Keyword, shown_path};
use crate::diagnose::calendar::{day, moment, span};
use crate::diagnose::{Contents, Fix, Hint};
use crate::escape::escape;
use crate::handshake::Tls;
use crate::probe::{Moment, Task};
use crate::trust::{Identity, Source};
use crate::verify::{ClientFault, ClientRules, Missing, Unfit, client_faults, client_path};
use crate::wire::tls::Alert;
use crate::x509::{Certificate, Curve, KeyKind, Name, usage_name};

/// What is wrong with the client's certificate, as far as the server may have seen it: it judges by the present time,
/// which is not known here if another was chosen.
fn faults(task: &Task, tls: &Tls) -> Vec<ClientFault> {
    let Some(identity) = &task.trust.identity else {
        return Vec::new();
    };
    let authorities = tls.authorities();
    let rules = ClientRules {
        now: task.now,
        authorities: authorities.as_deref(),
        others: &task.trust.listed(),
    };
    let mut faults = client_faults(&identity.certificates, &rules);
    if task.moment == Moment::Chosen {
        faults.retain(|fault| {
            !matches!(
                fault,
                ClientFault::Expired { .. } | ClientFault::NotYetValid { .. }
            )
        });
    }
    faults
}

/// The reason for a refusal, as the end of a sentence about the certificate, and what to do; `None` if nothing that
/// we hold shows it.
pub(super) fn reason(task: &Task, tls: &Tls, alert: Option<Alert>) -> Option<(String, Hint)> {
    let identity = task.trust.identity.as_ref()?;
    let found = faults(task, tls);
    let counts = |fault: &&ClientFault| alert.is_none_or(|alert| agrees(fault, alert));
    let decisive = found.iter().find(counts)?;
    let case = Case {
        task,
        tls,
        identity,
    };
    let mut hint = case.advice(decisive);
    for other in found.iter().filter(|other| *other != decisive) {
        hint = hint.then(format!("That is not all: {}.", case.sentence(other)));
    }
    Some((case.sentence(decisive), hint))
}

/// Would OpenSSL send this alert because of that (`ssl_x509err2alert` in ssl/statem/statem_lib.c)? Other
/// libraries have alerts that mean any fault.
fn agrees(fault: &ClientFault, alert: Alert) -> bool {
    match alert {
        Alert::UNKNOWN_CA => matches!(fault, ClientFault::Stranger { .. }),
        Alert::UNSUPPORTED_CERTIFICATE => matches!(fault, ClientFault::Purpose(_)),
        Alert::CERTIFICATE_EXPIRED => matches!(fault, ClientFault::Expired { .. }),
        Alert::CERTIFICATE_REVOKED | Alert::DECRYPT_ERROR | Alert::CERTIFICATE_REQUIRED => false,
        _ => true,
    }
}

/// What an alert says if nothing that we hold explains it.
pub(super) fn by_alert(task: &Task, tls: &Tls, alert: Option<Alert>) -> Option<Hint> {
    let identity = task.trust.identity.as_ref()?;
    let path = client_path(&identity.certificates);
    let own = path.first()?;
    let issuer = escape(&own.issuer.text);
    let named = tls.authorities().is_some();
    let Some(alert) = alert else {
        return Some(general(task, tls, own));
    };
    Some(match alert {
        Alert::CERTIFICATE_REVOKED if path.len() > 1 => Hint::say(format!(
            "The server's CRL (ssl_crl_file) lists the certificate, serial number {}, or an intermediate in {} as revoked. If it is the certificate, get a new one from \"{issuer}\". If it is an intermediate, get one from another authority.",
            serial(own),
            quoted_path(&identity.certificate_path)
        )),
        Alert::CERTIFICATE_REVOKED => Hint::say(format!(
            "The server's CRL (ssl_crl_file) lists the certificate, serial number {}, as revoked. Get a new one from \"{issuer}\".",
            serial(own)
        )),
        Alert::CERTIFICATE_EXPIRED => {
            let end = own
                .not_after
                .map_or_else(|| "an unknown date".to_owned(), moment);
            let so = match task.moment {
                Moment::Present => "So the",
                Moment::Chosen => {
                    "The server judges by its own clock, not by --at. If the certificate is valid today, the"
                }
            };
            Hint::say(format!(
                "The certificate itself is valid until {end}. {so} server's clock is wrong, or what has expired is on the server: the authority's certificate in ssl_ca_file, or the CRL in ssl_crl_file. The administrator compares both with the server's clock."
            ))
        }
        Alert::UNSUPPORTED_CERTIFICATE => Hint::say(format!(
            "The certificate itself may be a client's. So an authority above it may not issue for clients: look at the extendedKeyUsage of \"{issuer}\"."
        )),
        Alert::UNKNOWN_CA if named => match wanted(tls, &path) {
            Some((last, before)) => known_by_name(task, tls, last, before),
            None => general(task, tls, own),
        },
        Alert::UNKNOWN_CA => Front::of(tls).evidence().then(format!(
            "The server does not know the issuer \"{issuer}\". Either that is an intermediate authority: append its certificate to {}. Or its certificate must be added to {}.",
            quoted_path(&identity.certificate_path),
            Front::of(tls).ca_file()
        )),
        Alert::DECRYPT_ERROR => Hint::say(format!(
            "A signature is wrong: the authority in {} has the name \"{issuer}\", but another key than the one that issued this certificate.",
            Front::of(tls).ca_file()
        )),
        _ => general(task, tls, own),
    })
}

/// The certificate of the client's path that an authority has issued which the server named, and those before it.
fn wanted<'s, 'p>(
    tls: &Tls,
    path: &'s [&'p Certificate],
) -> Option<(&'p Certificate, &'s [&'p Certificate])> {
    let named = tls.authorities()?;
    let below = |one: &&Certificate| named.iter().any(|name| name.matches(&one.issuer));
    let last = path.iter().position(below)?;
    let (last, before) = path.get(..=last)?.split_last()?;
    Some((last, before))
}

/// The server has an authority of the right name, and does not accept what it issued: the last certificate, or one before.
fn known_by_name(task: &Task, tls: &Tls, last: &Certificate, before: &[&Certificate]) -> Hint {
    let authority = escape(&last.issuer.text);
    if !before.is_empty() {
        let intermediate = escape(&last.subject.text);
        return Hint::say(format!(
            "The server asks for certificates of \"{authority}\", which is the name of the issuer of the intermediate \"{intermediate}\". So the server has no CRL of one of the authorities (ssl_crl_file needs one of each up to the root), or the authority in the server's ssl_ca_file has the same name but another key, or one of them may not issue what it issued (CA:FALSE, pathlen)."
        ));
    }
    let rootless = rootless(task, tls, &last.issuer);
    Hint::say(format!(
        "The server asks for certificates of \"{authority}\", which is the name of the issuer. So the authority in the server's ssl_ca_file has the same name but another key, or the server has no CRL of that authority (ssl_crl_file), or \"{authority}\" may not issue certificates{rootless}."
    ))
}

/// OpenSSL needs the whole path on the server, up to a root. Not if we know that the server has it, or that the authority
/// is a root itself.
fn rootless(task: &Task, tls: &Tls, authority: &Name) -> String {
    let own = task.trust.identity.iter();
    let own = own.flat_map(|identity| &identity.certificates);
    let listed = task.trust.listed();
    let mut held = own.chain(listed.iter().copied());
    let held = held.find(|one| one.subject.matches(authority));
    let root = match held {
        Some(held) if held.is_self_issued() => return String::new(),
        Some(held) => {
            let named = tls.authorities().unwrap_or_default();
            if named.iter().any(|name| name.matches(&held.issuer)) {
                return String::new();
            }
            format!("its issuer \"{}\"", escape(&held.issuer.text))
        }
        None => "the root above it".to_owned(),
    };
    format!(
        ", or it is an intermediate and ssl_ca_file lacks {root}: the server needs every authority up to the root"
    )
}

/// What is left if the alert may mean anything.
fn general(task: &Task, tls: &Tls, own: &Certificate) -> Hint {
    let usual = matches!(
        own.public_key.kind,
        KeyKind::Rsa { .. } | KeyKind::Ec(Curve::P256)
    );
    let key = match usual {
        true => String::new(),
        false => format!(
            ", or the server does not accept its kind of key ({})",
            own.key_description()
        ),
    };
    let issuer = match tls.authorities() {
        Some(_) => {
            "the authority in the server's ssl_ca_file has the issuer's name but another key"
        }
        None => &format!("its issuer is not in {}", Front::of(tls).ca_file()),
    };
    let fit = match task.moment {
        Moment::Present => "The certificate is valid now and may be a client's. Possible causes:",
        Moment::Chosen => {
            "The certificate may be a client's. Possible causes: it is not valid today (the server does not know of --at),"
        }
    };
    Hint::say(format!(
        "{fit} {issuer}, the server's CRL lists it as revoked{key}. The server's log gives the reason."
    ))
}

struct Case<'a> {
    task: &'a Task,
    tls: &'a Tls,
    identity: &'a Identity,
}

impl Case<'_> {
    fn sentence(&self, fault: &ClientFault) -> String {
        let now = self.task.now;
        match fault {
            ClientFault::Stranger { last, issuer, .. } => {
                let named = self.authorities();
                if last == issuer {
                    return format!(
                        "\"{}\" is self-signed, but the server asks for a certificate of {named}",
                        escape(last)
                    );
                }
                format!(
                    "\"{}\" was issued by \"{}\", but the server asks for a certificate of {named}",
                    escape(last),
                    escape(issuer)
                )
            }
            ClientFault::Purpose(Unfit::ExtendedKeyUsage(usages)) => {
                let names: Vec<&str> = usages.iter().map(|usage| usage_name(usage)).collect();
                format!(
                    "it is not for clients: its extendedKeyUsage is {} only",
                    names.join(", ")
                )
            }
            ClientFault::Purpose(Unfit::KeyUsage) => {
                "it may not sign: its keyUsage lacks digitalSignature".to_owned()
            }
            ClientFault::Purpose(Unfit::NetscapeType) => {
                "it is not for clients: its nsCertType lacks client".to_owned()
            }
            ClientFault::Expired { depth, end } => format!(
                "{} expired {} ago, on {}",
                self.which(*depth),
                span(now.saturating_sub(*end)),
                day(*end)
            ),
            ClientFault::NotYetValid { depth, start } => format!(
                "{} is not valid before {}, {} from now",
                self.which(*depth),
                moment(*start),
                span(start.saturating_sub(now))
            ),
        }
    }

    fn which(&self, depth: usize) -> String {
        let path = client_path(&self.identity.certificates);
        match path.get(depth) {
            Some(above) if depth > 0 => {
                format!("the intermediate \"{}\"", escape(&above.subject.text))
            }
            _ => "it".to_owned(),
        }
    }

    /// The first few that the server named.
    fn authorities(&self) -> String {
        let names = self.tls.authorities().unwrap_or_default();
        let shown: Vec<String> = names
            .iter()
            .take(SHOWN)
            .map(|name| format!("\"{}\"", escape(&name.text)))
            .collect();
        let more = names.len().saturating_sub(shown.len());
        let more = match more {
            0 => String::new(),
            more => format!(" or {more} others"),
        };
        format!("{}{more}", shown.join(" or "))
    }

    fn advice(&self, fault: &ClientFault) -> Hint {
        let file = quoted_path(&self.identity.certificate_path);
        match fault {
            ClientFault::Stranger {
                issuer, missing, ..
            } => self.stranger(issuer, *missing),
            ClientFault::Purpose(Unfit::ExtendedKeyUsage(_) | Unfit::NetscapeType) => {
                "Have a certificate issued with extendedKeyUsage = clientAuth, or set sslcert and sslkey to one.".into()
            }
            ClientFault::Purpose(Unfit::KeyUsage) => {
                "Have it issued with keyUsage = digitalSignature.".into()
            }
            ClientFault::Expired { depth, .. } => {
                let path = client_path(&self.identity.certificates);
                let issuer = path.get(*depth).map(|certificate| escape(&certificate.issuer.text).to_string());
                Hint::say(format!(
                    "Get a new one from its issuer \"{}\", and put it into {file}.",
                    issuer.unwrap_or_default()
                ))
            }
            ClientFault::NotYetValid { .. } => Hint::say(format!(
                "The clock of this machine says {}. Compare the clocks of this machine, of the server and of the issuer (NTP), or wait.",
                moment(self.task.now)
            )),
        }
    }

    fn stranger(&self, issuer: &str, missing: Missing) -> Hint {
        let file = quoted_path(&self.identity.certificate_path);
        let unescaped = issuer;
        let issuer = escape(issuer).to_string();
        let other = format!(
            "Get a certificate from {}, or have \"{issuer}\" added to the server's ssl_ca_file.",
            self.authorities()
        );
        let published = client_path(&self.identity.certificates)
            .last()
            .and_then(|last| last.ca_issuers.first())
            .map(|address| format!(" It is published at {}.", escape(address)));
        let published = published.unwrap_or_default();
        match missing {
            Missing::Authority => other.into(),
            Missing::Intermediate => {
                let hint = Hint::say(format!(
                    "\"{issuer}\" is an intermediate authority under one that the server asks for. Its certificate must follow in {file}.{published}"
                ));
                self.append(hint, unescaped)
            }
            Missing::Unknown => Hint::say(format!(
                "Two causes are possible. Either \"{issuer}\" is an intermediate authority under one that the server asks for: then append its certificate to {file}.{published} Or it is not: then {}",
                lower(&other)
            )),
        }
    }

    /// The root file that has the intermediate is appended: more certificates than needed do no harm.
    fn append(&self, hint: Hint, issuer: &str) -> Hint {
        let listed = self.task.trust.listed();
        if listed.iter().all(|root| root.subject.text != issuer) {
            return hint;
        }
        let roots = match &self.task.trust.source {
            Source::SslRootCert { path, .. } | Source::Option { path } | Source::Home { path } => {
                path
            }
            Source::System | Source::Bundled | Source::Mozilla | Source::Fallback => return hint,
        };
        let out = "client-fixed.crt";
        let own = &self.identity.certificate_path;
        let command = joining("awk 1", &quoted_path(own), &quoted_path(roots), out);
        let both = vec![own.clone(), roots.clone()];
        hint.then(format!("{} has it:", shown_path(roots)))
            .fix(
                Fix::command(command)
                    .of(out)
                    .making(out, Contents::Joined(both)),
            )
            .fix(corrected(
                &self.task.conninfo,
                &[(Keyword::SslCert, out.as_bytes())],
            ))
    }
}

fn lower(sentence: &str) -> String {
    let mut characters = sentence.chars();
    let first = characters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(characters).collect()
}

fn serial(certificate: &Certificate) -> String {
    data_encoding::HEXLOWER.encode(&certificate.serial)
}

/// Authorities that are listed before "and N others".
const SHOWN: usize = 5;

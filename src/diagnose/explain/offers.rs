//! No version or suite in common: what the server would have accepted.

use super::openssl_conf::shown;
use super::wire::{no_sni, no_tls_1_3};
use super::{corrected, from_elsewhere};
use crate::conninfo::{Command, ConnInfo, Keyword, Limit, OpensslConf};
use crate::diagnose::{Code, Diagnosis, Fix, Hint};
use crate::probe::{Offers, Taken, Task, server_name};
use crate::wire::tls::TlsVersion;
use crate::wire::tls::libpq_hello::SUITES_OF_TLS13;
use crate::x509::Curve;

impl Diagnosis {
    /// Adds what the server would have accepted to the advice for the failure.
    #[must_use]
    pub fn with_offers(mut self, task: &Task, offers: &Offers) -> Self {
        if let Some(error) = &mut self.error {
            let first = seen(offers).map(Hint::say);
            let way_out = way_out(task, offers);
            let excluded = (error.code == Code::NoCommonCipher && way_out.is_none())
                .then(|| excluded(task.conninfo.openssl_conf.as_ref()?, offers))
                .flatten();
            // The server accepts the newest version, or what everybody else offers: its own settings are not the cause.
            let is_ours =
                way_out.is_some() && takes(offers, TlsVersion::V1_3) || excluded.is_some();
            let stops_at_1_2 = takes(offers, TlsVersion::V1_2) && refuses(offers, TlsVersion::V1_3);
            let general = if error.code == Code::NoCommonVersion && stops_at_1_2 {
                no_tls_1_3()
            } else if let (Code::NoCommonCipher, Some(curve)) = (error.code, offers.odd_curve) {
                another_curve(curve)
            } else if error.code == Code::NoCommonCipher
                && has_only_rare_suites(offers)
                && offers_1_3(&task.conninfo)
            {
                more_suites_of_1_3()
            } else if error.code == Code::NoCommonCipher && takes_nothing(offers) {
                std::mem::take(&mut error.hint).then(SUITES_FOR_KEYS)
            } else {
                std::mem::take(&mut error.hint)
            };
            // With a name the answer may be another one, if the server takes nothing at all without.
            let without_name = server_name(task).is_none() && takes_nothing(offers);
            let advice = [
                without_name.then(|| no_sni(&task.conninfo)),
                first,
                post_quantum_only(offers),
                way_out,
                excluded,
                (!is_ours).then_some(general),
            ];
            error.hint = advice.into_iter().flatten().collect();
        }
        self
    }
}

/// Does the server take TLS 1.3, and there only a suite that libpq does not offer? `ssl_ciphers` is not for that version, and
/// a server chooses the version first, so that the suites of older ones do not count where TLS 1.3 is offered.
fn has_only_rare_suites(offers: &Offers) -> bool {
    let mut versions = offers.versions.iter();
    versions.any(|(version, answer)| match answer {
        Ok(Some(taken)) => {
            *version == TlsVersion::V1_3 && !SUITES_OF_TLS13.contains(&taken.suite.id)
        }
        Ok(None) | Err(_) => false,
    })
}

fn offers_1_3(conninfo: &ConnInfo) -> bool {
    let conf = conninfo.openssl_conf.as_ref();
    let max = match &conninfo.ssl_max_protocol_version {
        Some(max) => Some(max.value),
        None => conf.and_then(OpensslConf::max_version),
    };
    max.is_none_or(|max| max >= TlsVersion::V1_3)
}

/// An ECDSA suite needs a curve that the client offers.
fn another_curve(curve: Curve) -> Hint {
    Hint::say(format!(
        "The key of the server's certificate is on {}, for which pgtls, and psql with OpenSSL 3.0, offer no signatures. No setting of the server changes that. Give the server a certificate with a key on P-256, or with an RSA key.",
        curve.name()
    ))
}

fn more_suites_of_1_3() -> Hint {
    Hint::say("Let the server take the usual suites of TLS 1.3. In PostgreSQL 18:")
        .fix(Fix::setting("ssl_tls13_ciphers = ''"))
        .then("Before PostgreSQL 18, Ciphersuites in the OpenSSL configuration of the server decides. In PgBouncer, remove client_tls13_ciphers.")
}

/// Does the server refuse every version with everything that exists?
fn takes_nothing(offers: &Offers) -> bool {
    let mut versions = offers.versions.iter();
    versions.all(|(_, answer)| matches!(answer, Ok(None)))
}

/// The result of each version; `None` if all are unknown.
fn seen(offers: &Offers) -> Option<String> {
    let mut taken = Vec::new();
    let mut refused = Vec::new();
    for (version, answer) in &offers.versions {
        match answer {
            Ok(Some(found)) => taken.push(format!("{} ({})", version.name(), described(*found))),
            Ok(None) => refused.push(version.name()),
            Err(_) => {}
        }
    }
    let taken = match taken.as_slice() {
        [] if refused.is_empty() => return None,
        [] => "nothing that pgtls knows".to_owned(),
        _ => taken.join(", "),
    };
    Some(match refused.as_slice() {
        [] => format!("The server accepts {taken}."),
        _ => format!(
            "The server accepts {taken}. It refuses {}.",
            refused.join(", ")
        ),
    })
}

fn described(taken: Taken) -> String {
    match taken.group {
        Some(group) => format!("{}, {}", taken.suite.openssl, group.name),
        None => taken.suite.openssl.to_owned(),
    }
}

/// pgtls does not offer the group, because not every psql does.
fn post_quantum_only(offers: &Offers) -> Option<Hint> {
    let group = offers
        .versions
        .iter()
        .filter_map(|(_, answer)| answer.as_ref().ok()?.as_ref()?.group)
        .find(|group| group.is_post_quantum())?;
    Some(Hint::say(format!(
        "psql with OpenSSL 3.5 connects, psql with OpenSSL 3.0 to 3.4 does not: it does not know {}. Let the server also take X25519 or P-256.",
        group.name
    )))
}

/// What on this side prevents a version that the server accepts, and the string without that.
fn way_out(task: &Task, offers: &Offers) -> Option<Hint> {
    let conninfo = &task.conninfo;
    let conf = conninfo.openssl_conf.as_ref();
    let newest = |hint: Hint| {
        let version = TlsVersion::V1_3.name().as_bytes();
        hint.fix(corrected(
            conninfo,
            &[(Keyword::SslMaxProtocolVersion, version)],
        ))
    };
    let max = conninfo.ssl_max_protocol_version.as_ref();
    let min = conninfo.ssl_min_protocol_version.as_ref();
    let limit = conf.and_then(OpensslConf::max_version);
    match (max, min, limit) {
        (Some(max), _, _) if max.value < TlsVersion::V1_3 && takes(offers, TlsVersion::V1_3) => {
            let keyword = Keyword::SslMaxProtocolVersion;
            let origin = from_elsewhere(conninfo, &[keyword]);
            Some(newest(
                origin.then(format!("{keyword} excludes that. Use:")),
            ))
        }
        (None, _, Some(limit)) if limit < TlsVersion::V1_3 && takes(offers, TlsVersion::V1_3) => {
            let setting = conf?.setting(Command::MaxProtocol)?;
            Some(newest(Hint::say(format!(
                "The OpenSSL configuration of this machine excludes that: {}. Change that file, or override it in the string:",
                shown(setting)
            ))))
        }
        (_, Some(min), _) if min.value > TlsVersion::V1_2 && takes(offers, TlsVersion::V1_2) => {
            let version = TlsVersion::V1_2.name().as_bytes();
            let string = corrected(conninfo, &[(Keyword::SslMinProtocolVersion, version)]);
            let keyword = Keyword::SslMinProtocolVersion;
            let origin = from_elsewhere(conninfo, &[keyword]);
            Some(
                origin
                    .then(format!(
                        "{keyword} excludes that. If {} is enough for you, use:",
                        TlsVersion::V1_2
                    ))
                    .fix(string),
            )
        }
        _ => None,
    }
}

/// What the OpenSSL configuration of this machine excludes of what the server chose from everything.
fn excluded(conf: &OpensslConf, offers: &Offers) -> Option<Hint> {
    let mut newest_first = offers.versions.iter().rev();
    let taken = newest_first.find_map(|(_, answer)| *answer.as_ref().ok()?)?;
    let groups = conf.groups();
    let (command, what) = match taken.group {
        Some(group) if !groups.allows(group.id) => (Command::Groups, group.name),
        _ if taken.suite.is_tls13() && !conf.ciphersuites().allows(taken.suite.id) => {
            (Command::Ciphersuites, taken.suite.openssl)
        }
        _ if !taken.suite.is_tls13() && !conf.suites_of_tls12().allows(taken.suite.id) => {
            (Command::CipherString, taken.suite.openssl)
        }
        // What was allowed was offered, and refused.
        _ => match conf.signature_algorithms() {
            Limit::Only(_) => (Command::SignatureAlgorithms, "the kind of the server's key"),
            Limit::None | Limit::Unknown => return None,
        },
    };
    let hint = Hint::say(format!(
        "The OpenSSL configuration of this machine excludes {what}, and so psql fails here as well: {}. Change that file,",
        // The security level stands in the cipher string.
        shown(
            conf.setting(command)
                .or_else(|| conf.setting(Command::CipherString))?
        )
    ));
    let curve = CURVES.iter().find(|(id, _)| groups.allows(*id));
    Some(match (command, curve) {
        (Command::Groups, Some((_, curve))) => hint
            .and("or let the server take what it allows:")
            .fix(Fix::setting(format!("ssl_ecdh_curve = '{curve}'")))
            .then("PostgreSQL 18 calls this setting ssl_groups and takes a list."),
        (Command::SignatureAlgorithms, _) => {
            hint.and("or give the server a certificate with a key that it allows.")
        }
        _ => hint.and("or let the server take what it allows."),
    })
}

/// OpenSSL skips a suite that does not fit the key.
const SUITES_FOR_KEYS: &str = "Perhaps the list of suites there is for another kind of key than the server has: names with ECDSA need an ECDSA key, names with RSA an RSA key.";

/// Curves that every server has, by OpenSSL's names.
const CURVES: [(u16, &str); 3] = [(23, "prime256v1"), (24, "secp384r1"), (25, "secp521r1")];

fn refuses(offers: &Offers, wanted: TlsVersion) -> bool {
    let mut versions = offers.versions.iter();
    versions.any(|(version, answer)| *version == wanted && matches!(answer, Ok(None)))
}

fn takes(offers: &Offers, wanted: TlsVersion) -> bool {
    let mut versions = offers.versions.iter();
    versions.any(|(version, answer)| *version == wanted && matches!(answer, Ok(Some(_))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::tls::Suite;

    #[test]
    fn rare_suites_are_the_cause_where_the_newest_version_takes_nothing_else() {
        let taken = |id| {
            Ok(Some(Taken {
                suite: Suite::of(id).unwrap(),
                group: None,
            }))
        };
        for (of_1_2, of_1_3, expected) in [
            (Ok(None), taken(0x1304), true),
            (Ok(None), taken(0x1301), false),
            (taken(0xc02b), taken(0x1304), true),
            (taken(0xc02b), Ok(None), false),
            (Ok(None), Ok(None), false),
        ] {
            let versions = vec![(TlsVersion::V1_2, of_1_2), (TlsVersion::V1_3, of_1_3)];
            let offers = Offers {
                versions,
                odd_curve: None,
            };
            assert_eq!(has_only_rare_suites(&offers), expected, "{offers:?}");
        }
    }
}

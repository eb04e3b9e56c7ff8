//! Why a name does not match, and which names would.

use std::net::IpAddr;

use super::wire::no_sni;
use super::{corrected, from_elsewhere};
use crate::conninfo::{ConnInfo, Keyword, Origin, SslSni};
use crate::diagnose::{Code, Context, Finding, Hint, Stage};
use crate::escape::escape;
use crate::inet::inet_aton;
use crate::verify::name::match_host;
use crate::verify::{Judgement, NameFault};
use crate::x509::{Certificate, GeneralName};

/// The finding for libpq's verdict on a name.
pub(in crate::diagnose) fn wrong_name(
    context: &Context<'_>,
    judgement: &Judgement,
    fault: &NameFault,
) -> Finding {
    let host = context.host.unwrap_or_default();
    let finding = Finding::error(Code::HostNameMismatch, Stage::Verify, fault.to_string());
    let Some(leaf) = judgement.certificates.first() else {
        return finding;
    };
    let mut advice = Vec::new();
    // With a name, a server with several certificates may show another one.
    let silent = |conninfo: &&ConnInfo| {
        let is_name = inet_aton(host).is_none() && !host.contains(&b':');
        conninfo.sslsni.value == SslSni::Omit && is_name
    };
    advice.extend(context.conninfo.filter(silent).map(no_sni));
    advice.extend(special_case(context, host, leaf));
    if is_cloud_sql(leaf) && !has_cloud_name(names_of(leaf)) {
        return finding.hint(advice.into_iter().collect::<Hint>());
    }
    let shown = escape(host).to_string();
    let names = names_to_connect_by(leaf);
    advice.extend(names_nearly(host, leaf));
    let elsewhere = context.conninfo.filter(|conninfo| is_foreign(conninfo));
    if let Some(conninfo) = elsewhere {
        advice.push(from_elsewhere(conninfo, &[Keyword::Hostaddr]).then(
            "libpq connects to that address, whatever the host is. So another server than the host's may have answered.",
        ));
        return finding.hint(advice.into_iter().collect::<Hint>());
    }
    let without_dot = without_dot(host, leaf);
    if without_dot.is_some() {
        advice.push(Hint::say(
            "libpq compares the final dot of the host, too, and the certificate has none.",
        ));
    }
    let nearest = without_dot.as_ref().or_else(|| nearest(&shown, &names));
    advice.push(match (nearest, context.address) {
        (None, _) => {
            // An address as a DNS name is against the rules of authorities, and only libpq takes it.
            let kind = shown.parse::<IpAddr>().map_or("DNS", |_| "IP");
            Hint::say(format!(
                "Have the certificate issued with subjectAltName = {kind}:{shown}."
            ))
        }
        (Some(nearest), Some(address)) => Hint::say("Connect by a name in the certificate, or reissue the certificate with this host in subjectAltName.")
            .and(by_name(context, nearest, &address.to_string())),
        (Some(nearest), None) => Hint::say(format!(
            "Reissue the certificate with this host in subjectAltName. The closest name in it is \"{nearest}\"."
        )),
    });
    finding.hint(advice.into_iter().collect::<Hint>())
}

/// Whether the address comes from a variable, and the host does not: the two may not belong together.
fn is_foreign(conninfo: &ConnInfo) -> bool {
    let from_variable = |keyword| {
        let setting = conninfo.parameter(keyword);
        setting.is_some_and(|setting| matches!(setting.origin, Origin::Environment(_)))
    };
    from_variable(Keyword::Hostaddr) && !from_variable(Keyword::Host)
}

/// The string that connects to the same address by another name. If there are several hosts, only
/// the part for this one.
fn by_name(context: &Context<'_>, name: &str, address: &str) -> Hint {
    match context.conninfo {
        Some(conninfo) if conninfo.endpoints.len() == 1 => Hint::say("To keep the address:").fix(corrected(
            conninfo,
            &[
                (Keyword::Host, name.as_bytes()),
                (Keyword::Hostaddr, address.as_bytes()),
            ],
        )),
        Some(_) => Hint::say("To keep the address, write these for this server, each in its place in the lists of the string:")
            .show(format!("host={name} hostaddr={address}")),
        None => Hint::say("To keep the address:").show(format!("host={name} hostaddr={address}")),
    }
}

/// Cases in which the names themselves show the cause.
fn special_case(context: &Context<'_>, host: &[u8], leaf: &Certificate) -> Option<Hint> {
    let names = names_of(leaf);
    if has_cloud_name(names) {
        return Some("This is a Cloud SQL instance. Its certificate has a name that ends in .sql.goog, and with that name verify-full works.".into());
    }
    if is_cloud_sql(leaf) {
        let advice = Hint::say(
            "This is a Cloud SQL instance with its own CA. Its certificate names the instance, not a host. The CA signs nothing else, so verify-ca proves the server. Or choose a server CA mode with DNS names, and connect by the instance's .sql.goog name.",
        );
        let string = context
            .conninfo
            .map(|conninfo| corrected(conninfo, &[(Keyword::SslMode, b"verify-ca")]));
        return Some(match string {
            Some(string) => advice.fix(string),
            None => advice,
        });
    }
    let is_address = inet_aton(host).is_some() || host.contains(&b':');
    if is_address && names.iter().all(|name| name.ip().is_none()) {
        return Some("The host is an IP address, but the certificate contains none.".into());
    }
    is_service(host, names).then(|| {
        "This is a Kubernetes service that the certificate does not list. Services of poolers are often missing. For CloudNativePG, set spec.certificates.serverAltDNSNames."
            .into()
    })
}

fn names_of(leaf: &Certificate) -> &[GeneralName] {
    leaf.subject_alt_names.as_deref().unwrap_or_default()
}

/// A name of the certificates that Google's shared and customers' CAs issue for Cloud SQL.
fn has_cloud_name(names: &[GeneralName]) -> bool {
    let mut names = names.iter();
    names.any(|name| matches!(name, GeneralName::Dns(name) if name.ends_with(b".sql.goog")))
}

/// `project:instance`, as Google names the certificates of Cloud SQL's own CAs.
fn is_cloud_sql(leaf: &Certificate) -> bool {
    let name = leaf.subject.common_names.first();
    name.is_some_and(|name| is_instance(name))
}

fn is_instance(name: &[u8]) -> bool {
    let part = |bytes: &[u8]| {
        !bytes.is_empty()
            && bytes
                .iter()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
    };
    let parts: Vec<&[u8]> = name.split(|byte| *byte == b':').collect();
    matches!(parts.as_slice(), [.., project, instance] if part(project) && part(instance))
}

/// Names that look as if they covered the host, and why they do not.
pub(super) fn names_nearly(host: &[u8], leaf: &Certificate) -> Vec<Hint> {
    let names = leaf.subject_alt_names.as_deref().unwrap_or_default();
    let dns = names.iter().filter_map(|name| match name {
        GeneralName::Dns(name) => Some(name.as_slice()),
        GeneralName::Ip(_)
        | GeneralName::Email(_)
        | GeneralName::Uri(_)
        | GeneralName::Directory(_)
        | GeneralName::SmtpUtf8(_)
        | GeneralName::OtherName(..)
        | GeneralName::Other(..) => None,
    });
    let mut found = Vec::new();
    let shown = escape(host);
    let wildcard = dns
        .clone()
        .take(MAX_COMPARED)
        .find(|name| misses(name, host).is_some());
    if let Some(wildcard) = wildcard {
        let why = match misses(wildcard, host) {
            Some(Miss::TooDeep(labels)) => format!("\"{shown}\" has {labels} there"),
            Some(Miss::Bare) | None => format!("\"{shown}\" has none there"),
        };
        found.push(Hint::say(format!(
            "The wildcard \"{}\" covers exactly one label in place of the star, and {why}. Use a host name with one label there, or have \"{shown}\" added to subjectAltName.",
            escape(wildcard)
        )));
    }
    let odd = dns.clone().take(MAX_COMPARED).find_map(|name| {
        let why = oddity(name, host)?;
        Some(Hint::say(format!(
            "\"{}\" does not cover it: {why}",
            escape(name)
        )))
    });
    found.extend(odd);
    let is_common_name = leaf
        .subject
        .common_names
        .first()
        .is_some_and(|name| name.eq_ignore_ascii_case(host));
    if is_common_name && dns.clone().next().is_some() {
        found.push(Hint::say(format!(
            "The certificate's CN is \"{shown}\", but clients ignore the CN of a certificate that has DNS names in subjectAltName."
        )));
    }
    found
}

/// Why a wildcard does not cover a name below or at its domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Miss {
    /// This many labels are in place of the star.
    TooDeep(usize),
    /// The name is the domain itself.
    Bare,
}

fn misses(wildcard: &[u8], host: &[u8]) -> Option<Miss> {
    let domain = wildcard.strip_prefix(b"*.")?;
    if host.eq_ignore_ascii_case(domain) {
        return Some(Miss::Bare);
    }
    let cut = host.len().checked_sub(domain.len())?;
    let (labels, tail) = host.split_at_checked(cut)?;
    let labels = labels.strip_suffix(b".")?;
    let count = labels.split(|byte| *byte == b'.').count();
    (tail.eq_ignore_ascii_case(domain) && count > 1).then_some(Miss::TooDeep(count))
}

/// Why a name that is meant for this host is never any host's.
fn oddity(name: &[u8], host: &[u8]) -> Option<&'static str> {
    let (name, host) = (name.to_ascii_lowercase(), host.to_ascii_lowercase());
    let mut parts = name.splitn(2, |byte| *byte == b'*');
    let (start, rest) = (parts.next()?, parts.next());
    if let Some(rest) = rest {
        let inner = host.strip_prefix(start)?.strip_suffix(rest)?;
        let is_whole_label = start.is_empty() && rest.first() == Some(&b'.');
        return (!is_whole_label && !inner.contains(&b'.'))
            .then_some("a star counts only as the whole first label, as in *.example.com.");
    }
    let port = name.strip_prefix(&host[..])?.strip_prefix(b":")?;
    (!port.is_empty() && port.iter().all(u8::is_ascii_digit))
        .then_some("a name in subjectAltName has no port.")
}

/// `svc`, `svc.ns`, `svc.ns.svc` or `svc.ns.svc.cluster.local`, if the certificate has names of the
/// same form.
fn is_service(host: &[u8], names: &[GeneralName]) -> bool {
    let in_cluster =
        |name: &[u8]| name.ends_with(b".svc") || name.windows(5).any(|window| window == b".svc.");
    let listed = names
        .iter()
        .any(|name| matches!(name, GeneralName::Dns(name) if in_cluster(name)));
    listed && (in_cluster(host) || !host.contains(&b'.') || host.split(|b| *b == b'.').count() == 2)
}

/// The host names of a certificate that one could connect to: no wildcards, nothing unusual.
fn names_to_connect_by(leaf: &Certificate) -> Vec<String> {
    let san = leaf
        .subject_alt_names
        .iter()
        .flatten()
        .filter_map(|name| match name {
            GeneralName::Dns(name) => Some(name.as_slice()),
            GeneralName::Ip(_)
            | GeneralName::Email(_)
            | GeneralName::Uri(_)
            | GeneralName::Directory(_)
            | GeneralName::SmtpUtf8(_)
            | GeneralName::OtherName(..)
            | GeneralName::Other(..) => None,
        });
    let common_name = leaf.subject.common_names.first().map(Vec::as_slice);
    let counts = |name: &&[u8]| {
        let names = leaf.subject_alt_names.as_deref();
        // libpq ignores the CN beside a dNSName.
        match_host(name, names, &leaf.subject.common_names).is_ok()
    };
    san.chain(common_name)
        .take(MAX_COMPARED)
        .filter(|name| !name.starts_with(b"*"))
        .filter(counts)
        .filter_map(|name| std::str::from_utf8(name).ok())
        .filter(|name| {
            !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
        })
        .map(str::to_owned)
        .collect()
}

/// The host without its final dot, if the certificate holds for that.
fn without_dot(host: &[u8], leaf: &Certificate) -> Option<String> {
    let host = host.strip_suffix(b".")?;
    let names = leaf.subject_alt_names.as_deref();
    match_host(host, names, &leaf.subject.common_names).ok()?;
    String::from_utf8(host.to_vec()).ok()
}

fn nearest<'a>(host: &str, names: &'a [String]) -> Option<&'a String> {
    let likeness = |name: &String| strsim::jaro_winkler(host, name);
    // Of several that differ only in their numbers, none is more likely than the others.
    let letters = |name: &str| name.replace(|letter: char| letter.is_ascii_digit(), "");
    let own = letters(host);
    let alike = || names.iter().filter(|name| letters(name) == own);
    let is_one_of_many = alike().any(|name| alike().next() != Some(name));
    names
        .iter()
        .filter(|name| !is_one_of_many || letters(name) != own)
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
}

/// The maximum of names that are compared with the host: a hostile certificate may have any number.
const MAX_COMPARED: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_misses_what_is_deeper_and_the_domain_itself() {
        for (wildcard, host, expected) in [
            (
                "*.example.cloud",
                "a.b.example.cloud",
                Some(Miss::TooDeep(2)),
            ),
            (
                "*.example.cloud",
                "A.B.C.EXAMPLE.cloud",
                Some(Miss::TooDeep(3)),
            ),
            ("*.example.cloud", "example.cloud", Some(Miss::Bare)),
            ("*.example.cloud", "a.example.cloud", None),
            ("*.example.cloud", "a.bexample.cloud", None),
            ("example.cloud", "a.b.example.cloud", None),
        ] {
            let found = misses(wildcard.as_bytes(), host.as_bytes());
            assert_eq!(found, expected, "{wildcard} {host}");
        }
    }

    #[test]
    fn a_name_that_is_never_a_hosts_is_explained() {
        for (name, host, expected) in [
            ("db-*.example.com", "db-1.example.com", Some("a star")),
            ("*-db.example.com", "A-DB.example.com", Some("a star")),
            ("db.*.example.com", "db.a.example.com", Some("a star")),
            ("*.example.com", "db.example.com", None),
            ("*.example.com", "a.b.example.com", None),
            ("db-*.example.com", "web-1.example.com", None),
            ("db.example.com:5432", "db.example.com", Some("has no port")),
            ("db.example.com:", "db.example.com", None),
            ("db.example.com", "db.example.com", None),
        ] {
            let found = oddity(name.as_bytes(), host.as_bytes());
            match expected {
                Some(words) => assert!(found.is_some_and(|why| why.contains(words)), "{name}"),
                None => assert_eq!(found, None, "{name}"),
            }
        }
    }

    #[test]
    fn of_names_that_differ_in_their_numbers_none_is_the_nearest() {
        let near = |names: &[&str]| -> Option<String> {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            nearest("db1.example.com", &names).cloned()
        };
        for (names, expected) in [
            (&["db001.example.com", "db149.example.com"][..], None),
            (&["db2.example.com"], Some("db2.example.com")),
            // The CN repeats the only name.
            (
                &["db2.example.com", "db2.example.com"],
                Some("db2.example.com"),
            ),
            (
                &["db2.example.com", "db3.example.com", "data.example.com"],
                Some("data.example.com"),
            ),
        ] {
            assert_eq!(near(names).as_deref(), expected, "{names:?}");
        }
    }

    #[test]
    fn cloud_sql_and_kubernetes_are_known_by_their_names() {
        for (name, expected) in [
            ("my-project:my-instance", true),
            ("example.com:my-project:my-instance", true),
            ("db.example.com", false),
            ("a:", false),
            (":b", false),
            ("A:b", false),
        ] {
            assert_eq!(is_instance(name.as_bytes()), expected, "{name}");
        }
        let listed = [GeneralName::Dns(b"db-rw.prod.svc".to_vec())];
        for (host, names, expected) in [
            ("db-pooler", &listed[..], true),
            ("db-pooler.prod", &listed, true),
            ("db-pooler.prod.svc", &listed, true),
            ("db.example.com", &listed, false),
            ("db-pooler", &[], false),
        ] {
            assert_eq!(is_service(host.as_bytes(), names), expected, "{host}");
        }
    }
}

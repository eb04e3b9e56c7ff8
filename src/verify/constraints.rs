//! Name constraints, as OpenSSL's crypto/x509/v3_ncons.c compares them.

use std::net::IpAddr;

use crate::x509::der::tag;
use crate::x509::{
    Attribute, COMMON_NAME, Certificate, EMAIL_ADDRESS, GeneralName, Name, NameConstraints, Reach,
    Subtree,
};

use super::chain::{Dissent, Links, Run};
use super::fault::{Fault, FaultKind};
use super::url;

/// OpenSSL refuses to make more comparisons than this for one certificate and one issuer. We do not make
/// more for a whole chain that is refused already.
const MAX_COMPARISONS: usize = 1 << 20;

/// Every certificate against the constraints of all above it. Where versions of OpenSSL find different hosts
/// in a URI, the refusing one counts.
pub(super) fn check(links: &Links<'_>, run: &mut Run<'_>) {
    let found = run.faults();
    let state = if found > 0 {
        State::Refused
    } else {
        State::Open
    };
    let common = faults(links, UriSyntax::Separators, state);
    let parsed = if has_uris(links) {
        faults(links, UriSyntax::Parsed, state)
    } else {
        common.clone()
    };
    let (faults, dissent) = match (common.is_empty(), parsed.is_empty()) {
        (true, false) => (parsed, Some(Dissent::ParsedUri)),
        (false, true) => (common, Some(Dissent::SeparatedUri)),
        (true, true) | (false, false) => (common, None),
    };
    if let Some(dissent) = dissent
        && found == 0
    {
        run.dissent = Some((dissent, faults.len()));
    }
    run.fail_with(faults);
}

/// What is known of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// It is refused already.
    Refused,
}

/// How OpenSSL finds the host in a URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UriSyntax {
    /// Up to 3.4: between `://` and the next colon, or else the next slash.
    Separators,
    /// Since 3.5: `OSSL_parse_url`.
    Parsed,
}

fn has_uris(links: &Links<'_>) -> bool {
    let is_uri = |name: &GeneralName| matches!(name, GeneralName::Uri(_));
    links.iter().any(|(_, link)| {
        let constraints = link.certificate.name_constraints.as_ref();
        constraints.is_some_and(|constraints| {
            let subtrees = constraints.permitted.iter().chain(&constraints.excluded);
            subtrees.map(|subtree| &subtree.base).any(is_uri)
        })
    })
}

/// `check_name_constraints`, from the top down.
fn faults(links: &Links<'_>, syntax: UriSyntax, state: State) -> Vec<Fault> {
    let mut left = MAX_COMPARISONS;
    let mut found = Vec::new();
    for (depth, link) in links.iter().rev() {
        let certificate = link.certificate;
        if depth != 0 && certificate.is_self_issued() {
            continue;
        }
        let above = links.iter().rev().take_while(|(above, _)| *above > depth);
        for constraints in above.filter_map(|(_, link)| link.certificate.name_constraints.as_ref())
        {
            let size = comparisons(certificate, constraints);
            let refused = state == State::Refused || !found.is_empty();
            if refused && size <= MAX_COMPARISONS {
                match left.checked_sub(size) {
                    Some(rest) => left = rest,
                    None => {
                        let kind = FaultKind::GivenUp;
                        found.push(Fault { depth, kind });
                        return found;
                    }
                }
            }
            let rules = Subtrees {
                constraints,
                syntax,
            };
            if let Err(kind) = check_certificate(certificate, rules, depth) {
                found.push(Fault { depth, kind });
            }
        }
    }
    found
}

/// The constraints of one CA, as one version of OpenSSL compares them.
#[derive(Clone, Copy)]
struct Subtrees<'a> {
    constraints: &'a NameConstraints,
    syntax: UriSyntax,
}

/// A name that breaks a constraint, and whose constraint it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The name, as text. Not escaped for terminals.
    pub name: String,
    /// The position in the path of the authority that constrains.
    pub authority: usize,
    /// What it permits for names of this kind, as text, or the subtree that it excludes.
    pub rule: Rule,
}

/// Which part of a constraint a name breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The name is in none of these.
    Permitted(Vec<String>),
    /// The name is in this one.
    Excluded(String),
}

/// The first name of a certificate that an authority above it does not allow. `path` is the whole path, leaf first.
pub fn violation(path: &[&Certificate], depth: usize) -> Option<Violation> {
    let certificate = path.get(depth)?;
    let above = path.iter().enumerate().rev();
    above
        .take_while(|(above, _)| *above > depth)
        .filter_map(|(above, issuer)| Some((above, issuer.name_constraints.as_ref()?)))
        .find_map(|(authority, constraints)| {
            let (name, rule) = names(certificate, depth)
                .find_map(|name| Some((name.to_text(), broken(&name, constraints)?)))?;
            Some(Violation {
                name,
                authority,
                rule,
            })
        })
}

/// The names of a certificate that are compared with constraints, in OpenSSL's order.
fn names(certificate: &Certificate, depth: usize) -> impl Iterator<Item = Subject<'_>> {
    let subject = &certificate.subject;
    let alt_names = certificate.subject_alt_names.as_deref().unwrap_or_default();
    let has_dns = alt_names
        .iter()
        .any(|name| matches!(name, GeneralName::Dns(_)));
    let whole = (!subject.is_empty()).then_some(Subject::Directory(subject));
    let addresses =
        attributes(subject, EMAIL_ADDRESS).map(|address| Subject::Email(&address.value));
    let common = attributes(subject, COMMON_NAME)
        .filter(move |_| depth == 0 && !has_dns)
        .map(|name| name.value.as_slice())
        .filter(|name| looks_like_host(name))
        .map(Subject::Dns);
    whole
        .into_iter()
        .chain(addresses)
        .chain(alt_names.iter().map(Subject::from))
        .chain(common)
}

/// What a name breaks, if it breaks anything that can be compared.
fn broken(name: &Subject<'_>, constraints: &NameConstraints) -> Option<Rule> {
    [UriSyntax::Separators, UriSyntax::Parsed]
        .into_iter()
        .find_map(|syntax| {
            broken_as(
                name,
                Subtrees {
                    constraints,
                    syntax,
                },
            )
        })
}

fn broken_as(name: &Subject<'_>, rules: Subtrees<'_>) -> Option<Rule> {
    let text = |subtree: &Subtree| Subject::from(&subtree.base).to_text();
    match obey(name, rules) {
        Err(FaultKind::PermittedViolation) => Some(Rule::Permitted(
            about(name, &rules.constraints.permitted)
                .map(text)
                .collect(),
        )),
        Err(FaultKind::ExcludedViolation) => about(name, &rules.constraints.excluded)
            .find(|subtree| name.is_in(&subtree.base, rules.syntax) == Ok(true))
            .map(|subtree| Rule::Excluded(text(subtree))),
        Ok(()) | Err(_) => None,
    }
}

fn check_certificate(
    certificate: &Certificate,
    rules: Subtrees<'_>,
    depth: usize,
) -> Result<(), FaultKind> {
    check_names(certificate, rules)?;
    let alt_names = certificate.subject_alt_names.as_deref().unwrap_or_default();
    let has_dns = alt_names
        .iter()
        .any(|name| matches!(name, GeneralName::Dns(_)));
    if depth == 0 && !has_dns {
        check_common_names(&certificate.subject, rules)?;
    }
    Ok(())
}

/// How many pairs of a name and a constraint there are.
fn comparisons(certificate: &Certificate, constraints: &NameConstraints) -> usize {
    let alt_names = certificate.subject_alt_names.as_deref().unwrap_or_default();
    let names = certificate.subject.attributes.len();
    let rules = constraints.permitted.len();
    names
        .saturating_add(alt_names.len())
        .saturating_mul(rules.saturating_add(constraints.excluded.len()))
}

/// `NAME_CONSTRAINTS_check`: the subject, e-mail addresses in it, and the alternative names.
fn check_names(certificate: &Certificate, rules: Subtrees<'_>) -> Result<(), FaultKind> {
    if comparisons(certificate, rules.constraints) > MAX_COMPARISONS {
        return Err(FaultKind::Unspecified);
    }
    let subject = &certificate.subject;
    let alt_names = certificate.subject_alt_names.as_deref().unwrap_or_default();
    if !subject.is_empty() {
        obey(&Subject::Directory(subject), rules)?;
    }
    for address in attributes(subject, EMAIL_ADDRESS) {
        if address.tag != tag::IA5_STRING {
            return Err(FaultKind::UnsupportedNameSyntax);
        }
        obey(&Subject::Email(&address.value), rules)?;
    }
    alt_names
        .iter()
        .try_for_each(|name| obey(&Subject::from(name), rules))
}

/// `NAME_CONSTRAINTS_check_CN`: common names that look like host names count as dNSNames, because
/// clients use them if there is no dNSName.
fn check_common_names(subject: &Name, rules: Subtrees<'_>) -> Result<(), FaultKind> {
    for common_name in attributes(subject, COMMON_NAME) {
        let text = common_name
            .to_text()
            .ok_or(FaultKind::UnsupportedNameSyntax)?;
        let text = text.trim_end_matches('\0');
        if text.contains('\0') {
            return Err(FaultKind::UnsupportedNameSyntax);
        }
        if looks_like_host(text.as_bytes()) {
            obey(&Subject::Dns(text.as_bytes()), rules)?;
        }
    }
    Ok(())
}

fn attributes<'a>(name: &'a Name, oid: &str) -> impl Iterator<Item = &'a Attribute> {
    name.attributes
        .iter()
        .filter(move |attribute| attribute.oid == oid)
}

/// `cn2dnsid`: letters, digits and underscores in two labels or more, hyphens and dots only inside.
fn looks_like_host(text: &[u8]) -> bool {
    let at = |index: Option<usize>| index.and_then(|index| text.get(index)).copied();
    let mut has_dot = false;
    for (index, byte) in text.iter().enumerate() {
        let before = at(index.checked_sub(1));
        let after = at(index.checked_add(1));
        match (byte, before, after) {
            (b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_', _, _) => {}
            (b'-', Some(_), Some(_)) => {}
            (b'.', Some(before), Some(after))
                if before != b'-' && after != b'-' && after != b'.' =>
            {
                has_dot = true;
            }
            _ => return false,
        }
    }
    has_dot
}

/// A name to be compared with constraints.
enum Subject<'a> {
    Directory(&'a Name),
    Dns(&'a [u8]),
    Email(&'a [u8]),
    SmtpUtf8(Option<&'a [u8]>),
    Uri(&'a [u8]),
    Ip(&'a [u8]),
    /// An otherName that OpenSSL does not compare. Its type decides whether a constraint applies to
    /// it.
    OtherName(&'a str),
    /// A name of a kind that OpenSSL does not compare. Its tag decides whether a constraint applies
    /// to it.
    Other(u8),
}

impl<'a> From<&'a GeneralName> for Subject<'a> {
    fn from(name: &'a GeneralName) -> Self {
        match name {
            GeneralName::Dns(bytes) => Self::Dns(bytes),
            GeneralName::Ip(bytes) => Self::Ip(bytes),
            GeneralName::Email(bytes) => Self::Email(bytes),
            GeneralName::Uri(bytes) => Self::Uri(bytes),
            GeneralName::Directory(name) => Self::Directory(name),
            GeneralName::SmtpUtf8(mailbox) => Self::SmtpUtf8(mailbox.as_deref()),
            GeneralName::OtherName(oid, _) => Self::OtherName(oid),
            GeneralName::Other(tag, _) => Self::Other(*tag),
        }
    }
}

impl Subject<'_> {
    /// For people; a network has its mask.
    fn to_text(&self) -> String {
        let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match self {
            Self::Directory(name) => name.text.clone(),
            Self::Dns(bytes) | Self::Email(bytes) | Self::Uri(bytes) => lossy(bytes),
            Self::SmtpUtf8(mailbox) => mailbox.map_or_else(String::new, lossy),
            Self::Ip(bytes) => ip_text(bytes),
            Self::OtherName(oid) => format!("otherName {oid}"),
            Self::Other(tag) => format!("name of type {tag}"),
        }
    }

    /// Does the constraint apply to names of this kind?
    fn is_meant_by(&self, base: &GeneralName) -> bool {
        match self {
            Self::Directory(_) => matches!(base, GeneralName::Directory(_)),
            Self::Dns(_) => matches!(base, GeneralName::Dns(_)),
            Self::Email(_) | Self::SmtpUtf8(_) => matches!(base, GeneralName::Email(_)),
            Self::Uri(_) => matches!(base, GeneralName::Uri(_)),
            Self::Ip(_) => matches!(base, GeneralName::Ip(_)),
            Self::OtherName(a) => matches!(base, GeneralName::OtherName(b, _) if a == b),
            Self::Other(a) => matches!(base, GeneralName::Other(b, _) if a == b),
        }
    }

    /// Is the name in the subtree?
    fn is_in(&self, base: &GeneralName, syntax: UriSyntax) -> Result<bool, FaultKind> {
        match (self, base) {
            (Self::Directory(name), GeneralName::Directory(base)) => {
                Ok(name.canonical.starts_with(&base.canonical))
            }
            (Self::Dns(name), GeneralName::Dns(base)) => Ok(dns_is_in(name, base)),
            (Self::Email(name), GeneralName::Email(base)) => email_is_in(name, base),
            (Self::SmtpUtf8(name), GeneralName::Email(base)) => utf8_email_is_in(*name, base),
            (Self::Uri(name), GeneralName::Uri(base)) => uri_is_in(name, base, syntax),
            (Self::Ip(address), GeneralName::Ip(base)) => ip_is_in(address, base),
            _ => Err(FaultKind::UnsupportedConstraintType),
        }
    }
}

/// `nc_match`: within one of the permitted subtrees of its kind, if any, and in no excluded one.
fn obey(name: &Subject<'_>, rules: Subtrees<'_>) -> Result<(), FaultKind> {
    let mut inside = None;
    for subtree in about(name, &rules.constraints.permitted) {
        whole(subtree)?;
        if inside != Some(true) {
            inside = Some(name.is_in(&subtree.base, rules.syntax)?);
        }
    }
    if inside == Some(false) {
        return Err(FaultKind::PermittedViolation);
    }
    for subtree in about(name, &rules.constraints.excluded) {
        whole(subtree)?;
        if name.is_in(&subtree.base, rules.syntax)? {
            return Err(FaultKind::ExcludedViolation);
        }
    }
    Ok(())
}

/// An address, or a network as address and mask.
fn ip_text(bytes: &[u8]) -> String {
    let address = |bytes: &[u8]| -> Option<IpAddr> {
        if let Ok(four) = <[u8; 4]>::try_from(bytes) {
            return Some(four.into());
        }
        <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from)
    };
    if let Some(address) = address(bytes) {
        // 16 bytes can also be an IPv6 address; a network has 8 or 32.
        return address.to_string();
    }
    let (network, mask) = bytes.split_at(bytes.len() / 2);
    match address(network).zip(address(mask)) {
        Some((network, mask)) => format!("{network}/{mask}"),
        None => format!("an address of {} bytes", bytes.len()),
    }
}

fn about<'a>(name: &Subject<'_>, subtrees: &'a [Subtree]) -> impl Iterator<Item = &'a Subtree> {
    subtrees
        .iter()
        .filter(|subtree| name.is_meant_by(&subtree.base))
}

fn whole(subtree: &Subtree) -> Result<(), FaultKind> {
    match subtree.reach {
        Reach::Whole => Ok(()),
        Reach::Limited => Err(FaultKind::SubtreeMinMax),
    }
}

/// A base without a leading dot covers itself and everything below it. A base with a leading dot
/// covers only what is below it.
fn dns_is_in(name: &[u8], base: &[u8]) -> bool {
    let Some(cut) = name.len().checked_sub(base.len()) else {
        return false;
    };
    let Some((labels, tail)) = name.split_at_checked(cut) else {
        return false;
    };
    let at_label = labels.is_empty() || base.first() == Some(&b'.') || labels.last() == Some(&b'.');
    base.is_empty() || (at_label && tail.eq_ignore_ascii_case(base))
}

fn split_at_sign(address: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = address.iter().rposition(|byte| *byte == b'@')?;
    let (local, domain) = address.split_at_checked(at)?;
    Some((local, domain.get(1..)?))
}

fn email_is_in(name: &[u8], base: &[u8]) -> Result<bool, FaultKind> {
    let (local, domain) = split_at_sign(name).ok_or(FaultKind::UnsupportedNameSyntax)?;
    let (base_local, base_domain) = match split_at_sign(base) {
        Some((local, domain)) => (local, domain),
        None if base.first() == Some(&b'.') => return Ok(is_below(name, base)),
        None => (&[][..], base),
    };
    if !base_local.is_empty() {
        if local.len() != base_local.len() {
            return Ok(false);
        }
        if local.contains(&0) || base_local.contains(&0) {
            return Err(FaultKind::UnsupportedNameSyntax);
        }
        if local != base_local {
            return Ok(false);
        }
    }
    Ok(domain.eq_ignore_ascii_case(base_domain))
}

/// Does the name end with the base, with something before it?
fn is_below(name: &[u8], base: &[u8]) -> bool {
    name.len() > base.len()
        && name
            .len()
            .checked_sub(base.len())
            .and_then(|cut| name.get(cut..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(base))
}

/// `nc_email_eai` (RFC 8398 section 6). OpenSSL decodes A-labels in the base. We do not: such a base
/// matches nothing and counts as an error, so no name passes because of it.
fn utf8_email_is_in(name: Option<&[u8]>, base: &[u8]) -> Result<bool, FaultKind> {
    if base.contains(&0) {
        return Err(FaultKind::UnsupportedNameSyntax);
    }
    let name = name.ok_or(FaultKind::UnsupportedNameSyntax)?;
    split_at_sign(name).ok_or(FaultKind::UnsupportedNameSyntax)?;
    if base
        .to_ascii_lowercase()
        .windows(4)
        .any(|window| window == b"xn--")
    {
        return Err(FaultKind::Unspecified);
    }
    email_is_in(name, base)
}

/// `nc_uri`.
fn uri_is_in(uri: &[u8], base: &[u8], syntax: UriSyntax) -> Result<bool, FaultKind> {
    let host = match syntax {
        UriSyntax::Separators => separated_host(uri),
        UriSyntax::Parsed => url::host(uri),
    };
    let host = host.ok_or(FaultKind::UnsupportedNameSyntax)?;
    if base.first() == Some(&b'.') {
        return Ok(is_below(host, base));
    }
    Ok(host.eq_ignore_ascii_case(base))
}

/// The text between `scheme://` and the next colon, or else the next slash. Never empty.
fn separated_host(uri: &[u8]) -> Option<&[u8]> {
    let colon = uri.iter().position(|byte| *byte == b':')?;
    let rest = uri.get(colon..)?.strip_prefix(b"://")?;
    let find = |wanted: u8| rest.iter().position(|byte| *byte == wanted);
    let end = find(b':').or_else(|| find(b'/')).unwrap_or(rest.len());
    rest.get(..end).filter(|host| !host.is_empty())
}

fn ip_is_in(address: &[u8], base: &[u8]) -> Result<bool, FaultKind> {
    if !matches!(address.len(), 4 | 16) || !matches!(base.len(), 8 | 32) {
        return Err(FaultKind::UnsupportedNameSyntax);
    }
    let Some((network, mask)) = base.split_at_checked(address.len()) else {
        return Ok(false);
    };
    if mask.len() != address.len() {
        return Ok(false);
    }
    let mut bytes = address.iter().zip(network).zip(mask);
    Ok(bytes.all(|((address, network), mask)| address & mask == network & mask))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_covers_itself_and_what_is_below_in_any_case() {
        for (name, base, expected) in [
            ("db.example.test", "example.test", true),
            ("db.example.test", "db.example.test", true),
            ("DB.EXAMPLE.TEST", "example.test", true),
            ("db.example.test", ".example.test", true),
            ("example.test", ".example.test", false),
            ("dbexample.test", "example.test", false),
            ("test", "example.test", false),
            ("anything", "", true),
        ] {
            let is_in = dns_is_in(name.as_bytes(), base.as_bytes());
            assert_eq!(is_in, expected, "{name} in {base}");
        }
    }

    #[test]
    fn an_address_is_compared_by_mailbox_and_host() {
        let bad = Err(FaultKind::UnsupportedNameSyntax);
        for (name, base, expected) in [
            ("me@example.test", "example.test", Ok(true)),
            ("me@EXAMPLE.test", "example.test", Ok(true)),
            ("me@sub.example.test", "example.test", Ok(false)),
            ("me@sub.example.test", ".example.test", Ok(true)),
            ("me@example.test", ".example.test", Ok(false)),
            ("me@example.test", "me@example.test", Ok(true)),
            ("ME@example.test", "me@example.test", Ok(false)),
            ("me@example.test", "@example.test", Ok(true)),
            ("example.test", "example.test", bad.clone()),
            ("m\0@example.test", "m\0@example.test", bad),
        ] {
            let is_in = email_is_in(name.as_bytes(), base.as_bytes());
            assert_eq!(is_in, expected, "{name} in {base}");
        }
    }

    #[test]
    fn the_host_of_a_uri_ends_at_the_next_colon_or_else_slash() {
        for (uri, expected) in [
            ("https://db.test", Some("db.test")),
            ("https://db.test/path", Some("db.test")),
            ("https://db.test:5432/path", Some("db.test")),
            ("https://me@db.test/", Some("me@db.test")),
            ("https://db.test/a:b", Some("db.test/a")),
            ("https:///path", None),
            ("https:/db.test", None),
            ("urn:db.test", None),
            ("db.test", None),
        ] {
            let host = separated_host(uri.as_bytes());
            assert_eq!(host, expected.map(str::as_bytes), "{uri}");
        }
    }

    #[test]
    fn a_violation_names_the_name_the_authority_and_the_rule() {
        let dns = |text: &str| GeneralName::Dns(text.as_bytes().to_vec());
        let subtree = |base| Subtree {
            base,
            reach: Reach::Whole,
        };
        let made = |names: Option<Vec<GeneralName>>, constraints| {
            let key = rcgen::KeyPair::generate().unwrap();
            let made = rcgen::CertificateParams::default()
                .self_signed(&key)
                .unwrap();
            Certificate {
                subject_alt_names: names,
                name_constraints: constraints,
                ..Certificate::parse(made.der()).unwrap()
            }
        };
        let leaf = made(Some(vec![dns("db.example.net"), dns("localhost")]), None);
        for (permitted, excluded, expected) in [
            (
                vec![dns("example.net"), dns("example.org")],
                vec![],
                Some((
                    "localhost",
                    Rule::Permitted(vec!["example.net".to_owned(), "example.org".to_owned()]),
                )),
            ),
            (
                vec![],
                vec![dns("example.net")],
                Some(("db.example.net", Rule::Excluded("example.net".to_owned()))),
            ),
            (vec![], vec![], None),
        ] {
            let constraints = NameConstraints {
                permitted: permitted.into_iter().map(subtree).collect(),
                excluded: excluded.into_iter().map(subtree).collect(),
            };
            let root = made(None, Some(constraints));
            let middle = made(None, None);
            let found = violation(&[&leaf, &middle, &root], 0);
            let expected = expected.map(|(name, rule)| Violation {
                name: name.to_owned(),
                authority: 2,
                rule,
            });
            assert_eq!(found, expected);
        }
        assert_eq!(ip_text(&[10, 0, 0, 0, 255, 0, 0, 0]), "10.0.0.0/255.0.0.0");
        assert_eq!(ip_text(&[10, 0, 0, 1]), "10.0.0.1");
        assert_eq!(ip_text(&[1, 2, 3]), "an address of 3 bytes");
    }

    #[test]
    fn networks_are_compared_under_their_mask() {
        let ten = [10, 0, 0, 0, 255, 0, 0, 0];
        assert_eq!(ip_is_in(&[10, 1, 2, 3], &ten), Ok(true));
        assert_eq!(ip_is_in(&[11, 1, 2, 3], &ten), Ok(false));
        assert_eq!(ip_is_in(&[0; 16], &ten), Ok(false));
        assert!(ip_is_in(&[10, 1, 2], &ten).is_err());
        assert!(ip_is_in(&[10, 1, 2, 3], &ten[..5]).is_err());
    }

    #[test]
    fn only_common_names_of_two_labels_look_like_hosts() {
        for (text, expected) in [
            ("db.test", true),
            ("127.0.0.1", true),
            ("a_b.test", true),
            ("db", false),
            ("*.test", false),
            ("db.test.", false),
            (".test", false),
            ("db..test", false),
            ("db-.test", false),
            ("-db.test", false),
            ("db test.de", false),
            ("", false),
        ] {
            assert_eq!(looks_like_host(text.as_bytes()), expected, "{text:?}");
        }
    }
}

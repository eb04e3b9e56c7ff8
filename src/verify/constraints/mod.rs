//! Name constraints, as OpenSSL's crypto/x509/v3_ncons.c compares them.

mod subject;

use crate::x509::der::tag;
use crate::x509::{
    Attribute, COMMON_NAME, Certificate, EMAIL_ADDRESS, GeneralName, Name, NameConstraints, Reach,
    Subtree,
};

use crate::verify::chain::{Dissent, Links, Run};
use crate::verify::fault::{Fault, FaultKind};

pub(super) use subject::Subject;
use subject::UriSyntax;

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
    let [separated, early, strict] = if has_uris(links) {
        UriSyntax::ALL.map(|syntax| faults(links, syntax, state))
    } else {
        let common = faults(links, UriSyntax::Separators, state);
        [common.clone(), common.clone(), common]
    };
    let dissent = match [&separated, &early, &strict].map(Vec::is_empty) {
        [true, true, true] | [false, false, false] => None,
        [true, false, false] => Some(Dissent::ParsedUri),
        [false, true, true] => Some(Dissent::SeparatedUri),
        [_, true, false] | [_, false, true] => Some(Dissent::UriOfReleases),
    };
    let refusing = [separated, early, strict]
        .into_iter()
        .find(|faults| !faults.is_empty());
    let faults = refusing.unwrap_or_default();
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
pub(super) fn names(certificate: &Certificate, depth: usize) -> impl Iterator<Item = Subject<'_>> {
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
    UriSyntax::ALL.into_iter().find_map(|syntax| {
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

fn about<'a>(name: &Subject<'_>, subtrees: &'a [Subtree]) -> impl Iterator<Item = &'a Subtree> {
    subtrees
        .iter()
        .filter(|subtree| name.is_meant_by(&subtree.base))
}

fn whole(subtree: &Subtree) -> Result<(), FaultKind> {
    match subtree.reach {
        Reach::Whole | Reach::Explicit => Ok(()),
        Reach::Limited => Err(FaultKind::SubtreeMinMax),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

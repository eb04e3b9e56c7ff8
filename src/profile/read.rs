//! A profile from TOML. Whatever is not known is an error, because a rule with a misspelt name would never fail.

use toml::{Table, Value};

use super::{Check, FORMAT, Patterns, Profile, Rule, Unchecked};
use crate::secrecy::toml_text::{Fault, shown_word};
use crate::wire::tls::TlsVersion;

/// Why a text is not a profile.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not TOML.
    #[error(transparent)]
    Syntax(Fault),
    /// Another format.
    #[error("format must be {FORMAT}, the only one that this version reads")]
    Format,
    /// Something is missing, unknown or of the wrong type.
    #[error("{place}: {what}")]
    Content {
        /// Where.
        place: String,
        /// What.
        what: String,
    },
}

fn wrong(place: &str, what: impl Into<String>) -> Error {
    Error::Content {
        place: place.to_owned(),
        what: what.into(),
    }
}

pub(super) fn profile(text: &str) -> Result<Profile, Error> {
    let table = text.parse::<Table>();
    let mut table = table.map_err(|error| Error::Syntax(Fault::of(text, &error)))?;
    if table.remove("format").and_then(|value| value.as_integer()) != Some(FORMAT) {
        return Err(Error::Format);
    }
    let place = "the profile";
    let name = take(&mut table, "name", place)?;
    let title = take(&mut table, "title", place)?;
    let source = take(&mut table, "source", place)?;
    let date = take(&mut table, "date", place)?;
    let note = match table.contains_key("note") {
        true => Some(take(&mut table, "note", place)?),
        false => None,
    };
    let mut rules = Vec::new();
    for (table, place) in tables(&mut table, "rule")? {
        rules.push(rule(table, &place)?);
    }
    let mut unchecked = Vec::new();
    for (mut table, place) in tables(&mut table, "unchecked")? {
        let clause = take(&mut table, "clause", &place)?;
        let requirement = take(&mut table, "requirement", &place)?;
        nothing_left(&table, &place)?;
        unchecked.push(Unchecked {
            clause,
            requirement,
        });
    }
    nothing_left(&table, place)?;
    if rules.is_empty() {
        return Err(wrong(place, "there is no [[rule]]"));
    }
    Ok(Profile {
        name,
        title,
        source,
        date,
        note,
        rules,
        unchecked,
    })
}

fn take(table: &mut Table, key: &str, place: &str) -> Result<String, Error> {
    match table.remove(key) {
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(text),
        Some(_) => Err(wrong(place, format!("{key} must be a text"))),
        None => Err(wrong(place, format!("{key} is missing"))),
    }
}

fn nothing_left(table: &Table, place: &str) -> Result<(), Error> {
    match table.keys().next() {
        Some(key) => Err(wrong(place, format!("unknown key {}", shown_word(key)))),
        None => Ok(()),
    }
}

/// The tables of a list, each with its place.
fn tables(table: &mut Table, key: &str) -> Result<Vec<(Table, String)>, Error> {
    let Some(value) = table.remove(key) else {
        return Ok(Vec::new());
    };
    let Value::Array(list) = value else {
        return Err(wrong(key, format!("write [[{key}]]")));
    };
    list.into_iter()
        .zip(1..)
        .map(|(value, number)| {
            let Value::Table(table) = value else {
                return Err(wrong(key, format!("write [[{key}]]")));
            };
            Ok((table, format!("{key} {number}")))
        })
        .collect()
}

fn rule(mut table: Table, place: &str) -> Result<Rule, Error> {
    let clause = take(&mut table, "clause", place)?;
    let requirement = take(&mut table, "requirement", place)?;
    let mut checks = table.into_iter();
    let (Some((key, value)), None) = (checks.next(), checks.next()) else {
        return Err(wrong(
            place,
            "a rule has clause, requirement, and exactly one check",
        ));
    };
    let check = check(&key, &value)
        .map_err(|what| wrong(place, format!("{}: {what}", shown_word(&key))))?;
    Ok(Rule {
        clause,
        requirement,
        check,
    })
}

fn check(key: &str, value: &Value) -> Result<Check, String> {
    Ok(match key {
        "plaintext" => word(value, "refused", Check::PlaintextRefused)?,
        "versions" => Check::Versions(versions(value)?),
        "required_versions" => Check::Required(versions(value)?),
        "suites" => Check::Suites(patterns(value)?),
        "groups" => Check::Groups(patterns(value)?),
        "dh_bits" => Check::DhBits(number(value)?),
        "rsa_bits" => Check::RsaBits(number(value)?),
        "curves" => Check::Curves(patterns(value)?),
        "keys" => Check::Keys(patterns(value)?),
        "signatures" => Check::Signatures(patterns(value)?),
        "certificate_days" => Check::CertificateDays(number(value)?),
        "certificates" => word(value, "verified", Check::CertificateVerifies)?,
        "compression" => word(value, "refused", Check::CompressionRefused)?,
        "renegotiation" => word(value, "secure", Check::SecureRenegotiation)?,
        "extended_master_secret" => word(value, "required", Check::ExtendedMasterSecret)?,
        _ => {
            return Err("no such check. The checks are plaintext, versions, required_versions, suites, groups, dh_bits, rsa_bits, curves, keys, signatures, certificate_days, certificates, compression, renegotiation, extended_master_secret".to_owned());
        }
    })
}

fn word(value: &Value, only: &str, check: Check) -> Result<Check, String> {
    match value.as_str() {
        Some(word) if word == only => Ok(check),
        Some(_) | None => Err(format!("the value must be \"{only}\"")),
    }
}

fn number<N: TryFrom<i64>>(value: &Value) -> Result<N, String> {
    let number = value.as_integer().filter(|number| *number > 0);
    number
        .and_then(|number| N::try_from(number).ok())
        .ok_or_else(|| "the value must be a positive number".to_owned())
}

fn texts(value: &Value) -> Result<Vec<String>, String> {
    let list = value.as_array().filter(|list| !list.is_empty());
    let texts: Option<Vec<String>> = list.and_then(|list| {
        list.iter()
            .map(|one| one.as_str().map(str::to_owned))
            .collect()
    });
    texts.ok_or_else(|| "the value must be a list of texts".to_owned())
}

fn patterns(value: &Value) -> Result<Patterns, String> {
    Ok(Patterns(texts(value)?))
}

fn versions(value: &Value) -> Result<Vec<TlsVersion>, String> {
    let known = || TlsVersion::ALL.iter().copied();
    texts(value)?
        .iter()
        .map(|text| {
            known()
                .find(|version| version.name() == text)
                .ok_or_else(|| {
                    let names: Vec<&str> = known().map(TlsVersion::name).collect();
                    format!("the versions are {}", names.join(", "))
                })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "format = 1\nname = \"n\"\ntitle = \"t\"\nsource = \"s\"\ndate = \"d\"\n";

    #[test]
    fn what_is_not_known_is_refused_with_its_place() {
        let rule = "[[rule]]\nclause = \"1\"\nrequirement = \"r\"\n";
        for (text, expected) in [
            ("", "format must be 1"),
            ("format = 2", "format must be 1"),
            ("format = ", "expected"),
            (HEAD, "no [[rule]]"),
            (
                &format!("{HEAD}extra = 1\n{rule}dh_bits = 1"),
                "unknown key extra",
            ),
            (&format!("{HEAD}{rule}"), "rule 1: a rule has clause"),
            (
                &format!("{HEAD}{rule}suite = [\"a\"]"),
                "rule 1: suite: no such check",
            ),
            (
                &format!("{HEAD}{rule}suites = []"),
                "rule 1: suites: the value must be a list",
            ),
            (&format!("{HEAD}{rule}dh_bits = -1"), "positive number"),
            (
                &format!("{HEAD}{rule}plaintext = \"no\""),
                "must be \"refused\"",
            ),
            (
                &format!("{HEAD}{rule}versions = [\"TLSv1.4\"]"),
                "the versions are TLSv1",
            ),
        ] {
            let error = profile(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        assert!(profile(&format!("{HEAD}{rule}dh_bits = 2048")).is_ok());
    }
}

//! The keys of `pgtls.toml`: one table for `[policy]` and `[[endpoint]]`, one for their `audit`.
//!
//! A row defines the field, how it is read, how another table overrides it, and its line in the
//! reference (`docs/config.md`, which `pgtls explain config` prints). Command-line options fill the
//! same struct and take precedence.

use std::time::Duration;

use pgtls::audit::{self, Rule};
use pgtls::conninfo::TlsVersion;
use pgtls::demands::{Demands, PlaintextRule, Remaining, Strictness, Verification};
use pgtls::trust::{Choice, Chooser, Chosen};
use pgtls::verify::{Libpq, Oldest, OpenSsl};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use crate::cli;

/// Values that may be unset.
trait Layer {
    /// These values; unset ones come from `other`.
    fn filled_from(self, other: &Self) -> Self;
}

impl<T: Clone> Layer for Option<T> {
    fn filled_from(self, other: &Self) -> Self {
        self.or_else(|| other.clone())
    }
}

/// A struct of [`Layer`]s.
macro_rules! table {
    (
        $(#[$attribute:meta])*
        $name:ident { $($key:ident: $type:ty, $reader:literal, $form:literal, $meaning:literal;)+ }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub(crate) struct $name {
            $(
                #[doc = $meaning]
                #[serde(deserialize_with = $reader)]
                pub(crate) $key: $type,
            )+
        }

        impl Layer for $name {
            fn filled_from(self, other: &Self) -> Self {
                Self { $($key: self.$key.filled_from(&other.$key),)+ }
            }
        }

        #[cfg(test)]
        impl $name {
            /// Key, form and meaning of each row.
            const ROWS: &[[&str; 3]] = &[$([stringify!($key), $form, $meaning]),+];
        }
    };
}

/// The table of `[policy]`, and that of `[[endpoint]]`, which has additional keys. serde cannot
/// refuse unknown keys if one struct is flattened into another.
macro_rules! keys {
    ($($key:ident: $type:ty, $reader:literal, $form:literal, $meaning:literal;)+) => {
        table! {
            /// What a file or an option can request; `None` if it is not set.
            Keys { $($key: $type, $reader, $form, $meaning;)+ }
        }

        /// One `[[endpoint]]`, as it is written.
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct Endpoint {
            pub(super) name: Option<String>,
            pub(super) conninfo: Spanned<String>,
            $(
                #[serde(default, deserialize_with = $reader)]
                $key: $type,
            )+
        }

        impl Endpoint {
            /// Its keys; those that it does not set come from `[policy]`.
            pub(super) fn keys(&self, common: &Keys) -> Keys {
                Keys { $($key: self.$key.clone(),)+ }.filled_from(common)
            }
        }
    };
}

macro_rules! audit_keys {
    ($($key:ident: $meaning:literal;)+) => {
        table! {
            /// What an endpoint may accept; `None` if it is not set.
            AuditKeys { $($key: Option<Rule>, "rule", "rule", $meaning;)+ }
        }

        impl AuditKeys {
            /// The resulting rules.
            fn rules(&self) -> audit::Rules {
                let default = audit::Rules::default();
                audit::Rules { $($key: self.$key.unwrap_or(default.$key),)+ }
            }

            #[cfg(test)]
            fn defaults() -> Vec<Rule> {
                let default = audit::Rules::default();
                vec![$(default.$key),+]
            }
        }
    };
}

keys! {
    valid_for: Option<Remaining>, "remaining", "duration: `\"30d\"`, `\"12h\"`; or `\"33%\"` of the own lifetime of each",
        "fail unless path, root, CRLs and client certificate stay valid for that much longer";
    min_tls: Option<TlsVersion>, "tls_version", "`\"1.2\"` or `\"1.3\"`",
        "fail below this TLS version";
    min_openssl: Option<OpenSsl>, "openssl", "`\"3.0\"` or `\"3.5\"`",
        "judge for clients whose OpenSSL is at least this";
    min_libpq: Option<Libpq>, "libpq", "`\"14\"`, `\"15\"` or `\"17\"`",
        "judge for clients whose libpq is at least this";
    strict: Option<bool>, "given", "boolean",
        "warnings count as failures";
    require_verified: Option<bool>, "given", "boolean",
        "fail where the mode proves nothing about the server";
    refuse_plaintext: Option<bool>, "given", "boolean",
        "fail if the server would also start a session without TLS";
    clients: Option<bool>, "given", "boolean",
        "add what each client library would do";
    pins: Option<Vec<[u8; 32]>>, "pins", "list of `\"sha256//BASE64\"`",
        "fail unless a certificate of the chain has one of these public keys";
    trust: Option<Choice>, "roots",
        "`\"bundled\"`, `\"bundled:NAME\"`, `\"mozilla\"`, `\"system\"` or a file",
        "use these roots, not those of the string";
    interval: Option<Duration>, "interval", "duration: `\"60s\"`, `\"5m\"`",
        "how often `pgtls serve` checks";
    audit: AuditKeys, "AuditKeys::deserialize", "table",
        "what `pgtls audit` allows";
}

audit_keys! {
    plaintext: "sessions without TLS";
    legacy_protocol: "TLS 1.0 or 1.1";
    broken_cipher: "suites without protection: NULL, anonymous, export, RC4, DES, 3DES";
    cbc: "suites in CBC mode";
    static_key: "suites without a fresh key for each session, such as static RSA";
}

impl Keys {
    /// These keys; unset ones come from a file.
    pub(crate) fn over(&self, file: &Self) -> Self {
        self.clone().filled_from(file)
    }

    /// The roots of these keys, or else of a file, and which of both chose them.
    pub(crate) fn roots_over(&self, file: &Self) -> Option<Chosen> {
        let chosen = |choice: &Choice, by| Chosen {
            choice: choice.clone(),
            by,
        };
        let own = self
            .trust
            .as_ref()
            .map(|choice| chosen(choice, Chooser::Option));
        own.or_else(|| {
            let choice = file.trust.as_ref()?;
            Some(chosen(choice, Chooser::Config))
        })
    }

    /// The oldest versions that clients may have.
    pub(crate) fn oldest(&self) -> Oldest {
        let default = Oldest::default();
        Oldest {
            openssl: self.min_openssl.unwrap_or(default.openssl),
            libpq: self.min_libpq.or(default.libpq),
        }
    }

    /// What an audit allows. A session without TLS that must be refused is forbidden, whatever the audit alone allows.
    pub(crate) fn audit_rules(&self) -> audit::Rules {
        let rules = self.audit.rules();
        match self.refuse_plaintext {
            Some(true) => audit::Rules {
                plaintext: Rule::Forbid,
                ..rules
            },
            Some(false) | None => rules,
        }
    }

    /// What must hold in addition to libpq's verdict.
    pub(crate) fn demands(&self) -> Demands {
        Demands {
            valid_for: self.valid_for,
            min_tls: self.min_tls,
            pins: self.pins.clone().unwrap_or_default(),
            strictness: match self.strict {
                Some(true) => Strictness::Strict,
                Some(false) | None => Strictness::Lenient,
            },
            verification: match self.require_verified {
                Some(true) => Verification::Required,
                Some(false) | None => Verification::AsTheModeSays,
            },
            plaintext: match self.refuse_plaintext {
                Some(true) => PlaintextRule::MustBeRefused,
                Some(false) | None => PlaintextRule::NotAsked,
            },
            expected: None,
        }
    }
}

fn openssl<'de, D: Deserializer<'de>>(from: D) -> Result<Option<OpenSsl>, D::Error> {
    one(from, cli::parse_openssl)
}

fn libpq<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Libpq>, D::Error> {
    one(from, cli::parse_libpq)
}

fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

fn remaining<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Remaining>, D::Error> {
    one(from, cli::parse_remaining)
}

fn interval<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    one(from, cli::parse_interval)
}

fn tls_version<'de, D: Deserializer<'de>>(from: D) -> Result<Option<TlsVersion>, D::Error> {
    one(from, cli::parse_tls_version)
}

fn roots<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Choice>, D::Error> {
    one(from, cli::parse_trust)
}

fn rule<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Rule>, D::Error> {
    one(from, |text| match text {
        "allow" => Ok(Rule::Allow),
        "warn" => Ok(Rule::Warn),
        "forbid" => Ok(Rule::Forbid),
        _ => Err("the rules are allow, warn and forbid".to_owned()),
    })
}

/// A value in the form of the corresponding option.
fn one<'de, D: Deserializer<'de>, T>(
    from: D,
    parse: fn(&str) -> Result<T, String>,
) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(from)?;
    parse(&text).map(Some).map_err(serde::de::Error::custom)
}

fn pins<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<[u8; 32]>>, D::Error> {
    let texts = Vec::<String>::deserialize(from)?;
    if texts.is_empty() {
        return Err(serde::de::Error::custom(
            "an empty list would switch pinning off: write at least one pin, or take the key out, here and in [policy]",
        ));
    }
    let pins = texts.iter().map(|text| cli::parse_pin(text));
    let pins = pins.collect::<Result<_, _>>();
    pins.map(Some).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFERENCE: &str = include_str!("../../docs/config.md");

    #[test]
    fn the_reference_has_a_line_for_every_key_and_no_other() {
        let keys = Keys::ROWS.iter().filter(|[key, ..]| *key != "audit");
        let keys = keys.map(|[key, form, meaning]| format!("| `{key}` | {form} | {meaning} |"));
        let audit = AuditKeys::ROWS.iter().zip(AuditKeys::defaults());
        let audit = audit.map(|([key, _, meaning], default)| {
            let default = format!("{default:?}").to_lowercase();
            format!("| `{key}` | {meaning} | `\"{default}\"` |")
        });
        let mut expected: Vec<String> = keys.chain(audit).collect();
        let own = ["| `conninfo` |", "| `name` |"];
        for row in REFERENCE.lines().filter(|line| line.starts_with("| `")) {
            if own.iter().any(|start| row.starts_with(start)) {
                continue;
            }
            let place = expected.iter().position(|line| row.starts_with(line));
            assert!(place.is_some(), "no such key, or another wording: {row}");
            expected.remove(place.unwrap());
        }
        assert_eq!(expected, Vec::<String>::new());
    }
}

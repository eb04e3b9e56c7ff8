//! A profile of what servers do today, so that a later audit fails if they do more.

use std::collections::BTreeSet;

use super::FORMAT;
use super::key::Key;
use crate::audit::{Audit, Plaintext, Presented, Protocol};
use crate::wire::tls::TlsVersion;
use crate::x509::Certificate;

/// What has been seen so far, at any of the servers.
#[derive(Clone, Debug, Default)]
pub struct Made {
    /// Whether each server refuses sessions without TLS.
    plaintext_refused: Vec<bool>,
    /// Whether each version before TLS 1.3 of each server uses the extended master secret.
    extended_master_secret: Vec<bool>,
    versions: BTreeSet<&'static str>,
    suites: BTreeSet<&'static str>,
    groups: BTreeSet<&'static str>,
    dh_bits: Option<u16>,
    rsa_bits: Option<usize>,
    keys: BTreeSet<String>,
    signatures: BTreeSet<String>,
    /// Whether each such version refuses compression, and renegotiates securely.
    compression_refused: Vec<bool>,
    secure_renegotiation: Vec<bool>,
}

impl Made {
    /// Adds a server.
    pub fn add(&mut self, audit: &Audit) {
        self.plaintext_refused.push(matches!(
            audit.plaintext.known(),
            Some(Plaintext::Refused(_) | Plaintext::TlsOnly)
        ));
        for (version, asked) in audit.protocols.iter() {
            let Some(Protocol::Accepted(accepted)) = asked.known() else {
                continue;
            };
            self.versions.insert(version.name());
            self.suites
                .extend(accepted.suites.found.iter().map(|suite| suite.iana));
            self.groups
                .extend(accepted.groups.found.iter().map(|group| group.name));
            if let Ok(Some(bits)) = accepted.prime_bits {
                self.dh_bits = Some(self.dh_bits.map_or(bits, |least| least.min(bits)));
            }
            if let Some(old) = accepted.old {
                self.extended_master_secret.push(old.extended_master_secret);
                self.compression_refused.push(!old.compression);
                self.secure_renegotiation.push(old.secure_renegotiation);
            }
        }
        for (_, asked) in audit.certificates.iter() {
            let chain = asked.known().and_then(Presented::chain);
            if let Some(leaf) = chain.and_then(|judgement| judgement.certificates.first()) {
                self.key(leaf);
            }
        }
    }

    fn key(&mut self, leaf: &Certificate) {
        let key = Key::of(leaf);
        if let Key::Rsa(bits) = key {
            self.rsa_bits = Some(self.rsa_bits.map_or(bits, |least| least.min(bits)));
        }
        self.keys.insert(key.name().to_owned());
        self.signatures.insert(leaf.signature_name().to_owned());
    }

    /// The profile as a file; nothing if no server spoke TLS. `date` is today's.
    #[must_use]
    pub fn text(&self, name: &str, date: &str) -> Option<String> {
        if self.versions.is_empty() {
            return None;
        }
        let mut rules = Vec::new();
        if self.plaintext_refused.iter().all(|refused| *refused) {
            rules.push((
                "no session without TLS",
                "plaintext = \"refused\"".to_owned(),
            ));
        }
        let versions: Vec<&str> = TlsVersion::ALL
            .iter()
            .map(|version| version.name())
            .filter(|name| self.versions.contains(name))
            .collect();
        rules.push(("no other version of TLS", list("versions", &versions)));
        let newest: Vec<&str> = versions.last().copied().into_iter().collect();
        rules.push((
            "the newest version stays",
            list("required_versions", &newest),
        ));
        let suites: Vec<&str> = self.suites.iter().copied().collect();
        rules.push(("no other cipher suite", list("suites", &suites)));
        let groups: Vec<&str> = self.groups.iter().copied().collect();
        if !groups.is_empty() {
            rules.push(("no other key exchange group", list("groups", &groups)));
        }
        if let Some(bits) = self.dh_bits {
            rules.push((
                "no smaller Diffie-Hellman prime",
                format!("dh_bits = {bits}"),
            ));
        }
        if let Some(bits) = self.rsa_bits {
            rules.push(("no smaller RSA key", format!("rsa_bits = {bits}")));
        }
        let keys: Vec<&str> = self.keys.iter().map(String::as_str).collect();
        if !keys.is_empty() {
            rules.push(("no other curve or kind of key", list("keys", &keys)));
        }
        let signatures: Vec<&str> = self.signatures.iter().map(String::as_str).collect();
        if !signatures.is_empty() {
            rules.push(("no other signature", list("signatures", &signatures)));
        }
        for (seen, requirement, rule) in [
            (
                &self.extended_master_secret,
                "the extended master secret stays",
                "extended_master_secret = \"required\"",
            ),
            (
                &self.compression_refused,
                "no compression",
                "compression = \"refused\"",
            ),
            (
                &self.secure_renegotiation,
                "secure renegotiation stays",
                "renegotiation = \"secure\"",
            ),
        ] {
            // TLS 1.3 alone is safe in this, and a version before it is more than today.
            if seen.iter().all(|safe| *safe) {
                rules.push((requirement, rule.to_owned()));
            }
        }
        let head = format!(
            "# What these servers do today. pgtls audit --profile FILE fails when they do more.\nformat = {FORMAT}\nname = {}\ntitle = \"What these servers do today\"\nsource = \"pgtls audit --make-profile\"\ndate = {}\n",
            quoted(name),
            quoted(date)
        );
        let rules = rules.iter().zip(1..).map(|((requirement, check), number)| {
            format!("\n[[rule]]\nclause = \"{number}\"\nrequirement = \"{requirement}\"\n{check}\n")
        });
        Some(head + &rules.collect::<String>())
    }
}

fn list(key: &str, names: &[&str]) -> String {
    let names: String = names
        .iter()
        .map(|name| format!("    {},\n", quoted(name)))
        .collect();
    format!("{key} = [\n{names}]")
}

/// A text of TOML.
fn quoted(text: &str) -> String {
    let escaped: String = text
        .chars()
        .flat_map(|letter| match letter {
            '"' | '\\' => vec!['\\', letter],
            letter if letter.is_control() => vec![' '],
            letter => vec![letter],
        })
        .collect();
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::super::{Check, Patterns, Profile};
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut made = Made::default();
        assert_eq!(made.text("n", "d"), None);
        made.versions.extend(["TLSv1.2", "TLSv1.3"]);
        made.suites.insert("TLS_AES_128_GCM_SHA256");
        made.groups.insert("x25519");
        made.rsa_bits = Some(2048);
        made.plaintext_refused.push(true);
        made.extended_master_secret.push(true);
        made.compression_refused.push(false);
        let text = made.text("my \"own\"", "2026-11-27").unwrap();
        let profile = Profile::read(&text).unwrap();
        assert_eq!(profile.name, "my \"own\"");
        assert_eq!(profile.rules.len(), 8, "{text}");
    }

    #[test]
    fn a_kind_of_key_that_was_not_seen_is_more() {
        let elliptic = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::default();
        let certificate = params.self_signed(&elliptic).unwrap();
        let mut made = Made::default();
        made.versions.insert("TLSv1.3");
        made.suites.insert("TLS_AES_128_GCM_SHA256");
        made.key(&Certificate::parse(certificate.der()).unwrap());
        let text = made.text("n", "d").unwrap();
        let profile = Profile::read(&text).unwrap();
        let keys = Check::Keys(Patterns(vec!["P-256".to_owned()]));
        assert!(
            profile.rules.iter().any(|rule| rule.check == keys),
            "{text}"
        );
    }
}

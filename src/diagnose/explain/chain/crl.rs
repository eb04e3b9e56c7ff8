//! A certificate that a CRL revokes, and CRLs that are missing or too old.

use std::path::Path;

use memchr::memmem::find;

use super::super::files::quoted_path;
use super::Case;
use crate::conninfo::shown_path;
use crate::diagnose::calendar::day;
use crate::diagnose::{Finding, Fix, Hint};
use crate::escape::escape;
use crate::trust::{CrlSource, read_bounded};
use crate::x509::{Certificate, Crl, Name, NextUpdate};

impl Case<'_> {
    /// What the CRL says about the certificate.
    pub(super) fn revoked(&self) -> Finding {
        let entry = self.certificate().and_then(|certificate| {
            self.crls_of(certificate).find_map(|crl| {
                let entry = crl.entry(&certificate.issuer, &certificate.serial)?;
                Some((crl, entry))
            })
        });
        let Some((crl, entry)) = entry else {
            return self
                .finding(self.fault.kind.sentence(&self.who()))
                .hint(REPLACE_REVOKED);
        };
        let when = entry
            .date
            .map_or_else(String::new, |date| format!(" on {}", day(date)));
        let why = entry.reason.and_then(reason_name);
        let why = why.map_or_else(String::new, |why| format!(" ({why})"));
        let message = format!(
            "{} was revoked{when}{why}, says {}",
            self.who(),
            crl_name(crl)
        );
        self.finding(message).hint(
            self.crl_file()
                .into_iter()
                .chain([Hint::say(REPLACE_REVOKED)])
                .collect::<Hint>(),
        )
    }

    pub(super) fn no_crl(&self) -> Finding {
        let file = match &self.context.trust.crl_source {
            Some(source) => source.to_string(),
            None => "the file that sslcrl names".to_owned(),
        };
        if self.has_no_list() {
            let advice = Hint::say(format!(
                "{file} contains no CRL, and libpq checks revocation all the same, because the file exists. Name a file with the CRL of every CA of the chain. To check no revocation, leave the file out."
            ));
            let advice = self.crl_file().into_iter().chain([advice]);
            return self
                .finding(self.fault.kind.sentence(&self.who()))
                .hint(advice.collect::<Hint>());
        }
        let advice = Hint::say(format!(
            "When a CRL is in use, libpq needs one from every CA of the chain, the root included. Put all of them into {file}."
        ));
        let rehash = match &self.context.trust.crl_source {
            Some(CrlSource::Named {
                directory: Some(directory),
                ..
            }) => {
                let issuer = self.certificate().map(|certificate| &certificate.issuer);
                let renamed = issuer.and_then(|issuer| misnamed(directory, issuer));
                Some(renamed.unwrap_or_else(|| {
                    Hint::say("In a directory the files must have names by hash:").fix(
                        Fix::command(format!("openssl rehash {}", quoted_path(directory))),
                    )
                }))
            }
            Some(CrlSource::Named { .. } | CrlSource::Home(_)) | None => None,
        };
        let advice = self.crl_file().into_iter().chain([advice]).chain(rehash);
        self.finding(self.fault.kind.sentence(&self.who()))
            .hint(advice.collect::<Hint>())
    }

    /// There is a CRL, and OpenSSL does not use it.
    pub(super) fn unusable_crl(&self, advice: &'static str) -> Finding {
        let advice = self.crl_file().into_iter().chain([Hint::say(advice)]);
        self.finding(self.fault.kind.sentence(&self.who()))
            .hint(advice.collect::<Hint>())
    }

    /// Is a file in force that contains no list at all?
    fn has_no_list(&self) -> bool {
        let trust = self.context.trust;
        let is_file = match &trust.crl_source {
            Some(CrlSource::Named { directory, .. }) => directory.is_none(),
            Some(CrlSource::Home(_)) => true,
            None => false,
        };
        is_file && trust.crls.as_ref().is_some_and(|crls| crls.is_empty())
    }

    pub(super) fn stale_crl(&self) -> Finding {
        let crl = self
            .certificate()
            .and_then(|certificate| self.crls_of(certificate).next());
        let ended = crl.and_then(|crl| match crl.next_update {
            NextUpdate::At(end) if end <= self.context.rules.now => Some(format!(
                ": {} was to be replaced by {}",
                crl_name(crl),
                day(end)
            )),
            NextUpdate::At(_) | NextUpdate::Absent | NextUpdate::Unreadable => None,
        });
        let message = format!(
            "{}{}",
            self.fault.kind.sentence(&self.who()),
            ended.unwrap_or_default()
        );
        let fetch = Hint::say("Fetch the current CRL from the CA.");
        self.finding(message)
            .hint(self.crl_file().into_iter().chain([fetch]).collect::<Hint>())
    }

    /// The CRLs of a certificate's issuer.
    fn crls_of(&self, certificate: &Certificate) -> impl Iterator<Item = &Crl> {
        let issuer = certificate.issuer.clone();
        let crls = self.context.trust.crls.iter().flat_map(|crls| crls.iter());
        crls.filter(move |crl| crl.issuer.matches(&issuer))
    }

    /// Which file makes libpq check revocation, if nothing names it.
    fn crl_file(&self) -> Option<Hint> {
        match self.context.trust.crl_source.as_ref()? {
            CrlSource::Home(path) => Some(Hint::say(format!(
                "Revocation is checked because {} exists. No setting names it. If it is left over, remove it.",
                shown_path(path)
            ))),
            CrlSource::Named { .. } => None,
        }
    }
}

/// A CRL of this issuer under the name that a certificate would have: `openssl rehash` does not look at it.
fn misnamed(directory: &Path, issuer: &Name) -> Option<Hint> {
    let named = |end: &str| directory.join(format!("{:08x}.{end}", issuer.hash()));
    let (path, right) = (named("0"), named("r0"));
    let has_crl = |bytes: Vec<u8>| find(&bytes, b"-----BEGIN X509 CRL").is_some();
    // `mv` must not replace another one.
    if right.exists() || !read_bounded(&path).is_ok_and(has_crl) {
        return None;
    }
    Some(
        Hint::say("A CRL there has the name of a certificate. The names of CRLs end with .r0:")
            .fix(Fix::command(format!(
                "mv {} {}",
                quoted_path(&path),
                quoted_path(&right)
            ))),
    )
}

/// "CRL number 5 of 2026-11-20 by "CN = CA"".
fn crl_name(crl: &Crl) -> String {
    let number = crl.number.as_ref().map_or_else(String::new, |number| {
        let hex = data_encoding::HEXLOWER.encode(number);
        let hex = hex.trim_start_matches('0');
        let number = u64::from_str_radix(hex, 16);
        let number = number.map_or_else(|_| format!("0x{hex}"), |number| number.to_string());
        format!(" number {number}")
    });
    let date = crl
        .this_update
        .map_or_else(String::new, |date| format!(" of {}", day(date)));
    format!("the CRL{number}{date} by \"{}\"", escape(&crl.issuer.text))
}

/// CRLReason (RFC 5280 section 5.3.1).
const fn reason_name(number: u64) -> Option<&'static str> {
    Some(match number {
        1 => "keyCompromise",
        2 => "cACompromise",
        3 => "affiliationChanged",
        4 => "superseded",
        5 => "cessationOfOperation",
        6 => "certificateHold",
        9 => "privilegeWithdrawn",
        10 => "aACompromise",
        _ => return None,
    })
}

const REPLACE_REVOKED: &str =
    "Replace it on the server. If the revocation is wrong, ask the CA for a new CRL.";

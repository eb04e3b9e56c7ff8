//! The path ends before it reaches an anchor: finds out which of many mistakes is the cause.

use data_encoding::HEXLOWER;

use super::chain::{issuer, name};
use super::provider;
use super::{corrected, from_elsewhere, shell_word};
use crate::conninfo::{Keyword, shown_path};
use crate::diagnose::calendar::day;
use crate::diagnose::{Code, Contents, Context, Finding, Fix, Hint, Stage};
use crate::escape::escape;
use crate::os;
use crate::trust::{Source, Trust};
use crate::verify::{Judgement, Mismatch, has_signed, likely_issued};
use crate::words::first_few;
use crate::x509::{AnchorStore, Certificate};

/// Where a path without an anchor ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// At an intermediate that the trust contains without its issuer.
    HeldIntermediate,
    /// At the server's own certificate, which signed itself.
    SelfSignedLeaf,
    /// At a root that the trust does not contain.
    UnknownRoot,
    /// At a certificate whose issuer is missing.
    UnknownIssuer,
}

/// The finding for a path without an anchor.
pub(super) fn explain(context: &Context<'_>, judgement: &Judgement, end: End) -> Finding {
    let mut found = Case { context, judgement }.finding(end);
    if let Some(advice) = no_clients_trust(judgement) {
        found.hint = Hint::say(advice).without_root();
    }
    let origin = context
        .conninfo
        .map(|conninfo| from_elsewhere(conninfo, &[Keyword::SslRootCert]));
    found.hint = std::mem::take(&mut found.hint).and(Hint::from(origin));
    found
}

/// What to do about a certificate that is not made for clients: to trust its issuer would be wrong.
fn no_clients_trust(judgement: &Judgement) -> Option<&'static str> {
    let is_of = |part: &&str| {
        let mut issuers = judgement.certificates.iter().map(|one| &one.issuer.text);
        issuers.any(|issuer| issuer.contains(*part))
    };
    let mut known = NOT_FOR_CLIENTS.iter();
    let (_, advice) = known.find(|(parts, _)| parts.iter().any(is_of))?;
    Some(advice)
}

/// Parts of the names of issuers whose certificates are for tests, or stand in the place of the real one.
const NOT_FOR_CLIENTS: [(&[&str], &str); 2] = [
    (
        &["(STAGING) Let's Encrypt", "Fake LE "],
        "This certificate is of Let's Encrypt's staging environment: a test that no client should trust, because anybody gets certificates there. The operator of the server issues it again in the production environment (certbot: without --staging; cert-manager: server: https://acme-v02.api.letsencrypt.org/directory).",
    ),
    (
        &[
            "Kubernetes Ingress Controller Fake Certificate",
            "TRAEFIK DEFAULT CERT",
        ],
        "This certificate is the one that a proxy in front of the server makes itself until it is given another. The operator of the server gives the proxy a certificate with the name of this host, or lets it pass TLS through to PostgreSQL.",
    ),
];

/// Both key identifiers, side by side, if two CAs share a name.
pub(super) fn other_key(trust: &Trust, certificate: &Certificate) -> Hint {
    let advice = Hint::say("Most likely the CA was re-created or rotated under its old name. Or another CA has the same name.")
        .and(Hint::say(CURRENT_ROOT).without_root());
    let held = trust.by_subject(&certificate.issuer);
    let held = held.iter().map(|anchor| &*anchor.certificate);
    keys(advice, certificate, "found ", held)
}

/// The same if the server sends the other one: its file is wrong, not the client's.
pub(super) fn other_key_sent(certificate: &Certificate, sent: &Certificate) -> Hint {
    let advice = Hint::say(
        "Most likely the CA was renewed with a new key under its old name. In the server's file, put its certificate with the wanted key in the place of the other one, and reload.",
    );
    keys(advice, certificate, "sent  ", [sent].into_iter())
}

/// The same for one that is not the issuer for any reason: its key may be the right one.
fn unfit_sent(certificate: &Certificate, sent: &Certificate) -> Hint {
    match likely_issued(sent, certificate) {
        Ok(()) | Err(Mismatch::Name | Mismatch::KeyIdentifier | Mismatch::Algorithm) => {
            other_key_sent(certificate, sent)
        }
        Err(Mismatch::IssuerAndSerial) => "Most likely the CA's certificate was renewed with another serial number. In the server's file, put the certificate that is named in the place of the other one, and reload. If there is none any more, have the certificate below it reissued.".into(),
        Err(Mismatch::Flawed) => "Have the CA reissue the one that is damaged. Put it into the server's file, and reload.".into(),
        Err(Mismatch::UnreadableKey) => "Get a server certificate from a CA whose key OpenSSL can use.".into(),
    }
}

fn keys<'c>(
    advice: Hint,
    certificate: &Certificate,
    word: &str,
    others: impl Iterator<Item = &'c Certificate>,
) -> Hint {
    let identifier = |key: &Option<Vec<u8>>| match key {
        Some(key) => HEXLOWER.encode(key),
        None => "not given".to_owned(),
    };
    let wanted = certificate
        .authority_key_identifier
        .as_ref()
        .map(|wanted| &wanted.key);
    let wanted = identifier(wanted.unwrap_or(&None));
    let others = others.take(MAX_LISTED).map(|other| {
        let key = identifier(&other.subject_key_identifier);
        let until = other.not_after.map_or_else(|| "?".to_owned(), day);
        format!("{word}  key {key}, until {until}")
    });
    others.fold(advice.show(format!("wanted  key {wanted}")), Hint::show)
}

struct Case<'a> {
    context: &'a Context<'a>,
    judgement: &'a Judgement,
}

impl Case<'_> {
    fn finding(&self, end: End) -> Finding {
        let top = self.judgement.path_certificates().last();
        let leaf = self.judgement.certificates.first();
        let (Some(top), Some(leaf)) = (top, leaf) else {
            return Finding::error(Code::UnknownIssuer, Stage::Verify, "no trusted root found");
        };
        let trust = self.context.trust;
        let finding = |code, message: String| Finding::error(code, Stage::Verify, message);
        match end {
            End::HeldIntermediate => finding(
                Code::UnknownIssuer,
                format!(
                    "{} contains only the intermediate \"{}\"; libpq needs the self-signed root above it, \"{}\"",
                    place(trust),
                    name(top),
                    issuer(top)
                ),
            )
            .hint(Hint::say("Append that root to the file, or use the root alone.").without_root()),
            End::SelfSignedLeaf if signed_by_namesake(trust, leaf) => finding(
                Code::SelfSigned,
                format!("the server certificate and the CA in {} that signed it have the same subject, \"{}\": OpenSSL takes the certificate for self-signed", place(trust), name(leaf)),
            )
            .hint("Issue the server certificate again with another subject than the CA's, for example with the name of the host as its CN. Or make the CA again, with a subject of its own, and then the certificate."),
            End::SelfSignedLeaf => finding(
                Code::SelfSigned,
                format!("the server certificate \"{}\" is self-signed and is not in {}", name(leaf), place(trust)),
            )
            .hint(provider::of_self_signed(leaf).unwrap_or_default().and(earlier(trust, leaf)).and(self.save_and_trust(leaf))),
            End::UnknownRoot | End::UnknownIssuer if is_of_the_client(trust) => finding(
                Code::UnknownIssuer,
                format!(
                    "{} contains the client's own certificate (sslcert), not the root that signed the server's",
                    place(trust)
                ),
            )
            .hint(self.wrong_roots()),
            End::UnknownRoot | End::UnknownIssuer if trust.listed().iter().any(|listed| listed.der == leaf.der) => finding(
                Code::UnknownIssuer,
                format!("{} contains the server's own certificate, not its issuer's", place(trust)),
            )
            .hint(
                Hint::say(format!("sslrootcert must name a file with the root above \"{}\".", issuer(leaf)))
                    .without_root(),
            ),
            End::UnknownRoot | End::UnknownIssuer if unfit_root(trust, top).is_some() => finding(
                Code::UnknownIssuer,
                format!(
                    "{} contains a \"{}\", but {}",
                    place(trust),
                    issuer(top),
                    unfit_root(trust, top).unwrap_or_default()
                ),
            )
            .hint(Hint::say(CURRENT_ROOT).without_root()),
            End::UnknownRoot | End::UnknownIssuer if same_name(trust, top) => finding(
                Code::UnknownIssuer,
                format!(
                    "{} contains a \"{}\", but its key is not the one that signed \"{}\"",
                    place(trust),
                    issuer(top),
                    name(top)
                ),
            )
            .hint(other_key(trust, top)),
            End::UnknownRoot => finding(
                Code::UnknownIssuer,
                format!("the chain ends at the root \"{}\", which is not in {}", name(top), place(trust)),
            )
            .hint(self.wrong_roots()),
            End::UnknownIssuer if self.namesake(top).is_some() => self.unfit_issuer(top),
            End::UnknownIssuer if !top.ca_issuers.is_empty() => finding(
                Code::MissingIntermediate,
                format!("the server does not send \"{}\", the issuer of \"{}\"", issuer(top), name(top)),
            )
            .hint(Hint::say(format!(
                "On the server, put the intermediate after the certificate and reload (the CA publishes it at {}):",
                top.ca_issuers.first().map(|url| escape(url).to_string()).unwrap_or_default()
            )).fix(Fix::command(APPEND_INTERMEDIATE))),
            End::UnknownIssuer => finding(
                Code::UnknownIssuer,
                format!("\"{}\", the issuer of \"{}\", is not {} and is not in {}", issuer(top), name(top), self.sent(), place(trust)),
            )
            .hint(self.absent_issuer(top)),
        }
    }

    /// A certificate with the issuer's name that the server sends, and that is not the issuer.
    fn namesake(&self, top: &Certificate) -> Option<&Certificate> {
        let mut sent = self.judgement.certificates.iter();
        sent.find(|sent| sent.der != top.der && sent.subject.matches(&top.issuer))
    }

    fn unfit_issuer(&self, top: &Certificate) -> Finding {
        let sent = self.namesake(top);
        let why = sent.and_then(|sent| unfit(sent, top));
        let why =
            why.unwrap_or_else(|| format!("its key is not the one that signed \"{}\"", name(top)));
        let message = match self.context.conninfo {
            Some(_) => format!("the server sends a \"{}\", but {why}", issuer(top)),
            None => format!("a \"{}\" was presented, but {why}", issuer(top)),
        };
        Finding::error(Code::UnknownIssuer, Stage::Verify, message)
            .hint(sent.map(|sent| unfit_sent(top, sent)).unwrap_or_default())
    }

    /// Where the issuer was looked for first, in a sentence: a server or its files.
    fn sent(&self) -> &'static str {
        match self.context.conninfo {
            Some(_) => "sent by the server",
            None => "among the certificates presented",
        }
    }

    /// The issuer is a root that the file lacks, or an intermediate that the server does not send. If an intermediate
    /// signed the server's certificate, the first is more likely; if the file has a root that fits, the second.
    fn absent_issuer(&self, top: &Certificate) -> Hint {
        if self.judgement.path_certificates().nth(1).is_some() {
            return self.wrong_roots();
        }
        let stray = self.strays(top).next();
        let stray = Hint::from(stray.map(|stray| {
            Hint::say(format!(
                "\"{}\" comes after the certificate, but did not sign it.",
                name(stray)
            ))
        }));
        let append = || Hint::default().fix(Fix::command(APPEND_INTERMEDIATE));
        // If a file that is near has the root of what was sent, then no intermediate is missing.
        let more = match self.related(top) {
            Some(related) => Hint::say(format!(
                "Most likely \"{}\" is an intermediate: the file has {related}. Then the server must send it after its certificate:",
                issuer(top)
            ))
            .and(append())
            .then("Otherwise:")
            .without_root()
            .and(self.wrong_roots()),
            None => self.wrong_roots().and(
                Hint::say(format!(
                    "If \"{}\" is an intermediate, the server must send it:",
                    issuer(top)
                ))
                .and(append())
                .without_root(),
            ),
        };
        stray.and(more)
    }

    /// What comes with the server's certificate and is not above it.
    fn strays(&self, leaf: &Certificate) -> impl Iterator<Item = &Certificate> {
        let presented = self.judgement.certificates.iter();
        presented.filter(move |stray| stray.der != leaf.der)
    }

    /// A root of the file that most likely is above the server's certificate, and why.
    fn related(&self, leaf: &Certificate) -> Option<String> {
        let listed = self.context.trust.listed();
        let wanted = organisation(&leaf.issuer.text);
        let same =
            |root: &&&Certificate| wanted.is_some() && organisation(&root.subject.text) == wanted;
        if let Some(root) = listed.iter().find(same) {
            return Some(format!(
                "\"{}\", a root of the same organisation",
                name(root)
            ));
        }
        let above = |root: &&&Certificate| {
            self.strays(leaf)
                .any(|stray| stray.der == root.der || likely_issued(root, stray).is_ok())
        };
        let root = listed.iter().find(above)?;
        Some(format!(
            "\"{}\", the root of what comes after the certificate",
            name(root)
        ))
    }

    /// A self-signed certificate must be known beforehand.
    fn save_and_trust(&self, leaf: &Certificate) -> Hint {
        let advice = Hint::say("Ask the operator of the server to confirm its SHA-256:")
            .show(HEXLOWER.encode(&leaf.sha256_fingerprint()));
        let Some(conninfo) = self.context.conninfo else {
            return advice;
        };
        let save = format!(
            "pgtls check --save-chain server.crt {}",
            shell_word(&escape(&conninfo.redacted()).to_string())
        );
        let save = Fix::command(save)
            .of("server.crt")
            .making("server.crt", Contents::Presented);
        advice
            .then("If it is the same, write it to a file, and trust that file:")
            .fix(save)
            .fix(corrected(
                conninfo,
                &[(Keyword::SslRootCert, b"server.crt")],
            ))
    }

    fn wrong_roots(&self) -> Hint {
        let trust = self.context.trust;
        let mut advice = Vec::new();
        advice.extend(self.outdated().map(Hint::say));
        advice.push(provider::advice(self.context, self.judgement).unwrap_or_else(|| {
            Hint::say(match self.context.conninfo {
                Some(_) => "Get the root certificate from the operator of the server, and set sslrootcert=FILE.",
                None => "Get the root certificate from the CA that issued the certificate, and use --sslrootcert FILE.",
            })
            .without_root()
        }));
        if let Some(top) = self
            .judgement
            .path_certificates()
            .last()
            .filter(|top| is_gateway(top))
        {
            advice.push(Hint::say(format!(
                "\"{}\" looks like a gateway that inspects TLS on the way. Exclude PostgreSQL from its inspection.",
                issuer(top)
            )).first());
        }
        let subjects = trust.listed().into_iter();
        let subjects: Vec<String> = subjects.map(|c| format!("\"{}\"", name(c))).collect();
        if let Some(file) = trust.useless_system_file() {
            advice.push(Hint::say(format!(
                "SSL_CERT_FILE names \"{}\", from which no certificate can be read, and OpenSSL then does not read the machine's own bundle. Correct the variable or unset it.",
                shown_path(file)
            )));
        }
        if !subjects.is_empty() {
            advice.push(Hint::say(format!(
                "{} contains {}.",
                place(trust),
                first_few(&subjects, MAX_LISTED, ", ")
            )));
        } else if trust.source == Source::System && trust.system_is_empty() {
            advice.push(os::EMPTY_STORE.into());
        } else if matches!(
            &trust.source,
            Source::SslRootCert { .. } | Source::Option { .. } | Source::Home { .. }
        ) {
            // A file with neither is refused before.
            advice.push(Hint::say(format!(
                "{} contains a CRL, but no certificate.",
                place(trust)
            )));
        }
        advice.into_iter().collect()
    }

    /// A copy of the roots that has not been renewed for years.
    fn outdated(&self) -> Option<String> {
        let ends: Option<Vec<i64>> = self
            .context
            .trust
            .listed()
            .iter()
            .map(|listed| listed.not_after)
            .collect();
        let last = ends?.into_iter().max()?;
        (last < self.context.rules.now).then(|| {
            format!(
                "Every certificate in {} has expired, the last one on {}. It is an old copy.",
                place(self.context.trust),
                day(last)
            )
        })
    }
}

/// Whether a trusted CA of the same subject signed the certificate. OpenSSL compares only the names, where there are no key
/// identifiers (`X509_check_issued` in crypto/x509/v3_purp.c).
fn signed_by_namesake(trust: &Trust, leaf: &Certificate) -> bool {
    let anchors = trust.by_subject(&leaf.subject);
    let mut anchors = anchors.iter().map(|anchor| &*anchor.certificate);
    anchors.any(|anchor| has_signed(anchor, leaf)) && !has_signed(leaf, leaf)
}

/// Another certificate of the same name that the client trusts.
fn earlier(trust: &Trust, leaf: &Certificate) -> Hint {
    let listed = trust.listed();
    let mut listed = listed.into_iter();
    let Some(other) = listed.find(|other| other.subject.matches(&leaf.subject)) else {
        return Hint::default();
    };
    let known = |time: Option<i64>| time.map_or_else(|| "?".to_owned(), day);
    Hint::say(format!(
        "{} has another certificate of this name, valid from {} to {}; the server's is valid from {} to {}. Either the server's was renewed, or another server answers.",
        place(trust),
        known(other.not_before),
        known(other.not_after),
        known(leaf.not_before),
        known(leaf.not_after),
    ))
}

/// Is the client's certificate, with those that came with it, all that is trusted?
fn is_of_the_client(trust: &Trust) -> bool {
    let Some(identity) = &trust.identity else {
        return false;
    };
    let listed = trust.listed();
    let own = |one: &&Certificate| identity.certificates.iter().any(|own| own.der == one.der);
    let is_leaf = |one: &&Certificate| {
        identity
            .certificates
            .first()
            .is_some_and(|own| own.der == one.der)
    };
    listed.iter().any(is_leaf) && listed.iter().all(own)
}

/// `X` of `C = US, O = X, CN = Y`.
fn organisation(name: &str) -> Option<&str> {
    name.split(", ").find_map(|part| part.strip_prefix("O = "))
}

fn same_name(trust: &Trust, certificate: &Certificate) -> bool {
    !trust.by_subject(&certificate.issuer).is_empty()
}

/// Why the only certificate with the issuer's name cannot have signed this one, if the key is not just another one.
fn unfit_root(trust: &Trust, certificate: &Certificate) -> Option<String> {
    match trust.by_subject(&certificate.issuer).as_slice() {
        [anchor] => unfit(&anchor.certificate, certificate),
        _ => None,
    }
}

/// The same for any certificate with the issuer's name.
fn unfit(namesake: &Certificate, certificate: &Certificate) -> Option<String> {
    let key = namesake.key_description();
    match likely_issued(namesake, certificate).err()? {
        Mismatch::UnreadableKey => Some(format!("OpenSSL cannot use its key: {key}")),
        Mismatch::Algorithm => Some(format!(
            "\"{}\" is signed with {}, which its key ({key}) cannot do",
            name(certificate),
            certificate.signature_name()
        )),
        Mismatch::IssuerAndSerial => Some(format!(
            "\"{}\" names another certificate of that CA, by issuer and serial number (authorityKeyIdentifier)",
            name(certificate)
        )),
        Mismatch::Flawed => Some(
            "it or the certificate below it has an extension that is malformed or repeated"
                .to_owned(),
        ),
        Mismatch::Name | Mismatch::KeyIdentifier => None,
    }
}

/// The name of the trust in a sentence.
pub(super) fn place(trust: &Trust) -> String {
    match &trust.source {
        Source::SslRootCert { path, .. } | Source::Option { path } | Source::Home { path } => {
            format!("\"{}\"", escape(path.as_os_str().as_encoded_bytes()))
        }
        Source::System => match trust.system_roots().and_then(|roots| roots.file.as_ref()) {
            Some(file) => format!("{} (SSL_CERT_FILE={})", os::SYSTEM_STORE, shown_path(file)),
            None => os::SYSTEM_STORE.to_owned(),
        },
        Source::Bundled => "pgtls's built-in roots".to_owned(),
        Source::Mozilla => "Mozilla's list of roots".to_owned(),
        Source::Fallback => "pgtls's built-in roots (no sslrootcert set)".to_owned(),
    }
}

/// Does the issuer's name show that it intercepts TLS?
fn is_gateway(certificate: &Certificate) -> bool {
    let issuer = certificate.issuer.text.to_ascii_lowercase();
    GATEWAYS.iter().any(|gateway| issuer.contains(gateway))
}

const CURRENT_ROOT: &str = "Get the current root certificate from the operator of the server.";

const APPEND_INTERMEDIATE: &str = "cat server.pem intermediate.pem > server.crt";

/// How many certificates of a root file are named before "and N more".
const MAX_LISTED: usize = 5;

const GATEWAYS: [&str; 8] = [
    "cisco umbrella",
    "zscaler",
    "netskope",
    "fortinet",
    "palo alto networks",
    "blue coat",
    "sophos",
    "forcepoint",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_organisation_is_a_part_of_the_name() {
        for (name, expected) in [
            ("C = US, O = Acme, CN = Acme Issuing CA", Some("Acme")),
            ("O = Acme", Some("Acme")),
            ("CN = O = Acme", None),
            ("OU = Acme", None),
        ] {
            assert_eq!(organisation(name), expected, "{name}");
        }
    }

    #[test]
    fn a_damaged_issuer_is_not_said_to_have_another_key() {
        let key = rcgen::KeyPair::generate().unwrap();
        let with = |identifiers: usize| {
            let identifier =
                rcgen::CustomExtension::from_oid_content(&[2, 5, 29, 14], vec![4, 1, 1]);
            let mut params = rcgen::CertificateParams::default();
            params.custom_extensions = vec![identifier; identifiers];
            Certificate::parse(params.self_signed(&key).unwrap().der()).unwrap()
        };
        for (identifiers, says, never) in [(1, "new key", "damaged"), (2, "damaged", "new key")] {
            let hint = unfit_sent(&with(1), &with(identifiers)).to_string();
            assert!(hint.contains(says) && !hint.contains(never), "{hint}");
        }
    }
}

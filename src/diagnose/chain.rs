//! Why a chain or a name is refused: libpq says three words, the certificates say the rest.

use data_encoding::HEXLOWER;

use super::calendar::{day, days, moment};
use super::provider::Provider;
use super::{Code, Context, Finding, Stage};
use crate::escape::escape;
use crate::trust::{Source, Trust};
use crate::verify::{Fault, FaultKind, Judgement, Step};
use crate::x509::{AnchorStore, Certificate};

/// The finding for OpenSSL's verdict on a chain.
pub(super) fn explain(context: &Context<'_>, judgement: &Judgement, fault: &Fault) -> Finding {
    let case = Case {
        context,
        judgement,
        depth: fault.depth,
    };
    let finding = |code, message: String| Finding::error(code, Stage::Verify, message);
    match &fault.kind {
        FaultKind::UnableToGetIssuerCertLocally
        | FaultKind::UnableToVerifyLeafSignature
        | FaultKind::SelfSignedCertInChain
        | FaultKind::DepthZeroSelfSignedCert
        | FaultKind::UnableToGetIssuerCert => case.no_anchor(&fault.kind),
        FaultKind::CertHasExpired | FaultKind::ErrorInCertNotAfter => case.expired(),
        FaultKind::CertNotYetValid | FaultKind::ErrorInCertNotBefore => case.not_yet_valid(),
        FaultKind::CertSignatureFailure => case.wrong_key(),
        FaultKind::InvalidCa
        | FaultKind::KeyUsageNoCertSign
        | FaultKind::InvalidNonCa
        | FaultKind::UnableToDecodeIssuerPublicKey => finding(
            Code::NotACa,
            format!("{} issued a certificate, but is no CA (basicConstraints, keyUsage)", case.who()),
        )
        .hint("Reissue it with basicConstraints=critical,CA:TRUE and keyUsage=keyCertSign,cRLSign."),
        FaultKind::InvalidPurpose => finding(
            Code::WrongPurpose,
            format!("{} is not meant for TLS servers (extended key usage, key usage)", case.who()),
        )
        .hint("Reissue it with extendedKeyUsage=serverAuth and keyUsage=digitalSignature."),
        FaultKind::CertRejected => finding(
            Code::WrongPurpose,
            format!("{} is distrusted for TLS servers by the trust settings of its file", case.who()),
        )
        .hint("Save it as a plain CERTIFICATE: openssl x509 -in FILE -out root.pem"),
        FaultKind::PathLengthExceeded | FaultKind::CertChainTooLong => finding(
            Code::PathLength,
            format!("{} may not have that many CAs below it", case.who()),
        )
        .hint("Issue from a CA higher up, or reissue the CA with a longer pathlen."),
        FaultKind::UnhandledCriticalExtension => finding(
            Code::UnknownCriticalExtension,
            format!("{} has a critical extension that OpenSSL does not know: {}", case.who(), case.critical()),
        )
        .hint("Reissue it without that extension, or without marking it critical."),
        FaultKind::EeKeyTooSmall | FaultKind::CaKeyTooSmall => finding(
            Code::WeakKey,
            format!("{} has a weak key: {}", case.who(), case.key()),
        )
        .hint("Reissue it with a key of RSA 2048 or ECDSA P-256 at least."),
        FaultKind::CaMdTooWeak => finding(
            Code::WeakSignature,
            format!("{} is signed with {}, which is broken", case.who(), case.signature()),
        )
        .hint("Reissue it with SHA-256."),
        FaultKind::EcKeyExplicitParams => finding(
            Code::WeakKey,
            format!("{} spells out the parameters of its curve, which OpenSSL refuses", case.who()),
        )
        .hint("Reissue it with a key on a named curve: openssl ecparam -name prime256v1 -genkey"),
        FaultKind::UnsupportedAlgorithm { oid } => finding(
            Code::UnsupportedAlgorithm,
            format!("{} uses {oid} ({}), which pgtls cannot check", case.who(), case.signature()),
        )
        .hint("psql may still connect; nothing is passed unchecked here. Reissue it with ECDSA or RSA, and SHA-256."),
        FaultKind::CertRevoked => finding(Code::Revoked, format!("{} has been revoked", case.who()))
            .hint("Replace it on the server. If the revocation is wrong, ask the CA for a new CRL."),
        FaultKind::UnableToGetCrl
        | FaultKind::UnableToGetCrlIssuer
        | FaultKind::DifferentCrlScope
        | FaultKind::KeyUsageNoCrlSign
        | FaultKind::CrlSignatureFailure
        | FaultKind::UnhandledCriticalCrlExtension
        | FaultKind::InvalidExtension => finding(
            Code::CrlMissing,
            format!("no usable CRL covers {}", case.who()),
        )
        .hint("With a CRL in force libpq wants one from every CA of the chain, the root included: put all of them into the sslcrl file."),
        FaultKind::CrlHasExpired
        | FaultKind::CrlNotYetValid
        | FaultKind::ErrorInCrlLastUpdate
        | FaultKind::ErrorInCrlNextUpdate => finding(
            Code::CrlExpired,
            format!("the CRL that covers {} is out of date", case.who()),
        )
        .hint("Fetch the current CRL from the CA."),
        FaultKind::PermittedViolation
        | FaultKind::ExcludedViolation
        | FaultKind::SubtreeMinMax
        | FaultKind::UnsupportedConstraintType
        | FaultKind::UnsupportedNameSyntax
        | FaultKind::Unspecified => finding(
            Code::NameConstraint,
            format!("a name of {} is outside what a CA above it may issue (name constraints)", case.who()),
        )
        .hint("Issue the certificate from a CA whose name constraints allow that name."),
        FaultKind::ProxyCertificatesNotAllowed | FaultKind::KeyUsageNoDigitalSignature => finding(
            Code::WrongPurpose,
            format!("{} is a proxy certificate, which TLS servers cannot use", case.who()),
        )
        .hint("Issue an ordinary server certificate."),
        FaultKind::NoCertificate => {
            finding(Code::TlsFailure, "the server presented no certificate".to_owned())
                .hint("Set ssl_cert_file on the server.")
        }
    }
}

struct Case<'a> {
    context: &'a Context<'a>,
    judgement: &'a Judgement,
    depth: usize,
}

impl Case<'_> {
    fn certificate(&self) -> Option<&Certificate> {
        self.judgement.on_path(self.depth)
    }

    /// "the server certificate \"CN = db\"".
    fn who(&self) -> String {
        let role = match self.judgement.path.path.get(self.depth) {
            _ if self.depth == 0 => "the server certificate",
            Some(Step::Anchor(_)) => "the root certificate",
            _ => "the intermediate certificate",
        };
        match self.certificate() {
            Some(certificate) => format!("{role} \"{}\"", name(certificate)),
            None => role.to_owned(),
        }
    }

    fn key(&self) -> String {
        self.certificate()
            .map(Certificate::key_description)
            .unwrap_or_default()
    }

    fn signature(&self) -> String {
        self.certificate()
            .map(|c| c.signature_name().to_owned())
            .unwrap_or_default()
    }

    fn critical(&self) -> String {
        self.certificate()
            .map(|c| c.unknown_critical.join(", "))
            .unwrap_or_default()
    }

    fn expired(&self) -> Finding {
        let code = match self.judgement.path.path.get(self.depth) {
            _ if self.depth == 0 => Code::Expired,
            Some(Step::Anchor(_)) => Code::RootExpired,
            _ => Code::IntermediateExpired,
        };
        let end = self
            .certificate()
            .and_then(|certificate| certificate.not_after);
        let message = match end {
            Some(end) => format!(
                "{} expired {} ago, on {}",
                self.who(),
                days(self.context.rules.now.saturating_sub(end)),
                day(end)
            ),
            None => format!("{} has an end of validity that cannot be read", self.who()),
        };
        let hint = match code {
            Code::Expired => {
                "Renew it, put it into ssl_cert_file and reload the server:\n    SELECT pg_reload_conf();"
            }
            Code::RootExpired => {
                "Get the current root from whoever runs the server, and name it with sslrootcert."
            }
            _ => {
                "Put the CA's current intermediate behind the server certificate in ssl_cert_file, and reload."
            }
        };
        Finding::error(code, Stage::Verify, message).hint(hint)
    }

    fn not_yet_valid(&self) -> Finding {
        let now = self.context.rules.now;
        let start = self
            .certificate()
            .and_then(|certificate| certificate.not_before);
        let message = match start {
            Some(start) => format!(
                "{} is valid from {} on, in {}; this machine says that it is {}",
                self.who(),
                moment(start),
                days(start.saturating_sub(now)),
                moment(now)
            ),
            None => format!("{} has a start of validity that cannot be read", self.who()),
        };
        Finding::error(Code::NotYetValid, Stage::Verify, message)
            .hint("If the clock of this machine is wrong, set it (NTP); else wait, or reissue the certificate.")
    }

    /// An issuer of the right name whose key did not make the signature.
    fn wrong_key(&self) -> Finding {
        let message = format!(
            "{} was not signed by the key of \"{}\", though it names it as its issuer",
            self.who(),
            self.certificate().map(issuer).unwrap_or_default()
        );
        let finding = Finding::error(Code::UnknownIssuer, Stage::Verify, message);
        match self.certificate() {
            Some(certificate) => finding.hint(self.other_key(certificate)),
            None => finding,
        }
    }

    /// Both key identifiers, side by side, where two CAs share a name.
    fn other_key(&self, certificate: &Certificate) -> String {
        let identifier = |key: &Option<Vec<u8>>| match key {
            Some(key) => HEXLOWER.encode(key),
            None => "not given".to_owned(),
        };
        let wanted = certificate
            .authority_key_identifier
            .as_ref()
            .map(|wanted| &wanted.key);
        let held: Vec<String> = self
            .context
            .trust
            .by_subject(&certificate.issuer)
            .iter()
            .take(MAX_LISTED)
            .map(|anchor| {
                let key = identifier(&anchor.certificate.subject_key_identifier);
                let until = anchor
                    .certificate
                    .not_after
                    .map_or_else(|| "?".to_owned(), day);
                format!("    held    key {key}, until {until}")
            })
            .collect();
        format!(
            "The CA was re-created or rotated under its old name. Get the current root certificate from whoever runs the server.\n    wanted  key {}\n{}",
            identifier(wanted.unwrap_or(&None)),
            held.join("\n")
        )
    }

    fn no_anchor(&self, kind: &FaultKind) -> Finding {
        let top = self.judgement.path_certificates().last();
        let leaf = self.judgement.certificates.first();
        let (Some(top), Some(leaf)) = (top, leaf) else {
            return Finding::error(Code::UnknownIssuer, Stage::Verify, "no trusted root found");
        };
        let trust = self.context.trust;
        let finding = |code, message: String| Finding::error(code, Stage::Verify, message);
        match kind {
            FaultKind::UnableToGetIssuerCert => finding(
                Code::UnknownIssuer,
                format!(
                    "{} holds only the intermediate \"{}\"; libpq needs the self-signed root above it, \"{}\"",
                    place(trust),
                    name(top),
                    issuer(top)
                ),
            )
            .hint("Append that root to the file, or use the root alone."),
            FaultKind::DepthZeroSelfSignedCert => finding(
                Code::SelfSigned,
                format!("the server certificate \"{}\" signed itself, and {} does not hold it", name(leaf), place(trust)),
            )
            .hint(format!(
                "Check its SHA-256 with whoever runs the server, then save it and use it as sslrootcert:\n    {}",
                HEXLOWER.encode(&leaf.sha256_fingerprint())
            )),
            _ if trust.listed().iter().any(|listed| listed.der == leaf.der) => finding(
                Code::UnknownIssuer,
                format!("{} holds the server's own certificate, not that of its issuer", place(trust)),
            )
            .hint(format!("sslrootcert must hold the root above \"{}\".", issuer(leaf))),
            _ if same_name(trust, top) => finding(
                Code::UnknownIssuer,
                format!(
                    "{} holds a \"{}\", but with another key than the one that signed \"{}\"",
                    place(trust),
                    issuer(top),
                    name(top)
                ),
            )
            .hint(self.other_key(top)),
            FaultKind::SelfSignedCertInChain => finding(
                Code::UnknownIssuer,
                format!("the chain ends at the root \"{}\", which {} does not hold", name(top), place(trust)),
            )
            .hint(self.wrong_roots()),
            _ if !top.ca_issuers.is_empty() => finding(
                Code::MissingIntermediate,
                format!("the server does not send \"{}\", the issuer of \"{}\"", issuer(top), name(top)),
            )
            .hint(format!(
                "On the server, put the intermediate behind the certificate and reload (the CA serves it at {}):\n    cat server.pem intermediate.pem > server.crt",
                top.ca_issuers.first().map(|url| escape(url).to_string()).unwrap_or_default()
            )),
            _ => finding(
                Code::UnknownIssuer,
                format!("\"{}\", the issuer of \"{}\", is neither sent by the server nor held by {}", issuer(top), name(top), place(trust)),
            )
            .hint(self.wrong_roots()),
        }
    }

    fn wrong_roots(&self) -> String {
        let trust = self.context.trust;
        let mut advice = Vec::new();
        advice.push(match self.context.host.and_then(Provider::of_host) {
            Some(provider) => format!("The host is {}'s. {}", provider.name, provider.roots),
            None => "Get the root certificate from whoever runs the server, and name it with sslrootcert=FILE.".to_owned(),
        });
        if let Some(top) = self
            .judgement
            .path_certificates()
            .last()
            .filter(|top| is_gateway(top))
        {
            advice.push(format!(
                "\"{}\" looks like a gateway that inspects TLS on the way: let it leave PostgreSQL alone.",
                issuer(top)
            ));
        }
        let listed = trust.listed();
        let subjects: Vec<String> = listed
            .iter()
            .take(5)
            .map(|c| format!("\"{}\"", name(c)))
            .collect();
        let more = listed.len().saturating_sub(subjects.len());
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        if !subjects.is_empty() {
            advice.push(format!("This file holds {}{more}.", subjects.join(", ")));
        } else if trust.source == Source::System && trust.system_is_empty() {
            advice.push(
                "The trust store of this machine is empty. Install the package ca-certificates, or point SSL_CERT_FILE to a bundle."
                    .to_owned(),
            );
        }
        advice.join("\n")
    }
}

fn same_name(trust: &Trust, certificate: &Certificate) -> bool {
    !trust.by_subject(&certificate.issuer).is_empty()
}

/// What the trust is called in a sentence.
fn place(trust: &Trust) -> String {
    match &trust.source {
        Source::SslRootCert { path, .. } | Source::Option { path } | Source::Home { path } => {
            format!("\"{}\"", escape(path.as_os_str().as_encoded_bytes()))
        }
        Source::System => "the trust store of this machine".to_owned(),
        Source::Bundled => "pgtls' own set of roots".to_owned(),
        Source::Mozilla => "Mozilla's list of roots".to_owned(),
        Source::Fallback => "pgtls' own trust (no sslrootcert is given)".to_owned(),
    }
}

fn name(certificate: &Certificate) -> String {
    escape(&certificate.subject.text).to_string()
}

fn issuer(certificate: &Certificate) -> String {
    escape(&certificate.issuer.text).to_string()
}

/// Does the issuer's name say that it inspects other people's TLS?
fn is_gateway(certificate: &Certificate) -> bool {
    let issuer = certificate.issuer.text.to_ascii_lowercase();
    GATEWAYS.iter().any(|gateway| issuer.contains(gateway))
}

/// Certificates of a root file that are named before "and N more".
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

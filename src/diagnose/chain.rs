//! Why a chain or a name is refused: libpq says three words, the certificates say the rest.

use super::calendar::{day, moment, span};
use super::no_anchor::{self, other_key};
use super::{Code, Context, Finding, Stage};
use crate::escape::escape;
use crate::verify::{Fault, FaultKind, Judgement, Step};
use crate::x509::Certificate;

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
        | FaultKind::UnableToGetIssuerCert => no_anchor::explain(context, judgement, &fault.kind),
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
                span(self.context.rules.now.saturating_sub(end)),
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
                "{} is not valid before {}, {} from now: this machine says that it is {}",
                self.who(),
                moment(start),
                span(start.saturating_sub(now)),
                moment(now)
            ),
            None => format!("{} has a start of validity that cannot be read", self.who()),
        };
        Finding::error(Code::NotYetValid, Stage::Verify, message)
            .hint(if start.is_some_and(|start| start.saturating_sub(now) < A_DAY) {
                "It begins so soon that a wrong clock is likely, here or where it was issued: compare the clocks (NTP)."
            } else {
                "If the clock of this machine is wrong, set it (NTP); else wait, or reissue the certificate."
            })
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
            Some(certificate) => finding.hint(other_key(self.context.trust, certificate)),
            None => finding,
        }
    }
}

pub(super) fn name(certificate: &Certificate) -> String {
    escape(&certificate.subject.text).to_string()
}

pub(super) fn issuer(certificate: &Certificate) -> String {
    escape(&certificate.issuer.text).to_string()
}

/// In seconds.
const A_DAY: i64 = 86_400;

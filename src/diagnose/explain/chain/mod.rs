//! Why a chain or a name is refused. libpq's message is short; the certificates show the details.

mod crl;

use super::no_anchor::{self, End, other_key, other_key_sent};
use crate::diagnose::calendar::{ended, moment, not_begun};
use crate::diagnose::{Code, Context, Finding, Fix, Hint, Stage};
use crate::escape::{Shown, escape};
use crate::probe::Moment;
use crate::verify::{
    Fault, FaultKind, Judgement, NameConstraintRule, Place, Step, Violation, violation,
};
use crate::x509::{Certificate, KeyKind, SignatureScheme};

/// The finding for OpenSSL's verdict on a chain.
pub(in crate::diagnose) fn explain(
    context: &Context<'_>,
    judgement: &Judgement,
    fault: &Fault,
) -> Finding {
    let case = Case {
        context,
        judgement,
        fault,
    };
    let finding = |detail: &str, hint: &str| {
        let message = format!("{}{detail}", fault.kind.sentence(&case.who()));
        case.finding(message).hint(hint)
    };
    match &fault.kind {
        FaultKind::UnableToGetIssuerCertLocally | FaultKind::UnableToVerifyLeafSignature => {
            no_anchor::explain(context, judgement, End::UnknownIssuer)
        }
        FaultKind::SelfSignedCertInChain => {
            no_anchor::explain(context, judgement, End::UnknownRoot)
        }
        FaultKind::DepthZeroSelfSignedCert => {
            no_anchor::explain(context, judgement, End::SelfSignedLeaf)
        }
        FaultKind::UnableToGetIssuerCert => {
            no_anchor::explain(context, judgement, End::HeldIntermediate)
        }
        FaultKind::CertHasExpired | FaultKind::ErrorInCertNotAfter => case.expired(),
        FaultKind::CertNotYetValid | FaultKind::ErrorInCertNotBefore => case.not_yet_valid(),
        FaultKind::CertSignatureFailure => case.wrong_key(),
        FaultKind::InvalidCa
        | FaultKind::KeyUsageNoCertSign
        | FaultKind::InvalidNonCa
        | FaultKind::UnableToDecodeIssuerPublicKey => finding(
            "",
            "Reissue it with basicConstraints=critical,CA:TRUE and keyUsage=keyCertSign,cRLSign.",
        ),
        FaultKind::InvalidPurpose => {
            let typed = |one: &Certificate| one.netscape_cert_type.is_some();
            let also = match case.certificate().is_some_and(typed) {
                true => " Leave out nsCertType, which older templates add.",
                false => "",
            };
            let reissue = match case.place() {
                Place::Leaf => "Reissue it with extendedKeyUsage=serverAuth and keyUsage=digitalSignature.",
                Place::Intermediate | Place::Root => {
                    "Reissue it with keyUsage=keyCertSign,cRLSign and without extendedKeyUsage, or with serverAuth in it."
                }
            };
            finding("", &format!("{reissue}{also}"))
        }
        FaultKind::CertRejected => finding(
            "",
            "Ask who made the file why it does so, or use another root. Only if the mark is a mistake, save the certificate without it: openssl x509 -in FILE -out root.pem",
        ),
        FaultKind::CertChainTooLong => finding("", "Issue the certificate from a CA higher up."),
        FaultKind::PathLengthExceeded => finding(
            "",
            "Issue the certificate from a CA higher up, or reissue the CA with a larger pathlen.",
        ),
        FaultKind::UnhandledCriticalExtension => finding(
            &format!(": {}", case.critical()),
            "Reissue it without that extension, or without marking it critical.",
        ),
        FaultKind::EeKeyTooSmall | FaultKind::CaKeyTooSmall if case.has_unusable_key() => case
            .finding(format!("{} has a key that OpenSSL cannot use: {}", case.who(), case.key()))
            .hint("Reissue it with an ECDSA or RSA key."),
        FaultKind::EeKeyTooSmall | FaultKind::CaKeyTooSmall => finding(
            &format!(": {}", case.key()),
            "Reissue it with a key of at least RSA 2048 or ECDSA P-256.",
        ),
        FaultKind::CaMdTooWeak => case
            .finding(format!("{} is signed with {}, which is broken", case.who(), case.signature()))
            .hint("Reissue it with SHA-256."),
        FaultKind::EcKeyExplicitParams => finding(
            "",
            "Reissue it with a key on a named curve: openssl ecparam -name prime256v1 -genkey",
        ),
        FaultKind::UnsupportedAlgorithm { .. } if case.is_signed_with_slh_dsa() => case
            .finding(format!("{} is signed with {}, which pgtls cannot check", case.who(), case.signature()))
            .hint("psql with OpenSSL 3.0 to 3.4 refuses it, with 3.5 and newer it may accept it. pgtls does not pass what it cannot check. Reissue it with ECDSA or RSA, and SHA-256."),
        FaultKind::UnsupportedAlgorithm { oid } => case
            .finding(format!("{} uses {oid} ({}), which pgtls cannot check", case.who(), case.signature()))
            .hint("psql may still connect. pgtls does not pass what it cannot check. Reissue it with ECDSA or RSA, and SHA-256."),
        FaultKind::GivenUp => finding("", "Fix the other errors first, and send only the certificates that are needed."),
        FaultKind::CertRevoked => case.revoked(),
        FaultKind::UnableToGetCrl
        | FaultKind::UnableToGetCrlIssuer
        | FaultKind::InvalidExtension => case.no_crl(),
        FaultKind::DifferentCrlScope => {
            case.unusable_crl("Put the CRL that covers it beside this one.")
        }
        FaultKind::KeyUsageNoCrlSign => case.unusable_crl(
            "Reissue the CA with keyUsage=keyCertSign,cRLSign. Until then libpq accepts no CRL of it.",
        ),
        FaultKind::CrlSignatureFailure | FaultKind::UnhandledCriticalCrlExtension => {
            case.unusable_crl("Get another CRL from the CA.")
        }
        FaultKind::CrlNotYetValid => {
            case.unusable_crl("Compare the clocks, here and at the CA (NTP), or wait until it begins.")
        }
        FaultKind::CrlHasExpired
        | FaultKind::ErrorInCrlLastUpdate
        | FaultKind::ErrorInCrlNextUpdate => case.stale_crl(),
        FaultKind::PermittedViolation | FaultKind::ExcludedViolation => case.outside(),
        FaultKind::SubtreeMinMax => finding(
            "",
            "Reissue that CA without it, or issue the certificate from another CA.",
        ),
        FaultKind::UnsupportedConstraintType
        | FaultKind::UnsupportedNameSyntax
        | FaultKind::Unspecified => finding(
            "",
            "Issue the certificate with the names of its hosts alone, or from a CA with other name constraints.",
        ),
        FaultKind::UndecodableKey => finding("", "Reissue it with an ECDSA or RSA key."),
        FaultKind::ProxyCertificatesNotAllowed | FaultKind::KeyUsageNoDigitalSignature => {
            finding("", "Issue an ordinary server certificate.")
        }
        FaultKind::NoCertificate => finding("", "Set ssl_cert_file on the server."),
    }
}

/// The code of a fault, without a look at the certificates.
pub(in crate::diagnose) fn code(kind: &FaultKind, place: Place) -> Code {
    match kind {
        FaultKind::UnableToGetIssuerCertLocally
        | FaultKind::UnableToVerifyLeafSignature
        | FaultKind::SelfSignedCertInChain
        | FaultKind::UnableToGetIssuerCert
        | FaultKind::CertSignatureFailure => Code::UnknownIssuer,
        FaultKind::DepthZeroSelfSignedCert => Code::SelfSigned,
        FaultKind::CertHasExpired | FaultKind::ErrorInCertNotAfter => match place {
            Place::Leaf => Code::Expired,
            Place::Intermediate => Code::IntermediateExpired,
            Place::Root => Code::RootExpired,
        },
        FaultKind::CertNotYetValid | FaultKind::ErrorInCertNotBefore => Code::NotYetValid,
        FaultKind::InvalidCa
        | FaultKind::KeyUsageNoCertSign
        | FaultKind::InvalidNonCa
        | FaultKind::UnableToDecodeIssuerPublicKey => Code::NotACa,
        FaultKind::InvalidPurpose
        | FaultKind::CertRejected
        | FaultKind::ProxyCertificatesNotAllowed
        | FaultKind::KeyUsageNoDigitalSignature => Code::WrongPurpose,
        FaultKind::PathLengthExceeded | FaultKind::CertChainTooLong => Code::PathLength,
        FaultKind::UnhandledCriticalExtension => Code::UnknownCriticalExtension,
        FaultKind::EeKeyTooSmall
        | FaultKind::CaKeyTooSmall
        | FaultKind::EcKeyExplicitParams
        | FaultKind::UndecodableKey => Code::WeakKey,
        FaultKind::CaMdTooWeak => Code::WeakSignature,
        FaultKind::UnsupportedAlgorithm { .. } | FaultKind::GivenUp => Code::UnsupportedAlgorithm,
        FaultKind::CertRevoked => Code::Revoked,
        FaultKind::UnableToGetCrl
        | FaultKind::UnableToGetCrlIssuer
        | FaultKind::DifferentCrlScope
        | FaultKind::KeyUsageNoCrlSign
        | FaultKind::CrlSignatureFailure
        | FaultKind::UnhandledCriticalCrlExtension
        | FaultKind::InvalidExtension => Code::CrlMissing,
        FaultKind::CrlHasExpired
        | FaultKind::CrlNotYetValid
        | FaultKind::ErrorInCrlLastUpdate
        | FaultKind::ErrorInCrlNextUpdate => Code::CrlExpired,
        FaultKind::PermittedViolation
        | FaultKind::ExcludedViolation
        | FaultKind::SubtreeMinMax
        | FaultKind::UnsupportedConstraintType
        | FaultKind::UnsupportedNameSyntax
        | FaultKind::Unspecified => Code::NameConstraint,
        FaultKind::NoCertificate => Code::TlsFailure,
    }
}

/// The finding for a server's key that no handshake with the strictest OpenSSL can use. The caller says how to replace it.
pub(in crate::diagnose) fn not_for_tls(certificate: &Certificate) -> Finding {
    let message = format!(
        "psql with OpenSSL 3.0 cannot connect to a server with the key {}: by default it accepts such a key in no version of TLS",
        certificate.key_description()
    );
    Finding::error(Code::NoCommonCipher, Stage::Handshake, message)
}

struct Case<'a> {
    context: &'a Context<'a>,
    judgement: &'a Judgement,
    fault: &'a Fault,
}

impl Case<'_> {
    fn finding(&self, message: impl Into<Shown>) -> Finding {
        let code = code(&self.fault.kind, self.place());
        Finding::error(code, Stage::Verify, message)
    }

    fn place(&self) -> Place {
        self.judgement.place(self.fault)
    }

    fn certificate(&self) -> Option<&Certificate> {
        self.judgement.on_path(self.fault.depth)
    }

    /// "the server certificate \"CN = db\"".
    fn who(&self) -> String {
        let role = self.place().name();
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

    fn has_unusable_key(&self) -> bool {
        let kind = self.certificate().map(|c| &c.public_key.kind);
        matches!(kind, Some(KeyKind::Unusable(_)))
    }

    fn is_signed_with_slh_dsa(&self) -> bool {
        let scheme = self.certificate().map(|c| &c.signature_algorithm.scheme);
        matches!(scheme, Some(SignatureScheme::SlhDsa(_)))
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
        let end = self
            .certificate()
            .and_then(|certificate| certificate.not_after);
        let message = match end {
            Some(end) => format!(
                "{} {}",
                self.who(),
                ended(end, self.context.rules.now, self.context.moment)
            ),
            None => FaultKind::ErrorInCertNotAfter.sentence(&self.who()),
        };
        let hint = match self.place() {
            Place::Leaf => {
                Hint::say("Renew it, put it into ssl_cert_file (PgBouncer: client_tls_cert_file) and reload the server:")
                    .fix(Fix::command("SELECT pg_reload_conf();"))
            }
            Place::Root => {
                Hint::say("Get the current root from the operator of the server, and set sslrootcert to it.")
                    .without_root()
            }
            Place::Intermediate => self.held().map(Hint::say).unwrap_or_default().then(
                "In ssl_cert_file (PgBouncer: client_tls_cert_file), put the CA's current intermediate after the server certificate, and reload. If the CA has a new key, the server certificate must be issued again as well.",
            ),
        };
        self.finding(message).hint(hint)
    }

    /// Where the certificate is, if the client has it: OpenSSL takes an issuer from there first.
    fn held(&self) -> Option<String> {
        let Some(Step::Anchor(anchor)) = self.judgement.path.path.get(self.fault.depth) else {
            return None;
        };
        let trust = self.context.trust;
        let place = match &trust.crl_source {
            Some(source) if !trust.is_root(&anchor.certificate) => {
                format!("with the CRLs ({source})")
            }
            Some(_) | None => format!("in {}", no_anchor::place(trust)),
        };
        Some(format!(
            "It is {place}, which libpq prefers to what the server sends. Remove it there."
        ))
    }

    fn not_yet_valid(&self) -> Finding {
        let now = self.context.rules.now;
        let start = self
            .certificate()
            .and_then(|certificate| certificate.not_before);
        let message = match start {
            Some(start) => {
                let begins = not_begun(start, now, self.context.moment);
                match self.context.moment {
                    Moment::Present => format!(
                        "{} {begins}: the clock of this machine says {}",
                        self.who(),
                        moment(now)
                    ),
                    Moment::Chosen => format!("{} {begins}", self.who()),
                }
            }
            None => FaultKind::ErrorInCertNotBefore.sentence(&self.who()),
        };
        let end = self
            .certificate()
            .and_then(|certificate| certificate.not_after);
        let is_never = start.zip(end).is_some_and(|(start, end)| end < start);
        let is_near = start.is_some_and(|start| start.saturating_sub(now) < A_DAY);
        self.finding(message).hint(match self.context.moment {
            _ if is_never => "It ends before it begins, so it never becomes valid. Reissue it.",
            Moment::Chosen => "Choose a later time, or reissue the certificate.",
            Moment::Present if is_near => "It becomes valid so soon that a wrong clock is likely, here or where it was issued. Compare the clocks (NTP).",
            Moment::Present => "If the clock of this machine is wrong, set it (NTP). Otherwise wait, or reissue the certificate.",
        })
    }

    /// Which name is outside, whose constraint it breaks, and what that one allows.
    fn outside(&self) -> Finding {
        let path: Vec<&Certificate> = self.judgement.path_certificates().collect();
        let Some(Violation {
            name,
            authority,
            rule,
        }) = violation(&path, self.fault.depth)
        else {
            return self
                .finding(self.fault.kind.sentence(&self.who()))
                .hint(WITHIN_CONSTRAINTS);
        };
        let issuer = self
            .judgement
            .on_path(authority)
            .map(self::name)
            .unwrap_or_default();
        let quoted = |text: &String| format!("\"{}\"", escape(text));
        let (verb, list) = match &rule {
            NameConstraintRule::Permitted(allowed) => (
                "permits only",
                allowed
                    .iter()
                    .take(SHOWN)
                    .map(quoted)
                    .collect::<Vec<_>>()
                    .join(" and "),
            ),
            NameConstraintRule::Excluded(excluded) => ("excludes", quoted(excluded)),
        };
        let message = format!(
            "{} has the name \"{}\", but the CA \"{issuer}\" above it {verb} {list} (name constraints)",
            self.who(),
            escape(&name),
        );
        self.finding(message).hint(format!(
            "Have the certificate issued without the name \"{}\", or by a CA that allows it.",
            escape(&name)
        ))
    }

    /// An issuer with the right name whose key did not make the signature.
    fn wrong_key(&self) -> Finding {
        if let Some(certificate) = self.certificate()
            && certificate.signature_algorithm.der != certificate.tbs_signature_algorithm.der
        {
            // `X509_verify` looks no further.
            let message = format!("{} names two signature algorithms that differ", self.who());
            return self.finding(message).hint("It is damaged. Reissue it.");
        }
        let message = format!(
            "{} was not signed by the key of \"{}\", which it names as its issuer",
            self.who(),
            self.certificate().map(issuer).unwrap_or_default()
        );
        let finding = self.finding(message);
        let issuer = self.fault.depth.saturating_add(1);
        match (self.certificate(), self.judgement.path.path.get(issuer)) {
            (Some(certificate), Some(Step::Presented(_))) => {
                finding.hint(match self.judgement.on_path(issuer) {
                    Some(sent) => other_key_sent(certificate, sent),
                    None => Hint::default(),
                })
            }
            (Some(certificate), Some(Step::Anchor(_)) | None) => {
                finding.hint(other_key(self.context.trust, certificate))
            }
            (None, _) => finding,
        }
    }
}
const WITHIN_CONSTRAINTS: &str =
    "Issue the certificate from a CA whose name constraints allow that name.";

/// How many names of a list are shown.
const SHOWN: usize = 10;

pub(in crate::diagnose) fn name(certificate: &Certificate) -> String {
    escape(&certificate.subject.text).to_string()
}

pub(in crate::diagnose) fn issuer(certificate: &Certificate) -> String {
    escape(&certificate.issuer.text).to_string()
}

/// In seconds.
const A_DAY: i64 = 86_400;

//! Where versions of OpenSSL differ, and the refusing one decides.

use super::{Code, Context, Finding, Stage, info};
use crate::trust::Level;
use crate::verify::{Dissent, Judgement, OldOpenSsl, old_openssl};
use crate::x509::Certificate;

/// What OpenSSL 1.1.1, for which pgtls does not answer, would say instead.
pub(in crate::diagnose) fn openssl_1_1_1_differs(
    context: &Context<'_>,
    judgement: &Judgement,
) -> Option<Finding> {
    let named = match (context.level, &judgement.name) {
        (Level::Encryption, _) => return None,
        (Level::Chain, _) | (Level::ChainAndName, Some(Ok(_))) => true,
        (Level::ChainAndName, Some(Err(_)) | None) => false,
    };
    if !named || judgement.unparsable.is_some() {
        return None;
    }
    let path: Vec<&Certificate> = judgement.path_certificates().collect();
    let message = match old_openssl(&path, &judgement.path.faults)? {
        OldOpenSsl::Accepts(weakness) => format!(
            "psql with OpenSSL 1.1.1 accepts this chain at its own security level 1, which allows {weakness}"
        ),
        OldOpenSsl::Refuses(reason) => {
            format!("psql with OpenSSL 1.1.1 refuses this chain: {reason}")
        }
    };
    Some(info(Code::OldOpensslDiffers, Stage::Verify, message))
}

/// Which versions refuse the chain, and which accept it.
pub(in crate::diagnose) fn versions_differ(judgement: &Judgement) -> Option<Finding> {
    let (message, hint) = match judgement.path.dissent? {
        Dissent::DeltaCrl => (
            "psql refuses because of a delta CRL with OpenSSL up to 3.0.20 and 3.5.7; with 3.0.22 and 3.5.8 it ignores delta CRLs and accepts the chain",
            COMPLETE_CRLS,
        ),
        Dissent::DeltaCrlIgnored => (
            "psql refuses with OpenSSL 3.0.22 and 3.5.8, which ignore delta CRLs; with OpenSSL up to 3.0.20 and 3.5.7 it uses the delta CRL and accepts the chain",
            COMPLETE_CRLS,
        ),
        Dissent::EmptyCrlScope => (
            "psql refuses with OpenSSL 3.5, which does not use a CRL whose issuingDistributionPoint has no content; with 3.0 it accepts the chain",
            NO_EMPTY_SCOPE,
        ),
        Dissent::EmptyCrlScopeUsed => (
            "psql refuses with OpenSSL 3.0, which uses a CRL whose issuingDistributionPoint has no content; with 3.5 it does not use it and accepts the chain",
            NO_EMPTY_SCOPE,
        ),
        Dissent::CrlAlgorithms => (
            "psql refuses with OpenSSL 3.0.22 and 3.5.8 because a CRL names two signature algorithms; with 3.0.19 and 3.5.4 it accepts the chain",
            ONE_ALGORITHM,
        ),
        Dissent::CrlAlgorithmsUsed => (
            "psql refuses with OpenSSL up to 3.0.19 and 3.5.4, which use a CRL that names two signature algorithms; with 3.0.22 and 3.5.8 it accepts the chain",
            ONE_ALGORITHM,
        ),
        Dissent::ParsedUri => (
            "psql refuses with OpenSSL 3.5, which reads the host of a URI in the certificate as a URL parser does; with 3.4 and older it finds another host and accepts the chain",
            URI_HINT,
        ),
        Dissent::SeparatedUri => (
            "psql refuses with OpenSSL 3.4 and older, which read the host of a URI in the certificate up to the next colon or slash; with 3.5 it finds another host and accepts the chain",
            URI_HINT,
        ),
        Dissent::UriOfReleases => (
            "psql refuses with some versions of OpenSSL and accepts the chain with others: 3.4, 3.5.4 and 3.5.9 read the host of a URI in the certificate in three ways",
            URI_HINT,
        ),
    };
    Some(info(Code::OpensslVersionsDiffer, Stage::Verify, message).hint(hint))
}

const COMPLETE_CRLS: &str = "Put only complete CRLs into sslcrl and sslcrldir.";
const NO_EMPTY_SCOPE: &str = "Have the CRL issued without that extension.";
const ONE_ALGORITHM: &str =
    "Have the CRL issued again. Its two fields signatureAlgorithm must be the same.";
const URI_HINT: &str =
    "Have the certificate issued with URIs that have only a scheme, a host and a path.";

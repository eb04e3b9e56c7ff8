//! A request that leaves nothing to check.

use super::corrected;
use crate::conninfo::{ConnInfo, Endpoint, GssEncMode, Keyword, Route, SslMode, shown_path};
use crate::diagnose::{Code, Diagnosis, Finding, Hint, Stage};
use crate::trust::{Identity, Level, Trust};
use crate::verify::{Oldest, OpenSsl};
use crate::x509::Certificate;

/// Finds a request that leaves nothing to check; `None` if the check can start.
///
/// Among them is a client certificate that only OpenSSL 3.5 and newer can load: libpq loads it before it
/// connects.
pub fn unchecked(
    conninfo: &ConnInfo,
    endpoint: &Endpoint,
    trust: &Trust,
    oldest: Oldest,
) -> Option<Diagnosis> {
    if endpoint.route() == Route::Socket {
        // The connection step reports it, in any mode.
        return None;
    }
    let finding = if conninfo.sslmode.value == SslMode::Disable {
        Finding::error(
            Code::WeakSslmode,
            Stage::Conninfo,
            format!(
                "sslmode=disable (from {}) turns TLS off: there is nothing to check",
                conninfo.sslmode.origin
            ),
        )
        .hint(
            Hint::say("Require TLS:")
                .fix(corrected(conninfo, &[(Keyword::SslMode, b"verify-full")])),
        )
    } else if conninfo.gssencmode.value == GssEncMode::Require {
        Finding::error(
            Code::WeakSslmode,
            Stage::Conninfo,
            format!(
                "gssencmode=require (from {}) uses GSSAPI encryption instead of TLS: there is nothing to check",
                conninfo.gssencmode.origin
            ),
        )
        .hint(Hint::say("Require TLS:").fix(corrected(conninfo, &[(Keyword::GssEncMode, b"disable")])))
    } else if trust.level == Level::ChainAndName && endpoint.host.is_none() {
        no_host_name()
    } else if let (OpenSsl::V3_0, Some((identity, algorithm))) =
        (oldest.openssl, post_quantum(trust))
    {
        Finding::error(
            Code::OpensslVersionsDiffer,
            Stage::Trust,
            format!(
                "psql with OpenSSL 3.0 to 3.4 cannot load the client certificate \"{}\": it has an {algorithm} key, which OpenSSL knows from 3.5 on",
                shown_path(&identity.certificate_path)
            ),
        )
        .hint("If no client has an older OpenSSL, add --min-openssl 3.5. Otherwise use an ECDSA or RSA key.")
    } else {
        return None;
    };
    Some(Diagnosis::failed(finding))
}

/// The client's certificate, if its key is a post-quantum one.
fn post_quantum(trust: &Trust) -> Option<(&Identity, &'static str)> {
    let identity = trust.identity.as_ref()?;
    let certificate = Certificate::parse(identity.chain.first()?).ok()?;
    Some((identity, certificate.public_key.post_quantum()?))
}

/// verify-full without a name to verify.
pub(in crate::diagnose) fn no_host_name() -> Finding {
    Finding::error(
        Code::BadConninfo,
        Stage::Conninfo,
        "host name must be specified for a verified SSL connection",
    )
    .hint(
        Hint::say("hostaddr is the address to connect to. host is the name to verify. Set both:")
            .show("host=NAME hostaddr=ADDRESS"),
    )
}

//! A request that leaves nothing to check.

use super::corrected;
use crate::conninfo::{ConnInfo, Endpoint, GssEncMode, Keyword, Route, SslMode};
use crate::diagnose::{Code, Diagnosis, Finding, Fix, Hint, Stage};
use crate::trust::{Level, Trust};

/// Finds a request that leaves nothing to check; `None` if the check can start.
pub fn unchecked(conninfo: &ConnInfo, endpoint: &Endpoint, trust: &Trust) -> Option<Diagnosis> {
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
    } else {
        return None;
    };
    Some(Diagnosis::failed(finding))
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
            .fix(Fix::string("host=NAME hostaddr=ADDRESS")),
    )
}

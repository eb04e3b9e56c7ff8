//! What a ClientHello offers. rustls reads it, but does not reveal the versions. Pure.

use rustls::server::ClientHello;

use super::observation::Hello;
use crate::escape::escape;
use crate::wire::tls::hello::offered_versions;
use crate::wire::tls::version::name;

/// What rustls reports, and the versions from the records of the hello.
pub(super) fn describe(hello: &ClientHello<'_>, records: &[u8]) -> Hello {
    let alpn = hello.alpn().into_iter().flatten();
    let versions = offered_versions(records).into_iter();
    let groups = hello.named_groups().unwrap_or_default().iter();
    Hello {
        sni: hello.server_name().map(|name| escape(name).to_string()),
        alpn: alpn.map(|name| escape(name).to_string()).collect(),
        versions: versions.filter_map(name).map(str::to_owned).collect(),
        // Unknown ones are GREASE (RFC 8701).
        groups: groups
            .filter_map(|group| group.as_str())
            .map(str::to_owned)
            .collect(),
        cipher_suites: hello.cipher_suites().len(),
    }
}

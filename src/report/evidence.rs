//! What was observed at an endpoint, as the report has it.

use serde::{Deserialize, Serialize};

use super::{
    ChannelBindingType, ClientCertificateUse, LoginMethod, NameRule, RequestSignature, Role,
    TrustSource, Verdict,
};
use crate::clients::{Acceptance, Basis, Client, Outcome};
use crate::conninfo::TlsVersion;
use crate::diagnose::Code;
use crate::escape::Shown;
use crate::exit::Exit;
use crate::words::Named;

/// What was negotiated.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TlsReport {
    /// As psql prints it: `TLSv1.3`.
    pub protocol: Option<Named<TlsVersion>>,
    /// OpenSSL's name of the suite.
    pub cipher: Option<Shown>,
    /// IANA's name of the suite.
    pub cipher_iana: Option<Shown>,
    /// Secret bits of the key.
    pub bits: Option<u16>,
    /// The key exchange group.
    pub group: Option<Shown>,
    /// Whether that group resists quantum computers, too.
    pub post_quantum: Option<bool>,
    /// The application protocol that the server chose.
    pub alpn: Option<Shown>,
    /// The server name that was sent.
    pub sni: Option<Shown>,
    /// Whether the server asked for another key share, which costs a round trip.
    pub hello_retry_request: bool,
    /// What happened to the client certificate.
    pub client_certificate: Named<ClientCertificateUse>,
}

/// One certificate.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CertificateReport {
    /// Its subject.
    pub subject: Shown,
    /// Who signed it.
    pub issuer: Shown,
    /// Its subject alternative names.
    pub names: Vec<Shown>,
    /// Serial number, in hexadecimal.
    pub serial: Shown,
    /// RFC 3339.
    pub not_before: Shown,
    /// RFC 3339.
    pub not_after: Shown,
    /// Whole days until `not_after`; negative after it.
    pub days_left: i64,
    /// `RSA 2048`, `ECDSA P-256`.
    pub key: Shown,
    /// OpenSSL's name.
    pub signature_algorithm: Shown,
    /// X.509 version.
    pub version: u8,
    /// Lower-case hexadecimal.
    pub sha256_fingerprint: Shown,
    /// SHA-256 of the public key, lower-case hexadecimal.
    pub spki_sha256: Shown,
    /// Its role in the path.
    pub role: Named<Role>,
}

/// The client's own certificate, by which the server knows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ClientCertificateReport {
    /// The file with it.
    pub file: Shown,
    /// The certificate.
    #[serde(flatten)]
    pub certificate: CertificateReport,
    /// What its extendedKeyUsage allows, by OpenSSL's names; empty if it does not restrict the purpose.
    pub purposes: Vec<Shown>,
    /// The intermediates of the same file, in the order of the path.
    pub chain: Vec<CertificateReport>,
    /// Whether the server asked for it and got it: then it counts for `--valid-for` and for the days left.
    pub sent: bool,
}

/// Where trust comes from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TrustReport {
    /// Which roots.
    pub source: Named<TrustSource>,
    /// The file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<Shown>,
    /// What decided about the roots, if it is not the string: a service, an environment variable, an option or the
    /// configuration file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Shown>,
    /// The CRL file or directory in force, named or in its default place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crl: Option<Shown>,
    /// The anchor that the path ends at; `null` if it reaches none.
    pub anchor: Option<Shown>,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anchor_not_after: Option<Shown>,
}

/// A request for a certificate: what it asks for. Nothing of it is verified but its own signature.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CertificateRequestReport {
    /// The subject that it asks for.
    pub subject: Shown,
    /// The subject alternative names that it asks for.
    pub names: Vec<Shown>,
    /// `RSA 2048`, `ECDSA P-256`.
    pub key: Shown,
    /// The highest security level of OpenSSL that accepts the key; `null` if it is below 2 or not known.
    pub security_level: Option<u8>,
    /// OpenSSL's name of the algorithm of its own signature.
    pub signature_algorithm: Shown,
    /// Whether its key made that signature.
    pub signature: Named<RequestSignature>,
    /// SHA-256 of the public key, lower-case hexadecimal.
    pub spki_sha256: Shown,
    /// What the CA decides, and so is not known.
    pub left_to_the_ca: Vec<Shown>,
}

/// Whether the leaf names the host.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NameMatchReport {
    /// The name that matched.
    pub matched: Option<Shown>,
    /// The leaf's names.
    pub names: Vec<Shown>,
    /// How it matched; `null` if nothing did.
    pub rule: Option<Named<NameRule>>,
}

/// The rehearsal of a CA rotation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RotationReport {
    /// The file of new roots.
    pub file: Shown,
    /// With what is trusted today.
    pub today: RehearsalReport,
    /// With the new file alone.
    pub alone: RehearsalReport,
    /// With both together.
    pub both: RehearsalReport,
}

/// The verdict with one set of roots.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RehearsalReport {
    /// Whether the server would pass.
    pub verdict: Verdict,
    /// The exit code of this set of roots.
    pub exit_code: Exit,
    /// The stable code of the obstacle; `null` if there is none.
    pub code: Option<Named<Code>>,
}

/// A login, as far as it got.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LoginReport {
    /// Who logged in.
    pub user: Shown,
    /// To which database.
    pub database: Shown,
    /// Whether the server granted it.
    pub succeeded: bool,
    /// The SQLSTATE of the server's error, five characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sqlstate: Option<Shown>,
    /// What the server requested, as in `require_auth` (`none` if it requested nothing), or `other`;
    /// `null` if it did not get that far.
    pub method: Option<Named<LoginMethod>>,
    /// `tls-server-end-point`, if SCRAM was bound to the TLS channel; else `null`.
    pub channel_binding: Option<Named<ChannelBindingType>>,
    /// As the server reports it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_version: Option<Shown>,
    /// The server's own view of the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pg_stat_ssl: Option<ServerSessionReport>,
    /// Whether the server's session is the one on the connection of the login. `true` if the login is
    /// bound to it, or if the server's process and its client's port are those of the connection;
    /// `false` if anything differs; `null` if neither is known.
    pub same_session: Option<bool>,
    /// The pooler that answered, if it says so itself: `PgBouncer 1.25.0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pooler: Option<Shown>,
    /// How long it took, in milliseconds, including its own connection.
    pub took_ms: f64,
}

/// A row of `pg_stat_ssl`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ServerSessionReport {
    /// Whether the server's session has TLS.
    pub ssl: bool,
    /// `TLSv1.3`
    pub version: Option<Shown>,
    /// The suite.
    pub cipher: Option<Shown>,
    /// Secret bits of the key.
    pub bits: Option<Shown>,
    /// The subject of the client certificate.
    pub client_dn: Option<Shown>,
}

/// What one client library would do with this string and this server.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ClientReport {
    /// Its name.
    pub client: Named<Client>,
    /// What it does with this string.
    pub outcome: Named<Outcome>,
    /// Whether its verification, given the same roots and host name, would accept this server.
    pub certificate: Named<Acceptance>,
    /// The stable code of the obstacle; `null` if there is none.
    pub code: Option<Named<Code>>,
    /// Why.
    pub reason: Shown,
    /// How we know.
    pub basis: Named<Basis>,
}

/// Milliseconds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TimingsReport {
    /// Name resolution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolve: Option<f64>,
    /// TCP connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect: Option<f64>,
    /// SSLRequest and its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssl_request: Option<f64>,
    /// TLS handshake.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handshake: Option<f64>,
    /// Everything.
    pub total: f64,
}

//! What a client did on one connection, as the server saw it.

use serde::Serialize;

/// One connection, from its first byte to its last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Observation {
    /// Counted from 1 for each endpoint.
    pub connection: u64,
    /// What the client sent first.
    pub opening: Opening,
    /// Whether it asked for GSSAPI encryption before anything else.
    pub gssenc_request: bool,
    /// Its ClientHello, if there was one.
    pub hello: Option<Hello>,
    /// The result of the handshake, if it was completed.
    pub tls: Option<Tls>,
    /// Whether it presented a certificate.
    pub client_certificate: ClientCertificate,
    /// How the startup packet, which names user and database, was sent.
    pub startup: Option<Channel>,
    /// How a password was sent. The password itself is not kept.
    pub password: Option<Channel>,
    /// Statements that were sent.
    pub queries: u64,
    /// Which side ended the connection.
    pub end: End,
    /// The alert that the client sent, or why the server ended the connection.
    pub detail: Option<String>,
}

/// The start of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Opening {
    /// Nothing, as load balancers do to see whether a port is open.
    Nothing,
    /// A request for TLS.
    SslRequest,
    /// TLS at once.
    DirectTls,
    /// The startup packet, in plain text.
    Plaintext,
    /// A request to cancel a query.
    CancelRequest,
    /// Not PostgreSQL's protocol.
    Nonsense,
}

/// What a ClientHello offers, in the client's order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hello {
    /// The requested server name.
    pub sni: Option<String>,
    /// The application protocols.
    pub alpn: Vec<String>,
    /// Versions of TLS.
    pub versions: Vec<String>,
    /// Groups for the key exchange.
    pub groups: Vec<String>,
    /// How many cipher suites.
    pub cipher_suites: usize,
}

/// A completed handshake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tls {
    /// `TLSv1.2` or `TLSv1.3`.
    pub protocol: &'static str,
    /// The suite's IANA name.
    pub cipher: String,
}

/// A certificate of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientCertificate {
    /// The endpoint did not ask, or the handshake did not get that far.
    NotRequested,
    /// The endpoint asked, and there was none.
    Missing,
    /// The client sent one, and proved that it has the key.
    Sent,
}

/// How something was sent to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// Encrypted.
    Tls,
    /// In plain text.
    Plaintext,
}

/// Which side ended a connection, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// The client, with the alert in [`Observation::detail`].
    Alert,
    /// The client, without a message.
    HungUp,
    /// The client, properly: with a Terminate message, or with TLS's close_notify.
    Terminated,
    /// The server, as intended or because it could not continue.
    ByServer,
    /// The server, because the client took too long.
    Deadline,
}

/// What a client did, least dangerous first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// It did not request a session.
    Nothing,
    /// It asked for TLS, and stopped there.
    Refused,
    /// It completed the handshake, and closed properly: it only tested TLS, or refused the server
    /// afterwards.
    Looked,
    /// It accepted TLS: it sent its startup packet.
    Accepted,
    /// It sent its startup packet in plain text.
    Plaintext,
}

impl Observation {
    /// A connection about which nothing is known yet.
    pub(super) fn new(connection: u64) -> Self {
        Self {
            connection,
            opening: Opening::Nothing,
            gssenc_request: false,
            hello: None,
            tls: None,
            client_certificate: ClientCertificate::NotRequested,
            startup: None,
            password: None,
            queries: 0,
            end: End::HungUp,
            detail: None,
        }
    }

    /// The resulting deed.
    pub fn deed(&self) -> Deed {
        match (self.startup, self.opening) {
            (Some(Channel::Plaintext), _) => Deed::Plaintext,
            (Some(Channel::Tls), _) => Deed::Accepted,
            (None, _) if self.tls.is_some() && self.end == End::Terminated => Deed::Looked,
            (None, Opening::SslRequest | Opening::DirectTls) => Deed::Refused,
            (None, _) if self.gssenc_request => Deed::Refused,
            (None, _) => Deed::Nothing,
        }
    }
}

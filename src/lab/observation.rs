//! What a client did on one connection, as the server saw it.

use serde::Serialize;

/// One connection, from its first byte to its last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Observation {
    /// Counted from 1, one endpoint at a time.
    pub connection: u64,
    /// What the client said first.
    pub opening: Opening,
    /// Whether it asked for GSSAPI encryption before anything else.
    pub gssenc_request: bool,
    /// Its ClientHello, if there was one.
    pub hello: Option<Hello>,
    /// What the handshake came to, if it was completed.
    pub tls: Option<Tls>,
    /// Whether it showed a certificate of its own.
    pub client_certificate: ClientCertificate,
    /// How the startup packet, which names user and database, came to the server.
    pub startup: Option<Channel>,
    /// How a password came to the server. The password itself is not kept.
    pub password: Option<Channel>,
    /// Statements that were sent.
    pub queries: u64,
    /// Who ended the connection.
    pub end: End,
    /// The alert that the client sent, or why the server broke off.
    pub detail: Option<String>,
}

/// The first words of a connection.
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
    /// The server name that was asked for.
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
    /// The endpoint did not ask, or the handshake did not come so far.
    NotRequested,
    /// The endpoint asked, and there was none.
    Missing,
    /// The client sent one, and proved that it has the key.
    Sent,
}

/// How something came to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// Encrypted.
    Tls,
    /// For anybody to read.
    Plaintext,
}

/// Who ended a connection, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// The client, with the alert in [`Observation::detail`].
    Alert,
    /// The client, without a word.
    HungUp,
    /// The client, in good order: with a Terminate message, or with TLS's close_notify.
    Terminated,
    /// The server, which shall do so, or could not go on.
    ByServer,
    /// The server, as the client took too long.
    Deadline,
}

/// What a client did, in the order of danger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// It did not ask for a session.
    Nothing,
    /// It asked for TLS, and went no further.
    Refused,
    /// It completed the handshake, and took its leave in good order: it was to look at TLS only, or
    /// found fault with it afterwards.
    Looked,
    /// It was content with the TLS it got: it sent its startup packet.
    Accepted,
    /// It sent its startup packet in plain text.
    Plaintext,
}

impl Observation {
    /// A connection of which nothing is known yet.
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

    /// What it comes to.
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

//! What can be read of one connection. The same types are the report's: their fields are only ever added.

use serde::Serialize;

use super::library::Library;
use super::startup::Startup;
use crate::escape::Shown;
use crate::words::words;

words! {
    /// One step of a connection, in the order in which it was taken.
    Step {
        /// The application asked for TLS.
        SslRequest = "ssl-request",
        /// The server agreed.
        SslAccepted = "ssl-accepted",
        /// The server has no TLS.
        SslRefused = "ssl-refused",
        /// The application asked for GSSAPI encryption.
        GssencRequest = "gssenc-request",
        /// The server agreed.
        GssencAccepted = "gssenc-accepted",
        /// The server has no GSSAPI encryption.
        GssencRefused = "gssenc-refused",
        /// The server answered a request with an error.
        Error = "error",
        /// The server answered a request with something that PostgreSQL does not send.
        StrangeAnswer = "strange-answer",
        /// The application sent more requests than answers can be told apart for. What the server sent was not read.
        TooManyRequests = "too-many-requests",
        /// The application began TLS without a request.
        DirectTls = "direct-tls",
        /// The application sent a StartupMessage in plain text.
        PlaintextStartup = "plaintext-startup",
        /// The application had begun TLS, and went on in plain text.
        PlaintextAfterTls = "plaintext-after-tls",
        /// The application asked to cancel a query, in plain text.
        PlaintextCancel = "plaintext-cancel",
        /// The application sent something else in plain text.
        Foreign = "foreign",
    }

    /// How far TLS came.
    Handshake {
        /// It was not tried.
        None = "none",
        /// The application was allowed to begin, and sent no ClientHello.
        NotBegun = "not-begun",
        /// There was no answer to the ClientHello.
        Unanswered = "unanswered",
        /// The server ended it with an alert.
        RefusedByServer = "refused-by-server",
        /// The application ended it with an alert.
        RefusedByApplication = "refused-by-application",
        /// It ended after the server's answer, without an alert that can be read.
        Abandoned = "abandoned",
        /// The application finished it.
        Finished = "finished",
        /// What passed by is not TLS.
        NotTls = "not-tls",
    }

    /// How a session was protected.
    Channel {
        /// There was no session.
        None = "none",
        /// By TLS.
        Tls = "tls",
        /// By GSSAPI.
        Gssapi = "gssapi",
        /// Not at all.
        Plaintext = "plaintext",
    }

    /// One of the two ends.
    Side {
        /// The application.
        Application = "application",
        /// The server.
        Server = "server",
    }

    /// The client certificate, as far as it can be read: TLS 1.3 encrypts it.
    ClientCertificate {
        /// It is encrypted, or the handshake did not get that far.
        Unknown = "unknown",
        /// The server did not ask.
        NotRequested = "not-requested",
        /// The server asked, and there was no answer.
        Requested = "requested",
        /// The server asked, and the application has none.
        Missing = "missing",
        /// The application sent one.
        Sent = "sent",
    }

    /// What an answer to a request for a password contains, the worst first.
    PasswordForm {
        /// The password itself.
        Clear = "clear",
        /// A token of OAuth.
        Token = "token",
        /// A hash that can be guessed at, and used in place of the password.
        Md5 = "md5",
        /// The server did not say what it wants, or it is of another mechanism.
        Unknown = "unknown",
        /// A token of GSSAPI or SSPI.
        Gssapi = "gssapi",
        /// A proof of SCRAM.
        Sasl = "sasl",
    }
}

/// What passed by on one connection.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Seen {
    /// What was tried, in order.
    pub steps: Vec<Step>,
    /// The application's ClientHello; `null` if there was none.
    pub client_hello: Option<Hello>,
    /// What the server chose; `null` if it chose nothing.
    pub server_hello: Option<Choice>,
    /// The server's certificates, its own first, if they are in clear (TLS 1.2).
    pub certificates: Vec<Shown>,
    /// The client certificate.
    pub client_certificate: ClientCertificate,
    /// Alerts in clear, and those that only their length gives away.
    pub alerts: Vec<AlertSeen>,
    /// How far TLS came.
    pub handshake: Handshake,
    /// How the session was protected.
    pub channel: Channel,
    /// The StartupMessage, if it was in plain text.
    pub startup: Option<Startup>,
    /// How many passwords, or proofs of one, were sent in plain text. They are not kept.
    pub plaintext_passwords: u32,
    /// What the last of them was.
    pub password_form: Option<PasswordForm>,
    /// An error of the server in plain text.
    pub server_error: Option<Shown>,
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            steps: Vec::new(),
            client_hello: None,
            server_hello: None,
            certificates: Vec::new(),
            client_certificate: ClientCertificate::Unknown,
            alerts: Vec::new(),
            handshake: Handshake::None,
            channel: Channel::None,
            startup: None,
            plaintext_passwords: 0,
            password_form: None,
            server_error: None,
        }
    }
}

impl Seen {
    /// Was this step taken?
    pub fn has(&self, step: Step) -> bool {
        self.steps.contains(&step)
    }

    /// Did the application try TLS, and not finish it?
    pub fn tls_failed(&self) -> bool {
        let tried = self.has(Step::SslRequest) || self.has(Step::DirectTls);
        tried && self.handshake != Handshake::Finished
    }
}

/// A ClientHello. Names that are not known are numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Hello {
    /// Versions of TLS.
    pub versions: Vec<String>,
    /// Cipher suites, with OpenSSL's names.
    pub cipher_suites: Vec<String>,
    /// Key exchange groups.
    pub groups: Vec<String>,
    /// Signature algorithms.
    pub signature_algorithms: Vec<String>,
    /// The groups of the keys that were sent along.
    pub key_shares: Vec<String>,
    /// The requested server name; `null` if there was none.
    pub sni: Option<Shown>,
    /// Application protocols.
    pub alpn: Vec<Shown>,
    /// The length of the message.
    pub bytes: usize,
    /// Its fingerprint.
    pub ja4: String,
    /// The TLS library whose fingerprint it is; `null` if that is not known.
    pub library: Option<Library>,
}

/// What the server chose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Choice {
    /// The version of TLS.
    pub version: String,
    /// The cipher suite, with OpenSSL's name.
    pub cipher: String,
    /// The key exchange group, if it can be read.
    pub group: Option<String>,
    /// Whether it asked for another key first (HelloRetryRequest).
    pub retried: bool,
}

/// An alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AlertSeen {
    /// Who sent it.
    pub from: Side,
    /// Its name; `null` if it was encrypted.
    pub alert: Option<String>,
}

/// The first bytes of a text from outside.
pub(super) fn shown(text: &[u8], most: usize) -> Shown {
    Shown::new(text.get(..most).unwrap_or(text))
}

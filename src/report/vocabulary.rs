//! The closed sets of words that only the report uses.

use crate::login::Method;
use crate::probe::ClientCertificate;
use crate::verify::Rule;
use crate::words::words;

words! {
    /// Pass or fail.
    Verdict {
        /// Exit code 0.
        Pass = "pass",
        /// Any other.
        Fail = "fail",
    }

    /// The role of a certificate in the path.
    Role {
        /// The server's own.
        Leaf = "leaf",
        /// Between leaf and root.
        Intermediate = "intermediate",
        /// The end of the path.
        Root = "root",
        /// Not on the path.
        Unused = "unused",
    }

    /// Where trust comes from.
    TrustSource {
        /// The file that `sslrootcert` names.
        SslRootCert = "sslrootcert",
        /// The file of `--trust`, or of `trust` in the configuration file.
        Trust = "trust",
        /// `~/.postgresql/root.crt`.
        Home = "home",
        /// The trust store of this machine.
        System = "system",
        /// The roots compiled in.
        Bundled = "bundled",
        /// Mozilla's roots, compiled in.
        Mozilla = "mozilla",
    }

    /// The rule by which a name matched.
    NameRule {
        /// A dNSName of the subject alternative names.
        SanDns = "san-dns",
        /// An iPAddress of the subject alternative names.
        SanIp = "san-ip",
        /// The subject's common name.
        CommonName = "common-name",
    }

    /// Whether the key of a certificate request signed it.
    RequestSignature {
        /// It did.
        Good = "good",
        /// It did not.
        Bad = "bad",
        /// pgtls cannot tell.
        Unknown = "unknown",
    }

    /// What happened to the client certificate.
    ClientCertificateUse {
        /// The server did not ask.
        NotRequested = "not requested",
        /// The server asked, and got none.
        NoneSent = "requested, none sent",
        /// It was sent; whether the server accepted it is unknown.
        Sent = "sent",
        /// The server accepted it.
        Accepted = "sent, accepted",
        /// The server refused it.
        Refused = "sent, refused",
    }

    /// How a server authenticates the user, as in `require_auth`.
    LoginMethod {
        /// It requires nothing.
        None = "none",
        /// The password itself.
        Password = "password",
        /// A hash of the password.
        Md5 = "md5",
        /// SCRAM.
        ScramSha256 = "scram-sha-256",
        /// Anything else.
        Other = "other",
    }

    /// What a login is bound to.
    ChannelBindingType {
        /// RFC 5929 section 4.
        TlsServerEndPoint = "tls-server-end-point",
    }

    /// The result of an audit question.
    Answer {
        /// The server does it.
        Accepted = "accepted",
        /// The server does not.
        Refused = "refused",
        /// It was asked, but the answer is unknown.
        Unknown = "unknown",
    }
}

impl From<Rule> for NameRule {
    fn from(rule: Rule) -> Self {
        match rule {
            Rule::SanDns => Self::SanDns,
            Rule::SanIp => Self::SanIp,
            Rule::CommonName => Self::CommonName,
        }
    }
}

impl From<ClientCertificate> for ClientCertificateUse {
    fn from(certificate: ClientCertificate) -> Self {
        match certificate {
            ClientCertificate::NotRequested => Self::NotRequested,
            ClientCertificate::NoneSent => Self::NoneSent,
            ClientCertificate::Sent => Self::Sent,
            ClientCertificate::Accepted => Self::Accepted,
            ClientCertificate::Refused => Self::Refused,
        }
    }
}

impl From<Method> for LoginMethod {
    fn from(method: Method) -> Self {
        match method {
            Method::None => Self::None,
            Method::Password => Self::Password,
            Method::Md5 => Self::Md5,
            Method::ScramSha256 => Self::ScramSha256,
            Method::Other => Self::Other,
        }
    }
}

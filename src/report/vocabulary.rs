//! The closed sets of words in a report that are the report's own.

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

    /// What a certificate is to the path.
    Role {
        /// The server's own.
        Leaf = "leaf",
        /// Between the server's own and the root.
        Intermediate = "intermediate",
        /// The end of the path.
        Root = "root",
        /// Not on the path.
        Unused = "unused",
    }

    /// Where trust comes from.
    TrustSource {
        /// A file that is named.
        SslRootCert = "sslrootcert",
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

    /// What became of the client certificate.
    ClientCertificateUse {
        /// The server did not ask.
        NotRequested = "not requested",
        /// The server asked, and got none.
        NoneSent = "requested, none sent",
        /// It was sent, and what the server makes of it is not known.
        Sent = "sent",
        /// The server took it.
        Accepted = "sent, accepted",
        /// The server refused it.
        Refused = "sent, refused",
    }

    /// How a server asks who logs in, as `require_auth` spells it.
    LoginMethod {
        /// It asks for nothing.
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

    /// What came of a question of the audit.
    Answer {
        /// The server does it.
        Accepted = "accepted",
        /// The server does not.
        Refused = "refused",
        /// It was asked, and did not come to light.
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

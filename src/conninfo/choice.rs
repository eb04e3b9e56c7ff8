//! The enumerated parameters: one type per parameter, each parsed once.

use crate::wire::tls::TlsVersion;

/// A parameter with a closed set of values.
pub trait Choice: Copy + PartialEq + Sized + 'static {
    /// Every value with its spelling, in the order of libpq's documentation.
    const ALL: &'static [(&'static str, Self)];

    /// The value of exactly this spelling; libpq compares byte by byte.
    fn from_bytes(text: &[u8]) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(name, _)| name.as_bytes() == text)
            .map(|(_, value)| *value)
    }

    /// The value as it is written in a connection string.
    fn as_str(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, value)| *value == self)
            .map_or("", |(name, _)| *name)
    }
}

macro_rules! choices {
    ($($(#[$doc:meta])+ $type:ident { $($(#[$variant_doc:meta])+ $variant:ident = $name:literal,)+ })+) => { $(
        $(#[$doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $type { $($(#[$variant_doc])+ $variant,)+ }

        impl Choice for $type {
            const ALL: &'static [(&'static str, Self)] = &[$(($name, Self::$variant),)+];
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        crate::words::json_words!(
            $type,
            Self::as_str,
            |name: &str| Self::from_bytes(name.as_bytes()),
            <Self as Choice>::ALL.iter().map(|(name, _)| *name)
        );
    )+ };
}

choices! {
    /// How much TLS is required (`sslmode`), weakest first.
    SslMode {
        /// No TLS.
        Disable = "disable",
        /// Plain text first, TLS if that is refused.
        Allow = "allow",
        /// TLS if the server supports it.
        Prefer = "prefer",
        /// TLS, with any certificate unless a root file exists.
        Require = "require",
        /// TLS, with a certificate from a trusted authority.
        VerifyCa = "verify-ca",
        /// TLS, with a trusted certificate for this host.
        VerifyFull = "verify-full",
    }

    /// How TLS begins (`sslnegotiation`).
    SslNegotiation {
        /// The client asks with an `SSLRequest` first.
        Postgres = "postgres",
        /// The client starts the TLS handshake immediately.
        Direct = "direct",
    }

    /// Whether a client certificate is sent (`sslcertmode`).
    SslCertMode {
        /// Never.
        Disable = "disable",
        /// If there is one and the server asks.
        Allow = "allow",
        /// The server must ask for it.
        Require = "require",
    }

    /// Whether the login is bound to the TLS channel (`channel_binding`).
    ChannelBinding {
        /// Never.
        Disable = "disable",
        /// If the server supports it.
        Prefer = "prefer",
        /// Always.
        Require = "require",
    }

    /// Whether GSSAPI encryption replaces TLS (`gssencmode`).
    GssEncMode {
        /// Never.
        Disable = "disable",
        /// If the client has credentials.
        Prefer = "prefer",
        /// Always; TLS is then never used.
        Require = "require",
    }

    /// Which kind of server is wanted (`target_session_attrs`).
    TargetSessionAttrs {
        /// Any that accepts the login.
        Any = "any",
        /// One that accepts writes.
        ReadWrite = "read-write",
        /// One that does not accept writes.
        ReadOnly = "read-only",
        /// Not in hot standby.
        Primary = "primary",
        /// In hot standby.
        Standby = "standby",
        /// In hot standby if possible, otherwise any.
        PreferStandby = "prefer-standby",
    }

    /// The order in which several hosts are tried (`load_balance_hosts`).
    LoadBalanceHosts {
        /// As written.
        Disable = "disable",
        /// At random.
        Random = "random",
    }

    /// A version of the PostgreSQL protocol (`min_protocol_version`, `max_protocol_version`), oldest first.
    ProtocolVersion {
        /// 3.0.
        V3_0 = "3.0",
        /// 3.2, since PostgreSQL 18.
        V3_2 = "3.2",
        /// The newest that libpq knows.
        Latest = "latest",
    }

    /// A way to log in (`require_auth`).
    AuthMethod {
        /// The password in clear.
        Password = "password",
        /// The password, hashed with MD5.
        Md5 = "md5",
        /// Kerberos by GSSAPI.
        Gss = "gss",
        /// Kerberos or NTLM by Windows' SSPI.
        Sspi = "sspi",
        /// SCRAM-SHA-256.
        ScramSha256 = "scram-sha-256",
        /// An OAuth bearer token.
        Oauth = "oauth",
        /// The server requires nothing.
        None = "none",
    }
}

/// `ssl_min_protocol_version` and `ssl_max_protocol_version`.
impl Choice for TlsVersion {
    const ALL: &'static [(&'static str, Self)] = &[
        (Self::V1_0.name(), Self::V1_0),
        (Self::V1_1.name(), Self::V1_1),
        (Self::V1_2.name(), Self::V1_2),
        (Self::V1_3.name(), Self::V1_3),
    ];
}

/// The spellings of a choice, for messages.
pub(super) fn names<T: Choice>() -> Vec<&'static str> {
    T::ALL.iter().map(|(name, _)| *name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_reads_back_what_it_writes() {
        fn check<T: Choice + std::fmt::Debug>() {
            for (name, value) in T::ALL {
                assert_eq!(T::from_bytes(name.as_bytes()), Some(*value));
                assert_eq!(value.as_str(), *name);
                assert_eq!(T::from_bytes(format!("{name} ").as_bytes()), None);
            }
        }
        check::<SslMode>();
        check::<SslNegotiation>();
        check::<SslCertMode>();
        check::<ChannelBinding>();
        check::<GssEncMode>();
        check::<TargetSessionAttrs>();
        check::<LoadBalanceHosts>();
        check::<TlsVersion>();
        check::<ProtocolVersion>();
        check::<AuthMethod>();
    }
}

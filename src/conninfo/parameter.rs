//! Every parameter that libpq 18 or 19 knows, in the order of `PQconninfoOptions` (`fe-connect.c`).

use std::fmt;

use crate::os;
use crate::secrecy::Place;

macro_rules! keywords {
    ($($variant:ident $name:literal $variable:expr, $default:expr, $secrecy:ident;)+) => {
        /// A connection parameter. The order is libpq's, so sorted parameters print as libpq lists them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Keyword {
            $(#[doc = concat!("`", $name, "`")] $variant,)+
        }

        impl Keyword {
            /// Every keyword, in libpq's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            const fn row(self) -> Row {
                match self {
                    $(Self::$variant => Row {
                        name: $name,
                        variable: $variable,
                        default: $default,
                        secrecy: Secrecy::$secrecy,
                    },)+
                }
            }
        }
    };
}

keywords! {
    Service "service" Some("PGSERVICE"), None, Public;
    // The service file is found with its variable, PGSERVICEFILE, by `sources::service`.
    ServiceFile "servicefile" None, None, Public;
    User "user" Some("PGUSER"), None, Public;
    Password "password" Some("PGPASSWORD"), None, Secret;
    Passfile "passfile" Some("PGPASSFILE"), None, Public;
    ChannelBinding "channel_binding" Some("PGCHANNELBINDING"), Some("prefer"), Public;
    ConnectTimeout "connect_timeout" Some("PGCONNECT_TIMEOUT"), None, Public;
    Dbname "dbname" Some("PGDATABASE"), None, Public;
    Host "host" Some("PGHOST"), None, Public;
    Hostaddr "hostaddr" Some("PGHOSTADDR"), None, Public;
    Port "port" Some("PGPORT"), Some("5432"), Public;
    ClientEncoding "client_encoding" Some("PGCLIENTENCODING"), None, Public;
    Options "options" Some("PGOPTIONS"), Some(""), Public;
    ApplicationName "application_name" Some("PGAPPNAME"), None, Public;
    FallbackApplicationName "fallback_application_name" None, None, Public;
    Keepalives "keepalives" None, None, Public;
    KeepalivesIdle "keepalives_idle" None, None, Public;
    KeepalivesInterval "keepalives_interval" None, None, Public;
    KeepalivesCount "keepalives_count" None, None, Public;
    TcpUserTimeout "tcp_user_timeout" None, None, Public;
    SslMode "sslmode" Some("PGSSLMODE"), Some("prefer"), Public;
    SslNegotiation "sslnegotiation" Some("PGSSLNEGOTIATION"), Some("postgres"), Public;
    SslCompression "sslcompression" Some("PGSSLCOMPRESSION"), Some("0"), Public;
    SslCert "sslcert" Some("PGSSLCERT"), None, Public;
    SslKey "sslkey" Some("PGSSLKEY"), None, Public;
    SslCertMode "sslcertmode" Some("PGSSLCERTMODE"), None, Public;
    SslPassword "sslpassword" None, None, Secret;
    SslRootCert "sslrootcert" Some("PGSSLROOTCERT"), None, Public;
    SslCrl "sslcrl" Some("PGSSLCRL"), None, Public;
    SslCrlDir "sslcrldir" Some("PGSSLCRLDIR"), None, Public;
    SslSni "sslsni" Some("PGSSLSNI"), Some("1"), Public;
    RequirePeer "requirepeer" Some("PGREQUIREPEER"), None, Public;
    RequireAuth "require_auth" Some("PGREQUIREAUTH"), None, Public;
    MinProtocolVersion "min_protocol_version" Some("PGMINPROTOCOLVERSION"), None, Public;
    MaxProtocolVersion "max_protocol_version" Some("PGMAXPROTOCOLVERSION"), None, Public;
    SslMinProtocolVersion "ssl_min_protocol_version" Some("PGSSLMINPROTOCOLVERSION"), Some("TLSv1.2"), Public;
    SslMaxProtocolVersion "ssl_max_protocol_version" Some("PGSSLMAXPROTOCOLVERSION"), None, Public;
    GssEncMode "gssencmode" Some("PGGSSENCMODE"), Some(os::DEFAULT_GSSENCMODE), Public;
    KrbSrvName "krbsrvname" Some("PGKRBSRVNAME"), Some("postgres"), Public;
    GssLib "gsslib" Some("PGGSSLIB"), None, Public;
    GssDelegation "gssdelegation" Some("PGGSSDELEGATION"), Some("0"), Public;
    Replication "replication" None, None, Public;
    TargetSessionAttrs "target_session_attrs" Some("PGTARGETSESSIONATTRS"), Some("any"), Public;
    LoadBalanceHosts "load_balance_hosts" Some("PGLOADBALANCEHOSTS"), Some("disable"), Public;
    ScramClientKey "scram_client_key" None, None, Secret;
    ScramServerKey "scram_server_key" None, None, Secret;
    OauthIssuer "oauth_issuer" None, None, Public;
    OauthClientId "oauth_client_id" None, None, Public;
    OauthClientSecret "oauth_client_secret" None, None, Secret;
    OauthScope "oauth_scope" None, None, Public;
    OauthCaFile "oauth_ca_file" Some("PGOAUTHCAFILE"), None, Public;
    SslKeyLogFile "sslkeylogfile" None, None, Public;
}

impl Keyword {
    /// The keyword of exactly this spelling; libpq compares byte by byte, case included.
    #[must_use]
    pub fn from_bytes(name: &[u8]) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|keyword| keyword.as_str().as_bytes() == name)
    }

    /// The keyword as it is written in a connection string.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.row().name
    }

    /// The environment variable that can set it, if there is one.
    #[must_use]
    pub const fn variable(self) -> Option<&'static str> {
        self.row().variable
    }

    /// The value compiled into libpq, if there is one.
    #[must_use]
    pub const fn default_value(self) -> Option<&'static str> {
        self.row().default
    }

    /// Whether the value may be shown.
    #[must_use]
    pub const fn secrecy(self) -> Secrecy {
        self.row().secrecy
    }

    /// The first libpq that knows it, if libpq 15 does not: older ones refuse the whole string.
    #[must_use]
    pub const fn since(self) -> Option<u8> {
        match self {
            Self::RequireAuth
            | Self::SslCertMode
            | Self::LoadBalanceHosts
            | Self::GssDelegation => Some(16),
            Self::SslNegotiation => Some(17),
            Self::MinProtocolVersion
            | Self::MaxProtocolVersion
            | Self::ScramClientKey
            | Self::ScramServerKey
            | Self::OauthIssuer
            | Self::OauthClientId
            | Self::OauthClientSecret
            | Self::OauthScope
            | Self::SslKeyLogFile => Some(18),
            Self::ServiceFile | Self::OauthCaFile => Some(19),
            _ => None,
        }
    }

    /// The environment variable that older versions read instead of a keyword that is new.
    #[must_use]
    pub const fn variable_of_older(self) -> Option<&'static str> {
        match self {
            Self::ServiceFile => Some("PGSERVICEFILE"),
            _ => None,
        }
    }

    /// Whether one value protects the connection more than another, and a check of the server need not show it.
    #[must_use]
    pub const fn protects(self) -> bool {
        matches!(
            self,
            Self::ChannelBinding
                | Self::RequireAuth
                | Self::RequirePeer
                | Self::GssEncMode
                | Self::SslNegotiation
                | Self::SslCertMode
                | Self::SslCompression
                | Self::SslMinProtocolVersion
                | Self::SslMaxProtocolVersion
                | Self::SslKeyLogFile
        )
    }

    /// What its value is meant to be.
    #[must_use]
    pub const fn place(self) -> Place {
        match self {
            Self::User => Place::User,
            Self::Dbname
            | Self::Host
            | Self::Options
            | Self::ApplicationName
            | Self::FallbackApplicationName
            | Self::OauthIssuer
            | Self::OauthClientId
            | Self::OauthScope => Place::Name,
            _ => Place::Word,
        }
    }

    /// The keyword that the writer of an unknown one probably meant.
    #[must_use]
    pub fn nearest(word: &[u8]) -> Option<Self> {
        let word = plain(word);
        if let Some((_, keyword)) = OTHER_NAMES.iter().find(|(name, _)| *name == word) {
            return Some(*keyword);
        }
        let is_variable = |keyword: &&Self| {
            let variable = keyword.variable();
            variable.is_some_and(|variable| plain(variable.as_bytes()) == word)
        };
        if let Some(keyword) = Self::ALL.iter().find(is_variable) {
            return Some(*keyword);
        }
        // A third of the letters may be wrong, but at most two.
        let limit = (word.len() / 3).min(2);
        Self::ALL
            .iter()
            .map(|keyword| {
                (
                    strsim::damerau_levenshtein(&word, &plain(keyword.as_str().as_bytes())),
                    *keyword,
                )
            })
            .filter(|(distance, _)| *distance <= limit)
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, keyword)| keyword)
    }
}

impl fmt::Display for Keyword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a value may appear in output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrecy {
    /// The value may be shown.
    Public,
    /// The value must not appear in any output.
    Secret,
}

struct Row {
    name: &'static str,
    variable: Option<&'static str>,
    default: Option<&'static str>,
    secrecy: Secrecy,
}

/// Lower case, without the characters that other drivers put between words: `Ssl Mode`, `ssl-mode` and `ssl_mode`
/// become equal.
fn plain(word: &[u8]) -> String {
    String::from_utf8_lossy(word)
        .to_lowercase()
        .replace(['-', '_', ' ', '.'], "")
}

/// Names in other drivers and tools, in [`plain`] spelling.
const OTHER_NAMES: &[(&str, Keyword)] = &[
    ("applicationname", Keyword::ApplicationName),
    ("ca", Keyword::SslRootCert),
    ("cacert", Keyword::SslRootCert),
    ("cacertfile", Keyword::SslRootCert),
    ("cafile", Keyword::SslRootCert),
    ("cert", Keyword::SslCert),
    ("certfile", Keyword::SslCert),
    ("charset", Keyword::ClientEncoding),
    ("checkcertificaterevocation", Keyword::SslCrl),
    ("checkserveridentity", Keyword::SslMode),
    ("clientcert", Keyword::SslCert),
    ("clientcertificate", Keyword::SslCert),
    ("clientkey", Keyword::SslKey),
    ("currentschema", Keyword::Options),
    ("database", Keyword::Dbname),
    ("datasource", Keyword::Host),
    ("db", Keyword::Dbname),
    ("directtls", Keyword::SslNegotiation),
    ("encoding", Keyword::ClientEncoding),
    ("encrypt", Keyword::SslMode),
    ("gssencryptionmode", Keyword::GssEncMode),
    ("hostname", Keyword::Host),
    ("initialcatalog", Keyword::Dbname),
    ("keepalivetime", Keyword::KeepalivesIdle),
    ("kerberosservername", Keyword::KrbSrvName),
    ("kerberosservicename", Keyword::KrbSrvName),
    ("key", Keyword::SslKey),
    ("keyfile", Keyword::SslKey),
    ("logintimeout", Keyword::ConnectTimeout),
    ("pass", Keyword::Password),
    ("passwd", Keyword::Password),
    ("pgdbname", Keyword::Dbname),
    ("psw", Keyword::Password),
    ("pwd", Keyword::Password),
    ("rejectunauthorized", Keyword::SslMode),
    ("rootcertificate", Keyword::SslRootCert),
    ("schema", Keyword::Options),
    ("schemasearchpath", Keyword::Options),
    ("searchpath", Keyword::Options),
    ("server", Keyword::Host),
    ("servername", Keyword::Host),
    ("sni", Keyword::SslSni),
    ("ssl", Keyword::SslMode),
    ("sslaccept", Keyword::SslMode),
    ("sslca", Keyword::SslRootCert),
    ("sslcacert", Keyword::SslRootCert),
    ("sslcafile", Keyword::SslRootCert),
    ("sslcertfile", Keyword::SslCert),
    ("sslcertificate", Keyword::SslCert),
    ("sslclientcert", Keyword::SslCert),
    ("sslclientkey", Keyword::SslKey),
    ("sslfactory", Keyword::SslMode),
    ("sslfactoryarg", Keyword::SslRootCert),
    ("sslhostnameverifier", Keyword::SslMode),
    ("sslidentity", Keyword::SslCert),
    ("sslkeyfile", Keyword::SslKey),
    ("sslrootca", Keyword::SslRootCert),
    ("sslrootcertificate", Keyword::SslRootCert),
    ("sslverify", Keyword::SslMode),
    ("targetservertype", Keyword::TargetSessionAttrs),
    ("targetsessionattributes", Keyword::TargetSessionAttrs),
    ("tcpkeepalive", Keyword::Keepalives),
    ("timeout", Keyword::ConnectTimeout),
    ("tls", Keyword::SslMode),
    ("tlsca", Keyword::SslRootCert),
    ("tlscafile", Keyword::SslRootCert),
    ("tlscert", Keyword::SslCert),
    ("tlskey", Keyword::SslKey),
    ("tlsmode", Keyword::SslMode),
    ("trustservercertificate", Keyword::SslMode),
    ("uid", Keyword::User),
    ("uselibpqcompat", Keyword::SslMode),
    ("userid", Keyword::User),
    ("username", Keyword::User),
    ("usessl", Keyword::SslMode),
    ("verifypeer", Keyword::SslMode),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_keyword_is_found_by_its_own_name_and_by_no_other_case() {
        for keyword in Keyword::ALL {
            assert_eq!(
                Keyword::from_bytes(keyword.as_str().as_bytes()),
                Some(*keyword)
            );
            assert_eq!(
                Keyword::from_bytes(keyword.as_str().to_uppercase().as_bytes()),
                None
            );
        }
    }

    #[test]
    fn an_unknown_keyword_finds_the_one_that_was_meant() {
        for (word, meant) in [
            ("sslmod", Some(Keyword::SslMode)),
            ("ssl_mode", Some(Keyword::SslMode)),
            ("SSL Mode", Some(Keyword::SslMode)),
            ("Host", Some(Keyword::Host)),
            ("hots", Some(Keyword::Host)),
            ("username", Some(Keyword::User)),
            ("Database", Some(Keyword::Dbname)),
            ("sslrootcrt", Some(Keyword::SslRootCert)),
            ("connection_timeout", None),
            ("connecttimeout", Some(Keyword::ConnectTimeout)),
            ("ssl", Some(Keyword::SslMode)),
            ("pool_size", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(Keyword::nearest(word.as_bytes()), meant, "{word}");
        }
    }
}

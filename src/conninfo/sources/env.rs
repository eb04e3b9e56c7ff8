//! Fills in what neither the string nor the service sets, from environment variables, the operating system
//! and libpq's built-in defaults (`conninfo_add_defaults` in `fe-connect.c`).

use std::fmt;
use std::path::PathBuf;

use crate::conninfo::World;
use crate::conninfo::parameter::Keyword;
use crate::conninfo::value::Settings;
use crate::conninfo::value::{Origin, Setting, Value};
use crate::os::{self, bytes_of};

/// Fills in every keyword that has no value yet. An empty environment variable is a value.
pub(in crate::conninfo) fn fill(settings: &mut Settings, world: &dyn World) {
    for keyword in Keyword::ALL {
        if !settings.contains_key(keyword)
            && let Some(setting) = fallback(*keyword, world)
        {
            settings.insert(*keyword, setting);
        }
    }
}

fn fallback(keyword: Keyword, world: &dyn World) -> Option<Setting<Value>> {
    let setting = |bytes, origin| {
        Some(Setting {
            value: Value::new(keyword, bytes),
            origin,
        })
    };
    if let Some(variable) = keyword.variable()
        && let Some(value) = world.var(variable)
    {
        return setting(bytes_of(&value), Origin::Environment(variable));
    }
    if keyword == Keyword::SslMode
        && world
            .var(REQUIRE_SSL)
            .is_some_and(|value| bytes_of(&value).starts_with(b"1"))
    {
        return setting(b"require".to_vec(), Origin::Environment(REQUIRE_SSL));
    }
    let default = match keyword {
        Keyword::User => world.user(),
        _ => keyword
            .default_value()
            .map(|value| value.as_bytes().to_vec()),
    };
    default.and_then(|bytes| setting(bytes, Origin::Default))
}

/// A setting that libpq sends in the startup packet, from an environment variable without a keyword.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSetting {
    /// `PGTZ`
    pub variable: &'static str,
    /// `timezone`
    pub name: &'static str,
    /// The value of the variable; it may be empty.
    pub value: Vec<u8>,
}

/// The server settings that the environment requests (`EnvironmentOptions` in `fe-connect.c`). The value
/// `default`, in upper or lower case, requests nothing.
pub(in crate::conninfo) fn server_settings(world: &dyn World) -> Vec<ServerSetting> {
    SERVER_SETTINGS
        .iter()
        .filter_map(|(variable, name)| {
            let value = bytes_of(&world.var(variable)?);
            (!value.eq_ignore_ascii_case(b"default")).then_some(ServerSetting {
                variable,
                name,
                value,
            })
        })
        .collect()
}

/// Where OpenSSL's variables say the roots of this machine are. Each replaces only its own default
/// (`X509_STORE_set_default_paths` in OpenSSL).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct SystemRoots {
    /// `SSL_CERT_FILE`
    pub file: Option<PathBuf>,
    /// `SSL_CERT_DIR`
    pub directories: Option<Vec<PathBuf>>,
}

impl SystemRoots {
    /// Reads the variables.
    pub fn read(world: &dyn World) -> Self {
        let directories = world.var("SSL_CERT_DIR");
        Self {
            file: world.var("SSL_CERT_FILE").map(PathBuf::from),
            directories: directories.map(|list| os::split_list(&list)),
        }
    }
}

/// A variable that is set, and only looks like one of libpq.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unread {
    /// Its name.
    pub variable: &'static str,
    /// What it is meant to set.
    pub keyword: Keyword,
}

impl Unread {
    /// The variable of this name, if it is one of them.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let row = UNREAD.iter().find(|(variable, _)| *variable == name)?;
        let (variable, keyword) = *row;
        Some(Self { variable, keyword })
    }

    /// Those that are set.
    pub(in crate::conninfo) fn all_in(world: &dyn World) -> Vec<Self> {
        let is_set = |name: &str| world.var(name).is_some_and(|value| !value.is_empty());
        let names = UNREAD.iter().map(|(variable, _)| *variable);
        names
            .filter(|name| is_set(name))
            .filter_map(Self::of)
            .collect()
    }
}

/// What is wrong with it, behind its name.
impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keyword = self.keyword;
        match keyword.variable() {
            Some(variable) => write!(
                f,
                "libpq does not read it: its variable for {keyword} is {variable}"
            ),
            None => write!(
                f,
                "libpq does not read it: no variable sets {keyword}, which stands in the string or in a service"
            ),
        }
    }
}

/// Names that people and other programs give to settings for TLS and to passwords.
const UNREAD: &[(&str, Keyword)] = &[
    ("PGSSL", Keyword::SslMode),
    ("PGSSL_MODE", Keyword::SslMode),
    ("PG_SSLMODE", Keyword::SslMode),
    ("PG_SSL_MODE", Keyword::SslMode),
    ("PGSSLCA", Keyword::SslRootCert),
    ("PGSSLROOT", Keyword::SslRootCert),
    ("PGSSL_ROOT_CERT", Keyword::SslRootCert),
    ("PG_SSLROOTCERT", Keyword::SslRootCert),
    ("PG_SSL_ROOT_CERT", Keyword::SslRootCert),
    ("PGSSL_CERT", Keyword::SslCert),
    ("PG_SSLCERT", Keyword::SslCert),
    ("PGSSL_KEY", Keyword::SslKey),
    ("PG_SSLKEY", Keyword::SslKey),
    ("PGSSLPASSWORD", Keyword::SslPassword),
    ("PGSSLKEYPASSWORD", Keyword::SslPassword),
    ("PG_PASSWORD", Keyword::Password),
    ("PGPASS", Keyword::Password),
    ("PGPASSWORD_FILE", Keyword::Password),
];

const SERVER_SETTINGS: [(&str, &str); 3] = [
    ("PGDATESTYLE", "datestyle"),
    ("PGTZ", "timezone"),
    ("PGGEQO", "geqo"),
];

/// Deprecated since PostgreSQL 8, but still read if `PGSSLMODE` is not set.
const REQUIRE_SSL: &str = "PGREQUIRESSL";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conninfo::fake::Fake;
    use crate::conninfo::{ConnInfo, SslMode};

    #[test]
    fn some_variables_are_settings_of_the_server() {
        let world = Fake::default()
            .var("PGDATESTYLE", "DeFault")
            .var("PGTZ", "UTC")
            .var("PGGEQO", "");
        let info = ConnInfo::read(b"", &world).unwrap();
        let asked: Vec<_> = info
            .server_settings
            .iter()
            .map(|setting| (setting.variable, setting.name, setting.value.as_slice()))
            .collect();
        assert_eq!(
            asked,
            [
                ("PGTZ", "timezone", b"UTC".as_slice()),
                ("PGGEQO", "geqo", b"")
            ]
        );
    }

    #[test]
    fn the_string_beats_the_service_the_service_the_environment_and_that_the_defaults() {
        let world = || {
            Fake::default()
                .file(
                    "/home/me/.pg_service.conf",
                    "[s]\nuser=service\ndbname=service\n",
                )
                .var("PGUSER", "environment")
                .var("PGDATABASE", "environment")
                .var("PGAPPNAME", "environment")
        };
        let info = ConnInfo::read(b"service=s user=string", &world()).unwrap();
        let said = |keyword| info.parameter(keyword).map(ToOwned::to_owned).unwrap();
        assert_eq!(
            (
                said(Keyword::User).value.to_string().as_str(),
                said(Keyword::User).origin
            ),
            ("string", Origin::String { at: 15 })
        );
        assert_eq!(said(Keyword::Dbname).value.to_string(), "service");
        assert_eq!(
            said(Keyword::ApplicationName).origin,
            Origin::Environment("PGAPPNAME")
        );
        assert_eq!(
            (
                said(Keyword::Port).value.to_string().as_str(),
                said(Keyword::Port).origin
            ),
            ("5432", Origin::Default)
        );
        assert_eq!(info.parameter(Keyword::SslRootCert), None);
    }

    #[test]
    fn an_empty_variable_is_a_value() {
        assert!(ConnInfo::read(b"", &Fake::default().var("PGSSLMODE", "")).is_err());
        let info = ConnInfo::read(b"", &Fake::default().var("PGSSLROOTCERT", "")).unwrap();
        assert_eq!(
            info.parameter(Keyword::SslRootCert).unwrap().origin,
            Origin::Environment("PGSSLROOTCERT")
        );
        assert_eq!(info.sslrootcert, None);
    }

    #[test]
    fn pgrequiressl_counts_where_pgsslmode_is_silent() {
        let mode = |world: Fake| ConnInfo::read(b"", &world).unwrap().sslmode;
        let required = mode(Fake::default().var("PGREQUIRESSL", "1"));
        assert_eq!(
            (required.value, required.origin),
            (SslMode::Require, Origin::Environment("PGREQUIRESSL"))
        );
        let ten = mode(Fake::default().var("PGREQUIRESSL", "10"));
        assert_eq!(ten.value, SslMode::Require);
        assert_eq!(
            mode(Fake::default().var("PGREQUIRESSL", "0")).origin,
            Origin::Default
        );
        assert_eq!(
            mode(
                Fake::default()
                    .var("PGREQUIRESSL", "1")
                    .var("PGSSLMODE", "allow")
            )
            .value,
            SslMode::Allow
        );
    }
}

//! The strings that each client is asked about, and the files that they name.

use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;

use super::drivers::{Ask, Request};
use crate::support::client::Client;
use crate::support::pki::Ca;

/// The settings of a string besides host, port and user.
pub(super) struct Setting {
    pub(super) string: &'static str,
    pub(super) environment: &'static [(&'static str, &'static str)],
    pub(super) home_root: HomeRoot,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum HomeRoot {
    There,
    Missing,
}

pub(super) const fn setting(string: &'static str) -> Setting {
    Setting {
        string,
        environment: &[],
        home_root: HomeRoot::Missing,
    }
}

const fn with_home_root(string: &'static str) -> Setting {
    Setting {
        home_root: HomeRoot::There,
        ..setting(string)
    }
}

const fn under(
    environment: &'static [(&'static str, &'static str)],
    string: &'static str,
) -> Setting {
    Setting {
        environment,
        ..setting(string)
    }
}

pub(super) const SETTINGS: &[Setting] = &[
    setting(""),
    setting("sslmode=disable"),
    setting("sslmode=allow"),
    setting("sslmode=prefer"),
    setting("sslmode=require"),
    setting("sslmode=verify-ca"),
    setting("sslmode=verify-full"),
    setting("sslmode=required"),
    setting("sslmode=required&sslrootcert=root.crt"),
    setting("sslmode=no-verify"),
    setting("ssl=true"),
    setting("ssl=true&sslrootcert=root.crt"),
    setting("sslrootcert=root.crt"),
    setting("sslmode=disable&sslrootcert=root.crt"),
    setting("sslmode=allow&sslrootcert=root.crt"),
    setting("sslmode=prefer&sslrootcert=root.crt"),
    setting("sslmode=require&sslrootcert=root.crt"),
    setting("sslmode=verify-ca&sslrootcert=root.crt"),
    setting("sslmode=verify-full&sslrootcert=root.crt"),
    setting("sslmode=prefer&sslrootcert=missing.crt"),
    setting("sslmode=require&sslrootcert=missing.crt"),
    setting("sslmode=verify-full&sslrootcert=missing.crt"),
    setting("sslmode=require&sslrootcert=empty.crt"),
    setting("sslmode=verify-full&sslrootcert=empty.crt"),
    setting("sslmode=verify-full&sslrootcert=system"),
    setting("sslrootcert=system"),
    with_home_root(""),
    with_home_root("sslmode=prefer"),
    with_home_root("sslmode=require"),
    with_home_root("sslmode=verify-ca"),
    with_home_root("sslmode=verify-full"),
    under(&[("PGSSLMODE", "require")], ""),
    under(&[("PGSSLMODE", "verify-full")], ""),
    under(&[("PGSSLMODE", "verify-full")], "sslrootcert=root.crt"),
    under(&[("PGSSLROOTCERT", "root.crt")], "sslmode=require"),
    under(&[("PGSSLROOTCERT", "root.crt")], "sslmode=verify-full"),
    setting("sslmode=verify-full&sslrootcert=root.crt&sslsni=0"),
    setting("sslmode=require&ssl_min_protocol_version=TLSv1.3"),
    setting("sslmode=verify-full&sslrootcert=trusted.crt"),
    setting("sslmode=verify-full&sslrootcert=old-label.crt"),
    setting("sslmode=verify-full&sslrootcert=mark.crt"),
    setting("sslmode=verify-full&sslrootcert=root.crt&sslcert=client.crt&sslkey=client.key"),
    setting("sslmode=verify-full&sslrootcert=root.crt&sslcert=client.crt&sslkey=client.der"),
    setting("sslmode=require&sslcert=client.crt&sslkey=client.der"),
];

/// All questions about one server and one string.
pub(super) struct Row<'a> {
    pub(super) what: String,
    pub(super) host: &'a str,
    pub(super) setting: &'a Setting,
    pub(super) roots: &'a str,
}

impl Row<'_> {
    /// A home directory with the files that the string names.
    pub(super) fn client(&self) -> Client {
        let mut client = Client::new();
        for (name, value) in self.setting.environment {
            client = client.with(name, value);
        }
        client.write("root.crt", self.roots);
        client.write("empty.crt", "");
        let labelled = |label: &str| self.roots.replace("CERTIFICATE", label);
        client.write("trusted.crt", labelled("TRUSTED CERTIFICATE"));
        client.write("old-label.crt", labelled("X509 CERTIFICATE"));
        client.write("mark.crt", format!("\u{feff}{}", self.roots));
        if self.setting.string.contains("sslkey") {
            let own = Ca::root("clients").client("postgres");
            let key = PrivatePkcs8KeyDer::from_pem_slice(own.key.as_bytes()).unwrap();
            client.write("client.crt", own.chain);
            for (name, contents) in [
                ("client.key", own.key.as_bytes()),
                ("client.der", key.secret_pkcs8_der()),
            ] {
                client.write_private(name, contents);
            }
        }
        if self.setting.home_root == HomeRoot::There {
            client.write(".postgresql/root.crt", self.roots);
        }
        client
    }

    pub(super) fn request(&self, ask: Ask, client: &Client, port: u16) -> Request {
        let home = client.home.path();
        let named = self
            .setting
            .string
            .split('&')
            .find_map(|setting| setting.strip_prefix("sslrootcert="));
        let named = named.or_else(|| {
            self.setting
                .environment
                .iter()
                .find(|(name, _)| *name == "PGSSLROOTCERT")
                .map(|(_, value)| *value)
        });
        let named = named.filter(|name| *name != "system");
        let roots = match (ask, named) {
            (Ask::Certificate, _) => Some(home.join("root.crt")),
            (Ask::String, Some(name)) => Some(home.join(name)),
            (Ask::String, None) => None,
        };
        let host = self.host;
        let question = if self.setting.string.is_empty() {
            ""
        } else {
            "?"
        };
        Request {
            ask,
            string: format!(
                "postgresql://postgres@{host}:{port}/postgres{question}{}",
                self.setting.string
            ),
            host: host.to_owned(),
            port,
            roots,
            home_roots: (self.setting.home_root == HomeRoot::There)
                .then(|| home.join(".postgresql/root.crt")),
            home: home.to_owned(),
            environment: self
                .setting
                .environment
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        }
    }
}

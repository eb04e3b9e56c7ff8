//! The variables that lead a program to the relay.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::Command;

use pgtls::conninfo::{Keyword, Origin, Secret, Setting, Value};
#[cfg(feature = "lab")]
use pgtls::dialect::ReadAs;
use pgtls::dialect::{Dialect, Passwords, Stack, Understood, translate};
use pgtls::os::path_of;
use pgtls::percent;

use super::url::{Place, Url};

/// How a program reaches the relay. No `Debug`: it contains passwords.
#[derive(Clone)]
pub(super) struct Environment {
    /// What the string and its service say, and the password file.
    settings: Vec<(Keyword, Vec<u8>)>,
    /// What the string, its service and the environment say, for `DATABASE_URL`.
    all: Vec<(Keyword, Vec<u8>)>,
    host: Vec<u8>,
    relay: SocketAddr,
    dialect: Dialect,
    /// The string itself, with the relay as its server, if it is a URL.
    url: Option<Url>,
}

/// What a program is told of the server.
pub(super) struct Given<'a> {
    pub(super) understood: &'a Understood,
    /// The string as it was written; empty if the environment decides.
    pub(super) written: &'a Secret,
    pub(super) password: Option<Secret>,
    /// The name that was set in place of the server's.
    pub(super) name: Option<&'a str>,
    pub(super) host: Vec<u8>,
    pub(super) relay: SocketAddr,
}

impl Environment {
    pub(super) fn new(given: Given<'_>) -> Self {
        let Given {
            understood,
            written,
            password,
            name,
            host,
            relay,
        } = given;
        let conninfo = &understood.conninfo;
        let of_string = |setting: &Setting<Value>| match setting.origin {
            Origin::String { .. } | Origin::Service { .. } => true,
            Origin::Environment(_) | Origin::Default => false,
        };
        let chosen = |keep: &dyn Fn(&Setting<Value>) -> bool| -> Vec<(Keyword, Vec<u8>)> {
            conninfo
                .parameters()
                .filter(|(keyword, setting)| !leads_elsewhere(*keyword) && keep(setting))
                .map(|(keyword, setting)| (keyword, setting.value.as_bytes().to_vec()))
                .collect()
        };
        let mut settings = chosen(&of_string);
        let mut all = chosen(&|setting| setting.origin != Origin::Default);
        if let Some(password) = password {
            for list in [&mut settings, &mut all] {
                set(list, Keyword::Password, password.expose());
            }
        }
        let relay = reachable(relay);
        let dialect = match understood.read_as.stack {
            Stack::Libpq => Dialect::Libpq,
            Stack::Java
            | Stack::Dotnet
            | Stack::NodePostgres
            | Stack::PostgresJs
            | Stack::Go
            | Stack::Asyncpg
            | Stack::NativeTls
            | Stack::Other => understood.read_as.dialect,
        };
        let place = Place {
            host: name.map(str::as_bytes),
            usual: &host,
            relay,
        };
        let url =
            Url::read(written.expose(), understood.read_as.dialect).map(|url| url.led_to(place));
        Self {
            settings,
            all,
            host,
            relay,
            dialect,
            url,
        }
    }

    /// The same for a program that is to trust this file.
    #[cfg(feature = "lab")]
    pub(super) fn trusting(&self, file: &[u8], read_as: &ReadAs) -> Self {
        let mut trusting = self.clone();
        for list in [&mut trusting.settings, &mut trusting.all] {
            set(list, Keyword::SslRootCert, file);
        }
        if let (Some(url), Some(name)) = (&mut trusting.url, read_as.root_setting()) {
            url.set(name, file);
        }
        trusting
    }

    /// Sets the variables.
    pub(super) fn apply(&self, command: &mut Command) {
        for name in UNWANTED {
            command.env_remove(name);
        }
        for (keyword, value) in &self.settings {
            if let Some(variable) = keyword.variable() {
                command.env(variable, path_of(value));
            }
        }
        command
            .env("PGHOST", path_of(&self.host))
            .env("PGPORT", self.relay.port().to_string());
        if !self.is_local() {
            command.env("PGHOSTADDR", self.relay.ip().to_string());
        }
        command.env("DATABASE_URL", self.url());
    }

    /// Does the host lead to the relay without further help?
    fn is_local(&self) -> bool {
        let host = String::from_utf8_lossy(&self.host);
        let ip = self.relay.ip();
        let is_localhost = [
            IpAddr::from(Ipv4Addr::LOCALHOST),
            IpAddr::from(Ipv6Addr::LOCALHOST),
        ];
        (host == "localhost" && is_localhost.contains(&ip)) || host.parse() == Ok(ip)
    }

    /// The string that many programs read: as it was written, with the relay as its server, if it is a URL. Otherwise in
    /// the words of its driver.
    fn url(&self) -> OsString {
        if let Some(url) = &self.url {
            return path_of(&url.text()).into();
        }
        if self.dialect == Dialect::Libpq {
            return self.uri().into();
        }
        let port = self.relay.port().to_string().into_bytes();
        let settings: Vec<(Keyword, Value)> =
            [(Keyword::Host, self.host.clone()), (Keyword::Port, port)]
                .into_iter()
                .chain(self.all.iter().cloned())
                .map(|(keyword, value)| (keyword, Value::new(keyword, value)))
                .collect();
        translate(&settings, self.dialect, Passwords::Written)
            .text
            .into()
    }

    fn uri(&self) -> String {
        let get = |wanted: Keyword| {
            let mut all = self.all.iter();
            all.find(|(keyword, _)| *keyword == wanted)
                .map(|(_, value)| percent::component(value))
        };
        let mut uri = "postgresql://".to_owned();
        let (user, password) = (get(Keyword::User), get(Keyword::Password));
        if user.is_some() || password.is_some() {
            uri.push_str(&user.unwrap_or_default());
            if let Some(password) = password {
                uri.push_str(&format!(":{password}"));
            }
            uri.push('@');
        }
        let host = String::from_utf8_lossy(&self.host);
        match host.contains(':') {
            true => uri.push_str(&format!("[{host}]")),
            false => uri.push_str(&percent::component(&self.host)),
        }
        uri.push_str(&format!(":{}/", self.relay.port()));
        uri.push_str(&get(Keyword::Dbname).unwrap_or_default());
        let mut mark = '?';
        for (keyword, value) in &self.all {
            if !matches!(keyword, Keyword::User | Keyword::Password | Keyword::Dbname) {
                uri.push_str(&format!(
                    "{mark}{}={}",
                    keyword.as_str(),
                    percent::path(value)
                ));
                mark = '&';
            }
        }
        uri
    }
}

/// Sets a value in place of another one.
fn set(list: &mut Vec<(Keyword, Vec<u8>)>, keyword: Keyword, value: &[u8]) {
    list.retain(|(other, _)| *other != keyword);
    list.push((keyword, value.to_vec()));
}

/// The address to connect to: a relay that listens on all addresses is reached at the machine's own.
fn reachable(relay: SocketAddr) -> SocketAddr {
    let ip = match relay.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, relay.port())
}

/// Settings that name a server, instead of the relay.
fn leads_elsewhere(keyword: Keyword) -> bool {
    matches!(
        keyword,
        Keyword::Host
            | Keyword::Hostaddr
            | Keyword::Port
            | Keyword::Service
            | Keyword::ServiceFile
            | Keyword::Passfile
            | Keyword::TargetSessionAttrs
            | Keyword::LoadBalanceHosts
    )
}

/// Variables that would lead to another server, unless they are set anew.
const UNWANTED: [&str; 6] = [
    "PGHOSTADDR",
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGSYSCONFDIR",
    "PGTARGETSESSIONATTRS",
    "PGLOADBALANCEHOSTS",
];

//! The variables that lead a program to the relay.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::process::Command;

use pgtls::conninfo::{Keyword, Origin, Secret, Setting, Value};
use pgtls::dialect::{Dialect, Passwords, Stack, Understood, translate};
use pgtls::os::path_of;
use pgtls::percent;

/// How a program reaches the relay. No `Debug`: it contains passwords.
pub(super) struct Environment {
    /// What the string and its service say, and the password file.
    settings: Vec<(Keyword, Vec<u8>)>,
    /// What the string, its service and the environment say, for `DATABASE_URL`.
    all: Vec<(Keyword, Vec<u8>)>,
    host: Vec<u8>,
    relay: SocketAddr,
    dialect: Dialect,
}

impl Environment {
    pub(super) fn new(
        understood: &Understood,
        password: Option<Secret>,
        host: Vec<u8>,
        relay: SocketAddr,
    ) -> Self {
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
                list.retain(|(keyword, _)| *keyword != Keyword::Password);
                list.push((Keyword::Password, password.expose().to_vec()));
            }
        }
        Self {
            settings,
            all,
            host,
            relay,
            dialect: match understood.read_as.stack {
                Stack::Libpq => Dialect::Libpq,
                Stack::Java
                | Stack::Dotnet
                | Stack::NodePostgres
                | Stack::PostgresJs
                | Stack::Go
                | Stack::Asyncpg
                | Stack::NativeTls
                | Stack::Other => understood.read_as.dialect,
            },
        }
    }

    /// The same with other settings.
    #[cfg(feature = "lab")]
    pub(super) fn with(&self, keyword: Keyword, value: &[u8]) -> Self {
        let changed = |list: &[(Keyword, Vec<u8>)]| {
            let mut list = list.to_vec();
            list.retain(|(other, _)| *other != keyword);
            list.push((keyword, value.to_vec()));
            list
        };
        Self {
            settings: changed(&self.settings),
            all: changed(&self.all),
            host: self.host.clone(),
            relay: self.relay,
            dialect: self.dialect,
        }
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
        host == "localhost" || host.parse() == Ok(self.relay.ip())
    }

    /// The string that many programs read: in the words of its driver, with the relay as its server.
    fn url(&self) -> OsString {
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
        if let Some(user) = get(Keyword::User) {
            uri.push_str(&user);
            if let Some(password) = get(Keyword::Password) {
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

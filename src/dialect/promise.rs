//! What a libpq string promises, to be said in another driver's words.

use super::parts::DEFAULT_PORT;
use super::reading::shown;
use super::url::{Coding, path_of};
use super::{Dialect, Note, Weight};
use crate::conninfo::{Keyword, MASK, SslMode};

/// The settings of a string. A writer takes what it can say; what remains is lost.
pub(super) struct Promise {
    pub(super) target: Dialect,
    /// How much TLS is required.
    pub(super) mode: SslMode,
    /// What is trusted.
    pub(super) root: Root,
    settings: Vec<(Keyword, String)>,
    pub(super) notes: Vec<Note>,
    /// Writes the key file that the string names.
    pub(super) key_command: Option<String>,
    /// What of the promise the target cannot say.
    pub(super) broken: Vec<Note>,
}

/// The roots that a string names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Root {
    /// None: libpq looks for `~/.postgresql/root.crt`.
    None,
    /// `sslrootcert=system`
    System,
    /// A file.
    File(String),
}

impl Promise {
    pub(super) fn new(target: Dialect, settings: &[(Keyword, String)]) -> Self {
        let mut promise = Self {
            target,
            mode: SslMode::Prefer,
            root: Root::None,
            settings: settings.to_vec(),
            notes: Vec::new(),
            key_command: None,
            broken: Vec::new(),
        };
        match promise.take(Keyword::SslMode) {
            Some(word) => promise.mode = super::parts::mode_of(&word).unwrap_or(SslMode::Prefer),
            None => promise.info(
                "sslmode",
                "not set: libpq's default is prefer, which guarantees nothing",
            ),
        }
        promise.root = match promise.take(Keyword::SslRootCert) {
            None => Root::None,
            Some(word) if word.is_empty() => Root::None,
            Some(word) if word == "system" => Root::System,
            Some(file) => Root::File(file),
        };
        if promise.mode < SslMode::Require && matches!(promise.root, Root::File(_)) {
            let mode = promise.mode;
            promise.info("sslrootcert", format!("with sslmode={mode} it protects nothing, because libpq goes on in plain text; it is left out"));
            promise.root = Root::None;
        }
        promise
    }

    /// Takes a value.
    pub(super) fn take(&mut self, keyword: Keyword) -> Option<String> {
        let place = self.settings.iter().position(|(set, _)| *set == keyword)?;
        Some(self.settings.remove(place).1)
    }

    /// Takes a value for which the target has another word.
    pub(super) fn take_words<'w>(
        &mut self,
        keyword: Keyword,
        name: &'static str,
        words: impl IntoIterator<Item = &'w (&'static str, &'static str)>,
        pairs: &mut Vec<(&'static str, String)>,
    ) {
        let Some(value) = self.settings.iter().find(|(set, _)| *set == keyword) else {
            return;
        };
        let word = words.into_iter().find(|(_, libpq)| *libpq == value.1);
        if let Some((word, _)) = word {
            pairs.push((name, (*word).to_owned()));
            self.take(keyword);
        }
    }

    /// All that is left, in the order of the string.
    pub(super) fn take_rest(&mut self) -> Vec<(Keyword, String)> {
        std::mem::take(&mut self.settings)
    }

    pub(super) fn info(&mut self, setting: &str, message: impl Into<String>) {
        self.notes.push(note(setting, message, Weight::Info));
    }

    /// The target cannot say it.
    pub(super) fn cannot(&mut self, setting: &str, message: impl Into<String>) {
        self.broken.push(note(setting, message, Weight::Warning));
    }

    /// Hosts and ports. A socket, or no host at all, cannot be said to other drivers.
    fn servers(&mut self) -> Vec<(String, String)> {
        let hosts = self.take(Keyword::Host).unwrap_or_default();
        let ports = self.take(Keyword::Port).unwrap_or_default();
        let ports: Vec<&str> = ports.split(',').collect();
        let hosts: Vec<&str> = hosts.split(',').collect();
        if hosts
            .iter()
            .any(|host| host.is_empty() || host.starts_with(['/', '@']))
        {
            self.cannot(
                "host",
                "without a host name libpq uses a Unix-domain socket, which has no TLS",
            );
        }
        let port = |index: usize| {
            let port = if ports.len() == 1 {
                ports.first()
            } else {
                ports.get(index)
            };
            port.filter(|port| !port.is_empty())
                .map_or(DEFAULT_PORT, |port| *port)
                .to_owned()
        };
        let servers = hosts.iter().enumerate();
        servers
            .map(|(index, host)| ((*host).to_owned(), port(index)))
            .collect()
    }

    /// `host:port,host:port` for a URL.
    pub(super) fn hosts(&mut self, default: &str) -> String {
        let servers = self.servers();
        let servers = servers.iter().map(|(host, port)| {
            let host = if host.is_empty() { default } else { host };
            if host.contains(':') {
                format!("[{host}]:{port}")
            } else {
                format!("{}:{port}", encoded(host))
            }
        });
        servers.collect::<Vec<_>>().join(",")
    }

    /// The same for a driver that takes one host.
    pub(super) fn one_host(&mut self) -> String {
        let hosts = self.hosts("localhost");
        if hosts.contains(',') {
            let driver = self.target.driver();
            self.cannot(
                "host",
                format!("{driver} takes one host: write a string for each"),
            );
        }
        hosts
    }

    /// The host alone, and its port, for a driver that takes one of each.
    pub(super) fn host_and_port(&mut self) -> (String, String) {
        let servers = self.servers();
        if servers.len() > 1 {
            let driver = self.target.driver();
            self.cannot(
                "host",
                format!("{driver} takes one host: write a string for each"),
            );
        }
        servers.into_iter().next().unwrap_or_default()
    }

    /// The hosts, each with its port if they differ.
    pub(super) fn host_list(&mut self) -> String {
        let servers = self.servers();
        let one = servers
            .iter()
            .all(|(_, port)| Some(port) == servers.first().map(|(_, port)| port));
        let hosts = servers
            .iter()
            .map(|(host, port)| match (one, host.contains(':')) {
                (true, _) => host.clone(),
                (false, true) => format!("[{host}]:{port}"),
                (false, false) => format!("{host}:{port}"),
            });
        let list = hosts.collect::<Vec<_>>().join(",");
        if one && let Some((_, port)) = servers.first() {
            self.settings.push((Keyword::Port, port.clone()));
        }
        list
    }

    /// The port of all hosts, after [`Self::host_list`].
    pub(super) fn port_list(&mut self) -> Option<String> {
        self.take(Keyword::Port)
    }

    /// `user:password@`, encoded for a URL.
    pub(super) fn userinfo(&mut self) -> String {
        let user = self.take(Keyword::User).map(|user| encoded(&user));
        let password = self
            .take(Keyword::Password)
            .map(|password| encoded(&password));
        match (user, password) {
            (None, None) => String::new(),
            (user, None) => format!("{}@", user.unwrap_or_default()),
            (user, Some(password)) => format!("{}:{password}@", user.unwrap_or_default()),
        }
    }

    /// The name of the database for the path of a URL.
    pub(super) fn dbname(&mut self, coding: Coding) -> String {
        let name = self.take(Keyword::Dbname).unwrap_or_default();
        path_of(&name, coding).unwrap_or_else(|| {
            let driver = self.target.driver();
            self.cannot(
                "dbname",
                format!("a URL for {driver} cannot hold this name of a database safely"),
            );
            String::new()
        })
    }

    /// What no rule took: settings that protect break the promise, the others are only lost.
    pub(super) fn settle(&mut self) {
        for (keyword, value) in self.take_rest() {
            let driver = self.target.driver();
            match loss(keyword, &value) {
                Loss::None => {}
                Loss::Comfort => self.info(
                    keyword.as_str(),
                    format!("lost: {driver} has no such setting"),
                ),
                Loss::Protection => {
                    self.cannot(
                        keyword.as_str(),
                        format!("{driver} cannot say this in a string"),
                    );
                }
            }
        }
    }
}

fn note(setting: &str, message: impl Into<String>, weight: Weight) -> Note {
    Note {
        setting: shown(setting),
        message: message.into(),
        weight,
    }
}

/// What is lost with a setting.
enum Loss {
    None,
    Comfort,
    Protection,
}

fn loss(keyword: Keyword, value: &str) -> Loss {
    if value.is_empty() || keyword.default_value() == Some(value) {
        return Loss::None;
    }
    match keyword {
        Keyword::Hostaddr
        | Keyword::SslCert
        | Keyword::SslKey
        | Keyword::SslPassword
        | Keyword::SslCertMode
        | Keyword::SslCrl
        | Keyword::SslCrlDir
        | Keyword::SslSni
        | Keyword::SslNegotiation
        | Keyword::SslMinProtocolVersion
        | Keyword::SslMaxProtocolVersion
        | Keyword::RequirePeer
        | Keyword::RequireAuth
        | Keyword::ChannelBinding
        | Keyword::GssEncMode
        | Keyword::TargetSessionAttrs
        | Keyword::ScramClientKey
        | Keyword::ScramServerKey
        | Keyword::OauthIssuer
        | Keyword::OauthClientId
        | Keyword::OauthClientSecret
        | Keyword::OauthScope
        | Keyword::OauthCaFile
        | Keyword::User
        | Keyword::Password
        | Keyword::Dbname
        | Keyword::Host
        | Keyword::Port
        | Keyword::SslMode
        | Keyword::SslRootCert => Loss::Protection,
        Keyword::Service
        | Keyword::ServiceFile
        | Keyword::Passfile
        | Keyword::ConnectTimeout
        | Keyword::ClientEncoding
        | Keyword::Options
        | Keyword::ApplicationName
        | Keyword::FallbackApplicationName
        | Keyword::Keepalives
        | Keyword::KeepalivesIdle
        | Keyword::KeepalivesInterval
        | Keyword::KeepalivesCount
        | Keyword::TcpUserTimeout
        | Keyword::SslCompression
        | Keyword::MinProtocolVersion
        | Keyword::MaxProtocolVersion
        | Keyword::KrbSrvName
        | Keyword::GssLib
        | Keyword::GssDelegation
        | Keyword::Replication
        | Keyword::LoadBalanceHosts
        | Keyword::SslKeyLogFile => Loss::Comfort,
    }
}

/// A value in a URL. A slash needs no encoding in the query, and a masked secret stays what it is.
pub(super) fn encoded(text: &str) -> String {
    if text == MASK {
        return text.to_owned();
    }
    crate::percent::component(text.as_bytes())
}

/// `name=value&name=value`
pub(super) fn query(pairs: &[(&str, String)]) -> String {
    let pairs = pairs.iter().map(|(name, value)| {
        let value = if value == MASK {
            value.clone()
        } else {
            crate::percent::path(value)
        };
        format!("{name}={value}")
    });
    pairs.collect::<Vec<_>>().join("&")
}

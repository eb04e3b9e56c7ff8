//! Reads a libpq connection string, fills in what it leaves out, and works out what it means.
//!
//! The rules are those of libpq 18 (`fe-connect.c`; "Database Connection Control Functions" in PostgreSQL's
//! documentation). A string that libpq refuses before it connects is refused here, for the same reason. One rule
//! differs: if nothing sets `sslmode`, libpq uses `prefer` and pgtls uses `verify-full`.
//!
//! Nothing here uses a socket, a file or the environment. What a parser cannot know comes through [`World`].

mod address;
mod choice;
mod endpoints;
mod error;
#[cfg(test)]
pub(crate) mod fake;
mod grammar;
mod host_and_port;
mod meaning;
mod number;
mod parameter;
mod print;
mod repair;
mod replication;
mod sources;
mod space;
mod typography;
mod value;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::wire::postgres::ServerError;
pub use crate::wire::tls::TlsVersion;
pub use address::HostAddr;
pub use choice::{
    AuthMethod, ChannelBinding, Choice, GssEncMode, LoadBalanceHosts, ProtocolVersion, SslCertMode,
    SslMode, SslNegotiation, TargetSessionAttrs,
};
pub use endpoints::{Endpoint, Host, Route};
pub use error::{Demand, Error, Expected, HostForm, Separator, ServiceFault};
pub use grammar::{Alias, Assignment, Grammar, parse};
pub use host_and_port::{database_behind, host_and_port};
pub use parameter::{Keyword, Secrecy};
pub use print::{LostBackslashes, quoted, redacted};
pub use repair::{is_broken_uri, is_server_setting, is_switch, repairs, tidied};
pub use replication::Replication;
pub use sources::env::{ServerSetting, SystemRoots, Unread};
pub use sources::openssl_conf::{Command, ConfSetting, Limit, OpensslConf};
pub use sources::passfile::{NearLine, PassfileKey};
pub use typography::{Typographic, as_typed, is_in_quotes, is_quote};
pub use value::{MASK, Origin, Secret, Setting, Value, Word, shown_path};

use sources::{env, service};
use value::Settings;

/// What a parser cannot know by itself.
pub trait World {
    /// An environment variable; an empty one is a value.
    fn var(&self, name: &str) -> Option<OsString>;

    /// The user's directory as libpq finds it (`pqGetHomeDirectory`): `$HOME` if it is not empty, else that of the
    /// password database; on Windows `%APPDATA%\postgresql`.
    fn home(&self) -> Option<PathBuf>;

    /// The name of the user who runs the program, by the effective user id (`pg_fe_getauthname`).
    fn user(&self) -> Option<Vec<u8>>;

    /// The bytes of a file.
    ///
    /// # Errors
    /// The file does not exist or cannot be read.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The files in a directory.
    ///
    /// # Errors
    /// It is not one, or cannot be read; [`io::ErrorKind::FileTooLarge`] if it has more than can be looked at.
    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>>;
}

/// A machine on which nothing is set: only the string counts.
#[derive(Debug, Clone, Copy)]
pub struct Nowhere;

impl World for Nowhere {
    fn var(&self, _: &str) -> Option<OsString> {
        None
    }

    fn home(&self) -> Option<PathBuf> {
        None
    }

    fn user(&self) -> Option<Vec<u8>> {
        None
    }

    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn list(&self, _: &Path) -> io::Result<Vec<PathBuf>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// A connection string: parsed, completed and validated.
#[derive(Debug, Clone)]
pub struct ConnInfo {
    /// The servers, in the order of the string; at least one.
    pub endpoints: Vec<Endpoint>,
    /// The required TLS. [`Origin::Default`] comes with [`SslMode::VerifyFull`].
    pub sslmode: Setting<SslMode>,
    /// How TLS begins.
    pub sslnegotiation: Setting<SslNegotiation>,
    /// The roots to trust; nothing if unset or empty.
    pub sslrootcert: Option<Setting<RootCert>>,
    /// A file of revocation lists; nothing if unset or empty.
    pub sslcrl: Option<Setting<PathBuf>>,
    /// A directory of revocation lists; nothing if unset or empty.
    pub sslcrldir: Option<Setting<PathBuf>>,
    /// The client certificate; nothing if unset or empty.
    pub sslcert: Option<Setting<PathBuf>>,
    /// The key of the client certificate; nothing if unset or empty.
    pub sslkey: Option<Setting<PathBuf>>,
    /// Whether a client certificate is sent.
    pub sslcertmode: Setting<SslCertMode>,
    /// What decrypts the client's key.
    pub sslpassword: Option<Setting<Secret>>,
    /// Whether the host's name is sent in the handshake.
    pub sslsni: Setting<SslSni>,
    /// The oldest TLS version allowed; nothing if empty. libpq's default is 1.2.
    pub ssl_min_protocol_version: Option<Setting<TlsVersion>>,
    /// The newest TLS version allowed; nothing if unset or empty.
    pub ssl_max_protocol_version: Option<Setting<TlsVersion>>,
    /// How long one server may take; nothing if unset, zero or negative: then libpq waits without a limit.
    pub connect_timeout: Option<Setting<Duration>>,
    /// Who logs in.
    pub user: Setting<Value>,
    /// The database to log in to; the user's name by default.
    pub dbname: Setting<Value>,
    /// What the user logs in with; nothing if unset or empty.
    pub password: Option<Setting<Secret>>,
    /// Whether the login is bound to the TLS channel.
    pub channel_binding: Setting<ChannelBinding>,
    /// The ways to log in that are allowed; nothing if unset or empty: then all are.
    pub require_auth: Option<Setting<RequireAuth>>,
    /// Whether GSSAPI encryption replaces TLS. With [`GssEncMode::Require`] libpq never uses TLS.
    pub gssencmode: Setting<GssEncMode>,
    /// Where libpq looks for `root.crt`, `root.crl`, `postgresql.crt` and `postgresql.key`: `~/.postgresql`, or
    /// `%APPDATA%\postgresql` on Windows.
    pub home_files: Option<PathBuf>,
    /// Where `sslrootcert=system` finds its roots.
    pub system_roots: SystemRoots,
    /// What OpenSSL's configuration on this machine sets for TLS.
    pub openssl_conf: Option<OpensslConf>,
    /// Server settings that only the environment can request.
    pub server_settings: Vec<ServerSetting>,
    /// Variables that libpq does not read.
    pub unread: Vec<Unread>,
    settings: Settings,
    own: Vec<Assignment>,
}

impl ConnInfo {
    /// Reads the text, fills in what it leaves out (service, then environment, then defaults) and validates all of
    /// it.
    ///
    /// # Errors
    /// Everything that libpq 18 refuses before or while it connects, even if it has nothing to do with TLS. Ports
    /// and addresses of all hosts are checked at once; libpq checks them one by one.
    pub fn read(text: &[u8], world: &dyn World) -> Result<Self, Error> {
        Self::fill(parse(text)?, world)
    }

    /// Reads a string whose only fault is that libpq does not know its `sslmode`: some clients take such a word
    /// for `verify-full`. `None` if there is no such word or another fault. Also `None` if the word is a mode in
    /// another spelling, because clients differ more there.
    pub fn read_as_others_might(text: &[u8], world: &dyn World) -> Option<Self> {
        let mut own = parse(text).ok()?;
        let mode = own
            .iter_mut()
            .find(|made| made.keyword == Keyword::SslMode)
            .filter(|made| {
                let written = made.value.as_bytes().to_ascii_lowercase();
                let usual: Vec<u8> = written
                    .iter()
                    .map(|byte| if *byte == b'_' { b'-' } else { *byte })
                    .collect();
                SslMode::from_bytes(&usual).is_none()
            })?;
        mode.alias = Some(match mode.value.as_bytes() {
            b"no-verify" => Alias::NoVerify,
            _ => Alias::UnknownMode,
        });
        mode.value = Value::new(Keyword::SslMode, b"verify-full".to_vec());
        Self::fill(own, world).ok()
    }

    fn fill(own: Vec<Assignment>, world: &dyn World) -> Result<Self, Error> {
        let mut settings: Settings = own
            .iter()
            .map(|made| {
                (
                    made.keyword,
                    Setting {
                        value: made.value.clone(),
                        origin: Origin::String { at: made.at },
                    },
                )
            })
            .collect();
        let service = service::lookup(
            settings
                .get(&Keyword::Service)
                .map(|setting| setting.value.as_bytes()),
            settings
                .get(&Keyword::ServiceFile)
                .map(|setting| setting.value.as_bytes()),
            world,
        )?;
        for (keyword, setting) in service {
            settings.entry(keyword).or_insert(setting);
        }
        env::fill(&mut settings, world);
        meaning::interpret(settings, own, world)
    }

    /// Every parameter that has a value, with its origin, in libpq's order.
    pub fn parameters(&self) -> impl Iterator<Item = (Keyword, &Setting<Value>)> {
        self.settings
            .iter()
            .map(|(keyword, setting)| (*keyword, setting))
    }

    /// Masks, in an error of the server, each name that the server was told and that must not be shown: a whole connection
    /// string, for example.
    pub fn hide_names(&self, error: &mut ServerError) {
        self.hidden_names().for_each(|name| error.hide(name, MASK));
    }

    /// The names that the server is told and that must not be shown.
    pub(crate) fn hidden_names(&self) -> impl Iterator<Item = &[u8]> {
        let told = [Keyword::ApplicationName, Keyword::FallbackApplicationName];
        let set = told
            .into_iter()
            .filter_map(|keyword| self.parameter(keyword));
        let names = set
            .map(|setting| &setting.value)
            .chain([&self.user.value, &self.dbname.value]);
        names
            .filter(|value| value.secrecy() == Secrecy::Secret)
            .map(Value::as_bytes)
    }

    /// One parameter, if it has a value.
    #[must_use]
    pub fn parameter(&self, keyword: Keyword) -> Option<&Setting<Value>> {
        self.settings.get(&keyword)
    }

    /// The kind of server that is wanted; nothing if empty, which means `any`.
    #[must_use]
    pub fn target_session_attrs(&self) -> Option<TargetSessionAttrs> {
        let setting = self.parameter(Keyword::TargetSessionAttrs)?;
        TargetSessionAttrs::from_bytes(setting.value.as_bytes())
    }

    /// Whether libpq asks after the login which kind of server this is.
    #[must_use]
    pub fn wants_a_role(&self) -> bool {
        let wanted = self.target_session_attrs();
        wanted.is_some_and(|wanted| wanted != TargetSessionAttrs::Any)
    }

    /// What kind of session `replication` asks for.
    #[must_use]
    pub fn replication(&self) -> Replication {
        let setting = self.parameter(Keyword::Replication);
        setting.map_or(Replication::None, |setting| {
            Replication::of(setting.value.as_bytes())
        })
    }

    /// The version of the PostgreSQL protocol that this keyword sets, if it does.
    #[must_use]
    pub fn protocol_version(&self, keyword: Keyword) -> Option<ProtocolVersion> {
        ProtocolVersion::from_bytes(self.parameter(keyword)?.value.as_bytes())
    }

    /// In which order several hosts and addresses are tried, if that is set.
    #[must_use]
    pub fn load_balance_hosts(&self) -> Option<LoadBalanceHosts> {
        let setting = self.parameter(Keyword::LoadBalanceHosts)?;
        LoadBalanceHosts::from_bytes(setting.value.as_bytes())
    }

    /// The string's own parameters as a keyword/value string, in the order written, secrets masked.
    #[must_use]
    pub fn redacted(&self) -> String {
        redacted(&self.own)
    }

    /// The parameters that protect the connection, wherever they are set, as a keyword/value string; empty if libpq's
    /// defaults count.
    #[must_use]
    pub fn protection(&self) -> String {
        let set = self
            .parameters()
            .filter(|(keyword, setting)| keyword.protects() && setting.origin != Origin::Default);
        let set = set.map(|(keyword, setting)| Assignment {
            keyword,
            value: setting.value.clone(),
            at: 0,
            as_typed: None,
            alias: None,
            undone: None,
        });
        redacted(&set.collect::<Vec<_>>())
    }

    /// The string's own parameters with some of them changed or added: what to paste instead. Secrets are masked.
    #[must_use]
    pub fn changed(&self, changes: &[(Keyword, &[u8])]) -> String {
        redacted(&print::change(&self.own, changes))
    }

    /// The other name by which the string sets this keyword, if there is one.
    #[must_use]
    pub fn alias(&self, keyword: Keyword) -> Option<Alias> {
        let set = self.own.iter().find(|made| made.keyword == keyword)?;
        set.alias
    }

    /// The value that the string sets before the one that counts.
    #[must_use]
    pub fn undone(&self, keyword: Keyword) -> Option<&Value> {
        let set = self.own.iter().find(|made| made.keyword == keyword)?;
        set.undone.as_ref()
    }

    /// The value as it was typed, if libpq dropped backslashes from it. In a keyword/value string they escape, so
    /// `sslrootcert=c:\ssl\root.crt` names the file `c:sslroot.crt`. Nothing for secrets.
    #[must_use]
    pub fn lost_backslashes(&self, keyword: Keyword) -> Option<LostBackslashes> {
        print::lost_backslashes(&self.own, keyword)
    }
}

/// A connection string with some settings changed or added, and all its secrets: to be read again, never to be shown.
/// An empty value takes a setting out of the string.
///
/// # Errors
/// Those of [`parse`].
pub fn amended(text: &[u8], changes: &[(Keyword, &[u8])]) -> Result<Secret, Error> {
    Ok(print::unmasked(&print::change(&parse(text)?, changes)))
}

/// Which certificates are trusted (`sslrootcert`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RootCert {
    /// Those of the operating system: the word `system`.
    System,
    /// Those of this file, relative to the working directory; `~` is not expanded.
    File(PathBuf),
}

/// Whether the handshake names the host (`sslsni`); any value that does not begin with `1` means no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SslSni {
    /// Yes, if the host is a name.
    Send,
    /// It does not.
    Omit,
}

/// The ways to log in that `require_auth` allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequireAuth {
    /// These only.
    Only(Vec<AuthMethod>),
    /// All but these.
    Not(Vec<AuthMethod>),
}

#[cfg(test)]
mod tests {
    use super::fake::Fake;
    use super::*;

    #[test]
    fn only_an_unknown_mode_is_read_as_others_might() {
        for (text, expected) in [
            ("host=h sslmode=required", Some(Alias::UnknownMode)),
            ("host=h sslmode=no-verify", Some(Alias::NoVerify)),
            ("host=h sslmode=require", None),
            ("host=h sslmode=VERIFY_FULL", None),
            ("host=h sslmode=required port=x", None),
            ("host=h", None),
        ] {
            let read = ConnInfo::read_as_others_might(text.as_bytes(), &Fake::default());
            let alias = read.and_then(|conninfo| conninfo.alias(Keyword::SslMode));
            assert_eq!(alias, expected, "{text}");
        }
    }
}

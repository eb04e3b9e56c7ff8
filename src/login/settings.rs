//! From a connection string to the settings of tokio-postgres.

use tokio_postgres::config::{Config, SslMode, SslNegotiation};

use super::password::Password;
use crate::conninfo::{self, ConnInfo, Keyword};

/// A setting that tokio-postgres has no counterpart for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    /// A value that is no UTF-8.
    #[error("a value of {0} that is not UTF-8")]
    NotUtf8(Keyword),
    /// The same of an environment variable.
    #[error("a value of {0} that is not UTF-8")]
    VariableNotUtf8(&'static str),
    /// Anything else.
    #[error("{0} in the string")]
    Keyword(Keyword),
}

/// The login's settings as tokio-postgres has them. TLS is demanded, and starts at once: the
/// negotiation is done by then.
pub(super) fn config(conninfo: &ConnInfo, password: &Password) -> Result<Config, Unsupported> {
    for keyword in [Keyword::Replication, Keyword::ScramClientKey] {
        if text(conninfo, keyword)?.is_some_and(|value| !is_off(keyword, &value)) {
            return Err(Unsupported::Keyword(keyword));
        }
    }
    // tokio-postgres speaks protocol 3.0 alone.
    if text(conninfo, Keyword::MinProtocolVersion)?.is_some_and(|value| value != "3.0") {
        return Err(Unsupported::Keyword(Keyword::MinProtocolVersion));
    }
    let mut config = Config::new();
    config
        .ssl_mode(SslMode::Require)
        .ssl_negotiation(SslNegotiation::Direct)
        .channel_binding(channel_binding(conninfo))
        .application_name(
            text(conninfo, Keyword::ApplicationName)?
                .or(text(conninfo, Keyword::FallbackApplicationName)?)
                .unwrap_or_else(|| "pgtls".to_owned()),
        );
    if let Some(user) = text(conninfo, Keyword::User)? {
        config.user(user);
    }
    if let Some(dbname) = text(conninfo, Keyword::Dbname)? {
        config.dbname(dbname);
    }
    if let Some(options) = options(conninfo)? {
        config.options(options);
    }
    if let Some(secret) = &password.secret {
        config.password(secret.expose());
    }
    Ok(config)
}

fn channel_binding(conninfo: &ConnInfo) -> tokio_postgres::config::ChannelBinding {
    use tokio_postgres::config::ChannelBinding;
    match conninfo.channel_binding.value {
        conninfo::ChannelBinding::Disable => ChannelBinding::Disable,
        conninfo::ChannelBinding::Prefer => ChannelBinding::Prefer,
        conninfo::ChannelBinding::Require => ChannelBinding::Require,
    }
}

/// A value of `replication` that asks for an ordinary session: any beginning of these words will do
/// (`parse_bool` in the server).
fn is_off(keyword: Keyword, value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    keyword == Keyword::Replication
        && value != "o"
        && ["false", "off", "no", "0"]
            .iter()
            .any(|word| word.starts_with(&value))
}

/// The statement that asks for the `client_encoding` of the string, which the server may not know or
/// not be able to convert its database to: tokio-postgres itself speaks UTF-8, so the session asks when
/// all else is said. libpq takes `auto` from the locale.
pub(super) fn client_encoding(conninfo: &ConnInfo) -> Result<Option<String>, Unsupported> {
    let encoding = text(conninfo, Keyword::ClientEncoding)?
        .filter(|encoding| !matches!(encoding.as_str(), "auto" | "UTF8"));
    Ok(encoding.map(|encoding| {
        let escaped = encoding.replace('\\', "\\\\").replace('\'', "''");
        format!("SET client_encoding TO E'{escaped}'")
    }))
}

/// `options`, and behind them the settings that libpq has a place of its own for in the startup packet.
fn options(conninfo: &ConnInfo) -> Result<Option<String>, Unsupported> {
    let mut options = text(conninfo, Keyword::Options)?.unwrap_or_default();
    for setting in &conninfo.server_settings {
        let value = std::str::from_utf8(&setting.value)
            .map_err(|_| Unsupported::VariableNotUtf8(setting.variable))?;
        if !options.is_empty() {
            options.push(' ');
        }
        options.push_str("-c ");
        options.push_str(setting.name);
        options.push('=');
        options.push_str(&escaped(value));
    }
    Ok(Some(options).filter(|options| !options.is_empty()))
}

/// A value that the server does not take apart (`pg_split_opts`).
fn escaped(value: &str) -> String {
    let mut escaped = String::new();
    for letter in value.chars() {
        if letter == '\\' || letter.is_ascii_whitespace() || letter == '\x0b' {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

/// A parameter that is given and not empty.
fn text(conninfo: &ConnInfo, keyword: Keyword) -> Result<Option<String>, Unsupported> {
    let Some(setting) = conninfo.parameter(keyword) else {
        return Ok(None);
    };
    let text = String::from_utf8(setting.value.as_bytes().to_vec())
        .map_err(|_| Unsupported::NotUtf8(keyword))?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

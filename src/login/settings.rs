//! Turns a connection string into the settings of tokio-postgres.

use tokio_postgres::config::{Config, SslMode, SslNegotiation};

use super::password::Password;
use crate::conninfo::{self, ConnInfo, Keyword};

/// A setting that tokio-postgres does not support.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    /// A value that is not UTF-8.
    #[error("a value of {0} that is not UTF-8")]
    NotUtf8(Keyword),
    /// The same of an environment variable.
    #[error("a value of {0} that is not UTF-8")]
    VariableNotUtf8(&'static str),
    /// Anything else.
    #[error("{0} in the string")]
    Keyword(Keyword),
}

/// The login's settings for tokio-postgres. TLS is required and starts immediately, because the
/// negotiation is already done.
pub(super) fn config(conninfo: &ConnInfo, password: &Password) -> Result<Config, Unsupported> {
    if text(conninfo, Keyword::ScramClientKey)?.is_some() {
        return Err(Unsupported::Keyword(Keyword::ScramClientKey));
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

/// The statement that sets the `client_encoding` of the string, to find out whether the server knows it
/// and can convert its database to it. tokio-postgres itself speaks UTF-8, so it is the last statement
/// of the session. libpq takes `auto` from the locale.
pub(super) fn client_encoding(conninfo: &ConnInfo) -> Result<Option<String>, Unsupported> {
    let encoding = text(conninfo, Keyword::ClientEncoding)?
        .filter(|encoding| !matches!(encoding.as_str(), "auto" | "UTF8"));
    Ok(encoding.map(|encoding| {
        let escaped = encoding.replace('\\', "\\\\").replace('\'', "''");
        format!("SET client_encoding TO E'{escaped}'")
    }))
}

/// `options`, followed by the settings that libpq sends in separate fields of the startup packet.
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

/// A value, escaped so that the server does not split it (`pg_split_opts`).
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

/// A parameter, if it is given and not empty.
fn text(conninfo: &ConnInfo, keyword: Keyword) -> Result<Option<String>, Unsupported> {
    let Some(setting) = conninfo.parameter(keyword) else {
        return Ok(None);
    };
    let text = String::from_utf8(setting.value.as_bytes().to_vec())
        .map_err(|_| Unsupported::NotUtf8(keyword))?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

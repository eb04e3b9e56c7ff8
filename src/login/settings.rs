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

/// A value of `replication` that asks for an ordinary session (`parse_bool` in the server).
fn is_off(keyword: Keyword, value: &str) -> bool {
    keyword == Keyword::Replication
        && matches!(
            value.to_ascii_lowercase().as_str(),
            "false" | "off" | "no" | "0"
        )
}

/// `options`, and in it the `client_encoding` that the server would have to know: tokio-postgres
/// itself speaks UTF-8. libpq takes `auto` from the locale.
fn options(conninfo: &ConnInfo) -> Result<Option<String>, Unsupported> {
    let options = text(conninfo, Keyword::Options)?;
    let encoding = text(conninfo, Keyword::ClientEncoding)?
        .filter(|encoding| !matches!(encoding.as_str(), "auto" | "UTF8"))
        .map(|encoding| {
            let escaped = encoding.replace('\\', "\\\\").replace(' ', "\\ ");
            format!("-c client_encoding={escaped}")
        });
    Ok(match (options, encoding) {
        (Some(options), Some(encoding)) => Some(format!("{options} {encoding}")),
        (options, encoding) => options.or(encoding),
    })
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

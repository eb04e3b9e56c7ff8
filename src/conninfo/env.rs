//! What fills in where the string and the service are silent: environment variables, the operating system and
//! libpq's built-in defaults (`conninfo_add_defaults` in `fe-connect.c`).

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use super::World;
use super::parameter::Keyword;
use super::service::Settings;
use super::value::{Origin, Setting, Value};

/// Fills in every keyword that has no value yet. An empty environment variable is a value.
pub(super) fn fill(settings: &mut Settings, world: &dyn World) {
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

/// Deprecated since PostgreSQL 8, and still read where `PGSSLMODE` is not set.
const REQUIRE_SSL: &str = "PGREQUIRESSL";

/// The bytes of an environment variable or path.
#[cfg(unix)]
pub(super) fn bytes_of(text: &OsStr) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    text.as_bytes().to_vec()
}

/// The bytes of an environment variable or path.
#[cfg(not(unix))]
pub(super) fn bytes_of(text: &OsStr) -> Vec<u8> {
    text.to_string_lossy().into_owned().into_bytes()
}

/// The path of these bytes.
#[cfg(unix)]
pub(super) fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    PathBuf::from(OsString::from_vec(bytes.to_vec()))
}

/// The path of these bytes.
#[cfg(not(unix))]
pub(super) fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsString::from(String::from_utf8_lossy(bytes).into_owned()))
}

//! Does the parameter accept this value? One function per parameter or kind of parameter (`pqConnectOptions2` and
//! the socket options of `PQconnectPoll` in libpq's `fe-connect.c`).

use std::time::Duration;

use super::suggestion;
use crate::conninfo::choice::{
    AuthMethod, Choice, ProtocolVersion, SslMode, SslNegotiation, names,
};
use crate::conninfo::endpoints::{Endpoint, Route};
use crate::conninfo::error::{Demand, Error, Expected};
use crate::conninfo::parameter::Keyword;
use crate::conninfo::value::Settings;
use crate::conninfo::value::{Origin, Setting, Word};
use crate::conninfo::{RequireAuth, RootCert, number};
use crate::secrecy::Taken;
use crate::wire::tls::TlsVersion;

/// The setting, if it exists and is not empty.
pub(in crate::conninfo) fn given(
    settings: &Settings,
    keyword: Keyword,
) -> Option<Setting<Vec<u8>>> {
    let setting = settings
        .get(&keyword)
        .filter(|setting| !setting.value.as_bytes().is_empty())?;
    Some(Setting {
        value: setting.value.as_bytes().to_vec(),
        origin: setting.origin.clone(),
    })
}

/// An enumerated setting. An empty value is not one of its words.
pub(in crate::conninfo) fn choice<T: Choice>(
    settings: &Settings,
    keyword: Keyword,
) -> Result<Setting<T>, Error> {
    let (fallback, origin) = match settings.get(&keyword) {
        Some(setting) => (setting.value.as_bytes(), &setting.origin),
        None => (
            keyword.default_value().unwrap_or_default().as_bytes(),
            &Origin::Default,
        ),
    };
    let value =
        T::from_bytes(fallback).ok_or_else(|| not_a_choice::<T>(keyword, fallback, origin))?;
    Ok(Setting {
        value,
        origin: origin.clone(),
    })
}

fn not_a_choice<T: Choice>(keyword: Keyword, text: &[u8], origin: &Origin) -> Error {
    let expected = Expected::OneOf(names::<T>());
    let meant = suggestion::meant_choice(keyword, text, &names::<T>());
    Error::InvalidValue {
        keyword,
        value: Word::new(text),
        origin: origin.clone(),
        expected,
        meant,
    }
}

/// `mode` is still libpq's own: `prefer` by default, or verify-full with the system's roots.
pub(in crate::conninfo) fn refuse_weak_mode(
    mode: &Setting<SslMode>,
    negotiation: &Setting<SslNegotiation>,
    roots: Option<&Setting<RootCert>>,
) -> Result<(), Error> {
    let system = roots.is_some_and(|roots| roots.value == RootCert::System);
    let weakest = if system && mode.origin == Origin::Default {
        SslMode::VerifyFull
    } else {
        mode.value
    };
    let refused = |reason| {
        Err(Error::WeakSslMode {
            sslmode: mode.value,
            origin: mode.origin.clone(),
            reason,
        })
    };
    if negotiation.value == SslNegotiation::Direct && weakest < SslMode::Require {
        return refused(Demand::DirectNegotiation);
    }
    if system && weakest < SslMode::VerifyFull {
        return refused(Demand::SystemRoots);
    }
    Ok(())
}

type Versions = (Option<Setting<TlsVersion>>, Option<Setting<TlsVersion>>);

pub(in crate::conninfo) fn tls_versions(settings: &Settings) -> Result<Versions, Error> {
    let min = tls_version(settings, Keyword::SslMinProtocolVersion)?;
    let max = tls_version(settings, Keyword::SslMaxProtocolVersion)?;
    match (&min, &max) {
        (Some(min), Some(max)) if min.value > max.value => Err(Error::TlsRange {
            min: min.value,
            min_origin: min.origin.clone(),
            max: max.value,
            max_origin: max.origin.clone(),
        }),
        _ => Ok((min, max)),
    }
}

/// The only enumeration whose case does not matter (`sslVerifyProtocolVersion`).
fn tls_version(
    settings: &Settings,
    keyword: Keyword,
) -> Result<Option<Setting<TlsVersion>>, Error> {
    let Some(Setting {
        value: text,
        origin,
    }) = given(settings, keyword)
    else {
        return Ok(None);
    };
    match TlsVersion::ALL
        .iter()
        .copied()
        .find(|version| version.name().as_bytes().eq_ignore_ascii_case(&text))
    {
        Some(value) => Ok(Some(Setting { value, origin })),
        None => Err(not_a_choice::<TlsVersion>(keyword, &text, &origin)),
    }
}

/// libpq raises its default for the largest version if needed, so only two given versions can contradict each
/// other.
pub(in crate::conninfo) fn protocol_versions(settings: &Settings) -> Result<(), Error> {
    let read = |keyword| {
        settings
            .contains_key(&keyword)
            .then(|| choice::<ProtocolVersion>(settings, keyword))
            .transpose()
    };
    let min = read(Keyword::MinProtocolVersion)?;
    let max = read(Keyword::MaxProtocolVersion)?;
    match (min, max) {
        (Some(min), Some(max))
            if max.value == ProtocolVersion::V3_0 && min.value != ProtocolVersion::V3_0 =>
        {
            Err(Error::ProtocolRange {
                min: min.value,
                max: max.value,
            })
        }
        _ => Ok(()),
    }
}

/// 32 bytes in base64 (`pg_b64_decode` in `src/common/base64.c`).
pub(in crate::conninfo) fn scram_key(settings: &Settings, keyword: Keyword) -> Result<(), Error> {
    let Some(setting) = settings.get(&keyword) else {
        return Ok(());
    };
    match data_encoding::BASE64.decode(setting.value.as_bytes()) {
        Ok(key) if key.len() == SCRAM_KEY_BYTES => Ok(()),
        _ => Err(Error::InvalidValue {
            keyword,
            value: Word::Hidden(Taken::Astray),
            origin: setting.origin.clone(),
            expected: Expected::ScramKey,
            meant: None,
        }),
    }
}

/// The length of a SHA-256 hash.
const SCRAM_KEY_BYTES: usize = 32;

/// libpq sets these on TCP sockets only, and validates them when it does.
pub(in crate::conninfo) fn socket_options(
    settings: &Settings,
    endpoints: &[Endpoint],
) -> Result<(), Error> {
    if endpoints
        .iter()
        .all(|endpoint| endpoint.route() == Route::Socket)
    {
        return Ok(());
    }
    if integer(settings, Keyword::Keepalives)? == Some(0) {
        return Ok(());
    }
    for keyword in [
        Keyword::KeepalivesIdle,
        Keyword::KeepalivesInterval,
        Keyword::KeepalivesCount,
        Keyword::TcpUserTimeout,
    ] {
        integer(settings, keyword)?;
    }
    Ok(())
}

/// One second means one second since libpq 17. Older versions took it for two.
pub(in crate::conninfo) fn connect_timeout(
    settings: &Settings,
) -> Result<Option<Setting<Duration>>, Error> {
    let seconds =
        integer(settings, Keyword::ConnectTimeout)?.and_then(|seconds| u64::try_from(seconds).ok());
    let origin = settings
        .get(&Keyword::ConnectTimeout)
        .map(|setting| setting.origin.clone());
    Ok(seconds
        .filter(|seconds| *seconds > 0)
        .zip(origin)
        .map(|(seconds, origin)| Setting {
            value: Duration::from_secs(seconds),
            origin,
        }))
}

fn integer(settings: &Settings, keyword: Keyword) -> Result<Option<i32>, Error> {
    let Some(setting) = settings.get(&keyword) else {
        return Ok(None);
    };
    let text = setting.value.as_bytes();
    number::integer(text)
        .map(Some)
        .ok_or_else(|| Error::InvalidValue {
            keyword,
            value: Word::new(text),
            origin: setting.origin.clone(),
            expected: Expected::Integer,
            meant: None,
        })
}

pub(in crate::conninfo) fn require_auth(
    settings: &Settings,
) -> Result<Option<Setting<RequireAuth>>, Error> {
    let Some(Setting {
        value: text,
        origin,
    }) = given(settings, Keyword::RequireAuth)
    else {
        return Ok(None);
    };
    let invalid = |part: &[u8], expected, meant| Error::InvalidValue {
        keyword: Keyword::RequireAuth,
        value: Word::new(part),
        origin: origin.clone(),
        expected,
        meant,
    };
    let negated = text.starts_with(b"!");
    let mut methods = Vec::new();
    for part in text.split(|byte| *byte == b',') {
        let name = match (part.strip_prefix(b"!"), negated) {
            (Some(name), true) => name,
            (None, false) => part,
            _ => return Err(invalid(part, Expected::AllOrNoneNegated, None)),
        };
        let choices = names::<AuthMethod>();
        let Some(method) = AuthMethod::from_bytes(name) else {
            let meant = suggestion::meant_choice(Keyword::RequireAuth, name, &choices);
            return Err(invalid(name, Expected::OneOf(choices), meant));
        };
        if methods.contains(&method) {
            return Err(invalid(part, Expected::OnlyOnce, None));
        }
        methods.push(method);
    }
    let value = if negated {
        RequireAuth::Not(methods)
    } else {
        RequireAuth::Only(methods)
    };
    Ok(Some(Setting { value, origin }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conninfo::ConnInfo;
    use crate::conninfo::fake::Fake;

    fn read(text: &str) -> Result<ConnInfo, Error> {
        ConnInfo::read(text.as_bytes(), &Fake::default())
    }

    /// The keyword or the kind of the error; `ok` if there is none.
    fn verdict(text: &str) -> String {
        match read(text) {
            Ok(_) => "ok".to_owned(),
            Err(Error::InvalidValue { keyword, .. }) => keyword.to_string(),
            Err(error) => {
                let shown = format!("{error:?}");
                let variant = shown.split(' ').next();
                variant.unwrap_or_default().to_owned()
            }
        }
    }

    #[test]
    fn values_are_judged_as_libpq_judges_them() {
        for (text, meaning) in [
            ("sslmode=verify-full", "ok"),
            ("sslmode=required", "sslmode"),
            ("sslmode=VERIFY-FULL", "sslmode"),
            ("sslmode=''", "sslmode"),
            ("sslmode=disable", "ok"),
            ("channel_binding=yes", "channel_binding"),
            ("gssencmode=x", "gssencmode"),
            ("target_session_attrs=master", "target_session_attrs"),
            ("load_balance_hosts=1", "load_balance_hosts"),
            ("sslcertmode=''", "sslcertmode"),
            ("sslnegotiation=tls", "sslnegotiation"),
            ("ssl_min_protocol_version=tlsV1.3", "ok"),
            ("ssl_min_protocol_version=1.3", "ssl_min_protocol_version"),
            (
                "ssl_max_protocol_version=x sslmode=disable",
                "ssl_max_protocol_version",
            ),
            ("ssl_max_protocol_version=TLSv1.1", "TlsRange"),
            (
                "ssl_max_protocol_version=TLSv1.1 ssl_min_protocol_version=''",
                "ok",
            ),
            (
                "ssl_max_protocol_version=TLSv1 ssl_min_protocol_version=TLSv1",
                "ok",
            ),
            ("min_protocol_version=3.1", "min_protocol_version"),
            ("min_protocol_version=latest max_protocol_version=3.2", "ok"),
            (
                "min_protocol_version=3.2 max_protocol_version=3.0",
                "ProtocolRange",
            ),
            ("scram_client_key=QUFB", "scram_client_key"),
            (
                "scram_server_key=QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=",
                "ok",
            ),
            ("connect_timeout=''", "connect_timeout"),
            ("connect_timeout=5s", "connect_timeout"),
            ("host=a keepalives=x", "keepalives"),
            ("host=a keepalives_idle=x", "keepalives_idle"),
            ("host=a keepalives_interval=x", "keepalives_interval"),
            ("host=a keepalives_count=x", "keepalives_count"),
            ("host=a tcp_user_timeout=x", "tcp_user_timeout"),
            ("host=a keepalives=0 tcp_user_timeout=x", "ok"),
            ("host=/tmp keepalives=x", "ok"),
            ("require_auth=md5,none", "ok"),
            ("require_auth=!md5,!none", "ok"),
            ("require_auth=md5,!none", "require_auth"),
            ("require_auth=!md5,none", "require_auth"),
            ("require_auth=md5,md5", "require_auth"),
            ("require_auth=md5,", "require_auth"),
            ("sslrootcert=system", "ok"),
            ("sslrootcert=system sslmode=verify-full", "ok"),
            ("sslrootcert=system sslmode=verify-ca", "WeakSslMode"),
            ("sslrootcert=system sslmode=disable", "WeakSslMode"),
            ("sslrootcert=./system sslmode=require", "ok"),
            ("sslnegotiation=direct sslmode=require", "ok"),
            ("sslnegotiation=direct sslmode=prefer", "WeakSslMode"),
            ("sslnegotiation=direct", "WeakSslMode"),
            ("sslnegotiation=direct sslrootcert=system", "ok"),
        ] {
            assert_eq!(verdict(text), meaning, "{text}");
        }
    }
}

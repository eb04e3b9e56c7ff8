//! Settings in, meaning out: every value judged as libpq judges it, in its order (`pqConnectOptions2` and the socket
//! options of `PQconnectPoll` in `fe-connect.c`).

use std::path::PathBuf;
use std::time::Duration;

use super::choice::{Choice, names};
use super::endpoints::{self, Endpoint, Route};
use super::env::{bytes_of, path_of};
use super::error::{Demand, Error, Expected};
use super::hint;
use super::number;
use super::parameter::Keyword;
use super::parse::Assignment;
use super::service::Settings;
use super::value::{Origin, Secret, Setting, Value, Word};
use super::{
    AuthMethod, ConnInfo, LoadBalanceHosts, ProtocolVersion, RequireAuth, RootCert, SslCertMode,
    SslMode, SslNegotiation, SslSni, TargetSessionAttrs, TlsVersion, World,
};

/// Judges all settings and makes the [`ConnInfo`].
pub(super) fn interpret(
    mut settings: Settings,
    own: Vec<Assignment>,
    world: &dyn World,
) -> Result<ConnInfo, Error> {
    let endpoints = endpoints::read(&settings)?;
    let user = user(&mut settings, world)?;
    let dbname = dbname(&mut settings, &user);
    passfile(&mut settings, world);
    let require_auth = require_auth(&settings)?;
    let channel_binding = choice(&settings, Keyword::ChannelBinding)?;
    let mut sslmode = choice::<SslMode>(&settings, Keyword::SslMode)?;
    let sslnegotiation = choice(&settings, Keyword::SslNegotiation)?;
    let sslrootcert = given(&settings, Keyword::SslRootCert)
        .map(|setting| setting.map(|bytes| root_cert(&bytes)));
    refuse_weak_mode(&sslmode, &sslnegotiation, sslrootcert.as_ref())?;
    if sslmode.origin == Origin::Default {
        sslmode.value = SslMode::VerifyFull;
        let value = Value::new(Keyword::SslMode, sslmode.value.as_str().as_bytes().to_vec());
        settings.insert(
            Keyword::SslMode,
            Setting {
                value,
                origin: Origin::Default,
            },
        );
    }
    let (min, max) = tls_versions(&settings)?;
    let allow = || Some(SslCertMode::Allow.as_str().as_bytes().to_vec());
    fill_in(
        &mut settings,
        Keyword::SslCertMode,
        Emptiness::IsAValue,
        allow,
    );
    let sslcertmode = choice(&settings, Keyword::SslCertMode)?;
    let gssencmode = choice(&settings, Keyword::GssEncMode)?;
    choice::<TargetSessionAttrs>(&settings, Keyword::TargetSessionAttrs)?;
    scram_key(&settings, Keyword::ScramClientKey)?;
    scram_key(&settings, Keyword::ScramServerKey)?;
    choice::<LoadBalanceHosts>(&settings, Keyword::LoadBalanceHosts)?;
    protocol_versions(&settings)?;
    socket_options(&settings, &endpoints)?;
    Ok(ConnInfo {
        endpoints,
        sslmode,
        sslnegotiation,
        sslrootcert,
        sslcrl: path(&settings, Keyword::SslCrl),
        sslcrldir: path(&settings, Keyword::SslCrlDir),
        sslcert: path(&settings, Keyword::SslCert),
        sslkey: path(&settings, Keyword::SslKey),
        sslcertmode,
        sslpassword: secret(&settings, Keyword::SslPassword),
        sslsni: sslsni(&settings),
        ssl_min_protocol_version: min,
        ssl_max_protocol_version: max,
        connect_timeout: connect_timeout(&settings)?,
        user,
        dbname,
        password: secret(&settings, Keyword::Password),
        channel_binding,
        require_auth,
        gssencmode,
        home_files: world.home().map(|home| {
            if cfg!(windows) {
                home
            } else {
                home.join(".postgresql")
            }
        }),
        settings,
        own,
    })
}

/// The user named, or else the one who runs the program.
fn user(settings: &mut Settings, world: &dyn World) -> Result<Setting<Value>, Error> {
    fill_in(settings, Keyword::User, Emptiness::IsNoValue, || {
        world.user()
    });
    settings
        .get(&Keyword::User)
        .filter(|user| !user.value.as_bytes().is_empty())
        .cloned()
        .ok_or(Error::NoUser)
}

/// The database named, or else the one with the user's name.
fn dbname(settings: &mut Settings, user: &Setting<Value>) -> Setting<Value> {
    let default = Setting {
        value: Value::new(Keyword::Dbname, user.value.as_bytes().to_vec()),
        origin: Origin::Default,
    };
    if given(settings, Keyword::Dbname).is_none() {
        settings.insert(Keyword::Dbname, default.clone());
    }
    settings.get(&Keyword::Dbname).cloned().unwrap_or(default)
}

/// The password file, which libpq asks only where no password is given.
fn passfile(settings: &mut Settings, world: &dyn World) {
    let name = if cfg!(windows) {
        "pgpass.conf"
    } else {
        ".pgpass"
    };
    if given(settings, Keyword::Password).is_none() {
        let default = || {
            world
                .home()
                .map(|home| bytes_of(home.join(name).as_os_str()))
        };
        fill_in(settings, Keyword::Passfile, Emptiness::IsNoValue, default);
    }
}

/// What an empty value counts for.
#[derive(PartialEq, Eq)]
enum Emptiness {
    IsAValue,
    IsNoValue,
}

/// Sets a keyword to its default, if there is one and the keyword has no value.
fn fill_in(
    settings: &mut Settings,
    keyword: Keyword,
    emptiness: Emptiness,
    default: impl FnOnce() -> Option<Vec<u8>>,
) {
    let filled = match emptiness {
        Emptiness::IsAValue => settings.contains_key(&keyword),
        Emptiness::IsNoValue => given(settings, keyword).is_some(),
    };
    if !filled && let Some(bytes) = default() {
        let value = Value::new(keyword, bytes);
        settings.insert(
            keyword,
            Setting {
                value,
                origin: Origin::Default,
            },
        );
    }
}

/// A setting that is there and not empty.
fn given(settings: &Settings, keyword: Keyword) -> Option<Setting<Vec<u8>>> {
    let setting = settings
        .get(&keyword)
        .filter(|setting| !setting.value.as_bytes().is_empty())?;
    Some(Setting {
        value: setting.value.as_bytes().to_vec(),
        origin: setting.origin.clone(),
    })
}

fn path(settings: &Settings, keyword: Keyword) -> Option<Setting<PathBuf>> {
    given(settings, keyword).map(|setting| setting.map(|bytes| path_of(&bytes)))
}

fn secret(settings: &Settings, keyword: Keyword) -> Option<Setting<Secret>> {
    given(settings, keyword).map(|setting| setting.map(Secret::new))
}

fn root_cert(bytes: &[u8]) -> RootCert {
    if bytes == b"system" {
        RootCert::System
    } else {
        RootCert::File(path_of(bytes))
    }
}

fn sslsni(settings: &Settings) -> Setting<SslSni> {
    let read = |bytes: &[u8]| {
        if bytes.starts_with(b"1") {
            SslSni::Send
        } else {
            SslSni::Omit
        }
    };
    match settings.get(&Keyword::SslSni) {
        Some(setting) => Setting {
            value: read(setting.value.as_bytes()),
            origin: setting.origin.clone(),
        },
        None => Setting {
            value: SslSni::Send,
            origin: Origin::Default,
        },
    }
}

/// An enumerated setting; an empty value is none of its words.
fn choice<T: Choice>(settings: &Settings, keyword: Keyword) -> Result<Setting<T>, Error> {
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
    let meant = hint::meant_choice(keyword, text, &names::<T>());
    Error::InvalidValue {
        keyword,
        value: Word::after(&[], text),
        origin: origin.clone(),
        expected,
        meant,
    }
}

/// `mode` is still libpq's own: `prefer` by default, and verify-full with the system's roots.
fn refuse_weak_mode(
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

fn tls_versions(settings: &Settings) -> Result<Versions, Error> {
    let min = tls_version(settings, Keyword::SslMinProtocolVersion)?;
    let max = tls_version(settings, Keyword::SslMaxProtocolVersion)?;
    match (&min, &max) {
        (Some(min), Some(max)) if min.value > max.value => Err(Error::TlsRange {
            min: min.value,
            min_origin: min.origin.clone(),
            max: max.value,
        }),
        _ => Ok((min, max)),
    }
}

/// The one enumeration whose case does not matter (`sslVerifyProtocolVersion`).
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
        .find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(&text))
    {
        Some((_, value)) => Ok(Some(Setting {
            value: *value,
            origin,
        })),
        None => Err(not_a_choice::<TlsVersion>(keyword, &text, &origin)),
    }
}

/// libpq's default for the largest gives way to the smallest, so only two given versions can contradict each other.
fn protocol_versions(settings: &Settings) -> Result<(), Error> {
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
fn scram_key(settings: &Settings, keyword: Keyword) -> Result<(), Error> {
    let Some(setting) = settings.get(&keyword) else {
        return Ok(());
    };
    match data_encoding::BASE64.decode(setting.value.as_bytes()) {
        Ok(key) if key.len() == SCRAM_KEY_BYTES => Ok(()),
        _ => Err(Error::InvalidValue {
            keyword,
            value: Word::Hidden,
            origin: setting.origin.clone(),
            expected: Expected::ScramKey,
            meant: None,
        }),
    }
}

/// The length of a SHA-256 hash.
const SCRAM_KEY_BYTES: usize = 32;

/// libpq sets these on TCP sockets only, and judges them when it does.
fn socket_options(settings: &Settings, endpoints: &[Endpoint]) -> Result<(), Error> {
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

/// One second is one second since libpq 17; older ones made two of it.
fn connect_timeout(settings: &Settings) -> Result<Option<Setting<Duration>>, Error> {
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
            value: Word::after(&[], text),
            origin: setting.origin.clone(),
            expected: Expected::Integer,
            meant: None,
        })
}

fn require_auth(settings: &Settings) -> Result<Option<Setting<RequireAuth>>, Error> {
    let Some(Setting {
        value: text,
        origin,
    }) = given(settings, Keyword::RequireAuth)
    else {
        return Ok(None);
    };
    let invalid = |part: &[u8], expected, meant| Error::InvalidValue {
        keyword: Keyword::RequireAuth,
        value: Word::after(&[], part),
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
            let meant = hint::meant_choice(Keyword::RequireAuth, name, &choices);
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
    use super::super::fake::Fake;
    use super::super::{Class, GssEncMode};
    use super::*;

    fn read(text: &str) -> Result<ConnInfo, Error> {
        ConnInfo::read(text.as_bytes(), &Fake::default())
    }

    /// The keyword, or the class, of the error; `ok` where there is none.
    fn verdict(text: &str) -> String {
        match read(text) {
            Ok(_) => "ok".to_owned(),
            Err(Error::InvalidValue { keyword, .. }) => keyword.to_string(),
            Err(error) => format!("{:?}", error.class()),
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
            ("ssl_max_protocol_version=TLSv1.1", "InvalidValue"),
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
                "InvalidValue",
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

    #[test]
    fn without_an_sslmode_everything_is_verified() {
        let info = read("host=a").unwrap();
        assert_eq!(
            (info.sslmode.value, info.sslmode.origin.clone()),
            (SslMode::VerifyFull, Origin::Default)
        );
        assert_eq!(
            info.parameter(Keyword::SslMode).unwrap().value.to_string(),
            "verify-full"
        );
        assert_eq!(
            read("sslmode=prefer").unwrap().sslmode.value,
            SslMode::Prefer
        );
    }

    #[test]
    fn defaults_are_those_of_libpq() {
        let info = read("").unwrap();
        assert_eq!(info.user.value.to_string(), "me");
        assert_eq!(info.dbname.value.to_string(), "me");
        assert_eq!(
            read("user=you dbname=''").unwrap().dbname.value.to_string(),
            "you"
        );
        assert_eq!(
            info.ssl_min_protocol_version.map(|min| min.value),
            Some(TlsVersion::V1_2)
        );
        assert_eq!(info.ssl_max_protocol_version, None);
        assert_eq!(info.sslnegotiation.value, SslNegotiation::Postgres);
        assert_eq!(info.sslcertmode.value, SslCertMode::Allow);
        assert_eq!(info.gssencmode.value, GssEncMode::Prefer);
        assert_eq!(info.sslsni.value, SslSni::Send);
        assert_eq!(info.home_files, Some(PathBuf::from("/home/me/.postgresql")));
        assert_eq!(info.connect_timeout, None);
    }

    #[test]
    fn a_timeout_of_one_second_is_one_second_and_none_is_for_ever() {
        let timeout = |text| {
            read(text)
                .unwrap()
                .connect_timeout
                .map(|timeout| timeout.value.as_secs())
        };
        for (text, seconds) in [
            ("connect_timeout=1", Some(1)),
            ("connect_timeout=' 10 '", Some(10)),
            ("connect_timeout=0", None),
            ("connect_timeout=-1", None),
        ] {
            assert_eq!(timeout(text), seconds, "{text}");
        }
    }

    #[test]
    fn an_empty_file_name_is_none_and_a_tilde_is_a_letter() {
        let info = read("sslrootcert='' sslcrl='' sslcert=~/x sslkey=k sslpassword='' password=p")
            .unwrap();
        assert_eq!(
            (info.sslrootcert, info.sslcrl, info.sslpassword),
            (None, None, None)
        );
        assert_eq!(info.sslcert.unwrap().value, PathBuf::from("~/x"));
        assert_eq!(info.password.unwrap().value.expose(), b"p");
        let roots = |text| read(text).unwrap().sslrootcert.unwrap().value;
        assert_eq!(roots("sslrootcert=system"), RootCert::System);
        assert_eq!(
            roots("sslrootcert=System"),
            RootCert::File(PathBuf::from("System"))
        );
    }

    #[test]
    fn sni_is_sent_only_if_the_value_begins_with_one() {
        for (text, sni) in [
            ("1", SslSni::Send),
            ("10", SslSni::Send),
            ("0", SslSni::Omit),
            ("true", SslSni::Omit),
            ("''", SslSni::Omit),
        ] {
            assert_eq!(
                read(&format!("sslsni={text}")).unwrap().sslsni.value,
                sni,
                "{text}"
            );
        }
    }

    #[test]
    fn a_user_is_needed_where_the_system_knows_none() {
        let nobody = Fake::nobody();
        assert_eq!(
            ConnInfo::read(b"", &nobody)
                .map(|_| ())
                .unwrap_err()
                .class(),
            Class::BadConninfo
        );
        assert!(ConnInfo::read(b"user=x", &nobody).is_ok());
    }
}

//! Turns settings into meaning: fills in what is missing and validates every value, in the order of
//! `pqConnectOptions2` (libpq's `fe-connect.c`).

mod suggestion;
pub(super) mod validate;

use std::path::PathBuf;

use self::validate::{
    choice, connect_timeout, given, protocol_versions, refuse_weak_mode, require_auth, scram_key,
    socket_options, tls_versions,
};
use crate::conninfo::choice::Choice;
use crate::conninfo::endpoints;
use crate::conninfo::error::Error;
use crate::conninfo::grammar::Assignment;
use crate::conninfo::parameter::Keyword;
use crate::conninfo::sources::{env, openssl_conf};
use crate::conninfo::value::Settings;
use crate::conninfo::value::{Origin, Secret, Setting, Value};
use crate::conninfo::{
    ConnInfo, LoadBalanceHosts, RootCert, SslCertMode, SslMode, SslSni, TargetSessionAttrs, World,
};
use crate::os::{self, bytes_of, path_of};

/// Validates all settings and builds the [`ConnInfo`].
pub(in crate::conninfo) fn interpret(
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
        home_files: world.home().map(|home| os::home_files(&home)),
        system_roots: env::SystemRoots::read(world),
        openssl_conf: openssl_conf::OpensslConf::read(world),
        server_settings: env::server_settings(world),
        unread: env::Unread::all_in(world),
        settings,
        own,
    })
}

/// The named user, or else the user who runs the program.
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

/// The named database, or else the one with the user's name.
fn dbname(settings: &mut Settings, user: &Setting<Value>) -> Setting<Value> {
    let default = Setting {
        value: user.value.clone(),
        origin: Origin::Default,
    };
    if given(settings, Keyword::Dbname).is_none() {
        settings.insert(Keyword::Dbname, default.clone());
    }
    settings.get(&Keyword::Dbname).cloned().unwrap_or(default)
}

/// The password file. libpq reads it only if no password is given.
fn passfile(settings: &mut Settings, world: &dyn World) {
    if given(settings, Keyword::Password).is_none() {
        let default = || {
            world
                .home()
                .map(|home| bytes_of(home.join(os::PASSFILE).as_os_str()))
        };
        fill_in(settings, Keyword::Passfile, Emptiness::IsNoValue, default);
    }
}

/// What an empty value means.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conninfo::fake::Fake;
    use crate::conninfo::{Error, SslNegotiation, TlsVersion};

    fn read(text: &str) -> Result<ConnInfo, Error> {
        ConnInfo::read(text.as_bytes(), &Fake::default())
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
        assert_eq!(info.gssencmode.value.as_str(), os::DEFAULT_GSSENCMODE);
        assert_eq!(info.sslsni.value, SslSni::Send);
        let home = os::home_files(std::path::Path::new("/home/me"));
        assert_eq!(info.home_files, Some(home));
        assert_eq!(info.connect_timeout, None);
    }

    #[test]
    fn a_timeout_of_one_second_is_one_second_and_none_is_no_limit() {
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
        let nobody = Fake::without_user();
        assert!(matches!(ConnInfo::read(b"", &nobody), Err(Error::NoUser)));
        assert!(ConnInfo::read(b"user=x", &nobody).is_ok());
    }
}

//! psqlODBC (`dlg_specific.c`, `connection.c`).

use super::pairs::{self, Form, OdbcParam};
use super::parts::set_mode;
use super::promise::{Promise, Root};
use super::settings::{Case, Meaning, Param, Table, Unknown, row};
use super::url::{Plus, decoded};
use super::{Dialect, Fault, Reading};
use crate::conninfo::{Keyword, SslMode, Word, parse, quoted};

const DIALECT: Dialect = Dialect::Odbc;

pub(super) const TABLE: Table = Table {
    dialect: DIALECT,
    case: Case::Ignored,
    unknown: Unknown::Ignored,
    rows: &[
        row(&["Driver"], Meaning::Tls),
        row(&["Server", "Servername"], Meaning::Same(Keyword::Host)),
        row(&["Port"], Meaning::Same(Keyword::Port)),
        row(&["Database"], Meaning::Same(Keyword::Dbname)),
        row(&["Uid", "Username"], Meaning::Same(Keyword::User)),
        row(&["Pwd", "Password"], Meaning::Same(Keyword::Password)),
        row(&["SSLmode", "CA"], Meaning::Tls),
        row(&["Pqopt", "D9"], Meaning::Tls),
        row(
            &["KeepaliveTime", "D7"],
            Meaning::Same(Keyword::KeepalivesIdle),
        ),
        row(
            &["KeepaliveInterval", "D8"],
            Meaning::Same(Keyword::KeepalivesInterval),
        ),
        row(
            &["DSN", "FileDSN"],
            Meaning::Refused("the settings are on the machine that has this data source"),
        ),
        row(
            &["Host", "Hostname"],
            Meaning::Lost("psqlODBC does not know it: its name is Server"),
        ),
        row(
            &[
                "ReadOnly",
                "ByteaAsLongVarBinary",
                "UseServerSidePrepare",
                "Protocol",
                "FakeOidIndex",
                "ShowOidColumn",
                "RowVersioning",
                "ShowSystemTables",
                "ConnSettings",
                "Fetch",
                "UnknownSizes",
                "MaxVarcharSize",
                "MaxLongVarcharSize",
                "Debug",
                "CommLog",
                "UseDeclareFetch",
                "TextAsLongVarchar",
                "UnknownsAsLongVarchar",
                "BoolsAsChar",
                "Parse",
                "ExtraSysTablePrefixes",
                "LFConversion",
                "UpdatableCursors",
                "DisallowPremature",
                "TrueIsMinus1",
                "BI",
                "LowerCaseIdentifier",
                "XaOpt",
                "GssAuthUseGSS",
                "Description",
                "Encrypt",
                "TrustServerCertificate",
                "Trusted_Connection",
                "AB",
                "A0",
                "A1",
                "A2",
                "A3",
                "A4",
                "A5",
                "A6",
                "A7",
                "A8",
                "A9",
                "AA",
                "B0",
                "B1",
                "B2",
                "B3",
                "B4",
                "B5",
                "B6",
                "B7",
                "B8",
                "B9",
                "BA",
                "BB",
                "BC",
                "BD",
                "BE",
                "BF",
                "BG",
                "BH",
                "C0",
                "C1",
                "C2",
                "C3",
                "C4",
                "C5",
                "C6",
                "C7",
                "C8",
                "C9",
                "CB",
                "CX",
                "D1",
                "D2",
                "D3",
                "D4",
                "D5",
                "D6",
                "Optional",
                "BatchSize",
                "IgnoreTimeout",
            ],
            Meaning::Nothing,
        ),
    ],
};

/// The settings that may be in braces, and that are decoded otherwise (`decode_or_remove_braces`).
const BRACED: &[&str] = &["Pwd", "Password", "Pqopt", "D9"];

/// Whether a value of `Driver` is psqlODBC.
pub(super) fn is_its_driver(driver: &str) -> bool {
    let lower = driver.to_ascii_lowercase();
    lower.starts_with("postgresql") || lower.contains("psqlodbc")
}

pub(super) fn read(text: &str) -> Result<Reading, Fault> {
    let params = pairs::odbc(text).ok_or_else(|| {
        Fault::refused_but(
            DIALECT,
            "a setting has no =, or its brace is not closed or not at the end of the value",
            "Write Name=Value with ; between the settings. Put a password with ; in braces.",
        )
    })?;
    let mut reading = Reading::new(DIALECT);
    let mut decoded_params = Vec::new();
    for OdbcParam { param, form } in params {
        let Param { name, value, word } = param;
        if name.trim() != name {
            reading.warn_of(&word, "psqlODBC ignores it because of the blank before or after the name: write the name without blanks");
            continue;
        }
        let has = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(&name));
        let value = match form {
            Form::Plain if has(BRACED) => decoded(&value, Plus::Blank).ok_or_else(|| {
                Fault::refused_but(
                    DIALECT,
                    "a % in Pwd or Pqopt is not followed by two hexadecimal digits",
                    "Put the value in braces.",
                )
            })?,
            Form::Braces if !has(BRACED) && !has(&["Driver", "ConnSettings"]) => {
                reading.warn_of(&word, "psqlODBC takes the braces for a part of the value: only Pwd and Pqopt may have them");
                format!("{{{value}}}")
            }
            Form::Plain | Form::Braces => value,
        };
        decoded_params.push(Param { name, value, word });
    }
    let tls = TABLE.read(&decoded_params, &mut reading)?;
    let mode = match tls.get("SSLmode") {
        Some(word) => mode(word, &mut reading)?,
        None => {
            reading.warn("SSLmode", "not set: psqlODBC connects in plain text");
            SslMode::Disable
        }
    };
    set_mode(&mut reading, mode);
    if let Some(options) = tls.get("Pqopt") {
        pqopt(options, &mut reading)?;
    }
    reading.without_nul()
}

/// `dlg_specific.c`, `copyConnAttributes`: the first letter decides, the second one behind `v`; in small letters only. What
/// begins with `v` and is neither goes to libpq as it is.
fn mode(word: &str, reading: &mut Reading) -> Result<SslMode, Fault> {
    let mut letters = word.chars();
    Ok(match (letters.next(), letters.next()) {
        (Some('a'), _) => SslMode::Allow,
        (Some('p'), _) => SslMode::Prefer,
        (Some('r'), _) => SslMode::Require,
        (Some('d'), _) => SslMode::Disable,
        (Some('v'), Some('c')) => SslMode::VerifyCa,
        (Some('v'), Some('f')) => SslMode::VerifyFull,
        (Some('v'), _) => match super::parts::mode_of(word) {
            Some(mode) => mode,
            None => {
                return Err(Fault::refused_but(
                    DIALECT,
                    "SSLmode is not a mode that libpq knows",
                    "Write SSLmode=verify-full, with a hyphen.",
                ));
            }
        },
        _ => {
            reading.warn(
                "SSLmode",
                "psqlODBC takes this word for disable: the modes are in small letters, without blanks and braces",
            );
            SslMode::Disable
        }
    })
}

/// `Pqopt` is a keyword/value string of libpq.
fn pqopt(options: &str, reading: &mut Reading) -> Result<(), Fault> {
    let options = parse(options.as_bytes()).map_err(|_| {
        Fault::refused_but(
            DIALECT,
            "Pqopt is not a keyword/value string of libpq",
            "Write Pqopt={sslrootcert=root.crt connect_timeout=5}.",
        )
    })?;
    for option in options {
        if reading.get(option.keyword).is_some() {
            let keyword = option.keyword;
            return Err(Fault::refused_but(
                DIALECT,
                format!("{keyword} is set both in Pqopt and outside of it"),
                "Set it once.",
            ));
        }
        reading.set(option.keyword, option.value.as_bytes());
    }
    Ok(())
}

pub(super) fn write(promise: &mut Promise) -> String {
    let (host, port) = promise.host_and_port();
    let host = plain(promise, Keyword::Host, host);
    let mut text = format!("Driver={{PostgreSQL Unicode}};Server={host};Port={port}");
    for (keyword, name) in [(Keyword::Dbname, "Database"), (Keyword::User, "Uid")] {
        if let Some(value) = promise.take(keyword) {
            let value = plain(promise, keyword, value);
            text.push_str(&format!(";{name}={value}"));
        }
    }
    if let Some(password) = promise.take(Keyword::Password) {
        text.push_str(&format!(";Pwd={}", braced(&password)));
    }
    text.push_str(&format!(";SSLmode={}", promise.mode));
    let root = match promise.root.clone() {
        Root::None => None,
        Root::System => {
            promise.info("sslrootcert", "needs psqlODBC with libpq 16 or newer");
            Some("system".to_owned())
        }
        Root::File(file) => Some(file),
    };
    let root = root.map(|root| (Keyword::SslRootCert, root));
    let options: Vec<String> = root
        .into_iter()
        .chain(promise.take_rest())
        .filter(|(_, value)| !value.is_empty())
        .map(|(keyword, value)| {
            format!(
                "{keyword}={}",
                String::from_utf8_lossy(&quoted(value.as_bytes()))
            )
        })
        .collect();
    if !options.is_empty() {
        text.push_str(&format!(
            ";Pqopt={{{}}}",
            options.join(" ").replace('}', "}}")
        ));
    }
    text
}

/// A value as it is: braces would become a part of it.
fn plain(promise: &mut Promise, keyword: Keyword, value: String) -> String {
    if value.contains(';') || value.starts_with('{') {
        promise.cannot(
            keyword.as_str(),
            "psqlODBC removes braces from passwords only, so no other value can have a semicolon or begin with a brace",
        );
    }
    value
}

/// A password in braces where it needs them. Outside of braces, `Pwd` would be decoded.
fn braced(value: &str) -> String {
    let plain = value
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '*' | ':' | '/'));
    if plain && !value.is_empty() {
        value.to_owned()
    } else {
        format!("{{{}}}", value.replace('}', "}}"))
    }
}

/// The name of a driver that is not psqlODBC, as it may be shown.
pub(super) fn other_driver(text: &str) -> Option<Word> {
    let params = pairs::odbc(text)?;
    let driver = params
        .iter()
        .find(|read| read.param.name.eq_ignore_ascii_case("driver"))?;
    let driver = &driver.param.value;
    (!is_its_driver(driver)).then(|| Word::new(driver.as_bytes()))
}

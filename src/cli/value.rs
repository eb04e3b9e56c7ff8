//! Parses the values of options, or explains the error to the user. Pure.

mod times;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use clap::builder::{PathBufValueParser, PossibleValue, TypedValueParser};
use pgtls::conninfo::TlsVersion;
use pgtls::diagnose::{Code, Symptom};
use pgtls::dialect::Dialect;
use pgtls::trust::{BundledRoot, Choice, RootSet};
use pgtls::verify::{Libpq, OpenSsl};

pub(super) use times::{parse_at, parse_timeout};
pub(crate) use times::{parse_duration, parse_interval, parse_remaining};

use super::{FileReport, Format, Shard, Target, Topic};

pub(crate) fn parse_trust(text: &str) -> Result<Choice, String> {
    Ok(match text {
        "bundled" => Choice::Bundled,
        "mozilla" => Choice::Mozilla,
        "system" => Choice::System,
        _ => match text.strip_prefix("bundled:") {
            Some(name) => Choice::BundledRoot(parse_root(name)?),
            None => Choice::File(PathBuf::from(text)),
        },
    })
}

fn parse_root(name: &str) -> Result<&'static BundledRoot, String> {
    BundledRoot::by_name(name).ok_or_else(|| {
        let names: Vec<&str> = pgtls::trust::ROOTS.iter().map(|root| root.name).collect();
        format!("the built-in roots are {}", names.join(", "))
    })
}

/// What `pgtls roots export` writes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Exported {
    /// One root.
    Root(&'static BundledRoot),
    /// All roots of a set.
    Set(&'static RootSet),
}

fn parse_exported(name: &str) -> Result<Exported, String> {
    let set = RootSet::by_name(name).map(Exported::Set);
    let root = || BundledRoot::by_name(name).map(Exported::Root);
    set.or_else(root).ok_or_else(|| {
        let sets = pgtls::trust::SETS.iter().map(|set| set.name);
        let roots = pgtls::trust::ROOTS.iter().map(|root| root.name);
        let names: Vec<&str> = sets.chain(roots).collect();
        format!("the sets and roots are {}", names.join(", "))
    })
}

pub(super) fn parse_code(name: &str) -> Result<Code, String> {
    Code::from_name(name).ok_or_else(|| {
        let near: Vec<&str> = Code::nearest(name).into_iter().map(Code::name).collect();
        match near.as_slice() {
            [] => "no such code; `pgtls explain` lists them all".to_owned(),
            near => format!("no such code; did you mean {}?", near.join(" or ")),
        }
    })
}

/// A number of bytes, with K, M or G behind it for 1024 and its powers.
pub(super) fn parse_size(text: &str) -> Result<u64, String> {
    let (digits, factor) = match text.char_indices().next_back() {
        Some((end, 'K' | 'k')) => (text.get(..end), 1 << 10),
        Some((end, 'M' | 'm')) => (text.get(..end), 1 << 20),
        Some((end, 'G' | 'g')) => (text.get(..end), 1 << 30),
        _ => (Some(text), 1),
    };
    let number = digits.and_then(|digits| digits.parse::<u64>().ok());
    number
        .and_then(|number| number.checked_mul(factor))
        .filter(|size| *size > 0)
        .ok_or_else(|| "write a size such as 500K, 16M or 1G".to_owned())
}

fn parse_topic(name: &str) -> Result<Topic, String> {
    if name == "config" {
        return Ok(Topic::Config);
    }
    if let Some(code) = Code::from_name(name) {
        return Ok(Topic::Code(code));
    }
    if let Some(symptom) = Symptom::of(name) {
        return Ok(Topic::Message(symptom));
    }
    let is_code = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !name.chars().all(is_code) {
        return Ok(Topic::UnknownMessage);
    }
    Err(parse_code(name).err().unwrap_or_default())
}

pub(super) fn parse_report(text: &str) -> Result<FileReport, String> {
    let (format, file) = text
        .split_once('=')
        .filter(|(_, file)| !file.is_empty())
        .ok_or_else(|| "write a report as FORMAT=FILE, such as junit=report.xml".to_owned())?;
    let format = Format::from_str(format, false).map_err(|_| {
        let formats = Format::value_variants().iter();
        let names: Vec<String> = formats
            .filter_map(|format| Some(format.to_possible_value()?.get_name().to_owned()))
            .collect();
        format!("the formats are {}", names.join(", "))
    })?;
    refuse_stream(Path::new(file))?;
    Ok(FileReport {
        format,
        file: file.into(),
    })
}

/// A file to write. What `-` means elsewhere, standard output, needs no option here.
pub(super) fn output_file() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|file| refuse_stream(&file).map(|()| file))
}

fn refuse_stream(file: &Path) -> Result<(), String> {
    match file == Path::new("-") {
        true => Err(
            "this option writes a file, not standard output (for a file of that name write ./-)"
                .to_owned(),
        ),
        false => Ok(()),
    }
}

pub(super) fn parse_shard(text: &str) -> Result<Shard, String> {
    text.split_once('/')
        .and_then(|(number, of)| {
            Some(Shard {
                number: number.parse().ok()?,
                of: of.parse().ok()?,
            })
        })
        .filter(|shard| shard.number <= shard.of)
        .ok_or_else(|| "write a shard as K/N, such as 2/5, with K from 1 to N".to_owned())
}

pub(crate) fn parse_tls_version(text: &str) -> Result<TlsVersion, String> {
    match text.trim_start_matches("TLSv") {
        "1.2" => Ok(TlsVersion::V1_2),
        "1.3" => Ok(TlsVersion::V1_3),
        _ => Err("the versions are 1.2 and 1.3".to_owned()),
    }
}

pub(crate) fn parse_openssl(text: &str) -> Result<OpenSsl, String> {
    OpenSsl::from_name(text).ok_or_else(|| "the versions are 3.0 and 3.5".to_owned())
}

pub(crate) fn parse_libpq(text: &str) -> Result<Libpq, String> {
    Libpq::from_name(text).ok_or_else(|| "the versions are 14, 15 and 17".to_owned())
}

pub(crate) fn parse_pin(text: &str) -> Result<[u8; 32], String> {
    text.strip_prefix("sha256//")
        .and_then(|base64| data_encoding::BASE64.decode(base64.as_bytes()).ok())
        .and_then(|digest| digest.try_into().ok())
        .ok_or_else(|| "a pin must be sha256// and the base64 of 32 bytes".to_owned())
}

/// Parses a value, and tells shells which values there are.
#[derive(Clone)]
pub(super) struct Suggesting<T> {
    parse: fn(&str) -> Result<T, String>,
    names: fn() -> Vec<&'static str>,
}

impl<T: Clone + Send + Sync + 'static> TypedValueParser for Suggesting<T> {
    type Value = T;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<T, clap::Error> {
        TypedValueParser::parse_ref(&self.parse, command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new((self.names)().into_iter().map(PossibleValue::new)))
    }
}

pub(super) fn topic() -> Suggesting<Topic> {
    Suggesting {
        parse: parse_topic,
        names: || {
            let codes = Code::ALL.iter().map(|code| code.name());
            codes.chain(["config"]).collect()
        },
    }
}

pub(super) fn root() -> Suggesting<&'static BundledRoot> {
    Suggesting {
        parse: parse_root,
        names: || pgtls::trust::ROOTS.iter().map(|root| root.name).collect(),
    }
}

pub(super) fn exported() -> Suggesting<Exported> {
    Suggesting {
        parse: parse_exported,
        names: || {
            let sets = pgtls::trust::SETS.iter().map(|set| set.name);
            let roots = pgtls::trust::ROOTS.iter().map(|root| root.name);
            sets.chain(roots).collect()
        },
    }
}

pub(super) fn dialect() -> Suggesting<Dialect> {
    Suggesting {
        parse: parse_dialect,
        names: || Dialect::ALL.iter().map(|one| one.name()).collect(),
    }
}

pub(super) fn target() -> Suggesting<Target> {
    Suggesting {
        parse: parse_target,
        names: || {
            let dialects = Dialect::ALL.iter().map(|one| one.name());
            dialects.chain(["all"]).collect()
        },
    }
}

/// `--dialect`
fn parse_dialect(text: &str) -> Result<Dialect, String> {
    let lower = text.to_lowercase();
    Dialect::from_name(&lower).ok_or_else(|| {
        let names: Vec<&str> = Dialect::ALL.iter().map(|one| one.name()).collect();
        let nearest = names
            .iter()
            .filter(|name| strsim::jaro_winkler(name, &lower) > 0.85)
            .max_by(|a, b| {
                strsim::jaro_winkler(a, &lower).total_cmp(&strsim::jaro_winkler(b, &lower))
            });
        let nearest = nearest
            .map(|name| format!("; did you mean {name}?"))
            .unwrap_or_default();
        format!("the dialects are {}{nearest}", names.join(", "))
    })
}

/// `--to`
fn parse_target(text: &str) -> Result<Target, String> {
    match text {
        "all" => Ok(Target::All),
        name => parse_dialect(name).map(Target::One),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_is_a_keyword_or_a_file() {
        assert!(matches!(parse_trust("bundled"), Ok(Choice::Bundled)));
        assert!(matches!(parse_trust("system"), Ok(Choice::System)));
        assert!(matches!(parse_trust("./system"), Ok(Choice::File(_))));
        assert!(matches!(
            parse_trust("bundled:digicert-global-root-g2"),
            Ok(Choice::BundledRoot(root)) if root.name == "digicert-global-root-g2"
        ));
        assert!(parse_trust("bundled:nonsense").is_err());
    }

    #[test]
    fn a_topic_is_a_code_or_the_configuration() {
        assert_eq!(parse_topic("config"), Ok(Topic::Config));
        assert_eq!(
            parse_topic("unknown-issuer"),
            Ok(Topic::Code(Code::UnknownIssuer))
        );
        assert!(parse_topic("unknown-isuer").is_err_and(|error| error.contains("unknown-issuer")));
        assert!(parse_topic("configuration").is_err());
    }

    #[test]
    fn sizes_have_a_unit_or_none() {
        assert_eq!(parse_size("500"), Ok(500));
        assert_eq!(parse_size("2k"), Ok(2048));
        assert_eq!(parse_size("16M"), Ok(16 << 20));
        for wrong in ["", "0", "M", "-1", "1T", "99999999999G"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_report_is_a_format_and_a_file() {
        let expected = FileReport {
            format: Format::Junit,
            file: "a=b.xml".into(),
        };
        assert_eq!(parse_report("junit=a=b.xml"), Ok(expected));
        for wrong in [
            "",
            "junit",
            "junit=",
            "=a.xml",
            "xml=a.xml",
            "JUNIT=a.xml",
            "junit=-",
        ] {
            assert!(parse_report(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_shard_is_a_part_and_a_count() {
        for (text, numbers) in [("1/1", (1, 1)), ("2/5", (2, 5)), ("5/5", (5, 5))] {
            let shard = parse_shard(text).unwrap();
            assert_eq!((shard.number.get(), shard.of.get()), numbers);
        }
        for wrong in [
            "", "1", "0/5", "6/5", "1/0", "-1/5", "a/b", "1/5/9", "/", "1.0/2",
        ] {
            assert!(parse_shard(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn pins_are_in_curls_notation() {
        let pin = format!("sha256//{}", data_encoding::BASE64.encode(&[7; 32]));
        assert_eq!(parse_pin(&pin), Ok([7; 32]));
        for wrong in ["", "sha256//", "sha256//AAAA", "sha512//AAAA", "7777"] {
            assert!(parse_pin(wrong).is_err(), "{wrong}");
        }
    }
}

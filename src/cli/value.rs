//! Parses the values of options, or explains the error to the user. Pure.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;
use clap::builder::{PathBufValueParser, PossibleValue, TypedValueParser};
use pgtls::conninfo::TlsVersion;
use pgtls::demands::Remaining;
use pgtls::diagnose::{Code, Symptom};
use pgtls::dialect::Dialect;
use pgtls::serve::SHORTEST_INTERVAL;
use pgtls::trust::{BundledRoot, Choice, RootSet};
use pgtls::verify::{Libpq, OpenSsl};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{At, FileReport, Format, Shard, Target, Topic};

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

/// A time limit of something that is waited for.
pub(super) fn parse_timeout(text: &str) -> Result<Duration, String> {
    let duration = parse_duration(text)?;
    if duration.is_zero() || duration > MAX_TIMEOUT {
        return Err("a timeout must be more than 0 and at most 24h".to_owned());
    }
    Ok(duration)
}

/// How often something is done.
pub(crate) fn parse_interval(text: &str) -> Result<Duration, String> {
    let duration = parse_duration(text)?;
    if duration < SHORTEST_INTERVAL || duration > MAX_TIMEOUT {
        return Err("an interval must be at least 1s and at most 24h".to_owned());
    }
    Ok(duration)
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
    Libpq::from_name(text).ok_or_else(|| "the versions are 14 and 15".to_owned())
}

/// A duration as people write it: `10` and `10s`, `2m`, `1h30m`, `30d`. An `M` alone can be meant as either of two.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    if text.contains('M') {
        return Err("say which is meant: 2m for minutes, 2months for months".to_owned());
    }
    let seconds = text.parse::<f64>().ok();
    let seconds = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds
        .or_else(|| humantime::parse_duration(text).ok())
        .filter(|duration| *duration <= MAX_VALIDITY)
        .ok_or_else(|| {
            "write a duration as 10s, 2m, 1h30m or 30d (10 is 10 seconds), at most 100 years"
                .to_owned()
        })
}

/// The same with a unit: who writes 30 where days are usual means days, and 30 seconds would always pass.
fn parse_duration_with_unit(text: &str) -> Result<Duration, String> {
    if text.parse::<f64>().is_ok() {
        return Err(format!("say the unit: {text}d for days, {text}h for hours"));
    }
    parse_duration(text)
}

pub(crate) fn parse_remaining(text: &str) -> Result<Remaining, String> {
    match text.strip_suffix('%') {
        None => {
            let time = parse_duration_with_unit(text)?;
            // Next to nothing would always pass, and 30m may be meant as months.
            if time < SHORTEST_REMAINING {
                return Err(
                    "it must be at least 1h (m is for minutes), or a part of the lifetime as 33%"
                        .to_owned(),
                );
            }
            Ok(Remaining::Time(time))
        }
        Some(percent) => percent
            .parse()
            .ok()
            .filter(|percent| (1..100).contains(percent))
            .map(Remaining::Percent)
            .ok_or_else(|| "write a part of the lifetime as 33%, from 1% to 99%".to_owned()),
    }
}

pub(super) fn parse_at(text: &str) -> Result<At, String> {
    let shift = |text| {
        let duration = parse_duration_with_unit(text)?;
        time::Duration::try_from(duration).map_err(|error| error.to_string())
    };
    if let Some(later) = text.strip_prefix('+') {
        return Ok(At::FromNow(shift(later)?));
    }
    if let Some(earlier) = text.strip_prefix('-') {
        return Ok(At::FromNow(-shift(earlier)?));
    }
    OffsetDateTime::parse(text, &Rfc3339)
        .map(At::Instant)
        .map_err(|_| "write a time as 2027-01-31T12:00:00Z, or +30d from now".to_owned())
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

const SHORTEST_REMAINING: Duration = Duration::from_secs(3_600);
const MAX_VALIDITY: Duration = Duration::from_secs(100 * 366 * 86_400);
const MAX_TIMEOUT: Duration = Duration::from_secs(86_400);

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
    fn times_are_absolute_or_from_now() {
        assert_eq!(parse_at("+30d"), Ok(At::FromNow(time::Duration::days(30))));
        assert_eq!(parse_at("-1h"), Ok(At::FromNow(time::Duration::hours(-1))));
        assert!(matches!(
            parse_at("2027-01-31T12:00:00Z"),
            Ok(At::Instant(_))
        ));
        for wrong in ["", "tomorrow", "2027-01-31", "+", "+30", "+999999999d"] {
            assert!(parse_at(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_remains_is_a_time_or_a_part() {
        let time = Duration::from_secs(12 * 3_600);
        assert_eq!(parse_remaining("12h"), Ok(Remaining::Time(time)));
        assert_eq!(parse_remaining("33%"), Ok(Remaining::Percent(33)));
        for wrong in ["", "%", "0%", "100%", "-1%", "33", "33.3%", "256%", "3 %"] {
            assert!(parse_remaining(wrong).is_err(), "{wrong}");
        }
        for nothing in ["0s", "0d", "1us", "30m", "59m 59s"] {
            let error = parse_remaining(nothing).unwrap_err();
            assert!(error.contains("at least 1h"), "{nothing}: {error}");
        }
        let months = parse_remaining("30M").unwrap_err();
        assert!(months.contains("months"), "{months}");
        assert!(parse_remaining("30months").is_ok() && parse_remaining("60m").is_ok());
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

    #[test]
    fn durations_are_written_in_every_usual_way() {
        for (text, seconds) in [
            ("10", 10),
            ("10s", 10),
            ("2m", 120),
            ("1h30m", 5_400),
            ("30d", 2_592_000),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_secs(seconds)));
        }
        for wrong in ["", "-1", "soon", "10x", "nan", "1e30", "200y"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
        assert!(parse_remaining("30").is_err_and(|error| error.contains("30d")));
    }

    #[test]
    fn timeouts_are_positive_and_bounded() {
        assert_eq!(parse_timeout("2.5"), Ok(Duration::from_millis(2500)));
        assert_eq!(parse_timeout("500ms"), Ok(Duration::from_millis(500)));
        for wrong in ["0", "-1", "nan", "inf", "1e9", "ten", ""] {
            assert!(parse_timeout(wrong).is_err(), "{wrong}");
        }
    }
}

//! A connection string that libpq would refuse, and what the user probably meant.

use std::io::ErrorKind;

use crate::conninfo::{
    Choice as _, Demand, Error, Expected, HostForm, Keyword, Origin, ServiceFault, SslMode, Word,
    shown_path,
};
use crate::diagnose::{Code, Diagnosis, Finding, Hint, Stage};
use crate::dialect::{Fault, Refusal};
use crate::escape::escape;
use crate::os::{self, Shell};
use crate::secrecy::Taken;

/// A string that nobody can read, or that its own driver or libpq would refuse.
pub fn refusal(refusal: &Refusal) -> Diagnosis {
    match refusal {
        Refusal::Fault(fault) => {
            let finding = Finding::error(fault_code(fault), Stage::Conninfo, fault.to_string());
            Diagnosis::failed(finding.hint(fault.advice().map(Hint::say)))
        }
        Refusal::Libpq {
            error,
            besides,
            read_as,
        } => {
            let mut diagnosis = conninfo_error(error);
            let mut more = Hint::default();
            if !besides.is_empty() {
                let words: Vec<String> = besides.iter().map(Word::to_string).collect();
                more = more.then(format!("Also unknown: {}.", words.join(", ")));
            }
            if let Some(read_as) = read_as {
                let title = read_as.dialect.title();
                more = more.then(format!(
                    "The string was read as {title}; positions are those in the string for libpq."
                ));
            }
            if let Some(found) = diagnosis.error.take() {
                let hint = found.hint.clone().and(more);
                diagnosis.error = Some(found.hint(hint));
            }
            diagnosis
        }
    }
}

fn fault_code(fault: &Fault) -> Code {
    match fault {
        Fault::Empty => Code::EmptyConninfo,
        Fault::Damaged(_) | Fault::Unexpanded(_) => Code::MangledConninfo,
        Fault::OtherDatabase(_) | Fault::OtherDriver { .. } => Code::OtherDatabase,
        Fault::Ambiguous { .. } | Fault::NoPrefix { .. } => Code::AmbiguousDialect,
        Fault::Refused { .. } | Fault::Beyond { .. } => Code::RefusedByDriver,
        Fault::UnknownSettings { .. } => Code::UnknownKeyword,
    }
}

/// A connection string that libpq would refuse.
pub fn conninfo_error(error: &Error) -> Diagnosis {
    let finding = Finding::error(code(error), Stage::Conninfo, error.to_string());
    Diagnosis::failed(finding.hint(hint(error).map(Hint::say)))
}

fn code(error: &Error) -> Code {
    match error {
        Error::UnknownKeyword { .. }
        | Error::ServiceSyntax {
            fault: ServiceFault::UnknownKeyword { .. },
            ..
        } => Code::UnknownKeyword,
        Error::NoHostName { .. }
        | Error::SecretForHost { .. }
        | Error::HostForm { .. }
        | Error::InvalidValue { .. }
        | Error::TlsRange { .. }
        | Error::ProtocolRange { .. } => Code::InvalidValue,
        Error::WeakSslMode { .. } => Code::WeakSslmode,
        Error::Nul { .. }
        | Error::MissingEquals { .. }
        | Error::UnclosedQuote { .. }
        | Error::OpenBracket { .. }
        | Error::EmptyBrackets { .. }
        | Error::AfterBracket { .. }
        | Error::MissingQueryEquals { .. }
        | Error::ExtraEquals { .. }
        | Error::BadPercent { .. }
        | Error::EncodedNul { .. }
        | Error::SpaceInUri { .. }
        | Error::ServiceNotFound { .. }
        | Error::ServiceFileUnreadable { .. }
        | Error::ServiceSyntax { .. }
        | Error::HostCount { .. }
        | Error::PortCount { .. }
        | Error::NoUser => Code::BadConninfo,
    }
}

/// What to write instead, if that is known.
fn hint(error: &Error) -> Option<String> {
    let hint = match error {
        Error::ServiceSyntax {
            fault:
                ServiceFault::UnknownKeyword {
                    word: Word::Shown(word),
                    ..
                },
            ..
        } if word.ends_with(char::is_whitespace) => SERVICE_LINES,
        Error::UnknownKeyword {
            suggestion: Some(keyword),
            word,
            ..
        }
        | Error::ServiceSyntax {
            fault:
                ServiceFault::UnknownKeyword {
                    suggestion: Some(keyword),
                    word,
                },
            ..
        } => return Some(suggested(*keyword, word)),
        Error::InvalidValue {
            value: Word::Shown(value),
            meant: Some(meant),
            origin: Origin::Environment(variable),
            ..
        } if os::SHELL == Shell::Windows && value != meant && value.trim() == *meant => {
            return Some(format!(
                "remove the white space at its end. In cmd.exe write: set \"{variable}={meant}\""
            ));
        }
        Error::InvalidValue {
            keyword,
            meant: Some(meant),
            origin,
            ..
        } => {
            return Some(write(*keyword, meant, origin));
        }
        Error::InvalidValue {
            keyword: Keyword::SslMode,
            value,
            origin,
            ..
        } => {
            return (*value == Word::Shown(String::new()))
                .then(|| write(Keyword::SslMode, SslMode::VerifyFull.as_str(), origin));
        }
        Error::ServiceNotFound {
            marked: Some(file), ..
        } => {
            return Some(format!(
                "{} begins with a byte-order mark (BOM). It hides the first line from libpq, or the whole file if that is UTF-16. Save it as UTF-8 without one",
                shown_path(file)
            ));
        }
        Error::ServiceNotFound {
            service, searched, ..
        } => {
            let name = match service {
                Word::Shown(name) => escape(name).to_string(),
                Word::Hidden(_) => "NAME".to_owned(),
            };
            return Some(format!(
                "define it in {}: a line [{name}], then keyword=value lines",
                shown_path(searched.first()?)
            ));
        }
        Error::TlsRange {
            min_origin: Origin::Default,
            ..
        } => "remove ssl_max_protocol_version: libpq's default minimum is TLSv1.2",
        Error::UnknownKeyword { word, .. } | Error::MissingEquals { word, .. }
            if may_be_url(word) =>
        {
            QUOTES_OR_URI
        }
        Error::UnknownKeyword { .. }
        | Error::ServiceSyntax {
            fault: ServiceFault::UnknownKeyword { .. },
            ..
        } => DOCUMENTATION,
        Error::MissingEquals { .. } => SETTINGS,
        Error::UnclosedQuote { .. } => QUOTE,
        Error::BadPercent { .. } => "write a percent sign as %25",
        Error::SpaceInUri { .. } => {
            "remove it, or write it as %20: libpq 17 and older make it a part of the value"
        }
        Error::MissingQueryEquals { .. } => {
            "write query parameters as keyword=value, separated by &"
        }
        Error::ExtraEquals { .. } => "write an equals sign inside a value as %3D",
        Error::OpenBracket { .. } | Error::EmptyBrackets { .. } | Error::AfterBracket { .. } => {
            BRACKETS
        }
        Error::ServiceSyntax {
            fault: ServiceFault::MissingEquals,
            ..
        } => SERVICE_LINES,
        Error::ServiceFileUnreadable { error, .. } if error.kind() == ErrorKind::NotFound => {
            "correct the path (PGSERVICEFILE, or servicefile in the string), or create the file"
        }
        Error::ServiceFileUnreadable { .. } => {
            "make the file readable, or set PGSERVICEFILE to another file"
        }
        Error::HostCount { .. } => {
            "give one hostaddr for every host; leave an entry empty if a host has none"
        }
        Error::PortCount { .. } => "give one port for all hosts, or one for every host",
        Error::NoHostName { origin, .. }
        | Error::SecretForHost {
            taken: Taken::Astray,
            origin,
        } if matches!(origin, Origin::Service { .. }) => SERVICE_HOST,
        Error::NoHostName { origin, .. }
        | Error::SecretForHost {
            taken: Taken::Astray,
            origin,
        } if matches!(origin, Origin::Environment(_)) => VARIABLE_HOST,
        Error::NoHostName { byte: b'=', .. } => SWALLOWED,
        Error::NoHostName { .. } => AT_SIGN,
        Error::SecretForHost {
            taken: Taken::Astray,
            ..
        } => AT_SIGN,
        Error::SecretForHost { .. } => HOST_NAME,
        Error::HostForm {
            form: HostForm::Quotes,
            origin: Origin::Service { .. },
        } => "remove the quotes: in a service file they are part of the value",
        Error::HostForm {
            form: HostForm::Space { line_break: false },
            origin: Origin::Service { .. },
        } => SERVICE_COMMENT,
        Error::HostForm { form, .. } => host_form(form),
        Error::InvalidValue {
            value: Word::Shown(value),
            origin: Origin::Service { .. },
            ..
        } if value.contains('#') => SERVICE_COMMENT,
        Error::InvalidValue {
            value: Word::Shown(value),
            expected: Expected::Address,
            ..
        } if value.starts_with('[') => "write an IPv6 address in hostaddr without brackets",
        Error::InvalidValue {
            value: Word::Hidden(_),
            expected: Expected::Port,
            ..
        } => "in a URI, write / in a password as %2F, : as %3A and @ as %40",
        Error::TlsRange { .. } | Error::ProtocolRange { .. } => {
            "lower the minimum or raise the maximum"
        }
        Error::WeakSslMode {
            reason: Demand::SystemRoots,
            ..
        } => "set sslmode=verify-full, or set sslrootcert to a root file",
        Error::WeakSslMode {
            reason: Demand::DirectNegotiation,
            ..
        } => "set sslmode=verify-full; libpq would also accept verify-ca or require",
        Error::NoUser => "add user=NAME to the string",
        Error::Nul { .. }
        | Error::EncodedNul { .. }
        | Error::ServiceSyntax { .. }
        | Error::InvalidValue { .. } => return None,
    };
    Some(hint.to_owned())
}

const QUOTES_OR_URI: &str = "put a value that contains spaces in quotes (password='two words'); begin a URI with postgresql:// or postgres://, without jdbc: or a driver's name before it";

const DOCUMENTATION: &str =
    "PostgreSQL's documentation lists the parameters under \"Parameter Key Words\"";

const SETTINGS: &str = "write settings as keyword=value, separated by spaces (a host alone: host=NAME; a database alone: dbname=NAME); put a value that contains spaces in quotes";

const QUOTE: &str = r"close the quote; inside a value write a quote as \' and a backslash as \\";

const BRACKETS: &str = "write an IPv6 address as [2001:db8::1], then a colon and the port if needed; write a bracket in a user name or password as %5B or %5D";

const SERVICE_LINES: &str =
    "write the lines of a service as keyword=value, without spaces around the equals sign";

const SERVICE_COMMENT: &str = "remove the white space: the whole line is the value, and a comment needs a line of its own that begins with #";

const SWALLOWED: &str = "\"host=\" takes the next word as its value: write the host after it, or remove host; separate settings with spaces, not with commas or semicolons";

const SERVICE_HOST: &str = "in a service file the whole line is the value: write host=NAME, and each other setting on a line of its own";

const VARIABLE_HOST: &str = "the whole variable is the value: put the name of the host alone into it, and each other setting into a variable of its own";

const HOST_NAME: &str = "set host to the name or the address of the server; passwords and keys have \
    parameters and files of their own";

const AT_SIGN: &str = "in a URI, write @ in a user name, in a password or in the name of a database as %40, and / as %2F; in a keyword/value string, host takes only the name";

/// The right form of a host.
const fn host_form(form: &HostForm) -> &'static str {
    match form {
        HostForm::Url => {
            "write the host name alone, without a scheme, and the port in port (PGPORT)"
        }
        HostForm::Quotes => {
            "remove the quotes: docker --env-file, Kubernetes and lists in compose files keep them"
        }
        HostForm::Semicolon => "separate settings with spaces: host=NAME port=5432",
        HostForm::Space { line_break: true } => "remove the line break at its end: tr -d '\\r\\n'",
        HostForm::Space { line_break: false } => "remove the white space",
    }
}

/// The setting, in the form of its source.
fn write(keyword: Keyword, value: &str, origin: &Origin) -> String {
    match origin {
        Origin::Environment(variable) => set(os::SHELL, variable, value),
        Origin::String { .. } | Origin::Service { .. } | Origin::Default => {
            format!("set {keyword}={value}")
        }
    }
}

/// A variable that is set to a value.
fn set(shell: Shell, variable: &str, value: &str) -> String {
    match shell {
        Shell::Posix => format!("set {variable}={value}"),
        // Without the quotes a blank before && becomes part of the value.
        Shell::Windows => {
            format!("set {variable} to {value}; in cmd.exe: set \"{variable}={value}\"")
        }
    }
}

fn suggested(keyword: Keyword, word: &Word) -> String {
    match word {
        Word::Shown(word) if word == "ssl" => {
            "set sslmode=verify-full, or at least sslmode=require; ssl=true is for URIs only"
                .to_owned()
        }
        Word::Shown(_) | Word::Hidden(_) => format!("did you mean {keyword}?"),
    }
}

/// Whether the word is a URL with the wrong scheme, or may be one.
fn may_be_url(word: &Word) -> bool {
    match word {
        Word::Hidden(_) => true,
        Word::Shown(word) => word.contains("://"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_blank_before_the_next_command_is_not_part_of_a_variable_in_cmd() {
        assert_eq!(
            set(Shell::Posix, "PGSSLMODE", "require"),
            "set PGSSLMODE=require"
        );
        assert_eq!(
            set(Shell::Windows, "PGSSLMODE", "require"),
            "set PGSSLMODE to require; in cmd.exe: set \"PGSSLMODE=require\""
        );
    }
    use crate::conninfo::fake::Fake;
    use crate::conninfo::{ConnInfo, repairs};

    /// All output that the reading of a string can cause.
    fn output(text: &[u8], world: &Fake) -> String {
        match ConnInfo::read(text, world) {
            Ok(info) => {
                let parameters: Vec<String> = info
                    .parameters()
                    .map(|(keyword, setting)| format!("{keyword}={} {setting:?}", setting.value))
                    .collect();
                let lost: Vec<_> = Keyword::ALL
                    .iter()
                    .filter_map(|keyword| info.lost_backslashes(*keyword))
                    .collect();
                format!("{} {parameters:?} {info:?} {lost:?}", info.redacted())
            }
            Err(error) => {
                // What is offered instead is shown as soon as it can be read.
                let repairs: Vec<String> = repairs(text, &error)
                    .iter()
                    .filter_map(|repair| ConnInfo::read(repair.expose(), world).ok())
                    .map(|repaired| repaired.redacted())
                    .collect();
                format!("{error} {error:?} {:?} {repairs:?}", conninfo_error(&error))
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

        /// The password consists of the word `Zq` and of every character that can break a grammar. Every place
        /// for a password is tried, well formed or not.
        #[test]
        fn no_password_shows_in_any_output(
            password in r"(Zq[:/@?#%&= '\\;,\[\]]{0,2}){1,4}",
            (before, after) in proptest::sample::select(vec![
                ("password=", ""),
                ("password=", " host=h"),
                ("hots=h password=", " sslmod=require"),
                ("h:5432 password=", ""),
                ("host=h pass_word=", " sslmode=requird"),
                ("host=h secret=", " user=u"),
                ("application_name=my app password=", " user=u"),
                ("postgresql://u:", "@h/d?sslmod=require"),
                ("postgresql://u:", "@h/d?pool=1&password=x"),
                ("host=h password = ", " sslmode=require"),
                ("host=h password='", "' sslmode=require"),
                ("password='", " host=h"),
                ("host= password=", ""),
                ("user= password=", " host=h"),
                ("sslmode='require password=", "' host=h"),
                ("host=h;password=", ";user=u"),
                ("Host=h;Password=", ";Username=u"),
                ("passwd=", " host=h"),
                ("sslpassword=", ""),
                ("oauth_client_secret=", ""),
                ("scram_client_key=", ""),
                ("postgresql://u:", "@h/d"),
                ("postgresql://u:", "@h:5432/d?sslmode=require"),
                ("postgresql://:", "@/"),
                ("postgres://u:", "@[::1]/d"),
                ("postgresql://h/d?password=", ""),
                ("postgresql://h/d?user=u&password=", "&sslmode=require"),
                ("postgress://u:", "@h/d"),
                ("host=postgresql://u:", "@h/d"),
                ("dbname=postgresql://u:", "@h/d user=u"),
                ("jdbc:postgresql://u:", "@h/d?user=x"),
            ]),
        ) {
            let shown = output(format!("{before}{password}{after}").as_bytes(), &Fake::default());
            prop_assert!(!shown.contains("Zq"), "{}", shown);
        }

        #[test]
        fn no_service_file_makes_the_reader_panic(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let section = [b"[s]\n".as_slice(), &text].concat();
            output(b"service=s", &Fake::default().file("/home/me/.pg_service.conf", section));
        }

        #[test]
        fn no_value_makes_the_judgement_panic(
            keyword in proptest::sample::select(Keyword::ALL.to_vec()),
            value in "[^\0']{0,20}",
        ) {
            output(format!("host=h {keyword}='{value}'").as_bytes(), &Fake::default());
        }
    }

    fn refusal(text: &str) -> String {
        let error = ConnInfo::read(text.as_bytes(), &Fake::default())
            .map(|_| ())
            .expect_err(text);
        format!("{error}; {}", hint(&error).unwrap_or_default())
    }

    #[test]
    fn the_hint_names_the_variable_that_is_wrong() {
        let world = Fake::default().var("PGSSLMODE", "required");
        let error = ConnInfo::read(b"", &world).map(|_| ()).unwrap_err();
        let expected = if cfg!(windows) {
            "set PGSSLMODE to require; in cmd.exe: set \"PGSSLMODE=require\""
        } else {
            "set PGSSLMODE=require"
        };
        assert_eq!(hint(&error).as_deref(), Some(expected));
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        for (text, advice) in [
            ("sslmod=require", "did you mean sslmode?"),
            ("pool_size=3", "Parameter Key Words"),
            ("sslmode=", "set sslmode=verify-full"),
            ("mydb", "dbname=NAME"),
            (
                "ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2",
                "raise the maximum",
            ),
            ("ssl=true", "set sslmode=verify-full"),
            ("password=correct horse", "password='two words'"),
            ("postgress://u@h", "begin a URI with"),
            ("jdbc:postgresql://h/d?user=x", "without jdbc:"),
            ("postgresql://u:50%@h", "%25"),
            ("host='a", "close the quote"),
            ("host= password=x", "remove host"),
            ("postgresql://u:p@ss@h", "%40"),
            ("postgresql://u:pa/ss@h", "%2F"),
            ("postgresql://u:p@ss/word@h", "%2F"),
            (
                "postgresql://app:12/w@h",
                "in the name of a database as %40",
            ),
            ("postgresql://h/d ", "remove it, or write it as %20"),
            ("hostaddr=[::1]", "without brackets"),
            ("host=https://h", "without a scheme"),
            ("service=none", "[none]"),
            ("sslrootcert=system sslmode=require", "sslmode=verify-full"),
            ("sslnegotiation=direct", "sslmode=verify-full"),
            (
                "ssl_max_protocol_version=TLSv1.1",
                "remove ssl_max_protocol_version",
            ),
        ] {
            let refusal = refusal(text);
            assert!(refusal.contains(advice), "{text}: {refusal}");
        }
    }

    #[test]
    fn a_refusal_of_a_service_file_knows_its_rules() {
        for (section, advice) in [
            ("host = h", "without spaces around"),
            ("host='h'", "in a service file they are part"),
            ("host=h # primary", "a line of its own"),
            ("host= password=x", "each other setting on a line"),
            ("host=u@h", "each other setting on a line"),
            ("port=1 # primary", "a line of its own"),
        ] {
            let world = Fake::default()
                .var("PGSERVICEFILE", "/own.conf")
                .file("/own.conf", format!("[s]\n{section}"));
            let read = |text: &[u8]| {
                let error = ConnInfo::read(text, &world).map(|_| ()).unwrap_err();
                os::slashed(format!("{error}; {}", hint(&error).unwrap_or_default()))
            };
            let refusal = read(b"service=s");
            assert!(refusal.contains(advice), "{section}: {refusal}");
            // With the variable, the file at home is not read.
            let absent = read(b"service=t");
            assert!(absent.contains("define it in /own.conf"), "{absent}");
            let missing = read(b"service=s servicefile=/none.conf");
            assert!(
                missing.contains("does not exist; correct the path"),
                "{missing}"
            );
        }
    }

    #[test]
    fn a_refusal_of_pghost_knows_that_a_variable_has_one_value() {
        for host in ["h port=1", "u@h"] {
            let world = Fake::default().var("PGHOST", host);
            let error = ConnInfo::read(b"", &world).map(|_| ()).unwrap_err();
            let hint = hint(&error).unwrap_or_default();
            assert!(hint.contains("a variable of its own"), "{host}: {hint}");
        }
    }

    #[test]
    fn no_password_of_the_environment_or_a_service_shows() {
        let world = Fake::default()
            .var("PGPASSWORD", "Zq")
            .file("/home/me/.pg_service.conf", "[s]\nsslpassword=Zq");
        assert!(!output(b"service=s", &world).contains("Zq"));
    }
}

//! A connection string that libpq would refuse, and what the user probably meant.

use std::io::ErrorKind;

use crate::conninfo::{
    Choice as _, Demand, Error, Expected, HostForm, Keyword, Origin, Separator, ServiceFault,
    SslMode, Typographic, Word, is_server_setting, is_switch, shown_path,
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
        Fault::Refused { .. } | Fault::TooManyWords { .. } | Fault::Beyond { .. } => {
            Code::RefusedByDriver
        }
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
    if let Some(sign) = typographic(error) {
        return Some(format!(
            "{sign}. Word processors and chat programs write such signs: type it anew"
        ));
    }
    let hint = match error {
        Error::ServiceSyntax {
            fault:
                ServiceFault::UnknownKeyword {
                    word: Word::Shown(word),
                    ..
                },
            ..
        } if word.ends_with(char::is_whitespace) => SERVICE_LINES,
        Error::ServiceSyntax {
            fault:
                ServiceFault::UnknownKeyword {
                    word: Word::Shown(word),
                    ..
                },
            ..
        } if names_url(word) => SERVICE_URL,
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
            origin: Origin::Service { .. },
            ..
        } if value.contains('#') => SERVICE_COMMENT,
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
            value: Word::Shown(value),
            origin: Origin::String { .. },
            ..
        } if value.ends_with([',', ';']) => {
            "separate settings with spaces, without commas or semicolons"
        }
        Error::InvalidValue {
            keyword,
            value,
            meant: Some(meant),
            origin,
            ..
        } => {
            let write = write(*keyword, meant, origin);
            return Some(match value {
                Word::Shown(value) if value.ends_with(LINE_BREAK) => {
                    format!("it ends with a line break: {write}")
                }
                Word::Shown(_) | Word::Hidden(_) => write,
            });
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
            service: Word::Shown(name),
            ..
        } if name.ends_with(LINE_BREAK) => {
            return Some(format!(
                "the name ends with a line break: set PGSERVICE={}, or service in the string",
                escape(name.trim_end())
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
            min_origin,
            max_origin,
            ..
        } => {
            let unset: Vec<String> = [min_origin, max_origin]
                .iter()
                .filter_map(|origin| match origin {
                    Origin::Environment(variable) => {
                        Some(format!("; if {variable} was left over, unset it"))
                    }
                    Origin::String { .. } | Origin::Service { .. } | Origin::Default => None,
                })
                .collect();
            let change = match min_origin {
                Origin::Default => {
                    "remove ssl_max_protocol_version: libpq's default minimum is TLSv1.2"
                }
                Origin::String { .. } | Origin::Service { .. } | Origin::Environment(_) => {
                    LOWER_OR_RAISE
                }
            };
            return Some(format!("{change}{}", unset.concat()));
        }
        Error::UnknownKeyword {
            word: Word::Hidden(_),
            ..
        } => QUOTES_OR_ENCODED,
        Error::UnknownKeyword {
            word: Word::Shown(word),
            ..
        } if is_server_setting(word) => SERVER_SETTING,
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
        Error::MissingQueryEquals {
            word: Word::Hidden(_),
            ..
        }
        | Error::ExtraEquals {
            word: Word::Hidden(_),
            ..
        } => ENCODED,
        Error::MissingQueryEquals { .. } => {
            "write query parameters as keyword=value, separated by &"
        }
        Error::ExtraEquals {
            separator: Some(Separator { at, sign }),
            ..
        } => {
            let sign = match sign {
                ' ' => "space".to_owned(),
                sign => sign.to_string(),
            };
            return Some(format!(
                "write & for the {sign} at position {}: ? comes before the first setting, and & before each other one",
                at.saturating_add(1)
            ));
        }
        Error::ExtraEquals {
            separator: None, ..
        } => "write an equals sign inside a value as %3D",
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
        Error::PortCount { .. } => {
            "give one port for all hosts, or one for every host; separate settings with spaces, without commas"
        }
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
            form: HostForm::Space,
            origin: Origin::Service { .. },
        } => SERVICE_COMMENT,
        Error::HostForm {
            form: HostForm::LineBreak { name },
            origin,
        } => {
            return Some(format!(
                "remove it, for example with tr -d '\\r\\n': {}",
                write(Keyword::Host, &escape(name).to_string(), origin)
            ));
        }
        Error::HostForm { form, .. } => host_form(form),
        Error::InvalidValue {
            value: Word::Shown(value),
            expected: Expected::Address,
            ..
        } if value.starts_with('[') => "write an IPv6 address in hostaddr without brackets",
        Error::InvalidValue {
            value: Word::Shown(value),
            expected: Expected::Port,
            origin: Origin::String { .. },
            ..
        } if value.contains(':') => COLONS,
        Error::InvalidValue {
            value: Word::Shown(value),
            expected: Expected::Port,
            ..
        } if value.contains('/') => {
            "a port is one number; the name of the database is a setting of its own: dbname=NAME"
        }
        Error::InvalidValue {
            value: Word::Hidden(_),
            expected: Expected::Port,
            ..
        } => "in a URI, write / in a user name or password as %2F, : as %3A and @ as %40",
        Error::ProtocolRange { .. } => LOWER_OR_RAISE,
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

/// A word that may be a piece of a password, in a string of either form.
const QUOTES_OR_ENCODED: &str = "put a value that contains spaces in quotes (password='two words'); in a URI, write ? in a password as %3F, & as %26, @ as %40 and / as %2F, and begin with postgresql:// or postgres://, without jdbc: or a driver's name before it";

/// The same in a URI.
const ENCODED: &str = "in a password, write ? as %3F, & as %26, = as %3D, @ as %40 and / as %2F; write query parameters as keyword=value, separated by &";

const DOCUMENTATION: &str =
    "PostgreSQL's documentation lists the parameters under \"Parameter Key Words\"";

const SETTINGS: &str = "write settings as keyword=value, separated by spaces (a host alone: host=NAME; a database alone: dbname=NAME); put a value that contains spaces in quotes";

const QUOTE: &str = r"close the quote; inside a value write a quote as \' and a backslash as \\";

const COLONS: &str = "a port is one number: in a URI, write an IPv6 address in brackets, then a colon and the port ([2001:db8::1]:5432), and separate several servers by commas (a:5432,b:5433)";

const BRACKETS: &str = "write an IPv6 address as [2001:db8::1], then a colon and the port if needed; write a bracket in a user name or password as %5B or %5D";

const SERVICE_LINES: &str =
    "write the lines of a service as keyword=value, without spaces around the equals sign";

const SERVICE_COMMENT: &str = "remove the white space: the whole line is the value; put a comment on a line of its own that begins with #";

const SERVER_SETTING: &str =
    "it is a setting of the server, and libpq sends those in options: options='-c NAME=VALUE'";

const SERVICE_URL: &str = "a service has no setting for a URL: write host, port, dbname and user, each on a line of its own";

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
        HostForm::Space | HostForm::LineBreak { .. } => "remove the white space",
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
        Word::Shown(word) if word != "ssl" && keyword == Keyword::SslMode && is_switch(word) => {
            "this is the word of another driver. libpq has sslmode: verify-full verifies the server, require only encrypts"
                .to_owned()
        }
        Word::Shown(word) if word == "ssl" => {
            "set sslmode=verify-full, or at least sslmode=require; ssl=true is for URIs only"
                .to_owned()
        }
        Word::Shown(_) | Word::Hidden(_) => format!("did you mean {keyword}?"),
    }
}

/// A sign in a word that shows why nothing knows it.
fn typographic(error: &Error) -> Option<Typographic> {
    let (Error::UnknownKeyword {
        word: Word::Shown(word),
        ..
    }
    | Error::MissingEquals {
        word: Word::Shown(word),
        ..
    }
    | Error::InvalidValue {
        value: Word::Shown(word),
        ..
    }) = error
    else {
        return None;
    };
    Typographic::first_in(word)
}

const LINE_BREAK: [char; 2] = ['\r', '\n'];

const LOWER_OR_RAISE: &str = "lower the minimum or raise the maximum";

/// Whether other programs have a whole connection string under this name.
fn names_url(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    ["url", "uri", "dsn"]
        .iter()
        .any(|name| word.ends_with(name))
}

/// Whether the word is a URL with the wrong scheme, or may be one.
fn may_be_url(word: &Word) -> bool {
    match word {
        Word::Hidden(_) => true,
        Word::Shown(word) => word.contains("://"),
    }
}

#[cfg(test)]
mod tests;

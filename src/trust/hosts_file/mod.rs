//! `pg_hosts.conf` of PostgreSQL 19: a server certificate for each host name that clients send as SNI
//! (`load_hosts` in `be-secure-common.c`, `be_tls_init` in `be-secure-openssl.c`; the lines are those of
//! `pg_hba.conf`, `tokenize_auth_file` in `hba.c`).

mod tokens;

use std::path::{Path, PathBuf};

use crate::conninfo::shown_path;
use crate::escape::escape;

pub use tokens::Files;
use tokens::{Line, tokenize};

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostsLine {
    /// The file: an included one, perhaps.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// Which connections get this certificate.
    pub names: HostNames,
    /// `ssl_cert_file` for them.
    pub certificate: PathBuf,
    /// `ssl_key_file` for them.
    pub key: PathBuf,
    /// `ssl_ca_file` for them: which client certificates are accepted.
    pub client_ca: Option<PathBuf>,
    /// Whether a command prints the passphrase of the key.
    pub passphrase: Passphrase,
}

/// Which connections a line is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostNames {
    /// `*`: those that no other line is for.
    Default,
    /// `/no_sni/`: those without SNI.
    WithoutSni,
    /// Those that send one of these names, in any case.
    Named(Vec<String>),
}

/// Where the passphrase of a key comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passphrase {
    /// There is none.
    None,
    /// A command prints it.
    Command,
}

/// A file with which PostgreSQL does not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}, line {line}: {fault}", shown_path(file))]
pub struct HostsError {
    /// The file.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub fault: HostsFault,
}

/// What is wrong with a line, in PostgreSQL's words if it has some.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostsFault {
    /// No certificate or no key.
    #[error("missing entry at end of line: a line needs a host name, a certificate and a key")]
    Missing,
    /// A list where one value is needed.
    #[error("multiple values specified for {0}")]
    Several(&'static str),
    /// More than six fields.
    #[error("extra fields at end of line")]
    Extra,
    /// The sixth field is not a boolean.
    #[error("the sixth field, whether the passphrase command supports a reload, must be on or off")]
    Boolean,
    /// `*` or `/no_sni/` in a list.
    #[error("default and non-SNI entries cannot be mixed with other entries")]
    Mixed,
    /// A second line for the same connections.
    #[error("there is another line for \"{}\"", escape(.0))]
    Twice(String),
    /// A file that another one names.
    #[error("could not read the included file {}: {reason}", shown_path(path))]
    Included {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Files include each other.
    #[error("files are included too deeply")]
    TooDeep,
}

/// Reads all lines.
///
/// # Errors
/// The first reason why PostgreSQL would not start.
pub fn read(text: &[u8], file: &Path, files: &Files<'_>) -> Result<Vec<HostsLine>, HostsError> {
    let mut lines = Vec::new();
    tokenize(text, file, files, 0, &mut lines)?;
    let lines: Vec<HostsLine> = lines.iter().map(Line::hosts).collect::<Result<_, _>>()?;
    let mut seen: Vec<String> = Vec::new();
    for line in &lines {
        let names = match &line.names {
            HostNames::Default => vec!["*".to_owned()],
            HostNames::WithoutSni => vec![WITHOUT_SNI.to_owned()],
            HostNames::Named(names) => names.clone(),
        };
        for name in names {
            let key = name.to_ascii_lowercase();
            if seen.contains(&key) {
                return Err(HostsError {
                    file: line.file.clone(),
                    line: line.line,
                    fault: HostsFault::Twice(name),
                });
            }
            seen.push(key);
        }
    }
    Ok(lines)
}

/// The line for a connection that sends this name, or none.
#[must_use]
pub fn line_for<'a>(lines: &'a [HostsLine], sni: Option<&str>) -> Option<&'a HostsLine> {
    let named = |line: &&HostsLine| match (&line.names, sni) {
        (HostNames::Named(names), Some(sni)) => {
            names.iter().any(|name| name.eq_ignore_ascii_case(sni))
        }
        (HostNames::WithoutSni, None) => true,
        (HostNames::Default | HostNames::WithoutSni | HostNames::Named(_), _) => false,
    };
    let default = |line: &&HostsLine| line.names == HostNames::Default;
    lines
        .iter()
        .find(named)
        .or_else(|| lines.iter().find(default))
}

impl Line {
    fn fault(&self, fault: HostsFault) -> HostsError {
        HostsError {
            file: self.file.clone(),
            line: self.line,
            fault,
        }
    }

    /// The field at this place, which must be one value.
    fn one(&self, place: usize, what: &'static str) -> Result<Option<&String>, HostsError> {
        match self.fields.get(place).map(Vec::as_slice) {
            None => Ok(None),
            Some([value]) => Ok(Some(value)),
            Some(_) => Err(self.fault(HostsFault::Several(what))),
        }
    }

    /// `parse_hosts_line`.
    fn hosts(&self) -> Result<HostsLine, HostsError> {
        let names = self.fields.first().cloned().unwrap_or_default();
        let names = match names.as_slice() {
            [one] if one == "*" => HostNames::Default,
            [one] if one == WITHOUT_SNI => HostNames::WithoutSni,
            several
                if several
                    .iter()
                    .any(|name| name == "*" || name == WITHOUT_SNI) =>
            {
                return Err(self.fault(HostsFault::Mixed));
            }
            _ => HostNames::Named(names),
        };
        let missing = || self.fault(HostsFault::Missing);
        // A relative path starts at the data directory, where the file usually is.
        let beside = |value: &String| match self.file.parent() {
            Some(directory) => directory.join(value),
            None => PathBuf::from(value),
        };
        let certificate = self.one(1, "SSL certificate")?.ok_or_else(missing)?;
        let key = self.one(2, "SSL key")?.ok_or_else(missing)?;
        let client_ca = self.one(3, "SSL CA")?;
        let command = self.one(4, "SSL passphrase command")?;
        let reload = self.fields.get(5);
        if self.fields.len() > 6 {
            return Err(self.fault(HostsFault::Extra));
        }
        if let Some(reload) = reload
            && !matches!(reload.as_slice(), [value] if is_boolean(value))
        {
            return Err(self.fault(HostsFault::Boolean));
        }
        let given = |value: &&String| !value.is_empty();
        Ok(HostsLine {
            file: self.file.clone(),
            line: self.line,
            names,
            certificate: beside(certificate),
            key: beside(key),
            client_ca: client_ca.filter(given).map(beside),
            passphrase: match command.filter(given) {
                Some(_) => Passphrase::Command,
                None => Passphrase::None,
            },
        })
    }
}

/// `parse_bool`: a beginning of these words, or 1 and 0.
fn is_boolean(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    let words = ["true", "false", "yes", "no"];
    let begins = words.iter().any(|word| word.starts_with(&value));
    !value.is_empty() && (begins || matches!(value.as_str(), "on" | "of" | "off" | "1" | "0"))
}

const WITHOUT_SNI: &str = "/no_sni/";

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn lines(text: &str) -> Result<Vec<HostsLine>, String> {
        let open = |path: &Path| match path.to_str() {
            Some("/d/names") => Ok(b"b.example\n\"c.example\", d.example # x\n".to_vec()),
            Some("/d/more") => Ok(b"e.example e.crt e.key\n".to_vec()),
            Some("/d/dir/a.conf") => Ok(b"a.dir a.crt a.key\n".to_vec()),
            Some("/d/dir/b.conf") => Ok(b"b.dir b.crt b.key\n".to_vec()),
            Some("/d/perhaps") => Ok(b"include_if_exists perhaps\n".to_vec()),
            Some("/d/many") => Ok(b"include many\n".repeat(9)),
            Some("/d/loop") => Ok(b"include loop\n".to_vec()),
            Some("/d/empty") => Ok(b"# no lines\n".to_vec()),
            _ => Err(io::ErrorKind::NotFound.into()),
        };
        let list = |path: &Path| match path.to_str() {
            Some("/d/dir") => Ok(["b.conf", "a.conf", ".c.conf", "d.txt"]
                .iter()
                .map(|name| path.join(name))
                .collect()),
            _ => Err(io::ErrorKind::NotFound.into()),
        };
        let files = Files::new(&open, &list);
        read(text.as_bytes(), Path::new("/d/pg_hosts.conf"), &files)
            .map_err(|error| error.to_string())
    }

    fn names(text: &str) -> Vec<String> {
        let names = |line: HostsLine| match line.names {
            HostNames::Default => vec!["*".to_owned()],
            HostNames::WithoutSni => vec!["-".to_owned()],
            HostNames::Named(names) => names,
        };
        lines(text).unwrap().into_iter().flat_map(names).collect()
    }

    #[test]
    #[cfg_attr(windows, ignore = "its paths are those of Unix")]
    fn lines_have_names_and_files() {
        let read = lines("# x\n\na.example s.crt /k/s.key ca.crt \"echo x\" on\n").unwrap();
        let expected = HostsLine {
            file: "/d/pg_hosts.conf".into(),
            line: 3,
            names: HostNames::Named(vec!["a.example".to_owned()]),
            certificate: "/d/s.crt".into(),
            key: "/k/s.key".into(),
            client_ca: Some("/d/ca.crt".into()),
            passphrase: Passphrase::Command,
        };
        assert_eq!(read, [expected]);
        assert_eq!(names("* s.crt s.key\n/no_sni/ s.crt s.key"), ["*", "-"]);
        assert_eq!(names("a,b, c s.crt s.key"), ["a", "b", "c"]);
        assert_eq!(names("a, b s.crt \\\n s.key"), ["a", "b"]);
        for end in ["\\", "\\\n"] {
            let text = format!("a s.crt s.key\nb s.crt s.key {end}");
            assert_eq!(names(&text), ["a", "b"]);
        }
        assert_eq!(
            names("a,@names s.crt s.key"),
            ["a", "b.example", "c.example", "d.example"]
        );
        assert_eq!(names("include more\na s.crt s.key"), ["e.example", "a"]);
        assert_eq!(names("include_if_exists none\na s.crt s.key"), ["a"]);
        assert_eq!(names("\"@names\" s.crt s.key"), ["@names"]);
        assert_eq!(names("\"a \"\"b\" s.crt s.key"), ["a \"b"]);
    }

    #[test]
    #[cfg_attr(windows, ignore = "its paths are those of Unix")]
    fn directories_are_included_in_order_and_no_bound_is_passed_over() {
        assert_eq!(names("include_dir dir"), ["a.dir", "b.dir"]);
        assert_eq!(names("include_if_exists none\n* x.crt x.key"), ["*"]);
        for text in [
            "include_if_exists perhaps",
            "include many",
            "include_dir none",
        ] {
            assert!(lines(text).is_err(), "{text}");
        }
    }

    #[test]
    #[cfg_attr(windows, ignore = "its paths are those of Unix")]
    fn what_keeps_postgresql_from_starting_is_said_with_its_line() {
        for (text, said) in [
            ("a s.crt", "line 1: missing entry at end of line"),
            // Nothing is left out because a file is empty: the fields after it move up.
            (
                "* s.crt s.key\n@empty t.crt t.key",
                "line 2: missing entry at end of line",
            ),
            (
                "a b,c s.key",
                "multiple values specified for SSL certificate",
            ),
            ("a,*,b s.crt s.key", "cannot be mixed"),
            (
                "* s.crt s.key\n* s.crt s.key",
                "line 2: there is another line for \"*\"",
            ),
            (
                "a s.crt s.key\nb,A s.crt s.key",
                "line 2: there is another line for \"A\"",
            ),
            ("a s.crt s.key ca cmd on x", "extra fields"),
            ("a s.crt s.key ca cmd perhaps", "must be on or off"),
            (
                "@none s.crt s.key",
                "could not read the included file /d/none",
            ),
            ("include none", "could not read the included file /d/none"),
            ("include loop", "included too deeply"),
        ] {
            let error = lines(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn a_connection_gets_the_line_of_its_name_or_the_default() {
        let all = lines("a.example s.crt s.key\n* t.crt t.key").unwrap();
        let line = |lines: &[HostsLine], sni| line_for(lines, sni).map(|line| line.line);
        assert_eq!(line(&all, Some("A.Example")), Some(1));
        assert_eq!(line(&all, Some("b.example")), Some(2));
        assert_eq!(line(&all, None), Some(2));
        let strict = lines("a.example s.crt s.key\n/no_sni/ t.crt t.key").unwrap();
        assert_eq!(line(&strict, Some("b.example")), None);
        assert_eq!(line(&strict, None), Some(2));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a@*,\"#/ \\\\\\n]{0,60}") {
            let _ = lines(&text);
        }
    }
}

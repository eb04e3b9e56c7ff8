//! A change that cures a finding: what to change, and how to find out beforehand whether it helps.

use std::path::PathBuf;

use crate::conninfo::Keyword;
use crate::escape::Shown;
use crate::trust::BundledRoot;
use crate::words::words;

/// A change to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What kind of thing it changes.
    pub kind: FixKind,
    /// Whose configuration has the setting, if it is one of a server.
    pub program: Program,
    /// What it changes: the connection string, a file, a setting.
    pub target: Shown,
    /// What is there now, if that is known and may be shown.
    pub before: Option<Shown>,
    /// What to write or to run.
    pub after: Shown,
    /// Whether it was judged.
    pub standing: Standing,
    /// How to judge it; `None` if nothing that we can try shows whether it helps.
    pub trial: Option<Trial>,
}

/// The program whose settings a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// PostgreSQL: postgresql.conf.
    PostgreSql,
    /// PgBouncer: pgbouncer.ini.
    PgBouncer,
}

impl Program {
    /// The name of its configuration file.
    pub const fn file(self) -> &'static str {
        match self {
            Self::PostgreSql => "postgresql.conf",
            Self::PgBouncer => "pgbouncer.ini",
        }
    }
}

/// Whether it is known that a fix helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It was not judged.
    Untried,
    /// It was judged, and leads to a pass or to the next fault, which is named.
    Proven,
}

/// What has to be tried to judge a fix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trial {
    /// The settings that change in the connection string. No secrets.
    pub changes: Vec<(Keyword, Vec<u8>)>,
    /// The files that change.
    pub made: Vec<Made>,
}

impl Trial {
    /// The settings that change.
    pub fn settings(&self) -> Vec<(Keyword, &[u8])> {
        let changes = self.changes.iter();
        changes
            .map(|(keyword, value)| (*keyword, &**value))
            .collect()
    }
}

/// A file as a command leaves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Its path, as the connection string names it.
    pub path: PathBuf,
    /// What is in it then.
    pub contents: Contents,
}

/// The contents of a file that a command writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contents {
    /// The certificates that the server presents.
    Presented,
    /// These roots of `certs/`.
    Roots(Vec<&'static BundledRoot>),
    /// Another file, converted to what libpq reads.
    Converted(PathBuf),
    /// Other files, one after the other.
    Joined(Vec<PathBuf>),
    /// Another file with this certificate, counted from 0, first.
    Reordered(PathBuf, usize),
    /// Something that only the command knows, because it asks for a passphrase.
    Unknown,
    /// What it contains now, readable by its owner only.
    Private,
}

words! {
    /// What a fix changes.
    FixKind {
        /// The connection string.
        String = "string",
        /// A file of the client, or a file of the server other than its settings.
        File = "file",
        /// A setting of the server.
        ServerSetting = "server-setting",
        /// What a command changes; run it.
        Command = "command",
    }
}

impl Fix {
    /// A connection string, or settings of one.
    pub fn string(text: impl Into<Shown>) -> Self {
        Self::new(FixKind::String, "connection string".into(), text.into())
    }

    /// A line of a file.
    pub fn file(text: impl Into<Shown>) -> Self {
        Self::new(FixKind::File, "file".into(), text.into())
    }

    /// A setting of PgBouncer, `name = value`.
    pub fn pgbouncer(text: impl Into<Shown>) -> Self {
        Self {
            program: Program::PgBouncer,
            ..Self::setting(text)
        }
    }

    /// Whether it is a line for the configuration file of this program.
    pub fn is_setting_of(&self, program: Program) -> bool {
        (self.kind, self.program) == (FixKind::ServerSetting, program)
    }

    /// A setting of PostgreSQL, `name = value`.
    pub fn setting(text: impl Into<Shown>) -> Self {
        let text = text.into();
        let name = text.split('=').next().unwrap_or_default().trim().into();
        Self::new(FixKind::ServerSetting, name, text)
    }

    /// A command for a shell, or for psql.
    pub fn command(text: impl Into<Shown>) -> Self {
        Self::new(FixKind::Command, "shell".into(), text.into())
    }

    /// The same for this file or setting.
    #[must_use]
    pub fn of(self, target: impl Into<Shown>) -> Self {
        Self {
            target: target.into(),
            ..self
        }
    }

    /// The same with what is there now.
    #[must_use]
    pub fn instead_of(self, before: impl Into<Shown>) -> Self {
        Self {
            before: Some(before.into()),
            ..self
        }
    }

    /// The same; it changes these settings of the connection string.
    #[must_use]
    pub fn changing(self, changes: &[(Keyword, &[u8])]) -> Self {
        let mut trial = self.trial.unwrap_or_default();
        let changes = changes.iter();
        trial
            .changes
            .extend(changes.map(|(keyword, value)| (*keyword, value.to_vec())));
        Self {
            trial: Some(trial),
            ..self
        }
    }

    /// The same; it makes this file.
    #[must_use]
    pub fn making(self, path: impl Into<PathBuf>, contents: Contents) -> Self {
        let mut trial = self.trial.unwrap_or_default();
        trial.made.push(Made {
            path: path.into(),
            contents,
        });
        Self {
            trial: Some(trial),
            ..self
        }
    }

    /// The same; what was observed shows that it helps.
    #[must_use]
    pub fn proven(self) -> Self {
        Self {
            standing: Standing::Proven,
            ..self
        }
    }

    fn new(kind: FixKind, target: Shown, after: Shown) -> Self {
        Self {
            kind,
            program: Program::PostgreSql,
            target,
            before: None,
            after,
            standing: Standing::Untried,
            trial: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// Every source file of the advice.
    fn sources(directory: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(directory).unwrap();
        entries
            .flat_map(|entry| {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => sources(&path),
                    false => vec![std::fs::read_to_string(path).unwrap()],
                }
            })
            .collect()
    }

    #[test]
    fn a_setting_of_pgbouncer_is_not_given_to_postgresql() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/diagnose");
        let settings = [
            "client_tls_",
            "server_tls_",
            "ignore_startup_",
            "auth_",
            "max_client_",
        ];
        for text in sources(&root) {
            let (code, _) = text.split_once("#[cfg(test)]").unwrap_or((&text, ""));
            for setting in settings {
                let wrong = format!("Fix::setting(\"{setting}");
                assert!(!code.contains(&wrong), "{wrong}");
            }
            let constants = code.split("Fix::setting(").skip(1);
            for argument in constants.filter_map(|rest| rest.split(')').next()) {
                assert!(!argument.contains("PGBOUNCER"), "{argument}");
            }
        }
    }
}

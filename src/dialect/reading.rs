//! What a string of any dialect means to libpq.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::name::Variables;
use super::{Dialect, Fault, Stack};
use crate::conninfo::{Assignment, ConnInfo, Error, Keyword, Origin, Secrecy, Word, World, quoted};

/// A string, read as libpq would have to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Whose string it is.
    pub dialect: Dialect,
    /// What is lost, or means something else.
    pub notes: Vec<Note>,
    /// Whose code speaks TLS for it.
    pub stack: Stack,
    pub(super) settings: Vec<(Keyword, Vec<u8>)>,
    /// What a service file replaces: see [`Self::set_beneath`].
    beneath: Vec<Keyword>,
    pub(super) home: Home,
    /// Whose variables and files the program has.
    pub(super) runs: Runs,
}

/// Where the program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Runs {
    /// With the environment and the home directory of pgtls.
    Here,
    /// In a container, or as another user.
    Elsewhere,
}

/// A setting of the string that libpq cannot have, or that does not mean what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The setting, as it may be shown.
    pub setting: String,
    /// What happens to it.
    pub message: String,
    /// How much it matters.
    pub weight: Weight,
}

/// How much a note matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Good to know.
    Info,
    /// The string protects less than it says.
    Warning,
    /// The same, so that the driver may talk to a server that it did not verify, or in plain text, although libpq would not
    /// with the mode that stands for the string's.
    Doubt,
}

/// Whether the driver reads the files under `~/.postgresql`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Home {
    Read,
    Ignored,
}

impl Reading {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            notes: Vec::new(),
            stack: dialect.stack(),
            settings: Vec::new(),
            beneath: Vec::new(),
            home: Home::Read,
            runs: Runs::Here,
        }
    }

    /// The same without what the service of the string says otherwise.
    #[must_use]
    pub(super) fn under_service(mut self, world: &dyn World) -> Self {
        if self.beneath.is_empty() {
            return self;
        }
        let mut above = self.clone();
        above
            .settings
            .retain(|(keyword, _)| *keyword == Keyword::Service || !self.beneath.contains(keyword));
        // What is wrong with it is said when the whole is completed.
        if let Ok(known) = above.complete(world) {
            let replaced = |keyword: Keyword| {
                let setting = known.parameter(keyword);
                setting.is_some_and(|setting| matches!(setting.origin, Origin::Service { .. }))
            };
            let beneath = std::mem::take(&mut self.beneath);
            self.settings
                .retain(|(keyword, _)| !beneath.contains(keyword) || !replaced(*keyword));
        }
        self
    }

    /// The keyword/value string for libpq. It contains the passwords.
    #[must_use]
    pub fn conninfo(&self) -> Vec<u8> {
        let mut settings: Vec<&(Keyword, Vec<u8>)> = self.settings.iter().collect();
        settings.sort_by_key(|(keyword, _)| rank(*keyword));
        let settings = settings
            .into_iter()
            .map(|(keyword, value)| [keyword.as_str().as_bytes(), b"=", &quoted(value)].concat());
        settings.collect::<Vec<_>>().join(&b' ')
    }

    /// The same, completed from what the driver reads besides its string.
    ///
    /// # Errors
    /// libpq refuses the values.
    pub fn complete(&self, world: &dyn World) -> Result<ConnInfo, Error> {
        ConnInfo::read(&self.conninfo(), &self.view().of(world))
    }

    /// What the driver sees of the machine.
    pub(super) fn view(&self) -> View {
        match self.runs {
            Runs::Here => View {
                variables: self.dialect.variables(),
                home: self.home,
            },
            Runs::Elsewhere => View {
                variables: Variables::Only(&[]),
                home: Home::Ignored,
            },
        }
    }

    /// The value of a keyword.
    #[must_use]
    pub fn get(&self, keyword: Keyword) -> Option<&[u8]> {
        let set = self.settings.iter().find(|(set, _)| *set == keyword)?;
        Some(&set.1)
    }

    /// Sets a keyword; a later value replaces an earlier one.
    pub(super) fn set(&mut self, keyword: Keyword, value: impl Into<Vec<u8>>) {
        let value = value.into();
        self.beneath.retain(|set| *set != keyword);
        match self.settings.iter_mut().find(|(set, _)| *set == keyword) {
            Some(set) => set.1 = value,
            None => self.settings.push((keyword, value)),
        }
    }

    /// Takes over the settings of a string of libpq's own.
    ///
    /// # Errors
    /// A piece of the password may stand in another place, where it would be shown.
    pub(super) fn adopt(&mut self, settings: Vec<Assignment>) -> Result<(), Fault> {
        for made in settings {
            if made.keyword.secrecy() == Secrecy::Public && made.value.is_astray() {
                return Err(Fault::refused_but(
                    self.dialect,
                    "a piece of the password may stand in another part of the URI",
                    "In a password, write / as %2F, : as %3A, ? as %3F and @ as %40.",
                ));
            }
            self.set(made.keyword, made.value.as_bytes());
        }
        Ok(())
    }

    /// Sets a keyword unless the string itself does: a variable beside the string, or a default of the driver. A service
    /// replaces both (`conninfo_add_defaults` in libpq's fe-connect.c).
    pub(super) fn set_beneath(&mut self, keyword: Keyword, value: impl Into<Vec<u8>>) {
        if self.get(keyword).is_none() || self.beneath.contains(&keyword) {
            self.set(keyword, value);
            self.beneath.push(keyword);
        }
    }

    /// Sets a keyword to a word, or leaves it to libpq if there is no word.
    pub(super) fn set_or_unset(&mut self, keyword: Keyword, word: &str) {
        match word {
            "" => self.settings.retain(|(set, _)| *set != keyword),
            word => self.set(keyword, word),
        }
    }

    /// Adds to the options for the server.
    pub(super) fn add_option(&mut self, name: &str, value: &str) {
        // `pg_split_opts` in PostgreSQL's postinit.c.
        let value = value.replace('\\', "\\\\").replace(' ', "\\ ");
        let earlier = self.get(Keyword::Options).unwrap_or_default().to_vec();
        let blank: &[u8] = if earlier.is_empty() { b"" } else { b" " };
        let added = format!("-c{name}={value}");
        self.set(
            Keyword::Options,
            [&earlier, blank, added.as_bytes()].concat(),
        );
    }

    pub(super) fn info(&mut self, setting: &str, message: impl Into<String>) {
        self.note(shown(setting), message, Weight::Info);
    }

    pub(super) fn warn(&mut self, setting: &str, message: impl Into<String>) {
        self.note(shown(setting), message, Weight::Warning);
    }

    pub(super) fn doubt(&mut self, setting: &str, message: impl Into<String>) {
        self.note(shown(setting), message, Weight::Doubt);
    }

    /// Warns about a name that may be part of a password.
    pub(super) fn warn_of(&mut self, word: &Word, message: impl Into<String>) {
        self.note(text(word), message, Weight::Warning);
    }

    fn note(&mut self, setting: String, message: impl Into<String>, weight: Weight) {
        self.notes.push(Note {
            setting,
            message: message.into(),
            weight,
        });
    }

    /// Refuses values that no C string can have.
    pub(super) fn without_nul(self) -> Result<Self, Fault> {
        let nul = self.settings.iter().find(|(_, value)| value.contains(&0));
        match nul {
            Some((keyword, _)) => Err(Fault::refused(
                self.dialect,
                format!("the value of {keyword} contains a NUL byte"),
            )),
            None => Ok(self),
        }
    }
}

/// The place of a keyword in a string: where to connect comes first.
pub(super) const fn rank(keyword: Keyword) -> u8 {
    match keyword {
        Keyword::Host => 0,
        Keyword::Hostaddr => 1,
        Keyword::Port => 2,
        Keyword::Dbname => 3,
        Keyword::User => 4,
        Keyword::Password => 5,
        _ => LAST,
    }
}

/// The rank of all keywords that have no place of their own.
pub(super) const LAST: u8 = 6;

/// A word of the string as it may be shown, without quotes.
pub(super) fn shown(word: &str) -> String {
    text(&Word::new(word.as_bytes()))
}

/// The same for a word whose place in the string counts.
pub(super) fn text(word: &Word) -> String {
    match word {
        Word::Shown(word) => word.trim().to_owned(),
        Word::Hidden(taken) => taken.to_string(),
    }
}

/// What a driver sees of a machine.
#[derive(Debug, Clone, Copy)]
pub struct View {
    variables: Variables,
    home: Home,
}

impl View {
    /// All that libpq sees.
    pub(super) const LIBPQ: Self = Self {
        variables: Variables::All,
        home: Home::Read,
    };

    /// The machine without the variables and files that only libpq reads.
    #[must_use]
    pub fn of(self, world: &dyn World) -> Seen<'_> {
        Seen { world, view: self }
    }
}

/// The machine, as a driver sees it.
pub struct Seen<'a> {
    world: &'a dyn World,
    view: View,
}

impl World for Seen<'_> {
    fn var(&self, name: &str) -> Option<OsString> {
        let read = self.view.variables.has(name);
        let roots = name == "PGSSLROOTCERT" && self.view.home == Home::Ignored;
        let set = (read && !roots).then(|| self.world.var(name)).flatten();
        match (name, self.view.home) {
            // What it ignores under the home directory are roots and keys.
            ("PGSERVICEFILE", Home::Ignored) => set.or_else(|| {
                let file = self.world.home()?.join(".pg_service.conf");
                self.world.read(&file).ok()?;
                Some(file.into())
            }),
            _ => set,
        }
    }

    fn home(&self) -> Option<PathBuf> {
        match self.view.home {
            Home::Read => self.world.home(),
            Home::Ignored => None,
        }
    }

    fn user(&self) -> Option<Vec<u8>> {
        self.world.user()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.world.read(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        self.world.list(path)
    }
}

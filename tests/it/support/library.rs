//! The libpqs of this machine, each with the OpenSSL that it is linked with: the distribution's, and those that
//! `.ci/install` installs.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use super::python::python3;
use super::skip::skip;
use super::tool::Tool;

/// One libpq and its OpenSSL.
#[derive(Clone, Debug)]
pub(crate) struct Library {
    pub(crate) source: Source,
    /// The shared library of libpq, as the loader finds it.
    pub(crate) libpq: OsString,
    /// The shared library of OpenSSL's libcrypto.
    pub(crate) libcrypto: OsString,
    /// The major version of libpq.
    pub(crate) major: u32,
    /// Its minor release.
    pub(crate) minor: u32,
    pub(crate) openssl: Version,
}

/// Where a library comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The distribution, which replaces it when it likes.
    System,
    /// A directory of `.ci/install`, whose version never changes.
    Pinned(PathBuf),
}

/// A version of OpenSSL. The patch of 1.1.1a is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    pub(crate) major: u32,
    pub(crate) minor: u32,
    pub(crate) patch: u32,
}

impl Version {
    /// `OPENSSL_VERSION_NUMBER`: `0xMNN00PP0` since 3.0, `0xMNNFFPPS` before.
    fn from_number(number: u32) -> Self {
        let (major, minor, patch) = (number >> 28, (number >> 20) & 0xff, (number >> 4) & 0xff);
        Self {
            major,
            minor,
            patch,
        }
    }

    /// OpenSSL 1.1.1, for which pgtls does not answer.
    pub(crate) fn is_old(self) -> bool {
        self.major < 3
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            major,
            minor,
            patch,
        } = *self;
        if major < 3 {
            let letter = char::from(b'a' - 1 + u8::try_from(patch).unwrap());
            return write!(f, "{major}.{minor}.1{letter}");
        }
        write!(f, "{major}.{minor}.{patch}")
    }
}

impl fmt::Display for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "libpq {} with OpenSSL {}", self.major, self.openssl)
    }
}

impl Library {
    /// A Python script with the standard library, which can load this library.
    pub(crate) fn python(&self, script: &Path) -> Command {
        let mut python = Command::new(python3());
        if let Source::Pinned(directory) = &self.source {
            python.env("LD_LIBRARY_PATH", directory);
        }
        python.arg("-IS").arg(script);
        python
    }

    fn load(source: Source, libpq: OsString, libcrypto: OsString) -> Result<Self, String> {
        let mut library = Self {
            source,
            libpq,
            libcrypto,
            major: 0,
            minor: 0,
            openssl: Version::from_number(0),
        };
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/library_version.py");
        let output = library
            .python(&script)
            .args([&library.libpq, &library.libcrypto])
            .output()
            .map_err(|error| format!("python3 does not run: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut numbers = text.split_whitespace().map(str::parse::<u32>);
        let (Some(Ok(libpq)), Some(Ok(openssl))) = (numbers.next(), numbers.next()) else {
            let named = library.libpq.to_string_lossy().into_owned();
            return Err(format!("python3 cannot load {named}"));
        };
        (library.major, library.minor) = (libpq / 10_000, libpq % 10_000);
        library.openssl = Version::from_number(openssl);
        Ok(library)
    }

    fn pinned(directory: &Path) -> Self {
        let file = |prefix: &str| {
            let entries = std::fs::read_dir(directory)
                .unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
            let mut paths = entries.map(|entry| entry.unwrap().path());
            let found = paths.find(|path| {
                let name = path.file_name().unwrap_or_default();
                name.as_encoded_bytes().starts_with(prefix.as_bytes())
            });
            found.unwrap_or_else(|| panic!("no {prefix} in {}", directory.display()))
        };
        let source = Source::Pinned(directory.to_owned());
        Self::load(source, file("libpq").into(), file("libcrypto").into()).unwrap()
    }
}

/// All of them, the distribution's first. What is missing is said once.
pub(crate) fn libraries() -> &'static [Library] {
    static LIBRARIES: LazyLock<Vec<Library>> = LazyLock::new(|| {
        let mut found = Vec::new();
        let named = std::env::var_os("PGTLS_TEST_LIBPQ").unwrap_or_else(|| "libpq.so.5".into());
        match Library::load(Source::System, named, "libcrypto.so.3".into()) {
            Ok(library) => found.push(library),
            Err(missing) => skip(&missing),
        }
        let pinned = Tool::Libpqs.find();
        found.extend(
            std::env::split_paths(&pinned.unwrap_or_default())
                .filter(|directory| !directory.as_os_str().is_empty())
                .map(|directory| Library::pinned(&directory)),
        );
        found
    });
    &LIBRARIES
}

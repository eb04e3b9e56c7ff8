//! Programs and libraries that `.ci/install` installs and that few machines have.

use std::ffi::OsString;

use super::skip::skip;

/// A tool whose location is in a variable.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tool {
    /// The directory of PostgreSQL 18's `initdb` and `postgres`.
    Postgres18,
    /// The shared library.
    Libpq18,
    /// Directories of more libpqs, each with its own OpenSSL.
    Libpqs,
    /// The directory of Prometheus' own Python client.
    Prometheus,
    /// The directory of GitHub's own toolkit for actions.
    Actions,
    /// The directory of Microsoft's SARIF validator and its schema.
    Sarif,
    /// The directory of html-validate.
    HtmlValidate,
    /// The directory of sslyze.
    Sslyze,
    /// The directory of Python's `jsonschema`.
    JsonSchema,
    /// The directory of certificates, CRLs, requests and archives that others made (pyca's `cryptography_vectors`).
    Vectors,
    /// The directory of asyncpg and psycopg.
    PythonClients,
    /// The directory of SQLAlchemy and dj-database-url.
    PythonUrls,
    /// The directory of node-postgres and postgres.js.
    NodeClients,
    /// The program of `tests/clients`.
    RustClients,
    /// The program mdbook.
    Mdbook,
    /// The directory of yamllint.
    Yamllint,
    /// The directory that `.ci/windows` makes: pgtls.exe, libpq.dll and what runs them.
    Windows,
}

impl Tool {
    /// Where it is; `None`, with a visible line, if it is not installed.
    pub(crate) fn find(self) -> Option<OsString> {
        let variable = self.variable();
        let place = std::env::var_os(variable);
        if place.is_none() {
            skip(&format!("{variable} is not set; see .ci/install"));
        }
        place
    }

    fn variable(self) -> &'static str {
        match self {
            Self::Postgres18 => "PGTLS_TEST_PG18",
            Self::Libpq18 => "PGTLS_TEST_LIBPQ18",
            Self::Libpqs => "PGTLS_TEST_LIBPQS",
            Self::Prometheus => "PGTLS_TEST_PROMETHEUS",
            Self::Actions => "PGTLS_TEST_ACTIONS",
            Self::Sarif => "PGTLS_TEST_SARIF",
            Self::HtmlValidate => "PGTLS_TEST_HTML_VALIDATE",
            Self::Sslyze => "PGTLS_TEST_SSLYZE",
            Self::JsonSchema => "PGTLS_TEST_JSONSCHEMA",
            Self::Vectors => "PGTLS_TEST_VECTORS",
            Self::Mdbook => "PGTLS_TEST_MDBOOK",
            Self::Yamllint => "PGTLS_TEST_YAMLLINT",
            Self::Windows => "PGTLS_TEST_WINDOWS",
            Self::PythonClients => "PGTLS_TEST_PYTHON_CLIENTS",
            Self::PythonUrls => "PGTLS_TEST_PYTHON_URLS",
            Self::NodeClients => "PGTLS_TEST_NODE_CLIENTS",
            Self::RustClients => "PGTLS_TEST_RUST_CLIENTS",
        }
    }
}

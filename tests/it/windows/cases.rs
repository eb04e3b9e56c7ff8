//! What is tried with both programs.

/// What libpq.dll does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Libpq {
    Connects,
    Refuses,
}

use Libpq::{Connects, Refuses};

/// One string in one environment.
pub(super) struct Case {
    /// What it is about, for the table.
    pub(super) what: &'static str,
    /// Lines for the referee, with `;` between them.
    pub(super) world: &'static str,
    /// The string: `BASE` and `URI` stand for one that lacks only what the case is about.
    pub(super) string: &'static str,
    /// What libpq.dll does, and pgtls.exe as well.
    pub(super) libpq: Libpq,
}

const fn row(what: &'static str, world: &'static str, string: &'static str, libpq: Libpq) -> Case {
    Case {
        what,
        world,
        string,
        libpq,
    }
}

/// `BASE` lacks the root file, the mode is `verify-full`.
pub(super) const CASES: &[Case] = &[
    // Paths in a keyword/value string.
    row(
        "a path with slashes",
        "",
        "BASE sslrootcert=c:/w/root.crt",
        Connects,
    ),
    row(
        "a path with backslashes, which the string takes away",
        "",
        r"BASE sslrootcert=c:\w\root.crt",
        Refuses,
    ),
    row(
        "doubled backslashes",
        "",
        r"BASE sslrootcert=c:\\w\\root.crt",
        Connects,
    ),
    row(
        "doubled backslashes in quotes",
        "",
        r"BASE sslrootcert='c:\\w\\root.crt'",
        Connects,
    ),
    row(
        "single backslashes in quotes",
        "",
        r"BASE sslrootcert='c:\w\root.crt'",
        Refuses,
    ),
    row(
        "capital letters",
        "",
        "BASE sslrootcert=C:/W/ROOT.CRT",
        Connects,
    ),
    row(
        "a relative path",
        r"directory c:\w",
        "BASE sslrootcert=root.crt",
        Connects,
    ),
    row(
        "a relative path with a dot",
        r"directory c:\w",
        "BASE sslrootcert=./root.crt",
        Connects,
    ),
    row(
        "a relative path through the parent",
        r"directory c:\w",
        r"BASE sslrootcert=..\\w\\root.crt",
        Connects,
    ),
    row(
        "a path relative to the directory of a drive",
        r"directory c:\w",
        "BASE sslrootcert=c:root.crt",
        Connects,
    ),
    row(
        "a path of the current drive",
        r"directory c:\w",
        r"BASE sslrootcert=\\w\\root.crt",
        Connects,
    ),
    row(
        "mixed slashes",
        "",
        r"BASE sslrootcert=c:/w\\root.crt",
        Connects,
    ),
    row(
        "a blank in a path",
        "",
        "BASE sslrootcert='c:/w/with blank/root.crt'",
        Connects,
    ),
    row(
        "a verbatim path",
        "",
        r"BASE sslrootcert=\\\\?\\c:\\w\\root.crt",
        Connects,
    ),
    row(
        "a tilde",
        "set HOME=c:\\w",
        "BASE sslrootcert=~/root.crt",
        Refuses,
    ),
    row(
        "a variable in a path",
        r"set ROOTS=c:\w",
        "BASE sslrootcert=%ROOTS%/root.crt",
        Refuses,
    ),
    row(
        "another root",
        "",
        "BASE sslrootcert=c:/w/other.crt",
        Refuses,
    ),
    row(
        "a missing file",
        "",
        "BASE sslrootcert=c:/w/missing.crt",
        Refuses,
    ),
    row("a directory", "", "BASE sslrootcert=c:/w", Refuses),
    row("the null device", "", "BASE sslrootcert=NUL", Refuses),
    row(
        "a path of more than 259 characters",
        "",
        "BASE sslrootcert=LONG/root.crt",
        Refuses,
    ),
    row(
        "é, in the code page",
        "",
        "BASE sslrootcert=c:/w/café/root.crt",
        Connects,
    ),
    row(
        "Hangul, not in the code page",
        "",
        "BASE sslrootcert=c:/w/한글/root.crt",
        Refuses,
    ),
    // URIs.
    row(
        "a URI with slashes",
        "",
        "URI&sslrootcert=c:/w/root.crt",
        Connects,
    ),
    row(
        "a URI with backslashes",
        "",
        r"URI&sslrootcert=c:\w\root.crt",
        Connects,
    ),
    row(
        "a URI with percent signs",
        "",
        "URI&sslrootcert=c%3A%5Cw%5Croot.crt",
        Connects,
    ),
    row(
        "a URI with é",
        "",
        "URI&sslrootcert=c:/w/café/root.crt",
        Connects,
    ),
    row(
        "a URI with %E9",
        "",
        "URI&sslrootcert=c:/w/caf%E9/root.crt",
        Connects,
    ),
    row(
        "a URI with %C3%A9",
        "",
        "URI&sslrootcert=c:/w/caf%C3%A9/root.crt",
        Refuses,
    ),
    // Variables.
    row(
        "a variable",
        r"set PGSSLROOTCERT=c:\w\root.crt",
        "BASE",
        Connects,
    ),
    row(
        "a variable in small letters",
        r"set pgsslrootcert=c:\w\root.crt",
        "BASE",
        Connects,
    ),
    row(
        "a variable with é",
        r"set PGSSLROOTCERT=c:\w\café\root.crt",
        "BASE",
        Connects,
    ),
    row(
        "a variable with Hangul",
        r"set PGSSLROOTCERT=c:\w\한글\root.crt",
        "BASE",
        Refuses,
    ),
    row(
        "an empty variable for a file",
        "set PGSSLROOTCERT=",
        "BASE",
        Refuses,
    ),
    row(
        "an empty variable for the mode",
        "set PGSSLMODE=",
        "host=localhost port=PORT user=postgres sslrootcert=c:/w/root.crt",
        Refuses,
    ),
    row(
        "a blank after the mode",
        "set PGSSLMODE=verify-full ",
        "host=localhost port=PORT user=postgres sslrootcert=c:/w/root.crt",
        Refuses,
    ),
    row(
        "a blank after the port",
        "set PGPORT=PORT ",
        "host=localhost user=postgres sslmode=verify-full sslrootcert=c:/w/root.crt",
        Connects,
    ),
    row(
        "a blank after the user",
        "set PGUSER=postgres ",
        "host=localhost port=PORT dbname=postgres sslmode=verify-full sslrootcert=c:/w/root.crt",
        Refuses,
    ),
    // The user's directory.
    row("no root file at all", "", "BASE", Refuses),
    row(
        "the user's root file",
        r"copy c:\w\root.crt|HOME\root.crt",
        "BASE",
        Connects,
    ),
    row(
        "the same without APPDATA",
        "unset APPDATA",
        "BASE",
        Connects,
    ),
    row(
        "the same with another APPDATA",
        r"set APPDATA=c:\else",
        "BASE",
        Connects,
    ),
    row(
        "the same with an empty APPDATA",
        "set APPDATA=",
        "BASE",
        Connects,
    ),
    row(
        "another root as the user's",
        r"copy c:\w\other.crt|HOME\root.crt",
        "BASE",
        Refuses,
    ),
    row(
        "a good root where APPDATA leads",
        r"set APPDATA=c:\else",
        "BASE",
        Refuses,
    ),
    row(
        "no root file, a good one where APPDATA leads",
        r"delete HOME\root.crt;set APPDATA=c:\else",
        "BASE",
        Refuses,
    ),
    row(
        "no root file, an empty APPDATA, a good one below the current directory",
        r"set APPDATA=;directory c:\else",
        "BASE",
        Refuses,
    ),
    row(
        "a root file where Unix has it",
        r"set HOME=c:\else;set USERPROFILE=c:\else",
        "BASE",
        Refuses,
    ),
    // Services.
    row(
        "a service",
        r"copy c:\w\service.conf|HOME\.pg_service.conf",
        "service=s",
        Connects,
    ),
    row(
        "a service without APPDATA",
        "unset APPDATA",
        "service=s",
        Connects,
    ),
    row("a service that does not exist", "", "service=t", Refuses),
    row(
        "a service, PGSERVICE",
        "set PGSERVICE=s",
        "dbname=postgres",
        Connects,
    ),
    row(
        "Windows line ends in the service file",
        r"copy c:\w\service-crlf.conf|HOME\.pg_service.conf",
        "service=s",
        Connects,
    ),
    row(
        "Ctrl-Z after the service",
        r"copy c:\w\service-after.conf|HOME\.pg_service.conf",
        "service=s",
        Connects,
    ),
    row(
        "Ctrl-Z before the service",
        r"copy c:\w\service-before.conf|HOME\.pg_service.conf",
        "service=s",
        Refuses,
    ),
    row(
        "Ctrl-Z within the service, before the root file",
        r"copy c:\w\service-within.conf|HOME\.pg_service.conf",
        "service=s",
        Refuses,
    ),
    row(
        "a byte-order mark before the service",
        r"copy c:\w\service-bom.conf|HOME\.pg_service.conf",
        "service=s",
        Refuses,
    ),
    row(
        "a service file in UTF-16",
        r"copy c:\w\service-utf16.conf|HOME\.pg_service.conf",
        "service=s",
        Refuses,
    ),
    row(
        "é of the code page in a service file",
        r"copy c:\w\service-ansi.conf|HOME\.pg_service.conf",
        "service=s",
        Connects,
    ),
    row(
        "é of UTF-8 in a service file",
        r"copy c:\w\service-utf8.conf|HOME\.pg_service.conf",
        "service=s",
        Refuses,
    ),
    row(
        "a service file without its dot",
        r"delete HOME\.pg_service.conf;copy c:\w\service.conf|HOME\pg_service.conf",
        "service=s",
        Refuses,
    ),
    row(
        "PGSERVICEFILE",
        r"set PGSERVICEFILE=c:\w\service.conf",
        "service=s",
        Connects,
    ),
    row(
        "PGSERVICEFILE with é",
        r"set PGSERVICEFILE=c:\w\café\service.conf",
        "service=s",
        Connects,
    ),
    row(
        "PGSERVICEFILE that does not exist",
        r"set PGSERVICEFILE=c:\w\none.conf",
        "service=s",
        Refuses,
    ),
    row(
        "PGSYSCONFDIR",
        r"set PGSYSCONFDIR=c:\w\etc",
        "service=s",
        Connects,
    ),
    // Who logs in.
    row(
        "no user, USERNAME is another",
        "set USERNAME=nobody",
        "host=localhost port=PORT dbname=postgres sslmode=verify-full sslrootcert=c:/w/root.crt",
        Connects,
    ),
    row(
        "no user, no USERNAME",
        "unset USERNAME",
        "host=localhost port=PORT dbname=postgres sslmode=verify-full sslrootcert=c:/w/root.crt",
        Connects,
    ),
    row(
        "a user with ü, whose role is UTF-8",
        "",
        "URI&sslrootcert=c:/w/root.crt&user=m%C3%BCller",
        Connects,
    ),
    row(
        "the same in a keyword/value string",
        "",
        "BASE sslrootcert=c:/w/root.crt user=müller",
        Refuses,
    ),
    row(
        "the same in PGUSER",
        "set PGUSER=müller",
        "host=localhost port=PORT dbname=postgres sslmode=verify-full sslrootcert=c:/w/root.crt",
        Refuses,
    ),
    row(
        "a password",
        "",
        "BASE sslrootcert=c:/w/root.crt user=ann password=hunter2",
        Connects,
    ),
    row(
        "a wrong password",
        "",
        "BASE sslrootcert=c:/w/root.crt user=ann password=hunter3",
        Refuses,
    ),
    row(
        "a password with é, whose verifier is UTF-8",
        "",
        "BASE sslrootcert=c:/w/root.crt user=eva password=sesamé",
        Refuses,
    ),
    row(
        "the same in PGPASSWORD",
        "set PGPASSWORD=sesamé",
        "BASE sslrootcert=c:/w/root.crt user=eva",
        Refuses,
    ),
    row(
        "no password",
        "",
        "BASE sslrootcert=c:/w/root.crt user=ann",
        Refuses,
    ),
    row(
        "a password file",
        r"copy c:\w\pgpass.conf|HOME\pgpass.conf",
        "BASE sslrootcert=c:/w/root.crt user=ann",
        Connects,
    ),
    row(
        "a password file without APPDATA",
        "unset APPDATA",
        "BASE sslrootcert=c:/w/root.crt user=ann",
        Connects,
    ),
    row(
        "é of UTF-8 in a password file",
        "",
        "BASE sslrootcert=c:/w/root.crt user=eva",
        Connects,
    ),
    row(
        "Ctrl-Z before the line",
        r"copy c:\w\pgpass-before.conf|HOME\pgpass.conf",
        "BASE sslrootcert=c:/w/root.crt user=ann",
        Refuses,
    ),
    row(
        "Ctrl-Z after the line",
        r"copy c:\w\pgpass-after.conf|HOME\pgpass.conf",
        "BASE sslrootcert=c:/w/root.crt user=ann",
        Connects,
    ),
    row(
        "a byte-order mark before the line",
        r"copy c:\w\pgpass-bom.conf|HOME\pgpass.conf",
        "BASE sslrootcert=c:/w/root.crt user=ann",
        Refuses,
    ),
    row(
        "the name that Unix has",
        r"delete HOME\pgpass.conf;copy c:\w\pgpass.conf|HOME\.pgpass",
        "BASE sslrootcert=c:/w/root.crt user=ann",
        Refuses,
    ),
    row(
        "PGPASSFILE",
        r"set PGPASSFILE=c:\w\pgpass.conf",
        "BASE sslrootcert=c:/w/root.crt user=ann",
        Connects,
    ),
    row(
        "passfile with backslashes, which the string takes away",
        "",
        r"BASE sslrootcert=c:/w/root.crt user=ann passfile=c:\w\pgpass.conf",
        Refuses,
    ),
    // The form of the root file.
    row(
        "Windows line ends in the root file",
        "",
        "BASE sslrootcert=c:/w/crlf.crt",
        Connects,
    ),
    row(
        "carriage returns alone",
        "",
        "BASE sslrootcert=c:/w/cr.crt",
        Refuses,
    ),
    row(
        "a byte-order mark in the root file",
        "",
        "BASE sslrootcert=c:/w/bom.crt",
        Connects,
    ),
    row(
        "a root file in UTF-16",
        "",
        "BASE sslrootcert=c:/w/utf16.crt",
        Refuses,
    ),
    row(
        "Ctrl-Z on a line before the root",
        "",
        "BASE sslrootcert=c:/w/line-before.crt",
        Connects,
    ),
    row(
        "Ctrl-Z before BEGIN on its line",
        "",
        "BASE sslrootcert=c:/w/before.crt",
        Refuses,
    ),
    row(
        "Ctrl-Z after the root",
        "",
        "BASE sslrootcert=c:/w/after.crt",
        Connects,
    ),
    // The system's roots.
    row(
        "sslrootcert=system, no roots",
        "",
        "BASE sslrootcert=system",
        Refuses,
    ),
    row(
        "SSL_CERT_FILE",
        r"set SSL_CERT_FILE=c:\w\root.crt",
        "BASE sslrootcert=system",
        Connects,
    ),
    row(
        "SSL_CERT_DIR",
        r"set SSL_CERT_DIR=c:\w\hashed",
        "BASE sslrootcert=system",
        Connects,
    ),
    row(
        "two directories in SSL_CERT_DIR",
        r"set SSL_CERT_DIR=c:\none@c:\w\hashed",
        "BASE sslrootcert=system",
        Connects,
    ),
    row(
        "quotes in SSL_CERT_DIR",
        "set SSL_CERT_DIR=\"c:\\w\\hashed\"",
        "BASE sslrootcert=system",
        Refuses,
    ),
    row(
        "OpenSSL's own directory",
        r"copy c:\w\root.crt|OPENSSL\certs\HASH.0",
        "BASE sslrootcert=system",
        Connects,
    ),
    row(
        "OpenSSL's own file",
        r"delete OPENSSL\certs\HASH.0;copy c:\w\root.crt|OPENSSL\cert.pem",
        "BASE sslrootcert=system",
        Connects,
    ),
    row(
        "another root in OpenSSL's own file",
        r"copy c:\w\other.crt|OPENSSL\cert.pem",
        "BASE sslrootcert=system",
        Refuses,
    ),
    // Where to.
    row(
        "no host: localhost",
        "",
        "port=PORT user=postgres dbname=postgres sslmode=verify-full sslrootcert=c:/w/root.crt",
        Connects,
    ),
    row(
        "a path as the host is a socket",
        "",
        "host=c:/tmp port=PORT user=postgres sslmode=verify-full sslrootcert=c:/w/root.crt",
        Refuses,
    ),
    row(
        "gssencmode=require",
        "",
        "BASE sslrootcert=c:/w/root.crt gssencmode=require",
        Refuses,
    ),
    row(
        "gssencmode=disable",
        "",
        "BASE sslrootcert=c:/w/root.crt gssencmode=disable",
        Connects,
    ),
    // Client certificates.
    row(
        "a client certificate",
        "",
        "BASE sslrootcert=c:/w/root.crt sslcert=c:/w/client.crt sslkey=c:/w/client.key",
        Connects,
    ),
    row(
        "a missing key",
        "",
        "BASE sslrootcert=c:/w/root.crt sslcert=c:/w/client.crt sslkey=c:/w/none.key",
        Refuses,
    ),
    row(
        "a verbatim path of a key, which is an engine",
        "",
        r"BASE sslrootcert=c:/w/root.crt sslcert=c:/w/client.crt sslkey=\\\\?\\c:\\w\\client.key",
        Refuses,
    ),
    row(
        "the key's path with é",
        "",
        "BASE sslrootcert=c:/w/root.crt sslcert=c:/w/client.crt sslkey=c:/w/café/client.key",
        Connects,
    ),
    row(
        "the key's path with Hangul",
        "",
        "BASE sslrootcert=c:/w/root.crt sslcert=c:/w/client.crt sslkey=c:/w/한글/client.key",
        Refuses,
    ),
    row(
        "the user's client certificate with another key",
        r"copy c:\w\client.crt|HOME\postgresql.crt;copy c:\w\other.key|HOME\postgresql.key",
        "BASE sslrootcert=c:/w/root.crt",
        Refuses,
    ),
    row(
        "the user's client certificate and key",
        r"copy c:\w\client.key|HOME\postgresql.key",
        "BASE sslrootcert=c:/w/root.crt",
        Connects,
    ),
    row(
        "the user's CRL of another CA",
        r"copy c:\w\other.crl|HOME\root.crl",
        "BASE sslrootcert=c:/w/root.crt",
        Refuses,
    ),
];

//! The rows: files, settings, verdicts.

/// One situation.
pub(crate) struct Row {
    /// What it shows.
    pub(crate) name: &'static str,
    /// Path and contents: the names of what is in it, or "directory".
    pub(crate) files: &'static [(&'static str, &'static str)],
    pub(crate) settings: &'static str,
    /// The exit code, and the code of the error ("pass" for none).
    pub(crate) expected: (i32, &'static str),
    pub(crate) libpq: Libpq,
    /// Whether an unusable list that is not named is reported.
    pub(crate) warned: bool,
}

/// What libpq does with the same string.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Libpq {
    /// It passes what pgtls passes, and refuses what pgtls refuses.
    Same,
    /// It continues without a check where pgtls stops: the string names an unusable list.
    GoesOn,
    /// It refuses with OpenSSL 3.0.19 and passes with 3.5.9. pgtls refuses.
    DependsOnOpenssl,
    /// Some versions of OpenSSL refuse the contents of the lists and others do not. pgtls refuses, and says so.
    VersionsDiffer,
}

use Libpq::{DependsOnOpenssl, GoesOn, Same, VersionsDiffer};

const PASS: (i32, &str) = (0, "pass");
const NOT_FOUND: (i32, &str) = (2, "crl-file-missing");
const INVALID: (i32, &str) = (2, "crl-file-invalid");
const UNKNOWN: (i32, &str) = (6, "unknown-issuer");
const REVOKED: (i32, &str) = (6, "revoked");
const MISSING: (i32, &str) = (6, "crl-missing");
const EXPIRED: (i32, &str) = (6, "crl-expired");

const fn row(
    name: &'static str,
    files: &'static [(&'static str, &'static str)],
    settings: &'static str,
    expected: (i32, &'static str),
    libpq: Libpq,
) -> Row {
    Row {
        name,
        files,
        settings,
        expected,
        libpq,
        warned: false,
    }
}

/// An unusable list in the home directory that is not named.
const fn warned(row: Row) -> Row {
    Row {
        warned: true,
        ..row
    }
}

pub(crate) const ROWS: &[Row] = &[
    // What a list says.
    row(
        "nothing is checked without a list",
        &[],
        "sslmode=verify-full sslrootcert=root.crt",
        PASS,
        Same,
    ),
    row(
        "lists of all issuers",
        &[("a.crl", "R+I")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        PASS,
        Same,
    ),
    row(
        "lists in the other order",
        &[("a.crl", "I+R")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        PASS,
        Same,
    ),
    row(
        "others are revoked",
        &[("a.crl", "R+I others")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        PASS,
        Same,
    ),
    row(
        "the leaf is revoked",
        &[("a.crl", "R+I leaf")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        REVOKED,
        Same,
    ),
    row(
        "the leaf is on hold",
        &[("a.crl", "R+I hold")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        REVOKED,
        Same,
    ),
    row(
        "the leaf is no longer on hold",
        &[("a.crl", "R+I removed")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        PASS,
        Same,
    ),
    row(
        "the intermediate is revoked",
        &[("a.crl", "R intermediate+I")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        REVOKED,
        Same,
    ),
    row(
        "the root revokes itself",
        &[("a.crl", "R root+I")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        REVOKED,
        Same,
    ),
    row(
        "no list of the root",
        &[("a.crl", "I")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        MISSING,
        Same,
    ),
    row(
        "no list of the intermediate",
        &[("a.crl", "R")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        MISSING,
        Same,
    ),
    row(
        "revoked, and no list of the root",
        &[("a.crl", "I leaf")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        REVOKED,
        Same,
    ),
    row(
        "an expired list",
        &[("a.crl", "R+I expired")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        EXPIRED,
        Same,
    ),
    row(
        "an expired list of the root",
        &[("a.crl", "R expired+I")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        EXPIRED,
        Same,
    ),
    row(
        "a list of tomorrow",
        &[("a.crl", "R+I future")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        EXPIRED,
        Same,
    ),
    row(
        "a list by another key",
        &[("a.crl", "R+I by another key")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        MISSING,
        Same,
    ),
    row(
        "a list with a broken signature",
        &[("a.crl", "R+I spoilt")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        MISSING,
        Same,
    ),
    row(
        "a list with an unknown critical extension",
        &[("a.crl", "R+I critical")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        MISSING,
        Same,
    ),
    row(
        "a list that is not about leaves",
        &[("a.crl", "R+I for CAs")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        MISSING,
        Same,
    ),
    row(
        "a list signed with SHA-1",
        &[("a.crl", "R+I with SHA-1")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        PASS,
        Same,
    ),
    row(
        "a list without an end",
        &[("a.crl", "R+I endless")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        PASS,
        Same,
    ),
    row(
        "a list of version 1",
        &[("a.crl", "R+I version 1")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        PASS,
        Same,
    ),
    row(
        "a list of version 1 that revokes",
        &[("a.crl", "R+I leaf version 1")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        REVOKED,
        Same,
    ),
    row(
        "the newer of two lists clears",
        &[("a.crl", "R+I leaf+I newer")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        PASS,
        Same,
    ),
    row(
        "the newer of two lists revokes",
        &[("a.crl", "R+I leaf newer+I")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        REVOKED,
        Same,
    ),
    row(
        "the valid of two lists clears",
        &[("a.crl", "R+I expired+I")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        PASS,
        Same,
    ),
    row(
        "the valid of two lists revokes",
        &[("a.crl", "R+I leaf+I expired")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        REVOKED,
        Same,
    ),
    // Files that are not lists.
    row(
        "the named list is missing",
        &[],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        NOT_FOUND,
        GoesOn,
    ),
    row(
        "an empty name is none",
        &[],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=''",
        PASS,
        Same,
    ),
    row(
        "a list in DER form",
        &[("a.crl", "I leaf as DER")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        INVALID,
        GoesOn,
    ),
    row(
        "rubbish",
        &[("a.crl", "rubbish")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        INVALID,
        GoesOn,
    ),
    row(
        "an empty file",
        &[("a.crl", "empty")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        INVALID,
        GoesOn,
    ),
    row(
        "a broken block behind good lists",
        &[("a.crl", "R+I leaf+broken")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        INVALID,
        GoesOn,
    ),
    row(
        "rubbish before good lists",
        &[("a.crl", "rubbish+R+I")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        PASS,
        Same,
    ),
    row(
        "rubbish before lists that revoke",
        &[("a.crl", "rubbish+R+I leaf")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        REVOKED,
        Same,
    ),
    row(
        "the named list is a directory",
        &[("a.crl", "directory")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        INVALID,
        GoesOn,
    ),
    row(
        "a certificate alone switches checking on",
        &[("a.crl", "root")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        MISSING,
        Same,
    ),
    // Directories.
    row(
        "the named directory is missing",
        &[],
        "sslmode=verify-full sslrootcert=root.crt sslcrldir=crls",
        NOT_FOUND,
        Same,
    ),
    row(
        "the named directory is a file",
        &[("crls", "R+I")],
        "sslmode=verify-full sslrootcert=root.crt sslcrldir=crls",
        NOT_FOUND,
        Same,
    ),
    row(
        "an empty directory",
        &[("crls", "directory")],
        "sslmode=verify-full sslrootcert=root.crt sslcrldir=crls",
        MISSING,
        Same,
    ),
    row(
        "hashed names",
        &[("crls/{R}.r0", "R"), ("crls/{I}.r0", "I")],
        "sslmode=verify-full sslrootcert=root.crt sslcrldir=crls",
        PASS,
        Same,
    ),
    row(
        "hashed names, the leaf is revoked",
        &[("crls/{R}.r0", "R"), ("crls/{I}.r0", "I leaf")],
        "sslmode=verify-full sslrootcert=root.crt sslcrldir=crls",
        REVOKED,
        Same,
    ),
    row(
        "any other name",
        &[("crls/root.crl", "R"), ("crls/intermediate.crl", "I")],
        "sslmode=verify-full sslrootcert=root.crt sslcrldir=crls",
        MISSING,
        Same,
    ),
    row(
        "a second number",
        &[
            ("crls/{R}.r0", "R"),
            ("crls/{I}.r0", "I expired"),
            ("crls/{I}.r1", "I"),
        ],
        "sslmode=verify-full sslrootcert=root.crt sslcrldir=crls",
        PASS,
        Same,
    ),
    row(
        "an empty file before the list",
        &[
            ("crls/{R}.r0", "R"),
            ("crls/{I}.r0", "empty"),
            ("crls/{I}.r1", "I"),
        ],
        "sslmode=verify-full sslrootcert=root.crt sslcrldir=crls",
        MISSING,
        DependsOnOpenssl,
    ),
    row(
        "a broken file before the list",
        &[
            ("crls/{R}.r0", "R"),
            ("crls/{I}.r0", "broken"),
            ("crls/{I}.r1", "I"),
        ],
        "sslmode=verify-full sslrootcert=root.crt sslcrldir=crls",
        MISSING,
        DependsOnOpenssl,
    ),
    row(
        "a broken block behind the list",
        &[("crls/{R}.r0", "R"), ("crls/{I}.r0", "I+broken")],
        "sslmode=verify-full sslrootcert=root.crt sslcrldir=crls",
        PASS,
        Same,
    ),
    row(
        "a broken block behind the list that revokes",
        &[("crls/{R}.r0", "R"), ("crls/{I}.r0", "I leaf+broken")],
        "sslmode=verify-full sslrootcert=root.crt sslcrldir=crls",
        REVOKED,
        Same,
    ),
    row(
        "the root in the directory, and none of its name in the root file",
        &[
            ("crls/{R}.0", "root"),
            ("crls/{R}.r0", "R"),
            ("crls/{I}.r0", "I"),
        ],
        "sslmode=verify-full sslrootcert=other.crt sslcrldir=crls",
        PASS,
        Same,
    ),
    row(
        "the root in the directory behind a broken file",
        &[
            ("crls/{R}.0", "broken certificate"),
            ("crls/{R}.1", "root"),
            ("crls/{R}.r0", "R"),
            ("crls/{I}.r0", "I"),
        ],
        "sslmode=verify-full sslrootcert=other.crt sslcrldir=crls",
        UNKNOWN,
        DependsOnOpenssl,
    ),
    row(
        "the root in the directory, and one of its name in the root file",
        &[
            ("root.crt", "twin root"),
            ("crls/{R}.0", "root"),
            ("crls/{R}.r0", "R"),
            ("crls/{I}.r0", "I"),
        ],
        "sslmode=verify-full sslrootcert=root.crt sslcrldir=crls",
        // The twin's key signed neither the list nor the certificate. OpenSSL checks the list first.
        MISSING,
        Same,
    ),
    row(
        "a gap in the numbers",
        &[("crls/{R}.r0", "R"), ("crls/{I}.r1", "I")],
        "sslmode=verify-full sslrootcert=root.crt sslcrldir=crls",
        MISSING,
        Same,
    ),
    row(
        "DER under a hashed name",
        &[("crls/{R}.r0", "R"), ("crls/{I}.r0", "I as DER")],
        "sslmode=verify-full sslrootcert=root.crt sslcrldir=crls",
        MISSING,
        Same,
    ),
    row(
        "the hash of another issuer",
        &[("crls/{R}.r0", "R+I")],
        "sslmode=verify-full sslrootcert=root.crt sslcrldir=crls",
        MISSING,
        Same,
    ),
    row(
        "two lists of one issuer in one file",
        &[("crls/{R}.r0", "R"), ("crls/{I}.r0", "I leaf newer+I")],
        "sslmode=verify-full sslrootcert=root.crt sslcrldir=crls",
        REVOKED,
        Same,
    ),
    row(
        "the empty file name leaves the directory",
        &[("crls/{R}.r0", "R"), ("crls/{I}.r0", "I leaf")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl='' sslcrldir=crls",
        REVOKED,
        Same,
    ),
    row(
        "file and directory together",
        &[("a.crl", "R"), ("crls/{I}.r0", "I")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl sslcrldir=crls",
        PASS,
        Same,
    ),
    row(
        "the file is missing, the directory revokes",
        &[("crls/{R}.r0", "R"), ("crls/{I}.r0", "I leaf")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=rot.crl sslcrldir=crls",
        NOT_FOUND,
        GoesOn,
    ),
    row(
        "the file is good, the directory is missing",
        &[("a.crl", "R+I")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl sslcrldir=crls",
        NOT_FOUND,
        GoesOn,
    ),
    row(
        "two directories in one setting",
        &[("a/{R}.r0", "R"), ("b/{I}.r0", "I")],
        "sslmode=verify-full sslrootcert=root.crt sslcrldir=a:b",
        PASS,
        Same,
    ),
    row(
        "two directories in one setting, revoked",
        &[("a/{R}.r0", "R"), ("b/{I}.r0", "I leaf")],
        "sslmode=verify-full sslrootcert=root.crt sslcrldir=a:b",
        REVOKED,
        Same,
    ),
    // The list in the home directory.
    row(
        "it counts beside sslrootcert",
        &[(".postgresql/root.crl", "R+I leaf")],
        "sslmode=verify-full sslrootcert=root.crt",
        REVOKED,
        Same,
    ),
    row(
        "it clears",
        &[(".postgresql/root.crl", "R+I")],
        "sslmode=verify-full sslrootcert=root.crt",
        PASS,
        Same,
    ),
    row(
        "it lacks a list",
        &[(".postgresql/root.crl", "I")],
        "sslmode=verify-full sslrootcert=root.crt",
        MISSING,
        Same,
    ),
    row(
        "it has expired",
        &[(".postgresql/root.crl", "R+I expired")],
        "sslmode=verify-full sslrootcert=root.crt",
        EXPIRED,
        Same,
    ),
    row(
        "it gives way to sslcrl",
        &[(".postgresql/root.crl", "R+I leaf"), ("a.crl", "R+I")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        PASS,
        Same,
    ),
    row(
        "it gives way to sslcrldir",
        &[
            (".postgresql/root.crl", "R+I leaf"),
            ("crls/{R}.r0", "R"),
            ("crls/{I}.r0", "I"),
        ],
        "sslmode=verify-full sslrootcert=root.crt sslcrldir=crls",
        PASS,
        Same,
    ),
    row(
        "it does not give way to an empty name",
        &[(".postgresql/root.crl", "R+I leaf")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl='' sslcrldir=''",
        REVOKED,
        Same,
    ),
    warned(row(
        "it is rubbish",
        &[(".postgresql/root.crl", "rubbish")],
        "sslmode=verify-full sslrootcert=root.crt",
        PASS,
        Same,
    )),
    warned(row(
        "it is empty",
        &[(".postgresql/root.crl", "empty")],
        "sslmode=verify-full sslrootcert=root.crt",
        PASS,
        Same,
    )),
    warned(row(
        "it is DER",
        &[(".postgresql/root.crl", "I leaf as DER")],
        "sslmode=verify-full sslrootcert=root.crt",
        PASS,
        Same,
    )),
    warned(row(
        "it is a directory",
        &[(".postgresql/root.crl", "directory")],
        "sslmode=verify-full sslrootcert=root.crt",
        PASS,
        Same,
    )),
    row(
        "it counts beside root.crt in the home directory",
        &[
            (".postgresql/root.crt", "root"),
            (".postgresql/root.crl", "R+I leaf"),
        ],
        "sslmode=verify-full",
        REVOKED,
        Same,
    ),
    // Lists in the root file, certificates in the list.
    row(
        "lists in the root file do not count",
        &[("both.crt", "root+R+I leaf")],
        "sslmode=verify-full sslrootcert=both.crt",
        PASS,
        Same,
    ),
    row(
        "unless checking is on",
        &[("both.crt", "root+R+I leaf newer"), ("a.crl", "R+I")],
        "sslmode=verify-full sslrootcert=both.crt sslcrl=a.crl",
        REVOKED,
        Same,
    ),
    row(
        "they may complete the others",
        &[("both.crt", "root+I"), ("a.crl", "R")],
        "sslmode=verify-full sslrootcert=both.crt sslcrl=a.crl",
        PASS,
        Same,
    ),
    row(
        "they count with the list of the home directory, too",
        &[("both.crt", "root+I leaf"), (".postgresql/root.crl", "R")],
        "sslmode=verify-full sslrootcert=both.crt",
        REVOKED,
        Same,
    ),
    row(
        "a root file of lists alone",
        &[("both.crt", "R+I"), ("a.crl", "R+I")],
        "sslmode=verify-full sslrootcert=both.crt sslcrl=a.crl",
        UNKNOWN,
        Same,
    ),
    row(
        "a root in the list file is an anchor",
        &[("a.crl", "root+R+I")],
        "sslmode=verify-full sslrootcert=other.crt sslcrl=a.crl",
        PASS,
        Same,
    ),
    row(
        "a root in the list of the home directory is an anchor",
        &[(".postgresql/root.crl", "root+R+I")],
        "sslmode=verify-full sslrootcert=other.crt",
        PASS,
        Same,
    ),
    row(
        "a root in the directory of lists is an anchor",
        &[
            ("crls/{R}.r0", "R"),
            ("crls/{I}.r0", "I"),
            ("crls/{R}.0", "root"),
        ],
        "sslmode=verify-full sslrootcert=other.crt sslcrldir=crls",
        PASS,
        Same,
    ),
    row(
        "it is not under another name",
        &[
            ("crls/{R}.r0", "R"),
            ("crls/{I}.r0", "I"),
            ("crls/root.crt", "root"),
        ],
        "sslmode=verify-full sslrootcert=other.crt sslcrldir=crls",
        UNKNOWN,
        Same,
    ),
    // Versions of OpenSSL.
    row(
        "a newer delta that revokes",
        &[("a.crl", "R+I+I delta leaf")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        REVOKED,
        VersionsDiffer,
    ),
    row(
        "an older list that revokes and a newer delta",
        &[("a.crl", "R+I leaf+I delta leaf")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        REVOKED,
        Same,
    ),
    row(
        "a scope without content",
        &[("a.crl", "R+I empty scope")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        MISSING,
        VersionsDiffer,
    ),
    row(
        "a list that revokes and a newer one with a scope without content",
        &[("a.crl", "R+I leaf+I empty scope")],
        "sslmode=verify-full sslrootcert=root.crt sslcrl=a.crl",
        REVOKED,
        VersionsDiffer,
    ),
    // Modes.
    row(
        "verify-ca checks what it has a root for",
        &[("a.crl", "R+I leaf")],
        "sslmode=verify-ca sslrootcert=root.crt sslcrl=a.crl",
        REVOKED,
        Same,
    ),
    row(
        "require checks what it has a root for",
        &[("a.crl", "R+I leaf")],
        "sslmode=require sslrootcert=root.crt sslcrl=a.crl",
        REVOKED,
        Same,
    ),
    row(
        "require without a root checks nothing",
        &[("a.crl", "R+I leaf")],
        "sslmode=require sslcrl=a.crl",
        PASS,
        Same,
    ),
    row(
        "nor does it with the list of the home directory",
        &[(".postgresql/root.crl", "R+I leaf")],
        "sslmode=require",
        PASS,
        Same,
    ),
    row(
        "nor with a directory",
        &[("crls/{R}.r0", "R"), ("crls/{I}.r0", "I leaf")],
        "sslmode=require sslcrldir=crls",
        PASS,
        Same,
    ),
    row(
        "require with the root of the home directory checks",
        &[
            (".postgresql/root.crt", "root"),
            (".postgresql/root.crl", "R+I leaf"),
        ],
        "sslmode=require",
        REVOKED,
        Same,
    ),
    row(
        "the roots of the machine go without lists",
        &[("a.crl", "R+I leaf")],
        "sslrootcert=system sslcrl=a.crl",
        PASS,
        Same,
    ),
    row(
        "the roots of the machine go without the list of the home directory",
        &[(".postgresql/root.crl", "R+I leaf")],
        "sslrootcert=system",
        PASS,
        Same,
    ),
];

//! What each client does by its documentation, at a server with each fault.

use super::drivers::Ask;
use super::faults::faults;
use super::our_answers;
use super::settings::{Row, setting};
use crate::support::pki::Documented;
use crate::support::postgres::Postgres;

/// A fault, a string, a client, and the result by its documented rules: outcome, certificate, code.
type Rule = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

const FULL: &str = "sslmode=verify-full&sslrootcert=root.crt";
const CA: &str = "sslmode=verify-ca&sslrootcert=root.crt";
const REQUIRE: &str = "sslmode=require";
const REQUIRE_ROOT: &str = "sslmode=require&sslrootcert=root.crt";
const REQUIRE_MISSING: &str = "sslmode=require&sslrootcert=missing.crt";

const RULES: &[Rule] = &[
    (
        "an address and only a CN",
        FULL,
        "pgx",
        "refused",
        "refuses",
        "no-san",
    ),
    ("nothing is wrong", FULL, "pgx", "verified", "accepts", ""),
    (
        "nothing is wrong",
        FULL,
        "lib/pq",
        "verified",
        "accepts",
        "",
    ),
    (
        "nothing is wrong",
        FULL,
        "pgjdbc",
        "verified",
        "accepts",
        "",
    ),
    (
        "nothing is wrong",
        FULL,
        "npgsql",
        "verified",
        "accepts",
        "",
    ),
    (
        "nothing is wrong",
        REQUIRE,
        "pgx",
        "unverified",
        "refuses",
        "unknown-issuer",
    ),
    (
        "nothing is wrong",
        REQUIRE_ROOT,
        "pgx",
        "verified",
        "accepts",
        "",
    ),
    (
        "nothing is wrong",
        REQUIRE_ROOT,
        "lib/pq",
        "verified",
        "accepts",
        "",
    ),
    (
        "nothing is wrong",
        REQUIRE_ROOT,
        "pgjdbc",
        "unverified",
        "accepts",
        "",
    ),
    (
        "nothing is wrong",
        REQUIRE_ROOT,
        "npgsql",
        "unverified",
        "accepts",
        "",
    ),
    (
        "nothing is wrong",
        REQUIRE_MISSING,
        "pgx",
        "refused",
        "unknown",
        "root-file-missing",
    ),
    (
        "nothing is wrong",
        REQUIRE_MISSING,
        "lib/pq",
        "unverified",
        "unknown",
        "",
    ),
    (
        "nothing is wrong",
        REQUIRE_MISSING,
        "libpq",
        "unverified",
        "unknown",
        "",
    ),
    (
        "nothing is wrong",
        "",
        "lib/pq",
        "unverified",
        "refuses",
        "unknown-issuer",
    ),
    (
        "nothing is wrong",
        "",
        "pgx",
        "unverified",
        "refuses",
        "unknown-issuer",
    ),
    (
        "nothing is wrong",
        "sslmode=allow",
        "pgx",
        "plaintext",
        "refuses",
        "unknown-issuer",
    ),
    (
        "nothing is wrong",
        "sslmode=disable",
        "npgsql",
        "plaintext",
        "refuses",
        "unknown-issuer",
    ),
    (
        "nothing is wrong",
        "sslmode=verify-full",
        "pgjdbc",
        "refused",
        "refuses",
        "libpq-root-missing",
    ),
    (
        "nothing is wrong",
        "sslmode=verify-full",
        "pgx",
        "refused",
        "refuses",
        "unknown-issuer",
    ),
    (
        "another root",
        FULL,
        "pgx",
        "refused",
        "refuses",
        "unknown-issuer",
    ),
    (
        "another root",
        "sslmode=prefer&sslrootcert=root.crt",
        "pgx",
        "unverified",
        "refuses",
        "unknown-issuer",
    ),
    (
        "another root",
        "sslmode=prefer&sslrootcert=root.crt",
        "lib/pq",
        "plaintext",
        "refuses",
        "unknown-issuer",
    ),
    (
        "another name",
        FULL,
        "npgsql",
        "refused",
        "refuses",
        "host-name-mismatch",
    ),
    ("another name", CA, "npgsql", "verified", "refuses", ""),
    ("another name", CA, "pgjdbc", "verified", "refuses", ""),
    (
        "an expired certificate",
        FULL,
        "npgsql",
        "refused",
        "refuses",
        "expired",
    ),
    (
        "an expired root",
        FULL,
        "pgx",
        "refused",
        "refuses",
        "root-expired",
    ),
    ("an expired root", FULL, "pgjdbc", "verified", "accepts", ""),
    (
        "an intermediate as root",
        FULL,
        "pgx",
        "verified",
        "accepts",
        "",
    ),
    (
        "an intermediate as root",
        FULL,
        "pgjdbc",
        "verified",
        "accepts",
        "",
    ),
    (
        "the certificate itself as root",
        FULL,
        "lib/pq",
        "verified",
        "accepts",
        "",
    ),
    (
        "a CN and no SAN",
        FULL,
        "pgx",
        "refused",
        "refuses",
        "no-san",
    ),
    ("a CN and no SAN", CA, "pgx", "verified", "refuses", ""),
    ("a CN and no SAN", FULL, "pgjdbc", "verified", "accepts", ""),
    (
        "a CN and no SAN",
        FULL,
        "npgsql",
        "unknown",
        "unknown",
        "clients-differ",
    ),
    (
        "PostgreSQL's recipe: version 1",
        FULL,
        "lib/pq",
        "refused",
        "refuses",
        "no-san",
    ),
    (
        "PostgreSQL's recipe: version 1",
        FULL,
        "sqlx-rustls",
        "refused",
        "refuses",
        "x509-v1",
    ),
    (
        "PostgreSQL's recipe: version 1",
        REQUIRE,
        "sqlx-rustls",
        "refused",
        "refuses",
        "x509-v1",
    ),
    (
        "a CA as server certificate",
        FULL,
        "sqlx-rustls",
        "refused",
        "refuses",
        "ca-as-leaf",
    ),
    (
        "a CA as server certificate",
        FULL,
        "pgx",
        "verified",
        "accepts",
        "",
    ),
    (
        "a key for encipherment only",
        FULL,
        "pgjdbc",
        "refused",
        "refuses",
        "wrong-purpose",
    ),
    (
        "a key for encipherment only",
        FULL,
        "pgx",
        "verified",
        "accepts",
        "",
    ),
    ("RSA 1024", FULL, "pgjdbc", "verified", "accepts", ""),
    ("SHA-1", FULL, "pgx", "refused", "refuses", "weak-signature"),
    ("SHA-1", FULL, "pgjdbc", "verified", "accepts", ""),
    ("RSA-PSS", FULL, "pgx", "verified", "accepts", ""),
    (
        "an address written as a name",
        FULL,
        "pgjdbc",
        "verified",
        "accepts",
        "",
    ),
    (
        "an address written as a name",
        FULL,
        "pgx",
        "refused",
        "refuses",
        "host-name-mismatch",
    ),
    ("an address", FULL, "pgx", "verified", "accepts", ""),
    (
        "no authority key identifier",
        FULL,
        "python-default-context",
        "refused",
        "refuses",
        "clients-differ",
    ),
];

#[test]
fn the_documented_rules_are_followed() {
    let directory = tempfile::tempdir().unwrap();
    let Some(documented) = Documented::new(directory.path()) else {
        return;
    };
    let faults = faults(&documented);
    let Some(mut server) = Postgres::start(&faults[0].served) else {
        return;
    };
    let mut wrong = Vec::new();
    for fault in &faults {
        let mut strings: Vec<&'static str> = Vec::new();
        let rules = RULES.iter().filter(|rule| rule.0 == fault.name);
        strings.extend(rules.map(|rule| rule.1));
        strings.sort_unstable();
        strings.dedup();
        if !strings.is_empty() {
            server.serve(&fault.served);
        }
        for string in strings {
            let setting = setting(string);
            let row = Row {
                what: fault.name.to_owned(),
                host: fault.host,
                setting: &setting,
                roots: &fault.roots,
            };
            let client = row.client();
            let ours = our_answers(
                &client,
                &row.request(Ask::String, &client, server.port).string,
            );
            for rule in RULES
                .iter()
                .filter(|rule| rule.0 == fault.name && rule.1 == string)
            {
                let (outcome, certificate, reason) = &ours[rule.2];
                let code = reason.split(' ').next().unwrap_or_default();
                if (outcome.as_str(), certificate.as_str(), code) != (rule.3, rule.4, rule.5) {
                    wrong.push(format!("{rule:?}: {outcome} {certificate} {reason}"));
                }
            }
        }
    }
    let known = RULES
        .iter()
        .all(|rule| faults.iter().any(|fault| fault.name == rule.0));
    assert!(known, "a rule names no fault");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

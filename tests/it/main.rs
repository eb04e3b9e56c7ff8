//! All integration tests, in one program: one module per topic.
//!
//! `cargo test login` runs the tests of one topic. Tests run in parallel in one process. A test that counts
//! what the process has open, or changes its user, calls [`support::alone::alone`].
//!
//! On Windows there is no server, no psql and no shell of Unix. What needs one of them is left out there, and so is what
//! starts hundreds of processes. `.ci/windows` says what is run under Wine.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and says what it skips"
)]
#![cfg_attr(
    not(unix),
    allow(
        dead_code,
        unused_imports,
        reason = "what the tests of servers share has no use without them"
    )
)]

/// Advice that is not about a failure: after it is followed, it disappears.
#[cfg(unix)]
mod advice;
/// Servers that choose something else for psql than for rustls.
#[cfg(unix)]
mod as_libpq;
/// `pgtls audit`: against real servers, scripted ones, and other scanners.
#[cfg(unix)]
mod audit;
/// What libpq's TLS library requires in addition to a good chain, against psql.
#[cfg(unix)]
mod beyond_the_chain;
/// The book of docs/.
#[cfg(unix)]
mod book;
/// The codes of findings, their pages, and the tests.
#[cfg(unix)]
mod catalogue;
/// Server certificates, against psql.
#[cfg(unix)]
mod certificates;
/// Client certificates, against psql and the server's last word.
#[cfg(unix)]
mod client_certificates;
/// `--clients`: other client libraries, against the real ones.
#[cfg(unix)]
mod clients;
/// Other checkers, as docs/comparison.md has them.
#[cfg(unix)]
mod comparison;
/// Connection strings, against libpq's own parser.
#[cfg(unix)]
mod conninfo_libpq;
/// Every printed fix, applied.
#[cfg(unix)]
mod cures;
/// Demands beyond libpq's verdict.
#[cfg(unix)]
mod demands;
/// `pgtls demo`.
mod demo;
/// A thousand checks leave nothing open.
#[cfg(unix)]
mod descriptors;
/// Strings of other drivers, against their own parsers.
mod dialects;
/// `pgtls diff` and `--baseline`.
#[cfg(unix)]
mod diff;
/// `sslnegotiation=direct`, against libpq 18.
#[cfg(unix)]
mod direct;
/// The whole text for every fault, and the advice, followed.
#[cfg(unix)]
mod faults;
/// Many endpoints in one run.
mod fleet;
/// Every output format, read by other programs.
mod formats;
/// GitHub's annotations and code scanning.
#[cfg(unix)]
mod github;
/// Broken and hostile servers.
#[cfg(unix)]
mod hostile;
/// Several hosts in one string, against psql.
#[cfg(unix)]
mod hosts;
/// `pgtls lab`.
#[cfg(unix)]
mod lab;
/// A hundred clients of the lab at once.
#[cfg(unix)]
mod lab_crowd;
/// A ClientHello of more than one packet.
#[cfg(unix)]
mod large_hello;
/// Files are compiled, and modules keep their order.
#[cfg(unix)]
mod layout;
/// Variables and paths that decide and stand where nobody looks.
#[cfg(unix)]
mod left_over;
/// Client certificate and key files, against libpq.
#[cfg(unix)]
mod libpq_identity;
/// Host names in certificates, against libpq.
#[cfg(unix)]
mod libpq_names;
/// `pgtls check --login`, against psql.
#[cfg(unix)]
mod login;
/// Settings of a connection string, against psql.
#[cfg(unix)]
mod modes;
/// `pgtls verify`: a server's files without the server.
mod offline;
/// `pgtls verify` on PKCS#12 files, against `openssl pkcs12`.
#[cfg(unix)]
mod offline_archives;
/// The causes that `pgtls verify` names, against OpenSSL's.
#[cfg(unix)]
mod offline_causes;
/// `pgtls verify` on server keys of no use for TLS.
#[cfg(unix)]
mod offline_keys;
/// `pgtls verify` on certificate requests, against `openssl req`.
#[cfg(unix)]
mod offline_requests;
/// Chains of certificates, against `openssl verify`.
#[cfg(unix)]
mod openssl_verify;
/// What is printed, and where.
#[cfg(unix)]
mod output;
/// The GitHub Action, the npm package, and the versions of all packages.
#[cfg(unix)]
mod packaging;
/// PgBouncer, against psql.
#[cfg(unix)]
mod pgbouncer;
/// ML-DSA and post-quantum groups, against libpq with old and new OpenSSL.
#[cfg(unix)]
mod post_quantum;
/// Random settings of a connection string, against libpq of PostgreSQL 15 and 18.
#[cfg(unix)]
mod random_settings;
/// The README and docs/: commands, links, exit codes, keys.
#[cfg(unix)]
mod readme;
/// Revocation lists, against psql.
#[cfg(unix)]
mod revocation;
/// How often one check waits for the server.
#[cfg(unix)]
mod round_trips;
/// `pgtls scan`: files with connection strings.
mod scan;
/// `docs/screens.md`, from the snapshots.
#[cfg(unix)]
mod screens;
/// Servers of TLS 1.2 with which rustls has nothing in common, against psql.
#[cfg(unix)]
mod second_look;
/// No password shows.
#[cfg(unix)]
mod secrets;
/// The fuzzer's seeds.
#[cfg(unix)]
mod seeds;
/// `pgtls serve`: the schedule, its metrics, and those who ask.
#[cfg(unix)]
mod serve;
/// PostgreSQL in various configurations.
#[cfg(unix)]
mod server;
/// Situations of users, rebuilt.
#[cfg(unix)]
mod situations;
/// What people give in place of a connection string.
#[cfg(unix)]
mod stand_ins;
/// What the topics share.
mod support;
/// Every system call fails once.
#[cfg(unix)]
mod torture;
/// `pgtls trace`.
#[cfg(unix)]
mod trace;
/// Where trust comes from.
#[cfg(unix)]
mod trust;
/// Root files of every form, against psql.
#[cfg(unix)]
mod trust_files;
/// No PostgreSQL, or no TLS.
mod unreachable;
/// Any chain is judged without a panic.
#[cfg(unix)]
mod verify_properties;
/// Servers on which versions of libpq and OpenSSL differ, against each libpq.
#[cfg(unix)]
mod versions;
/// pgtls.exe against libpq.dll, under Wine.
#[cfg(unix)]
mod windows;

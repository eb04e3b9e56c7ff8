//! All integration tests, in one program: one module per topic.
//!
//! `cargo test login` runs the tests of one topic. Tests run in parallel in one process. A test that counts
//! what the process has open, or changes its user, calls [`support::alone::alone`].

#![cfg(unix)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and says what it skips"
)]

/// Advice that is not about a failure: after it is followed, it disappears.
mod advice;
/// `pgtls audit`: against real servers, scripted ones, and other scanners.
mod audit;
/// What libpq's TLS library requires in addition to a good chain, against psql.
mod beyond_the_chain;
/// The book of docs/.
mod book;
/// The codes of findings, their pages, and the tests.
mod catalogue;
/// Server certificates, against psql.
mod certificates;
/// Client certificates, against psql and the server's last word.
mod client_certificates;
/// `--clients`: other client libraries, against the real ones.
mod clients;
/// Other checkers, as docs/comparison.md has them.
mod comparison;
/// Connection strings, against libpq's own parser.
mod conninfo_libpq;
/// Every printed fix, applied.
mod cures;
/// Demands beyond libpq's verdict.
mod demands;
/// `pgtls demo`.
mod demo;
/// A thousand checks leave nothing open.
mod descriptors;
/// Strings of other drivers, against their own parsers.
mod dialects;
/// `pgtls diff` and `--baseline`.
mod diff;
/// `sslnegotiation=direct`, against libpq 18.
mod direct;
/// The whole text for every fault, and the advice, followed.
mod faults;
/// Many endpoints in one run.
mod fleet;
/// Every output format, read by other programs.
mod formats;
/// GitHub's annotations and code scanning.
mod github;
/// Broken and hostile servers.
mod hostile;
/// `pgtls lab`.
mod lab;
/// A hundred clients of the lab at once.
mod lab_crowd;
/// A ClientHello of more than one packet.
mod large_hello;
/// Files are compiled, and modules keep their order.
mod layout;
/// Variables and paths that decide and stand where nobody looks.
mod left_over;
/// Client certificate and key files, against libpq.
mod libpq_identity;
/// Host names in certificates, against libpq.
mod libpq_names;
/// `pgtls check --login`, against psql.
mod login;
/// Settings of a connection string, against psql.
mod modes;
/// `pgtls verify`: a server's files without the server.
mod offline;
/// `pgtls verify` on PKCS#12 files, against `openssl pkcs12`.
mod offline_archives;
mod offline_causes;
mod offline_keys;
/// `pgtls verify` on certificate requests, against `openssl req`.
mod offline_requests;
/// Chains of certificates, against `openssl verify`.
mod openssl_verify;
/// What is printed, and where.
mod output;
/// The GitHub Action, the npm package, and the versions of all packages.
mod packaging;
/// PgBouncer, against psql.
mod pgbouncer;
/// ML-DSA and post-quantum groups, against libpq with old and new OpenSSL.
mod post_quantum;
/// The README and docs/: commands, links, exit codes, keys.
mod readme;
/// Revocation lists, against psql.
mod revocation;
/// How often one check waits for the server.
mod round_trips;
/// `pgtls scan`: files with connection strings.
mod scan;
/// `docs/screens.md`, from the snapshots.
mod screens;
/// No password shows.
mod second_look;
mod secrets;
/// The fuzzer's seeds.
mod seeds;
/// `pgtls serve`: the schedule, its metrics, and those who ask.
mod serve;
/// PostgreSQL in various configurations.
mod server;
/// Situations of users, rebuilt.
mod situations;
/// What the topics share.
mod support;
/// Every system call fails once.
mod torture;
/// `pgtls trace`.
mod trace;
/// Where trust comes from.
mod trust;
/// Root files of every form, against psql.
mod trust_files;
/// No PostgreSQL, or no TLS.
mod unreachable;
/// Any chain is judged without a panic.
mod verify_properties;
mod versions;
/// pgtls.exe against libpq.dll, under Wine.
mod windows;

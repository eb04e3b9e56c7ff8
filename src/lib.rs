//! pgtls checks TLS to PostgreSQL endpoints with libpq's own rules.
//!
//! It **reads a conninfo**, **gathers trust**, **connects**, **negotiates**, **shakes hands**,
//! **verifies**, **diagnoses**, **reports** and **exits**. The modules are in that order, and none knows
//! one that comes after it:
//!
//! | module | from | to |
//! | --- | --- | --- |
//! | [`escape`] | untrusted text | text that is safe for a terminal |
//! | [`secrecy`] | text from users | what must not be shown of it |
//! | [`words`] | | enumerations with a word for each value, lists of words |
//! | [`percent`] | any bytes | text for a URI |
//! | [`utf16`] | bytes in UTF-16 | text |
//! | [`wire`] | bytes | messages of PostgreSQL and of TLS, and back |
//! | [`os`] | | what differs between Unix and Windows |
//! | [`workers`] | work | the same, done without a delay for others |
//! | `inet` | text | Internet addresses, as C libraries read them |
//! | [`conninfo`] | text, environment, service files | parameters with their origin, endpoints |
//! | [`dialect`] | text of any driver | what it means to libpq, and back |
//! | [`x509`] | DER | certificates and CRLs as plain facts |
//! | [`trust`] | parameters, files | trust anchors, and the level that must be reached |
//! | [`connect`] | endpoint | a connected socket |
//! | [`negotiate`] | socket | a socket on which TLS may start |
//! | [`handshake`] | ready socket | a TLS session |
//! | [`startup`] | session | the server's first answer |
//! | [`inquiry`] | an address, our own offer | what the server chooses from it |
//! | [`verify`] | chain, trust, host, time | a judgement |
//! | [`probe`] | all of these, in order | an observation |
//! | [`demands`] | judgement | additional demands that are not met |
//! | [`login`] | a satisfied observation | a login, and what the server says about the session |
//! | [`exit`] | | the exit codes and their meaning |
//! | [`audit`] | an address | what else it accepts |
//! | [`profile`] | a standard's rules, an audit | what became of each rule |
//! | [`clients`] | observation | what each client library would do there |
//! | [`diagnose`] | observation | findings: cause, evidence, fix |
//! | [`check`] | connection strings | what is found at every endpoint: the main job |
//! | [`scan`] | files | connection strings in them, judged |
//! | [`trace`] | the bytes of connections that pass by | what an application really does |
//! | [`report`] | findings | bytes |
//! | [`serve`] | a configuration | its checks on a schedule, for Prometheus |
//! | [`diff`] | two reports | what changed between them |
//! | `lab` | | throw-away endpoints, good and broken, and what clients do there |
//!
//! **The library is not an interface.** It exists for the program and its tests, and any version may change
//! it. What users can rely on are the exit codes, finding codes, options and the JSON of the program.
//!
//! # Decisions
//!
//! - **The verdict is libpq's.** The path check follows OpenSSL's rules ([`verify::chain`]), because
//!   rustls-webpki both refuses what libpq accepts (X.509 version 1, CN only, CA:TRUE leaves) and accepts
//!   what libpq refuses (expired anchors, anchors that are not self-signed).
//! - **Our own small DER reader reads certificates** ([`x509`]): a strict parser refuses much that OpenSSL
//!   accepts, and every difference would be a false alarm or a false pass.
//! - **A server is refused inside the handshake**, so that it gets the matching alert and never sees a
//!   client certificate. Version and suite of the refused handshake are still reported.
//! - **A bad server is a result, a bad request is an error**: [`probe::Observation`] contains the first,
//!   the error enums of [`conninfo`] and [`trust`] the second.

pub mod audit;
pub mod check;
pub mod clients;
pub mod connect;
pub mod conninfo;
pub mod demands;
pub mod diagnose;
pub mod dialect;
pub mod diff;
pub mod escape;
pub mod exit;
pub mod handshake;
mod inet;
pub mod inquiry;
#[cfg(feature = "lab")]
pub mod lab;
pub mod login;
pub mod negotiate;
pub mod os;
pub mod percent;
pub mod probe;
pub mod profile;
pub mod report;
pub mod scan;
pub mod secrecy;
pub mod serve;
pub mod startup;
pub mod trace;
pub mod trust;
pub mod utf16;
pub mod verify;
pub mod wire;
pub mod words;
pub mod workers;
pub mod x509;

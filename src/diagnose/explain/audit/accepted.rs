//! What a server accepts but should not.

use super::super::front::Front;
use super::restriction::{Restriction, Versions, on_server};
use super::{MAX_NAMES, error};
use crate::audit::{Accepted, Audit, Category, Login, Plaintext, Protocol, Stuffed};
use crate::diagnose::{Code, Finding, Fix, Hint};
use crate::wire::tls::{Suite, TlsVersion, Weakness};
use crate::words::first_few;

/// Everything that is accepted but should not be.
pub(super) fn accepted(audit: &Audit, front: Front) -> Vec<(Category, Finding)> {
    let mut found = Vec::new();
    if let Some(Plaintext::Accepted(login)) = audit.plaintext.known() {
        found.push((Category::Plaintext, plaintext(*login, front)));
    }
    found.extend(of_tls(audit, front));
    found
}

pub(in crate::diagnose::explain) fn plaintext(login: Login, front: Front) -> Finding {
    let how = match login {
        Login::Trust => "and lets this user in without a password".to_owned(),
        Login::Cleartext => "and asks for the password in clear".to_owned(),
        Login::Md5 => "and asks for the password's MD5".to_owned(),
        Login::Sasl => "and asks for a password (SASL)".to_owned(),
        Login::Other(number) => format!("and asks for authentication (kind {number})"),
    };
    let message =
        format!("TLS is offered but not enforced: the server starts a session without TLS {how}");
    let hint = match front {
        Front::NotPostgres => front
            .evidence()
            .then("In pgbouncer.ini, then reload:")
            .fix(Fix::pgbouncer("client_tls_sslmode = require")),
        Front::Unknown => Hint::say(
            "In pg_hba.conf use hostssl instead of host, or put this line first, then reload:",
        )
        .fix(
            Fix::file("hostnossl all all all reject")
                .of("pg_hba.conf")
                .proven(),
        )
        .then("PgBouncer: client_tls_sslmode = require. Azure: require_secure_transport. Amazon RDS: rds.force_ssl."),
    };
    error(Code::PlaintextAccepted, message).hint(hint)
}

fn of_tls(audit: &Audit, front: Front) -> Vec<(Category, Finding)> {
    let versions: Vec<(TlsVersion, &Accepted)> = audit
        .protocols
        .iter()
        .filter_map(|(version, asked)| match asked.known()? {
            Protocol::Accepted(accepted) => Some((version, &**accepted)),
            Protocol::Refused => None,
        })
        .collect();
    let mut found = Vec::new();
    let legacy = names(&versions, |(version, _)| version.is_legacy());
    if !legacy.is_empty() {
        let message = format!("the server accepts {legacy}, which RFC 8996 deprecates");
        let is_cured = |left: &Versions<'_>| !left.iter().any(|(version, _)| version.is_legacy());
        let hint = on_server(Restriction::Versions, &versions, front, is_cured);
        let finding = error(Code::LegacyProtocol, message).hint(hint);
        found.push((Category::LegacyProtocol, finding));
    }
    found.extend(suites(&versions, front));
    found.extend(features(&versions, front));
    if audit.stuffed.known() == Some(&Stuffed::Processed) {
        let message = "the server accepts plaintext after the SSLRequest as part of the encrypted session (CVE-2021-23214)";
        let finding = error(Code::PlaintextProcessed, message.to_owned()).hint(
            "Upgrade. PostgreSQL 14.1, 13.5, 12.9 and newer refuse it, and so does PgBouncer 1.16.1.",
        );
        found.push((Category::StuffedPlaintext, finding));
    }
    found
}

pub(super) fn suites(versions: &Versions<'_>, front: Front) -> Vec<(Category, Finding)> {
    let mut found = Vec::new();
    let broken = listed(versions, Suite::is_broken);
    if let Some((count, shown)) = broken {
        let anonymous = |suite: Suite| suite.weaknesses().contains(&Weakness::Anonymous);
        let others = listed(versions, |suite| suite.is_broken() && !anonymous(suite));
        let what = match (others, listed(versions, anonymous)) {
            (None, _) => "that encrypt, but prove no server (anonymous)",
            (Some(_), None) => "that do not protect",
            (Some(_), Some(_)) => "that do not protect, or prove no server (anonymous)",
        };
        let message = format!("the server accepts {} {what}: {shown}", suites_of(count));
        let is_cured = |left: &Versions<'_>| listed(left, Suite::is_broken).is_none();
        let finding = error(Code::BrokenCipher, message).hint(on_server(
            Restriction::Suites,
            versions,
            front,
            is_cured,
        ));
        found.push((Category::BrokenCipher, finding));
    }
    let merely =
        |suite: Suite, weakness| !suite.is_broken() && suite.weaknesses().contains(&weakness);
    for (weakness, category, what) in [
        (
            Weakness::Cbc,
            Category::Cbc,
            "with CBC, vulnerable to padding attacks",
        ),
        (
            Weakness::StaticKey,
            Category::StaticKey,
            "without forward secrecy (static RSA)",
        ),
    ] {
        if let Some((count, shown)) = listed(versions, |suite| merely(suite, weakness)) {
            let message = format!("the server accepts {} {what}: {shown}", suites_of(count));
            let is_cured =
                |left: &Versions<'_>| listed(left, |suite| merely(suite, weakness)).is_none();
            let finding = error(Code::WeakCipher, message).hint(on_server(
                Restriction::Suites,
                versions,
                front,
                is_cured,
            ));
            found.push((category, finding));
        }
    }
    found
}

fn features(versions: &Versions<'_>, front: Front) -> Vec<(Category, Finding)> {
    let mut found = Vec::new();
    let primes = versions
        .iter()
        .filter_map(|(_, one)| one.prime_bits.clone().ok()?);
    if let Some(bits) = primes.min().filter(|bits| *bits < ENOUGH_PRIME_BITS) {
        let message = format!("the server's Diffie-Hellman prime has {bits} bits");
        let is_cured = |left: &Versions<'_>| {
            let mut left = left.iter();
            left.all(|(_, one)| one.prime_bits == Ok(None))
        };
        let hint = on_server(Restriction::Suites, versions, front, is_cured);
        let larger = match front {
            Front::Unknown => "Disable the DHE suites, or set a larger prime (ssl_dh_params_file).",
            Front::NotPostgres => {
                "Disable the DHE suites, or set a larger prime (PgBouncer: client_tls_dheparams)."
            }
        };
        let finding = error(Code::WeakCipher, message).hint(Hint::say(larger).and(hint));
        found.push((Category::SmallPrime, finding));
    }
    let compressed = names(versions, |(_, one)| {
        one.old.is_some_and(|old| old.compression)
    });
    if !compressed.is_empty() {
        let message = format!("the server compresses data with {compressed} (CRIME)");
        let finding = error(Code::TlsCompression, message)
            .hint("Upgrade the server, or switch compression off in its TLS library.");
        found.push((Category::Compression, finding));
    }
    let unbound = names(versions, |(_, one)| {
        one.old.is_some_and(|old| !old.secure_renegotiation)
    });
    if !unbound.is_empty() {
        let message = format!("the server does not support secure renegotiation with {unbound}");
        let finding =
            error(Code::InsecureRenegotiation, message).hint("Upgrade the server's TLS library.");
        found.push((Category::Renegotiation, finding));
    }
    found
}

fn names<'a>(
    versions: &Versions<'a>,
    fits: impl Fn(&(TlsVersion, &'a Accepted)) -> bool,
) -> String {
    let fitting = versions.iter().filter(|one| fits(one));
    let names: Vec<&str> = fitting.map(|(version, _)| version.name()).collect();
    names.join(" and ")
}

/// How many suites match in all versions together, and their names.
fn listed(versions: &Versions<'_>, fits: impl Fn(Suite) -> bool) -> Option<(usize, String)> {
    let mut names: Vec<&str> = Vec::new();
    for (_, accepted) in versions {
        for suite in accepted.suites.found.iter().filter(|suite| fits(**suite)) {
            if !names.contains(&suite.openssl) {
                names.push(suite.openssl);
            }
        }
    }
    (!names.is_empty()).then(|| (names.len(), first_few(&names, MAX_NAMES, ", ")))
}

fn suites_of(count: usize) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} cipher suite{plural}")
}

/// RFC 9325 section 4.1 (bits).
const ENOUGH_PRIME_BITS: u16 = 2048;

//! What else an endpoint accepts, and what to do about it.

use super::front::Front;
use super::wire::VERSIONS_OF_PGBOUNCER;
use crate::audit::{
    Accepted, Audit, Category, Circumstance, Each, Login, Plaintext, Presented, Protocol, Rule,
    Rules, Stuffed, Unknown,
};
use crate::demands::Strictness;
use crate::diagnose::notices::large_hello;
use crate::diagnose::{
    Code, Context, Diagnosis, Finding, Fix, Hint, Level, Program, Settled, Stage, Standing,
    apply_strictness, unsatisfied,
};
use crate::escape::escape;
use crate::exit::Exit;
use crate::probe::{Observation, Task};
use crate::profile::{Compliance, Judged, Profile, Verdict};
use crate::wire::tls::{Suite, TlsVersion, Weakness};
use crate::words::first_few;

/// Adds the findings of an audit to the diagnosis of the same endpoint.
///
/// Something forbidden turns a pass into exit code 1, an unanswered question into 3, and another
/// certificate that does not verify into the exit code of that fault.
pub fn add_audit(
    diagnosis: &mut Diagnosis,
    (task, observation): (&Task, &Observation),
    audit: &Audit,
    rules: &Rules,
    strictness: Strictness,
) {
    let front = observation.tls().map_or(Front::Unknown, Front::of);
    let mut failures: Vec<Finding> = Vec::new();
    let found = accepted(audit, front);
    let no_tls = diagnosis
        .error
        .as_mut()
        .filter(|error| error.code == Code::NoTls);
    let without_tls = match no_tls {
        Some(error)
            if found
                .iter()
                .any(|(category, _)| *category == Category::Plaintext) =>
        {
            let hint = std::mem::take(&mut error.hint);
            error.hint = hint.then("It starts sessions in plain text. First make TLS work; only then use hostssl in pg_hba.conf, or no one can log in.");
            true
        }
        Some(_) | None => false,
    };
    for (category, finding) in found {
        if without_tls && category == Category::Plaintext {
            continue;
        }
        match rules.rule(category) {
            Rule::Allow => {}
            Rule::Warn => diagnosis.findings.push(Finding {
                level: Level::Warning,
                ..finding
            }),
            Rule::Forbid => failures.push(finding),
        }
    }
    failures.extend(incomplete(audit));
    let large = audit.large_hello.known().and_then(large_hello);
    diagnosis.findings.extend(large.map(|finding| Finding {
        stage: Stage::Audit,
        ..finding
    }));
    diagnosis.findings.extend(sni(task, &audit.certificates));
    for (exit, finding) in certificates(task, &audit.certificates) {
        diagnosis.fail_or_add_with(exit, finding);
    }
    for finding in failures {
        diagnosis.fail_or_add(finding);
    }
    diagnosis.findings.sort_by_key(|finding| finding.level);
    for program in [Program::PostgreSql, Program::PgBouncer] {
        settings_in_one_place(diagnosis, program);
    }
    apply_strictness(diagnosis, strictness);
}

/// The settings of a program in all findings become one block, which one change and one reload apply. It stands where the
/// first of them stood; the other findings name that one.
fn settings_in_one_place(diagnosis: &mut Diagnosis, program: Program) {
    let mut block: Vec<Fix> = Vec::new();
    let mut members: Vec<&mut Finding> = Vec::new();
    let error = diagnosis.error.iter_mut();
    for finding in error.chain(&mut diagnosis.findings) {
        if join(&mut block, &finding.hint, program) == Joined::Yes {
            members.push(finding);
        }
    }
    let mut members = members.into_iter();
    let (Some(first), 1..) = (members.next(), members.len()) else {
        return;
    };
    first.hint = std::mem::take(&mut first.hint).with_settings(&block, program);
    for finding in members {
        let rest =
            std::mem::take(&mut finding.hint).settled(|fix| match fix.is_setting_of(program) {
                true => Settled::LeftOut,
                false => Settled::Kept(fix),
            });
        let lead = format!(
            "The lines for {} under {} fix this, too.",
            program.file(),
            first.code.name()
        );
        finding.hint = Hint::say(lead).and(rest);
    }
}

/// Whether the lines of a hint are part of the block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joined {
    Yes,
    No,
}

/// Adds the lines of a hint for this program to the block. A hint that wants another value than the block stays out:
/// the block does not cure its finding. A line that any finding could not try is not tried.
fn join(block: &mut Vec<Fix>, hint: &Hint, program: Program) -> Joined {
    let lines: Vec<&Fix> = hint
        .fixes()
        .filter(|fix| fix.is_setting_of(program))
        .collect();
    let differs = |line: &&Fix| {
        let mut set = block.iter();
        set.any(|set| set.target == line.target && set.after != line.after)
    };
    if lines.is_empty() || lines.iter().any(differs) {
        return Joined::No;
    }
    for line in lines {
        match block.iter_mut().find(|set| set.target == line.target) {
            Some(set) if line.standing == Standing::Untried => set.standing = Standing::Untried,
            Some(_) => {}
            None => block.push(line.clone()),
        }
    }
    Joined::Yes
}

/// Adds a finding for each requirement of a profile that is not met, and one for those that may not be: what is not known
/// does not pass.
pub fn add_profiles(diagnosis: &mut Diagnosis, judged: &[Judged], strictness: Strictness) {
    for judged in judged {
        let profile = &judged.profile;
        for verdict in judged.with(Compliance::Failed) {
            let finding = error(Code::ProfileViolated, required(profile, verdict));
            diagnosis.fail_or_add(finding.hint(Hint::say(format!(
                "{}, {}: {}",
                escape(&profile.title),
                escape(&profile.date),
                escape(&profile.source)
            ))));
        }
    }
    let is_told = diagnosis
        .all()
        .any(|finding| finding.code == Code::AuditIncomplete);
    if !is_told {
        let unknown = judged.iter().flat_map(|judged| {
            let verdicts = judged.with(Compliance::Unknown);
            verdicts.map(|verdict| required(&judged.profile, verdict))
        });
        let unknown: Vec<String> = unknown.collect();
        if !unknown.is_empty() {
            let message = format!(
                "it is not known whether every requirement is met: {}",
                first_few(&unknown, MAX_NAMES, "; ")
            );
            diagnosis.fail_or_add(error(Code::AuditIncomplete, message).hint(
                "Each requirement is followed by the reason. Remove the reason, then run the audit again.",
            ));
        }
    }
    diagnosis.findings.sort_by_key(|finding| finding.level);
    apply_strictness(diagnosis, strictness);
}

/// A requirement, and what was observed.
fn required(profile: &Profile, verdict: &Verdict) -> String {
    format!(
        "{} {}: {}: {}",
        escape(&profile.name),
        escape(&verdict.clause),
        escape(&verdict.requirement),
        escape(&verdict.observed)
    )
}

pub(super) fn error(code: Code, message: String) -> Finding {
    Finding::error(code, Stage::Audit, message)
}

/// Everything that is accepted but should not be.
fn accepted(audit: &Audit, front: Front) -> Vec<(Category, Finding)> {
    let mut found = Vec::new();
    if let Some(Plaintext::Accepted(login)) = audit.plaintext.known() {
        found.push((Category::Plaintext, plaintext(*login, front)));
    }
    found.extend(of_tls(audit, front));
    found
}

pub(super) fn plaintext(login: Login, front: Front) -> Finding {
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

/// What a setting restricts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Restriction {
    /// TLS 1.2 and newer.
    Versions,
    /// Before TLS 1.3: suites with forward secrecy that authenticate what they encrypt.
    Suites,
}

impl Restriction {
    /// The line for the configuration file of what ends TLS there.
    fn fix(self, front: Front) -> Fix {
        match (self, front) {
            (Self::Versions, Front::Unknown) => {
                Fix::setting("ssl_min_protocol_version = 'TLSv1.2'")
            }
            (Self::Suites, Front::Unknown) => {
                Fix::setting(format!("ssl_ciphers = '{GOOD_SUITES}'"))
            }
            (Self::Versions, Front::NotPostgres) => Fix::pgbouncer(VERSIONS_OF_PGBOUNCER),
            (Self::Suites, Front::NotPostgres) => {
                Fix::pgbouncer(format!("client_tls_ciphers = {GOOD_SUITES}"))
            }
        }
    }

    /// What the server would still accept.
    fn leaves(self, versions: &Versions<'_>) -> Vec<(TlsVersion, Accepted)> {
        let versions = versions.iter();
        let kept = versions.filter_map(|(version, accepted)| {
            let mut left = (*accepted).clone();
            match self {
                Self::Versions if version.is_legacy() => return None,
                Self::Versions => {}
                Self::Suites if *version == TlsVersion::V1_3 => {}
                Self::Suites => {
                    left.suites.found.retain(|suite| is_good(*suite));
                    left.prime_bits = Ok(None);
                }
            }
            (!left.suites.found.is_empty()).then_some((*version, left))
        });
        kept.collect()
    }
}

/// Whether `GOOD_SUITES` contains it.
fn is_good(suite: Suite) -> bool {
    let name = suite.openssl;
    name.starts_with("ECDHE") && (name.contains("GCM") || name.contains("CHACHA20"))
}

/// A setting of the server. It is proven if what it leaves of the observed answers is something, and the fault is not among
/// it.
fn on_server(
    restriction: Restriction,
    versions: &Versions<'_>,
    front: Front,
    is_cured: impl Fn(&Versions<'_>) -> bool,
) -> Hint {
    let left = restriction.leaves(versions);
    let left: Vec<(TlsVersion, &Accepted)> = left
        .iter()
        .map(|(version, accepted)| (*version, accepted))
        .collect();
    let fix = restriction.fix(front);
    let fix = match !left.is_empty() && is_cured(&left) {
        true => fix.proven(),
        false => fix,
    };
    match (front, restriction) {
        (Front::NotPostgres, _) => front
            .evidence()
            .then("In pgbouncer.ini, then reload:")
            .fix(fix),
        (Front::Unknown, Restriction::Suites) => Hint::say("In postgresql.conf, then reload:")
            .fix(fix)
            .then("In PgBouncer, set client_tls_ciphers."),
        (Front::Unknown, Restriction::Versions) => Hint::say("In postgresql.conf, then reload:")
            .fix(fix)
            .then("PgBouncer: client_tls_protocols = secure."),
    }
}

type Versions<'a> = [(TlsVersion, &'a Accepted)];

fn suites(versions: &Versions<'_>, front: Front) -> Vec<(Category, Finding)> {
    let mut found = Vec::new();
    let broken = listed(versions, Suite::is_broken);
    if let Some((count, shown)) = broken {
        let message = format!(
            "the server accepts {} without protection: {shown}",
            suites_of(count)
        );
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

/// A certificate for another kind of key that clients would refuse.
fn certificates(task: &Task, shown: &Each<Circumstance, Presented>) -> Vec<(Exit, Finding)> {
    let rules = task.rules();
    let context = Context::of(task, &rules);
    let about_key = shown
        .iter()
        .filter(|(circumstance, _)| circumstance.is_about_key());
    about_key
        .filter_map(|(circumstance, asked)| {
            let judgement = asked.known()?.chain()?;
            let reason = judgement.satisfies(context.level).err()?;
            let diagnosis = unsatisfied(&context, judgement, &reason);
            let finding = diagnosis.error?;
            let kind = match circumstance {
                Circumstance::Rsa => "RSA",
                Circumstance::Ecdsa => "ECDSA",
                Circumstance::Ed25519 | Circumstance::NoSni | Circumstance::OtherSni => "Ed25519",
            };
            let message = format!("for clients that ask for {kind}: {}", finding.message).into();
            let finding = Finding {
                message,
                stage: Stage::Audit,
                ..finding
            };
            Some((diagnosis.exit, finding))
        })
        .collect()
}

/// Clients without SNI get a certificate that they refuse, but others get one that they accept.
fn sni(task: &Task, shown: &Each<Circumstance, Presented>) -> Option<Finding> {
    let judgement = shown.known(Circumstance::NoSni)?.chain()?;
    judgement.satisfies(task.trust.level).err()?;
    let leaf = judgement.certificates.first()?;
    let named = shown
        .iter()
        .filter(|(circumstance, _)| circumstance.is_about_key());
    let is_the_same = named
        .filter_map(|(_, asked)| asked.known()?.chain()?.certificates.first())
        .any(|other| other.der == leaf.der);
    (!is_the_same).then(|| {
        let message = format!(
            "clients that send no server name get another certificate (\"{}\"), which the rules of this string refuse",
            escape(&leaf.subject.text)
        );
        Finding::new(Level::Warning, Code::SniDependent, Stage::Audit, message)
            .hint("Give the server a default certificate that such clients also accept.")
    })
}

/// Questions without an answer.
fn incomplete(audit: &Audit) -> Option<Finding> {
    let unknown = audit.gaps();
    let (_, reason) = unknown.first()?;
    let questions = unknown.iter();
    let questions: Vec<String> = questions
        .map(|(what, reason)| format!("{what}: {}", told(reason)))
        .collect();
    let message = format!(
        "the audit could not answer every question: {}",
        first_few(&questions, MAX_NAMES, "; ")
    );
    let hint = advice(
        reason,
        "Allow more time (--deadline 15m) or more parallel connections (--jobs 4).",
        "Try again when the server is less busy, or with a longer --timeout.",
    );
    Some(error(Code::AuditIncomplete, message).hint(hint))
}

/// How to get an answer: if time ran out, and if asking again is all that helps.
pub(super) fn advice(reason: &Unknown, out_of_time: &'static str, again: &'static str) -> Hint {
    match reason {
        Unknown::RefusedAnyway(_) => {
            Hint::say("Set a user and a database that may log in. No password is needed:")
                .show("user=NAME dbname=NAME")
        }
        Unknown::OutOfTime => out_of_time.into(),
        Unknown::Handshake(_) => {
            Hint::say("If every handshake with this server fails, fix that first.").then(again)
        }
        Unknown::NotAsked
        | Unknown::Connect(_)
        | Unknown::Negotiate(_)
        | Unknown::Closed
        | Unknown::Timeout
        | Unknown::NotTls
        | Unknown::NotPostgres
        | Unknown::Unoffered
        | Unknown::Contradiction
        | Unknown::Busy => again.into(),
    }
}

pub(super) fn told(reason: &Unknown) -> String {
    if let Unknown::RefusedAnyway(answer) = reason {
        let said = answer.message.get(..MAX_SAID).unwrap_or(&answer.message);
        return format!("{reason} (\"{}\")", escape(said));
    }
    reason.to_string()
}

/// Suites with forward secrecy that authenticate what they encrypt; TLS 1.3 has no others.
const GOOD_SUITES: &str = "ECDHE+AESGCM:ECDHE+CHACHA20";

/// RFC 9325 section 4.1 (bits).
const ENOUGH_PRIME_BITS: u16 = 2048;

/// The maximum of suites or questions in one message.
const MAX_NAMES: usize = 12;

/// The maximum of shown bytes of a server's message.
const MAX_SAID: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Listing;

    /// A version with these suites.
    fn accepted_with(names: &[&str]) -> Accepted {
        let all = (0..=u16::MAX).filter_map(Suite::of);
        Accepted {
            suites: Listing {
                found: all.filter(|suite| names.contains(&suite.openssl)).collect(),
                unfinished: None,
            },
            preference: Ok(None),
            groups: Listing {
                found: Vec::new(),
                unfinished: None,
            },
            prime_bits: Ok(None),
            old: None,
        }
    }

    /// The advice for a server that accepts one good suite, and is cured.
    fn restricted(restriction: Restriction, front: Front) -> Hint {
        let accepted = accepted_with(&["ECDHE-RSA-AES128-GCM-SHA256"]);
        on_server(restriction, &[(TlsVersion::V1_2, &accepted)], front, |_| {
            true
        })
    }

    #[test]
    fn a_setting_is_proven_only_if_it_leaves_something_and_the_fault_is_not_among_it() {
        let good = "ECDHE-RSA-AES128-GCM-SHA256";
        let cbc = "ECDHE-RSA-AES128-SHA";
        for (names, proven) in [(&[good, cbc][..], true), (&[cbc], false)] {
            let accepted = accepted_with(names);
            let versions = [(TlsVersion::V1_2, &accepted)];
            let found = suites(&versions, Front::Unknown);
            let (_, finding) = found.first().unwrap();
            let standing = finding.hint.fixes().map(|fix| fix.standing).next();
            assert_eq!(standing == Some(Standing::Proven), proven, "{names:?}");
        }
        let accepted = accepted_with(&[good]);
        let versions = [(TlsVersion::V1_2, &accepted)];
        let useless = on_server(Restriction::Suites, &versions, Front::Unknown, |_| false);
        assert!(useless.to_string().contains("could not try"), "{useless}");
    }

    #[test]
    fn what_is_not_postgresql_gets_settings_of_pgbouncer() {
        let accepted = accepted_with(&["ECDHE-RSA-AES128-SHA"]);
        let versions = [(TlsVersion::V1_1, &accepted), (TlsVersion::V1_2, &accepted)];
        let mut found = suites(&versions, Front::NotPostgres);
        found.push((
            Category::Plaintext,
            plaintext(Login::Md5, Front::NotPostgres),
        ));
        for (_, finding) in found {
            let hint = finding.hint.to_string();
            assert!(hint.contains("client_tls_"), "{hint}");
            assert!(
                !hint.contains("ssl_ciphers = '") && !hint.contains("pg_hba"),
                "{hint}"
            );
            for fix in finding.hint.fixes() {
                assert_eq!(fix.program, Program::PgBouncer);
            }
        }
    }

    #[test]
    fn a_finding_that_wants_another_value_keeps_its_own_line() {
        let connects = "ssl_ciphers = 'HIGH:MEDIUM:+3DES:!aNULL'";
        let mut diagnosis = Diagnosis::failed(
            error(Code::NoCommonCipher, "no cipher".to_owned())
                .hint(Hint::say("On the server:").fix(Fix::setting(connects))),
        );
        let weak = error(Code::WeakCipher, "weak".to_owned())
            .hint(restricted(Restriction::Suites, Front::Unknown));
        let legacy = error(Code::LegacyProtocol, "old".to_owned())
            .hint(restricted(Restriction::Versions, Front::Unknown));
        let again = error(Code::TlsCompression, "again".to_owned())
            .hint(Hint::say("In postgresql.conf:").fix(Fix::setting(connects)));
        let pooler = error(Code::ServerError, "pooler".to_owned())
            .hint(Hint::say("In pgbouncer.ini:").fix(Fix::pgbouncer("ssl_ciphers = 'x'")));
        let untouched = [weak.hint.to_string(), pooler.hint.to_string()];
        diagnosis.findings = vec![weak, legacy, again, pooler];
        settings_in_one_place(&mut diagnosis, Program::PostgreSql);
        let hints: Vec<String> = diagnosis.all().map(|one| one.hint.to_string()).collect();
        let [block, weak, legacy, again, pooler] = hints.as_slice() else {
            panic!("{hints:?}");
        };
        assert_eq!(
            *block,
            format!(
                "On the server:\n    {connects}\npgtls could not try this setting.\n    ssl_min_protocol_version = 'TLSv1.2'"
            )
        );
        assert_eq!([weak, pooler], untouched.each_ref());
        let too = "The lines for postgresql.conf under no-common-cipher fix this, too.";
        assert_eq!(
            *legacy,
            format!("{too}\nPgBouncer: client_tls_protocols = secure.")
        );
        assert_eq!(*again, too);
    }

    #[test]
    fn a_line_that_one_finding_could_not_try_is_said_to_be_untried() {
        let mut diagnosis = Diagnosis::failed(
            error(Code::BrokenCipher, "broken".to_owned())
                .hint(restricted(Restriction::Suites, Front::Unknown)),
        );
        diagnosis.findings = vec![error(Code::WeakCipher, "prime".to_owned()).hint(
            Hint::say("Set a larger prime, or:").fix(Restriction::Suites.fix(Front::Unknown)),
        )];
        settings_in_one_place(&mut diagnosis, Program::PostgreSql);
        let hints: Vec<String> = diagnosis.all().map(|one| one.hint.to_string()).collect();
        assert_eq!(
            hints,
            [
                format!(
                    "In postgresql.conf, then reload:\n    ssl_ciphers = '{GOOD_SUITES}'\npgtls could not try this setting.\nIn PgBouncer, set client_tls_ciphers."
                ),
                "The lines for postgresql.conf under broken-cipher fix this, too.".to_owned(),
            ]
        );
    }
}

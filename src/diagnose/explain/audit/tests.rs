use super::accepted::{plaintext, suites};
use super::restriction::{GOOD_SUITES, Restriction, on_server};
use super::*;
use crate::audit::{Accepted, Listing, Login};
use crate::diagnose::{Fix, Standing};
use crate::wire::tls::{Suite, TlsVersion};

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
    diagnosis.findings =
        vec![error(Code::WeakCipher, "prime".to_owned()).hint(
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

use serde_json::{Value, json};

use super::*;
use crate::report::text::Palette;
use crate::report::{sample, schema};

/// The fixed report of the formats, changed at some places of its first endpoint.
fn changed(places: &[(&str, Value)]) -> Run {
    let mut report = serde_json::to_value(sample::report()).unwrap();
    for (pointer, value) in places {
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        let parent = report
            .pointer_mut(&format!("/endpoints/0{parent}"))
            .unwrap();
        match parent.as_array_mut() {
            Some(array) => array[field.parse::<usize>().unwrap()] = value.clone(),
            None => parent[field] = value.clone(),
        }
    }
    Run::read(report.to_string().as_bytes()).unwrap()
}

fn kinds(old: &Run, new: &Run) -> Vec<Kind> {
    let diff = Diff::of(old, new);
    diff.all()
        .flat_map(|compared| compared.changes.iter().map(|change| change.kind))
        .collect()
}

const NEW_CERTIFICATE: (&str, &str) = ("/certificates/0/sha256_fingerprint", "22");

#[test]
fn the_same_report_has_no_changes() {
    let run = changed(&[]);
    assert_eq!(kinds(&run, &run), []);
    assert_eq!(Diff::of(&run, &run).exit(), Exit::Passed);
}

#[test]
fn each_change_is_told_by_its_kind() {
    let certificate = |places: &[(&str, Value)]| {
        let mut all = vec![(NEW_CERTIFICATE.0, json!(NEW_CERTIFICATE.1))];
        all.extend_from_slice(places);
        changed(&all)
    };
    for (new, kind) in [
        (certificate(&[]), Kind::Renewed),
        (
            certificate(&[("/certificates/0/spki_sha256", json!("33"))]),
            Kind::Renewed,
        ),
        (
            certificate(&[("/certificates/0/issuer", json!("CN = New CA"))]),
            Kind::IssuerChanged,
        ),
        (
            certificate(&[("/certificates/0/key", json!("RSA 2048"))]),
            Kind::KeyChanged,
        ),
        (
            certificate(&[("/certificates/0/key", json!("RSA 1024"))]),
            Kind::KeyWeaker,
        ),
        (
            certificate(&[("/certificates/0/key", json!("ECDSA P-224"))]),
            Kind::KeyWeaker,
        ),
        (
            certificate(&[("/certificates/0/key", json!("ECDSA P-384"))]),
            Kind::KeyChanged,
        ),
        (
            certificate(&[(
                "/certificates/0/names",
                json!(["other.example.com", "db.example.com"]),
            )]),
            Kind::NamesGained,
        ),
        (
            certificate(&[("/certificates/0/names", json!(["*.example.com"]))]),
            Kind::NamesGained,
        ),
        (
            certificate(&[(
                "/certificates/0/signature_algorithm",
                json!("ecdsa-with-SHA1"),
            )]),
            Kind::SignatureWeaker,
        ),
        (
            certificate(&[("/certificates/0/not_after", json!("2026-12-01T00:00:00Z"))]),
            Kind::ExpiresEarlier,
        ),
        (
            changed(&[("/certificates/1/spki_sha256", json!("44"))]),
            Kind::RootChanged,
        ),
        (
            changed(&[("/certificates/1/role", json!("unused"))]),
            Kind::ChainShorter,
        ),
        (
            changed(&[("/sslmode", json!("verify-ca"))]),
            Kind::ModeWeaker,
        ),
        (changed(&[("/sslmode", json!("news"))]), Kind::Unranked),
        (
            changed(&[("/authenticated", json!(false))]),
            Kind::VerificationLost,
        ),
        (
            changed(&[("/tls/protocol", json!("TLSv1.2"))]),
            Kind::TlsVersionLower,
        ),
        (
            changed(&[("/tls/group", json!("secp224r1"))]),
            Kind::GroupWeaker,
        ),
        (
            changed(&[
                ("/tls/post_quantum", json!(true)),
                ("/tls/group", json!("X25519MLKEM768")),
            ]),
            Kind::PostQuantumGained,
        ),
        (
            changed(&[("/tls/cipher", json!("ECDHE-ECDSA-AES128-SHA"))]),
            Kind::CipherWeaker,
        ),
        (
            changed(&[("/tls/client_certificate", json!("sent"))]),
            Kind::ClientCertificateGained,
        ),
        (
            changed(&[("/trust/crl", Value::Null)]),
            Kind::RevocationLost,
        ),
        (
            changed(&[("/trust/path", json!("other.crt"))]),
            Kind::TrustChanged,
        ),
        (
            changed(&[
                ("/hostaddr", json!("192.0.2.8")),
                ("/port", json!(5433)),
                ("/name", Value::Null),
            ]),
            Kind::EndpointAdded,
        ),
        (
            changed(&[("/findings/0/code", json!("no-san"))]),
            Kind::NewWarning,
        ),
    ] {
        let found = kinds(&changed(&[]), &new);
        assert_eq!(found.first(), Some(&kind), "{found:?}");
    }
    for (places, kind) in [
        (
            vec![("/certificates/0/names", json!(["other.example.com"]))],
            Kind::NamesLost,
        ),
        (vec![("/certificates/0/names", json!([]))], Kind::NamesLost),
    ] {
        // The host's own name is kept beside them by name_match.
        let mut places = places;
        places.push(("/name_match", Value::Null));
        assert_eq!(
            kinds(&changed(&[]), &certificate(&places)).first(),
            Some(&kind)
        );
    }
}

#[test]
fn a_suite_with_a_shorter_key_that_is_long_enough_is_not_weaker() {
    let new = changed(&[("/tls/cipher", json!("TLS_AES_128_GCM_SHA256"))]);
    assert_eq!(kinds(&changed(&[]), &new), []);
}

#[test]
fn what_an_older_version_did_not_write_is_not_compared() {
    let old = json!({
        "schema_version": 1, "verdict": "pass", "exit_code": 0,
        "endpoints": [{"host": "db.example.com", "port": 5432, "verdict": "pass", "exit_code": 0, "error": null}],
    });
    let old = Run::read(old.to_string().as_bytes()).unwrap();
    let found = kinds(&old, &changed(&[]));
    let told = found.iter().filter(|kind| **kind != Kind::EndpointAdded);
    assert_eq!(told.collect::<Vec<_>>(), [&Kind::NewWarning]);
}

#[test]
fn what_is_not_a_whole_report_is_refused() {
    let whole = serde_json::to_string(&sample::report()).unwrap();
    for end in (1..whole.len()).step_by(97) {
        let cut = whole.as_bytes().get(..end).unwrap();
        assert_eq!(Run::read(cut).unwrap_err(), ReadError::Json, "{end}");
    }
    let mut interrupted = serde_json::to_value(sample::report()).unwrap();
    interrupted["exit_code"] = json!(130);
    let interrupted = interrupted.to_string();
    for (text, error) in [
        ("", ReadError::Json),
        ("[]", ReadError::Foreign),
        ("{}", ReadError::Foreign),
        ("{\"schema_version\": 2}", ReadError::Newer),
        (
            "{\"schema_version\": 1, \"exit_code\": 0, \"endpoints\": {}}",
            ReadError::Foreign,
        ),
        (
            "{\"schema_version\": 1, \"exit_code\": 0, \"endpoints\": []}",
            ReadError::Empty,
        ),
        (&interrupted, ReadError::Interrupted),
        (
            &whole.replace("\"verdict\":\"fail\"", "\"verdict\":\"pass\""),
            ReadError::Contradiction,
        ),
    ] {
        assert_eq!(
            Run::read(text.as_bytes()).map(|_| ()).unwrap_err(),
            error,
            "{text:.80}"
        );
    }
}

#[test]
fn lost_protection_fails_an_endpoint_that_would_pass() {
    let report = sample::with(&[sample::passing()]);
    let run = |places: &[(&str, Value)]| {
        let mut run = changed(places);
        run.endpoints.truncate(1);
        run
    };
    let now = run(&[]);
    let same = apply(report.clone(), &Diff::of(&now, &now), "base.json");
    assert_eq!(same.exit_code, Exit::Passed);
    let places = [
        ("/tls/group", json!("X25519MLKEM768")),
        ("/tls/post_quantum", json!(true)),
    ];
    let stronger = run(&places);
    let lost = apply(report.clone(), &Diff::of(&stronger, &now), "base.json");
    let endpoint = lost.endpoints.first().unwrap();
    assert_eq!(
        (lost.exit_code, endpoint.exit_code),
        (Exit::Unmet, Exit::Unmet)
    );
    let error = endpoint.error.as_ref().unwrap();
    assert_eq!(error.code, crate::diagnose::Code::ProtectionLost);
    assert_eq!(
        &*error.message,
        "compared with base.json: the key exchange was post-quantum (X25519MLKEM768) and is now secp256r1"
    );
    let other = run(&[("/trust/path", json!("other.crt"))]);
    let told = apply(report, &Diff::of(&other, &now), "base.json");
    assert_eq!(told.exit_code, Exit::Passed);
    let codes: Vec<String> = told.endpoints[0]
        .findings
        .iter()
        .map(|one| one.code.to_string())
        .collect();
    assert_eq!(codes, ["libpq-root-missing", "changed-since-baseline"]);
}

#[test]
fn a_word_that_is_not_known_is_never_an_improvement() {
    let known = changed(&[]);
    let newer = changed(&[
        ("/sslmode", json!("news")),
        ("/tls/protocol", json!("TLSv9")),
    ]);
    for (old, new) in [(&known, &newer), (&newer, &known)] {
        let diff = Diff::of(old, new);
        assert_eq!(kinds(old, new), [Kind::Unranked, Kind::Unranked]);
        assert_eq!(diff.exit(), Exit::Unmet);
    }
    assert_eq!(kinds(&newer, &newer), []);
}

/// `endpoints` with their connection strings, all of one server.
fn of_strings(strings: &[&str]) -> Run {
    let mut report = serde_json::to_value(sample::report()).unwrap();
    let first = report["endpoints"][0].clone();
    let endpoints = strings.iter().map(|string| {
        let mut endpoint = first.clone();
        endpoint["conninfo"] = json!(string);
        let mode = string.rsplit_once("sslmode=").unwrap().1;
        endpoint["sslmode"] = json!(mode.split(' ').next().unwrap());
        endpoint
    });
    report["endpoints"] = endpoints.collect();
    Run::read(report.to_string().as_bytes()).unwrap()
}

/// Two users of one server, in another order, and each with another mode: the one that lost must not be taken for the
/// one that gained.
#[test]
fn the_same_user_and_database_are_compared_although_the_mode_changed() {
    let old = of_strings(&[
        "host=h user=app dbname=orders sslmode=verify-full sslrootcert=a.crt",
        "host=h user=report dbname=orders sslmode=require",
    ]);
    let new = of_strings(&[
        "dbname=orders user=report host=h sslrootcert=a.crt sslmode=verify-full",
        "host=h user=app dbname=orders channel_binding=require sslmode=require",
    ]);
    let diff = Diff::of(&old, &new);
    let of = |place: usize| -> Vec<Kind> {
        let changes = &diff.endpoints[place].changes;
        changes.iter().map(|change| change.kind).collect()
    };
    assert_eq!(of(0), [Kind::ModeStronger]);
    assert_eq!(of(1), [Kind::ModeWeaker, Kind::SettingStronger]);
    assert_eq!(diff.exit(), Exit::Unmet);
}

/// Each pair is compared in both directions: what is lost in one is gained in the other.
#[test]
fn a_setting_that_protects_less_is_lost_and_one_that_protects_more_is_told() {
    for (stronger, weaker) in [
        ("channel_binding=require", ""),
        ("channel_binding=require", "channel_binding=prefer"),
        ("", "channel_binding=disable"),
        ("require_auth=scram-sha-256", ""),
        (
            "require_auth=scram-sha-256",
            "require_auth=scram-sha-256,md5",
        ),
        ("require_auth=!password,!md5", "require_auth=!password"),
        ("require_auth=!none", "require_auth=''"),
        ("ssl_min_protocol_version=TLSv1.3", ""),
        ("", "ssl_min_protocol_version=TLSv1"),
        ("", "ssl_min_protocol_version=''"),
        ("", "ssl_max_protocol_version=TLSv1.2"),
        ("sslcertmode=require", ""),
        ("sslcertmode=require", "sslcertmode=disable"),
        ("sslnegotiation=direct", ""),
        ("gssencmode=disable", "gssencmode=prefer"),
        ("requirepeer=postgres", ""),
        ("", "sslcompression=1"),
        ("", "sslkeylogfile=keys.log"),
    ] {
        let of = |settings: &str| {
            let string = format!("host=h password=*** {settings} sslmode=verify-full");
            of_strings(&[string.as_str()])
        };
        let (stronger, weaker) = (of(stronger), of(weaker));
        let lost = Diff::of(&stronger, &weaker);
        let message = lost.endpoints[0].changes[0].message();
        assert_eq!(
            kinds(&stronger, &weaker),
            [Kind::SettingWeaker],
            "{message}"
        );
        assert_eq!(lost.exit(), Exit::Unmet, "{message}");
        assert_eq!(
            kinds(&weaker, &stronger),
            [Kind::SettingStronger],
            "{message}"
        );
        assert_eq!(kinds(&weaker, &weaker), []);
    }
    // Neither list is within the other: a way to log in is new.
    let of =
        |methods: &str| of_strings(&[&format!("host=h require_auth={methods} sslmode=require")]);
    assert_eq!(kinds(&of("md5"), &of("oauth")), [Kind::SettingWeaker]);
}

/// A service file, a variable of the environment: the string itself is as it was.
#[test]
fn a_setting_counts_wherever_it_is_set() {
    let of = |protection: &str| changed(&[("/protection", json!(protection))]);
    let (bound, unbound) = (of("channel_binding=require"), of(""));
    assert_eq!(kinds(&bound, &unbound), [Kind::SettingWeaker]);
    assert_eq!(kinds(&unbound, &bound), [Kind::SettingStronger]);
    assert_eq!(kinds(&bound, &bound), []);
    assert_eq!(kinds(&of("new_setting=1"), &unbound), [Kind::Unranked]);
    // An older version did not write it.
    assert_eq!(kinds(&changed(&[]), &bound), []);
    // It moved from the string into the environment.
    let string = |settings: &str| json!(format!("host=db.example.com {settings}"));
    let moved = |settings: &str| {
        changed(&[
            ("/conninfo", string(settings)),
            ("/protection", json!("require_auth=scram-sha-256")),
        ])
    };
    assert_eq!(
        kinds(&moved("require_auth=scram-sha-256"), &moved("")),
        [Kind::StringChanged]
    );
}

#[test]
fn no_change_of_a_string_goes_unsaid() {
    let of = |string: &str| of_strings(&[&format!("host=h {string} sslmode=verify-full")]);
    let said = |old: &str, new: &str| {
        let diff = Diff::of(&of(old), &of(new));
        let changes = diff.endpoints[0].changes.iter();
        changes
            .map(|one| one.message().to_string())
            .collect::<Vec<_>>()
    };
    let told = |names: &str| {
        [format!(
            "these settings of the string are not as they were: {names}"
        )]
    };
    assert_eq!(said("sslcert=a sslkey=b", ""), told("sslcert, sslkey"));
    assert_eq!(
        said("sslcertmode=allow", "sslcertmode=disable"),
        told("sslcertmode")
    );
    assert_eq!(said("", "sslrootcert=other.crt"), told("sslrootcert"));
    assert_eq!(
        said("user=a", "user=b password=***"),
        told("user, password")
    );
    assert_eq!(
        said("channel_binding=require", "channel_binding=disable"),
        [
            "the connection had channel_binding=require and now has channel_binding=disable, which protects less"
        ]
    );
    assert!(said("user=a dbname=b", "dbname='b' user=a").is_empty());
    // Only a newer version knows the setting.
    let newer = of("new_setting=1");
    assert_eq!(kinds(&of("user=a"), &newer), [Kind::Unranked]);
    assert_eq!(kinds(&newer, &newer), []);
}

#[test]
fn roots_of_everyone_instead_of_a_file_are_a_loss() {
    let file = changed(&[]);
    for source in ["system", "bundled", "mozilla"] {
        let public = changed(&[
            ("/trust/source", json!(source)),
            ("/trust/path", Value::Null),
        ]);
        assert_eq!(kinds(&file, &public), [Kind::TrustWider], "{source}");
        assert_eq!(kinds(&public, &file), [Kind::TrustChanged], "{source}");
    }
    let home = changed(&[
        ("/trust/source", json!("home")),
        ("/trust/path", json!("/home/me/.postgresql/root.crt")),
    ]);
    assert_eq!(kinds(&file, &home), [Kind::TrustChanged]);
}

#[test]
fn other_crls_are_told() {
    let old = changed(&[]);
    let other = changed(&[("/trust/crl", json!("other.crl"))]);
    let none = changed(&[("/trust/crl", Value::Null)]);
    assert_eq!(kinds(&old, &other), [Kind::RevocationChanged]);
    assert_eq!(kinds(&none, &other), [Kind::RevocationChanged]);
}

/// The worst last: whoever fails for one reason must not fail for a later one of the list without a word.
#[test]
fn a_failure_that_is_not_known_to_be_milder_is_a_loss() {
    let failed = |exit: u8, code: &str| {
        let error = json!({
            "level": "error", "code": code, "stage": "policy", "message": "it fails",
        });
        changed(&[
            ("/verdict", json!("fail")),
            ("/exit_code", json!(exit)),
            ("/authenticated", json!(false)),
            ("/error", error),
        ])
    };
    let ladder = [
        (1, "expires-soon"),
        (8, "login-failed"),
        (1, "pin-mismatch"),
        (7, "host-name-mismatch"),
        (6, "unknown-issuer"),
        (5, "tls-failure"),
        (4, "no-tls"),
        (3, "refused"),
    ];
    for (place, (exit, code)) in ladder.iter().enumerate() {
        for (worse_exit, worse) in ladder.iter().skip(place + 1) {
            let (mild, grave) = (failed(*exit, code), failed(*worse_exit, worse));
            assert_eq!(kinds(&mild, &grave), [Kind::CheckFails], "{code} {worse}");
            assert_eq!(
                kinds(&grave, &mild),
                [Kind::FailsDifferently],
                "{worse} {code}"
            );
        }
        let same = failed(*exit, code);
        assert_eq!(kinds(&same, &same), [], "{code}");
    }
    for (old, new) in [
        ((1, "pin-mismatch"), (1, "unexpected-certificate")),
        ((6, "expired"), (6, "revoked")),
    ] {
        let (old, new) = (failed(old.0, old.1), failed(new.0, new.1));
        assert_eq!(kinds(&old, &new), [Kind::CheckFails]);
        assert_eq!(kinds(&new, &old), [Kind::CheckFails]);
    }
}

#[test]
fn an_endpoint_of_one_report_alone_is_not_compared() {
    let both = of_strings(&[
        "host=h user=a sslmode=require",
        "host=h user=b sslmode=require",
    ]);
    let one = of_strings(&["host=h user=a sslmode=require"]);
    let first_line = |old, new| {
        let mut out = Vec::new();
        text(&mut out, &Diff::of(old, new), Palette::Plain).unwrap();
        let out = String::from_utf8(out).unwrap();
        out.lines().next().unwrap().to_owned()
    };
    let head =
        "PASS  no protection was lost  (1 compared: 0 lost, 0 changed, 0 renewed, 1 the same";
    for (old, new, tail) in [
        (&one, &one, ")"),
        (&one, &both, "; not compared: 1 new)"),
        (&both, &one, "; not compared: 1 gone)"),
    ] {
        assert_eq!(first_line(old, new), format!("{head}{tail}"));
    }
}

#[test]
fn a_baseline_of_other_endpoints_does_not_pass() {
    let report = sample::with(&[sample::passing()]);
    let now = Run::of(&report).unwrap();
    let other = changed(&[
        ("/host", json!("other.example.com")),
        ("/hostaddr", json!("192.0.2.8")),
    ]);
    let other = Run {
        endpoints: other.endpoints.into_iter().take(1).collect(),
    };
    let foreign = apply(report, &Diff::of(&other, &now), "base.json");
    assert_eq!(
        (foreign.exit_code, foreign.verdict),
        (Exit::Unmet, crate::report::Verdict::Fail)
    );
    let error = foreign.endpoints[0].error.as_ref().unwrap();
    assert!(error.message.contains("nothing was compared"), "{error:?}");
}

/// `--hosts any`: one host that fails does not fail the run.
#[test]
fn a_run_that_passed_with_one_host_passes_the_same_baseline() {
    let report = sample::of_one_host();
    let now = Run::of(&report).unwrap();
    let same = apply(report.clone(), &Diff::of(&now, &now), "base.json");
    assert_eq!(
        (same.exit_code, same.verdict),
        (Exit::Passed, crate::report::Verdict::Pass)
    );
    let stronger = changed(&[
        ("/tls/group", json!("X25519MLKEM768")),
        ("/tls/post_quantum", json!(true)),
    ]);
    let lost = apply(report, &Diff::of(&stronger, &now), "base.json");
    assert_eq!(
        (lost.exit_code, lost.verdict),
        (Exit::Unmet, crate::report::Verdict::Fail)
    );
}

#[test]
fn what_does_not_fit_into_a_summary_is_counted() {
    let strings = vec!["host=h sslmode=verify-full"; 300];
    let weaker = vec!["host=h sslmode=require"; 300];
    let diff = Diff::of(&of_strings(&strings), &of_strings(&weaker));
    let whole = markdown_within(&diff, usize::MAX);
    assert!(!whole.contains("too long"));
    for limit in [1_000, 10_000, whole.len().saturating_sub(1)] {
        let text = markdown_within(&diff, limit);
        assert!(text.len() <= limit, "{limit}: {}", text.len());
        assert!(text.contains("changes are not listed"), "{text}");
    }
}

#[test]
fn endpoints_with_one_name_are_told_apart() {
    let three = of_strings(&["host=h user=a sslmode=require"; 3]);
    let one = of_strings(&["host=h user=a sslmode=require"]);
    let diff = Diff::of(&three, &one);
    let labels: Vec<&str> = diff.all().map(|one| one.label.as_str()).collect();
    let all = [
        "db.example.com:5432",
        "db.example.com:5432 #2",
        "db.example.com:5432 #3",
    ];
    assert_eq!(labels, all);
}

/// In the order in which a reader looks for what is wrong.
#[test]
fn a_second_loss_stands_before_the_warnings() {
    let report = sample::with(&[sample::passing()]);
    let now = Run::of(&report).unwrap();
    let stronger = changed(&[
        ("/tls/protocol", json!("TLSv1.3")),
        ("/tls/group", json!("X25519MLKEM768")),
        ("/tls/post_quantum", json!(true)),
        (
            "/certificates/0/names",
            json!(["db.example.com", "x.example.com"]),
        ),
        (NEW_CERTIFICATE.0, json!(NEW_CERTIFICATE.1)),
    ]);
    let diff = Diff::of(&stronger, &now);
    let lost = apply(report, &diff, "base.json");
    let levels = lost.endpoints[0].findings.iter();
    let levels: Vec<String> = levels.map(|one| one.level.to_string()).collect();
    assert!(levels.contains(&"error".to_owned()), "{levels:?}");
    assert_eq!(levels.first().unwrap(), "error", "{levels:?}");
}

/// With `PGTLS_UPDATE_SCHEMA` set the file is written instead of compared.
#[test]
fn the_committed_schema_is_that_of_the_types() {
    let schema = schema::schema::<write::Document<'_>>();
    schema::compare("src/diff/schema.json", &schema);
}

#[test]
fn colour_changes_no_word() {
    let stronger = changed(&[("/tls/protocol", json!("TLSv1.3"))]);
    let weaker = changed(&[("/tls/protocol", json!("TLSv1.2"))]);
    for diff in [Diff::of(&stronger, &weaker), Diff::of(&weaker, &stronger)] {
        let [plain, coloured] = [Palette::Plain, Palette::Colour].map(|palette| {
            let mut out = Vec::new();
            text(&mut out, &diff, palette).unwrap();
            String::from_utf8(out).unwrap()
        });
        assert!(
            !plain.contains('\x1b') && coloured.contains("\x1b["),
            "{coloured}"
        );
        let parts = coloured.split('\x1b').enumerate();
        let parts = parts.map(|(index, part)| match index {
            0 => part,
            _ => part.split_once('m').unwrap().1,
        });
        assert_eq!(parts.collect::<String>(), plain);
    }
}

#[test]
fn every_format_says_the_same() {
    let old = changed(&[("/tls/protocol", json!("TLSv1.3"))]);
    let mut new = changed(&[
        ("/tls/protocol", json!("TLSv1.2")),
        (NEW_CERTIFICATE.0, json!(NEW_CERTIFICATE.1)),
        (
            "/certificates/0/issuer",
            json!("CN = @you <b>|[x](https://evil.example)"),
        ),
    ]);
    new.endpoints.remove(1);
    let diff = Diff::of(&old, &new);
    let mut all = Vec::new();
    text(&mut all, &diff, Palette::Plain).unwrap();
    for write in [json, markdown, github] {
        all.extend_from_slice(b"\n----\n");
        write(&mut all, &diff).unwrap();
    }
    all.extend_from_slice(b"\n----\n");
    insta::assert_snapshot!(String::from_utf8(all).unwrap());
}

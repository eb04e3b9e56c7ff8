//! Real PostgreSQL, under settings good and bad.

use super::{accepted, audit, levels, protocol};
use crate::support::client::Client;
use crate::support::json_schema::Schema;
use crate::support::pki::Ca;
use crate::support::postgres::Postgres;
use crate::support::tool::Tool;

const GOOD: &str = "host=db.example hostaddr=127.0.0.1 user=postgres dbname=postgres \
                    sslmode=verify-full sslrootcert=root.crt";
const TLS_ONLY: &str = "hostnossl all all all reject";
const MODERN: (&str, &str) = ("ssl_ciphers", "ECDHE+AESGCM:ECDHE+CHACHA20");

/// hostssl alone would lock everyone out.
#[test]
fn a_server_without_tls_is_told_to_switch_it_on_first() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(mut server) = Postgres::start(&served) else {
        return;
    };
    server.configure(&served, &[("ssl", "off")]);
    let client = Client::trusting(&root);
    let run = audit(&client, &[&format!("{GOOD} port={}", server.port)]);
    assert_eq!((run.code, run.outcome().as_str()), (4, "no-tls"), "{run:?}");
    assert_eq!(levels(&run, "plaintext-accepted"), Vec::<String>::new());
    let hint = run.hint();
    assert!(hint.contains("First make TLS work"), "{hint}");
}

#[test]
fn a_server_that_demands_client_certificates_is_audited_without_one() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(mut server) = Postgres::start(&served) else {
        return;
    };
    let client = Client::trusting(&root);
    let ca = "server.crt";
    server.authenticate("hostnossl all all all reject\nhostssl all all all cert");
    server.configure(&served, &[MODERN, ("ssl_ca_file", ca)]);
    let string = format!("{GOOD} port={}", server.port);
    let run = audit(&client, &[&string]);
    assert_eq!((run.code, run.outcome().as_str()), (0, "pass"), "{run:?}");
    assert_eq!(levels(&run, "client-cert-required"), ["info"]);
    // Demands count, and so does what the server accepts.
    let strict = audit(&client, &["--valid-for", "9999d", &string]);
    assert_eq!(
        (strict.code, strict.outcome().as_str()),
        (1, "expires-soon"),
        "{strict:?}"
    );
    server.configure(&served, &[("ssl_ca_file", ca)]);
    let weak = audit(&client, &["--strict", &string]);
    assert_eq!(
        (weak.code, weak.outcome().as_str()),
        (1, "weak-cipher"),
        "{weak:?}"
    );
    let checked = client.check(&string);
    assert_eq!(checked.code, 5, "{checked:?}");
}

/// The demand for a client certificate is no fault for an audit, and so none that its advice leaves.
#[test]
fn the_advice_of_an_audit_is_judged_for_an_audit() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(mut server) = Postgres::start(&served) else {
        return;
    };
    let client = Client::trusting(&root);
    server.authenticate("hostnossl all all all reject\nhostssl all all all cert");
    server.configure(&served, &[MODERN, ("ssl_ca_file", "server.crt")]);
    let string = format!("{GOOD} port={} sslnegotiation=direct", server.port);
    let run = audit(&client, &[&string]);
    assert_eq!((run.code, run.outcome().as_str()), (5, "closed"), "{run:?}");
    assert!(run.hint().contains("would pass"), "{run:?}");
    assert!(!run.hint().contains("client certificate"), "{run:?}");
    let checked = client.check(&string);
    let left = "server says: connection requires";
    assert_eq!(checked.hint().matches(left).count(), 1, "{checked:?}");
}

#[test]
fn several_settings_are_one_block_and_the_other_findings_name_it() {
    let root = Ca::root("root");
    let served = root.leaf_of(&rcgen::PKCS_RSA_SHA256, &["db.example"]);
    let Some(mut server) = Postgres::start(&served) else {
        return;
    };
    server.authenticate(TLS_ONLY);
    let client = Client::trusting(&root);
    let old = ("ssl_min_protocol_version", "TLSv1");
    server.configure(&served, &[old, ("ssl_ciphers", "ALL:@SECLEVEL=0")]);
    let string = format!("{GOOD} port={}", server.port);
    let run = audit(&client, &[&string]);
    let endpoint = run.endpoint();
    let error = &endpoint["error"];
    assert_eq!(error["code"], "legacy-protocol", "{run:?}");
    let hint = error["hint"].as_str().unwrap();
    let block = "In postgresql.conf, then reload:\n    ssl_min_protocol_version = 'TLSv1.2'\n    ssl_ciphers = 'ECDHE+AESGCM:ECDHE+CHACHA20'";
    assert!(hint.contains(block), "{hint}");
    for finding in endpoint["findings"].as_array().unwrap() {
        let hint = finding["hint"].as_str().unwrap_or_default();
        assert!(!hint.contains("ssl_ciphers ="), "{finding}");
        let named = hint.contains("The lines for postgresql.conf under legacy-protocol");
        assert!(named || finding["code"] != "weak-cipher", "{finding}");
    }
}

#[test]
fn the_answer_to_a_startup_packet_shows_plaintext() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(mut server) = Postgres::start(&served) else {
        return;
    };
    let client = Client::trusting(&root);
    let string = format!("{GOOD} port={} password=hunter2", server.port);
    for (lines, code, outcome, detail) in [
        ("", 1, "accepted", "no password asked for"),
        (
            "host all all all password",
            1,
            "accepted",
            "asks for the password in clear",
        ),
        (
            "host all all all scram-sha-256",
            1,
            "accepted",
            "asks for a password (SASL)",
        ),
        (
            "hostssl all all all scram-sha-256\nhost all all all password",
            1,
            "accepted",
            "asks for the password in clear",
        ),
        (TLS_ONLY, 0, "refused", "no encryption"),
        (
            "hostssl all all all scram-sha-256\nhost all all all reject",
            0,
            "refused",
            "no encryption",
        ),
        // A user who may not log in at all learns nothing about others.
        (
            "host all all all reject",
            3,
            "unknown",
            "also refused over TLS",
        ),
        (
            "host all postgres all reject",
            3,
            "unknown",
            "also refused over TLS",
        ),
    ] {
        server.authenticate(lines);
        server.configure(&served, &[MODERN]);
        let run = audit(&client, &[&string]);
        assert_eq!(run.code, code, "{lines}: {run:?}");
        let answer = &run.endpoint()["audit"]["plaintext"];
        assert_eq!(answer["outcome"], outcome, "{lines}: {run:?}");
        let said = answer["detail"].as_str().unwrap();
        assert!(said.contains(detail), "{lines}: {said}");
        let expected = match outcome {
            "accepted" => "plaintext-accepted",
            "refused" => "pass",
            _ => "audit-incomplete",
        };
        assert_eq!(run.outcome(), expected, "{lines}: {run:?}");
        assert!(!run.stdout.contains("hunter2"), "{run:?}");
        // A check asks the same on demand, and not otherwise.
        let run = client.pgtls(&["check", "--format", "json", "--refuse-plaintext", &string]);
        let told = (run.code, run.outcome());
        assert_eq!(told, (code, expected.to_owned()), "{lines}: {run:?}");
        assert_eq!(client.check(&string).code, 0, "{lines}");
    }
}

#[test]
fn versions_and_suites_are_found_in_the_servers_order_and_weak_ones_named() {
    let root = Ca::root("root");
    let served = root.leaf_of(&rcgen::PKCS_RSA_SHA256, &["db.example"]);
    let Some(mut server) = Postgres::start(&served) else {
        return;
    };
    server.authenticate(TLS_ONLY);
    let client = Client::trusting(&root);
    let string = format!("{GOOD} port={}", server.port);
    let mut look = |settings: &[(&str, &str)], arguments: &[&str]| {
        server.configure(&served, settings);
        audit(&client, &[arguments, &[&string]].concat())
    };

    // As installed: nothing forbidden, but warnings.
    let run = look(&[], &[]);
    assert_eq!((run.code, run.outcome().as_str()), (0, "pass"), "{run:?}");
    assert_eq!(levels(&run, "weak-cipher"), ["warning", "warning"]);
    let versions: Vec<String> = accepted(&run).into_iter().map(|one| one.0).collect();
    assert_eq!(versions, ["TLSv1.2", "TLSv1.3"]);
    for version in ["TLSv1", "TLSv1.1"] {
        assert_eq!(protocol(&run, version)["outcome"], "refused");
    }
    let run = look(&[], &["--strict"]);
    assert_eq!((run.code, run.outcome().as_str()), (1, "weak-cipher"));

    let run = look(&[MODERN], &["--strict"]);
    assert_eq!((run.code, run.outcome().as_str()), (0, "pass"), "{run:?}");

    let order = "ECDHE-RSA-AES128-GCM-SHA256:AES256-SHA:ECDHE-RSA-AES256-GCM-SHA384";
    let names: Vec<String> = order.split(':').map(str::to_owned).collect();
    for (prefer, preference) in [("on", "server"), ("off", "client")] {
        let settings = [
            ("ssl_ciphers", order),
            ("ssl_prefer_server_ciphers", prefer),
            ("ssl_max_protocol_version", "TLSv1.2"),
        ];
        let run = look(&settings, &[]);
        let accepted = accepted(&run);
        let [(version, mut suites)] = <[_; 1]>::try_from(accepted).unwrap();
        let details = protocol(&run, &version)["accepted"].clone();
        assert_eq!(details["preference"], preference, "{run:?}");
        let mut expected = names.clone();
        if preference == "client" {
            suites.sort();
            expected.sort();
        }
        assert_eq!((version.as_str(), suites), ("TLSv1.2", expected));
        assert_eq!(protocol(&run, "TLSv1.3")["outcome"], "refused");
        let weak = &details["suites"].as_array().unwrap().iter();
        let weak = weak.clone().find(|suite| suite["cipher"] == "AES256-SHA");
        let weaknesses = &weak.unwrap()["weaknesses"];
        assert_eq!(*weaknesses, serde_json::json!(["cbc", "static-key"]));
    }

    let settings = [("ssl_min_protocol_version", "TLSv1"), MODERN];
    let run = look(&settings, &[]);
    // The old versions do not have the modern suites.
    assert_eq!((run.code, run.outcome().as_str()), (0, "pass"), "{run:?}");
    for (least, versions) in [
        ("TLSv1", &["TLSv1", "TLSv1.1"][..]),
        ("TLSv1.1", &["TLSv1.1"]),
    ] {
        let run = look(&[("ssl_min_protocol_version", least)], &[]);
        let code = (run.code, run.outcome());
        assert_eq!(code, (1, "legacy-protocol".to_owned()), "{run:?}");
        let found: Vec<String> = accepted(&run).into_iter().map(|one| one.0).collect();
        assert_eq!(found, [versions, &["TLSv1.2", "TLSv1.3"]].concat());
    }

    let run = look(&[("ssl_ciphers", "ALL:COMPLEMENTOFALL")], &[]);
    assert_eq!(
        (run.code, run.outcome().as_str()),
        (1, "broken-cipher"),
        "{run:?}"
    );
    let (_, suites) = accepted(&run).into_iter().next().unwrap();
    for suite in [
        "NULL-SHA256",
        "ADH-AES128-SHA",
        "AECDH-NULL-SHA",
        "NULL-MD5",
    ] {
        assert!(suites.contains(&suite.to_owned()), "{suite}: {suites:?}");
    }
}

#[test]
fn groups_are_found_in_the_servers_order() {
    let root = Ca::root("root");
    let served = root.leaf_of(&rcgen::PKCS_RSA_SHA256, &["db.example"]);
    let Some(mut server) = Postgres::start(&served) else {
        return;
    };
    let client = Client::trusting(&root);
    let string = format!("{GOOD} port={}", server.port);
    for curve in ["prime256v1", "secp384r1", "secp521r1"] {
        server.configure(&served, &[("ssl_ecdh_curve", curve), MODERN]);
        let run = audit(&client, &[&string]);
        let name = match curve {
            "prime256v1" => "secp256r1",
            other => other,
        };
        for version in ["TLSv1.2", "TLSv1.3"] {
            let details = &protocol(&run, version)["accepted"];
            assert_eq!(details["groups"], serde_json::json!([name]), "{run:?}");
            assert_eq!(details["groups_complete"], true);
            assert_eq!(details["post_quantum"], false);
        }
    }
    server.configure(&served, &[("ssl_ciphers", "DHE-RSA-AES128-GCM-SHA256")]);
    let run = audit(&client, &[&string]);
    assert_eq!(protocol(&run, "TLSv1.2")["accepted"]["dh_bits"], 2048);
}

#[test]
fn postgresql_leaves_little_in_its_log() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(mut server) = Postgres::start(&served) else {
        return;
    };
    server.configure(&served, &[MODERN]);
    let client = Client::trusting(&root);
    let before = server.log().len();
    let run = audit(&client, &[&format!("{GOOD} port={}", server.port)]);
    let tls = &run.endpoint()["audit"]["tls"];
    let stuffed = &tls["plaintext_behind_ssl_request"]["outcome"];
    assert_eq!(stuffed, "refused", "{run:?}");
    assert_eq!(tls["tls13_tickets"], 0, "{run:?}");
    let log = server.log();
    let complaints = [
        "LOG:  could not accept SSL connection",
        "LOG:  invalid length of startup",
    ];
    let about_injection = "FATAL:  received unencrypted data after SSL request";
    let mut injections = 0;
    for line in log[before..].lines() {
        let Some((_, said)) = line.split_once("] ") else {
            continue;
        };
        if said == about_injection {
            injections += 1;
        } else if !said.starts_with("HINT") && !said.starts_with("DETAIL") {
            let is_known = complaints.iter().any(|known| said.starts_with(known));
            assert!(is_known, "{said}");
        }
    }
    assert_eq!(injections, 1, "{log}");
}

#[test]
fn the_file_says_what_may_be_accepted() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(server) = Postgres::start(&served) else {
        return;
    };
    let client = Client::trusting(&root);
    let string = format!("{GOOD} port={}", server.port);
    for (policy, own, code, outcome) in [
        ("", "", 1, "plaintext-accepted"),
        ("plaintext = 'warn'", "", 0, "pass"),
        ("plaintext = 'allow'", "", 0, "pass"),
        ("plaintext = 'allow'\ncbc = 'forbid'", "", 1, "weak-cipher"),
        (
            "cbc = 'forbid'",
            "plaintext = 'allow', cbc = 'warn'",
            0,
            "pass",
        ),
        ("", "plaintext = 'warn', cbc = 'allow'", 0, "pass"),
    ] {
        let file = format!(
            "[policy.audit]\n{policy}\n[[endpoint]]\nname = 'it'\nconninfo = {string:?}\naudit = {{ {own} }}\n"
        );
        client.write("pgtls.toml", &file);
        let run = audit(&client, &["--config", "pgtls.toml"]);
        assert_eq!(
            (run.code, run.outcome().as_str()),
            (code, outcome),
            "{file}"
        );
        let warned = levels(&run, "plaintext-accepted");
        assert_eq!(
            warned == ["warning"],
            file.contains("plaintext = 'warn'"),
            "{file}"
        );
    }
    client.write("pgtls.toml", "[policy.audit]\nplaintext = 'maybe'\n");
    assert_eq!(audit(&client, &["--config", "pgtls.toml"]).code, 2);
}

#[test]
fn every_format_has_the_verdict_and_the_table_is_for_people() {
    let root = Ca::root("root");
    let Some(server) = Postgres::start(&root.leaf(&["db.example"])) else {
        return;
    };
    let client = Client::trusting(&root);
    let string = format!("{GOOD} port={}", server.port);
    for (format, word) in [
        ("text", "plaintext   ACCEPTED: no password asked for"),
        (
            "jsonl",
            "\"audit\":{\"plaintext\":{\"outcome\":\"accepted\"",
        ),
        ("junit", "type=\"plaintext-accepted\""),
        ("sarif", "\"ruleId\": \"plaintext-accepted\""),
        ("github", "plaintext-accepted::TLS is offered"),
        ("nagios", "PGTLS WARNING"),
        ("prometheus", "code=\"plaintext-accepted\""),
    ] {
        let run = client.pgtls(&["audit", "--format", format, &string]);
        assert_eq!(run.code, 1, "{format}: {run:?}");
        assert!(run.stdout.contains(word), "{format}: {}", run.stdout);
    }
    if let Some(schema) = Schema::of_reports() {
        schema.accept(&audit(&client, &["--jobs", "4", &string]).json());
    }
    let run = client.pgtls(&["audit", "--quiet", &string]);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
}

#[test]
fn postgresql_18_accepts_direct_tls_only_with_alpn() {
    let Some(programs) = Tool::Postgres18.find() else {
        return;
    };
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(new) = Postgres::start_from(programs.as_ref(), &served) else {
        return;
    };
    let client = Client::trusting(&root);
    for negotiation in ["postgres", "direct"] {
        let string = format!("{GOOD} port={} sslnegotiation={negotiation}", new.port);
        let run = audit(&client, &[&string]);
        assert_eq!(run.outcome(), "plaintext-accepted", "{run:?}");
        let endpoint = run.endpoint();
        let tls = &endpoint["audit"]["tls"];
        assert_eq!(endpoint["audit"]["direct_tls"]["outcome"], "accepted");
        assert_eq!(
            tls["direct_tls_without_alpn"]["outcome"], "refused",
            "{tls}"
        );
        assert_eq!(
            tls["plaintext_behind_ssl_request"]["outcome"], "refused",
            "{tls}"
        );
        let groups = &protocol(&run, "TLSv1.3")["accepted"]["groups"];
        assert_eq!(*groups, serde_json::json!(["x25519", "secp256r1"]));
    }
    let Some(old) = Postgres::start(&served) else {
        return;
    };
    let run = audit(&client, &[&format!("{GOOD} port={}", old.port)]);
    assert_eq!(run.endpoint()["audit"]["direct_tls"]["outcome"], "refused");
}

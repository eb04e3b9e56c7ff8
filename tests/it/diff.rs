//! `pgtls diff` and `--baseline`, on reports of real servers.

use std::sync::{Arc, Mutex};

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P384_SHA384};
use rustls::crypto::aws_lc_rs::kx_group;

use crate::support::client::{Client, Run};
use crate::support::json_schema::Schema;
use crate::support::peer::Peer;
use crate::support::pki::{Ca, Served, common_name, in_days};
use crate::support::postgres::Postgres;
use crate::support::serving::{welcome, with_groups};

const HOST: &str = "db.example";
const TLS_ONLY: &str = "hostnossl all all all reject";

/// A client that keeps the reports of its runs.
struct Keeper {
    client: Client,
    /// What each pair of reports said, for the snapshot.
    said: String,
    /// What was not as expected.
    wrong: Vec<String>,
}

impl Keeper {
    fn new(root: &str) -> Self {
        let client = Client::new();
        client.write("root.crt", root);
        Self {
            client,
            said: String::new(),
            wrong: Vec::new(),
        }
    }

    /// Writes a report; the verdict does not matter.
    fn keep(&self, file: &str, command: &str, strings: &[&str]) {
        let report = format!("json={file}");
        let arguments = [&[command, "--quiet", "--report", &report], strings].concat();
        let run = self.client.pgtls(&arguments);
        assert_eq!(run.stderr, "", "{run:?}");
    }

    fn diff(&self, old: &str, new: &str, format: &str) -> Run {
        self.client.pgtls(&["diff", old, new, "--format", format])
    }

    /// Compares two reports.
    fn compare(&mut self, what: &str, old: &str, new: &str, code: i32, kinds: &[&str]) {
        let run = self.diff(old, new, "json");
        let document = run.json();
        if let Some(schema) = Schema::of_comparisons() {
            schema.accept(&document);
        }
        let found: Vec<&str> = document["endpoints"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|endpoint| endpoint["changes"].as_array().unwrap())
            .map(|change| change["kind"].as_str().unwrap())
            .collect();
        if (run.code, found.as_slice()) != (code, kinds) {
            self.wrong
                .push(format!("{what}: exit {}, {found:?}", run.code));
        }
        for format in ["text", "markdown", "github"] {
            assert_eq!(
                self.diff(old, new, format).code,
                run.code,
                "{what}: {format}"
            );
        }
        let text = self.diff(old, new, "text").stdout;
        self.said
            .push_str(&format!("# {what}: exit {code}\n{text}\n"));
    }
}

fn string(port: u16, more: &str) -> String {
    format!("host={HOST} hostaddr=127.0.0.1 port={port} user=postgres dbname=postgres {more}")
}

const FULL: &str = "sslmode=verify-full sslrootcert=root.crt";

/// Two certificates for one key: the way that ACME clients renew if they are told to keep the key.
fn with_the_same_key(root: &Ca) -> [Served; 2] {
    let key = KeyPair::generate().unwrap();
    [60, 90].map(|days| {
        let mut params = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
        params.distinguished_name = common_name(HOST);
        params.not_before = in_days(-1);
        params.not_after = in_days(days);
        Served {
            chain: params.signed_by(&key, &root.issuer()).unwrap().pem(),
            key: key.serialize_pem(),
        }
    })
}

#[test]
fn each_pair_of_reports_says_what_changed() {
    let root = Ca::root("root");
    let other = Ca::root("other root");
    let [first, renewed] = with_the_same_key(&root);
    let Some(mut server) = Postgres::start(&first) else {
        return;
    };
    let mut keeper = Keeper::new(&format!("{}{}", root.pem, other.pem));
    let full = string(server.port, FULL);
    keeper.keep("first", "check", &[&full]);
    keeper.compare("nothing changed", "first", "first", 0, &[]);

    server.serve(&renewed);
    keeper.keep("renewed", "check", &[&full]);
    keeper.compare("renewed", "first", "renewed", 0, &["renewed"]);

    server.serve(&root.leaf(&[HOST]));
    keeper.keep("rekeyed", "check", &[&full]);
    keeper.compare("re-keyed", "first", "rekeyed", 0, &["renewed"]);

    server.serve(&other.leaf(&[HOST]));
    keeper.keep("new-ca", "check", &[&full]);
    keeper.compare(
        "new CA",
        "first",
        "new-ca",
        0,
        &["issuer-changed", "root-changed"],
    );

    let middle = root.intermediate("middle");
    server.serve(&middle.leaf(&[HOST]).and(&middle.pem));
    keeper.keep("long", "check", &[&full]);
    keeper.compare(
        "shorter chain",
        "long",
        "rekeyed",
        1,
        &["chain-shorter", "issuer-changed"],
    );

    server.configure(&first, &[("ssl_max_protocol_version", "TLSv1.2")]);
    keeper.keep("tls12", "check", &[&full]);
    keeper.compare(
        "downgraded TLS",
        "first",
        "tls12",
        1,
        &["tls-version-lower"],
    );

    server.configure(&first, &[("ssl_ecdh_curve", "secp384r1")]);
    keeper.keep("p384", "check", &[&full]);
    keeper.compare("weaker group", "p384", "first", 1, &["group-weaker"]);

    server.serve(&first);
    let ca = string(server.port, "sslmode=verify-ca sslrootcert=root.crt");
    keeper.keep("verify-ca", "check", &[&ca]);
    keeper.compare("weaker mode", "first", "verify-ca", 1, &["mode-weaker"]);

    let require = string(server.port, "sslmode=require sslrootcert=root.crt");
    keeper.keep("require", "check", &[&require]);
    let nothing = string(server.port, "sslmode=require");
    keeper.keep("unverified", "check", &[&nothing]);
    keeper.compare(
        "verification lost",
        "require",
        "unverified",
        1,
        &["verification-lost", "new-warning"],
    );

    server.serve(&root.leaf(&[HOST, "orders.example"]));
    keeper.keep("two-names", "check", &[&full]);
    keeper.compare("name lost", "two-names", "rekeyed", 1, &["names-lost"]);
    keeper.compare("name gained", "rekeyed", "two-names", 0, &["names-gained"]);

    server.serve(&root.leaf_of(&PKCS_ECDSA_P384_SHA384, &[HOST]));
    keeper.keep("long-key", "check", &[&full]);
    keeper.compare("shorter key", "long-key", "rekeyed", 1, &["key-weaker"]);

    server.serve(&first);
    let second = string(server.port, FULL).replace("dbname=postgres", "dbname=orders");
    keeper.keep("two", "check", &[&full, &second]);
    keeper.compare("endpoint added", "first", "two", 0, &["endpoint-added"]);
    keeper.compare("endpoint gone", "two", "first", 0, &["endpoint-gone"]);

    server.authenticate(TLS_ONLY);
    server.serve(&first);
    keeper.keep("tls-only", "audit", &[&full]);
    server.admit("local all all trust\nhost all all all trust");
    server.serve(&first);
    keeper.keep("plaintext", "audit", &[&full]);
    keeper.compare(
        "plaintext back",
        "tls-only",
        "plaintext",
        1,
        &["check-fails", "plaintext-accepted"],
    );
    keeper.compare(
        "plaintext refused",
        "plaintext",
        "tls-only",
        0,
        &["check-passes", "plaintext-refused"],
    );

    server.configure(&first, &[("ssl", "off")]);
    keeper.keep("no-tls", "check", &[&full]);
    keeper.compare("no TLS", "first", "no-tls", 1, &["check-fails"]);

    assert!(keeper.wrong.is_empty(), "{}", keeper.wrong.join("\n"));
    insta::with_settings!({
        omit_expression => true,
        prepend_module_to_snapshot => false,
        filters => [(r"(example:)\d+", "$1[port]")],
    }, {
        insta::assert_snapshot!("diff-pairs", keeper.said);
    });
}

#[test]
fn a_lost_post_quantum_group_is_told() {
    let root = Ca::root("root");
    let served = root.leaf(&[HOST]);
    let config = Arc::new(Mutex::new(Arc::new(with_groups(
        &served,
        vec![kx_group::X25519MLKEM768],
    ))));
    let current = Arc::clone(&config);
    let peer = Peer::start(move |conversation| {
        let config = Arc::clone(&current.lock().unwrap());
        welcome(conversation, &config)
    });
    let mut keeper = Keeper::new(&root.pem);
    let full = string(peer.port, FULL);
    keeper.keep("quantum", "check", &["--min-openssl", "3.5", &full]);
    *config.lock().unwrap() = Arc::new(with_groups(&served, vec![kx_group::SECP256R1]));
    keeper.keep("classic", "check", &["--min-openssl", "3.5", &full]);
    keeper.compare(
        "post-quantum lost",
        "quantum",
        "classic",
        1,
        &["post-quantum-lost"],
    );
    keeper.compare(
        "post-quantum gained",
        "classic",
        "quantum",
        0,
        &["post-quantum-gained"],
    );
    assert!(keeper.wrong.is_empty(), "{}", keeper.wrong.join("\n"));
}

#[test]
fn a_baseline_is_written_compared_and_renewed() {
    let root = Ca::root("root");
    let served = root.leaf(&[HOST]);
    let Some(server) = Postgres::start(&served) else {
        return;
    };
    let keeper = Keeper::new(&root.pem);
    let full = string(server.port, FULL);
    let ca = string(server.port, "sslmode=verify-ca sslrootcert=root.crt");
    let check = |more: &[&str]| {
        let fixed = ["check", "--format", "json", "--baseline", "base.json"];
        keeper.client.pgtls(&[&fixed[..], more].concat())
    };
    let missing = check(&[&full]);
    assert_eq!(missing.code, 2, "{missing:?}");
    assert!(missing.stderr.contains("add --update"), "{missing:?}");
    // What fails must not become the measure.
    let failed = check(&["--update", &full.replace(HOST, "x.example")]);
    assert_eq!(failed.code, 7, "{failed:?}");
    assert!(failed.stderr.contains("not updated"), "{failed:?}");
    assert!(!keeper.client.home.path().join("base.json").exists());

    let written = check(&["--update", &full]);
    assert_eq!(
        (written.code, written.stderr.as_str()),
        (0, ""),
        "{written:?}"
    );
    assert_eq!(check(&[&full]).code, 0);
    let weaker = check(&[&ca]);
    assert_eq!(
        (weaker.code, weaker.outcome().as_str()),
        (1, "protection-lost"),
        "{weaker:?}"
    );
    // Nothing is written before the comparison, and no format hides it.
    for format in [
        "text", "jsonl", "junit", "sarif", "github", "markdown", "html",
    ] {
        let run =
            keeper
                .client
                .pgtls(&["check", "--format", format, "--baseline", "base.json", &ca]);
        assert_eq!(run.code, 1, "{format}: {run:?}");
        assert!(run.stdout.contains("protection-lost"), "{format}: {run:?}");
    }
    let accepted = check(&["--update", &ca]);
    assert_eq!(accepted.code, 0, "{accepted:?}");
    assert_eq!(check(&[&ca]).code, 0);
    let stronger = check(&[&full]);
    assert_eq!(stronger.code, 0, "{stronger:?}");
    assert!(
        stronger
            .findings()
            .contains(&"changed-since-baseline".to_owned()),
        "{stronger:?}"
    );

    // What the string demands of the login is not seen in the handshake.
    let bound = format!("{full} channel_binding=require");
    assert_eq!(check(&["--update", &bound]).code, 0);
    assert_eq!(check(&[&bound]).code, 0);
    let unbound = check(&[&full]);
    assert_eq!(
        (unbound.code, unbound.outcome().as_str()),
        (1, "protection-lost"),
        "{unbound:?}"
    );
    let mut from_environment =
        keeper
            .client
            .command(&["check", "--quiet", "--baseline", "base.json", &full]);
    from_environment.env("PGCHANNELBINDING", "require");
    assert_eq!(from_environment.output().unwrap().status.code(), Some(0));

    // Another name for the server: no endpoint of the baseline.
    let elsewhere = full
        .replace(HOST, "localhost")
        .replace("verify-full", "verify-ca");
    let foreign = check(&[&elsewhere]);
    assert_eq!(
        (foreign.code, foreign.outcome().as_str()),
        (1, "changed-since-baseline"),
        "{foreign:?}"
    );

    let both = check(&["--update", &full, &ca]);
    assert_eq!((both.code, both.stderr.as_str()), (0, ""), "{both:?}");
    let gone = check(&[&full]);
    assert_eq!(gone.code, 0, "{gone:?}");
    assert!(
        gone.stderr.contains("is in base.json, but was not checked"),
        "{gone:?}"
    );

    let fewer = check(&["--update", &full]);
    assert_eq!(fewer.code, 0, "{fewer:?}");
    assert!(
        fewer.stderr.contains("is no longer in base.json"),
        "{fewer:?}"
    );

    // A part of the strings is neither compared nor written: what moved to another part would be missed.
    let before = keeper.client.home.path().join("base.json");
    let before = std::fs::read(before).unwrap();
    for more in [&["--shard", "1/1"][..], &["--shard", "1/1", "--update"]] {
        let shard = check(&[more, &[&full]].concat());
        assert_eq!((shard.code, shard.stdout.as_str()), (2, ""), "{shard:?}");
        assert!(shard.stderr.contains("pgtls diff"), "{shard:?}");
    }
    let after = keeper.client.home.path().join("base.json");
    assert_eq!(std::fs::read(after).unwrap(), before);
}

#[test]
fn two_reports_without_a_common_endpoint_are_not_compared() {
    let keeper = Keeper::new(&Ca::root("root").pem);
    for (file, port) in [("one", 1), ("two", 2)] {
        let string = format!("host=127.0.0.1 port={port} sslmode=require");
        keeper.keep(file, "check", &[&string]);
    }
    assert_eq!(keeper.diff("one", "one", "text").code, 0);
    for format in ["text", "json", "markdown", "github"] {
        let run = keeper.diff("one", "two", format);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
        assert!(run.stderr.contains("no endpoint in common"), "{run:?}");
    }
}

/// Of several hosts one is enough, so a baseline of the same run must pass, too.
#[test]
fn a_baseline_does_not_fail_a_run_that_needs_one_host() {
    let root = Ca::root("root");
    let Some(server) = Postgres::start(&root.leaf(&[HOST])) else {
        return;
    };
    let keeper = Keeper::new(&root.pem);
    let any = format!(
        "host={HOST},{HOST} hostaddr=127.0.0.1,127.0.0.1 port=1,{} {FULL}",
        server.port
    );
    let check = |more: &[&str]| {
        let fixed = ["check", "--hosts", "any", "--format", "json", &any];
        keeper.client.pgtls(&[&fixed[..], more].concat())
    };
    assert_eq!(check(&["--report", "json=base.json"]).code, 0);
    let same = check(&["--baseline", "base.json"]);
    assert_eq!(same.code, 0, "{same:?}");
    assert_eq!(same.json()["verdict"], "pass", "{same:?}");
    // What a host that is down has lost is what the string has lost, and the baseline does not know the other one.
    let down = format!("host={HOST} hostaddr=127.0.0.1 port=1 {FULL}");
    keeper.keep("down.json", "check", &[&down]);
    let weaker = any.replace("sslmode=verify-full", "sslmode=require");
    let lost = keeper.client.pgtls(&[
        "check",
        "--hosts",
        "any",
        "--format",
        "json",
        "--baseline",
        "down.json",
        &weaker,
    ]);
    assert_eq!(lost.code, 1, "{lost:?}");
    assert_eq!(lost.json()["verdict"], "fail", "{lost:?}");
}

#[test]
fn what_is_not_a_report_cannot_be_compared() {
    let root = Ca::root("root");
    let keeper = Keeper::new(&root.pem);
    keeper.keep(
        "refused",
        "check",
        &["host=127.0.0.1 port=1 sslmode=require"],
    );
    let whole = std::fs::read(keeper.client.home.path().join("refused")).unwrap();
    keeper.client.write("cut", &whole[..whole.len() - 20]);
    keeper.client.write("other", "{\"schema_version\": 7}");
    keeper
        .client
        .write("foreign", "[{\"password\": \"hunter2\"}]");
    for (old, new) in [
        ("refused", "cut"),
        ("cut", "refused"),
        ("other", "refused"),
        ("refused", "foreign"),
        ("refused", "missing"),
        ("refused", "root.crt"),
        ("-", "-"),
    ] {
        let run = keeper.diff(old, new, "text");
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (2, ""),
            "{old} {new}: {run:?}"
        );
        assert!(
            !run.stderr.is_empty() && !run.stderr.contains("hunter2"),
            "{run:?}"
        );
    }
    for baseline in ["cut", "other", "foreign", "root.crt"] {
        let arguments = ["check", "--baseline", baseline, "host=127.0.0.1 port=1"];
        let run = keeper.client.pgtls(&arguments);
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (2, ""),
            "{baseline}: {run:?}"
        );
    }
    let update = keeper
        .client
        .pgtls(&["check", "--update", "host=127.0.0.1 port=1"]);
    assert_eq!(update.code, 2, "{update:?}");
}

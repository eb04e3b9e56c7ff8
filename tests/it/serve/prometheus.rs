//! Prometheus itself reads what is served, and what packaging/serve has for it.

use std::io::Write as _;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use serde_json::Value;

use super::running::{Answer, PATIENCE};
use super::started;
use crate::support::fleet_lab::Lab;
use crate::support::port::Port;
use crate::support::skip::skip;

const PACKAGING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/serve");

/// Whether the program is there; if not, the test is skipped.
fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    if !found {
        skip(&format!("{program} is not installed (Debian: prometheus)"));
    }
    found
}

#[test]
fn promtool_finds_no_fault_in_the_metrics() {
    if !has("promtool") {
        return;
    }
    let lab = Lab::new();
    let service = started(&lab);
    for target in ["/metrics", "/probe?target=bad"] {
        let mut promtool = Command::new("promtool")
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = promtool.stdin.take().unwrap();
        input
            .write_all(service.get(target).body.as_bytes())
            .unwrap();
        drop(input);
        let output = promtool.wait_with_output().unwrap();
        assert!(output.status.success(), "{target}: {output:?}");
        assert!(
            output.stderr.is_empty() && output.stdout.is_empty(),
            "{target}: {output:?}"
        );
    }
}

#[test]
fn promtool_finds_no_fault_in_the_rules_and_their_own_tests_pass() {
    if !has("promtool") {
        return;
    }
    for arguments in [
        ["check", "rules", "alerts.yml"],
        ["test", "rules", "alerts.test.yml"],
    ] {
        let output = Command::new("promtool")
            .args(arguments)
            .current_dir(PACKAGING)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

/// Every metric that the dashboard and the rules name is served.
#[test]
fn the_dashboard_and_the_rules_name_metrics_that_there_are() {
    let lab = Lab::new();
    let service = started(&lab);
    let served = service.get("/metrics").body;
    let read = |name: &str| std::fs::read_to_string(Path::new(PACKAGING).join(name)).unwrap();
    let dashboard: Value = serde_json::from_str(&read("dashboard.json")).unwrap();
    let expressions = expressions(&dashboard);
    assert!(expressions.len() > 5, "{expressions:?}");
    let rules = read("alerts.yml");
    let rules = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("expr: "));
    let mut count = 0;
    for text in expressions.iter().map(String::as_str).chain(rules) {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        for word in words.filter(|word| word.starts_with("pgtls_") || word.starts_with("ssl_")) {
            count += 1;
            let name = word.trim_end_matches("_bucket");
            assert!(
                served.contains(&format!("# TYPE {name} ")),
                "{word}: {text}"
            );
        }
    }
    assert!(count > 10, "{count}");
}

fn expressions(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, value)| match value.as_str() {
                Some(text) if key == "expr" => vec![text.to_owned()],
                _ => expressions(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(expressions).collect(),
        _ => Vec::new(),
    }
}

/// It is killed when dropped.
struct Prometheus {
    child: Child,
    port: Port,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Prometheus {
    fn start(directory: &Path) -> Self {
        let port = Port::reserve();
        let child = Command::new("prometheus")
            .arg("--config.file=prometheus.yml")
            .arg("--storage.tsdb.path=data")
            .arg(format!("--web.listen-address=127.0.0.1:{}", port.number))
            .current_dir(directory)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, port }
    }

    /// The values of a query, by the label `target`.
    fn query(&self, query: &str) -> Vec<(String, String)> {
        let request = format!(
            "GET /api/v1/query?query={query} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        );
        let Ok(mut stream) = std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, self.port.number))
        else {
            return Vec::new();
        };
        let _ = stream.write_all(request.as_bytes());
        let mut text = String::new();
        let _ = std::io::Read::read_to_string(&mut stream, &mut text);
        let answer = Answer::read(&text);
        let Ok(json) = serde_json::from_str::<Value>(&answer.body) else {
            return Vec::new();
        };
        let results = json["data"]["result"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let mut values: Vec<(String, String)> = results
            .iter()
            .map(|one| {
                let label = one["metric"]["target"].as_str().unwrap_or_default();
                let value = one["value"][1].as_str().unwrap_or_default();
                (label.to_owned(), value.to_owned())
            })
            .collect();
        values.sort();
        values
    }

    fn until(&self, query: &str, expected: &[(&str, &str)]) {
        let begun = Instant::now();
        loop {
            let values = self.query(query);
            let same = |(own, other): (&(String, String), &(&str, &str))| {
                own.0 == other.0 && own.1 == other.1
            };
            if values.len() == expected.len() && values.iter().zip(expected).all(same) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{query}: {values:?}");
            std::thread::yield_now();
        }
    }
}

#[test]
fn a_real_prometheus_scrapes_it_and_probes_with_it() {
    if !has("prometheus") {
        return;
    }
    let lab = Lab::new();
    let service = started(&lab);
    let address = service.address;
    let configuration = format!(
        "global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\n\
         rule_files: [\"{PACKAGING}/alerts.yml\"]\n\
         scrape_configs:\n  - job_name: pgtls\n    static_configs: [{{targets: [\"{address}\"]}}]\n  \
         - job_name: probe\n    metrics_path: /probe\n    static_configs: [{{targets: [good, bad]}}]\n    \
         relabel_configs:\n      - {{source_labels: [__address__], target_label: __param_target}}\n      \
         - {{source_labels: [__address__], target_label: instance}}\n      \
         - {{target_label: __address__, replacement: \"{address}\"}}\n"
    );
    lab.client.write("prometheus.yml", configuration);
    let prometheus = Prometheus::start(lab.client.home.path());
    let both = [("bad", "0"), ("good", "1")];
    prometheus.until("ssl_probe_success%7Bjob=%22pgtls%22%7D", &both);
    prometheus.until("ssl_probe_success%7Bjob=%22probe%22%7D", &both);
    prometheus.until(
        "pgtls_exit_code%7Bjob=%22pgtls%22,target=%22bad%22%7D",
        &[("bad", "7")],
    );
    prometheus.until("up%7Bjob=%22pgtls%22%7D", &[("", "1")]);
}

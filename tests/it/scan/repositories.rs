//! What is found in each of `repos/`, what is missed, what is false: all three are counted.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::client::{Client, Run};

/// A copy of a sample repository in the home of a client. `_gitignore` gets its name there, so that it does not count in
/// ours.
pub(crate) struct Repository {
    pub(crate) client: Client,
}

impl Repository {
    pub(crate) fn new(name: &str) -> Self {
        let client = Client::new();
        let source = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/it/scan/repos")
            .join(name);
        copy(&source, client.home.path());
        Self { client }
    }

    pub(crate) fn scan(&self, options: &[&str]) -> Run {
        self.client.pgtls(&[&["scan"], options].concat())
    }

    pub(crate) fn json(&self, options: &[&str]) -> (i32, Value) {
        let run = self.scan(&[&["--format", "json"], options].concat());
        (run.code, run.json())
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in from.read_dir().unwrap() {
        let source = entry.unwrap().path();
        let name = source.file_name().unwrap().to_str().unwrap();
        let target: PathBuf = to.join(if name == "_gitignore" {
            ".gitignore"
        } else {
            name
        });
        if source.is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&source, &target);
        } else {
            fs::copy(&source, &target).unwrap();
        }
    }
}

/// `level file:line code`, one for each finding.
pub(crate) fn findings(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut found: Vec<String> = findings
        .map(|one| {
            format!(
                "{} {}:{} {}",
                text(&one["level"]),
                text(&one["file"]),
                one["line"],
                text(&one["code"])
            )
        })
        .collect();
    found.sort();
    found
}

/// `verdict file:line dialect host`, one for each string.
fn strings(report: &Value) -> Vec<String> {
    let strings = report["strings"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let mut found: Vec<String> = strings
        .map(|one| {
            format!(
                "{} {}:{} {} {}",
                text(&one["verdict"]),
                text(&one["file"]),
                one["line"],
                text(&one["dialect"]),
                text(&one["host"])
            )
        })
        .collect();
    found.sort();
    found
}

/// Compares with the list of the repository, and counts.
pub(super) fn compare(
    name: &str,
    secrets: &[&str],
    expected_strings: &[&str],
    expected_findings: &[&str],
) {
    let repository = Repository::new(name);
    let (code, report) = repository.json(&[]);
    for (found, expected) in [
        (strings(&report), expected_strings),
        (findings(&report), expected_findings),
    ] {
        let missed: Vec<&&str> = expected
            .iter()
            .filter(|one| !found.iter().any(|other| other == *one))
            .collect();
        let wrong: Vec<&String> = found
            .iter()
            .filter(|one| !expected.contains(&one.as_str()))
            .collect();
        let right = found.len() - wrong.len();
        println!(
            "{name}: {right} found, {} missed, {} false",
            missed.len(),
            wrong.len()
        );
        assert!(
            missed.is_empty() && wrong.is_empty(),
            "{name}: missed {missed:#?}, false {wrong:#?}"
        );
        assert_eq!(
            found.len(),
            expected.len(),
            "{name}: found twice: {found:#?}"
        );
    }
    assert_eq!(code, 1);
    for format in ["text", "json", "sarif", "github"] {
        let run = repository.scan(&["--format", format, "-v"]);
        for secret in secrets {
            let text = format!("{}{}", run.stdout, run.stderr);
            assert!(
                !text.contains(secret),
                "{name}, {format}: {secret} is printed"
            );
        }
    }
}

#[test]
fn django_and_helm() {
    compare(
        "django",
        &["hunter2", "mysql-hunter3", "mail-hunter4", "ss-3391"],
        &[
            "fail Makefile:4 psql-command db.mysite.acme.io",
            "fail alembic.ini:6 sqlalchemy alembic.mysite.acme.io",
            "fail mysite/settings.py:17 django replica.mysite.acme.io",
            "fail mysite/settings.py:9 django db.mysite.acme.io",
            "fail mysite/tasks.py:12 libpq direct.mysite.acme.io",
            "fail mysite/tasks.py:5 sqlalchemy -",
            "pass Makefile:1 libpq localhost",
            "pass chart/templates/deployment.yaml:16 libpq reports.mysite.acme.io",
            "unknown chart/values.yaml:4 libpq db.mysite.acme.io",
            "pass mysite/settings_dev.py:4 libpq localhost",
            "pass mysite/tasks.py:6 sqlalchemy sync.mysite.acme.io",
            "unknown chart/templates/deployment.yaml:14 libpq ${...}",
            "unknown mysite/tasks.py:10 libpq ${...}",
        ],
        &[
            "error Makefile:4 server-not-verified",
            "error alembic.ini:6 committed-secret",
            "error alembic.ini:6 plaintext-possible",
            "error mysite/settings.py:16 committed-secret",
            "error mysite/settings.py:9 server-not-verified",
            "error mysite/tasks.py:12 plaintext-possible",
            "error mysite/tasks.py:5 refused-by-driver",
            "warning chart/templates/deployment.yaml:14 plaintext-possible",
            "warning chart/values.yaml:4 plaintext-possible",
            "warning mysite/settings.py:17 root-not-in-tree",
        ],
    );
}

#[test]
fn dotnet_terraform_and_workflows() {
    compare(
        "dotnet",
        &["Azure-4417", "Sql-9911", "Web-8123", "Mysql-5521"],
        &[
            "fail .github/workflows/ci.yml:22 psql-command billing.postgres.database.azure.com",
            "fail infra/main.tf:14 libpq reports.acme.io",
            "fail infra/main.tf:19 adonet app.acme.io",
            "fail infra/main.tf:2 libpq billing.postgres.database.azure.com",
            "fail src/Api/Program.cs:5 adonet builder.acme.io",
            "fail src/Api/appsettings.Production.json:3 adonet billing.postgres.database.azure.com",
            "fail src/Api/appsettings.Production.json:5 adonet -",
            "fail web.config:3 adonet web.acme.io",
            "pass .github/workflows/ci.yml:18 adonet postgres",
            "pass .github/workflows/ci.yml:24 libpq billing.postgres.database.azure.com",
            "pass .github/workflows/ci.yml:4 libpq localhost",
            "pass src/Api/Program.cs:10 adonet raw.acme.io",
            "pass src/Api/appsettings.Production.json:4 adonet reports.acme.io",
            "pass src/Api/appsettings.json:4 adonet localhost",
            "fail web.config:5 adonet allowed.acme.io",
            "unknown infra/main.tf:13 libpq ${...}",
            "unknown src/Api/Program.cs:2 adonet ${...}",
        ],
        &[
            "error .github/workflows/ci.yml:22 server-not-verified",
            "error infra/main.tf:14 plaintext-possible",
            "error infra/main.tf:19 server-not-verified",
            "error infra/main.tf:2 server-not-verified",
            "error src/Api/Program.cs:5 plaintext-possible",
            "error src/Api/appsettings.Production.json:3 committed-secret",
            "error src/Api/appsettings.Production.json:3 server-not-verified",
            "error src/Api/appsettings.Production.json:5 unknown-keyword",
            "error web.config:3 committed-secret",
            "error web.config:3 plaintext-possible",
            "warning src/Api/Program.cs:10 setting-differs",
        ],
    );
}

#[test]
fn rails_laravel_go_and_others() {
    compare(
        "mixed",
        &["an-7712", "mail-7711", "pgc-1188", "el-4419"],
        &[
            "fail Dockerfile:3 psql-command image.acme.io",
            "fail bin/backup.sh:3 dotenv-line backup.acme.io",
            "fail elixir/config/prod.exs:4 ecto elixir.acme.io",
            "fail etc/pg_service.conf:9 libpq old-service.acme.io",
            "fail etc/pgbouncer.ini:2 libpq bounced.acme.io",
            "fail go/main.go:6 libpq go.acme.io",
            "fail php/index.php:3 pdo php.acme.io",
            "fail php/index.php:5 libpq pgconnect.acme.io",
            "fail rails/config/database.yml:12 rails blog-db.acme.io",
            "fail rails/config/database.yml:20 libpq analytics.acme.io",
            "pass Dockerfile:2 libpq db",
            "pass bin/backup.sh:5 psql-command 10.0.0.7",
            "pass etc/pg_service.conf:3 libpq service.acme.io",
            "pass go/main.go:11 libpq 127.0.0.1",
            "pass laravel/.env.staging:3 laravel staging.acme.io",
            "pass laravel/config/database.php:13 laravel 127.0.0.1",
            "unknown bin/backup.sh:6 psql-command -",
            "unknown go/main.go:9 libpq ${...}",
            "unknown php/index.php:6 pdo ${...}",
        ],
        &[
            "error Dockerfile:3 plaintext-possible",
            "error bin/backup.sh:3 server-not-verified",
            "error elixir/config/prod.exs:4 committed-secret",
            "error elixir/config/prod.exs:4 plaintext-possible",
            "error etc/pg_service.conf:9 plaintext-possible",
            "error etc/pgbouncer.ini:2 plaintext-possible",
            "error go/main.go:6 plaintext-possible",
            "error php/index.php:3 server-not-verified",
            "error php/index.php:5 committed-secret",
            "error rails/config/database.yml:12 server-not-verified",
            "error rails/config/database.yml:20 committed-secret",
            "warning Dockerfile:2 plaintext-possible",
            "warning bin/backup.sh:5 server-not-verified",
            "warning elixir/config/prod.exs:4 setting-differs",
            "warning elixir/config/prod.exs:4 setting-differs",
            "warning go/main.go:9 plaintext-possible",
            "warning laravel/.env.staging:3 setting-differs",
        ],
    );
}

#[test]
fn node_prisma_compose_and_kubernetes() {
    compare(
        "node",
        &["kR8-tulip-94", "Xk39-secret", "0ld-pa55"],
        &[
            "fail package.json:3 psql-command db.shop.acme.io",
            "fail .env.production:1 prisma db.shop.acme.io",
            "fail docker-compose.yml:6 libpq reports.shop.acme.io",
            "fail k8s/cronjob.yaml:25 libpq reports.shop.acme.io",
            "fail k8s/secret.yaml:15 dotenv-line -",
            "fail k8s/secret.yaml:7 libpq db.shop.acme.io",
            "fail src/reports.ts:5 libpq reports.shop.acme.io",
            "pass .env.example:2 libpq db.example.com",
            "pass .env.production:2 libpq db.shop.acme.io",
            "pass .env:3 prisma localhost",
            "pass README.md:3 libpq localhost",
            "pass README.md:5 psql-command db.example.com",
            "pass docker-compose.yml:11 dotenv-line db.shop.acme.io",
            "pass docker-compose.yml:5 prisma db",
            "pass k8s/cronjob.yaml:20 psql-command db.shop.acme.io",
            "pass src/reports.ts:10 node-postgres localhost",
            "pass src/reports.ts:16 node-postgres warehouse.shop.acme.io",
            "unknown .env.example:1 prisma HOST",
            "unknown src/reports.ts:23 libpq ${...}",
        ],
        &[
            "error package.json:3 plaintext-possible",
            "error .env.production:1 committed-secret",
            "error .env.production:1 server-not-verified",
            "error docker-compose.yml:6 plaintext-possible",
            "error k8s/cronjob.yaml:25 plaintext-possible",
            "error k8s/secret.yaml:15 invalid-value",
            "error k8s/secret.yaml:7 committed-secret",
            "error k8s/secret.yaml:7 plaintext-possible",
            "error src/reports.ts:5 server-not-verified",
            "warning .env.production:1 setting-differs",
        ],
    );
}

#[test]
fn spring_boot() {
    compare(
        "spring",
        &["Wq7!blau-Tisch", "blau-Tisch"],
        &[
            "fail helm/values.yaml:3 libpq -",
            "fail src/main/java/io/acme/orders/Export.java:5 jdbc export.acme.io",
            "fail src/main/resources/application-prod.yml:10 jdbc reporting.acme.io",
            "fail src/main/resources/application.properties:2 jdbc orders-db.acme.io",
            "pass src/main/resources/application-dev.yml:3 jdbc localhost",
            "pass src/main/resources/application-dev.yml:7 r2dbc localhost",
            "pass src/main/resources/application-prod.yml:7 r2dbc reactive.acme.io",
            "pass src/main/resources/application.properties:7 jdbc orders-db.acme.io",
            "pass src/main/webapp/META-INF/context.xml:4 jdbc jndi.acme.io",
            "unknown src/main/java/io/acme/orders/Export.java:10 jdbc ${...}",
            "unknown src/main/resources/application-prod.yml:3 jdbc ${...}",
        ],
        &[
            "error helm/values.yaml:3 invalid-value",
            "error src/main/java/io/acme/orders/Export.java:5 server-not-verified",
            "error src/main/resources/application-prod.yml:10 plaintext-possible",
            "error src/main/resources/application.properties:2 server-not-verified",
            "error src/main/resources/application.properties:4 committed-secret",
            "warning src/main/java/io/acme/orders/Export.java:5 setting-differs",
            "warning src/main/resources/application-prod.yml:10 setting-differs",
            "warning src/main/resources/application.properties:2 setting-differs",
        ],
    );
}

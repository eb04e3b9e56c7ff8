//! A real server, and the way from a broken thing to the verdict after the fix.

use pgtls::diagnose::Code;
use serde_json::Value;

use super::Cured;
use crate::support::client::{Answer, Client, Run};
use crate::support::pki::{Ca, Served};
use crate::support::postgres::Postgres;
use crate::support::skip::skip;

/// A server, its CA, and a certificate for `db.example` and `localhost`.
pub(crate) struct Ward {
    pub(crate) root: Ca,
    pub(crate) good: Served,
    pub(crate) server: Postgres,
}

/// What is broken.
pub(crate) struct Broken<'a> {
    pub(crate) code: Code,
    pub(crate) what: &'static str,
    /// `check` or `audit`, and options.
    pub(crate) arguments: &'a [&'a str],
    /// `PORT` stands for that of the server.
    pub(crate) string: &'a str,
    /// Settings of the server, and a line of its pg_hba.conf.
    pub(crate) settings: &'a [(&'a str, &'a str)],
    pub(crate) psql: Referee,
}

/// Whether psql can say something about the result.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Referee {
    /// It must connect over TLS.
    Connects,
    /// The installed one does not know the setting.
    TooOld,
}

pub(crate) const GOOD: &str = "host=db.example hostaddr=127.0.0.1 port=PORT user=postgres dbname=postgres sslmode=verify-full sslrootcert=root.crt";

impl Ward {
    pub(crate) fn open() -> Option<Self> {
        Self::with(Postgres::start)
    }

    /// The same with PostgreSQL 18; `None`, with a visible line, if it is not installed.
    pub(crate) fn open_newest() -> Option<Self> {
        let Some(programs) = std::env::var_os("PGTLS_TEST_PG18") else {
            skip("PGTLS_TEST_PG18 is not set");
            return None;
        };
        Self::with(|served| Postgres::start_from(programs.as_ref(), served))
    }

    fn with(start: impl FnOnce(&Served) -> Option<Postgres>) -> Option<Self> {
        let root = Ca::root("Example CA");
        let good = root.leaf(&["db.example", "localhost"]);
        let server = start(&good)?;
        Some(Self { root, good, server })
    }

    /// A client with the right root file.
    pub(crate) fn client(&self) -> Client {
        Client::trusting(&self.root)
    }

    /// Breaks it, applies what is printed, and looks again.
    pub(crate) fn round(&mut self, client: &Client, broken: &Broken<'_>) -> Cured {
        let port = self.server.port.to_string();
        let mut string = broken.string.replace("PORT", &port);
        let mut settings: Vec<(String, String)> = broken
            .settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        self.set(&settings);
        let before = run(client, broken.arguments, &string);
        assert!(
            codes(&before).contains(&broken.code.name().to_owned()),
            "{}: {} is not in {before:?}",
            broken.what,
            broken.code
        );
        let mut applied = Vec::new();
        let mut to_show = |fix: &str| {
            let home = client.home.path().display().to_string();
            applied.push(fix.replace(&port, "PORT").replace(&home, "~"));
        };
        for (kind, after) in fixes(&before, broken.code) {
            to_show(&after);
            match kind.as_str() {
                "string" => string = after,
                // It saves what is not trusted yet, and says so.
                "command" if after.starts_with("pgtls check") => {
                    client.take_command(&format!("{after}; test $? = 6"));
                }
                "command" => client.take_command(&after),
                "server-setting" => {
                    let (name, value) = after.split_once(" = ").unwrap();
                    settings.retain(|(other, _)| other != name);
                    settings.push((name.to_owned(), value.trim_matches('\'').to_owned()));
                }
                "file" => {
                    self.server.authenticate(&after);
                }
                other => panic!("{other}"),
            }
        }
        assert!(!applied.is_empty(), "{}: no fix in {before:?}", broken.what);
        // Fails if the server does not load the settings.
        self.set(&settings);
        let after = run(client, broken.arguments, &string);
        assert!(
            after.code == 0 && !codes(&after).contains(&broken.code.name().to_owned()),
            "{}: {applied:?} leads to {after:?}",
            broken.what
        );
        let mut verdict = "pgtls passes".to_owned();
        if broken.psql == Referee::Connects {
            assert_eq!(
                client.psql(&string),
                Answer::Tls,
                "{}: {string}",
                broken.what
            );
            verdict.push_str(", psql connects over TLS");
        }
        self.set(&[]);
        Cured {
            code: broken.code,
            broken: broken.what,
            applied,
            verdict,
        }
    }

    /// Serves these files of the client, which were cured.
    pub(crate) fn deployed(
        &mut self,
        client: &Client,
        code: Code,
        broken: &'static str,
        applied: String,
        (certificate, key): (&str, &str),
    ) -> Cured {
        let read = |name: &str| std::fs::read_to_string(client.home.path().join(name)).unwrap();
        let served = Served {
            chain: read(certificate),
            key: read(key),
        };
        self.server.configure(&served, &[]);
        let string = GOOD.replace("PORT", &self.server.port.to_string());
        assert_eq!(client.psql(&string), Answer::Tls, "{broken}");
        self.restore();
        Cured {
            code,
            broken,
            applied: vec![applied],
            verdict: "pgtls verify passes, PostgreSQL serves it, psql connects over TLS".to_owned(),
        }
    }

    /// Serves the good certificate with the first settings.
    pub(crate) fn restore(&mut self) {
        self.set(&[]);
    }

    fn set(&mut self, settings: &[(String, String)]) {
        let settings: Vec<(&str, &str)> = settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        self.server.configure(&self.good, &settings);
        if settings.is_empty() {
            self.server.authenticate("");
        }
    }
}

fn run(client: &Client, arguments: &[&str], string: &str) -> Run {
    let (command, options) = arguments.split_first().unwrap_or((&"check", &[]));
    let mut all = vec![*command, "--format", "json"];
    all.extend(options);
    all.push(string);
    client.pgtls(&all)
}

/// The codes of the error and of all findings.
pub(crate) fn codes(run: &Run) -> Vec<String> {
    let endpoint = run.endpoint();
    let error = endpoint["error"]["code"].as_str().map(str::to_owned);
    let findings = endpoint["findings"].as_array().unwrap().iter();
    let findings = findings.map(|finding| finding["code"].as_str().unwrap().to_owned());
    error.into_iter().chain(findings).collect()
}

/// What to apply: what is proven; where that is nothing, the settings that the advice shows.
pub(crate) fn fixes(run: &Run, code: Code) -> Vec<(String, String)> {
    let endpoint = run.endpoint();
    let proven = endpoint["fixes"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let proven: Vec<(String, String)> = proven
        .iter()
        .map(|fix| (text(&fix["kind"]), text(&fix["after"])))
        .collect();
    if !proven.is_empty() {
        return proven;
    }
    settings_of(run, code)
        .into_iter()
        .filter(|line| line.starts_with("ssl"))
        .map(|line| ("server-setting".to_owned(), line))
        .collect()
}

/// The lines to copy of the findings with this code.
pub(crate) fn settings_of(run: &Run, code: Code) -> Vec<String> {
    let endpoint = run.endpoint();
    let all = std::iter::once(&endpoint["error"]).chain(endpoint["findings"].as_array().unwrap());
    all.filter(|finding| finding["code"] == code.name())
        .flat_map(|finding| finding["hint"].as_str().unwrap_or_default().lines())
        .filter_map(|line| line.strip_prefix("    "))
        .map(str::to_owned)
        .collect()
}

//! Connects with sqlx and tokio-postgres as each line of standard input requests, and prints the
//! result; requests and answers are those of drive.py.

use std::error::Error;
use std::fs;
use std::io::{stdin, BufRead};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, RootCertStore};
use serde_json::{json, Value};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection, Row};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::Config;

const PATIENCE: Duration = Duration::from_secs(10);
const QUESTION: &str = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

/// Why there is no connection.
enum Failure {
    /// The client cannot read the string.
    Invalid(String),
    /// Anything else.
    Refused(String),
}

type Answer = Result<bool, Failure>;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    for line in stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let answer = runtime.block_on(async {
            tokio::time::timeout(PATIENCE, answer(&request))
                .await
                .unwrap_or_else(|_| Err(Failure::Refused("timeout".to_owned())))
        });
        let (came, message) = match answer {
            Ok(true) => ("tls", String::new()),
            Ok(false) => ("plaintext", String::new()),
            Err(Failure::Invalid(message)) => ("invalid", message),
            Err(Failure::Refused(message)) => ("refused", message),
        };
        println!("{}", json!({ "came": came, "message": message }));
    }
}

async fn answer(request: &Value) -> Answer {
    let home = request["home"].as_str().unwrap();
    std::env::set_current_dir(home).unwrap();
    let names: Vec<_> = std::env::vars_os().map(|(name, _)| name).collect();
    for name in names {
        std::env::remove_var(name);
    }
    for (name, value) in request["environment"].as_object().unwrap() {
        std::env::set_var(name, value.as_str().unwrap());
    }
    match request["client"].as_str().unwrap() {
        "sqlx-rustls" => sqlx(request).await,
        "tokio-postgres-rustls" => {
            let config = config(request)?;
            let tls = tokio_postgres_rustls::MakeRustlsConnect::new(rustls_config(request)?);
            tokio_postgres(config, tls).await
        }
        "tokio-postgres-native-tls" => {
            let config = config(request)?;
            let tls = postgres_native_tls::MakeTlsConnector::new(native_tls_connector(request)?);
            tokio_postgres(config, tls).await
        }
        other => panic!("this program has no client {other}"),
    }
}

async fn sqlx(request: &Value) -> Answer {
    let mut options =
        PgConnectOptions::from_str(&string(request)).map_err(|error| invalid(&error))?;
    if let ("certificate", Some(roots)) = (ask(request), request["roots"].as_str()) {
        options = options.ssl_mode(PgSslMode::VerifyFull).ssl_root_cert(roots);
    }
    let mut connection = options.connect().await.map_err(|error| refused(&error))?;
    let row = sqlx::query(QUESTION).fetch_one(&mut connection).await;
    let encrypted = row.map_err(|error| refused(&error))?.get(0);
    connection.close().await.map_err(|error| refused(&error))?;
    Ok(encrypted)
}

fn config(request: &Value) -> Result<Config, Failure> {
    Config::from_str(&string(request)).map_err(|error| invalid(&error))
}

async fn tokio_postgres<T>(config: Config, tls: T) -> Answer
where
    T: MakeTlsConnect<tokio_postgres::Socket>,
    T::Stream: Send + 'static,
    T::TlsConnect: TlsConnect<tokio_postgres::Socket>,
{
    let (client, connection) = config.connect(tls).await.map_err(|error| refused(&error))?;
    let connection = tokio::spawn(connection);
    let row = client.query_one(QUESTION, &[]).await;
    connection.abort();
    Ok(row.map_err(|error| refused(&error))?.get(0))
}

fn rustls_config(request: &Value) -> Result<ClientConfig, Failure> {
    let mut roots = RootCertStore::empty();
    if let Some(pem) = roots_of(request)? {
        for certificate in rustls_pemfile::certs(&mut &*pem) {
            let certificate = certificate.map_err(|error| refused(&error))?;
            roots.add(certificate).map_err(|error| refused(&error))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| refused(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

fn native_tls_connector(request: &Value) -> Result<native_tls::TlsConnector, Failure> {
    let mut builder = native_tls::TlsConnector::builder();
    if let Some(pem) = roots_of(request)? {
        let root = native_tls::Certificate::from_pem(&pem).map_err(|error| refused(&error))?;
        builder.add_root_certificate(root);
    }
    builder.build().map_err(|error| refused(&error))
}

/// What the program that uses the client would read from its own settings.
fn roots_of(request: &Value) -> Result<Option<Vec<u8>>, Failure> {
    let path = request["roots"].as_str();
    path.map(fs::read)
        .transpose()
        .map_err(|error| refused(&error))
}

fn ask(request: &Value) -> &str {
    request["ask"].as_str().unwrap()
}

fn string(request: &Value) -> String {
    let text = |name: &str| request[name].as_str().unwrap();
    if ask(request) == "certificate" {
        let (host, port) = (text("host"), &request["port"]);
        return format!("postgresql://postgres@{host}:{port}/postgres?sslmode=require");
    }
    text("string").to_owned()
}

fn invalid(error: &dyn Error) -> Failure {
    Failure::Invalid(words(error))
}

fn refused(error: &dyn Error) -> Failure {
    Failure::Refused(words(error))
}

fn words(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        words = format!("{words}: {error}");
        source = error.source();
    }
    words
}

//! A program that uses tokio-postgres and rustls: one health check of the database that libpq's
//! variables name. tokio-postgres knows the PGSSLMODE values disable, prefer and require; rustls
//! verifies everything in all of them.

use std::env::var;
use std::error::Error;
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::SslMode;
use tokio_postgres::Config;
use tokio_postgres_rustls::MakeRustlsConnect;

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(check())
}

async fn check() -> Result<(), Box<dyn Error>> {
    let mode = match var("PGSSLMODE").as_deref() {
        Ok("disable") => SslMode::Disable,
        Ok("prefer") => SslMode::Prefer,
        _ => SslMode::Require,
    };
    let (client, connection) = Config::new()
        .host(var("PGHOST")?)
        .port(var("PGPORT")?.parse()?)
        .user(var("PGUSER")?)
        .password(var("PGPASSWORD")?)
        .dbname(var("PGDATABASE")?)
        .ssl_mode(mode)
        .connect(tls()?)
        .await?;
    let connection = tokio::spawn(connection);
    let alive: i32 = client.query_one("SELECT 1", &[]).await?.get(0);
    assert_eq!(alive, 1);
    // The connection ends properly when its client has been dropped.
    drop(client);
    connection.await??;
    Ok(())
}

fn tls() -> Result<MakeRustlsConnect, Box<dyn Error>> {
    let pem = std::fs::read(var("PGSSLROOTCERT")?)?;
    let mut roots = RootCertStore::empty();
    for certificate in rustls_pemfile::certs(&mut &*pem) {
        roots.add(certificate?)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

//! The certificate of the service itself.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig};

use crate::conninfo::shown_path;
use crate::escape::Shown;
use crate::trust::{Mebibytes, read_at_most};

use super::{Clients, Error, Oldest, Tls};

/// What rustls needs. Paths are relative to the file that names them.
pub(in crate::serve) fn server_config(tls: &Tls, directory: &Path) -> Result<ServerConfig, Error> {
    let provider = Arc::new(default_provider());
    let versions: &[_] = match tls.oldest {
        Oldest::V1_2 => &[&TLS13, &TLS12],
        Oldest::V1_3 => &[&TLS13],
    };
    let certificate = directory.join(&tls.certificate);
    let chain = certificates(&certificate)?;
    let key_file = directory.join(&tls.key);
    let bytes = read(&key_file)?;
    let key = PrivateKeyDer::from_pem_slice(&bytes)
        .map_err(|error| unusable(&key_file, &unread(&error, "there is no private key in it")))?;
    let verifier = |ca: &Path| {
        let file = directory.join(ca);
        let mut roots = RootCertStore::empty();
        for root in certificates(&file)? {
            roots.add(root).map_err(|error| unusable(&file, &error))?;
        }
        Ok::<_, Error>((file, Arc::new(roots)))
    };
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)
        .map_err(|error| unusable(&certificate, &error))?;
    let builder = match &tls.clients {
        Clients::NotAsked => builder.with_no_client_auth(),
        Clients::MayShow(ca) => {
            let (file, roots) = verifier(ca)?;
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
            let verifier = verifier.allow_unauthenticated().build();
            builder.with_client_cert_verifier(verifier.map_err(|error| unusable(&file, &error))?)
        }
        Clients::MustShow(ca) => {
            let (file, roots) = verifier(ca)?;
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|error| unusable(&file, &error))?)
        }
    };
    let mut config = builder
        .with_single_cert(chain, key)
        .map_err(|error| unusable(&certificate, &error))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Why a file has not what is looked for. The error itself may repeat a part of a private key.
fn unread(error: &pem::Error, none: &'static str) -> &'static str {
    match matches!(error, pem::Error::NoItemsFound) {
        true => none,
        false => "a PEM block in it is broken",
    }
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    const NONE: &str = "there is no certificate in it";
    let bytes = read(file)?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match all {
        Ok(all) if all.is_empty() => Err(unusable(file, &NONE)),
        Ok(all) => Ok(all),
        Err(error) => Err(unusable(file, &unread(&error, NONE))),
    }
}

fn unusable(file: &Path, why: &dyn ToString) -> Error {
    Error::Credentials {
        file: Shown::new(&shown_path(file)),
        why: Shown::new(&why.to_string()),
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Error> {
    read_at_most(file, Mebibytes(4)).map_err(|error| Error::unreadable(file, &error))
}

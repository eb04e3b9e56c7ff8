//! Certificates and files: the expected one is read, those that a server presents are written.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use pgtls::conninfo::shown_path;
use pgtls::trust::{encode_pem, file, read_bounded};
use pgtls::x509::Certificate;

/// The first certificate of a PEM file, or the one of a DER file.
pub(super) fn read(path: &Path) -> anyhow::Result<Certificate> {
    let bytes =
        read_bounded(path).with_context(|| format!("could not read {}", shown_path(path)))?;
    match file::read(&bytes) {
        Ok(contents) => contents
            .certificates
            .into_iter()
            .next()
            .map(|anchor| Arc::unwrap_or_clone(anchor.certificate))
            .ok_or_else(|| anyhow!("{} contains no certificate", shown_path(path))),
        Err(file::Unusable::Form(file::Form::CertificateDer)) => Certificate::parse(&bytes)
            .with_context(|| format!("could not read {}", shown_path(path))),
        Err(fault) => Err(anyhow!("could not read {}: {fault}", shown_path(path))),
    }
}

/// Writes certificates as PEM, in the order given.
pub(super) fn write<'a>(
    path: &Path,
    certificates: impl Iterator<Item = &'a Certificate>,
) -> anyhow::Result<()> {
    let blocks: String = certificates
        .map(|certificate| encode_pem("CERTIFICATE", &certificate.der))
        .collect();
    super::file::replace(path, blocks.as_bytes()).with_context(|| {
        format!(
            "could not write the presented chain to {}",
            shown_path(path)
        )
    })
}

//! Which files `pgtls verify` verifies, and what each of them is.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use pgtls::conninfo::{World, shown_path};
use pgtls::os::bytes_of;
use pgtls::secrecy::shown_variable;
use pgtls::trust::server_files::CertificateFile;
use pgtls::trust::{RequestFault, certificate_request, is_archive, read_bounded};
use pgtls::x509::CertificateRequest;

use super::beside;
use super::hosts::{self, HostsFile, is_hosts_file};
use crate::cli::Verify;

/// A file to verify. It was read once: what it is and the verdict come from the same bytes.
pub(super) enum Input {
    /// A server's certificate.
    Certificate(CertificateFile),
    /// The same with a key that lies beside it in a directory: it must belong to the certificate.
    Pair(CertificateFile, PathBuf),
    /// `pg_hosts.conf`.
    Hosts(HostsFile),
    /// A PKCS#12 archive, and what is in the file.
    Archive(PathBuf, Vec<u8>),
    /// A request for a certificate.
    Request(PathBuf, Box<Result<CertificateRequest, RequestFault>>),
}

/// What all files together may take: every one of them is kept until the last is judged.
const MOST_BYTES: usize = 256 << 20;

/// What is left of [`MOST_BYTES`].
struct Room(usize);

impl Room {
    /// Reads a file if there is room for it.
    fn read(&mut self, path: PathBuf) -> anyhow::Result<CertificateFile> {
        let file = CertificateFile::read(path);
        let taken = file.contents().map_or(0, <[u8]>::len);
        let left = self.0.checked_sub(taken);
        self.0 = left.with_context(|| {
            format!(
                "the files are larger than {} MiB together, up to {}: verify them in several runs",
                MOST_BYTES >> 20,
                shown_path(file.path())
            )
        })?;
        Ok(file)
    }
}

/// The files that the arguments name, a directory by its `pg_hosts.conf` and the certificates in it.
pub(super) fn inputs(args: &Verify) -> anyhow::Result<Vec<Input>> {
    let mut inputs = Vec::new();
    let mut room = Room(MOST_BYTES);
    let hosts_file = args.hosts_file.clone().map(HostsFile::read);
    inputs.extend(hosts_file.map(Input::Hosts));
    // The file that ssl_cert_file will name: nothing but a certificate will do.
    let certificate = args.cert.clone().map(CertificateFile::read);
    inputs.extend(certificate.map(Input::Certificate));
    for file in &args.files {
        if file.is_dir() {
            let hosts = file.join(hosts::FILE_NAME);
            let hosts = hosts.is_file().then(|| HostsFile::read(hosts));
            // What its lines name is judged for the names of its lines.
            let named = hosts.as_ref().map(HostsFile::named_files);
            let named = named.unwrap_or_default();
            let found = certificates_in(file, &mut room)?;
            if found.is_empty() && hosts.is_none() {
                bail!(
                    "there is no .crt, .cer or .pem file with a certificate in {}",
                    shown_path(file)
                );
            }
            inputs.extend(hosts.map(Input::Hosts));
            let others = found
                .into_iter()
                .filter(|found| !named.contains(&real(found.path())));
            inputs.extend(
                beside::of_servers(others.collect())
                    .into_iter()
                    .map(|file| match beside::key_of(file.path()) {
                        Some(key) if args.key.is_none() => Input::Pair(file, key),
                        _ => Input::Certificate(file),
                    }),
            );
        } else {
            inputs.push(input(room.read(file.clone())?));
        }
    }
    if args.key.is_some() && inputs.len() > 1 {
        bail!("--key belongs to one certificate, but there are several files to verify");
    }
    if args.key.is_some() && matches!(inputs.as_slice(), [Input::Hosts(_)]) {
        bail!(
            "--key belongs to a certificate, but the lines of a pg_hosts.conf name their own keys"
        );
    }
    let has_password = args.password_file.is_some() || args.password_env.is_some();
    let is_archive = |input: &Input| matches!(input, Input::Archive(..));
    if has_password && !inputs.iter().any(is_archive) {
        bail!(
            "{PASSWORD_UNUSED}: {}",
            match args.cert {
                Some(_) => "name the file without --cert, which takes PEM only",
                None => "pgtls recognises none of the files as one",
            }
        );
    }
    Ok(inputs)
}

/// The password of PKCS#12 files. It comes from no argument, which every user of the machine could read.
pub(super) fn password(args: &Verify, world: &dyn World) -> anyhow::Result<Option<Vec<u8>>> {
    if let Some(file) = &args.password_file {
        let text = read_bounded(file)
            .with_context(|| format!("could not read the password file {}", shown_path(file)))?;
        let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
        return Ok(Some(line.strip_suffix(b"\r").unwrap_or(line).to_vec()));
    }
    let Some(name) = &args.password_env else {
        return Ok(None);
    };
    let value = name.to_str().and_then(|name| world.var(name));
    let shown = shown_variable(name.as_encoded_bytes());
    let value = value.with_context(|| format!("the environment variable {shown} is not set"))?;
    Ok(Some(bytes_of(&value)))
}

/// The path of a file without links, if it can be found.
pub(super) fn real(file: &Path) -> PathBuf {
    file.canonicalize().unwrap_or_else(|_| file.to_owned())
}

const PASSWORD_UNUSED: &str = "--password-file and --password-env are for PKCS#12 files";

/// What cannot be read is a certificate that cannot.
fn input(file: CertificateFile) -> Input {
    let path = file.path().to_owned();
    if is_hosts_file(&path, file.contents()) {
        return Input::Hosts(HostsFile::of(path, file.outcome()));
    }
    let Some(contents) = file.contents() else {
        return Input::Certificate(file);
    };
    if is_archive(contents) {
        return Input::Archive(path, contents.to_vec());
    }
    match certificate_request(contents) {
        Some(request) => Input::Request(path, Box::new(request)),
        None => Input::Certificate(file),
    }
}

/// The files of a directory that contain a certificate, by name. What cannot be read is among them: it must not pass
/// for verified.
fn certificates_in(directory: &Path, room: &mut Room) -> anyhow::Result<Vec<CertificateFile>> {
    let unreadable = || format!("could not list {}", shown_path(directory));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        let is_named = path.extension().is_some_and(|end| {
            let end = end.to_ascii_lowercase();
            ["crt", "cer", "pem"].iter().any(|one| end == *one)
        });
        if !is_named || path.is_dir() {
            continue;
        }
        let file = room.read(path)?;
        // A key alone has nothing to verify, and no server presents a request.
        let is_other = file.contents().is_some_and(|text| {
            let has = |words: &[u8]| memchr::memmem::find(text, words).is_some();
            (has(b"PRIVATE KEY-----") || has(b"CERTIFICATE REQUEST-----"))
                && !has(b"CERTIFICATE-----")
        });
        if !is_other {
            found.push(file);
        }
    }
    found.sort_by(|one, other| one.path().cmp(other.path()));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_files_take_together_is_bounded() {
        let directory = tempfile::tempdir().unwrap();
        let written = |name: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, [b' '; 8]).unwrap();
            path
        };
        let mut room = Room(16);
        for name in ["a", "b", "missing"] {
            let path = match name {
                "missing" => directory.path().join(name),
                _ => written(name),
            };
            assert!(room.read(path).is_ok(), "{name}");
        }
        let error = room.read(written("c.crt")).map(drop).unwrap_err();
        assert!(error.to_string().contains("c.crt"), "{error}");
    }
}

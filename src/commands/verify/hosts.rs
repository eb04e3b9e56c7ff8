//! `pgtls verify pg_hosts.conf`: every line of PostgreSQL 19's `pg_hosts.conf`.

use std::io;
use std::path::{Path, PathBuf};

use pgtls::check::{Label, Location};
use pgtls::diagnose::{
    Diagnosis, Finding, hosts_file_empty, hosts_file_error, hosts_file_unreadable, key_not_checked,
    never_sent, no_hosts_line,
};
use pgtls::report::EndpointReport;
use pgtls::trust::hosts_file::{self, Files, HostNames, HostsLine, Passphrase, line_for};
use pgtls::trust::server_files::CertificateFile;
use pgtls::trust::{Choice, Error, IdentityError, KeyFault, read_bounded};

use super::inputs::real;
use super::{Judge, Judged, server_files, trust, unusable};

/// A `pg_hosts.conf`, read once.
pub(super) struct HostsFile {
    path: PathBuf,
    lines: Result<Vec<HostsLine>, Diagnosis>,
}

impl HostsFile {
    /// Reads the file.
    pub(super) fn read(path: PathBuf) -> Self {
        let contents = read_bounded(&path);
        Self::of(path, contents.as_deref())
    }

    /// The lines of a file that was read, or not, and of those that it includes.
    pub(super) fn of(path: PathBuf, contents: Result<&[u8], &io::Error>) -> Self {
        let lines = contents
            .map_err(|error| hosts_file_unreadable(&path, error))
            .and_then(|text| lines_of(text, &path));
        Self { path, lines }
    }

    /// The certificates and CAs that the lines name; none if the file cannot be read, which its own report says.
    pub(super) fn named_files(&self) -> Vec<PathBuf> {
        let files = self
            .lines
            .iter()
            .flatten()
            .flat_map(|line| std::iter::once(&line.certificate).chain(&line.client_ca));
        files.map(|file| real(file)).collect()
    }

    /// One report for each name of each line. A line without names, `*` or `/no_sni/`, is judged for those of
    /// `hosts` that get it, or else without a name.
    pub(super) fn verify(&self, hosts: &[Vec<u8>], judge: &Judge<'_>) -> Vec<Judged> {
        match &self.lines {
            Ok(lines) => verify(&self.path, lines, hosts, judge),
            Err(diagnosis) => vec![unread(diagnosis)],
        }
    }
}

fn verify(file: &Path, lines: &[HostsLine], hosts: &[Vec<u8>], judge: &Judge<'_>) -> Vec<Judged> {
    let mut judged = Vec::new();
    for line in lines {
        let label = |name: &str| Label {
            name: Some(name.to_owned()),
            location: Some(Location {
                file: line.file.clone(),
                line: line.line,
            }),
        };
        let asked = hosts
            .iter()
            .filter(|host| line_for(lines, sni(host).as_deref()) == Some(line));
        let names: Vec<(String, Option<Vec<u8>>)> = match &line.names {
            HostNames::Named(names) => names
                .iter()
                .map(|name| (name.clone(), Some(name.clone().into_bytes())))
                .collect(),
            HostNames::Default => asked_or("*", asked),
            HostNames::WithoutSni => asked_or("/no_sni/", asked),
        };
        let files = files_of(line);
        for (name, host) in names {
            let (report, exit) = match &files {
                Err(diagnosis) => unread(diagnosis),
                Ok((chain, key)) => {
                    let sent = match line.names {
                        HostNames::Named(_) => never_sent(&name),
                        HostNames::Default | HostNames::WithoutSni => None,
                    };
                    // Nobody verifies a name that nobody sends.
                    let host = host.filter(|_| sent.is_none());
                    let findings: Vec<_> = key.iter().cloned().chain(sent).collect();
                    judge.chain_with(chain, host.as_ref(), &findings)
                }
            };
            judged.push((report.labelled(&label(&name)), exit));
        }
    }
    for host in hosts {
        let sni = sni(host);
        if line_for(lines, sni.as_deref()).is_none() {
            judged.push(unread(&no_hosts_line(file, host, sni.as_deref())));
        }
    }
    judged
}

fn lines_of(text: &[u8], file: &Path) -> Result<Vec<HostsLine>, Diagnosis> {
    let files = Files::new(&read_bounded, &entries);
    let lines = hosts_file::read(text, file, &files).map_err(|error| hosts_file_error(&error))?;
    if lines.is_empty() {
        return Err(hosts_file_empty(file));
    }
    Ok(lines)
}

/// As PostgreSQL, which passes over directories (`GetConfFilesInDir` in `conffiles.c`).
fn entries(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(directory)?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<_>>()?;
    paths.retain(|path| !path.is_dir());
    Ok(paths)
}

/// Is it a `pg_hosts.conf`, and not a certificate? What cannot be read is a certificate that cannot.
pub(super) fn is_hosts_file(file: &Path, contents: Option<&[u8]>) -> bool {
    let is_named = file.file_name().is_some_and(|name| name == FILE_NAME);
    let is_text = || contents.is_some_and(|text| memchr::memmem::find(text, PEM).is_none());
    is_named || file.extension().is_some_and(|end| end == "conf") && is_text()
}

const PEM: &[u8] = b"-----BEGIN ";

/// Its usual name (`hosts_file`).
pub(super) const FILE_NAME: &str = "pg_hosts.conf";

/// The chain of a line, and what was not checked of its files.
fn files_of(line: &HostsLine) -> Result<(Vec<Vec<u8>>, Option<Finding>), Diagnosis> {
    let certificate = CertificateFile::read(line.certificate.clone());
    let whole = server_files(&certificate, Some(&line.key));
    let (chain, finding) = match (whole, line.passphrase) {
        (
            Err(Error::Identity {
                error:
                    IdentityError::KeyInvalid {
                        fault: KeyFault::PasswordMissing,
                        ..
                    },
                ..
            }),
            Passphrase::Command,
        ) => {
            let chain = server_files(&certificate, None);
            (chain, Some(key_not_checked(&line.key)))
        }
        (whole, Passphrase::Command | Passphrase::None) => (whole, None),
    };
    let key = match finding {
        Some(_) => None,
        None => Some(&*line.key),
    };
    let chain = chain.map_err(|error| unusable(&line.certificate, key, &error))?;
    if let Some(ca) = &line.client_ca {
        trust(Some(&Choice::File(ca.clone())), None)?;
    }
    Ok((chain, finding))
}

/// What a client sends to reach this host: nothing if it is an address (`initialize_SSL`).
fn sni(host: &[u8]) -> Option<String> {
    let digits = |host: &[u8]| {
        host.iter()
            .all(|byte| byte.is_ascii_digit() || *byte == b'.')
    };
    (!digits(host) && !host.contains(&b':')).then(|| String::from_utf8_lossy(host).into_owned())
}

/// The hosts that were asked about, or else one report without a host.
fn asked_or<'a>(
    name: &str,
    asked: impl Iterator<Item = &'a Vec<u8>>,
) -> Vec<(String, Option<Vec<u8>>)> {
    let asked: Vec<_> = asked
        .map(|host| {
            (
                String::from_utf8_lossy(host).into_owned(),
                Some(host.clone()),
            )
        })
        .collect();
    if asked.is_empty() {
        return vec![(name.to_owned(), None)];
    }
    asked
}

fn unread(diagnosis: &Diagnosis) -> Judged {
    (EndpointReport::unread(diagnosis), diagnosis.exit)
}

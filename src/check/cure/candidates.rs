//! What to try next: the changes that the findings name, repairs of a string that cannot be read, and root files
//! that are near.

use std::path::{Path, PathBuf};

use super::{Case, Near, Reached, RootFile, State, shows_a_trusted_chain};
use crate::conninfo::{ConnInfo, Keyword, RootCert, SslMode, amended, repairs, shown_path, tidied};
use crate::diagnose::{Code, Contents, Fix, FixKind, Level, Made, corrected};
use crate::escape::Shown;
use crate::trust::{encode_pem, file, read_bounded, reordered, salvaged};
use crate::verify::has_signed;
use crate::x509::Certificate;

/// One change to try.
pub(super) struct Candidate {
    /// Which finding names it: its position among all of them.
    pub(super) finding: usize,
    pub(super) origin: Origin,
    pub(super) state: State,
}

/// Where a change comes from.
#[derive(Clone)]
pub(super) enum Origin {
    /// The advice has it: the positions of its changes among those of the finding, the last one decides.
    Advice(Vec<usize>),
    /// The string without a mistake that keeps it from being read.
    Repair,
    /// A root file that was found near: the words that announce it, and the string.
    Near(Shown, Box<Fix>),
    /// Such a file whose place another root took later: nothing is known of it.
    Replaced,
}

impl Case<'_> {
    /// What may lead further from here, most promising first.
    pub(super) fn candidates(&self, from: &State, here: &Reached) -> Vec<Candidate> {
        let text = from.text.expose();
        let repaired = match (&here.refusal, &here.diagnosis.error) {
            (Some(refusal), _) => Some(repairs(text, refusal)),
            // libpq reads it, but not as it was meant.
            (None, Some(error)) if error.code == Code::MangledConninfo => {
                Some(tidied(text).into_iter().collect())
            }
            (None, _) => None,
        };
        if let Some(texts) = repaired {
            let candidates = texts.into_iter().map(|text| Candidate {
                finding: 0,
                origin: Origin::Repair,
                state: State {
                    text,
                    supposed: from.supposed.clone(),
                },
            });
            return candidates.collect();
        }
        let mut found = Vec::new();
        // The names in a certificate prove nothing before its chain does.
        let names_count = shows_a_trusted_chain(&here.diagnosis);
        for (finding, one) in here.diagnosis.all().enumerate() {
            if one.code == Code::HostNameMismatch && !names_count {
                continue;
            }
            if one.level == Level::Error || one.code == Code::LibpqRootMissing {
                let fixes: Vec<&Fix> = one.hint.fixes().collect();
                found.extend(self.of_advice(from, finding, &fixes));
            }
        }
        found.truncate(MAX_CANDIDATES);
        if let Some(conninfo) = &here.conninfo {
            found.extend(self.of_root_files(from, here, conninfo));
        }
        found
    }

    /// Each string of a finding, with the files that the commands before it make.
    pub(super) fn of_advice(&self, from: &State, finding: usize, fixes: &[&Fix]) -> Vec<Candidate> {
        let mut made: Vec<&Made> = Vec::new();
        let mut commands: Vec<usize> = Vec::new();
        let mut found: Vec<Candidate> = Vec::new();
        let last = fixes.iter().rposition(|fix| fix.trial.is_some());
        for (index, fix) in fixes.iter().enumerate() {
            let Some(trial) = &fix.trial else { continue };
            made.extend(&trial.made);
            let string = fix.kind == FixKind::String;
            if !string {
                commands.push(index);
            }
            if string || (last == Some(index) && found.is_empty()) {
                let mut indices = commands.clone();
                indices.extend(string.then_some(index));
                let state = self.changed(from, &trial.settings(), &made);
                found.extend(state.map(|state| Candidate {
                    finding,
                    origin: Origin::Advice(indices),
                    state,
                }));
            }
        }
        found
    }

    /// Which changes of a hint cannot be tried: they need a file whose contents only the command knows.
    pub(super) fn untriable(&self, from: &State, fixes: &[&Fix]) -> Vec<usize> {
        let mut made: Vec<&Made> = Vec::new();
        let mut found = Vec::new();
        for (index, fix) in fixes.iter().enumerate() {
            let Some(trial) = &fix.trial else { continue };
            made.extend(&trial.made);
            if self.changed(from, &trial.settings(), &made).is_none() {
                found.push(index);
            }
        }
        found
    }

    /// A state with these settings and these files; `None` if a file cannot be had.
    pub(super) fn changed(
        &self,
        from: &State,
        changes: &[(Keyword, &[u8])],
        made: &[&Made],
    ) -> Option<State> {
        let mut state = from.clone();
        if !changes.is_empty() {
            state.text = amended(from.text.expose(), changes).ok()?;
        }
        for file in made {
            let path = file.path.clone();
            match &file.contents {
                Contents::Private => state.supposed.keep_private(path),
                Contents::Presented => {
                    let presented = self.wires.presented();
                    let pem = presented.iter().map(|der| encode_pem("CERTIFICATE", der));
                    state
                        .supposed
                        .contain(path, pem.collect::<String>().into_bytes());
                }
                Contents::Roots(roots) => {
                    let pem: String = roots.iter().map(|root| root.pem).collect();
                    state.supposed.contain(path, pem.into_bytes());
                }
                Contents::Converted(from) => {
                    let bytes = state.supposed.read(from).ok()?;
                    state.supposed.contain(path, salvaged(&bytes)?);
                }
                Contents::Reordered(from, first) => {
                    let bytes = state.supposed.read(from).ok()?;
                    state.supposed.contain(path, reordered(&bytes, *first)?);
                }
                Contents::Unknown => return None,
                Contents::Joined(parts) => {
                    let parts = parts.iter().map(|part| state.supposed.read(part).ok());
                    let parts: Option<Vec<Vec<u8>>> = parts.collect();
                    state.supposed.contain(path, parts?.concat());
                }
            }
        }
        Some(state)
    }

    /// The same string with each root file that is near, if the roots are what is wrong.
    fn of_root_files(&self, from: &State, here: &Reached, conninfo: &ConnInfo) -> Vec<Candidate> {
        let error = here.diagnosis.error.as_ref();
        let concerned = match error {
            Some(error) => matches!(
                error.code,
                Code::RootFileMissing
                    | Code::RootFileInvalid
                    | Code::RootExpired
                    | Code::SelfSigned
                    | Code::UnknownIssuer
            )
            .then_some(0),
            // Only psql misses them.
            None => {
                let mut findings = here.diagnosis.findings.iter();
                findings.position(|one| one.code == Code::LibpqRootMissing)
            }
        };
        let (Some(finding), None) = (concerned, &self.source.trust) else {
            return Vec::new();
        };
        let named = conninfo
            .sslrootcert
            .as_ref()
            .and_then(|setting| match &setting.value {
                RootCert::File(path) => Some(path.clone()),
                RootCert::System => None,
            });
        let files = self.near((named, conninfo.home_files.clone()));
        let mut found: Vec<Candidate> = files
            .into_iter()
            .filter_map(|file| {
                let path = file.path.as_os_str().as_encoded_bytes();
                self.with_root(from, conninfo, finding, path, file.announced())
            })
            .collect();
        if conninfo.sslmode.value == SslMode::VerifyFull {
            let lead = "A public certificate authority signed this chain, and this machine trusts it. libpq 16 and newer find it with sslrootcert=system.";
            found.extend(self.with_root(from, conninfo, finding, b"system", lead.to_owned()));
        }
        found
    }

    /// The root files that are near, looked for once.
    fn near(&self, place: Near) -> Vec<RootFile> {
        let mut known = self.clinic.near.borrow_mut();
        if let Some(found) = known.get(&place) {
            return found.clone();
        }
        let found = near(place.0.as_deref(), place.1.as_deref());
        known.insert(place, found.clone());
        found
    }

    fn with_root(
        &self,
        from: &State,
        conninfo: &ConnInfo,
        finding: usize,
        root: &[u8],
        lead: String,
    ) -> Option<Candidate> {
        let changes = [(Keyword::SslRootCert, root)];
        Some(Candidate {
            finding,
            origin: Origin::Near(lead.into(), Box::new(corrected(conninfo, &changes))),
            state: self.changed(from, &changes, &[])?,
        })
    }
}

impl RootFile {
    /// `None` if there are no certificates in it.
    fn of(path: PathBuf, place: &'static str) -> Option<Self> {
        let metadata = path.metadata().ok()?;
        if !metadata.is_file() || metadata.len() > MAX_SIZE {
            return None;
        }
        let contents = file::read(&read_bounded(&path).ok()?).ok()?;
        let certificates = contents.certificates.iter();
        // One that has the same subject as its CA is no root. In a store of many, one more changes nothing, and each
        // signature costs time.
        let is_store = contents.certificates.len() > FEW;
        let only_looks =
            |one: &Certificate| !is_store && one.is_self_issued() && !has_signed(one, one);
        let certificates: Vec<_> = certificates
            .map(|one| &one.certificate)
            .filter(|one| !only_looks(one))
            .collect();
        let roots = certificates
            .iter()
            .filter(|one| one.is_self_issued())
            .count();
        (!certificates.is_empty()).then_some(Self { path, place, roots })
    }

    /// What the advice to trust it says first.
    fn announced(&self) -> String {
        let (shown, place) = (shown_path(&self.path), self.place);
        let condition = match self.roots {
            0 | 1 => "Trust it only if you expect that certificate authority.".to_owned(),
            roots => format!(
                "It has {roots} roots: trust it only if you expect a certificate of any of them."
            ),
        };
        format!("\"{shown}\" {place} has the root that signed this chain. {condition}")
    }
}

/// The most certificates of a file whose signatures are looked at.
const FEW: usize = 8;

/// Files of certificates beside the named one, in the working directory and in libpq's own.
fn near(named: Option<&Path>, home_files: Option<&Path>) -> Vec<RootFile> {
    let beside = named
        .and_then(Path::parent)
        .filter(|parent| !parent.as_os_str().is_empty());
    let inside = named.filter(|named| named.is_dir());
    let places = [
        (inside, "in that directory"),
        (beside, "in the same directory"),
        (Some(Path::new("")), "in the working directory"),
        (home_files, "in libpq's own directory"),
    ];
    let mut found = above(named);
    for (directory, place) in places {
        let Some(directory) = directory else { continue };
        let read = match directory.as_os_str().is_empty() {
            true => Path::new(".").read_dir(),
            false => directory.read_dir(),
        };
        let Ok(entries) = read else { continue };
        let mut paths: Vec<PathBuf> = entries
            .take(MAX_ENTRIES)
            .flatten()
            .map(|entry| directory.join(entry.file_name()))
            .filter(|path| is_called_like_roots(path) && Some(&**path) != named)
            .collect();
        paths.sort_by_key(|path| (unlikeliness(path), path.clone()));
        for path in paths {
            let known = found.iter().any(|other| other.path == path);
            if found.len() < MAX_FILES && !known {
                found.extend(RootFile::of(path, place));
            }
        }
    }
    found
}

/// A relative path may have been meant from a directory above the working directory.
fn above(named: Option<&Path>) -> Vec<RootFile> {
    let Some(named) = named.filter(|named| named.is_relative() && !named.exists()) else {
        return Vec::new();
    };
    let named = named.strip_prefix(".").unwrap_or(named);
    let mut up = (1..=MAX_UP).map(|levels| Path::new(&"../".repeat(levels)).join(named));
    let found = up.find_map(|path| RootFile::of(path, "in a directory above"));
    found.into_iter().collect()
}

fn is_called_like_roots(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| {
        ["crt", "pem", "cer", "ca"].contains(&ending.to_ascii_lowercase().as_str())
    })
}

/// Small for the names that files of roots usually have.
fn unlikeliness(path: &Path) -> usize {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    let likely = ["root.crt", "root", "ca", "bundle"];
    likely
        .iter()
        .position(|part| name.starts_with(part))
        .unwrap_or(likely.len())
}

/// Directories above the working directory that are looked at.
const MAX_UP: usize = 5;

/// Changes of the advice that are tried at each step.
const MAX_CANDIDATES: usize = 10;

/// Root files that are tried.
const MAX_FILES: usize = 12;

/// Entries of a directory that are looked at.
const MAX_ENTRIES: usize = 1_000;

/// Bytes of a root file that is tried without being named.
const MAX_SIZE: u64 = 1 << 20;

//! What the user trusts: anchors with their source, CRLs, the client's own identity, and how much the mode
//! requires.
//!
//! Turns a [`TrustRequest`] into a [`Trust`], by the rules of `initialize_SSL` in PostgreSQL's fe-secure-openssl.c.
//! Files are read here.

mod archive;
mod bundled;
mod certificate_request;
mod chosen;
mod client_chain;
mod encryption;
mod error;
pub mod file;
mod form;
pub mod hosts_file;
pub mod identity;
mod identity_error;
mod identity_file;
mod pem;
mod pkcs12;
mod private_key;
mod public_half;
mod read;
pub mod removal;
mod request;
mod revocation;
mod root_set;
pub mod server_archive;
pub mod server_files;
mod shared;
mod similar;
mod store;
mod supposed;
mod system;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::conninfo::{Origin, RootCert, Setting, SslMode, SystemRoots};
use crate::workers::Weight;
use crate::x509::{Anchor, AnchorList, AnchorStore, Certificate, Crl, Name};

pub use archive::{ArchiveFault, is_archive};
pub use bundled::{BundledRoot, ROOTS, is_public, is_retired};
pub use certificate_request::{RequestFault, certificate_request};
pub use chosen::{Choice, Chooser, Chosen};
pub use client_chain::ChainFault;
pub use error::{Error, FileRole, NamedPath};
pub use file::{OddBlock, Oddity};
pub use identity::{Custody, Identity, IdentityError};
pub use pem::{PemFault, encode_pem};
pub use private_key::{Container, Encoding, KeyFault, KeyForm, Protection};
pub use read::{Mebibytes, read_at_most, read_bounded, read_stdin};
pub use request::TrustRequest;
pub use revocation::CrlSource;
pub use root_set::{AWS_PUBLIC, AZURE, LETS_ENCRYPT, PublicRoots, RootSet, SETS};
pub use shared::SharedTrust;
pub use supposed::{Supposed, reordered, salvaged};
pub use system::SystemStore;

use request::HomeFile;
use revocation::Lists;
use store::{Base, Store};

/// The anchors for a connection, and what must be verified.
#[derive(Debug)]
pub struct Trust {
    /// What must be verified for a pass.
    pub level: Level,
    /// Where the anchors come from.
    pub source: Source,
    /// What chose them, if it is not the string.
    pub chosen_by: Option<Chooser>,
    /// The CRLs to check against; `None` if revocation is not checked.
    pub crls: Option<Arc<[Crl]>>,
    /// Where they come from; `None` if revocation is not checked.
    pub crl_source: Option<CrlSource>,
    /// `~/.postgresql/root.crl`, if it exists but cannot be used. libpq continues without it.
    pub ignored_crl_file: Option<PathBuf>,
    /// The root file, if it begins with a UTF-8 byte-order mark, which not all clients skip.
    pub byte_order_mark: Option<PathBuf>,
    /// Certificates of the root file in blocks that not all clients read.
    pub odd_blocks: Vec<OddBlock>,
    /// What proves to the server who we are.
    pub identity: Option<Identity>,
    store: Store,
}

/// How much of the server's certificate must be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing: any certificate passes (`require` and weaker, without a root file).
    Encryption,
    /// The chain must reach an anchor (`verify-ca`, and weaker modes with a root file).
    Chain,
    /// The leaf must also name the host (`verify-full`).
    ChainAndName,
}

/// Where anchors come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The file that `sslrootcert` names.
    SslRootCert {
        /// As the user wrote it.
        path: PathBuf,
        /// What set it.
        origin: Origin,
    },
    /// `--trust FILE`.
    Option {
        /// As the user wrote it.
        path: PathBuf,
    },
    /// `~/.postgresql/root.crt`.
    Home {
        /// The whole path.
        path: PathBuf,
    },
    /// The machine's store.
    System,
    /// The roots of `certs/`, all or one.
    Bundled,
    /// Mozilla's list.
    Mozilla,
    /// Nothing was configured: the roots of `certs/`, then Mozilla's list.
    Fallback,
}

impl Trust {
    /// Finds out what a connection trusts, reading the files that the request names: roots, CRLs, then the client's
    /// own certificate, in libpq's order.
    ///
    /// # Errors
    /// [`Error`] for a file that is named, or is in its default place, and cannot be used.
    pub fn gather(request: &TrustRequest) -> Result<Self, Error> {
        let roots = match &request.chosen {
            Some(chosen) => self::chosen(&chosen.choice, &request.system_roots, &request.supposed)?,
            None => configured(request)?,
        };
        let level = level(request.sslmode, &roots.source);
        let mut lists = revocation::gather(request, roots.crls)?;
        if level == Level::Encryption || request.takes_no_crls() {
            // libpq reads CRLs only if there is a root file. We read them above anyway, because a named file must
            // be usable.
            lists = Lists::default();
        }
        if request.chosen.is_some() || roots.source == Source::Fallback {
            lists = lists.without_anchors();
        }
        Ok(Self {
            level,
            source: roots.source,
            chosen_by: request.chosen.as_ref().map(|chosen| chosen.by),
            crls: lists.crls,
            crl_source: lists.source,
            ignored_crl_file: lists.ignored,
            byte_order_mark: roots.byte_order_mark,
            odd_blocks: roots.odd_blocks,
            identity: identity::load(&request.identity())?,
            store: Store {
                base: roots.base,
                from_crl_file: lists.anchors,
                crl_directories: lists.directories,
            },
        })
    }

    /// Trust without a connection string: these anchors, or else the built-in ones, and the CRLs of this file. The
    /// caller decides about the level.
    ///
    /// # Errors
    /// [`Error`] for a file that cannot be used.
    pub fn offline(
        choice: Option<&Choice>,
        crl_file: Option<&Path>,
        system_roots: &SystemRoots,
    ) -> Result<Self, Error> {
        Self::offline_supposing(choice, crl_file, system_roots, Supposed::nothing())
    }

    /// The same, if that is supposed about the files.
    ///
    /// # Errors
    /// The same.
    pub fn offline_supposing(
        choice: Option<&Choice>,
        crl_file: Option<&Path>,
        system_roots: &SystemRoots,
        supposed: &Supposed,
    ) -> Result<Self, Error> {
        let roots = match choice {
            Some(choice) => chosen(choice, system_roots, supposed)?,
            None => Roots::built_in(Base::Fallback, Source::Fallback),
        };
        let mut lists = match crl_file {
            Some(path) => revocation::of_file(path, None, roots.crls, supposed)?,
            None => Lists::default(),
        };
        if !matches!(choice, Some(Choice::File(_))) {
            lists = lists.without_anchors();
        }
        Ok(Self {
            level: Level::ChainAndName,
            source: roots.source,
            chosen_by: choice.map(|_| Chooser::Verify),
            crls: lists.crls,
            crl_source: lists.source,
            ignored_crl_file: None,
            byte_order_mark: roots.byte_order_mark,
            odd_blocks: roots.odd_blocks,
            identity: None,
            store: Store {
                base: roots.base,
                from_crl_file: lists.anchors,
                crl_directories: Vec::new(),
            },
        })
    }

    /// Trust in nobody: a server is looked at, refused, and gets nothing.
    pub fn nobody() -> Self {
        Self {
            level: Level::Chain,
            source: Source::Bundled,
            chosen_by: None,
            crls: None,
            crl_source: None,
            ignored_crl_file: None,
            byte_order_mark: None,
            odd_blocks: Vec::new(),
            identity: None,
            store: Store {
                base: Base::Listed(AnchorList::default()),
                from_crl_file: AnchorList::default(),
                crl_directories: Vec::new(),
            },
        }
    }

    /// Every anchor that was read from a root file, in the file's order; the built-in lists and the
    /// machine's store are searched by name only.
    pub fn listed(&self) -> Vec<&Certificate> {
        self.store.listed()
    }

    /// Whether an anchor is one of the roots, and does not come from a CRL file or directory.
    pub fn is_root(&self, anchor: &Certificate) -> bool {
        let roots = self.store.base.by_subject(&anchor.subject);
        roots.iter().any(|root| root.certificate.der == anchor.der)
    }

    /// How much work it is to judge a chain with it.
    pub fn weight(&self) -> Weight {
        let lists = self.crls.iter().flat_map(|crls| crls.iter());
        let octets: usize = lists.map(|crl| crl.der.len()).sum();
        if octets > LIGHT_CRLS || self.listed().len() > LIGHT_ANCHORS {
            Weight::Heavy
        } else {
            Weight::Light
        }
    }

    /// The variables that say where the machine's store is, if that is the source of trust.
    pub fn system_roots(&self) -> Option<&SystemRoots> {
        self.store.system().map(SystemStore::named)
    }

    /// The file that `SSL_CERT_FILE` names, if the machine's store is the source of trust and nothing can be read
    /// from it.
    pub fn useless_system_file(&self) -> Option<&Path> {
        self.store.system().and_then(SystemStore::useless_file)
    }

    /// Is the machine's store the source of trust, and is it empty?
    pub fn system_is_empty(&self) -> bool {
        self.store.system().is_some_and(SystemStore::is_empty)
    }
}

impl AnchorStore for Trust {
    fn by_subject(&self, subject: &Name) -> Vec<Arc<Anchor>> {
        self.store.by_subject(subject)
    }
}

/// Bytes of CRLs that are hashed within a millisecond.
const LIGHT_CRLS: usize = 256 * 1024;

/// Some times the number of public roots.
const LIGHT_ANCHORS: usize = 1_000;

/// Anchors, where they come from, and the CRLs of the same file.
struct Roots {
    base: Base,
    source: Source,
    crls: Vec<Crl>,
    byte_order_mark: Option<PathBuf>,
    odd_blocks: Vec<OddBlock>,
}

impl Roots {
    fn built_in(base: Base, source: Source) -> Self {
        Self {
            base,
            source,
            crls: Vec::new(),
            byte_order_mark: None,
            odd_blocks: Vec::new(),
        }
    }

    fn load(
        path: &Path,
        origin: Option<&Origin>,
        source: Source,
        supposed: &Supposed,
    ) -> Result<Self, Error> {
        let role = FileRole::Roots;
        let bytes = supposed
            .read(path)
            .map_err(|error| Error::io(role, path, origin, error))?;
        let contents =
            file::read(&bytes).map_err(|fault| Error::unusable(role, path, origin, fault))?;
        let base = Base::Listed(AnchorList::new(contents.certificates));
        Ok(Self {
            base,
            source,
            crls: contents.crls,
            byte_order_mark: contents.byte_order_mark.then(|| path.to_owned()),
            odd_blocks: contents.odd_blocks,
        })
    }
}

fn chosen(
    choice: &Choice,
    system_roots: &SystemRoots,
    supposed: &Supposed,
) -> Result<Roots, Error> {
    Ok(match choice {
        Choice::Bundled => Roots::built_in(Base::Bundled(&ROOTS), Source::Bundled),
        Choice::BundledRoot(root) => {
            Roots::built_in(Base::Bundled(std::slice::from_ref(root)), Source::Bundled)
        }
        Choice::Mozilla => Roots::built_in(Base::Mozilla, Source::Mozilla),
        Choice::System => {
            Roots::built_in(Base::System(SystemStore::new(system_roots)), Source::System)
        }
        Choice::File(path) => {
            let source = Source::Option { path: path.clone() };
            Roots::load(path, None, source, supposed)?
        }
    })
}

fn configured(request: &TrustRequest) -> Result<Roots, Error> {
    if let Some(Setting { value, origin }) = &request.sslrootcert {
        return match value {
            RootCert::System => Ok(Roots::built_in(
                Base::System(SystemStore::new(&request.system_roots)),
                Source::System,
            )),
            RootCert::File(path) => {
                let source = Source::SslRootCert {
                    path: path.clone(),
                    origin: origin.clone(),
                };
                Roots::load(path, Some(origin), source, &request.supposed)
            }
        };
    }
    let home = request.home_file(HomeFile::Roots);
    let supposed = &request.supposed;
    match home.filter(|path| supposed.contains(path) || path.metadata().is_ok()) {
        Some(path) => Roots::load(&path, None, Source::Home { path: path.clone() }, supposed),
        None => Ok(Roots::built_in(Base::Fallback, Source::Fallback)),
    }
}

/// libpq verifies the chain in every mode in which it has a root file.
fn level(mode: SslMode, source: &Source) -> Level {
    match (mode, source) {
        (SslMode::VerifyFull, _) => Level::ChainAndName,
        (SslMode::VerifyCa, _) => Level::Chain,
        (_, Source::Fallback) => Level::Encryption,
        (SslMode::Disable | SslMode::Allow | SslMode::Prefer | SslMode::Require, _) => Level::Chain,
    }
}

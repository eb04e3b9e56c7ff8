//! Which roots a client verifies with.

use super::anchors::Anchors;
use super::profile::{Blocks, Check, Profile, RootFile, System, Taken, Use, Without};
use super::question::Question;
use super::verifier::Depth;
use super::{Objection, Obstacle, objection};
use crate::conninfo::{Origin, RootCert};
use crate::trust::{self, FileRole, OddBlock, Oddity, Source, Trust};

/// What a client verifies with.
pub(super) struct Plan<'a> {
    pub(super) anchors: Anchors<'a>,
    /// The trust whose CRLs are used.
    pub(super) trust: &'a Trust,
    pub(super) depth: Depth,
    /// A sentence before a refusal, if the roots are not those of the string.
    pub(super) preface: &'static str,
}

/// The root file as one client sees it.
pub(super) enum SeenRoots<'a> {
    None,
    Usable(&'a Trust),
    Unusable(Objection),
    System,
}

impl<'a> Question<'a> {
    /// What to verify with; `None` if nothing is verified.
    pub(super) fn plan(
        &self,
        check: Check,
        roots: SeenRoots<'a>,
    ) -> Result<Option<Plan<'a>>, Objection> {
        let rules = &self.profile.roots;
        let depth = match check {
            Check::Nothing => return Ok(None),
            Check::ChainIfRoots | Check::Chain => Depth::Chain,
            Check::ChainAndName => Depth::ChainAndName,
        };
        let (trust, taken, preface) = match (roots, check) {
            (SeenRoots::Usable(trust), _) => (trust, rules.taken, ""),
            (SeenRoots::None, Check::ChainIfRoots) => return Ok(None),
            (SeenRoots::Unusable(objection), Check::ChainIfRoots)
                if rules.file == RootFile::Lenient
                    && objection.obstacle == Obstacle::RootFileMissing =>
            {
                return Ok(None);
            }
            (SeenRoots::Unusable(objection), _) => return Err(objection),
            (SeenRoots::System, _) => (self.facts.machine, Taken::All, MACHINE),
            (SeenRoots::None, _) => match self.store(rules.without) {
                Some(trust) => (trust, Taken::All, self.preface()),
                None => {
                    let reason = "it needs a root file to verify, but none is set";
                    return Err(objection(Obstacle::NoRoots, reason));
                }
            },
        };
        Ok(Some(Plan {
            anchors: self
                .read_anchors(trust, taken)?
                .and(self.store(rules.beside)),
            trust,
            depth,
            preface,
        }))
    }

    /// The anchors of a root file, as far as the client reads its blocks.
    pub(super) fn read_anchors(
        &self,
        trust: &'a Trust,
        taken: Taken,
    ) -> Result<Anchors<'a>, Objection> {
        let all = Anchors::of(trust, taken);
        let refused = |what: &str| objection(Obstacle::RootFileInvalid, what);
        let odd = trust.odd_blocks.iter();
        let unseen: Vec<&OddBlock> = match self.profile.roots.blocks {
            Blocks::All | Blocks::Unmeasured => return Ok(all),
            Blocks::Certificates => odd.collect(),
            Blocks::CertificatesAlsoBehindMark => {
                odd.filter(|odd| odd.oddity != Oddity::BehindMark).collect()
            }
            Blocks::Java => {
                let fault = odd.filter_map(|odd| match odd.oddity {
                    Oddity::BehindMark => Some("it refuses the root file: a byte-order mark stands at its start"),
                    Oddity::TrustedFor => Some("it refuses the root file: it does not parse a TRUSTED CERTIFICATE with trust settings"),
                    Oddity::Trusted | Oddity::OldLabel => None,
                });
                return fault.map(refused).next().map_or(Ok(all), Err);
            }
        };
        match unseen.as_slice() {
            [first, ..] if unseen.len() == trust.listed().len() => {
                Err(refused(match first.oddity {
                    Oddity::Trusted | Oddity::TrustedFor => {
                        "it skips TRUSTED CERTIFICATE blocks, so it finds no certificate in the root file"
                    }
                    Oddity::OldLabel => {
                        "it skips X509 CERTIFICATE blocks, so it finds no certificate in the root file"
                    }
                    Oddity::BehindMark => {
                        "it does not see the certificate behind the byte-order mark of the root file"
                    }
                }))
            }
            _ => Ok(all.without(unseen)),
        }
    }

    /// Why it is not known which certificates of the root file the client reads.
    pub(super) fn unmeasured_blocks(&self, trust: &Trust) -> Option<Objection> {
        let unmeasured = self.profile.roots.blocks == Blocks::Unmeasured;
        (unmeasured && !trust.odd_blocks.is_empty()).then(|| {
            let reason =
                "it was not measured which blocks other than CERTIFICATE it reads from a root file";
            objection(Obstacle::RootFileInvalid, reason)
        })
    }

    /// A sentence about the roots that are used without a root file.
    fn preface(&self) -> &'static str {
        match (self.profile.roots.file, self.profile.roots.without) {
            (RootFile::Never, _) => "it does not use sslrootcert, and trusts only public roots: ",
            (_, Without::Mozilla) => "no root file is set for it, so it trusts only public roots: ",
            (_, Without::Machine) => MACHINE,
            (_, Without::Nobody | Without::Program) => "",
        }
    }

    fn store(&self, which: Without) -> Option<&'a Trust> {
        match which {
            Without::Nobody => None,
            Without::Machine => Some(self.facts.machine),
            Without::Mozilla => Some(self.facts.mozilla),
            Without::Program => self.facts.given,
        }
    }

    /// `sslrootcert`, if this client sees it.
    pub(super) fn root_setting(&self) -> Option<&'a RootCert> {
        let setting = self.facts.conninfo.sslrootcert.as_ref()?;
        let Profile { sources, roots, .. } = self.profile;
        let read = match (&setting.origin, roots.file) {
            (_, RootFile::Program) | (Origin::String { .. }, _) => Use::Used,
            (Origin::Environment(_), _) => sources.root_variable,
            (Origin::Service { .. }, _) => sources.services,
            (Origin::Default, _) => Use::Ignored,
        };
        (read == Use::Used).then_some(&setting.value)
    }

    pub(super) fn roots(&self) -> SeenRoots<'a> {
        let rules = &self.profile.roots;
        if rules.file == RootFile::Never {
            return SeenRoots::None;
        }
        match (self.root_setting(), rules.system) {
            (Some(RootCert::System), System::Word) => return SeenRoots::System,
            (Some(RootCert::System), System::Own | System::OwnVerified) => {
                return SeenRoots::None;
            }
            (Some(RootCert::System), System::File) => {
                let missing =
                    "it does not know sslrootcert=system, and looks for a file of that name";
                return SeenRoots::Unusable(objection(Obstacle::RootFileMissing, missing));
            }
            (Some(RootCert::File(_)), _) => {}
            (None, _)
                if self.facts.conninfo.sslrootcert.is_some() || rules.home == Use::Ignored =>
            {
                return SeenRoots::None;
            }
            (None, _) => {}
        }
        match self.facts.own {
            Ok(trust) => match trust.source {
                Source::SslRootCert { .. } | Source::Home { .. } => SeenRoots::Usable(trust),
                Source::Option { .. }
                | Source::System
                | Source::Bundled
                | Source::Mozilla
                | Source::Fallback => SeenRoots::None,
            },
            Err(error) => SeenRoots::Unusable(unusable(error)),
        }
    }
}

fn unusable(error: &trust::Error) -> Objection {
    let obstacle = match error {
        trust::Error::Missing {
            role: FileRole::Roots,
            ..
        } => Obstacle::RootFileMissing,
        trust::Error::Missing {
            role: FileRole::Crls | FileRole::CrlDirectory,
            ..
        }
        | trust::Error::Unreadable { .. }
        | trust::Error::Unusable { .. }
        | trust::Error::Identity { .. } => Obstacle::RootFileInvalid,
    };
    objection(obstacle, error.to_string())
}

const MACHINE: &str = "it trusts the roots of this machine: ";

//! What the report says of the roots: whose they are, and what decided about them.

use super::super::times::instant;
use super::super::{TrustReport, TrustSource};
use crate::conninfo::{Origin, SystemRoots, shown_path};
use crate::escape::{Shown, escape};
use crate::trust::{BundledRoot, Chooser, CrlSource, Source, Trust};
use crate::verify::Judgement;

/// What decides about the roots, if it is not the string alone.
fn trust_origin(trust: &Trust) -> Option<Shown> {
    let set = match &trust.source {
        Source::SslRootCert { origin, .. } => match origin {
            Origin::String { .. } => None,
            Origin::Service { .. } | Origin::Environment(_) | Origin::Default => {
                Some(origin.to_string())
            }
        },
        Source::Option { .. }
        | Source::Home { .. }
        | Source::System
        | Source::Bundled
        | Source::Mozilla
        | Source::Fallback => None,
    };
    let chosen = trust.chosen_by.map(|chooser| chooser.name().to_owned());
    let variables = trust.system_roots().and_then(system_variables);
    let all: Vec<String> = [set, chosen, variables].into_iter().flatten().collect();
    (!all.is_empty()).then(|| escape(&all.join(", ")).into())
}

/// The variables that move the machine's store.
fn system_variables(roots: &SystemRoots) -> Option<String> {
    let file = roots
        .file
        .as_ref()
        .map(|file| format!("SSL_CERT_FILE={}", shown_path(file)));
    let directories = roots.directories.as_ref().map(|directories| {
        let shown: Vec<String> = directories.iter().map(|one| shown_path(one)).collect();
        format!("SSL_CERT_DIR={}", shown.join(":"))
    });
    let all: Vec<String> = [file, directories].into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join(", "))
}

pub(super) fn trust_report(trust: &Trust, judgement: &Judgement) -> TrustReport {
    let anchor = judgement.anchors().next_back();
    let (source, path) = match &trust.source {
        Source::SslRootCert { path, .. } => (TrustSource::SslRootCert, Some(path)),
        Source::Option { path } => match trust.chosen_by {
            // The option of `verify` has this name.
            Some(Chooser::Verify) => (TrustSource::SslRootCert, Some(path)),
            Some(Chooser::Option | Chooser::Config) | None => (TrustSource::Trust, Some(path)),
        },
        Source::Home { path } => (TrustSource::Home, Some(path)),
        Source::System => (TrustSource::System, None),
        Source::Bundled => (TrustSource::Bundled, None),
        Source::Mozilla => (TrustSource::Mozilla, None),
        Source::Fallback => match anchor {
            Some(anchor) if BundledRoot::of(anchor).is_none() => (TrustSource::Mozilla, None),
            _ => (TrustSource::Bundled, None),
        },
    };
    TrustReport {
        source: source.into(),
        path: path.map(|path| shown_path(path).into()),
        origin: trust_origin(trust),
        crl: trust.crl_source.as_ref().map(|source| match source {
            CrlSource::Named { .. } => source.to_string().into(),
            CrlSource::Home(_) => format!("{source} (home)").into(),
        }),
        anchor: anchor.map(|anchor| Shown::new(&anchor.subject.text)),
        anchor_not_after: anchor.map(|anchor| instant(anchor.not_after).into()),
    }
}

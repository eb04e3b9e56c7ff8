//! Roots that the public stores will remove.

use super::{Code, Finding, Level, Stage};
use crate::diagnose::Context;
use crate::diagnose::calendar::span;
use crate::escape::escape;
use crate::trust::removal::{Basis, Day, SOURCE};
use crate::trust::{BundledRoot, Source};
use crate::verify::Judgement;
use crate::x509::Certificate;

/// What will fail although no certificate expires; nothing where a file contains the root.
pub(super) fn of_root(context: &Context<'_>, judgement: &Judgement) -> Option<Finding> {
    let anchor = judgement
        .anchors()
        .next_back()
        .filter(|_| judgement.path.faults.is_empty())?;
    coming(&context.trust.source, anchor, context.rules.now)
}

fn coming(source: &Source, anchor: &Certificate, now: i64) -> Option<Finding> {
    let store = match source {
        Source::System => "the root store of this machine (sslrootcert=system)",
        Source::Mozilla => "Mozilla's list",
        Source::Fallback if BundledRoot::of(anchor).is_none() => "Mozilla's list",
        Source::Fallback
        | Source::SslRootCert { .. }
        | Source::Option { .. }
        | Source::Home { .. }
        | Source::Bundled => return None,
    };
    let removal = Day::of(anchor)?;
    let left = removal
        .instant()
        .checked_sub(now)
        .filter(|left| *left > 0)?;
    let level = match left < A_YEAR {
        true => Level::Warning,
        false => Level::Info,
    };
    let expected = match removal.basis {
        Basis::Announced => "",
        Basis::Inferred => " is expected to",
    };
    let verb = match removal.basis {
        Basis::Announced => "removes",
        Basis::Inferred => "remove",
    };
    let message = format!(
        "Mozilla{expected} {verb} the root \"{}\" on {}, in {}, and the other public stores follow: then {store} will not know it",
        escape(&anchor.subject.text),
        removal,
        span(left)
    );
    Some(
        Finding::new(level, Code::RootRemoval, Stage::Verify, message).hint(format!(
            "Before then the server must move to another root, or this client must trust the root by a file (sslrootcert=FILE), which keeps working. Source: {SOURCE}"
        )),
    )
}

/// In seconds.
const A_YEAR: i64 = 365 * 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_string_that_relies_on_a_store_is_warned() {
        let g2 = BundledRoot::by_name("digicert-global-root-g2")
            .unwrap()
            .certificate()
            .unwrap();
        // 2029-04-15
        let end = Day::of(&g2).unwrap().instant();
        let level = |source: &Source, now: i64| coming(source, &g2, now).map(|found| found.level);
        for store in [Source::System, Source::Mozilla] {
            assert_eq!(level(&store, end - 2 * A_YEAR), Some(Level::Info));
            assert_eq!(level(&store, end - A_YEAR + 1), Some(Level::Warning));
            assert_eq!(level(&store, end), None);
        }
        let path = std::path::PathBuf::from("root.crt");
        for file in [
            Source::Home { path: path.clone() },
            Source::Option { path },
            Source::Bundled,
            Source::Fallback,
        ] {
            assert_eq!(level(&file, end - 1), None);
        }
    }
}

//! Advice about files that cannot be used, judged before it is shown: the reader that refused a file reads what the
//! command would leave.

use std::path::{Path, PathBuf};

use crate::diagnose::{Contents, Diagnosis, Hint, Settled, Trial};
use crate::trust::{Supposed, reordered, salvaged};

/// Files as a command leaves them, and which new file takes the place of which.
#[derive(Debug, Default)]
pub struct Changed {
    /// What is supposed about the files.
    pub supposed: Supposed,
    renamed: Vec<(PathBuf, PathBuf)>,
}

impl Changed {
    /// What to read instead of this file.
    pub fn path<'a>(&'a self, path: &'a Path) -> &'a Path {
        let mut renamed = self.renamed.iter();
        renamed
            .find(|(from, _)| from == path)
            .map_or(path, |(_, to)| to)
    }

    /// `None` if only the command knows what it leaves.
    fn by(trial: &Trial) -> Option<Self> {
        let mut changed = Self::default();
        for made in &trial.made {
            let (from, contents) = match &made.contents {
                Contents::Private => {
                    changed.supposed.keep_private(made.path.clone());
                    continue;
                }
                // A pipe can be read only once.
                Contents::Converted(from) | Contents::Reordered(from, _) if !from.is_file() => {
                    return None;
                }
                Contents::Converted(from) => (from, salvaged(&changed.supposed.read(from).ok()?)?),
                Contents::Reordered(from, first) => {
                    let bytes = changed.supposed.read(from).ok()?;
                    (from, reordered(&bytes, *first)?)
                }
                Contents::Roots(roots) => {
                    let pem: String = roots.iter().map(|root| root.pem).collect();
                    (&made.path, pem.into_bytes())
                }
                Contents::Presented | Contents::Joined(_) | Contents::Unknown => return None,
            };
            changed.supposed.contain(made.path.clone(), contents);
            changed.renamed.push((from.clone(), made.path.clone()));
        }
        Some(changed)
    }
}

/// The diagnosis of files that cannot be used, with only the commands that lead to files that can, or to the next fault,
/// which is named. `again` reads them as changed; `None` if they can be used.
#[must_use]
pub fn judged_files(
    mut diagnosis: Diagnosis,
    again: impl Fn(&Changed) -> Option<Diagnosis>,
) -> Diagnosis {
    let Some(error) = &mut diagnosis.error else {
        return diagnosis;
    };
    let (code, message) = (error.code, error.message.clone());
    let mut left = None;
    let hint = std::mem::take(&mut error.hint).settled(|fix| {
        let changed = fix.trial.as_ref().and_then(Changed::by);
        let Some(changed) = changed else {
            return Settled::Kept(fix);
        };
        match again(&changed).and_then(|next| next.error) {
            None => Settled::Kept(fix.proven()),
            Some(next) if next.code == code && next.message == message => Settled::LeftOut,
            Some(next) => {
                left = Some(format!(
                    "After that, this is left: {}: {}.",
                    next.code, next.message
                ));
                Settled::Kept(fix.proven())
            }
        }
    });
    error.hint = hint.and(left.map(Hint::say));
    diagnosis
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::{Code, Finding, Fix, Level, Stage};
    use crate::exit::Exit;

    fn refused(message: &str, hint: Hint) -> Diagnosis {
        let error = Finding {
            level: Level::Error,
            code: Code::ServerCertFileInvalid,
            stage: Stage::Trust,
            message: message.into(),
            hint,
        };
        Diagnosis {
            exit: Exit::Usage,
            error: Some(error),
            findings: Vec::new(),
        }
    }

    #[test]
    fn only_a_command_that_leads_further_is_shown() {
        let convert = |contents| {
            Hint::say("It is DER. Convert it:").fix(Fix::command("openssl").making("new", contents))
        };
        let private = || convert(Contents::Private);
        let told = |hint, again: Option<&str>| {
            let diagnosis = judged_files(refused("it is DER", hint), |_| {
                again.map(|message| refused(message, Hint::default()))
            });
            let proven = diagnosis.proven().count();
            (diagnosis.error.unwrap().hint.to_string(), proven)
        };
        let whole = "It is DER. Convert it:\n    openssl".to_owned();
        assert_eq!(told(private(), None), (whole.clone(), 1));
        assert_eq!(
            told(private(), Some("it is DER")),
            ("It is DER.".to_owned(), 0)
        );
        let next = "After that, this is left: server-cert-file-invalid: it is weak.";
        assert_eq!(
            told(private(), Some("it is weak")),
            (format!("{whole}\n{next}"), 1)
        );
        // Only the command knows the passphrase.
        assert_eq!(
            told(convert(Contents::Unknown), Some("it is DER")),
            (whole, 0)
        );
    }
}

//! Advice about files that cannot be used, judged before it is shown: the reader that refused a file reads what the
//! command would leave.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::conninfo::shown_path;
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

    /// Whether it is read from elsewhere than before.
    fn replaces(&self, path: &Path) -> bool {
        self.renamed.iter().any(|(from, _)| from == path)
    }

    /// A message about the new files, as one about those that they take the place of.
    fn about_the_old(&self, message: &str) -> String {
        let quoted = |path: &Path| format!("\"{}\"", shown_path(path));
        self.renamed
            .iter()
            .fold(message.to_owned(), |message, (from, to)| {
                message.replace(&quoted(to), &quoted(from))
            })
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
/// which is named if every command leads to it. `again` reads these files as changed; `None` if they can be used.
#[must_use]
pub fn judged_files(
    mut diagnosis: Diagnosis,
    files: &[&Path],
    again: impl Fn(&Changed) -> Option<Diagnosis>,
) -> Diagnosis {
    let Some(error) = &mut diagnosis.error else {
        return diagnosis;
    };
    let (code, message) = (error.code, error.message.to_string());
    let mut left: BTreeSet<Option<String>> = BTreeSet::new();
    let hint = std::mem::take(&mut error.hint).settled(|fix| {
        let changed = fix.trial.as_ref().and_then(Changed::by);
        let readable = |changed: &Changed| {
            let mut unchanged = files.iter().filter(|file| !changed.replaces(file));
            unchanged.all(|file| !is_read_once(file))
        };
        let Some(changed) = changed.filter(readable) else {
            left.insert(None);
            return Settled::Kept(fix);
        };
        let next = again(&changed).and_then(|next| next.error);
        match next.map(|next| (next.code, changed.about_the_old(&next.message))) {
            Some((same, again)) if same == code && again == message => return Settled::LeftOut,
            next => left.insert(
                next.map(|(code, message)| format!("After that, this is left: {code}: {message}.")),
            ),
        };
        Settled::Kept(fix.proven())
    });
    // Where the commands lead to different ends, "that" would mean none of them.
    let left = left.pop_first().filter(|_| left.is_empty()).flatten();
    error.hint = hint.and(left.map(Hint::say));
    diagnosis
}

/// A pipe, such as a shell's `<(...)`, is empty the second time.
fn is_read_once(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
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

    fn convert(contents: Contents) -> Hint {
        Hint::say("It is DER. Convert it:").fix(Fix::command("openssl").making("new", contents))
    }

    /// The advice, and how many commands of it are proven.
    fn told(
        hint: Hint,
        files: &[&Path],
        again: impl Fn(&Changed) -> Option<&'static str>,
    ) -> (String, usize) {
        let again =
            |changed: &Changed| again(changed).map(|message| refused(message, Hint::default()));
        let diagnosis = judged_files(refused("it is DER", hint), files, again);
        let proven = diagnosis.proven().count();
        (diagnosis.error.unwrap().hint.to_string(), proven)
    }

    const WHOLE: &str = "It is DER. Convert it:\n    openssl";

    #[test]
    fn only_a_command_that_leads_further_is_shown() {
        let private = || convert(Contents::Private);
        assert_eq!(told(private(), &[], |_| None), (WHOLE.into(), 1));
        assert_eq!(
            told(private(), &[], |_| Some("it is DER")),
            ("It is DER.".into(), 0)
        );
        let next = "After that, this is left: server-cert-file-invalid: it is weak.";
        assert_eq!(
            told(private(), &[], |_| Some("it is weak")),
            (format!("{WHOLE}\n{next}"), 1)
        );
        // Only the command knows the passphrase.
        assert_eq!(
            told(convert(Contents::Unknown), &[], |_| Some("it is DER")),
            (WHOLE.into(), 0)
        );
    }

    #[test]
    fn what_is_left_is_said_only_if_it_is_left_after_every_command() {
        let two = || {
            convert(Contents::Private)
                .then("Or:")
                .fix(Fix::command("other").making("else", Contents::Private))
        };
        let both = format!("{WHOLE}\nOr:\n    other");
        let mut other = Supposed::default();
        other.keep_private("else".into());
        let after_one = told(two(), &[], |changed| {
            (changed.supposed == other).then_some("it is weak")
        });
        assert_eq!(after_one, (both.clone(), 2));
        let after_both = told(two(), &[], |_| Some("it is weak"));
        let next = "After that, this is left: server-cert-file-invalid: it is weak.";
        assert_eq!(after_both, (format!("{both}\n{next}"), 2));
    }

    #[test]
    fn the_same_fault_of_the_new_file_is_the_same_fault() {
        let changed = Changed {
            renamed: vec![("old.crt".into(), "new.crt".into())],
            ..Changed::default()
        };
        assert_eq!(
            changed.about_the_old("\"new.crt\" is empty, not a renew.crt"),
            "\"old.crt\" is empty, not a renew.crt"
        );
    }

    #[cfg(unix)]
    #[test]
    fn what_can_be_read_only_once_is_not_read_again() {
        let again = |_: &Changed| -> Option<&'static str> { panic!("it was read again") };
        let files = [Path::new("/dev/null")];
        assert_eq!(
            told(convert(Contents::Private), &files, again),
            (WHOLE.into(), 0)
        );
    }
}

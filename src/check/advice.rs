//! The advice of other commands than `check`, judged by the same rules.

use std::time::Duration;

use super::cure::{Clinic, Words, judged};
use super::endpoint::{Clock, patience};
use super::{CheckRequest, Checked, Source, Subject};
use crate::conninfo::{ConnInfo, Error, Secret, Word, World, parse, repairs, tidied};
use crate::diagnose::{Aim, Diagnosis, Fix, Hint};
use crate::dialect::View;
use crate::escape::Shown;

/// Judges advice before it is shown.
pub struct Advisor<'a> {
    clinic: Clinic<'a>,
}

impl<'a> Advisor<'a> {
    /// For checks of this request, and for what they are for.
    pub fn new(request: &CheckRequest, world: &'a dyn World, aim: Aim) -> Self {
        Self {
            clinic: Clinic::new(world, Clock::starting(request), aim),
        }
    }

    /// The diagnosis of a string, or of one of its endpoints, with only the advice that helps. `words` is the string as
    /// libpq reads it, and what its driver sees of the machine; without them it is the string itself.
    pub async fn judged(
        &self,
        source: &Source,
        words: Option<(&Secret, &View)>,
        (subject, diagnosis): (Subject, Diagnosis),
        limit: Option<Duration>,
    ) -> Diagnosis {
        let checked = Checked {
            source,
            subject,
            diagnosis,
            spare: false,
            dialect: None,
            clients: None,
        };
        let seen = words.map(|(_, view)| view.of(self.clinic.world()));
        let world: &dyn World = match &seen {
            Some(seen) => seen,
            None => self.clinic.world(),
        };
        let words = Words {
            text: words.map_or(&source.text, |(words, _)| words.expose()),
            world,
            oldest: source.oldest,
        };
        judged(&self.clinic, checked, words, patience(limit))
            .await
            .diagnosis
    }
}

/// The diagnosis of a string that cannot be read, with the string without its mistakes, if they can be guessed. It was read,
/// and nothing more: whether it leads to a pass is not known.
#[must_use]
pub fn with_readable(mut diagnosis: Diagnosis, text: &[u8], world: &dyn World) -> Diagnosis {
    let Some(error) = &mut diagnosis.error else {
        return diagnosis;
    };
    let string = readable(text, world).map(|conninfo| conninfo.redacted());
    // An escape for the eye is nothing to paste.
    if let Some(string) = string.filter(|string| !string.contains(char::is_control)) {
        let fix = Fix::string(Shown::new(&string));
        error.hint = std::mem::take(&mut error.hint).and(Hint::say("Use:").fix(fix));
    }
    diagnosis
}

/// The string without its mistakes, one after the other.
fn readable(text: &[u8], world: &dyn World) -> Option<ConnInfo> {
    let mut text = tidied(text).unwrap_or_else(|| Secret::new(text.to_vec()));
    for _ in 0..MAX_MISTAKES {
        let refusal = match ConnInfo::read(text.expose(), world) {
            Ok(conninfo) => return Some(conninfo),
            Err(refusal) => refusal,
        };
        let mut repaired = repairs(text.expose(), &refusal).into_iter();
        // A repair that leads to the same words has repaired nothing.
        text = repaired.find(|text| {
            let is_new = match ConnInfo::read(text.expose(), world) {
                Ok(_) => true,
                Err(next) => next.to_string() != refusal.to_string(),
            };
            is_new && keeps_setting(text.expose(), &refusal)
        })?;
    }
    None
}

/// Whether a value was corrected: to leave out the setting would mean another thing, such as another port.
fn keeps_setting(text: &[u8], refusal: &Error) -> bool {
    let Error::InvalidValue { keyword, value, .. } = refusal else {
        return true;
    };
    // The colons of an address were taken for the one before a port, and there was no port.
    let is_address = matches!(value, Word::Shown(text) if text.contains(':'));
    is_address
        || parse(text).is_ok_and(|settings| settings.iter().any(|one| one.keyword == *keyword))
}

/// Mistakes that are repaired in one string.
const MAX_MISTAKES: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conninfo::fake::Fake;
    use crate::diagnose::{Standing, conninfo_error};

    #[test]
    fn a_string_with_several_mistakes_is_shown_without_them() {
        let world = Fake::default();
        let text = b"host=h user=u sslmod=VERIFY_FULL password=Zq port=5432tcp";
        let refusal = ConnInfo::read(text, &world).unwrap_err();
        let diagnosis = with_readable(conninfo_error(&refusal), text, &world);
        let fixes: Vec<&Fix> = diagnosis.all().flat_map(|one| one.hint.fixes()).collect();
        let [fix] = fixes.as_slice() else {
            panic!("{diagnosis:?}");
        };
        // It was only read.
        assert_eq!(fix.standing, Standing::Untried);
        let after = fix.after.to_string();
        for part in ["sslmode=verify-full", "port=5432", "password=****"] {
            assert!(after.contains(part), "{after}");
        }
        assert!(!diagnosis.error.unwrap().hint.to_string().contains("Zq"));
    }

    #[test]
    fn nothing_is_guessed_where_nothing_is_known() {
        let world = Fake::default();
        let refusal = ConnInfo::read(b"host=h user=u port=many", &world).unwrap_err();
        let before = conninfo_error(&refusal);
        let after = with_readable(before.clone(), b"host=h user=u port=many", &world);
        assert_eq!(before, after);
    }
}

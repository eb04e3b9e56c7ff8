//! Questions and answers: where an answer is stored, and which questions have none.

use std::pin::Pin;

use super::Audit;
use crate::inquiry::Unknown;

/// The answer to one question.
#[derive(Clone, Debug)]
pub struct Asked<T>(Result<T, Unknown>);

impl<T> Asked<T> {
    /// The answer, or why it is unknown.
    pub fn answer(&self) -> Result<&T, &Unknown> {
        self.0.as_ref()
    }

    /// The answer, if there is one.
    pub fn known(&self) -> Option<&T> {
        self.0.as_ref().ok()
    }
}

impl<T> Default for Asked<T> {
    /// A question that is never asked stays unknown.
    fn default() -> Self {
        Self(Err(Unknown::NotAsked))
    }
}

impl<T> From<Result<T, Unknown>> for Asked<T> {
    fn from(answer: Result<T, Unknown>) -> Self {
        Self(answer)
    }
}

impl<T: Gaps> Asked<T> {
    /// What is unknown about the subject of the question.
    pub(super) fn gaps(&self, what: &str) -> Vec<Gap<'_>> {
        match &self.0 {
            Ok(answer) => answer.gaps(what),
            Err(unknown) => vec![(what.to_owned(), unknown)],
        }
    }
}

/// The answers to a question that is asked once for each variant.
#[derive(Clone, Debug)]
pub struct Each<K, T>(Vec<(K, Asked<T>)>);

impl<K: Variant, T> Each<K, T> {
    /// Each variant with its answer, in the order of [`Variant::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (K, &Asked<T>)> {
        self.0.iter().map(|(variant, asked)| (*variant, asked))
    }

    /// The answer for this one, if there is one.
    pub fn known(&self, variant: K) -> Option<&T> {
        self.iter().find(|(one, _)| *one == variant)?.1.known()
    }

    pub(crate) fn set(&mut self, variant: K, answer: Asked<T>) {
        if let Some((_, place)) = self.0.iter_mut().find(|(one, _)| *one == variant) {
            *place = answer;
        }
    }
}

impl<K: Variant, T: Gaps> Each<K, T> {
    pub(super) fn gaps(&self, what: fn(K) -> &'static str) -> Vec<Gap<'_>> {
        let each = self.0.iter();
        each.flat_map(|(variant, asked)| asked.gaps(what(*variant)))
            .collect()
    }
}

impl<K: Variant, T> Default for Each<K, T> {
    fn default() -> Self {
        let all = K::ALL.iter().map(|variant| (*variant, Asked::default()));
        Self(all.collect())
    }
}

/// The variants of a question: it is asked once for each.
pub trait Variant: Copy + PartialEq + 'static {
    /// Every one.
    const ALL: &'static [Self];
}

/// What is unknown, and why.
pub type Gap<'a> = (String, &'a Unknown);

/// What a question finds out.
pub trait Gaps {
    /// What the answer lacks, if it can be incomplete. `what` is the subject of the question.
    fn gaps(&self, what: &str) -> Vec<Gap<'_>> {
        let _ = what;
        Vec::new()
    }
}

/// Stores an answer.
pub(super) type Note<'a> = Box<dyn FnOnce(&mut Audit) + 'a>;

/// A question that is being asked.
pub(super) type Asking<'a> = Pin<Box<dyn Future<Output = Note<'a>> + 'a>>;

/// Waits for an answer, and returns the function that stores it.
pub(super) fn asking<'a, T: 'a>(
    answer: impl Future<Output = T> + 'a,
    note: impl FnOnce(&mut Audit, T) + 'a,
) -> Asking<'a> {
    Box::pin(async move {
        let answer = answer.await;
        let note: Note<'a> = Box::new(move |audit| note(audit, answer));
        note
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::tls::TlsVersion;

    #[derive(Debug, PartialEq, Eq)]
    struct Seen;

    impl Gaps for Seen {}

    #[test]
    fn what_is_never_asked_is_a_gap() {
        let asked = Asked::<Seen>::default();
        assert_eq!(asked.gaps("it"), [("it".to_owned(), &Unknown::NotAsked)]);
        assert_eq!(asked.answer(), Err(&Unknown::NotAsked));
        let answered = Asked::from(Ok(Seen));
        assert_eq!(
            (answered.gaps("it"), answered.known()),
            (Vec::new(), Some(&Seen))
        );
    }

    #[test]
    fn each_variant_has_its_own_answer() {
        let mut each = Each::<TlsVersion, Seen>::default();
        each.set(TlsVersion::V1_2, Ok(Seen).into());
        each.set(TlsVersion::V1_0, Err(Unknown::Closed).into());
        assert_eq!(each.known(TlsVersion::V1_2), Some(&Seen));
        assert_eq!(each.known(TlsVersion::V1_0), None);
        let expected = [
            ("TLSv1".to_owned(), &Unknown::Closed),
            ("TLSv1.1".to_owned(), &Unknown::NotAsked),
            ("TLSv1.3".to_owned(), &Unknown::NotAsked),
        ];
        assert_eq!(each.gaps(TlsVersion::name), expected);
    }
}

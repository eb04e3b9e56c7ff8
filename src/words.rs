//! Closed sets of words: an enumeration with a word for each value, written once.

use crate::escape::Shown;

/// Defines an enumeration with a word for each value, the same in JSON and in text.
macro_rules! words {
    ($(
        $(#[$doc:meta])+
        $Name:ident { $($(#[$variant_doc:meta])+ $Variant:ident = $word:literal,)+ }
    )+) => { $(
        $(#[$doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $Name { $($(#[$variant_doc])+ $Variant,)+ }

        impl $Name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$Variant,)+];

            /// Its word.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$Variant => $word,)+ }
            }

            /// The value with exactly this word.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }

        impl std::fmt::Display for $Name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        $crate::words::json_words!(
            $Name,
            Self::name,
            Self::from_name,
            Self::ALL.iter().map(|one| one.name())
        );
    )+ };
}

/// serde and the JSON schema for an enumeration: its word, the value of a word, and all words.
macro_rules! json_words {
    ($Name:ident, $name:expr, $from_name:expr, $names:expr) => {
        impl serde::Serialize for $Name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(($name)(*self))
            }
        }

        impl<'de> serde::Deserialize<'de> for $Name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let name = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                let unknown = || serde::de::Error::custom("a word that is not known here");
                ($from_name)(&name).ok_or_else(unknown)
            }
        }

        #[cfg(test)]
        impl schemars::JsonSchema for $Name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($Name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let names: Vec<&str> = $names.collect();
                schemars::json_schema!({ "type": "string", "enum": names })
            }
        }
    };
}

pub(crate) use {json_words, words};

/// A word of a closed set. This version may not know it: a report can come from a newer one.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
pub enum Named<T> {
    /// One of the set.
    Known(T),
    /// A word that a newer version has added.
    Newer(Shown),
}

impl<T: Copy> Named<T> {
    /// The value, if it is known here.
    pub fn known(&self) -> Option<T> {
        match self {
            Self::Known(value) => Some(*value),
            Self::Newer(_) => None,
        }
    }
}

impl<T: PartialEq> PartialEq<T> for Named<T> {
    fn eq(&self, other: &T) -> bool {
        match self {
            Self::Known(value) => value == other,
            Self::Newer(_) => false,
        }
    }
}

impl<T> From<T> for Named<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

impl<T: std::fmt::Display> std::fmt::Display for Named<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Known(value) => value.fmt(f),
            Self::Newer(word) => f.pad(word),
        }
    }
}

/// The first ones, and how many more there are: `a, b and 3 more`.
pub fn first_few<S: AsRef<str>>(all: &[S], most: usize, between: &str) -> String {
    let shown: Vec<&str> = all.iter().take(most).map(AsRef::as_ref).collect();
    let shown = shown.join(between);
    match all.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// The schema of what is written, not of what could be read.
#[cfg(test)]
impl<T: schemars::JsonSchema> schemars::JsonSchema for Named<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> std::borrow::Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        T::json_schema(generator)
    }
}

#[cfg(test)]
#[allow(unreachable_pub, reason = "what the macro makes is public")]
mod tests {
    use super::*;

    words! {
        /// For the tests.
        Colour {
            /// .
            Red = "red",
            /// .
            Blue = "blue",
        }
    }

    #[test]
    fn a_word_is_read_as_it_is_written() {
        for &colour in Colour::ALL {
            let text = serde_json::to_string(&colour).unwrap();
            assert_eq!(text, format!("\"{colour}\""));
            assert_eq!(serde_json::from_str::<Colour>(&text).unwrap(), colour);
        }
        assert!(serde_json::from_str::<Colour>("\"green\"").is_err());
    }

    #[test]
    fn a_list_ends_with_the_number_of_what_it_leaves_out() {
        let all = ["a", "b", "c"];
        assert_eq!(first_few(&all, 3, ", "), "a, b, c");
        assert_eq!(first_few(&all, 1, ", "), "a and 2 more");
        assert_eq!(first_few::<&str>(&[], 2, ", "), "");
    }

    #[test]
    fn a_newer_word_is_kept() {
        let green: Named<Colour> = serde_json::from_str("\"green\"").unwrap();
        assert_eq!(green.known(), None);
        assert_eq!(format!("{green:>7}"), "  green");
        assert_eq!(serde_json::to_string(&green).unwrap(), "\"green\"");
        let red: Named<Colour> = serde_json::from_str("\"red\"").unwrap();
        assert_eq!(red, Colour::Red);
        assert!(serde_json::from_str::<Named<Colour>>("7").is_err());
    }
}

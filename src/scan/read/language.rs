//! What a reader of source code has to know of each language: comments and string literals.

/// A programming language, or a format that is written like one.
#[derive(Debug)]
pub(in crate::scan) struct Language {
    /// The endings of its files.
    pub(in crate::scan) endings: &'static [&'static str],
    /// What begins a comment to the end of the line.
    pub(super) line_comments: &'static [&'static str],
    /// What begins and ends a comment over several lines.
    pub(super) block_comments: &'static [(&'static str, &'static str)],
    /// String literals, the longest beginning first.
    pub(super) strings: &'static [Quote],
    /// What joins two strings.
    pub(super) joins: &'static [&'static str],
    /// Whether two literals one after the other are one.
    pub(super) adjacent: Adjacent,
}

/// A form of string literal.
#[derive(Debug)]
pub(super) struct Quote {
    pub(super) open: &'static str,
    pub(super) close: &'static str,
    pub(super) escape: Escape,
}

/// How the closing quote is written inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    /// Behind a backslash.
    Backslash,
    /// Twice.
    Doubled,
    /// Not at all.
    None,
}

/// What two literals without anything between them are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Adjacent {
    /// One string.
    Joined,
    /// One string in the same line, or between brackets.
    JoinedInBrackets,
    /// One string in the same line.
    JoinedInLine,
    /// Two.
    Separate,
}

const fn quote(open: &'static str, close: &'static str, escape: Escape) -> Quote {
    Quote {
        open,
        close,
        escape,
    }
}

const DOUBLE: Quote = quote("\"", "\"", Escape::Backslash);
const SINGLE: Quote = quote("'", "'", Escape::Backslash);
const TRIPLE: Quote = quote("\"\"\"", "\"\"\"", Escape::Backslash);
const TRIPLE_SINGLE: Quote = quote("'''", "'''", Escape::Backslash);
const BACKQUOTE: Quote = quote("`", "`", Escape::Backslash);
const RAW_BACKQUOTE: Quote = quote("`", "`", Escape::None);
const VERBATIM: Quote = quote("@\"", "\"", Escape::Doubled);
const RAW_HASH: Quote = quote("r#\"", "\"#", Escape::None);

const C: &[&str] = &["//"];
const HASH: &[&str] = &["#"];
const SLASHES: &[(&str, &str)] = &[("/*", "*/")];

/// JavaScript and its relatives.
pub(in crate::scan) const JAVASCRIPT: &[&str] = &[
    "js", "jsx", "mjs", "cjs", "ts", "tsx", "mts", "cts", "vue", "svelte",
];

/// Python.
pub(in crate::scan) const PYTHON: &[&str] = &["py", "pyi", "bzl", "star"];

/// Ruby.
pub(in crate::scan) const RUBY: &[&str] = &["rb", "rake", "ru", "gemspec", "cr"];

/// Elixir.
pub(in crate::scan) const ELIXIR: &[&str] = &["ex", "exs", "eex", "heex"];

impl Language {
    /// Whether it consists of tags.
    pub(super) fn is_markup(&self) -> bool {
        self.block_comments.iter().any(|(open, _)| *open == "<!--")
    }

    /// Whether its files are programs, whose lines run one after the other.
    pub(in crate::scan) fn is_program(&self) -> bool {
        const OTHERS: &[&str] = &["json", "tf", "sql"];
        !self.is_markup() && !OTHERS.iter().any(|ending| self.endings.contains(ending))
    }

    /// Whether blanks alone separate settings in a line: `{:ssl true :host "h"}`.
    pub(super) fn is_separated_by_blanks(&self) -> bool {
        self.endings.contains(&"clj")
    }
}

/// JSON, also with comments.
pub(in crate::scan) const JSON: Language = Language {
    endings: &["json", "jsonc", "json5", "tfstate", "ipynb"],
    line_comments: C,
    block_comments: SLASHES,
    strings: &[DOUBLE],
    joins: &[],
    adjacent: Adjacent::Separate,
};

/// All others.
pub(in crate::scan) const LANGUAGES: &[Language] = &[
    Language {
        endings: PYTHON,
        line_comments: HASH,
        block_comments: &[],
        strings: &[TRIPLE, TRIPLE_SINGLE, DOUBLE, SINGLE],
        joins: &["+"],
        adjacent: Adjacent::JoinedInBrackets,
    },
    Language {
        endings: JAVASCRIPT,
        line_comments: C,
        block_comments: SLASHES,
        strings: &[DOUBLE, SINGLE, BACKQUOTE],
        joins: &["+"],
        adjacent: Adjacent::Separate,
    },
    Language {
        endings: &["go"],
        line_comments: C,
        block_comments: SLASHES,
        strings: &[DOUBLE, RAW_BACKQUOTE],
        joins: &["+"],
        adjacent: Adjacent::Separate,
    },
    Language {
        endings: &[
            "java", "kt", "kts", "scala", "groovy", "gradle", "dart", "swift",
        ],
        line_comments: C,
        block_comments: SLASHES,
        strings: &[TRIPLE, DOUBLE, SINGLE],
        joins: &["+"],
        adjacent: Adjacent::Separate,
    },
    Language {
        endings: &["cs", "fs", "csx"],
        line_comments: C,
        block_comments: SLASHES,
        strings: &[
            TRIPLE,
            quote("$@\"", "\"", Escape::Doubled),
            quote("@$\"", "\"", Escape::Doubled),
            VERBATIM,
            quote("$\"", "\"", Escape::Backslash),
            DOUBLE,
        ],
        joins: &["+"],
        adjacent: Adjacent::Separate,
    },
    Language {
        endings: &["vb"],
        line_comments: &["'"],
        block_comments: &[],
        strings: &[quote("\"", "\"", Escape::Doubled)],
        joins: &["&", "+"],
        adjacent: Adjacent::Separate,
    },
    Language {
        endings: &["php", "phtml"],
        line_comments: &["//", "#"],
        block_comments: SLASHES,
        strings: &[DOUBLE, SINGLE],
        joins: &["."],
        adjacent: Adjacent::Separate,
    },
    Language {
        endings: RUBY,
        line_comments: HASH,
        block_comments: &[("\n=begin", "\n=end")],
        strings: &[DOUBLE, SINGLE],
        joins: &["+"],
        adjacent: Adjacent::JoinedInLine,
    },
    Language {
        endings: &["pl", "pm", "t", "r", "jl", "nim"],
        line_comments: HASH,
        block_comments: &[],
        strings: &[DOUBLE, SINGLE],
        joins: &[".", "+"],
        adjacent: Adjacent::Separate,
    },
    Language {
        endings: &["rs"],
        line_comments: C,
        block_comments: SLASHES,
        strings: &[RAW_HASH, DOUBLE],
        joins: &[],
        adjacent: Adjacent::Separate,
    },
    Language {
        endings: ELIXIR,
        line_comments: HASH,
        block_comments: &[],
        strings: &[TRIPLE, DOUBLE, SINGLE],
        joins: &["<>"],
        adjacent: Adjacent::Separate,
    },
    Language {
        endings: &["c", "h", "cc", "cpp", "cxx", "hpp", "hh", "m", "mm"],
        line_comments: C,
        block_comments: SLASHES,
        strings: &[DOUBLE, SINGLE],
        joins: &[],
        adjacent: Adjacent::Joined,
    },
    Language {
        endings: &[
            "tf",
            "tfvars",
            "hcl",
            "nomad",
            "bicep",
            "prisma",
            "proto",
            "cue",
            "jsonnet",
            "libsonnet",
            "nix",
        ],
        line_comments: &["#", "//"],
        block_comments: SLASHES,
        strings: &[DOUBLE, SINGLE],
        joins: &[],
        adjacent: Adjacent::Separate,
    },
    Language {
        endings: &["lua"],
        line_comments: &["--"],
        block_comments: &[("--[[", "]]")],
        strings: &[DOUBLE, SINGLE],
        joins: &[".."],
        adjacent: Adjacent::Separate,
    },
    Language {
        endings: &["sql", "psql", "pgsql", "hs", "elm"],
        line_comments: &["--"],
        block_comments: SLASHES,
        strings: &[quote("'", "'", Escape::Doubled), DOUBLE],
        joins: &["||"],
        adjacent: Adjacent::Separate,
    },
    Language {
        endings: &["ps1", "psm1", "psd1"],
        line_comments: HASH,
        block_comments: &[("<#", "#>")],
        strings: &[DOUBLE, SINGLE],
        joins: &["+"],
        adjacent: Adjacent::Separate,
    },
    Language {
        endings: &["clj", "cljs", "cljc", "edn", "el", "lisp", "scm"],
        line_comments: &[";"],
        block_comments: &[],
        strings: &[DOUBLE],
        joins: &[],
        adjacent: Adjacent::Separate,
    },
    Language {
        endings: &["erl", "hrl"],
        line_comments: &["%"],
        block_comments: &[],
        strings: &[DOUBLE],
        joins: &["++"],
        adjacent: Adjacent::Joined,
    },
    Language {
        endings: &[
            "xml", "config", "csproj", "fsproj", "vbproj", "props", "targets", "pubxml", "jsp",
            "xhtml", "settings",
        ],
        line_comments: &[],
        block_comments: &[("<!--", "-->")],
        strings: &[
            quote("\"", "\"", Escape::None),
            quote("'", "'", Escape::None),
            quote(">", "<", Escape::None),
        ],
        joins: &[],
        adjacent: Adjacent::Separate,
    },
];

/// The language of a file with this ending.
pub(in crate::scan) fn of_ending(ending: &str) -> Option<&'static Language> {
    if JSON.endings.contains(&ending) {
        return Some(&JSON);
    }
    LANGUAGES
        .iter()
        .find(|language| language.endings.contains(&ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ending_belongs_to_one_language() {
        let mut endings: Vec<&str> = LANGUAGES
            .iter()
            .chain([&JSON])
            .flat_map(|language| language.endings)
            .copied()
            .collect();
        let count = endings.len();
        endings.sort_unstable();
        endings.dedup();
        assert_eq!(endings.len(), count);
    }
}

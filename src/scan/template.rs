//! Variables in a text that something fills in later: `${X}`, `{{ x }}`, `<%= x %>`, `%s`, `<password>`. Each becomes a
//! number that is not in the text, because a number can stand anywhere in a connection string. A default value takes the
//! place of its variable.

/// A text without variables.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Filled {
    pub(super) text: String,
    pub(super) marker: Marker,
    /// What there was to fill in.
    pub(super) variables: Variables,
    pub(super) mode: Mode,
}

/// Who says how much TLS there must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mode {
    /// The text, or nothing.
    Text,
    /// The text, unless a variable in it holds settings, or takes another value than its default.
    Perhaps,
    /// A variable.
    Variable,
}

/// Whether a text had variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variables {
    /// None.
    None,
    /// Some, and each had a default.
    Defaults,
    /// Some without a default.
    Unknown,
}

/// What stands for a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Marker(&'static str);

impl Marker {
    pub(super) fn is_in(self, text: &str) -> bool {
        text.contains(self.0)
    }

    pub(super) fn is_in_bytes(self, text: &[u8]) -> bool {
        memchr::memmem::find(text, self.0.as_bytes()).is_some()
    }

    /// The text with the variables as people read them.
    pub(super) fn shown(self, text: &str) -> String {
        text.replace(self.0, "${...}")
    }
}

/// Valid as ports.
const MARKERS: &[&str] = &["61573", "62639", "63697", "64811", "63149", "61861"];

/// Settings whose value is one of a few words, what stands for a variable there, and what they decide.
const WORDS: &[(&str, &str, Decides)] = &[
    ("sslmode=", "verify-full", Decides::Mode),
    ("ssl mode=", "VerifyFull", Decides::Mode),
    ("ssl_mode=", "verify-full", Decides::Mode),
    ("ssl=", "true", Decides::Mode),
    ("sslnegotiation=", "postgres", Decides::Other),
    ("channel_binding=", "prefer", Decides::Other),
    ("target_session_attrs=", "any", Decides::Other),
    ("connect_timeout=", "10", Decides::Other),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Decides {
    Mode,
    Other,
}

/// Takes the variables out of a text.
pub(super) fn fill(text: &str) -> Filled {
    marked(text).finished()
}

impl Filled {
    /// Gives words that are variables a value, so that the text can be read.
    pub(super) fn finished(mut self) -> Self {
        if self.variables == Variables::Unknown {
            self.mode = fill_words(&mut self.text, self.marker).max(self.mode);
        }
        self
    }

    /// Leaves what a shell makes of a command or a value with a URI without quotes.
    pub(super) fn cut_at_ampersand(&mut self) {
        if let Some((head, _)) = self.text.split_once('&') {
            // The quotes are those around a word of a command.
            let end = if head.matches('\'').count() % 2 == 1 {
                "'"
            } else {
                ""
            };
            self.text = format!("{head}{end}");
        }
    }

    /// The same without the variables that are words of their own among settings: each may hold settings, or nothing.
    pub(super) fn without_loose_words(mut self) -> Self {
        let is_loose = |word: &&str| *word == self.marker.0;
        let words = || self.text.split(' ').filter(|word| !word.is_empty());
        let are_settings = words().all(|word| is_loose(&word) || word.contains('='))
            && !words().any(|word| word.ends_with('=') || word.starts_with('='));
        if words().any(|word| is_loose(&word)) && are_settings {
            let settings: Vec<&str> = words().filter(|word| !is_loose(word)).collect();
            self.text = settings.join(" ");
            self.doubt_mode();
        }
        self
    }

    /// Something else may set another mode than the text.
    pub(super) fn doubt_mode(&mut self) {
        self.mode = self.mode.max(Mode::Perhaps);
    }

    /// A part of the text, with what was filled in there. The text must not be finished: what stands for a mode would
    /// not be known any more.
    pub(super) fn part(&self, part: &str) -> Self {
        let variables = match self.variables {
            Variables::Unknown if !self.marker.is_in(part) => Variables::None,
            other => other,
        };
        let part = Self {
            text: part.to_owned(),
            variables,
            ..self.clone()
        };
        part.finished()
    }
}

/// A text whose variables are marked, and not more.
pub(super) fn marked(text: &str) -> Filled {
    let marker = MARKERS.iter().find(|marker| !text.contains(**marker));
    let marker = Marker(marker.copied().unwrap_or("65521"));
    let mut out = String::with_capacity(text.len());
    let mut variables = Variables::None;
    let mut mode = Mode::Text;
    let mut rest = text;
    let mut before: Option<char> = None;
    let is_odbc = text.to_ascii_lowercase().contains("driver={");
    while let Some(first) = rest.chars().next() {
        let found = variable(rest, before, is_odbc);
        match found {
            Some((length, default)) if length > 0 => {
                match default {
                    Some(default) => {
                        if decides_mode(&out, default) {
                            mode = Mode::Perhaps;
                        }
                        out.push_str(default);
                        variables = match variables {
                            Variables::None => Variables::Defaults,
                            other => other,
                        };
                    }
                    None => {
                        out.push_str(marker.0);
                        variables = Variables::Unknown;
                    }
                }
                rest = rest.get(length..).unwrap_or_default();
                before = Some('}');
            }
            _ => {
                out.push(first);
                before = Some(first);
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
            }
        }
    }
    Filled {
        text: out,
        marker,
        variables,
        mode,
    }
}

/// Whether a default is the mode, a part of it, or a setting that may be the mode. That the whole text is one is no doubt:
/// then another string counts.
fn decides_mode(before: &str, default: &str) -> bool {
    // The name of a setting is not longer.
    let start = before.len().saturating_sub(40);
    let near = (start..=before.len()).find_map(|start| before.get(start..));
    let near = near.unwrap_or_default().to_ascii_lowercase();
    let is_mode = WORDS.iter().any(|(name, _, decides)| {
        let value = near.rsplit_once(name).map(|(_, value)| value);
        *decides == Decides::Mode && value.is_some_and(|value| !value.contains(['&', ';', ' ']))
    });
    is_mode || !before.is_empty() && default.to_ascii_lowercase().contains("ssl")
}

/// Gives words that are variables a value, so that the rest can be read. Returns whether the mode was one.
fn fill_words(text: &mut String, marker: Marker) -> Mode {
    let mut mode = Mode::Text;
    for (name, value, decides) in WORDS {
        let lower = text.to_ascii_lowercase();
        let whole = format!("{name}{}", marker.0);
        // Several of a kind come last first, so that offsets stay.
        let places: Vec<usize> = lower.match_indices(&whole).map(|(at, _)| at).collect();
        for at in places.into_iter().rev() {
            let start = at.saturating_add(name.len());
            let end = start.saturating_add(marker.0.len());
            // Not a part of another name, and the whole value.
            let ends = text.get(end..).is_none_or(|rest| {
                rest.chars()
                    .next()
                    .is_none_or(|c| matches!(c, '&' | ' ' | ';' | '\'' | '"'))
            });
            if ends && text.is_char_boundary(start) && text.is_char_boundary(end) {
                text.replace_range(start..end, value);
                if *decides == Decides::Mode {
                    mode = Mode::Variable;
                }
            }
        }
    }
    mode
}

/// A variable at the beginning of the text: its length, and its default.
fn variable(text: &str, before: Option<char>, is_odbc: bool) -> Option<(usize, Option<&str>)> {
    let between = |open: &str, close: &str| {
        let inner = text.strip_prefix(open)?;
        let end = find_near(inner, close)?;
        let inner = inner.get(..end)?;
        Some((
            inner,
            open.len().checked_add(end)?.checked_add(close.len())?,
        ))
    };
    if text.starts_with("${{") {
        return between("${{", "}}").map(|(_, length)| (length, None));
    }
    if text.starts_with("${") {
        let length = closing(text)?;
        let inner = text.get(2..length.checked_sub(1)?)?;
        return Some((length, shell_default(inner)));
    }
    if text.starts_with("$(") {
        return between("$(", ")").map(|(_, length)| (length, None));
    }
    for (open, close) in [("{{", "}}"), ("<%", "%>"), ("#{", "}")] {
        if let Some((inner, length)) = between(open, close) {
            return Some((length, quoted_default(inner)));
        }
    }
    let starts_a_part = before.is_none_or(|c| ":/@=?&;, '\"\\}".contains(c));
    let in_a_name = matches!(before, Some('.' | '-' | '_'));
    // `HOST:PORT/DATABASE`
    if before == Some(':')
        && let Some(length) = port(text)
    {
        return Some((length, None));
    }
    match text.chars().next()? {
        '%' => percent(text),
        '$' if starts_a_part => {
            let name = name_length(text.get(1..)?);
            (name > 0).then(|| (name.saturating_add(1), None))
        }
        '{' if !is_odbc => {
            let (inner, length) = between("{", "}")?;
            let plain = inner.len() < 60
                && inner
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "_-.:!'\"()[] ".contains(c));
            plain.then_some((length, None))
        }
        '<' if starts_a_part || in_a_name => {
            let (inner, length) = between("<", ">")?;
            let plain = !inner.is_empty()
                && inner
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "_- .'".contains(c));
            plain.then_some((length, None))
        }
        // `[YOUR-PASSWORD]`
        '[' if starts_a_part => {
            let (inner, length) = between("[", "]")?;
            let plain = inner
                .chars()
                .any(|c| c.is_ascii_alphabetic() && !c.is_ascii_hexdigit())
                && inner
                    .chars()
                    .all(|c| c.is_ascii_alphabetic() || "_- ".contains(c));
            plain.then_some((length, None))
        }
        '_' if starts_a_part => {
            let (inner, length) = between("__", "__")?;
            let plain =
                !inner.is_empty() && inner.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            plain.then_some((length, None))
        }
        _ => None,
    }
}

/// The length of a word that stands for a port.
fn port(text: &str) -> Option<usize> {
    let length = name_length(text);
    let word = text.get(..length)?.to_ascii_lowercase();
    let behind = text.get(length..)?.chars().next();
    let is_one = word == "port" || word.ends_with("_port");
    (is_one && matches!(behind, Some('/' | '?'))).then_some(length)
}

/// A variable has no more bytes.
const LONGEST: usize = 300;

/// The offset of a text that is not far away.
fn find_near(text: &str, wanted: &str) -> Option<usize> {
    let near = text.as_bytes().get(..LONGEST).unwrap_or(text.as_bytes());
    memchr::memmem::find(near, wanted.as_bytes())
}

/// The length of `${...}`, with other variables inside.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices().take(LONGEST) {
        match c {
            '{' => depth = depth.saturating_add(1),
            '}' if depth <= 1 => return at.checked_add(1),
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// `X:-default`, `X-default`, Spring's `X:default`.
fn shell_default(inner: &str) -> Option<&str> {
    let end = name_length(inner);
    // Names of Spring contain dots and dashes.
    let (_, behind) = inner.split_at_checked(end)?;
    let default = behind
        .strip_prefix(":-")
        .or_else(|| behind.strip_prefix(":="))
        .or_else(|| behind.strip_prefix('-').filter(|rest| !rest.contains(':')))
        .or_else(|| {
            let (name, default) = inner.split_once(':')?;
            let is_name = !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
            is_name
                .then_some(default)
                .filter(|default| !default.starts_with(['?', '+']))
        })?;
    (!default.is_empty() && !default.contains(['$', '{'])).then_some(default)
}

/// The last text in quotes of a template that names a default: Helm's `default "x"`, Ruby's `fetch("X", "x")` and `|| "x"`.
fn quoted_default(inner: &str) -> Option<&str> {
    let names_one = inner.contains("default ") || inner.contains("fetch") || inner.contains("||");
    if !names_one {
        return None;
    }
    let mut parts = inner.split(['"', '\'']).skip(1).step_by(2);
    let first = parts.next()?;
    let last = parts.last();
    match last {
        Some(last) => Some(last),
        None => inner.contains("default ").then_some(first),
    }
}

/// `%s`, `%d`, `%(name)s`, `%NAME%`; not an encoded byte.
fn percent(text: &str) -> Option<(usize, Option<&str>)> {
    let behind = text.get(1..)?;
    let mut chars = behind.chars();
    let (first, second) = (chars.next()?, chars.next());
    if first == '(' {
        let end = find_near(behind, ")s")?;
        return Some((end.checked_add(3)?, None));
    }
    let ends = second.is_none_or(|second| !second.is_ascii_alphanumeric());
    if matches!(first, 's' | 'v' | 'q' | 'w' | 'd') && ends {
        return Some((2, None));
    }
    let name = name_length(behind);
    // Two letters may be an encoded byte.
    let is_batch = name > 2 && first.is_ascii_uppercase() && behind.get(name..)?.starts_with('%');
    is_batch.then(|| (name.saturating_add(2), None))
}

/// The length of an identifier.
fn name_length(text: &str) -> usize {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .unwrap_or(text.len());
    if starts { end } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_every_template_are_found() {
        for (text, shown) in [
            (
                "postgres://${U}:$P@$(H)/{{ .d }}",
                "postgres://${...}:${...}@${...}/${...}",
            ),
            (
                "host=%s port=%d sslmode=disable",
                "host=${...} port=${...} sslmode=disable",
            ),
            (
                "postgres://{user}:{}@<host>/%(db)s",
                "postgres://${...}:${...}@${...}/${...}",
            ),
            (
                "postgres://postgres:[YOUR-PASSWORD]@[::1]/d",
                "postgres://postgres:${...}@[::1]/d",
            ),
            (
                "postgres://u:#{p}@<%= h %>/d",
                "postgres://u:${...}@${...}/d",
            ),
            (
                "postgres://u:${{ secrets.P }}@h/%NAME%",
                "postgres://u:${...}@h/${...}",
            ),
            ("postgres://__U__:p@h/d", "postgres://${...}:p@h/d"),
            ("postgres://u@HOST:PORT/d", "postgres://u@HOST:${...}/d"),
            (
                "postgres://<a>.<b>-pg.acme.io/d",
                "postgres://${...}.${...}-pg.acme.io/d",
            ),
        ] {
            let filled = fill(text);
            assert_eq!(filled.marker.shown(&filled.text), shown, "{text}");
            assert_eq!(filled.variables, Variables::Unknown);
        }
    }

    #[test]
    fn defaults_take_the_place_of_variables() {
        for (text, expected) in [
            ("postgres://u@${H:-db}/${D-d}", "postgres://u@db/d"),
            (
                "jdbc:postgresql://${DB_HOST:localhost}/d",
                "jdbc:postgresql://localhost/d",
            ),
            ("{{ .Values.h | default \"db\" }}", "db"),
            ("<%= ENV.fetch('X', 'db') %>", "db"),
        ] {
            let filled = fill(text);
            assert_eq!(
                (filled.text.as_str(), filled.variables),
                (expected, Variables::Defaults)
            );
        }
    }

    #[test]
    fn what_only_looks_like_a_variable_stays() {
        for text in [
            "postgres://u:pa$$w%40rd@h/d?a=%20b",
            "postgres://u:p@[2001:db8::1]/d",
            "Driver={PostgreSQL Unicode};Pwd={abc}",
            "host=h password=a{b;c}d",
            "jdbc:postgresql://h/d?a=%d0%b0",
            "postgres://u:port@h/d",
        ] {
            let filled = fill(text);
            assert_eq!(
                (filled.text.as_str(), filled.variables),
                (text, Variables::None)
            );
        }
    }

    #[test]
    fn a_mode_that_is_a_variable_is_known_as_one() {
        for (text, expected) in [
            ("host=h sslmode=${M}", "host=h sslmode=verify-full"),
            (
                "postgres://h/d?sslmode=%s&a=b",
                "postgres://h/d?sslmode=verify-full&a=b",
            ),
            ("Host=h;SSL Mode={m};x=y", "Host=h;SSL Mode=VerifyFull;x=y"),
        ] {
            let filled = fill(text);
            assert_eq!(
                (filled.text.as_str(), filled.mode),
                (expected, Mode::Variable)
            );
        }
        for text in [
            "host=h sslmode=${M:-verify-full}",
            "host=${H} sslmode='${M:-verify-full}'",
            "postgres://h/d?sslmode=verify-${M:-full}&a=b",
            "postgres://h/d?${O:-sslmode=verify-full}",
            "jdbc:postgresql://h/d?sslmode=${db.mode:verify-full}",
            "Host=h;SSL Mode={{ .m | default \"VerifyFull\" }}",
        ] {
            assert_eq!(fill(text).mode, Mode::Perhaps, "{text}");
        }
        for text in [
            "host=${H} sslmode=require",
            "host=h connect_timeout=${T}",
            "host=h sslmode=verify-full dbname=${D:-d}",
            "${U:-postgres://h/d?sslmode=verify-full}",
        ] {
            assert_eq!(fill(text).mode, Mode::Text, "{text}");
        }
    }
}

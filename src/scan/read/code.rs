//! Source code, and formats that are written like it: settings are what stands before and behind `=`, `:` or `=>`, and
//! scopes are brackets. What a program computes is not known; its default is.

use super::is_variable;
use super::language::{Adjacent, Language};
use super::token::{Token, TokenKind, tokens};
use crate::scan::document::{Document, SPREAD, UNKNOWN, reference};

/// Reads the text.
pub(in crate::scan) fn read(
    text: &str,
    language: &'static Language,
    first_line: usize,
) -> Document {
    let (tokens, is_cut) = tokens(text, language, first_line);
    let mut reader = Reader {
        tokens: &tokens,
        language,
        document: Document::new(),
        open: Vec::new(),
        before: Vec::new(),
        key: None,
        handed: Vec::new(),
    };
    let mut at = 0_usize;
    while at < tokens.len() {
        let next = reader.step(at);
        at = next.max(at.saturating_add(1));
    }
    reader.document.is_cut = is_cut;
    reader.document
}

struct Reader<'t> {
    tokens: &'t [Token],
    language: &'static Language,
    document: Document,
    /// The open brackets.
    open: Vec<usize>,
    /// The words since the last separator: they name a block.
    before: Vec<&'t str>,
    /// The key whose value is an expression.
    key: Option<&'t str>,
    /// Settings for the next braces, by key, value and line.
    handed: Vec<(&'static str, String, usize)>,
}

/// Calls whose values have their meaning by their place.
const BY_PLACE: &[(&str, &[&str])] = &[
    ("getConnection", &["url", "user", "password"]),
    ("PDO", &["dsn", "user", "password"]),
    ("postgres", &["url"]),
    ("Sequelize", &["database", "user", "password"]),
];

/// Calls that set a variable of the environment.
const SETTERS: &[&str] = &["SetEnvironmentVariable", "setenv", "Setenv", "setdefault"];

/// Between a key and its value.
const BETWEEN: &[&str] = &["=", ":", "=>", ":="];

/// Settings that decide about TLS where only their name is written.
const DECISIVE: &[&str] = &[
    "ssl",
    "sslmode",
    "tls",
    "rejectUnauthorized",
    "checkServerIdentity",
    "ca",
    "dialectOptions",
];

/// Behind a value that only counts under a condition, or is compared.
const CONDITIONS: &[&str] = &["?", "&&", "==", "!=", "<", ">", "<=", ">=", "<>"];

/// The same in words.
const CONDITION_WORDS: &[&str] = &["if", "unless", "and", "is", "in", "not", "when", "eq", "ne"];

/// Signs that may stand behind a truth value which is all of its setting.
const ENDS: &[&str] = &[",", ";", "}", ")", "]"];

/// Signs that go on with the line before.
const GO_ON: &[&str] = &[
    "?", "&&", "==", "!=", "<=", ">=", "<>", "||", "??", "?:", "&", "|", "^", ".", "=",
];

/// Before a value that counts if the one before it is missing.
const OTHERWISE: &[&str] = &["||", "??", "?:", "or"];

/// Brackets in brackets.
const DEEPEST: usize = 200;

impl<'t> Reader<'t> {
    fn scope(&self) -> usize {
        self.open.last().copied().unwrap_or(0)
    }

    fn token(&self, at: usize) -> Option<&'t Token> {
        self.tokens.get(at)
    }

    fn sign(&self, at: usize) -> Option<&'t str> {
        match &self.token(at)?.kind {
            TokenKind::Sign(sign) => Some(sign),
            TokenKind::Text(_) | TokenKind::Word(_) => None,
        }
    }

    fn word(&self, at: usize) -> Option<&'t str> {
        match &self.token(at)?.kind {
            TokenKind::Word(word) => Some(word),
            TokenKind::Text(_) | TokenKind::Sign(_) => None,
        }
    }

    fn text(&self, at: usize) -> Option<&'t str> {
        match &self.token(at)?.kind {
            TokenKind::Text(text) => Some(text),
            TokenKind::Word(_) | TokenKind::Sign(_) => None,
        }
    }

    /// Reads what begins at this token. Returns where to go on.
    fn step(&mut self, at: usize) -> usize {
        let Some(token) = self.token(at) else {
            return at;
        };
        let next = at.saturating_add(1);
        match &token.kind {
            TokenKind::Sign(sign) => {
                match sign.as_str() {
                    "{" | "[" | "(" => {
                        let words = std::mem::take(&mut self.before);
                        // A call has one name, a block may have several words.
                        let name = match sign.as_str() {
                            "(" => words
                                .last()
                                .map_or_else(String::new, |word| (*word).to_owned()),
                            _ => words.join(" "),
                        };
                        self.push(name);
                        if sign == "(" {
                            self.by_place(at);
                        }
                    }
                    "}" | "]" | ")" => {
                        self.open.pop();
                        self.before.clear();
                        self.key = None;
                    }
                    "," | ";" => {
                        self.before.clear();
                        self.key = None;
                    }
                    // `ssl: production ? { ... } : false`
                    "?" | "&&" | "||" | "??"
                        if self.sign(next) == Some("{") && self.key.is_some() =>
                    {
                        let key = self.key.take().unwrap_or_default();
                        self.push(key.to_owned());
                        return next.saturating_add(1);
                    }
                    // `...options`: settings that stand elsewhere.
                    ".." if !self.open.is_empty() => {
                        let scope = self.scope();
                        self.document.set(scope, SPREAD, UNKNOWN, token.line);
                    }
                    _ => {}
                }
                next
            }
            TokenKind::Word(name) | TokenKind::Text(name) => {
                let is_key = self.sign(next).is_some_and(|sign| BETWEEN.contains(&sign));
                if is_key {
                    self.before.clear();
                    return self.setting(name, next);
                }
                // `os.environ["A"] = "b"`
                let is_index = matches!(token.kind, TokenKind::Text(_))
                    && at.checked_sub(1).and_then(|before| self.sign(before)) == Some("[")
                    && self.sign(next) == Some("]")
                    && self.sign(next.saturating_add(1)) == Some("=");
                if is_index {
                    self.open.pop();
                    self.before.clear();
                    return self.setting(name, next.saturating_add(1));
                }
                if let Some(behind) = self.call(name, at) {
                    return behind;
                }
                if let TokenKind::Text(_) = token.kind {
                    let (value, behind) = self.joined(at);
                    let value = self.formatted(value, at, behind);
                    let value = if self.follows_join(at) {
                        format!("{UNKNOWN}{value}")
                    } else {
                        value
                    };
                    self.document.say(self.scope(), &value, token.line);
                    if behind == next && name.len() < 80 {
                        self.before.push(name);
                    }
                    return behind;
                }
                if self.is_shorthand(name, at) {
                    let (scope, value) = (self.scope(), reference(name));
                    self.document.set(scope, name, &value, token.line);
                }
                if self.before.len() < 8 {
                    self.before.push(name);
                }
                next
            }
        }
    }

    fn push(&mut self, name: String) {
        if self.open.len() < DEEPEST {
            let scope = self.document.open(Some(self.scope()), name);
            self.open.push(scope);
            for (key, value, line) in std::mem::take(&mut self.handed) {
                self.document.set(scope, key, &value, line);
            }
        }
    }

    /// The values of a call that have no names; `at` is its bracket.
    fn by_place(&mut self, at: usize) {
        let word = at.checked_sub(1).and_then(|before| self.word(before));
        let last = word.and_then(|word| word.rsplit('.').next());
        let Some((_, names)) = BY_PLACE.iter().find(|(call, _)| Some(*call) == last) else {
            return;
        };
        let mut at = at.saturating_add(1);
        let mut found = Vec::new();
        for name in *names {
            let Some(token) = self.token(at) else {
                break;
            };
            let behind = if self.text(at).is_some() {
                let (value, behind) = self.joined(at);
                found.push((*name, value, token.line));
                behind
            } else {
                at.saturating_add(1)
            };
            if self.sign(behind) != Some(",") {
                break;
            }
            at = behind.saturating_add(1);
        }
        if self.sign(at) == Some("{") {
            self.handed = found;
            return;
        }
        let scope = self.scope();
        for (name, value, line) in found {
            self.document.set(scope, name, &value, line);
        }
    }

    /// `fmt.Sprintf("host=%s", "h")` with its literals; other values stay variables.
    fn formatted(&self, value: String, at: usize, behind: usize) -> String {
        let call = at.checked_sub(2).and_then(|before| self.word(before));
        let formats = call.is_some_and(|word| word.ends_with("printf"))
            && at.checked_sub(1).and_then(|before| self.sign(before)) == Some("(");
        if !formats || !value.contains('%') {
            return value;
        }
        let mut filled = String::with_capacity(value.len());
        let mut rest = value.as_str();
        let mut at = behind;
        while let Some((before, after)) = rest.split_once('%') {
            filled.push_str(before);
            let Some(verb @ ('s' | 'd' | 'v' | 'q')) = after.chars().next() else {
                filled.push('%');
                rest = after;
                continue;
            };
            rest = after.get(verb.len_utf8()..).unwrap_or_default();
            let literal = at
                .checked_add(1)
                .filter(|_| self.sign(at) == Some(","))
                .and_then(|value| {
                    let number = self.word(value).filter(|word| is_number(word));
                    let literal = self.text(value).or(number)?;
                    let end = value.checked_add(1)?;
                    matches!(self.sign(end), Some("," | ")")).then_some((literal, end))
                });
            match literal {
                Some((literal, end)) => {
                    filled.push_str(literal);
                    at = end;
                }
                // What follows is not counted.
                None => {
                    filled.push_str(UNKNOWN);
                    at = usize::MAX;
                }
            }
        }
        filled.push_str(rest);
        filled
    }

    /// `{ connectionString }`, `{ ssl }` of JavaScript.
    fn is_shorthand(&self, name: &str, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|before| self.sign(before));
        let after = self.sign(at.saturating_add(1));
        (names_a_string(name) || DECISIVE.contains(&name))
            && matches!(before, Some("{" | ","))
            && matches!(after, Some("," | "}"))
            && !self.open.is_empty()
    }

    /// `key = value`; `at` is the sign between them.
    fn setting(&mut self, key: &'t str, at: usize) -> usize {
        let mut at = at.saturating_add(1);
        // `host: str = "h"`
        let annotated = self.word(at).is_some()
            && self.sign(at.saturating_sub(1)) == Some(":")
            && self.sign(at.saturating_add(1)) == Some("=");
        if annotated {
            at = at.saturating_add(2);
        }
        // `new`, `await`
        while self
            .word(at)
            .is_some_and(|word| matches!(word, "new" | "await" | "os.Getenv" | "return"))
        {
            at = at.saturating_add(1);
        }
        let next = at.saturating_add(1);
        let scope = self.scope();
        let Some(token) = self.token(at) else {
            return at;
        };
        match &token.kind {
            TokenKind::Text(_) => {
                let (value, behind) = self.joined(at);
                self.set_text(scope, key, &value, token.line, behind);
                behind
            }
            TokenKind::Sign(sign) if matches!(sign.as_str(), "{" | "[" | "(") => {
                self.push(key.to_owned());
                next
            }
            // An atom of Elixir, a symbol of Ruby: `verify: :verify_none`.
            TokenKind::Sign(sign) if sign == ":" && self.word(next).is_some() => {
                let value = self.word(next).unwrap_or_default();
                let behind = next.saturating_add(1);
                if self.is_under_condition(behind) {
                    self.document.set(scope, key, UNKNOWN, token.line);
                } else {
                    self.document.set(scope, key, value, token.line);
                }
                behind
            }
            // `!isDevelopment`, `&options`: what it is only the running program knows.
            TokenKind::Sign(_) => {
                self.document.set(scope, key, UNKNOWN, token.line);
                self.key = Some(key);
                at
            }
            TokenKind::Word(word) => {
                let otherwise = self.sign(next).or_else(|| self.word(next));
                if otherwise.is_some_and(|sign| OTHERWISE.contains(&sign)) {
                    let default = next.saturating_add(1);
                    if self.text(default).is_some() {
                        let (value, behind) = self.joined(default);
                        self.set_text(scope, key, &value, token.line, behind);
                        return behind;
                    }
                    if let Some(word) = self.word(default).filter(|word| is_number(word)) {
                        self.document.set(scope, key, word, token.line);
                        return default.saturating_add(1);
                    }
                }
                if self.sign(next) == Some("(") {
                    match self.default_of_call(next) {
                        Some((value, behind)) => {
                            self.document.set(scope, key, &value, token.line);
                            return behind;
                        }
                        None => {
                            self.document.set(scope, key, UNKNOWN, token.line);
                            self.before.push(word);
                            return next;
                        }
                    }
                }
                // `NpgsqlConnectionStringBuilder { Host = ... }`, `PgConfig{Host: ...}`: the braces name themselves.
                if self.sign(next) == Some("{") {
                    self.before.push(word);
                    return next;
                }
                let (value, behind) = self.constant(at, word);
                if value == UNKNOWN {
                    self.key = Some(key);
                }
                let value = if value == UNKNOWN && names_a_string(key) && is_identifier(word) {
                    reference(word)
                } else {
                    value
                };
                self.document.set(scope, key, &value, token.line);
                behind
            }
        }
    }

    /// Sets a text, or says it without its name if something else may count in its place.
    fn set_text(&mut self, scope: usize, key: &str, value: &str, line: usize, behind: usize) {
        if self.is_under_condition(behind) {
            self.document.set(scope, key, UNKNOWN, line);
            self.document.say(scope, value, line);
        } else {
            self.document.set(scope, key, value, line);
        }
    }

    /// Whether a condition follows a value.
    fn is_under_condition(&self, behind: usize) -> bool {
        let has = |sign: &str| CONDITIONS.contains(&sign);
        // `<?xml version="1.0"?>`, and the next tag of XML.
        let is_markup = self.language.is_markup();
        !is_markup
            && (self.sign(behind).is_some_and(has)
                || self
                    .word(behind)
                    .is_some_and(|word| CONDITION_WORDS.contains(&word))
                    && self.is_same_statement(behind))
    }

    /// Whether this token belongs to the statement of the one before it, as far as lines say.
    fn is_same_statement(&self, at: usize) -> bool {
        let line = |at: usize| self.token(at).map(|token| token.line);
        at.checked_sub(1).and_then(line) == line(at)
            || self.language.adjacent == Adjacent::JoinedInBrackets && !self.open.is_empty()
    }

    /// Whether the value that ends before this token is all of its setting.
    fn ends_here(&self, behind: usize, line: usize) -> bool {
        match self.token(behind) {
            None => true,
            Some(token) => match &token.kind {
                TokenKind::Sign(sign) => {
                    let sign = sign.as_str();
                    ENDS.contains(&sign) || token.line > line && !GO_ON.contains(&sign)
                }
                TokenKind::Word(_) | TokenKind::Text(_) => {
                    !self.is_under_condition(behind)
                        && (token.line > line || self.language.is_separated_by_blanks())
                }
            },
        }
    }

    /// A word that is a value: a number, a truth value, or one of an enumeration of modes.
    fn constant(&self, at: usize, word: &str) -> (String, usize) {
        let next = at.saturating_add(1);
        let last = word.rsplit('.').next().unwrap_or_default();
        if is_number(word) {
            return (word.to_owned(), next);
        }
        if matches!(word, "true" | "false" | "True" | "False") {
            let line = self.token(at).map_or(0, |token| token.line);
            let value = match self.ends_here(next, line) {
                true => word.to_lowercase(),
                // `true === x`, `true && x`
                false => UNKNOWN.to_owned(),
            };
            return (value, next);
        }
        if matches!(word, "null" | "nil" | "None" | "undefined") {
            return (String::new(), next);
        }
        let of_modes = |word: &str| word.to_ascii_lowercase().contains("sslmode");
        if of_modes(word) && word.contains('.') && !self.is_under_condition(next) {
            return (last.to_owned(), next);
        }
        // `PgSslMode::Disable`
        let behind = next.saturating_add(2);
        if of_modes(word) && self.sign(next) == Some("::") && !self.is_under_condition(behind) {
            let member = self.word(next.saturating_add(1)).unwrap_or_default();
            return (member.to_owned(), behind);
        }
        (UNKNOWN.to_owned(), next)
    }

    /// `.host("h")`, `setPort(5432)`: a setting by a call with one value.
    fn call(&mut self, name: &str, at: usize) -> Option<usize> {
        let word = self.word(at)?;
        let (open, value, close) = (at.checked_add(1)?, at.checked_add(2)?, at.checked_add(3)?);
        if self.sign(open) != Some("(") {
            return None;
        }
        let key = name.rsplit('.').next().unwrap_or_default();
        let key = ["set", "with"]
            .iter()
            .find_map(|start| {
                key.strip_prefix(start)
                    .filter(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase() || c == '_'))
            })
            .unwrap_or(key);
        let scope = self.scope();
        let line = self.token(at)?.line;
        let constant = self.word(value).map(|word| self.constant(value, word));
        if let Some((text, behind)) = constant
            && self.sign(behind) == Some(")")
            && text != UNKNOWN
        {
            self.document.set(scope, key, &text, line);
            return behind.checked_add(1);
        }
        self.text(value)?;
        if SETTERS.contains(&name.rsplit('.').next().unwrap_or_default())
            && self.sign(close) == Some(",")
            && let Some(second) = close.checked_add(1)
            && self.text(second).is_some()
        {
            let (set, behind) = self.joined(second);
            if self.sign(behind) == Some(")") {
                let (variable, line) = (self.text(value)?.to_owned(), self.token(value)?.line);
                self.document.set(scope, &variable, &set, line);
                return behind.checked_add(1);
            }
        }
        if self.sign(close) == Some(")") {
            let (text, line) = (self.text(value)?, self.token(value)?.line);
            // `os.getenv("DB_HOST")` names a variable.
            if word.to_ascii_lowercase().contains("env") {
                return close.checked_add(1);
            }
            self.document.set(scope, key, text, line);
            return close.checked_add(1);
        }
        None
    }

    /// The last text of a call like `env("NAME", "default")`; `at` is its bracket.
    fn default_of_call(&self, at: usize) -> Option<(String, usize)> {
        let name = self.text(at.checked_add(1)?)?;
        if !is_variable(name) || self.sign(at.checked_add(2)?) != Some(",") {
            return None;
        }
        let third = at.checked_add(3)?;
        let third = match (self.word(third), self.sign(third.checked_add(1)?)) {
            // `default="x"`, `default: "x"`
            (Some("default" | "defaultValue" | "fallback"), Some("=" | ":")) => {
                third.checked_add(2)?
            }
            _ => third,
        };
        let (value, behind) = match self.text(third) {
            Some(_) => self.joined(third),
            None => (
                self.word(third).filter(|word| is_number(word))?.to_owned(),
                third.checked_add(1)?,
            ),
        };
        (self.sign(behind) == Some(")")).then_some((value, behind.checked_add(1)?))
    }

    fn follows_join(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|before| self.sign(before));
        before.is_some_and(|sign| self.language.joins.contains(&sign))
    }

    /// The text at this token together with those that are joined to it.
    fn joined(&self, at: usize) -> (String, usize) {
        let mut value = self.text(at).unwrap_or_default().to_owned();
        let mut next = at.saturating_add(1);
        while value.len() < LONGEST {
            if self.is_adjacent(next)
                && let Some(more) = self.text(next)
                && self
                    .sign(next.saturating_add(1))
                    .is_none_or(|sign| !BETWEEN.contains(&sign))
            {
                value.push_str(more);
                next = next.saturating_add(1);
                continue;
            }
            if self
                .sign(next)
                .is_none_or(|sign| !self.language.joins.contains(&sign))
            {
                break;
            }
            next = next.saturating_add(1);
            match self.text(next) {
                Some(more) => {
                    value.push_str(more);
                    next = next.saturating_add(1);
                }
                None => {
                    value.push_str(UNKNOWN);
                    next = self.behind_expression(next);
                }
            }
        }
        // `"...".format(...)`, `"..." % (...)`: its texts are no settings.
        (value, next)
    }

    /// Whether a text here is one with the text before it.
    fn is_adjacent(&self, at: usize) -> bool {
        let line = |at: usize| self.token(at).map(|token| token.line);
        match self.language.adjacent {
            Adjacent::Separate => false,
            Adjacent::Joined => true,
            // Elsewhere the line ends the statement.
            Adjacent::JoinedInBrackets => self.is_same_statement(at),
            Adjacent::JoinedInLine => at.checked_sub(1).and_then(line) == line(at),
        }
    }

    /// The end of an expression that is joined to a text.
    fn behind_expression(&self, start: usize) -> usize {
        let mut depth = 0_usize;
        let mut at = start;
        let end = start.saturating_add(LONGEST_EXPRESSION);
        while at < end {
            match self.sign(at) {
                Some("(" | "[" | "{") => depth = depth.saturating_add(1),
                Some(")" | "]" | "}" | "," | ";") if depth == 0 => return at,
                Some(")" | "]" | "}") => depth = depth.saturating_sub(1),
                Some(sign) if depth == 0 && self.language.joins.contains(&sign) => return at,
                Some(_) => {}
                None if self.token(at).is_none() => return at,
                // Without a sign before it, a text belongs to the next statement.
                None if depth == 0 && self.text(at).is_some() => return at,
                None => {}
            }
            at = at.saturating_add(1);
        }
        at
    }
}

const LONGEST: usize = 64 * 1024;

/// Whether what has this name is a whole connection string.
fn names_a_string(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ["connectionstring", "connection_string", "url", "uri", "dsn"]
        .iter()
        .any(|end| lower.ends_with(end))
}

fn is_identifier(word: &str) -> bool {
    word.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// Tokens of an expression between two texts.
const LONGEST_EXPRESSION: usize = 60;

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::super::language::of_ending;
    use super::*;

    /// Settings as `path/key=value`, then texts.
    fn found(ending: &str, text: &str) -> Vec<String> {
        let document = read(text, of_ending(ending).unwrap(), 1);
        let settings = document.entries.iter().map(|entry| {
            let path: Vec<&str> = document
                .path(entry.scope)
                .filter(|name| !name.is_empty())
                .collect();
            let path = path.into_iter().rev().collect::<Vec<_>>().join("/");
            format!("{}:{path}/{}={}", entry.line, entry.key, entry.value)
        });
        let texts = document
            .texts
            .iter()
            .map(|text| format!("{}:{}", text.line, text.value));
        settings.chain(texts).collect()
    }

    #[test]
    fn json_is_settings_in_scopes() {
        let text = "{\n // c\n \"a\": {\"b\": \"c\\u0026\", \"d\": 5432, \"e\": true, \"f\": null},\n \"g\": [\"h\", \"i\"]\n}";
        assert_eq!(
            found("json", text),
            [
                "3:a/b=c&",
                "3:a/d=5432",
                "3:a/e=true",
                "3:a/f=",
                "4:h",
                "4:i"
            ]
        );
    }

    #[test]
    fn dictionaries_of_python_have_defaults() {
        let text = "DATABASES = {\n 'default': {\n  'ENGINE': 'x.postgresql', # 'NO': 'no'\n  'HOST': os.environ.get('DB_HOST', 'db.acme.io'),\n  'USER': os.environ['U'],\n  'PORT': 5432,\n  'OPTIONS': {'sslmode': 'require'},\n }\n}\nx: str = \"a\" 'b'\nengine = create_engine(f\"postgresql://{u}:{p}@h/d\")\n";
        assert_eq!(
            found("py", text),
            [
                "3:DATABASES/default/ENGINE=x.postgresql",
                "4:DATABASES/default/HOST=db.acme.io",
                "5:DATABASES/default/USER=${?}",
                "6:DATABASES/default/PORT=5432",
                "7:DATABASES/default/OPTIONS/sslmode=require",
                "10:/x=ab",
                "11:/engine=${?}",
                "5:U",
                "11:postgresql://${u}:${p}@h/d",
            ]
        );
    }

    #[test]
    fn joined_strings_are_one() {
        assert_eq!(
            found(
                "go",
                "s := \"host=\" + h + \" sslmode=\" + f(\"x\", y) + \" port=1\"\ng(`a\nb`)"
            ),
            ["1:/s=host=${?} sslmode=${?} port=1", "2:/g=a\nb"]
        );
        assert_eq!(
            found("php", "$d = 'pgsql:host=' . $h . ';dbname=d';"),
            ["1:/$d=pgsql:host=${?};dbname=d"]
        );
        assert_eq!(
            found("cs", "var s = $\"Host={h};Port=1\" + \";x\";"),
            ["1:/s=Host=${h};Port=1;x"]
        );
    }

    #[test]
    fn blocks_have_the_words_before_them_as_their_names() {
        assert_eq!(
            found(
                "tf",
                "provider \"postgresql\" {\n  host = var.h # x\n  sslmode = \"require\"\n}\n"
            ),
            [
                "2:provider postgresql/host=${?}",
                "3:provider postgresql/sslmode=require",
                "1:postgresql"
            ]
        );
        assert_eq!(
            found(
                "cs",
                "var b = new NpgsqlConnectionStringBuilder { Host = \"h\", SslMode = SslMode.Require };"
            ),
            [
                "1:NpgsqlConnectionStringBuilder/Host=h",
                "1:NpgsqlConnectionStringBuilder/SslMode=Require"
            ]
        );
        assert_eq!(
            found(
                "rs",
                "PgConnectOptions::new().host(\"h\").ssl_mode(PgSslMode::Disable)"
            ),
            ["1:/host=h", "1:/ssl_mode=Disable"]
        );
        assert_eq!(
            found("xml", "<a b=\"c\"><!-- d=\"e\" --><f>g h</f></a>"),
            ["1:/b=c", "1:g h"]
        );
        assert_eq!(
            found(
                "js",
                "const c = { host: process.env.H || 'h', ssl: { rejectUnauthorized: false } }"
            ),
            ["1:c/host=h", "1:c/ssl/rejectUnauthorized=false"]
        );
    }
}

//! Source code, and formats that are written like it: settings are what stands before and behind `=`, `:` or `=>`, and
//! scopes are brackets. What a program computes is not known; its default is.

mod call;
mod join;
mod value;

pub(in crate::scan) use call::is_replacement;

use super::language::{Language, PYTHON};
use super::token::{Token, TokenKind, tokens};
use crate::scan::document::{ADDED, Document, SPREAD, UNKNOWN, reference};

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
    if language.endings.contains(&"psql") {
        for (number, line) in (first_line..).zip(text.lines()) {
            if let Some(string) = reconnects(line) {
                reader.document.say(0, string, number);
            }
        }
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
                        self.document.hide(&name);
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
                    ".." if !self.open.is_empty() => self.spread(token.line, UNKNOWN),
                    // `**options`
                    "*" if self.is_spread(at) => {
                        // Python refuses a name that a call has twice.
                        let is_call =
                            self.language.endings == PYTHON && self.bracket(at) == Some("(");
                        self.spread(token.line, if is_call { ADDED } else { UNKNOWN });
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
                    self.note_change(&value, token.line, behind);
                    if behind == next && name.len() < 80 {
                        self.before.push(name);
                    }
                    return behind;
                }
                if self.may_be_options(at) {
                    self.spread(token.line, UNKNOWN);
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

    fn spread(&mut self, line: usize, value: &str) {
        let scope = self.scope();
        self.document.set(scope, SPREAD, value, line);
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
}

/// What a command of psql connects with; in quotes it is a literal like others.
fn reconnects(line: &str) -> Option<&str> {
    let (command, string) = line.trim_start().split_once(char::is_whitespace)?;
    (matches!(command, "\\c" | "\\connect") && !string.contains(['\'', '"'])).then_some(string)
}

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

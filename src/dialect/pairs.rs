//! Settings with semicolons between them: ADO.NET, ODBC and PDO.

use super::settings::Param;

/// `Name=Value;Name="a value"` as `System.Data.Common.DbConnectionOptions` reads it: a value may be in double or single
/// quotes, doubled inside; `==` is an equals sign in a name. Nothing if a setting has no `=` or a quote is open.
pub(super) fn adonet(text: &str) -> Option<Vec<Param>> {
    let mut params: Vec<Param> = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c == ';' || c.is_whitespace());
        if rest.is_empty() {
            return Some(params);
        }
        let (name, behind) = name(rest)?;
        let behind = behind.trim_start();
        let (value, behind) = match behind.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let (value, behind) = quoted(behind.get(1..)?, quote)?;
                let behind = behind.trim_start();
                if !behind.is_empty() && !behind.starts_with(';') {
                    return None;
                }
                (value, behind)
            }
            _ => {
                let (value, behind) = behind.split_once(';').unwrap_or((behind, ""));
                (value.trim_end().to_owned(), behind)
            }
        };
        params.push(Param::after(params.last(), name, value));
        rest = behind;
    }
}

/// The name before a single `=`, and what follows it.
fn name(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut rest = text;
    loop {
        let (part, behind) = rest.split_once('=')?;
        name.push_str(part);
        match behind.strip_prefix('=') {
            Some(behind) => {
                name.push('=');
                rest = behind;
            }
            None => return (!name.contains(';')).then(|| (name.trim().to_owned(), behind)),
        }
    }
}

/// A value up to its closing quote, which is doubled inside.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let (part, behind) = rest.split_once(quote)?;
        value.push_str(part);
        match behind.strip_prefix(quote) {
            Some(behind) => {
                value.push(quote);
                rest = behind;
            }
            None => return Some((value, behind)),
        }
    }
}

/// Settings in the form that [`adonet`] reads.
pub(super) fn write_adonet(pairs: &[(&str, String)]) -> String {
    let pairs = pairs.iter().map(|(name, value)| {
        let plain = value.trim() == value
            && !value.is_empty()
            && !value.contains([';', '"', '\'', '=', '\n', '\r']);
        if plain {
            format!("{name}={value}")
        } else {
            format!("{name}=\"{}\"", value.replace('"', "\"\""))
        }
    });
    pairs.collect::<Vec<_>>().join(";")
}

/// One setting of ODBC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OdbcParam {
    pub(super) param: Param,
    pub(super) form: Form,
}

/// How its value was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    Braces,
}

/// `Name=Value;Name={a value}`; `}}` is a brace. Nothing if a setting has no `=` or a brace is open. Blanks are part of names
/// and values (`dconn_get_attributes` of psqlODBC's `drvconn.c`).
pub(super) fn odbc(text: &str) -> Option<Vec<OdbcParam>> {
    let mut params: Vec<OdbcParam> = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(';');
        if rest.is_empty() {
            return Some(params);
        }
        let (name, behind) = rest.split_once('=')?;
        if name.contains(';') {
            return None;
        }
        let (value, form, behind) = match behind.strip_prefix('{') {
            Some(inner) => {
                let (value, behind) = quoted(inner, '}')?;
                if !behind.is_empty() && !behind.starts_with(';') {
                    return None;
                }
                (value, Form::Braces, behind)
            }
            None => {
                let (value, behind) = behind.split_once(';').unwrap_or((behind, ""));
                (value.to_owned(), Form::Plain, behind)
            }
        };
        let before = params.last().map(|before| &before.param);
        let param = Param::after(before, name, value);
        params.push(OdbcParam { param, form });
        rest = behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_adonet_may_be_in_quotes() {
        let text = r#"Host=h; User Id = u ;Password="a;b""c";x='it''s';a==b=1;"#;
        let expected = [
            ("Host", "h"),
            ("User Id", "u"),
            ("Password", "a;b\"c"),
            ("x", "it's"),
            ("a=b", "1"),
        ];
        let read = adonet(text).unwrap();
        let read = read
            .iter()
            .map(|param| (param.name.as_str(), param.value.as_str()));
        assert_eq!(read.collect::<Vec<_>>(), expected);
        for broken in ["Host", "Host=h;x", "a=\"b", "a='b' c;d=e"] {
            assert_eq!(adonet(broken), None, "{broken}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for value in ["", "a", " a ", "a;b", "a\"b'c", "a=b"] {
            let text = write_adonet(&[("Password", value.to_owned())]);
            assert_eq!(adonet(&text).unwrap(), [Param::new("Password", value)]);
        }
    }

    #[test]
    fn values_of_odbc_may_be_in_braces() {
        let read = odbc("Driver={PostgreSQL Unicode};Pwd={a;}}b};Port=1").unwrap();
        let values: Vec<&str> = read.iter().map(|read| read.param.value.as_str()).collect();
        assert_eq!(values, ["PostgreSQL Unicode", "a;}b", "1"]);
        for broken in ["Pwd={a", "Pwd={a}b;Port=1", "Port=1;Server"] {
            assert_eq!(odbc(broken), None, "{broken}");
        }
        let blanks = odbc("Server=h ; Port = 1").unwrap();
        let blanks: Vec<(&str, &str)> = blanks
            .iter()
            .map(|read| (read.param.name.as_str(), read.param.value.as_str()))
            .collect();
        assert_eq!(blanks, [("Server", "h "), (" Port ", " 1")]);
    }
}

//! Sections with settings: `pg_service.conf`, `pgbouncer.ini`, `alembic.ini`, TOML.

use crate::scan::document::Document;

/// Reads the sections, each as a scope below the first.
pub(in crate::scan) fn read(text: &str, first_line: usize) -> Document {
    let mut document = Document::new();
    let mut scope = 0;
    let mut multiline: Option<(&str, String, String, usize)> = None;
    for (number, line) in (first_line..).zip(text.lines()) {
        if let Some((quotes, key, mut value, start)) = multiline.take() {
            if let Some((last, _)) = line.split_once(quotes) {
                value.push_str(last);
                document.set(scope, &key, &value, start);
            } else {
                value.push_str(line);
                value.push('\n');
                multiline = Some((quotes, key, value, start));
            }
            continue;
        }
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        let section = line
            .strip_prefix('[')
            .and_then(|rest| rest.rsplit_once(']'))
            .map(|(name, _)| name.trim_matches(['[', ']']))
            .filter(|name| !name.contains('='));
        if let Some(name) = section {
            scope = 0;
            for part in name.split('.').take(DEEPEST) {
                let part = part.trim().trim_matches(['"', '\'']);
                scope = document.open(Some(scope), part.to_owned());
            }
            continue;
        }
        let Some(at) = line.find(['=', ':']) else {
            document.say(scope, line, number);
            continue;
        };
        let (key, value) = line.split_at(at);
        let key = key.trim().trim_matches(['"', '\'']);
        let value = value.get(1..).unwrap_or_default().trim();
        let opened = ["\"\"\"", "'''"]
            .into_iter()
            .find_map(|quotes| Some((quotes, value.strip_prefix(quotes)?)));
        match opened {
            Some((quotes, inner)) if !inner.contains(quotes) => {
                multiline = Some((quotes, key.to_owned(), format!("{inner}\n"), number));
            }
            Some((quotes, inner)) => {
                let inner = inner.split(quotes).next().unwrap_or_default();
                document.set(scope, key, inner, number);
            }
            // Python's configparser doubles percent signs.
            None => document.set(scope, key, &unquoted(value).replace("%%", "%"), number),
        }
    }
    // Quotes that are not closed.
    if let Some((_, key, value, start)) = multiline {
        document.set(scope, &key, &value, start);
    }
    document
}

/// Levels of a section's name.
const DEEPEST: usize = 20;

fn unquoted(value: &str) -> String {
    for quote in ['"', '\''] {
        let inner = value.strip_prefix(quote);
        if let Some((inner, behind)) = inner.and_then(|inner| inner.rsplit_once(quote)) {
            let behind = behind.trim_start();
            if behind.is_empty() || behind.starts_with(['#', ';']) {
                return inner.replace("\\\"", "\"").replace("\\\\", "\\");
            }
        }
    }
    value.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_scopes() {
        let text = "# c\n[prod]\nhost=h\n; x\n[tool.db]\nurl = \"postgres://h/d\" # y\ntext = \"\"\"a\nb\"\"\"\nz = 1\n";
        let document = read(text, 1);
        let found: Vec<(Vec<&str>, &str, &str, usize)> = document
            .entries
            .iter()
            .map(|entry| {
                let path = document.path(entry.scope).filter(|name| !name.is_empty());
                (
                    path.collect(),
                    entry.key.as_str(),
                    entry.value.as_str(),
                    entry.line,
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                (vec!["prod"], "host", "h", 3),
                (vec!["db", "tool"], "url", "postgres://h/d", 6),
                (vec!["db", "tool"], "text", "a\nb", 7),
                (vec!["db", "tool"], "z", "1", 9),
            ]
        );
    }
}

//! `data` of a Secret of Kubernetes, and other values in base64.

use std::collections::HashSet;

use data_encoding::BASE64;

use crate::scan::document::{Block, Document};

/// `postgr` and `jdbc:` in base64.
const BEGINNINGS: &[&str] = &["cG9zdGdy", "amRiYzp"];

/// Decodes what is in base64. A value of many lines is a file in the file.
pub(super) fn decode(document: &mut Document) {
    let secrets: HashSet<usize> = document
        .entries
        .iter()
        .filter(|entry| entry.key == "kind" && entry.value == "Secret")
        .map(|entry| entry.scope)
        .collect();
    let is_data: Vec<bool> = document
        .scopes
        .iter()
        .map(|scope| {
            scope.name == "data" && scope.parent.is_some_and(|parent| secrets.contains(&parent))
        })
        .collect();
    for entry in &mut document.entries {
        let encoded = is_data.get(entry.scope) == Some(&true)
            || BEGINNINGS
                .iter()
                .any(|start| entry.value.starts_with(start));
        let Some(value) = encoded.then(|| decoded(&entry.value)).flatten() else {
            continue;
        };
        let value = value.trim_end_matches(['\n', '\r']).to_owned();
        if value.contains('\n') {
            document.blocks.push(Block {
                scope: entry.scope,
                key: entry.key.clone(),
                value,
                line: entry.line,
            });
            entry.value = String::new();
        } else {
            entry.value = value;
        }
    }
    for text in &mut document.texts {
        if BEGINNINGS.iter().any(|start| text.value.starts_with(start))
            && let Some(value) = decoded(&text.value)
        {
            text.value = value;
        }
    }
}

fn decoded(value: &str) -> Option<String> {
    let digits: String = value.split_whitespace().collect();
    let bytes = BASE64.decode(digits.as_bytes()).ok()?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::kind::Kind;

    #[test]
    fn data_of_a_secret_is_decoded_and_other_data_is_not() {
        let url = BASE64.encode(b"postgres://h/d\n");
        let text =
            format!("kind: Secret\ndata:\n  host: ZGI=\n  url: {url}\nstringData:\n  x: ZGI=\n");
        let mut document = Kind::Yaml.read(&text, 1);
        decode(&mut document);
        let values: Vec<&str> = document
            .entries
            .iter()
            .map(|entry| entry.value.as_str())
            .collect();
        assert_eq!(values, ["Secret", "db", "postgres://h/d", "ZGI="]);
    }
}

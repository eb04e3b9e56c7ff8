//! `aws rds describe-db-instances` and its relatives: addresses of servers.

use crate::conninfo::quoted;
use crate::scan::candidate::{Besides, Candidate, Form};
use crate::scan::document::{Document, Entry};
use crate::scan::template::fill;

/// One address for each instance with the engine of PostgreSQL.
pub(super) fn find(document: &Document) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for engine in &document.entries {
        let is_ours = engine.key == "Engine" && engine.value.contains("postgres");
        if !is_ours {
            continue;
        }
        let in_scope = |scope: usize, key: &str| {
            document
                .entries
                .iter()
                .find(|entry| entry.scope == scope && entry.key == key)
        };
        let endpoint = document
            .scopes
            .iter()
            .position(|scope| scope.name == "Endpoint" && scope.parent == Some(engine.scope));
        // Clusters name their endpoint as a text.
        let host = match endpoint {
            Some(scope) => in_scope(scope, "Address"),
            None => in_scope(engine.scope, "Endpoint"),
        };
        let Some(host) = host else {
            continue;
        };
        let port = endpoint
            .and_then(|scope| in_scope(scope, "Port"))
            .or_else(|| in_scope(engine.scope, "Port"));
        let dbname =
            in_scope(engine.scope, "DBName").or_else(|| in_scope(engine.scope, "DatabaseName"));
        let user = in_scope(engine.scope, "MasterUsername");
        let pairs = [
            ("host", Some(host)),
            ("port", port),
            ("dbname", dbname),
            ("user", user),
        ];
        let words = pairs.iter().filter_map(|(name, entry)| {
            let entry: &Entry = (*entry)?;
            Some(format!(
                "{name}={}",
                String::from_utf8_lossy(&quoted(entry.value.as_bytes()))
            ))
        });
        let key = in_scope(engine.scope, "DBInstanceIdentifier")
            .or_else(|| in_scope(engine.scope, "DBClusterIdentifier"));
        candidates.push(Candidate {
            line: host.line,
            key: key.map(|entry| entry.value.clone()),
            filled: fill(&words.collect::<Vec<_>>().join(" ")),
            asked: None,
            reader: None,
            form: Form::Address,
            password: None,
            beside: Besides::Nothing,
            scope: engine.scope,
        });
    }
    candidates
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::kind::Kind;

    #[test]
    fn instances_of_postgresql_are_addresses() {
        let text = r#"{"DBInstances": [
            {"DBInstanceIdentifier": "a", "Engine": "postgres", "MasterUsername": "u", "DBName": "d",
             "Endpoint": {"Address": "a.x.eu-west-1.rds.amazonaws.com", "Port": 5432}},
            {"DBInstanceIdentifier": "b", "Engine": "mysql", "Endpoint": {"Address": "b", "Port": 3306}}]}"#;
        let found = find(&Kind::of_text(text).read(text, 1));
        let found: Vec<(&str, usize)> = found
            .iter()
            .map(|candidate| (candidate.filled.text.as_str(), candidate.line))
            .collect();
        assert_eq!(
            found,
            [(
                "host=a.x.eu-west-1.rds.amazonaws.com port=5432 dbname=d user=u",
                3
            )]
        );
    }
}

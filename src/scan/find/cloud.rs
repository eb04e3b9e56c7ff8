//! `aws rds describe-db-instances` and its relatives: addresses of servers.

use std::collections::BTreeMap;

use crate::scan::candidate::{Besides, Candidate, Form, in_libpqs_form};
use crate::scan::document::{Document, Entry};
use crate::scan::template::fill;

/// One address for each instance with the engine of PostgreSQL.
pub(super) fn find(document: &Document) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    let is_ours = |entry: &&Entry| entry.key == "Engine" && entry.value.contains("postgres");
    let engines: Vec<&Entry> = document.entries.iter().filter(is_ours).collect();
    if engines.is_empty() {
        return candidates;
    }
    let mut settings: BTreeMap<(usize, &str), &Entry> = BTreeMap::new();
    for entry in &document.entries {
        settings
            .entry((entry.scope, entry.key.as_str()))
            .or_insert(entry);
    }
    let mut endpoints: BTreeMap<usize, usize> = BTreeMap::new();
    for (index, scope) in document.scopes.iter().enumerate() {
        if let (Some(parent), "Endpoint") = (scope.parent, scope.name.as_str()) {
            endpoints.entry(parent).or_insert(index);
        }
    }
    for engine in engines {
        let in_scope = |scope: usize, key: &str| settings.get(&(scope, key)).copied();
        let endpoint = endpoints.get(&engine.scope).copied();
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
        let pairs = pairs
            .iter()
            .filter_map(|(name, entry)| Some((name, (*entry)?.value.as_str())));
        let key = in_scope(engine.scope, "DBInstanceIdentifier")
            .or_else(|| in_scope(engine.scope, "DBClusterIdentifier"));
        candidates.push(Candidate {
            line: host.line,
            key: key.map(|entry| entry.value.clone()),
            filled: fill(&in_libpqs_form(pairs)),
            asked: None,
            reader: None,
            form: Form::Address,
            password: None,
            beside: Besides::Nothing,
            server: None,
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

//! Names of containers: services of compose files and workflows, Services of Kubernetes.

use std::collections::BTreeMap;

use crate::scan::document::Document;
use crate::scan::place::Services;

/// Adds the names that the document defines.
pub(super) fn add(document: &Document, services: &mut Services) {
    let mut insert = |name: &str| {
        if !name.is_empty() && services.len() < MOST {
            services.insert(name.to_ascii_lowercase());
        }
    };
    // Of the objects of Kubernetes, by the scope of the object.
    let names: BTreeMap<usize, &str> = document
        .entries
        .iter()
        .filter(|entry| entry.key == "name")
        .filter_map(|entry| {
            let metadata = document.scope(entry.scope)?;
            let object = metadata.parent.filter(|_| metadata.name == "metadata")?;
            Some((object, entry.value.as_str()))
        })
        .collect();
    for scope in &document.scopes {
        let parent = scope.parent.and_then(|parent| document.scope(parent));
        if parent.is_some_and(|parent| parent.name == "services") {
            insert(&scope.name);
        }
    }
    for entry in &document.entries {
        let in_services = document
            .path(entry.scope)
            .take(2)
            .any(|name| name == "services");
        match entry.key.as_str() {
            "container_name" | "hostname"
                if document.path(entry.scope).nth(1) == Some("services") =>
            {
                insert(&entry.value);
            }
            // `services: {db: postgres:16}`
            _ if in_services && document.path(entry.scope).next() == Some("services") => {
                insert(&entry.key)
            }
            "kind" if entry.value == "Service" => {
                names
                    .get(&entry.scope)
                    .into_iter()
                    .for_each(|name| insert(name));
            }
            _ => {}
        }
    }
}

/// Names of a tree.
const MOST: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::kind::Kind;

    #[test]
    fn containers_are_known_by_their_names() {
        let mut services = Services::new();
        for text in [
            "services:\n  db:\n    image: postgres\n    container_name: pg1\n  app:\n    environment:\n      hostname: x\n",
            "kind: Service\nmetadata:\n  name: pg\n  namespace: n\n---\nkind: Deployment\nmetadata:\n  name: no\n",
            "jobs:\n  test:\n    services:\n      postgres:\n        image: postgres:16\n",
        ] {
            add(&Kind::Yaml.read(text, 1), &mut services);
        }
        let names: Vec<&str> = services.iter().map(String::as_str).collect();
        assert_eq!(names, ["app", "db", "pg", "pg1", "postgres"]);
    }
}

//! What is checked on a schedule, and what metrics call it.

use std::time::Duration;

use crate::check::Source;
use crate::conninfo::{Endpoint, World, shown_path};
use crate::dialect::understand;
use crate::escape::Shown;
use crate::report::{label, place, unique};

/// A connection string, and how often it is checked. No `Debug`: it may contain a password.
#[derive(Clone)]
pub struct Wanted {
    /// The string, with its demands.
    pub source: Source,
    /// How often.
    pub interval: Duration,
}

/// The same with its names. No `Debug`: it may contain a password.
#[derive(Clone)]
pub struct Target {
    pub(super) wanted: Wanted,
    /// What metrics call its endpoints, at least one. They stay the same for as long as the configuration does,
    /// whatever the servers answer. No two targets share one.
    pub(super) labels: Vec<String>,
}

impl Target {
    /// The targets of a configuration.
    pub fn all(wanted: Vec<Wanted>, world: &dyn World) -> Vec<Self> {
        let own: Vec<Vec<String>> = wanted
            .iter()
            .map(|one| labels(&one.source, world))
            .collect();
        let mut unique = unique(own.iter().flatten().cloned()).into_iter();
        wanted
            .into_iter()
            .zip(own)
            .map(|(wanted, own)| Self {
                wanted,
                labels: unique.by_ref().take(own.len()).collect(),
            })
            .collect()
    }

    /// What `/probe` calls it.
    pub fn name(&self) -> &str {
        self.labels.first().map_or("", String::as_str)
    }

    /// What to call the endpoint at this place of the string.
    pub(super) fn label(&self, place: usize) -> String {
        label_at(&self.labels, place)
    }

    /// Whether a result for one is a result for the other.
    pub(super) fn is_checked_like(&self, other: &Self) -> bool {
        let other_labels = &other.labels;
        let (own, other) = (&self.wanted.source, &other.wanted.source);
        let Source {
            text,
            given,
            dialect,
            label: _,
            demands,
            trust,
            clients,
            oldest,
        } = own;
        text == &other.text
            && given == &other.given
            && dialect == &other.dialect
            && demands == &other.demands
            && trust == &other.trust
            && clients == &other.clients
            && oldest == &other.oldest
            && &self.labels == other_labels
    }
}

/// What to call the endpoint at this place, if these are the labels.
pub(super) fn label_at(labels: &[String], place: usize) -> String {
    let first = labels.first().map_or("", String::as_str);
    match labels.get(place) {
        Some(label) => label.clone(),
        // The file of a service, which the string names, has changed since.
        None => format!("{first}, endpoint {}", place.saturating_add(1)),
    }
}

/// One for each endpoint of the string, as the report of a check has them.
fn labels(source: &Source, world: &dyn World) -> Vec<String> {
    let name = source.label.name.as_deref().map(Shown::new);
    let location = source.label.location.as_ref();
    let location =
        location.map(|location| format!("{}:{}", shown_path(&location.file), location.line));
    let of = |place| match (&name, place, &location) {
        (Some(name), ..) => name.to_string(),
        (None, Some(place), _) => label(None, Some(place), None),
        (None, None, Some(location)) => location.clone(),
        (None, None, None) => label(None, None, None),
    };
    let understood = understand(source.input(), source.dialect, world);
    let endpoints = understood.map(|understood| understood.conninfo.endpoints);
    let endpoints = endpoints.unwrap_or_default();
    if endpoints.is_empty() {
        return vec![of(None)];
    }
    let named = endpoints.iter().map(|endpoint| of(place_of(endpoint)));
    named.collect()
}

/// Host and port, as the report of a check has them.
pub(super) fn place_of(endpoint: &Endpoint) -> Option<String> {
    let host = endpoint
        .host
        .as_ref()
        .map(|host| Shown::new(host.as_bytes()).to_string())
        .or_else(|| endpoint.hostaddr.as_ref().map(ToString::to_string));
    place(host.as_deref(), Some(endpoint.port))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::check::Label;
    use crate::conninfo::Nowhere;

    /// A target with a name, or without.
    pub(in crate::serve) fn wanted(name: Option<&str>, text: &str) -> Wanted {
        Wanted {
            source: Source {
                text: text.as_bytes().to_vec(),
                label: Label {
                    name: name.map(str::to_owned),
                    location: None,
                },
                ..Source::default()
            },
            interval: Duration::from_secs(60),
        }
    }

    #[test]
    fn every_endpoint_has_one_label_that_no_other_has() {
        let wanted = vec![
            wanted(Some("orders"), "host=a,b user=u"),
            wanted(Some("orders"), "host=c user=u"),
            wanted(None, "host=d port=7 user=u"),
            wanted(None, "host=d port=7 user=v"),
            wanted(Some("broken"), "nonsense"),
            wanted(Some("x\ny\"z"), "host=e user=u"),
        ];
        let targets = Target::all(wanted, &Nowhere);
        let labels: Vec<Vec<String>> = targets.iter().map(|one| one.labels.clone()).collect();
        assert_eq!(
            labels,
            [
                vec!["orders", "orders #2"],
                vec!["orders #3"],
                vec!["d:7"],
                vec!["d:7 #2"],
                vec!["broken"],
                vec!["x\\x0ay\"z"],
            ]
        );
        assert_eq!(targets[0].label(2), "orders, endpoint 3");
    }

    #[test]
    fn a_target_that_changed_is_another() {
        let one = |text: &str| Target::all(vec![wanted(Some("a"), text)], &Nowhere).remove(0);
        assert!(one("host=a user=u").is_checked_like(&one("host=a user=u")));
        assert!(!one("host=a user=u").is_checked_like(&one("host=b user=u")));
    }
}

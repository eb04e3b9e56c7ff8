//! What to call endpoints on one line.

use std::collections::{HashMap, HashSet};
use std::net::Ipv6Addr;

use super::{EndpointReport, LocationReport};

/// What to call each endpoint. No two have the same label: of those with one name, the later ones get a number.
pub fn labels(endpoints: &[EndpointReport]) -> Vec<String> {
    unique(endpoints.iter().map(EndpointReport::label))
}

impl EndpointReport {
    /// What to call the endpoint: its name, or else host and port. Others may have the same.
    pub fn label(&self) -> String {
        let host = self.host.as_ref().or(self.hostaddr.as_ref());
        label(
            self.name.as_deref(),
            place(host.map(|host| host.as_str()), self.port),
            self.location.as_ref(),
        )
    }
}

/// The name, or else the place, or else the line of the string.
pub(crate) fn label(
    name: Option<&str>,
    place: Option<String>,
    location: Option<&LocationReport>,
) -> String {
    match (name, place, location) {
        (Some(name), ..) => name.to_owned(),
        (None, Some(place), _) => place,
        (None, None, Some(location)) => format!("{}:{}", location.file, location.line),
        (None, None, None) => "connection string".to_owned(),
    }
}

/// Host and port.
pub(crate) fn place(host: Option<&str>, port: Option<u16>) -> Option<String> {
    match (host, port) {
        (Some(host), Some(port)) if is_ipv6(host) => Some(format!("[{host}]:{port}")),
        (Some(host), Some(port)) => Some(format!("{host}:{port}")),
        (Some(host), None) => Some(host.to_owned()),
        (None, Some(port)) => Some(format!("(no host):{port}")),
        (None, None) => None,
    }
}

/// A path of Windows and what stands in a template have colons, too.
fn is_ipv6(host: &str) -> bool {
    let (address, _zone) = host.split_once('%').unwrap_or((host, ""));
    address.parse::<Ipv6Addr>().is_ok()
}

/// The same labels, with a number behind each that is taken.
pub(crate) fn unique(labels: impl Iterator<Item = String>) -> Vec<String> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    let mut taken: HashSet<String> = HashSet::new();
    let numbered = labels.map(|label| {
        let count = counts.entry(label.clone()).or_default();
        loop {
            *count = count.saturating_add(1);
            let numbered = match *count {
                1 => label.clone(),
                count => format!("{label} #{count}"),
            };
            // Another one may have that for its name.
            if taken.insert(numbered.clone()) {
                return numbered;
            }
        }
    });
    numbered.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Report, csv, html, ics, junit, markdown, sample};

    /// Every format that names endpoints tells two of one name apart.
    #[test]
    fn the_second_of_one_name_has_a_number_in_each_format() {
        let report = sample::with(&[sample::passing(), sample::passing()]);
        type Write = fn(&mut dyn std::io::Write, &Report) -> std::io::Result<()>;
        let formats: [(&str, Write); 5] = [
            ("csv", csv::write),
            ("html", html::write),
            ("ics", ics::write),
            ("junit", junit::write),
            ("markdown", markdown::write),
        ];
        for (format, write) in formats {
            let mut out = Vec::new();
            write(&mut out, &report).unwrap();
            // Lines of a calendar are folded.
            let text = String::from_utf8(out).unwrap().replace("\r\n ", "");
            assert!(text.contains("db.example.com:5432 #2"), "{format}: {text}");
        }
    }

    #[test]
    fn only_an_address_of_ipv6_stands_in_brackets() {
        for (host, shown) in [
            ("::1", "[::1]:5432"),
            ("fe80::1%eth0", "[fe80::1%eth0]:5432"),
            ("192.0.2.1", "192.0.2.1:5432"),
            ("db.example.com", "db.example.com:5432"),
            ("c:/tmp", "c:/tmp:5432"),
        ] {
            assert_eq!(place(Some(host), Some(5432)).as_deref(), Some(shown));
        }
    }

    #[test]
    fn no_two_labels_are_the_same() {
        let labels = ["a", "b", "a", "a #2", "a", "b"].map(str::to_owned);
        assert_eq!(
            unique(labels.into_iter()),
            ["a", "b", "a #2", "a #2 #2", "a #3", "b #2"]
        );
    }
}

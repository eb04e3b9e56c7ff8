//! What an audit found, in the words that the formats for people share.

use super::{AcceptedReport, ProfileReport};
use crate::audit::Preference;
use crate::escape::Shown;
use crate::profile::Compliance;
use crate::words::Named;

impl AcceptedReport {
    /// How many suites, and in which order.
    pub(super) fn suites_told(&self) -> String {
        let order = match self.preference.as_ref().and_then(Named::known) {
            Some(Preference::Server) => "in the server's order",
            Some(Preference::Client) => "the client's order decides",
            None => "in the order chosen",
        };
        let suites = match self.suites.len() {
            1 => "1 suite".to_owned(),
            count => format!("{count} suites"),
        };
        format!("{suites}, {order}{}", more(self.suites_complete))
    }

    /// The key exchange groups, if there are any.
    pub(super) fn groups_told(&self) -> Option<String> {
        let groups: Vec<&str> = self.groups.iter().map(Shown::as_str).collect();
        let quantum = match self.post_quantum {
            true => "post-quantum",
            false => "none post-quantum",
        };
        let more = more(self.groups_complete);
        (!groups.is_empty()).then(|| format!("groups: {} ({quantum}){more}", groups.join(", ")))
    }

    /// The size of the prime, and the features of TLS 1.2 and older: one line each.
    pub(super) fn features_told(&self) -> Vec<String> {
        let prime = self.dh_bits;
        let prime = prime.map(|bits| format!("Diffie-Hellman prime: {bits} bits"));
        let told = |feature: Option<bool>, yes, no| match feature {
            Some(true) => yes,
            Some(false) => no,
            None => None,
        };
        let features: Vec<&str> = [
            told(self.compression, Some("COMPRESSION"), None),
            told(
                self.secure_renegotiation,
                None,
                Some("NO SECURE RENEGOTIATION"),
            ),
            told(self.session_tickets, Some("session tickets"), None),
            told(
                self.extended_master_secret,
                Some("extended master secret"),
                Some("no extended master secret"),
            ),
        ]
        .into_iter()
        .flatten()
        .collect();
        let features = (!features.is_empty()).then(|| features.join(", "));
        prime.into_iter().chain(features).collect()
    }
}

fn more(is_complete: bool) -> &'static str {
    match is_complete {
        true => "",
        false => ", MAYBE MORE",
    }
}

/// The tickets that came with a session of TLS 1.3.
pub(super) fn tickets_told(count: u32) -> String {
    match count {
        0 => "none".to_owned(),
        count => format!("{count} with a TLS 1.3 session"),
    }
}

impl ProfileReport {
    /// How many requirements have each outcome.
    pub(super) fn outcomes_told(&self) -> String {
        let count = |outcome: Compliance| {
            let all = self.requirements.iter();
            all.filter(|one| one.outcome == outcome).count()
        };
        format!(
            "{} met, {} failed, {} unknown, {} not applicable, {} not checked",
            count(Compliance::Met),
            count(Compliance::Failed),
            count(Compliance::Unknown),
            count(Compliance::NotApplicable),
            count(Compliance::NotChecked)
        )
    }
}

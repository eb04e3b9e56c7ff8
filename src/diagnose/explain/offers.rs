//! No version or suite in common: what the server would have accepted.

use super::corrected;
use super::wire::no_sni;
use crate::conninfo::Keyword;
use crate::diagnose::{Diagnosis, Hint};
use crate::probe::{Offers, Taken, Task, server_name};
use crate::wire::tls::TlsVersion;

impl Diagnosis {
    /// Adds what the server would have accepted to the advice for the failure.
    #[must_use]
    pub fn with_offers(mut self, task: &Task, offers: &Offers) -> Self {
        if let Some(error) = &mut self.error {
            let first = seen(offers).map(Hint::say);
            // With a name the answer may be another one, if the server takes nothing at all without.
            let without_name = server_name(task).is_none() && takes_nothing(offers);
            let advice = [
                without_name.then(|| no_sni(&task.conninfo)),
                first,
                post_quantum_only(offers),
                way_out(task, offers),
                Some(std::mem::take(&mut error.hint)),
            ];
            error.hint = advice.into_iter().flatten().collect();
        }
        self
    }
}

/// Does the server refuse every version with everything that exists?
fn takes_nothing(offers: &Offers) -> bool {
    let mut versions = offers.versions.iter();
    versions.all(|(_, answer)| matches!(answer, Ok(None)))
}

/// The result of each version; `None` if all are unknown.
fn seen(offers: &Offers) -> Option<String> {
    let mut taken = Vec::new();
    let mut refused = Vec::new();
    for (version, answer) in &offers.versions {
        match answer {
            Ok(Some(found)) => taken.push(format!("{} ({})", version.name(), described(*found))),
            Ok(None) => refused.push(version.name()),
            Err(_) => {}
        }
    }
    let taken = match taken.as_slice() {
        [] if refused.is_empty() => return None,
        [] => "nothing that pgtls knows".to_owned(),
        _ => taken.join(", "),
    };
    Some(match refused.as_slice() {
        [] => format!("The server accepts {taken}."),
        _ => format!(
            "The server accepts {taken}. It refuses {}.",
            refused.join(", ")
        ),
    })
}

fn described(taken: Taken) -> String {
    match taken.group {
        Some(group) => format!("{}, {}", taken.suite.openssl, group.name),
        None => taken.suite.openssl.to_owned(),
    }
}

/// pgtls does not offer the group, because not every psql does.
fn post_quantum_only(offers: &Offers) -> Option<Hint> {
    let group = offers
        .versions
        .iter()
        .filter_map(|(_, answer)| answer.as_ref().ok()?.as_ref()?.group)
        .find(|group| group.is_post_quantum())?;
    Some(Hint::say(format!(
        "psql with OpenSSL 3.5 connects, psql with OpenSSL 3.0 to 3.4 does not: it does not know {}. Let the server also take X25519 or P-256.",
        group.name
    )))
}

/// The string that would have something in common with the server, if the string is what prevents
/// it.
fn way_out(task: &Task, offers: &Offers) -> Option<Hint> {
    let takes = |wanted: TlsVersion| {
        offers
            .versions
            .iter()
            .any(|(version, answer)| *version == wanted && matches!(answer, Ok(Some(_))))
    };
    let conninfo = &task.conninfo;
    let max = conninfo.ssl_max_protocol_version.as_ref();
    let min = conninfo.ssl_min_protocol_version.as_ref();
    let change = match (max, min) {
        (Some(max), _) if max.value < TlsVersion::V1_3 && takes(TlsVersion::V1_3) => {
            (Keyword::SslMaxProtocolVersion, TlsVersion::V1_3)
        }
        (_, Some(min)) if min.value > TlsVersion::V1_2 && takes(TlsVersion::V1_2) => {
            (Keyword::SslMinProtocolVersion, TlsVersion::V1_2)
        }
        _ => return None,
    };
    let (keyword, version) = change;
    let string = corrected(conninfo, &[(keyword, version.name().as_bytes())]);
    Some(Hint::say(format!("{keyword} excludes that. Use:")).fix(string))
}

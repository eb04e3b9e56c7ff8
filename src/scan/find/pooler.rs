//! `pgbouncer.ini`: each line of `[databases]` is a connection string with settings of PgBouncer's own. How it asks for
//! TLS is in `[pgbouncer]` (PgBouncer's documentation, "TLS settings").

use crate::conninfo::{Keyword, parse};
use crate::scan::candidate::{Besides, Candidate, Form, in_libpqs_form};
use crate::scan::document::Document;
use crate::scan::template::fill;

/// Whether a file is PgBouncer's, by its name.
pub(super) fn is_one(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    name.starts_with("pgbouncer") && name.ends_with(".ini")
}

/// PgBouncer's own settings, and what they are to libpq.
const TLS: &[(&str, Keyword)] = &[
    ("server_tls_sslmode", Keyword::SslMode),
    ("server_tls_ca_file", Keyword::SslRootCert),
    ("server_tls_cert_file", Keyword::SslCert),
    ("server_tls_key_file", Keyword::SslKey),
];

/// One string for each database.
pub(super) fn find(document: &Document) -> Vec<Candidate> {
    let setting = |name: &str| {
        document
            .entries
            .iter()
            .find(|entry| entry.key == name)
            .map(|entry| entry.value.clone())
    };
    // The default of server_tls_sslmode.
    let mode = setting("server_tls_sslmode").unwrap_or_else(|| "prefer".to_owned());
    let mut candidates = Vec::new();
    for entry in &document.entries {
        if document.path(entry.scope).next() != Some("databases") {
            continue;
        }
        let mut settings: Vec<(Keyword, Vec<u8>)> = Vec::new();
        // Its own settings are unknown to libpq, so each word is read alone.
        for word in entry.value.split_whitespace() {
            let parsed = parse(word.as_bytes()).unwrap_or_default();
            settings.extend(
                parsed
                    .into_iter()
                    .map(|made| (made.keyword, made.value.as_bytes().to_vec())),
            );
        }
        if !settings
            .iter()
            .any(|(keyword, _)| *keyword == Keyword::Host)
        {
            continue;
        }
        for (name, keyword) in TLS {
            let value = if *keyword == Keyword::SslMode {
                Some(mode.clone())
            } else {
                setting(name)
            };
            settings.extend(value.map(|value| (*keyword, value.into_bytes())));
        }
        candidates.push(Candidate {
            line: entry.line,
            key: Some(entry.key.clone()),
            filled: fill(&in_libpqs_form(settings)),
            asked: None,
            reader: None,
            form: Form::Group,
            password: None,
            beside: Besides::Nothing,
            server: None,
            scope: entry.scope,
        });
    }
    candidates
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::kind::Kind;

    #[test]
    fn databases_have_the_mode_of_the_pooler() {
        let text = "[databases]\napp = host=db.acme.io port=5432 dbname=app pool_size=5\n* = dbname=x\n[pgbouncer]\nserver_tls_sslmode = verify-full\nserver_tls_ca_file = root.crt\n";
        let found = find(&Kind::Ini.read(text, 1));
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].filled.text,
            "host=db.acme.io port=5432 dbname=app sslmode=verify-full sslrootcert=root.crt"
        );
    }
}

//! A StartupMessage in plain text. What may be secret in it is not kept.
//!
//! PostgreSQL documentation, "Message Formats".

use std::collections::BTreeMap;

use serde::Serialize;

use super::seen::shown;
use crate::escape::Shown;
use crate::secrecy::{Place, Taken};
use crate::wire::Fields;

/// Who wants what, as the StartupMessage says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Startup {
    /// The protocol's version: `3.0`.
    pub protocol: String,
    /// The user; `null` if none is named.
    pub user: Option<Shown>,
    /// The database; `null` if none is named: it is that of the user's name.
    pub database: Option<Shown>,
    /// The other parameters, without those that may be secret.
    pub parameters: BTreeMap<Shown, Shown>,
    /// How many parameters are not shown because they may be secret, or because there are too many.
    pub hidden: usize,
}

impl Startup {
    /// Reads a packet after its length word.
    pub(super) fn read(packet: &[u8]) -> Self {
        let mut startup = Self::default();
        let mut fields = Fields(packet);
        if let (Some(major), Some(minor)) = (fields.u16(), fields.u16()) {
            startup.protocol = format!("{major}.{minor}");
        }
        while let Some(name @ [_, ..]) = fields.string() {
            let Some(value) = fields.string() else {
                break;
            };
            startup.add(name, value);
        }
        startup
    }

    fn add(&mut self, name: &[u8], value: &[u8]) {
        if may_be_secret(name, value) || self.parameters.len() >= MAX_PARAMETERS {
            self.hidden = self.hidden.saturating_add(1);
            return;
        }
        let value = cut(value);
        match name {
            b"user" => self.user = Some(value),
            b"database" => self.database = Some(value),
            _ => {
                self.parameters.insert(cut(name), value);
            }
        }
    }
}

/// A parameter whose name speaks of a secret, or whose value looks like one.
fn may_be_secret(name: &[u8], value: &[u8]) -> bool {
    let speaks = |text: &[u8]| {
        let text = text.to_ascii_lowercase();
        let mut windows = SECRETS.iter();
        windows.any(|word| text.windows(word.len()).any(|part| part == *word))
    };
    let (place, is_name) = match name {
        b"user" => (Place::User, true),
        b"database" => (Place::Name, true),
        b"application_name" => (Place::Name, false),
        _ => (Place::Word, false),
    };
    speaks(name) || (!is_name && speaks(value)) || Taken::of(value, place).is_some()
}

const SECRETS: [&[u8]; 7] = [
    b"pass",
    b"pwd",
    b"secret",
    b"token",
    b"credential",
    b"apikey",
    b"api_key",
];

fn cut(text: &[u8]) -> Shown {
    shown(text, MAX_TEXT)
}

const MAX_PARAMETERS: usize = 32;
/// Bytes of a name or a value.
pub(super) const MAX_TEXT: usize = 200;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::postgres::frame::LENGTH_WORD;
    use crate::wire::postgres::startup::startup_message;

    fn packet(pairs: &[(&str, &str)]) -> Vec<u8> {
        let mut packet = vec![0, 3, 0, 0];
        for (name, value) in pairs {
            packet.extend(name.bytes().chain([0]).chain(value.bytes()).chain([0]));
        }
        packet.push(0);
        packet
    }

    #[test]
    fn user_database_and_parameters_are_read() {
        let message = startup_message(b"ann", b"app");
        let startup = Startup::read(&message[LENGTH_WORD..]);
        assert_eq!(startup.protocol, "3.0");
        assert_eq!(startup.user.as_deref(), Some("ann"));
        assert_eq!(startup.database.as_deref(), Some("app"));
        let parameters: Vec<_> = startup.parameters.iter().collect();
        assert_eq!(parameters, [(&"application_name".into(), &"pgtls".into())]);
        assert_eq!(startup.hidden, 0);
    }

    #[test]
    fn what_may_be_secret_is_counted_and_hidden() {
        let startup = Startup::read(&packet(&[
            ("user", "ann"),
            ("password", "hunter2"),
            ("options", "-c app.api_token=hunter2"),
            ("application_name", "postgres://ann:hunter2@db/x"),
            ("client_encoding", "UTF8"),
        ]));
        assert_eq!(startup.hidden, 3);
        assert!(!format!("{startup:?}").contains("hunter2"), "{startup:?}");
        assert_eq!(startup.parameters.len(), 1);
    }

    #[test]
    fn texts_are_escaped_and_bounded() {
        let long = "x".repeat(1000);
        let many: Vec<(String, String)> = (0..100)
            .map(|number| (format!("p{number}"), long.clone()))
            .collect();
        let mut pairs: Vec<(&str, &str)> = many
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        pairs.insert(0, ("user", "\x1b[2J\u{202e}ann"));
        let startup = Startup::read(&packet(&pairs));
        assert_eq!(startup.user.as_deref(), Some("\\x1b[2J\\u{202e}ann"));
        assert_eq!(startup.parameters.len(), MAX_PARAMETERS);
        assert_eq!(startup.hidden, 100 - MAX_PARAMETERS);
        assert!(startup.parameters.values().all(|value| value.len() <= 200));
    }

    proptest! {
        #[test]
        fn hostile_bytes_are_read_without_a_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            let _ = Startup::read(&bytes);
            let _ = Startup::read(&[&[0, 3, 0, 0][..], &bytes].concat());
        }
    }
}

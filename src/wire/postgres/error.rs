//! ErrorResponse: how a server refuses (PostgreSQL documentation, "Error and Notice Message
//! Fields").

use super::frame::{self, LENGTH_WORD, backend};
use crate::secrecy::without_secrets;
use crate::wire::Fields;

/// The contents of an ErrorResponse. Untrusted text: escape it before it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerError {
    /// Five characters, if the server sent that field.
    pub sqlstate: Option<String>,
    /// The primary message.
    pub message: Vec<u8>,
    /// The details; empty if the server sent none.
    pub detail: Vec<u8>,
    /// Where in its program the server made the message; `None` if it does not say.
    pub made: Option<Made>,
}

/// The place in the server's program, in no language but that of its source. PostgreSQL always sends
/// it (`send_message_to_frontend` in `elog.c`); PgBouncer and most other poolers never do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The source file: `auth.c`.
    pub file: String,
    /// The function: `ClientAuthentication`.
    pub routine: String,
}

/// What an error ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The statement.
    Error,
    /// The connection.
    Fatal,
}

impl Severity {
    /// Its value in the field.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
        }
    }
}

impl ServerError {
    /// Reads an ErrorResponse without its leading `E`, as far as it has arrived. Anything else
    /// counts as the bare string that servers older than 7.4 send. Names in its texts that look like secrets are left out.
    pub fn decode(body: &[u8]) -> Self {
        let Some(length) = message_length(body) else {
            return Self {
                sqlstate: None,
                message: without_secrets(until_nul(body)),
                ..Self::default()
            };
        };
        let fields = body.get(LENGTH_WORD..length.min(body.len()));
        let mut fields = Fields(fields.unwrap_or_default());
        let mut error = Self::default();
        let (mut file, mut routine) = (None, None);
        while let Some(kind) = fields.u8() {
            if kind == END {
                break;
            }
            let value = fields.string().unwrap_or_else(|| rest(&mut fields));
            match kind {
                MESSAGE => error.message = without_secrets(value),
                DETAIL => error.detail = without_secrets(value),
                SQLSTATE => error.sqlstate = sqlstate(value),
                FILE => file = identifier(value),
                ROUTINE => routine = identifier(value),
                _ => {}
            }
        }
        error.made = file
            .zip(routine)
            .map(|(file, routine)| Made { file, routine });
        error
    }

    /// Can the next attempt get another answer: is the server full, starting up or shutting down?
    pub fn may_pass(&self) -> bool {
        let state = self.sqlstate.as_deref().unwrap_or_default();
        state.starts_with(sqlstate::CLASS_INSUFFICIENT_RESOURCES)
            || state.starts_with(sqlstate::CLASS_OPERATOR_INTERVENTION)
    }

    /// Puts the mask wherever the server repeats this text, or its beginning: PostgreSQL cuts long names.
    pub fn hide(&mut self, secret: &[u8], mask: &str) {
        for text in [&mut self.message, &mut self.detail] {
            *text = without(text, secret, mask.as_bytes());
        }
    }

    /// Does it say that the server does not know the SSLRequest? It then quotes the code of the request as a
    /// version of the protocol, in some form and in any language: servers and poolers without TLS do so.
    pub fn rejects_ssl_request(&self) -> bool {
        let text = String::from_utf8_lossy(&self.message).to_ascii_lowercase();
        SSL_REQUEST.iter().any(|code| text.contains(code))
    }

    /// Has all of it arrived, again without the leading `E`?
    pub fn is_whole(body: &[u8]) -> bool {
        match message_length(body) {
            Some(length) => body.len() >= length,
            None => body.len() >= LENGTH_WORD && body.contains(&0),
        }
    }
}

/// A text with the mask for each secret, also for one that was cut.
fn without(text: &[u8], secret: &[u8], mask: &[u8]) -> Vec<u8> {
    let least = secret.len().clamp(1, SHORTEST_CUT);
    let mut left = text;
    let mut masked = Vec::with_capacity(text.len());
    while let Some((first, behind)) = left.split_first() {
        let pairs = left.iter().zip(secret);
        let same = pairs.take_while(|(here, there)| here == there).count();
        if same >= least {
            masked.extend_from_slice(mask);
            left = left.get(same..).unwrap_or_default();
        } else {
            masked.push(*first);
            left = behind;
        }
    }
    masked
}

/// PostgreSQL cuts names after 63 bytes (`NAMEDATALEN`), and not within a character.
const SHORTEST_CUT: usize = 60;

/// A whole ErrorResponse.
pub fn encode(severity: Severity, sqlstate: &str, message: &str) -> Vec<u8> {
    let severity = severity.name();
    let fields = [
        (SEVERITY_LOCAL, severity),
        (SEVERITY, severity),
        (SQLSTATE, sqlstate),
        (MESSAGE, message),
    ];
    let mut contents = Vec::new();
    for (kind, value) in fields {
        contents.push(kind);
        contents.extend_from_slice(value.as_bytes());
        contents.push(0);
    }
    contents.push(END);
    frame::message(backend::ERROR_RESPONSE, &contents)
}

/// The length word of a protocol 3 message, if it is one: libpq takes anything outside 8..=30000
/// for the bare string of an old server.
fn message_length(body: &[u8]) -> Option<usize> {
    let word = Fields(body).u32()?;
    usize::try_from(word)
        .ok()
        .filter(|length| (8..=MAX_ERROR).contains(length))
}

fn sqlstate(value: &[u8]) -> Option<String> {
    let well_formed = value.len() == 5
        && value
            .iter()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    well_formed.then(|| value.iter().copied().map(char::from).collect())
}

/// A name in C source, or of a file of it.
fn identifier(value: &[u8]) -> Option<String> {
    let fits =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'/');
    let well_formed = (1..=MAX_IDENTIFIER).contains(&value.len()) && value.iter().all(fits);
    well_formed.then(|| value.iter().copied().map(char::from).collect())
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or_default()
}

fn rest<'a>(fields: &mut Fields<'a>) -> &'a [u8] {
    std::mem::take(&mut fields.0)
}

/// The maximum length of an ErrorResponse (bytes): libpq's own limit.
pub const MAX_ERROR: usize = 30_000;

/// The maximum length of a name in the server's source (bytes).
const MAX_IDENTIFIER: usize = 100;

const END: u8 = 0;
const MESSAGE: u8 = b'M';
const DETAIL: u8 = b'D';
const FILE: u8 = b'F';
const ROUTINE: u8 = b'R';
const SQLSTATE: u8 = b'C';
/// In the server's language.
const SEVERITY_LOCAL: u8 = b'S';
const SEVERITY: u8 = b'V';

/// SQLSTATEs that matter here (PostgreSQL documentation, appendix "Error Codes").
pub mod sqlstate {
    /// `protocol_violation`.
    pub const PROTOCOL_VIOLATION: &str = "08P01";
    /// `invalid_authorization_specification`.
    pub const INVALID_AUTHORIZATION: &str = "28000";
    /// `invalid_password`.
    pub const INVALID_PASSWORD: &str = "28P01";
    /// `invalid_catalog_name`: there is no such database.
    pub const INVALID_CATALOG_NAME: &str = "3D000";
    /// `insufficient_privilege`.
    pub const INSUFFICIENT_PRIVILEGE: &str = "42501";
    /// `object_not_in_prerequisite_state`: the database allows no connections.
    pub const NOT_IN_PREREQUISITE_STATE: &str = "55000";
    /// `undefined_object`.
    pub const UNDEFINED_OBJECT: &str = "42704";
    /// `invalid_parameter_value`.
    pub const INVALID_PARAMETER_VALUE: &str = "22023";
    /// `internal_error`.
    pub const INTERNAL_ERROR: &str = "XX000";
    /// `feature_not_supported`.
    pub const FEATURE_NOT_SUPPORTED: &str = "0A000";
    /// `too_many_connections`.
    pub const TOO_MANY_CONNECTIONS: &str = "53300";
    /// `cannot_connect_now`: the server is starting up, shutting down or recovering.
    pub const CANNOT_CONNECT_NOW: &str = "57P03";
    /// The class "Insufficient Resources".
    pub const CLASS_INSUFFICIENT_RESOURCES: &str = "53";
    /// The class "Operator Intervention".
    pub const CLASS_OPERATOR_INTERVENTION: &str = "57";
}

/// The code of an SSLRequest, 1234 in its upper half and 5679 in its lower: in two numbers, in decimal and in
/// hexadecimal digits.
const SSL_REQUEST: [&str; 4] = ["1234.5679", "1234, 5679", "80877103", "4d2162f"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn body(fields: &[u8]) -> Vec<u8> {
        frame::message(backend::ERROR_RESPONSE, fields)[1..].to_vec()
    }

    #[test]
    fn message_and_sqlstate_are_read() {
        let body = body(b"SFATAL\0C53300\0Msorry, too many clients already\0\0");
        let error = ServerError::decode(&body);
        assert_eq!(error.sqlstate.as_deref(), Some("53300"));
        assert_eq!(error.message, b"sorry, too many clients already");
    }

    #[test]
    fn the_place_in_the_servers_program_is_read_if_it_is_one() {
        let error = |fields: &[u8]| ServerError::decode(&body(fields));
        let whole = error(b"SFATAL\0C28000\0Mno\0Dwhy\0Fauth.c\0L441\0RClientAuthentication\0\0");
        let made = whole.made.unwrap();
        assert_eq!(
            (made.file.as_str(), made.routine.as_str()),
            ("auth.c", "ClientAuthentication")
        );
        assert_eq!(whole.detail, b"why");
        for odd in [
            &b"SFATAL\0C28000\0Mno\0Fauth.c\0\0"[..],
            b"SFATAL\0C28000\0Mno\0Fauth.c\0Ra b\x1b\0\0",
            b"SFATAL\0C28000\0Mno\0Fauth.c\0R\0\0",
        ] {
            assert_eq!(error(odd).made, None, "{odd:?}");
        }
    }

    #[test]
    fn what_is_encoded_is_read_again() {
        let bytes = encode(Severity::Fatal, sqlstate::CANNOT_CONNECT_NOW, "starting up");
        assert_eq!(bytes[0], b'E');
        assert!(ServerError::is_whole(&bytes[1..]));
        let expected = ServerError {
            sqlstate: Some("57P03".to_owned()),
            message: b"starting up".to_vec(),
            ..ServerError::default()
        };
        assert_eq!(ServerError::decode(&bytes[1..]), expected);
        let severity = b"SFATAL\0VFATAL\0";
        assert_eq!(bytes[5..][..severity.len()], severity[..]);
    }

    #[test]
    fn a_server_that_does_not_know_the_ssl_request_says_its_code() {
        let said = |message: &str| ServerError::decode(format!("{message}\n\0").as_bytes());
        for message in [
            "unsupported frontend protocol 1234.5679: server supports 2.0 to 3.0",
            "nicht unterst\u{fc}tztes Frontend-Protokoll 1234.5679",
            "unsupported protocol version 80877103",
            "Unknown startup code 0x04D2162F",
        ] {
            assert!(said(message).rejects_ssl_request(), "{message}");
        }
        for message in ["unsupported frontend protocol 3.2", "too many clients", ""] {
            assert!(!said(message).rejects_ssl_request(), "{message}");
        }
    }

    #[test]
    fn the_bare_string_of_an_ancient_server_is_its_message() {
        let error = ServerError::decode(b"FATAL 1:  unsupported frontend protocol\n\0");
        assert_eq!(error.sqlstate, None);
        assert_eq!(error.message, b"FATAL 1:  unsupported frontend protocol\n");
    }

    #[test]
    fn truncated_and_nonsensical_responses_are_read_as_far_as_they_go() {
        for (body, message) in [
            (&b""[..], &b""[..]),
            (b"\0", b""),
            (b"\0\0\0", b""),
            (b"\0\0\0\x08", b""),
            (b"\0\0\0\x20M", b""),
            (b"\x7f\xff\xff\xffSFATAL\0", b"\x7f\xff\xff\xffSFATAL"),
            (b"\0\0\0\x0aC5330\0", b""),
            (b"\0\0\0\x0cMabc", b"abc"),
            (b"\0\0\0\x0cMabcdefghi", b"abcdefg"),
            (b"\0\0\0\x10C08p01\0Mx\0\0", b"x"),
        ] {
            let error = ServerError::decode(body);
            assert_eq!(error.message, message, "{body:?}");
            assert_eq!(error.sqlstate, None, "{body:?}");
        }
    }

    #[test]
    fn a_response_is_whole_when_its_length_has_arrived() {
        let body = body(b"Mx\0\0");
        assert!(ServerError::is_whole(&body));
        for end in 0..body.len() {
            assert!(!ServerError::is_whole(&body[..end]), "{end}");
        }
        assert!(ServerError::is_whole(b"too many clients\0"));
        assert!(!ServerError::is_whole(b"too many"));
    }

    #[test]
    fn a_busy_server_may_be_free_later() {
        for (state, passes) in [
            (Some("53300"), true),
            (Some("57P03"), true),
            (Some("28000"), false),
            (None, false),
        ] {
            let error = ServerError {
                sqlstate: state.map(str::to_owned),
                message: Vec::new(),
                ..ServerError::default()
            };
            assert_eq!(error.may_pass(), passes, "{state:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_read_that_was_not_sent(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            for body in [bytes.clone(), body(&bytes)] {
                let error = ServerError::decode(&body);
                // What is left out has a word in its place.
                let shown = String::from_utf8_lossy(&error.message);
                let is_whole = !shown.contains("(not shown: ");
                prop_assert!(!is_whole || error.message.len() <= body.len());
                prop_assert!(error.sqlstate.is_none_or(|state| state.len() == 5));
            }
        }
    }
}

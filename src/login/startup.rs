//! The startup packet of libpq, made of that of tokio-postgres, which knows neither `replication` nor protocol 3.2, and
//! what the server answers about the protocol. Pure.

use super::Refusal;
use crate::conninfo::{ConnInfo, Keyword, ProtocolVersion};
use crate::wire::Fields;
use crate::wire::postgres::frame::{LENGTH_WORD, length_word};
use crate::wire::postgres::startup::PROTOCOL_3_0;

/// What the packet asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Startup {
    /// The protocol that was asked for, or that the server chose instead.
    version: Version,
    /// The oldest that will do.
    least: Version,
    /// Sent as written, also to ask for nothing: a pooler may refuse the parameter.
    replication: Option<Vec<u8>>,
}

/// A version of the protocol. There is no 3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    V3_0,
    /// Since PostgreSQL 18, and the latest that libpq 18 knows.
    V3_2,
}

impl From<ProtocolVersion> for Version {
    fn from(version: ProtocolVersion) -> Self {
        match version {
            ProtocolVersion::V3_0 => Self::V3_0,
            ProtocolVersion::V3_2 | ProtocolVersion::Latest => Self::V3_2,
        }
    }
}

impl Version {
    const fn code(self) -> [u8; 4] {
        match self {
            Self::V3_0 => PROTOCOL_3_0,
            Self::V3_2 => [0, 3, 0, 2],
        }
    }
}

impl Startup {
    /// Without `max_protocol_version` the newest that will do is asked for, if 3.0 will not (`pqConnectOptions2`).
    pub(super) fn of(conninfo: &ConnInfo) -> Self {
        let version = |keyword| conninfo.protocol_version(keyword).map(Version::from);
        let least = version(Keyword::MinProtocolVersion).unwrap_or(Version::V3_0);
        let replication = conninfo.parameter(Keyword::Replication);
        Self {
            version: version(Keyword::MaxProtocolVersion).unwrap_or(least),
            least,
            replication: replication
                .map(|setting| setting.value.as_bytes().to_vec())
                .filter(|value| !value.is_empty()),
        }
    }

    /// The packet to send instead of this one of protocol 3.0; `None` if it is not one.
    pub(super) fn packet(&self, theirs: &[u8]) -> Option<Vec<u8>> {
        let head = [length_word(theirs.len()), PROTOCOL_3_0].concat();
        let parameters = theirs.strip_prefix(&head[..])?.strip_suffix(&[0])?;
        let mut contents = [&self.version.code()[..], parameters].concat();
        if let Some(value) = &self.replication {
            contents.extend([&b"replication\0"[..], value, &[0]].concat());
        }
        contents.push(0);
        let length = length_word(contents.len().saturating_add(LENGTH_WORD));
        Some([&length[..], &contents].concat())
    }

    /// NegotiateProtocolVersion, length word included (`pqGetNegotiateProtocolVersion3` in libpq's `fe-protocol3.c`).
    pub(super) fn negotiate(&mut self, body: &[u8]) -> Result<(), Refusal> {
        let mut fields = Fields(body.get(LENGTH_WORD..).unwrap_or_default());
        let answered = fields.u32().map(u32::to_be_bytes);
        // We ask for no options, so none can be unknown.
        let unknown = fields.u32();
        if self.version == Version::V3_0 || answered != Some(PROTOCOL_3_0) {
            return Err(Refusal::BadNegotiation);
        }
        if self.least == Version::V3_2 {
            return Err(Refusal::OldProtocol);
        }
        if unknown != Some(0) {
            return Err(Refusal::BadNegotiation);
        }
        self.version = Version::V3_0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conninfo::fake::Fake;

    fn startup(string: &str) -> Startup {
        let string = format!("host=h {string}");
        Startup::of(&ConnInfo::read(string.as_bytes(), &Fake::default()).unwrap())
    }

    #[test]
    fn the_packet_says_what_libpq_says() {
        let theirs = b"\0\0\0\x12\0\x03\0\0user\0ann\0\0";
        for (string, ours) in [
            ("", &theirs[..]),
            ("min_protocol_version=3.0", theirs),
            (
                "max_protocol_version=3.2",
                b"\0\0\0\x12\0\x03\0\x02user\0ann\0\0",
            ),
            (
                "min_protocol_version=latest",
                b"\0\0\0\x12\0\x03\0\x02user\0ann\0\0",
            ),
            (
                "replication=off",
                b"\0\0\0\x22\0\x03\0\0user\0ann\0replication\0off\0\0",
            ),
            (
                "replication=database",
                b"\0\0\0\x27\0\x03\0\0user\0ann\0replication\0database\0\0",
            ),
            ("replication=''", theirs),
        ] {
            assert_eq!(
                startup(string).packet(theirs).as_deref(),
                Some(ours),
                "{string}"
            );
        }
        for other in [
            &b""[..],
            b"Q\0\0\0\x04",
            b"\0\0\0\x12\0\x03\0\x02user\0ann\0\0",
        ] {
            assert_eq!(startup("").packet(other), None, "{other:?}");
        }
    }

    #[test]
    fn the_answer_about_the_protocol_is_judged_as_libpq_judges_it() {
        const V3_0: &[u8] = b"\0\0\0\x0c\0\x03\0\0\0\0\0\0";
        for (string, body, expected) in [
            ("max_protocol_version=3.2", V3_0, Ok(())),
            ("min_protocol_version=3.2", V3_0, Err(Refusal::OldProtocol)),
            ("", V3_0, Err(Refusal::BadNegotiation)),
            (
                "max_protocol_version=3.2",
                b"\0\0\0\x0c\0\x03\0\x02\0\0\0\0",
                Err(Refusal::BadNegotiation),
            ),
            (
                "max_protocol_version=3.2",
                b"\0\0\0\x0c\0\x03\0\x01\0\0\0\0",
                Err(Refusal::BadNegotiation),
            ),
            (
                "max_protocol_version=3.2",
                b"\0\0\0\x0e\0\x03\0\0\0\0\0\x01x\0",
                Err(Refusal::BadNegotiation),
            ),
            (
                "max_protocol_version=3.2",
                b"\0\0\0\x08\0\x03\0\0",
                Err(Refusal::BadNegotiation),
            ),
        ] {
            let mut startup = startup(string);
            assert_eq!(startup.negotiate(body), expected, "{string} {body:?}");
            // It is said once.
            assert!(startup.negotiate(body).is_err(), "{string} {body:?}");
        }
    }
}

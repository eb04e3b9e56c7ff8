//! What a server requires before it accepts a client (PostgreSQL documentation, "Message Formats",
//! `Authentication*`).

use crate::wire::Fields;

/// An authentication request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthRequest {
    /// AuthenticationOk: the client is accepted.
    Ok,
    /// AuthenticationCleartextPassword.
    CleartextPassword,
    /// AuthenticationMD5Password.
    Md5Password,
    /// AuthenticationGSS.
    Gss,
    /// AuthenticationGSSContinue.
    GssContinue,
    /// AuthenticationSSPI.
    Sspi,
    /// AuthenticationSASL, with the mechanisms that it names.
    Sasl(Mechanisms),
    /// AuthenticationSASLContinue: for SCRAM the server's first message.
    SaslContinue {
        /// How many rounds of hashing it requires, if it says so.
        iterations: Option<u64>,
    },
    /// AuthenticationSASLFinal.
    SaslFinal,
    /// Any other, by its number.
    Unknown(u32),
}

/// The SASL mechanisms that a server offers, as far as libpq uses them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mechanisms {
    /// [`SCRAM`].
    pub scram: bool,
    /// [`SCRAM_PLUS`].
    pub scram_plus: bool,
    /// [`OAUTH`].
    pub oauth: bool,
}

impl AuthRequest {
    /// Reads what follows the length word, as far as it has arrived; `None` if the number is
    /// missing.
    pub fn decode(contents: &[u8]) -> Option<Self> {
        let mut fields = Fields(contents);
        let code = fields.u32()?;
        let rest = fields.0;
        Some(match code {
            OK => Self::Ok,
            CLEARTEXT_PASSWORD => Self::CleartextPassword,
            MD5_PASSWORD => Self::Md5Password,
            GSS => Self::Gss,
            GSS_CONTINUE => Self::GssContinue,
            SSPI => Self::Sspi,
            SASL => Self::Sasl(Mechanisms::decode(rest)),
            SASL_CONTINUE => Self::SaslContinue {
                iterations: iterations(rest),
            },
            SASL_FINAL => Self::SaslFinal,
            other => Self::Unknown(other),
        })
    }

    /// Its number.
    pub const fn code(self) -> u32 {
        match self {
            Self::Ok => OK,
            Self::CleartextPassword => CLEARTEXT_PASSWORD,
            Self::Md5Password => MD5_PASSWORD,
            Self::Gss => GSS,
            Self::GssContinue => GSS_CONTINUE,
            Self::Sspi => SSPI,
            Self::Sasl(_) => SASL,
            Self::SaslContinue { .. } => SASL_CONTINUE,
            Self::SaslFinal => SASL_FINAL,
            Self::Unknown(code) => code,
        }
    }
}

impl Mechanisms {
    fn decode(list: &[u8]) -> Self {
        let names = || list.split(|byte| *byte == 0);
        Self {
            scram: names().any(|name| name == SCRAM),
            scram_plus: names().any(|name| name == SCRAM_PLUS),
            oauth: names().any(|name| name == OAUTH),
        }
    }
}

/// `i=` of SCRAM's server-first-message (RFC 5802 section 5.1).
fn iterations(message: &[u8]) -> Option<u64> {
    let number = message
        .split(|byte| *byte == b',')
        .find_map(|attribute| attribute.strip_prefix(b"i="))?;
    std::str::from_utf8(number).ok()?.parse().ok()
}

/// The mechanism of RFC 7677.
pub const SCRAM: &[u8] = b"SCRAM-SHA-256";

/// The same, bound to the TLS channel.
pub const SCRAM_PLUS: &[u8] = b"SCRAM-SHA-256-PLUS";

/// The mechanism of RFC 7628, whose first message may contain a token.
pub const OAUTH: &[u8] = b"OAUTHBEARER";

const OK: u32 = 0;
const CLEARTEXT_PASSWORD: u32 = 3;
const MD5_PASSWORD: u32 = 5;
const GSS: u32 = 7;
const GSS_CONTINUE: u32 = 8;
const SSPI: u32 = 9;
const SASL: u32 = 10;
const SASL_CONTINUE: u32 = 11;
const SASL_FINAL: u32 = 12;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn sasl(scram: bool, scram_plus: bool) -> AuthRequest {
        AuthRequest::Sasl(Mechanisms {
            scram,
            scram_plus,
            oauth: false,
        })
    }

    #[test]
    fn requests_are_read_from_their_bytes_and_keep_their_number() {
        for (contents, request) in [
            (&b"\0\0\0\0"[..], AuthRequest::Ok),
            (b"\0\0\0\x03", AuthRequest::CleartextPassword),
            (b"\0\0\0\x05salt", AuthRequest::Md5Password),
            (b"\0\0\0\x07", AuthRequest::Gss),
            (b"\0\0\0\x08token", AuthRequest::GssContinue),
            (b"\0\0\0\x09", AuthRequest::Sspi),
            (
                b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0",
                sasl(true, true),
            ),
            (b"\0\0\0\x0aSCRAM-SHA-256\0\0", sasl(true, false)),
            (b"\0\0\0\x0aOTHER\0\0", sasl(false, false)),
            (
                b"\0\0\0\x0aOAUTHBEARER\0\0",
                AuthRequest::Sasl(Mechanisms {
                    oauth: true,
                    ..Mechanisms::default()
                }),
            ),
            (
                b"\0\0\0\x0br=x,s=y,i=4096",
                AuthRequest::SaslContinue {
                    iterations: Some(4096),
                },
            ),
            (b"\0\0\0\x0cv=x", AuthRequest::SaslFinal),
            (b"\0\0\0\x2a", AuthRequest::Unknown(42)),
            (b"\xff\xff\xff\xff", AuthRequest::Unknown(u32::MAX)),
        ] {
            assert_eq!(AuthRequest::decode(contents), Some(request), "{contents:?}");
            assert_eq!(request.code().to_be_bytes(), contents[..4], "{contents:?}");
        }
    }

    #[test]
    fn an_incomplete_request_is_read_as_far_as_it_goes() {
        for contents in [&b""[..], b"\0", b"\0\0\0"] {
            assert_eq!(AuthRequest::decode(contents), None, "{contents:?}");
        }
        let cut = AuthRequest::decode(b"\0\0\0\x0aSCRAM-SHA-2");
        assert_eq!(cut, Some(sasl(false, false)));
    }

    #[test]
    fn a_count_that_is_not_a_number_is_none() {
        for message in [
            &b"nonsense"[..],
            b"r=x,i=",
            b"i=-1",
            b"i=99999999999999999999",
            b"i=\xff",
        ] {
            let contents = [&SASL_CONTINUE.to_be_bytes(), message].concat();
            let request = AuthRequest::SaslContinue { iterations: None };
            assert_eq!(
                AuthRequest::decode(&contents),
                Some(request),
                "{contents:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_four_bytes_are_a_request(contents in proptest::collection::vec(any::<u8>(), 4..200)) {
            let request = AuthRequest::decode(&contents).unwrap();
            prop_assert_eq!(&request.code().to_be_bytes()[..], &contents[..4]);
        }
    }
}

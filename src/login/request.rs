//! What the server asks for: the authentication requests and how they are read. Pure.

/// How the server had us prove who we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Not at all: `trust`, or a client certificate, or some other proof that needs no answer.
    None,
    /// By the password itself.
    Password,
    /// By the password's MD5 hash.
    Md5,
    /// By SCRAM-SHA-256.
    ScramSha256,
    /// By something that pgtls does not speak.
    Other,
}

impl Method {
    /// As `require_auth` spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Password => "password",
            Self::Md5 => "md5",
            Self::ScramSha256 => "scram-sha-256",
            Self::Other => "other",
        }
    }
}

/// An authentication request (PostgreSQL documentation, "Message Formats", `Authentication*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    Ok,
    Cleartext,
    Md5,
    Gss,
    Sspi,
    Sasl(Mechanisms),
    SaslContinue { iterations: Option<u64> },
    SaslFinal,
    Unknown(u32),
}

/// The SASL mechanisms that the server offers, as far as libpq uses them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mechanisms {
    pub(super) scram: bool,
    pub(super) scram_plus: bool,
}

impl Request {
    /// Reads the body of an `R` message.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let (kind, rest) = body.split_first_chunk::<4>()?;
        Some(match u32::from_be_bytes(*kind) {
            0 => Self::Ok,
            3 => Self::Cleartext,
            5 => Self::Md5,
            7 | 8 => Self::Gss,
            9 => Self::Sspi,
            10 => Self::Sasl(Mechanisms::parse(rest)),
            11 => Self::SaslContinue {
                iterations: iterations(rest),
            },
            12 => Self::SaslFinal,
            other => Self::Unknown(other),
        })
    }
}

impl Mechanisms {
    fn parse(list: &[u8]) -> Self {
        let names = || list.split(|byte| *byte == 0);
        Self {
            scram: names().any(|name| name == SCRAM),
            scram_plus: names().any(|name| name == SCRAM_PLUS),
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

const SCRAM: &[u8] = b"SCRAM-SHA-256";
pub(super) const SCRAM_PLUS: &[u8] = b"SCRAM-SHA-256-PLUS";

#[cfg(test)]
mod tests {
    use super::*;

    const PLUS: Request = Request::Sasl(Mechanisms {
        scram: true,
        scram_plus: true,
    });
    const PLAIN: Request = Request::Sasl(Mechanisms {
        scram: true,
        scram_plus: false,
    });
    const OTHER: Request = Request::Sasl(Mechanisms {
        scram: false,
        scram_plus: false,
    });

    #[test]
    fn requests_are_read_from_their_bytes() {
        for (body, request) in [
            (&b"\0\0\0\0"[..], Some(Request::Ok)),
            (b"\0\0\0\x03", Some(Request::Cleartext)),
            (b"\0\0\0\x05salt", Some(Request::Md5)),
            (
                b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0",
                Some(PLUS),
            ),
            (b"\0\0\0\x0aSCRAM-SHA-256\0\0", Some(PLAIN)),
            (b"\0\0\0\x0aOAUTHBEARER\0\0", Some(OTHER)),
            (
                b"\0\0\0\x0br=x,s=y,i=4096",
                Some(Request::SaslContinue {
                    iterations: Some(4096),
                }),
            ),
            (
                b"\0\0\0\x0bnonsense",
                Some(Request::SaslContinue { iterations: None }),
            ),
            (b"\0\0\0\x0cv=x", Some(Request::SaslFinal)),
            (b"\0\0\0\x2a", Some(Request::Unknown(42))),
            (b"\0\0\0", None),
        ] {
            assert_eq!(Request::parse(body), request, "{body:?}");
        }
    }
}

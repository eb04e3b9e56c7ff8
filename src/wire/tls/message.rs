//! The kinds of handshake messages (RFC 8446 section 4, RFC 5246 section 7.4), and what several of them contain.

use crate::wire::Fields;

pub(crate) const CLIENT_HELLO: u8 = 1;
pub(crate) const SERVER_HELLO: u8 = 2;
pub(crate) const CERTIFICATE: u8 = 11;
pub(crate) const SERVER_KEY_EXCHANGE: u8 = 12;
pub(crate) const CERTIFICATE_REQUEST: u8 = 13;
pub(crate) const SERVER_HELLO_DONE: u8 = 14;

/// The kind of a ServerKeyExchange with an elliptic curve (RFC 8422 section 5.4).
pub(crate) const NAMED_CURVE: u8 = 3;

/// The certificates of a message of TLS 1.2, in DER; `None` if it is malformed.
pub(crate) fn certificates(body: &[u8]) -> Option<Vec<&[u8]>> {
    let mut fields = Fields(body);
    let mut list = Fields(block24(&mut fields)?);
    let mut certificates = Vec::new();
    while !list.is_empty() {
        certificates.push(block24(&mut list)?);
    }
    fields.is_empty().then_some(certificates)
}

fn block24<'a>(fields: &mut Fields<'a>) -> Option<&'a [u8]> {
    let length = fields.u24()?;
    fields.take(usize::try_from(length).ok()?)
}

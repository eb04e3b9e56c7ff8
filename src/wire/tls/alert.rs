//! Alerts: how one end of TLS says that it will not continue (RFC 8446 section 6).

use std::fmt;

use super::record::{self, encode};
use super::version::TlsVersion;

/// A TLS alert, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alert(pub u8);

/// What an alert ends (RFC 8446 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Nothing, unless it is `close_notify`.
    Warning,
    /// The connection.
    Fatal,
}

impl Level {
    /// Its number on the wire.
    pub const fn number(self) -> u8 {
        match self {
            Self::Warning => WARNING,
            Self::Fatal => 2,
        }
    }
}

macro_rules! alerts {
    ($($number:literal $constant:ident $name:literal)+) => {
        impl Alert {
            $(
                #[doc = concat!("`", $name, "`")]
                pub const $constant: Self = Self($number);
            )+

            /// The registry's name, or `None` for a number that it does not list.
            pub fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$constant => Some($name),)+
                    _ => None,
                }
            }
        }
    };
}

// IANA's registry "TLS Alerts".
alerts! {
    0 CLOSE_NOTIFY "close_notify"
    10 UNEXPECTED_MESSAGE "unexpected_message"
    20 BAD_RECORD_MAC "bad_record_mac"
    21 DECRYPTION_FAILED "decryption_failed"
    22 RECORD_OVERFLOW "record_overflow"
    30 DECOMPRESSION_FAILURE "decompression_failure"
    40 HANDSHAKE_FAILURE "handshake_failure"
    41 NO_CERTIFICATE "no_certificate"
    42 BAD_CERTIFICATE "bad_certificate"
    43 UNSUPPORTED_CERTIFICATE "unsupported_certificate"
    44 CERTIFICATE_REVOKED "certificate_revoked"
    45 CERTIFICATE_EXPIRED "certificate_expired"
    46 CERTIFICATE_UNKNOWN "certificate_unknown"
    47 ILLEGAL_PARAMETER "illegal_parameter"
    48 UNKNOWN_CA "unknown_ca"
    49 ACCESS_DENIED "access_denied"
    50 DECODE_ERROR "decode_error"
    51 DECRYPT_ERROR "decrypt_error"
    60 EXPORT_RESTRICTION "export_restriction"
    70 PROTOCOL_VERSION "protocol_version"
    71 INSUFFICIENT_SECURITY "insufficient_security"
    80 INTERNAL_ERROR "internal_error"
    86 INAPPROPRIATE_FALLBACK "inappropriate_fallback"
    90 USER_CANCELED "user_canceled"
    100 NO_RENEGOTIATION "no_renegotiation"
    109 MISSING_EXTENSION "missing_extension"
    110 UNSUPPORTED_EXTENSION "unsupported_extension"
    111 CERTIFICATE_UNOBTAINABLE "certificate_unobtainable"
    112 UNRECOGNIZED_NAME "unrecognized_name"
    113 BAD_CERTIFICATE_STATUS_RESPONSE "bad_certificate_status_response"
    114 BAD_CERTIFICATE_HASH_VALUE "bad_certificate_hash_value"
    115 UNKNOWN_PSK_IDENTITY "unknown_psk_identity"
    116 CERTIFICATE_REQUIRED "certificate_required"
    120 NO_APPLICATION_PROTOCOL "no_application_protocol"
}

impl Alert {
    /// After a CertificateRequest, when suite and version are settled: is this alert about our
    /// answer?
    ///
    /// OpenSSL's `ssl_x509err2alert` also maps to `decrypt_error` and `handshake_failure`, the latter
    /// in TLS 1.2 for a missing certificate, too. There, a key on a curve that it does not know
    /// causes `illegal_parameter`.
    pub fn answers_certificate(self) -> bool {
        (Self::HANDSHAKE_FAILURE.0..=Self::ACCESS_DENIED.0).contains(&self.0)
            || matches!(self, Self::DECRYPT_ERROR | Self::CERTIFICATE_REQUIRED)
    }

    /// Reads the contents of an alert record: `None` if it is not an alert.
    pub(crate) fn decode(contents: &[u8]) -> Option<(Level, Self)> {
        match contents {
            [WARNING, number] => Some((Level::Warning, Self(*number))),
            [_, number] => Some((Level::Fatal, Self(*number))),
            _ => None,
        }
    }

    /// A record with the alert, in clear.
    pub fn encode(self, level: Level, version: TlsVersion) -> Vec<u8> {
        encode(record::ALERT, version, &[level.number(), self.0])
    }
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "alert {name} ({})", self.0),
            None => write!(f, "alert {}", self.0),
        }
    }
}

const WARNING: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_shown_with_the_names_of_the_registry() {
        assert_eq!(Alert(70).to_string(), "alert protocol_version (70)");
        assert_eq!(Alert(116).to_string(), "alert certificate_required (116)");
        assert_eq!(Alert(200).to_string(), "alert 200");
    }

    #[test]
    fn alerts_about_certificates_are_distinguished_from_others() {
        let about: Vec<u8> = (0..=u8::MAX)
            .filter(|number| Alert(*number).answers_certificate())
            .collect();
        assert_eq!(about, [40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 51, 116]);
    }

    #[test]
    fn an_unknown_level_is_fatal() {
        let warning = Some((Level::Warning, Alert::UNRECOGNIZED_NAME));
        assert_eq!(Alert::decode(&[1, 112]), warning);
        for level in [0, 2, 3, 255] {
            let fatal = Some((Level::Fatal, Alert::UNKNOWN_CA));
            assert_eq!(Alert::decode(&[level, 48]), fatal, "{level}");
        }
        for contents in [&[][..], &[2], &[2, 48, 0]] {
            assert_eq!(Alert::decode(contents), None, "{contents:?}");
        }
    }

    #[test]
    fn an_alert_is_a_record_of_seven_bytes() {
        let bytes = Alert::UNRECOGNIZED_NAME.encode(Level::Fatal, TlsVersion::V1_2);
        assert_eq!(bytes, [21, 3, 3, 0, 2, 2, 112]);
        let bytes = Alert::CLOSE_NOTIFY.encode(Level::Warning, TlsVersion::V1_3);
        assert_eq!(bytes, [21, 3, 3, 0, 2, 1, 0]);
    }
}

//! Versions of TLS by number and name.

use crate::words::words;

words! {
    /// A version of TLS, oldest first, with the name that psql and connection strings use.
    TlsVersion {
        /// RFC 2246.
        V1_0 = "TLSv1",
        /// RFC 4346.
        V1_1 = "TLSv1.1",
        /// RFC 5246.
        V1_2 = "TLSv1.2",
        /// RFC 8446.
        V1_3 = "TLSv1.3",
    }
}

impl TlsVersion {
    /// The version of this number on the wire.
    pub fn of(number: u16) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|version| version.number() == number)
    }

    /// Its number on the wire (RFC 8446 section 4.2.1).
    pub const fn number(self) -> u16 {
        match self {
            Self::V1_0 => 0x0301,
            Self::V1_1 => 0x0302,
            Self::V1_2 => 0x0303,
            Self::V1_3 => 0x0304,
        }
    }

    /// Is it deprecated (RFC 8996)?
    pub fn is_legacy(self) -> bool {
        self < Self::V1_2
    }
}

/// The name of any version that a client may offer, including SSL 3.0 (RFC 6101). `None` for
/// unknown numbers, such as GREASE (RFC 8701).
pub fn name(number: u16) -> Option<&'static str> {
    match number {
        SSL_3_0 => Some("SSLv3"),
        _ => TlsVersion::of(number).map(TlsVersion::name),
    }
}

const SSL_3_0: u16 = 0x0300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_by_their_number() {
        for &version in TlsVersion::ALL {
            assert_eq!(TlsVersion::of(version.number()), Some(version));
            assert_eq!(name(version.number()), Some(version.name()));
        }
        for (number, expected) in [(0x0300, Some("SSLv3")), (0x3a3a, None), (0x0305, None)] {
            assert_eq!(TlsVersion::of(number), None, "{number:#06x}");
            assert_eq!(name(number), expected, "{number:#06x}");
        }
    }
}

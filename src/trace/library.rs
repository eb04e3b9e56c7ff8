//! Which TLS library a ClientHello is from.
//!
//! The list of cipher suites is the most stable part of a fingerprint: extensions vary with what the program asks for.
//! Every row was measured with the named programs; `tests/it/trace` measures them again.

use super::driver::Driver;
use crate::dialect::Dialect;
use crate::words::words;

words! {
    /// A TLS library, by its default list of cipher suites.
    Library {
        /// OpenSSL 1.1.1 to 3.3.
        OpenSsl = "OpenSSL 1.1.1 to 3.3",
        /// OpenSSL 3.4 and newer.
        OpenSsl34 = "OpenSSL 3.4 or newer",
        /// Python's module `ssl`, which uses OpenSSL with a list of its own.
        Python = "Python's ssl",
        /// Node.js, which does the same.
        Node = "Node.js",
        /// rustls.
        Rustls = "rustls",
        /// Java's own.
        Java = "Java",
    }
}

impl Library {
    /// The library whose ClientHello has this fingerprint; `None` if none is known.
    pub(super) fn of(fingerprint: &str) -> Option<Self> {
        let suites = fingerprint.split('_').nth(1)?;
        let (_, library) = TABLE.iter().find(|(known, _)| *known == suites)?;
        Some(*library)
    }

    /// The drivers that use it.
    pub(super) const fn drivers(self) -> &'static [Driver] {
        match self {
            Self::OpenSsl | Self::OpenSsl34 => &[Driver::Dialect(Dialect::Libpq)],
            Self::Python => &[Driver::Asyncpg],
            Self::Node => &[
                Driver::Dialect(Dialect::NodePostgres),
                Driver::Dialect(Dialect::PostgresJs),
            ],
            Self::Rustls => &[Driver::Sqlx, Driver::TokioPostgres],
            Self::Java => &[Driver::Dialect(Dialect::Jdbc)],
        }
    }
}

/// The second part of JA4, the hash of the suites.
const TABLE: [(&str, Library); 6] = [
    // libpq 13 to 17 with OpenSSL 1.1.1, 3.0 and 3.3; native-tls with OpenSSL 3.0.
    ("e8f1e7e78f70", Library::OpenSsl),
    // libpq 17 and 18 with OpenSSL 3.4 and 3.5.
    ("1d37bd780c83", Library::OpenSsl34),
    // asyncpg with Python 3.11.
    ("85036bcba153", Library::Python),
    // node-postgres and postgres.js with Node.js 20.
    ("a33745022dd6", Library::Node),
    // sqlx and tokio-postgres with rustls 0.23.
    ("61a7ad8aa9b6", Library::Rustls),
    // pgjdbc with OpenJDK 17.
    ("db35923f8641", Library::Java),
];

#[cfg(test)]
mod tests {
    use super::super::fingerprint::ja4;
    use super::*;
    use crate::wire::tls::Offer;

    #[test]
    fn the_default_list_of_openssl_is_known_in_any_order() {
        let mut suites = vec![
            0x1302, 0x1303, 0x1301, 0xc02c, 0xc030, 0x009f, 0xcca9, 0xcca8, 0xccaa, 0xc02b, 0xc02f,
            0x009e, 0xc024, 0xc028, 0x006b, 0xc023, 0xc027, 0x0067, 0xc00a, 0xc014, 0x0039, 0xc009,
            0xc013, 0x0033, 0x009d, 0x009c, 0x003d, 0x003c, 0x0035, 0x002f,
        ];
        let of = |suites: &[u16]| {
            Library::of(&ja4(&Offer {
                suites: suites.to_vec(),
                ..Offer::default()
            }))
        };
        assert_eq!(of(&suites), Some(Library::OpenSsl34));
        suites.push(0x00ff);
        suites.reverse();
        assert_eq!(of(&suites), Some(Library::OpenSsl));
        suites.pop();
        assert_eq!(of(&suites), None);
    }
}

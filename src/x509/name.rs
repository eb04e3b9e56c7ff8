//! Distinguished names, compared as OpenSSL compares them.

/// A distinguished name (RFC 5280 section 4.1.2.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// DER of the whole Name, header included.
    pub der: Vec<u8>,
    /// OpenSSL's canonical encoding (`x509_name_canon` in crypto/x509/x_name.c): two names are the
    /// same if these bytes are.
    pub canonical: Vec<u8>,
    /// For people, as `openssl x509 -nameopt` would print it on one line: `C = US, O = X, CN = Y`.
    /// Not escaped for terminals.
    pub text: String,
    /// The raw string contents of every commonName, in order, with no conversion of string types.
    pub common_names: Vec<Vec<u8>>,
}

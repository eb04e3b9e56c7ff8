//! What a server may accept: one rule per category. Pure.

/// How to rate something that a server accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Nothing.
    Allow,
    /// A warning.
    Warn,
    /// The audit fails.
    Forbid,
}

/// What a server can accept but should not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// Sessions without TLS.
    Plaintext,
    /// TLS 1.0 and 1.1.
    LegacyProtocol,
    /// Suites without protection: NULL, anonymous, export, RC4, DES, 3DES.
    BrokenCipher,
    /// Suites with CBC.
    Cbc,
    /// Suites without a fresh key for every session: static RSA and similar.
    StaticKey,
    /// Diffie-Hellman with a prime below 2048 bits.
    SmallPrime,
    /// TLS compression.
    Compression,
    /// Renegotiation that is not bound to its session.
    Renegotiation,
    /// Plaintext after an SSLRequest that becomes part of the session.
    StuffedPlaintext,
}

/// The rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// See [`Category::Plaintext`].
    pub plaintext: Rule,
    /// See [`Category::LegacyProtocol`].
    pub legacy_protocol: Rule,
    /// See [`Category::BrokenCipher`].
    pub broken_cipher: Rule,
    /// See [`Category::Cbc`].
    pub cbc: Rule,
    /// See [`Category::StaticKey`].
    pub static_key: Rule,
}

impl Default for Rules {
    /// What a stock PostgreSQL 15 accepts over TLS is at most a warning.
    fn default() -> Self {
        Self {
            plaintext: Rule::Forbid,
            legacy_protocol: Rule::Forbid,
            broken_cipher: Rule::Forbid,
            cbc: Rule::Warn,
            static_key: Rule::Warn,
        }
    }
}

impl Rules {
    /// The rule of a category. Those that no server needs have no option.
    pub fn rule(&self, category: Category) -> Rule {
        match category {
            Category::Plaintext => self.plaintext,
            Category::LegacyProtocol => self.legacy_protocol,
            Category::BrokenCipher => self.broken_cipher,
            Category::Cbc => self.cbc,
            Category::StaticKey => self.static_key,
            Category::SmallPrime | Category::Renegotiation => Rule::Warn,
            Category::Compression | Category::StuffedPlaintext => Rule::Forbid,
        }
    }
}

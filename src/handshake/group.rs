//! Key exchange groups by their IANA names.

use rustls::NamedGroup;

/// A key exchange group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its IANA name.
    pub name: &'static str,
    /// Does it resist quantum computers, too?
    pub post_quantum: bool,
}

impl Group {
    /// The name of a group; `None` for one that rustls does not implement.
    pub(super) fn of(group: NamedGroup) -> Option<Self> {
        let (name, post_quantum) = match group {
            NamedGroup::X25519 => ("x25519", false),
            NamedGroup::X25519MLKEM768 => ("X25519MLKEM768", true),
            NamedGroup::secp256r1 => ("secp256r1", false),
            NamedGroup::secp384r1 => ("secp384r1", false),
            NamedGroup::secp521r1 => ("secp521r1", false),
            NamedGroup::secp256r1MLKEM768 => ("SecP256r1MLKEM768", true),
            _ => return None,
        };
        Some(Self { name, post_quantum })
    }
}

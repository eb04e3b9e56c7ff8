//! `replication`: what kind of session the server is asked for.

/// The kind of session (`ProcessStartupPacket` in the server).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replication {
    /// An ordinary one.
    None,
    /// A stream of the whole server, which belongs to no database and takes no SQL. Also what a value asks for that the
    /// server refuses.
    Physical,
    /// A stream of one database, which takes SQL, too.
    Logical,
}

impl Replication {
    /// Any prefix of the words for no is valid (`parse_bool` in the server), and only libpq takes none at all for no.
    pub(super) fn of(value: &[u8]) -> Self {
        let lower = value.to_ascii_lowercase();
        let off = lower != b"o"
            && ["false", "off", "no", "0"]
                .iter()
                .any(|word| word.as_bytes().starts_with(&lower));
        match value {
            b"database" => Self::Logical,
            _ if off => Self::None,
            _ => Self::Physical,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_session_is_read_as_the_server_reads_it() {
        for (value, kind) in [
            ("", Replication::None),
            ("f", Replication::None),
            ("OF", Replication::None),
            ("0", Replication::None),
            ("o", Replication::Physical),
            ("true", Replication::Physical),
            ("1", Replication::Physical),
            ("database", Replication::Logical),
            ("DATABASE", Replication::Physical),
        ] {
            assert_eq!(Replication::of(value.as_bytes()), kind, "{value}");
        }
    }
}

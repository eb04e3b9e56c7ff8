//! Does a private key belong to a certificate?

use rustls::sign::SigningKey;

use crate::x509::{Certificate, PublicKey};

/// The public half of a private key.
pub(super) struct PublicHalf(Option<Vec<u8>>);

impl PublicHalf {
    pub(super) fn of(key: &dyn SigningKey) -> Self {
        let spki = key.public_key();
        let bytes = spki
            .as_ref()
            .and_then(|spki| PublicKey::bytes_of_spki(spki));
        Self(bytes.map(<[u8]>::to_vec))
    }

    /// Is it the key of this certificate?
    pub(super) fn fits(&self, certificate: &Certificate) -> bool {
        let certified = PublicKey::bytes_of_spki(&certificate.public_key.spki);
        let (Some(own), Some(certified)) = (self.0.as_deref(), certified) else {
            return false;
        };
        own == certified || compressed(own).is_some_and(|own| own == certified)
    }
}

/// An elliptic-curve point without its second coordinate, as a certificate may have it (SEC 1
/// section 2.3.3).
fn compressed(point: &[u8]) -> Option<Vec<u8>> {
    let coordinates = point.strip_prefix(&[4])?;
    let (x, y) = coordinates.split_at_checked(coordinates.len() / 2)?;
    let sign = 2 | (y.last()? & 1);
    Some([&[sign], x].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compressed_point_is_the_same_point() {
        assert_eq!(compressed(&[4, 1, 2, 3, 4]), Some(vec![2, 1, 2]));
        assert_eq!(compressed(&[4, 1, 2, 3, 5]), Some(vec![3, 1, 2]));
        assert_eq!(compressed(&[4]), None);
        assert_eq!(compressed(&[]), None);
        assert_eq!(compressed(&[0x30, 1, 2]), None);
    }
}

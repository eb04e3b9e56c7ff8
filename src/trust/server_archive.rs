//! A server's certificates and key in a PKCS #12 archive, as PostgreSQL would use them after a conversion to PEM.

use super::archive::{self, ArchiveFault, CertificateBag, Mark};
use super::client_chain::{self, ChainFault};
use super::identity::private_key;
use super::private_key::KeyFault;
use super::public_half::PublicHalf;
use crate::x509::Certificate;

/// A server's chain from a PKCS #12 archive, as PostgreSQL would use it after a conversion to PEM.
pub struct Archived {
    /// The server's own certificate.
    pub own: Certificate,
    /// The others, in the archive's order.
    pub others: Vec<Certificate>,
    /// Where in the archive the server's own certificate is.
    pub order: ArchiveOrder,
    /// Where in it the server's key is.
    pub key: ArchivedKey,
}

impl Archived {
    /// The chain, the server's own certificate first.
    pub fn to_der(&self) -> Vec<Vec<u8>> {
        let all = std::iter::once(&self.own).chain(&self.others);
        all.map(|certificate| certificate.der.to_vec()).collect()
    }
}

/// Where in an archive the server's own certificate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchiveOrder {
    /// Before all others, as in `ssl_cert_file`.
    LeafFirst,
    /// After another, and it alone is marked as that of a key: `openssl pkcs12 -clcerts` writes it alone.
    LeafMarked,
    /// After another, and no option of `openssl pkcs12` picks it out.
    LeafUnmarked {
        /// Its place, counted from 0.
        position: usize,
    },
}

/// Where in an archive the server's key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchivedKey {
    /// It holds no key.
    Absent,
    /// Before all other keys, as in `ssl_key_file`.
    First,
    /// After another key.
    Later {
        /// Its place, counted from 0.
        position: usize,
    },
}

/// Why an archive is not that of a server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// It cannot be read.
    #[error(transparent)]
    Archive(#[from] ArchiveFault),
    /// PostgreSQL would not start with these certificates.
    #[error(transparent)]
    Chain(#[from] ChainFault),
    /// Its key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyFault),
    /// Its key belongs to none of its certificates.
    #[error("the private key in it belongs to none of its certificates")]
    Mismatch,
}

/// Reads the contents of a PKCS #12 archive: the certificate that its key fits, then the others. Without a key, the
/// first certificate is the server's.
///
/// # Errors
/// What `openssl pkcs12` or PostgreSQL refuses.
pub fn open_archive(contents: &[u8], password: Option<&[u8]>) -> Result<Archived, ArchiveError> {
    let archive::Contents { certificates, keys } = archive::read(contents, password)?;
    let mut parsed = client_chain::parse_all(certificates.iter().map(|bag| bag.der.as_slice()))?;
    let (place, key) = match keys.as_slice() {
        [] => (0, ArchivedKey::Absent),
        keys => place_of_own(&parsed, keys)?,
    };
    let is_marked = |bag: &CertificateBag| bag.mark == Mark::LocalKey;
    let mut marked = certificates.iter().enumerate();
    let mut marked = marked.by_ref().filter(|(_, bag)| is_marked(bag));
    let order = match (place, marked.next(), marked.next()) {
        (0, _, _) => ArchiveOrder::LeafFirst,
        (place, Some((one, _)), None) if one == place => ArchiveOrder::LeafMarked,
        (position, _, _) => ArchiveOrder::LeafUnmarked { position },
    };
    parsed.get_mut(..=place).unwrap_or_default().rotate_right(1);
    client_chain::check_all(&parsed)?;
    let mut all = parsed.into_iter();
    let own = all.next().ok_or(ArchiveFault::NoCertificate)?;
    Ok(Archived {
        own,
        others: all.collect(),
        order,
        key,
    })
}

/// The position of the certificate that one of the keys fits, and of that key.
fn place_of_own(
    certificates: &[Certificate],
    keys: &[Vec<u8>],
) -> Result<(usize, ArchivedKey), ArchiveError> {
    if certificates.is_empty() {
        return Err(ArchiveFault::NoCertificate.into());
    }
    if keys.len() > MAX_KEYS {
        return Err(ArchiveFault::TooMuch.into());
    }
    for (position, key) in keys.iter().enumerate() {
        let half = PublicHalf::of(&*private_key(key, None)?);
        let fits = |certificate: &Certificate| half.fits(certificate);
        if let Some(place) = certificates.iter().position(fits) {
            let key = match position {
                0 => ArchivedKey::First,
                position => ArchivedKey::Later { position },
            };
            return Ok((place, key));
        }
    }
    Err(ArchiveError::Mismatch)
}

/// Every key is checked when it is read, which takes a while for long ones.
const MAX_KEYS: usize = 100;

//! A private key in any of the forms that libpq reads (`SSL_use_PrivateKey_file` of OpenSSL 3).

use pkcs8::der::asn1::{ObjectIdentifier, UintRef};
use pkcs8::der::{Decode as _, Reader as _, SliceReader};
use pkcs8::{AssociatedOid, PrivateKeyInfoRef};
use rustls::pki_types::PrivateKeyDer;
use sec1::EcPrivateKey;

use super::encryption::{decrypt_pem, decrypt_pkcs8};
use super::pem::{Block, PemFault, blocks};
use crate::escape::escape;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The lengths of RSA moduli that our cryptography signs with, in bits.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// Why a file gives no usable private key. Never holds any of the key or of the password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// Neither PEM nor DER of a private key.
    #[error("it holds no private key{}", Holding(holds))]
    NoKey {
        /// The labels of the PEM blocks that it does hold, fit for a terminal.
        holds: Vec<String>,
    },
    /// The file is PEM, but its first broken block keeps the key from being read.
    #[error(transparent)]
    Pem(#[from] PemFault),
    /// There is a private key, but its encoding is broken or contradicts itself.
    #[error("the private key in it is damaged")]
    Malformed,
    /// The key is encrypted, and there is no password.
    #[error("the private key in it is encrypted, and there is no password (sslpassword)")]
    PasswordMissing,
    /// The key is encrypted, and the password does not open it.
    #[error("the password (sslpassword) does not decrypt the private key in it")]
    WrongPassword,
    /// The key is DER and encrypted; libpq asks for no password then.
    #[error("the private key in it is encrypted DER, which libpq does not read; PEM it reads")]
    EncryptedDer,
    /// The key is encrypted in a way that is not read here. OpenSSL itself reads few others: DES,
    /// RC2 and RC4 need its legacy provider, which libpq does not load.
    #[error("the private key in it is encrypted with {scheme}, which is not supported")]
    UnsupportedEncryption {
        /// OpenSSL's name of the scheme, or a dotted object identifier; fit for a terminal.
        scheme: String,
    },
    /// A kind of key that rustls cannot sign with, though OpenSSL may.
    #[error("{kind} keys are not supported")]
    UnsupportedKey {
        /// Algorithm or curve; dotted if it has no well-known name.
        kind: String,
    },
    /// An RSA key that is too short (OpenSSL's security level 2 wants about 2048 bits, too) or too
    /// long.
    #[error("RSA keys of {bits} bits are not supported, only those of 2048 to 8192 bits")]
    RsaLength {
        /// Length of the modulus.
        bits: usize,
    },
}

/// Reads the first private key of a file: PEM, encrypted or not, or unencrypted DER.
pub(crate) fn read(
    contents: &[u8],
    password: Option<&[u8]>,
) -> Result<PrivateKeyDer<'static>, KeyFault> {
    let mut first_fault = None;
    let mut holds = Vec::new();
    for block in blocks(contents) {
        let block = match block {
            Ok(block) => block,
            // OpenSSL's decoder passes over what it cannot read.
            Err(fault) => {
                first_fault.get_or_insert(fault);
                continue;
            }
        };
        holds.push(escape(block.label).to_string());
        if let Some(key) = from_block(&block, password)? {
            return Ok(key);
        }
    }
    if let Some(key) = from_der(contents)? {
        return Ok(key);
    }
    Err(first_fault.map_or(KeyFault::NoKey { holds }, KeyFault::Pem))
}

/// `None` if the block is of no private key.
fn from_block(
    block: &Block<'_>,
    password: Option<&[u8]>,
) -> Result<Option<PrivateKeyDer<'static>>, KeyFault> {
    if !matches!(
        block.label,
        b"ENCRYPTED PRIVATE KEY"
            | b"PRIVATE KEY"
            | b"RSA PRIVATE KEY"
            | b"EC PRIVATE KEY"
            | b"DSA PRIVATE KEY"
    ) {
        return Ok(None);
    }
    let given = || password.ok_or(KeyFault::PasswordMissing);
    let decrypted;
    let der = if block.header.is_empty() {
        &block.contents
    } else {
        decrypted = decrypt_pem(&block.header, &block.contents, given()?)?;
        &decrypted
    };
    match block.label {
        b"ENCRYPTED PRIVATE KEY" => {
            // The wrong password may leave a valid padding behind, and noise before it.
            let der = decrypt_pkcs8(der, given()?)?;
            from_pkcs8(&der).ok_or(KeyFault::WrongPassword)?
        }
        b"PRIVATE KEY" => from_pkcs8(der).ok_or(KeyFault::Malformed)?,
        b"RSA PRIVATE KEY" => from_pkcs1(der).or_else(|| from_pkcs8(der)).ok_or_else(|| noise(block))?,
        b"EC PRIVATE KEY" => from_sec1(der).or_else(|| from_pkcs8(der)).ok_or_else(|| noise(block))?,
        _ => Err(KeyFault::UnsupportedKey { kind: "DSA".to_owned() }),
    }
    .map(Some)
}

fn noise(block: &Block<'_>) -> KeyFault {
    if block.header.is_empty() { KeyFault::Malformed } else { KeyFault::WrongPassword }
}

fn from_der(contents: &[u8]) -> Result<Option<PrivateKeyDer<'static>>, KeyFault> {
    // Bytes behind the key do not count.
    let Ok(der) = SliceReader::new(contents).and_then(|mut reader| reader.tlv_bytes()) else {
        return Ok(None);
    };
    let key = from_pkcs8(der).or_else(|| from_sec1(der)).or_else(|| from_pkcs1(der));
    if key.is_none() && decrypt_pkcs8(der, b"").is_ok_and_encrypted() {
        return Err(KeyFault::EncryptedDer);
    }
    key.transpose()
}

/// `None` if this is no PrivateKeyInfo (RFC 5958) at all.
fn from_pkcs8(der: &[u8]) -> Option<Result<PrivateKeyDer<'static>, KeyFault>> {
    let info = PrivateKeyInfoRef::try_from(der).ok()?;
    let algorithm = info.algorithm;
    let supported = match algorithm.oid {
        RSA => rsa_bits(info.private_key.as_bytes()).and_then(|bits| check_rsa(bits)),
        EC => check_curve(algorithm.parameters_oid().ok()),
        ED25519 => Ok(()),
        other => Err(KeyFault::UnsupportedKey { kind: name(other) }),
    };
    Some(supported.map(|()| PrivateKeyDer::Pkcs8(der.to_vec().into())))
}

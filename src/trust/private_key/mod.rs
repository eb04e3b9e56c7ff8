//! A private key in any of the forms that libpq reads (`SSL_use_PrivateKey_file` of OpenSSL 3).

mod der;

use memchr::memmem;
use rustls::pki_types::PrivateKeyDer;

use super::encryption::{decrypt_pem, decrypt_pkcs8, names_known_cipher};
use super::form::{self, Form, Instead, Wanted};
use super::pem::{Block, PemFault, blocks};

use der::{
    EC, RSA, ec_parameters, first_value, from_der, from_mislabelled_pkcs8, from_pkcs1, from_pkcs8,
    from_sec1, is_integers,
};
pub(super) use der::{is_der, is_pkcs8};

/// Why a file has no usable private key. Never contains a part of the key or of the password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// Neither PEM nor DER of a private key.
    #[error("{}", Instead(.0, Wanted::Key))]
    NoKey(Form),
    /// The file is PEM, but a broken block prevents reading the key.
    #[error(transparent)]
    Pem(#[from] PemFault),
    /// There is a private key, but its encoding is broken or contradicts itself.
    #[error("the private key in it is damaged")]
    Malformed,
    /// The key is encrypted, and there is no password.
    #[error("the private key in it is encrypted, but no password is set (sslpassword)")]
    PasswordMissing,
    /// The key is encrypted, and the password does not decrypt it.
    #[error("the password (sslpassword) does not decrypt the private key in it")]
    WrongPassword,
    /// The key is DER and encrypted. libpq does not use a password then.
    #[error("the private key in it is encrypted DER; libpq reads encrypted keys only as PEM")]
    EncryptedDer,
    /// The encryption of the key is not supported here. OpenSSL itself supports few others: DES, RC2 and
    /// RC4 need its legacy provider, which libpq does not load.
    #[error("the private key in it is encrypted with {scheme}, which is not supported")]
    UnsupportedEncryption {
        /// OpenSSL's name of the scheme, or a dotted object identifier; escaped for terminals.
        scheme: String,
    },
    /// It is encrypted so that decryption takes minutes, or hours. OpenSSL would try.
    #[error("the private key in it asks for more work to decrypt than any program that makes keys")]
    TooMuchWork,
    /// A kind of key that rustls cannot sign with, though OpenSSL may.
    #[error("{kind} keys are not supported")]
    UnsupportedKey {
        /// Algorithm or curve; dotted if it has no well-known name.
        kind: String,
    },
    /// An RSA key that is too short (OpenSSL's security level 2 also needs about 2048 bits) or too long.
    #[error("RSA keys of {bits} bits are not supported; pgtls supports 2048 to 8192 bits")]
    RsaLength {
        /// Length of the modulus.
        bits: usize,
    },
}

/// The form of a key that libpq reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyForm {
    /// Text or bytes.
    pub encoding: Encoding,
    /// What is encoded.
    pub container: Container,
    /// Whether it is encrypted.
    pub protection: Protection,
}

/// Text or bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// PEM.
    Pem,
    /// DER.
    Der,
}

/// What a key is packed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// PKCS#8 (RFC 5958).
    Pkcs8,
    /// PKCS#1 or SEC1.
    Traditional,
}

/// Whether a key is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// It is not.
    Plain,
    /// It needs a passphrase.
    Encrypted,
}

/// The form of the first private key in a file that [`read`] reads.
pub(crate) fn form_of(contents: &[u8]) -> KeyForm {
    let pem = |container, protection| KeyForm {
        encoding: Encoding::Pem,
        container,
        protection,
    };
    let by_label = |block: &Block<'_>| {
        let protection = match block.header.is_empty() {
            true => Protection::Plain,
            false => Protection::Encrypted,
        };
        match block.label {
            b"ENCRYPTED PRIVATE KEY" => Some(pem(Container::Pkcs8, Protection::Encrypted)),
            b"PRIVATE KEY" => Some(pem(Container::Pkcs8, protection)),
            b"RSA PRIVATE KEY" | b"EC PRIVATE KEY" => Some(pem(Container::Traditional, protection)),
            _ => None,
        }
    };
    let first = blocks(contents)
        .flatten()
        .find_map(|block| by_label(&block));
    first.unwrap_or_else(|| KeyForm {
        encoding: Encoding::Der,
        container: match is_pkcs8(contents) {
            true => Container::Pkcs8,
            false => Container::Traditional,
        },
        protection: Protection::Plain,
    })
}

/// Reads the first private key of a file: PEM, encrypted or not, or unencrypted DER.
pub(crate) fn read(
    contents: &[u8],
    password: Option<&[u8]>,
) -> Result<PrivateKeyDer<'static>, KeyFault> {
    let mut first_fault = None;
    for block in blocks(contents) {
        let block = match block {
            Ok(block) => block,
            // OpenSSL's decoder skips what it cannot read.
            Err(fault) => {
                first_fault.get_or_insert(fault);
                continue;
            }
        };
        if let Some(key) = from_block(&block, password)? {
            return Ok(key);
        }
    }
    if let Some(key) = from_der(contents)? {
        return Ok(key);
    }
    let form = match (form::lost_line_breaks(contents), first_fault) {
        (Some(lost), _) => lost,
        (None, Some(fault)) => return Err(fault.into()),
        (None, None) => form::of(contents, Wanted::Key),
    };
    Err(KeyFault::NoKey(form))
}

/// `None` if the block is not a private key.
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
    let der = first_value(der).unwrap_or_default();
    match block.label {
        b"ENCRYPTED PRIVATE KEY" => {
            // A wrong password can produce noise with valid padding at the end.
            let der = decrypt_pkcs8(der, given()?)?;
            from_pkcs8(&der).ok_or(KeyFault::WrongPassword)?
        }
        b"PRIVATE KEY" => from_pkcs8(der).ok_or(KeyFault::Malformed)?,
        b"RSA PRIVATE KEY" => from_pkcs1(der)
            .or_else(|| from_mislabelled_pkcs8(der, RSA))
            .ok_or_else(|| noise(block))?,
        b"EC PRIVATE KEY" => from_sec1(der)
            .or_else(|| from_mislabelled_pkcs8(der, EC))
            .ok_or_else(|| noise(block))?,
        _ => Err(KeyFault::UnsupportedKey {
            kind: "DSA".to_owned(),
        }),
    }
    .map(Some)
}

/// Is this the label of a private key to OpenSSL? It accepts any text before these words.
pub(super) fn is_label(label: &[u8]) -> bool {
    memmem::find(label, b"PRIVATE KEY").is_some()
}

/// Does OpenSSL load this private key among certificates (`PEM_X509_INFO_read_bio`)? It decodes each
/// one, and drops the whole file if that fails. It skips encrypted ones.
pub(super) fn loads_among_certificates(block: &Block<'_>) -> bool {
    if !block.header.is_empty() {
        return names_known_cipher(&block.header);
    }
    let der = first_value(&block.contents).unwrap_or_default();
    match block.label {
        b"ENCRYPTED PRIVATE KEY" => true,
        b"PRIVATE KEY" => is_pkcs8(der),
        b"RSA PRIVATE KEY" => is_integers(der, 9) || is_pkcs8(der),
        b"EC PRIVATE KEY" => ec_parameters(der).is_ok() || is_pkcs8(der),
        b"DSA PRIVATE KEY" => is_integers(der, 6) || is_pkcs8(der),
        // The decoder then finds out by itself which kind of key this is.
        _ => is_pkcs8(der) || ec_parameters(der).is_ok() || is_integers(der, 6),
    }
}

/// The fault if the contents are not a key. After decryption it means a wrong password.
fn noise(block: &Block<'_>) -> KeyFault {
    if block.header.is_empty() {
        KeyFault::Malformed
    } else {
        KeyFault::WrongPassword
    }
}

#[cfg(test)]
mod tests {
    use pkcs8::PrivateKeyInfoRef;
    use pkcs8::der::Encode as _;
    use pkcs8::der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef, UintRef};
    use pkcs8::spki::AlgorithmIdentifierRef;

    use super::*;
    use crate::trust::file::{Kind, SshKey};

    fn pem(label: &str, contents: &[u8]) -> String {
        let base64 = data_encoding::BASE64.encode(contents);
        format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n")
    }

    fn pkcs8(algorithm: &str, curve: Option<&str>, key: &[u8]) -> Vec<u8> {
        let curve = curve.map(ObjectIdentifier::new_unwrap);
        let algorithm = AlgorithmIdentifierRef {
            oid: ObjectIdentifier::new_unwrap(algorithm),
            parameters: curve.as_ref().map(AnyRef::from),
        };
        PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(key).unwrap())
            .to_der()
            .unwrap()
    }

    #[test]
    fn keys_that_rustls_signs_with_are_read_from_pem_and_der() {
        for algorithm in [
            &rcgen::PKCS_ECDSA_P256_SHA256,
            &rcgen::PKCS_ECDSA_P384_SHA384,
            &rcgen::PKCS_ECDSA_P521_SHA512,
            &rcgen::PKCS_ED25519,
        ] {
            let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
            let der = key.serialize_der();
            let expected = PrivateKeyDer::Pkcs8(der.clone().into());
            assert_eq!(read(&der, None), Ok(expected.clone_key()), "{algorithm:?}");
            assert_eq!(
                read(pem("PRIVATE KEY", &der).as_bytes(), None),
                Ok(expected)
            );
        }
    }

    /// The three forms of RFC 9881 section 6; OpenSSL writes the first by default or the third.
    #[test]
    fn an_ml_dsa_key_is_its_seed_or_the_expanded_key_or_both() {
        use aws_lc_rs::encoding::AsRawBytes as _;
        use aws_lc_rs::signature::{ML_DSA_65_SIGNING, PqdsaKeyPair};

        let value = |tag: u8, contents: &[u8]| {
            let length = u16::try_from(contents.len()).unwrap().to_be_bytes();
            [&[tag, 0x82][..], &length, contents].concat()
        };
        let seed = [7; 32];
        let pair = PqdsaKeyPair::from_seed(&ML_DSA_65_SIGNING, &seed).unwrap();
        let expanded = pair.private_key().as_raw_bytes().unwrap();
        let only_seed = [&[0x80, 32][..], &seed].concat();
        let only_expanded = value(4, expanded.as_ref());
        let short_seed = [&[4, 32][..], &seed].concat();
        let both = value(0x30, &[&short_seed[..], &only_expanded].concat());
        let wrong_seed = [&[4, 32][..], &[8; 32]].concat();
        let contradicting = value(0x30, &[&wrong_seed[..], &only_expanded].concat());
        let public = |key: &[u8]| {
            let key = super::super::identity::private_key(
                &pkcs8("2.16.840.1.101.3.4.3.18", None, key),
                None,
            );
            key.map(|key| key.public_key().unwrap().to_vec())
        };
        let expected = public(&only_seed).unwrap();
        assert_eq!(public(&only_expanded), Ok(expected.clone()));
        assert_eq!(public(&both), Ok(expected));
        assert_eq!(public(&contradicting), Err(KeyFault::Malformed));
        assert_eq!(public(&seed), Err(KeyFault::Malformed));
    }

    #[test]
    fn keys_that_it_does_not_are_named() {
        let unsupported = |kind: &str| KeyFault::UnsupportedKey {
            kind: kind.to_owned(),
        };
        for (algorithm, curve, expected) in [
            ("1.2.840.113549.1.1.10", None, unsupported("RSA-PSS")),
            ("1.3.101.113", None, unsupported("Ed448")),
            ("1.2.3.4", None, unsupported("1.2.3.4")),
            (
                "1.2.840.10045.2.1",
                Some("1.3.132.0.10"),
                unsupported("secp256k1"),
            ),
            (
                "1.2.840.10045.2.1",
                None,
                unsupported("explicit-parameter EC"),
            ),
            ("1.2.840.113549.1.1.1", None, KeyFault::Malformed),
        ] {
            assert_eq!(read(&pkcs8(algorithm, curve, b"key"), None), Err(expected));
        }
    }

    #[test]
    fn an_rsa_key_is_measured_by_its_modulus() {
        for (modulus, expected) in [
            (vec![0xff; 256], Ok(2048)),
            (vec![0x80; 1024], Ok(8192)),
            ([vec![0x7f], vec![0xff; 255]].concat(), Err(2047)),
            (vec![0x80; 128], Err(1024)),
            (vec![0x80; 1025], Err(8200)),
        ] {
            let body = [
                0_u8.to_der().unwrap(),
                UintRef::new(&modulus).unwrap().to_der().unwrap(),
            ];
            let body = body.concat();
            let header = pkcs8::der::Header::new(
                pkcs8::der::Tag::Sequence,
                pkcs8::der::Length::try_from(body.len()).unwrap(),
            );
            let der = [header.to_der().unwrap(), body].concat();
            let found = read(pem("RSA PRIVATE KEY", &der).as_bytes(), None);
            match expected {
                Ok(_) => assert_eq!(found, Ok(PrivateKeyDer::Pkcs1(der.into()))),
                Err(bits) => assert_eq!(found, Err(KeyFault::RsaLength { bits })),
            }
        }
    }

    #[test]
    fn an_rsa_key_with_several_primes_is_named() {
        // Version 1, and a modulus.
        let der = [0x30, 6, 2, 1, 1, 2, 1, 0x7f];
        let kind = "multi-prime RSA".to_owned();
        for label in ["RSA PRIVATE KEY", "PRIVATE KEY"] {
            let contents = match label {
                "PRIVATE KEY" => pkcs8("1.2.840.113549.1.1.1", None, &der),
                _ => der.to_vec(),
            };
            let found = read(pem(label, &contents).as_bytes(), None);
            let expected = KeyFault::UnsupportedKey { kind: kind.clone() };
            assert_eq!(found, Err(expected), "{label}");
        }
    }

    #[test]
    fn a_file_without_a_usable_key_says_what_it_contains() {
        let no_key = |kind| KeyFault::NoKey(Form::Pem(kind));
        let certificate = pem("CERTIFICATE", b"x");
        let both = format!("{certificate}{}", pem("OPENSSH PRIVATE KEY", b"x"));
        for (contents, expected) in [
            (String::new(), KeyFault::NoKey(Form::Empty)),
            ("<html>".to_owned(), KeyFault::NoKey(Form::Html)),
            (certificate, no_key(Kind::Certificate)),
            (both, no_key(Kind::SshKey(SshKey::Own))),
            (pem("\u{1b}[2J", b"x"), no_key(Kind::Other)),
            (pem("PRIVATE KEY", b"x"), KeyFault::Malformed),
            (pem("EC PRIVATE KEY", b"x"), KeyFault::Malformed),
            (
                pem("ENCRYPTED PRIVATE KEY", b"x"),
                KeyFault::PasswordMissing,
            ),
            (
                pem("DSA PRIVATE KEY", b"x"),
                KeyFault::UnsupportedKey {
                    kind: "DSA".to_owned(),
                },
            ),
            (
                "-----BEGIN PRIVATE KEY-----\n".to_owned(),
                PemFault::NoEnd { line: 1 }.into(),
            ),
        ] {
            assert_eq!(read(contents.as_bytes(), None), Err(expected), "{contents}");
        }
        // EncryptedPrivateKeyInfo { { 1.2 }, "" }
        let encrypted = [0x30, 7, 0x30, 3, 6, 1, 0x2a, 4, 0];
        assert_eq!(read(&encrypted, Some(b"x")), Err(KeyFault::EncryptedDer));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(
            place in 0_usize..200, byte: u8, cut in 0_usize..200, label in 0_usize..5
        ) {
            let mut der = pkcs8("1.2.840.10045.2.1", Some("1.2.840.10045.3.1.7"), &[4; 100]);
            if let Some(old) = der.get_mut(place) {
                *old = byte;
            }
            der.truncate(cut);
            let labels = ["", "RSA ", "EC ", "ENCRYPTED ", "DSA "];
            let text = pem(&format!("{}PRIVATE KEY", labels[label]), &der);
            let _ = (read(&der, None), read(text.as_bytes(), Some(b"x")));
        }
    }
}

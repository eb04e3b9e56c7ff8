//! Encrypted private keys, as far as OpenSSL 3 reads them without its legacy provider.
//!
//! libpq cannot read the ciphers of that provider (DES, RC2, RC4, Blowfish, ...), so they are refused
//! here. Of the others, those that `openssl` writes for AES or triple DES are read.

use aes::{Aes128, Aes192, Aes256};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt as _, KeyInit, KeyIvInit as _};
use data_encoding::HEXUPPER_PERMISSIVE;
use des::{TdesEde2, TdesEde3};
use md5::{Digest as _, Md5};
use pkcs8::der::asn1::{ObjectIdentifier, OctetStringRef};
use pkcs8::der::{Decode as _, ErrorKind, Reader as _, SliceReader};
use pkcs8::pkcs5::pbes2::{self, Kdf};
use pkcs8::spki::AlgorithmIdentifierRef;

use super::pkcs12::{Effort, Password, TooMuchWork};
use super::private_key::KeyFault;
use crate::escape::escape;

const PBE_SHA1_3DES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.3");
const PBE_SHA1_2DES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.4");
const PBES2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");

/// The memory that OpenSSL's scrypt may use, in bytes (`SCRYPT_MAX_MEM` in crypto/evp/pbe_scrypt.c).
const SCRYPT_MEMORY: u64 = 32 * 1024 * 1024;

/// The memory and processor time that scrypt may use: cost, block size and parallelization multiplied. OpenSSL's
/// memory limit leaves this without a bound.
const SCRYPT_WORK: u64 = 1 << 24;

/// Decrypts an EncryptedPrivateKeyInfo (RFC 5958 section 3) to the DER of a PrivateKeyInfo.
pub(crate) fn decrypt_pkcs8(der: &[u8], password: &[u8]) -> Result<Vec<u8>, KeyFault> {
    let (algorithm, data) = encrypted_private_key_info(der).map_err(|_| KeyFault::Malformed)?;
    Decryption {
        password: &Password::of(password),
        effort: &mut Effort::usual(),
    }
    .of(algorithm, data)
}

/// What decrypts: one password, and the work that may be done with it.
pub(super) struct Decryption<'a> {
    pub(super) password: &'a Password,
    pub(super) effort: &'a mut Effort,
}

impl Decryption<'_> {
    /// Decrypts with an AlgorithmIdentifier, in DER.
    pub(super) fn run(self, algorithm: &[u8], data: &[u8]) -> Result<Vec<u8>, KeyFault> {
        let algorithm =
            AlgorithmIdentifierRef::from_der(algorithm).map_err(|_| KeyFault::Malformed)?;
        self.of(algorithm, data)
    }

    fn of(self, algorithm: AlgorithmIdentifierRef<'_>, data: &[u8]) -> Result<Vec<u8>, KeyFault> {
        match algorithm.oid {
            PBES2 => self.by_pbes2(algorithm, data),
            PBE_SHA1_3DES => self.by_pkcs12::<TdesEde3, 24>(algorithm, data),
            PBE_SHA1_2DES => self.by_pkcs12::<TdesEde2, 16>(algorithm, data),
            other => Err(unsupported(other)),
        }
    }

    fn by_pbes2(
        self,
        algorithm: AlgorithmIdentifierRef<'_>,
        data: &[u8],
    ) -> Result<Vec<u8>, KeyFault> {
        let parameters = algorithm.parameters.ok_or(KeyFault::Malformed)?;
        let parameters =
            pbes2::Parameters::try_from(parameters).map_err(|error| match error.kind() {
                ErrorKind::OidUnknown { oid } => unsupported(oid),
                _ => KeyFault::Malformed,
            })?;
        // The decoder knows GCM here, OpenSSL does not.
        if let pbes2::EncryptionScheme::Aes128Gcm { .. }
        | pbes2::EncryptionScheme::Aes256Gcm { .. } = parameters.encryption
        {
            return Err(unsupported(parameters.encryption.oid()));
        }
        if let Kdf::Pbkdf2(pbkdf2) = &parameters.kdf {
            self.effort.spend(pbkdf2.iteration_count)?;
        }
        if let Kdf::Scrypt(scrypt) = &parameters.kdf {
            let (r, p) = (
                u64::from(scrypt.block_size),
                u64::from(scrypt.parallelization),
            );
            // RFC 7914 section 2; the decoder does not check, and cannot work with 0.
            if scrypt.cost_parameter < 2 || !scrypt.cost_parameter.is_power_of_two() {
                return Err(KeyFault::Malformed);
            }
            let blocks = scrypt.cost_parameter.saturating_add(2).saturating_add(p);
            let memory = blocks.saturating_mul(r).saturating_mul(128);
            let work = scrypt.cost_parameter.saturating_mul(r).saturating_mul(p);
            // OpenSSL allows no more memory either.
            if memory > SCRYPT_MEMORY || work > SCRYPT_WORK {
                return Err(TooMuchWork.into());
            }
            // About as long as this many rounds.
            self.effort
                .spend(u32::try_from(work).unwrap_or(u32::MAX) / 4)?;
        }
        parameters
            .decrypt(&self.password.plain, data)
            .map_err(|error| match error {
                pkcs8::pkcs5::Error::UnsupportedAlgorithm { oid } => unsupported(oid),
                pkcs8::pkcs5::Error::AlgorithmParametersInvalid { .. } => KeyFault::Malformed,
                _ => KeyFault::WrongPassword,
            })
    }

    /// Password-based encryption of PKCS #12 (RFC 7292 appendix C).
    fn by_pkcs12<C: BlockCipherDecrypt + KeyInit, const KEY: usize>(
        self,
        algorithm: AlgorithmIdentifierRef<'_>,
        data: &[u8],
    ) -> Result<Vec<u8>, KeyFault> {
        let parameters = algorithm.parameters.ok_or(KeyFault::Malformed)?;
        let (salt, rounds) = parameters
            .sequence(|reader| Ok((<&OctetStringRef>::decode(reader)?, u32::decode(reader)?)))
            .map_err(|_: pkcs8::der::Error| KeyFault::Malformed)?;
        self.effort.spend(rounds)?;
        let key = self.password.key(salt.as_bytes(), rounds, KEY);
        let iv = self.password.iv(salt.as_bytes(), rounds);
        decrypt_cbc::<C>(&key, &iv, data)
    }
}

/// Is this an EncryptedPrivateKeyInfo, with any cipher?
pub(crate) fn is_encrypted_pkcs8(der: &[u8]) -> bool {
    encrypted_private_key_info(der).is_ok()
}

/// Decrypts the contents of a PEM block with an encryption header (RFC 1421 section 4.6.1.1). The key
/// is derived from the password as OpenSSL does (`EVP_BytesToKey` with MD5 and one round).
pub(crate) fn decrypt_pem(
    header: &[&[u8]],
    data: &[u8],
    password: &[u8],
) -> Result<Vec<u8>, KeyFault> {
    let (cipher, iv) = dek_info(header).ok_or(KeyFault::Malformed)?;
    let salt = iv.get(..8).ok_or(KeyFault::Malformed)?;
    match cipher.to_ascii_uppercase().as_str() {
        "AES-128-CBC" => decrypt_cbc::<Aes128>(&md5_key(password, salt, 16), &iv, data),
        "AES-192-CBC" => decrypt_cbc::<Aes192>(&md5_key(password, salt, 24), &iv, data),
        "AES-256-CBC" => decrypt_cbc::<Aes256>(&md5_key(password, salt, 32), &iv, data),
        "DES-EDE3-CBC" => decrypt_cbc::<TdesEde3>(&md5_key(password, salt, 24), &iv, data),
        _ => Err(KeyFault::UnsupportedEncryption {
            scheme: escape(cipher).to_string(),
        }),
    }
}

/// Can OpenSSL decrypt a block with this header (`PEM_get_EVP_CIPHER_INFO`)?
pub(super) fn names_known_cipher(header: &[&[u8]]) -> bool {
    let Some((cipher, iv)) = dek_info(header) else {
        return false;
    };
    let cipher = cipher.to_ascii_uppercase();
    let known = |(name, length): &(&str, usize)| *name == cipher && iv.len() == *length;
    PEM_CIPHERS.iter().any(known)
}

/// Ciphers that old key files name, with the length of their IV in bytes.
const PEM_CIPHERS: &[(&str, usize)] = &[
    ("AES-128-CBC", 16),
    ("AES-192-CBC", 16),
    ("AES-256-CBC", 16),
    ("ARIA-128-CBC", 16),
    ("ARIA-192-CBC", 16),
    ("ARIA-256-CBC", 16),
    ("CAMELLIA-128-CBC", 16),
    ("CAMELLIA-192-CBC", 16),
    ("CAMELLIA-256-CBC", 16),
    ("DES-CBC", 8),
    ("DES-EDE-CBC", 8),
    ("DES-EDE3-CBC", 8),
];

fn encrypted_private_key_info(
    der: &[u8],
) -> Result<(AlgorithmIdentifierRef<'_>, &[u8]), pkcs8::der::Error> {
    SliceReader::new(der)?.sequence(|reader| {
        let algorithm = AlgorithmIdentifierRef::decode(reader)?;
        let data = <&OctetStringRef>::decode(reader)?;
        Ok((algorithm, data.as_bytes()))
    })
}

fn md5_key(password: &[u8], salt: &[u8], length: usize) -> Vec<u8> {
    let mut key = Vec::new();
    let mut hash = Vec::new();
    while key.len() < length {
        let digest = Md5::new()
            .chain_update(&hash)
            .chain_update(password)
            .chain_update(salt);
        hash = digest.finalize().to_vec();
        key.extend(&hash);
    }
    key.truncate(length);
    key
}

/// `Proc-Type: 4,ENCRYPTED`, then `DEK-Info: CIPHER,IV` (`PEM_get_EVP_CIPHER_INFO`).
fn dek_info<'a>(header: &[&'a [u8]]) -> Option<(&'a str, Vec<u8>)> {
    const BLANKS: [char; 2] = [' ', '\t'];
    let text = |line: &'a [u8]| std::str::from_utf8(line).ok();
    let [proc_type, dek_info, ..] = header else {
        return None;
    };
    let proc_type = text(proc_type)?
        .strip_prefix("Proc-Type:")?
        .trim_start_matches(BLANKS);
    if proc_type.strip_prefix("4,")?.trim_matches(BLANKS) != "ENCRYPTED" {
        return None;
    }
    let dek_info = text(dek_info)?.strip_prefix("DEK-Info:")?;
    let (cipher, iv) = dek_info.split_once(',').unwrap_or((dek_info, ""));
    let iv = HEXUPPER_PERMISSIVE
        .decode(iv.trim_matches(BLANKS).as_bytes())
        .ok()?;
    Some((cipher.trim_matches(BLANKS), iv))
}

fn decrypt_cbc<C: BlockCipherDecrypt + KeyInit>(
    key: &[u8],
    iv: &[u8],
    data: &[u8],
) -> Result<Vec<u8>, KeyFault> {
    let decryptor =
        cbc::Decryptor::<C>::new_from_slices(key, iv).map_err(|_| KeyFault::Malformed)?;
    let mut buffer = data.to_vec();
    let plain = decryptor
        .decrypt_padded::<Pkcs7>(&mut buffer)
        .map_err(|_| KeyFault::WrongPassword)?;
    Ok(plain.to_vec())
}

impl From<TooMuchWork> for KeyFault {
    fn from(TooMuchWork: TooMuchWork) -> Self {
        Self::TooMuchWork
    }
}

fn unsupported(oid: ObjectIdentifier) -> KeyFault {
    let dotted = oid.to_string();
    let name = match dotted.as_str() {
        "1.2.840.113549.1.5.1" => "PBE-MD2-DES",
        "1.2.840.113549.1.5.3" => "PBE-MD5-DES",
        "1.2.840.113549.1.5.4" => "PBE-MD2-RC2-64",
        "1.2.840.113549.1.5.6" => "PBE-MD5-RC2-64",
        "1.2.840.113549.1.5.10" => "PBE-SHA1-DES",
        "1.2.840.113549.1.5.11" => "PBE-SHA1-RC2-64",
        "1.2.840.113549.1.12.1.1" => "PBE-SHA1-RC4-128",
        "1.2.840.113549.1.12.1.2" => "PBE-SHA1-RC4-40",
        "1.2.840.113549.1.12.1.5" => "PBE-SHA1-RC2-128",
        "1.2.840.113549.1.12.1.6" => "PBE-SHA1-RC2-40",
        "1.3.14.3.2.7" => "DES-CBC",
        "1.2.840.113549.3.2" => "RC2-CBC",
        dotted => dotted,
    };
    KeyFault::UnsupportedEncryption {
        scheme: name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_cipher_is_named_and_escaped() {
        let header = [
            &b"Proc-Type: 4,ENCRYPTED"[..],
            b"DEK-Info: AES-\x1b[2J,0011223344556677",
        ];
        let fault = decrypt_pem(&header, b"", b"x").unwrap_err();
        let scheme = r"AES-\x1b[2J".to_owned();
        assert_eq!(fault, KeyFault::UnsupportedEncryption { scheme });
    }

    #[test]
    fn scrypt_costs_a_power_of_two() {
        for cost in ["00", "01", "03"] {
            // EncryptedPrivateKeyInfo { PBES2 { scrypt { "salt", cost, 1, 1 }, AES-256-CBC }, zeros }
            let info = format!(
                "305e304a06092a864886f70d01050d303d301c06092b06010401da47040b300f040473616c740201\
                 {cost}020101020101301d060960864801650304012a041000000000000000000000000000000000041000000000000000000000000000000000"
            );
            let info = data_encoding::HEXLOWER.decode(info.as_bytes()).unwrap();
            assert_eq!(
                decrypt_pkcs8(&info, b"x"),
                Err(KeyFault::Malformed),
                "{cost}"
            );
        }
    }

    #[test]
    fn too_many_rounds_are_refused() {
        // EncryptedPrivateKeyInfo { { PBE_SHA1_3DES, { "", 2^31 - 1 } }, 8 zero bytes }
        let info = data_encoding::HEXLOWER
            .decode(b"30223016060a2a864886f70d010c01033008040002047fffffff04080000000000000000")
            .unwrap();
        assert_eq!(decrypt_pkcs8(&info, b"x"), Err(KeyFault::TooMuchWork));
    }

    #[test]
    fn a_header_names_a_cipher_and_its_initialization_vector() {
        let iv = vec![0x0a; 16];
        let hex = "0A".repeat(16);
        for (proc_type, dek, expected) in [
            (
                "Proc-Type: 4,ENCRYPTED",
                format!("DEK-Info: AES-256-CBC,{hex}"),
                Some("AES-256-CBC"),
            ),
            (
                "Proc-Type:4,  ENCRYPTED ",
                format!("DEK-Info:X , {}", hex.to_lowercase()),
                Some("X"),
            ),
            (
                "Proc-Type: 4,ENCRYPTED",
                format!("DEK-Info:\rX,{hex}"),
                Some("\rX"),
            ),
            ("Proc-Type: 3,ENCRYPTED", format!("DEK-Info: X,{hex}"), None),
            ("Proc-Type: 4,MIC-ONLY", format!("DEK-Info: X,{hex}"), None),
            ("Comment: x", format!("DEK-Info: X,{hex}"), None),
            ("Proc-Type: 4,ENCRYPTED", format!("Other: X,{hex}"), None),
            (
                "Proc-Type: 4,ENCRYPTED",
                format!("DEK-Info: X,{hex}0"),
                None,
            ),
            ("Proc-Type: 4,ENCRYPTED", "DEK-Info: X,zz".to_owned(), None),
        ] {
            let header = [proc_type.as_bytes(), dek.as_bytes()];
            assert_eq!(
                dek_info(&header),
                expected.map(|cipher| (cipher, iv.clone())),
                "{dek}"
            );
        }
        assert_eq!(dek_info(&[b"Proc-Type: 4,ENCRYPTED"]), None);
    }

    #[test]
    fn reasons_for_failed_decryption_are_distinguished() {
        let decrypt = |dek: &str, data: &[u8]| {
            decrypt_pem(
                &[b"Proc-Type: 4,ENCRYPTED", dek.as_bytes()],
                data,
                b"password",
            )
        };
        let iv = "00".repeat(16);
        let scheme = "DES-CBC".to_owned();
        assert_eq!(
            decrypt("DEK-Info: DES-CBC,0000000000000000", &[0; 16]),
            Err(KeyFault::UnsupportedEncryption { scheme })
        );
        assert_eq!(
            decrypt("DEK-Info: AES-128-CBC,00", &[0; 16]),
            Err(KeyFault::Malformed)
        );
        assert_eq!(
            decrypt("DEK-Info: AES-128-CBC,0000000000000000", &[0; 16]),
            Err(KeyFault::Malformed)
        );
        let cipher = format!("DEK-Info: AES-128-CBC,{iv}");
        assert_eq!(decrypt(&cipher, &[0; 16]), Err(KeyFault::WrongPassword));
        assert_eq!(decrypt(&cipher, &[0; 15]), Err(KeyFault::WrongPassword));
        assert_eq!(decrypt(&cipher, &[]), Err(KeyFault::WrongPassword));
        assert_eq!(decrypt_pkcs8(b"", b"x"), Err(KeyFault::Malformed));
    }
}

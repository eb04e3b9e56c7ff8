//! A PKCS #12 archive (RFC 7292), as `openssl pkcs12` reads it without its legacy provider: certificates and keys,
//! encrypted with a password and protected by a MAC of it.

use super::encryption::Decryption;
use super::pkcs12::{Effort, MacFault, Password, octets, verify_mac};
use super::private_key::{KeyFault, is_pkcs8};
use crate::x509::der::{Element, Malformed, Reader, Result, tag};

/// Why an archive cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveFault {
    /// The structure is broken, or what was decrypted is.
    #[error("it is damaged")]
    Damaged,
    /// Neither no password nor the empty one opens it.
    #[error("it does not open without a password")]
    PasswordMissing,
    /// The password is not that of the archive, or what it decrypts was changed.
    #[error("the password is wrong, or the archive was changed")]
    WrongPassword,
    /// A part that cannot be read here.
    #[error("it has a part that pgtls does not read: {scheme}")]
    Unsupported {
        /// OpenSSL's name of it, or a dotted object identifier; safe for terminals.
        scheme: String,
    },
    /// More parts, or more rounds of key derivation, than any program makes.
    #[error("it asks for more work than any program that makes archives")]
    TooMuch,
    /// There is no certificate in it.
    #[error("it contains no certificate")]
    NoCertificate,
}

/// What is in an archive.
#[derive(Default)]
pub(super) struct Contents {
    /// Certificates, in the archive's order.
    pub(super) certificates: Vec<CertificateBag>,
    /// DER of keys (RFC 5958 section 2), in the archive's order.
    pub(super) keys: Vec<Vec<u8>>,
}

/// A certificate in an archive.
pub(super) struct CertificateBag {
    /// DER.
    pub(super) der: Vec<u8>,
    /// Whether it belongs to a key.
    pub(super) mark: Mark,
}

/// Whether a bag has a localKeyID (RFC 2985 section 5.5.2). By that `openssl pkcs12` tells the certificates of
/// `-clcerts` from those of `-cacerts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// It has one.
    LocalKey,
    /// It has none.
    None,
}

/// Is it a PKCS #12 archive?
pub fn is_archive(contents: &[u8]) -> bool {
    Outer::read(contents).is_ok()
}

/// Reads and decrypts an archive.
pub(super) fn read(
    contents: &[u8],
    password: Option<&[u8]>,
) -> std::result::Result<Contents, ArchiveFault> {
    let outer = Outer::read(contents)?;
    if let Some(password) = password.filter(|password| !password.is_empty()) {
        return Opened::with(&outer, Password::of(password));
    }
    // "No password" is one of two: none, or the empty one.
    let read = match Opened::with(&outer, Password::none()) {
        Err(ArchiveFault::WrongPassword) => Opened::with(&outer, Password::of(b"")),
        read => read,
    };
    match read {
        Err(ArchiveFault::WrongPassword) => Err(ArchiveFault::PasswordMissing),
        read => read,
    }
}

/// The PFX: the contents that the MAC protects, and the MAC.
struct Outer<'a> {
    safe: Vec<u8>,
    mac: Option<Element<'a>>,
}

impl<'a> Outer<'a> {
    fn read(der: &'a [u8]) -> Result<Self> {
        let mut parts = Reader::new(der).sequence()?;
        // OpenSSL ignores which version it is.
        parts.universal(tag::INTEGER)?.integer()?;
        let mut info = parts.sequence()?;
        if info.oid()? != DATA {
            return Err(Malformed);
        }
        let safe = info.optional_context(0)?.ok_or(Malformed)?.explicit()?;
        info.finish()?;
        if !safe.is_universal(tag::OCTET_STRING) {
            return Err(Malformed);
        }
        let mac = parts.optional(|element| element.is_universal(tag::SEQUENCE))?;
        parts.finish()?;
        Ok(Self {
            safe: octets(&safe)?,
            mac,
        })
    }
}

/// How a changed archive is noticed.
#[derive(Clone, Copy)]
enum Integrity {
    /// By its MAC, before anything is decrypted.
    Mac,
    /// By what decryption makes of it, as a wrong password is.
    None,
}

/// An archive that is being read.
struct Opened {
    password: Password,
    integrity: Integrity,
    effort: Effort,
    parts: usize,
    contents: Contents,
}

impl Opened {
    fn with(outer: &Outer<'_>, password: Password) -> std::result::Result<Contents, ArchiveFault> {
        let mut opened = Self {
            password,
            integrity: match outer.mac {
                Some(_) => Integrity::Mac,
                None => Integrity::None,
            },
            effort: Effort::usual(),
            parts: 0,
            contents: Contents::default(),
        };
        if let Some(mac) = &outer.mac {
            let checked = verify_mac(mac, &outer.safe, &opened.password, &mut opened.effort);
            checked.map_err(|fault| match fault {
                MacFault::Malformed => ArchiveFault::Damaged,
                MacFault::Unsupported(scheme) => ArchiveFault::Unsupported { scheme },
                MacFault::TooMuch => ArchiveFault::TooMuch,
                MacFault::Wrong => ArchiveFault::WrongPassword,
            })?;
        }
        opened.all(&outer.safe)?;
        Ok(opened.contents)
    }

    /// What is said of something decrypted that cannot be read.
    const fn unreadable(&self) -> ArchiveFault {
        match self.integrity {
            Integrity::Mac => ArchiveFault::Damaged,
            Integrity::None => ArchiveFault::WrongPassword,
        }
    }

    fn all(&mut self, safe: &[u8]) -> std::result::Result<(), ArchiveFault> {
        let mut infos = Reader::new(safe).sequence_of()?;
        while !infos.is_empty() {
            self.part()?;
            self.info(&mut infos.sequence()?)?;
        }
        Ok(())
    }

    /// Counts a part.
    fn part(&mut self) -> std::result::Result<(), ArchiveFault> {
        self.parts = self.parts.saturating_add(1);
        match self.parts {
            ..=MAX_PARTS => Ok(()),
            _ => Err(ArchiveFault::TooMuch),
        }
    }

    /// One ContentInfo: bags, encrypted or not.
    fn info(&mut self, info: &mut Reader<'_>) -> std::result::Result<(), ArchiveFault> {
        let kind = info.oid()?;
        let content = info.optional_context(0)?.ok_or(Malformed)?.explicit()?;
        info.finish()?;
        match kind.as_str() {
            DATA if content.is_universal(tag::OCTET_STRING) => self.bags(&octets(&content)?),
            DATA => Err(ArchiveFault::Damaged),
            ENCRYPTED_DATA => {
                let mut parts = fields(&content)?;
                parts.universal(tag::INTEGER)?.integer()?;
                let mut encrypted = parts.sequence()?;
                parts.finish()?;
                encrypted.oid()?;
                let algorithm = encrypted.universal(tag::SEQUENCE)?;
                let data = octets(&encrypted.optional_context(0)?.ok_or(Malformed)?)?;
                encrypted.finish()?;
                let plain = self.decrypt(algorithm.whole, &data)?;
                self.bags(&plain).map_err(|fault| match fault {
                    ArchiveFault::Damaged => self.unreadable(),
                    other => other,
                })
            }
            other => Err(ArchiveFault::Unsupported {
                scheme: format!("contents of type {other}"),
            }),
        }
    }

    fn bags(&mut self, safe: &[u8]) -> std::result::Result<(), ArchiveFault> {
        let mut bags = Reader::new(safe).sequence_of()?;
        while !bags.is_empty() {
            self.part()?;
            let mut bag = bags.sequence()?;
            let kind = bag.oid()?;
            let value = bag.optional_context(0)?.ok_or(Malformed)?.explicit()?;
            let mark = attributes(&mut bag)?;
            match kind.as_str() {
                KEY => self.contents.keys.push(value.whole.to_vec()),
                SHROUDED_KEY => {
                    let mut parts = fields(&value)?;
                    let algorithm = parts.universal(tag::SEQUENCE)?;
                    let data = octets(&parts.universal(tag::OCTET_STRING)?)?;
                    parts.finish()?;
                    let key = self.decrypt(algorithm.whole, &data)?;
                    if !is_pkcs8(&key) {
                        return Err(self.unreadable());
                    }
                    self.contents.keys.push(key);
                }
                CERTIFICATE => {
                    let mut parts = fields(&value)?;
                    let form = parts.oid()?;
                    let wrapped = parts.optional_context(0)?.ok_or(Malformed)?.explicit()?;
                    parts.finish()?;
                    if form == X509 {
                        if !wrapped.is_universal(tag::OCTET_STRING) {
                            return Err(ArchiveFault::Damaged);
                        }
                        let der = octets(&wrapped)?;
                        self.contents
                            .certificates
                            .push(CertificateBag { der, mark });
                    }
                }
                // Revocation lists and other secrets, which no server sends.
                CRL | SECRET => {}
                other => {
                    return Err(ArchiveFault::Unsupported {
                        scheme: format!("a bag of type {other}"),
                    });
                }
            }
        }
        Ok(())
    }

    fn decrypt(
        &mut self,
        algorithm: &[u8],
        data: &[u8],
    ) -> std::result::Result<Vec<u8>, ArchiveFault> {
        let decryption = Decryption {
            password: &self.password,
            effort: &mut self.effort,
        };
        decryption
            .run(algorithm, data)
            .map_err(|fault| match fault {
                KeyFault::WrongPassword => ArchiveFault::WrongPassword,
                KeyFault::UnsupportedEncryption { scheme } => ArchiveFault::Unsupported { scheme },
                KeyFault::TooMuchWork => ArchiveFault::TooMuch,
                KeyFault::NoKey(_)
                | KeyFault::Pem(_)
                | KeyFault::Malformed
                | KeyFault::PasswordMissing
                | KeyFault::EncryptedDer
                | KeyFault::UnsupportedKey { .. }
                | KeyFault::RsaLength { .. } => ArchiveFault::Damaged,
            })
    }
}

impl From<Malformed> for ArchiveFault {
    fn from(Malformed: Malformed) -> Self {
        Self::Damaged
    }
}

/// The fields of a SEQUENCE.
fn fields<'a>(value: &Element<'a>) -> Result<Reader<'a>> {
    match value.is_universal(tag::SEQUENCE) {
        true => value.children(),
        false => Err(Malformed),
    }
}

/// The attributes of a bag: a name, and which certificate belongs to which key. OpenSSL decodes all of them.
fn attributes(bag: &mut Reader<'_>) -> Result<Mark> {
    let mut mark = Mark::None;
    if let Some(attributes) = bag.optional(|element| element.is_universal(tag::SET))? {
        let mut attributes = attributes.members();
        while !attributes.is_empty() {
            let mut attribute = attributes.sequence()?;
            if attribute.oid()? == LOCAL_KEY_ID {
                mark = Mark::LocalKey;
            }
            let mut values = attribute.universal(tag::SET)?.members();
            while !values.is_empty() {
                values.element()?.check_any()?;
            }
            attribute.finish()?;
        }
    }
    bag.finish()?;
    Ok(mark)
}

/// Bags and contents of one archive.
const MAX_PARTS: usize = 1_000;

/// RFC 5652 section 4 and 8.
const DATA: &str = "1.2.840.113549.1.7.1";
const ENCRYPTED_DATA: &str = "1.2.840.113549.1.7.6";

/// RFC 7292 section 4.2.
const KEY: &str = "1.2.840.113549.1.12.10.1.1";
const SHROUDED_KEY: &str = "1.2.840.113549.1.12.10.1.2";
const CERTIFICATE: &str = "1.2.840.113549.1.12.10.1.3";
const CRL: &str = "1.2.840.113549.1.12.10.1.4";
const SECRET: &str = "1.2.840.113549.1.12.10.1.5";

/// localKeyId and x509Certificate (RFC 2985 appendix A).
const LOCAL_KEY_ID: &str = "1.2.840.113549.1.9.21";
const X509: &str = "1.2.840.113549.1.9.22.1";

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = read(&bytes, Some(b"x"));
        }
    }
}

//! What a file is that does not have what was wanted in it: recognised by its first bytes and its blocks.
//!
//! The same faults happen to root files, CRLs, certificates and keys: the wrong file, the wrong form, or line
//! breaks that a copy through a form, a variable or a template has lost.

mod recognise;

use std::fmt;

use memchr::memmem::find;

use super::private_key;

pub(super) use recognise::{lost_line_breaks, of};

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// Zero bytes.
    Empty,
    /// A certificate, but not as PEM.
    CertificateDer,
    /// A CRL, but not as PEM.
    CrlDer,
    /// A private key, but not as PEM.
    KeyDer,
    /// A collection of certificates, as Windows exports it (`.p7b`), not as PEM.
    Pkcs7Der,
    /// Certificates with a key, as Windows and Java export them (`.pfx`, `.p12`).
    Pkcs12(Cipher),
    /// Other ASN.1 data.
    OtherDer,
    /// A Java key store of the older form (`.jks`).
    JavaKeyStore,
    /// UTF-16, as Windows PowerShell's `>` writes it.
    Utf16(Endianness),
    /// A web page: an error page or a login form, saved under the wrong name.
    Html,
    /// Line breaks were replaced with the two characters `\n`.
    EscapedNewlines,
    /// Line breaks were removed, or replaced with spaces.
    OneLine,
    /// Line breaks are carriage returns alone.
    CarriageReturns,
    /// A NUL at the start of a line. OpenSSL takes it for the end of the file.
    Nul {
        /// Line of the NUL, counted from 1.
        line: usize,
    },
    /// Every line is indented, as in YAML.
    Indented {
        /// Line of the first BEGIN line, counted from 1.
        line: usize,
    },
    /// A BEGIN or END without five hyphens on either side: a word processor has made dashes of them, or a copy lost one.
    Dashes {
        /// Line, counted from 1.
        line: usize,
    },
    /// The base64 of a PEM file, as a Kubernetes secret has it in YAML.
    Base64OfPem,
    /// The base64 of DER: a PEM file without its BEGIN and END lines.
    Base64OfDer(Kind),
    /// PuTTY's own form of a private key (`.ppk`).
    Putty,
    /// A public key for SSH.
    SshPublicKey,
    /// Well-formed PEM, but the first block is another thing.
    Pem(Kind),
    /// Files packed into one, or compressed, as they were downloaded.
    Packed(Packing),
    /// A manifest of Kubernetes, whose values are base64.
    KubernetesManifest,
    /// None of the above.
    Text,
}

/// How files are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// ZIP.
    Zip,
    /// gzip, perhaps of a tar archive.
    Gzip,
    /// tar.
    Tar,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
    /// Zstandard.
    Zstd,
}

/// What encrypts the certificates of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cipher {
    /// What OpenSSL 3 reads as it comes.
    Usual,
    /// RC2, which it reads with its legacy provider only.
    Legacy,
}

/// Which byte of a UTF-16 unit comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endianness {
    /// A byte-order mark tells.
    Marked,
    /// The lower one, as on Windows.
    Little,
    /// The higher one.
    Big,
}

/// What a PEM block claims to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `CERTIFICATE`, `X509 CERTIFICATE`, `TRUSTED CERTIFICATE`.
    Certificate,
    /// `X509 CRL`.
    Crl,
    /// Any private key that OpenSSL reads.
    PrivateKey,
    /// `OPENSSH PRIVATE KEY`.
    SshKey(SshKey),
    /// `CERTIFICATE REQUEST`.
    Request,
    /// `PUBLIC KEY`.
    PublicKey,
    /// `EC PARAMETERS` or `DH PARAMETERS`.
    Parameters,
    /// `PKCS7` or `CMS`: a collection of certificates.
    Pkcs7,
    /// Anything else.
    Other,
}

/// Whether OpenSSH can write a key of this kind in a form that OpenSSL reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SshKey {
    /// RSA and ECDSA.
    Convertible,
    /// Ed25519, which OpenSSH keeps in its own form, and keys in hardware.
    Own,
}

/// What a file should contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Certificates or CRLs.
    Certificates,
    /// A private key.
    Key,
}

impl Kind {
    /// The noun, without an article.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Crl => "certificate revocation list",
            Self::PrivateKey => "private key",
            Self::SshKey(_) => "private key in OpenSSH's own form",
            Self::Request => "certificate request",
            Self::PublicKey => "public key",
            Self::Parameters => "block of parameters",
            Self::Pkcs7 => "PKCS#7 collection",
            Self::Other => "PEM block of another kind",
        }
    }

    fn of_label(label: &[u8], contents: &[u8]) -> Self {
        match label {
            b"CERTIFICATE" | b"X509 CERTIFICATE" | b"TRUSTED CERTIFICATE" => Self::Certificate,
            b"X509 CRL" => Self::Crl,
            b"OPENSSH PRIVATE KEY" => Self::SshKey(SshKey::of(contents)),
            b"CERTIFICATE REQUEST" | b"NEW CERTIFICATE REQUEST" => Self::Request,
            b"PKCS7" | b"CMS" => Self::Pkcs7,
            label if private_key::is_label(label) => Self::PrivateKey,
            label if label.ends_with(b"PUBLIC KEY") => Self::PublicKey,
            label if label.ends_with(b"PARAMETERS") => Self::Parameters,
            _ => Self::Other,
        }
    }
}

impl SshKey {
    /// Looks for the name of the key's kind (PROTOCOL.key of OpenSSH).
    fn of(contents: &[u8]) -> Self {
        let named = |name: &[u8]| find(contents, name).is_some();
        if named(b"ssh-rsa") || (named(b"ecdsa-sha2-") && !named(b"sk-ecdsa")) {
            Self::Convertible
        } else {
            Self::Own
        }
    }
}

impl Wanted {
    const fn noun(self) -> &'static str {
        match self {
            Self::Certificates => "certificate",
            Self::Key => "private key",
        }
    }
}

/// A form as the reason why a file cannot be used. `Display` is a sentence that begins with "it".
pub(super) struct Instead<'a>(pub(super) &'a Form, pub(super) Wanted);

impl fmt::Display for Instead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(form, wanted) = self;
        let text = match form {
            Form::Empty => "it is empty",
            Form::CertificateDer => match wanted {
                Wanted::Key => "it is a certificate in DER form, but no private key",
                Wanted::Certificates => {
                    "it contains a certificate in DER form, but libpq reads PEM"
                }
            },
            Form::CrlDer => {
                "it contains a certificate revocation list in DER form, but libpq reads PEM"
            }
            Form::KeyDer => "it contains a private key in DER form",
            Form::Pkcs7Der => "it is a PKCS#7 collection in DER form, but libpq reads PEM",
            Form::Pkcs12(_) => "it is a PKCS#12 archive, but libpq reads PEM",
            Form::OtherDer => "it contains binary ASN.1 data of another kind",
            Form::JavaKeyStore => "it is a Java key store (JKS), but libpq reads PEM",
            Form::Utf16(_) => "it is UTF-16 text, but libpq reads ASCII or UTF-8",
            Form::Html => "it is a web page (HTML)",
            Form::EscapedNewlines => "its line breaks are the two characters \"\\n\"",
            Form::OneLine => {
                "its line breaks are lost: BEGIN and END must be on lines of their own"
            }
            Form::CarriageReturns => {
                "its line breaks are carriage returns alone, which OpenSSL does not read"
            }
            Form::Nul { line } => {
                return write!(
                    f,
                    "there is a NUL byte before its contents, and libpq stops reading there (line {line})"
                );
            }
            Form::Indented { line } => {
                return write!(
                    f,
                    "its contents are indented, but BEGIN must be at the start of its line (line {line})"
                );
            }
            Form::Dashes { line } => {
                return write!(
                    f,
                    "BEGIN and END must have five hyphens on either side, and no other dashes (line {line})"
                );
            }
            Form::Base64OfPem => "it is the base64 of a PEM file: it must be decoded once more",
            Form::Base64OfDer(kind) => {
                return write!(
                    f,
                    "it is the base64 of a {} without its BEGIN and END lines",
                    kind.noun()
                );
            }
            Form::Putty => "it is a private key in PuTTY's own form (.ppk), but libpq reads PEM",
            Form::SshPublicKey => "it is a public key for SSH",
            Form::Pem(kind @ Kind::SshKey(_)) if *wanted == Wanted::Key => {
                return write!(f, "it contains a {}, but libpq reads PEM", kind.noun());
            }
            Form::Pem(kind) => {
                return write!(f, "it contains a {}, but no {}", kind.noun(), wanted.noun());
            }
            Form::Packed(Packing::Zip) => "it is a ZIP archive, but libpq reads PEM",
            Form::Packed(Packing::Gzip) => "it is compressed with gzip, but libpq reads PEM",
            Form::Packed(Packing::Tar) => "it is a tar archive, but libpq reads PEM",
            Form::Packed(Packing::Bzip2) => "it is compressed with bzip2, but libpq reads PEM",
            Form::Packed(Packing::Xz) => "it is compressed with xz, but libpq reads PEM",
            Form::Packed(Packing::Zstd) => "it is compressed with zstd, but libpq reads PEM",
            Form::KubernetesManifest => {
                "it is a manifest of Kubernetes, whose values are base64, but libpq reads PEM"
            }
            Form::Text => return write!(f, "it contains no {}", wanted.noun()),
        };
        f.write_str(text)
    }
}

impl Kind {
    const fn is(self, wanted: Wanted) -> bool {
        match wanted {
            Wanted::Certificates => matches!(self, Self::Certificate | Self::Crl),
            Wanted::Key => matches!(self, Self::PrivateKey),
        }
    }
}

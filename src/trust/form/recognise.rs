//! Recognises what a file is by its first bytes and its blocks.

use data_encoding::BASE64;
use memchr::memmem::find;

use super::{Cipher, Endianness, Form, Kind, Packing, Wanted};
use crate::trust::pem::{BYTE_ORDER_MARK, blocks};
use crate::trust::private_key;
use crate::x509::{Certificate, Crl};

/// What a file is. `wanted` is what it should contain and what no reader has found in it.
pub(in crate::trust) fn of(bytes: &[u8], wanted: Wanted) -> Form {
    if bytes.is_empty() {
        return Form::Empty;
    }
    if let Some(packing) = packing(bytes) {
        return Form::Packed(packing);
    }
    if let Some(lost) = lost_line_breaks(bytes) {
        return lost;
    }
    if let Some(kind) = first_block(bytes, wanted) {
        return match line_of_nul(bytes) {
            Some(line) if kind.is(wanted) => Form::Nul { line },
            _ => Form::Pem(kind),
        };
    }
    if let Some(binary) = of_binary(bytes) {
        return binary;
    }
    let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let start = String::from_utf8_lossy(text.get(..text.len().min(SNIFF)).unwrap_or_default());
    let start = start.trim_start().to_ascii_lowercase();
    if start.starts_with("<!doctype") || start.starts_with("<html") || start.starts_with("<?xml") {
        return Form::Html;
    }
    if start.starts_with("putty-user-key-file-") {
        return Form::Putty;
    }
    if [
        "ssh-",
        "ecdsa-sha2-",
        "sk-ssh-",
        "sk-ecdsa-",
        "---- begin ssh2 public key",
    ]
    .iter()
    .any(|beginning| start.starts_with(beginning))
    {
        return Form::SshPublicKey;
    }
    if let Some(line) = line_of_dashes(text) {
        return Form::Dashes { line };
    }
    match find(bytes, b"-----BEGIN ") {
        // An archive or another container, in which the file is one of several.
        Some(at) if bytes.get(..at).is_some_and(|before| before.contains(&0)) => Form::Text,
        Some(at) => of_indented(bytes, at),
        None if is_manifest(text) => Form::KubernetesManifest,
        None => of_base64(text).unwrap_or(Form::Text),
    }
}

/// What an archive may hold in plain sight is not what the file is.
fn packing(bytes: &[u8]) -> Option<Packing> {
    match bytes {
        [b'P', b'K', 3, 4, ..] => Some(Packing::Zip),
        [0x1f, 0x8b, ..] => Some(Packing::Gzip),
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => Some(Packing::Bzip2),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Packing::Xz),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Packing::Zstd),
        _ => bytes
            .get(257..)?
            .starts_with(b"ustar")
            .then_some(Packing::Tar),
    }
}

/// The first line, counted from 1, with a BEGIN or END between other signs than five hyphens, such as dashes.
fn line_of_dashes(text: &[u8]) -> Option<usize> {
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let is_odd = |line: &[u8]| {
        let is_capital = |byte: &u8| byte.is_ascii_uppercase();
        let (start, end) = (
            line.iter().position(is_capital),
            line.iter().rposition(is_capital),
        );
        let (Some(start), Some(end)) = (start, end.map(|last| last.saturating_add(1))) else {
            return false;
        };
        let label = line.get(start..end).unwrap_or_default();
        let around = [line.get(..start), line.get(end..)].map(Option::unwrap_or_default);
        let names_block = label.starts_with(b"BEGIN ") || label.starts_with(b"END ");
        let is_dash = |byte: &u8| matches!(byte, b'-' | b' ') || !byte.is_ascii();
        names_block
            && around
                .iter()
                .all(|signs| !signs.is_empty() && signs.iter().all(is_dash))
            && around != [b"-----"; 2]
    };
    let position = lines.position(is_odd)?;
    position.checked_add(1)
}

/// What `kubectl get -o yaml` writes. In other order, too, the two lines are at the margin.
fn is_manifest(text: &[u8]) -> bool {
    let has = |key: &[u8]| {
        text.split(|byte| *byte == b'\n')
            .any(|line| line.starts_with(key))
    };
    has(b"apiVersion:") && has(b"kind:") && has(b"data:")
}

/// The first block that OpenSSL would find, or would find but for a NUL before it. If a key is wanted, one of
/// OpenSSH comes first.
fn first_block(bytes: &[u8], wanted: Wanted) -> Option<Kind> {
    let first = |bytes: &[u8]| {
        let kinds = blocks(bytes).map(|block| match block {
            Ok(block) => Kind::of_label(block.label, &block.contents),
            Err(_) => Kind::Other,
        });
        let kinds: Vec<Kind> = kinds.take(MAX_BLOCKS).collect();
        let of_ssh = |kind: &&Kind| wanted == Wanted::Key && matches!(kind, Kind::SshKey(_));
        kinds.iter().find(of_ssh).or_else(|| kinds.first()).copied()
    };
    first(bytes).or_else(|| {
        let lines = bytes.split_inclusive(|byte| *byte == b'\n');
        let rest: Vec<u8> = lines.skip(line_of_nul(bytes)?).flatten().copied().collect();
        let is_utf16 = rest.contains(&0);
        (!is_utf16).then(|| first(&rest)).flatten()
    })
}

/// The first line that starts with a NUL, counted from 1.
fn line_of_nul(bytes: &[u8]) -> Option<usize> {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let position = lines.position(|line| line.first() == Some(&0))?;
    position.checked_add(1)
}

fn of_binary(bytes: &[u8]) -> Option<Form> {
    match bytes {
        [SEQUENCE, ..] => Some(of_der(bytes)),
        [0xfe, 0xed, 0xfe, 0xed, ..] | [0xce, 0xce, 0xce, 0xce, ..] => Some(Form::JavaKeyStore),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some(Form::Utf16(Endianness::Marked)),
        // ASCII text in UTF-16 without a byte-order mark has a NUL at every other byte.
        [low, 0, next, 0, ..] if is_text(*low) && is_text(*next) => {
            Some(Form::Utf16(Endianness::Little))
        }
        [0, high, 0, next, ..] if is_text(*high) && is_text(*next) => {
            Some(Form::Utf16(Endianness::Big))
        }
        _ => None,
    }
}

const fn is_text(byte: u8) -> bool {
    byte.is_ascii() && byte != 0
}

fn of_der(bytes: &[u8]) -> Form {
    let start = bytes.get(..bytes.len().min(SNIFF)).unwrap_or_default();
    if Certificate::parse_prefix(bytes).is_ok() {
        Form::CertificateDer
    } else if Crl::parse(bytes).is_ok() {
        Form::CrlDer
    } else if find(start, PKCS7_SIGNED_DATA).is_some_and(|at| at < OUTER) {
        Form::Pkcs7Der
    } else if find(start, PKCS7_DATA).is_some_and(|at| at < OUTER) {
        Form::Pkcs12(match find(bytes, RC2) {
            Some(_) => Cipher::Legacy,
            None => Cipher::Usual,
        })
    } else if private_key::is_der(bytes) {
        Form::KeyDer
    } else {
        Form::OtherDer
    }
}

/// A file whose first BEGIN does not have a line of its own, so that no reader finds its END.
pub(in crate::trust) fn lost_line_breaks(bytes: &[u8]) -> Option<Form> {
    let begin = bytes.get(find(bytes, b"-----BEGIN ")?..)?;
    let line = begin.split(|byte| *byte == b'\n').next()?;
    if find(line, b"-----END ").is_some() && line.contains(&b'\r') {
        return Some(Form::CarriageReturns);
    }
    if find(line, b"\\n").is_some() {
        return Some(Form::EscapedNewlines);
    }
    // "-----BEGIN X-----" has dashes at its start and its end, and no others.
    let end = line.trim_ascii_end();
    let label = end.strip_prefix(b"-----").unwrap_or(end);
    let alone = label
        .strip_suffix(b"-----")
        .is_some_and(|label| !label.contains(&b'-'));
    (!alone).then_some(Form::OneLine)
}

/// A file with a BEGIN that is not at the start of its line.
fn of_indented(bytes: &[u8], at: usize) -> Form {
    let before = bytes.get(..at).unwrap_or_default();
    let line = before.iter().filter(|&&byte| byte == b'\n').count();
    Form::Indented {
        line: line.saturating_add(1),
    }
}

fn of_base64(text: &[u8]) -> Option<Form> {
    let digits: Vec<u8> = text
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\''))
        .collect();
    let decoded = BASE64.decode(&digits).ok()?;
    if decoded.starts_with(b"-----BEGIN ") || decoded.starts_with(b"\xef\xbb\xbf-----BEGIN ") {
        return Some(Form::Base64OfPem);
    }
    match of_der(&decoded) {
        Form::CertificateDer => Some(Form::Base64OfDer(Kind::Certificate)),
        Form::CrlDer => Some(Form::Base64OfDer(Kind::Crl)),
        Form::KeyDer => Some(Form::Base64OfDer(Kind::PrivateKey)),
        _ => None,
    }
}

const SEQUENCE: u8 = 0x30;

/// The object identifiers 1.2.840.113549.1.7.2 and .1 (RFC 5652 section 4), with which a PKCS#7
/// collection and, after its version, the contents of a PKCS#12 archive begin.
const PKCS7_SIGNED_DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";

const PKCS7_DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";

/// pbeWithSHAAnd40BitRC2-CBC (RFC 7292 appendix C): 1.2.840.113549.1.12.1.6.
const RC2: &[u8] = b"\x06\x0a\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x06";

/// An identifier within this many bytes is that of the whole file.
const OUTER: usize = 20;

/// How many blocks of a file are read to find out what it is.
const MAX_BLOCKS: usize = 100;

/// How many bytes of a file are read to find out what it is.
const SNIFF: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::encode_pem;
    use crate::trust::form::{Instead, SshKey};

    const G2: &str = include_str!("../../../certs/DigiCertGlobalRootG2.crt.pem");

    fn form(bytes: impl AsRef<[u8]>) -> Form {
        of(bytes.as_ref(), Wanted::Certificates)
    }

    #[test]
    fn what_happens_to_files_on_their_way_is_recognised() {
        let pem = G2.replace("\r\n", "\n");
        let der = blocks(pem.as_bytes()).next().unwrap().unwrap().contents;
        let utf16 = |mark: &str| -> Vec<u8> {
            format!("{mark}{pem}")
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect()
        };
        let big: Vec<u8> = pem.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        for (name, bytes, expected) in [
            ("empty", Vec::new(), Form::Empty),
            ("DER", der.clone(), Form::CertificateDer),
            ("marked", utf16("\u{feff}"), Form::Utf16(Endianness::Marked)),
            ("little", utf16(""), Form::Utf16(Endianness::Little)),
            ("big", big, Form::Utf16(Endianness::Big)),
            (
                "\\n",
                pem.replace('\n', "\\n").into(),
                Form::EscapedNewlines,
            ),
            ("spaces", pem.replace('\n', " ").into(), Form::OneLine),
            ("nothing", pem.replace('\n', "").into(), Form::OneLine),
            ("CR", pem.replace('\n', "\r").into(), Form::CarriageReturns),
            (
                "indented",
                format!("ca: |\n  {}", pem.replace('\n', "\n  ")).into(),
                Form::Indented { line: 2 },
            ),
            ("NUL", format!("\0\n{pem}").into(), Form::Nul { line: 1 }),
            (
                "base64 of PEM",
                BASE64.encode(pem.as_bytes()).into(),
                Form::Base64OfPem,
            ),
            ("bare", body.into(), Form::Base64OfDer(Kind::Certificate)),
            (
                "bare DER",
                BASE64.encode(&der).into(),
                Form::Base64OfDer(Kind::Certificate),
            ),
            (
                "JKS",
                b"\xfe\xed\xfe\xed\0\0\0\x02".to_vec(),
                Form::JavaKeyStore,
            ),
            ("HTML", b"\n<!DOCTYPE html>".to_vec(), Form::Html),
            (
                "ppk",
                b"PuTTY-User-Key-File-3: ssh-rsa\n".to_vec(),
                Form::Putty,
            ),
            (
                "SSH",
                b"ssh-rsa AAAAB3Nza me@host\n".to_vec(),
                Form::SshPublicKey,
            ),
            // With a certificate in plain sight, as where nothing was compressed.
            (
                "ZIP",
                [b"PK\x03\x04\x0a\0ca.crt", pem.as_bytes()].concat(),
                Form::Packed(Packing::Zip),
            ),
            (
                "gzip",
                b"\x1f\x8b\x08\0".to_vec(),
                Form::Packed(Packing::Gzip),
            ),
            (
                "tar",
                [&[b'a'; 257][..], b"ustar\0", pem.as_bytes()].concat(),
                Form::Packed(Packing::Tar),
            ),
            (
                "manifest",
                b"apiVersion: v1\ndata:\n  ca.crt: LS0tLS1CRUdJTg==\nkind: Secret\n".to_vec(),
                Form::KubernetesManifest,
            ),
            (
                "bzip2",
                b"BZh91AY&SY".to_vec(),
                Form::Packed(Packing::Bzip2),
            ),
            ("xz", b"\xfd7zXZ\0".to_vec(), Form::Packed(Packing::Xz)),
            (
                "zstd",
                b"\x28\xb5\x2f\xfd".to_vec(),
                Form::Packed(Packing::Zstd),
            ),
            (
                "dashes",
                pem.replace("-----", "\u{2014}\u{2013}\u{2014}").into(),
                Form::Dashes { line: 1 },
            ),
            (
                "a lost hyphen",
                pem.get(1..).unwrap().into(),
                Form::Dashes { line: 1 },
            ),
            ("text", b"see the wiki\n".to_vec(), Form::Text),
        ] {
            assert_eq!(form(&bytes), expected, "{name}");
        }
    }

    #[test]
    fn other_blocks_are_told_by_their_labels() {
        for (label, kind) in [
            ("CERTIFICATE REQUEST", Kind::Request),
            ("NEW CERTIFICATE REQUEST", Kind::Request),
            ("PUBLIC KEY", Kind::PublicKey),
            ("RSA PUBLIC KEY", Kind::PublicKey),
            ("EC PARAMETERS", Kind::Parameters),
            ("ENCRYPTED PRIVATE KEY", Kind::PrivateKey),
            ("PKCS7", Kind::Pkcs7),
            ("OPENSSH PRIVATE KEY", Kind::SshKey(SshKey::Own)),
            ("NEWS", Kind::Other),
        ] {
            assert_eq!(form(encode_pem(label, b"0")), Form::Pem(kind), "{label}");
        }
        let key = encode_pem("OPENSSH PRIVATE KEY", b"openssh-key-v1\0 ssh-rsa ");
        assert_eq!(form(key), Form::Pem(Kind::SshKey(SshKey::Convertible)));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_have_a_form(bytes: Vec<u8>) {
            for wanted in [Wanted::Certificates, Wanted::Key] {
                let _ = Instead(&of(&bytes, wanted), wanted).to_string();
            }
        }
    }
}

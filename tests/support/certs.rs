//! Certificates and CRLs of any shape, good and broken, made in memory.
//!
//! A builder that writes DER itself can make what no tool agrees to make: negative serials,
//! doubled extensions, explicit FALSE, signatures by the wrong key. Keys are made once per test
//! run; P-256 works in process, all other keys and digests are the openssl program's.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{LazyLock, OnceLock};

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use time::OffsetDateTime;
use time::macros::format_description;

/// 2026-07-01T00:00:00Z, the moment at which the certificates are judged.
pub(crate) const NOW: i64 = 1_782_864_000;
pub(crate) const DAY: i64 = 86_400;

// ---- DER ------------------------------------------------------------------------------------

pub(crate) fn tlv(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut der = vec![tag];
    match contents.len() {
        short @ 0..0x80 => der.push(short as u8),
        medium @ 0x80..0x100 => der.extend([0x81, medium as u8]),
        long => der.extend([0x82, (long >> 8) as u8, long as u8]),
    }
    der.extend_from_slice(contents);
    der
}

pub(crate) fn seq(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

pub(crate) fn set(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x31, &parts.concat())
}

pub(crate) fn context(number: u8, contents: &[u8]) -> Vec<u8> {
    tlv(0x80 | number, contents)
}

pub(crate) fn wrap(number: u8, contents: &[u8]) -> Vec<u8> {
    tlv(0xa0 | number, contents)
}

pub(crate) fn int(bytes: &[u8]) -> Vec<u8> {
    tlv(0x02, bytes)
}

pub(crate) fn boolean(value: u8) -> Vec<u8> {
    tlv(0x01, &[value])
}

pub(crate) fn octets(bytes: &[u8]) -> Vec<u8> {
    tlv(0x04, bytes)
}

pub(crate) fn bits(unused: u8, bytes: &[u8]) -> Vec<u8> {
    tlv(0x03, &[&[unused], bytes].concat())
}

pub(crate) fn null() -> Vec<u8> {
    tlv(0x05, &[])
}

pub(crate) fn oid(dotted: &str) -> Vec<u8> {
    let arcs: Vec<u64> = dotted.split('.').map(|arc| arc.parse().unwrap()).collect();
    let mut contents = Vec::new();
    for arc in std::iter::once(arcs[0] * 40 + arcs[1]).chain(arcs[2..].iter().copied()) {
        let mut groups = vec![(arc & 0x7f) as u8];
        let mut rest = arc >> 7;
        while rest > 0 {
            groups.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        contents.extend(groups.iter().rev());
    }
    tlv(0x06, &contents)
}

/// A UTCTime up to 2049, a GeneralizedTime after.
pub(crate) fn time(seconds: i64) -> Vec<u8> {
    let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap();
    if at.year() < 2050 {
        let format = format_description!("[year repr:last_two][month][day][hour][minute][second]Z");
        tlv(0x17, at.format(format).unwrap().as_bytes())
    } else {
        generalized(seconds)
    }
}

pub(crate) fn generalized(seconds: i64) -> Vec<u8> {
    let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap();
    let format = format_description!("[year][month][day][hour][minute][second]Z");
    tlv(0x18, at.format(format).unwrap().as_bytes())
}

// ---- names ----------------------------------------------------------------------------------

pub(crate) const UTF8: u8 = 0x0c;
pub(crate) const PRINTABLE: u8 = 0x13;
pub(crate) const TELETEX: u8 = 0x14;
pub(crate) const IA5: u8 = 0x16;
pub(crate) const BMP: u8 = 0x1e;

pub(crate) const CN: &str = "2.5.4.3";
pub(crate) const O: &str = "2.5.4.10";
pub(crate) const EMAIL: &str = "1.2.840.113549.1.9.1";

pub(crate) fn attribute(kind: &str, tag: u8, value: &[u8]) -> Vec<u8> {
    seq(&[&oid(kind), &tlv(tag, value)])
}

/// A name of one-attribute sets.
pub(crate) fn name(attributes: &[(&str, &str)]) -> Vec<u8> {
    let sets: Vec<u8> = attributes
        .iter()
        .flat_map(|(kind, value)| set(&[&attribute(kind, UTF8, value.as_bytes())]))
        .collect();
    tlv(0x30, &sets)
}

pub(crate) fn common_name(value: &str) -> Vec<u8> {
    name(&[(O, "pgtls tests"), (CN, value)])
}

pub(crate) fn dns(value: &str) -> Vec<u8> {
    context(2, value.as_bytes())
}

pub(crate) fn email(value: &str) -> Vec<u8> {
    context(1, value.as_bytes())
}

pub(crate) fn uri(value: &str) -> Vec<u8> {
    context(6, value.as_bytes())
}

pub(crate) fn ip(bytes: &[u8]) -> Vec<u8> {
    context(7, bytes)
}

pub(crate) fn directory(name: &[u8]) -> Vec<u8> {
    wrap(4, name)
}

// ---- extensions -----------------------------------------------------------------------------

pub(crate) const KEY_USAGE: &str = "2.5.29.15";
pub(crate) const SAN: &str = "2.5.29.17";
pub(crate) const BASIC_CONSTRAINTS: &str = "2.5.29.19";
pub(crate) const SKI: &str = "2.5.29.14";
pub(crate) const AKI: &str = "2.5.29.35";
pub(crate) const EKU: &str = "2.5.29.37";
pub(crate) const NAME_CONSTRAINTS: &str = "2.5.29.30";
pub(crate) const CRL_POINTS: &str = "2.5.29.31";
pub(crate) const NETSCAPE: &str = "2.16.840.1.113730.1.1";

pub(crate) const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
pub(crate) const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";
pub(crate) const ANY_EKU: &str = "2.5.29.37.0";
pub(crate) const MS_SGC: &str = "1.3.6.1.4.1.311.10.3.3";
pub(crate) const NS_SGC: &str = "2.16.840.1.113730.4.1";

#[derive(Clone, Debug)]
pub(crate) struct Extension {
    pub(crate) oid: String,
    /// The encoded flag; empty if left out.
    pub(crate) critical: Vec<u8>,
    pub(crate) value: Vec<u8>,
}

impl Extension {
    pub(crate) fn der(&self) -> Vec<u8> {
        seq(&[&oid(&self.oid), &self.critical, &octets(&self.value)])
    }
}

pub(crate) fn ext(kind: &str, value: Vec<u8>) -> Extension {
    Extension {
        oid: kind.to_owned(),
        critical: Vec::new(),
        value,
    }
}

pub(crate) fn critical(kind: &str, value: Vec<u8>) -> Extension {
    Extension {
        oid: kind.to_owned(),
        critical: boolean(0xff),
        value,
    }
}

pub(crate) fn ca(path_length: Option<u8>) -> Extension {
    let length = path_length.map(|length| int(&[length])).unwrap_or_default();
    critical(BASIC_CONSTRAINTS, seq(&[&boolean(0xff), &length]))
}

pub(crate) fn not_ca() -> Extension {
    ext(BASIC_CONSTRAINTS, seq(&[]))
}

pub(crate) const DIGITAL_SIGNATURE: u8 = 0x80;
pub(crate) const KEY_ENCIPHERMENT: u8 = 0x20;
pub(crate) const DATA_ENCIPHERMENT: u8 = 0x10;
pub(crate) const KEY_AGREEMENT: u8 = 0x08;
pub(crate) const CERT_SIGN: u8 = 0x04;
pub(crate) const CRL_SIGN: u8 = 0x02;

pub(crate) fn key_usage(byte: u8) -> Extension {
    critical(KEY_USAGE, bits(0, &[byte]))
}

pub(crate) fn eku(usages: &[&str]) -> Extension {
    let list: Vec<u8> = usages.iter().flat_map(|usage| oid(usage)).collect();
    ext(EKU, tlv(0x30, &list))
}

pub(crate) fn san(names: &[Vec<u8>]) -> Extension {
    ext(SAN, tlv(0x30, &names.concat()))
}

pub(crate) fn ski(id: &[u8]) -> Extension {
    ext(SKI, octets(id))
}

pub(crate) fn aki(id: &[u8]) -> Extension {
    ext(AKI, seq(&[&context(0, id)]))
}

pub(crate) fn aki_issuer_serial(issuer: &[u8], serial: &[u8]) -> Extension {
    ext(
        AKI,
        seq(&[&wrap(1, &directory(issuer)), &context(2, serial)]),
    )
}

pub(crate) fn constraints(permitted: &[Vec<u8>], excluded: &[Vec<u8>]) -> Extension {
    let trees = |bases: &[Vec<u8>]| {
        bases
            .iter()
            .flat_map(|base| seq(&[base]))
            .collect::<Vec<u8>>()
    };
    let part = |number: u8, bases: &[Vec<u8>]| {
        if bases.is_empty() {
            Vec::new()
        } else {
            wrap(number, &trees(bases))
        }
    };
    critical(
        NAME_CONSTRAINTS,
        seq(&[&part(0, permitted), &part(1, excluded)]),
    )
}

// ---- keys -----------------------------------------------------------------------------------

/// A key pair; made on first use and kept for the whole test run.
pub(crate) struct Key {
    kind: KeyKind,
    made: OnceLock<MadeKey>,
}

enum KeyKind {
    P256,
    Cli(&'static [&'static str]),
}

struct MadeKey {
    pem: PathBuf,
    spki: Vec<u8>,
    in_process: Option<EcdsaKeyPair>,
}

const fn p256() -> Key {
    Key {
        kind: KeyKind::P256,
        made: OnceLock::new(),
    }
}

const fn cli(arguments: &'static [&'static str]) -> Key {
    Key {
        kind: KeyKind::Cli(arguments),
        made: OnceLock::new(),
    }
}

pub(crate) static LEAF_KEY: Key = p256();
pub(crate) static INTER_KEY: Key = p256();
pub(crate) static INTER2_KEY: Key = p256();
pub(crate) static ROOT_KEY: Key = p256();
pub(crate) static OTHER_KEY: Key = p256();
pub(crate) static RSA_2048: Key = cli(&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]);
pub(crate) static RSA_2047: Key = cli(&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2047"]);
pub(crate) static RSA_1963: Key = cli(&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1963"]);
pub(crate) static RSA_1962: Key = cli(&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1962"]);
pub(crate) static RSA_1024: Key = cli(&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"]);
pub(crate) static RSA_PSS: Key =
    cli(&["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"]);
pub(crate) static RSA_PSS_SHA384: Key = cli(&[
    "-algorithm",
    "RSA-PSS",
    "-pkeyopt",
    "rsa_keygen_bits:2048",
    "-pkeyopt",
    "rsa_pss_keygen_md:sha384",
    "-pkeyopt",
    "rsa_pss_keygen_mgf1_md:sha384",
    "-pkeyopt",
    "rsa_pss_keygen_saltlen:48",
]);
/// Signs with any digest.
pub(crate) static P256_CLI: Key = cli(&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);
pub(crate) static P384: Key = cli(&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]);
pub(crate) static P521: Key = cli(&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"]);
pub(crate) static P224: Key = cli(&[
    "-algorithm",
    "EC",
    "-pkeyopt",
    "ec_paramgen_curve:secp224r1",
]);
pub(crate) static P192: Key = cli(&[
    "-algorithm",
    "EC",
    "-pkeyopt",
    "ec_paramgen_curve:prime192v1",
]);
pub(crate) static SECP256K1: Key = cli(&[
    "-algorithm",
    "EC",
    "-pkeyopt",
    "ec_paramgen_curve:secp256k1",
]);
pub(crate) static BRAINPOOL: Key = cli(&[
    "-algorithm",
    "EC",
    "-pkeyopt",
    "ec_paramgen_curve:brainpoolP256r1",
]);
pub(crate) static EXPLICIT: Key = cli(&[
    "-algorithm",
    "EC",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-pkeyopt",
    "ec_param_enc:explicit",
]);
pub(crate) static ED25519: Key = cli(&["-algorithm", "ED25519"]);
pub(crate) static ED448: Key = cli(&["-algorithm", "ED448"]);

static KEYS_DIRECTORY: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

impl Key {
    pub(crate) fn spki(&self) -> Vec<u8> {
        self.made().spki.clone()
    }

    /// PKCS #8 in a file that lives as long as the test run.
    pub(crate) fn pem_file(&self) -> &PathBuf {
        &self.made().pem
    }

    /// A new P-256 key, for tests that need many.
    pub(crate) fn fresh() -> &'static Self {
        Box::leak(Box::new(p256()))
    }

    fn made(&self) -> &MadeKey {
        self.made.get_or_init(|| {
            let (private, spki, in_process) = match self.kind {
                KeyKind::P256 => {
                    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
                    let spki: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
                    let spki = spki.as_ref().to_vec();
                    let pkcs8 = key.to_pkcs8v1().unwrap();
                    (
                        pem("PRIVATE KEY", pkcs8.as_ref()).into_bytes(),
                        spki,
                        Some(key),
                    )
                }
                KeyKind::Cli(arguments) => {
                    let private = openssl(&[&["genpkey"], arguments].concat(), b"");
                    let spki = openssl(&["pkey", "-pubout", "-outform", "DER"], &private);
                    (private, spki, None)
                }
            };
            let file = KEYS_DIRECTORY
                .path()
                .join(format!("{:p}.pem", &raw const *self));
            std::fs::write(&file, private).unwrap();
            MadeKey {
                pem: file,
                spki,
                in_process,
            }
        })
    }

    fn sign(&self, message: &[u8], algorithm: &Algorithm) -> Vec<u8> {
        if let Some(key) = &self.made().in_process
            && algorithm.options == ["-sha256"]
        {
            return key
                .sign(&SystemRandom::new(), message)
                .unwrap()
                .as_ref()
                .to_vec();
        }
        let file = self.pem_file().to_str().unwrap();
        if algorithm.options.is_empty() {
            // Ed25519 and Ed448 read their message from a file.
            let mut input = tempfile::NamedTempFile::new().unwrap();
            input.write_all(message).unwrap();
            let path = input.path().to_str().unwrap();
            return openssl(
                &["pkeyutl", "-sign", "-rawin", "-inkey", file, "-in", path],
                b"",
            );
        }
        openssl(
            &[&["dgst", "-sign", file], algorithm.options].concat(),
            message,
        )
    }
}

/// Runs openssl and hands back what it prints.
pub(crate) fn openssl(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments:?}: {errors}");
    output.stdout
}

// ---- signature algorithms -------------------------------------------------------------------

/// How to sign, and what to call it.
#[derive(Clone, Debug)]
pub(crate) struct Algorithm {
    pub(crate) der: Vec<u8>,
    options: &'static [&'static str],
}

pub(crate) fn ecdsa_sha256() -> Algorithm {
    Algorithm {
        der: seq(&[&oid("1.2.840.10045.4.3.2")]),
        options: &["-sha256"],
    }
}

pub(crate) fn ecdsa_sha256_null() -> Algorithm {
    Algorithm {
        der: seq(&[&oid("1.2.840.10045.4.3.2"), &null()]),
        options: &["-sha256"],
    }
}

pub(crate) fn ecdsa_sha1() -> Algorithm {
    Algorithm {
        der: seq(&[&oid("1.2.840.10045.4.1")]),
        options: &["-sha1"],
    }
}

pub(crate) fn ecdsa_sha224() -> Algorithm {
    Algorithm {
        der: seq(&[&oid("1.2.840.10045.4.3.1")]),
        options: &["-sha224"],
    }
}

pub(crate) fn ecdsa_sha384() -> Algorithm {
    Algorithm {
        der: seq(&[&oid("1.2.840.10045.4.3.3")]),
        options: &["-sha384"],
    }
}

pub(crate) fn ecdsa_sha512() -> Algorithm {
    Algorithm {
        der: seq(&[&oid("1.2.840.10045.4.3.4")]),
        options: &["-sha512"],
    }
}

fn rsa(number: u8, options: &'static [&'static str]) -> Algorithm {
    let kind = format!("1.2.840.113549.1.1.{number}");
    Algorithm {
        der: seq(&[&oid(&kind), &null()]),
        options,
    }
}

pub(crate) fn rsa_md5() -> Algorithm {
    rsa(4, &["-md5"])
}

pub(crate) fn rsa_sha1() -> Algorithm {
    rsa(5, &["-sha1"])
}

pub(crate) fn rsa_sha256() -> Algorithm {
    rsa(11, &["-sha256"])
}

pub(crate) fn rsa_sha256_without_null() -> Algorithm {
    Algorithm {
        der: seq(&[&oid("1.2.840.113549.1.1.11")]),
        options: &["-sha256"],
    }
}

pub(crate) fn rsa_sha384() -> Algorithm {
    rsa(12, &["-sha384"])
}

pub(crate) fn rsa_sha512() -> Algorithm {
    rsa(13, &["-sha512"])
}

pub(crate) fn rsa_sha224() -> Algorithm {
    rsa(14, &["-sha224"])
}

fn pss(digest: &str, salt: &[u8], options: &'static [&'static str]) -> Algorithm {
    let digest = seq(&[&oid(digest), &null()]);
    let mask = seq(&[&oid("1.2.840.113549.1.1.8"), &digest]);
    let parameters = seq(&[&wrap(0, &digest), &wrap(1, &mask), &wrap(2, &int(salt))]);
    Algorithm {
        der: seq(&[&oid("1.2.840.113549.1.1.10"), &parameters]),
        options,
    }
}

pub(crate) const SHA256: &str = "2.16.840.1.101.3.4.2.1";
pub(crate) const SHA384: &str = "2.16.840.1.101.3.4.2.2";

pub(crate) fn pss_sha256() -> Algorithm {
    const OPTIONS: &[&str] = &[
        "-sha256",
        "-sigopt",
        "rsa_padding_mode:pss",
        "-sigopt",
        "rsa_pss_saltlen:32",
    ];
    pss(SHA256, &[32], OPTIONS)
}

pub(crate) fn pss_sha256_salt_20() -> Algorithm {
    const OPTIONS: &[&str] = &[
        "-sha256",
        "-sigopt",
        "rsa_padding_mode:pss",
        "-sigopt",
        "rsa_pss_saltlen:20",
    ];
    pss(SHA256, &[20], OPTIONS)
}

pub(crate) fn pss_sha256_salt_max() -> Algorithm {
    const OPTIONS: &[&str] = &[
        "-sha256",
        "-sigopt",
        "rsa_padding_mode:pss",
        "-sigopt",
        "rsa_pss_saltlen:222",
    ];
    pss(SHA256, &[0, 222], OPTIONS)
}

pub(crate) fn pss_sha384() -> Algorithm {
    const OPTIONS: &[&str] = &[
        "-sha384",
        "-sigopt",
        "rsa_padding_mode:pss",
        "-sigopt",
        "rsa_pss_saltlen:48",
    ];
    pss(SHA384, &[48], OPTIONS)
}

/// RSASSA-PSS without parameters, which the identifier does not allow.
pub(crate) fn pss_bare() -> Algorithm {
    Algorithm {
        der: seq(&[&oid("1.2.840.113549.1.1.10")]),
        options: &["-sha256"],
    }
}

pub(crate) fn ed25519() -> Algorithm {
    Algorithm {
        der: seq(&[&oid("1.3.101.112")]),
        options: &[],
    }
}

pub(crate) fn ed448() -> Algorithm {
    Algorithm {
        der: seq(&[&oid("1.3.101.113")]),
        options: &[],
    }
}

// ---- certificates ---------------------------------------------------------------------------

/// Everything in a certificate, each part as it will be encoded.
#[derive(Clone)]
pub(crate) struct Cert {
    /// The explicitly tagged version; empty for version 1.
    pub(crate) version: Vec<u8>,
    /// Contents of the INTEGER.
    pub(crate) serial: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) not_before: Vec<u8>,
    pub(crate) not_after: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) spki: Vec<u8>,
    /// Encoded unique identifiers.
    pub(crate) unique_ids: Vec<u8>,
    pub(crate) extensions: Vec<Extension>,
    pub(crate) signer: &'static Key,
    pub(crate) algorithm: Algorithm,
    /// The outer algorithm, if it differs.
    pub(crate) outer_algorithm: Option<Vec<u8>>,
    /// What becomes of the signature.
    pub(crate) spoil: Spoil,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spoil {
    Nothing,
    /// Its last bit flips.
    Bit,
    /// Its last bits are said not to count.
    UnusedBits,
}

impl Cert {
    /// Version 3, valid for a year round `NOW`, without extensions.
    pub(crate) fn new(
        subject: Vec<u8>,
        key: &'static Key,
        issuer: Vec<u8>,
        signer: &'static Key,
    ) -> Self {
        Self {
            version: wrap(0, &int(&[2])),
            serial: vec![1],
            issuer,
            not_before: time(NOW - 180 * DAY),
            not_after: time(NOW + 180 * DAY),
            subject,
            spki: key.spki(),
            unique_ids: Vec::new(),
            extensions: Vec::new(),
            signer,
            algorithm: ecdsa_sha256(),
            outer_algorithm: None,
            spoil: Spoil::Nothing,
        }
    }

    pub(crate) fn with(mut self, extensions: impl IntoIterator<Item = Extension>) -> Self {
        self.extensions.extend(extensions);
        self
    }

    pub(crate) fn serial(mut self, serial: u8) -> Self {
        self.serial = vec![serial];
        self
    }

    /// Replaces the extension of that kind, or adds it.
    pub(crate) fn put(&mut self, extension: Extension) {
        self.drop_extension(&extension.oid);
        self.extensions.push(extension);
    }

    pub(crate) fn drop_extension(&mut self, oid: &str) {
        self.extensions.retain(|extension| extension.oid != oid);
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        let list: Vec<u8> = self.extensions.iter().flat_map(Extension::der).collect();
        let extensions = if list.is_empty() {
            Vec::new()
        } else {
            wrap(3, &tlv(0x30, &list))
        };
        let tbs = seq(&[
            &self.version,
            &int(&self.serial),
            &self.algorithm.der,
            &self.issuer,
            &seq(&[&self.not_before, &self.not_after]),
            &self.subject,
            &self.spki,
            &self.unique_ids,
            &extensions,
        ]);
        let mut signature = self.signer.sign(&tbs, &self.algorithm);
        if self.spoil == Spoil::Bit {
            *signature.last_mut().unwrap() ^= 1;
        }
        let unused = if self.spoil == Spoil::UnusedBits {
            1
        } else {
            0
        };
        let outer = self.outer_algorithm.as_ref().unwrap_or(&self.algorithm.der);
        seq(&[&tbs, outer, &bits(unused, &signature)])
    }
}

// ---- CRLs -----------------------------------------------------------------------------------

/// Everything in a CRL.
#[derive(Clone)]
pub(crate) struct CrlSpec {
    pub(crate) issuer: Vec<u8>,
    /// 2 for extensions, 1 without.
    pub(crate) version: u8,
    pub(crate) this_update: Vec<u8>,
    /// Empty if left out.
    pub(crate) next_update: Vec<u8>,
    /// Serial number, date and extensions.
    pub(crate) revoked: Vec<(Vec<u8>, Vec<u8>, Vec<Extension>)>,
    pub(crate) extensions: Vec<Extension>,
    pub(crate) signer: &'static Key,
    pub(crate) algorithm: Algorithm,
    /// The outer algorithm, if it differs.
    pub(crate) outer_algorithm: Option<Vec<u8>>,
    pub(crate) spoil: Spoil,
}

pub(crate) const CRL_NUMBER: &str = "2.5.29.20";
pub(crate) const REASON: &str = "2.5.29.21";
pub(crate) const DELTA: &str = "2.5.29.27";
pub(crate) const IDP: &str = "2.5.29.28";

impl CrlSpec {
    /// Version 2, valid for a month round `NOW`, empty.
    pub(crate) fn new(issuer: Vec<u8>, signer: &'static Key) -> Self {
        Self {
            issuer,
            version: 2,
            this_update: time(NOW - 15 * DAY),
            next_update: time(NOW + 15 * DAY),
            revoked: Vec::new(),
            extensions: vec![ext(CRL_NUMBER, int(&[1]))],
            signer,
            algorithm: ecdsa_sha256(),
            outer_algorithm: None,
            spoil: Spoil::Nothing,
        }
    }

    pub(crate) fn revoke(&mut self, serial: &[u8], extensions: Vec<Extension>) {
        self.revoked
            .push((serial.to_vec(), time(NOW - DAY), extensions));
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        let entries: Vec<u8> = self
            .revoked
            .iter()
            .flat_map(|(serial, date, extensions)| {
                let list: Vec<u8> = extensions.iter().flat_map(Extension::der).collect();
                let list = if list.is_empty() {
                    list
                } else {
                    tlv(0x30, &list)
                };
                seq(&[&int(serial), date, &list])
            })
            .collect();
        let list: Vec<u8> = self.extensions.iter().flat_map(Extension::der).collect();
        let v2 = self.version == 2;
        let tbs = seq(&[
            &if v2 { int(&[1]) } else { Vec::new() },
            &self.algorithm.der,
            &self.issuer,
            &self.this_update,
            &self.next_update,
            &if entries.is_empty() {
                Vec::new()
            } else {
                tlv(0x30, &entries)
            },
            &if v2 && !list.is_empty() {
                wrap(0, &tlv(0x30, &list))
            } else {
                Vec::new()
            },
        ]);
        let mut signature = self.signer.sign(&tbs, &self.algorithm);
        if self.spoil == Spoil::Bit {
            *signature.last_mut().unwrap() ^= 1;
        }
        let unused = if self.spoil == Spoil::UnusedBits {
            1
        } else {
            0
        };
        let outer = self.outer_algorithm.as_ref().unwrap_or(&self.algorithm.der);
        seq(&[&tbs, outer, &bits(unused, &signature)])
    }
}

pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let base64 = data_encoding::BASE64.encode(der);
    let lines: Vec<&str> = base64
        .as_bytes()
        .chunks(64)
        .map(|line| str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

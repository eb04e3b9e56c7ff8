//! Key pairs.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{LazyLock, OnceLock};

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaEncoding, RsaKeyPair,
};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;

use super::algorithms::Algorithm;
use super::pem;

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
    in_process: Option<InProcess>,
}

/// What signs without starting a program.
enum InProcess {
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl InProcess {
    /// `None` for kinds and sizes that the library does not sign with.
    fn from_pem(private: &[u8]) -> Option<Self> {
        let key = PrivatePkcs8KeyDer::from_pem_slice(private).ok()?;
        let der = key.secret_pkcs8_der();
        RsaKeyPair::from_pkcs8(der)
            .map(Self::Rsa)
            .or_else(|_| Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map(Self::Ed25519))
            .ok()
    }

    /// `None` for algorithms that only the openssl program signs with.
    fn sign(&self, message: &[u8], algorithm: &Algorithm) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match (self, algorithm.options) {
            (Self::P256(key), ["-sha256"]) => {
                Some(key.sign(&random, message).unwrap().as_ref().to_vec())
            }
            (Self::Ed25519(key), []) => Some(key.sign(message).as_ref().to_vec()),
            (Self::Rsa(key), [digest]) => {
                let encoding: &'static dyn RsaEncoding = match *digest {
                    "-sha256" => &RSA_PKCS1_SHA256,
                    "-sha384" => &RSA_PKCS1_SHA384,
                    "-sha512" => &RSA_PKCS1_SHA512,
                    _ => return None,
                };
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(encoding, &random, message, &mut signature)
                    .unwrap();
                Some(signature)
            }
            _ => None,
        }
    }
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
pub(crate) static INTER3_KEY: Key = p256();
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
                        Some(InProcess::P256(key)),
                    )
                }
                KeyKind::Cli(arguments) => {
                    let private = openssl(&[&["genpkey"], arguments].concat(), b"");
                    let spki = openssl(&["pkey", "-pubout", "-outform", "DER"], &private);
                    let in_process = InProcess::from_pem(&private);
                    (private, spki, in_process)
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

    pub(super) fn sign(&self, message: &[u8], algorithm: &Algorithm) -> Vec<u8> {
        let in_process = self.made().in_process.as_ref();
        if let Some(signature) = in_process.and_then(|key| key.sign(message, algorithm)) {
            return signature;
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

/// Runs openssl and returns what it prints.
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

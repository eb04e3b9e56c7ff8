//! Does `identity::load` accept the client certificates and keys that real libpq accepts?
//!
//! libpq loads them after the server's `S` and before the handshake: a server that answers the
//! ClientHello with an alert distinguishes a client that loaded its files from one that did not.

mod lab;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

use self::lab::{Lab, PASSWORD, Row, Verdict, pem, serve_alerts};
use crate::support::alone::alone;
use crate::support::libpq::connect_all;
use crate::support::library::{Library, libraries};
use crate::support::skip::{has_openssl, skip};
use nix::unistd::geteuid;
use pgtls::escape::escape;
use pgtls::trust::identity::IdentityError;
use pgtls::trust::{ChainFault, KeyFault, PemFault};

/// libpq's message after the server's alert: the files were valid.
const LOADED: &str = "alert handshake failure";
/// A user with no rights.
const NOBODY: u32 = 65534;

#[test]
fn identities_are_loaded_as_libpq_loads_them() {
    alone(
        module_path!(),
        "identities_are_loaded_as_libpq_loads_them",
        compare,
    );
}

/// Some rows are another user's: the whole process changes to it.
fn compare() {
    if !has_openssl() {
        return;
    }
    let lab = Lab::new();
    let rows = rows(&lab);
    let port = serve_alerts();
    let attempts: Vec<_> = rows.iter().map(|row| row.attempt(port)).collect();
    // OpenSSL 1.1.1 reads keys in its own way, and pgtls does not answer for it.
    for library in libraries()
        .iter()
        .filter(|library| !library.openssl.is_old())
    {
        compare_with(library, &rows, &connect_all(library, &attempts));
    }
}

fn compare_with(library: &Library, rows: &[Row], answers: &[Vec<u8>]) {
    let mut failures = Vec::new();
    let mut loaded = 0;
    for (row, answer) in rows.iter().zip(answers) {
        let answer = escape(answer.trim_ascii_end()).to_string();
        let theirs = answer
            .split_once(" failed: ")
            .map_or(&*answer, |(_, why)| why);
        let they_load = theirs.ends_with(LOADED);
        loaded += usize::from(they_load);
        let ours = row.load();
        let agreed = match row.verdict {
            Verdict::Same => ours.is_ok() == they_load && said_alike(row, &ours, theirs),
            Verdict::OnlyLibpq(_) => ours.is_err() && they_load,
            Verdict::LoadedByNewer => {
                ours.is_err() && (they_load || said_alike(row, &ours, theirs))
            }
        };
        if !agreed {
            failures.push(format!(
                "{}\n  ours:   {ours:?}\n  theirs: {theirs}",
                row.name
            ));
        }
        for shown in [
            format!("{ours:?}"),
            ours.map_or_else(|error| error.to_string(), drop_it),
        ] {
            assert!(!shown.contains(PASSWORD), "{} shows the password", row.name);
        }
    }
    let differences = rows
        .iter()
        .filter(|row| row.verdict != Verdict::Same)
        .count();
    println!(
        "{library}: {} rows, {loaded} loaded by libpq, {differences} stated differences",
        rows.len()
    );
    assert!(failures.is_empty(), "{library}: {}", failures.join("\n"));
    assert!(
        loaded > 30 && rows.len() - loaded > 30,
        "{library}: a table of one colour"
    );
}

/// If libpq has its own sentence, ours is the same. If OpenSSL gives the reason, the reason is the
/// same.
fn said_alike(row: &Row, ours: &Result<String, IdentityError>, theirs: &str) -> bool {
    let Err(error) = ours else { return true };
    let fragments: &[&str] = match error {
        IdentityError::CertificateInaccessible { .. }
        | IdentityError::KeyMissing { .. }
        | IdentityError::KeyInaccessible { .. }
        | IdentityError::KeyNotRegular { .. }
        | IdentityError::KeyPermissions { .. } => return error.to_string() == theirs,
        IdentityError::Engine { .. } => &["could not load SSL engine"],
        IdentityError::Mismatch { .. } => &["key values mismatch", "no certificate assigned"],
        // OpenSSL's reason is the system's, which libpq 15 turns into noise.
        IdentityError::KeyUnreadable { .. } => &["could not load private key file"],
        IdentityError::CertificateUnreadable { .. } => &["could not read certificate file"],
        IdentityError::Swapped { .. } => &["no start line"],
        IdentityError::CertificateInvalid { fault, .. } => match fault {
            ChainFault::NoCertificate(_) => &["no start line"],
            ChainFault::Pem(PemFault::Base64 { .. }) => &["bad base64 decode"],
            ChainFault::Pem(_) => &["bad end line"],
            ChainFault::Invalid { .. } => &["invalid certificate"],
            ChainFault::WeakKey { position: 0, .. } => &["ee key too small"],
            ChainFault::WeakKey { .. } => &["ca key too small"],
            ChainFault::WeakSignature { .. } => &["ca md too weak"],
            ChainFault::UnusableKey { .. } => &["unknown certificate type", "key too small"],
            ChainFault::Encrypted { .. } => &["not proc type"],
            ChainFault::Damaged { .. } => &["too long", "header too long", "not enough data"],
        },
        IdentityError::KeyInvalid { fault, .. } => match fault {
            KeyFault::PasswordMissing => &["processing error", "bad password read"],
            // One wrong password in 256 leaves padding that is right by chance, around noise.
            KeyFault::WrongPassword if row.password != Some(PASSWORD) => {
                &["bad decrypt", "unsupported"]
            }
            KeyFault::WrongPassword => &["bad decrypt"],
            _ => &[
                "unsupported",
                "not proc type",
                "not dek info",
                "bad iv chars",
                "missing dek iv",
                "not encrypted",
            ],
        },
        IdentityError::CertificateMissing { .. }
        | IdentityError::LoneKeyMissing { .. }
        | IdentityError::KeyUnnamed { .. }
        | IdentityError::NoCertificate => &[],
    };
    fragments.iter().any(|fragment| theirs.contains(fragment))
}

fn drop_it(_: String) -> String {
    String::new()
}

fn rows(lab: &Lab) -> Vec<Row> {
    let mut rows = key_format_rows(lab);
    rows.extend(encryption_rows(lab));
    rows.extend(key_kind_rows(lab));
    rows.extend(certificate_rows(lab));
    rows.extend(chain_rows(lab));
    rows.extend(path_rows(lab));
    rows.extend(permission_rows(lab));
    if geteuid().is_root() {
        rows.extend(ownership_rows(lab));
    } else {
        skip("the rows about files of other users need root");
    }
    rows
}

fn key_format_rows(lab: &Lab) -> Vec<Row> {
    let p8 = lab.text("p8.key");
    let cert = lab.text("cert.pem");
    lab.openssl("pkcs8 -topk8 -nocrypt -in ec.key -outform DER -out p8.der");
    lab.openssl("ec -in ec.key -outform DER -out sec1.der");
    lab.openssl("ec -in ec.key -out sec1.key");
    lab.openssl("ec -in ec.key -pubout -out public.pem");
    lab.openssl("ecparam -name prime256v1 -genkey -noout -out other.key");
    let (p8_der, sec1_der) = (
        fs::read(lab.path("p8.der")).unwrap(),
        fs::read(lab.path("sec1.der")).unwrap(),
    );
    let sec1 = lab.text("sec1.key");
    let other = lab.text("other.key");
    let mut lines: Vec<_> = p8.lines().collect();
    let base64: String = lines[1..lines.len() - 1].concat();
    lines.insert(2, "");
    let blank_inside = lines.join("\n");
    let broken = p8.replacen('M', "!", 1);
    let wrong_end = p8.replace("END PRIVATE", "END OTHER");
    let (begin, end) = (
        "-----BEGIN PRIVATE KEY-----\n",
        "-----END PRIVATE KEY-----\n",
    );
    vec![
        lab.row("PKCS#8", "cert.pem", "p8.key"),
        lab.key("SEC1 with an EC PARAMETERS block", lab.text("ec.key")),
        lab.key("SEC1", &sec1),
        lab.made_key("ec -no_public"),
        lab.made_key("ec -conv_form compressed"),
        lab.made_key("ec -param_enc explicit")
            .only_libpq("rustls knows named curves only"),
        lab.key("PKCS#8 DER", &p8_der),
        lab.key("SEC1 DER", &sec1_der),
        lab.key("DER and more", [&p8_der[..], b"more"].concat()),
        lab.key("half of a DER", &p8_der[..40]),
        lab.key("text around", format!("hello: you\n{p8}bye\n")),
        lab.key("CRLF", p8.replace('\n', "\r\n")),
        lab.key("BOM", format!("\u{feff}{p8}")),
        lab.key("no final newline", p8.trim_end()),
        lab.key("trailing blanks", p8.replace('\n', " \t\n")),
        lab.key("one long line", format!("{begin}{base64}\n{end}")),
        lab.key(
            "short lines",
            format!("{begin}{}\n{}\n{end}", &base64[..8], &base64[8..]),
        ),
        lab.key(
            "blanks in the base64",
            format!("{begin} {} {}\n{end}", &base64[..7], &base64[7..]),
        ),
        lab.key("indented", p8.replace("-----B", " -----B")),
        lab.key("a blank line first", p8.replacen('\n', "\n\n", 1)),
        lab.key("a blank line inside", blank_inside),
        lab.key("a comment header", p8.replacen('\n', "\nComment: x\n\n", 1)),
        lab.key("no END", p8.replace(end, "")),
        lab.key(
            "no END, then a whole key",
            format!("{}{p8}", p8.replace(end, "")),
        ),
        lab.key("wrong END", &wrong_end),
        lab.key("wrong END, then a whole key", format!("{wrong_end}{p8}")),
        lab.key("broken base64", &broken),
        lab.key("broken base64, then a whole key", format!("{broken}{p8}")),
        lab.key(
            "one base64 text after another",
            p8.replace(end, &format!("aGVsbG8=\n{end}")),
        ),
        lab.key("a dash inside", p8.replace(end, &format!("-\n{end}"))),
        lab.key(
            "a dash and a colon inside",
            p8.replace(end, &format!("-:\n{end}")),
        ),
        lab.key(
            "bytes behind the PKCS#8",
            pem(&[&p8_der[..], b"abc"].concat(), "PRIVATE KEY"),
        ),
        lab.key(
            "bytes behind the SEC1",
            pem(&[&sec1_der[..], b"abc"].concat(), "EC PRIVATE KEY"),
        ),
        lab.key("half", &p8[..p8.len() / 2]),
        lab.key("empty", ""),
        lab.key("nonsense", "nonsense"),
        lab.key("public key", lab.text("public.pem")),
        lab.key(
            "public key, then private key",
            format!("{}{p8}", lab.text("public.pem")),
        ),
        lab.key("certificate only", &cert),
        lab.key("certificate, then key", format!("{cert}{p8}")),
        lab.key("key, then certificate", format!("{p8}{cert}")),
        lab.key("PKCS#8 called EC", p8.replace(" PRIVATE", " EC PRIVATE")),
        lab.key("PKCS#8 called RSA", p8.replace(" PRIVATE", " RSA PRIVATE")),
        lab.key("PKCS#8 called DSA", p8.replace(" PRIVATE", " DSA PRIVATE")),
        lab.key(
            "PKCS#8 called OPENSSH",
            p8.replace(" PRIVATE", " OPENSSH PRIVATE"),
        ),
        lab.key("SEC1 called PKCS#8", sec1.replace("EC PRIVATE", "PRIVATE")),
        lab.key("SEC1 called RSA", sec1.replace("EC PRIVATE", "RSA PRIVATE")),
        lab.key("another key", &other),
        lab.key("another key first", format!("{other}{p8}")),
        lab.key("another key last", format!("{p8}{other}")),
    ]
}

fn encryption_rows(lab: &Lab) -> Vec<Row> {
    let made = |arguments: &str| lab.made_key(&format!("{arguments} -passout env:PASSWORD"));
    let legacy = |arguments: &str| made(&format!("{arguments} -provider default -provider legacy"));
    let mut rows = Vec::new();
    for cipher in ["aes128", "aes192", "aes256", "des3"] {
        rows.push(made(&format!("pkcs8 -topk8 -v2 {cipher}")));
        rows.push(made(&format!("ec -{cipher}")));
    }
    for prf in ["SHA1", "SHA224", "SHA256", "SHA384", "SHA512"] {
        rows.push(made(&format!(
            "pkcs8 -topk8 -v2 aes256 -v2prf hmacWith{prf}"
        )));
    }
    rows.push(made("pkcs8 -topk8 -scrypt"));
    rows.push(made(
        "pkcs8 -topk8 -scrypt -scrypt_N 1024 -scrypt_r 4 -scrypt_p 2",
    ));
    rows.push(made("pkcs8 -topk8 -v2 aes256 -iter 1"));
    rows.push(made("pkcs8 -topk8 -v1 PBE-SHA1-3DES"));
    rows.push(made("pkcs8 -topk8 -v1 PBE-SHA1-3DES -iter 1"));
    rows.push(made("pkcs8 -topk8 -v1 PBE-SHA1-2DES"));
    // libpq does not read what only OpenSSL's legacy provider reads.
    for scheme in [
        "MD5-DES",
        "SHA1-DES",
        "MD5-RC2-64",
        "SHA1-RC2-40",
        "SHA1-RC4-128",
    ] {
        rows.push(legacy(&format!("pkcs8 -topk8 -v1 PBE-{scheme}")));
    }
    rows.push(legacy("pkcs8 -topk8 -v2 des"));
    for cipher in ["des", "rc2", "bf", "cast", "seed"] {
        rows.push(legacy(&format!("ec -{cipher}")));
    }
    for arguments in [
        "pkcs8 -topk8 -v2 camellia256",
        "pkcs8 -topk8 -v2 aria256",
        "pkcs8 -topk8 -v2 aes-256-ofb",
        "pkcs8 -topk8 -v2 aes256 -v2prf hmacWithMD5",
        "ec -camellia256",
        "ec -aes-256-cfb",
        "ec -des-ede-cbc",
    ] {
        rows.push(made(arguments).only_libpq("a cipher that nobody asks openssl for"));
    }
    for arguments in [
        "pkcs8 -topk8 -v2 aes256",
        "pkcs8 -topk8 -v1 PBE-SHA1-3DES",
        "ec -aes256",
    ] {
        for (what, password) in [("wrong", Some("wrong")), ("no", None), ("empty", Some(""))] {
            let row = made(arguments).password(password);
            rows.push(Row {
                name: format!("{what} password for {arguments}"),
                ..row
            });
        }
    }
    lab.openssl(
        "pkcs8 -topk8 -v2 aes256 -passout env:PASSWORD -in ec.key -outform DER -out enc.der",
    );
    lab.mode("enc.der", 0o600);
    rows.push(lab.row("encrypted DER", "cert.pem", "enc.der"));
    lab.openssl("ec -aes256 -passout env:PASSWORD -in ec.key -out enc.key");
    let (encrypted, plain) = (lab.text("enc.key"), lab.text("p8.key"));
    let both = format!("{encrypted}{plain}");
    rows.push(lab.key("an encrypted key first", &both));
    rows.push(
        lab.key("an encrypted key first, wrong password", &both)
            .password(Some("wrong")),
    );
    rows.push(
        lab.key("a password that is not needed", &plain)
            .password(Some("any")),
    );
    let (header, data) = encrypted.split_once("\n\n").unwrap();
    let body = data
        .lines()
        .take_while(|line| !line.starts_with('-'))
        .collect::<String>();
    let layout = |lines: &[&str]| {
        format!(
            "{header}\n\n{}\n-----END EC PRIVATE KEY-----\n",
            lines.join("\n")
        )
    };
    rows.push(lab.key("encrypted in one long line", layout(&[&body])));
    rows.push(lab.key(
        "encrypted in lines of 60",
        layout(&[&body[..60], &body[60..120], &body[120..]]),
    ));
    rows.push(lab.key(
        "encrypted with a blank line",
        layout(&[&body[..64], "", &body[64..]]),
    ));
    rows.push(lab.key("an unknown cipher", encrypted.replace("AES-256", "AES-999")));
    rows.push(lab.key(
        "a cipher in lower case",
        encrypted.replace("AES-256-CBC", "aes-256-cbc"),
    ));
    rows.push(lab.key(
        "a short initialization vector",
        encrypted.replace("CBC,", "CBC,0 "),
    ));
    rows.push(lab.key(
        "no initialization vector",
        encrypted.replace("CBC,", "CBC "),
    ));
    rows.push(lab.key("no DEK-Info", encrypted.replace("DEK-Info", "Other")));
    rows.push(lab.key(
        "another Proc-Type",
        encrypted.replace("4,ENCRYPTED", "4,MIC-ONLY"),
    ));
    rows.push(lab.key(
        "a bell in DEK-Info",
        encrypted.replace("DEK-Info: ", "DEK-Info:\x07"),
    ));
    rows.push(lab.key("an odd length", encrypted.replace("=\n", "\n")));
    rows
}

fn key_kind_rows(lab: &Lab) -> Vec<Row> {
    let rustls = "rustls does not sign with such keys";
    let genpkey = |name: &str, kind: &str| lab.kind(name, &format!("genpkey -algorithm {kind}"));
    let curve = |curve: &str| {
        let options = format!("EC -pkeyopt ec_paramgen_curve:{curve}");
        genpkey(curve, &options)
    };
    lab.openssl("genrsa -traditional -out pkcs1.key 2048");
    lab.openssl("req -new -x509 -key pkcs1.key -subj /CN=user -days 30 -out pkcs1.crt");
    lab.openssl("rsa -in pkcs1.key -outform DER -out pkcs1.der");
    lab.openssl("rsa -in pkcs1.key -aes128 -passout env:PASSWORD -traditional -out pkcs1.enc");
    for file in ["pkcs1.key", "pkcs1.der", "pkcs1.enc"] {
        lab.mode(file, 0o600);
    }
    lab.openssl("ec -in ec.key -conv_form compressed -out compressed.key");
    lab.openssl("req -new -x509 -key compressed.key -subj /CN=user -days 30 -out compressed.crt");
    lab.mode("compressed.key", 0o600);
    lab.openssl("genpkey -algorithm X25519 -out x25519.key");
    lab.openssl("pkey -in x25519.key -pubout -out x25519.pub");
    lab.openssl("req -new -key ec.key -subj /CN=user -out any.csr");
    lab.openssl(
        "x509 -req -in any.csr -force_pubkey x25519.pub -signkey ec.key -days 3 -out x25519.crt",
    );
    lab.mode("x25519.key", 0o600);
    lab.openssl("pkcs8 -topk8 -nocrypt -in pkcs1.key -out rsa-p8.key");
    let rsa = lab.text("rsa-p8.key");
    let labelled = |label: &str| {
        let file = format!("rsa-{label}.key");
        lab.write(&file, rsa.replace(" PRIVATE", &format!(" {label} PRIVATE")));
        lab.row(
            &format!("PKCS#8 with RSA called {label}"),
            "pkcs1.crt",
            &file,
        )
    };
    vec![
        labelled("RSA"),
        labelled("EC"),
        labelled("DSA"),
        lab.kind(
            "RSA-1962",
            "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1962",
        ),
        lab.kind(
            "RSA-1963",
            "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1963",
        )
        .only_libpq(rustls),
        lab.row("a compressed point", "compressed.crt", "compressed.key"),
        lab.row(
            "a compressed point in the certificate alone",
            "compressed.crt",
            "p8.key",
        ),
        lab.row(
            "a compressed point and another key",
            "compressed.crt",
            "other.key",
        ),
        lab.row("X25519", "x25519.crt", "x25519.key"),
        lab.row("PKCS#1", "pkcs1.crt", "pkcs1.key"),
        lab.row("PKCS#1 DER", "pkcs1.crt", "pkcs1.der"),
        lab.row("PKCS#1 encrypted", "pkcs1.crt", "pkcs1.enc"),
        lab.row("an EC certificate with an RSA key", "cert.pem", "pkcs1.key"),
        lab.row("an RSA certificate with an EC key", "pkcs1.crt", "p8.key"),
        genpkey("RSA-2048", "RSA -pkeyopt rsa_keygen_bits:2048"),
        genpkey("RSA-3072", "RSA -pkeyopt rsa_keygen_bits:3072"),
        genpkey("RSA-2047", "RSA -pkeyopt rsa_keygen_bits:2047").only_libpq(rustls),
        genpkey("RSA-1024", "RSA -pkeyopt rsa_keygen_bits:1024"),
        curve("P-384"),
        curve("P-521"),
        genpkey("ED25519", "ED25519"),
        curve("secp256k1").only_libpq(rustls),
        curve("brainpoolP256r1").only_libpq(rustls),
        genpkey("ED448", "ED448").only_libpq(rustls),
        genpkey("RSA-PSS", "RSA-PSS -pkeyopt rsa_keygen_bits:2048").only_libpq(rustls),
        curve("P-192"),
    ]
}

fn certificate_rows(lab: &Lab) -> Vec<Row> {
    let cert = lab.text("cert.pem");
    let p8 = lab.text("p8.key");
    lab.openssl("x509 -in cert.pem -outform DER -out cert.der");
    lab.openssl("x509 -in cert.pem -trustout -addreject serverAuth -out trusted.pem");
    lab.openssl("crl2pkcs7 -nocrl -certfile cert.pem -out cert.p7");
    let trusted = lab.text("trusted.pem");
    let der = fs::read(lab.path("cert.der")).unwrap();
    let pem = |der: &[u8]| pem(der, "CERTIFICATE");
    // basicConstraints with an INTEGER instead of its BOOLEAN; the signature is not checked.
    let mut flawed = der.clone();
    let place = flawed
        .windows(5)
        .position(|bytes| bytes == [0x30, 3, 1, 1, 0xff])
        .unwrap();
    flawed[place + 2] = 2;
    let flawed = pem(&flawed);
    let trailing = pem(&[&der[..], b"abc"].concat());
    let no_end = cert.replace("-----END CERTIFICATE-----", "");
    let wrong_end = p8.replace("END PRIVATE", "END OTHER");
    let broken = p8.replacen('M', "!", 1);
    vec![
        lab.certificate("a key first", format!("{p8}{cert}")),
        lab.certificate(
            "X509 CERTIFICATE",
            cert.replace("CERTIFICATE", "X509 CERTIFICATE"),
        ),
        lab.certificate("TRUSTED CERTIFICATE", &trusted),
        lab.certificate(
            "trust settings in a CERTIFICATE",
            trusted.replace("TRUSTED ", ""),
        ),
        lab.certificate("TRUSTED CERTIFICATE behind", format!("{cert}{trusted}")),
        lab.certificate("certificate in DER", &der),
        lab.certificate("PKCS#7", lab.text("cert.p7")),
        lab.certificate("empty certificate", ""),
        lab.certificate("key only", &p8),
        lab.certificate("text before", format!("hello\n{cert}")),
        lab.certificate("text behind", format!("{cert}bye\n")),
        lab.certificate("indented certificate", cert.replace("-----B", " -----B")),
        lab.certificate("certificate in CRLF", cert.replace('\n', "\r\n")),
        lab.certificate("no END of the certificate", &no_end),
        lab.certificate("no END of the second", format!("{cert}{no_end}")),
        lab.certificate("wrong END before", format!("{wrong_end}{cert}")),
        lab.certificate("wrong END behind", format!("{cert}{wrong_end}")),
        lab.certificate("a broken key before", format!("{broken}{cert}")),
        lab.certificate("a broken key behind", format!("{cert}{broken}")),
        lab.certificate(
            "an encrypted key before",
            format!("{}{cert}", lab.text("enc.key")),
        ),
        lab.certificate(
            "an encrypted key behind",
            format!("{cert}{}", lab.text("enc.key")),
        ),
        lab.certificate("bytes behind the DER", &trailing),
        lab.certificate("bytes behind the second DER", format!("{cert}{trailing}")),
        lab.certificate("an extension that cannot be read", &flawed)
            .loaded_by_newer(),
        lab.certificate("such an extension behind", format!("{cert}{flawed}")),
        lab.certificate("half a certificate", pem(&der[..der.len() / 2])),
        lab.certificate(
            "a comment in the certificate",
            cert.replacen('\n', "\nComment: x\n\n", 1),
        ),
    ]
}

fn chain_rows(lab: &Lab) -> Vec<Row> {
    lab.openssl("req -new -x509 -key other.key -subj /CN=ca -days 30 -out ca.crt");
    lab.openssl("req -new -key ec.key -subj /CN=user -out user.csr");
    let signed = |name: &str, digest: &str| {
        lab.openssl(&format!(
            "x509 -req -in user.csr -CA ca.crt -CAkey other.key -set_serial 7 -{digest} -days 3 -out {name}"
        ));
        lab.text(name)
    };
    let leaf = signed("leaf.crt", "sha256");
    let weak = signed("weak.crt", "sha1");
    let sha224 = signed("sha224.crt", "sha224");
    lab.openssl("x509 -req -in user.csr -signkey ec.key -sha1 -days 3 -out self.crt");
    lab.openssl(
        "req -new -x509 -newkey rsa:1024 -nodes -keyout small.key -subj /CN=ca -out small.crt",
    );
    let ca = lab.text("ca.crt");
    vec![
        lab.certificate("X.509 version 1", &leaf),
        lab.certificate("leaf and root", format!("{leaf}{ca}")),
        lab.certificate("root and leaf", format!("{ca}{leaf}")),
        lab.certificate("the leaf thrice", leaf.repeat(3)),
        lab.certificate("SHA-1", &weak).loaded_by_newer(),
        lab.certificate("SHA-1 behind", format!("{leaf}{weak}"))
            .loaded_by_newer(),
        lab.certificate("SHA-224", &sha224),
        lab.certificate("self-signed with SHA-1", lab.text("self.crt")),
        lab.certificate(
            "RSA 1024 behind",
            format!("{leaf}{}", lab.text("small.crt")),
        ),
    ]
}

fn path_rows(lab: &Lab) -> Vec<Row> {
    let home = |name: &str, files: &[&str]| {
        let home = lab.path(name);
        fs::create_dir_all(home.join(".postgresql")).unwrap();
        for file in files {
            let (from, to) = file.split_once(' ').unwrap();
            let to = home.join(".postgresql").join(to);
            fs::copy(lab.path(from), &to).unwrap();
            fs::set_permissions(&to, fs::Permissions::from_mode(0o600)).unwrap();
        }
        Row {
            certificate: None,
            key: None,
            home,
            ..lab.row(name, "", "")
        }
    };
    let good = ["cert.pem postgresql.crt", "p8.key postgresql.key"];
    let named = |name: &str, row: &Row, certificate: Option<&str>, key: Option<&str>| Row {
        name: name.to_owned(),
        certificate: certificate.map(|name| lab.path(name)),
        key: key.map(|name| lab.path(name)),
        home: row.home.clone(),
        ..lab.row("", "", "")
    };
    let full = home("home with both", &good);
    let bare = home("home with neither", &[]);
    symlink(lab.path("p8.key"), lab.path("link.key")).unwrap();
    symlink(lab.path("cert.pem"), lab.path("link.crt")).unwrap();
    symlink("nowhere", lab.path("dangling")).unwrap();
    symlink("loop", lab.path("loop")).unwrap();
    let filed = home("home with a file", &[]);
    fs::remove_dir(filed.home.join(".postgresql")).unwrap();
    fs::write(filed.home.join(".postgresql"), "").unwrap();
    let looped = home("home with a loop", &[]);
    symlink(
        "postgresql.crt",
        looped.home.join(".postgresql/postgresql.crt"),
    )
    .unwrap();
    lab.write("broken key", "nonsense");
    lab.write("colon:key", lab.text("p8.key"));
    let contract = "a file that the user names must be there";
    vec![
        named(
            "certificate named, key by default",
            &full,
            Some("cert.pem"),
            None,
        ),
        named(
            "certificate by default, key named",
            &full,
            None,
            Some("p8.key"),
        ),
        named(
            "certificate named, no default key",
            &bare,
            Some("cert.pem"),
            None,
        ),
        named(
            "certificate by default, another key",
            &full,
            None,
            Some("other.key"),
        ),
        named(
            "certificate by default, key missing",
            &full,
            None,
            Some("missing"),
        ),
        named("certificate by default, both empty", &full, None, None).with_empty_paths(),
        named(
            "certificate missing",
            &bare,
            Some("missing"),
            Some("p8.key"),
        )
        .only_libpq(contract),
        named("certificate behind a file", &bare, Some("p8.key/x"), None).only_libpq(contract),
        named("certificate dangling", &bare, Some("dangling"), None).only_libpq(contract),
        named("key alone and missing", &bare, None, Some("missing")).only_libpq(contract),
        named("key alone and broken", &bare, None, Some("broken key")).only_libpq(contract),
        named("key alone", &bare, None, Some("p8.key")),
        named(
            "key behind a file",
            &bare,
            Some("cert.pem"),
            Some("p8.key/x"),
        ),
        named("key dangling", &bare, Some("cert.pem"), Some("dangling")),
        named("key in a loop", &bare, Some("cert.pem"), Some("loop")),
        named("certificate in a loop", &bare, Some("loop"), Some("p8.key")),
        named("links", &bare, Some("link.crt"), Some("link.key")),
        named(
            "key with a colon",
            &bare,
            Some("cert.pem"),
            Some("colon:key"),
        ),
        named(
            "key is a directory",
            &bare,
            Some("cert.pem"),
            Some("empty home"),
        ),
        named(
            "certificate is a directory",
            &bare,
            Some("empty home"),
            Some("p8.key"),
        ),
        named(
            "key is a device",
            &bare,
            Some("cert.pem"),
            Some("/dev/null"),
        ),
        named(
            "certificate is a device",
            &bare,
            Some("/dev/null"),
            Some("p8.key"),
        ),
        full,
        bare,
        looped,
        filed,
        home("home with a certificate only", &good[..1]),
        home("home with a key only", &good[1..]),
        home(
            "home with another key",
            &["cert.pem postgresql.crt", "other.key postgresql.key"],
        ),
        home(
            "home with an empty certificate",
            &["empty postgresql.crt"].map(|file| {
                lab.write("empty", "");
                file
            }),
        ),
    ]
}

fn permission_rows(lab: &Lab) -> Vec<Row> {
    [
        0o600, 0o400, 0o700, 0o000, 0o640, 0o440, 0o644, 0o604, 0o601, 0o602, 0o660, 0o620, 0o650,
        0o610, 0o666, 0o777, 0o4600, 0o1600,
    ]
    .map(|mode| {
        let name = format!("key with mode {mode:04o}");
        let row = lab.key(&name, lab.text("p8.key"));
        lab.mode(&format!("key of {name}"), mode);
        row
    })
    .into()
}

fn ownership_rows(lab: &Lab) -> Vec<Row> {
    let owned = |owner: u32, mode: u32, uid: Option<u32>| {
        let name = format!("key of user {owner} with mode {mode:04o} for {uid:?}");
        let row = lab.key(&name, lab.text("p8.key"));
        let file = format!("key of {name}");
        chown(lab.path(&file), Some(owner), Some(owner)).unwrap();
        lab.mode(&file, mode);
        lab.mode("cert.pem", 0o644);
        Row { uid, ..row }
    };
    fs::create_dir_all(lab.path("closed/.postgresql")).unwrap();
    fs::copy(lab.path("cert.pem"), lab.path("closed/cert.pem")).unwrap();
    fs::copy(lab.path("p8.key"), lab.path("closed/p8.key")).unwrap();
    lab.mode("closed", 0o700);
    let nobody = Some(NOBODY);
    let closed_home = Row {
        certificate: None,
        key: None,
        home: lab.path("closed"),
        uid: nobody,
        ..lab.row("a home that is closed", "", "")
    };
    fs::copy(lab.path("cert.pem"), lab.path("private.crt")).unwrap();
    lab.mode("private.crt", 0o600);
    vec![
        owned(NOBODY, 0o600, None),
        owned(NOBODY, 0o640, None),
        owned(NOBODY, 0o400, None),
        owned(NOBODY, 0o600, nobody),
        owned(NOBODY, 0o640, nobody),
        owned(NOBODY, 0o000, nobody),
        owned(0, 0o600, nobody),
        owned(0, 0o640, nobody),
        owned(1, 0o600, nobody),
        closed_home,
        Row {
            uid: nobody,
            ..lab.row("certificate in a closed place", "closed/cert.pem", "p8.key")
        },
        Row {
            uid: nobody,
            ..lab.row("key in a closed place", "cert.pem", "closed/p8.key")
        },
        Row {
            uid: nobody,
            ..lab.row("a certificate for others", "private.crt", "p8.key")
        },
    ]
}

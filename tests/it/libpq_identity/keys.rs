//! Keys of every format, encryption and kind.

use std::fs;

use super::lab::{Lab, Row, pem};

pub(super) fn key_format_rows(lab: &Lab) -> Vec<Row> {
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

pub(super) fn encryption_rows(lab: &Lab) -> Vec<Row> {
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
            .password(Some("wrong"))
            .may_load(
                "one wrong password in 256 leaves padding that is right by chance; OpenSSL then takes the next key",
            ),
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

pub(super) fn key_kind_rows(lab: &Lab) -> Vec<Row> {
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

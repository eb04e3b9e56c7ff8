//! Certificates, and those that are sent with them.

use std::fs;

use super::lab::{Lab, Row, pem};

/// Why the answers differ.
const NEWER: &str = "OpenSSL 3.5.9 loads it, 3.5.4 and older do not";

pub(super) fn certificate_rows(lab: &Lab) -> Vec<Row> {
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
            .may_load(NEWER),
        lab.certificate("such an extension behind", format!("{cert}{flawed}")),
        lab.certificate("half a certificate", pem(&der[..der.len() / 2])),
        lab.certificate(
            "a comment in the certificate",
            cert.replacen('\n', "\nComment: x\n\n", 1),
        ),
    ]
}

pub(super) fn chain_rows(lab: &Lab) -> Vec<Row> {
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
        lab.certificate("SHA-1", &weak).may_load(NEWER),
        lab.certificate("SHA-1 behind", format!("{leaf}{weak}"))
            .may_load(NEWER),
        lab.certificate("SHA-224", &sha224),
        lab.certificate("self-signed with SHA-1", lab.text("self.crt")),
        lab.certificate(
            "RSA 1024 behind",
            format!("{leaf}{}", lab.text("small.crt")),
        ),
    ]
}

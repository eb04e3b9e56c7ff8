//! Root files, and what libpq makes of each.

use data_encoding::BASE64;

use crate::support::certs::{
    CLIENT_AUTH, CrlSpec, OTHER_KEY, SERVER_AUTH, context, oid, openssl, pem, seq,
};
use crate::support::pki::{Ca, Served};

/// A root file.
pub(super) struct Row {
    /// What it shows.
    pub(super) name: &'static str,
    /// The contents of root.crt.
    pub(super) text: Vec<u8>,
    pub(super) expected: Expected,
}

/// The expected result, the same under verify-ca and under require.
#[derive(Clone, Copy)]
pub(super) enum Expected {
    Passes,
    /// It loads, but does not verify the server.
    Untrusted(&'static str),
    /// It does not load. The message contains this.
    Invalid(&'static str),
    /// It does not load. The message contains this, and the advice is a command that fixes it.
    Mendable(&'static str),
}

use Expected::{Invalid, Mendable, Passes, Untrusted};

/// A server's root, its certificate and key, and the root as DER.
pub(super) struct World {
    pub(super) root: String,
    pub(super) der: Vec<u8>,
    pub(super) served: Served,
}

fn row(name: &'static str, text: impl Into<Vec<u8>>, expected: Expected) -> Row {
    Row {
        name,
        text: text.into(),
        expected,
    }
}

impl World {
    /// What may surround a certificate, and how its lines may change.
    pub(super) fn texts(&self) -> Vec<Row> {
        let root = self.root.replace("\r\n", "\n");
        let utf16 = |text: &str| {
            let units = text.encode_utf16().flat_map(u16::to_le_bytes);
            units.collect::<Vec<u8>>()
        };
        let body: String = root.lines().filter(|line| !line.starts_with('-')).collect();
        vec![
            row("as it comes", root.as_str(), Passes),
            row(
                "text around",
                format!("Root of db.example\n\n{root}\nbye\n"),
                Passes,
            ),
            row("CRLF", root.replace('\n', "\r\n"), Passes),
            row("a byte-order mark", format!("\u{feff}{root}"), Passes),
            row("no final newline", root.trim_end(), Passes),
            row("trailing blanks", root.replace('\n', " \t\n"), Passes),
            row("one long line", block("CERTIFICATE", &body), Passes),
            row(
                "a blank line behind BEGIN",
                root.replacen('\n', "\n\n", 1),
                Passes,
            ),
            row("NUL bytes behind", format!("{root}\0\0"), Passes),
            row("a NUL behind a line", format!("text\0\n{root}"), Passes),
            row("a NUL before", format!("\0\n{root}"), Mendable("NUL")),
            row(
                "a NUL inside",
                root.replacen('\n', "\n\0\n", 1),
                Invalid("no END"),
            ),
            row(
                "indentation",
                root.lines()
                    .map(|line| format!("    {line}\n"))
                    .collect::<String>(),
                Mendable("indented"),
            ),
            row(
                "dashes of a word processor",
                root.replace("-----", "\u{2014}\u{2013}\u{2014}"),
                Mendable("five hyphens"),
            ),
            row(
                "a lost hyphen",
                root.get(1..).unwrap_or_default().to_owned(),
                Mendable("five hyphens"),
            ),
            row(
                "a diff",
                root.lines()
                    .map(|line| format!("+{line}\n"))
                    .collect::<String>(),
                Mendable("indented"),
            ),
            row(
                "a mail",
                root.lines()
                    .map(|line| format!("> {line}\n"))
                    .collect::<String>(),
                Mendable("indented"),
            ),
            row(
                "line numbers",
                root.lines()
                    .enumerate()
                    .map(|(number, line)| format!("{number:6}\t{line}\n"))
                    .collect::<String>(),
                Mendable("indented"),
            ),
            row(
                "lines of a program",
                root.lines()
                    .map(|line| format!("\"{line}\" +\n"))
                    .collect::<String>(),
                Mendable("line breaks are lost"),
            ),
            row(
                "continued lines",
                root.replace('\n', "\\\n"),
                Mendable("line breaks are lost"),
            ),
            row(
                "CR alone",
                root.replace('\n', "\r"),
                Mendable("carriage returns"),
            ),
            row(
                "all on one line",
                root.replace('\n', ""),
                Mendable("line breaks are lost"),
            ),
            row(
                "blanks for line breaks",
                root.replace('\n', " "),
                Mendable("line breaks are lost"),
            ),
            row(
                "base64 of PEM",
                BASE64.encode(root.as_bytes()),
                Mendable("base64 of a PEM"),
            ),
            row(
                "no BEGIN and END",
                body.as_str(),
                Mendable("base64 of a certificate"),
            ),
            row(
                "another root glued before",
                format!("{}{root}", Ca::root("other").pem.trim_end()),
                Mendable("on the same line"),
            ),
            row(
                "escaped line breaks",
                root.replace('\n', "\\n"),
                Mendable("line breaks"),
            ),
            row(
                "UTF-16 with a byte-order mark",
                utf16(&format!("\u{feff}{root}")),
                Mendable("UTF-16"),
            ),
            row("UTF-16", utf16(&root), Mendable("UTF-16")),
        ]
    }

    /// Other blocks, and broken ones.
    pub(super) fn blocks(&self) -> Vec<Row> {
        let root = self.root.replace("\r\n", "\n");
        let labelled = |label: &str| root.replace(" CERTIFICATE-", &format!(" {label}-"));
        let other = Ca::root("other").pem;
        let broken = block("CERTIFICATE", "MIIB");
        let spoilt = root.replacen('M', "!", 1);
        let endless = root.replace("-----END CERTIFICATE-----", "");
        let list = pem("X509 CRL", &list());
        vec![
            row("X509 CERTIFICATE", labelled("X509 CERTIFICATE"), Passes),
            row("another label", labelled("CERT"), Invalid("another kind")),
            row(
                "a private key before",
                format!("{}{root}", self.served.key),
                Passes,
            ),
            row(
                "a private key behind",
                format!("{root}{}", self.served.key),
                Passes,
            ),
            row("another root before", format!("{other}{root}"), Passes),
            row(
                "another root alone",
                other.as_str(),
                Untrusted("unknown-issuer"),
            ),
            row("a list behind", format!("{root}{list}"), Passes),
            row("a list alone", list, Untrusted("unknown-issuer")),
            row(
                "DER behind the value",
                pem("CERTIFICATE", &[&self.der[..], b"garbage"].concat()),
                Passes,
            ),
            row(
                "a broken block behind",
                format!("{root}{broken}"),
                Invalid("broken"),
            ),
            row(
                "a broken block before",
                format!("{broken}{root}"),
                Invalid("broken"),
            ),
            row("no base64", spoilt, Invalid("base64")),
            row("no END", endless.as_str(), Invalid("no END")),
            row(
                "no END before another",
                format!("{endless}\n{root}"),
                Invalid(""),
            ),
            row(
                "another END",
                root.replace("END CERTIFICATE", "END CERT"),
                Invalid("END"),
            ),
            row("half a file", &root[..root.len() / 2], Invalid("no END")),
        ]
    }

    /// A root beside a private key: OpenSSL decodes each one, and drops the file if it cannot.
    pub(super) fn keys(&self) -> Vec<Row> {
        let root = &self.root;
        let with = |name, key: String, expected| row(name, format!("{root}\n{key}"), expected);
        let made = |arguments: &[&str]| String::from_utf8(openssl(arguments, b"")).unwrap();
        let of = |arguments: &[&str], key: &str| {
            String::from_utf8(openssl(arguments, key.as_bytes())).unwrap()
        };
        let rsa = made(&["genrsa", "2048"]);
        let noise = [b"openssh-key-v1\0".as_slice(), &[0x5a; 90]].concat();
        let cut = |text: &str| {
            let lines: Vec<&str> = text.lines().collect();
            [&lines[..2], &lines[lines.len() - 1..]].concat().join("\n") + "\n"
        };
        let aes = ["rsa", "-aes128", "-passout", "pass:x", "-traditional"];
        let encrypted = of(&aes, &rsa);
        vec![
            with("RSA in PKCS#1", of(&["rsa", "-traditional"], &rsa), Passes),
            with("an encrypted key", encrypted.clone(), Passes),
            with(
                "an encrypted key in PKCS#8",
                of(&["pkcs8", "-topk8", "-passout", "pass:x"], &rsa),
                Passes,
            ),
            with(
                "Ed25519",
                made(&["genpkey", "-algorithm", "ed25519"]),
                Passes,
            ),
            with("X25519", made(&["genpkey", "-algorithm", "x25519"]), Passes),
            with(
                "an encrypted key of an unknown cipher",
                encrypted.replace("AES-128-CBC", "NOPE"),
                Invalid("broken"),
            ),
            with(
                "OPENSSH",
                pem("OPENSSH PRIVATE KEY", &noise),
                Invalid("broken"),
            ),
            with(
                "an unknown key",
                pem("FOO PRIVATE KEY", &noise),
                Invalid("broken"),
            ),
            with("no PKCS#8", pem("PRIVATE KEY", &noise), Invalid("broken")),
            with(
                "no PKCS#1",
                pem("RSA PRIVATE KEY", &noise),
                Invalid("broken"),
            ),
            with("no SEC 1", pem("EC PRIVATE KEY", &noise), Invalid("broken")),
            with(
                "no DSA key",
                pem("DSA PRIVATE KEY", &noise),
                Invalid("broken"),
            ),
            with("a cut key", cut(&rsa), Invalid("broken")),
            with("another thing", pem("SSH2 PUBLIC KEY", &noise), Passes),
        ]
    }

    /// Lines before the contents make a certificate an encrypted block. A line that does not fit into
    /// OpenSSL's buffer counts as two lines.
    pub(super) fn headers(&self) -> Vec<Row> {
        let header = |lines: &str| {
            let begin = "-----BEGIN CERTIFICATE-----\n";
            self.root
                .replace("\r\n", "\n")
                .replacen(begin, &format!("{begin}{lines}\n"), 1)
        };
        let dek =
            "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n";
        let long = "x".repeat(254);
        vec![
            row("an empty line", header(""), Passes),
            row("a comment", header("Comment: x\n"), Invalid("header lines")),
            row(
                "MIC-CLEAR",
                header("Proc-Type: 4,MIC-CLEAR\n"),
                Invalid("header lines"),
            ),
            row("encrypted", header(dek), Invalid("header lines")),
            row("a long line before", format!("{long}{}", self.root), Passes),
        ]
    }

    /// `TRUSTED CERTIFICATE`, whose settings matter.
    pub(super) fn trusted(&self) -> Vec<Row> {
        let with =
            |settings: Vec<u8>| pem("TRUSTED CERTIFICATE", &[&self.der[..], &settings].concat());
        let trust = |usage: &str| seq(&[&seq(&[&oid(usage)])]);
        let reject = |usage: &str| seq(&[&context(0x20, &oid(usage))]);
        vec![
            row(
                "TRUSTED CERTIFICATE without settings",
                with(Vec::new()),
                Passes,
            ),
            row("trusted for servers", with(trust(SERVER_AUTH)), Passes),
            row(
                "trusted for clients",
                with(trust(CLIENT_AUTH)),
                Untrusted("wrong-purpose"),
            ),
            row(
                "rejected for servers",
                with(reject(SERVER_AUTH)),
                Untrusted("wrong-purpose"),
            ),
            row("rejected for clients", with(reject(CLIENT_AUTH)), Passes),
            row(
                "broken settings",
                with(b"garbage".to_vec()),
                Invalid("broken"),
            ),
        ]
    }

    /// What is not a PEM certificate.
    pub(super) fn other_things(&self) -> Vec<Row> {
        let root = self.root.as_bytes();
        let key = self.served.key.as_bytes();
        let both = [key, self.served.chain.as_bytes(), root].concat();
        let pkcs7 = |form| {
            openssl(
                &[
                    "crl2pkcs7",
                    "-nocrl",
                    "-certfile",
                    "/dev/stdin",
                    "-outform",
                    form,
                ],
                root,
            )
        };
        let archive = openssl(&["pkcs12", "-export", "-passout", "pass:"], &both);
        let key_as_der = openssl(&["pkcs8", "-topk8", "-nocrypt", "-outform", "DER"], key);
        let request = openssl(
            &["req", "-new", "-key", "/dev/stdin", "-subj", "/CN=x"],
            key,
        );
        let public = openssl(&["pkey", "-pubout"], key);
        vec![
            row("DER", self.der.clone(), Mendable("DER form")),
            row("PKCS#7", pkcs7("PEM"), Mendable("PKCS#7")),
            row("PKCS#7 in DER form", pkcs7("DER"), Mendable("PKCS#7")),
            row("PKCS#12", archive, Invalid("PKCS#12")),
            row(
                "a list in DER form",
                list(),
                Invalid("revocation list in DER form"),
            ),
            row("a private key", key, Invalid("private key")),
            row(
                "a private key in DER form",
                key_as_der,
                Invalid("private key in DER"),
            ),
            row(
                "a certificate request",
                request,
                Invalid("certificate request"),
            ),
            row("a public key", public, Invalid("public key")),
            row("nothing", "", Invalid("it is empty")),
            row("blank lines", "\n\n", Invalid("no certificate")),
            row("any text", "root certificate\n", Invalid("no certificate")),
            row(
                "a web page",
                "<!DOCTYPE html>\n<html><title>Sign in</title></html>\n",
                Invalid("web page"),
            ),
            row("random bytes", vec![0x8f; 200], Invalid("no certificate")),
        ]
    }
}

fn block(label: &str, body: &str) -> String {
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

/// Another CA's, in DER.
fn list() -> Vec<u8> {
    CrlSpec::new(crate::support::certs::common_name("Other Root"), &OTHER_KEY).der()
}

//! CRLs, and what the evidence of a name or of a revocation shows.

use super::{openssl, verify};
use crate::support::client::Client;

#[test]
fn revocation_is_checked_offline_too() {
    let client = Client::new();
    client.write(
        "ca.cnf",
        "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nserial=serial\ndefault_md=sha256\ndefault_crl_days=9\n",
    );
    client.write("index.txt", "");
    let commands = [
        "req -new -x509 -newkey rsa:2048 -nodes -subj /CN=root -days 30 -out root.crt -keyout root.key",
        "req -new -newkey rsa:2048 -nodes -subj /CN=db.example.com -out server.csr -keyout server.key",
        "x509 -req -in server.csr -CA root.crt -CAkey root.key -days 30 -out server.crt",
        "ca -config ca.cnf -cert root.crt -keyfile root.key -gencrl -out good.crl",
        "ca -config ca.cnf -cert root.crt -keyfile root.key -revoke server.crt",
        "ca -config ca.cnf -cert root.crt -keyfile root.key -gencrl -out revoked.crl",
    ];
    let Some(()) = openssl(&client, &commands) else {
        return;
    };
    for (crl, code, outcome) in [
        ("good.crl", 0, "pass"),
        ("revoked.crl", 6, "revoked"),
        ("none.crl", 2, "crl-file-missing"),
        ("server.key", 2, "crl-file-invalid"),
    ] {
        let run = verify(
            &client,
            &format!("--sslrootcert root.crt --host db.example.com --sslcrl {crl}"),
        );
        assert_eq!(
            (run.code, run.outcome().as_str()),
            (code, outcome),
            "{crl}: {run:?}"
        );
    }
    let run = verify(
        &client,
        "--sslrootcert root.crt --sslcrl good.crl --valid-for 10d",
    );
    assert_eq!(
        (run.code, run.outcome().as_str()),
        (1, "expires-soon"),
        "{run:?}"
    );
}

/// What the evidence of a name or a revocation shows: which name, whose rule, when and why.
#[cfg(unix)]
#[test]
fn names_and_revocations_are_told_with_their_evidence() {
    use crate::support::skip::has_openssl;

    if !has_openssl() {
        return;
    }
    let client = Client::new();
    client.take_command(EVIDENCE);
    for (arguments, parts) in [
        (
            "--cert constrained.crt --sslrootcert constrained-ca.crt --host db.example.net",
            &[
                "has the name \"localhost\"",
                "\"CN = Constrained CA\"",
                "permits only \"example.net\"",
            ][..],
        ),
        (
            "--cert wild.crt --sslrootcert root.crt --host a.b.example.cloud",
            &["covers exactly one label", "has 2 there"],
        ),
        (
            "--cert wild.crt --sslrootcert root.crt --host node1",
            &["CN is \"node1\"", "ignore the CN"],
        ),
        (
            "--cert wild.crt --sslrootcert root.crt --sslcrl root.crl --host db.example.cloud",
            &[
                "was revoked on 20",
                "(keyCompromise)",
                "the CRL number 4096 of 20",
                "by \"CN = Root\"",
            ],
        ),
    ] {
        let mut words = vec!["verify", "--format", "json"];
        words.extend(arguments.split_whitespace());
        let run = client.pgtls(&words);
        let error = run.endpoint()["error"].take();
        let text = format!("{} {}", error["message"], error["hint"]).replace("\\\"", "\"");
        for part in parts {
            assert!(text.contains(part), "{arguments}: {part} is not in {text}");
        }
        assert!(!text.contains("host=node1"), "{text}");
    }
}

/// A CA with name constraints, a wildcard with another CN, and a CRL that lists it.
const EVIDENCE: &str = r#"set -e
ca() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.crt" -days 30 -subj "/CN=$2" \
  -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign ${3:+-addext "$3"} 2>/dev/null; }
leaf() { openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$2" 2>/dev/null
  printf 'subjectAltName=%s\n' "$4" > ext
  openssl x509 -req -in "$1.csr" -CA "$3.crt" -CAkey "$3.key" -CAcreateserial -days 30 -extfile ext -out "$1.crt" 2>/dev/null; }
ca constrained-ca 'Constrained CA' 'nameConstraints=critical,permitted;DNS:example.net'
leaf constrained db.example.net constrained-ca DNS:db.example.net,DNS:localhost
ca root Root
leaf wild node1 root 'DNS:*.example.cloud'
: > index; echo 1000 > number
printf '[ca]\ndefault_ca=d\n[d]\ndatabase=index\ncrlnumber=number\ndefault_md=sha256\ndefault_crl_days=9\ncrl_extensions=e\n[e]\n' > cnf
openssl ca -config cnf -keyfile root.key -cert root.crt -revoke wild.crt -crl_reason keyCompromise 2>/dev/null
openssl ca -config cnf -keyfile root.key -cert root.crt -gencrl -out root.crl 2>/dev/null"#;

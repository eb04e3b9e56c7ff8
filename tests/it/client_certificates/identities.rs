//! The clients' identities: certificates of every kind, good and bad.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::certs::*;
use crate::support::client::Client;
use crate::support::pki::Served;

/// A certificate and its key, both PEM, and how a PostgreSQL that asks for it reacts.
pub(crate) struct Identity {
    pub(crate) name: &'static str,
    pub(crate) certificate: String,
    pub(crate) key: String,
    pub(crate) tls12: Fate,
    pub(crate) tls13: Fate,
    /// The CN.
    pub(crate) user: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Accepted,
    Refused,
}

use Fate::{Accepted, Refused};

impl Identity {
    /// Writes `NAME.crt` and `NAME.key` to the client's directory.
    pub(crate) fn give_to(&self, client: &Client) {
        client.write(&format!("{}.crt", self.name), &self.certificate);
        client.write_private(&format!("{}.key", self.name), &self.key);
    }
}

/// The server's root, and its certificate.
pub(crate) fn server() -> (String, Served) {
    let root = current(Cert::new(
        common_name("Server Root"),
        &ROOT_KEY,
        common_name("Server Root"),
        &ROOT_KEY,
    ))
    .with([ca(None), key_usage(CERT_SIGN)]);
    let leaf = current(Cert::new(
        common_name("db.example"),
        &LEAF_KEY,
        common_name("Server Root"),
        &ROOT_KEY,
    ))
    .with([not_ca(), san(&[dns("db.example")])]);
    let served = Served {
        chain: text(&leaf),
        key: key_text(&LEAF_KEY),
    };
    (text(&root), served)
}

/// The server's ssl_ca_file: without the intermediate.
pub(crate) fn authority() -> String {
    text(&authority_certificate())
}

pub(crate) fn authority_certificate() -> Cert {
    current(Cert::new(
        common_name("Client CA"),
        &INTER_KEY,
        common_name("Client CA"),
        &INTER_KEY,
    ))
    .with([ca(None), key_usage(CERT_SIGN)])
}

/// The same authority with a certificate that is not a CA's.
pub(crate) fn powerless_authority() -> String {
    let mut certificate = authority_certificate();
    certificate.put(not_ca());
    text(&certificate)
}

fn intermediate() -> Cert {
    current(Cert::new(
        common_name("Client CA 2"),
        &INTER2_KEY,
        common_name("Client CA"),
        &INTER_KEY,
    ))
    .with([ca(None), key_usage(CERT_SIGN)])
}

/// Alice's certificate for a key.
pub(crate) fn alice(key: &'static Key) -> Cert {
    of("alice", key)
}

fn of(user: &str, key: &'static Key) -> Cert {
    current(Cert::new(
        common_name(user),
        key,
        common_name("Client CA"),
        &INTER_KEY,
    ))
    .with([not_ca(), key_usage(DIGITAL_SIGNATURE), eku(&[CLIENT_AUTH])])
}

pub(crate) fn all() -> Vec<Identity> {
    let below = |certificate: Cert| Cert {
        issuer: common_name("Client CA 2"),
        signer: &INTER2_KEY,
        ..certificate
    };
    let own = &P256_CLI;
    let stranger = Cert {
        issuer: common_name("Other CA"),
        signer: &OTHER_KEY,
        ..alice(own)
    };
    let impostor = Cert {
        signer: &OTHER_KEY,
        ..alice(own)
    };
    let self_signed = Cert {
        issuer: common_name("alice"),
        signer: own,
        ..alice(own)
    };
    let expired = Cert {
        not_after: time(now() - DAY),
        ..alice(own)
    };
    let future = Cert {
        not_before: time(now() + DAY),
        ..alice(own)
    };
    let mut for_servers = alice(own);
    for_servers.put(eku(&[SERVER_AUTH]));
    let version_1 = Cert {
        version: Vec::new(),
        extensions: Vec::new(),
        ..alice(own)
    };
    let two = below(alice(own));
    vec![
        identity("p256", text(&alice(own)), own, [Accepted, Accepted]),
        identity("p384", text(&alice(&P384)), &P384, [Refused, Accepted]),
        identity("p521", text(&alice(&P521)), &P521, [Refused, Accepted]),
        identity(
            "ed25519",
            text(&alice(&ED25519)),
            &ED25519,
            [Accepted, Accepted],
        ),
        identity(
            "rsa",
            text(&alice(&RSA_2048)),
            &RSA_2048,
            [Accepted, Accepted],
        ),
        identity("v1", text(&version_1), own, [Accepted, Accepted]),
        identity(
            "with-intermediate",
            text(&two) + &text(&intermediate()),
            own,
            [Accepted, Accepted],
        ),
        identity("without-intermediate", text(&two), own, [Refused, Refused]),
        identity("stranger", text(&stranger), own, [Refused, Refused]),
        identity("impostor", text(&impostor), own, [Refused, Refused]),
        identity("self-signed", text(&self_signed), own, [Refused, Refused]),
        identity("expired", text(&expired), own, [Refused, Refused]),
        identity("future", text(&future), own, [Refused, Refused]),
        identity("for-servers", text(&for_servers), own, [Refused, Refused]),
        Identity {
            user: "bob",
            ..identity("bob", text(&of("bob", own)), own, [Accepted, Accepted])
        },
    ]
}

/// What is said when a server that asks for [`authority`] refuses it.
pub(crate) fn cause(name: &str) -> &'static str {
    match name {
        "p384" | "p521" => "its kind of key",
        "without-intermediate" => "CN = Client CA 2\\\" is an intermediate authority",
        "stranger" => "CN = Other CA\\\", but the server asks for a certificate of",
        "impostor" => "another key than the one that issued",
        "self-signed" => "CN = alice\\\" is self-signed",
        "expired" => "it expired 1 day ago",
        "future" => "it is not valid before",
        "for-servers" => "its extendedKeyUsage is serverAuth only",
        other => panic!("{other} is not refused"),
    }
}

fn identity(
    name: &'static str,
    certificate: String,
    key: &'static Key,
    [tls12, tls13]: [Fate; 2],
) -> Identity {
    Identity {
        name,
        certificate,
        key: key_text(key),
        tls12,
        tls13,
        user: "alice",
    }
}

/// Valid today.
fn current(certificate: Cert) -> Cert {
    Cert {
        not_before: time(now() - 2 * DAY),
        not_after: time(now() + 90 * DAY),
        ..certificate
    }
}

pub(crate) fn text(certificate: &Cert) -> String {
    pem("CERTIFICATE", &certificate.der())
}

pub(crate) fn key_text(key: &'static Key) -> String {
    std::fs::read_to_string(key.pem_file()).unwrap()
}

pub(crate) fn intermediate_text() -> String {
    text(&intermediate())
}

pub(crate) fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

//! The faults, each with its server, its files and its string.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use pgtls::lab::Endpoint;
use rcgen::{ExtendedKeyUsagePurpose, SanType};

use super::servers::{
    Wants, answering, demanding, front_end, older, only, router, serving, web_front_end,
};
use super::{Cure, Fault};
use rustls::crypto::aws_lc_rs::kx_group;

use crate::support::client::Client;
use crate::support::peer::Peer;
use crate::support::pki::{Ca, Served, expired, in_days, not_yet_valid};

/// Owns its files and servers.
pub(crate) struct Scene {
    pub(crate) client: Client,
    root: Ca,
    endpoints: std::cell::RefCell<Vec<Endpoint>>,
}

const FULL: &str = "sslmode=verify-full sslrootcert=root.crt";

impl Scene {
    pub(crate) fn new() -> Self {
        let root = Ca::root("Example CA");
        let client = Client::trusting(&root);
        client.write("new.crt", Ca::root("New CA").pem);
        client.write("twin.crt", Ca::root("Example CA").pem);
        client.write("stale.crt", root.reissued(expired).pem);
        Self {
            client,
            root,
            endpoints: std::cell::RefCell::default(),
        }
    }

    pub(crate) fn faults(&self) -> Vec<Fault> {
        [
            self.chains(),
            self.roots(),
            self.names(),
            self.wires(),
            self.strings(),
            self.identities(),
            self.demands(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn chains(&self) -> Vec<Fault> {
        let middle = self.root.intermediate("Example Intermediate");
        let stale = self.root.intermediate_with("Old Intermediate", expired);
        let client_only = self.root.leaf_with(&["db.example.com"], |params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        });
        let served = |served: &Served, settings: &str| self.at(served, settings);
        vec![
            fault("intermediate-not-sent", 6, "unknown-issuer", Cure::None)
                .of(served(&middle.leaf(&["db.example.com"]), FULL)),
            fault(
                "intermediate-expired",
                6,
                "intermediate-expired",
                Cure::None,
            )
            .of(served(
                &stale.leaf(&["db.example.com"]).and(&stale.pem),
                FULL,
            )),
            fault("not-yet-valid", 6, "not-yet-valid", Cure::None).of(served(
                &self.root.leaf_with(&["db.example.com"], not_yet_valid),
                FULL,
            )),
            fault("clock", 6, "not-yet-valid", Cure::None).of(served(
                &self.root.leaf_with(&["db.example.com"], |params| {
                    params.not_before = in_days(0) + time::Duration::hours(2);
                }),
                FULL,
            )),
            fault("wrong-purpose", 6, "wrong-purpose", Cure::None).of(served(&client_only, FULL)),
            fault("several-things", 6, "host-name-mismatch", Cure::None).of(served(
                &self.root.leaf_with(&["pg-1.internal"], expired),
                FULL,
            )),
        ]
    }

    fn roots(&self) -> Vec<Fault> {
        let good = self.root.leaf(&["db.example.com"]);
        let middle = self.root.intermediate("Example Intermediate");
        let through = middle.leaf(&["db.example.com"]).and(&middle.pem);
        self.client.write("middle.crt", &middle.pem);
        self.client.write("leaf.crt", &good.chain);
        self.client
            .write("old-copy.crt", Ca::root_with("Long Gone CA", expired).pem);
        let own = Ca::root_with("db.example.com", |params| {
            params.key_usages = Vec::new();
            params.subject_alt_names = vec![SanType::DnsName("db.example.com".try_into().unwrap())];
        });
        let own = own.self_served();
        let nameless = self.root.leaf_with(&["db.example.com"], |params| {
            params.use_authority_key_identifier_extension = false;
        });
        let both = format!("{}{}", self.root.pem, Ca::root("New CA").pem);
        self.client.write("both-roots.crt", both);
        let rds = Ca::root("Amazon RDS eu-west-1 Root CA RSA2048 G1");
        let with = |file: &str| format!("sslmode=verify-full sslrootcert={file}");
        vec![
            fault("same-name-other-key", 6, "unknown-issuer", Cure::None)
                .of(self.at(&good, &with("twin.crt"))),
            fault("root-expired", 6, "root-expired", Cure::None)
                .of(self.at(&good, &with("stale.crt"))),
            fault("only-an-intermediate", 6, "unknown-issuer", Cure::None)
                .of(self.at(&through, &with("middle.crt"))),
            fault("only-the-leaf", 6, "unknown-issuer", Cure::None)
                .of(self.at(&good, &with("leaf.crt"))),
            fault("outdated-file", 6, "unknown-issuer", Cure::None)
                .of(self.at(&good, &with("old-copy.crt"))),
            fault("self-signed", 6, "self-signed", Cure::SaveAndPaste).of(self.at(&own, FULL)),
            fault("provider", 6, "unknown-issuer", Cure::None)
                .of(self.at(&rds.leaf(&["db.example.com"]).and(&rds.pem), FULL)),
            fault("rotation-before", 0, "ca-rotation", Cure::RunAndPaste)
                .of(self.at(&good, FULL))
                .and(&["--also-trust", "new.crt"]),
            fault("rotation-in-step", 0, "ca-rotation", Cure::Paste)
                .of(self.at(&good, FULL))
                .and(&["--also-trust", "both-roots.crt"]),
            fault("rotation-elsewhere", 6, "ca-rotation", Cure::None)
                .of(self.at(&good, &with("new.crt")))
                .and(&["--also-trust", "old-copy.crt"]),
            fault("rotation-of-twins", 6, "ca-rotation", Cure::None)
                .of(self.at(&nameless, &with("twin.crt")))
                .and(&["--also-trust", "root.crt"]),
            fault("rotation-after", 6, "ca-rotation", Cure::Paste)
                .of(self.at(&good, &with("new.crt")))
                .and(&["--also-trust", "root.crt"]),
        ]
    }

    fn names(&self) -> Vec<Fault> {
        let by_address = |served: &Served| {
            let port = self.serve(served);
            format!("host=127.0.0.1 port={port} {FULL}")
        };
        let pooler = |served: &Served| {
            let port = self.serve(served);
            format!("host=db-pooler hostaddr=127.0.0.1 port={port} {FULL}")
        };
        vec![
            fault("address-without-name", 7, "host-name-mismatch", Cure::Paste)
                .of(by_address(&self.root.leaf(&["db.example.com"]))),
            fault("kubernetes-pooler", 7, "host-name-mismatch", Cure::Paste).of(pooler(
                &self.root.leaf(&["db-rw", "db-rw.prod", "db-rw.prod.svc"]),
            )),
            fault("cloud-sql", 7, "host-name-mismatch", Cure::Paste).of(by_address(
                &self.root.leaf_with(&[], |params| {
                    params.distinguished_name =
                        crate::support::pki::common_name("my-project:my-instance");
                }),
            )),
        ]
    }

    fn wires(&self) -> Vec<Fault> {
        let good = self.root.leaf(&["db.example.com"]);
        let peer = |peer: &Peer, settings: &str| at_port(peer.port, settings);
        vec![
            fault("tls-front-end", 3, "closed", Cure::Paste).of(peer(&front_end(&good), FULL)),
            fault("web-front-end-direct", 5, "tls-alert", Cure::None).of(peer(
                &web_front_end(),
                &format!("{FULL} sslnegotiation=direct"),
            )),
            fault("web-front-end", 3, "closed", Cure::None).of(peer(&web_front_end(), FULL)),
            fault("hangs-up", 3, "closed", Cure::None).of(peer(&answering(b""), FULL)),
            fault("no-direct-tls", 5, "closed", Cure::Paste).of(peer(
                &older(&good),
                &format!("{FULL} sslnegotiation=direct"),
            )),
            fault("router-without-name", 5, "tls-alert", Cure::Paste).of(peer(
                &router(&good, "db.example.com"),
                &format!("{FULL} sslsni=0"),
            )),
            fault("router-with-another-name", 5, "tls-alert", Cure::None)
                .of(peer(&router(&good, "other.example.com"), FULL)),
            fault("too-many-clients", 3, "server-error", Cure::None).of(peer(
                &answering(b"E\0\0\0\x39SFATAL\0C53300\0Msorry, too many clients already\0\0"),
                FULL,
            )),
            fault("injection", 5, "plaintext-injection", Cure::None)
                .of(peer(&answering(b"S\0injected"), FULL)),
            fault("another-group", 0, "hello-retry-request", Cure::None)
                .of(peer(&only(kx_group::SECP384R1, &good), FULL)),
            // psql with OpenSSL 3.0 to 3.4 does not know it.
            fault("post-quantum-group", 5, "no-common-cipher", Cure::None)
                .of(peer(&only(kx_group::X25519MLKEM768, &good), FULL)),
            fault("old-versions-only", 5, "no-common-version", Cure::None).of(peer(
                &Peer::start(|peer| {
                    peer.hello()?;
                    peer.say(&[21, 3, 1, 0, 2, 2, 70])?;
                    peer.listen()
                }),
                FULL,
            )),
        ]
    }

    fn strings(&self) -> Vec<Fault> {
        let good = self.root.leaf(&["db.example.com"]);
        self.client.write("roots/root.pem", &self.root.pem);
        vec![
            fault("mistyped-file", 2, "root-file-missing", Cure::Paste)
                .of(self.at(&good, "sslmode=verify-full sslrootcert=roots/rot.pem")),
            fault("home-directory-sign", 2, "root-file-missing", Cure::Paste)
                .of(self.at(&good, "sslmode=verify-full sslrootcert=~/root.crt")),
            fault("windows-path", 2, "root-file-missing", Cure::None)
                .of(self.at(&good, r"sslmode=verify-full sslrootcert=C:\certs\root.crt")),
            fault("no-tls-asked-for", 2, "weak-sslmode", Cure::None)
                .of(self.at(&good, "sslmode=disable")),
            fault("prefer", 0, "weak-sslmode", Cure::None).of(self.at(&good, "sslmode=prefer")),
        ]
    }

    fn identities(&self) -> Vec<Fault> {
        let good = self.root.leaf(&["db.example.com"]);
        let authority = Ca::root("Client CA");
        let ours = authority.client("ann");
        let strange = Ca::root("Strange CA").client("ann");
        let write = |name: &str, text: &str, mode: u32| {
            self.client.write(name, text);
            let path = self.client.home.path().join(name);
            std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        };
        write("client.crt", &ours.chain, 0o644);
        write("client.key", &ours.key, 0o600);
        write("open.key", &ours.key, 0o644);
        write("other.key", &strange.key, 0o600);
        write("strange.crt", &strange.chain, 0o644);
        let server = demanding(&good, &authority, Wants::One);
        let string = |settings: &str| at_port(server.port, &format!("{FULL} {settings}"));
        vec![
            fault(
                "certificate-demanded",
                5,
                "client-cert-required",
                Cure::None,
            )
            .of(string("")),
            fault("certificate-refused", 5, "client-cert-refused", Cure::None)
                .of(string("sslcert=strange.crt sslkey=other.key")),
            fault("key-open-to-all", 2, "key-file-permissions", Cure::Run)
                .of(string("sslcert=client.crt sslkey=open.key")),
            fault("key-of-another", 2, "client-key-mismatch", Cure::None)
                .of(string("sslcert=client.crt sslkey=other.key")),
        ]
    }

    fn demands(&self) -> Vec<Fault> {
        let soon = self.root.leaf_with(&["db.example.com"], |params| {
            params.not_after = in_days(10);
        });
        let renewed = self.root.leaf(&["db.example.com"]);
        self.client.write("renewed.crt", &renewed.chain);
        let none = format!("sha256//{}=", "A".repeat(43));
        vec![
            fault("runs-out", 1, "expires-soon", Cure::None)
                .of(self.at(&soon, FULL))
                .and(&["--valid-for", "20d"]),
            fault("not-reloaded", 1, "unexpected-certificate", Cure::None)
                .of(self.at(&soon, FULL))
                .and(&["--expect-cert", "renewed.crt"]),
            fault("another-key", 1, "pin-mismatch", Cure::None)
                .of(self.at(&renewed, FULL))
                .and(&["--pin", &none]),
        ]
    }

    fn serve(&self, served: &Served) -> u16 {
        let endpoint = serving(served);
        let port = endpoint.address.port();
        self.endpoints.borrow_mut().push(endpoint);
        port
    }

    fn at(&self, served: &Served, settings: &str) -> String {
        at_port(self.serve(served), settings)
    }
}

fn at_port(port: u16, settings: &str) -> String {
    format!("host=db.example.com hostaddr=127.0.0.1 port={port} {settings}")
}

fn fault(name: &'static str, exit: i32, code: &'static str, cure: Cure) -> Fault {
    Fault {
        name,
        arguments: Vec::new(),
        exit,
        code,
        cure,
    }
}

impl Fault {
    fn of(mut self, string: String) -> Self {
        self.arguments.push(string);
        self
    }

    fn and(mut self, options: &[&str]) -> Self {
        self.arguments
            .extend(options.iter().map(|&option| option.to_owned()));
        self
    }
}

//! Where the commands of a page run.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use pgtls::lab::{Authority, Endpoint};
use pgtls::trust::encode_pem;
use time::OffsetDateTime;

use super::page::Page;
use crate::support::client::Client;

/// The hosts on the pages with a good certificate.
const HOSTS: &[&str] = &[
    "db.example.com",
    "orders.db.example.com",
    "db-1",
    "db-2",
    "mypgserver.postgres.database.azure.com",
    "127.0.0.1",
];
/// What is in another place here than on a reader's machine.
const ELSEWHERE: &[(&str, &str)] = &[
    ("/etc/pgtls/", ""),
    ("/etc/", ""),
    ("/reports/", ""),
    ("/var/lib/node_exporter/", ""),
    // All strings go to the only pod.
    ("+1))/10", "+1))/1"),
    (" port=5432 ", " "),
    ("$(DATABASE_URL)", "$DATABASE_URL"),
    ("$HOSTADDRESS$", "127.0.0.1"),
    ("$ARG1$", "verify-full"),
    ("$ARG2$", "root.crt"),
];
/// A home with everything that the commands name, and one endpoint for all their hosts.
pub(super) struct House {
    client: Client,
    endpoint: Endpoint,
}

impl House {
    pub(super) fn new(page: &Page) -> Self {
        let now = OffsetDateTime::now_utc();
        let authority = Authority::new("CA of the pages", now).unwrap();
        let issued = authority.issue(HOSTS, now).unwrap();
        let client = Client::new();
        for file in ["root.crt", "new-root.crt", "certs/root.crt"] {
            client.write(file, &authority.root_pem);
        }
        let chain = encode_pem("CERTIFICATE", &issued.chain[0]);
        let key = encode_pem("PRIVATE KEY", issued.key.secret_der());
        client.write("server.crt", chain);
        client.write("server.key", &key);
        let own = rcgen::KeyPair::from_pem(&key).unwrap();
        let names: Vec<String> = HOSTS.iter().map(|host| (*host).to_owned()).collect();
        let request = rcgen::CertificateParams::new(names).unwrap();
        let request = request.serialize_request(&own).unwrap();
        client.write("server.csr", request.pem().unwrap());
        let private = Permissions::from_mode(0o600);
        std::fs::set_permissions(client.home.path().join("server.key"), private).unwrap();
        let string = "host=db.example.com user=app sslmode=verify-full sslrootcert=root.crt";
        client.write("endpoints.txt", format!("# one\n{string}\n"));
        client.write(
            ".pg_service.conf",
            format!("[production]\n{}\n", string.replace(' ', "\n")),
        );
        client.write("pgtls.toml", page.configuration());
        Self {
            client,
            endpoint: Endpoint::start(issued).unwrap(),
        }
    }

    /// Runs a command in a shell, and returns its exit code and output. A command of the lab would run until
    /// Ctrl-C or needs other programs, so only its options are parsed.
    pub(super) fn run(&self, command: &str) -> (i32, String) {
        let mut command = command.to_owned();
        for (there, here) in ELSEWHERE {
            command = command.replace(there, here);
        }
        if let Some(lab) = command.find("pgtls lab") {
            let end = command
                .find(" -- ")
                .or_else(|| command.find("  "))
                .unwrap_or(command.len());
            command = format!("{} --help", &command[lab..end]);
        }
        let hosts = command.matches("db-").count().max(1);
        let programs = Path::new(env!("CARGO_BIN_EXE_pgtls")).parent().unwrap();
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
        let string = "postgresql://app@db.example.com/app?sslrootcert=root.crt";
        let output = self
            .client
            .other("sh")
            .env("PATH", path)
            .env("PGHOSTADDR", vec!["127.0.0.1"; hosts].join(","))
            .env("PGPORT", self.endpoint.address.port().to_string())
            .env("PGUSER", "app")
            .env("PGSSLROOTCERT", "root.crt")
            .env("SSL_CERT_FILE", "root.crt")
            .env("DATABASE_URL", string)
            .env("LEGACY_DATABASE_URL", string)
            .env("ORDERS_PASSWORD", "a quoted 'password'")
            .env("JOB_COMPLETION_INDEX", "0")
            .args(["-c", &command])
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        (output.status.code().unwrap(), text)
    }
}

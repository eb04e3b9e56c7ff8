//! Certificates and keys by the openssl command, and the rows of a table that libpq and we judge.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::unistd::{Uid, seteuid};
use pgtls::conninfo::SslCertMode;
use pgtls::trust::identity::{IdentityError, IdentityRequest, load};

use crate::support::libpq::{Attempt, quoted};

/// The password of every encrypted key.
pub(crate) const PASSWORD: &str = "s\u{e9}cret 1";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Same,
    /// libpq loads it, we do not, for this reason.
    OnlyLibpq(#[allow(dead_code)] &'static str),
    /// libpq may load it, for this reason, and we do not.
    MayLoad(#[allow(dead_code)] &'static str),
}

pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
    pub(crate) password: Option<&'static str>,
    pub(crate) home: PathBuf,
    pub(crate) uid: Option<u32>,
    pub(crate) verdict: Verdict,
}

impl Row {
    pub(crate) fn attempt(&self, port: u16) -> Attempt {
        let mut conninfo = format!(
            "host=127.0.0.1 port={port} user=u dbname=d gssencmode=disable sslmode=require"
        )
        .into_bytes();
        let paths = [("sslcert", &self.certificate), ("sslkey", &self.key)];
        let values = paths.map(|(keyword, path)| (keyword, path.as_deref().map(bytes)));
        for (keyword, value) in values
            .into_iter()
            .chain([("sslpassword", self.password.map(str::as_bytes))])
        {
            if let Some(value) = value {
                conninfo.extend(format!(" {keyword}=").bytes());
                conninfo.extend(quoted(value));
            }
        }
        Attempt {
            conninfo,
            home: bytes(&self.home).to_vec(),
            uid: self.uid,
        }
    }

    pub(crate) fn load(&self) -> Result<String, IdentityError> {
        if let Some(uid) = self.uid {
            seteuid(Uid::from_raw(uid)).unwrap();
        }
        let home_files = self.home.join(".postgresql");
        let loaded = load(&IdentityRequest {
            certificate: self.certificate.as_deref(),
            key: self.key.as_deref(),
            password: self.password.map(str::as_bytes),
            mode: SslCertMode::Allow,
            home_files: Some(&home_files),
            supposed: pgtls::trust::Supposed::nothing(),
        });
        if self.uid.is_some() {
            seteuid(Uid::from_raw(0)).unwrap();
        }
        loaded.map(|identity| format!("{identity:?}"))
    }

    pub(crate) fn password(self, password: Option<&'static str>) -> Self {
        Self { password, ..self }
    }

    pub(crate) fn with_empty_paths(self) -> Self {
        Self {
            certificate: Some(PathBuf::new()),
            key: Some(PathBuf::new()),
            ..self
        }
    }

    pub(crate) fn may_load(self, reason: &'static str) -> Self {
        Self {
            verdict: Verdict::MayLoad(reason),
            ..self
        }
    }

    pub(crate) fn only_libpq(self, reason: &'static str) -> Self {
        Self {
            verdict: Verdict::OnlyLibpq(reason),
            ..self
        }
    }
}

/// A directory of keys and certificates.
pub(crate) struct Lab {
    directory: tempfile::TempDir,
}

impl Lab {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let lab = Self { directory };
        lab.openssl("ecparam -name prime256v1 -genkey -out ec.key");
        lab.openssl("req -new -x509 -key ec.key -subj /CN=user -days 30 -out cert.pem");
        lab.openssl("pkcs8 -topk8 -nocrypt -in ec.key -out p8.key");
        fs::create_dir(lab.path("empty home")).unwrap();
        lab
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn openssl(&self, arguments: &str) {
        let output = Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(self.directory.path())
            .env("PASSWORD", PASSWORD)
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {arguments}: {stderr}");
    }

    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, contents).unwrap();
        self.mode(name, 0o600)
    }

    pub(crate) fn mode(&self, name: &str, mode: u32) -> PathBuf {
        let path = self.path(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    /// A row with these two files, as they are.
    pub(crate) fn row(&self, name: &str, certificate: &str, key: &str) -> Row {
        Row {
            name: name.to_owned(),
            certificate: Some(self.path(certificate)),
            key: Some(self.path(key)),
            password: Some(PASSWORD),
            home: self.path("empty home"),
            uid: None,
            verdict: Verdict::Same,
        }
    }

    /// A row with the good certificate and this text as its key.
    pub(crate) fn key(&self, name: &str, contents: impl AsRef<[u8]>) -> Row {
        let file = format!("key of {name}");
        self.write(&file, contents);
        self.row(name, "cert.pem", &file)
    }

    /// A row with the good certificate and the key that openssl makes from it.
    pub(crate) fn made_key(&self, arguments: &str) -> Row {
        let file = format!("made-{}", arguments.replace([' ', ':'], "_"));
        self.openssl(&format!("{arguments} -in ec.key -out {file}"));
        self.mode(&file, 0o600);
        self.row(arguments, "cert.pem", &file)
    }

    /// A row with this text as certificate and the good key.
    pub(crate) fn certificate(&self, name: &str, contents: impl AsRef<[u8]>) -> Row {
        let file = format!("certificate of {name}");
        self.write(&file, contents);
        self.row(name, &file, "p8.key")
    }

    /// A row with a fresh key of this kind and a certificate for it.
    pub(crate) fn kind(&self, name: &str, generate: &str) -> Row {
        let (key, certificate) = (format!("{name}.key"), format!("{name}.crt"));
        self.openssl(&format!("{generate} -out {key}"));
        self.openssl(&format!(
            "req -new -x509 -key {key} -subj /CN=user -days 30 -out {certificate}"
        ));
        self.mode(&key, 0o600);
        self.row(name, &certificate, &key)
    }
}

/// SSLRequest, S, ClientHello, handshake_failure.
pub(crate) fn serve_alerts() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let answer = |mut stream: TcpStream| -> io::Result<()> {
            stream.read_exact(&mut [0; 8])?;
            stream.write_all(b"S")?;
            // A client that could not load its files hangs up here.
            stream.read_exact(&mut [0; 5])?;
            stream.write_all(&[0x15, 3, 3, 0, 2, 2, 40])?;
            stream.shutdown(std::net::Shutdown::Write)?;
            io::copy(&mut stream, &mut io::sink()).map(|_| ())
        };
        for stream in listener.incoming() {
            let _ = answer(stream.unwrap());
        }
    });
    port
}

pub(crate) fn pem(der: &[u8], label: &str) -> String {
    let base64 = data_encoding::BASE64.encode(der);
    format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n")
}

fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_encoded_bytes()
}

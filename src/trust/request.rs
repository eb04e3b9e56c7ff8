//! The input of [`Trust::gather`](super::Trust::gather): the settings that it may read, and no others.

use std::path::{Path, PathBuf};

use super::identity::IdentityRequest;
use super::{Choice, Chosen, Supposed};
use crate::conninfo::{
    ConnInfo, Origin, RootCert, Secret, Setting, SslCertMode, SslMode, SystemRoots,
};

/// Everything that decides what a connection trusts and what identifies its client.
///
/// Gathering sees nothing else, so equal requests have equal answers, and the request is the key under
/// which answers are shared. The source of a setting matters because the advice depends on it. Its
/// position in the connection string does not matter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TrustRequest {
    pub(super) chosen: Option<Chosen>,
    pub(super) sslmode: SslMode,
    pub(super) sslrootcert: Option<Setting<RootCert>>,
    pub(super) sslcrl: Option<Setting<PathBuf>>,
    pub(super) sslcrldir: Option<Setting<PathBuf>>,
    sslcert: Option<PathBuf>,
    sslkey: Option<PathBuf>,
    sslpassword: Option<Secret>,
    sslcertmode: SslCertMode,
    home_files: Option<PathBuf>,
    pub(super) system_roots: SystemRoots,
    pub(super) supposed: Supposed,
}

impl TrustRequest {
    /// The request of a connection string. `chosen` replaces its roots.
    pub fn new(conninfo: &ConnInfo, chosen: Option<&Chosen>) -> Self {
        let path = |setting: &Option<Setting<PathBuf>>| {
            let setting = setting.as_ref()?;
            Some(setting.value.clone())
        };
        let password = conninfo.sslpassword.as_ref();
        Self {
            chosen: chosen.cloned(),
            sslmode: conninfo.sslmode.value,
            sslrootcert: placeless(conninfo.sslrootcert.as_ref()),
            sslcrl: placeless(conninfo.sslcrl.as_ref()),
            sslcrldir: placeless(conninfo.sslcrldir.as_ref()),
            sslcert: path(&conninfo.sslcert),
            sslkey: path(&conninfo.sslkey),
            sslpassword: password.map(|setting| setting.value.clone()),
            sslcertmode: conninfo.sslcertmode.value,
            home_files: conninfo.home_files.clone(),
            system_roots: conninfo.system_roots.clone(),
            supposed: Supposed::default(),
        }
    }

    /// The same, if this were true of its files.
    #[must_use]
    pub fn supposing(self, supposed: Supposed) -> Self {
        Self { supposed, ..self }
    }

    /// Can reading the files take long? Regular and missing files answer at once, but a pipe or a
    /// device can keep its reader waiting.
    pub fn may_wait(&self) -> bool {
        self.files().iter().any(|path| {
            path.metadata()
                .is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
        })
    }

    /// The file in the home directory, if there is a home directory.
    pub(super) fn home_file(&self, file: HomeFile) -> Option<PathBuf> {
        self.home_files.as_deref().map(|home| file.of(home))
    }

    /// Whether libpq reads no CRLs, because it takes the roots from the machine's store. Roots that replace those of
    /// the string leave its CRLs as they are.
    pub(super) fn takes_no_crls(&self) -> bool {
        let of_system = |chosen: &Chosen| chosen.choice == Choice::System;
        let roots = self.sslrootcert.as_ref().map(|setting| &setting.value);
        roots == Some(&RootCert::System) && self.chosen.as_ref().is_none_or(of_system)
    }

    /// The part that the client's own certificate depends on.
    pub(super) fn identity(&self) -> IdentityRequest<'_> {
        IdentityRequest {
            certificate: self.sslcert.as_deref(),
            key: self.sslkey.as_deref(),
            password: self.sslpassword.as_ref().map(Secret::expose),
            mode: self.sslcertmode,
            home_files: self.home_files.as_deref(),
            supposed: &self.supposed,
        }
    }

    /// Every file and directory that may be read.
    fn files(&self) -> Vec<PathBuf> {
        // Names all fields, so that a new one is not forgotten.
        let Self {
            chosen,
            sslmode: _,
            sslrootcert,
            sslcrl,
            sslcrldir,
            sslcert,
            sslkey,
            sslpassword: _,
            sslcertmode: _,
            home_files: _,
            system_roots: _,
            supposed: _,
        } = self;
        let roots = match chosen.as_ref().map(|chosen| &chosen.choice) {
            Some(Choice::File(path)) => Some(path),
            Some(Choice::Bundled | Choice::BundledRoot(_) | Choice::Mozilla | Choice::System) => {
                None
            }
            None => sslrootcert
                .as_ref()
                .and_then(|setting| match &setting.value {
                    RootCert::File(path) => Some(path),
                    RootCert::System => None,
                }),
        };
        let lists = [sslcrl, sslcrldir].into_iter().flatten();
        let lists = lists.map(|setting| &setting.value);
        let named = roots.into_iter().chain(lists).chain(sslcert).chain(sslkey);
        let home = HomeFile::ALL
            .iter()
            .filter_map(|file| self.home_file(*file));
        named.cloned().chain(home).collect()
    }
}

/// The files under `~/.postgresql` that are used if the user names none (`ROOT_CERT_FILE`,
/// `ROOT_CRL_FILE`, `USER_CERT_FILE` and `USER_KEY_FILE` in PostgreSQL's fe-secure-openssl.c).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HomeFile {
    Roots,
    Crls,
    Certificate,
    Key,
}

impl HomeFile {
    const ALL: [Self; 4] = [Self::Roots, Self::Crls, Self::Certificate, Self::Key];

    /// Its path in this directory.
    pub(super) fn of(self, home_files: &Path) -> PathBuf {
        home_files.join(match self {
            Self::Roots => "root.crt",
            Self::Crls => "root.crl",
            Self::Certificate => "postgresql.crt",
            Self::Key => "postgresql.key",
        })
    }
}

fn placeless<T: Clone>(setting: Option<&Setting<T>>) -> Option<Setting<T>> {
    let mut setting = setting?.clone();
    if let Origin::String { at } = &mut setting.origin {
        *at = 0;
    }
    Some(setting)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conninfo::fake::Fake;
    use crate::trust::{Chooser, Error, Trust};

    fn request(string: &str, choice: Option<&Choice>, machine: &Fake) -> TrustRequest {
        let conninfo = ConnInfo::read(string.as_bytes(), machine).unwrap();
        let chosen = choice.map(|choice| Chosen {
            choice: choice.clone(),
            by: Chooser::Option,
        });
        TrustRequest::new(&conninfo, chosen.as_ref())
    }

    fn answer(request: &TrustRequest) -> String {
        let answer: Result<Trust, Error> = Trust::gather(request);
        format!("{answer:?}")
    }

    /// A certificate, a locked key and an empty directory; a root file at home.
    struct Files {
        directory: tempfile::TempDir,
        certificate: String,
        key: String,
        empty: String,
    }

    impl Files {
        fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            let key = rcgen::KeyPair::generate().unwrap();
            let certificate = rcgen::CertificateParams::new(["h".to_owned()]).unwrap();
            let certificate = certificate.self_signed(&key).unwrap().pem();
            let place = |name: &str| directory.path().join(name);
            let write = |name: &str, text: &str| {
                std::fs::write(place(name), text).unwrap();
                place(name).display().to_string()
            };
            for directory in ["empty", ".postgresql"] {
                std::fs::create_dir(place(directory)).unwrap();
            }
            write(".postgresql/root.crt", &certificate);
            let key = write("client.key", LOCKED_KEY);
            if let Some(owner_only) = crate::os::creation_mode(0o600) {
                std::fs::set_permissions(&key, owner_only).unwrap();
            }
            Self {
                certificate: write("client.crt", &certificate),
                key,
                empty: place("empty").display().to_string(),
                directory,
            }
        }

        fn home(&self) -> Fake {
            Fake::without_user().home(self.directory.path())
        }
    }

    /// Each row changes one setting and, as a result, what is gathered.
    #[test]
    #[cfg_attr(windows, ignore = "its paths are those of Unix")]
    fn whatever_changes_the_answer_changes_the_request() {
        let files = Files::new();
        let Files {
            certificate,
            key,
            empty,
            ..
        } = &files;
        let nothing = Fake::without_user();
        let variable = Fake::without_user().var("PGSSLROOTCERT", certificate);
        let home = files.home();
        let roots = format!("user=u host=h sslrootcert={certificate}");
        let client = format!("user=u host=h sslcert={certificate} sslkey={key}");
        for (string, changed, choice, machine) in [
            ("user=u host=h", "sslmode=verify-ca", None, &nothing),
            (
                "user=u host=h",
                &format!("sslrootcert={certificate}"),
                None,
                &nothing,
            ),
            ("user=u host=h", "sslrootcert=system", None, &nothing),
            ("user=u host=h", "", None, &variable),
            ("user=u host=h", "", None, &home),
            ("user=u host=h", "", Some(&Choice::Mozilla), &nothing),
            (&roots, &format!("sslcrl={certificate}"), None, &nothing),
            (&roots, &format!("sslcrldir={empty}"), None, &nothing),
            (
                "user=u host=h",
                &format!("sslcert={certificate}"),
                None,
                &nothing,
            ),
            ("user=u host=h", &format!("sslkey={key}"), None, &nothing),
            ("user=u host=h", "sslcertmode=require", None, &nothing),
            (&client, "sslcertmode=disable", None, &nothing),
            (&client, "sslpassword=x", None, &nothing),
        ] {
            let first = request(string, None, &nothing);
            let second = request(&format!("{string} {changed}"), choice, machine);
            assert_ne!(answer(&first), answer(&second), "{string} and {changed}");
            assert!(first != second, "{string} and {changed}");
        }
        let said = request(&roots, None, &nothing);
        assert!(said != request("user=u host=h", None, &variable));
    }

    #[test]
    fn what_no_trust_depends_on_changes_nothing() {
        let nothing = Fake::without_user();
        let first = request("user=u host=a sslrootcert=system sslcrl=x", None, &nothing);
        for string in [
            "sslcrl=x sslrootcert=system host=a user=u",
            "host=b port=1 user=v password=p sslrootcert=system sslcrl=x connect_timeout=3",
            "postgresql:///?user=u&sslrootcert=system&sslcrl=x",
        ] {
            assert!(first == request(string, None, &nothing), "{string}");
        }
    }

    #[test]
    fn every_file_that_may_be_read_may_keep_the_reader_waiting() {
        let string = "user=u host=h sslrootcert=a sslcrl=b sslcrldir=c sslcert=d sslkey=e";
        let home = Fake::default();
        let files = request(string, None, &home).files();
        let of_home = ["root.crt", "root.crl", "postgresql.crt", "postgresql.key"];
        let of_home = of_home.map(|name| crate::os::home_files(Path::new("/home/me")).join(name));
        let named = ["a", "b", "c", "d", "e"].map(PathBuf::from);
        assert_eq!(files, [&named[..], &of_home[..]].concat());
        let choice = Choice::File("f".into());
        let files = request(string, Some(&choice), &home).files();
        assert_eq!(files.first(), Some(&PathBuf::from("f")));
        assert!(!files.contains(&PathBuf::from("a")));
    }

    /// OpenSSL takes the certificates of a CRL file for roots, but only libpq's own root file calls for that file.
    #[test]
    #[cfg_attr(windows, ignore = "its paths are those of Unix")]
    fn certificates_beside_the_crls_are_no_roots_of_ours() {
        use crate::x509::AnchorStore as _;

        let files = Files::new();
        let beside = &files.certificate;
        let key = rcgen::KeyPair::generate().unwrap();
        let mut other = rcgen::CertificateParams::new(["other".to_owned()]).unwrap();
        let mut name = rcgen::DistinguishedName::new();
        name.push(rcgen::DnType::CommonName, "other root");
        other.distinguished_name = name;
        let path = files.directory.path().join("other.crt");
        std::fs::write(&path, other.self_signed(&key).unwrap().pem()).unwrap();
        let machine = Fake::without_user();
        let trust = |roots: &str, choice: Option<&Choice>| {
            let string = format!("user=u host=h sslmode=verify-full sslcrl={beside} {roots}");
            Trust::gather(&request(&string, choice, &machine)).unwrap()
        };
        let chosen = |path: &str| trust(&format!("sslrootcert={path}"), None);
        let root = chosen(beside).listed()[0].clone();
        let of_file = format!("sslrootcert={}", path.display());
        for (roots, choice, anchors, checks) in [
            (&*of_file, None, 1, true),
            (&of_file, Some(Choice::File(path.clone())), 0, true),
            (&of_file, Some(Choice::Mozilla), 0, true),
            (&of_file, Some(Choice::System), 0, true),
            ("sslrootcert=system", Some(Choice::Mozilla), 0, true),
            // libpq reads none with the machine's roots.
            ("sslrootcert=system", None, 0, false),
            ("sslrootcert=system", Some(Choice::System), 0, false),
            ("", None, 0, true),
        ] {
            let trust = trust(roots, choice.as_ref());
            let found = trust.by_subject(&root.subject);
            assert_eq!(found.len(), anchors, "{roots} {choice:?}");
            assert_eq!(trust.crls.is_some(), checks, "{roots} {choice:?}");
        }
    }

    #[test]
    fn no_password_shows() {
        let request = request("user=u host=h sslpassword=Zq", None, &Fake::without_user());
        assert!(!format!("{request:?}").contains("Zq"));
    }

    /// It cannot be decrypted: another password gives another error.
    const LOCKED_KEY: &str =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n";
}

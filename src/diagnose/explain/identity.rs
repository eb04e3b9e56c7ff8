//! Certificate and key files that cannot be used, of a client or of a server.

use std::path::{Path, PathBuf};

use super::archive::is_legacy;
use super::convert::{Purpose, Repair, Side, repair, unglue};
use super::corrected;
use super::files::{beside, converting, misspelled, not_a_path, quoted_path};
use crate::conninfo::{ConnInfo, Keyword, shown_path};
use crate::diagnose::{Code, Contents, Finding, Fix, Hint, Stage};
use crate::escape::escape;
use crate::os::{self, Shell, User};
use crate::trust::file::{Form, PemFault};
use crate::trust::{ChainFault, Custody, IdentityError, KeyFault};

/// Whose certificate and key.
#[derive(Clone, Copy)]
pub(super) enum Owner<'a> {
    Client(Option<&'a ConnInfo>),
    Server,
}

/// What is wrong with a certificate or key file, for any owner.
enum Flaw {
    CertificateMissing,
    CertificateInvalid,
    KeyMissing,
    KeyInvalid,
    KeyMismatch,
}

impl<'a> Owner<'a> {
    fn code(self, flaw: Flaw) -> Code {
        match (self, flaw) {
            (Self::Client(_), Flaw::CertificateMissing) => Code::ClientCertFileMissing,
            (Self::Client(_), Flaw::CertificateInvalid) => Code::ClientCertFileInvalid,
            (Self::Client(_), Flaw::KeyMissing) => Code::ClientKeyFileMissing,
            (Self::Client(_), Flaw::KeyInvalid) => Code::ClientKeyFileInvalid,
            (Self::Client(_), Flaw::KeyMismatch) => Code::ClientKeyMismatch,
            (Self::Server, Flaw::CertificateMissing) => Code::ServerCertFileMissing,
            (Self::Server, Flaw::CertificateInvalid) => Code::ServerCertFileInvalid,
            (Self::Server, Flaw::KeyMissing) => Code::ServerKeyFileMissing,
            (Self::Server, Flaw::KeyInvalid) => Code::ServerKeyFileInvalid,
            (Self::Server, Flaw::KeyMismatch) => Code::ServerKeyMismatch,
        }
    }

    /// A file that is missing because its path was written in another way.
    fn misspelled(self, keyword: Keyword, path: Option<&Path>) -> Option<Hint> {
        misspelled(self.conninfo()?, keyword, path?)
    }

    const fn conninfo(self) -> Option<&'a ConnInfo> {
        match self {
            Self::Client(conninfo) => conninfo,
            Self::Server => None,
        }
    }

    const fn side(self) -> Side {
        match self {
            Self::Client(_) => Side::Client,
            Self::Server => Side::Server,
        }
    }
}

impl Owner<'_> {
    /// What to do about a file that this user cannot read. Nobody but the server's user should read the server's key, and
    /// PostgreSQL does not start with a data directory that others can search.
    const fn to_read(self, of_client: &'static str) -> &'static str {
        match self {
            Self::Client(_) => of_client,
            Self::Server => {
                "It must be a regular file. Run pgtls as the user of the server, for example: sudo -u postgres pgtls verify ..."
            }
        }
    }
}

pub(super) fn identity_finding(owner: Owner<'_>, error: &IdentityError) -> Finding {
    let finding = |flaw| Finding::error(owner.code(flaw), Stage::Trust, error.to_string());
    let advice = |first: Hint, keyword, similar: &[PathBuf]| {
        let misspelled = owner.misspelled(keyword, error.path());
        let here = error.path().and_then(Path::parent);
        let neighbours: Vec<PathBuf> = similar
            .iter()
            .filter(|one| one.parent() == here)
            .cloned()
            .collect();
        let parts = [Some(first), misspelled, beside(&neighbours)];
        let meant = similar.iter().filter_map(|similar| {
            let path = shown_path(similar);
            let string = corrected(owner.conninfo()?, &[(keyword, path.as_bytes())]);
            Some(Hint::say("Did you mean this?").fix(string))
        });
        parts.into_iter().flatten().chain(meant).collect::<Hint>()
    };
    match error {
        IdentityError::CertificateMissing { similar, .. } => {
            let first = match owner {
                Owner::Client(_) => {
                    "Here psql would go on without a client certificate and without a message."
                }
                Owner::Server => "Give the file that ssl_cert_file will name.",
            };
            let first = Hint::say(first);
            finding(Flaw::CertificateMissing).hint(advice(first, Keyword::SslCert, similar))
        }
        IdentityError::CertificateInaccessible { .. } => finding(Flaw::CertificateInvalid)
            .hint(format!("Allow this user to search that directory. {} sslcertmode=disable (libpq 16 and newer).", os::SHOWN_HOME_RULE)),
        IdentityError::CertificateUnreadable { .. } => finding(Flaw::CertificateInvalid)
            .hint(owner.to_read("Allow this user to read the file.")),
        IdentityError::CertificateInvalid { path, fault } => {
            finding(Flaw::CertificateInvalid).hint(invalid_chain(owner, path, fault))
        }
        IdentityError::Swapped { path, key } => {
            let swapped = Hint::say("The two files are swapped:");
            finding(Flaw::CertificateInvalid).hint(match owner {
                Owner::Client(Some(conninfo)) => {
                    let (certificate, key) = (shown_path(key), shown_path(path));
                    swapped.fix(corrected(
                        conninfo,
                        &[
                            (Keyword::SslCert, certificate.as_bytes()),
                            (Keyword::SslKey, key.as_bytes()),
                        ],
                    ))
                }
                Owner::Client(None) | Owner::Server => swapped.fix(Fix::command(format!(
                    "pgtls verify --cert {} --key {}",
                    quoted_path(key),
                    quoted_path(path)
                ))),
            })
        }
        IdentityError::KeyMissing { similar, .. }
        | IdentityError::LoneKeyMissing { similar, .. } => {
            // A path that was written in another way is that of the right key.
            let first = match owner.misspelled(Keyword::SslKey, error.path()) {
                None => Hint::say("Give the certificate's private key."),
                Some(_) => Hint::default(),
            };
            let mut holds = Hint::default();
            if let IdentityError::KeyMissing { certificate, .. } = error
                && similar.first() == Some(certificate)
            {
                let file = shown_path(certificate);
                holds = Hint::say(format!("{file} has a private key in it, too."));
            }
            finding(Flaw::KeyMissing).hint(advice(first.and(holds), Keyword::SslKey, similar))
        }
        IdentityError::KeyUnnamed { .. } => finding(Flaw::KeyMissing)
            .hint("Set sslkey=FILE to the certificate's private key."),
        IdentityError::Engine { key } => {
            let conninfo = owner.conninfo();
            let url = conninfo.and_then(|conninfo| not_a_path(conninfo, Keyword::SslKey, key));
            finding(Flaw::KeyInvalid).hint(url.unwrap_or_else(|| "pgtls reads keys from files only.".into()))
        }
        IdentityError::KeyInaccessible { .. }
        | IdentityError::KeyNotRegular { .. }
        | IdentityError::KeyUnreadable { .. } => {
            finding(Flaw::KeyInvalid)
                .hint(owner.to_read("It must be a regular file that this user can read."))
        }
        IdentityError::KeyPermissions {
            path,
            mode,
            custody,
        } => Finding::error(Code::KeyFilePermissions, Stage::Trust, error.to_string())
            .hint(permissions(owner, path, *mode, custody)),
        IdentityError::KeyInvalid { path, fault } => {
            finding(Flaw::KeyInvalid).hint(invalid_key(owner, path, fault))
        }
        IdentityError::Mismatch {
            certificate,
            key,
            fits,
            first,
        } => finding(Flaw::KeyMismatch).hint(mismatch(owner, certificate, key, *fits, first)),
        IdentityError::NoCertificate => finding(Flaw::CertificateMissing)
            .hint("Set sslcert=FILE sslkey=FILE, or remove sslcertmode=require."),
    }
}

/// What to do about a certificate file that OpenSSL does not load.
fn invalid_chain(owner: Owner<'_>, path: &Path, fault: &ChainFault) -> Hint {
    let purpose = Purpose::Certificate(owner.side());
    let file = quoted_path(path);
    let repair = match fault {
        ChainFault::NoCertificate(form) => repair(purpose, form, &file),
        ChainFault::Pem(PemFault::Glued { .. }) => unglue(purpose, &file),
        ChainFault::WeakKey { .. } | ChainFault::WeakSignature { .. } => {
            return "OpenSSL refuses it at security level 2. Have it reissued with a key of at least RSA 2048 or ECDSA P-256, signed with SHA-256.".into();
        }
        ChainFault::Pem(_)
        | ChainFault::Encrypted { .. }
        | ChainFault::Damaged { .. }
        | ChainFault::Invalid { .. }
        | ChainFault::UnusableKey { .. } => Repair::Words(
            "It must be PEM: the certificate that belongs to the key first, then its intermediates."
                .to_owned(),
        ),
    };
    match repair {
        Repair::Words(words) => words.into(),
        Repair::Convert(command) => {
            let out = (Keyword::SslCert, purpose.out());
            let conninfo = owner.conninfo();
            // An archive also contains the key.
            let key = conninfo
                .and_then(|conninfo| conninfo.sslkey.as_ref())
                .filter(|key| key.value == path);
            match (fault, key) {
                (ChainFault::NoCertificate(form @ Form::Pkcs12(_)), Some(_)) => {
                    let of_key = Purpose::Key(owner.side());
                    let Repair::Convert(second) = self::repair(of_key, form, &file) else {
                        return converting(command, path, conninfo, &[out]);
                    };
                    let command = format!("{command} && {second}");
                    converting(
                        command,
                        path,
                        conninfo,
                        &[out, (Keyword::SslKey, of_key.out())],
                    )
                }
                _ => converting(command, path, conninfo, &[out]),
            }
        }
    }
}

/// What to do about a key file that OpenSSL, or pgtls, does not load.
fn invalid_key(owner: Owner<'_>, path: &Path, fault: &KeyFault) -> Hint {
    let purpose = Purpose::Key(owner.side());
    let file = quoted_path(path);
    let out = purpose.out();
    let decrypt = |options: &str| format!("openssl pkey{options} -in {file} -out {out}");
    let command = match fault {
        KeyFault::NoKey(form) => match repair(purpose, form, &file) {
            Repair::Words(words) => return words.into(),
            Repair::Convert(command) => command,
        },
        KeyFault::Pem(PemFault::Glued { .. }) => match unglue(purpose, &file) {
            Repair::Words(words) => return words.into(),
            Repair::Convert(command) => command,
        },
        KeyFault::PasswordMissing | KeyFault::WrongPassword => {
            let asked = match owner {
                Owner::Client(_) => {
                    "Set sslpassword to the key's passphrase. Or store the key without one (openssl asks for it):"
                }
                Owner::Server => {
                    "The server needs ssl_passphrase_command for it. pgtls verify reads unencrypted keys only (openssl asks for the passphrase):"
                }
            };
            return with_file(Hint::say(asked), owner, decrypt(""), purpose);
        }
        KeyFault::EncryptedDer => {
            let asked = "Store it as PEM, without a passphrase (openssl asks for it):";
            return with_file(Hint::say(asked), owner, decrypt(" -inform der"), purpose);
        }
        KeyFault::Pem(_) | KeyFault::Malformed => {
            return "Restore the file: it is incomplete or was changed. It must be a PEM or DER private key (PKCS#8, PKCS#1 or SEC1).".into();
        }
        KeyFault::UnsupportedEncryption { scheme } if !is_legacy(scheme) => {
            let asked = "pgtls cannot decrypt it; psql perhaps can. Store it in an encryption that both read (openssl asks for the passphrase):";
            return with_file(Hint::say(asked), owner, decrypt(" -aes256"), purpose);
        }
        KeyFault::UnsupportedEncryption { .. } => {
            let asked = "OpenSSL 3 reads it only with its legacy provider, which libpq does not load. Store it anew (openssl asks for the passphrase):";
            let command = decrypt(" -provider legacy -provider default");
            return with_file(Hint::say(asked), owner, command, purpose);
        }
        KeyFault::TooMuchWork => {
            return "Make a new key: no program asks for so many rounds of key derivation.".into();
        }
        KeyFault::UnsupportedKey { .. } | KeyFault::RsaLength { .. } => {
            return match owner {
                Owner::Client(_) => "pgtls cannot sign with it; psql may. Use a key on P-256 or of RSA 2048 bits or more.".into(),
                Owner::Server => "A server may start with it, but clients may then find no cipher in common. Use a key on P-256 or of RSA 2048 bits or more. To judge the certificate alone, leave out --key.".into(),
            };
        }
    };
    let files = [(Keyword::SslKey, out)];
    converting(command, path, owner.conninfo(), &files)
}

fn with_file(hint: Hint, owner: Owner<'_>, command: String, purpose: Purpose) -> Hint {
    let command = Fix::command(command)
        .of(purpose.out())
        .making(purpose.out(), Contents::Unknown);
    let hint = hint.fix(command);
    match owner.conninfo() {
        Some(conninfo) => hint.fix(corrected(
            conninfo,
            &[(Keyword::SslKey, purpose.out().as_bytes())],
        )),
        None => hint,
    }
}

/// Who can make a key private, and how.
fn permissions(owner: Owner<'_>, path: &Path, mode: u32, custody: &Custody) -> Hint {
    let file = quoted_path(path);
    match custody {
        Custody::Own => Hint::say(format!(
            "Its mode is {mode:04o}. Remove the access of group and others:"
        ))
        .fix(
            Fix::command(format!("chmod 600 {file}"))
                .of(shown_path(path))
                .instead_of(format!("{mode:04o}"))
                .making(path, Contents::Private),
        ),
        Custody::Kubernetes(user) => in_kubernetes(mode, *user),
        Custody::Certificate => {
            let keyword = match owner.side() {
                Side::Client => "sslkey",
                Side::Server => "ssl_key_file",
            };
            Hint::say(format!(
                "It contains a certificate, which others may read: leave its mode as it is. {keyword} must name the file with the private key."
            ))
        }
        Custody::ReadOnly => Hint::say(format!(
            "Its mode is {mode:04o}. It is on a read-only file system, where chmod fails. Set mode 0600 where it is mounted."
        ))
        .and(own_copy(owner, path)),
        Custody::Other {
            owner: uid,
            name,
            user,
        } => {
            let whose = match name {
                Some(name) => format!("{} (uid {uid})", escape(name)),
                None => format!("uid {uid}"),
            };
            let mut hint = Hint::say(format!(
                "Its mode is {mode:04o}. It is owned by {whose}, not by this user (uid {}), who cannot change that.",
                user.id
            ));
            if *uid == 0 && user.id != 0 {
                // libpq lets the group read what root owns.
                let command = format!("chgrp {} {file} && chmod 640 {file}", user.group);
                hint = hint
                    .then("As root, let only this user's group read it:")
                    .fix(Fix::command(command));
            }
            hint.and(own_copy(owner, path))
        }
    }
}

/// A copy of a key whose mode this user cannot change.
fn own_copy(owner: Owner<'_>, path: &Path) -> Hint {
    let home = owner
        .conninfo()
        .and_then(|conninfo| conninfo.home_files.as_deref()?.parent());
    let (Some(conninfo), Some(home)) = (owner.conninfo(), home) else {
        return Hint::default();
    };
    let copy = home.join("client.key");
    let command = format!(
        "install -m 600 {} {}",
        quoted_path(path),
        quoted_path(&copy)
    );
    Hint::say("Or use a copy of your own:")
        .fix(
            Fix::command(command)
                .of(shown_path(&copy))
                .making(copy.clone(), Contents::Joined(vec![path.to_owned()])),
        )
        .fix(corrected(
            conninfo,
            &[(Keyword::SslKey, shown_path(&copy).as_bytes())],
        ))
}

/// The kubelet owns the file as root; with fsGroup its group is that of the pod (`SetVolumeOwnership` in
/// Kubernetes' pkg/volume).
fn in_kubernetes(mode: u32, user: User) -> Hint {
    let mounted = format!(
        "Its mode is {mode:04o}. Kubernetes mounts it from a secret, so chmod does not help. In the pod's manifest, set:"
    );
    let hint = Hint::say(mounted);
    if user.id == 0 {
        return hint.fix(Fix::file(
            "defaultMode: 0400   # of the secret, under volumes",
        ));
    }
    hint.fix(Fix::file(
        "defaultMode: 0440   # of the secret, under volumes",
    ))
    .fix(Fix::file(format!(
        "fsGroup: {}   # under the pod's securityContext",
        user.group
    )))
    .then("Root then owns the file and this group may read it, which libpq accepts.")
}

/// Which certificate comes first, if the file has the right one; how to compare, if it does not.
fn mismatch(
    owner: Owner<'_>,
    certificate: &Path,
    key: &Path,
    fits: Option<usize>,
    first: &str,
) -> Hint {
    let file = quoted_path(certificate);
    let Some(position) = fits else {
        return Hint::say(
            "No certificate in the file belongs to this key. Compare their public keys:",
        )
        .show(format!("openssl x509 -in {file} -noout -pubkey"))
        .show(format!("openssl pkey -in {} -pubout", quoted_path(key)));
    };
    let number = position.saturating_add(1);
    let hint = Hint::say(format!(
        "The first certificate in {file} is \"{}\". The key belongs to certificate {number} in it.",
        escape(first)
    ));
    if os::SHELL == Shell::Windows {
        return hint.then("Put that one first, with an editor.");
    }
    let purpose = Purpose::Certificate(owner.side());
    let out = purpose.out();
    let count = "/-----BEGIN [A-Z0-9 ]*CERTIFICATE-----/ { n++ }";
    let command = format!(
        "(awk '{count} n == {number}' {file}; awk '{count} n && n != {number}' {file}) > {out}"
    );
    let command = Fix::command(command)
        .of(out)
        .making(out, Contents::Reordered(certificate.to_owned(), position));
    let hint = hint.then("Put that one first:").fix(command);
    match owner.conninfo() {
        Some(conninfo) => hint.fix(corrected(conninfo, &[(Keyword::SslCert, out.as_bytes())])),
        None => hint,
    }
}

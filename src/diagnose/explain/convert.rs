//! Which command turns a file into one that libpq reads.

use crate::os::{self, Shell};
use crate::trust::file::{Cipher, Endianness, Form, Kind, Packing, SshKey};

/// What the file should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// `sslrootcert`.
    Roots,
    /// `sslcrl` and `sslcrldir`.
    Crls,
    /// `sslcert`, or a server's `ssl_cert_file`.
    Certificate(Side),
    /// `sslkey`, or a server's `ssl_key_file`.
    Key(Side),
}

/// Whose certificate and key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Server,
}

/// What helps against a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Repair {
    /// No command: what to do.
    Words(String),
    /// A command that writes [`Purpose::out`].
    Convert(String),
}

impl Purpose {
    /// The file that the command writes.
    pub(super) const fn out(self) -> &'static str {
        match self {
            Self::Roots => "root-fixed.pem",
            Self::Crls => "crl-fixed.pem",
            Self::Certificate(Side::Client) => "client-fixed.crt",
            Self::Certificate(Side::Server) => "server-fixed.crt",
            Self::Key(Side::Client) => "client-fixed.key",
            Self::Key(Side::Server) => "server-fixed.key",
        }
    }

    /// The program of openssl that reads it from DER.
    const fn reader(self) -> &'static str {
        match self {
            Self::Roots | Self::Certificate(_) => "x509",
            Self::Crls => "crl",
            Self::Key(_) => "pkey",
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Roots | Self::Certificate(_) => "CERTIFICATE",
            Self::Crls => "X509 CRL",
            Self::Key(_) => "PRIVATE KEY",
        }
    }

    const fn noun(self) -> &'static str {
        match self {
            Self::Roots => "root certificate",
            Self::Crls => "CRL",
            Self::Certificate(Side::Client) => "client certificate",
            Self::Certificate(Side::Server) => "server certificate",
            Self::Key(Side::Client) => "private key of the client certificate",
            Self::Key(Side::Server) => "private key of the server certificate",
        }
    }

    const fn kind(self) -> Kind {
        match self {
            Self::Roots | Self::Certificate(_) => Kind::Certificate,
            Self::Crls => Kind::Crl,
            Self::Key(_) => Kind::PrivateKey,
        }
    }

    /// A command whose output goes to the new file; that of a key is readable by its owner only.
    fn written(self, command: &str) -> String {
        let out = self.out();
        match self {
            Self::Roots | Self::Crls | Self::Certificate(_) => format!("{command} > {out}"),
            Self::Key(_) => format!("(umask 077; {command} > {out})"),
        }
    }
}

/// What to do about a file of this form; `file` is its path, quoted for a shell.
pub(super) fn repair(purpose: Purpose, form: &Form, file: &str) -> Repair {
    suited(os::SHELL, posix(purpose, form, file), || {
        in_an_editor(purpose, form)
    })
}

/// The same, or, where the shell does not have the tools of the command, what to do without them.
fn suited(shell: Shell, repair: Repair, otherwise: impl FnOnce() -> String) -> Repair {
    match (shell, repair) {
        (Shell::Windows, Repair::Convert(command)) if !is_everywhere(&command) => {
            Repair::Words(otherwise())
        }
        (Shell::Posix | Shell::Windows, repair) => repair,
    }
}

/// Only a program that Windows may have, too, and nothing of the shell: `>` writes UTF-16 in Windows PowerShell 5.1.
fn is_everywhere(command: &str) -> bool {
    let programs = ["openssl ", "keytool ", "puttygen "];
    programs.iter().any(|name| command.starts_with(name)) && !command.contains(['|', '>', '<', '&'])
}

fn in_an_editor(purpose: Purpose, form: &Form) -> String {
    let label = purpose.label();
    match form {
        Form::Utf16(_) => "It is UTF-16, as Windows PowerShell writes it with >. Save it as UTF-8: in Notepad, \"Save as\" with the encoding UTF-8.".to_owned(),
        Form::Nul { .. } => "Save it again with an editor, without the NUL bytes.".to_owned(),
        Form::EscapedNewlines => "Replace the two characters \\n by a line break everywhere, with an editor.".to_owned(),
        Form::OneLine => "Put the BEGIN line, the text after it and the END line on lines of their own, with an editor.".to_owned(),
        Form::CarriageReturns => "Save it again with an editor, with line ends of Windows (CR LF) or of Unix (LF).".to_owned(),
        Form::Dashes { .. } => format!("Write five hyphens before and after BEGIN {label} and END {label}, without blanks, with an editor."),
        Form::Indented { .. } => "Remove what is before BEGIN and END, and the white space at the beginning of each line, with an editor.".to_owned(),
        Form::Base64OfPem => "It is a PEM file in base64. Decode it with: certutil -decode FILE NEW-FILE".to_owned(),
        Form::Base64OfDer(_) => format!("Put the line -----BEGIN {label}----- before it and the line -----END {label}----- after it, with an editor."),
        Form::JavaKeyStore => "It is a Java key store. Export the entry as PEM: keytool -exportcert -rfc -keystore FILE -alias NAME -file NEW-FILE. For a key, import the store into a PKCS#12 file first.".to_owned(),
        Form::Packed(_) => "Unpack it, and name the PEM file that was in it.".to_owned(),
        Form::Empty
        | Form::KubernetesManifest
        | Form::CertificateDer
        | Form::CrlDer
        | Form::KeyDer
        | Form::Pkcs7Der
        | Form::Pkcs12(_)
        | Form::OtherDer
        | Form::Html
        | Form::Putty
        | Form::SshPublicKey
        | Form::Pem(_)
        | Form::Text => format!("Save it as PEM: a text file with a BEGIN {label} line."),
    }
}

/// The commands of Unix.
fn posix(purpose: Purpose, form: &Form, file: &str) -> Repair {
    let out = purpose.out();
    let convert = |command: String| Repair::Convert(command);
    let write = |command: String| Repair::Convert(purpose.written(&command));
    match form {
        Form::CertificateDer | Form::CrlDer | Form::KeyDer if !fits(purpose, form) => {
            wrong_thing(purpose)
        }
        Form::CertificateDer | Form::CrlDer | Form::KeyDer => convert(format!(
            "openssl {} -inform der -in {file} -out {out}",
            purpose.reader()
        )),
        Form::Pkcs7Der | Form::Pem(Kind::Pkcs7) => match purpose {
            Purpose::Key(_) => wrong_thing(purpose),
            Purpose::Roots | Purpose::Crls | Purpose::Certificate(_) => {
                let form = if *form == Form::Pkcs7Der { " -inform der" } else { "" };
                convert(format!("openssl pkcs7{form} -in {file} -print_certs -out {out}"))
            }
        },
        Form::Pkcs12(cipher) => {
            let legacy = match cipher {
                Cipher::Usual => "",
                Cipher::Legacy => " -legacy",
            };
            let part = match purpose {
                // -nodes means the same in OpenSSL 1.1.1 and 3.
                Purpose::Key(_) => "-nocerts -nodes",
                Purpose::Roots | Purpose::Crls | Purpose::Certificate(_) => "-nokeys",
            };
            convert(format!("openssl pkcs12{legacy} -in {file} {part} -out {out}"))
        }
        Form::JavaKeyStore => match purpose {
            Purpose::Key(_) => convert(format!(
                "keytool -importkeystore -srckeystore {file} -destkeystore key.p12 -deststoretype PKCS12 && openssl pkcs12 -in key.p12 -nocerts -nodes -out {out}"
            )),
            Purpose::Roots | Purpose::Crls | Purpose::Certificate(_) => {
                write(format!("keytool -list -rfc -keystore {file}"))
            }
        },
        Form::Utf16(endianness) => {
            let encoding = match endianness {
                Endianness::Marked => "UTF-16",
                Endianness::Little => "UTF-16LE",
                Endianness::Big => "UTF-16BE",
            };
            write(format!("iconv -f {encoding} -t UTF-8 {file}"))
        }
        Form::Nul { .. } => write(format!("tr -d '\\000' < {file}")),
        Form::EscapedNewlines => write(format!("{LINE_BREAKS_OF_ESCAPES} {file}")),
        Form::OneLine => write(format!("{LINE_BREAKS} {file}")),
        Form::CarriageReturns => write(format!("tr '\\r' '\\n' < {file}")),
        Form::Indented { .. } => write(format!("{WITHOUT_PREFIX} {file}")),
        Form::Dashes { .. } => write(format!("{HYPHENS} {file}")),
        Form::Base64OfPem => write(format!("base64 -d {file}")),
        Form::Base64OfDer(kind) if *kind == purpose.kind() => convert(format!(
            "base64 -d {file} | openssl {} -inform der -out {out}",
            purpose.reader()
        )),
        Form::Putty => match purpose {
            Purpose::Key(_) => convert(format!("puttygen {file} -O private-openssh -o {out}")),
            Purpose::Roots | Purpose::Crls | Purpose::Certificate(_) => wrong_thing(purpose),
        },
        Form::Pem(Kind::SshKey(key)) => match (purpose, key) {
            (Purpose::Key(_), SshKey::Convertible) => convert(format!(
                "(umask 077; cat {file} > {out}) && ssh-keygen -p -m PEM -N '' -f {out}"
            )),
            (Purpose::Key(_), SshKey::Own) => Repair::Words(
                "OpenSSH keeps keys of this kind in its own form only. Make a new key: openssl ecparam -name prime256v1 -genkey -noout -out client.key, and have a certificate issued for it."
                    .to_owned(),
            ),
            (Purpose::Roots | Purpose::Crls | Purpose::Certificate(_), _) => wrong_thing(purpose),
        },
        Form::Pem(Kind::Request) => Repair::Words(match purpose {
            Purpose::Certificate(_) => {
                "It is only the request. Send it to the certificate authority, and use the certificate that comes back.".to_owned()
            }
            Purpose::Roots | Purpose::Crls | Purpose::Key(_) => wanted(purpose),
        }),
        Form::Pem(Kind::PublicKey) | Form::SshPublicKey => Repair::Words(match purpose {
            Purpose::Key(_) => {
                format!("A public key proves nothing. {}", wanted(purpose))
            }
            Purpose::Roots | Purpose::Crls | Purpose::Certificate(_) => {
                format!("A public key is not a certificate. {}", wanted(purpose))
            }
        }),
        Form::Packed(packing) => {
            // gunzip alone wants a name that ends in .gz.
            let command = match packing {
                Packing::Zip => format!("unzip {file}"),
                Packing::Gzip => purpose.written(&format!("gunzip -c {file}")),
                Packing::Tar => format!("tar -xf {file}"),
                Packing::Bzip2 => purpose.written(&format!("bunzip2 -c {file}")),
                Packing::Xz => purpose.written(&format!("xz -dc {file}")),
                Packing::Zstd => purpose.written(&format!("zstd -dc {file}")),
            };
            Repair::Words(format!(
                "Unpack it ({command}), and name the PEM file that was in it."
            ))
        }
        Form::KubernetesManifest => {
            let key = match purpose {
                Purpose::Roots => "ca",
                Purpose::Certificate(_) => "tls",
                Purpose::Key(_) | Purpose::Crls => return wrong_thing(purpose),
            };
            let command = format!(
                "kubectl get secret NAME -o jsonpath='{{.data.{key}\\.crt}}' | base64 -d"
            );
            let command = purpose.written(&command);
            Repair::Words(format!("Decode its value {key}.crt: {command}"))
        }
        Form::Empty | Form::Html | Form::Text => Repair::Words(match purpose {
            Purpose::Key(_) => wanted(purpose),
            Purpose::Roots | Purpose::Crls | Purpose::Certificate(_) => format!(
                "Get the {} again, as PEM (a text file with a BEGIN {} line).",
                purpose.noun(),
                purpose.label()
            ),
        }),
        Form::OtherDer
        | Form::Base64OfDer(_)
        | Form::Pem(
            Kind::Certificate | Kind::Crl | Kind::PrivateKey | Kind::Parameters | Kind::Other,
        ) => wrong_thing(purpose),
    }
}

fn fits(purpose: Purpose, form: &Form) -> bool {
    match purpose {
        Purpose::Roots | Purpose::Certificate(_) => *form == Form::CertificateDer,
        Purpose::Crls => *form == Form::CrlDer,
        Purpose::Key(_) => *form == Form::KeyDer,
    }
}

fn wrong_thing(purpose: Purpose) -> Repair {
    Repair::Words(wanted(purpose))
}

fn wanted(purpose: Purpose) -> String {
    let setting = match purpose {
        Purpose::Roots => "sslrootcert must name the certificate authority's root certificate",
        Purpose::Crls => "sslcrl must name the certificate authority's CRL",
        Purpose::Certificate(Side::Client) => "sslcert must name the client's certificate",
        Purpose::Certificate(Side::Server) => "--cert must name the server's certificate",
        Purpose::Key(Side::Client) => "sslkey must name the private key of the client certificate",
        Purpose::Key(Side::Server) => "--key must name the private key of the server certificate",
    };
    format!("{setting}, a file with a BEGIN {} line.", purpose.label())
}

/// Takes from each line what stands before BEGIN: indentation, marks of a mail or a diff, or numbers, which differ.
const WITHOUT_PREFIX: &str = r#"awk 'function plain(s) { gsub(/[0-9]/, " ", s); return s } match($0, /-----BEGIN/) { n = RSTART; p = plain(substr($0, 1, n - 1)) } { if (n > 1 && plain(substr($0, 1, n - 1)) == p) $0 = substr($0, n); sub(/^.*-----BEGIN/, "-----BEGIN"); sub(/^[ \t]+/, ""); print }'"#;

/// Writes five hyphens around each BEGIN and END. The bytes of other dashes are signs only in the right locale.
const HYPHENS: &str =
    r"LC_ALL=C sed -E 's/^[^A-Z]*((BEGIN|END) [A-Z0-9 ]*[A-Z])[^A-Z]*$/-----\1-----/'";

/// Puts every BEGIN and END on a line of its own; quotation marks, commas, and signs at the end of a line are of JSON
/// or of a program.
const LINE_BREAKS: &str = r#"awk '{ sub(/\\[ \t\r]*$/, ""); sub(/"[ \t]*\+[ \t\r]*$/, ""); gsub(/[",]/, ""); gsub(/-----BEGIN [A-Z0-9 ]*-----/, "\n&\n"); gsub(/-----END [A-Z0-9 ]*-----/, "\n&\n"); n = split($0, line, "\n"); for (i = 1; i <= n; i++) if (line[i] !~ /^[ \t\r]*$/) print line[i] }'"#;

/// The same for the two characters `\n`.
const LINE_BREAKS_OF_ESCAPES: &str = r#"awk '{ gsub(/[",]/, ""); gsub(/\\r/, ""); gsub(/\\n/, "\n"); gsub(/-----BEGIN/, "\n&"); n = split($0, line, "\n"); for (i = 1; i <= n; i++) if (line[i] !~ /^[ \t\r]*$/) print line[i] }'"#;

/// Puts a BEGIN that follows an END on a line of its own.
pub(super) fn unglue(purpose: Purpose, file: &str) -> Repair {
    let command = purpose.written(&format!(
        r#"awk '{{ gsub(/----------BEGIN/, "-----\n-----BEGIN"); print }}' {file}"#
    ));
    suited(os::SHELL, Repair::Convert(command), || {
        "Put each BEGIN that follows an END on a line of its own, with an editor.".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(windows, ignore = "the commands are those of Unix")]
    fn what_contains_a_key_is_written_for_its_owner_only() {
        for form in [Form::OneLine, Form::Base64OfPem, Form::CarriageReturns] {
            let Repair::Convert(command) = repair(Purpose::Key(Side::Client), &form, "k") else {
                panic!("{form:?}");
            };
            assert!(command.starts_with("(umask 077; "), "{command}");
        }
    }

    #[test]
    fn the_wrong_thing_is_not_converted() {
        for (purpose, form) in [
            (Purpose::Roots, Form::KeyDer),
            (Purpose::Roots, Form::CrlDer),
            (Purpose::Key(Side::Client), Form::CertificateDer),
            (Purpose::Key(Side::Client), Form::Pkcs7Der),
            (Purpose::Crls, Form::Base64OfDer(Kind::Certificate)),
            (Purpose::Certificate(Side::Server), Form::Putty),
        ] {
            let repair = repair(purpose, &form, "f");
            assert!(matches!(repair, Repair::Words(_)), "{repair:?}");
        }
    }
}

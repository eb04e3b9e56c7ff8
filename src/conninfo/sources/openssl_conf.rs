//! What the machine's OpenSSL configuration demands beyond what is built in. libpq obeys it.

use std::path::{Path, PathBuf};

use crate::conninfo::World;

/// A configuration that makes OpenSSL stricter than pgtls judges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StricterOpenSsl {
    /// The file.
    pub path: PathBuf,
    /// The settings in it, as `Name = value`.
    pub settings: Vec<String>,
}

impl StricterOpenSsl {
    /// Reads the file that OpenSSL reads (`CONF_get1_default_config_file`): `OPENSSL_CONF`, or else
    /// `openssl.cnf` where distributions have it. Files that it includes are not read.
    pub(in crate::conninfo) fn read(world: &dyn World) -> Option<Self> {
        let (path, bytes) = match world.var("OPENSSL_CONF") {
            Some(named) => {
                let path = PathBuf::from(named);
                let bytes = world.read(&path).ok()?;
                (path, bytes)
            }
            None => DEFAULTS.iter().find_map(|path| {
                let path = Path::new(path);
                Some((path.to_owned(), world.read(path).ok()?))
            })?,
        };
        let settings = stricter(&String::from_utf8_lossy(&bytes));
        (!settings.is_empty()).then_some(Self { path, settings })
    }
}

/// Debian, Alpine and SUSE; the Red Hat family.
const DEFAULTS: [&str; 2] = ["/etc/ssl/openssl.cnf", "/etc/pki/tls/openssl.cnf"];

/// The settings that can make libpq refuse what the built-in values accept (`SSL_CONF_cmd`).
fn stricter(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| line.split('#').next()?.split_once('='))
        .map(|(name, value)| (name.trim(), value.trim()))
        .filter(|(name, value)| is_stricter(name, value))
        .map(|(name, value)| format!("{name} = {value}"))
        .take(MAX_SETTINGS)
        .collect()
}

/// Settings that are shown.
const MAX_SETTINGS: usize = 5;

fn is_stricter(name: &str, value: &str) -> bool {
    match name.to_ascii_lowercase().as_str() {
        "cipherstring" => value
            .split([':', ',', ' ', '@'])
            .any(|word| !BUILT_IN.contains(&word.to_ascii_uppercase().as_str())),
        "minprotocol" => value.eq_ignore_ascii_case("TLSv1.3"),
        "groups" | "curves" | "signaturealgorithms" | "ciphersuites" => true,
        _ => false,
    }
}

/// Words of a CipherString that demand no more than what is built in.
const BUILT_IN: [&str; 6] = [
    "",
    "DEFAULT",
    "ALL",
    "SECLEVEL=0",
    "SECLEVEL=1",
    "SECLEVEL=2",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_stricter_than_built_in_counts() {
        for (line, counts) in [
            ("CipherString = DEFAULT:@SECLEVEL=3", true),
            ("CipherString=DEFAULT@SECLEVEL=2", false),
            ("CipherString = DEFAULT:@SECLEVEL=0", false),
            ("CipherString = HIGH", true),
            ("MinProtocol = TLSv1.2", false),
            ("MinProtocol = TLSv1.3 # new", true),
            ("Groups = X25519", true),
            ("Curves=P-256", true),
            ("#Groups = X25519", false),
            ("certs = $dir/cacert.pem", false),
        ] {
            assert_eq!(!stricter(line).is_empty(), counts, "{line}");
        }
    }
}

//! Paths of Windows in TOML, where a backslash within double quotes begins an escape: `c:\temp` has a tab in it.

/// The settings whose values are files.
const FILES: [&str; 6] = [
    "sslrootcert=",
    "sslcert=",
    "sslkey=",
    "sslcrl=",
    "sslcrldir=",
    "passfile=",
];

/// Does the raw text of a value have a path on a drive whose backslashes TOML takes for escapes?
pub(super) fn escaped(raw: &str) -> bool {
    // In single quotes nothing is an escape.
    if raw.trim_start().starts_with('\'') {
        return false;
    }
    FILES
        .iter()
        .flat_map(|key| raw.split(key).skip(1))
        .any(on_drive)
}

fn on_drive(value: &str) -> bool {
    let value = value.trim_start_matches('\'');
    let end = |c: char| c.is_whitespace() || "\"'&;".contains(c);
    let path = value.split(end).next().unwrap_or_default();
    let mut characters = path.chars();
    let drive = characters.next().is_some_and(|c| c.is_ascii_alphabetic());
    let rest = characters.as_str().strip_prefix(':');
    // Two backslashes are one backslash.
    let rest = rest.map(|rest| rest.replace(r"\\", "/"));
    drive && rest.is_some_and(|rest| rest.contains('\\'))
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn a_single_backslash_after_a_drive_is_an_escape() {
        for raw in [
            r#""host=a sslrootcert=c:\temp\root.crt""#,
            r#""host=a sslcrl='c:\ssl\a.crl' user=u""#,
            r#""host=a sslkey=c:\\ssl\root.key sslmode=require""#,
            r#""postgresql://a/?sslrootcert=C:\root.crt&sslmode=verify-full""#,
            r#""host=a sslrootcert=c:relative\root.crt""#,
        ] {
            assert!(escaped(raw), "{raw}");
        }
        for raw in [
            r#""host=a sslrootcert=c:/temp/root.crt""#,
            r#""host=a sslrootcert=c:\\temp\\root.crt""#,
            r"'host=a sslrootcert=c:\temp\root.crt'",
            r#""host=a sslrootcert=root.crt password=a:\tb""#,
            r#""host=a\tsslrootcert=root.crt""#,
            r#""host=a sslrootcert=cé\t""#,
            "",
        ] {
            assert!(!escaped(raw), "{raw}");
        }
    }
}

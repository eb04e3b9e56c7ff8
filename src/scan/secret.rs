//! Whether a value is a secret, or only stands for one.

/// Words that stand for a password in documentation and templates.
const PLACEHOLDERS: &[&str] = &[
    "password",
    "passwd",
    "pass",
    "pw",
    "pwd",
    "changeme",
    "changeit",
    "replaceme",
    "placeholder",
    "redacted",
    "dummy",
    "example",
    "todo",
    "tbd",
    "fixme",
    "none",
    "null",
    "undefined",
    "true",
    "false",
    "hidden",
    "masked",
    "yourpassword",
    "mypassword",
    "userpassword",
    "dbpassword",
    "databasepassword",
    "mysecretpassword",
];

/// What a secret store replaces.
const REFERENCES: &[&str] = &[
    "ENC[",
    "ENC(",
    "vault:",
    "{cipher}",
    "op://",
    "arn:",
    "ssm:",
    "@Microsoft.KeyVault",
    "secret://",
    "sm://",
    "projects/",
    "awssm://",
    "ref+",
    "file:",
    "keyring:",
    "!vault",
    "$ANSIBLE_VAULT",
    "Ag",
    "AQICAH",
];

/// Whether a reader of the file knows the password.
pub(super) fn is_one(password: &str) -> bool {
    let plain: String = password
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .collect::<String>()
        .to_ascii_lowercase();
    let is_one_letter = |text: &str| {
        text.chars()
            .next()
            .is_some_and(|first| text.chars().all(|c| c == first))
    };
    let names_a_placeholder = ["your", "changeme", "placeholder", "redacted", "replace"]
        .iter()
        .any(|word| plain.starts_with(word));
    let is_reference = REFERENCES
        .iter()
        // Sealed secrets are long, and begin with two letters.
        .any(|start| password.starts_with(start) && (start.len() > 2 || password.len() > 200));
    !(plain.is_empty()
        || password.chars().count() == 1
        || is_one_letter(&plain) && plain.starts_with('x')
        || is_one_letter(password) && password.len() > 2
        || PLACEHOLDERS.contains(&plain.as_str())
        || names_a_placeholder
        || is_reference)
}

/// Whether it is a word that people choose for a database of their own, and not to keep it secret.
pub(super) fn is_casual(password: &str, names: &[&str]) -> bool {
    let lower = password.to_ascii_lowercase();
    [
        "postgres",
        "postgresql",
        "admin",
        "root",
        "test",
        "testing",
        "secret",
        "dev",
        "local",
        "app",
        "demo",
        "123456",
        "1234",
    ]
    .contains(&lower.as_str())
        || names.iter().any(|name| name.eq_ignore_ascii_case(password))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_and_references_are_no_secrets() {
        for password in [
            "",
            "password",
            "PASSWORD",
            "change_me",
            "change-me-please",
            "your-password-here",
            "xxxx",
            "********",
            "...",
            "ENC[AES256_GCM,data:x]",
            "vault:secret/data/db#password",
            "arn:aws:secretsmanager:x",
        ] {
            assert!(!is_one(password), "{password}");
        }
        for password in [
            "hunter2",
            "s3cr3t",
            "secret",
            "correct horse",
            "postgres",
            "Ag12",
        ] {
            assert!(is_one(password), "{password}");
        }
        assert!(is_casual("app", &["app"]));
        assert!(is_casual("postgres", &[]));
        assert!(!is_casual("hunter2", &["app"]));
    }
}

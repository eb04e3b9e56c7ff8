//! `openssl verify`, set up as libpq sets OpenSSL up.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::world::{Made, Outcome};
use crate::support::certs::pem;

/// `directory` is for this call alone.
pub(crate) fn judge(made: &Made, directory: &Path) -> Outcome {
    let write = |name: &str, text: String| {
        let path = directory.join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let certificates =
        |list: &[Vec<u8>]| -> String { list.iter().map(|der| pem("CERTIFICATE", der)).collect() };
    let anchors = made
        .anchors
        .iter()
        .map(|(label, der)| pem(label, der))
        .collect();
    let mut command = Command::new("openssl");
    command
        .args([
            "verify",
            "-no-CApath",
            "-no-CAstore",
            "-verify_name",
            "ssl_server",
        ])
        .args([
            "-purpose",
            "sslserver",
            "-auth_level",
            "2",
            "-attime",
            &made.now.to_string(),
        ])
        .arg("-CAfile")
        .arg(write("anchors.pem", anchors))
        .arg("-untrusted")
        .arg(write("presented.pem", certificates(&made.presented)));
    if made.revocation {
        command.args(["-crl_check", "-crl_check_all"]);
    }
    if !made.crls.is_empty() {
        let crls = made.crls.iter().map(|der| pem("X509 CRL", der)).collect();
        command.arg("-CRLfile").arg(write("crls.pem", crls));
    }
    let leaf = write("leaf.pem", certificates(&made.presented[..1]));
    let output = command.arg(leaf).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let code = errors
        .lines()
        .find_map(|line| line.strip_prefix("error ")?.split(' ').next()?.parse().ok());
    let passes = output.status.success();
    Outcome {
        passes,
        code,
        unreadable: !passes && code.is_none(),
        text: errors,
    }
}

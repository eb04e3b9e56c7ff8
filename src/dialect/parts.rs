//! What several dialects do alike with the parts of a string.

use super::settings::Param;
use super::url::{Rules, Url};
use super::{Dialect, Fault, Reading};
use crate::conninfo::{Keyword, SslMode, World};

/// Sets the hosts and their ports. Without any, the driver connects to `default`.
pub(super) fn set_hosts(reading: &mut Reading, hosts: &[(String, String)], default: Option<&str>) {
    let names: Vec<&str> = hosts
        .iter()
        .map(|(host, _)| match (host.as_str(), default) {
            ("", Some(default)) => default,
            (host, _) => host,
        })
        .collect();
    let joined = names.join(",");
    if !joined.is_empty() {
        reading.set(Keyword::Host, joined);
    }
    if hosts.iter().any(|(_, port)| !port.is_empty()) {
        let ports: Vec<&str> = hosts
            .iter()
            .map(|(_, port)| if port.is_empty() { DEFAULT_PORT } else { port })
            .collect();
        reading.set(Keyword::Port, ports.join(","));
    }
}

pub(super) const DEFAULT_PORT: &str = "5432";

/// Sets host, user, password and database from the parts of a URL.
pub(super) fn set_url(reading: &mut Reading, url: &Url, default_host: Option<&str>) {
    set_hosts(reading, &url.hosts, default_host);
    let parts = [
        (Keyword::User, url.user.as_ref()),
        (Keyword::Password, url.password.as_ref()),
        (Keyword::Dbname, url.path.as_ref()),
    ];
    for (keyword, value) in parts {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            reading.set(keyword, value.as_bytes());
        }
    }
}

/// What follows `scheme://`, for one of the schemes.
pub(super) fn behind_scheme<'t>(text: &'t str, schemes: &[&str]) -> Option<&'t str> {
    let (scheme, rest) = text.split_once("://")?;
    schemes.contains(&scheme).then_some(rest)
}

/// A URL with one of the schemes, taken apart.
pub(super) fn url(text: &str, schemes: &[&str], rules: &Rules) -> Result<Url, Fault> {
    match behind_scheme(text, schemes) {
        Some(rest) => rules.split(rest),
        None => Err(not_its_form(rules.dialect, schemes)),
    }
}

/// The string does not begin as those of the driver do.
pub(super) fn not_its_form(dialect: Dialect, schemes: &[&str]) -> Fault {
    let forms: Vec<String> = schemes
        .iter()
        .map(|scheme| format!("{scheme}://"))
        .collect();
    Fault::refused(
        dialect,
        format!("its strings begin with {}", forms.join(" or ")),
    )
}

/// Sets a mode.
pub(super) fn set_mode(reading: &mut Reading, mode: SslMode) {
    reading.set(Keyword::SslMode, mode.to_string());
}

/// The roots of a runtime (Java's, Node's, the operating system's): libpq can use them only with the name checked.
pub(super) fn set_runtime_roots(reading: &mut Reading, whose: &str) {
    if reading.get(Keyword::SslMode) == Some(b"verify-ca") {
        reading.warn(
            "sslmode",
            format!(
                "{} checks the chain with {whose}, and not the name; libpq checks the name, too, when it uses the system's roots",
                reading.dialect.driver()
            ),
        );
        set_mode(reading, SslMode::VerifyFull);
    }
    reading.set(Keyword::SslRootCert, "system");
    reading.info(
        "sslrootcert",
        format!(
            "none is set: {} trusts {whose}; the nearest in libpq are the system's roots",
            reading.dialect.driver()
        ),
    );
}

/// The roots of Node.js.
pub(super) fn set_node_roots(reading: &mut Reading, world: &dyn World) {
    const VARIABLE: &str = "NODE_EXTRA_CA_CERTS";
    set_runtime_roots(reading, "Node's own roots and those of NODE_EXTRA_CA_CERTS");
    if world.var(VARIABLE).is_some_and(|value| !value.is_empty()) {
        reading.info(
            VARIABLE,
            "it is set here: Node.js trusts the roots in that file, too. To check with them, name the file: --trust FILE",
        );
    }
}

/// Npgsql and others: `PGSSLROOTCERT`, then `~/.postgresql/root.crt`, then the roots of the runtime.
pub(super) fn set_home_or_runtime_roots(reading: &mut Reading, world: &dyn World, whose: &str) {
    let variable = world.var("PGSSLROOTCERT").filter(|value| !value.is_empty());
    let file = world
        .home()
        .map(|home| crate::os::home_files(&home).join("root.crt"));
    let exists = file.is_some_and(|file| world.read(&file).is_ok());
    if variable.is_none() && !exists {
        set_runtime_roots(reading, whose);
    }
}

/// Whether a mode verifies the server.
pub(super) fn verifies(mode: SslMode) -> bool {
    mode >= SslMode::VerifyCa
}

/// A root file where the driver verifies; where it does not, libpq must not see the file, because it would verify.
///
/// # Errors
/// The driver opens a file without a name, where libpq would use its default.
pub(super) fn set_root(
    reading: &mut Reading,
    name: &str,
    mode: SslMode,
    file: &str,
) -> Result<(), Fault> {
    if verifies(mode) && file.is_empty() {
        return Err(Fault::refused_but(
            reading.dialect,
            format!("{name} is empty, and there is no file without a name"),
            format!("Remove {name}, or write {name}=FILE."),
        ));
    }
    if verifies(mode) {
        reading.set(Keyword::SslRootCert, file);
    } else {
        reading.warn(
            name,
            format!(
                "{} does not read it in this mode, so it is left out: nothing is verified",
                reading.dialect.driver()
            ),
        );
    }
    Ok(())
}

/// A client certificate or key; libpq cannot read PKCS#12.
pub(super) fn set_identity(reading: &mut Reading, keyword: Keyword, name: &str, file: &str) {
    let lower = file.to_ascii_lowercase();
    if lower.ends_with(".p12") || lower.ends_with(".pfx") {
        reading.warn(
            name,
            "libpq cannot read PKCS#12, so no client certificate is sent here: to try it, convert the file to PEM",
        );
    } else {
        reading.set(keyword, file);
    }
}

/// The settings without those that repeat a name.
pub(super) fn first_of_each(params: Vec<Param>) -> Vec<Param> {
    let mut first: Vec<Param> = Vec::new();
    for param in params {
        if !first.iter().any(|earlier| earlier.name == param.name) {
            first.push(param);
        }
    }
    first
}

/// The settings without those that a later one of the same name replaces.
pub(super) fn last_of_each(params: Vec<Param>) -> Vec<Param> {
    let mut last: Vec<Param> = Vec::new();
    for param in params {
        last.retain(|earlier| earlier.name != param.name);
        last.push(param);
    }
    last
}

/// Whether a setting has this name.
pub(super) fn find<'p>(params: &'p [Param], name: &str) -> Option<&'p str> {
    let set = params.iter().rev().find(|param| param.name == name)?;
    Some(&set.value)
}

/// One of libpq's modes by its name.
pub(super) fn mode_of(word: &str) -> Option<SslMode> {
    use crate::conninfo::Choice as _;
    SslMode::from_bytes(word.as_bytes())
}

/// A duration of ISO 8601 in whole seconds, at least one: `PT5S`, `PT1M`.
pub(super) fn iso_seconds(text: &str) -> Option<u64> {
    let rest = text.strip_prefix("PT")?;
    let (number, unit) = rest.split_at_checked(rest.len().checked_sub(1)?)?;
    let number: f64 = number.parse().ok()?;
    let seconds = match unit {
        "S" => number,
        "M" => number * 60.0,
        _ => return None,
    };
    (0.0..1e9)
        .contains(&seconds)
        .then(|| (seconds.ceil() as u64).max(1))
}

/// Node.js verifies nothing at all if a variable says so, unless the program itself sets `rejectUnauthorized`.
pub(super) fn doubt_node(reading: &mut Reading, mode: SslMode, world: &dyn World) {
    const VARIABLE: &str = "NODE_TLS_REJECT_UNAUTHORIZED";
    if verifies(mode) && world.var(VARIABLE).is_some_and(|value| value == "0") {
        reading.doubt(
            VARIABLE,
            "it is 0 in this environment, so that Node.js accepts every certificate. Unset it, and give the root certificate",
        );
    }
}

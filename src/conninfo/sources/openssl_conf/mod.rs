//! What the machine's OpenSSL configuration demands beyond what is built in. libpq obeys it
//! (`ssl_do_config` in OpenSSL's `ssl/ssl_mcnf.c`, called by `SSL_CTX_new`).

mod cipher_string;
mod limits;
mod names;
mod strength;
mod syntax;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use crate::conninfo::World;
use crate::os;
use syntax::{Config, Entry, Refused};

pub use limits::Limit;

/// The settings of OpenSSL's configuration that limit every TLS connection of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpensslConf {
    settings: Vec<ConfSetting>,
    too_large: Option<PathBuf>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfSetting {
    /// What it is about.
    pub command: Command,
    /// Its value, with variables expanded.
    pub value: String,
    /// The file that sets it: an included one, for example of a crypto policy.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
}

crate::words::words! {
    /// A command of `SSL_CONF_cmd` that can refuse a server, or FIPS mode.
    Command {
        /// Cipher suites up to TLS 1.2, and the security level.
        CipherString = "CipherString",
        /// Cipher suites of TLS 1.3.
        Ciphersuites = "Ciphersuites",
        /// The lowest version.
        MinProtocol = "MinProtocol",
        /// The highest version.
        MaxProtocol = "MaxProtocol",
        /// Versions, in the old way.
        Protocol = "Protocol",
        /// Key exchange groups.
        Groups = "Groups",
        /// Signature algorithms.
        SignatureAlgorithms = "SignatureAlgorithms",
        /// Which implementations are used, such as `fips=yes`.
        DefaultProperties = "default_properties",
        /// Those that are activated in place of the default one.
        Providers = "providers",
    }
}

impl Command {
    /// Names are compared without case; an older name of groups is `Curves`.
    fn from_conf(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("Curves") {
            return Some(Self::Groups);
        }
        let mut all = Self::ALL.iter().copied();
        all.find(|command| name.eq_ignore_ascii_case(command.name()))
    }
}

impl OpensslConf {
    /// Reads the file that OpenSSL reads (`CONF_get1_default_config_file`): `OPENSSL_CONF`, or else
    /// `openssl.cnf` where distributions have it, and all files that it includes.
    pub(in crate::conninfo) fn read(world: &dyn World) -> Option<Self> {
        let (path, text) = match world.var("OPENSSL_CONF") {
            Some(named) => {
                let path = PathBuf::from(named);
                let text = world.read(&path);
                (path, text)
            }
            None => os::OPENSSL_CONFIGURATIONS.iter().find_map(|path| {
                let path = Path::new(path);
                match world.read(path) {
                    Err(error) if error.kind() != io::ErrorKind::FileTooLarge => None,
                    text => Some((path.to_owned(), text)),
                }
            })?,
        };
        let config = match &text {
            Ok(text) => Config::read(text, &path, world),
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => Err(Refused::TooMuch),
            Err(_) => return None,
        };
        let config = match config {
            Ok(config) => config,
            Err(Refused::Broken) => return None,
            // What is not read may be anything.
            Err(Refused::TooMuch) => {
                return Some(Self {
                    settings: Vec::new(),
                    too_large: Some(path),
                });
            }
        };
        let setting = |(command, value, entry): (Command, String, &Entry<'_>)| ConfSetting {
            command,
            value,
            file: entry.file.to_path_buf(),
            line: entry.line,
        };
        let settings: Vec<ConfSetting> = commands(&config)
            .into_iter()
            .map(|(command, entry)| (command, entry.value.to_string(), entry))
            .chain(providers(&config))
            .map(setting)
            .collect();
        (!settings.is_empty()).then_some(Self {
            settings,
            too_large: None,
        })
    }

    /// The file, if it is larger, or includes more, than is read here. Then no setting is known.
    pub fn too_large(&self) -> Option<&Path> {
        self.too_large.as_deref()
    }

    /// The setting of this command: the last of several.
    pub fn setting(&self, command: Command) -> Option<&ConfSetting> {
        self.all(command).next_back()
    }

    /// All settings of this command, one after the other: `1.Protocol` and `2.Protocol` are two.
    fn all(&self, command: Command) -> impl DoubleEndedIterator<Item = &ConfSetting> {
        self.settings
            .iter()
            .filter(move |setting| setting.command == command)
    }

    /// All of them, in the order of the files.
    pub fn settings(&self) -> impl Iterator<Item = &ConfSetting> {
        self.settings.iter()
    }
}

/// `openssl_conf` names a section with a module per line. `ssl_conf` is the one for TLS: its
/// `system_default` names the section of commands. `alg_section` can switch FIPS mode on.
fn commands<'a, 't>(config: &'a Config<'t>) -> Vec<(Command, &'a Entry<'t>)> {
    let mut found = Vec::new();
    let Some(modules) = config.default_value("openssl_conf") else {
        return found;
    };
    for module in config.section(modules) {
        // A suffix allows a module to appear twice.
        let (name, _) = module.name.split_once('.').unwrap_or((&module.name, ""));
        match name {
            "ssl_conf" => {
                let named = config.section(&module.value).iter().rev();
                let system = named.clone().find(|entry| entry.name == "system_default");
                let Some(system) = system else { continue };
                found.extend(
                    effective(config, &system.value)
                        .into_iter()
                        .filter_map(|entry| {
                            // `TLS.MinProtocol`
                            let command = Command::from_conf(without_prefix(&entry.name))?;
                            // A version of DTLS leaves TLS as it is (`ssl_set_version_bound`).
                            let of_dtls = entry.value.to_ascii_uppercase().starts_with("DTLS");
                            let of_tls =
                                !matches!(command, Command::DefaultProperties | Command::Providers);
                            (!of_dtls && of_tls).then_some((command, entry))
                        }),
                );
            }
            "alg_section" => {
                let entries = config.section(&module.value).iter();
                found.extend(entries.filter_map(|entry| {
                    let strict = entry.name == "default_properties" && !entry.value.is_empty()
                        || entry.name == "fips_mode" && entry.value == "yes";
                    strict.then_some((Command::DefaultProperties, entry))
                }));
            }
            _ => {}
        }
    }
    found
}

/// The providers that are activated, where the default one is not: it is there by itself only as long as no other one is
/// named (`provider_conf_load` in OpenSSL's `crypto/provider_conf.c`).
fn providers<'a, 't>(config: &'a Config<'t>) -> Option<(Command, String, &'a Entry<'t>)> {
    let modules = config.section(config.default_value("openssl_conf")?).iter();
    let is_providers = |module: &&Entry<'_>| {
        let (name, _) = module.name.split_once('.').unwrap_or((&module.name, ""));
        name == "providers"
    };
    let module = modules.rev().find(is_providers)?;
    let mut active = Vec::new();
    for provider in effective(config, &module.value) {
        let own = config.section(&provider.value);
        let find = |wanted: &str| {
            own.iter()
                .rev()
                .find(|entry| without_prefix(&entry.name) == wanted)
        };
        if find("activate").is_none() {
            continue;
        }
        let name = without_prefix(&provider.name);
        if name == "default" {
            return None;
        }
        active.push(name);
    }
    (!active.is_empty()).then(|| (Command::Providers, active.join(", "), module))
}

/// The assignments of a section in their order: a later one of the same name replaces the first (`_CONF_add_string`).
fn effective<'a, 't>(config: &'a Config<'t>, section: &str) -> Vec<&'a Entry<'t>> {
    let mut seen = BTreeSet::new();
    let entries = config.section(section).iter().rev();
    let mut left: Vec<_> = entries.filter(|entry| seen.insert(&*entry.name)).collect();
    left.reverse();
    left
}

/// Anything up to the first dot is ignored (`skip_dot`).
fn without_prefix(name: &str) -> &str {
    name.split_once('.').map_or(name, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conninfo::fake::Fake;

    fn shown(world: &Fake) -> Vec<String> {
        let Some(conf) = OpensslConf::read(world) else {
            return Vec::new();
        };
        let line = |setting: &ConfSetting| {
            format!(
                "{}:{} {} = {}",
                setting.file.display(),
                setting.line,
                setting.command,
                setting.value
            )
        };
        conf.settings().map(line).collect()
    }

    /// As in Fedora and RHEL.
    #[test]
    #[cfg_attr(windows, ignore = "its paths are those of Unix")]
    fn a_crypto_policy_is_followed_to_its_file() {
        let world = Fake::default()
            .file(
                "/etc/pki/tls/openssl.cnf",
                "openssl_conf = openssl_init\n[openssl_init]\nproviders = p\nssl_conf = ssl_module\n[p]\n[ssl_module]\nsystem_default = crypto_policy\n[crypto_policy]\n.include = /etc/crypto-policies/back-ends/opensslcnf.config\n",
            )
            .file(
                "/etc/crypto-policies/back-ends/opensslcnf.config",
                "CipherString = @SECLEVEL=3:kEECDH\nTLS.MinProtocol = TLSv1.2\nDTLS.MinProtocol = DTLSv1.2\nGroups = X25519\n",
            );
        let file = "/etc/crypto-policies/back-ends/opensslcnf.config";
        let expected = [
            format!("{file}:1 CipherString = @SECLEVEL=3:kEECDH"),
            format!("{file}:2 MinProtocol = TLSv1.2"),
            format!("{file}:4 Groups = X25519"),
        ];
        assert_eq!(shown(&world), expected);
    }

    /// A cap that is reached is not the end of the configuration.
    #[test]
    fn more_than_is_read_is_told() {
        let mut world = Fake::default()
            .var("OPENSSL_CONF", "/o.cnf")
            .file("/last.cnf", "openssl_conf = a\n[a]\nssl_conf = b\n");
        let mut includes = String::new();
        for file in 0..100 {
            let path = format!("/{file}.cnf");
            includes.push_str(&format!(".include = {path}\n"));
            world = world.file(&path, "x = y\n");
        }
        world = world.file("/o.cnf", format!("{includes}.include = /last.cnf\n"));
        let conf = OpensslConf::read(&world).unwrap();
        assert_eq!(conf.too_large(), Some(Path::new("/o.cnf")));
    }

    #[test]
    fn only_the_section_that_libpq_obeys_counts() {
        let conf = |text: &str| {
            let text = format!(
                "openssl_conf = a\n[a]\nssl_conf = b\nalg_section = f\n[b]\nsystem_default = c\n{text}"
            );
            let world = Fake::default()
                .var("OPENSSL_CONF", "/o.cnf")
                .file("/o.cnf", text);
            shown(&world)
        };
        assert_eq!(
            conf("[c]\ngroups = X448\nCurves = P-256"),
            ["/o.cnf:8 Groups = X448", "/o.cnf:9 Groups = P-256"]
        );
        assert_eq!(
            conf("[c]\nGroups = X448\nGroups = P-256"),
            ["/o.cnf:9 Groups = P-256"]
        );
        assert_eq!(conf("[d]\nGroups = X448"), [""; 0]);
        assert_eq!(conf("[c]\nOptions = ServerPreference"), [""; 0]);
        assert_eq!(
            conf("[f]\ndefault_properties = fips=yes"),
            ["/o.cnf:8 default_properties = fips=yes"]
        );
        let providers = |text: &str| conf(&format!("[c]\n[a]\nproviders = p\n[p]\n{text}"));
        assert_eq!(providers("default = d\n[d]"), [""; 0]);
        assert_eq!(
            providers("default = d\nlegacy = l\n[d]\nactivate = 1\n[l]\nactivate = 1"),
            [""; 0]
        );
        let only_legacy = ["/o.cnf:9 providers = legacy"];
        assert_eq!(
            providers("default = d\nlegacy = l\n[d]\n[l]\nactivate = 1"),
            only_legacy
        );
        // OpenSSL 3.0 does not find what is called otherwise.
        let renamed = "x = l\n[l]\nidentity = default\n1.activate = 1";
        assert_eq!(providers(renamed), ["/o.cnf:9 providers = x"]);
        // A broken file does not count as a configuration.
        assert_eq!(conf("[c]\nGroups = X448\nbroken"), [""; 0]);
        let missing = Fake::default()
            .var("OPENSSL_CONF", "/none")
            .file("/etc/ssl/openssl.cnf", "x = y");
        assert_eq!(shown(&missing), [""; 0]);
    }
}

//! Bad files: named roots, CRLs, certificates and keys that cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use super::convert::{Purpose, Repair, repair, unglue};
use super::identity::{Owner, identity_finding};
use super::provider;
use super::{corrected, from_elsewhere, shell_word};
use crate::conninfo::{ConnInfo, Keyword, Origin, SslMode, Typographic, as_typed, shown_path};
use crate::diagnose::calendar::day;
use crate::diagnose::{Code, Contents, Diagnosis, Finding, Fix, Hint, Stage};
use crate::escape::escape;
use crate::os::{self, Shell};
use crate::secrecy::{Place, Taken};
use crate::trust::file::{PemFault, Unusable};
use crate::trust::{self, BundledRoot, FileRole, NamedPath, ROOTS};

/// A file that is named, or is in its default place, and cannot be used.
pub fn trust_error(conninfo: &ConnInfo, error: &trust::Error) -> Diagnosis {
    Diagnosis::failed(file_finding(Some(conninfo), error))
}

/// The same without a connection string.
pub fn trust_error_offline(error: &trust::Error) -> Diagnosis {
    Diagnosis::failed(file_finding(None, error))
}

/// A server's certificate or key file with which it would not start.
pub fn server_files_error(error: &trust::Error) -> Diagnosis {
    let finding = match error {
        trust::Error::Identity { error, absolute }
            if error.path().and_then(contents_for_path).is_none() =>
        {
            located(identity_finding(Owner::Server, error), absolute.as_deref())
        }
        trust::Error::Identity { .. }
        | trust::Error::Missing { .. }
        | trust::Error::Unreadable { .. }
        | trust::Error::Unusable { .. } => file_finding(None, error),
    };
    Diagnosis::failed(finding)
}

/// Adds the absolute path of a relative one.
fn located(finding: Finding, absolute: Option<&Path>) -> Finding {
    let place = absolute.map(|path| format!("Full path: {}.", shown_path(path)));
    let advice = finding.hint.clone();
    finding.hint(
        place
            .map(Hint::say)
            .into_iter()
            .chain([advice])
            .collect::<Hint>(),
    )
}

/// What to do where the contents of a file were given in place of its path; nothing where a path was given.
fn contents_for_path(path: &Path) -> Option<Hint> {
    let bytes = path.as_os_str().as_encoded_bytes();
    let taken = Taken::of(bytes, Place::Word).filter(|taken| taken.is_contents())?;
    Some(Hint::say(format!(
        "The value must be the path of a file, and not {} itself: save it to a file and give the path.",
        taken.name()
    )))
}

/// A private key given in place of a file of certificates or CRLs: saving it would not help.
fn key_for_certificates(role: FileRole, path: &Path) -> Option<Hint> {
    let taken = Taken::of(path.as_os_str().as_encoded_bytes(), Place::Word)?;
    (taken == Taken::PrivateKey).then(|| {
        Hint::say(format!(
            "Set {} to the path of a {role}. Remove the private key from the string: it does not belong there.",
            keyword(role)
        ))
    })
}

fn file_finding(conninfo: Option<&ConnInfo>, error: &trust::Error) -> Finding {
    let finding = finding_of_file(conninfo, error);
    let advice = match error {
        trust::Error::Missing { role, path, .. }
        | trust::Error::Unreadable { role, path, .. }
        | trust::Error::Unusable { role, path, .. } => {
            key_for_certificates(*role, &path.written).or_else(|| contents_for_path(&path.written))
        }
        trust::Error::Identity { error, .. } => error.path().and_then(contents_for_path),
    };
    match advice {
        Some(advice) => finding.hint(advice),
        None => finding,
    }
}

fn finding_of_file(conninfo: Option<&ConnInfo>, error: &trust::Error) -> Finding {
    let finding = |code, message: String| Finding::error(code, Stage::Trust, message);
    match error {
        trust::Error::Missing {
            role,
            path,
            similar,
            bundled,
        } => {
            let code = match role {
                FileRole::Roots => Code::RootFileMissing,
                FileRole::Crls | FileRole::CrlDirectory => Code::CrlFileMissing,
            };
            let mut advice = vec![Hint::say(looked_at(path))];
            advice.extend(dangling(&path.written));
            if let (FileRole::Roots, Some(conninfo)) = (role, conninfo)
                && let Some((provider, set)) = provider::set_of(conninfo)
            {
                let meant = bundled.or_else(|| without_directory(path));
                advice.extend(meant.and_then(outdated));
                advice.push(Hint::say(format!("{}: {}", provider.name, provider.roots)));
                advice.push(provider::export(Some(conninfo), set));
                return finding(code, error.to_string()).hint(advice.into_iter().collect::<Hint>());
            }
            advice.extend(
                conninfo.and_then(|conninfo| misspelled(conninfo, keyword(*role), &path.written)),
            );
            advice.extend(bundled.map(|root| {
                let export = format!("pgtls roots export {} -o {}", root.name, quoted(path));
                let export = Fix::command(export)
                    .of(shown_path(&path.written))
                    .making(path.written.clone(), Contents::Roots(vec![root]));
                outdated(root)
                    .unwrap_or_default()
                    .then("pgtls has this root built in. Create the file with:")
                    .fix(export)
            }));
            advice.extend(beside(similar));
            advice.extend(conninfo.and_then(|conninfo| libpq_goes_on(conninfo, *role)));
            advice.extend(conninfo.and_then(|conninfo| left_over(conninfo, *role)));
            let shown: Vec<&Fix> = advice.iter().flat_map(Hint::fixes).collect();
            let is_shown = |path: &PathBuf| {
                let change = (keyword(*role), path.as_os_str().as_encoded_bytes().to_vec());
                let mut trials = shown.iter().filter_map(|fix| fix.trial.as_ref());
                trials.any(|trial| trial.changes.contains(&change))
            };
            let similar: Vec<&PathBuf> = similar.iter().filter(|path| !is_shown(path)).collect();
            let meant = similar.into_iter().filter_map(|similar| {
                let path = shown_path(similar);
                let change = (keyword(*role), path.as_bytes());
                let string = corrected(conninfo?, &[change]);
                Some(Hint::say("Did you mean this?").fix(string))
            });
            advice.extend(meant);
            finding(code, error.to_string()).hint(advice.into_iter().collect::<Hint>())
        }
        trust::Error::Unreadable { role, path, source } => {
            let mut advice = Hint::say(looked_at(path));
            let wanted = keyword(*role);
            if source.kind() == io::ErrorKind::IsADirectory {
                advice = advice.then(format!("It is a directory. {wanted} must name one file."));
                advice = advice.and(made_by_docker(&path.written));
            }
            if source.kind() == io::ErrorKind::PermissionDenied {
                advice = advice.then(format!(
                    "This user may not read it, or not search a directory above it. Its contents are no secret: its owner can let everybody read it. Or set {wanted} to a copy that this user may read."
                ));
            }
            finding(invalid(*role), format!("{error}: {source}")).hint(advice)
        }
        trust::Error::Unusable { role, path, fault } => {
            let looked = Hint::say(looked_at(path));
            let advice = match repair_of(*role, path, fault) {
                Repair::Words(words) => Hint::say(words),
                Repair::Convert(command) => {
                    let out = purpose(*role).out();
                    converting(command, &path.written, conninfo, &[(keyword(*role), out)])
                }
            };
            finding(invalid(*role), error.to_string()).hint(looked.and(advice))
        }
        trust::Error::Identity { error, absolute } => {
            let finding = located(
                identity_finding(Owner::Client(conninfo), error),
                absolute.as_deref(),
            );
            let files = [Keyword::SslCert, Keyword::SslKey];
            let origin = conninfo.map(|conninfo| from_elsewhere(conninfo, &files));
            let advice = Hint::from(origin).and(finding.hint.clone());
            finding.hint(advice)
        }
    }
}

/// The root whose file name ends a path that lost its backslashes: `c:sslDigiCertGlobalRootCA.crt.pem`.
fn without_directory(path: &NamedPath) -> Option<&'static BundledRoot> {
    let written = shown_path(&path.written).to_ascii_lowercase();
    let stem = |file: &str| file.trim_end_matches(".crt.pem").to_ascii_lowercase();
    ROOTS.iter().find(|root| written.contains(&stem(root.file)))
}

/// What is wrong with the root that a file name stands for.
fn outdated(root: &BundledRoot) -> Option<Hint> {
    let certificate = root.certificate()?;
    if !trust::is_retired(&certificate) {
        return None;
    }
    let name = escape(&certificate.subject.text).to_string();
    let until = certificate.not_after.map_or_else(|| "?".to_owned(), day);
    Some(Hint::say(format!(
        "That file name stands for the retired root \"{name}\", which the public lists no longer contain (valid until {until})."
    )))
}

fn keyword(role: FileRole) -> Keyword {
    match role {
        FileRole::Roots => Keyword::SslRootCert,
        FileRole::Crls => Keyword::SslCrl,
        FileRole::CrlDirectory => Keyword::SslCrlDir,
    }
}

fn invalid(role: FileRole) -> Code {
    match role {
        FileRole::Roots => Code::RootFileInvalid,
        FileRole::Crls | FileRole::CrlDirectory => Code::CrlFileInvalid,
    }
}

/// Cases in which libpq would silently do less than the string requires.
fn libpq_goes_on(conninfo: &ConnInfo, role: FileRole) -> Option<Hint> {
    let mode = conninfo.sslmode.value;
    match role {
        FileRole::Roots if mode < SslMode::VerifyCa => Some(Hint::say(format!(
            "Here psql with sslmode={mode} would go on without a message and verify nothing."
        ))),
        FileRole::Crls => {
            Some("Here psql would go on without a message and check no revocation.".into())
        }
        FileRole::Roots | FileRole::CrlDirectory => None,
    }
}

/// A variable that names the file, perhaps of another project.
fn left_over(conninfo: &ConnInfo, role: FileRole) -> Option<Hint> {
    let keyword = keyword(role);
    let Origin::Environment(variable) = conninfo.parameter(keyword)?.origin else {
        return None;
    };
    let unset = Hint::say(format!("If {variable} was left over, unset it."));
    Some(match role {
        FileRole::Roots => unset,
        FileRole::Crls | FileRole::CrlDirectory => unset
            .then("The string can overrule it; then this list of revoked certificates is not used:")
            .fix(corrected(conninfo, &[(keyword, b"")])),
    })
}

/// A link whose target is missing, as after a copy of a volume of Kubernetes.
fn dangling(path: &Path) -> Option<Hint> {
    let target = path.read_link().ok()?;
    Some(Hint::say(format!(
        "It is a symbolic link to {}, which does not exist. Copy the file itself, for example with cp -L.",
        shown_path(&target)
    )))
}

/// An empty directory in the place of a file.
fn made_by_docker(path: &Path) -> Option<Hint> {
    let is_empty = path
        .read_dir()
        .is_ok_and(|mut entries| entries.next().is_none());
    is_empty.then(|| {
        Hint::say("It is empty. Docker makes such a directory where the file of a bind mount (-v, volumes) is missing on the host: correct that path, remove the directory, and create the container again.")
    })
}

/// A path that only Windows has. WSL shows its drives below `/mnt`.
fn of_windows(written: &[u8]) -> Option<Hint> {
    let [drive, b':', b'/' | b'\\', rest @ ..] = written else {
        return None;
    };
    let foreign = os::SHELL == Shell::Posix && drive.is_ascii_alphabetic();
    let below = escape(rest).to_string().replace('\\', "/");
    foreign.then(|| {
        Hint::say(format!(
            "This is a path of Windows. Write the path that the file has on this machine (under WSL, /mnt/{}/{below}).",
            char::from(drive.to_ascii_lowercase())
        ))
    })
}

/// A file that is missing because its path was written in another way.
pub(super) fn misspelled(conninfo: &ConnInfo, keyword: Keyword, path: &Path) -> Option<Hint> {
    lost_backslashes(conninfo, keyword).or_else(|| not_a_path(conninfo, keyword, path))
}

pub(super) fn lost_backslashes(conninfo: &ConnInfo, keyword: Keyword) -> Option<Hint> {
    let lost = conninfo.lost_backslashes(keyword)?;
    if let Some(of_windows) = of_windows(lost.typed.as_bytes()) {
        return Some(of_windows);
    }
    let sentence = format!(
        "In a keyword/value string a backslash is an escape character, so {} lost its backslashes. Write one of:",
        lost.typed
    );
    let slashes = lost.typed.replace('\\', "/");
    let written = [(keyword, slashes.as_bytes())];
    Some(
        Hint::say(sentence)
            .show(lost.with_slashes)
            .show(lost.doubled)
            .then("The whole string:")
            .fix(corrected(conninfo, &written)),
    )
}

/// libpq takes everything for the name of a file.
pub(super) fn not_a_path(conninfo: &ConnInfo, keyword: Keyword, path: &Path) -> Option<Hint> {
    let written = path.as_os_str().as_encoded_bytes();
    if let Some(of_windows) = of_windows(written) {
        return Some(of_windows);
    }
    if let Some(tilde) = without_tilde(conninfo, keyword, path) {
        return Some(tilde);
    }
    if let Some(stray) = stray_signs(conninfo, keyword, path) {
        return Some(stray);
    }
    if let Some(after) = written.strip_prefix(b"file:") {
        let local = [&b"//localhost/"[..], b"///"];
        let start = local.iter().find(|start| after.starts_with(start));
        let below = start.and_then(|start| after.get(start.len().saturating_sub(1)..));
        let plain = below.unwrap_or(after);
        return Some(
            Hint::say(format!(
                "{keyword} takes a path, not a URL. Write the path:"
            ))
            .fix(corrected(conninfo, &[(keyword, plain)])),
        );
    }
    let has = |sign: &[u8]| written.windows(sign.len()).any(|part| part == sign);
    let is_variable = written.starts_with(b"$") || written.starts_with(b"%") || has(b"${");
    let mut parts = written.splitn(2, |byte| *byte == b'=');
    let swallowed = parts.next().and_then(Keyword::from_bytes);
    let says = if has(b"://") {
        format!(
            "{keyword} takes a path, not a URL: libpq downloads nothing. Save the file, and write its path."
        )
    } else if is_variable {
        "libpq does not expand variables. Write the full path.".to_owned()
    } else if swallowed.is_some() && parts.next().is_some() {
        format!(
            "\"{keyword}=\" takes the next word as its value. To leave it empty, write {keyword}=''."
        )
    } else {
        return None;
    };
    Some(Hint::say(says))
}

pub(super) fn beside(similar: &[PathBuf]) -> Option<Hint> {
    let names: Vec<String> = similar.iter().map(|path| shown_path(path)).collect();
    (!names.is_empty())
        .then(|| Hint::say(format!("The same directory contains {}.", names.join(", "))))
}

fn looked_at(path: &NamedPath) -> String {
    let origin = path
        .origin
        .as_ref()
        .map_or_else(String::new, |origin| format!(", from {origin}"));
    format!("Full path: {}{origin}.", shown_path(&path.absolute))
}

/// What programs write where nothing is set.
const NO_VALUE: [&str; 4] = ["None", "null", "nil", "undefined"];

/// What other programs write before a path.
const PREFIXES: [(&str, &str); 2] = [
    (
        "@",
        "libpq takes a plain path: the @ is for other programs.",
    ),
    (
        "classpath:",
        "classpath: is for Spring. Drivers open a file, and so it must lie outside of the JAR.",
    ),
];

/// What a word processor, or a file with a line break at its end, has put into a path.
fn stray_signs(conninfo: &ConnInfo, keyword: Keyword, path: &Path) -> Option<Hint> {
    let written = path.to_str()?;
    let plain = written.trim_end();
    let behind_prefix = PREFIXES.iter().find_map(|(prefix, says)| {
        let rest = written.strip_prefix(prefix)?;
        let resource = format!("src/main/resources/{rest}");
        let mut places = [rest, &resource].into_iter();
        let place = places.find(|place| Path::new(place).is_file());
        Some((*says, place.map(str::to_owned)))
    });
    let quotes = ['"', '\''];
    let (said, meant) = match Typographic::first_in(written) {
        None if NO_VALUE.contains(&written) => {
            return Some(Hint::say(format!(
                "\"{written}\" is what a program writes for no value. Leave {keyword} out, or give it a path."
            )));
        }
        None if let Some((says, None)) = behind_prefix => return Some(Hint::say(says)),
        None if let Some((says, Some(path))) = behind_prefix => (says.to_owned(), path),
        None if written.starts_with(quotes) && written.ends_with(quotes) => (
            "The quotation marks are part of the path: service files, docker --env-file and Kubernetes keep them.".to_owned(),
            written.trim_matches(quotes).to_owned(),
        ),
        Some(sign) => (
            format!("{sign}. Word processors and chat programs write such signs."),
            as_typed(written),
        ),
        None if plain.len() < written.len() => {
            let (what, how) = match written.ends_with(['\r', '\n']) {
                true => (
                    "a line break",
                    ", for example with tr -d '\\r\\n'; printf %s writes a value without one",
                ),
                false => ("white space", ""),
            };
            let origin = &conninfo.parameter(keyword)?.origin;
            (
                format!(
                    "{keyword}, from {origin}, ends with {what}, which libpq takes for a part of the path. Remove it there{how}."
                ),
                plain.to_owned(),
            )
        }
        None => return None,
    };
    let string = corrected(conninfo, &[(keyword, meant.as_bytes())]);
    Some(Hint::say(said).then("Use:").fix(string))
}

/// A shell expands it, but not within quotation marks.
fn without_tilde(conninfo: &ConnInfo, keyword: Keyword, path: &Path) -> Option<Hint> {
    let below = path.strip_prefix("~").ok()?;
    let home = conninfo.home_files.as_deref()?.parent()?;
    let whole = shown_path(&home.join(below));
    let string = corrected(conninfo, &[(keyword, whole.as_bytes())]);
    Some(Hint::say("libpq does not expand \"~\". Write the full path:").fix(string))
}

fn quoted(path: &NamedPath) -> String {
    quoted_path(&path.written)
}

/// A path for a shell, as one word that it takes as it is.
pub(in crate::diagnose) fn quoted_path(path: &Path) -> String {
    shell_word(&shown_path(path))
}

/// What to do about a file of roots or CRLs that OpenSSL does not load.
fn repair_of(role: FileRole, path: &NamedPath, fault: &Unusable) -> Repair {
    let purpose = purpose(role);
    let file = quoted(path);
    match fault {
        Unusable::Form(form) => repair(purpose, form, &file),
        Unusable::Pem(PemFault::Glued { .. }) => unglue(purpose, &file),
        Unusable::Pem(_) | Unusable::Broken { .. } => Repair::Words(
            "One broken block makes the whole file unusable for libpq. Remove the block, or download the file again."
                .to_owned(),
        ),
        Unusable::Header { .. } => Repair::Words(
            "Remove the lines between the BEGIN line and the next empty line, and that empty line."
                .to_owned(),
        ),
    }
}

fn purpose(role: FileRole) -> Purpose {
    match role {
        FileRole::Roots => Purpose::Roots,
        FileRole::Crls | FileRole::CrlDirectory => Purpose::Crls,
    }
}

/// A command that writes new files, and the string that names them.
pub(super) fn converting(
    command: String,
    from: &Path,
    conninfo: Option<&ConnInfo>,
    files: &[(Keyword, &str)],
) -> Hint {
    let mut command = Fix::command(command);
    for (_, out) in files {
        command = command
            .of(*out)
            .making(*out, Contents::Converted(from.to_owned()));
    }
    let convert = Hint::say("Convert it, then use the new file:").fix(command);
    let changes: Vec<(Keyword, &[u8])> = files
        .iter()
        .map(|(keyword, file)| (*keyword, file.as_bytes()))
        .collect();
    match conninfo {
        Some(conninfo) => convert.fix(corrected(conninfo, &changes)),
        None => convert,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conninfo::fake::Fake;

    #[test]
    fn what_is_no_path_is_told_from_a_path() {
        let conninfo = ConnInfo::read(b"host=h", &Fake::default()).unwrap();
        for (path, expected) in [
            ("file:///a/root.crt", Some("sslrootcert=/a/root.crt")),
            ("https://ca.example/root.pem", Some("downloads nothing")),
            ("$HOME/root.crt", Some("does not expand variables")),
            ("/certs/${ENV}.crt", Some("does not expand variables")),
            ("%APPDATA%/root.crt", Some("does not expand variables")),
            ("sslkey=", Some("write sslrootcert=''")),
            ("a=b.crt", None),
            ("/certs/root.crt", None),
            ("sslkey", None),
        ] {
            let hint = not_a_path(&conninfo, Keyword::SslRootCert, Path::new(path));
            let said = hint.map(|hint| hint.to_string());
            let matches = match (&said, expected) {
                (Some(said), Some(expected)) => said.contains(expected),
                (said, expected) => said.is_none() && expected.is_none(),
            };
            assert!(matches, "{path}: {said:?}");
        }
    }

    #[test]
    #[cfg_attr(windows, ignore = "the shell is that of Unix")]
    fn a_shell_takes_a_path_as_it_is() {
        for (path, expected) in [
            ("root.crt", "root.crt"),
            ("/etc/my roots.pem", "'/etc/my roots.pem'"),
            // libpq does not expand it, so that the shell must not either.
            ("~/root.crt", "'~/root.crt'"),
            ("it's.pem", "'it'\\''s.pem'"),
        ] {
            assert_eq!(quoted_path(Path::new(path)), expected);
        }
    }
}

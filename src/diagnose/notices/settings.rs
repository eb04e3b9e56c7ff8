//! What the settings fail to protect, or weaken in other clients.

use super::{Code, Finding, Fix, Hint, Stage, info, warning};
use crate::conninfo::{
    Choice as _, Keyword, LoadBalanceHosts, Origin, SslMode, Unread, shown_path,
};
use crate::diagnose::explain::provider::{NO_BUNDLE, export, set_of};
use crate::diagnose::explain::{chain, corrected, versions};
use crate::diagnose::{Contents, Context};
use crate::os::{self, Shell};
use crate::probe::Task;
use crate::secrecy::Taken;
use crate::trust::{BundledRoot, Level, Source};
use crate::verify::{Judgement, Unsatisfied};

/// What is known before a server answers.
pub(in crate::diagnose) fn of_settings(task: &Task) -> Vec<Finding> {
    let mut found = mode(task);
    found.extend(ignored_crl(task));
    found.extend(sni_is_off(task));
    found.extend(password_in_user(task));
    found.extend(weakened(task));
    found.extend(unread(task));
    found.extend(system(task));
    found.extend(byte_order_mark(task));
    found.extend(newer_libpq(task));
    found.extend(session_keys(task));
    found
}

/// Why a check asks more servers than one.
pub fn random_order(task: &Task) -> Option<Finding> {
    let setting = task.conninfo.parameter(Keyword::LoadBalanceHosts)?;
    (task.conninfo.load_balance_hosts() == Some(LoadBalanceHosts::Random)).then(|| {
        let message = format!(
            "libpq tries hosts and addresses in random order (load_balance_hosts=random from {}): each one that answers must pass",
            setting.origin
        );
        info(Code::RandomOrder, Stage::Conninfo, message)
    })
}

/// What is known after the server has presented its certificates: what psql would need, and whether
/// the next stronger mode would pass.
pub(in crate::diagnose) fn of_trust(task: &Task, judgement: &Judgement) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(home_root_decides(task));
    found.extend(root_missing(task, judgement));
    found.extend(stronger_mode(task, judgement));
    found
}

fn mode(task: &Task) -> Vec<Finding> {
    let setting = &task.conninfo.sslmode;
    let mut found = Vec::new();
    if setting.origin == Origin::Default {
        let message = "no sslmode is set: pgtls checks verify-full, but libpq would use prefer, which guarantees nothing";
        let finding = info(Code::DefaultSslmode, Stage::Conninfo, message);
        found.push(finding.hint(Hint::say("Set it explicitly:").fix(corrected(
            &task.conninfo,
            &[(Keyword::SslMode, b"verify-full")],
        ))));
    }
    if matches!(setting.value, SslMode::Prefer | SslMode::Allow) {
        let message = format!(
            "with sslmode={} (from {}) libpq goes on in plain text when TLS fails",
            setting.value, setting.origin
        );
        found.push(
            warning(Code::WeakSslmode, Stage::Conninfo, message)
                .hint("Use sslmode=verify-full with sslrootcert=FILE."),
        );
    }
    if task.trust.level == Level::Encryption {
        let message = format!(
            "sslmode={} (from {}) without a root file encrypts, but does not check who is at the other end",
            setting.value, setting.origin
        );
        found.push(
            warning(Code::NotAuthenticated, Stage::Verify, message)
                .hint("Use sslmode=verify-full with sslrootcert=FILE."),
        );
    }
    found
}

/// libpq takes every value but 1 for "off", `true` as well.
fn sni_is_off(task: &Task) -> Option<Finding> {
    let setting = task.conninfo.parameter(Keyword::SslSni)?;
    let value = setting.value.as_bytes();
    let means_on = [&b"true"[..], b"on", b"yes"].contains(&&*value.to_ascii_lowercase());
    means_on.then(|| {
        let message = format!(
            "sslsni={} (from {}) switches SNI off: only 1 is on",
            setting.value, setting.origin
        );
        warning(Code::SettingDiffers, Stage::Conninfo, message)
            .hint(Hint::say("Use:").fix(corrected(&task.conninfo, &[(Keyword::SslSni, b"1")])))
    })
}

/// `app:password`, as a URL has them.
fn password_in_user(task: &Task) -> Option<Finding> {
    let user = &task.conninfo.user;
    let taken = Taken::of(user.value.as_bytes(), Keyword::User.place());
    (taken == Some(Taken::Login)).then(|| {
        let message = format!(
            "user (from {}) has a colon in it: libpq sends all of it as the name, also what is behind the colon",
            user.origin
        );
        warning(Code::SettingDiffers, Stage::Conninfo, message)
            .hint("If that is the password, write it as password=..., or set PGPASSWORD.")
    })
}

/// `sslmode=verify-full requiressl=1`
fn weakened(task: &Task) -> Option<Finding> {
    let undone = task.conninfo.undone(Keyword::SslMode)?;
    let undone = SslMode::from_bytes(undone.as_bytes())?;
    let mode = task.conninfo.sslmode.value;
    (undone > mode).then(|| {
        let message = format!(
            "the string sets sslmode={undone}, but what is behind it undoes that: sslmode={mode} counts"
        );
        warning(Code::SettingDiffers, Stage::Conninfo, message)
            .hint("Remove the second sslmode. requiressl is an old name of it: 1 is require, and 0 is prefer.")
    })
}

/// `PGSSLCA`, where nothing sets `sslrootcert`.
fn unread(task: &Task) -> Vec<Finding> {
    let conninfo = &task.conninfo;
    let is_open = |keyword| {
        let setting = conninfo.parameter(keyword);
        setting.is_none_or(|setting| setting.origin == Origin::Default)
    };
    let missed = conninfo.unread.iter().filter(|one| is_open(one.keyword));
    let finding = |one: &Unread| {
        let message = format!("{} is set, but {one}", one.variable);
        info(Code::SettingDiffers, Stage::Conninfo, message)
    };
    missed.map(finding).collect()
}

fn ignored_crl(task: &Task) -> Option<Finding> {
    let path = task.trust.ignored_crl_file.as_ref()?;
    let message = format!(
        "\"{}\" cannot be used, so revocation is not checked: libpq goes on without it",
        shown_path(path)
    );
    let finding = warning(Code::CrlFileInvalid, Stage::Trust, message);
    Some(finding.hint("Replace it with a current CRL in PEM, or remove it."))
}

fn system(task: &Task) -> Option<Finding> {
    let by_string = task
        .conninfo
        .parameter(Keyword::SslRootCert)?
        .value
        .as_bytes()
        == b"system";
    (by_string && task.trust.source == Source::System).then(|| {
        info(
            Code::SystemRoots,
            Stage::Trust,
            "only libpq 16 and newer, pgx and lib/pq know sslrootcert=system; others look for a file of that name",
        )
        .hint(match os::SYSTEM_BUNDLE {
            Some(bundle) => Hint::say("For those clients, set the path of the bundle:")
                .fix(corrected(&task.conninfo, &[(Keyword::SslRootCert, bundle.as_bytes())])),
            None => "For those clients, set the path of a file of root certificates. On Windows, libpq does not read Windows' own certificate store, but SSL_CERT_FILE.".into(),
        })
    })
}

/// Keywords with which older versions of libpq refuse the whole string.
fn newer_libpq(task: &Task) -> Option<Finding> {
    // None where the string's own driver is not built on libpq.
    task.oldest.libpq?;
    let newer: Vec<(Keyword, &Origin, u8)> = task
        .conninfo
        .parameters()
        .filter_map(|(keyword, setting)| match setting.origin {
            Origin::String { .. } | Origin::Service { .. } => {
                Some((keyword, &setting.origin, keyword.since()?))
            }
            // Older versions do not look at the variable.
            Origin::Environment(_) | Origin::Default => None,
        })
        .collect();
    let newest = newer.iter().map(|(.., since)| *since).max()?;
    let needs = newer.iter().map(|(keyword, origin, since)| {
        format!("{keyword} (from {origin}) needs libpq {since} or newer")
    });
    let needs: Vec<String> = needs.collect();
    let message = format!(
        "{}: older versions refuse the whole string",
        needs.join(", ")
    );
    let finding = match newest > NEWEST_LIBPQ {
        true => warning(Code::NewerLibpq, Stage::Conninfo, message),
        false => info(Code::NewerLibpq, Stage::Conninfo, message),
    };
    let mut hint = Hint::default();
    let mut others = Vec::new();
    for (keyword, ..) in newer {
        match keyword.variable_of_older() {
            Some(variable) => {
                hint = hint.then(format!(
                    "For older versions, set the environment variable {variable} instead of {keyword}."
                ));
            }
            None => others.push(keyword.as_str()),
        }
    }
    if !others.is_empty() {
        hint = hint.then(format!(
            "Clients with an older one must be updated, or get a string without {}, and do without what that asks for.",
            others.join(", ")
        ));
    }
    Some(finding.hint(hint))
}

/// The newest libpq whose verdict is known. What only a newer one reads is no string for those in use.
const NEWEST_LIBPQ: u8 = 18;

/// `sslkeylogfile`: an empty one writes nothing (`initialize_SSL` in libpq's `fe-secure-openssl.c`).
fn session_keys(task: &Task) -> Option<Finding> {
    let setting = task.conninfo.parameter(Keyword::SslKeyLogFile)?;
    if task.oldest.libpq.is_none() || setting.value.as_bytes().is_empty() {
        return None;
    }
    let message = format!(
        "sslkeylogfile={} (from {}) makes libpq 18 and newer write the keys of every session to that file: who reads it can decrypt recorded sessions",
        setting.value, setting.origin
    );
    let finding = warning(Code::SessionKeysLogged, Stage::Conninfo, message);
    Some(finding.hint(
        "Remove sslkeylogfile, except to debug, and delete the file. pgtls itself writes no keys.",
    ))
}

fn byte_order_mark(task: &Task) -> Option<Finding> {
    let path = task.trust.byte_order_mark.as_ref()?;
    let shown = shown_path(path);
    let message = format!(
        "\"{shown}\" begins with a UTF-8 byte-order mark: libpq with OpenSSL 3 accepts it; with OpenSSL 1.1.1 it does not, nor do clients in Go, Java or with rustls"
    );
    let finding = warning(Code::RootFileBom, Stage::Trust, message);
    Some(
        finding.hint(
            match os::SHELL {
                Shell::Windows => Hint::say("Remove it: save the file as UTF-8 without a byte-order mark (in Notepad, \"Save as\" with the encoding UTF-8)."),
                Shell::Posix => Hint::say("Remove it:").fix(
                Fix::command(format!("sed -i '1s/^\\xEF\\xBB\\xBF//' {shown}"))
                    .of(shown.clone())
                    .making(path.clone(), Contents::Converted(path.clone())),
                ),
            },
        ),
    )
}

/// A root file that happens to be in this home directory makes the mode stronger than its name.
fn home_root_decides(task: &Task) -> Option<Finding> {
    let Source::Home { path } = &task.trust.source else {
        return None;
    };
    let mode = &task.conninfo.sslmode;
    let path = shown_path(path);
    (mode.value < SslMode::VerifyCa).then(|| {
        let message = format!(
            "sslmode={} (from {}) verifies the server only because {path} exists here; elsewhere it will not",
            mode.value, mode.origin
        );
        let changes: [(Keyword, &[u8]); 2] = [
            (Keyword::SslMode, b"verify-full"),
            (Keyword::SslRootCert, path.as_bytes()),
        ];
        warning(Code::HomeRootDecides, Stage::Trust, message).hint(Hint::say("Set it explicitly:").fix(
            corrected(&task.conninfo, &changes)
        ))
    })
}

/// Would verify-full pass, too, and which setting would it need?
fn stronger_mode(task: &Task, judgement: &Judgement) -> Option<Finding> {
    if task.trust.level == Level::ChainAndName || judgement.satisfies(task.trust.level).is_err() {
        return None;
    }
    let weaker = task.conninfo.sslmode.value;
    Some(match judgement.satisfies(Level::ChainAndName) {
        Ok(()) => {
            let root = root_setting(task, judgement);
            let mut changes = vec![(Keyword::SslMode, &b"verify-full"[..])];
            changes.extend(
                root.as_ref()
                    .map(|root| (Keyword::SslRootCert, root.as_bytes())),
            );
            info(
                Code::StrongerMode,
                Stage::Verify,
                format!("verify-full would also pass and is safer than {weaker}"),
            )
            .hint(Hint::say("Use:").fix(corrected(&task.conninfo, &changes)))
        }
        Err(reason) => {
            let reason = match reason {
                Unsatisfied::Name(fault) => fault.to_string(),
                Unsatisfied::NoHost => "the string has no host".to_owned(),
                Unsatisfied::NotForTls(leaf) => chain::not_for_tls(leaf).message.to_string(),
                Unsatisfied::NewerOpenSslOnly(what) => {
                    versions::refused_by_older(&Context::of(task, &task.rules()), judgement, what)
                        .message
                        .to_string()
                }
                Unsatisfied::NewerLibpqOnly(fault) => {
                    let rules = task.rules();
                    let context = Context::of(task, &rules);
                    versions::refused_by_older_libpq(&context, judgement, fault)
                        .message
                        .to_string()
                }
                Unsatisfied::Chain(fault) => fault.kind.sentence(judgement.place(fault).name()),
                Unsatisfied::Unparsable { position, error } => format!(
                    "certificate {position} of the chain (0 is the server's own) cannot be parsed: {error}"
                ),
            };
            info(
                Code::StrongerMode,
                Stage::Verify,
                format!("verify-full would fail here: {reason}"),
            )
        }
    })
}

/// The sslrootcert with which psql would reach the same anchor; `None` if the string's own does, or the file of `--trust`,
/// which every fix names.
fn root_setting(task: &Task, judgement: &Judgement) -> Option<String> {
    match task.trust.source {
        Source::SslRootCert { .. } | Source::Option { .. } | Source::Home { .. } => return None,
        Source::System => return task.trust.chosen_by.map(|_| "system".to_owned()),
        Source::Bundled | Source::Mozilla | Source::Fallback => {}
    }
    let anchor = judgement.anchors().next_back()?;
    let bundled = BundledRoot::of(anchor);
    Some(bundled.map_or_else(|| "system".to_owned(), |root| root.file.to_owned()))
}

/// libpq has no roots of its own. If pgtls falls back to its built-in roots, psql needs a setting.
fn root_missing(task: &Task, judgement: &Judgement) -> Option<Finding> {
    if task.trust.source != Source::Fallback || task.trust.level == Level::Encryption {
        return None;
    }
    let home = match &task.conninfo.home_files {
        Some(home) => format!("{} does not exist", shown_path(&home.join("root.crt"))),
        None => "there is no home directory that could contain root.crt".to_owned(),
    };
    let message = format!("psql would refuse this string: no sslrootcert is set, and {home}");
    let finding = warning(Code::LibpqRootMissing, Stage::Trust, message);
    let anchor = judgement.anchors().next_back();
    let bundled = anchor.and_then(BundledRoot::of);
    let string = |roots: &[u8]| corrected(&task.conninfo, &[(Keyword::SslRootCert, roots)]);
    if let (Some(_), Some((provider, set))) = (bundled, set_of(&task.conninfo)) {
        return Some(
            finding.hint(
                Hint::say(format!("{}: {}", provider.name, provider.roots))
                    .and(export(Some(&task.conninfo), set)),
            ),
        );
    }
    Some(match (anchor, bundled) {
        (_, Some(root)) => finding.hint(
            Hint::say("Write the root to a file and set sslrootcert to it:")
                .fix(
                    Fix::command(format!("pgtls roots export {} -o root.crt", root.name))
                        .of("root.crt")
                        .making("root.crt", Contents::Roots(vec![root])),
                )
                .fix(string(b"root.crt")),
        ),
        (Some(_), None) => finding.hint(match os::SYSTEM_BUNDLE {
            Some(bundle) => {
                Hint::say("The server's root is a public one. With libpq 16 and newer:")
                    .fix(string(b"system"))
                    .then("With older versions, use the system's bundle:")
                    .fix(string(bundle.as_bytes()))
            }
            None => NO_BUNDLE.into(),
        }),
        (None, None) => finding.hint(
            "Get the root certificate from the operator of the server, and set sslrootcert=FILE.",
        ),
    })
}

//! What the OpenSSL configuration of this machine does to libpq, and so to this server.

use super::chain::name;
use crate::conninfo::{Command, ConfSetting, Limit, OpensslConf, TlsVersion, shown_path};
use crate::diagnose::{Code, Finding, Level, Stage};
use crate::escape::escape;
use crate::handshake::supports_suite;
use crate::probe::{LibpqOffer, Observation, Task};
use crate::trust;
use crate::verify::Judgement;
use crate::x509::Strength;

/// The security level that the configuration sets refuses this chain or the client's, where the built-in one accepts it.
pub(in crate::diagnose) fn refused_by_level(task: &Task, judgement: &Judgement) -> Option<Finding> {
    let conf = task.conninfo.openssl_conf.as_ref()?;
    let needed = conf.needed_strength()?;
    let setting = conf.setting(Command::CipherString)?;
    if let Some(refused) = own_refused(task, needed, setting) {
        return Some(refused);
    }
    if task.trust.level == trust::Level::Encryption {
        return None;
    }
    let path: Vec<_> = judgement.path_certificates().collect();
    let last = path.len().saturating_sub(1);
    // `check_auth_level`: all keys, and all signatures but the last.
    let (depth, what) = path.iter().enumerate().find_map(|(depth, certificate)| {
        if certificate.public_key.kind.strength().is_below(needed) {
            return Some((
                depth,
                format!("has the key {}", certificate.key_description()),
            ));
        }
        let scheme = &certificate.signature_algorithm.scheme;
        let weak = depth < last && scheme.strength().is_below(needed);
        weak.then(|| {
            (
                depth,
                format!("is signed with {}", certificate.signature_name()),
            )
        })
    })?;
    let certificate = path.get(depth)?;
    let message = format!(
        "psql on this machine refuses this chain: {} \"{}\" {what}, and {} needs {needed} bits of security",
        judgement.place_at(depth).name(),
        name(certificate),
        shown(setting)
    );
    Some(
        Finding::error(Code::OpensslConf, Stage::Verify, message)
            .hint("Reissue it with a stronger key or digest, or lower the level in that file. Other machines may have another level."),
    )
}

/// psql does not even load the client's certificate (`SSL_CTX_use_certificate_chain_file`).
fn own_refused(task: &Task, needed: u16, setting: &ConfSetting) -> Option<Finding> {
    let identity = task.trust.identity.as_ref()?;
    let weak = identity.certificates.iter().find_map(|certificate| {
        let scheme = &certificate.signature_algorithm.scheme;
        if certificate.public_key.kind.strength().is_below(needed) {
            Some((
                certificate,
                format!("has the key {}", certificate.key_description()),
            ))
        } else if !certificate.is_self_issued() && scheme.strength().is_below(needed) {
            Some((
                certificate,
                format!("is signed with {}", certificate.signature_name()),
            ))
        } else {
            None
        }
    });
    let (certificate, what) = weak?;
    let message = format!(
        "psql on this machine cannot load the client certificate \"{}\": \"{}\" {what}, and {} needs {needed} bits of security",
        shown_path(&identity.certificate_path),
        name(certificate),
        shown(setting)
    );
    let finding = Finding::error(Code::OpensslConf, Stage::Handshake, message);
    Some(finding.hint("Have it issued with a stronger key or digest, or lower the level in that file. Other machines may have another level."))
}

/// Settings that may matter here, and that pgtls could not apply itself; and after a failed handshake, those
/// that limited it.
pub(in crate::diagnose) fn notice(task: &Task, observation: &Observation) -> Option<Finding> {
    let conf = task.conninfo.openssl_conf.as_ref()?;
    if let Some(file) = conf.too_large() {
        let message = format!(
            "psql on this machine may be stricter: the OpenSSL configuration \"{}\" is larger, or includes more files, than pgtls reads",
            shown_path(file)
        );
        let finding = Finding::new(Level::Warning, Code::OpensslConf, Stage::Handshake, message);
        return Some(
            finding
                .hint("Nothing of that file was applied to this check. Try psql on this machine."),
        );
    }
    let failed = observation.outcome.is_err();
    let mut limited = false;
    let mut settings = Vec::new();
    for setting in conf.settings() {
        match (standing(task, conf, setting.command, observation), failed) {
            (Standing::MayRefuse, _) => {}
            (Standing::Applied, true) => limited = true,
            (Standing::Applied, false) | (Standing::Idle, _) => continue,
        }
        settings.push(shown(setting));
    }
    if settings.is_empty() {
        return None;
    }
    let message = if limited {
        format!(
            "the OpenSSL configuration of this machine limits psql, and so this check: {}",
            settings.join("; ")
        )
    } else {
        format!(
            "psql on this machine may be stricter: {}",
            settings.join("; ")
        )
    };
    let finding = Finding::new(Level::Warning, Code::OpensslConf, Stage::Handshake, message);
    Some(finding.hint(if limited {
        "If the server should be reached from here, change that file, or let the server accept what it allows."
    } else {
        "pgtls cannot tell what this setting does to this server. Try psql on this machine."
    }))
}

/// What a setting means for this check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It limited what was offered.
    Applied,
    /// It does nothing here.
    Idle,
    /// It may refuse what pgtls accepts.
    MayRefuse,
}

/// Has every certificate of a verified path a known strength of so many bits?
fn is_strong_enough(task: &Task, observation: &Observation, needed: u16) -> bool {
    let known = |strength: Strength| matches!(strength, Strength::Exactly(bits) if bits >= needed);
    let Some(judgement) = observation.judgement() else {
        return false;
    };
    let path: Vec<_> = judgement.path_certificates().collect();
    let below_the_root = path.len().saturating_sub(1);
    task.trust.level == trust::Level::Encryption
        || path
            .iter()
            .all(|certificate| known(certificate.public_key.kind.strength()))
            && path
                .iter()
                .take(below_the_root)
                .all(|certificate| known(certificate.signature_algorithm.scheme.strength()))
}

fn standing(
    task: &Task,
    conf: &OpensslConf,
    command: Command,
    observation: &Observation,
) -> Standing {
    match command {
        Command::CipherString => {
            let is_judged = observation.judgement().is_some();
            let needed = conf.needed_strength().filter(|_| is_judged);
            match needed.is_none_or(|needed| is_strong_enough(task, observation, needed)) {
                true => standing_of_list(conf, command),
                false => Standing::MayRefuse,
            }
        }
        Command::Ciphersuites
        | Command::Groups
        | Command::SignatureAlgorithms
        | Command::Providers => standing_of_list(conf, command),
        // libpq sets its own lowest version afterwards, if it has one.
        Command::MinProtocol => match (&task.conninfo.ssl_min_protocol_version, conf.min_version())
        {
            (None, Some(version)) if version > TlsVersion::V1_2 => Standing::Applied,
            (Some(_) | None, _) => Standing::Idle,
        },
        Command::MaxProtocol => match (&task.conninfo.ssl_max_protocol_version, conf.max_version())
        {
            (None, Some(version)) if version < TlsVersion::V1_3 => Standing::Applied,
            (Some(_) | None, _) => Standing::Idle,
        },
        Command::Protocol => {
            let mut ours = [TlsVersion::V1_2, TlsVersion::V1_3].into_iter();
            match ours.all(|version| conf.leaves_on(version)) {
                true => Standing::Idle,
                false => Standing::Applied,
            }
        }
        Command::DefaultProperties => Standing::MayRefuse,
    }
}

/// The same of a setting that lists suites, groups or signature schemes; no other one does that.
fn standing_of_list(conf: &OpensslConf, command: Command) -> Standing {
    let limit = match command {
        Command::CipherString if conf.orders_suites_only() => Limit::None,
        Command::CipherString | Command::Providers => conf.suites_of_tls12(),
        Command::Ciphersuites => conf.ciphersuites(),
        Command::Groups => conf.groups(),
        Command::SignatureAlgorithms => conf.signature_algorithms(),
        Command::MinProtocol
        | Command::MaxProtocol
        | Command::Protocol
        | Command::DefaultProperties => Limit::None,
    };
    match limit {
        Limit::None => Standing::Idle,
        Limit::Only(_) => Standing::Applied,
        Limit::Unknown => Standing::MayRefuse,
    }
}

/// Nothing was left that this check could offer. psql may have something else.
pub(in crate::diagnose) fn nothing_to_offer(task: &Task, words: &str, psql: LibpqOffer) -> Finding {
    let conf = task.conninfo.openssl_conf.as_ref();
    let settings = conf.and_then(narrowing).unwrap_or_default();
    if conf.is_some_and(|conf| conf.setting(Command::Providers).is_some()) {
        return Finding::error(Code::OpensslConf, Stage::Handshake, format!("{words}: {settings}"))
            .hint("psql on this machine has no cipher suite either, for any server. Activate the default provider in that file: write activate = 1 into its section.");
    }
    let (message, hint) = match psql {
        LibpqOffer::Refused => (
            format!(
                "the server refuses what the OpenSSL configuration of this machine leaves psql: {settings}"
            ),
            "Change that file, or let the server take what it allows.",
        ),
        LibpqOffer::NotMade
        | LibpqOffer::Answered
        | LibpqOffer::Decisive
        | LibpqOffer::HungUp
        | LibpqOffer::Unclear => (
            format!("{words}: {settings}"),
            "psql may have something else to offer, or nothing either. Try psql on this machine, or change that file.",
        ),
    };
    Finding::error(Code::OpensslConf, Stage::Handshake, message).hint(hint)
}

/// What to say of a server that has nothing in common with what the configuration leaves.
pub(super) fn limited(task: &Task) -> Option<String> {
    let settings = task.conninfo.openssl_conf.as_ref().and_then(narrowing)?;
    Some(format!(
        "The OpenSSL configuration of this machine limits what psql, and so this check, offers: {settings}. Change that file, or let the server take what it allows."
    ))
}

/// The same where it leaves pgtls no suite of a version, so that the server is offered the other one alone.
pub(super) fn limited_to_a_version(task: &Task) -> Option<String> {
    let conf = task.conninfo.openssl_conf.as_ref()?;
    let mut limits = [conf.suites_of_tls12(), conf.ciphersuites()].into_iter();
    let is_nothing =
        |limit| matches!(limit, Limit::Only(ids) if !ids.iter().any(|id| supports_suite(*id)));
    limits.any(is_nothing).then(|| limited(task)).flatten()
}

/// The settings that leave less than the usual suites, groups and keys to offer, if there are any.
fn narrowing(conf: &OpensslConf) -> Option<String> {
    let applied =
        |setting: &&ConfSetting| standing_of_list(conf, setting.command) == Standing::Applied;
    let settings = conf.settings().filter(applied);
    let settings: Vec<String> = settings.map(shown).collect();
    (!settings.is_empty()).then(|| settings.join("; "))
}

/// Of a prime that is large enough for the built-in security level.
pub(super) fn larger_prime(task: &Task) -> Option<String> {
    let conf = task.conninfo.openssl_conf.as_ref()?;
    let setting = conf.setting(Command::CipherString)?;
    Some(format!(
        "psql on this machine refuses this as well: {} needs {} bits. Lower the level in that file, or give the server a larger prime (ssl_dh_params_file).",
        shown(setting),
        conf.prime_bits()
    ))
}

/// `"FILE" line 3 (Groups = X25519)`.
pub(super) fn shown(setting: &ConfSetting) -> String {
    if setting.command == Command::Providers {
        return format!(
            "\"{}\" line {} (of the providers, only these are active: {})",
            shown_path(&setting.file),
            setting.line,
            escape(&setting.value)
        );
    }
    format!(
        "\"{}\" line {} ({} = {})",
        shown_path(&setting.file),
        setting.line,
        setting.command,
        escape(&setting.value)
    )
}

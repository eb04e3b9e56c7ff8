//! What only newer versions of OpenSSL or libpq accept.

use super::chain::name;
use super::corrected;
use crate::conninfo::Keyword;
use crate::diagnose::{Code, Context, Finding, Hint, Level, Stage};
use crate::escape::escape;
use crate::trust;
use crate::verify::{Judgement, Libpq, NameFault, OpenSsl, PostQuantum, Rule};
use crate::x509::GeneralName;

/// OpenSSL 3.5 and newer accept the server, older versions cannot.
pub(in crate::diagnose) fn refused_by_older(
    context: &Context<'_>,
    judgement: &Judgement,
    what: PostQuantum,
) -> Finding {
    let newer = match context.conninfo {
        Some(_) => "With OpenSSL 3.5 and newer psql accepts it, and pgtls has verified it.",
        None => "OpenSSL 3.5 and newer accept it.",
    };
    let finding = finding(Level::Error, judgement, what);
    finding.hint(
        Hint::say(newer)
            .then("If no client has an older OpenSSL, add --min-openssl 3.5. Otherwise use ECDSA or RSA certificates."),
    )
}

/// OpenSSL 3.5 and newer are shown another certificate, and accept it.
pub(in crate::diagnose) fn another_for_newer(
    older: &Judgement,
    newer: &Judgement,
) -> Option<Finding> {
    let leaf = newer.certificates.first()?;
    // The rest of a chain may differ, too.
    if older.certificates.first() == Some(leaf) {
        return None;
    }
    let message = format!(
        "psql with OpenSSL 3.5 and newer is shown another certificate here, and accepts it: \"{}\", with the key {}",
        name(leaf),
        leaf.key_description()
    );
    Some(Finding::new(
        Level::Info,
        Code::OpensslVersionsDiffer,
        Stage::Verify,
        message,
    ))
}

/// libpq 15 and newer accept the name, libpq 14 does not.
pub(in crate::diagnose) fn refused_by_older_libpq(
    context: &Context<'_>,
    judgement: &Judgement,
    fault: &NameFault,
) -> Finding {
    let host = escape(context.host.unwrap_or_default()).to_string();
    let matched = judgement.name.as_ref().and_then(|name| name.as_ref().ok());
    let why = match matched.map(|matched| matched.rule) {
        Some(Rule::SanDns | Rule::CommonName) => {
            "it does not look at the CN of a certificate with a dNSName"
        }
        Some(Rule::SanIp) | None => "it does not compare the IP addresses of subjectAltName",
    };
    let message =
        format!("psql with libpq 14 refuses this certificate for {host}: {why} ({fault})");
    let hint = Hint::say(
        "libpq 15 and newer accept it, and pgtls has verified it. If no client has an older one, leave out --min-libpq 14. Otherwise connect by a name.",
    );
    let name = judgement.certificates.first().and_then(|leaf| {
        let mut names = leaf.subject_alt_names.iter().flatten();
        names.find_map(|name| {
            let GeneralName::Dns(name) = name else {
                return None;
            };
            let plain = !name.contains(&b'*') && !name.contains(&0);
            plain.then(|| name.clone())
        })
    });
    let hint = match (context.conninfo, name, context.address) {
        (Some(conninfo), Some(name), Some(address)) if conninfo.endpoints.len() == 1 => hint
            .then("With a name of the certificate, every libpq accepts it:")
            .fix(corrected(
                conninfo,
                &[
                    (Keyword::Host, name.as_slice()),
                    (Keyword::Hostaddr, address.to_string().as_bytes()),
                ],
            )),
        _ => hint,
    };
    Finding::error(Code::LibpqVersionsDiffer, Stage::Verify, message).hint(hint)
}

/// The same where only newer versions are asked for: nothing fails.
pub(in crate::diagnose) fn not_for_older_libpq(
    context: &Context<'_>,
    judgement: &Judgement,
) -> Option<Finding> {
    let fault = judgement.name_before_15.as_ref()?;
    match (judgement.oldest.libpq, context.level) {
        (Some(Libpq::V15), trust::Level::ChainAndName) => Some(Finding {
            level: Level::Info,
            hint: Hint::default(),
            ..refused_by_older_libpq(context, judgement, fault)
        }),
        (Some(Libpq::V14 | Libpq::V15 | Libpq::V17) | None, _) => None,
    }
}

/// The same where only newer versions are asked for: nothing fails.
pub(in crate::diagnose) fn not_for_older(judgement: &Judgement) -> Option<Finding> {
    let what = judgement.post_quantum?;
    match judgement.oldest.openssl {
        OpenSsl::V3_5 => Some(finding(Level::Info, judgement, what)),
        OpenSsl::V3_0 => None,
    }
}

fn finding(level: Level, judgement: &Judgement, what: PostQuantum) -> Finding {
    let (depth, algorithm, stage, refuses) = match what {
        PostQuantum::Server { algorithm } => (
            0,
            algorithm,
            Stage::Handshake,
            "cannot connect to this server",
        ),
        PostQuantum::Authority { depth, algorithm } => {
            (depth, algorithm, Stage::Verify, "refuses this chain")
        }
    };
    let role = judgement.place_at(depth).name();
    let who = match judgement.on_path(depth) {
        Some(certificate) => format!("{role} \"{}\"", name(certificate)),
        None => role.to_owned(),
    };
    let message = format!(
        "psql with OpenSSL 3.0 to 3.4 {refuses}: {who} has an {algorithm} key, which OpenSSL knows from 3.5 on"
    );
    Finding::new(level, Code::OpensslVersionsDiffer, stage, message)
}

//! What only newer versions of OpenSSL accept.

use super::chain::name;
use crate::diagnose::{Code, Context, Finding, Hint, Level, Stage};
use crate::verify::{Judgement, OpenSsl, PostQuantum};

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

/// The same where only newer versions are asked for: nothing fails.
pub(in crate::diagnose) fn not_for_older(judgement: &Judgement) -> Option<Finding> {
    let what = judgement.post_quantum?;
    match judgement.oldest {
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
    let role = judgement.path.place_at(depth).name();
    let who = match judgement.on_path(depth) {
        Some(certificate) => format!("{role} \"{}\"", name(certificate)),
        None => role.to_owned(),
    };
    let message = format!(
        "psql with OpenSSL 3.0 to 3.4 {refuses}: {who} has an {algorithm} key, which OpenSSL knows from 3.5 on"
    );
    Finding::new(level, Code::OpensslVersionsDiffer, stage, message)
}

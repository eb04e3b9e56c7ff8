//! What was asked for besides libpq's verdict, from typed text to a policy.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use pgtls::conninfo::{ConnInfo, SystemRoots};
use pgtls::demands::{self, Strictness};
use pgtls::trust::{Choice, Trust, file, read_bounded};
use pgtls::x509::Certificate;
use time::OffsetDateTime;

use crate::cli::{At, Demands};

pub(super) fn policy(demands: &Demands) -> demands::Demands {
    demands::Demands {
        valid_for: demands.valid_for,
        pins: demands.pin.clone(),
        strictness: if demands.strict {
            Strictness::Strict
        } else {
            Strictness::Lenient
        },
        ..demands::Demands::default()
    }
}

/// Time for one endpoint: the option's, else the string's `connect_timeout`, else our own.
pub(super) fn timeout(option: Option<Duration>, conninfo: &ConnInfo) -> Duration {
    let configured = conninfo
        .connect_timeout
        .as_ref()
        .map(|setting| setting.value);
    option.or(configured).unwrap_or(DEFAULT_TIMEOUT)
}

/// This instant, in seconds since 1970-01-01T00:00:00Z.
pub(super) fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

/// The instant of the judgement, in seconds since 1970-01-01T00:00:00Z.
pub(super) fn moment(demands: &Demands) -> anyhow::Result<i64> {
    let instant = match demands.at {
        None => Some(OffsetDateTime::now_utc()),
        Some(At::Instant(instant)) => Some(instant),
        Some(At::FromNow(shift)) => OffsetDateTime::now_utc().checked_add(shift),
    };
    let instant = instant.ok_or_else(|| anyhow!("--at lies beyond the calendar"))?;
    Ok(instant.unix_timestamp())
}

/// The roots of a CA to come.
pub(super) struct NewRoots {
    pub(super) file: PathBuf,
    pub(super) trust: Trust,
}

pub(super) fn roots(path: &Path) -> anyhow::Result<NewRoots> {
    let file = path.to_owned();
    let trust = Trust::offline(
        Some(&Choice::File(file.clone())),
        None,
        &SystemRoots::default(),
    )
    .with_context(|| format!("could not read the roots of {}", path.display()))?;
    Ok(NewRoots { file, trust })
}

/// The first certificate of a PEM file, or the one of a DER file.
pub(super) fn certificate(path: &Path) -> anyhow::Result<Certificate> {
    let bytes = read_bounded(path).with_context(|| format!("could not read {}", path.display()))?;
    match file::read(&bytes) {
        Ok(contents) => contents
            .certificates
            .into_iter()
            .next()
            .map(|anchor| Arc::unwrap_or_clone(anchor.certificate))
            .ok_or_else(|| anyhow!("{} holds no certificate", path.display())),
        Err(file::Unusable::Der) => {
            Certificate::parse(&bytes).with_context(|| format!("could not read {}", path.display()))
        }
        Err(fault) => Err(anyhow!("could not read {}: {fault}", path.display())),
    }
}

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

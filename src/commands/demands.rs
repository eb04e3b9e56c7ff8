//! The demands beyond libpq's verdict: turns options into the keys that a file can also set.

use anyhow::anyhow;
use time::OffsetDateTime;

use crate::cli::{At, DemandOptions};
use crate::config::Keys;

impl DemandOptions {
    /// What the options set.
    pub(super) fn keys(&self) -> Keys {
        Keys {
            valid_for: self.valid_for,
            pins: (!self.pin.is_empty()).then(|| self.pin.clone()),
            strict: self.strict.then_some(true),
            min_openssl: self.min_openssl,
            min_libpq: self.min_libpq,
            ..Keys::default()
        }
    }

    /// The time of the judgement, if it is not the present, in seconds since 1970-01-01T00:00:00Z.
    pub(super) fn instant(&self) -> anyhow::Result<Option<i64>> {
        let instant = match self.at {
            None => return Ok(None),
            Some(At::Instant(instant)) => Some(instant),
            Some(At::FromNow(shift)) => OffsetDateTime::now_utc().checked_add(shift),
        };
        let instant = instant.ok_or_else(|| anyhow!("--at is outside the supported dates"))?;
        Ok(Some(instant.unix_timestamp()))
    }
}

/// The present time, in seconds since 1970-01-01T00:00:00Z.
pub(super) fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

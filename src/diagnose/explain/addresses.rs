//! A name with several addresses, of which libpq takes the first that answers, whatever it says.

use std::net::IpAddr;

use super::corrected;
use crate::conninfo::{Keyword, Route};
use crate::diagnose::{Diagnosis, Hint, Stage};
use crate::escape::escape;
use crate::probe::Task;

impl Diagnosis {
    /// Adds to what is wrong at the address `answered` that another address of the name may pass. Shown only where it does.
    #[must_use]
    pub fn with_other_addresses(
        mut self,
        task: &Task,
        answered: IpAddr,
        addresses: &[IpAddr],
    ) -> Self {
        let (Some(error), Route::Name(name)) = (&mut self.error, task.endpoint.route()) else {
            return self;
        };
        let others = addresses.iter().filter(|one| **one != answered);
        let hint: Hint = others
            .take(MAX_OTHERS)
            .map(|other| {
                Hint::say(format!(
                    "\"{}\" is also {other}, where this passes; libpq does not try it, because {answered} answers first:",
                    escape(name)
                ))
                .fix(corrected(
                    &task.conninfo,
                    &[(Keyword::Hostaddr, other.to_string().as_bytes())],
                ))
            })
            .collect();
        error.hint = hint.and(std::mem::take(&mut error.hint));
        self
    }

    /// Whether another address of the same name may show another server.
    pub fn is_about_one_address(&self) -> bool {
        let stage = self.error.as_ref().map(|error| error.stage);
        matches!(
            stage,
            Some(Stage::Negotiate | Stage::Handshake | Stage::Verify)
        )
    }
}

/// Each costs a connection.
const MAX_OTHERS: usize = 2;

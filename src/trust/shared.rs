//! One [`Trust`] for all connection strings that ask for the same: files are read once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::{Error, Trust, TrustRequest};

/// What has been gathered so far.
#[derive(Default)]
pub struct SharedTrust {
    gathered: HashMap<TrustRequest, Arc<Trust>>,
}

impl SharedTrust {
    /// As [`Trust::gather`], but the answer to an equal request is handed out again.
    ///
    /// # Errors
    /// As [`Trust::gather`]. Failures are not kept.
    pub fn gather(&mut self, request: TrustRequest) -> Result<Arc<Trust>, Error> {
        Ok(match self.gathered.entry(request) {
            Entry::Occupied(known) => Arc::clone(known.get()),
            Entry::Vacant(new) => {
                let trust = Arc::new(Trust::gather(new.key())?);
                Arc::clone(new.insert(trust))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conninfo::{ConnInfo, Nowhere};

    #[test]
    fn equal_requests_share_one_trust() {
        let mut shared = SharedTrust::default();
        let mut gather = |string: &str| {
            let conninfo = ConnInfo::read(string.as_bytes(), &Nowhere).unwrap();
            shared.gather(TrustRequest::new(&conninfo, None)).unwrap()
        };
        let first = gather("host=a user=u sslrootcert=system");
        let same = gather("sslrootcert=system host=other user=u");
        assert!(Arc::ptr_eq(&first, &same));
        assert!(!Arc::ptr_eq(&first, &gather("host=a user=u")));
    }
}

//! One [`Trust`] for all connection strings with the same request: files are read once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Error, Trust, TrustRequest};

/// What has been gathered so far. Clones share it.
#[derive(Clone, Default)]
pub struct SharedTrust {
    gathered: Arc<Mutex<HashMap<TrustRequest, Arc<Trust>>>>,
}

impl SharedTrust {
    /// Like [`Trust::gather`], but reuses the answer to an equal request.
    ///
    /// # Errors
    /// As [`Trust::gather`]. Failures are not kept.
    pub fn gather(&self, request: TrustRequest) -> Result<Arc<Trust>, Error> {
        if let Some(known) = self.lock().get(&request) {
            return Ok(Arc::clone(known));
        }
        // Not under the lock, because a file may keep its reader waiting.
        let trust = Arc::new(Trust::gather(&request)?);
        Ok(Arc::clone(self.lock().entry(request).or_insert(trust)))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TrustRequest, Arc<Trust>>> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conninfo::{ConnInfo, Nowhere};

    #[test]
    fn equal_requests_share_one_trust() {
        let shared = SharedTrust::default();
        let gather = |string: &str| {
            let conninfo = ConnInfo::read(string.as_bytes(), &Nowhere).unwrap();
            shared.gather(TrustRequest::new(&conninfo, None)).unwrap()
        };
        let first = gather("host=a user=u sslrootcert=system");
        let same = gather("sslrootcert=system host=other user=u");
        assert!(Arc::ptr_eq(&first, &same));
        assert!(!Arc::ptr_eq(&first, &gather("host=a user=u")));
    }
}

//! Files that a driver reads by other rules than libpq.

use super::{Code, Hint, Stage, client_of, warning};
use crate::clients::KeyReader;
use crate::conninfo::{ConnInfo, Keyword, shown_path};
use crate::demands::Strictness;
use crate::diagnose::Diagnosis;
use crate::diagnose::explain::files::quoted_path;
use crate::dialect::{Dialect, ReadAs, Stack};
use crate::trust::file::{Form, Unusable};
use crate::trust::{self, Custody, FileRole, Identity, IdentityError, KeyFault};

impl Diagnosis {
    /// The same with a warning if libpq reads the private key, and the driver of the string may not.
    #[must_use]
    pub fn with_driver_key(
        self,
        read_as: &ReadAs,
        identity: Option<&Identity>,
        strictness: Strictness,
    ) -> Self {
        let reader = if read_as.dialect == Dialect::R2dbc {
            Some(KeyReader::Netty)
        } else {
            client_of(read_as.stack).and_then(KeyReader::of)
        };
        let (Some(identity), Some(reader)) = (identity, reader) else {
            return self;
        };
        let Some(reason) = reader.objection(identity.key_form) else {
            return self;
        };
        let key = &identity.key_path;
        // A name that the key itself does not have, and that no other file is likely to have.
        let (options, end) = if reader == KeyReader::Pgjdbc {
            (" -outform der", "pkcs8.pk8")
        } else {
            ("", "pkcs8.pem")
        };
        let message = format!(
            "{} may not read the private key \"{}\": {reason}",
            read_as.driver(),
            shown_path(key)
        );
        let command = format!(
            "openssl pkcs8 -topk8 -nocrypt -in {}{options} -out {}",
            quoted_path(key),
            quoted_path(&key.with_extension(end))
        );
        let hint = Hint::say("libpq reads it. Write it as PKCS#8, and set sslkey to the new file, which is not encrypted:")
            .show(command);
        let finding = warning(Code::DriverDiffers, Stage::Trust, message).hint(hint);
        self.with(finding, strictness)
    }
}

/// Why the driver of a string takes a file that libpq refuses; `None` if it does not, or if that is not known.
pub(super) fn taken_by(
    read_as: &ReadAs,
    conninfo: &ConnInfo,
    error: &trust::Error,
) -> Option<&'static str> {
    let no_mode = matches!(
        read_as.stack,
        Stack::Java | Stack::NodePostgres | Stack::Asyncpg
    );
    let is_pgjdbc = read_as.dialect == Dialect::Jdbc;
    match error {
        trust::Error::Identity {
            error: IdentityError::KeyPermissions { custody, .. },
            ..
        } if no_mode && !matches!(custody, Custody::Certificate) => {
            Some("it does not look at the mode of a key file")
        }
        trust::Error::Identity {
            error:
                IdentityError::KeyInvalid {
                    fault: KeyFault::EncryptedDer,
                    ..
                },
            ..
        } if is_pgjdbc && conninfo.parameter(Keyword::SslPassword).is_some() => {
            Some("it reads encrypted PKCS#8 in DER, with sslpassword")
        }
        trust::Error::Unusable {
            role: FileRole::Roots,
            fault: Unusable::Form(Form::CertificateDer),
            ..
        } if is_pgjdbc => Some("it reads DER, too"),
        trust::Error::Missing { .. }
        | trust::Error::Unreadable { .. }
        | trust::Error::Unusable { .. }
        | trust::Error::Identity { .. } => None,
    }
}

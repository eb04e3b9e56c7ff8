//! Turns the result of a login into the report.

use super::times::milliseconds;
use super::{ChannelBindingType, EndpointReport, LoginMethod, LoginReport, ServerSessionReport};
use crate::conninfo::ConnInfo;
use crate::escape::Shown;
use crate::login::{self, Encryption, Entered, Login, Sight};

impl EndpointReport {
    /// The same with the login, if there was one.
    #[must_use]
    pub fn with_login(self, conninfo: &ConnInfo, login: Option<&Login>) -> Self {
        Self {
            login: login.map(|login| login_report(conninfo, login)),
            ..self
        }
    }
}

fn login_report(conninfo: &ConnInfo, login: &Login) -> LoginReport {
    let entered = login.outcome.as_ref().ok();
    let session = entered.and_then(|entered| entered.session.as_ref().ok());
    let sqlstate = match &login.outcome {
        Err(login::Error::Server { error, .. }) => error.sqlstate.as_deref().map(Shown::new),
        _ => None,
    };
    LoginReport {
        user: Shown::new(&conninfo.user.value.to_string()),
        database: Shown::new(&conninfo.dbname.value.to_string()),
        succeeded: entered.is_some(),
        sqlstate,
        method: login.method.map(|method| LoginMethod::from(method).into()),
        channel_binding: (login.bound && entered.is_some())
            .then_some(ChannelBindingType::TlsServerEndPoint.into()),
        server_version: entered
            .and_then(|entered| entered.server_version.as_ref())
            .map(|version| shortened(version)),
        pg_stat_ssl: session.map(|session| ServerSessionReport {
            ssl: session.encryption == Encryption::Tls,
            version: session.version.as_deref().map(shortened),
            cipher: session.cipher.as_deref().map(shortened),
            bits: session.bits.as_deref().map(shortened),
            client_dn: session.client_dn.as_deref().map(shortened),
        }),
        same_session: entered
            .filter(|_| session.is_some())
            .and_then(|entered| same_session(login, entered)),
        pooler: entered
            .and_then(|entered| entered.pgbouncer.as_ref())
            .map(|version| shortened(&format!("PgBouncer {version}"))),
        took_ms: milliseconds(login.took),
    }
}

/// A difference refutes it. The process and the port prove it, and so does channel binding. Otherwise something
/// may have negotiated the same twice.
fn same_session(login: &Login, entered: &Entered) -> Option<bool> {
    let same = || (login.bound || entered.sight == Sight::Same).then_some(true);
    if entered.differences.is_empty() {
        same()
    } else {
        Some(false)
    }
}

/// What a server says about itself, shortened.
fn shortened(text: &str) -> Shown {
    let start: String = text.chars().take(MAX_SAID).collect();
    Shown::new(&start)
}

/// The maximum of reported characters of a server's value.
const MAX_SAID: usize = 300;

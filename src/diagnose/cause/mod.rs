//! Why a server refuses, by its own words. Pure.
//!
//! The SQLSTATE comes first, then the function of PostgreSQL that made the message, which is the same in every
//! language, then the text. What the words rule out is not a cause. Where they leave two causes, both stay.

mod pooler;
mod translations;

use crate::wire::postgres::ServerError;
use crate::wire::postgres::error::sqlstate;

pub(super) use pooler::{Pooler, PoolerFault, Relayed};

/// Why a server refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// No line of pg_hba.conf applies.
    NoHbaLine,
    /// A line of pg_hba.conf rejects.
    HbaRejects,
    /// One of these two.
    Hba,
    /// A line of pg_hba.conf demands a client certificate.
    CertificateDemanded,
    /// A line of pg_hba.conf applies, but its user is not that of the client certificate.
    Certificate,
    /// The line that applies has the method trust, which never refuses, and `clientcert=verify-full`.
    NotTrusted,
    /// A line of pg_hba.conf applies, and its method refused.
    Method(Method),
    /// A line of pg_hba.conf applies, and its method, which the words do not name, refused.
    SomeMethod,
    /// A password was wrong, expired, or there is none.
    Password,
    /// The role does not exist.
    RoleMissing,
    /// The role may not log in.
    RoleNoLogin,
    /// One of these two.
    Role,
    /// The database does not exist.
    DatabaseMissing,
    /// The database allows no connections.
    DatabaseClosed,
    /// The role lacks the privilege CONNECT.
    NoConnect,
    /// The role lacks the attribute REPLICATION.
    NoReplication,
    /// The role's own limit is reached.
    RoleFull,
    /// The database's own limit is reached.
    DatabaseFull,
    /// `max_connections` is reached, or only reserved slots are left.
    ServerFull,
    /// `max_wal_senders` is reached.
    WalSendersFull,
    /// Memory, disk or processes are used up.
    NoResources,
    /// It is starting up, or recovering from a crash.
    StartingUp,
    /// It is shutting down.
    ShuttingDown,
    /// It is a standby that takes no connections.
    NoHotStandby,
    /// It cannot take connections now.
    NotNow,
    /// It does not accept a setting of the startup packet.
    Setting,
    /// A pooler made the message, not PostgreSQL.
    Pooler(Pooler, PoolerFault),
    /// PostgreSQL's words to a pooler, which repeats them to its own client.
    Relayed(Relayed),
    /// The words do not tell.
    Unknown,
}

/// A method of pg_hba.conf that does not depend on a password of PostgreSQL or on a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Ident,
    Peer,
    Gss,
    Sspi,
    Pam,
    Bsd,
    Ldap,
    Radius,
    OAuth,
}

impl Method {
    /// The name in pg_hba.conf.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Ident => "ident",
            Self::Peer => "peer",
            Self::Gss => "gss",
            Self::Sspi => "sspi",
            Self::Pam => "pam",
            Self::Bsd => "bsd",
            Self::Ldap => "ldap",
            Self::Radius => "radius",
            Self::OAuth => "oauth",
        }
    }

    /// By its name in PostgreSQL's messages, which most translations keep.
    fn of(text: &str) -> Option<Self> {
        NAMES
            .into_iter()
            .find(|(name, _)| text.contains(name))
            .map(|(_, method)| method)
    }
}

/// The names in `auth_failed` of PostgreSQL's `auth.c`.
const NAMES: [(&str, Method); 10] = [
    ("Ident", Method::Ident),
    ("Peer", Method::Peer),
    ("peer", Method::Peer),
    ("GSSAPI", Method::Gss),
    ("SSPI", Method::Sspi),
    ("PAM", Method::Pam),
    ("BSD", Method::Bsd),
    ("LDAP", Method::Ldap),
    ("RADIUS", Method::Radius),
    ("OAuth", Method::OAuth),
];

/// The part of PostgreSQL that made a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// `ClientAuthentication`: which line of pg_hba.conf applies, and what it demands.
    Lines,
    /// `auth_failed`: the method of that line refused.
    Method,
    /// `InitializeSessionUserId`: the role, after the authentication.
    Role,
    /// It does not say, or it is another one.
    Other,
}

impl Part {
    fn of(error: &ServerError) -> Self {
        match error.made.as_ref().map(|made| made.routine.as_str()) {
            Some("ClientAuthentication") => Self::Lines,
            Some("auth_failed" | "CheckCertAuth") => Self::Method,
            Some("InitializeSessionUserId") => Self::Role,
            _ => Self::Other,
        }
    }
}

impl Cause {
    /// The cause, as far as the server's words tell it.
    pub(super) fn of(error: &ServerError) -> Self {
        let text = String::from_utf8_lossy(&error.message);
        let state = error.sqlstate.as_deref().unwrap_or_default();
        if let Some((pooler, fault)) = pooler::of(error, &text) {
            return Self::Pooler(pooler, fault);
        }
        if let Some(relayed) = Relayed::of(error, &text) {
            return Self::Relayed(relayed);
        }
        match state {
            sqlstate::INVALID_AUTHORIZATION => unauthorized(&text, Part::of(error)),
            sqlstate::INVALID_PASSWORD => Self::Password,
            sqlstate::INVALID_CATALOG_NAME => Self::DatabaseMissing,
            sqlstate::NOT_IN_PREREQUISITE_STATE => Self::DatabaseClosed,
            sqlstate::INSUFFICIENT_PRIVILEGE if is_about_replication(error, &text) => {
                Self::NoReplication
            }
            sqlstate::INSUFFICIENT_PRIVILEGE => Self::NoConnect,
            sqlstate::INVALID_PARAMETER_VALUE | sqlstate::UNDEFINED_OBJECT => Self::Setting,
            sqlstate::TOO_MANY_CONNECTIONS => full(error, &text),
            sqlstate::CANNOT_CONNECT_NOW => not_now(error, &text),
            "57P01" | "57P02" => Self::ShuttingDown,
            _ if state.starts_with(sqlstate::CLASS_INSUFFICIENT_RESOURCES) => Self::NoResources,
            // The postmaster could not start a process: it then sends a bare string.
            "" if text.starts_with("could not fork") => Self::NoResources,
            _ => Self::Unknown,
        }
    }
}

/// SQLSTATE 28000.
fn unauthorized(text: &str, part: Part) -> Cause {
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    match part {
        _ if text.contains("pg_hba.conf") => {
            match (says(&translations::NO_LINE), says(&translations::REJECTS)) {
                (true, false) => Cause::NoHbaLine,
                (false, true) => Cause::HbaRejects,
                _ => Cause::Hba,
            }
        }
        // Everything else that PostgreSQL says under this SQLSTATE quotes a name, in every language.
        Part::Lines => Cause::CertificateDemanded,
        Part::Other if !text.contains(QUOTATION_MARKS) => Cause::CertificateDemanded,
        Part::Role | Part::Other
            if says(&translations::NO_LOGIN) || says(&translations::NO_ROLE) =>
        {
            if says(&translations::NO_LOGIN) {
                Cause::RoleNoLogin
            } else {
                Cause::RoleMissing
            }
        }
        Part::Role => Cause::Role,
        Part::Method | Part::Other if says(&translations::CERTIFICATE) => Cause::Certificate,
        Part::Method if names_trust(text) => Cause::NotTrusted,
        Part::Method | Part::Other => match (Method::of(text), part) {
            (Some(method), _) => Cause::Method(method),
            (None, Part::Method) => Cause::SomeMethod,
            (None, Part::Lines | Part::Role | Part::Other) => Cause::Unknown,
        },
    }
}

/// Whether `auth_failed` names the method trust, which it quotes, as the user. Other methods it does not quote.
fn names_trust(text: &str) -> bool {
    let names = names_of(text);
    names.len() == 2 && names.contains(&"trust")
}

/// SQLSTATE 42501: `InitPostgres` checks the attribute, `CheckMyDatabase` the privilege CONNECT.
fn is_about_replication(error: &ServerError, text: &str) -> bool {
    match &error.made {
        Some(made) => made.routine == "InitPostgres",
        None => text.contains("walsender") || text.contains("WAL sender"),
    }
}

/// SQLSTATE 53300.
fn full(error: &ServerError, text: &str) -> Cause {
    let routine = error.made.as_ref().map(|made| made.routine.as_str());
    match routine {
        // No translation changes the name of a setting.
        _ if text.contains("max_wal_senders") => Cause::WalSendersFull,
        Some("InitializeSessionUserId") => Cause::RoleFull,
        Some("CheckMyDatabase") => Cause::DatabaseFull,
        Some(_) => Cause::ServerFull,
        None if text.starts_with("too many connections for role") => Cause::RoleFull,
        None if text.starts_with("too many connections for database") => Cause::DatabaseFull,
        None => Cause::ServerFull,
    }
}

/// SQLSTATE 57P03: the words that PostgreSQL translates, so another language stays [`Cause::NotNow`].
fn not_now(error: &ServerError, text: &str) -> Cause {
    let detail = String::from_utf8_lossy(&error.detail);
    if text.contains("starting up")
        || text.contains("recovery mode")
        || text.contains("not yet accepting")
    {
        Cause::StartingUp
    } else if text.contains("shutting down") {
        Cause::ShuttingDown
    } else if detail.contains("Hot standby") || text.contains("not accepting connections") {
        Cause::NoHotStandby
    } else {
        Cause::NotNow
    }
}

/// Whether the server says that its session has no TLS.
pub(super) fn saw_plaintext(error: &ServerError) -> bool {
    let text = String::from_utf8_lossy(&error.message);
    text.contains("pg_hba.conf")
        && translations::PLAINTEXT
            .iter()
            .any(|words| text.contains(words))
}

/// The names that a message quotes, in order: in pg_hba.conf's messages the address, the user and the database.
pub(super) fn quoted(error: &ServerError) -> Vec<String> {
    let text = String::from_utf8_lossy(&error.message);
    names_of(&text).into_iter().map(str::to_owned).collect()
}

fn names_of(text: &str) -> Vec<&str> {
    let parts = text.split(QUOTATION_MARKS).map(str::trim);
    parts.skip(1).step_by(2).collect()
}

/// The quotation marks around names in PostgreSQL's translations.
const QUOTATION_MARKS: [char; 7] = [
    '"', '\u{ab}', '\u{bb}', '\u{201c}', '\u{201d}', '\u{201e}', '\u{300c}',
];

#[cfg(test)]
mod tests;

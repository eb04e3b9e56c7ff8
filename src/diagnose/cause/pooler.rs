//! Poolers, by what they say themselves. None is named without words of its own.

use crate::wire::postgres::ServerError;
use crate::wire::postgres::error::sqlstate;

/// Something that pools connections to PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::diagnose) enum Pooler {
    /// PgBouncer (`src/client.c`, `src/objects.c`, `src/janitor.c`).
    PgBouncer,
    /// Odyssey (`sources/frontend.c`).
    Odyssey,
    /// PgCat (`src/client.rs`, `src/client/`).
    PgCat,
    /// Supavisor, the pooler of Supabase.
    Supavisor,
    /// Amazon RDS Proxy.
    RdsProxy,
    /// Pgpool-II.
    Pgpool,
    /// Neon's proxy.
    Neon,
    /// The proxy of CockroachDB Cloud.
    Cockroach,
}

impl std::fmt::Display for Pooler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::PgBouncer => "PgBouncer",
            Self::Odyssey => "Odyssey",
            Self::PgCat => "PgCat",
            Self::Supavisor => "Supavisor",
            Self::RdsProxy => "RDS Proxy",
            Self::Pgpool => "Pgpool-II",
            Self::Neon => "Neon's proxy",
            Self::Cockroach => "the proxy of CockroachDB Cloud",
        })
    }
}

/// What a pooler refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::diagnose) enum PoolerFault {
    /// It does not know the database, or the user for it.
    NoRoute,
    /// It does not know the user.
    NoUser,
    /// It does not know the tenant, which the user's name or SNI tells.
    NoTenant,
    /// A parameter of the startup packet.
    Parameter,
    /// A session for replication.
    Replication,
    /// A newer protocol than 3.0.
    Protocol,
    /// Its own limit of clients is reached.
    Full,
    /// It got no connection to PostgreSQL in time: none was free, or none could be made.
    NoneInTime,
    /// It cannot reach or use PostgreSQL.
    ServerDown,
    /// PostgreSQL refused its own login.
    ServerLogin,
    /// Its own console, which few users may use.
    Console,
    /// Its own check of the password.
    Login,
    /// Its own check of the client certificate.
    Certificate,
    /// It has no secret for the role.
    NoSecret,
    /// Its own configuration is wrong.
    Configuration,
    /// It is shutting down.
    ShuttingDown,
    /// Its words say that it refuses, but pgtls does not know them.
    Unnamed,
}

/// Which pooler speaks, and what it refuses; `None` if PostgreSQL may have said it.
pub(super) fn of(error: &ServerError, text: &str) -> Option<(Pooler, PoolerFault)> {
    // PostgreSQL always says where in its program it made a message; these poolers never do.
    let rows = WORDS.iter().filter(|_| error.made.is_none());
    rows.copied()
        .find(|(_, words, _)| match words {
            Words::Whole(words) => text == *words,
            Words::Start(words) => text.starts_with(words),
            Words::Part(words) => text.contains(words),
        })
        .map(|(pooler, _, fault)| (pooler, fault))
}

/// What PostgreSQL refused a pooler, in words that the pooler repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::diagnose) enum Relayed {
    /// A client certificate is demanded of it.
    Certificate,
    /// pg_hba.conf lets it not in.
    Hba,
    /// Its user or its password.
    Login,
    /// The database that it wants.
    Database,
}

impl Relayed {
    /// PgBouncer 1.18 and older give what PostgreSQL says at their own login a SQLSTATE that PostgreSQL never gives it
    /// (`handle_server_startup` in `src/server.c`).
    pub(super) fn of(error: &ServerError, text: &str) -> Option<Self> {
        if error.sqlstate.as_deref() != Some(sqlstate::PROTOCOL_VIOLATION) || error.made.is_some() {
            return None;
        }
        let absent = text.ends_with(" does not exist");
        if text.starts_with("connection requires a valid client certificate") {
            Some(Self::Certificate)
        } else if text.contains("pg_hba.conf") {
            Some(Self::Hba)
        } else if text.contains("authentication failed for user \"")
            || (absent && text.starts_with("role \""))
        {
            Some(Self::Login)
        } else if (absent && text.starts_with("database \""))
            || text.starts_with("permission denied for database \"")
        {
            Some(Self::Database)
        } else {
            None
        }
    }
}

/// What a message must be, begin with or contain.
#[derive(Clone, Copy, Debug)]
enum Words {
    Whole(&'static str),
    Start(&'static str),
    Part(&'static str),
}

/// The first row that fits decides.
const WORDS: &[(Pooler, Words, PoolerFault)] = &[
    (
        Pooler::RdsProxy,
        Words::Part("RDS proxy has no credentials"),
        PoolerFault::NoSecret,
    ),
    (
        Pooler::RdsProxy,
        Words::Part("RDS proxy"),
        PoolerFault::Login,
    ),
    (
        Pooler::RdsProxy,
        Words::Part("RDS Proxy"),
        PoolerFault::Login,
    ),
    (
        Pooler::Odyssey,
        Words::Part("too many active clients for user (pool_size"),
        PoolerFault::Full,
    ),
    (
        Pooler::Odyssey,
        Words::Part("failed to get remote server connection"),
        PoolerFault::ServerDown,
    ),
    (
        Pooler::Odyssey,
        Words::Part(": route for '"),
        PoolerFault::NoRoute,
    ),
    (
        Pooler::Odyssey,
        Words::Start("odyssey: "),
        PoolerFault::Unnamed,
    ),
    (
        Pooler::PgCat,
        Words::Start("No pool configured for database"),
        PoolerFault::NoRoute,
    ),
    (
        Pooler::PgCat,
        Words::Start("could not get connection from the pool"),
        PoolerFault::NoneInTime,
    ),
    (
        Pooler::Supavisor,
        Words::Part("Tenant or user not found"),
        PoolerFault::NoTenant,
    ),
    (
        Pooler::Supavisor,
        Words::Part("(ENOTFOUND) tenant/user"),
        PoolerFault::NoTenant,
    ),
    (
        Pooler::Supavisor,
        Words::Part("MaxClientsInSessionMode"),
        PoolerFault::Full,
    ),
    (
        Pooler::Supavisor,
        Words::Part("(EMAXCONN"),
        PoolerFault::Full,
    ),
    (
        Pooler::Supavisor,
        Words::Part("Max client connections reached"),
        PoolerFault::Full,
    ),
    (
        Pooler::Neon,
        Words::Part("Endpoint ID is not specified"),
        PoolerFault::NoTenant,
    ),
    (
        Pooler::Neon,
        Words::Part("requested endpoint could not be found"),
        PoolerFault::NoTenant,
    ),
    (
        Pooler::Pgpool,
        Words::Part("pool_hba.conf"),
        PoolerFault::Login,
    ),
    (
        Pooler::Pgpool,
        Words::Part("pgpool requires at least one valid node"),
        PoolerFault::ServerDown,
    ),
    (
        Pooler::Cockroach,
        Words::Start("codeParamsRoutingFailed"),
        PoolerFault::NoTenant,
    ),
    (
        Pooler::Neon,
        Words::Start("The endpoint has been disabled"),
        PoolerFault::ServerDown,
    ),
    (
        Pooler::PgBouncer,
        Words::Whole("not allowed"),
        PoolerFault::Console,
    ),
    (
        Pooler::PgBouncer,
        Words::Start("no such database"),
        PoolerFault::NoRoute,
    ),
    (
        Pooler::PgBouncer,
        Words::Start("no such user"),
        PoolerFault::NoUser,
    ),
    // Of a user that it does not know (`mock_auth`).
    (
        Pooler::PgBouncer,
        Words::Whole("\"trust\" authentication failed"),
        PoolerFault::NoUser,
    ),
    (
        Pooler::PgBouncer,
        Words::Whole("unsupported startup parameter: replication"),
        PoolerFault::Replication,
    ),
    // The packet's length and the number of protocol 3.2.
    (
        Pooler::PgBouncer,
        Words::Start("bad packet header: '"),
        PoolerFault::Protocol,
    ),
    (
        Pooler::PgBouncer,
        Words::Start("unsupported startup parameter"),
        PoolerFault::Parameter,
    ),
    (
        Pooler::PgBouncer,
        Words::Start("Unsupported startup parameter"),
        PoolerFault::Parameter,
    ),
    (
        Pooler::PgBouncer,
        Words::Start("unsupported options startup parameter"),
        PoolerFault::Parameter,
    ),
    (
        Pooler::PgBouncer,
        Words::Start("invalid options startup parameter"),
        PoolerFault::Parameter,
    ),
    (
        Pooler::PgBouncer,
        Words::Part("(max_client_conn)"),
        PoolerFault::Full,
    ),
    (
        Pooler::PgBouncer,
        Words::Start("client connections exceeded"),
        PoolerFault::Full,
    ),
    (
        Pooler::PgBouncer,
        Words::Whole("query_wait_timeout"),
        PoolerFault::NoneInTime,
    ),
    (
        Pooler::PgBouncer,
        Words::Start("server login failed"),
        PoolerFault::ServerLogin,
    ),
    (
        Pooler::PgBouncer,
        Words::Start("server login has been failing, cached error: server login failed"),
        PoolerFault::ServerLogin,
    ),
    (
        Pooler::PgBouncer,
        Words::Part("(server_login_retry)"),
        PoolerFault::ServerDown,
    ),
    (
        Pooler::PgBouncer,
        Words::Part("pgbouncer cannot connect to server"),
        PoolerFault::ServerDown,
    ),
    (
        Pooler::PgBouncer,
        Words::Start("server DNS lookup failed"),
        PoolerFault::ServerDown,
    ),
    (
        Pooler::PgBouncer,
        Words::Start("client_login_timeout"),
        PoolerFault::NoneInTime,
    ),
    (
        Pooler::PgBouncer,
        Words::Start("bouncer config error"),
        PoolerFault::Configuration,
    ),
    (
        Pooler::PgBouncer,
        Words::Start("SASL authentication failed"),
        PoolerFault::Login,
    ),
    (
        Pooler::PgBouncer,
        Words::Whole("certificate authentication failed"),
        PoolerFault::Certificate,
    ),
    (
        Pooler::PgBouncer,
        Words::Whole("login rejected"),
        PoolerFault::Login,
    ),
    (
        Pooler::PgBouncer,
        Words::Start("pooler is shut down"),
        PoolerFault::ShuttingDown,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::postgres::error::Made;

    #[test]
    fn words_of_postgres_are_a_poolers_with_a_state_that_postgres_does_not_give_them() {
        let said = |state: &str, message: &str| {
            let error = ServerError {
                sqlstate: Some(state.to_owned()),
                message: message.as_bytes().to_vec(),
                ..ServerError::default()
            };
            Relayed::of(&error, message)
        };
        for (message, expected) in [
            (
                "connection requires a valid client certificate",
                Some(Relayed::Certificate),
            ),
            (
                "no pg_hba.conf entry for host \"192.0.2.7\", user \"u\", database \"d\", no encryption",
                Some(Relayed::Hba),
            ),
            (
                "password authentication failed for user \"app\"",
                Some(Relayed::Login),
            ),
            ("role \"app\" does not exist", Some(Relayed::Login)),
            ("database \"shop\" does not exist", Some(Relayed::Database)),
            ("expected password response, got message type 88", None),
        ] {
            assert_eq!(said("08P01", message), expected, "{message}");
            assert_eq!(said("28000", message), None, "{message}");
        }
    }

    #[test]
    fn a_pooler_is_known_by_its_own_words_only() {
        for (message, expected) in [
            (
                "no such database: shop",
                Some((Pooler::PgBouncer, PoolerFault::NoRoute)),
            ),
            (
                "unsupported startup parameter: replication",
                Some((Pooler::PgBouncer, PoolerFault::Replication)),
            ),
            (
                "unsupported startup parameter: extra_float_digits",
                Some((Pooler::PgBouncer, PoolerFault::Parameter)),
            ),
            (
                "bad packet header: '0000005000030002'",
                Some((Pooler::PgBouncer, PoolerFault::Protocol)),
            ),
            (
                "not allowed",
                Some((Pooler::PgBouncer, PoolerFault::Console)),
            ),
            (
                "no more connections allowed (max_client_conn)",
                Some((Pooler::PgBouncer, PoolerFault::Full)),
            ),
            (
                "server login has been failing, cached error: connect failed (server_login_retry)",
                Some((Pooler::PgBouncer, PoolerFault::ServerDown)),
            ),
            (
                "server login failed: FATAL password authentication failed for user \"app\"",
                Some((Pooler::PgBouncer, PoolerFault::ServerLogin)),
            ),
            (
                "\"trust\" authentication failed",
                Some((Pooler::PgBouncer, PoolerFault::NoUser)),
            ),
            (
                "certificate authentication failed",
                Some((Pooler::PgBouncer, PoolerFault::Certificate)),
            ),
            ("\"trust\" authentication failed for user \"u\"", None),
            (
                "odyssey: c1f2a3b4c5d6: route for 'shop.app' is not found",
                Some((Pooler::Odyssey, PoolerFault::NoRoute)),
            ),
            (
                "odyssey: c1f2a3b4c5d6: sorry",
                Some((Pooler::Odyssey, PoolerFault::Unnamed)),
            ),
            (
                "Tenant or user not found",
                Some((Pooler::Supavisor, PoolerFault::NoTenant)),
            ),
            (
                "This RDS proxy has no credentials for the role app.",
                Some((Pooler::RdsProxy, PoolerFault::NoSecret)),
            ),
            ("database \"no such database\" does not exist", None),
        ] {
            let error = ServerError {
                message: message.as_bytes().to_vec(),
                ..ServerError::default()
            };
            assert_eq!(of(&error, message), expected, "{message}");
            let made = Made {
                file: "auth.c".to_owned(),
                routine: "auth_failed".to_owned(),
            };
            let of_postgres = ServerError {
                made: Some(made),
                ..error
            };
            assert_eq!(of(&of_postgres, message), None, "{message}");
        }
    }
}

//! What to do about a pooler that refuses, in the pooler's own settings.

use super::refusal::{Asked, Named};
use crate::conninfo::{ConnInfo, Keyword, ProtocolVersion};
use crate::diagnose::cause::{Pooler, PoolerFault, Relayed};
use crate::diagnose::{Fix, Hint};
use crate::escape::escape;
use crate::wire::postgres::ServerError;

pub(super) fn advice(
    asked: &Asked<'_>,
    error: &ServerError,
    pooler: Pooler,
    fault: PoolerFault,
) -> Hint {
    let says = format!("This is {pooler}, not PostgreSQL.");
    let say = |text: &str| Hint::say(format!("{says} {text}"));
    let conninfo = asked.conninfo();
    let database = escape(&conninfo.dbname.value.to_string()).to_string();
    let user = escape(&conninfo.user.value.to_string()).to_string();
    match (fault, pooler) {
        (PoolerFault::NoRoute, Pooler::PgBouncer) => say(&format!(
            "It does not know this database. Check dbname. Or its administrator adds \"{database}\" to the section [databases] of pgbouncer.ini."
        )),
        (PoolerFault::NoUser, Pooler::PgBouncer) => say(&format!(
            "It does not know this user. Check user. Or its administrator adds \"{user}\" to auth_file, or sets auth_query."
        )),
        (PoolerFault::NoRoute, Pooler::PgCat) => say(&format!(
            "It has no pool for this database and user. Check dbname and user. Or its administrator adds [pools.{database}] with a user \"{user}\" to pgcat.toml."
        )),
        (PoolerFault::NoRoute, Pooler::Odyssey) => say(&format!(
            "It has no route for this database and user. Check dbname and user. Or its administrator adds to odyssey.conf a section database \"{database}\" with user \"{user}\"."
        )),
        (PoolerFault::NoTenant, Pooler::Supavisor) => say(
            "It finds the project by the user's name, which must be USER.PROJECT (postgres.abcdefghijkl), and it serves only one region. Copy user and host from the project's page (Connect). A paused or deleted project is not found either.",
        ),
        (PoolerFault::NoTenant, Pooler::Neon) if asked.sends_name() => say(
            "It finds the endpoint by the host, and does not know this one. Copy the host from Neon's console. An endpoint that was deleted is not found either.",
        ),
        (PoolerFault::NoTenant, Pooler::Cockroach) => say(
            "It finds the cluster by the host name in the handshake (SNI), or by options=--cluster=NAME. Copy the string from the cluster's page (Connect).",
        ),
        (PoolerFault::Console, _) => say(
            "Its own console (dbname=pgbouncer) is only for the users in admin_users and stats_users. Set dbname to one of its databases. Or its administrator adds the user there.",
        ),
        (PoolerFault::NoTenant, Pooler::Neon) => say(
            "No host name was sent in the handshake. It finds the endpoint by that name (SNI). Connect by name, not by address, and do not set sslsni=0.",
        ),
        (PoolerFault::Replication, _) => say(
            "Before version 1.23 it passes on no session for replication. Connect to PostgreSQL itself.",
        ),
        (PoolerFault::Protocol, _) if asks_for_new_protocol(conninfo) => say(
            "It does not know the protocol that min_protocol_version or max_protocol_version asks for. Remove them, or connect to PostgreSQL itself.",
        ),
        (PoolerFault::Protocol, _) => say("It does not know this packet. Its log says more."),
        (PoolerFault::Parameter, _) => say(
            "It does not pass on this startup parameter. Remove it from options, PGOPTIONS or the driver's settings. Or its administrator lets PgBouncer drop it:",
        )
        .fix(Fix::pgbouncer(format!(
            "ignore_startup_parameters = {}",
            parameter(error)
        ))),
        (PoolerFault::Full, Pooler::PgBouncer) => say(
            "The pooler is full: its own limit of clients is reached. Close connections, or try again. Or its administrator raises the limit that the message names (max_client_conn, max_db_client_connections or max_user_client_connections).",
        ),
        (PoolerFault::Full, Pooler::Supavisor) => say(
            "The pool is full. In session mode (port 5432) every client takes one connection of pool_size. Close connections, use the transaction mode (port 6543), or raise the pool size in the project's database settings.",
        ),
        (PoolerFault::Full, _) => say("The pooler is full. Close connections, or try again. Or its administrator raises the pool's limit."),
        (PoolerFault::NoneInTime, _) => say(
            "TLS to the pooler is fine, and nothing in this string can change what follows. In time it got no connection to PostgreSQL. Two causes are possible: it cannot connect there (host, port, its login, or its own TLS to the server), or all connections of its pool were in use. Its log says which. Its administrator corrects its settings for the server, or makes the pool larger.",
        ),
        (PoolerFault::ServerDown, Pooler::PgBouncer) => say(
            "It cannot connect to its PostgreSQL server. TLS to the pooler is fine, and nothing in this string can change it. Its administrator must check host and port in [databases], server_tls_sslmode, and PgBouncer's log.",
        ),
        (PoolerFault::ServerDown, Pooler::Neon) => say(
            "The endpoint's compute is disabled. Enable it in Neon's console. Nothing in this string can change it.",
        ),
        (PoolerFault::ServerDown, _) => say(
            "It cannot connect to its PostgreSQL server. TLS to the pooler is fine. Its administrator must check its log and the server.",
        ),
        (PoolerFault::ServerLogin, _) => server_login(&say, error),
        (PoolerFault::NoSecret, _) => say(&format!(
            "It has no secret for the role \"{user}\". Check user. Or the proxy's owner adds a secret for this role in AWS Secrets Manager and to the proxy's authentication settings."
        )),
        (PoolerFault::Login, Pooler::PgBouncer) => say(
            "It checks passwords itself: they must fit its auth_file, auth_query or auth_hba_file, not PostgreSQL's pg_hba.conf. Check user and password. PgBouncer's log says more.",
        ),
        (PoolerFault::Certificate, _) => say(&certificate(asked, &user)),
        (PoolerFault::Login, Pooler::Pgpool) => say(
            "It checks logins itself, by pool_hba.conf and pool_passwd. Its administrator must add a hostssl line and the user there.",
        ),
        (PoolerFault::Login, _) => say("It checks logins itself. Check user and password. Its log says more."),
        (PoolerFault::Configuration, _) => say("Its own configuration is wrong. Its administrator must look into its log."),
        (PoolerFault::ShuttingDown, _) => say("It is shutting down. Try again."),
        (
            PoolerFault::NoRoute
            | PoolerFault::NoUser
            | PoolerFault::NoTenant
            | PoolerFault::Unnamed,
            _,
        ) => say("Check user and dbname. Its log says more."),
    }
}

fn asks_for_new_protocol(conninfo: &ConnInfo) -> bool {
    let mut limits = [Keyword::MinProtocolVersion, Keyword::MaxProtocolVersion].into_iter();
    limits.any(|keyword| {
        let version = conninfo.protocol_version(keyword);
        version.is_some_and(|version| version != ProtocolVersion::V3_0)
    })
}

/// PgBouncer says the same of a certificate for another user and of a user that it does not know (`login_via_cert`,
/// `mock_auth`).
fn certificate(asked: &Asked<'_>, user: &str) -> String {
    let unknown = format!("its auth_file or auth_query does not know \"{user}\"");
    let why = match Named::of(asked) {
        Named::Nobody => format!("No certificate was sent, or {unknown}. Set sslcert and sslkey."),
        Named::WithoutCn(_) => format!("The certificate has no CN, or {unknown}."),
        Named::User => format!("The CN is the user, so most likely {unknown}."),
        Named::Other(name) => format!(
            "The CN is \"{name}\", and the user is \"{user}\". Set user to the certificate's, or use a certificate with CN = {user}. PgBouncer must know that user as well (auth_file or auth_query)."
        ),
    };
    format!(
        "It takes the user from the client certificate (auth_type or auth_hba_file: cert). {why}"
    )
}

/// The words are PostgreSQL's, but the SQLSTATE is not: it was said to a pooler.
pub(super) fn relayed(what: Relayed) -> Hint {
    let do_there = match what {
        Relayed::Certificate => {
            "The pooler has no client certificate for PostgreSQL, and sslcert in this string cannot be one: it is for the pooler. The pooler's administrator sets server_tls_cert_file and server_tls_key_file in pgbouncer.ini."
        }
        Relayed::Hba => {
            "PostgreSQL's administrator needs a line of pg_hba.conf for the pooler's address and user. If the words say \"no encryption\", the pooler's administrator sets server_tls_sslmode in pgbouncer.ini."
        }
        Relayed::Login => {
            "The pooler's administrator must correct the user and password that it uses there (auth_file, auth_query, or user= and password= in [databases])."
        }
        Relayed::Database => {
            "The pooler's administrator must correct dbname= of this database in [databases], or the rights of its user there. Or set dbname to another of the pooler's databases."
        }
    };
    Hint::say("PostgreSQL never gives these words SQLSTATE 08P01: a pooler, perhaps PgBouncer, repeats what PostgreSQL behind it answered to the pooler's own login. TLS to the pooler is fine.").then(do_there)
}

/// PgBouncer repeats what PostgreSQL told it.
fn server_login(say: &dyn Fn(&str) -> Hint, error: &ServerError) -> Hint {
    let text = String::from_utf8_lossy(&error.message);
    if text.contains("no encryption") || text.contains("SSL off") {
        return say(
            "PostgreSQL refuses the pooler, which came without TLS. TLS to the pooler is fine. Its administrator must set in pgbouncer.ini:",
        )
        .fix(Fix::pgbouncer("server_tls_sslmode = verify-full"))
        .fix(Fix::pgbouncer("server_tls_ca_file = /etc/pgbouncer/root.crt"));
    }
    say(
        "PostgreSQL refuses the pooler's own login, in the words after \"server login failed\". Your password was not the problem: PgBouncer had accepted it. Its administrator must correct the user and password that it uses (auth_file, auth_query, or user= and password= in [databases]).",
    )
}

/// The parameter that the message names.
fn parameter(error: &ServerError) -> String {
    let text = String::from_utf8_lossy(&error.message);
    let name = text.rsplit(": ").next().unwrap_or_default();
    let name = name.split(['=', ' ']).next().unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    if !name.is_empty() && name.chars().all(plain) {
        name.to_owned()
    } else {
        "NAME".to_owned()
    }
}

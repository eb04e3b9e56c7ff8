//! What to do about a server that refuses, and who can do it.

use std::net::IpAddr;

use super::operator::Operator;
use super::pooler;
use crate::conninfo::{
    ConnInfo, Host, Keyword, MASK, Origin, Replication, Setting, Value, shown_path,
};
use crate::diagnose::cause::{Cause, Method, quoted};
use crate::diagnose::{Fix, Hint};
use crate::escape::escape;
use crate::login::{self, Step};
use crate::probe::{Task, server_name};
use crate::secrecy::{Place, Taken};
use crate::verify::Judgement;
use crate::wire::postgres::ServerError;
use crate::x509::Certificate;

/// What was asked of the server that refuses.
#[derive(Clone, Copy, Debug)]
pub(in crate::diagnose) struct Asked<'a> {
    task: &'a Task,
    judgement: Option<&'a Judgement>,
    method: Option<login::Method>,
    step: Step,
}

impl<'a> Asked<'a> {
    pub(in crate::diagnose) fn new(task: &'a Task, judgement: Option<&'a Judgement>) -> Self {
        Self {
            task,
            judgement,
            method: None,
            step: Step::default(),
        }
    }

    /// The same, after the server had chosen a method, in this step of the login.
    pub(in crate::diagnose) fn by(self, method: Option<login::Method>, step: Step) -> Self {
        Self {
            method,
            step,
            ..self
        }
    }

    pub(super) fn conninfo(&self) -> &'a ConnInfo {
        &self.task.conninfo
    }

    fn host(&self) -> Option<&'a [u8]> {
        self.task.endpoint.host.as_ref().map(Host::as_bytes)
    }

    /// Did the handshake name the host?
    pub(super) fn sends_name(&self) -> bool {
        server_name(self.task).is_some()
    }

    fn operator(&self) -> Operator {
        let presented = self.judgement.map(|judgement| &judgement.certificates[..]);
        Operator::of(self.host(), presented.unwrap_or_default())
    }

    fn user(&self) -> &'a Setting<Value> {
        &self.conninfo().user
    }

    fn database(&self) -> &'a Setting<Value> {
        &self.conninfo().dbname
    }
}

/// A whole connection string in the place of a name.
fn holds_string(name: &Setting<Value>) -> bool {
    Taken::of(name.value.as_bytes(), Place::Name) == Some(Taken::ConnectionString)
}

fn a_string_for_a_name(keyword: Keyword, name: &Setting<Value>) -> Hint {
    let instead = match name.origin {
        Origin::Environment(variable) => {
            format!(" Check it with --env {variable}, and rename the variable.")
        }
        Origin::String { .. } | Origin::Service { .. } | Origin::Default => String::new(),
    };
    Hint::say(format!(
        "{keyword}, from {}, holds a connection string. libpq sends it to the server as a name: only in place of the whole string, as with psql -d, is it read as one.{instead}",
        name.origin
    ))
}

/// What to do.
pub(in crate::diagnose) fn advice(asked: &Asked<'_>, error: &ServerError) -> Hint {
    for (what, name) in [("user", asked.user()), ("database", asked.database())] {
        if name.value.as_bytes().ends_with(b"\n") || name.value.as_bytes().ends_with(b"\r") {
            return Hint::say(format!(
                "The name of the {what}, which comes from {}, ends with a line break: remove it, for example with tr -d '\\r\\n'.",
                name.origin
            ));
        }
    }
    let who = asked.operator().who();
    let role = identifier(&asked.user().value);
    let database = identifier(&asked.database().value);
    match Cause::of(error) {
        Cause::NoHbaLine => no_line(asked, error),
        Cause::HbaRejects => rejects(asked, error),
        Cause::Hba => Hint::say("Two causes are possible: no line of pg_hba.conf applies to this user, database, address and TLS, or the first one that does rejects them. The administrator sees which with:")
            .show(SHOW_LINES),
        Cause::CertificateDemanded => {
            "The line of pg_hba.conf that applies demands a client certificate. Set sslcert and sslkey.".into()
        }
        Cause::Certificate => certificate(
            asked,
            Line::Cert,
            "A line of pg_hba.conf applies: it takes the user from the client certificate.",
        ),
        Cause::NotTrusted => certificate(
            asked,
            Line::VerifyFull,
            "A line of pg_hba.conf applies. Its method trust refuses no user: it has clientcert=verify-full, which takes the user from the client certificate.",
        ),
        Cause::Method(method) => by_method(asked, method),
        Cause::SomeMethod => Hint::say("A line of pg_hba.conf applies, and the method in it refused. The server's log says why. The administrator sees the method with:")
            .show(SHOW_LINES),
        Cause::Password => password(asked),
        Cause::RoleMissing | Cause::Role if holds_string(asked.user()) => {
            a_string_for_a_name(Keyword::User, asked.user())
        }
        Cause::DatabaseMissing if holds_string(asked.database()) => {
            a_string_for_a_name(Keyword::Dbname, asked.database())
        }
        Cause::RoleMissing => Hint::say(format!(
            "The role does not exist on this server. Check user, which comes from {}, and the server's address.{}",
            asked.user().origin,
            capitals(&asked.user().value)
        )),
        Cause::RoleNoLogin => Hint::say(format!(
            "The role exists, but has the attribute NOLOGIN, as a group of other roles has. Set user to a role that may log in. Or {} allows it:",
            lower(&who)
        ))
        .fix(Fix::command(format!("ALTER ROLE {role} LOGIN;"))),
        Cause::Role => "Two causes are possible: the role does not exist, or it may not log in (NOLOGIN). Check user.".into(),
        Cause::DatabaseMissing => Hint::say(format!(
            "The database does not exist on this server. Check dbname, which comes from {}. Without dbname it is the user's name.{}",
            asked.database().origin,
            capitals(&asked.database().value)
        )),
        Cause::DatabaseClosed => Hint::say(
            "The database exists, but allows no connections, as template0 does. Set dbname to another one. Or its owner opens it:",
        )
        .fix(Fix::command(format!("ALTER DATABASE {database} ALLOW_CONNECTIONS true;"))),
        Cause::NoConnect => Hint::say("The role lacks the privilege CONNECT on this database. The database's owner grants it:")
            .fix(Fix::command(format!("GRANT CONNECT ON DATABASE {database} TO {role};"))),
        Cause::NoReplication => {
            let allow = if is_rds(asked.operator()) {
                format!("GRANT rds_replication TO {role};")
            } else {
                format!("ALTER ROLE {role} REPLICATION;")
            };
            Hint::say("The role may log in, but it may not replicate. An administrator allows it:")
                .fix(Fix::command(allow))
        }
        Cause::RoleFull => Hint::say("TLS is not the problem. The role has its own limit of connections (CONNECTION LIMIT), and it is reached. Close some of its connections. Or the administrator removes the limit:")
            .fix(Fix::command(format!("ALTER ROLE {role} CONNECTION LIMIT -1;"))),
        Cause::DatabaseFull => Hint::say("TLS is not the problem. The database has its own limit of connections (CONNECTION LIMIT), and it is reached. Close some connections to it. Or its owner removes the limit:")
            .fix(Fix::command(format!("ALTER DATABASE {database} CONNECTION LIMIT -1;"))),
        Cause::ServerFull => "TLS is not the problem. All connections that the server allows are in use (max_connections, less the reserved ones). Try again, close idle connections, or use a pooler.".into(),
        Cause::WalSendersFull => "TLS is not the problem. All connections for replication that the server allows are in use (max_wal_senders). End one that is no longer used: SELECT pid, application_name, client_addr FROM pg_stat_replication; Or raise max_wal_senders, and restart the server.".into(),
        Cause::NoResources => Hint::say(format!(
            "TLS is not the problem. The server has no memory, disk space or processes left. {who} must look into its log."
        )),
        Cause::StartingUp => "TLS is not the problem. The server is starting up. Try again, or let pgtls wait for it: --wait 60s".into(),
        Cause::ShuttingDown => "TLS is not the problem. The server is shutting down. Try again when it is up.".into(),
        Cause::NoHotStandby => Hint::say(format!(
            "TLS is not the problem. This is a standby with hot_standby = off: it takes no connections before it is promoted. Set host to the primary. Or {} allows reads there, and restarts it:",
            lower(&who)
        ))
        .fix(Fix::setting("hot_standby = on")),
        Cause::NotNow => "TLS is not the problem. The server takes no connections now: it is starting up, shutting down, or a standby with hot_standby = off. Try again.".into(),
        Cause::Setting => setting(asked, error),
        Cause::Pooler(pooler, fault) => pooler::advice(asked, error, pooler, fault),
        Cause::Relayed(what) => pooler::relayed(what),
        Cause::Unknown => unknown(error),
    }
}

fn unknown(error: &ServerError) -> Hint {
    let log = "Fix what the server reports. Its log may say more.";
    match &error.made {
        Some(_) => log.into(),
        None => Hint::say(log).then(
            "The message does not say where in PostgreSQL it was made, as PostgreSQL's own do: it may come from a pooler or a proxy in front of it.",
        ),
    }
}

/// A setting of the startup packet, which PostgreSQL names in quotation marks.
fn setting(asked: &Asked<'_>, error: &ServerError) -> Hint {
    let named = quoted(error).into_iter().next().unwrap_or_default();
    let keyword = [Keyword::ClientEncoding, Keyword::Replication]
        .into_iter()
        .find(|keyword| keyword.as_str() == named);
    let given = |keyword| asked.conninfo().parameter(keyword);
    match (keyword.and_then(given), given(Keyword::Options)) {
        (Some(own), _) => Hint::say(format!(
            "The server does not accept this value of {named}, which comes from {}.",
            own.origin
        )),
        (None, Some(options)) => Hint::say(format!(
            "The server does not accept a setting in options, which come from {}, or one that a variable of libpq sets (PGTZ, PGDATESTYLE, PGGEQO). Check how it is spelt.",
            options.origin
        )),
        (None, None) => "The server does not accept a setting in client_encoding, or one that a variable of libpq sets (PGTZ, PGDATESTYLE, PGGEQO).".into(),
    }
}

/// The line that would apply to exactly this user, database and address.
fn hba_line(asked: &Asked<'_>, error: &ServerError) -> Option<String> {
    let seen = quoted(error);
    let address: IpAddr = seen.first()?.parse().ok()?;
    let bits = if address.is_ipv4() { 32 } else { 128 };
    let database = match asked.conninfo().replication() {
        Replication::None | Replication::Logical => hba_name(&asked.database().value),
        Replication::Physical => "replication".to_owned(),
    };
    Some(format!(
        "hostssl {database} {} {address}/{bits} scram-sha-256",
        hba_name(&asked.user().value)
    ))
}

fn no_line(asked: &Asked<'_>, error: &ServerError) -> Hint {
    let line = hba_line(asked, error);
    let address = quoted(error)
        .into_iter()
        .next()
        .unwrap_or_else(|| "this client".to_owned());
    let address = escape(&address).to_string();
    let applies = match asked.conninfo().replication() {
        Replication::None | Replication::Logical => {
            "TLS is fine, but no line of pg_hba.conf applies to this user, database and address over TLS."
        }
        Replication::Physical => {
            "TLS is fine, but no line of pg_hba.conf lets this user replicate from this address over TLS. For physical replication the database of the line must be replication: all does not mean it."
        }
    };
    let within = |place: &str| {
        let hint = Hint::say(format!("{applies} {place}"));
        match &line {
            Some(line) => hint.fix(Fix::file(format!("- {line}"))),
            None => hint,
        }
    };
    match asked.operator() {
        Operator::Managed(provider) => Hint::say(format!(
            "TLS is fine, but the server has no rule for this user, database and address over TLS. Only {} can edit pg_hba.conf there. {}",
            provider.name,
            provider.network.map_or_else(
                || format!("Allow the address {address} in the provider's network settings, and check user and dbname."),
                |network| format!("{network} The server sees this client as {address}.")
            )
        )),
        Operator::CloudNativePg => {
            within("The Cluster resource of CloudNativePG needs one under spec.postgresql.pg_hba:")
        }
        Operator::Crunchy => within(
            "The PostgresCluster resource needs one under spec.patroni.dynamicConfiguration.postgresql.pg_hba:",
        ),
        Operator::Zalando => within("The postgresql resource needs one under spec.patroni.pg_hba:"),
        Operator::Unknown => {
            let hint = Hint::say(format!(
                "{applies} The server's administrator must add a line and reload:"
            ));
            match line {
                Some(line) => hint
                    .fix(Fix::file(line))
                    .fix(Fix::command(RELOAD)),
                None => hint.show(SHOW_LINES),
            }
        }
    }
}

fn rejects(asked: &Asked<'_>, error: &ServerError) -> Hint {
    if let operator @ Operator::Managed(_) = asked.operator() {
        return Hint::say(format!(
            "A rule of the server rejects this user, database and address. Its customers cannot edit pg_hba.conf: check user and dbname, then ask {}.",
            operator.who()
        ));
    }
    let hint = Hint::say(
        "A line of pg_hba.conf with the method reject applies to this user, database and address. The server's administrator must change it, or put this above it and reload:",
    );
    match hba_line(asked, error) {
        Some(line) => hint.fix(Fix::file(line)).fix(Fix::command(RELOAD)),
        None => hint.show(SHOW_LINES),
    }
}

/// Whom the client's certificate names.
pub(super) enum Named {
    /// There is no certificate, or it does not parse.
    Nobody,
    /// It has no CN. Its subject.
    WithoutCn(String),
    /// Its CN is the user.
    User,
    /// Its CN is another name.
    Other(String),
}

impl Named {
    pub(super) fn of(asked: &Asked<'_>) -> Self {
        let identity = asked.task.trust.identity.as_ref();
        let own = identity.and_then(|identity| Certificate::parse(identity.chain.first()?).ok());
        let Some(own) = own else {
            return Self::Nobody;
        };
        match own.subject.common_names.first() {
            None => Self::WithoutCn(escape(&own.subject.text).to_string()),
            Some(name) if name == asked.user().value.as_bytes() => Self::User,
            Some(name) => Self::Other(escape(name).to_string()),
        }
    }
}

/// Which lines of pg_hba.conf look at the client certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    /// Those with the method cert, which may have a map.
    Cert,
    /// Those with another method and clientcert=verify-full, where PostgreSQL refuses a map (`parse_hba_auth_opt`).
    VerifyFull,
}

/// PostgreSQL compares the CN with the user, or looks it up in pg_ident.conf (`CheckCertAuth`).
fn certificate(asked: &Asked<'_>, line: Line, applies: &str) -> Hint {
    let shown = escape(&asked.user().value.to_string()).to_string();
    match (Named::of(asked), line) {
        (Named::Nobody, Line::Cert) => Hint::say(format!(
            "{applies} That name is not \"{shown}\", and pg_ident.conf does not map it to that."
        )),
        (Named::Nobody, Line::VerifyFull) => {
            Hint::say(format!("{applies} That name is not \"{shown}\"."))
        }
        (Named::WithoutCn(subject), _) => Hint::say(format!(
            "{applies} But the certificate has no CN (its subject is \"{subject}\"). Use a certificate with CN = {shown}."
        )),
        (Named::User, Line::Cert) => Hint::say(format!(
            "{applies} The CN is \"{shown}\", as the user is. So the line uses a map (map=), and pg_ident.conf does not map this CN to this user, or it compares the whole subject (clientname=DN). The administrator sees the line with:"
        ))
        .show(SHOW_LINES),
        (Named::User, Line::VerifyFull) => Hint::say(format!(
            "{applies} The CN is \"{shown}\", as the user is. So the line compares the whole subject (clientname=DN). The administrator sees the line with:"
        ))
        .show(SHOW_LINES),
        (Named::Other(name), line) => {
            let said = format!(
                "{applies} The CN is \"{name}\", but the user is \"{shown}\". Set user to the certificate's, or use a certificate with CN = {shown}."
            );
            match line {
                Line::VerifyFull => Hint::say(said),
                Line::Cert => Hint::say(format!(
                    "{said} If the line has a map (map=), the administrator must add to pg_ident.conf, and reload:"
                ))
                .show(format!("MAP {} {}", hba_word(&name), hba_word(&shown)))
                .show(RELOAD),
            }
        }
    }
}

fn by_method(asked: &Asked<'_>, method: Method) -> Hint {
    let applies = format!(
        "A line of pg_hba.conf applies, and its method {} refused.",
        method.name()
    );
    let more = match method {
        Method::Ident => {
            "It asks an ident server on this machine who runs the program, and hardly any machine has one. The administrator should use scram-sha-256 or cert there."
        }
        Method::Peer => {
            "It works only over Unix sockets. Something on the server's machine passes the connection on through one."
        }
        Method::Gss => {
            "It needs a Kerberos ticket for this user. Run klist. The server's log says more."
        }
        Method::Sspi => {
            "It needs a Windows login that maps to this user. The server's log says more."
        }
        Method::Pam if is_rds(asked.operator()) => {
            "On RDS and Aurora this is IAM: the role has rds_iam. The password must be a token for this host, port, user and region, at most 15 minutes old (aws rds generate-db-auth-token), and its identity must be allowed rds-db:connect for this user."
        }
        Method::Pam | Method::Bsd => {
            "PostgreSQL passed the password to the server's operating system, which refused it. The account there counts, not the password in PostgreSQL."
        }
        Method::Ldap => {
            "PostgreSQL passed the password to an LDAP server, which refused it or was not reached. The password there counts, not one in PostgreSQL. The server's log says which."
        }
        Method::Radius => {
            "PostgreSQL passed the password to a RADIUS server, which refused it or was not reached. The server's log says which."
        }
        Method::OAuth => {
            "It needs a token that the server's validator accepts. The server's log says more."
        }
    };
    let hint = Hint::say(format!("{applies} {more}"));
    match (method, asked.operator()) {
        (Method::Ident | Method::Peer, Operator::Unknown) => hint.show(SHOW_LINES),
        _ => hint,
    }
}

fn is_rds(operator: Operator) -> bool {
    match operator {
        Operator::Managed(provider) => provider.is_rds(),
        Operator::CloudNativePg | Operator::Crunchy | Operator::Zalando | Operator::Unknown => {
            false
        }
    }
}

fn password(asked: &Asked<'_>) -> Hint {
    if asked.step == Step::Verified {
        // `ClientAuthentication` looks at the certificate after the method has accepted.
        return certificate(
            asked,
            Line::VerifyFull,
            "The password is right: the server accepted its proof. What PostgreSQL refuses after that is the client certificate: the line of pg_hba.conf has clientcert=verify-full, which takes the user from it.",
        );
    }
    let wrong = "The password is wrong or has expired (VALID UNTIL), or the role does not exist or has no password.";
    // The proof of SCRAM was refused itself. After the other methods it may have been the certificate.
    let certificate = match (asked.method, Named::of(asked)) {
        (Some(login::Method::Password | login::Method::Md5), Named::Other(name)) => format!(
            " Or the line of pg_hba.conf has clientcert=verify-full: then the CN of the client certificate (\"{name}\") must be the user."
        ),
        _ => String::new(),
    };
    let log = "The server does not tell a client which, but its log does.";
    let source = source_of_password(asked.conninfo());
    if asked.method == Some(login::Method::Password) {
        return source.then(format!(
            "{wrong} If pg_hba.conf passes the password on to another service (LDAP, PAM, RADIUS, a cloud's tokens), that service refused it.{certificate} {log}"
        ));
    }
    // `get_role_password` and `parse_scram_secret`: such a secret is no SCRAM secret, and the login fails as with a wrong
    // password. It remains from before PostgreSQL 14.
    let secret = match asked.method {
        Some(login::Method::ScramSha256) => {
            " Or the role's secret is still an md5 hash, which scram-sha-256 cannot use: then set the password again, with password_encryption = 'scram-sha-256'."
        }
        _ => "",
    };
    source.then(format!("{wrong}{secret}{certificate} {log} Or an administrator looks (the secret starts with SCR or md5, or there is none):")).show(format!(
        "SELECT rolvaliduntil, left(rolpassword, 3) AS secret FROM pg_authid WHERE rolname = {};",
        literal(&asked.user().value)
    ))
}

/// Where the password came from, if that is not the string, and what a secret store or a template has left around it.
fn source_of_password(conninfo: &ConnInfo) -> Hint {
    let Some(password) = &conninfo.password else {
        let file = conninfo.passfile().map(|file| shown_path(&file.value));
        return Hint::from(file.map(|file| {
            Hint::say(format!("The password came from {file}, where a backslash stands before a : or \\ that is part of it."))
        }));
    };
    let source = match &password.origin {
        Origin::String { .. } | Origin::Default => Hint::default(),
        origin @ (Origin::Service { .. } | Origin::Environment(_)) => {
            Hint::say(format!("The password came from {origin}."))
        }
    };
    let form = match password.value.expose() {
        [.., b'\r' | b'\n'] => {
            "It ends with a line break: remove it, for example with tr -d '\\r\\n'."
        }
        [b'"', .., b'"'] | [b'\'', .., b'\''] => {
            "It has quotation marks around it. docker --env-file, Kubernetes and service files keep them as part of the value."
        }
        [b'<', .., b'>'] | [b'[', .., b']'] | [b'{', .., b'}'] => {
            "It has brackets around it: perhaps a placeholder, which was not replaced."
        }
        mask if mask == MASK.as_bytes() => {
            "It is the mask that pgtls prints instead of a password."
        }
        encoded if has_percent_code(encoded) => {
            "It has a % with two hexadecimal digits behind it. libpq decodes these once, and in a URI only: perhaps it is still encoded."
        }
        [b' ', ..] => "It begins with a blank.",
        [.., b' '] => "It ends with a blank.",
        other if str::from_utf8(other).is_err() => {
            "It is not UTF-8. Perhaps the role's password was set in UTF-8."
        }
        _ => return source,
    };
    source.then(form)
}

/// `%40`
fn has_percent_code(text: &[u8]) -> bool {
    text.windows(3).any(|signs| {
        matches!(signs, [b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
    })
}

/// What SQL makes of a name with capital letters, and a connection does not.
fn capitals(name: &Value) -> &'static str {
    match name.as_bytes().iter().any(u8::is_ascii_uppercase) {
        true => {
            " Its capital letters count: CREATE ROLE and CREATE DATABASE make small ones of them, unless the name stands in double quotes there."
        }
        false => "",
    }
}

/// A name as SQL reads it.
pub(super) fn identifier(value: &Value) -> String {
    let text = escape(&value.to_string()).to_string();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !text.is_empty()
        && text.chars().all(plain)
        && !text.starts_with(|c: char| c.is_ascii_digit())
    {
        text
    } else {
        format!("\"{}\"", text.replace('"', "\"\""))
    }
}

/// A string as SQL reads it.
fn literal(value: &Value) -> String {
    format!(
        "'{}'",
        escape(&value.to_string()).to_string().replace('\'', "''")
    )
}

/// A name as pg_hba.conf reads it.
fn hba_name(value: &Value) -> String {
    hba_word(&escape(&value.to_string()).to_string())
}

/// Quoted unless it is plain: a quoted keyword loses its meaning (PostgreSQL documentation, "The pg_hba.conf File").
fn hba_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let keyword = ["all", "sameuser", "samerole", "samegroup", "replication"].contains(&text);
    if !text.is_empty() && text.chars().all(plain) && !keyword {
        text.to_owned()
    } else {
        format!("\"{text}\"")
    }
}

/// The subject of a sentence, within one.
fn lower(who: &str) -> String {
    match who.strip_prefix("The ") {
        Some(rest) => format!("the {rest}"),
        None => who.to_owned(),
    }
}

const RELOAD: &str = "SELECT pg_reload_conf();";

const SHOW_LINES: &str = "SELECT line_number, type, database, user_name, address, auth_method, options FROM pg_hba_file_rules;";

//! A server that was not reached: no address, no connection.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use memchr::memmem::find;

use super::{corrected, from_elsewhere, shell_word};
use crate::connect::{Attempt, Error as ConnectError, Waiting};
use crate::conninfo::{
    Host, Keyword, Origin, Route, Typographic, as_typed, database_behind, host_and_port, quoted,
};
use crate::diagnose::{Code, Diagnosis, Finding, Fix, Hint, Stage};
use crate::escape::escape;
use crate::os;
use crate::probe::Task;

/// The connection failed on this side.
const NO_RESOURCES: &str = "This machine has no resources left for it. Raise the limit of open files (ulimit -n), or check fewer endpoints at once (--jobs).";

const NO_ROUTE: &str = "Nothing was reached at this address. Check that it is right and that the machine is up. Then check VPN, routes and firewalls.";

const NO_IPV6: &str = "Only IPv6 was tried. Check first whether this machine has IPv6 at all; containers and CI machines often do not.";

const SUPABASE: &str = "Supabase's direct hosts have IPv4 only with an add-on. Its session pooler always has: copy that string from the project's page (Connect, Session pooler).";

const NO_RESOLVER: &str = "Check this machine's resolver and the way to its name server. To set the address yourself, use hostaddr=ADDRESS.";

const CLOUD_SQL_SOCKET: &str = "This is a socket of Google's Cloud SQL Auth Proxy, which itself uses TLS to the instance and verifies it. The string needs no TLS settings. To check the instance itself, set host to its address and sslrootcert to its server CA.";

/// What decides where a connection goes.
const PLACE: [Keyword; 3] = [Keyword::Host, Keyword::Hostaddr, Keyword::Port];

pub(in crate::diagnose) fn connect(task: &Task, error: &ConnectError) -> Diagnosis {
    let origin = || from_elsewhere(&task.conninfo, &PLACE);
    let finding = |code, message: String| Finding::error(code, Stage::Connect, message);
    match error {
        ConnectError::UnixSocket { .. } => Diagnosis::failed(
            finding(Code::UnixSocket, error.to_string()).hint(match is_of_cloud_sql(task) {
                true => CLOUD_SQL_SOCKET.into(),
                false => Hint::from(empty_entry(task))
                    .then("Set the server's TCP address: host=NAME port=PORT."),
            }),
        ),
        ConnectError::Resolve { source, .. } => {
            let hint = if os::lacks_resources(source) {
                NO_RESOURCES.into()
            } else {
                origin().and(no_such_name(task))
            };
            Diagnosis::failed(finding(Code::Dns, format!("{error}: {source}")).hint(hint))
        }
        ConnectError::Refused { attempts } => {
            let finding = finding(
                Code::Refused,
                format!("connection failed: {}", listed(attempts)),
            );
            let here = |attempt: &Attempt| os::lacks_resources(&attempt.error);
            Diagnosis::failed(if attempts.iter().any(here) {
                finding.hint(NO_RESOURCES)
            } else if attempts.iter().all(has_no_route) {
                finding.hint(origin().and(no_route(host(task), attempts)))
            } else {
                let listening = format!(
                    "Check that a server is listening on port {} and that no firewall blocks it.",
                    task.endpoint.port
                );
                finding.hint(origin().and(other_loopback(task, attempts)).then(listening))
            })
        }
        ConnectError::Timeout {
            waiting_for,
            attempts,
        } => {
            let waited = seconds(task);
            let message = match waiting_for {
                Waiting::Resolution => format!("no answer from the resolver within {waited}"),
                Waiting::Connection => {
                    format!("no answer within {waited}: {}", listed(attempts))
                }
            };
            let hint = origin().then(where_to_look(*waiting_for));
            Diagnosis::failed(finding(Code::Timeout, message).hint(hint))
        }
    }
}

/// The directory of the sockets that Cloud Run and others make, with PROJECT:REGION:INSTANCE below it.
fn is_of_cloud_sql(task: &Task) -> bool {
    host(task).is_some_and(|host| host.starts_with(b"/cloudsql/"))
}

fn host(task: &Task) -> Option<&[u8]> {
    task.endpoint.host.as_ref().map(Host::as_bytes)
}

/// Nobody answered: the server was not even asked as long as its name has no address.
fn where_to_look(waiting_for: Waiting) -> &'static str {
    match waiting_for {
        Waiting::Resolution => NO_RESOLVER,
        Waiting::Connection => os::NO_ANSWER,
    }
}

/// The address was not reached, so nothing is known about the port.
fn has_no_route(attempt: &Attempt) -> bool {
    let kind = attempt.error.kind();
    matches!(
        kind,
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable
    )
}

/// IPv6 that does not work here is a cause only where nothing else was tried.
fn no_route(host: Option<&[u8]>, attempts: &[Attempt]) -> Hint {
    if !attempts.iter().all(|attempt| attempt.address.is_ipv6()) {
        return NO_ROUTE.into();
    }
    let is_supabase = host.is_some_and(|host| host.ends_with(b".supabase.co"));
    Hint::say(NO_IPV6)
        .and(is_supabase.then(|| Hint::say(SUPABASE)))
        .then(NO_ROUTE)
}

/// A server may listen on one loopback address of two. The change is shown only if a server answers there.
fn other_loopback(task: &Task, attempts: &[Attempt]) -> Option<Hint> {
    let [attempt] = attempts else { return None };
    let (v4, v6) = (Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into());
    let other: IpAddr = match attempt.address.ip() {
        address if address == v4 => v6,
        address if address == v6 => v4,
        _ => return None,
    };
    let address = other.to_string();
    Some(
        Hint::say(format!(
            "Perhaps the server listens only on the other loopback address of this machine, {other}:"
        ))
        .fix(corrected(
            &task.conninfo,
            &[(Keyword::Hostaddr, address.as_bytes())],
        )),
    )
}

/// The names in `host`, if there are several.
fn hosts(task: &Task) -> Option<Vec<&[u8]>> {
    let setting = task.conninfo.parameter(Keyword::Host)?;
    let hosts: Vec<&[u8]> = setting
        .value
        .as_bytes()
        .split(|byte| *byte == b',')
        .collect();
    (hosts.len() > 1).then_some(hosts)
}

/// `host=db, port=1`: behind the comma comes another entry, which is empty.
fn empty_entry(task: &Task) -> Option<Hint> {
    let mut hosts = hosts(task)?;
    let all = hosts.len();
    hosts.retain(|host| !host.is_empty());
    let is_one = hosts.len() < all && task.endpoint.route() == Route::Socket;
    is_one.then(|| {
        Hint::say("A comma separates the entries of host, and an empty entry stands for this socket. Without the comma:")
            .show(format!("host={}", escape(&quoted(&hosts.join(&b","[..])))))
    })
}

/// `db,example.com`: two names, of which the comma perhaps made them two.
fn comma_for_dot(task: &Task) -> Option<Hint> {
    let hosts = hosts(task)?;
    let name = task.endpoint.host.as_ref()?.as_bytes();
    let is_dotted = |host: &[u8]| host.contains(&b'.');
    let mut pairs = hosts.windows(2);
    let pair = pairs.find(|pair| {
        let dotted = pair.iter().filter(|host| is_dotted(host)).count();
        pair.contains(&name) && dotted == 1 && pair.iter().all(|host| !host.is_empty())
    })?;
    Some(Hint::say(format!(
        "host is a list: its comma makes two names of this. If a dot was meant, write {}.",
        escape(&pair.join(&b"."[..]))
    )))
}

/// A name that does not resolve; perhaps it is more than a name.
fn no_such_name(task: &Task) -> Hint {
    let host = host(task);
    let parts = host.and_then(host_and_port);
    match parts {
        Some((name, port)) if task.conninfo.endpoints.len() == 1 && Some(name) != host => {
            let mut changes = vec![(Keyword::Host, name)];
            changes.extend(port.map(|port| (Keyword::Port, port)));
            let has_database = task.conninfo.dbname.origin != Origin::Default;
            let database = host.and_then(database_behind).filter(|_| !has_database);
            changes.extend(database.map(|database| (Keyword::Dbname, database)));
            Hint::say("host takes only the name. Write:").fix(corrected(&task.conninfo, &changes))
        }
        _ if host.is_some_and(|host| find(host, b"***").is_some()) => {
            "*** stands for a secret in the log of a CI job. Take the string from where it is set.".into()
        }
        _ if host.is_some_and(is_placeholder) => {
            "This name looks like a placeholder of a documentation or a template. Write the name of your own server in its place.".into()
        }
        Some(_) | None => Hint::from(comma_for_dot(task))
            .and(host.and_then(|host| foreign_letters(task, host)))
            .and(Hint::from(host.and_then(known_elsewhere).map(Hint::say)))
            .then("Check the spelling and this machine's resolver. To set the address yourself, use hostaddr=ADDRESS."),
    }
}

/// `YOUR_HOST`, `{host}`, `<project>.supabase.co`, `xxx.xxx.xxx.xxx`.
fn is_placeholder(host: &[u8]) -> bool {
    let host = host.to_ascii_lowercase();
    let mut words = host.split(|byte| b"-_.".contains(byte));
    let is_pattern = host
        .split(|byte| *byte == b'.')
        .all(|label| !label.is_empty() && label.iter().all(|byte| *byte == b'x'));
    host.iter().any(|byte| b"<>{}".contains(byte))
        || words.next() == Some(b"your") && words.next().is_some()
        || is_pattern
}

/// What a name shows that only some networks know.
fn known_elsewhere(host: &[u8]) -> Option<&'static str> {
    let host = host.to_ascii_lowercase();
    let ends = |end: &[u8]| host.ends_with(end);
    if ends(b".svc") || ends(b".svc.cluster.local") {
        Some(
            "Only pods of the Kubernetes cluster know such a name. Check from a pod, or through kubectl port-forward.",
        )
    } else if ends(b".docker.internal") {
        Some(
            "Only containers know such a name, on Linux those that were started with --add-host=host.docker.internal:host-gateway.",
        )
    } else {
        let is_word = !host.is_empty()
            && host
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte));
        is_word.then_some(
            "Perhaps it is the name of a container: only its network knows it, as that of docker compose. From outside, the host is localhost, with the port that is published.",
        )
    }
}

/// A name that is not ASCII: by mistake, or of a domain whose resolver knows its other form only.
fn foreign_letters(task: &Task, host: &[u8]) -> Option<Hint> {
    let name = str::from_utf8(host).ok().filter(|name| !name.is_ascii())?;
    if let Some(sign) = Typographic::first_in(name) {
        let typed = as_typed(name);
        let string = corrected(&task.conninfo, &[(Keyword::Host, typed.as_bytes())]);
        let meant = Hint::say(format!("{sign}. Perhaps {} was meant.", escape(&typed)));
        return Some(meant.then("Use:").fix(string));
    }
    Some(
        Hint::say("The name has letters outside of ASCII. libpq hands them to the resolver as they are, and most name servers know only the form that begins with xn--. This prints it:")
            .fix(Fix::command(format!(
                "python3 -c 'import sys; print(sys.argv[1].encode(\"idna\").decode())' {}",
                shell_word(&escape(name).to_string())
            ))),
    )
}

fn listed(attempts: &[Attempt]) -> String {
    let attempts: Vec<String> = attempts
        .iter()
        .map(|attempt| {
            let (address, kind) = (attempt.address, attempt.error.kind());
            if kind == ErrorKind::TimedOut {
                format!("{address}: timed out")
            } else if kind == ErrorKind::ConnectionRefused {
                format!("{address}: connection refused")
            } else {
                format!("{address}: {}", attempt.error)
            }
        })
        .collect();
    attempts.join("; ")
}

pub(super) fn seconds(task: &Task) -> String {
    format!("{} s", task.timeout.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_show_where_they_are_known_and_which_stand_for_others() {
        for (host, part) in [
            ("db.ns.svc", "kubectl port-forward"),
            ("db.ns.svc.cluster.local", "kubectl port-forward"),
            ("host.docker.internal", "--add-host"),
            ("postgres", "container"),
        ] {
            let said = known_elsewhere(host.as_bytes());
            assert!(said.is_some_and(|said| said.contains(part)), "{host}");
        }
        assert_eq!(known_elsewhere(b"db.example.com"), None);
        for host in [
            "YOUR_HOST",
            "your-db-host",
            "<project>.supabase.co",
            "xxx.xxx.xxx.xxx",
        ] {
            assert!(is_placeholder(host.as_bytes()), "{host}");
        }
        for host in ["yourdb", "db.example.com", "xx1.example", ""] {
            assert!(!is_placeholder(host.as_bytes()), "{host}");
        }
    }

    #[test]
    fn a_resolver_that_is_silent_is_not_blamed_on_the_way_to_the_server() {
        let (name, way) = (Waiting::Resolution, Waiting::Connection);
        assert!(where_to_look(name).contains("resolver"));
        assert!(!where_to_look(name).contains("firewalls"));
        assert!(where_to_look(way).contains("firewalls"));
        // Windows asks a closed port again and again before it says so.
        assert_eq!(where_to_look(way).contains("--timeout"), cfg!(windows));
    }

    #[test]
    fn ipv6_is_blamed_only_if_nothing_else_was_tried() {
        let to = |address: &str| Attempt {
            address: address.parse().unwrap(),
            error: ErrorKind::NetworkUnreachable.into(),
        };
        for (attempts, expected) in [
            (vec![to("192.0.2.1:5432")], false),
            (vec![to("[2001:db8::1]:5432")], true),
            (vec![to("[2001:db8::1]:5432"), to("192.0.2.1:5432")], false),
        ] {
            let said = no_route(Some(b"db.abc.supabase.co"), &attempts).to_string();
            assert_eq!(said.contains("IPv6"), expected, "{said}");
            assert_eq!(said.contains("Session pooler"), expected, "{said}");
            let said = no_route(Some(b"db.example.com"), &attempts).to_string();
            assert!(!said.contains("Supabase"), "{said}");
        }
    }

    #[test]
    fn a_port_is_blamed_only_if_its_machine_answered() {
        for (kind, expected) in [
            (ErrorKind::NetworkUnreachable, true),
            (ErrorKind::HostUnreachable, true),
            (ErrorKind::ConnectionRefused, false),
            (ErrorKind::PermissionDenied, false),
        ] {
            let attempt = Attempt {
                address: ([192, 0, 2, 1], 5432).into(),
                error: kind.into(),
            };
            assert_eq!(has_no_route(&attempt), expected, "{kind}");
        }
    }
}

//! Other findings about the connection.

use super::{Code, Finding, Fix, Hint, Stage, info, warning};
use crate::diagnose::explain::front::Front;
use crate::diagnose::explain::refusal::{self, Asked};
use crate::diagnose::explain::second_look::remedy;
use crate::escape::escape;
use crate::handshake::supports_suite;
use crate::inquiry::{LargeHello, Loss};
use crate::probe::{Missing, Proof, Session, Task};
use crate::wire::postgres::FirstAnswer;

/// Notices about a session, or about the proof of a server's key.
pub(in crate::diagnose) fn of_session(task: &Task, session: &Session) -> Vec<Finding> {
    [
        unfinished(session),
        weak_preference(session),
        login(task, session),
        hello_retry(session),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The key was proved, but the handshake was not finished.
fn unfinished(session: &Session) -> Option<Finding> {
    let Proof::KeyExchange(missing) = session.proof else {
        return None;
    };
    let code = match missing {
        Missing::Suite(_) => Code::WeakCipher,
        Missing::Group(_) | Missing::Scheme(_) => Code::UnfinishedHandshake,
    };
    let message = format!(
        "judged up to the server's signed key exchange; pgtls does not finish handshakes with {missing}"
    );
    let advice = "psql connects. The certificates were judged, and the server proved its key. A finished handshake would also show that nothing on the way changed the server's choice.";
    let advice = Hint::say(advice).and(remedy(missing, Front::of(&session.tls)));
    Some(warning(code, Stage::Handshake, message).hint(advice))
}

/// The handshake was finished, and psql gets a suite with which pgtls finishes none.
fn weak_preference(session: &Session) -> Option<Finding> {
    let suite = session.tls.cipher?;
    if session.proof != Proof::Finished || supports_suite(suite.id) {
        return None;
    }
    let message = format!(
        "the server chooses the suite {} for psql, although it has better ones",
        suite.openssl
    );
    let advice = Hint::say("psql connects. pgtls finished a handshake with a suite that the server likes less, and the same certificate.")
        .and(Front::of(&session.tls).better_suites_first());
    Some(warning(Code::WeakCipher, Stage::Handshake, message).hint(advice))
}

/// What the server says about the login, which has nothing to do with TLS.
fn login(task: &Task, session: &Session) -> Option<Finding> {
    let Some(FirstAnswer::Error(error)) = &session.first_answer else {
        return None;
    };
    let message = format!(
        "TLS is fine, but the server refuses the login: {}",
        escape(&error.message)
    );
    let asked = Asked::new(task, Some(&session.judgement));
    Some(info(Code::LoginFailed, Stage::Handshake, message).hint(refusal::advice(&asked, error)))
}

/// Only small hellos are answered.
pub(in crate::diagnose) fn large_hello(asked: &LargeHello) -> Option<Finding> {
    let LargeHello::Lost { how, size } = asked else {
        return None;
    };
    let (happens, they) = match how {
        Loss::Silence => ("no answer comes to", "hang here"),
        Loss::HungUp => ("the connection is closed after", "fail here"),
    };
    let message = format!(
        "{happens} a ClientHello of {size} bytes, more than one TCP segment; a small one is answered"
    );
    let hint = Hint::say(format!(
        "Clients that offer post-quantum key exchange send such a ClientHello and {they}: libpq with OpenSSL 3.5, Go 1.24, Node.js 24 and newer."
    ))
    .then("Update the firewall, the load balancer or the proxy on the way to the server: it must read a ClientHello that comes in several packets.")
    .then("Until then, let clients that use OpenSSL offer classic groups only:")
    .fix(Fix::command(SMALL_HELLO).of("OPENSSL_CONF").proven())
    .then("Go: set GODEBUG=tlsmlkem=0. Node.js: set ecdhCurve: 'X25519:P-256' in the ssl object.");
    Some(warning(Code::LargeHelloDropped, Stage::Handshake, message).hint(hint))
}

/// Makes a configuration of OpenSSL without post-quantum groups, and names it.
const SMALL_HELLO: &str = "printf '%s\\n' 'openssl_conf = init' '[init]' 'ssl_conf = ssl' '[ssl]' 'system_default = tls' '[tls]' 'Groups = X25519:P-256:P-384' > classic.cnf && export OPENSSL_CONF=\"$PWD/classic.cnf\"";

fn hello_retry(session: &Session) -> Option<Finding> {
    session.tls.hello_retry_request.then(|| {
        let group = session.tls.group.map_or("another group", |group| group.name);
        let message = format!(
            "the server asked for another key share ({group}): every connection needs one more round trip"
        );
        info(Code::HelloRetryRequest, Stage::Handshake, message).hint(
            Hint::say("Clients offer X25519 or P-256 first. Make the server accept P-256. In postgresql.conf, then reload:")
                .fix(Fix::setting("ssl_ecdh_curve = 'prime256v1'"))
                .then("PostgreSQL 18 accepts several: ssl_groups = 'X25519:prime256v1'."),
        )
    })
}

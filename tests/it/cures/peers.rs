//! What is broken between the client and the server, or by another program that answers.

use pgtls::diagnose::Code;

use super::Cured;
use super::ward::{GOOD, Ward, fixes};
use crate::support::client::{Answer, Client, Run};
use crate::support::middlebox::{self, Habit};
use crate::support::tool::Tool;

/// Every round trip that needs another program than the server.
pub(crate) fn all(ward: &mut Ward) -> Vec<Cured> {
    ward.restore();
    vec![large_hello(ward)]
}

/// The outcome of a row of `--clients`.
fn outcome(run: &Run, client: &str) -> String {
    let endpoint = run.endpoint();
    let rows = endpoint["clients"].as_array().unwrap();
    let row = rows.iter().find(|row| row["client"] == client).unwrap();
    row["outcome"].as_str().unwrap().to_owned()
}

/// A middlebox goes on losing large hellos; the client is told to send small ones.
fn large_hello(ward: &Ward) -> Cured {
    let port = middlebox::before(ward.server.port, Habit::HangUp);
    let string = GOOD.replace("PORT", &port.to_string());
    let arguments = ["check", "--clients", "--format", "json", &string];
    let client = ward.client();
    let before = client.pgtls(&arguments);
    assert_eq!(outcome(&before, "libpq-openssl-3.5"), "refused");
    // libpq with OpenSSL 3.5 is the referee, where it is installed.
    let libpq = Tool::Libpq18.find();
    let referee = |client: &Client| libpq.as_ref().map(|libpq| client.libpq(libpq, &string));
    assert!(!matches!(
        referee(&client),
        Some(Answer::Tls | Answer::Plaintext)
    ));
    let all = fixes(&before, Code::LargeHelloDropped);
    let [(_, command)] = all.as_slice() else {
        panic!("{all:?}");
    };
    client.take_command(command);
    let configuration = client.home.path().join("classic.cnf");
    let client = client.with("OPENSSL_CONF", configuration);
    let after = client.pgtls(&arguments);
    assert_eq!(
        (after.code, outcome(&after, "libpq").as_str()),
        (0, "verified")
    );
    assert!(matches!(referee(&client), None | Some(Answer::Tls)));
    Cured {
        code: Code::LargeHelloDropped,
        broken: "a middlebox that loses a ClientHello of two packets",
        applied: vec![command.clone()],
        verdict: "libpq with OpenSSL 3.5 connects".to_owned(),
    }
}

//! What can a server do to a login, and what does it learn?

mod misbehaving;
mod scripted;

use std::io::Read as _;
use std::sync::{Arc, Mutex};

use super::assert_no_password;
use crate::support::pki::Ca;
use crate::support::serving::{TLS12, TLS13, plain};

use scripted::{
    Lab, OK, READY, answer, changing, columns, enter, hear, last, message, playing, row, say,
};

/// The server's side records what it got: not a byte inside the session on either connection.
#[test]
fn a_server_that_fails_verification_gets_no_password() {
    let lab = Lab::new();
    let stranger = Ca::root("Another CA");
    let good = lab.root.leaf(&["db.example"]);
    let rows = [
        (
            "at once",
            &stranger.leaf(&["db.example"]),
            6,
            "unknown-issuer",
            0,
        ),
        (
            "at once",
            &lab.root.leaf(&["other.example"]),
            7,
            "host-name-mismatch",
            0,
        ),
        (
            "at once",
            &lab.root
                .leaf_with(&["db.example"], crate::support::pki::expired),
            6,
            "expired",
            0,
        ),
        (
            "at the login",
            &stranger.leaf(&["db.example"]),
            6,
            "unknown-issuer",
            1,
        ),
        (
            "at the login",
            &lab.root.leaf(&["other.example"]),
            7,
            "host-name-mismatch",
            1,
        ),
    ];
    // In TLS 1.2 a check asks once more, as psql.
    for (version, connections) in [(TLS12, 2), (TLS13, 1)] {
        for (when, bad, code, error, good_checks) in rows {
            let name = format!("{error} {when}");
            let first_bad = good_checks * connections;
            let (peer, got) = changing(plain(&good, version), plain(bad, version), first_bad);
            let run = lab.run(&peer, "json", "", &[]);
            assert_eq!(
                (run.code, run.outcome().as_str()),
                (code, error),
                "{name}: {run:?}"
            );
            // Another look proves the advice, and gives the server nothing either.
            let looks = usize::from(code == 7 && good_checks == 0);
            let expected = match good_checks {
                0 => connections * (1 + looks),
                _ => first_bad + 1,
            };
            assert_eq!(peer.heard().len(), expected, "{name}");
            assert_eq!(*got.lock().unwrap(), b"", "{name}: data inside the session");
            assert_no_password(&run);
        }
    }
}

/// A good certificate, but not the pinned one.
#[test]
fn a_demand_holds_for_the_connection_of_the_login_too() {
    let lab = Lab::new();
    let pinned = lab.root.leaf(&["db.example"]);
    let other = lab.root.leaf(&["db.example"]);
    lab.client.write("pinned.crt", &pinned.chain);
    let (peer, got) = changing(plain(&pinned, TLS13), plain(&other, TLS13), 1);
    let run = lab.run(&peer, "json", "", &["--expect-cert", "pinned.crt"]);
    assert_eq!(
        (run.code, run.outcome().as_str()),
        (1, "unexpected-certificate"),
        "{run:?}"
    );
    assert_eq!(*got.lock().unwrap(), b"");
    // Without the demand the other certificate passes, too.
    let (peer, got) = changing(plain(&pinned, TLS13), plain(&other, TLS13), 1);
    lab.run(&peer, "json", "", &[]);
    let got = got.lock().unwrap();
    assert!(
        got.windows(8).any(|window| window == b"user\0ann"),
        "{got:?}"
    );
}

/// If it is requested in a way that the string forbids, the password is not sent. If it is allowed,
/// nothing else is sent.
#[test]
fn a_password_is_sent_only_where_the_string_allows_it() {
    let lab = Lab::new();
    let served = lab.root.leaf(&["db.example"]);
    let cleartext: &[u8] = b"R\0\0\0\x08\0\0\0\x03";
    let md5: &[u8] = b"R\0\0\0\x0c\0\0\0\x05salt";
    let scram: &[u8] = b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0";
    for (request, settings, arguments, sent) in [
        (cleartext, "", &[][..], true),
        (md5, "", &[], true),
        (scram, "", &[], true),
        (cleartext, "require_auth=scram-sha-256", &[], false),
        (cleartext, "require_auth=!password", &[], false),
        (md5, "require_auth=scram-sha-256", &[], false),
        (cleartext, "channel_binding=require", &[], false),
        (md5, "channel_binding=require", &[], false),
        (scram, "channel_binding=require", &[], false),
        (cleartext, "password=''", &[], false),
        (cleartext, "sslmode=require sslrootcert=''", &[], true),
        (
            cleartext,
            "sslmode=require sslrootcert=''",
            &["--strict"],
            false,
        ),
    ] {
        let config = plain(&served, TLS13);
        let heard = Arc::<Mutex<Vec<u8>>>::default();
        let notes = Arc::clone(&heard);
        let peer = playing(config, move |session| {
            say(session, request)?;
            let mut answer = Vec::new();
            // Ends with the client.
            let mut buffer = [0; 256];
            let count = session.read(&mut buffer).unwrap_or_default();
            answer.extend_from_slice(&buffer[..count]);
            notes.lock().unwrap().extend(answer);
            Ok(())
        });
        let run = lab.run(&peer, "json", settings, arguments);
        assert_ne!(run.code, 0, "{settings}: {run:?}");
        assert_no_password(&run);
        let heard = heard.lock().unwrap();
        assert_eq!(
            heard.first() == Some(&b'p'),
            sent,
            "{settings} {arguments:?}: {heard:?}"
        );
        let clear = heard.windows(7).any(|window| window == b"hunter2");
        assert_eq!(
            clear,
            sent && request == cleartext,
            "{settings} {arguments:?}"
        );
    }
}

/// Its kind counts only if the server reports it.
#[test]
fn a_server_that_hides_its_kind_does_not_match() {
    let lab = Lab::new();
    let served = lab.root.leaf(&["db.example"]);
    let role = columns(&["standby", "read_only"]);
    let said = |standby, read_only| [role.clone(), row(&[standby, read_only])].concat();
    for (answered, code) in [
        (said("f", "off"), 0),
        (said("t", "on"), 8),
        (said("f", ""), 8),
        (said("", "off"), 8),
        (role.clone(), 8),
        (message(b'E', b"SERROR\0C42883\0Mno\0\0"), 8),
    ] {
        let shown = format!("{answered:?}");
        let peer = playing(plain(&served, TLS13), move |session| {
            enter(session)?;
            for answer in [&columns(&["ssl"]), &answered] {
                say(session, answer)?;
                say(session, b"C\0\0\0\x0dSELECT 1\0")?;
                say(session, READY)?;
                hear(session)?;
            }
            session.sock.listen()
        });
        let run = lab.run(&peer, "json", "target_session_attrs=read-write", &[]);
        assert_eq!(run.code, code, "{shown}: {run:?}");
    }
}

/// Acceptance together with the request does not hide what was sent.
#[test]
fn a_password_is_reported_as_sent_even_if_the_server_did_not_wait() {
    let lab = Lab::new();
    let served = lab.root.leaf(&["db.example"]);
    let peer = playing(plain(&served, TLS13), |session| {
        say(session, &[b"R\0\0\0\x08\0\0\0\x03", OK, READY].concat())?;
        hear(session)?;
        answer(session, &columns(&["ssl"]))
    });
    let run = lab.run(&peer, "json", "sslmode=require sslrootcert=''", &[]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(
        run.findings().contains(&"unverified-login".to_owned()),
        "{run:?}"
    );
}

/// Even with --at, the login happens today.
#[test]
fn a_certificate_that_is_valid_on_another_day_gets_no_password() {
    let lab = Lab::new();
    let early = lab
        .root
        .leaf_with(&["db.example"], crate::support::pki::not_yet_valid);
    let (peer, got) = changing(plain(&early, TLS13), plain(&early, TLS13), 0);
    let run = lab.run(&peer, "json", "", &["--at", "+15d"]);
    let came = (run.code, run.outcome());
    assert_eq!(came, (6, "not-yet-valid".to_owned()), "{run:?}");
    assert_eq!(peer.heard().len(), 2, "the first one passes: {run:?}");
    assert_eq!(*got.lock().unwrap(), b"");
}

/// The password goes to another certificate, which ends before the time of --at.
#[test]
fn a_certificate_of_the_login_must_be_valid_at_the_chosen_time_too() {
    let lab = Lab::new();
    let long = lab.root.leaf(&["db.example"]);
    let short = lab.root.leaf_with(&["db.example"], |params| {
        params.not_after = crate::support::pki::in_days(3);
    });
    let (peer, got) = changing(plain(&long, TLS13), plain(&short, TLS13), 1);
    let run = lab.run(&peer, "json", "", &["--at", "+10d"]);
    let came = (run.code, run.outcome());
    assert_eq!(came, (1, "unexpected-certificate".to_owned()), "{run:?}");
    assert_eq!(peer.heard().len(), 2, "the first one passes: {run:?}");
    assert_eq!(*got.lock().unwrap(), b"");
}

/// Like providers that select their databases by SNI.
#[test]
fn a_server_that_misses_the_host_name_is_understood() {
    let lab = Lab::new();
    let served = lab.root.leaf(&["db.example", "127.0.0.1"]);
    for state in ["08P01", "XX000"] {
        for (settings, understood) in [("", false), ("sslsni=0", true), ("host=127.0.0.1", true)] {
            let peer = playing(plain(&served, TLS13), move |session| {
                let body = format!("SERROR\0C{state}\0MEndpoint ID is not specified.\0\0");
                last(session, &message(b'E', body.as_bytes()))
            });
            let run = lab.run(&peer, "json", settings, &[]);
            assert_eq!(
                (run.code, run.outcome().as_str()),
                (8, "login-failed"),
                "{run:?}"
            );
            let report = run.endpoint();
            assert_eq!(report["login"]["sqlstate"], state, "{run:?}");
            let hint = report["error"]["hint"].as_str().unwrap();
            assert_eq!(hint.contains("SNI"), understood, "{settings}: {hint}");
        }
    }
}

//! Handshakes of real libraries, and records with the lengths of others.

use std::sync::{Arc, LazyLock};

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection,
    SupportedProtocolVersion,
};

use super::*;
use crate::trace::ClientCertificate;

/// How a client treats the server, and what the server asks of it.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Case {
    Accepts,
    Refuses,
    HasNoCertificate,
    SendsCertificate,
}

pub(super) struct Pair {
    client: ClientConnection,
    server: ServerConnection,
}

pub(super) fn pair(version: &'static SupportedProtocolVersion, case: Case) -> Pair {
    let issue = |name: &str| {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        (CertificateDer::from(made.cert), key)
    };
    let provider = Arc::new(default_provider());
    let (own, key) = issue("db.example");
    let (other, other_key) = issue("ann");
    let store = |certificate: &CertificateDer<'static>| {
        let mut store = RootCertStore::empty();
        store.add(certificate.clone()).unwrap();
        Arc::new(store)
    };
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[version])
        .unwrap();
    let server = match case {
        Case::Accepts | Case::Refuses => server.with_no_client_auth(),
        Case::HasNoCertificate | Case::SendsCertificate => server.with_client_cert_verifier(
            WebPkiClientVerifier::builder_with_provider(store(&other), Arc::clone(&provider))
                .allow_unauthenticated()
                .build()
                .unwrap(),
        ),
    };
    let mut server = server.with_single_cert(vec![own.clone()], key).unwrap();
    server.send_tls13_tickets = 0;
    let trusted = match case {
        Case::Refuses => store(&other),
        Case::Accepts | Case::HasNoCertificate | Case::SendsCertificate => store(&own),
    };
    let verifier = WebPkiServerVerifier::builder_with_provider(trusted, Arc::clone(&provider))
        .build()
        .unwrap();
    let client = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_webpki_verifier(verifier);
    let client = match case {
        Case::SendsCertificate => client
            .with_client_auth_cert(vec![other], other_key)
            .unwrap(),
        Case::Accepts | Case::Refuses | Case::HasNoCertificate => client.with_no_client_auth(),
    };
    Pair {
        client: ClientConnection::new(Arc::new(client), "db.example".try_into().unwrap()).unwrap(),
        server: ServerConnection::new(Arc::new(server)).unwrap(),
    }
}

/// Everything that passes between the two, until nothing more does.
pub(super) fn converse(mut pair: Pair) -> Vec<(Side, Vec<u8>)> {
    use std::io::Write as _;
    let mut passed = Vec::new();
    let mut asked = false;
    for _ in 0..10 {
        let mut out = Vec::new();
        while pair.client.wants_write() {
            pair.client.write_tls(&mut out).unwrap();
        }
        let _ = pair.server.read_tls(&mut out.as_slice());
        let _ = pair.server.process_new_packets();
        passed.push((Application, out));
        let mut back = Vec::new();
        while pair.server.wants_write() {
            pair.server.write_tls(&mut back).unwrap();
        }
        let _ = pair.client.read_tls(&mut back.as_slice());
        let failed = pair.client.process_new_packets().is_err();
        passed.push((Server, back));
        if !failed && !pair.client.is_handshaking() && !pair.server.is_handshaking() {
            match asked {
                false => pair.client.writer().write_all(b"a startup packet").unwrap(),
                true => pair
                    .server
                    .writer()
                    .write_all(b"an answer, and more")
                    .unwrap(),
            }
            asked = true;
        }
    }
    passed
}

#[test]
fn handshakes_are_read_as_far_as_they_are_in_clear() {
    use rustls::version::{TLS12, TLS13};
    for (version, case, handshake, channel, certificate) in [
        (
            &TLS13,
            Case::Accepts,
            Handshake::Finished,
            Channel::Tls,
            ClientCertificate::Unknown,
        ),
        (
            &TLS12,
            Case::Accepts,
            Handshake::Finished,
            Channel::Tls,
            ClientCertificate::NotRequested,
        ),
        (
            &TLS13,
            Case::Refuses,
            Handshake::RefusedByApplication,
            Channel::None,
            ClientCertificate::Unknown,
        ),
        (
            &TLS12,
            Case::Refuses,
            Handshake::RefusedByApplication,
            Channel::None,
            ClientCertificate::NotRequested,
        ),
        (
            &TLS12,
            Case::HasNoCertificate,
            Handshake::Finished,
            Channel::Tls,
            ClientCertificate::Missing,
        ),
        (
            &TLS12,
            Case::SendsCertificate,
            Handshake::Finished,
            Channel::Tls,
            ClientCertificate::Sent,
        ),
        (
            &TLS13,
            Case::SendsCertificate,
            Handshake::Finished,
            Channel::Tls,
            ClientCertificate::Unknown,
        ),
    ] {
        let mut parts = vec![
            (Application, request(SSL_REQUEST).to_vec()),
            (Server, b"S".to_vec()),
        ];
        parts.extend(converse(pair(version, case)));
        let parts: Vec<(Side, &[u8])> = parts
            .iter()
            .map(|(side, bytes)| (*side, &**bytes))
            .collect();
        let seen = seen(&parts);
        assert_eq!(seen.handshake, handshake, "{seen:?}");
        assert_eq!(seen.channel, channel, "{seen:?}");
        assert_eq!(seen.client_certificate, certificate, "{seen:?}");
        let hello = seen.client_hello.as_ref().unwrap();
        assert_eq!(hello.sni.as_deref(), Some("db.example"));
        let choice = seen.server_hello.as_ref().unwrap();
        let is_12 = version.version == rustls::ProtocolVersion::TLSv1_2;
        assert_eq!(choice.version, if is_12 { "TLSv1.2" } else { "TLSv1.3" });
        assert!(choice.group.is_some(), "{seen:?}");
        assert_eq!(!seen.certificates.is_empty(), is_12, "{seen:?}");
        let refused = case == Case::Refuses;
        assert_eq!(!seen.alerts.is_empty(), refused, "{seen:?}");
    }
}

/// A hello of rustls, the flight of a server that answers it, and then records of these lengths, as other libraries send
/// them.
fn crafted(records: &[(Side, usize)]) -> Seen {
    static HELLOS: LazyLock<Vec<(Side, Vec<u8>)>> = LazyLock::new(|| {
        let mut passed = converse(pair(&rustls::version::TLS13, Case::Accepts));
        passed.truncate(2);
        passed
    });
    let mut parts: Vec<(Side, Vec<u8>)> = vec![
        (Application, request(SSL_REQUEST).to_vec()),
        (Server, b"S".to_vec()),
    ];
    parts.extend(HELLOS.iter().cloned());
    for (side, length) in records {
        let [high, low] = u16::try_from(*length).unwrap().to_be_bytes();
        parts.push((
            *side,
            [&[23, 3, 3, high, low][..], &vec![7; *length]].concat(),
        ));
    }
    let parts: Vec<(Side, &[u8])> = parts
        .iter()
        .map(|(side, bytes)| (*side, &**bytes))
        .collect();
    seen(&parts)
}

#[test]
fn flights_of_openssl_are_told_from_refusals_and_from_sessions() {
    let seen = crafted(&[]);
    let choice = seen.server_hello.as_ref().unwrap();
    let finished = match choice.cipher.as_str() {
        "TLS_AES_256_GCM_SHA384" => 69,
        _ => 53,
    };
    assert_eq!(seen.handshake, Handshake::Abandoned);
    let ticket = (Server, 255);
    let close = (Application, 19);
    let (startup, answer) = ((Application, 101), (Server, 60));
    for (flight, records) in [
        ("no certificate was asked for", vec![finished]),
        ("an empty certificate", vec![25, finished]),
        ("both in one record", vec![finished + 8]),
        ("a certificate", vec![900, 281, finished]),
        ("a certificate in one record", vec![1_166 + finished]),
    ] {
        let flight_of = |rest: &[(Side, usize)]| {
            let records = records.iter().map(|length| (Application, *length));
            crafted(&records.chain(rest.iter().copied()).collect::<Vec<_>>())
        };
        for rest in [&[][..], &[close], &[ticket, ticket, close]] {
            let seen = flight_of(rest);
            assert_eq!(seen.handshake, Handshake::Finished, "{flight} {rest:?}");
            assert_eq!(seen.channel, Channel::None, "{flight} {rest:?}");
            assert!(seen.alerts.is_empty(), "{flight} {rest:?}");
        }
        let seen = flight_of(&[startup, answer]);
        assert_eq!(seen.channel, Channel::Tls, "{flight}");
        // The server does not accept the certificate.
        let seen = flight_of(&[startup, (Server, 19)]);
        assert_eq!(
            (seen.channel, seen.alerts.len()),
            (Channel::None, 1),
            "{flight}"
        );
        assert_eq!(seen.alerts[0].from, Server);
    }
    let refused = crafted(&[(Application, 19)]);
    assert_eq!(refused.handshake, Handshake::RefusedByApplication);
}

/// Wherever it leaves TLS, the session is not one of TLS.
#[test]
fn plain_text_is_found_wherever_it_follows_tls() {
    use rustls::version::{TLS12, TLS13};
    let asked = [
        (Application, request(SSL_REQUEST).to_vec()),
        (Server, b"S".to_vec()),
    ];
    let packets = [
        startup_message(b"ann", b"app"),
        message(frontend::PASSWORD, b"hunter2\0"),
        b"GET / HTTP/1.1".to_vec(),
    ];
    let refusals = [
        &b"\x15\x03\x03\0\x02\x02\x28"[..],
        b"E\0\0\0\x12SFATAL\0Mno\x07\0\0",
        b"R\0\0\0\x08\0\0\0\0",
    ];
    for version in [&TLS12, &TLS13] {
        let mut all = vec![
            converse(pair(version, Case::Accepts)),
            converse(pair(version, Case::Refuses)),
        ];
        let hello = all[0][0].clone();
        all.extend(refusals.map(|refusal| vec![hello.clone(), (Server, refusal.to_vec())]));
        for (passed, packet) in all
            .iter()
            .flat_map(|passed| packets.iter().map(move |one| (passed, one)))
        {
            for length in 1..=passed.len() {
                for before in [&asked[..], &[]] {
                    let parts = before.iter().chain(&passed[..length]);
                    let mut parts: Vec<(Side, &[u8])> =
                        parts.map(|(side, bytes)| (*side, &**bytes)).collect();
                    parts.push((Application, packet));
                    let seen = seen(&parts);
                    assert_eq!(seen.channel, Channel::Plaintext, "{length}: {seen:?}");
                    let last = seen.steps.last();
                    assert_eq!(last, Some(&Step::PlaintextAfterTls), "{length}: {seen:?}");
                }
            }
        }
    }
}

//! One connection as it passes by: negotiation, then TLS or plain text. Pure; what it keeps is bounded.

use super::handshake::Watch;
use super::negotiation::{Answer, Opening, Request, answer, opening, step};
use super::seen::{Channel, Handshake, Seen, Side, Step};
use super::startup::{Attention, Login, Startup, shown_error};
use crate::wire::postgres::error::{MAX_ERROR, ServerError};

/// Reads both directions of a connection, in whatever pieces they pass.
#[derive(Debug, Default)]
pub struct Conversation {
    seen: Seen,
    stage: Stage,
    /// What the application sent, as far as it could not be read yet.
    kept: Vec<u8>,
}

#[derive(Debug, Default)]
enum Stage {
    /// The application comes next.
    #[default]
    Opening,
    /// The server must answer.
    Asked(Request),
    /// The server answers with an error.
    Failing(Vec<u8>),
    Tls(Box<Watch>),
    Login(Box<Login>),
    /// What follows is only counted.
    Over,
}

impl Conversation {
    /// What one side sends. In the order in which it passes.
    pub fn hear(&mut self, side: Side, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let attention = match (&mut self.stage, side) {
            (Stage::Over, _) => Attention::Needed,
            (Stage::Opening | Stage::Asked(_), Side::Application) => {
                self.kept.extend_from_slice(bytes);
                self.open()
            }
            // Before it was asked.
            (Stage::Opening, Side::Server) => self.strange(),
            (Stage::Asked(request), Side::Server) => {
                let request = *request;
                self.answered(request, bytes)
            }
            (Stage::Failing(error), Side::Server) => {
                error.extend_from_slice(bytes);
                failed(error, &mut self.seen)
            }
            (Stage::Failing(_), Side::Application) => Attention::Needed,
            (Stage::Tls(watch), side) => watch.hear(side, bytes, &mut self.seen),
            (Stage::Login(login), Side::Application) => login.client(bytes, &mut self.seen),
            (Stage::Login(login), Side::Server) => login.server(bytes, &mut self.seen),
        };
        if attention == Attention::Over {
            self.stage = Stage::Over;
            self.kept = Vec::new();
        }
    }

    /// What was seen so far.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Is there more to read? If not, what follows is only counted.
    pub fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }

    /// Reads what the application has sent, as far as it is its turn.
    fn open(&mut self) -> Attention {
        loop {
            if let Stage::Asked(_) = self.stage {
                // It did not wait for the answer.
                return match self.kept.len() > MAX_KEPT {
                    true => Attention::Over,
                    false => Attention::Needed,
                };
            }
            match opening(&self.kept) {
                Opening::More => return Attention::Needed,
                Opening::Request(request, length) => {
                    self.step(request.step());
                    self.kept.drain(..length);
                    self.stage = Stage::Asked(request);
                }
                Opening::Tls => {
                    self.step(Step::DirectTls);
                    return self.tls();
                }
                Opening::Startup(packet, length) => {
                    self.seen.startup = Some(Startup::read(packet));
                    self.seen.channel = Channel::Plaintext;
                    self.step(Step::PlaintextStartup);
                    let rest = self.kept.split_off(length);
                    let mut login = Login::default();
                    let attention = login.client(&rest, &mut self.seen);
                    self.kept = Vec::new();
                    self.stage = Stage::Login(Box::new(login));
                    return attention;
                }
                Opening::Cancel => {
                    self.step(Step::PlaintextCancel);
                    return Attention::Over;
                }
                Opening::Foreign => {
                    self.step(Step::Foreign);
                    return Attention::Over;
                }
            }
        }
    }

    fn answered(&mut self, request: Request, bytes: &[u8]) -> Attention {
        let Some((&byte, rest)) = bytes.split_first() else {
            return Attention::Needed;
        };
        let answer = answer(request, byte);
        self.step(step(request, answer));
        match (answer, request) {
            (Answer::Granted, Request::Tls) => {
                let attention = self.tls();
                match (&mut self.stage, attention) {
                    // More plain text before TLS.
                    (Stage::Tls(watch), Attention::Needed) if !rest.is_empty() => {
                        watch.hear(Side::Server, rest, &mut self.seen)
                    }
                    _ => attention,
                }
            }
            (Answer::Granted, Request::Gssapi) => {
                self.seen.channel = Channel::Gssapi;
                Attention::Over
            }
            (Answer::Refused, _) => {
                self.stage = Stage::Opening;
                match (self.open(), rest) {
                    (attention, []) => attention,
                    // More than an answer.
                    (_, [_, ..]) => self.strange(),
                }
            }
            (Answer::Error, _) => {
                let mut error = Vec::new();
                error.extend_from_slice(rest);
                let attention = failed(&error, &mut self.seen);
                self.stage = Stage::Failing(error);
                attention
            }
            (Answer::Strange, _) => Attention::Over,
        }
    }

    /// Begins to watch TLS. The application may have sent some of it.
    fn tls(&mut self) -> Attention {
        let kept = std::mem::take(&mut self.kept);
        self.seen.handshake = Handshake::NotBegun;
        let mut watch = Watch::default();
        let attention = watch.hear(Side::Application, &kept, &mut self.seen);
        self.stage = Stage::Tls(Box::new(watch));
        attention
    }

    fn strange(&mut self) -> Attention {
        self.step(Step::StrangeAnswer);
        Attention::Over
    }

    fn step(&mut self, step: Step) {
        if self.seen.steps.len() < MAX_STEPS {
            self.seen.steps.push(step);
        }
    }
}

/// Reads an error when it is whole, or long enough.
fn failed(error: &[u8], seen: &mut Seen) -> Attention {
    if !ServerError::is_whole(error) && error.len() < MAX_ERROR {
        seen.server_error = None;
        return Attention::Needed;
    }
    seen.server_error = Some(shown_error(error));
    Attention::Over
}

/// What an application may send before it is answered (bytes).
const MAX_KEPT: usize = 64 * 1024;

/// GSSAPI, TLS and a startup, each with its answer, twice.
const MAX_STEPS: usize = 12;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use rustls::client::WebPkiServerVerifier;
    use rustls::crypto::aws_lc_rs::default_provider;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::server::WebPkiClientVerifier;
    use rustls::{
        ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection,
        SupportedProtocolVersion,
    };

    use super::*;
    use crate::trace::{ClientCertificate, PasswordForm};
    use crate::wire::postgres::frame::{TERMINATE, backend, frontend, message};
    use crate::wire::postgres::startup::{
        GSSENC_REQUEST, SSL_REQUEST, cancel_nobody, request, startup_message,
    };

    use Side::{Application, Server};

    fn seen(parts: &[(Side, &[u8])]) -> Seen {
        let mut conversation = Conversation::default();
        for (side, bytes) in parts {
            conversation.hear(*side, bytes);
        }
        let whole = conversation.seen().clone();
        let mut slow = Conversation::default();
        for (side, bytes) in parts {
            bytes.iter().for_each(|byte| slow.hear(*side, &[*byte]));
        }
        let slowly = serde_json::to_value(slow.seen()).unwrap();
        assert_eq!(serde_json::to_value(&whole).unwrap(), slowly);
        whole
    }

    #[test]
    fn requests_are_listed_in_their_order() {
        let ssl = request(SSL_REQUEST);
        let gss = request(GSSENC_REQUEST);
        let startup = startup_message(b"ann", b"app");
        let seen = seen(&[
            (Application, &gss),
            (Server, b"N"),
            (Application, &ssl),
            (Server, b"N"),
            (Application, &startup),
            (Server, &message(backend::AUTHENTICATION, &[0, 0, 0, 3])),
            (Application, &message(frontend::PASSWORD, b"hunter2\0")),
            (Server, &message(backend::READY_FOR_QUERY, b"I")),
            (
                Application,
                &message(frontend::PASSWORD, b"not a password\0"),
            ),
        ]);
        assert_eq!(
            seen.steps,
            [
                Step::GssencRequest,
                Step::GssencRefused,
                Step::SslRequest,
                Step::SslRefused,
                Step::PlaintextStartup
            ]
        );
        assert_eq!(seen.channel, Channel::Plaintext);
        assert_eq!(seen.plaintext_passwords, 1);
        assert_eq!(seen.password_form, Some(PasswordForm::Clear));
        assert!(!format!("{seen:?}").contains("hunter2"));
    }

    #[test]
    fn everything_else_that_may_come_first_is_told_apart() {
        let ssl = request(SSL_REQUEST);
        let error = [&b"E\0\0\0\x12SFATAL\0Mno\x07\0\0"[..], b""].concat();
        for (parts, expected) in [
            (
                vec![(Application, &cancel_nobody()[..])],
                vec![Step::PlaintextCancel],
            ),
            (vec![(Application, b"GET / HTTP/1.1")], vec![Step::Foreign]),
            (vec![(Server, b"220 mail")], vec![Step::StrangeAnswer]),
            (
                vec![(Application, &ssl[..]), (Server, b"HTTP/1.1 400")],
                vec![Step::SslRequest, Step::StrangeAnswer],
            ),
            (
                vec![(Application, &ssl), (Server, &error)],
                vec![Step::SslRequest, Step::Error],
            ),
            (
                vec![(Application, &ssl), (Server, b"NN")],
                vec![Step::SslRequest, Step::SslRefused, Step::StrangeAnswer],
            ),
        ] {
            assert_eq!(seen(&parts).steps, expected);
        }
        let gss = request(GSSENC_REQUEST);
        let encrypted = seen(&[(Application, &gss), (Server, b"G"), (Application, b"xyz")]);
        assert_eq!(encrypted.channel, Channel::Gssapi);
    }

    /// How a client treats the server, and what the server asks of it.
    #[derive(Clone, Copy, PartialEq)]
    enum Case {
        Accepts,
        Refuses,
        HasNoCertificate,
        SendsCertificate,
    }

    struct Pair {
        client: ClientConnection,
        server: ServerConnection,
    }

    fn pair(version: &'static SupportedProtocolVersion, case: Case) -> Pair {
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
            client: ClientConnection::new(Arc::new(client), "db.example".try_into().unwrap())
                .unwrap(),
            server: ServerConnection::new(Arc::new(server)).unwrap(),
        }
    }

    /// Everything that passes between the two, until nothing more does.
    fn converse(mut pair: Pair) -> Vec<(Side, Vec<u8>)> {
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

    #[test]
    fn after_the_login_nothing_is_kept() {
        let startup = startup_message(b"ann", b"app");
        let mut conversation = Conversation::default();
        conversation.hear(Application, &startup);
        conversation.hear(Server, &message(backend::READY_FOR_QUERY, b"I"));
        assert!(conversation.is_over());
        for _ in 0..100 {
            conversation.hear(Application, &[b'x'; 10_000]);
        }
        assert!(conversation.kept.is_empty());
        conversation.hear(Application, &TERMINATE);
    }

    #[test]
    fn a_client_that_never_waits_is_not_kept_in_memory() {
        let mut conversation = Conversation::default();
        conversation.hear(Application, &request(SSL_REQUEST));
        for _ in 0..100 {
            conversation.hear(Application, &[b'x'; 10_000]);
        }
        assert!(conversation.is_over() && conversation.kept.is_empty());
    }

    proptest! {
        #[test]
        fn hostile_ends_cause_no_panic_and_are_read_the_same_in_any_pieces(
            parts in proptest::collection::vec(
                (any::<bool>(), proptest::collection::vec(any::<u8>(), 0..60)), 0..8),
            start in 0_usize..4,
        ) {
            let begin: &[&[u8]] = &[b"", b"\0\0\0\x08\x04\xd2\x16\x2f", b"\x16\x03\x01\0\x20\x01\0\0\x1c",
                b"\0\0\0\x10\0\x03\0\0user\0a\0\0"];
            let mut all: Vec<(Side, &[u8])> = vec![(Application, begin[start])];
            if start == 1 {
                all.push((Server, b"S"));
            }
            for (from_server, bytes) in &parts {
                all.push((if *from_server { Server } else { Application }, bytes));
            }
            seen(&all);
        }
    }
}

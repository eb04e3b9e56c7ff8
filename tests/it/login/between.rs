//! Does pgtls notice what terminates TLS between the client and the server?

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::os::fd::AsFd as _;
use std::sync::Arc;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, Connection, DigitallySignedStruct, ServerConnection,
    SignatureScheme,
};

use super::{GOOD, client, login, prepared, summary};
use crate::support::peer::{Conversation, Peer};
use crate::support::pgbouncer::PgBouncer;
use crate::support::pki::Ca;
use crate::support::serving::{TLS12, TLS13, plain};

/// A pooler is not an error: psql logs in, too. But it is reported.
#[test]
fn a_pgbouncer_in_front_is_noticed() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(server) = prepared(&served) else {
        return;
    };
    let client = client(&root);
    for (auth, server_mode, settings, expected, seen, found) in [
        (
            "trust",
            "disable",
            "user=postgres",
            0,
            "none",
            &["tls-terminated-in-between"][..],
        ),
        // The same version and suite on both sides of it: only the process shows it.
        (
            "trust",
            "require",
            "user=postgres",
            0,
            "none",
            &["tls-terminated-in-between"],
        ),
        (
            "scram-sha-256",
            "require",
            "user=ann password=hunter2 ssl_max_protocol_version=TLSv1.2",
            0,
            "scram-sha-256",
            &["no-channel-binding", "tls-terminated-in-between"],
        ),
        (
            "scram-sha-256",
            "require",
            "user=ann password=hunter2",
            0,
            "scram-sha-256",
            &["no-channel-binding", "tls-terminated-in-between"],
        ),
        (
            "scram-sha-256",
            "require",
            "user=ann password=hunter2 channel_binding=require",
            8,
            "scram-sha-256",
            &[],
        ),
        (
            "scram-sha-256",
            "require",
            "user=ann password=wrong",
            8,
            "08P01",
            &[],
        ),
        (
            "plain",
            "require",
            "user=ann password=hunter2",
            0,
            "password",
            &["no-channel-binding", "tls-terminated-in-between"],
        ),
        (
            "trust",
            "require",
            "user=postgres dbname=pgbouncer",
            0,
            "none",
            &["tls-unconfirmed"],
        ),
    ] {
        let more = format!(
            "auth_type = {auth}\nserver_tls_sslmode = {server_mode}\n\
             [databases]\n* = host=127.0.0.1 port={}\n",
            server.port
        );
        let Some(bouncer) = PgBouncer::start("require", &more, &served) else {
            return;
        };
        let string = format!("{GOOD} port={} {settings}", bouncer.port);
        let run = login(&client, &string);
        let case = format!("{auth} {server_mode} {settings}");
        assert_eq!(
            (run.code, summary(&run).as_str()),
            (expected, seen),
            "{case}: {run:?}"
        );
        assert_eq!(run.findings(), found, "{case}: {run:?}");
        let same = &run.endpoint()["login"]["same_session"];
        assert_ne!(*same, true, "never through a pooler: {case}: {run:?}");
        let theirs = client.run_psql(&string, "SHOW VERSION");
        let theirs = theirs.or_else(|_| client.run_psql(&string, "SELECT 1"));
        assert_eq!(theirs.is_ok(), run.code == 0, "{case}: {theirs:?}");
    }
}

/// A proxy whose certificate is also trusted, and that passes PostgreSQL's messages unchanged.
#[test]
fn a_proxy_that_ends_tls_is_noticed() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(mut server) = prepared(&served) else {
        return;
    };
    // Without TLS, too.
    server.authenticate("host all ann all scram-sha-256");
    server.configure(&served, &[]);
    let client = client(&root);
    let port = server.port;
    let another = root.leaf(&["db.example"]);
    for (behind, version, settings, expected, seen, found) in [
        // SCRAM is bound to the proxy's certificate, and the server has another.
        (
            Behind::Tls,
            TLS13,
            "user=ann password=hunter2",
            (8, "tls-terminated-in-between"),
            "28000",
            &[][..],
        ),
        (
            Behind::Tls,
            TLS13,
            "user=ann password=hunter2 channel_binding=disable",
            (0, "pass"),
            "scram-sha-256",
            &["no-channel-binding", "tls-unconfirmed"],
        ),
        (
            Behind::Tls,
            TLS12,
            "user=postgres",
            (0, "pass"),
            "none",
            &["tls-terminated-in-between"],
        ),
        (
            Behind::Plaintext,
            TLS13,
            "user=ann password=hunter2",
            (0, "pass"),
            "scram-sha-256",
            &["no-channel-binding", "tls-terminated-in-between"],
        ),
        (
            Behind::Plaintext,
            TLS13,
            "user=ann password=hunter2 channel_binding=require",
            (8, "no-channel-binding"),
            "scram-sha-256",
            &[],
        ),
        (
            Behind::Plaintext,
            TLS13,
            "user=postgres",
            (0, "pass"),
            "none",
            &["tls-terminated-in-between"],
        ),
    ] {
        let config = Arc::new(plain(&another, version));
        let proxy = Peer::start(move |conversation| {
            conversation.request()?;
            conversation.say(b"S")?;
            let front = ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?;
            pass_on(conversation, front.into(), behind.connect(port)?)
        });
        let string = format!("{GOOD} port={} {settings}", proxy.port);
        let run = login(&client, &string);
        let case = format!("{behind:?} {settings}");
        let came = (run.code, run.outcome(), summary(&run));
        assert_eq!(
            came,
            (expected.0, expected.1.to_owned(), seen.to_owned()),
            "{case}: {run:?}"
        );
        assert_eq!(run.findings(), found, "{case}: {run:?}");
        let same = &run.endpoint()["login"]["same_session"];
        assert_ne!(*same, true, "never through a proxy: {case}: {run:?}");
        let theirs = client.run_psql(&string, "SELECT 1");
        assert_eq!(theirs.is_ok(), run.code == 0, "{case}: {theirs:?}");
    }
}

/// How a proxy speaks to the server.
#[derive(Clone, Copy, Debug)]
enum Behind {
    Plaintext,
    Tls,
}

impl Behind {
    fn connect(self, port: u16) -> io::Result<(TcpStream, Option<Connection>)> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        if matches!(self, Self::Plaintext) {
            return Ok((stream, None));
        }
        stream.write_all(&[0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])?;
        stream.read_exact(&mut [0])?;
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Gullible))
            .with_no_client_auth();
        let name = ServerName::try_from("db.example").unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
        Ok((stream, Some(connection.into())))
    }
}

/// Decrypts on one side, encrypts on the other, until one of them has gone.
fn pass_on(
    conversation: &mut Conversation,
    front: Connection,
    (stream, connection): (TcpStream, Option<Connection>),
) -> io::Result<()> {
    let mut front = Side {
        stream: conversation.stream.try_clone()?,
        tls: Some(front),
    };
    let mut back = Side {
        stream,
        tls: connection,
    };
    front.flush()?;
    back.flush()?;
    loop {
        let ready = {
            let mut both =
                [&front, &back].map(|side| PollFd::new(side.stream.as_fd(), PollFlags::POLLIN));
            poll(&mut both, PollTimeout::NONE)?;
            both.map(|one| one.any().unwrap_or(true))
        };
        let (from, to) = if ready[0] {
            (&mut front, &mut back)
        } else {
            (&mut back, &mut front)
        };
        match from.receive()? {
            Some(data) => to.send(&data)?,
            None => return Ok(()),
        }
    }
}

/// One side of a proxy: a socket, with TLS or without.
struct Side {
    stream: TcpStream,
    tls: Option<Connection>,
}

impl Side {
    /// What one read brings; nothing at the end.
    fn receive(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut data = Vec::new();
        let Some(tls) = &mut self.tls else {
            let mut buffer = [0; 4096];
            let count = self.stream.read(&mut buffer)?;
            data.extend(&buffer[..count]);
            return Ok((count > 0).then_some(data));
        };
        if tls.read_tls(&mut self.stream)? == 0 {
            return Ok(None);
        }
        let state = tls.process_new_packets().map_err(io::Error::other)?;
        data.resize(state.plaintext_bytes_to_read(), 0);
        tls.reader().read_exact(&mut data)?;
        // The last data may arrive together with close_notify.
        let closed = state.peer_has_closed() && data.is_empty();
        self.flush()?;
        Ok((!closed).then_some(data))
    }

    fn send(&mut self, data: &[u8]) -> io::Result<()> {
        match &mut self.tls {
            Some(tls) => tls.writer().write_all(data)?,
            None => self.stream.write_all(data)?,
        }
        self.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        while let Some(tls) = &mut self.tls
            && tls.wants_write()
        {
            tls.write_tls(&mut self.stream)?;
        }
        Ok(())
    }
}

/// Takes any certificate.
#[derive(Debug)]
struct Gullible;

impl ServerCertVerifier for Gullible {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = default_provider().signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}

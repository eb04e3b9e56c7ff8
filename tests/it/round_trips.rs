//! How often does one check wait for the server's answer?

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::support::client::{Answer, Client};
use crate::support::pki::Ca;
use crate::support::postgres::{Postgres, wait_until};

/// Which side sent last in a conversation, and how many answers of the server the client has
/// replied to. These are the answers that it waited for: counted, not timed.
#[derive(Default)]
struct Conversation {
    server_spoke_last: bool,
    answers: usize,
    /// How many of the two directions have ended.
    ended: usize,
}

/// A proxy in front of a server that observes.
struct Proxy {
    port: u16,
    conversations: Arc<Mutex<Vec<Arc<Mutex<Conversation>>>>>,
}

impl Proxy {
    fn before(target: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let conversations = Arc::<Mutex<Vec<_>>>::default();
        let known = Arc::clone(&conversations);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                let server = TcpStream::connect((Ipv4Addr::LOCALHOST, target)).unwrap();
                let conversation = Arc::<Mutex<Conversation>>::default();
                known.lock().unwrap().push(Arc::clone(&conversation));
                pass_on(&client, &server, Arc::clone(&conversation), false);
                pass_on(&server, &client, conversation, true);
            }
        });
        Self {
            port,
            conversations,
        }
    }

    /// How many answers each finished conversation waited for, since the last call.
    fn answers(&self) -> Vec<usize> {
        wait_until("the conversations to end", || {
            let conversations = self.conversations.lock().unwrap();
            conversations
                .iter()
                .all(|one| one.lock().unwrap().ended == 2)
        });
        let conversations = std::mem::take(&mut *self.conversations.lock().unwrap());
        let answers = |one: &Arc<Mutex<Conversation>>| one.lock().unwrap().answers;
        conversations.iter().map(answers).collect()
    }
}

fn pass_on(
    from: &TcpStream,
    to: &TcpStream,
    conversation: Arc<Mutex<Conversation>>,
    is_server: bool,
) {
    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    std::thread::spawn(move || -> io::Result<()> {
        let mut buffer = [0; 16 * 1024];
        loop {
            let count = from.read(&mut buffer).unwrap_or(0);
            if count == 0 {
                conversation.lock().unwrap().ended += 1;
                return to.shutdown(Shutdown::Write);
            }
            {
                // Recorded before it is passed on, so that reactions to it come later.
                let mut conversation = conversation.lock().unwrap();
                if !is_server && conversation.server_spoke_last {
                    conversation.answers += 1;
                }
                conversation.server_spoke_last = is_server;
            }
            // If that side has hung up, it does not matter: the other direction ends by itself.
            let _ = to.write_all(&buffer[..count]);
        }
    });
}

/// PostgreSQL up to 17 accepts only the group P-256 by default.
#[test]
fn a_check_waits_twice_for_the_server_and_less_often_than_psql() {
    let root = Ca::root("root");
    let served = root.leaf(&["db.example"]);
    let Some(mut server) = Postgres::start(&served) else {
        return;
    };
    let client = Client::trusting(&root);
    let proxy = Proxy::before(server.port);
    let string = format!(
        "host=db.example hostaddr=127.0.0.1 port={} user=postgres dbname=postgres \
         sslmode=verify-full sslrootcert=root.crt",
        proxy.port
    );
    // TLS 1.2 needs one more round trip (RFC 5246 section 7.3), and a second connection with the ClientHello of psql.
    for (version, expected) in [("TLSv1.3", &[2][..]), ("TLSv1.2", &[3, 2])] {
        server.configure(
            &served,
            &[
                ("ssl_ecdh_curve", "prime256v1"),
                ("ssl_max_protocol_version", version),
            ],
        );
        let run = client.check(&string);
        assert_eq!(run.code, 0, "{run:?}");
        // The `S` and the server's half of the handshake.
        assert_eq!(proxy.answers(), expected, "{version}");

        assert_eq!(client.psql(&string), Answer::Tls);
        let psql = proxy.answers();
        assert!(
            psql.iter().sum::<usize>() > expected[0],
            "{version}: {psql:?}"
        );
    }
}

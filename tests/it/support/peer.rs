//! Servers that play any script, and record what they receive.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A listening server; it lives as long as the process.
pub(crate) struct Peer {
    pub(crate) port: u16,
    conversations: Arc<Mutex<Vec<Heard>>>,
}

/// What one client has sent so far.
type Heard = Arc<Mutex<Vec<u8>>>;

/// One connection, from the server's side.
pub(crate) struct Conversation {
    pub(crate) stream: TcpStream,
    heard: Heard,
    /// Counted from 0.
    pub(crate) number: usize,
}

/// What a server does, and the exit code and the outcome of a check of it.
pub(crate) type Row<S> = (&'static str, S, (i32, &'static str));

/// Judges all rows; those that only wait for the end of their time, at once.
pub(crate) fn judge_all<S: Sync>(rows: &[Row<S>], judge: impl Fn(&Row<S>) + Sync) {
    let waits = |row: &&Row<S>| row.2.1 == "timeout";
    let judge = &judge;
    std::thread::scope(|scope| {
        for row in rows.iter().filter(waits) {
            scope.spawn(move || judge(row));
        }
        rows.iter().filter(|row| !waits(row)).for_each(judge);
    });
}

impl Peer {
    /// Plays the script for every connection. Any error in it, such as a client that has hung up,
    /// ends it.
    pub(crate) fn start(
        script: impl Fn(&mut Conversation) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self::start_on(Ipv4Addr::LOCALHOST.into(), script)
    }

    pub(crate) fn start_on(
        address: IpAddr,
        script: impl Fn(&mut Conversation) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((address, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let conversations = Arc::<Mutex<Vec<Heard>>>::default();
        let known = Arc::clone(&conversations);
        let script = Arc::new(script);
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let heard = Arc::default();
                known.lock().unwrap().push(Arc::clone(&heard));
                let mut conversation = Conversation {
                    stream: stream.unwrap(),
                    heard,
                    number,
                };
                let script = Arc::clone(&script);
                std::thread::spawn(move || drop(script(&mut conversation)));
            }
        });
        Self {
            port,
            conversations,
        }
    }

    /// What each client has sent so far, byte for byte.
    pub(crate) fn heard(&self) -> Vec<Vec<u8>> {
        let conversations = self.conversations.lock().unwrap();
        let bytes = |heard: &Heard| heard.lock().unwrap().clone();
        conversations.iter().map(bytes).collect()
    }
}

impl Conversation {
    /// Reads the SSLRequest.
    pub(crate) fn request(&mut self) -> io::Result<()> {
        self.read_exact(&mut [0; 8])
    }

    /// Reads the SSLRequest, if the client sends one, permits TLS and reads the whole ClientHello.
    pub(crate) fn hello(&mut self) -> io::Result<()> {
        let mut header = [0; 5];
        self.read_exact(&mut header)?;
        if header[0] == 0 {
            self.read_exact(&mut [0; 3])?;
            self.say(b"S")?;
            self.read_exact(&mut header)?;
        }
        let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
        self.read_exact(&mut vec![0; length])
    }

    /// What the client has sent so far.
    pub(crate) fn heard(&self) -> Vec<u8> {
        self.heard.lock().unwrap().clone()
    }

    pub(crate) fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Sends one byte at a time, a few per second, and then nothing.
    pub(crate) fn drip(&mut self, bytes: &[u8]) -> io::Result<()> {
        for byte in bytes {
            self.say(&[*byte])?;
            std::thread::sleep(Duration::from_millis(100));
        }
        self.listen()
    }

    /// Sends the same bytes again and again, until the client hangs up.
    pub(crate) fn flood(&mut self, bytes: &[u8]) -> io::Result<()> {
        let many = bytes.repeat((1 << 16) / bytes.len() + 1);
        // Read what the client sends meanwhile: it may be an alert.
        let mut listener = Self {
            stream: self.stream.try_clone()?,
            heard: Arc::clone(&self.heard),
            number: self.number,
        };
        std::thread::spawn(move || listener.listen());
        loop {
            self.say(&many)?;
        }
    }

    /// Sends nothing, and reads everything until the client hangs up.
    pub(crate) fn listen(&mut self) -> io::Result<()> {
        let mut buffer = [0; 4096];
        while self.read(&mut buffer)? > 0 {}
        Ok(())
    }

    /// Ends the connection with a RST.
    pub(crate) fn reset(&mut self) -> io::Result<()> {
        socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO))
    }

    /// Closes its own half properly, and reads the rest.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)?;
        self.listen()
    }

    /// Reads the SSLRequest, permits TLS, and speaks it.
    pub(crate) fn tls(
        &mut self,
        config: &Arc<ServerConfig>,
    ) -> io::Result<StreamOwned<ServerConnection, &mut Self>> {
        self.request()?;
        self.say(b"S")?;
        let connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
        let mut session = StreamOwned::new(connection, self);
        while session.conn.is_handshaking() {
            session.conn.complete_io(&mut session.sock)?;
        }
        Ok(session)
    }
}

impl io::Read for Conversation {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(buffer)?;
        self.heard.lock().unwrap().extend(&buffer[..count]);
        Ok(count)
    }
}

impl io::Write for Conversation {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// A certificate and key to serve in any form.
#[derive(Debug)]
pub(crate) struct Any(pub(crate) Arc<CertifiedKey>);

impl ResolvesServerCert for Any {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// The TLS records that a client sent after its SSLRequest: type and length of each.
///
/// Bytes that are not a record come last, with type 0.
pub(crate) fn records(mut heard: &[u8]) -> Vec<(u8, usize)> {
    let mut found = Vec::new();
    while let [kind @ 20..=23, 3, 0..=4, high, low, rest @ ..] = heard {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        found.push((*kind, length));
        heard = rest.get(length..).unwrap_or_default();
    }
    if !heard.is_empty() {
        found.push((0, heard.len()));
    }
    found
}

//! No endpoint waits without a limit.

use std::cell::Cell;
use std::io::{self, IoSlice, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// The latest end of a connection.
pub(super) struct Deadline(Cell<Instant>);

impl Deadline {
    pub(super) fn after(patience: Duration) -> Self {
        let deadline = Self(Cell::new(Instant::now()));
        deadline.extend(patience);
        deadline
    }

    /// Restarts the time from now.
    pub(super) fn extend(&self, patience: Duration) {
        let now = Instant::now();
        self.0.set(now.checked_add(patience).unwrap_or(now));
    }

    /// The time that is left. Never zero, which means "no limit" for sockets.
    fn left(&self) -> io::Result<Duration> {
        let left = self.0.get().saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(left)
    }
}

/// A socket that keeps its deadline, however slowly bytes arrive.
pub(super) struct Wire<'a> {
    pub(super) stream: &'a TcpStream,
    pub(super) deadline: &'a Deadline,
    /// The pause before everything that is sent.
    pub(super) pause: Duration,
    /// Everything that is received, while recording is on.
    pub(super) record: Option<Vec<u8>>,
}

impl Wire<'_> {
    fn before_writing(&self) -> io::Result<()> {
        std::thread::sleep(self.pause);
        self.stream.set_write_timeout(Some(self.deadline.left()?))
    }
}

impl Read for Wire<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(self.deadline.left()?))?;
        let count = self.stream.read(buffer)?;
        if let (Some(record), Some(heard)) = (&mut self.record, buffer.get(..count))
            && record.len() < MAX_RECORD
        {
            record.extend_from_slice(heard);
        }
        Ok(count)
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.before_writing()?;
        self.stream.write(bytes)
    }

    /// All at once, so that a flight of TLS messages waits only once.
    fn write_vectored(&mut self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        self.before_writing()?;
        self.stream.write_vectored(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// How long a client may take to log in.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// How long a session may be silent, as in connection pools. Also how long a silent endpoint waits.
pub(super) const IDLE: Duration = Duration::from_secs(600);

/// Room for a ClientHello.
const MAX_RECORD: usize = 1 << 16;

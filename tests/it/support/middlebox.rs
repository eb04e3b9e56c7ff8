//! A middlebox before a server that cannot read a ClientHello of several packets.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What it does with a ClientHello that is too large.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Habit {
    /// It waits for more.
    Swallow,
    /// It hangs up.
    HangUp,
    /// It waits for more, but only the first time.
    StallOnce,
}

/// The largest ClientHello that passes, in bytes: what one segment carries on Ethernet.
const LARGEST: usize = 1460;

/// Listens before this server, as long as the process lives, and returns its port.
pub(crate) fn before(port: u16, habit: Habit) -> u16 {
    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let stalled = Arc::<AtomicBool>::default();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) = (client.unwrap(), TcpStream::connect(server).unwrap());
            let (from, to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || drop(copy(from, to)));
            let stalled = Arc::clone(&stalled);
            std::thread::spawn(move || drop(inspect(client, server, habit, &stalled)));
        }
    });
    port
}

/// The direction that the middlebox reads. Any error ends it.
fn inspect(
    mut client: TcpStream,
    mut server: TcpStream,
    habit: Habit,
    stalled: &AtomicBool,
) -> io::Result<()> {
    let mut request = [0; 8];
    client.read_exact(&mut request)?;
    server.write_all(&request)?;
    let mut hello = vec![0; 5];
    client.read_exact(&mut hello)?;
    let length = usize::from(u16::from_be_bytes([hello[3], hello[4]]));
    hello.resize(5 + length, 0);
    client.read_exact(&mut hello[5..])?;
    let recovered = || habit == Habit::StallOnce && stalled.swap(true, Ordering::SeqCst);
    if hello.len() <= LARGEST || recovered() {
        server.write_all(&hello)?;
        return copy(client, server);
    }
    match habit {
        Habit::Swallow | Habit::StallOnce => drop(client.read_to_end(&mut Vec::new())?),
        Habit::HangUp => {}
    }
    server.shutdown(Shutdown::Both)?;
    client.shutdown(Shutdown::Both)
}

fn copy(mut from: TcpStream, mut to: TcpStream) -> io::Result<()> {
    io::copy(&mut from, &mut to)?;
    to.shutdown(Shutdown::Write)
}

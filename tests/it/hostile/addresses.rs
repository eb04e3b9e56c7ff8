//! A host with one dead address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs as _};

use socket2::{Domain, Socket, Type};

use super::Client;
use crate::support::peer::Peer;
use crate::support::skip::skip;

#[test]
fn a_dead_address_does_not_hide_a_live_one() {
    let addresses: Vec<IpAddr> = ("localhost", 0)
        .to_socket_addrs()
        .map(|found| found.map(|address| address.ip()).collect())
        .unwrap_or_default();
    for live in [IpAddr::V4(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()] {
        if addresses.len() < 2 || !addresses.contains(&live) {
            println!("SKIPPED: localhost has only {addresses:?} here");
            continue;
        }
        let peer = Peer::start_on(live, |c| c.request().and_then(|()| c.say(b"N")));
        let string = format!("host=localhost port={} sslmode=require", peer.port);
        let run = Client::new().check(&string);
        assert_eq!((run.code, run.outcome().as_str()), (4, "no-tls"), "{run:?}");
        assert_eq!(run.endpoint()["hostaddr"], live.to_string());
    }
}

/// With `--hosts any` the next host is tried, as libpq does; without it every host must pass.
#[test]
fn a_dead_host_does_not_hide_a_live_one() {
    let Some(dropping) = Dropping::new() else {
        return skip("this system accepts connections beyond the backlog");
    };
    let peer = Peer::start(|c| c.request().and_then(|()| c.say(b"N")));
    let closed = crate::support::port::closed_port();
    for dead in [dropping.address.port(), closed] {
        let string = format!(
            "host=127.0.0.1,127.0.0.1 port={dead},{} sslmode=require",
            peer.port
        );
        let arguments = ["check", "--format", "json", "--timeout", "10"];
        let any = Client::new().pgtls(&[&arguments[..], &["--hosts", "any", &string]].concat());
        assert_eq!(any.code, 4, "{any:?}");
        let all = Client::new().pgtls(&[&arguments[..], &[&string]].concat());
        assert_eq!(all.code, 1, "3 and 4 differ: {all:?}");
        let expected = if dead == closed { "refused" } else { "timeout" };
        assert_eq!(all.endpoint()["error"]["code"], expected, "{all:?}");
    }
}

/// An address that is left out would pass unchecked, so all count, however many a name has.
#[test]
fn no_address_of_a_name_is_left_out() {
    let client = Client::new();
    let name = |number| format!("127.77.{}.{} many.test\n", number / 200, number % 200 + 1);
    let hosts: String = (0..300).map(name).collect();
    client.write("hosts", format!("127.0.0.1 localhost\n{hosts}"));
    let string = format!(
        "host=many.test port={} sslmode=require",
        crate::support::port::closed_port()
    );
    let output = client
        .other("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c"])
        .arg("mount --bind hosts /etc/hosts || exit 99; exec \"$@\"")
        .args(["sh", env!("CARGO_BIN_EXE_pgtls"), "check"])
        .args(["--all-addresses", "--format", "json", &string])
        .output();
    let Ok(output) = output else {
        return skip("no unshare to give a name many addresses with");
    };
    let Ok(report) = serde_json::from_slice::<serde_json::Value>(&output.stdout) else {
        return skip("this system lets us mount nothing over /etc/hosts");
    };
    assert_eq!(output.status.code(), Some(3), "{report}");
    assert_eq!(report["endpoints"].as_array().unwrap().len(), 300);
}

/// A port that drops packets: its backlog is full, and nothing accepts.
struct Dropping {
    address: SocketAddr,
    _listener: Socket,
    _waiting: Vec<TcpStream>,
}

impl Dropping {
    fn new() -> Option<Self> {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        listener.bind(&any_port.into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        let connect = |_| {
            let patience = std::time::Duration::from_millis(300);
            TcpStream::connect_timeout(&address, patience).ok()
        };
        let waiting: Vec<TcpStream> = (0..8).map_while(connect).collect();
        (waiting.len() < 8).then_some(Self {
            address,
            _listener: listener,
            _waiting: waiting,
        })
    }
}

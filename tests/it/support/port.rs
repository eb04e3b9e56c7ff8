//! Ports for one server, and for none.

use std::net::{Ipv4Addr, SocketAddr};

use socket2::{Domain, Socket, Type};

/// A port for one server that is told its number, as long as this lives. Linux gives it to nobody who asks for any port,
/// and shares it with a socket that asks for it with SO_REUSEADDR, as servers do.
pub(crate) struct Port {
    pub(crate) number: u16,
    _socket: Socket,
}

impl Port {
    pub(crate) fn reserve() -> Self {
        Self::bound(|socket| socket.set_reuse_address(true).unwrap())
    }

    fn bound(prepare: impl FnOnce(&Socket)) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        prepare(&socket);
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        socket.bind(&any.into()).unwrap();
        let address = socket.local_addr().unwrap();
        Self {
            number: address.as_socket_ipv4().unwrap().port(),
            _socket: socket,
        }
    }
}

/// A port where nobody listens. It stays taken until the tests end, so that no server of another test gets it.
pub(crate) fn closed_port() -> u16 {
    let port = Port::bound(|_| {});
    let number = port.number;
    std::mem::forget(port);
    number
}

//! Limits how many endpoints of one server are checked at a time.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

/// Which visits each server has.
///
/// PostgreSQL starts a process for every connection. With default settings it refuses all new ones,
/// even those of its clients, while it has some 240 of them (`MaxLivePostmasterChildren` in
/// src/backend/postmaster). So a server that answers gets at most 64 visits at once. A server that
/// does not answer makes no visit wait: the visits cost it nothing, and their time limits would add
/// up.
#[derive(Debug, Default)]
pub(super) struct Servers {
    known: RefCell<HashMap<(String, u16), Server>>,
}

#[derive(Debug)]
struct Server {
    first_visit: Instant,
    has_answered: bool,
    visitors: usize,
    queue: VecDeque<oneshot::Sender<()>>,
}

impl Server {
    fn has_room(&self) -> bool {
        let silent = !self.has_answered && self.first_visit.elapsed() >= SILENCE;
        silent || self.visitors < PER_SERVER
    }
}

impl Servers {
    /// Waits until the server has room. It is identified by its name or address and its port.
    pub(super) async fn visit(&self, host: String, port: u16) -> Visit<'_> {
        let name = (host, port);
        while let Some(place) = self.enter_or_queue(&name) {
            if self.with(&name, |server| server.has_answered) == Some(true) {
                // The next visit that ends wakes us.
                let _ = place.await;
            } else {
                // The server may be silent.
                let _ = timeout(SILENCE, place).await;
            }
        }
        Visit {
            servers: self,
            name,
        }
    }

    /// Enters, or returns a place in the queue.
    fn enter_or_queue(&self, name: &(String, u16)) -> Option<oneshot::Receiver<()>> {
        let mut known = self.known.borrow_mut();
        let server = known.entry(name.clone()).or_insert_with(|| Server {
            first_visit: Instant::now(),
            has_answered: false,
            visitors: 0,
            queue: VecDeque::new(),
        });
        if server.has_room() {
            server.visitors = server.visitors.saturating_add(1);
            return None;
        }
        let (come, place) = oneshot::channel();
        server.queue.push_back(come);
        Some(place)
    }

    fn with<T>(&self, name: &(String, u16), change: impl FnOnce(&mut Server) -> T) -> Option<T> {
        self.known.borrow_mut().get_mut(name).map(change)
    }
}

/// A visit to a server, which ends when it is dropped.
#[derive(Debug)]
pub(super) struct Visit<'a> {
    servers: &'a Servers,
    name: (String, u16),
}

impl Visit<'_> {
    /// The server has answered, so it is working.
    pub(super) fn answered(&self) {
        self.servers
            .with(&self.name, |server| server.has_answered = true);
    }
}

/// The next visits start together when half of the room is free. Many connections and then many
/// handshakes cost both sides less than a mixture.
impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.servers.with(&self.name, |server| {
            server.visitors = server.visitors.saturating_sub(1);
            if server.visitors > PER_SERVER / 2 {
                return;
            }
            let mut room = PER_SERVER.saturating_sub(server.visitors);
            while room > 0
                && let Some(first) = server.queue.pop_front()
            {
                // A visit that has noticed the silence by itself has left the queue.
                if first.send(()).is_ok() {
                    room = room.saturating_sub(1);
                }
            }
        });
    }
}

/// Enough to keep a server busy at a round trip of half a second.
const PER_SERVER: usize = 64;

/// Longer than two round trips to the other side of the world.
const SILENCE: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures_util::future::join_all;
    use tokio::time::sleep;

    use super::super::tests::block_on;
    use super::*;

    #[derive(Clone, Copy)]
    enum Behaviour {
        Answers,
        IsSilent,
    }

    /// This many visits of one second each: the maximum at once, and the total time.
    fn visits(count: usize, names: &[&str], behaviour: Behaviour) -> (usize, Duration) {
        let servers = Servers::default();
        let (here, most) = (Cell::new(0), Cell::new(0));
        let one = async |place: usize| {
            let name = names[place % names.len()];
            let visit = servers.visit(name.to_owned(), 5432).await;
            here.set(here.get() + 1);
            most.set(most.get().max(here.get()));
            if matches!(behaviour, Behaviour::Answers) {
                visit.answered();
            }
            sleep(Duration::from_secs(1)).await;
            here.set(here.get() - 1);
        };
        let took = block_on(async {
            let began = Instant::now();
            join_all((0..count).map(one)).await;
            began.elapsed()
        });
        (most.get(), took)
    }

    #[test]
    fn a_server_that_answers_is_visited_by_a_few_at_a_time() {
        let (most, took) = visits(3 * PER_SERVER, &["a"], Behaviour::Answers);
        assert_eq!((most, took.as_secs()), (PER_SERVER, 3));
    }

    #[test]
    fn each_server_has_room_of_its_own() {
        let (most, took) = visits(2 * PER_SERVER, &["a", "b"], Behaviour::Answers);
        assert_eq!((most, took.as_secs()), (2 * PER_SERVER, 1));
    }

    #[test]
    fn a_silent_server_makes_no_visit_wait_for_long() {
        let (most, took) = visits(10 * PER_SERVER, &["a"], Behaviour::IsSilent);
        assert_eq!(most, 10 * PER_SERVER);
        assert!(took < Duration::from_secs(1) + 2 * SILENCE, "{took:?}");
    }

    fn visit(servers: &Servers) -> impl Future<Output = Visit<'_>> {
        servers.visit("a".to_owned(), 5432)
    }

    /// Visits up to the limit of a server that answers.
    async fn full(servers: &Servers) -> Vec<Visit<'_>> {
        let inside = join_all((0..PER_SERVER).map(|_| visit(servers))).await;
        inside.iter().for_each(Visit::answered);
        inside
    }

    #[test]
    fn the_next_ones_come_when_half_of_the_room_is_free() {
        let servers = Servers::default();
        block_on(async {
            let mut inside = full(&servers).await;
            let mut next = std::pin::pin!(join_all([visit(&servers), visit(&servers)]));
            for (left, comes) in [
                (PER_SERVER, false),
                (PER_SERVER / 2 + 1, false),
                (PER_SERVER / 2, true),
            ] {
                inside.truncate(left);
                let came = timeout(Duration::from_millis(1), &mut next).await;
                assert_eq!(came.is_ok(), comes, "{left}");
            }
        });
    }

    #[test]
    fn a_visit_that_gives_up_waiting_takes_no_room() {
        let servers = Servers::default();
        block_on(async {
            let mut inside = full(&servers).await;
            let patience = Duration::from_millis(1);
            assert!(timeout(patience, visit(&servers)).await.is_err());
            inside.pop();
            assert!(timeout(patience, visit(&servers)).await.is_ok());
        });
    }

    #[test]
    fn a_long_wait_takes_one_place_in_the_queue() {
        let servers = Servers::default();
        block_on(async {
            let _inside = full(&servers).await;
            let hour = Duration::from_secs(3600);
            assert!(timeout(hour, visit(&servers)).await.is_err());
            let known = servers.known.borrow();
            let places: usize = known.values().map(|server| server.queue.len()).sum();
            assert_eq!(places, 1);
        });
    }
}

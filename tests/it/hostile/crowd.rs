//! Many endpoints of one server are not all checked at once.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::Client;
use crate::support::peer::Peer;

/// The limit at a time.
const AT_A_TIME: usize = 64;

const WHILE: Duration = Duration::from_millis(300);

const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Default)]
struct Room {
    inside: usize,
    most: usize,
}

#[test]
fn a_server_that_answers_is_not_overrun() {
    let room = Arc::new((Mutex::<Room>::default(), Condvar::new()));
    let server = Peer::start({
        let room = Arc::clone(&room);
        move |client| {
            client.request()?;
            // The first learns that the server answers. The others stay until as many as may be are here, and a while
            // longer, so that one too many would arrive.
            if client.number > 0 {
                let (room, changed) = &*room;
                let mut room = room.lock().unwrap();
                room.inside += 1;
                room.most = room.most.max(room.inside);
                changed.notify_all();
                let too_few = |room: &mut Room| room.most < AT_A_TIME;
                let (room, _) = changed.wait_timeout_while(room, PATIENCE, too_few).unwrap();
                let not_too_many = |room: &mut Room| room.most <= AT_A_TIME;
                let (mut room, _) = changed
                    .wait_timeout_while(room, WHILE, not_too_many)
                    .unwrap();
                room.inside -= 1;
            }
            client.say(b"N")
        }
    });
    let client = Client::new();
    let string = format!("host=127.0.0.1 port={} sslmode=require\n", server.port);
    client.write("list", string.repeat(3 * AT_A_TIME));
    let options = ["--timeout", "120", "--from", "list"];
    let run = client.pgtls(&[&["check", "--format", "json"], &options[..]].concat());
    assert_eq!(run.code, 4, "{}", run.stderr);
    let endpoints = run.json()["endpoints"].as_array().unwrap().len();
    assert_eq!(endpoints, 3 * AT_A_TIME);
    assert_eq!(room.0.lock().unwrap().most, AT_A_TIME);
}

//! Changes of CRLs, and of what certificates say about them.

use super::{Change, Draft, Random, algorithm_of, names};
use crate::support::certs::*;

pub(super) const CHANGES: &[Change] = &[
    (10, "CRLs", |random, draft| {
        lists(random, draft);
    }),
    (6, "a revocation", revocation),
    (6, "a CRL's scope", scope),
    (4, "a distribution point", point),
    (4, "a CRL's time", a_time),
    (4, "a CRL's key identifier", identifier),
    (3, "a delta CRL", delta),
    (3, "a CRL's extension", an_extension),
    (3, "a CRL's issuer", issuer),
    (3, "a CRL's signature", signature),
    (2, "a CRL of version 1", |random, draft| {
        any(random, draft).version = 1;
    }),
    (3, "a CRL missing", missing),
    (4, "two CRLs of one issuer", two),
];

/// Switches revocation on, with a CRL of every issuer; mostly all good.
fn lists<'a>(_: &mut Random, draft: &'a mut Draft) -> &'a mut Vec<CrlSpec> {
    let world = &mut draft.world;
    if !world.revocation {
        world.revocation = true;
        let first = draft.keys.len().min(2) - 1;
        for link in first..draft.keys.len() {
            let name = world.chain[link].subject.clone();
            let mut list = CrlSpec::new(name, draft.keys[link]);
            list.algorithm = algorithm_of(draft.keys[link]);
            world.crls.push(list);
        }
    }
    &mut world.crls
}

fn any<'a>(random: &mut Random, draft: &'a mut Draft) -> &'a mut CrlSpec {
    let lists = lists(random, draft);
    let which = random.below(lists.len());
    &mut lists[which]
}

fn revocation(random: &mut Random, draft: &mut Draft) {
    let serial = match random.below(3) {
        0 => vec![9],
        _ => draft.any(random).serial.clone(),
    };
    let issuer = draft.any(random).issuer.clone();
    let mut extensions = Vec::new();
    if random.one_in(2) {
        extensions.push(ext(
            REASON,
            tlv(0x0a, &[random.pick(&[0, 1, 6, 8, 10, 0xff])]),
        ));
    }
    if random.one_in(4) {
        extensions.push(critical("2.5.29.29", seq(&[&directory(&issuer)])));
    }
    if random.one_in(8) {
        extensions.push(critical("1.2.3.4", null()));
    }
    let list = any(random, draft);
    list.revoke(&serial, extensions);
    if random.one_in(5) {
        let end = list.revoked.len() - 1;
        list.revoked[end].1 = time(NOW + DAY);
    }
}

/// Where a CRL is.
fn place(random: &mut Random) -> Vec<u8> {
    let full = |name: Vec<u8>| wrap(0, &wrap(0, &name));
    match random.below(6) {
        0 | 1 => full(uri("http://db.example.test/crl")),
        2 => full(uri("http://other.example.test/crl")),
        3 => full(directory(&name(&[
            (O, "pgtls tests"),
            (CN, "Root"),
            (O, "place"),
        ]))),
        4 => wrap(0, &wrap(1, &attribute(O, UTF8, b"place"))),
        _ => full(names::several(random, 2).concat()),
    }
}

fn reasons(random: &mut Random) -> Vec<u8> {
    let bytes: &[u8] = random.pick(&[&[0x40][..], &[0x7f, 0x80], &[0xff, 0x80], &[0]]);
    bits(0, bytes)[2..].to_vec()
}

fn scope(random: &mut Random, draft: &mut Draft) {
    let mut parts = Vec::new();
    if random.one_in(3) {
        parts.extend(place(random));
    }
    for (number, times) in [(1, 4), (2, 4)] {
        if random.one_in(times) {
            parts.extend(context(number, &[random.pick(&[0xff, 0xff, 0])]));
        }
    }
    if random.one_in(8) {
        parts.extend(context(3, &reasons(random)));
    }
    for number in [4, 5] {
        if random.one_in(8) {
            parts.extend(context(number, &[random.pick(&[0xff, 0])]));
        }
    }
    let made = if random.one_in(4) { ext } else { critical };
    any(random, draft)
        .extensions
        .push(made(IDP, tlv(0x30, &parts)));
}

fn point(random: &mut Random, draft: &mut Draft) {
    let points: Vec<u8> = (0..=random.below(2))
        .flat_map(|_| {
            let mut parts = Vec::new();
            if !random.one_in(4) {
                parts.extend(place(random));
            }
            if random.one_in(5) {
                parts.extend(context(1, &reasons(random)));
            }
            if random.one_in(4) {
                let issuer = draft.any(random).issuer.clone();
                parts.extend(wrap(2, &directory(&issuer)));
            }
            tlv(0x30, &parts)
        })
        .collect();
    draft.any(random).put(ext(CRL_POINTS, tlv(0x30, &points)));
}

fn a_time(random: &mut Random, draft: &mut Draft) {
    let moment = NOW + random.pick(&[-100, -1, 0, 1, 100]) * DAY;
    let moment = match random.below(6) {
        0 => generalized(moment),
        1 => tlv(0x17, b"260701000000+0000"),
        _ => time(moment),
    };
    let choice = random.below(3);
    let list = any(random, draft);
    match choice {
        0 => list.this_update = moment,
        1 => list.next_update = moment,
        _ => list.next_update = Vec::new(),
    }
}

fn identifier(random: &mut Random, draft: &mut Draft) {
    let link = random.below(draft.world.chain.len());
    let made = match random.below(3) {
        0 => aki(&super::key_id(link)),
        1 => aki(b"other"),
        _ => aki_issuer_serial(
            &draft.world.chain[link].issuer.clone(),
            &draft.world.chain[link].serial.clone(),
        ),
    };
    any(random, draft).extensions.push(made);
}

fn delta(random: &mut Random, draft: &mut Draft) {
    let beside = random.one_in(2);
    let newer = random.one_in(2);
    let serial = draft.any(random).serial.clone();
    let lists = lists(random, draft);
    let which = random.below(lists.len());
    let mut list = lists[which].clone();
    list.extensions.push(critical(DELTA, int(&[1])));
    if newer {
        list.this_update = time(NOW - DAY);
    }
    if random.one_in(2) {
        list.revoke(&serial, Vec::new());
    }
    if beside {
        lists.push(list);
    } else {
        lists[which] = list;
    }
}

fn an_extension(random: &mut Random, draft: &mut Draft) {
    let made = match random.below(6) {
        0 => ext("1.2.3.4", null()),
        1 => critical("1.2.3.4", null()),
        2 => critical(CRL_NUMBER, int(&[2])),
        3 => ext(CRL_NUMBER, null()),
        4 => ext("2.5.29.46", seq(&[])),
        _ => ext(DELTA, null()),
    };
    any(random, draft).extensions.push(made);
}

fn issuer(random: &mut Random, draft: &mut Draft) {
    let like = draft.any(random).subject.clone();
    let made = names::distinguished(random, &like);
    any(random, draft).issuer = made;
}

fn signature(random: &mut Random, draft: &mut Draft) {
    let choice = random.below(5);
    let list = any(random, draft);
    match choice {
        0 => list.spoil = Spoil::Bit,
        1 => list.spoil = Spoil::UnusedBits,
        2 => list.outer_algorithm = Some(ecdsa_sha256_null().der),
        3 => (list.signer, list.algorithm) = (&OTHER_KEY, ecdsa_sha256()),
        _ => list.algorithm.der = rsa_sha256().der,
    }
}

fn missing(random: &mut Random, draft: &mut Draft) {
    let lists = lists(random, draft);
    let which = random.below(lists.len());
    lists.remove(which);
    if lists.is_empty() {
        lists.push(CrlSpec::new(common_name("Nobody"), &OTHER_KEY));
    }
}

fn two(random: &mut Random, draft: &mut Draft) {
    let serial = draft.any(random).serial.clone();
    let lists = lists(random, draft);
    let which = random.below(lists.len());
    let mut second = lists[which].clone();
    match random.below(5) {
        0 => second.this_update = time(NOW - DAY),
        1 => second.this_update = time(NOW - 20 * DAY),
        2 => second.next_update = time(NOW - DAY),
        3 => (second.signer, second.algorithm) = (&OTHER_KEY, ecdsa_sha256()),
        _ => {}
    }
    if random.one_in(2) {
        second.revoke(&serial, Vec::new());
    }
    let place = random.below(lists.len() + 1);
    lists.insert(place, second);
}

//! Changed bytes: before the signature, so that it is good and only the odd bytes count, and after it.

use super::super::world::*;
use super::{Change, Draft, Random, lists, names};
use crate::support::certs::*;

pub(super) const CHANGES: &[Change] = &[
    (12, "bytes of a part", before),
    (8, "bytes of a rich certificate", rich),
    (3, "bytes of a CRL", in_a_list),
    (4, "bytes after signing", |random, draft| {
        draft.tampered.push((random.below(8), random.next()));
    }),
];

fn before(random: &mut Random, draft: &mut Draft) {
    let cert = draft.any(random);
    mutate_certificate(random, cert);
}

/// An extension of every kind, all harmless, and then a change in one of them.
fn rich(random: &mut Random, draft: &mut Draft) {
    let last = draft.last();
    let issuer = draft.subject(last);
    let leaf = &mut draft.world.chain[0];
    leaf.put(san(&[
        dns("db.example.test"),
        ip(&[127, 0, 0, 1]),
        email("me@example.test"),
        uri("https://db.example.test/"),
        directory(&leaf_name()),
        wrap(0, &[oid("1.2.3"), wrap(0, &tlv(UTF8, b"other"))].concat()),
        context(8, &[0x2a, 3]),
    ]));
    let place = wrap(0, &wrap(0, &uri("http://db.example.test/crl")));
    leaf.put(ext(CRL_POINTS, seq(&[&seq(&[&place])])));
    leaf.put(ext(NETSCAPE, bits(6, &[0xc0])));
    leaf.put(ext("1.2.3.4", null()));
    let above = &mut draft.world.chain[last.min(1)];
    if last > 0 {
        above.put(aki_issuer_serial(
            &issuer,
            &[u8::try_from(last).unwrap() + 1],
        ));
        above.put(constraints(
            &[
                dns("example.test"),
                email("example.test"),
                uri(".example.test"),
            ],
            &[dns("example.org"), directory(&common_name("Nobody"))],
        ));
    }
    let link = random.below((last + 1).min(2));
    mutate_certificate(random, &mut draft.world.chain[link]);
}

fn in_a_list(random: &mut Random, draft: &mut Draft) {
    lists::CHANGES[0].2(random, draft);
    let lists = &mut draft.world.crls;
    let which = random.below(lists.len());
    let list = &mut lists[which];
    if list.revoked.is_empty() {
        list.revoke(&[7], vec![ext(REASON, tlv(0x0a, &[1]))]);
    }
    let extensions = list.extensions.len();
    match random.below(4 + extensions * 2) {
        0 => edit(random, &mut list.this_update),
        1 => edit(random, &mut list.next_update),
        2 => edit(random, &mut list.revoked[0].0),
        3 => edit(random, &mut list.revoked[0].1),
        choice => {
            let extension = &mut list.extensions[(choice - 4) % extensions];
            mutate_extension(random, extension);
        }
    }
}

fn mutate_certificate(random: &mut Random, cert: &mut Cert) {
    let extensions = cert.extensions.len();
    match random.below(8 + extensions * 3) {
        0 => edit(random, &mut cert.version),
        1 => edit(random, &mut cert.serial),
        2 => edit(random, &mut cert.issuer),
        3 => edit(random, &mut cert.not_before),
        4 => edit(random, &mut cert.not_after),
        5 => edit(random, &mut cert.subject),
        6 => edit(random, &mut cert.spki),
        7 => edit(random, &mut cert.algorithm.der),
        choice => mutate_extension(random, &mut cert.extensions[(choice - 8) % extensions]),
    }
}

fn mutate_extension(random: &mut Random, extension: &mut Extension) {
    match random.below(12) {
        0 => edit(random, &mut extension.critical),
        1 => {
            let names = names::several(random, 3).concat();
            extension.value = tlv(0x30, &names);
        }
        _ => edit(random, &mut extension.value),
    }
}

/// Changes one to three bytes.
fn edit(random: &mut Random, bytes: &mut Vec<u8>) {
    const TELLING: [u8; 16] = [
        0, 1, 2, 3, 4, 5, 6, 0x0c, 0x13, 0x30, 0x31, 0x7f, 0x80, 0x81, 0xa0, 0xff,
    ];
    for _ in 0..=random.below(2) {
        let byte = match random.below(3) {
            0 => random.below(256) as u8,
            1 => random.pick(&TELLING),
            _ => random.below(16) as u8,
        };
        let at = random.below(bytes.len() + 1);
        match random.below(5) {
            0 => bytes.insert(at, byte),
            1 if at < bytes.len() => {
                bytes.remove(at);
            }
            _ if at < bytes.len() => bytes[at] = byte,
            _ => bytes.push(byte),
        }
    }
}

/// Changes bytes of what is signed already: a certificate that is presented, an anchor or a CRL.
pub(super) fn tamper(made: &mut Made, place: usize, random: &mut Random) {
    let anchors = made.anchors.iter_mut().map(|(_, der)| der);
    let mut all: Vec<&mut Vec<u8>> = made
        .presented
        .iter_mut()
        .chain(anchors)
        .chain(&mut made.crls)
        .collect();
    let count = all.len();
    edit(random, all[place % count]);
}

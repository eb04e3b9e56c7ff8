//! Changes of certificates, of what is presented, and of what is trusted.

use super::super::world::*;
use super::{Change, Draft, Random, algorithm_of, names};
use crate::support::certs::*;

pub(super) const CHANGES: &[Change] = &[
    (6, "a time", a_time),
    (6, "basic constraints", basic_constraints),
    (6, "key usage", usage),
    (5, "extended key usage", extended_usage),
    (3, "Netscape type", netscape_type),
    (4, "alternative names", alternative_names),
    (8, "name constraints", name_constraints),
    (6, "authority key identifier", authority_identifier),
    (3, "subject key identifier", subject_identifier),
    (2, "policies", policies),
    (4, "another extension", another_extension),
    (3, "an extension twice", an_extension_twice),
    (3, "an extension dropped", an_extension_dropped),
    (2, "critical or not", criticality),
    (2, "version", version),
    (2, "serial number", serial_number),
    (5, "subject", subject),
    (5, "issuer", issuer),
    (4, "signature", signature),
    (4, "key", key),
    (8, "what is presented", presented),
    (8, "what is trusted", trusted),
    (4, "a certificate of the same name", twin),
    (2, "the time of judgement", now),
];

fn moment(random: &mut Random) -> Vec<u8> {
    let seconds = NOW + random.pick(&[-400, -1, 0, 1, 400]) * DAY + random.pick(&[-1, 0, 1]);
    match random.below(14) {
        0..=6 => time(seconds),
        7 | 8 => generalized(seconds),
        9 => time(NOW),
        10 => tlv(0x17, b"260701000000+0000"),
        11 => tlv(0x17, b"2607010000Z"),
        12 => tlv(0x18, b"99991231235959Z"),
        _ => tlv(0x18, b"20260701000000.5Z"),
    }
}

fn a_time(random: &mut Random, draft: &mut Draft) {
    let (moment, first) = (moment(random), random.one_in(2));
    let cert = draft.any(random);
    if first {
        cert.not_before = moment;
    } else {
        cert.not_after = moment;
    }
}

fn basic_constraints(random: &mut Random, draft: &mut Draft) {
    let flag = random.pick(&[vec![], boolean(0xff), boolean(0), boolean(1)]);
    let length = match random.below(6) {
        0 => int(&[0]),
        1 => int(&[1]),
        2 => int(&[0xff]),
        3 => int(&[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        _ => Vec::new(),
    };
    let value = seq(&[&flag, &length]);
    let made = if random.one_in(2) { ext } else { critical };
    draft.any(random).put(made(BASIC_CONSTRAINTS, value));
}

fn usage(random: &mut Random, draft: &mut Draft) {
    let unused = random.below(8) as u8;
    let bytes = random.some(&[0x80, 0x20, 0x10, 0x08, 0x04, 0x02, 0x86, 0x06, 0], 2);
    let made = if random.one_in(2) { ext } else { critical };
    let unused = if bytes.is_empty() { 0 } else { unused };
    draft.any(random).put(made(KEY_USAGE, bits(unused, &bytes)));
}

fn extended_usage(random: &mut Random, draft: &mut Draft) {
    let usages = random.some(
        &[SERVER_AUTH, CLIENT_AUTH, ANY_EKU, MS_SGC, NS_SGC, "1.2.3"],
        3,
    );
    let mut made = eku(&usages);
    if random.one_in(3) {
        made.critical = boolean(0xff);
    }
    draft.any(random).put(made);
}

fn netscape_type(random: &mut Random, draft: &mut Draft) {
    let byte = random.pick(&[0x80, 0x40, 0xc0, 0x04, 0x02, 0x00]);
    let cert = draft.any(random);
    if random.one_in(2) {
        cert.drop_extension(BASIC_CONSTRAINTS);
    }
    cert.put(ext(NETSCAPE, bits(0, &[byte])));
}

fn alternative_names(random: &mut Random, draft: &mut Draft) {
    let made = san(&names::several(random, 4));
    let link = if random.one_in(4) {
        random.below(draft.world.chain.len())
    } else {
        0
    };
    draft.world.chain[link].put(made);
}

/// Constraints of a CA, and names in the leaf to which they may apply.
fn name_constraints(random: &mut Random, draft: &mut Draft) {
    let (permitted, excluded) = (names::several(random, 3), names::several(random, 2));
    let mut made = constraints(&permitted, &excluded);
    if random.one_in(8) {
        let limited = seq(&[
            &names::general(random),
            &context(0, &[random.pick(&[0, 1])]),
        ]);
        made.value = seq(&[&wrap(0, &limited)]);
    }
    let link = draft.last().min(1 + random.below(draft.world.chain.len()));
    draft.world.chain[link].put(made);
    if random.one_in(2) {
        let names: Vec<Vec<u8>> = permitted
            .into_iter()
            .chain(names::several(random, 3))
            .collect();
        draft.world.chain[0].put(san(&names));
    }
}

fn authority_identifier(random: &mut Random, draft: &mut Draft) {
    let link = random.below(draft.world.chain.len());
    let above = (link + 1).min(draft.last());
    let issuer = match random.below(3) {
        0 => draft.subject(above),
        1 => draft.world.chain[above].issuer.clone(),
        _ => common_name("Nobody"),
    };
    let serial = random.pick(&[draft.world.chain[above].serial.clone(), vec![9]]);
    let mut parts = Vec::new();
    if random.one_in(2) {
        parts.extend(context(
            0,
            &random.pick(&[super::key_id(above), b"other".to_vec(), vec![]]),
        ));
    }
    if random.one_in(2) {
        let names = match random.below(3) {
            0 => dns("db.example.test"),
            1 => [dns("x"), directory(&issuer)].concat(),
            _ => directory(&issuer),
        };
        parts.extend(wrap(1, &names));
    }
    if random.one_in(2) {
        parts.extend(context(2, &serial));
    }
    draft.world.chain[link].put(ext(AKI, tlv(0x30, &parts)));
}

fn subject_identifier(random: &mut Random, draft: &mut Draft) {
    let made = ski(&random.pick(&[b"other".to_vec(), Vec::new(), super::key_id(1)]));
    draft.any(random).put(made);
}

fn policies(random: &mut Random, draft: &mut Draft) {
    let policy = seq(&[&oid(random.pick(&["2.5.29.32.0", "1.2.3.4"]))]);
    let made = match random.below(5) {
        0 => ext("2.5.29.32", seq(&[&policy])),
        1 => critical("2.5.29.32", seq(&[&policy, &policy])),
        2 => critical("2.5.29.36", seq(&[&context(0, &[0])])),
        3 => critical("2.5.29.54", int(&[0])),
        _ => critical("2.5.29.33", seq(&[&seq(&[&oid("1.2.3"), &oid("1.2.4")])])),
    };
    draft.any(random).put(made);
}

fn another_extension(random: &mut Random, draft: &mut Draft) {
    let kind = random.pick(&[
        "1.2.3.4",
        "2.5.29.9",
        "2.5.29.16",
        "2.5.29.18",
        "2.5.29.46",
        "1.3.6.1.5.5.7.1.1",
        "1.3.6.1.5.5.7.1.7",
        "1.3.6.1.5.5.7.1.8",
        "1.3.6.1.5.5.7.1.14",
        "1.3.6.1.5.5.7.1.24",
        "1.3.6.1.5.5.7.48.1.5",
        "2.16.840.1.113730.1.13",
        "1.3.6.1.4.1.11129.2.4.3",
    ]);
    let value = match random.below(5) {
        0 => null(),
        1 => seq(&[]),
        2 => seq(&[&dns("db.example.test")]),
        3 => seq(&[&seq(&[&oid("1.3.6.1.5.5.7.21.1")])]),
        _ => Vec::new(),
    };
    let made = if random.one_in(2) { ext } else { critical };
    draft.any(random).put(made(kind, value));
}

fn an_extension_twice(random: &mut Random, draft: &mut Draft) {
    let cert = draft.any(random);
    if !cert.extensions.is_empty() {
        let again = random.pick(&cert.extensions);
        cert.extensions.push(again);
    }
}

fn an_extension_dropped(random: &mut Random, draft: &mut Draft) {
    let cert = draft.any(random);
    if !cert.extensions.is_empty() {
        cert.extensions.remove(random.below(cert.extensions.len()));
    }
}

fn criticality(random: &mut Random, draft: &mut Draft) {
    let cert = draft.any(random);
    if !cert.extensions.is_empty() {
        let which = random.below(cert.extensions.len());
        let flag = [vec![], boolean(0xff), boolean(0), boolean(7)];
        cert.extensions[which].critical = random.pick(&flag);
    }
}

fn version(random: &mut Random, draft: &mut Draft) {
    let bare = random.one_in(2);
    let made = random.pick(&[
        vec![],
        wrap(0, &int(&[1])),
        wrap(0, &int(&[0])),
        wrap(0, &int(&[3])),
        wrap(0, &int(&[0xff])),
    ]);
    let cert = draft.any(random);
    cert.version = made;
    if bare {
        cert.extensions.clear();
    }
}

fn serial_number(random: &mut Random, draft: &mut Draft) {
    let made = random
        .pick(&[
            vec![0],
            vec![0xff],
            vec![0, 0x80],
            vec![0x7f; 21],
            vec![1],
            vec![0, 1],
        ])
        .clone();
    draft.any(random).serial = made;
}

fn subject(random: &mut Random, draft: &mut Draft) {
    let link = random.below(draft.world.chain.len());
    draft.world.chain[link].subject = names::distinguished(random, &draft.subject(link));
}

fn issuer(random: &mut Random, draft: &mut Draft) {
    let link = random.below(draft.world.chain.len());
    let above = (link + 1).min(draft.last());
    draft.world.chain[link].issuer = names::distinguished(random, &draft.subject(above));
}

fn signature(random: &mut Random, draft: &mut Draft) {
    let choice = random.below(6);
    let cert = draft.any(random);
    match choice {
        0 => cert.spoil = Spoil::Bit,
        1 => cert.spoil = Spoil::UnusedBits,
        2 => cert.outer_algorithm = Some(ecdsa_sha256_null().der),
        3 => cert.algorithm.der = ecdsa_sha256_null().der,
        4 => {
            let der = random.pick(&[
                rsa_sha256().der,
                ecdsa_sha384().der,
                ed25519().der,
                pss_bare().der,
            ]);
            cert.algorithm.der = der;
        }
        _ => (cert.signer, cert.algorithm) = (&OTHER_KEY, ecdsa_sha256()),
    }
}

/// Another key for a link, which then signs what is below it, and its CRLs.
fn key(random: &mut Random, draft: &mut Draft) {
    let choices: [(&'static Key, Algorithm); 6] = [
        (&OTHER_KEY, ecdsa_sha256()),
        (&RSA_2048, rsa_sha256()),
        (&RSA_2048, rsa_sha384()),
        (&RSA_2048, rsa_sha512()),
        (&RSA_2048, rsa_sha256_without_null()),
        (&ED25519, ed25519()),
    ];
    let (key, algorithm) = random.pick(&choices);
    let link = random.below(draft.world.chain.len());
    let before = draft.keys[link];
    draft.keys[link] = key;
    draft.world.chain[link].spki = key.spki();
    if random.one_in(10) {
        // An unusable one.
        let spki = &mut draft.world.chain[link].spki;
        let end = spki.len() - 1;
        spki[end] ^= 1;
    }
    if random.one_in(8) {
        return;
    }
    for (below, cert) in draft.world.chain.iter_mut().enumerate() {
        let is_below = below + 1 == link || below == link && link + 1 == draft.keys.len();
        if is_below {
            cert.signer = key;
            cert.algorithm = algorithm.clone();
        }
    }
    for list in &mut draft.world.crls {
        if std::ptr::eq(list.signer, before) {
            list.signer = key;
            list.algorithm = algorithm.clone();
        }
    }
}

fn presented(random: &mut Random, draft: &mut Draft) {
    let last = draft.last();
    let world = &mut draft.world;
    let count = world.presented.len();
    match random.below(8) {
        0 => world.presented.truncate(1),
        1 => world.presented.push(Item::Link(last)),
        2 if count > 2 => world.presented[1..].reverse(),
        3 if count > 2 => {
            world.presented.remove(1 + random.below(count - 1));
        }
        4 => world.presented.push(extra(other_root())),
        5 => world.presented.insert(1, extra(other_root())),
        6 => {
            let again = world.presented[random.below(count)].clone();
            world.presented.insert(1 + random.below(count), again);
        }
        _ => world.presented.swap(0, count - 1),
    }
}

fn trusted(random: &mut Random, draft: &mut Draft) {
    let last = draft.last();
    let any = random.below(last + 1);
    let world = &mut draft.world;
    match random.below(8) {
        0 => world.anchors = vec![extra(other_root())],
        1 => world.anchors = vec![Item::Link(any)],
        2 => world.anchors.insert(0, Item::Link(any)),
        3 => world.anchors.push(extra(other_root())),
        4 => world.anchors = (0..=last).map(Item::Link).collect(),
        5 => world.anchors = vec![Item::Trusted(any, settings(random))],
        6 => world
            .anchors
            .insert(0, Item::Trusted(any, settings(random))),
        _ => world.anchors = vec![Item::Link(0), Item::Link(any)],
    }
}

/// The uses for which a `TRUSTED CERTIFICATE` is trusted and rejected.
fn settings(random: &mut Random) -> Vec<u8> {
    let uses = [SERVER_AUTH, CLIENT_AUTH, ANY_EKU];
    let list = |random: &mut Random| -> Vec<u8> {
        random
            .some(&uses, 2)
            .iter()
            .flat_map(|usage| oid(usage))
            .collect()
    };
    let mut parts = Vec::new();
    if random.one_in(2) {
        parts.extend(tlv(0x30, &list(random)));
    }
    if random.one_in(2) {
        parts.extend(wrap(0, &list(random)));
    }
    tlv(0x30, &parts)
}

/// A second certificate for one of the CAs: of the same key or another, valid or not, presented or trusted.
fn twin(random: &mut Random, draft: &mut Draft) {
    let link = draft.last().min(1 + random.below(draft.world.chain.len()));
    let mut twin = draft.world.chain[link].clone();
    twin.serial = vec![77];
    match random.below(6) {
        0 => twin.not_after = time(NOW - DAY),
        1 => twin.not_before = time(NOW + DAY),
        2 => twin.spki = OTHER_KEY.spki(),
        3 => twin.put(ski(b"other")),
        4 => twin.not_after = time(NOW + 300 * DAY),
        _ => {
            // Issued by itself.
            twin.issuer = twin.subject.clone();
            twin.signer = draft.keys[link];
            twin.algorithm = algorithm_of(draft.keys[link]);
            twin.drop_extension(AKI);
        }
    }
    if random.one_in(4) {
        draft.world.chain[link].not_after = time(NOW - DAY);
    }
    let world = &mut draft.world;
    match random.below(4) {
        0 => world.presented.insert(1, extra(twin)),
        1 => world.presented.push(extra(twin)),
        2 => world.anchors.insert(0, extra(twin)),
        _ => world.anchors.push(extra(twin)),
    }
}

fn now(random: &mut Random, draft: &mut Draft) {
    draft.world.now = NOW + random.pick(&[-200, -179, 179, 180, 200]) * DAY;
}

fn extra(cert: Cert) -> Item {
    Item::Extra(Box::new(cert))
}

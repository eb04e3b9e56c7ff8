//! Chains that are particular in one way, by subject.

use crate::certs::*;
use crate::corpus::Case;
use crate::world::*;

pub(crate) fn all() -> Vec<Case> {
    let mut rows = Rows(Vec::new());
    rows.roots();
    rows.trust_settings();
    rows.shapes();
    rows.path_building();
    rows.key_identifiers();
    rows.names();
    rows.order_and_depth();
    rows.leaf_usage();
    rows.ca_usage();
    rows.critical_extensions();
    rows.dns_constraints();
    rows.other_constraints();
    rows.encodings();
    rows.times();
    rows.keys();
    rows.digests();
    rows.crls();
    rows.crl_scopes();
    rows.crl_choice();
    rows.0
}

struct Rows(Vec<Case>);

fn extra(cert: Cert) -> Item {
    Item::Extra(Box::new(cert))
}

/// A self-signed certificate for the server itself.
fn self_signed_leaf() -> Cert {
    Cert::new(leaf_name(), &LEAF_KEY, leaf_name(), &LEAF_KEY).with([
        ca(None),
        san(&[dns("db.example.test")]),
        ski(LEAF_ID),
        aki(LEAF_ID),
    ])
}

/// One of several intermediates in a row.
fn numbered(number: usize, path_length: Option<u8>) -> Cert {
    let name = |number: usize| match number {
        0 => root_name(),
        _ => common_name(&format!("Intermediate {number}")),
    };
    let signer = if number == 1 { &ROOT_KEY } else { &INTER_KEY };
    Cert::new(name(number), &INTER_KEY, name(number - 1), signer)
        .with([ca(path_length), key_usage(CERT_SIGN | CRL_SIGN)])
}

/// A leaf below `intermediates` of them.
fn deep(intermediates: usize) -> World {
    let mut bottom = leaf();
    bottom.issuer = common_name(&format!("Intermediate {intermediates}"));
    bottom.drop_extension(AKI);
    let mut chain = vec![bottom];
    chain.extend(
        (1..=intermediates)
            .rev()
            .map(|number| numbered(number, None)),
    );
    chain.push(root());
    World::of(chain)
}

/// Without key identifiers, so that only names and signatures tell certificates apart.
fn without_identifiers(mut cert: Cert) -> Cert {
    cert.drop_extension(AKI);
    cert.drop_extension(SKI);
    cert
}

/// The chain with another key in the intermediate, which signs the leaf with `algorithm`.
fn with_ca_key(key: &'static Key, algorithm: Algorithm) -> World {
    let mut world = World::good();
    world.inter().spki = key.spki();
    world.leaf().signer = key;
    world.leaf().algorithm = algorithm;
    world
}

impl Rows {
    fn add(&mut self, name: &str, change: impl FnOnce(&mut World)) {
        let mut world = World::good();
        change(&mut world);
        self.put(name, world);
    }

    fn put(&mut self, name: &str, world: World) {
        self.0.push((name.to_owned(), world));
    }

    fn roots(&mut self) {
        self.add("root: constraints absent, keyCertSign there", |w| {
            w.root().drop_extension(BASIC_CONSTRAINTS);
        });
        self.add("root: no extension at all, version 3", |w| {
            w.root().extensions.clear()
        });
        self.add("root: version 1", |w| {
            w.root().version.clear();
            w.root().extensions.clear();
        });
        self.add("root: version 1 and not self-issued", |w| {
            w.root().version.clear();
            w.root().extensions.clear();
            w.root().issuer = common_name("Somebody");
        });
        self.add("root: Netscape says SSL CA", |w| {
            w.root().extensions = vec![ext(NETSCAPE, bits(2, &[0x04]))];
        });
        self.add("root: Netscape says S/MIME CA", |w| {
            w.root().extensions = vec![ext(NETSCAPE, bits(1, &[0x02]))];
        });
        self.add("root: any extended usage only", |w| {
            w.root().put(eku(&[ANY_EKU]))
        });
        self.add("root: server usage", |w| w.root().put(eku(&[SERVER_AUTH])));
        self.add("root: no extended usage in the list", |w| {
            w.root().put(eku(&[]))
        });
        self.add("root: key identifiers of its own do not match", |w| {
            w.root().put(aki(b"somebody else"));
        });
        self.add("root: own issuer and serial do not match", |w| {
            w.root().put(aki_issuer_serial(&root_name(), &[99]));
        });
        self.add("root: own issuer and serial match", |w| {
            w.root().put(aki_issuer_serial(&root_name(), &[1]));
        });
        self.add("root: signed with SHA-1", |w| {
            w.root().algorithm = ecdsa_sha1()
        });
        self.add("root: signature spoiled and its bits miscounted", |w| {
            w.root().spoil = Spoil::UnusedBits;
        });
        self.add("root: expired one before the renewed one", |w| {
            let mut old = root();
            old.not_after = time(NOW - DAY);
            w.anchors.insert(0, extra(old));
        });
        self.add("root: expired one behind the renewed one", |w| {
            let mut old = root();
            old.not_after = time(NOW - DAY);
            w.anchors.push(extra(old));
        });
        self.add("root: two expired, the later one second", |w| {
            w.root().not_after = time(NOW - 9 * DAY);
            let mut later = root();
            later.not_after = time(NOW - DAY);
            w.anchors.push(extra(later));
        });
        self.add("root: the same twice", |w| w.anchors.push(Item::Link(ROOT)));
        self.add("root: cross-signed by an unknown one", |w| {
            w.root().issuer = common_name("Unknown");
            w.root().signer = &OTHER_KEY;
        });
        self.add("root: cross-signed by a trusted one", |w| {
            w.root().issuer = common_name("Other Root");
            w.root().signer = &OTHER_KEY;
            w.anchors.push(extra(other_root()));
        });
        self.add("root: issued by itself, with other names for it", |w| {
            w.root().put(aki(b"nobody"));
            w.anchors.push(extra(other_root()));
        });
    }

    fn trust_settings(&mut self) {
        let trusting = |usages: &[&str], rejected: &[&str]| {
            let list = |usages: &[&str]| usages.iter().flat_map(|usage| oid(usage)).collect();
            let trusted: Vec<u8> = list(usages);
            let rejected: Vec<u8> = list(rejected);
            let trusted = if trusted.is_empty() {
                trusted
            } else {
                tlv(0x30, &trusted)
            };
            let rejected = if rejected.is_empty() {
                rejected
            } else {
                wrap(0, &rejected)
            };
            seq(&[&trusted, &rejected])
        };
        for (name, settings) in [
            ("none", Vec::new()),
            ("empty", trusting(&[], &[])),
            ("trusted for servers", trusting(&[SERVER_AUTH], &[])),
            ("trusted for all", trusting(&[ANY_EKU], &[])),
            ("trusted for clients", trusting(&[CLIENT_AUTH], &[])),
            ("rejected for servers", trusting(&[], &[SERVER_AUTH])),
            ("rejected for all", trusting(&[], &[ANY_EKU])),
            ("rejected for clients", trusting(&[], &[CLIENT_AUTH])),
            ("both", trusting(&[SERVER_AUTH], &[SERVER_AUTH])),
            ("broken", seq(&[&int(&[1])])),
        ] {
            for (place, index) in [("root", ROOT), ("intermediate", INTER), ("leaf", LEAF)] {
                let settings = settings.clone();
                self.add(&format!("trust settings: {name}, on the {place}"), |w| {
                    w.anchors = vec![Item::Trusted(index, settings)];
                });
            }
        }
        let server = trusting(&[SERVER_AUTH], &[]);
        self.add("trust settings: they beat the extended usage", |w| {
            w.root().put(eku(&[CLIENT_AUTH]));
            w.anchors = vec![Item::Trusted(ROOT, server.clone())];
        });
        self.add(
            "trust settings: an expired intermediate trusted for servers",
            |w| {
                w.inter().not_after = time(NOW - DAY);
                w.anchors = vec![Item::Trusted(INTER, server.clone())];
            },
        );
        self.add("trust settings: an intermediate that is no CA", |w| {
            w.inter().put(not_ca());
            w.anchors = vec![Item::Trusted(INTER, server.clone())];
        });
        self.add("trust settings: alias behind them", |w| {
            let settings = seq(&[&oid(SERVER_AUTH), &tlv(0x0c, b"alias")]);
            w.anchors = vec![Item::Trusted(ROOT, settings)];
        });
        self.add("trust settings: trusted and alias", |w| {
            let settings = seq(&[&seq(&[&oid(SERVER_AUTH)]), &tlv(0x0c, b"alias")]);
            w.anchors = vec![Item::Trusted(ROOT, settings)];
        });
    }

    fn shapes(&mut self) {
        self.put(
            "shape: self-signed leaf is its own root",
            World::of(vec![self_signed_leaf()]),
        );
        let mut world = World::of(vec![self_signed_leaf()]);
        world.anchors = vec![extra(other_root())];
        self.put("shape: self-signed leaf unknown", world);
        let mut world = World::of(vec![self_signed_leaf()]);
        world.chain[0].not_after = time(NOW - DAY);
        self.put("shape: self-signed leaf expired", world);
        let mut world = World::of(vec![self_signed_leaf()]);
        world.chain[0].spoil = Spoil::Bit;
        self.put("shape: self-signed leaf with a spoiled signature", world);
        let mut plain = self_signed_leaf();
        plain.extensions.clear();
        self.put(
            "shape: self-signed leaf without extensions",
            World::of(vec![plain.clone()]),
        );
        plain.version.clear();
        self.put(
            "shape: self-signed leaf of version 1",
            World::of(vec![plain]),
        );
        let mut flawed = self_signed_leaf();
        flawed.put(ext(SAN, null()));
        self.put(
            "shape: self-signed leaf, malformed",
            World::of(vec![flawed.clone()]),
        );
        let mut world = World::of(vec![self_signed_leaf()]);
        world.anchors = vec![extra(flawed)];
        self.put(
            "shape: self-signed leaf and a malformed anchor of its name",
            world,
        );
        let mut mimic = self_signed_leaf();
        mimic.spki = OTHER_KEY.spki();
        mimic.signer = &OTHER_KEY;
        let mut world = World::of(vec![self_signed_leaf()]);
        world.presented = vec![extra(mimic)];
        self.put(
            "shape: self-signed leaf with an anchor's name and another key",
            world,
        );
        let mut renewed = self_signed_leaf();
        renewed.serial = vec![77];
        let mut world = World::of(vec![self_signed_leaf()]);
        world.presented = vec![extra(renewed)];
        self.put("shape: self-signed leaf renewed with the same key", world);
        self.add("shape: the leaf itself is in the root file", |w| {
            w.anchors = vec![Item::Link(LEAF)];
        });
        self.add("shape: leaf and intermediate are in the root file", |w| {
            w.anchors = vec![Item::Link(LEAF), Item::Link(INTER)];
        });
        self.add("shape: leaf directly below the root", |w| {
            w.leaf().issuer = root_name();
            w.leaf().signer = &ROOT_KEY;
            w.leaf().put(aki(ROOT_ID));
            w.presented.truncate(1);
        });
        let mut old = leaf();
        old.version.clear();
        old.extensions.clear();
        self.put(
            "shape: leaf of version 1",
            World::of(vec![old, intermediate(), root()]),
        );
        self.add("shape: PostgreSQL's recipe", |w| {
            w.leaf().version.clear();
            w.leaf().extensions.clear();
            w.leaf().issuer = root_name();
            w.leaf().signer = &ROOT_KEY;
            w.presented.truncate(1);
            w.root().extensions = vec![ski(ROOT_ID), aki(ROOT_ID), ca(None)];
        });
        self.add("shape: version 1 with extensions", |w| {
            w.leaf().version.clear()
        });
        self.add("shape: version 1, spelled out", |w| {
            w.leaf().version = wrap(0, &int(&[0]));
            w.leaf().extensions.clear();
        });
        self.add("shape: version 2", |w| {
            w.leaf().version = wrap(0, &int(&[1]));
            w.leaf().extensions.clear();
        });
        self.add("shape: version 8", |w| {
            w.leaf().version = wrap(0, &int(&[7]))
        });
        self.add("shape: version -1", |w| {
            w.inter().version = wrap(0, &int(&[0xff]))
        });
        self.add("shape: intermediate of version 2", |w| {
            w.inter().version = wrap(0, &int(&[1]));
        });
        self.add("shape: leaf is self-issued", |w| {
            w.leaf().subject = inter_name();
        });
        self.add("shape: proxy certificate", |w| {
            let policy = seq(&[&oid("1.3.6.1.5.5.7.21.1")]);
            w.leaf()
                .put(critical("1.3.6.1.5.5.7.1.14", seq(&[&policy])));
            w.leaf().drop_extension(SAN);
        });
        self.add("shape: proxy certificate with alternative names", |w| {
            let policy = seq(&[&oid("1.3.6.1.5.5.7.21.1")]);
            w.leaf().put(ext("1.3.6.1.5.5.7.1.14", seq(&[&policy])));
        });
    }

    fn path_building(&mut self) {
        let twin = || {
            let mut twin = without_identifiers(root());
            twin.spki = OTHER_KEY.spki();
            twin.signer = &OTHER_KEY;
            twin
        };
        let bare = |w: &mut World| {
            for cert in &mut w.chain {
                *cert = without_identifiers(cert.clone());
            }
        };
        self.add("path: two roots of one name, the right one first", |w| {
            bare(w);
            w.anchors.push(extra(twin()));
        });
        self.add("path: two roots of one name, the wrong one first", |w| {
            bare(w);
            w.anchors.insert(0, extra(twin()));
        });
        self.add(
            "path: two roots of one name, the wrong one first but expired",
            |w| {
                bare(w);
                let mut wrong = twin();
                wrong.not_after = time(NOW - DAY);
                w.anchors.insert(0, extra(wrong));
            },
        );
        self.add(
            "path: two roots of one name told apart by identifiers",
            |w| {
                let mut wrong = twin();
                wrong.put(ski(b"other"));
                w.anchors.insert(0, extra(wrong));
            },
        );
        self.add("path: wrong root has no identifier and comes first", |w| {
            w.anchors.insert(0, extra(twin()));
        });
        self.add("path: wrong root signs with another algorithm", |w| {
            bare(w);
            let mut wrong = twin();
            wrong.spki = RSA_2048.spki();
            wrong.signer = &RSA_2048;
            wrong.algorithm = rsa_sha256();
            w.anchors.insert(0, extra(wrong));
        });
        let wrong_intermediate = || {
            let mut wrong = without_identifiers(intermediate());
            wrong.spki = INTER2_KEY.spki();
            wrong
        };
        self.add(
            "path: two intermediates of one name, the wrong one first",
            |w| {
                bare(w);
                w.presented.insert(1, extra(wrong_intermediate()));
            },
        );
        self.add(
            "path: two intermediates of one name, the right one first",
            |w| {
                bare(w);
                w.presented.push(extra(wrong_intermediate()));
            },
        );
        self.add("path: wrong intermediate leads nowhere", |w| {
            bare(w);
            let mut wrong = wrong_intermediate();
            wrong.issuer = common_name("Nowhere");
            w.presented.insert(1, extra(wrong));
        });
        self.add("path: expired intermediate before the valid one", |w| {
            let mut old = intermediate();
            old.not_after = time(NOW - DAY);
            w.presented.insert(1, extra(old));
        });
        self.add(
            "path: intermediate sent and trusted, trusted one expired",
            |w| {
                let mut old = intermediate();
                old.not_after = time(NOW - DAY);
                w.anchors.push(extra(old));
            },
        );
        self.add(
            "path: wrong intermediate in the root file wins over the one sent",
            |w| {
                bare(w);
                w.anchors.push(extra(wrong_intermediate()));
            },
        );
        self.add("path: cross-certificate sent, root trusted", |w| {
            let mut cross = root();
            cross.issuer = common_name("Old Root");
            cross.signer = &OTHER_KEY;
            w.presented.push(extra(cross));
        });
        self.add(
            "path: cross-certificate leads to the trusted old root",
            |w| {
                let mut cross = root();
                cross.issuer = common_name("Other Root");
                cross.signer = &OTHER_KEY;
                w.presented.push(extra(cross));
                w.anchors = vec![extra(other_root())];
            },
        );
        self.add("path: cross-certificate trusted instead of the root", |w| {
            let mut cross = root();
            cross.issuer = common_name("Other Root");
            cross.signer = &OTHER_KEY;
            w.anchors = vec![extra(cross)];
        });
        self.add("path: two intermediates that issue each other", |w| {
            w.inter().issuer = common_name("Ring");
            w.inter().signer = &INTER2_KEY;
            w.inter().drop_extension(AKI);
            let mut ring = intermediate();
            ring.subject = common_name("Ring");
            ring.spki = INTER2_KEY.spki();
            ring.issuer = inter_name();
            ring.signer = &INTER_KEY;
            ring.extensions
                .retain(|extension| extension.oid != AKI && extension.oid != SKI);
            w.presented.push(extra(ring));
        });
        self.add("path: two anchors that issue each other", |w| {
            let mut a = without_identifiers(root());
            a.issuer = common_name("Ring");
            a.signer = &OTHER_KEY;
            let mut b = without_identifiers(root());
            b.subject = common_name("Ring");
            b.spki = OTHER_KEY.spki();
            w.inter().drop_extension(AKI);
            w.anchors = vec![extra(a), extra(b)];
        });
        self.add(
            "path: self-issued intermediate of the root (key rollover)",
            |w| {
                let mut rollover = root();
                rollover.spki = OTHER_KEY.spki();
                rollover.put(ski(b"new root key"));
                rollover.put(aki(ROOT_ID));
                w.inter().signer = &OTHER_KEY;
                w.inter().put(aki(b"new root key"));
                w.presented.push(extra(rollover));
            },
        );
        self.add("path: leaf twice", |w| w.presented.push(Item::Link(LEAF)));
        self.add(
            "path: issuer with a malformed extension is passed over",
            |w| {
                let mut flawed = intermediate();
                flawed.put(ext(EKU, null()));
                w.presented.insert(1, extra(flawed));
            },
        );
        self.add("path: issuer's key unreadable", |w| {
            w.inter().spki = seq(&[&seq(&[&oid("1.2.3")]), &bits(0, &[1, 2, 3])]);
        });
        self.add("path: issuer's point is off its curve", |w| {
            let last = w.inter().spki.len() - 1;
            w.inter().spki[last] ^= 1;
        });
        self.add("path: leaf's point is off its curve", |w| {
            let last = w.leaf().spki.len() - 1;
            w.leaf().spki[last] ^= 1;
        });
    }

    fn key_identifiers(&mut self) {
        for (name, place) in [("leaf", LEAF), ("intermediate", INTER)] {
            let (issuer, serial) = if place == LEAF {
                (root_name(), 2)
            } else {
                (root_name(), 1)
            };
            self.add(&format!("key id: issuer and serial match, {name}"), |w| {
                w.chain[place].put(aki_issuer_serial(&issuer, &[serial]));
            });
            self.add(&format!("key id: serial does not match, {name}"), |w| {
                w.chain[place].put(aki_issuer_serial(&issuer, &[serial + 1]));
            });
            self.add(&format!("key id: issuer does not match, {name}"), |w| {
                w.chain[place].put(aki_issuer_serial(&common_name("Nobody"), &[serial]));
            });
            self.add(&format!("key id: critical, {name}"), |w| {
                let id = if place == LEAF { INTER_ID } else { ROOT_ID };
                w.chain[place].put(critical(AKI, aki(id).value));
            });
            self.add(&format!("key id: empty, {name}"), |w| {
                w.chain[place].put(ext(AKI, seq(&[])));
            });
            self.add(&format!("key id: malformed, {name}"), |w| {
                w.chain[place].put(ext(AKI, seq(&[&int(&[1])])));
            });
            self.add(&format!("key id: repeated, {name}"), |w| {
                let again = w.chain[place]
                    .extensions
                    .iter()
                    .find(|found| found.oid == AKI)
                    .cloned();
                w.chain[place].extensions.extend(again);
            });
        }
        self.add("key id: issuer has none", |w| w.inter().drop_extension(SKI));
        self.add("key id: other kinds of name in the issuer", |w| {
            let names = wrap(1, &dns("example.test"));
            w.leaf().put(ext(AKI, seq(&[&names, &context(2, &[2])])));
        });
        self.add("key id: subject's is critical", |w| {
            w.leaf().put(critical(SKI, octets(LEAF_ID)));
        });
    }

    fn names(&mut self) {
        let written = |tag: u8, value: &[u8]| {
            let o = set(&[&attribute(O, UTF8, b"pgtls tests")]);
            seq(&[&o, &set(&[&attribute(CN, tag, value)])])
        };
        let bmp: Vec<u8> = "Intermediate"
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect();
        let wide: Vec<u8> = "Intermediate"
            .chars()
            .flat_map(|c| u32::from(c).to_be_bytes())
            .collect();
        for (what, tag, value) in [
            ("case", UTF8, &b"iNTERMEDIATE"[..]),
            ("printable", PRINTABLE, b"Intermediate"),
            ("teletex", TELETEX, b"Intermediate"),
            ("IA5", IA5, b"Intermediate"),
            ("visible", 0x1a, b"Intermediate"),
            ("numeric type", 0x12, b"Intermediate"),
            ("octet string", 0x04, b"Intermediate"),
            ("bit string", 0x03, b"\0Intermediate"),
            ("BMP", BMP, &bmp),
            ("universal", 0x1c, &wide),
            ("blanks around", UTF8, b"  Intermediate \t"),
            ("another word", UTF8, b"Inter mediate"),
            ("broken UTF-8", UTF8, b"Intermediate\xff"),
            ("broken BMP", BMP, b"Int"),
            ("surrogate", BMP, b"\xd8\x00"),
            ("NUL", UTF8, b"Intermediate\0"),
            ("empty", UTF8, b""),
        ] {
            self.add(&format!("name: leaf's issuer as {what}"), |w| {
                w.leaf().issuer = written(tag, value);
            });
        }
        self.add("name: runs of spaces", |w| {
            w.inter().subject = common_name("Inter  \t mediate");
            w.leaf().issuer = common_name("inter mediate ");
        });
        self.add("name: letters beyond ASCII keep their case", |w| {
            w.inter().subject = common_name("Zertifikat Ä");
            w.leaf().issuer = common_name("zertifikat ä");
        });
        self.add("name: letters beyond ASCII in another encoding", |w| {
            w.inter().subject = written(UTF8, "Über".as_bytes());
            w.leaf().issuer = written(TELETEX, b"\xdcber");
        });
        self.add("name: other order", |w| {
            w.leaf().issuer = name(&[(CN, "Intermediate"), (O, "pgtls tests")]);
        });
        let both = |swapped: bool| {
            let o = attribute(O, UTF8, b"pgtls tests");
            let cn = attribute(CN, UTF8, b"Intermediate");
            seq(&[&if swapped {
                set(&[&o, &cn])
            } else {
                set(&[&cn, &o])
            }])
        };
        self.add("name: one set in two orders", |w| {
            w.inter().subject = both(false);
            w.leaf().issuer = both(true);
        });
        self.add("name: an empty set more", |w| {
            w.leaf().issuer = [&inter_name()[..2], &[0x31, 0], &inter_name()[2..]].concat();
            let length = w.leaf().issuer.len() - 2;
            w.leaf().issuer[1] = length as u8;
        });
        self.add("name: subject empty", |w| w.leaf().subject = seq(&[]));
        self.add("name: intermediate's subject empty", |w| {
            w.inter().subject = seq(&[]);
            w.leaf().issuer = seq(&[]);
        });
        self.add("name: all names empty", |w| {
            for cert in &mut w.chain {
                cert.subject = seq(&[]);
                cert.issuer = seq(&[]);
            }
        });
        self.add("name: subject malformed", |w| {
            w.leaf().subject = seq(&[&int(&[1])])
        });
        self.add("name: attribute without a value", |w| {
            w.leaf().subject = seq(&[&set(&[&seq(&[&oid(CN)])])]);
        });
    }

    fn order_and_depth(&mut self) {
        for depth in [2, 5, 7, 99, 100, 101] {
            self.put(&format!("depth: {depth} intermediates"), deep(depth));
        }
        let mut shuffled = deep(5);
        shuffled.presented[1..].reverse();
        self.put("depth: intermediates in reverse order", shuffled);
        let mut half = deep(5);
        half.presented = [0, 5, 3].map(Item::Link).to_vec();
        half.anchors = [6, 2, 4, 1].map(Item::Link).to_vec();
        self.put("depth: every other intermediate in the root file", half);
        let mut gap = deep(4);
        gap.presented.remove(2);
        self.put("depth: one missing in the middle", gap);
        let mut endless = deep(101);
        endless.anchors = vec![extra(other_root())];
        self.put("depth: 101 intermediates and no root", endless);
        self.add("order: unrelated certificates between", |w| {
            w.presented.insert(1, extra(other_root()));
            w.presented.push(extra(other_root()));
        });
        self.add("order: intermediate twice", |w| {
            w.presented.push(Item::Link(INTER))
        });
        self.add("order: the root first, then the leaf's chain", |w| {
            w.presented = [2, 0, 1].map(Item::Link).to_vec();
        });
        for (name, lengths) in [
            ("just enough", [None, Some(0), Some(1), Some(2)]),
            ("too short at the root", [None, None, None, Some(2)]),
            ("too short below", [None, Some(0), Some(0), None]),
            ("zero above the leaf", [Some(0), None, None, None]),
        ] {
            let mut world = deep(4);
            for (index, length) in lengths.iter().enumerate() {
                world.chain[index + 1].put(ca(*length));
            }
            self.put(&format!("path length: {name}"), world);
        }
        let mut rolled = deep(2);
        rolled.chain[2].put(ca(Some(0)));
        self.put("path length: one too many", rolled.clone());
        rolled.chain[1].subject = common_name("Intermediate 1");
        rolled.chain[0].issuer = common_name("Intermediate 1");
        self.put("path length: self-issued does not count", rolled);
        for (name, length) in [
            ("negative", int(&[0xff])),
            ("huge", int(&[0x7f; 9])),
            (
                "largest long",
                int(&[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            ),
            ("one more than a long", int(&[0, 0x80, 0, 0, 0, 0, 0, 0, 0])),
            ("padded", int(&[0, 0])),
            ("empty", int(&[])),
        ] {
            self.add(&format!("path length: {name}"), |w| {
                w.root()
                    .put(critical(BASIC_CONSTRAINTS, seq(&[&boolean(0xff), &length])));
            });
        }
        self.add("path length: zero in a non-CA leaf", |w| {
            w.leaf().put(ext(BASIC_CONSTRAINTS, seq(&[&int(&[0])])));
        });
    }

    fn leaf_usage(&mut self) {
        for (name, byte) in [
            ("digitalSignature", DIGITAL_SIGNATURE),
            ("keyEncipherment", KEY_ENCIPHERMENT),
            ("keyAgreement", KEY_AGREEMENT),
            ("dataEncipherment", DATA_ENCIPHERMENT),
            ("keyCertSign", CERT_SIGN),
            ("nothing", 0),
        ] {
            self.add(&format!("leaf usage: {name}"), |w| {
                w.leaf().put(key_usage(byte))
            });
        }
        self.add("leaf usage: absent", |w| w.leaf().drop_extension(KEY_USAGE));
        self.add("leaf usage: decipherOnly", |w| {
            w.leaf().put(critical(KEY_USAGE, bits(7, &[0, 0x80])));
        });
        self.add("leaf usage: bits that do not count", |w| {
            w.leaf().put(critical(KEY_USAGE, bits(7, &[0x7f])));
        });
        self.add("leaf usage: empty bit string", |w| {
            w.leaf().put(critical(KEY_USAGE, bits(0, &[])));
        });
        self.add("leaf usage: malformed bit string", |w| {
            w.leaf().put(critical(KEY_USAGE, bits(9, &[0x80])));
        });
        self.add("leaf usage: repeated", |w| {
            w.leaf().extensions.push(key_usage(DIGITAL_SIGNATURE));
        });
        for (name, usages) in [
            ("server", &[SERVER_AUTH][..]),
            ("server and client", &[CLIENT_AUTH, SERVER_AUTH]),
            ("Microsoft's SGC", &[MS_SGC]),
            ("Netscape's SGC", &[NS_SGC]),
            ("any", &[ANY_EKU]),
            ("any and client", &[ANY_EKU, CLIENT_AUTH]),
            ("unknown", &["1.2.3.4"]),
            ("empty list", &[]),
        ] {
            self.add(&format!("leaf extended usage: {name}"), |w| {
                w.leaf().put(eku(usages))
            });
            self.add(&format!("intermediate's extended usage: {name}"), |w| {
                w.inter().put(eku(usages));
            });
        }
        self.add("leaf extended usage: absent", |w| {
            w.leaf().drop_extension(EKU)
        });
        self.add("leaf extended usage: critical", |w| {
            w.leaf().put(critical(EKU, eku(&[SERVER_AUTH]).value));
        });
        self.add("leaf extended usage: malformed identifier", |w| {
            w.leaf().put(ext(EKU, seq(&[&tlv(6, &[0x55, 0x80])])));
        });
        for (name, byte) in [
            ("server", 0x40),
            ("client", 0x80),
            ("both", 0xc0),
            ("CA", 0x04),
        ] {
            self.add(&format!("leaf Netscape type: {name}"), |w| {
                w.leaf().put(ext(NETSCAPE, bits(0, &[byte])));
            });
        }
        self.add("leaf Netscape type: empty", |w| {
            w.leaf().put(ext(NETSCAPE, bits(0, &[])))
        });
        self.add("leaf Netscape type: critical", |w| {
            w.leaf().put(critical(NETSCAPE, bits(0, &[0x40])));
        });
    }

    fn ca_usage(&mut self) {
        self.add("CA: intermediate without key usage", |w| {
            w.inter().drop_extension(KEY_USAGE)
        });
        self.add("CA: root without key usage", |w| {
            w.root().drop_extension(KEY_USAGE)
        });
        self.add("CA: Netscape intermediate", |w| {
            w.inter().extensions = vec![ext(NETSCAPE, bits(2, &[0x04]))];
            w.leaf().drop_extension(AKI);
        });
        self.add(
            "CA: intermediate with constraints and a Netscape client type",
            |w| {
                w.inter().put(ext(NETSCAPE, bits(0, &[0x80])));
            },
        );
        self.add("CA: explicit FALSE", |w| {
            w.inter()
                .put(critical(BASIC_CONSTRAINTS, seq(&[&boolean(0)])));
        });
        self.add("CA: TRUE is one", |w| {
            w.inter()
                .put(critical(BASIC_CONSTRAINTS, seq(&[&boolean(1)])));
        });
        self.add("CA: constraints not critical", |w| {
            w.inter().put(ext(BASIC_CONSTRAINTS, ca(None).value));
        });
        self.add("CA: constraints repeated", |w| {
            w.inter().extensions.push(ca(None))
        });
        self.add("CA: root's constraints repeated", |w| {
            w.root().extensions.push(ca(None))
        });
        self.add("CA: bytes behind the constraints", |w| {
            let value = [ca(None).value, vec![1, 2, 3]].concat();
            w.inter().put(critical(BASIC_CONSTRAINTS, value));
        });
        self.add("CA: bytes within the constraints", |w| {
            let value = seq(&[&boolean(0xff), &int(&[3]), &null()]);
            w.inter().put(critical(BASIC_CONSTRAINTS, value));
        });
        self.add("CA: constraints in long form", |w| {
            w.inter()
                .put(critical(BASIC_CONSTRAINTS, vec![0x30, 0x81, 3, 1, 1, 0xff]));
        });
        self.add("CA: constraints of indefinite length", |w| {
            w.inter().put(critical(
                BASIC_CONSTRAINTS,
                vec![0x30, 0x80, 1, 1, 0xff, 0, 0],
            ));
        });
    }

    fn critical_extensions(&mut self) {
        let policies = seq(&[&seq(&[&oid("1.2.3.4")])]);
        for (name, kind, value) in [
            ("policyConstraints", "2.5.29.36", seq(&[&context(0, &[0])])),
            ("inhibitAnyPolicy", "2.5.29.54", int(&[0])),
            (
                "policyMappings",
                "2.5.29.33",
                seq(&[&seq(&[&oid("1.2.3"), &oid("1.2.4")])]),
            ),
            ("certificatePolicies", "2.5.29.32", policies),
            ("malformed certificatePolicies", "2.5.29.32", null()),
            (
                "CRL distribution points",
                CRL_POINTS,
                point(&[uri("http://example.test/crl")]),
            ),
            ("issuerAltName", "2.5.29.18", seq(&[&dns("ca.test")])),
            ("TLS feature", "1.3.6.1.5.5.7.1.24", seq(&[&int(&[5])])),
            ("OCSP no check", "1.3.6.1.5.5.7.48.1.5", null()),
            ("authority information", "1.3.6.1.5.5.7.1.1", seq(&[])),
            ("subject directory attributes", "2.5.29.9", seq(&[])),
            ("private key usage period", "2.5.29.16", seq(&[])),
            ("freshest CRL", "2.5.29.46", seq(&[])),
            ("name constraints on the leaf", NAME_CONSTRAINTS, seq(&[])),
        ] {
            self.add(&format!("critical: {name}"), |w| {
                w.leaf().put(critical(kind, value.clone()))
            });
            self.add(&format!("critical: {name}, intermediate"), |w| {
                w.inter().put(critical(kind, value.clone()));
            });
        }
        self.add("critical: unknown, but FALSE", |w| {
            let mut unknown = ext("1.2.3.4", null());
            unknown.critical = boolean(0);
            w.leaf().put(unknown);
        });
        self.add("critical: unknown, repeated, not critical", |w| {
            w.leaf()
                .extensions
                .extend([ext("1.2.3.4", null()), ext("1.2.3.4", null())]);
        });
        self.add("critical: alternative names", |w| {
            w.leaf()
                .put(critical(SAN, san(&[dns("db.example.test")]).value));
        });
        self.add("critical: alternative names repeated", |w| {
            w.leaf().extensions.push(san(&[dns("more.test")]));
        });
    }

    fn dns_constraints(&mut self) {
        type Constraint = fn(&[Vec<u8>]) -> Extension;
        let permit: Constraint = |bases| constraints(bases, &[]);
        let exclude: Constraint = |bases| constraints(&[], bases);
        for (name, make, base) in [
            ("permits the domain", permit, "example.test"),
            ("permits the very host", permit, "db.example.test"),
            ("permits below the host", permit, ".db.example.test"),
            ("permits below the domain", permit, ".example.test"),
            ("permits a tail within a label", permit, "ample.test"),
            ("permits in other letters", permit, "EXAMPLE.Test"),
            ("permits everything", permit, ""),
            ("permits a longer name", permit, "x.db.example.test"),
            ("excludes the domain", exclude, "example.test"),
            ("excludes another", exclude, "example.org"),
            ("excludes everything", exclude, ""),
        ] {
            self.add(&format!("constraints: {name}"), |w| {
                w.inter().put(make(&[dns(base)]))
            });
            self.add(&format!("constraints: {name}, common name only"), |w| {
                w.inter().put(make(&[dns(base)]));
                w.leaf().subject = name_of("db.example.test");
                w.leaf().drop_extension(SAN);
            });
            self.add(
                &format!("constraints: {name}, an address beside the common name"),
                |w| {
                    w.inter().put(make(&[dns(base)]));
                    w.leaf().put(san(&[ip(&[127, 0, 0, 1])]));
                },
            );
        }
        for host in [
            "db",
            "*.example.org",
            "db-.example.org",
            "-db.example.org",
            "db..example.org",
            ".example.org",
            "db.example.org.",
            "under_score.example.org",
            "db example.org",
            "127.0.0.1",
            "db.example.org\0",
            "db\0.example.org",
            "dé.example.org",
            "",
        ] {
            self.add(&format!("constraints: common name {host:?} outside"), |w| {
                w.inter().put(permit(&[dns("example.test")]));
                w.leaf().subject = name_of(host);
                w.leaf().drop_extension(SAN);
            });
        }
        self.add("constraints: second common name outside", |w| {
            w.inter().put(permit(&[dns("example.test")]));
            w.leaf().subject = name(&[(CN, "db.example.test"), (CN, "db.example.org")]);
            w.leaf().drop_extension(SAN);
        });
        self.add(
            "constraints: common name outside, alternative name inside",
            |w| {
                w.inter().put(permit(&[dns("example.test")]));
                w.leaf().subject = name_of("db.example.org");
            },
        );
        self.add("constraints: one name of two outside", |w| {
            w.inter().put(permit(&[dns("example.test")]));
            w.leaf()
                .put(san(&[dns("db.example.test"), dns("db.example.org")]));
        });
        self.add("constraints: one of two subtrees fits", |w| {
            w.inter()
                .put(permit(&[dns("example.org"), dns("example.test")]));
        });
        self.add("constraints: permitted and excluded within", |w| {
            w.inter().put(constraints(
                &[dns("example.test")],
                &[dns("db.example.test")],
            ));
        });
        self.add("constraints: not critical", |w| {
            w.inter()
                .put(ext(NAME_CONSTRAINTS, permit(&[dns("example.org")]).value));
        });
        self.add("constraints: on the root", |w| {
            w.root().put(permit(&[dns("example.org")]))
        });
        self.add(
            "constraints: on root and intermediate, different faults",
            |w| {
                w.root().put(permit(&[dns("example.org")]));
                w.inter().put(exclude(&[dns("example.test")]));
            },
        );
        self.add("constraints: malformed", |w| {
            w.inter().put(critical(NAME_CONSTRAINTS, null()))
        });
        self.add("constraints: empty", |w| {
            w.inter().put(critical(NAME_CONSTRAINTS, seq(&[])))
        });
        self.add("constraints: on the leaf itself", |w| {
            w.leaf().put(permit(&[dns("example.org")]));
        });
    }

    fn other_constraints(&mut self) {
        let limited = |parts: &[u8]| {
            let subtree = seq(&[&dns("example.test"), parts]);
            critical(NAME_CONSTRAINTS, seq(&[&wrap(0, &subtree)]))
        };
        self.add("constraints: minimum zero", |w| {
            w.inter().put(limited(&context(0, &[0])))
        });
        self.add("constraints: minimum one", |w| {
            w.inter().put(limited(&context(0, &[1])))
        });
        self.add("constraints: maximum", |w| {
            w.inter().put(limited(&context(1, &[5])))
        });
        self.add("constraints: maximum on names that are not there", |w| {
            let subtree = seq(&[&email("a.test"), &context(1, &[5])]);
            w.inter()
                .put(critical(NAME_CONSTRAINTS, seq(&[&wrap(0, &subtree)])));
        });
        let pairs: Vec<(&str, Vec<u8>, Vec<u8>)> = vec![
            (
                "address inside",
                ip(&[10, 0, 0, 0, 255, 0, 0, 0]),
                ip(&[10, 1, 2, 3]),
            ),
            (
                "address outside",
                ip(&[10, 0, 0, 0, 255, 0, 0, 0]),
                ip(&[11, 1, 2, 3]),
            ),
            (
                "address with bits beyond the mask",
                ip(&[10, 1, 0, 0, 255, 0, 0, 0]),
                ip(&[10, 9, 2, 3]),
            ),
            (
                "IPv6 under an IPv4 constraint",
                ip(&[10, 0, 0, 0, 255, 0, 0, 0]),
                ip(&[0; 16]),
            ),
            ("IPv6 inside", ip(&[0; 32]), ip(&[7; 16])),
            ("IPv4 under an IPv6 constraint", ip(&[0; 32]), ip(&[7; 4])),
            ("address of five bytes", ip(&[0; 8]), ip(&[7; 5])),
            ("network of five bytes", ip(&[0; 5]), ip(&[7; 4])),
            (
                "e-mail at the host",
                email("example.test"),
                email("me@example.test"),
            ),
            (
                "e-mail in other letters",
                email("EXAMPLE.test"),
                email("me@example.TEST"),
            ),
            (
                "e-mail below the host",
                email("example.test"),
                email("me@sub.example.test"),
            ),
            (
                "e-mail below a dot",
                email(".example.test"),
                email("me@sub.example.test"),
            ),
            (
                "e-mail at a dot",
                email(".example.test"),
                email("me@example.test"),
            ),
            (
                "e-mail, one mailbox",
                email("me@example.test"),
                email("me@example.test"),
            ),
            (
                "e-mail, mailbox in other letters",
                email("me@example.test"),
                email("ME@example.test"),
            ),
            (
                "e-mail, another mailbox",
                email("you@example.test"),
                email("me@example.test"),
            ),
            (
                "e-mail, mailbox left open",
                email("@example.test"),
                email("me@example.test"),
            ),
            (
                "e-mail without a sign",
                email("example.test"),
                email("example.test"),
            ),
            ("e-mail everything", email(""), email("me@example.test")),
            (
                "e-mail with a NUL in the mailbox",
                email("m\0@example.test"),
                email("m\0@example.test"),
            ),
            (
                "URI inside",
                uri("example.test"),
                uri("https://example.test/x"),
            ),
            (
                "URI with a port",
                uri("example.test"),
                uri("https://example.test:5432/x"),
            ),
            (
                "URI below",
                uri("example.test"),
                uri("https://db.example.test/"),
            ),
            (
                "URI below a dot",
                uri(".example.test"),
                uri("https://db.example.test/"),
            ),
            (
                "URI outside",
                uri(".example.org"),
                uri("https://db.example.test/"),
            ),
            (
                "URI without a host",
                uri(".example.test"),
                uri("urn:example"),
            ),
            (
                "URI with an empty host",
                uri("example.test"),
                uri("file:///x"),
            ),
            (
                "URI with a user",
                uri("example.test"),
                uri("https://me@example.test/"),
            ),
            ("URI everything", uri(""), uri("https://db.example.test/")),
            (
                "directory inside",
                directory(&name(&[(O, "A")])),
                directory(&name(&[(O, "a"), (CN, "x")])),
            ),
            (
                "registered identifier",
                context(8, &[0x2a, 3]),
                context(8, &[0x2a, 3, 4]),
            ),
            (
                "registered identifier, none in the leaf",
                context(8, &[0x2a, 3]),
                dns("db.example.test"),
            ),
            (
                "other name of one type",
                other_name("1.2.3", b"a"),
                other_name("1.2.3", b"b"),
            ),
            (
                "other name of two types",
                other_name("1.2.3", b"a"),
                other_name("1.2.4", b"a"),
            ),
            (
                "UTF-8 mailbox inside",
                email("example.test"),
                other_name(SMTP_UTF8, "mé@example.test".as_bytes()),
            ),
            (
                "UTF-8 mailbox outside",
                email("example.org"),
                other_name(SMTP_UTF8, "mé@example.test".as_bytes()),
            ),
            ("x400 address", wrap(3, &[]), wrap(3, &[])),
        ];
        for (what, base, subject) in pairs {
            self.add(&format!("constraints: {what}, permitted"), |w| {
                w.inter().put(constraints(std::slice::from_ref(&base), &[]));
                w.leaf().put(san(std::slice::from_ref(&subject)));
            });
            self.add(&format!("constraints: {what}, excluded"), |w| {
                w.inter().put(constraints(&[], std::slice::from_ref(&base)));
                w.leaf().put(san(std::slice::from_ref(&subject)));
            });
        }
        self.add("constraints: subject inside the directory", |w| {
            w.inter().put(constraints(
                &[directory(&name(&[(O, "PGTLS  tests")]))],
                &[],
            ));
        });
        self.add("constraints: subject outside the directory", |w| {
            w.inter()
                .put(constraints(&[directory(&name(&[(O, "Others")]))], &[]));
        });
        self.add(
            "constraints: intermediate outside the root's directory",
            |w| {
                w.root().put(constraints(&[directory(&leaf_name())], &[]));
            },
        );
        self.add("constraints: e-mail in the subject", |w| {
            w.inter().put(constraints(&[email("example.test")], &[]));
            w.leaf().subject = seq(&[&set(&[&attribute(EMAIL, IA5, b"me@example.org")])]);
        });
        self.add("constraints: e-mail in the subject, as UTF-8", |w| {
            w.inter().put(constraints(&[email("example.test")], &[]));
            w.leaf().subject = seq(&[&set(&[&attribute(EMAIL, UTF8, b"me@example.test")])]);
        });
        self.add(
            "constraints: self-issued intermediate is free of them",
            |w| {
                w.root()
                    .put(constraints(&[directory(&name(&[(O, "Others")]))], &[]));
                w.inter().subject = root_name();
                w.leaf().issuer = root_name();
            },
        );
        self.add("constraints: too many to compare", |w| {
            let bases: Vec<Vec<u8>> = (0..1100).map(|n| dns(&format!("{n}.test"))).collect();
            let names: Vec<Vec<u8>> = (0..1100).map(|n| dns(&format!("{n}.test"))).collect();
            w.inter().put(constraints(&bases, &[]));
            w.leaf().put(san(&names));
        });
    }

    fn encodings(&mut self) {
        let serials: [(&str, &[u8]); 7] = [
            ("negative", &[0x80]),
            ("zero", &[0]),
            ("25 bytes", &[0x11; 25]),
            ("padded with zeros", &[0, 1]),
            ("padded with ones", &[0xff, 0xff]),
            ("empty", &[]),
            ("21 bytes with a sign", &[0x80; 21]),
        ];
        for (name, serial) in serials {
            self.add(&format!("serial: {name}"), |w| {
                w.leaf().serial = serial.to_vec()
            });
        }
        self.add("encoding: unique identifiers", |w| {
            w.leaf().unique_ids = [context(1, &[0, 1]), context(2, &[0, 2])].concat();
        });
        self.add("encoding: malformed unique identifier", |w| {
            w.leaf().unique_ids = context(1, &[]);
        });
        self.add("encoding: unique identifiers swapped", |w| {
            w.leaf().unique_ids = [context(2, &[0, 1]), context(1, &[0, 2])].concat();
        });
        self.add("encoding: ECDSA with NULL", |w| {
            w.leaf().algorithm = ecdsa_sha256_null()
        });
        self.add("encoding: signature bits miscounted", |w| {
            w.leaf().spoil = Spoil::UnusedBits
        });
        self.add("encoding: extensions explicitly not critical", |w| {
            for extension in &mut w.leaf().extensions {
                if extension.critical.is_empty() {
                    extension.critical = boolean(0);
                }
            }
        });
        self.add("encoding: critical flag of two bytes", |w| {
            w.leaf().extensions[0].critical = tlv(1, &[0, 0]);
        });
        let names: Vec<(&str, Vec<u8>)> = vec![
            ("an address of five bytes", ip(&[1, 2, 3, 4, 5])),
            ("an empty dNSName", dns("")),
            ("NUL in a dNSName", dns("db\0.test")),
            ("raw bytes", context(2, &[0xff, 0xfe])),
            ("x400", wrap(3, &[])),
            ("ediPartyName", wrap(5, &wrap(1, &tlv(0x0c, b"x")))),
            ("registered identifier", context(8, &[0x2a, 3])),
            ("malformed identifier", context(8, &[0x80])),
            ("unknown kind", context(9, b"x")),
            ("directory name", directory(&leaf_name())),
            ("empty directory name", directory(&seq(&[]))),
            ("malformed directory name", directory(&null())),
            ("other name", other_name("1.2.3", b"x")),
            ("other name without a value", wrap(0, &oid("1.2.3"))),
            ("plain string", tlv(0x16, b"db.example.test")),
        ];
        for (what, odd) in names {
            self.add(&format!("alternative names: {what}"), |w| {
                w.leaf().put(san(&[odd.clone(), dns("db.example.test")]));
            });
        }
        self.add("alternative names: empty list", |w| w.leaf().put(san(&[])));
        self.add("encoding: bytes behind the leaf", |w| {
            let mut der = w.leaf().der();
            der.extend([0x05, 0x00]);
            w.anchors.push(Item::Der(der));
        });
        self.add("encoding: leaf is no certificate", |w| {
            w.presented[0] = Item::Der(seq(&[&int(&[1])]));
        });
        self.add("encoding: leaf cut short", |w| {
            let mut der = w.leaf().der();
            der.truncate(200);
            w.presented[0] = Item::Der(der);
        });
        for (name, place) in [("leaf", LEAF), ("intermediate", INTER)] {
            self.add(&format!("encoding: Internet addresses, {name}"), |w| {
                let inherit = seq(&[&seq(&[&octets(&[0, 1]), &null()])]);
                w.chain[place].put(critical("1.3.6.1.5.5.7.1.7", inherit));
            });
        }
    }

    fn times(&mut self) {
        let times: Vec<(&str, Vec<u8>)> = vec![
            ("GeneralizedTime before 2050", generalized(NOW + DAY)),
            ("year 9999", tlv(0x18, b"99991231235959Z")),
            ("year 2049", tlv(0x17, b"491231235959Z")),
            ("year 1950", tlv(0x17, b"500101000000Z")),
            ("no seconds", tlv(0x17, b"2707010000Z")),
            ("zone", tlv(0x17, b"270701000000+0000")),
            ("fractions", tlv(0x18, b"20270701000000.5Z")),
            ("month 13", tlv(0x17, b"271301000000Z")),
            ("30 February", tlv(0x17, b"270230000000Z")),
            ("29 February 2027", tlv(0x17, b"270229000000Z")),
            ("29 February 2028", tlv(0x17, b"280229000000Z")),
            ("hour 24", tlv(0x17, b"270701240000Z")),
            ("second 60", tlv(0x17, b"270701000060Z")),
            ("letters", tlv(0x17, b"27070100000aZ")),
            ("empty", tlv(0x17, b"")),
            ("not a time", int(&[1])),
            ("last second", time(NOW + 1)),
            ("this second", time(NOW)),
            ("second before", time(NOW - 1)),
        ];
        for (name, value) in times {
            self.add(&format!("notAfter: {name}"), |w| {
                w.leaf().not_after = value.clone()
            });
            self.add(&format!("notBefore: {name}"), |w| {
                w.leaf().not_before = value.clone()
            });
        }
        self.add("notAfter: intermediate's is no time", |w| {
            w.inter().not_after = tlv(0x17, b"x");
        });
        self.add("notAfter: unused certificate's is no time", |w| {
            let mut odd = other_root();
            odd.not_after = tlv(0x17, b"x");
            w.presented.push(extra(odd));
        });
        self.add("times: judged in 2049", |w| w.now = 2_500_000_000);
    }

    fn keys(&mut self) {
        for (name, key, algorithm) in [
            ("RSA-2048", &RSA_2048, rsa_sha256()),
            ("RSA-2047", &RSA_2047, rsa_sha256()),
            ("RSA-1963", &RSA_1963, rsa_sha256()),
            ("RSA-1962", &RSA_1962, rsa_sha256()),
            ("RSA-1024", &RSA_1024, rsa_sha256()),
            ("RSA-PSS", &RSA_PSS, pss_sha256()),
            ("RSA-PSS bound to SHA-384", &RSA_PSS_SHA384, pss_sha384()),
            ("P-384", &P384, ecdsa_sha384()),
            ("P-521", &P521, ecdsa_sha512()),
            ("secp256k1", &SECP256K1, ecdsa_sha256()),
            ("brainpool", &BRAINPOOL, ecdsa_sha256()),
            ("secp224r1", &P224, ecdsa_sha256()),
            ("prime192v1", &P192, ecdsa_sha256()),
            ("Ed25519", &ED25519, ed25519()),
            ("Ed448", &ED448, ed448()),
            ("explicit curve", &EXPLICIT, ecdsa_sha256()),
        ] {
            self.put(&format!("key: {name} CA"), with_ca_key(key, algorithm));
            self.add(&format!("key: {name} leaf"), |w| w.leaf().spki = key.spki());
            let mut spoiled = with_ca_key(key, w_algorithm(key));
            spoiled.leaf().spoil = Spoil::Bit;
            // Whether an unsupported algorithm hides a bad signature is no question of rules.
            if !["brainpool", "secp224r1", "Ed448"].contains(&name) {
                self.put(&format!("key: {name} CA, signature spoiled"), spoiled);
            }
        }
        self.add("key: root RSA-1024", |w| {
            w.root().spki = RSA_1024.spki();
            w.root().signer = &RSA_1024;
            w.root().algorithm = rsa_sha256();
            w.inter().signer = &RSA_1024;
            w.inter().algorithm = rsa_sha256();
        });
        self.put("key: self-signed leaf on an explicit curve", {
            let mut cert = self_signed_leaf();
            cert.spki = EXPLICIT.spki();
            cert.signer = &EXPLICIT;
            World::of(vec![cert])
        });
        self.add("key: of unknown type in the leaf", |w| {
            w.leaf().spki = seq(&[&seq(&[&oid("1.2.3")]), &bits(0, &[1])]);
        });
        self.add("key: curve of unknown type in the leaf", |w| {
            let kind = seq(&[&oid("1.2.840.10045.2.1"), &oid("1.2.3")]);
            w.leaf().spki = seq(&[&kind, &bits(0, &[4; 65])]);
        });
        self.add("key: malformed in the leaf", |w| {
            w.leaf().spki = seq(&[&null()])
        });
    }

    fn digests(&mut self) {
        for (name, key, algorithm) in [
            ("RSA with MD5", &RSA_2048, rsa_md5()),
            ("RSA with SHA-1", &RSA_2048, rsa_sha1()),
            ("RSA with SHA-224", &RSA_2048, rsa_sha224()),
            ("RSA with SHA-384", &RSA_2048, rsa_sha384()),
            ("RSA with SHA-512", &RSA_2048, rsa_sha512()),
            ("RSA-2047 with SHA-384", &RSA_2047, rsa_sha384()),
            ("RSA-2047 with SHA-512", &RSA_2047, rsa_sha512()),
            (
                "RSA without parameters",
                &RSA_2048,
                rsa_sha256_without_null(),
            ),
            ("PSS by a plain RSA key", &RSA_2048, pss_sha256()),
            ("PSS with a salt of 20", &RSA_2048, pss_sha256_salt_20()),
            (
                "PSS with the longest salt",
                &RSA_2048,
                pss_sha256_salt_max(),
            ),
            ("PSS without parameters", &RSA_2048, pss_bare()),
            (
                "PSS with the wrong digest for its key",
                &RSA_PSS_SHA384,
                pss_sha384(),
            ),
            ("ECDSA P-256 with SHA-224", &P256_CLI, ecdsa_sha224()),
            ("ECDSA P-256 with SHA-384", &P256_CLI, ecdsa_sha384()),
            ("ECDSA P-256 with SHA-512", &P256_CLI, ecdsa_sha512()),
            ("ECDSA P-384 with SHA-256", &P384, ecdsa_sha256()),
            ("ECDSA P-384 with SHA-512", &P384, ecdsa_sha512()),
            ("ECDSA P-521 with SHA-256", &P521, ecdsa_sha256()),
            ("ECDSA P-521 with SHA-224", &P521, ecdsa_sha224()),
        ] {
            self.put(&format!("digest: {name}"), with_ca_key(key, algorithm));
        }
        self.add("digest: RSA signature by a PSS key", |w| {
            w.inter().spki = RSA_PSS.spki();
            w.leaf().signer = &RSA_2048;
            w.leaf().algorithm = rsa_sha256();
        });
        self.add("digest: RSA signature announced, ECDSA made", |w| {
            w.inter().spki = RSA_2048.spki();
        });
        self.add("digest: unknown algorithm", |w| {
            w.leaf().algorithm.der = seq(&[&oid("1.2.3.4")]);
        });
        self.add("digest: unknown algorithm outside only", |w| {
            w.leaf().outer_algorithm = Some(seq(&[&oid("1.2.3.4")]));
        });
        self.add("digest: weak algorithm outside only", |w| {
            w.leaf().outer_algorithm = Some(ecdsa_sha1().der);
        });
    }

    fn crls(&mut self) {
        self.add("CRL: checking without any", |w| w.revocation = true);
        self.add("CRL: only the root's", |w| {
            w.crls().truncate(1);
        });
        self.add("CRL: only the intermediate's", |w| {
            w.crls().remove(0);
        });
        self.add("CRL: version 1", |w| {
            for crl in w.crls() {
                crl.version = 1;
            }
        });
        self.add("CRL: version 1 revokes", |w| {
            w.inter_crl().version = 1;
            w.inter_crl().revoke(&[3], vec![]);
        });
        self.add("CRL: no next update", |w| w.inter_crl().next_update.clear());
        self.add("CRL: no number", |w| w.inter_crl().extensions.clear());
        self.add("CRL: next update is no time", |w| {
            w.inter_crl().next_update = tlv(0x17, b"x");
        });
        self.add("CRL: this update is no time", |w| {
            w.inter_crl().this_update = tlv(0x17, b"x");
        });
        self.add("CRL: next update this second", |w| {
            w.inter_crl().next_update = time(NOW)
        });
        self.add("CRL: this update this second", |w| {
            w.inter_crl().this_update = time(NOW)
        });
        self.add("CRL: signed by another key", |w| {
            w.inter_crl().signer = &OTHER_KEY
        });
        self.add("CRL: signature bits miscounted", |w| {
            w.inter_crl().spoil = Spoil::UnusedBits
        });
        self.add("CRL: signed with SHA-1", |w| {
            w.inter_crl().algorithm = ecdsa_sha1()
        });
        self.add("CRL: two algorithms", |w| {
            w.inter_crl().outer_algorithm = Some(ecdsa_sha256_null().der);
        });
        self.add("CRL: unknown critical extension", |w| {
            w.inter_crl().extensions.push(critical("1.2.3.4", null()));
        });
        self.add("CRL: unknown extension", |w| {
            w.inter_crl().extensions.push(ext("1.2.3.4", null()));
        });
        self.add("CRL: unknown critical extension and revoked", |w| {
            w.inter_crl().extensions.push(critical("1.2.3.4", null()));
            w.inter_crl().revoke(&[3], vec![]);
        });
        self.add("CRL: unknown critical extension of an entry", |w| {
            w.inter_crl()
                .revoke(&[9], vec![critical("1.2.3.4", null())]);
        });
        self.add("CRL: unknown extension of an entry", |w| {
            w.inter_crl().revoke(&[9], vec![ext("1.2.3.4", null())]);
        });
        for reason in 0..=11 {
            self.add(&format!("CRL: reason {reason}"), |w| {
                w.inter_crl()
                    .revoke(&[3], vec![ext(REASON, tlv(0x0a, &[reason]))]);
            });
        }
        self.add("CRL: malformed reason", |w| {
            w.inter_crl().revoke(&[3], vec![ext(REASON, null())]);
        });
        self.add("CRL: malformed reason of another", |w| {
            w.inter_crl().revoke(&[9], vec![ext(REASON, null())]);
        });
        self.add("CRL: removed and revoked", |w| {
            w.inter_crl()
                .revoke(&[3], vec![ext(REASON, tlv(0x0a, &[8]))]);
            w.inter_crl().revoke(&[3], vec![]);
        });
        self.add("CRL: revoked tomorrow", |w| {
            w.inter_crl()
                .revoked
                .push((vec![3], time(NOW + DAY), vec![]));
        });
        self.add("CRL: revoked at no time", |w| {
            w.inter_crl()
                .revoked
                .push((vec![3], tlv(0x17, b"x"), vec![]));
        });
        self.add("CRL: many others revoked", |w| {
            for serial in 4..120 {
                w.inter_crl().revoke(&[serial], vec![]);
            }
        });
        self.add("CRL: among many", |w| {
            for serial in (1..120).rev() {
                w.inter_crl().revoke(&[serial], vec![]);
            }
        });
        self.add("CRL: negative serial", |w| {
            w.leaf().serial = vec![0x83];
            w.inter_crl().revoke(&[0x83], vec![]);
        });
        self.add("CRL: the negative of the serial", |w| {
            w.inter_crl().revoke(&[0xfd], vec![])
        });
        self.add("CRL: serial of another issuer's", |w| {
            w.root_crl().revoke(&[3], vec![])
        });
        self.add("CRL: key identifier matches", |w| {
            w.inter_crl().extensions.push(aki(INTER_ID));
        });
        self.add("CRL: key identifier does not match", |w| {
            w.inter_crl().extensions.push(aki(b"other"));
        });
        self.add("CRL: key identifier critical", |w| {
            w.inter_crl()
                .extensions
                .push(critical(AKI, aki(INTER_ID).value));
        });
        self.add("CRL: malformed key identifier", |w| {
            w.inter_crl().extensions.push(ext(AKI, null()));
        });
        self.add("CRL: root may not sign CRLs", |w| {
            w.root().put(key_usage(CERT_SIGN))
        });
        self.add("CRL: issuer without key usage", |w| {
            w.inter().drop_extension(KEY_USAGE)
        });
        self.add("CRL: number critical", |w| {
            w.inter_crl().extensions = vec![critical(CRL_NUMBER, int(&[1]))];
        });
        self.add("CRL: repeated number", |w| {
            w.inter_crl().extensions.push(ext(CRL_NUMBER, int(&[1])));
        });
        self.add("CRL: issuer's name in other letters", |w| {
            w.inter_crl().issuer = common_name("INTERMEDIATE");
        });
        self.add("CRL: indirect entry for another issuer", |w| {
            let issuer = ext("2.5.29.29", seq(&[&directory(&common_name("Somebody"))]));
            w.inter_crl().revoke(&[3], vec![issuer]);
        });
        self.add("CRL: indirect entry carried on", |w| {
            let issuer = ext("2.5.29.29", seq(&[&directory(&common_name("Somebody"))]));
            w.inter_crl().revoke(&[2], vec![issuer]);
            w.inter_crl().revoke(&[3], vec![]);
        });
        self.add("CRL: indirect entry for the very issuer", |w| {
            let issuer = critical("2.5.29.29", seq(&[&directory(&inter_name())]));
            w.inter_crl().revoke(&[3], vec![issuer]);
        });
        self.add("CRL: self-signed leaf without one", |w| {
            *w = World::of(vec![self_signed_leaf()]);
            w.revocation = true;
        });
        self.add("CRL: self-signed leaf with its own", |w| {
            *w = World::of(vec![self_signed_leaf()]);
            w.revocation = true;
            w.crls.push(CrlSpec::new(leaf_name(), &LEAF_KEY));
        });
        self.add("CRL: self-signed leaf revokes itself", |w| {
            *w = World::of(vec![self_signed_leaf()]);
            w.revocation = true;
            w.crls.push(CrlSpec::new(leaf_name(), &LEAF_KEY));
            w.crls[0].revoke(&[1], vec![]);
        });
    }

    fn crl_scopes(&mut self) {
        let idp = |parts: &[Vec<u8>]| critical(IDP, tlv(0x30, &parts.concat()));
        let here = || uri("http://here.test/crl");
        let there = || uri("http://there.test/crl");
        let full = |names: &[Vec<u8>]| wrap(0, &wrap(0, &names.concat()));
        let yes = |number: u8| context(number, &[0xff]);
        let scopes: Vec<(&str, Vec<Vec<u8>>)> = vec![
            ("empty", vec![]),
            ("users only", vec![yes(1)]),
            ("CAs only", vec![yes(2)]),
            ("attributes only", vec![yes(5)]),
            ("users and CAs only", vec![yes(1), yes(2)]),
            ("explicitly not only CAs", vec![context(2, &[0])]),
            ("indirect", vec![yes(4)]),
            ("some reasons", vec![context(3, &[1, 0x40])]),
            ("place", vec![full(&[here()])]),
            ("place and users", vec![full(&[here()]), yes(1)]),
        ];
        for (name, parts) in scopes {
            for (which, index) in [("intermediate", 1), ("root", 0)] {
                self.add(&format!("CRL scope: {name}, the {which}'s"), |w| {
                    w.crls()[index].extensions.push(idp(&parts));
                });
            }
            self.add(
                &format!("CRL scope: {name}, certificate points there"),
                |w| {
                    w.inter_crl().extensions.push(idp(&parts));
                    w.leaf().put(ext(CRL_POINTS, point(&[here()])));
                },
            );
            self.add(
                &format!("CRL scope: {name}, certificate points elsewhere"),
                |w| {
                    w.inter_crl().extensions.push(idp(&parts));
                    w.leaf().put(ext(CRL_POINTS, point(&[there()])));
                },
            );
        }
        self.add("CRL scope: malformed", |w| {
            w.inter_crl().extensions.push(critical(IDP, null()));
        });
        self.add("CRL scope: repeated", |w| {
            w.inter_crl().extensions.extend([idp(&[]), idp(&[])]);
        });
        self.add("CRL scope: not critical", |w| {
            w.inter_crl().extensions.push(ext(IDP, seq(&[&yes(2)])));
        });
        self.add("CRL scope: one of two places", |w| {
            w.inter_crl()
                .extensions
                .push(idp(&[full(&[there(), here()])]));
            w.leaf().put(ext(CRL_POINTS, point(&[here()])));
        });
        self.add("CRL scope: two points", |w| {
            w.inter_crl().extensions.push(idp(&[full(&[here()])]));
            let points = [
                point(&[there()])[2..].to_vec(),
                point(&[here()])[2..].to_vec(),
            ]
            .concat();
            w.leaf().put(ext(CRL_POINTS, tlv(0x30, &points)));
        });
        let relative = || wrap(1, &attribute(CN, UTF8, b"part"));
        self.add("CRL scope: both relative", |w| {
            w.inter_crl().extensions.push(idp(&[wrap(0, &relative())]));
            w.leaf()
                .put(ext(CRL_POINTS, seq(&[&seq(&[&wrap(0, &relative())])])));
        });
        self.add("CRL scope: relative and full", |w| {
            let o = set(&[&attribute(O, UTF8, b"pgtls tests")]);
            let cn = set(&[&attribute(CN, UTF8, b"Intermediate")]);
            let whole = seq(&[&o, &cn, &set(&[&attribute(CN, UTF8, b"part")])]);
            w.inter_crl().extensions.push(idp(&[wrap(0, &relative())]));
            w.leaf().put(ext(CRL_POINTS, point(&[directory(&whole)])));
        });
        self.add("CRL point: for some reasons only", |w| {
            w.crls();
            let parts = [&full(&[here()])[..], &context(1, &[1, 0x40])].concat();
            w.leaf().put(ext(CRL_POINTS, seq(&[&seq(&[&parts])])));
        });
        self.add("CRL point: two that share the reasons", |w| {
            w.crls();
            let a = seq(&[&full(&[here()]), &context(1, &[1, 0x7e])]);
            let b = seq(&[&full(&[there()]), &context(1, &[7, 0x01, 0x80])]);
            w.leaf().put(ext(CRL_POINTS, seq(&[&a, &b])));
        });
        self.add("CRL point: all reasons", |w| {
            w.crls();
            let parts = [&full(&[here()])[..], &context(1, &[7, 0xff, 0x80])].concat();
            w.leaf().put(ext(CRL_POINTS, seq(&[&seq(&[&parts])])));
        });
        self.add("CRL point: of another CRL issuer", |w| {
            w.crls();
            let issuer = wrap(2, &directory(&common_name("CRL issuer")));
            w.leaf()
                .put(ext(CRL_POINTS, seq(&[&seq(&[&full(&[here()]), &issuer])])));
        });
        self.add(
            "CRL point: of another CRL issuer, and a place in the CRL",
            |w| {
                w.inter_crl().extensions.push(idp(&[full(&[here()])]));
                let issuer = wrap(2, &directory(&common_name("CRL issuer")));
                w.leaf()
                    .put(ext(CRL_POINTS, seq(&[&seq(&[&full(&[here()]), &issuer])])));
            },
        );
        self.add("CRL point: neither place nor issuer", |w| {
            w.crls();
            w.leaf().put(ext(CRL_POINTS, seq(&[&seq(&[])])));
        });
        self.add("CRL point: malformed, and nothing is checked", |w| {
            w.leaf().put(ext(CRL_POINTS, null()));
        });
    }

    fn crl_choice(&mut self) {
        self.add("CRL choice: expired and valid", |w| {
            let mut old = w.inter_crl().clone();
            old.this_update = time(NOW - 60 * DAY);
            old.next_update = time(NOW - 30 * DAY);
            old.revoke(&[3], vec![]);
            w.crls().insert(0, old);
        });
        self.add("CRL choice: the newer one revokes", |w| {
            let mut newer = w.inter_crl().clone();
            newer.this_update = time(NOW - DAY);
            newer.revoke(&[3], vec![]);
            w.crls().push(newer);
        });
        self.add("CRL choice: the older one revokes", |w| {
            let mut older = w.inter_crl().clone();
            older.this_update = time(NOW - 16 * DAY);
            older.revoke(&[3], vec![]);
            w.crls().push(older);
        });
        self.add("CRL choice: two of one moment, the second revokes", |w| {
            let mut other = w.inter_crl().clone();
            other.revoke(&[3], vec![]);
            w.crls().push(other);
        });
        self.add("CRL choice: unknown critical and plain", |w| {
            let mut odd = w.inter_crl().clone();
            odd.this_update = time(NOW - DAY);
            odd.extensions.push(critical("1.2.3.4", null()));
            w.crls().push(odd);
        });
        self.add("CRL choice: out of scope and in scope", |w| {
            let mut odd = w.inter_crl().clone();
            odd.this_update = time(NOW - DAY);
            odd.extensions
                .push(critical(IDP, seq(&[&context(2, &[0xff])])));
            w.crls().push(odd);
        });
        self.add(
            "CRL choice: in scope but expired, out of scope but valid",
            |w| {
                let mut odd = w.inter_crl().clone();
                odd.extensions
                    .push(critical(IDP, seq(&[&context(2, &[0xff])])));
                w.inter_crl().next_update = time(NOW - DAY);
                w.crls().push(odd);
            },
        );
        self.add("CRL choice: spoiled newer and good older", |w| {
            let mut newer = w.inter_crl().clone();
            newer.this_update = time(NOW - DAY);
            newer.spoil = Spoil::Bit;
            w.crls().push(newer);
        });
        let delta = |crl: &CrlSpec| {
            let mut delta = crl.clone();
            delta.this_update = time(NOW - DAY);
            delta.extensions = vec![ext(CRL_NUMBER, int(&[2])), critical(DELTA, int(&[1]))];
            delta
        };
        self.add("CRL choice: delta that revokes beside its base", |w| {
            let mut delta = delta(w.inter_crl());
            delta.revoke(&[3], vec![]);
            w.crls().push(delta);
        });
        self.add("CRL choice: delta that frees beside its base", |w| {
            let mut delta = delta(w.inter_crl());
            delta.revoke(&[3], vec![ext(REASON, tlv(0x0a, &[8]))]);
            w.inter_crl().revoke(&[3], vec![]);
            w.crls().push(delta);
        });
        self.add("CRL choice: delta alone", |w| {
            let delta = delta(w.inter_crl());
            w.crls()[1] = delta;
        });
        self.add("CRL choice: delta alone, out of scope", |w| {
            let mut delta = delta(w.inter_crl());
            delta
                .extensions
                .push(critical(IDP, seq(&[&context(2, &[0xff])])));
            w.crls()[1] = delta;
        });
        self.add("CRL choice: delta alone, issuer may not sign CRLs", |w| {
            let delta = delta(w.inter_crl());
            w.crls()[1] = delta;
            w.inter().put(key_usage(CERT_SIGN));
        });
        self.add("CRL choice: malformed delta indicator", |w| {
            w.inter_crl().extensions.push(critical(DELTA, null()));
        });
        self.add(
            "CRL choice: self-issued intermediate's by the old key",
            |w| {
                // The root's new key is certified by its old one; CRLs still come from the old one.
                w.inter().subject = root_name();
                w.leaf().issuer = root_name();
                w.revocation = true;
                let mut crl = CrlSpec::new(root_name(), &ROOT_KEY);
                crl.extensions.push(aki(ROOT_ID));
                w.crls.push(crl);
            },
        );
        self.add("CRL choice: self-issued intermediate's by both keys", |w| {
            w.inter().subject = root_name();
            w.leaf().issuer = root_name();
            w.revocation = true;
            for (key, id) in [(&ROOT_KEY, ROOT_ID), (&INTER_KEY, INTER_ID)] {
                let mut crl = CrlSpec::new(root_name(), key);
                crl.extensions.push(aki(id));
                w.crls.push(crl);
            }
        });
    }
}

/// One that fits the key.
fn w_algorithm(key: &'static Key) -> Algorithm {
    if std::ptr::eq(key, &raw const ED25519) {
        ed25519()
    } else if std::ptr::eq(key, &raw const RSA_PSS) {
        pss_sha256()
    } else if std::ptr::eq(key, &raw const RSA_PSS_SHA384) {
        pss_sha384()
    } else if [&RSA_2048, &RSA_2047, &RSA_1963, &RSA_1962, &RSA_1024]
        .iter()
        .any(|rsa| std::ptr::eq(*rsa, key))
    {
        rsa_sha256()
    } else {
        ecdsa_sha256()
    }
}

fn name_of(host: &str) -> Vec<u8> {
    name(&[(O, "pgtls tests"), (CN, host)])
}

/// Distribution points: one with these names.
fn point(names: &[Vec<u8>]) -> Vec<u8> {
    seq(&[&seq(&[&wrap(0, &wrap(0, &names.concat()))])])
}

const SMTP_UTF8: &str = "1.3.6.1.5.5.7.8.9";

fn other_name(kind: &str, text: &[u8]) -> Vec<u8> {
    wrap(0, &[oid(kind), wrap(0, &tlv(UTF8, text))].concat())
}

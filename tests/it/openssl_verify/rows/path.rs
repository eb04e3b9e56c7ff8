//! Which way leads from the leaf to a root.

use super::*;

impl Rows {
    pub(super) fn path_building(&mut self) {
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
        self.add("path: bits of the issuer's key that do not count", |w| {
            const POINT: usize = 65;
            let unused = w.inter().spki.len() - POINT - 1;
            w.inter().spki[unused] = 7;
        });
        self.add("path: leaf's point is off its curve", |w| {
            let last = w.leaf().spki.len() - 1;
            w.leaf().spki[last] ^= 1;
        });
    }

    pub(super) fn key_identifiers(&mut self) {
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

    pub(super) fn names(&mut self) {
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

    pub(super) fn order_and_depth(&mut self) {
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
        rolled.chain[1]
            .extensions
            .extend([ski(b"new key"), aki(b"old key")]);
        rolled.chain[2].extensions.push(ski(b"old key"));
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
        let mut alone = World::of(vec![self_signed_leaf()]);
        alone.leaf().put(ext(BASIC_CONSTRAINTS, seq(&[&int(&[1])])));
        self.put("path length: self-signed leaf that is no CA", alone);
        self.add("path length: zero in a non-CA leaf", |w| {
            w.leaf().put(ext(BASIC_CONSTRAINTS, seq(&[&int(&[0])])));
        });
        self.add("path length: huge in a non-CA leaf", |w| {
            w.leaf()
                .put(ext(BASIC_CONSTRAINTS, seq(&[&int(&[0x7f; 9])])));
        });
    }
}

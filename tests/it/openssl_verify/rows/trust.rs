//! The contents of the root file.

use super::*;

impl Rows {
    pub(super) fn roots(&mut self) {
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

    pub(super) fn trust_settings(&mut self) {
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

    pub(super) fn shapes(&mut self) {
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
}

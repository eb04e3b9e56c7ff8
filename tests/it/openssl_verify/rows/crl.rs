//! Revocation.

use super::*;

impl Rows {
    pub(super) fn crls(&mut self) {
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

    pub(super) fn crl_scopes(&mut self) {
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

    pub(super) fn crl_choice(&mut self) {
        self.add("CRL choice: expired and valid", |w| {
            let mut old = w.inter_crl().clone();
            old.this_update = time(NOW - 60 * DAY);
            old.next_update = time(NOW - 30 * DAY);
            old.revoke(&[3], vec![]);
            w.crls().insert(0, old);
        });
        self.add("CRL choice: the newer one has expired", |w| {
            let mut newer = w.inter_crl().clone();
            newer.this_update = time(NOW - 2 * DAY);
            newer.next_update = time(NOW - DAY);
            w.crls().push(newer);
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

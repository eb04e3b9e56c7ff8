//! What a certificate may be used for.

use super::*;

impl Rows {
    pub(super) fn leaf_usage(&mut self) {
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

    pub(super) fn ca_usage(&mut self) {
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

    pub(super) fn critical_extensions(&mut self) {
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
}

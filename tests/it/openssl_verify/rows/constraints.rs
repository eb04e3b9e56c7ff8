//! Names that a CA may not use.

use super::*;

impl Rows {
    pub(super) fn dns_constraints(&mut self) {
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

    pub(super) fn other_constraints(&mut self) {
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
            (
                "URI with a query",
                uri("example.test"),
                uri("https://example.test?a=b"),
            ),
            (
                "URI with a port that is none",
                uri("example.test"),
                uri("https://example.test:x/"),
            ),
            (
                "URI with another host behind an at sign",
                uri("example.test"),
                uri("https://example.test/@example.org"),
            ),
            (
                "URI with a control character in its scheme",
                uri("example.test"),
                uri("ht\u{2}ps://example.test/"),
            ),
            (
                "URI with a digit as its scheme",
                uri("example.test"),
                uri("1://example.test/"),
            ),
            (
                "URI with a user behind a port that is none",
                uri("example.test"),
                uri("https://example.test:x/@example.test"),
            ),
            (
                "URI with another user behind a slash",
                uri("example.org"),
                uri("https://example.test/@example.org"),
            ),
            ("URI with brackets", uri("[::1]"), uri("https://[::1]/")),
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
        for (what, subject) in [
            ("self-issued intermediate is free of them", root_name()),
            ("other intermediate is not free of them", inter_name()),
        ] {
            self.add(&format!("constraints: {what}"), |w| {
                let others = name(&[(O, "Others")]);
                w.root().put(constraints(&[directory(&others)], &[]));
                w.inter().subject = subject.clone();
                w.leaf().issuer = subject;
                w.leaf().subject = others;
            });
        }
        self.add("constraints: too many to compare", |w| {
            let bases: Vec<Vec<u8>> = (0..1100).map(|n| dns(&format!("{n}.test"))).collect();
            let names: Vec<Vec<u8>> = (0..1100).map(|n| dns(&format!("{n}.test"))).collect();
            w.inter().put(constraints(&bases, &[]));
            w.leaf().put(san(&names));
        });
    }
}

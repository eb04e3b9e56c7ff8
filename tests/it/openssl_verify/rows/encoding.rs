//! Odd bytes, times, keys and digests.

use super::*;

impl Rows {
    pub(super) fn encodings(&mut self) {
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
        self.add("encoding: a key identifier in two pieces", |w| {
            let pieces = wrap(
                0,
                &[octets(&INTER_ID[..4]), octets(&INTER_ID[4..])].concat(),
            );
            w.leaf().put(ext(AKI, seq(&[&pieces])));
        });
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

    pub(super) fn times(&mut self) {
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

    pub(super) fn keys(&mut self) {
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
            // Whether an unsupported algorithm hides a bad signature does not depend on the rules.
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

    pub(super) fn digests(&mut self) {
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
            ("ECDSA P-384 with SHA-224", &P384, ecdsa_sha224()),
            ("ECDSA secp256k1 with SHA-512", &SECP256K1, ecdsa_sha512()),
            ("ECDSA P-384 with SHA-256", &P384, ecdsa_sha256()),
            ("ECDSA P-384 with SHA-512", &P384, ecdsa_sha512()),
            ("ECDSA P-521 with SHA-256", &P521, ecdsa_sha256()),
            ("ECDSA P-521 with SHA-224", &P521, ecdsa_sha224()),
        ] {
            self.put(&format!("digest: {name}"), with_ca_key(key, algorithm));
        }
        // Each tag, length and value in it counts, also those whose meaning is never asked for.
        for byte in 0..pss_sha256().der.len() {
            let mut algorithm = pss_sha256();
            algorithm.der[byte] ^= 1;
            self.put(
                &format!("digest: PSS with byte {byte} of its identifier changed"),
                with_ca_key(&RSA_2048, algorithm),
            );
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
}

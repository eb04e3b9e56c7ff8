//! Certificates and CRLs with a few bytes changed before they are signed: the signature is good, so
//! the verdict depends on how the odd bytes are read.

use super::corpus::Case;
use super::world::*;
use crate::support::certs::*;

/// The same chains in every run, unless `PGTLS_MUTANTS` asks for more and `PGTLS_MUTANT_SEED` for
/// others.
pub(crate) fn all() -> Vec<Case> {
    let number = |name: &str| std::env::var(name).ok().map(|value| value.parse().unwrap());
    let mut random = Random(number("PGTLS_MUTANT_SEED").unwrap_or(20_260_701));
    (0..number("PGTLS_MUTANTS").unwrap_or(500))
        .map(|number| {
            let mut world = World::good();
            rich(&mut world);
            let what = random.mutate(&mut world);
            (format!("mutant {number}: {what}"), world)
        })
        .collect()
}

/// Gives the good chain an extension of every kind, all harmless.
fn rich(world: &mut World) {
    world.leaf().put(san(&[
        dns("db.example.test"),
        ip(&[127, 0, 0, 1]),
        email("me@example.test"),
        uri("https://db.example.test/"),
        directory(&leaf_name()),
        wrap(0, &[oid("1.2.3"), wrap(0, &tlv(UTF8, b"other"))].concat()),
        context(8, &[0x2a, 3]),
    ]));
    let place = wrap(0, &wrap(0, &uri("http://db.example.test/crl")));
    world.leaf().put(ext(CRL_POINTS, seq(&[&seq(&[&place])])));
    world.leaf().put(ext(NETSCAPE, bits(6, &[0xc0])));
    world.leaf().put(ext("1.2.3.4", null()));
    world.inter().put(aki_issuer_serial(&root_name(), &[1]));
    world.inter().put(constraints(
        &[
            dns("example.test"),
            email("example.test"),
            uri(".example.test"),
        ],
        &[dns("example.org"), directory(&common_name("Nobody"))],
    ));
    world
        .inter_crl()
        .revoke(&[7], vec![ext(REASON, tlv(0x0a, &[1]))]);
    let scope = critical(IDP, seq(&[&place, &context(1, &[0xff])]));
    world.inter_crl().extensions.push(scope);
    world.inter_crl().extensions.push(aki(INTER_ID));
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        // Xorshift: any sequence will do, as long as it stays the same.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % limit
    }

    fn mutate(&mut self, world: &mut World) -> String {
        if self.below(5) == 0 {
            return self.mutate_crl(world.inter_crl());
        }
        let index = self.below(world.chain.len());
        let what = self.mutate_certificate(&mut world.chain[index]);
        format!("{what} of certificate {index}")
    }

    fn mutate_certificate(&mut self, cert: &mut Cert) -> String {
        let extensions = cert.extensions.len();
        match self.below(7 + extensions * 3) {
            0 => self.edit("version", &mut cert.version),
            1 => self.edit("serial", &mut cert.serial),
            2 => self.edit("issuer", &mut cert.issuer),
            3 => self.edit("notBefore", &mut cert.not_before),
            4 => self.edit("notAfter", &mut cert.not_after),
            5 => self.edit("subject", &mut cert.subject),
            6 => self.edit("key", &mut cert.spki),
            choice => {
                let extension = &mut cert.extensions[(choice - 7) % extensions];
                self.mutate_extension(extension)
            }
        }
    }

    fn mutate_crl(&mut self, crl: &mut CrlSpec) -> String {
        let extensions = crl.extensions.len();
        let what = match self.below(5 + extensions * 2) {
            0 => self.edit("this update", &mut crl.this_update),
            1 => self.edit("next update", &mut crl.next_update),
            2 => self.edit("revoked serial", &mut crl.revoked[0].0),
            3 => self.edit("revocation date", &mut crl.revoked[0].1),
            4 => self.mutate_extension(&mut crl.revoked[0].2[0]),
            choice => self.mutate_extension(&mut crl.extensions[(choice - 5) % extensions]),
        };
        format!("{what} of the CRL")
    }

    fn mutate_extension(&mut self, extension: &mut Extension) -> String {
        let name = extension.oid.clone();
        if self.below(10) == 0 {
            return self.edit(&format!("{name} critical"), &mut extension.critical);
        }
        self.edit(&name, &mut extension.value)
    }

    fn edit(&mut self, what: &str, bytes: &mut Vec<u8>) -> String {
        for _ in 0..=self.below(2) {
            let byte = match self.below(3) {
                0 => self.below(256) as u8,
                1 => [
                    0, 1, 2, 3, 4, 5, 6, 0x0c, 0x13, 0x30, 0x31, 0x7f, 0x80, 0x81, 0xa0, 0xff,
                ][self.below(16)],
                _ => self.below(16) as u8,
            };
            let at = self.below(bytes.len() + 1);
            match self.below(5) {
                0 => bytes.insert(at, byte),
                1 if at < bytes.len() => {
                    bytes.remove(at);
                }
                _ if at < bytes.len() => bytes[at] = byte,
                _ => bytes.push(byte),
            }
        }
        format!("{what} = {bytes:02x?}")
    }
}

//! Do the fuzzer's seeds, and every input that once broke something, go through?
//!
//! `fuzz/README.md` tells how to look for more.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[allow(unreachable_pub, reason = "a library of its own in fuzz/")]
#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::path::Path;

type Target = fn(&[u8]);

const TARGETS: &[(&str, Target)] = &[
    ("conninfo", targets::conninfo),
    ("service_file", targets::service_file),
    ("error_response", targets::error_response),
    ("chain", targets::chain),
    ("crl", targets::crl),
    ("trust_file", targets::trust_file),
    ("private_key", targets::private_key),
];

#[test]
fn every_seed_goes_through_its_target_whole_cut_and_damaged() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    for (name, target) in TARGETS {
        let mut count = 0;
        for entry in seeds.join(name).read_dir().unwrap() {
            let path = entry.unwrap().path();
            let seed = std::fs::read(&path).unwrap();
            println!("{}", path.display());
            target(&seed);
            target(&seed[..seed.len() / 2]);
            for place in (0..seed.len()).step_by(seed.len() / 16 + 1) {
                let mut damaged = seed.clone();
                damaged[place] ^= 0xff;
                target(&damaged);
            }
            count += 1;
        }
        assert!(count > 3, "{name} has {count} seeds");
    }
}

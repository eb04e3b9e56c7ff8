//! Do the fuzzer's seeds, and every input that once broke something, pass?
//!
//! `fuzz/README.md` explains how to find more.

use std::path::Path;

type Target = fn(&[u8]);

const TARGETS: &[(&str, Target)] = &[
    ("conninfo", pgtls_fuzz::conninfo),
    ("service_file", pgtls_fuzz::service_file),
    ("error_response", pgtls_fuzz::error_response),
    ("wire", pgtls_fuzz::wire),
    ("chain", pgtls_fuzz::chain),
    ("crl", pgtls_fuzz::crl),
    ("trust_file", pgtls_fuzz::trust_file),
    ("private_key", pgtls_fuzz::private_key),
    ("scan", pgtls_fuzz::scan),
    ("conversation", pgtls_fuzz::conversation),
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

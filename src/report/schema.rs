//! `schema.json`, the JSON Schema of the report, is made from its types, and committed.

use std::path::Path;

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::{Report, sample};

/// With `PGTLS_UPDATE_SCHEMA` set the file is written instead of compared.
#[test]
fn the_committed_schema_is_that_of_the_types() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/schema.json");
    let text = format!("{:#}\n", schema());
    if std::env::var_os("PGTLS_UPDATE_SCHEMA").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == text,
        "schema.json is not current; run: PGTLS_UPDATE_SCHEMA=1 cargo test schema"
    );
}

#[test]
fn reports_validate_against_the_schema() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let document = serde_json::to_value(sample::report()).unwrap();
    let faults: Vec<String> = validator
        .iter_errors(&document)
        .map(|error| error.to_string())
        .collect();
    assert!(faults.is_empty(), "{faults:?}");
}

#[test]
fn the_schema_refuses_what_is_no_report() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let mut document = serde_json::to_value(sample::report()).unwrap();
    for (pointer, wrong) in [
        ("/verdict", Value::from("maybe")),
        ("/exit_code", Value::from("0")),
        ("/endpoints/0/findings", Value::Null),
        ("/endpoints/0/tls/bits", Value::from("256")),
    ] {
        let right = std::mem::replace(document.pointer_mut(pointer).unwrap(), wrong);
        assert!(!validator.is_valid(&document), "{pointer}");
        *document.pointer_mut(pointer).unwrap() = right;
    }
}

/// What is written, not what might be read: a field that is always there is required.
fn schema() -> Value {
    let generator = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator();
    generator.into_root_schema_for::<Report>().to_value()
}

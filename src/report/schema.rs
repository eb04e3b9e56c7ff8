//! `schema.json`, the JSON Schema of the report, is generated from its types and committed.

use std::path::Path;

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::Report;

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

/// The schema of what is written, not of what could be read: a field that is always present is
/// required.
fn schema() -> Value {
    let generator = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator();
    generator.into_root_schema_for::<Report>().to_value()
}

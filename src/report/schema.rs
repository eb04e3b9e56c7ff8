//! `schema.json`, the JSON Schema of the report, `scan_schema.json`, that of a scan, and `trace_schema.json`, that of a
//! trace, are generated from their types and committed.

use std::path::Path;

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::{Report, ScanReport, TraceReport};

/// With `PGTLS_UPDATE_SCHEMA` set the file is written instead of compared.
#[test]
fn the_committed_schemas_are_those_of_the_types() {
    compare("src/report/schema.json", &schema::<Report>());
    compare("src/report/scan_schema.json", &schema::<ScanReport>());
    compare("src/report/trace_schema.json", &schema::<TraceReport>());
}

/// Fails unless the file below the package's directory contains this schema.
pub(crate) fn compare(name: &str, schema: &Value) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let text = format!("{schema:#}\n");
    if std::env::var_os("PGTLS_UPDATE_SCHEMA").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == text,
        "{name} is not current; run: PGTLS_UPDATE_SCHEMA=1 cargo test schema"
    );
}

/// The schema of what is written, not of what could be read: a field that is always present is
/// required.
pub(crate) fn schema<T: schemars::JsonSchema>() -> Value {
    let generator = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator();
    generator.into_root_schema_for::<T>().to_value()
}

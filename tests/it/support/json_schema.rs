//! JSON Schema, checked by Python's `jsonschema`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::fed::fed;
use super::tool::Tool;

/// A schema, and an independent validator.
pub(crate) struct Schema {
    file: PathBuf,
    modules: OsString,
}

impl Schema {
    /// The schema of pgtls' own reports; `None`, with a visible line, if the validator is missing.
    pub(crate) fn of_reports() -> Option<Self> {
        Self::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/schema.json"))
    }

    /// The schema of `pgtls diff --format json`.
    pub(crate) fn of_comparisons() -> Option<Self> {
        Self::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/diff/schema.json"))
    }

    /// The schema in a file.
    pub(crate) fn read(file: PathBuf) -> Option<Self> {
        let modules = Tool::JsonSchema.find()?;
        Some(Self { file, modules })
    }

    /// What is wrong with the document, one fault per line.
    pub(crate) fn complaints(&self, document: &Value) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/json_schema.py");
        let mut python = Command::new("python3");
        python
            .arg(script)
            .arg(&self.file)
            .env("PYTHONPATH", &self.modules);
        let output = fed(&mut python, format!("{document}\n")).unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Fails unless the document follows the schema.
    pub(crate) fn accept(&self, document: &Value) {
        let complaints = self.complaints(document);
        assert!(complaints.is_empty(), "{complaints}{document:#}");
    }
}

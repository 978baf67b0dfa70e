//! The JSON Schema in the tree is the one that the types say.

use ipcmark_record::{JSON_SCHEMA, generated_schema};
use std::path::Path;

#[test]
fn the_committed_schema_is_the_generated_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/record-v1.json");
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, generated_schema()).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == generated_schema(),
        "schema/record-v1.json is not what the types say. When the change is meant, and records written before it can \
         still be read, write it again: UPDATE_SCHEMA=1 cargo test -p ipcmark-record schema"
    );
}

#[test]
fn the_schema_demands_what_a_reader_cannot_do_without() {
    let schema: serde_json::Value = serde_json::from_str(JSON_SCHEMA).unwrap();
    let required: Vec<&str> =
        schema["required"].as_array().unwrap().iter().map(|r| r.as_str().unwrap()).collect();
    for field in
        ["schema", "tool", "started", "outcome", "settings", "suite", "host", "harness", "cells"]
    {
        assert!(required.contains(&field), "{field}");
    }
    assert!(!required.contains(&"finished"), "a killed run has no end");
}

//! The JSON Schema of a record, generated from the types.

use crate::Record;

/// The schema as it is committed in `schema/record-v1.json`; a test keeps the two equal.
#[must_use]
pub fn json_schema() -> String {
    let schema = schemars::schema_for!(Record);
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is plain JSON");
    text.push('\n');
    text
}

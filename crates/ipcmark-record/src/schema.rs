//! The JSON Schema of a record.

/// The schema as it is committed; a test keeps it equal to what the types say.
pub const JSON_SCHEMA: &str = include_str!("../schema/record-v1.json");

/// Generates the schema from the types.
#[cfg(feature = "schema")]
#[must_use]
pub fn generated_schema() -> String {
    let schema = schemars::schema_for!(crate::Record);
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is plain JSON");
    text.push('\n');
    text
}

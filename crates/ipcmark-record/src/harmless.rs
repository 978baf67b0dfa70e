//! Text of documents, made harmless where it is read.
//!
//! A document may come from anyone. Its text is printed on terminals and in the logs of CI jobs, which obey escape sequences
//! and lines that begin with `::`. So characters that control become visible ones before anything else sees them.

use crate::once::Once;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Parses JSON whose text holds no control characters afterwards.
///
/// # Errors
/// As [`serde_json::from_slice`].
pub fn from_slice<T: DeserializeOwned>(json: &[u8]) -> serde_json::Result<T> {
    let Once(mut value) = serde_json::from_slice(json)?;
    clean(&mut value, "");
    serde_json::from_value(value)
}

/// Makes all texts of a value harmless. Only `prose`, which is Markdown, keeps its lines.
pub(crate) fn clean(value: &mut Value, key: &str) {
    match value {
        Value::String(text) if is_harmful(text, key) => *text = visible(text, key),
        Value::Array(values) => values.iter_mut().for_each(|value| clean(value, key)),
        Value::Object(fields) => fields.iter_mut().for_each(|(key, value)| clean(value, key)),
        _ => {}
    }
}

fn is_harmful(text: &str, key: &str) -> bool {
    text.starts_with("::") || text.chars().any(|c| controls(c, key))
}

fn controls(c: char, key: &str) -> bool {
    c.is_control() && !(c == '\n' && key == "prose")
}

fn visible(text: &str, key: &str) -> String {
    let shown = |c: char| match u32::from(c) {
        // The pictures of the control characters are in the same order.
        code @ 0..0x20 => char::from_u32(0x2400 + code).unwrap_or('\u{fffd}'),
        0x7f => '\u{2421}',
        _ => '\u{fffd}',
    };
    let text: String = text.chars().map(|c| if controls(c, key) { shown(c) } else { c }).collect();
    text.strip_prefix("::").map(|rest| format!("\u{2237}{rest}")).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// reliability 10
    #[test]
    fn nothing_of_a_document_controls_a_terminal_or_a_log() {
        let text = json!({
            "transport": "a\r::error::b", "kernel": "\u{1b}[2J\u{9b}1m\u{7f}", "suite": { "prose": "one\ntwo", "name": "x\ny" },
            "list": ["::error::c", "a::b"], "number": 1.5,
        });
        let read: Value = from_slice(text.to_string().as_bytes()).unwrap();
        let safe = json!({
            "transport": "a\u{240d}::error::b", "kernel": "\u{241b}[2J\u{fffd}1m\u{2421}",
            "suite": { "prose": "one\ntwo", "name": "x\u{240a}y" },
            "list": ["\u{2237}error::c", "a::b"], "number": 1.5,
        });
        assert_eq!(read, safe);
    }
}

//! Reads TOML through serde. Each error names file, line, column and key, what was expected, and the
//! nearest known word.

use crate::{Error, Result, nearest};
use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};

/// Reads a document; `file` is its name in errors.
///
/// # Errors
/// [`Error::Wrong`]: text that is not TOML, unknown or missing keys, values that `T` refuses.
pub fn read_toml<T: DeserializeOwned>(text: &str, file: &str) -> Result<T> {
    if let Err(error) = DeTable::parse(text) {
        let at = error.span().unwrap_or(0..0).start;
        return Err(wrong(text, file, at, None, format!("not TOML: {}", error.message())));
    }
    toml::from_str(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        let (key, what) = match error.message().strip_prefix("missing field `") {
            Some(field) => {
                let field = field.trim_end_matches('`');
                let key = format!("{}{field}", table_at(text, span.start));
                (Some(key), "missing; it is required here".into())
            }
            None => (key_at(text, span.start), in_words(error.message())),
        };
        // Of a list serde knows the place of the whole: the wrong word is quoted.
        let word = what.strip_prefix('\'').and_then(|rest| rest.split_once("':"));
        let inside = word.and_then(|(word, _)| {
            let list = text.get(span.clone())?;
            list.find(&format!("\"{word}\"")).or_else(|| list.find(word))
        });
        wrong(text, file, span.start + inside.unwrap_or(0), key, what)
    })
}

/// Returns an error at a byte of a text.
#[must_use]
pub fn wrong(text: &str, file: &str, at: usize, key: Option<String>, what: String) -> Error {
    let (line, column) = line_and_column(text, at);
    Error::Wrong { file: file.into(), line, column, key, what }
}

/// Returns line and column of a byte, both from 1.
#[must_use]
pub fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// Returns the table that begins at a byte, or the last before it: `[defaults] `, `group "thin": `.
#[must_use]
pub fn table_at(text: &str, at: usize) -> String {
    last(text, at, true).unwrap_or_default()
}

/// Returns the key at a byte, or the last before it, with its table: `group "thin": sizes`.
fn key_at(text: &str, at: usize) -> Option<String> {
    last(text, at, false).filter(|key| !key.is_empty())
}

fn last(text: &str, at: usize, tables: bool) -> Option<String> {
    let document = DeTable::parse(text).ok()?;
    let mut keys = Vec::new();
    collect(document.get_ref(), "", &mut keys);
    let before =
        keys.into_iter().filter(|(start, is_table, _)| *start <= at && is_table == &tables);
    before.max_by_key(|(start, ..)| *start).map(|(.., name)| name)
}

/// Lists all keys and tables with their place.
fn collect(table: &DeTable<'_>, prefix: &str, keys: &mut Vec<(usize, bool, String)>) {
    for (key, value) in table {
        let name = key.get_ref();
        keys.push((key.span().start, false, format!("{prefix}{name}")));
        let mut inner = |at: usize, prefix: String, table: &DeTable<'_>| {
            collect(table, &prefix, keys);
            keys.push((at, true, prefix));
        };
        match value.get_ref() {
            DeValue::Table(table) => inner(value.span().start, format!("[{name}] "), table),
            DeValue::Array(entries) => {
                for (index, entry) in entries.iter().enumerate() {
                    let Some(table) = entry.get_ref().as_table() else { continue };
                    let own = table.get("name").and_then(|name| name.get_ref().as_str());
                    let number = index + 1;
                    let prefix = own.map_or_else(
                        || format!("{name} {number}: "),
                        |own| format!("{name} \"{own}\": "),
                    );
                    inner(entry.span().start, prefix, table);
                }
            }
            _ => {}
        }
    }
}

/// Says what serde says, with the nearest known word.
fn in_words(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let Some(word) = quoted.next().filter(|_| message.starts_with("unknown")) else {
        return message.replace("expected a string", "expected text in quotes");
    };
    let known: Vec<&str> = quoted.collect();
    let near = nearest(word, known.iter().copied());
    let near = near.map(|near| format!("did you mean '{near}'? ")).unwrap_or_default();
    let kind = if message.starts_with("unknown field") { "key" } else { "word" };
    format!("unknown {kind}; {near}known here: {}", known.join(", "))
}

//! Comma-separated values (RFC 4180): a header, then a row a line; empty where there is nothing.
//!
//! Spreadsheets take a cell for a formula by its first character, whatever the quotes. A document's text may come from anyone, so
//! such a text gets an apostrophe in front; numbers stay numbers.

use crate::table::{Table, Value};

/// Rows that readers look at for the types of columns: polars' default, the fewest.
const LOOKED_AT: usize = 100;

pub(crate) fn csv(table: &Table) -> Vec<u8> {
    const INTO_MEMORY: &str = "writing into memory";
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&table.names).expect(INTO_MEMORY);
    for row in typed_first(&table.rows) {
        writer.write_record(row.iter().map(text)).expect(INTO_MEMORY);
    }
    writer.into_inner().expect(INTO_MEMORY)
}

/// Returns all rows; of many, first those that fill a column which is empty so far. Readers take the
/// type of a column from its first rows, and one that is empty there for text.
fn typed_first(rows: &[Vec<Value>]) -> Vec<&Vec<Value>> {
    if rows.len() <= LOOKED_AT {
        return rows.iter().collect();
    }
    let mut filled = vec![false; rows[0].len()];
    let (first, rest): (Vec<_>, Vec<_>) = rows.iter().partition(|row| {
        let mut is_new = false;
        for (filled, value) in filled.iter_mut().zip(row.iter()) {
            is_new |= !*filled && !text(value).is_empty();
            *filled |= !text(value).is_empty();
        }
        is_new
    });
    first.into_iter().chain(rest).collect()
}

/// Numbers as short as they can be and still be read back as the same. One that may have a fraction has
/// a point always: readers take the type of a column from its first rows. Flags in capitals, which R
/// too reads as such.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.as_deref().map(no_formula).unwrap_or_default(),
        Value::Count(count) => count.map(|n| n.to_string()).unwrap_or_default(),
        Value::Number(number) => number.map(|n| format!("{n:?}")).unwrap_or_default(),
        Value::Flag(flag) => flag.map(|yes| yes.to_string().to_uppercase()).unwrap_or_default(),
        Value::Time(time) => time.map(|time| time.to_string()).unwrap_or_default(),
    }
}

/// Returns a text that no spreadsheet takes for a formula.
fn no_formula(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{number, text as words};

    /// reliability 10
    #[test]
    fn a_text_is_no_formula_and_a_number_is_a_number() {
        let harmful = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"];
        let harmless = ["a=b", "", "1", " =x", "64 B"];
        let rows = harmful.iter().chain(&harmless);
        let rows = rows.map(|word| vec![words(Some(word)), number(-1.5)]).collect();
        let table = Table { names: vec!["=name", "value"], rows };
        let bytes = csv(&table);
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&bytes[..]);
        let read: Vec<_> = reader.records().skip(1).map(Result::unwrap).collect();
        for (row, word) in read.iter().zip(harmful) {
            assert_eq!((&row[0], &row[1]), (&*format!("'{word}"), "-1.5"));
        }
        let rest: Vec<_> = read[harmful.len()..].iter().map(|row| row[0].to_owned()).collect();
        assert_eq!(rest, harmless);
    }
}

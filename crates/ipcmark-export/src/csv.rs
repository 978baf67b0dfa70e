//! Comma-separated values (RFC 4180): a header, then a row a line; empty where there is nothing.

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
fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone().unwrap_or_default(),
        Value::Count(count) => count.map(|n| n.to_string()).unwrap_or_default(),
        Value::Number(number) => number.map(|n| format!("{n:?}")).unwrap_or_default(),
        Value::Flag(flag) => flag.map(|yes| yes.to_string().to_uppercase()).unwrap_or_default(),
        Value::Time(time) => time.map(|time| time.to_string()).unwrap_or_default(),
    }
}

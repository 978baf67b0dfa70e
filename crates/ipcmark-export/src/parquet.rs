//! Parquet: the columns of the CSV with their types, for collections of many runs.
//!
//! Columns by the writer's own low-level calls: its Arrow half would double the build for a table of this size.

use crate::table::{Table, Value};
use crate::{Error, Result};
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};
use std::io::Write;
use std::sync::Arc;

pub(crate) fn parquet(table: &Table) -> Result<Vec<u8>> {
    write(table).map_err(failed)
}

fn failed(error: ParquetError) -> Error {
    Error::Parquet(error.to_string())
}

fn write(table: &Table) -> parquet::errors::Result<Vec<u8>> {
    let mut file = begin(Vec::new(), table)?;
    put_group(&mut file, table)?;
    file.into_inner()
}

/// A file that gets several tables with the same columns, one after another.
pub(crate) enum Groups<W: Write + Send> {
    /// Nothing is known of the columns.
    Empty(Option<W>),
    Begun(SerializedFileWriter<W>),
}

impl<W: Write + Send> Groups<W> {
    pub(crate) fn new(out: W) -> Groups<W> {
        Groups::Empty(Some(out))
    }

    pub(crate) fn add(&mut self, table: &Table) -> Result<()> {
        if let Groups::Empty(out) = self
            && let Some(out) = out.take()
        {
            *self = Groups::Begun(begin(out, table).map_err(failed)?);
        }
        match self {
            Groups::Begun(file) => put_group(file, table).map_err(failed),
            Groups::Empty(_) => Ok(()),
        }
    }

    pub(crate) fn finish(self) -> Result<()> {
        match self {
            Groups::Begun(file) => file.close().map(drop).map_err(failed),
            Groups::Empty(_) => Ok(()),
        }
    }
}

fn begin<W: Write + Send>(
    out: W,
    table: &Table,
) -> parquet::errors::Result<SerializedFileWriter<W>> {
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    SerializedFileWriter::new(out, schema(table)?, Arc::new(properties))
}

fn put_group<W: Write + Send>(
    file: &mut SerializedFileWriter<W>,
    table: &Table,
) -> parquet::errors::Result<()> {
    let mut group = file.next_row_group()?;
    for at in 0..table.names.len() {
        let column = || table.rows.iter().map(move |row| &row[at]);
        match table.rows.first().map(|row| &row[at]) {
            Some(Value::Text(_)) => {
                put::<ByteArrayType, _>(&mut group, column(), |value| match value {
                    Value::Text(text) => text.as_deref().map(ByteArray::from),
                    _ => None,
                })?
            }
            Some(Value::Count(_)) => {
                put::<Int64Type, _>(&mut group, column(), |value| match value {
                    Value::Count(count) => count.and_then(|n| i64::try_from(n).ok()),
                    _ => None,
                })?
            }
            Some(Value::Number(_)) => {
                put::<DoubleType, _>(&mut group, column(), |value| match value {
                    Value::Number(number) => *number,
                    _ => None,
                })?
            }
            Some(Value::Time(_)) => {
                put::<Int64Type, _>(&mut group, column(), |value| match value {
                    Value::Time(time) => time.map(|time| time.as_microsecond()),
                    _ => None,
                })?
            }
            Some(Value::Flag(_)) => {
                put::<BoolType, _>(&mut group, column(), |value| match value {
                    Value::Flag(flag) => *flag,
                    _ => None,
                })?
            }
            None => {}
        }
    }
    group.close().map(drop)
}

/// Writes the next column: the values that there are, and for each row whether it has one.
fn put<'v, T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    column: impl Iterator<Item = &'v Value>,
    get: impl Fn(&Value) -> Option<T::T>,
) -> parquet::errors::Result<()> {
    let all: Vec<Option<T::T>> = column.map(get).collect();
    let there: Vec<i16> = all.iter().map(|value| i16::from(value.is_some())).collect();
    let values: Vec<T::T> = all.into_iter().flatten().collect();
    let mut writer = group.next_column()?.expect("the schema has a column for each");
    writer.typed::<T>().write_batch(&values, Some(&there), None)?;
    writer.close()
}

/// Returns the schema: every column is optional; counts are INT64, so that SQL can subtract them.
fn schema(table: &Table) -> parquet::errors::Result<TypePtr> {
    let kinds = table.rows.first().into_iter().flatten();
    let fields = table.names.iter().zip(kinds).map(|(name, value)| {
        let (physical, logical) = match value {
            Value::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Value::Count(_) => (Physical::INT64, None),
            Value::Number(_) => (Physical::DOUBLE, None),
            Value::Flag(_) => (Physical::BOOLEAN, None),
            Value::Time(_) => {
                (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS)))
            }
        };
        let builder = Type::primitive_type_builder(name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical);
        builder.build().map(Arc::new)
    });
    let fields = fields.collect::<parquet::errors::Result<Vec<_>>>()?;
    Type::group_type_builder("ipcmark").with_fields(fields).build().map(Arc::new)
}

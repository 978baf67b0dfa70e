//! A table of typed columns: what CSV and Parquet are two spellings of.

/// One value; `None` where a row has none.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Text(Option<String>),
    Count(Option<u64>),
    /// Never NaN, never infinite: see [`number`].
    Number(Option<f64>),
    Flag(Option<bool>),
    Time(Option<jiff::Timestamp>),
}

/// Rows, and what their columns are called; every row has a value of the same kind in a column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Table {
    pub(crate) names: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<Value>>,
}

/// Returns a number, if it is finite.
pub(crate) fn number(value: impl Into<Option<f64>>) -> Value {
    Value::Number(value.into().filter(|value| value.is_finite()))
}

pub(crate) fn count(value: impl Into<Option<u64>>) -> Value {
    Value::Count(value.into())
}

pub(crate) fn flag(value: impl Into<Option<bool>>) -> Value {
    Value::Flag(value.into())
}

/// Returns a moment, if the text is one (RFC 3339).
pub(crate) fn time(text: &str) -> Value {
    Value::Time(text.parse().ok())
}

pub(crate) fn text(value: Option<&str>) -> Value {
    Value::Text(value.map(str::to_owned))
}

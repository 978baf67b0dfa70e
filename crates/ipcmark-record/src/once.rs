//! JSON in which each field of an object occurs once.
//!
//! Of a field that occurs twice, readers may take the first or the last: one document would say two things.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// A value without doubled fields.
pub(crate) struct Once(pub(crate) Value);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Once, D::Error> {
        deserializer.deserialize_any(Values).map(Once)
    }
}

struct Values;

impl<'de> Visitor<'de> for Values {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Once(value)) = items.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut values = Map::new();
        while let Some((name, Once(value))) = fields.next_entry::<String, Once>()? {
            if values.contains_key(&name) {
                return Err(A::Error::custom(format_args!("the field {name:?} occurs twice")));
            }
            values.insert(name, value);
        }
        Ok(Value::Object(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// reliability 14
    #[test]
    fn a_doubled_field_is_refused_with_its_place_and_the_rest_is_read_as_ever() {
        let read = |text: &str| serde_json::from_str(text).map(|Once(value)| value);
        for text in [
            r#"{"a": [1, -2, 1.5, 1e300, true, null, "x\n"], "b": {"a": {}, "c": []}}"#,
            "18446744073709551615",
            "[]",
            "\"\"",
        ] {
            assert_eq!(read(text).unwrap(), serde_json::from_str::<Value>(text).unwrap());
        }
        let said = read("{\"b\": [{\"a\": 1,\n\"a\": 2}]}").unwrap_err().to_string();
        assert!(said.contains("\"a\" occurs twice at line 2"), "{said}");
        for broken in ["{", "{\"a\"}", "[1,]", "nul", "{\"a\": 1} 2"] {
            assert!(read(broken).is_err(), "{broken}");
        }
    }
}

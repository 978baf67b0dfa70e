//! A word for each variant of an enum: how it is written, and how it is read back.

/// Writes an enum with `ALL` and `name` as its word: `Display`, `FromStr` and serde. An unknown
/// word is refused with the known ones.
macro_rules! word {
    ($type:ident, $what:literal) => {
        word!(@text $type, $what);
        word!(@serde $type);
    };
    (@serde $type:ident) => {
        word!(@serialize $type);

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let word = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                word.parse().map_err(serde::de::Error::custom)
            }
        }
    };
    (@text $type:ident, $what:literal) => {
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl std::str::FromStr for $type {
            type Err = String;

            fn from_str(word: &str) -> Result<Self, String> {
                $type::ALL.into_iter().find(|known| known.name() == word).ok_or_else(|| {
                    let known: Vec<_> = $type::ALL.iter().map(|known| known.name()).collect();
                    format!("unknown {} '{word}'; known: {}", $what, known.join(", "))
                })
            }
        }
    };
    (@serialize $type:ident) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                String::json_schema(generator)
            }
        }
    };
}

pub(crate) use word;

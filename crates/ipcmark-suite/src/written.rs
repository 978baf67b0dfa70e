//! A suite as its file has it.

use crate::reader::{line_and_column, read_toml, table_at, wrong};
use crate::selector::Place;
use crate::{
    DEPTHS, Defaults, Group, IDLE, LoadAxes, PEERS, RATES, Result, Selector, Suite, WordError,
    parse_arrivals, parse_capacity, parse_counts, parse_duration, parse_gaps_us, parse_mix,
    parse_share, parse_sizes, parse_spin_budgets,
};
use ipcmark_words::{Arrivals, Input, Mix, Neighbours, Placement, SpinBudget, WhenFull, Workload};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::fmt::Display;
use std::ops::RangeInclusive;
use toml::{Spanned, Value};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(deserialize_with = "name")]
    name: String,
    #[serde(deserialize_with = "prose")]
    title: String,
    #[serde(deserialize_with = "prose")]
    prose: String,
    #[serde(default)]
    defaults: Defaults,
    #[serde(default)]
    group: Vec<Spanned<WrittenGroup>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenGroup {
    #[serde(deserialize_with = "name")]
    name: String,
    #[serde(deserialize_with = "prose")]
    prose: String,
    #[serde(deserialize_with = "globs")]
    transports: Vec<Spanned<String>>,
    #[serde(default, deserialize_with = "patterns")]
    patterns: Vec<Workload>,
    #[serde(default, deserialize_with = "sizes")]
    sizes: Vec<usize>,
    #[serde(default, deserialize_with = "mix")]
    mix: Option<Mix>,
    #[serde(deserialize_with = "placements")]
    placements: Vec<Placement>,
    #[serde(default, deserialize_with = "some_capacity")]
    capacity: Option<Option<usize>>,
    #[serde(default, deserialize_with = "peers")]
    peers: Vec<u32>,
    #[serde(default, deserialize_with = "idle")]
    idle: Vec<u32>,
    #[serde(default, deserialize_with = "depths")]
    depths: Vec<u32>,
    #[serde(default, deserialize_with = "rates")]
    rates: Vec<u32>,
    #[serde(default, deserialize_with = "gaps")]
    gaps: Vec<u32>,
    #[serde(default, deserialize_with = "spin_budgets")]
    spin_budgets: Vec<SpinBudget>,
    #[serde(default)]
    neighbours: Option<Neighbours>,
    #[serde(default, deserialize_with = "arrivals")]
    arrivals: Vec<Arrivals>,
    #[serde(default, deserialize_with = "inputs")]
    inputs: Vec<Input>,
    #[serde(default, rename = "when-full", deserialize_with = "when_full")]
    when_full: Vec<WhenFull>,
}

/// Parses a suite; `file` is its name in errors.
pub(crate) fn read(text: &str, file: &str) -> Result<Suite> {
    let Written { name, title, prose, defaults, group } = read_toml(text, file)?;
    let mut groups: Vec<Group> = Vec::new();
    for written in group {
        let at = written.span().start;
        let fault = |key: &str, what: String| {
            Err(wrong(text, file, at, Some(format!("{}{key}", table_at(text, at))), what))
        };
        let mut written = written.into_inner();
        if written.patterns.is_empty() {
            written.patterns = vec![Workload::PingPong, Workload::Stream];
        }
        let none = written.sizes.is_empty() && written.mix.is_none();
        if none && written.patterns != [Workload::WAKE_UP] {
            return fault("sizes", "missing; it is required here".into());
        }
        if groups.iter().any(|group| group.name == written.name) {
            return fault("name", format!("there are two groups of the name '{}'", written.name));
        }
        let selector = |glob: Spanned<String>| {
            let (line, column) = line_and_column(text, glob.span().start);
            let place = Place { file: file.into(), line, column };
            let key = || Some(format!("{}transports", table_at(text, at)));
            Selector::parse(glob.get_ref())
                .map(|selector| selector.found_at(place))
                .map_err(|e| wrong(text, file, glob.span().start, key(), e.to_string()))
        };
        let WrittenGroup { name, prose, transports, patterns, sizes, mix, placements, .. } =
            written;
        groups.push(Group {
            name,
            prose,
            transports: transports.into_iter().map(selector).collect::<Result<_>>()?,
            patterns,
            sizes,
            mix,
            placements,
            load: LoadAxes {
                peers: written.peers,
                idle: written.idle,
                depths: written.depths,
                rates: written.rates,
                gaps_us: written.gaps,
                arrivals: written.arrivals,
                inputs: written.inputs,
                when_full: written.when_full,
            },
            capacity: written.capacity.unwrap_or(defaults.capacity),
            spin_budgets: written.spin_budgets,
            neighbours: written.neighbours,
        });
    }
    if groups.is_empty() {
        let what =
            "expected at least one [[group]] with name, prose, transports, sizes and placements";
        return Err(wrong(text, file, 0, Some("group".into()), what.into()));
    }
    Ok(Suite { name, title, prose, defaults, groups })
}

/// Makes a function that serde calls for a field.
macro_rules! fields {
    ($($name:ident: $type:ty = $read:ident($with:expr);)*) => {$(
        pub(crate) fn $name<'de, D: Deserializer<'de>>(
            from: D,
        ) -> std::result::Result<$type, D::Error> {
            $read(from, $with)
        }
    )*};
}

fields! {
    name: String = one(folder_name);
    prose: String = one(text);
    share: f64 = one(parse_share);
    some_share: Option<f64> = some(parse_share);
    duration: std::time::Duration = one(parse_duration);
    some_duration: Option<std::time::Duration> = some(parse_duration);
    capacity: Option<usize> = one(parse_capacity);
    some_capacity: Option<Option<usize>> = some(parse_capacity);
    patterns: Vec<Workload> = list(|word| known(word, &Workload::ALL, Workload::name));
    sizes: Vec<usize> = list(parse_sizes);
    gaps: Vec<u32> = list(parse_gaps_us);
    spin_budgets: Vec<SpinBudget> = list(parse_spin_budgets);
    placements: Vec<Placement> = list(|word| known(word, &Placement::ALL, Placement::name));
    arrivals: Vec<Arrivals> = list(|word| parse_arrivals(word).map(|arrivals| vec![arrivals]));
    when_full: Vec<WhenFull> = list(|word| known(word, &WhenFull::ALL, WhenFull::name));
    inputs: Vec<Input> = list(|word| known(word, &Input::ALL, Input::name));
    peers: Vec<u32> = counts(("peers", &PEERS));
    idle: Vec<u32> = counts(("idle", &IDLE));
    depths: Vec<u32> = counts(("depths", &DEPTHS));
    rates: Vec<u32> = counts(("rates", &RATES));
}

/// Reads a mix of sizes: `["64:90", "4KiB:9"]`.
fn mix<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Option<Mix>, D::Error> {
    let words = list(from, |word| Ok::<_, String>(vec![word.to_owned()]))?;
    parse_mix(&words.join(",")).map(Some).map_err(D::Error::custom)
}

/// Reads a number of rounds.
pub(crate) fn rounds<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<u32, D::Error> {
    match Value::deserialize(from)?.as_integer() {
        Some(rounds @ 1..=10_000) => Ok(rounds as u32),
        _ => Err(D::Error::custom("expected a whole number from 1 to 10000")),
    }
}

/// Reads globs with their places.
fn globs<'de, D: Deserializer<'de>>(
    from: D,
) -> std::result::Result<Vec<Spanned<String>>, D::Error> {
    let globs = Vec::deserialize(from)?;
    if globs.is_empty() { Err(D::Error::custom(LIST)) } else { Ok(globs) }
}

const LIST: &str = "expected a list of words: [\"...\", \"...\"]";

fn one<'de, D: Deserializer<'de>, T, E: Display>(
    from: D,
    parse: impl FnOnce(&str) -> std::result::Result<T, E>,
) -> std::result::Result<T, D::Error> {
    parse(&String::deserialize(from)?).map_err(D::Error::custom)
}

fn some<'de, D: Deserializer<'de>, T, E: Display>(
    from: D,
    parse: impl FnOnce(&str) -> std::result::Result<T, E>,
) -> std::result::Result<Option<T>, D::Error> {
    one(from, parse).map(Some)
}

/// Reads a list in which each word gives some values; each value counts once.
fn list<'de, D: Deserializer<'de>, T: PartialEq, E: Display>(
    from: D,
    parse: impl Fn(&str) -> std::result::Result<Vec<T>, E>,
) -> std::result::Result<Vec<T>, D::Error> {
    let mut found = Vec::new();
    let words = match Value::deserialize(from)? {
        Value::Array(words) if !words.is_empty() => words,
        _ => return Err(D::Error::custom(LIST)),
    };
    for word in words {
        let Some(word) = word.as_str() else {
            let what = format!("expected text in quotes, found {}", word.type_str());
            return Err(D::Error::custom(what));
        };
        for value in parse(word).map_err(D::Error::custom)? {
            if !found.contains(&value) {
                found.push(value);
            }
        }
    }
    Ok(found)
}

/// Reads whole numbers; each counts once.
fn counts<'de, D: Deserializer<'de>>(
    from: D,
    (name, bounds): (&str, &RangeInclusive<u32>),
) -> std::result::Result<Vec<u32>, D::Error> {
    let (low, high) = (bounds.start(), bounds.end());
    let expected = || {
        let what = format!("expected a list of whole numbers from {low} to {high}: [{low}]");
        D::Error::custom(what)
    };
    let Value::Array(entries) = Value::deserialize(from)? else { return Err(expected()) };
    let mut found = Vec::new();
    for entry in &entries {
        let digits = entry.as_integer().ok_or_else(expected)?.to_string();
        for count in parse_counts(&digits, name, bounds).map_err(D::Error::custom)? {
            if !found.contains(&count) {
                found.push(count);
            }
        }
    }
    if found.is_empty() { Err(expected()) } else { Ok(found) }
}

/// Returns the value of a word, or the nearest known one in an error.
fn known<T: Copy>(
    word: &str,
    all: &[T],
    name: fn(T) -> &'static str,
) -> std::result::Result<Vec<T>, WordError> {
    let names: Vec<_> = all.iter().map(|value| name(*value)).collect();
    let expected = || format!("one of {}", names.join(", "));
    let found = all.iter().copied().find(|value| name(*value) == word);
    found
        .map(|value| vec![value])
        .ok_or_else(|| WordError::new(word, expected()).near(word, &names))
}

/// Checks a name, which goes into paths and tables: letters, digits, `-` and `_`.
fn folder_name(name: &str) -> std::result::Result<String, String> {
    if !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
        return Ok(name.to_owned());
    }
    Err(format!("'{name}': expected letters, digits, '-' and '_' only"))
}

/// Checks a text that the report shows.
fn text(text: &str) -> std::result::Result<String, String> {
    match text.trim() {
        "" => Err("it is empty; it lands in the report, so say why".into()),
        text => Ok(text.to_owned()),
    }
}

//! From TOML to a [`Suite`], with errors that name the place.
//!
//! The document is walked by hand rather than through serde, because the errors are the point: serde's would name
//! neither the group nor the nearest known word.

use crate::selector::Place;
use crate::{
    DEPTHS, Defaults, Error, Group, LoadAxes, PEERS, RATES, Result, Selector, Suite, nearest,
    parse_capacity, parse_counts, parse_duration, parse_share, parse_sizes,
};
use ipcmark_words::{Arrivals, Input, Placement, Workload};
use std::collections::HashSet;
use std::fmt::Display;
use std::ops::{Range, RangeInclusive};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Where a value stands, in bytes.
type Span = Range<usize>;
/// A word and where it stands.
type Word<'t> = (&'t str, Span);

const TOP: [&str; 5] = ["name", "title", "prose", "defaults", "group"];
const DEFAULTS: [&str; 8] =
    ["rounds", "rounds-most", "target", "target-p99", "measure", "warm-up", "budget", "capacity"];
const GROUP: [&str; 12] = [
    "name",
    "prose",
    "transports",
    "patterns",
    "sizes",
    "placements",
    "capacity",
    "peers",
    "depths",
    "rates",
    "arrivals",
    "inputs",
];

pub(crate) fn read(text: &str, file: &str) -> Result<Suite> {
    let source = Source { text, file };
    let document = DeTable::parse(text).map_err(|e| {
        source.wrong(e.span().unwrap_or(0..0), None, format!("not TOML: {}", e.message()))
    })?;
    let top = Section { source, table: document.get_ref(), span: 0..0, place: String::new() };
    top.refuse_unknown(&TOP)?;
    let defaults = match top.section("defaults", "[defaults]")? {
        Some(section) => read_defaults(&section)?,
        None => Defaults::default(),
    };
    let suite = Suite {
        name: top.name()?,
        title: top.required_text("title")?.0.to_owned(),
        prose: top.required_text("prose")?.0.trim().to_owned(),
        defaults,
        groups: read_groups(&top, defaults)?,
    };
    Ok(suite)
}

fn read_defaults(section: &Section<'_>) -> Result<Defaults> {
    section.refuse_unknown(&DEFAULTS)?;
    let builtin = Defaults::default();
    let duration =
        |key| section.text(key)?.map(|w| section.parse(key, w, parse_duration)).transpose();
    let share = |key| section.text(key)?.map(|w| section.parse(key, w, parse_share)).transpose();
    Ok(Defaults {
        rounds: section.rounds("rounds")?.unwrap_or(builtin.rounds),
        rounds_most: section.rounds("rounds-most")?.unwrap_or(builtin.rounds_most),
        target: share("target")?.unwrap_or(builtin.target),
        target_p99: share("target-p99")?,
        measure: duration("measure")?.unwrap_or(builtin.measure),
        warm_up: duration("warm-up")?.unwrap_or(builtin.warm_up),
        budget: duration("budget")?,
        capacity: section.capacity()?.unwrap_or(builtin.capacity),
    })
}

fn read_groups(top: &Section<'_>, defaults: Defaults) -> Result<Vec<Group>> {
    let expected =
        "expected at least one [[group]] with name, prose, transports, sizes and placements";
    let Some(value) = top.table.get("group") else {
        return Err(top.source.wrong(0..0, None, format!("there is no group; {expected}")));
    };
    let wrong = || top.source.wrong(value.span(), Some("group".into()), expected.into());
    let entries = value.get_ref().as_array().ok_or_else(wrong)?;
    let mut groups: Vec<Group> = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let table = entry.get_ref().as_table().ok_or_else(wrong)?;
        let place = match table.get("name").and_then(|n| n.get_ref().as_str()) {
            Some(name) => format!("group \"{name}\": "),
            None => format!("group {}: ", index + 1),
        };
        let section = Section { source: top.source, table, span: entry.span(), place };
        let group = read_group(&section, defaults)?;
        if groups.iter().any(|g| g.name == group.name) {
            let what = format!("there are two groups of the name '{}'", group.name);
            return Err(section.wrong("name", section.span_of("name"), what));
        }
        groups.push(group);
    }
    if groups.is_empty() { Err(wrong()) } else { Ok(groups) }
}

fn read_group(section: &Section<'_>, defaults: Defaults) -> Result<Group> {
    section.refuse_unknown(&GROUP)?;
    let patterns = match section.words("patterns")? {
        None => vec![Workload::PingPong, Workload::Stream],
        Some(words) => section.known("patterns", words, &Workload::ALL, Workload::name)?,
    };
    let mut sizes = Vec::new();
    let words = match section.words("sizes")? {
        None if patterns == [Workload::WakeUp] => Vec::new(),
        words => words.ok_or_else(|| section.missing("sizes"))?,
    };
    for word in words {
        sizes.extend(section.parse("sizes", word, parse_sizes)?);
    }
    let mut seen = HashSet::new();
    sizes.retain(|size| seen.insert(*size));
    Ok(Group {
        name: section.name()?,
        prose: section.required_text("prose")?.0.trim().to_owned(),
        transports: section
            .required_words("transports")?
            .into_iter()
            .map(|word| {
                let place = section.source.place(&word.1);
                section.parse("transports", word, Selector::parse).map(|glob| glob.found_at(place))
            })
            .collect::<Result<_>>()?,
        patterns,
        sizes,
        placements: section.known(
            "placements",
            section.required_words("placements")?,
            &Placement::ALL,
            Placement::name,
        )?,
        load: LoadAxes {
            peers: section.counts("peers", &PEERS)?,
            depths: section.counts("depths", &DEPTHS)?,
            rates: section.counts("rates", &RATES)?,
            arrivals: section.some_of("arrivals", &Arrivals::ALL, Arrivals::name)?,
            inputs: section.some_of("inputs", &Input::ALL, Input::name)?,
        },
        capacity: section.capacity()?.unwrap_or(defaults.capacity),
    })
}

/// The file as text, to turn spans into lines.
#[derive(Clone, Copy)]
struct Source<'t> {
    text: &'t str,
    file: &'t str,
}

impl Source<'_> {
    fn place(self, span: &Span) -> Place {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Place {
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    fn wrong(self, span: Span, key: Option<String>, what: String) -> Error {
        let Place { file, line, column } = self.place(&span);
        Error::Wrong { file, line, column, key, what }
    }
}

/// One table of the document.
struct Section<'t> {
    source: Source<'t>,
    table: &'t DeTable<'t>,
    /// Where the table itself stands, for keys it lacks.
    span: Span,
    /// What goes before a key in errors.
    place: String,
}

impl<'t> Section<'t> {
    fn wrong(&self, key: &str, span: Span, what: impl Display) -> Error {
        self.source.wrong(span, Some(format!("{}{key}", self.place)), what.to_string())
    }

    fn span_of(&self, key: &str) -> Span {
        self.table.get(key).map_or_else(|| self.span.clone(), Spanned::span)
    }

    fn refuse_unknown(&self, known: &[&str]) -> Result<()> {
        let Some(key) = self.table.keys().find(|key| !known.contains(&key.get_ref().as_ref()))
        else {
            return Ok(());
        };
        let word: &str = key.get_ref();
        let near = nearest(word, known.iter().copied());
        let hint = near.map(|n| format!("did you mean '{n}'? ")).unwrap_or_default();
        let what = format!("unknown key; {hint}known here: {}", known.join(", "));
        Err(self.wrong(word, key.span(), what))
    }

    fn section(&self, key: &str, place: &str) -> Result<Option<Section<'t>>> {
        let Some(value) = self.table.get(key) else { return Ok(None) };
        let table = value
            .get_ref()
            .as_table()
            .ok_or_else(|| self.wrong(key, value.span(), format!("expected a table: {place}")))?;
        let place = format!("{place} ");
        Ok(Some(Section { source: self.source, table, span: value.span(), place }))
    }

    fn text(&self, key: &str) -> Result<Option<Word<'t>>> {
        self.table.get(key).map(|value| self.as_text(key, value)).transpose()
    }

    fn as_text(&self, key: &str, value: &'t Spanned<DeValue<'t>>) -> Result<Word<'t>> {
        match value.get_ref().as_str() {
            Some(text) => Ok((text, value.span())),
            None => {
                let kind = value.get_ref().type_str();
                Err(self.wrong(key, value.span(), format!("expected text in quotes, found {kind}")))
            }
        }
    }

    fn required_text(&self, key: &str) -> Result<Word<'t>> {
        let (text, span) = self.text(key)?.ok_or_else(|| self.missing(key))?;
        if text.trim().is_empty() {
            return Err(self.wrong(key, span, "it is empty; it lands in the report, so say why"));
        }
        Ok((text, span))
    }

    fn missing(&self, key: &str) -> Error {
        self.wrong(key, self.span.clone(), "missing; it is required here")
    }

    /// A name goes into paths and tables: letters, digits, `-` and `_`.
    fn name(&self) -> Result<String> {
        let (name, span) = self.required_text("name")?;
        if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
            return Ok(name.to_owned());
        }
        Err(self.wrong(
            "name",
            span,
            format!("'{name}': expected letters, digits, '-' and '_' only"),
        ))
    }

    fn words(&self, key: &str) -> Result<Option<Vec<Word<'t>>>> {
        let Some(value) = self.table.get(key) else { return Ok(None) };
        let expected =
            || self.wrong(key, value.span(), "expected a list of words: [\"...\", \"...\"]");
        let entries = value.get_ref().as_array().ok_or_else(expected)?;
        let words: Vec<_> =
            entries.iter().map(|entry| self.as_text(key, entry)).collect::<Result<_>>()?;
        if words.is_empty() { Err(expected()) } else { Ok(Some(words)) }
    }

    fn required_words(&self, key: &str) -> Result<Vec<Word<'t>>> {
        self.words(key)?.ok_or_else(|| self.missing(key))
    }

    fn parse<T, E: Display>(
        &self,
        key: &str,
        (word, span): Word<'t>,
        parse: impl FnOnce(&str) -> std::result::Result<T, E>,
    ) -> Result<T> {
        parse(word).map_err(|e| self.wrong(key, span, e))
    }

    /// As [`Section::known`]; none when the key is not there.
    fn some_of<T: Copy + PartialEq>(
        &self,
        key: &str,
        all: &[T],
        name: impl Fn(T) -> &'static str,
    ) -> Result<Vec<T>> {
        self.words(key)?.map_or(Ok(Vec::new()), |words| self.known(key, words, all, name))
    }

    fn known<T: Copy + PartialEq>(
        &self,
        key: &str,
        words: Vec<Word<'t>>,
        all: &[T],
        name: impl Fn(T) -> &'static str,
    ) -> Result<Vec<T>> {
        let names: Vec<_> = all.iter().map(|x| name(*x)).collect();
        let mut found: Vec<T> = Vec::new();
        for (word, span) in words {
            let Some(value) = all.iter().copied().find(|x| name(*x) == word) else {
                let expected = format!("one of {}", names.join(", "));
                let error = crate::WordError::new(word, expected).near(word, &names);
                return Err(self.wrong(key, span, error));
            };
            if !found.contains(&value) {
                found.push(value);
            }
        }
        Ok(found)
    }

    fn rounds(&self, key: &str) -> Result<Option<u32>> {
        let Some(value) = self.table.get(key) else { return Ok(None) };
        let rounds = value.get_ref().as_integer().and_then(|i| i.as_str().parse().ok());
        match rounds {
            Some(rounds @ 1..=10_000) => Ok(Some(rounds)),
            _ => Err(self.wrong(key, value.span(), "expected a whole number from 1 to 10000")),
        }
    }

    /// Whole numbers, each once; none when the key is not there.
    fn counts(&self, key: &str, bounds: &RangeInclusive<u32>) -> Result<Vec<u32>> {
        let Some(value) = self.table.get(key) else { return Ok(Vec::new()) };
        let expected = || {
            let (from, to) = (bounds.start(), bounds.end());
            let what = format!("expected a list of whole numbers from {from} to {to}: [{from}]");
            self.wrong(key, value.span(), what)
        };
        let entries = value.get_ref().as_array().filter(|a| !a.is_empty()).ok_or_else(expected)?;
        let mut counts = Vec::new();
        for entry in entries {
            let digits = entry.get_ref().as_integer().ok_or_else(expected)?.as_str();
            counts
                .extend(self.parse(key, (digits, entry.span()), |d| parse_counts(d, key, bounds))?);
        }
        let mut seen = HashSet::new();
        counts.retain(|count| seen.insert(*count));
        Ok(counts)
    }

    /// Outer `None`: the key is not there.
    fn capacity(&self) -> Result<Option<Option<usize>>> {
        self.text("capacity")?.map(|word| self.parse("capacity", word, parse_capacity)).transpose()
    }
}

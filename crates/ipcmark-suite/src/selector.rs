//! Which transports are meant: globs over `mechanism/wait`.

use crate::{WordError, nearest_several};
use glob_match::glob_match;
use std::fmt;

/// One glob over transport names. `*` also runs over the `/`; a glob without a `/` is matched against the mechanism
/// as well, so that `pipe` means `pipe/*`; a `!` in front takes away what the rest matches.
#[derive(Debug, Clone)]
pub struct Selector {
    text: String,
    takes_away: bool,
    /// The text without `!`, as [`matches`] wants it.
    glob: String,
    place: Option<Place>,
}

/// Place of a glob in a suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Selector {
    /// Parses one glob.
    ///
    /// # Errors
    /// Globs that do not parse, e.g. an open bracket.
    pub fn parse(text: &str) -> Result<Selector, WordError> {
        let text = text.trim();
        let (takes_away, glob) = match text.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let expected = "a glob over transport names such as pipe/block, unix*, or !*/spin";
        if glob.is_empty() {
            return Err(WordError::new(text, expected).because("it is empty"));
        }
        if let Some(why) = unclosed(glob) {
            return Err(WordError::new(text, expected).because(why));
        }
        Ok(Selector { text: text.into(), takes_away, glob: flat(glob), place: None })
    }

    /// Adds the place of a suite where it was found.
    pub(crate) fn found_at(self, place: Place) -> Selector {
        Selector { place: Some(place), ..self }
    }

    pub(crate) fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// Returns true if the transport `name` is one of those named here, to take or to take away.
    #[must_use]
    pub fn names(&self, name: &str) -> bool {
        let mechanism = name.split_once('/').map_or(name, |(mechanism, _)| mechanism);
        glob_match(&self.glob, &flat(name))
            || (!self.text.contains('/') && glob_match(&self.glob, mechanism))
    }

    /// Returns true if it takes transports by their names, without a wildcard: `pipe/block`,
    /// `pipe`.
    pub(crate) fn is_outright(&self) -> bool {
        !self.takes_away && !self.text.contains(['*', '?', '[', '{'])
    }

    /// Returns true for a glob with `!`.
    #[must_use]
    pub fn takes_away(&self) -> bool {
        self.takes_away
    }

    /// Returns the names that a list of selectors means, in the order of `names`. A list that only
    /// takes away starts from all.
    ///
    /// # Errors
    /// A selector that names nothing, with `!` or without: most likely a slip, so it is refused with the names nearest
    /// to it.
    pub fn choose<'n>(
        selectors: &[Selector],
        names: &[&'n str],
    ) -> Result<Vec<&'n str>, WordError> {
        if let Some(stray) = Selector::stray(selectors, names) {
            return Err(stray.names_nothing(names));
        }
        let from_all = selectors.iter().all(|s| s.takes_away);
        let wanted = |name: &str| {
            selectors
                .iter()
                .filter(|s| s.names(name))
                .fold(from_all, |_, selector| !selector.takes_away)
        };
        Ok(names.iter().copied().filter(|name| wanted(name)).collect())
    }

    /// Returns the first selector that names none of `names`.
    pub(crate) fn stray<'s>(selectors: &'s [Selector], names: &[&str]) -> Option<&'s Selector> {
        selectors.iter().find(|selector| !names.iter().any(|name| selector.names(name)))
    }

    pub(crate) fn names_nothing(&self, names: &[&str]) -> WordError {
        let bare: String = self.text.chars().filter(|c| !"!*?[]{}".contains(*c)).collect();
        let mechanisms = names.iter().map(|n| n.split_once('/').map_or(*n, |(m, _)| m));
        let mut near = nearest_several(&bare, names.iter().copied().chain(mechanisms), 12);
        near.dedup();
        near.truncate(5);
        let why = if near.is_empty() {
            "no transport in this build has such a name".to_owned()
        } else {
            format!("no transport in this build has such a name; near it: {}", near.join(", "))
        };
        WordError::new(
            &self.text,
            "one of the names that `ipcmark list` shows, or a glob over them",
        )
        .because(why)
    }
}

/// Replaces `/`: in paths `*` ends at it, in names it does not.
fn flat(text: &str) -> String {
    text.replace('/', "\u{1}")
}

/// Returns the bracket of a glob that is opened and not closed.
fn unclosed(glob: &str) -> Option<&'static str> {
    let (mut in_class, mut depth) = (false, 0_i32);
    for character in glob.chars() {
        match character {
            '[' if !in_class => in_class = true,
            ']' if in_class => in_class = false,
            '{' if !in_class => depth += 1,
            '}' if !in_class => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return Some("it closes a { that was not opened");
        }
    }
    match (in_class, depth) {
        (true, _) => Some("its [ is not closed"),
        (_, 0) => None,
        _ => Some("its { is not closed"),
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 6] = [
        "null/none",
        "pipe/block",
        "pipe/spin",
        "unix-stream/block",
        "unix-dgram/spin",
        "tcp/block",
    ];

    fn choose(globs: &[&str]) -> Result<Vec<&'static str>, String> {
        let selectors: Vec<_> = globs.iter().map(|g| Selector::parse(g).unwrap()).collect();
        Selector::choose(&selectors, &NAMES).map_err(|e| e.to_string())
    }

    #[test]
    fn globs_choose_in_the_order_of_the_catalog() {
        assert_eq!(choose(&["*"]).unwrap(), NAMES);
        assert_eq!(choose(&["tcp", "pipe"]).unwrap(), ["pipe/block", "pipe/spin", "tcp/block"]);
        assert_eq!(choose(&["*/spin"]).unwrap(), ["pipe/spin", "unix-dgram/spin"]);
        assert_eq!(choose(&["unix*"]).unwrap(), ["unix-stream/block", "unix-dgram/spin"]);
        assert_eq!(choose(&["{tcp,pipe}/block"]).unwrap(), ["pipe/block", "tcp/block"]);
    }

    #[test]
    fn a_bang_takes_away_and_the_last_word_counts() {
        assert_eq!(
            choose(&["*", "!*/spin", "!null"]).unwrap(),
            ["pipe/block", "unix-stream/block", "tcp/block"]
        );
        assert_eq!(choose(&["!null"]).unwrap().len(), 5);
        assert_eq!(choose(&["pipe", "!*/spin", "pipe/spin"]).unwrap(), ["pipe/block", "pipe/spin"]);
    }

    #[test]
    fn a_glob_that_names_nothing_is_refused_with_what_is_near() {
        let said = choose(&["pip/block"]).unwrap_err();
        assert!(said.contains("near it: pipe/block") && said.contains("ipcmark list"), "{said}");
        let said = choose(&["pipe", "!tpc"]).unwrap_err();
        assert!(said.starts_with("'!tpc'") && said.contains("near it: tcp"), "{said}");
        assert!(!choose(&["rhubarb*"]).unwrap_err().contains("near it"));
        assert!(Selector::parse("a[").is_err());
        assert!(Selector::parse("!").is_err());
    }
}

//! What can be wrong with a suite, or with a word on the command line; each error says what was expected.

use crate::nearest;
use std::fmt;

/// Shorthand.
pub type Result<T> = std::result::Result<T, Error>;

/// The reason why a suite could not be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something in it is wrong, at a place.
    #[error("{file}:{line}:{column}: {}{what}", key.as_ref().map(|k| format!("`{k}`: ")).unwrap_or_default())]
    Wrong {
        /// The file, or `embedded suite NAME`.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// The key concerned, with its table before it: `group "across": sizes`.
        key: Option<String>,
        /// The fault, what was expected, and the nearest known word.
        what: String,
    },
    /// A glob that no transport of this build matches, in a group that was not read from a file.
    #[error("suite {suite}, group {group}: {what}")]
    NoTransport {
        /// The suite.
        suite: String,
        /// The group.
        group: String,
        /// The glob, and the nearest names.
        what: String,
    },
}

/// A word that could not be understood where something else was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordError {
    word: String,
    expected: String,
    because: Option<String>,
    nearest: Option<String>,
}

impl WordError {
    /// `word` stands where `expected` should.
    #[must_use]
    pub fn new(word: &str, expected: impl Into<String>) -> Self {
        WordError { word: word.into(), expected: expected.into(), because: None, nearest: None }
    }

    /// Says what exactly is wrong with it.
    #[must_use]
    pub fn because(mut self, why: impl Into<String>) -> Self {
        self.because = Some(why.into());
        self
    }

    /// Says that something else was expected.
    #[must_use]
    pub(crate) fn expecting(mut self, expected: &str) -> Self {
        self.expected = expected.into();
        self
    }

    /// Names the nearest of the `known` words, if one is near.
    #[must_use]
    pub fn near(mut self, word: &str, known: &[&str]) -> Self {
        self.nearest = nearest(word, known.iter().copied()).map(str::to_owned);
        self
    }
}

impl fmt::Display for WordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}': ", self.word)?;
        if let Some(why) = &self.because {
            write!(f, "{why}; ")?;
        }
        write!(f, "expected {}", self.expected)?;
        self.nearest.as_ref().map_or(Ok(()), |near| write!(f, " (did you mean '{near}'?)"))
    }
}

impl std::error::Error for WordError {}

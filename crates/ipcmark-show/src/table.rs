//! A table: columns, and rows of cells. The renderers of all media read it.

use crate::{NO_INTERVAL, NONE, Quantity};

/// The mood of a cell. Each medium has its own colour for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    #[default]
    Plain,
    /// Good news.
    Good,
    /// Worth a look.
    Caution,
    /// Bad news.
    Bad,
    /// Less important, or less reliable, than the rest.
    Dim,
    /// A heading.
    Title,
}

/// One cell of a table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cell {
    /// The figure or the words.
    pub text: String,
    /// The interval of the figure.
    pub interval: String,
    /// A remark in small print. Narrow media leave it out.
    pub under: String,
    /// The key for sorting; cells without one come last.
    pub sort: Option<f64>,
    /// True for words, which sort as words.
    pub words: bool,
    /// True for a percentile with too few samples.
    pub few: bool,
    /// Lines that fold out.
    pub more: Vec<String>,
    /// Colour.
    pub tone: Tone,
    /// Further classes for a style sheet.
    pub class: &'static str,
    /// True for names and other text that Markdown shows as code.
    pub code: bool,
}

impl Cell {
    /// Returns a cell of words.
    #[must_use]
    pub fn words(text: impl Into<String>) -> Cell {
        Cell { text: text.into(), words: true, ..Cell::default() }
    }

    /// Returns a name, which Markdown shows as code.
    #[must_use]
    pub fn name(text: impl Into<String>) -> Cell {
        Cell { code: true, ..Cell::words(text) }
    }

    /// Returns a number that is already text, and its key for sorting.
    #[must_use]
    pub fn number(text: impl Into<String>, sort: f64) -> Cell {
        Cell { text: text.into(), sort: Some(sort).filter(|s| s.is_finite()), ..Cell::default() }
    }

    /// Returns a missing number.
    #[must_use]
    pub fn missing() -> Cell {
        Cell { text: NONE.into(), ..Cell::default() }
    }

    /// Returns a value without its interval.
    #[must_use]
    pub fn value(quantity: Quantity, value: f64) -> Cell {
        Cell::number(quantity.show(value), value)
    }

    /// Returns a value with its interval. A missing interval is named.
    #[must_use]
    pub fn estimate(quantity: Quantity, value: f64, interval: Option<(f64, f64)>) -> Cell {
        let interval = interval.map_or_else(|| NO_INTERVAL.into(), |ends| quantity.interval(ends));
        Cell { interval, ..Cell::value(quantity, value) }
    }

    /// Returns the same cell with small print.
    #[must_use]
    pub fn under(self, under: impl Into<String>) -> Cell {
        Cell { under: under.into(), ..self }
    }

    /// Returns the same cell in a colour.
    #[must_use]
    pub fn tone(self, tone: Tone) -> Cell {
        Cell { tone, ..self }
    }

    /// Returns true if the cell says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        (self.text.is_empty() || self.text == NONE) && self.under.is_empty()
    }
}

/// The head of a column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// Its words.
    pub text: String,
    /// The meaning of the column.
    pub help: String,
    /// True if it holds words; numbers are aligned to the right.
    pub words: bool,
    /// The order in which a narrow terminal drops columns: 1 first. Those with 0 always stay.
    pub spare: u8,
    /// Further classes for a style sheet.
    pub class: &'static str,
}

impl Head {
    /// Returns the head of a column of words.
    #[must_use]
    pub fn words(text: impl Into<String>, help: impl Into<String>) -> Head {
        Head { words: true, ..Head::number(text, help) }
    }

    /// Returns the head of a column of numbers.
    #[must_use]
    pub fn number(text: impl Into<String>, help: impl Into<String>) -> Head {
        Head { text: text.into(), help: help.into(), ..Head::default() }
    }

    /// Returns the same head, which a narrow terminal drops in this order: 1 first.
    #[must_use]
    pub fn spare(self, spare: u8) -> Head {
        Head { spare, ..self }
    }

    /// Returns the same head with classes for a style sheet.
    #[must_use]
    pub fn class(self, class: &'static str) -> Head {
        Head { class, ..self }
    }
}

/// A column: its head, and the way from a row to its cell.
pub struct Column<'a, R: ?Sized> {
    /// The head.
    pub head: Head,
    /// Makes the cell of a row.
    pub of: Box<dyn Fn(&R) -> Cell + 'a>,
}

impl<'a, R: ?Sized> Column<'a, R> {
    /// Returns a column.
    pub fn new(head: Head, of: impl Fn(&R) -> Cell + 'a) -> Column<'a, R> {
        Column { head, of: Box::new(of) }
    }
}

/// A table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// The heads of its columns.
    pub heads: Vec<Head>,
    /// Its rows, with a cell for each head.
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// Returns an empty table with these heads.
    #[must_use]
    pub fn new(heads: Vec<Head>) -> Table {
        Table { heads, rows: Vec::new() }
    }

    /// Returns the table of these rows.
    pub fn of<'r, R: ?Sized + 'r>(
        columns: &[Column<'_, R>],
        rows: impl IntoIterator<Item = &'r R>,
    ) -> Table {
        Table {
            heads: columns.iter().map(|column| column.head.clone()).collect(),
            rows: rows
                .into_iter()
                .map(|row| columns.iter().map(|c| (c.of)(row)).collect())
                .collect(),
        }
    }

    /// Removes a column, if there is one at this place.
    pub fn drop_column(&mut self, at: usize) {
        if at < self.heads.len() {
            self.heads.remove(at);
            for row in &mut self.rows {
                row.remove(at);
            }
        }
    }

    /// Returns the same table without the columns in which no cell says anything.
    #[must_use]
    pub fn without_empty(mut self) -> Table {
        for at in (0..self.heads.len()).rev() {
            if self.rows.iter().all(|row| row[at].is_empty()) {
                self.drop_column(at);
            }
        }
        self
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        Cell::words(text)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Cell {
        Cell::words(text)
    }
}

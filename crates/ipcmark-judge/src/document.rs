//! A result as text: a title, lines, and sections. Markdown and the terminal render the same
//! document.

use ipcmark_show::terminal::{Paint, dropping, wrapped};
use ipcmark_show::{Head, Table, Tone, markdown, plural};
use std::fmt::Write as _;

/// Rows of a table that a terminal shows, unless all are asked for.
const MOST: usize = 20;
/// The head of the column with reasons.
pub(crate) const WHY: &str = "why";

/// A result as text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document {
    title: String,
    /// The verdict. Markdown begins with it, a terminal ends with it.
    verdict: Option<Line>,
    /// Lines that belong to the verdict.
    summary: Vec<Line>,
    /// Notes to read before the first figure.
    notes: Vec<Line>,
    sections: Vec<Section>,
}

/// A paragraph that begins with a label.
#[derive(Debug, Clone, PartialEq)]
struct Line {
    tone: Tone,
    label: String,
    text: String,
}

/// A part with a heading.
#[derive(Debug, Clone, PartialEq)]
struct Section {
    title: String,
    tone: Tone,
    /// True if Markdown folds it away, and a terminal shows it on request only.
    detail: bool,
    body: Body,
}

#[derive(Debug, Clone, PartialEq)]
enum Body {
    Table(Table),
    /// Pairs of a subject and a statement.
    List(Vec<(String, String)>),
    Text(String),
}

/// Settings of a terminal.
#[derive(Clone, Copy)]
pub struct Terminal<'a> {
    /// Its width; unlimited if absent.
    pub columns: Option<u16>,
    /// Shows everything.
    pub all: bool,
    /// Colours text.
    pub paint: Paint<'a>,
    /// The flag that shows the rest, if something is left out: `--all`.
    pub rest: &'a str,
}

impl Document {
    pub(crate) fn new(title: impl Into<String>) -> Document {
        Document { title: title.into(), ..Document::default() }
    }

    /// Sets the verdict.
    pub(crate) fn verdict(&mut self, tone: Tone, label: &str, text: impl Into<String>) {
        self.verdict = Some(Line { tone, label: label.into(), text: text.into() });
    }

    /// Adds a line to the verdict.
    pub(crate) fn summary(&mut self, tone: Tone, label: &str, text: impl Into<String>) {
        self.summary.push(Line { tone, label: label.into(), text: text.into() });
    }

    /// Adds a note.
    pub(crate) fn note(&mut self, tone: Tone, label: &str, text: impl Into<String>) {
        self.notes.push(Line { tone, label: label.into(), text: text.into() });
    }

    /// Adds a table, if it has rows.
    pub(crate) fn table(&mut self, title: impl Into<String>, tone: Tone, detail: bool, of: Table) {
        if !of.rows.is_empty() {
            self.section(title, tone, detail, Body::Table(of));
        }
    }

    /// Adds a list of subjects and statements, if it has entries.
    pub(crate) fn list(
        &mut self,
        title: impl Into<String>,
        detail: bool,
        entries: Vec<(String, String)>,
    ) {
        if !entries.is_empty() {
            self.section(title, Tone::Plain, detail, Body::List(entries));
        }
    }

    /// Adds a paragraph with a heading.
    pub(crate) fn text(&mut self, title: impl Into<String>, detail: bool, text: impl Into<String>) {
        self.section(title, Tone::Plain, detail, Body::Text(text.into()));
    }

    fn section(&mut self, title: impl Into<String>, tone: Tone, detail: bool, body: Body) {
        self.sections.push(Section { title: title.into(), tone, detail, body });
    }

    /// Renders it as Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = format!("## {}\n\n", markdown::escape(&self.title));
        for Line { label, text: words, .. } in
            self.verdict.iter().chain(&self.summary).chain(&self.notes)
        {
            let label = if label.is_empty() { String::new() } else { format!("**{label}:** ") };
            let _ = write!(text, "{label}{}\n\n", markdown::escape(words));
        }
        for Section { title, detail, body, .. } in &self.sections {
            let body = match body {
                Body::Table(table) => markdown::table(table),
                Body::Text(words) => markdown::escape(words) + "\n",
                Body::List(entries) => entries
                    .iter()
                    .map(|(of, what)| {
                        format!("- {}: {}\n", markdown::escape(of), markdown::escape(what))
                    })
                    .collect(),
            };
            let _ = if *detail {
                write!(text, "<details><summary>{title}</summary>\n\n{body}\n</details>\n\n")
            } else {
                write!(text, "### {title}\n\n{body}\n")
            };
        }
        text.truncate(text.trim_end().len());
        text + "\n"
    }

    /// Renders it for a terminal.
    #[must_use]
    pub fn terminal(&self, how: Terminal<'_>) -> String {
        let line = |line: &Line| {
            let colon = if line.text.is_empty() { "" } else { ": " };
            let label = match line.label.as_str() {
                "" => String::new(),
                label => format!("{}{colon}", (how.paint)(line.tone, label)),
            };
            wrapped(&label, &line.text, 2, how.columns)
        };
        let mut text: String = self.notes.iter().map(line).collect();
        for section in self.sections.iter().filter(|section| how.all || !section.detail) {
            if !text.is_empty() {
                text.push('\n');
            }
            let _ = writeln!(text, "{}", (how.paint)(section.tone, &section.title));
            match &section.body {
                Body::Table(table) => text += &grid(table, how),
                Body::Text(words) => text += &wrapped("", words, 0, how.columns),
                Body::List(entries) => {
                    for (of, what) in entries {
                        text += &wrapped("", &format!("{of}: {what}"), 2, how.columns);
                    }
                }
            }
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.extend(self.summary.iter().chain(&self.verdict).map(line));
        text
    }
}

/// Renders a table for a terminal. If it is too wide for the reasons, they follow, each once.
fn grid(table: &Table, how: Terminal<'_>) -> String {
    let most = if how.all { usize::MAX } else { MOST };
    let more = table.rows.len().saturating_sub(most);
    let mut shown = table.clone();
    shown.rows.truncate(most);
    let shown = shown.without_empty();
    let (mut text, dropped) = dropping(&shown, how.columns, how.paint);
    let is_why = |at: &&usize| shown.heads.get(**at).is_some_and(|head: &Head| head.text == WHY);
    if let Some(at) = dropped.iter().find(is_why) {
        let mut counts: Vec<(&str, usize)> = Vec::new();
        for why in shown.rows.iter().map(|row| row[*at].text.as_str()).filter(|w| !w.is_empty()) {
            match counts.iter_mut().find(|(known, _)| *known == why) {
                Some((_, count)) => *count += 1,
                None => counts.push((why, 1)),
            }
        }
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        for (why, count) in counts {
            text += &wrapped("  ", &format!("{count} × {why}"), 6, how.columns);
        }
    }
    if more > 0 {
        let _ = writeln!(text, "... and {}; {} shows all", plural(more, "more row"), how.rest);
    }
    text
}

//! Standard output and standard error, as a program should treat them.
//!
//! Results go to standard output. A reader that closes it early (`ipcmark list | head -1`) causes no
//! error and does not change the exit code. Messages go to standard error, where a failed write is
//! ignored.

use anyhow::{Context as _, Result};
use console::{Style, Term};
use ipcmark_judge::{Document, Terminal};
use ipcmark_record::files;
use ipcmark_show::Tone;
use std::io::{self, Write as _};
use std::path::Path;

/// Writes a result. If its reader has gone, the rest is dropped, and the exit code stays the same.
///
/// # Errors
/// What the kernel says, e.g. of a full disk behind a redirection.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let written = out
        .write_all(text.as_bytes())
        .and_then(|()| out.write_all(end.as_bytes()))
        .and_then(|()| out.flush());
    match written {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write the result to standard output"),
    }
}

/// Prints a message on standard error.
pub(crate) fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Says what went wrong: `error: ` and the chain of causes on one line.
pub(crate) fn say_error(error: &anyhow::Error) {
    let word = Style::new().for_stderr().red().bold().apply_to("error:");
    say(&format!("{word} {}", causes(error)));
}

/// Returns an error and its causes, without those that an earlier one quotes.
fn causes(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |said, cause| match said.as_str() {
        "" => cause,
        before if before.contains(&cause) => said,
        before => format!("{before}: {cause}"),
    })
}

/// Prints a note: something that the user should know, though nothing failed.
pub(crate) fn warn(text: &str) {
    let word = Style::new().for_stderr().yellow().bold().apply_to("note:");
    say(&format!("{word} {text}"));
}

/// Prints a document, coloured and fitted to the terminal; `rest` names the way to all of it.
///
/// # Errors
/// Those of [`print`].
pub(crate) fn document(document: &Document, all: bool, rest: &str) -> Result<()> {
    let columns = columns().or(Some(WIDEST));
    print(&document.terminal(Terminal { columns, all, paint: &paint, rest }))
}

/// Colours text, if the terminal has colours.
pub(crate) fn paint(tone: Tone, text: &str) -> String {
    let style = match tone {
        Tone::Plain => return text.into(),
        Tone::Good => Style::new().green(),
        Tone::Caution => Style::new().yellow(),
        Tone::Bad => Style::new().red(),
        Tone::Dim => Style::new().dim(),
        Tone::Title => Style::new().bold(),
    };
    style.apply_to(text).to_string()
}

/// Writes a file that the user named.
///
/// # Errors
/// The kernel's answer, with the file's name.
pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    files::write(path, text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))
}

/// Writes a file into the folder of a run.
///
/// # Errors
/// As [`write`].
pub(crate) fn keep(path: &Path, text: &str) -> Result<()> {
    files::replace(path, text.as_bytes())
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Returns the width of the terminal in columns; of a pipe or file what `COLUMNS` says, or `None`.
pub(crate) fn columns() -> Option<u16> {
    let term = Term::stdout();
    if term.is_term() {
        return Some(term.size().1);
    }
    std::env::var("COLUMNS").ok()?.parse().ok().filter(|columns| *columns > 0)
}

/// Widest table outside of a terminal, and of cells; more would hardly be read, and reports have all columns.
const WIDEST: u16 = 120;

/// Returns the width for tables of cells: at most [`WIDEST`], unless `COLUMNS` or the user wants more.
pub(crate) fn of_tables(all: bool) -> Option<u16> {
    match columns() {
        _ if all => None,
        None => Some(WIDEST),
        Some(columns) if Term::stdout().is_term() => Some(columns.min(WIDEST)),
        columns => columns,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_said_once() {
        let missing = ipcmark_record::Record::read("none.json".as_ref()).unwrap_err();
        let error = anyhow::Error::new(missing).context("the base record");
        let said = causes(&error);
        assert!(said.starts_with("the base record: cannot read none.json: No such file"), "{said}");
        assert_eq!(said.matches("No such file").count(), 1, "{said}");
    }
}

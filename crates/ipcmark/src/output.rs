//! Standard output and standard error, as a program should treat them.
//!
//! Results go to standard output, and a reader that has seen enough (`ipcmark list | head -1`) ends the program
//! quietly. Everything said on the way goes to standard error, where a failure to say it stops nothing.

use console::{Style, Term};
use std::io::{self, Write as _};

/// Writes a result.
///
/// # Errors
/// What the kernel says; a broken pipe among it, which [`crate::exit::of`] knows is no error.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// Says something on the way.
pub(crate) fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Says what went wrong: `error: ` and the chain of causes on one line.
pub(crate) fn say_error(error: &anyhow::Error) {
    let word = Style::new().for_stderr().red().bold().apply_to("error:");
    say(&format!("{word} {error:#}"));
}

/// Says something the user should know though nothing failed.
pub(crate) fn warn(text: &str) {
    let word = Style::new().for_stderr().yellow().bold().apply_to("note:");
    say(&format!("{word} {text}"));
}

/// Columns of the terminal behind standard output; `None` when it is none.
pub(crate) fn columns() -> Option<u16> {
    let term = Term::stdout();
    term.is_term().then(|| term.size().1)
}

//! The page of a history: the changes, then the stable series, with a chart for each series.
//!
//! Like the report of a record it is one file that opens offline and reads without JavaScript. A long history would make
//! it heavy, so the number of dots in a chart is limited; if a dot is several commits, the page says so.

mod answer;
mod bins;
mod chart;
mod page;
mod tables;

use crate::{Result, files};
use ipcmark_history::Scanned;
use std::path::Path;

/// Returns the page: self-contained HTML. `title` names the project.
///
/// # Errors
/// A chart that cannot be drawn, which is a fault of ipcmark.
pub fn html(scanned: &Scanned, title: &str) -> Result<String> {
    page::render(scanned, title)
}

/// Writes the page to `path`; it appears whole or not at all.
///
/// # Errors
/// Those of [`html`]; a place that cannot be written to.
pub fn write(scanned: &Scanned, title: &str, path: &Path) -> Result<()> {
    let page = html(scanned, title)?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        files::make_folder(folder)?;
    }
    files::write(path, page.as_bytes())
}

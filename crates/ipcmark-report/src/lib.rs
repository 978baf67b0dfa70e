//! HTML, PNG, SVG and Markdown from a record alone.
//!
//! A report is made from a [`Record`] alone, so a record of last year, or of another machine, gives the same report as on
//! its day. [`write()`] puts these into a folder:
//!
//! - `index.html`: one self-contained page that opens offline and reads without JavaScript;
//! - `summary.md`: the answer, the rankings, the gaps and the machine, for a pull request or a wiki;
//! - `charts/*.svg` and `charts/*.png`: each chart, drawn with an embedded font, because a bare machine has none.
//!
//! Everything in a record is text here: names, reasons and prose are escaped, and the page forbids every script except its
//! own.
#![forbid(unsafe_code)]

mod chart;
mod error;
mod facts;
mod files;
mod frame;
pub mod history;
mod html;
mod markdown;
mod page;
mod palette;
mod phase;
mod prose;

pub use error::{Error, Result};

use chart::Chart;
use ipcmark_record::Record;
use ipcmark_summary::{Context, Summary, summarize, summarize_in};
use ipcmark_view::rankings;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread::Builder;

/// Paths of a report's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The page.
    pub html: PathBuf,
    /// The summary in Markdown.
    pub markdown: PathBuf,
    /// Every chart: SVG and PNG.
    pub charts: Vec<PathBuf>,
}

/// Writes the whole report into the folder `out`, which it makes if necessary. Each file appears whole or not at all. The
/// page comes last, so that it never lacks its charts.
///
/// # Errors
/// A folder that cannot be written, a full disk, and a record whose histograms are damaged; each says what to do.
pub fn write(record: &Record, out: &Path) -> Result<Written> {
    let context = Context::of(record)?;
    let summary = summarize_in(record, &context)?;
    let rankings = rankings(&summary);
    let charts = chart::charts(record, &context, &summary, &rankings)?;
    files::make_folder(out)?;
    let folder = files::make_folder_in(out, "charts")?;
    let paths = draw_all(&charts, &folder)?;
    let markdown_path = out.join("summary.md");
    files::write(&markdown_path, markdown::render(record, &summary, &rankings).as_bytes())?;
    let html_path = out.join("index.html");
    files::write(&html_path, page::render(record, &summary, &rankings, &charts)?.as_bytes())?;
    Ok(Written { html: html_path, markdown: markdown_path, charts: paths })
}

/// Returns the page alone: self-contained HTML.
///
/// # Errors
/// A record whose histograms are damaged.
pub fn html(record: &Record) -> Result<String> {
    let context = Context::of(record)?;
    let summary = summarize_in(record, &context)?;
    let rankings = rankings(&summary);
    let charts = chart::charts(record, &context, &summary, &rankings)?;
    page::render(record, &summary, &rankings, &charts)
}

/// Returns the summary alone: Markdown.
///
/// # Errors
/// A record whose histograms are damaged.
pub fn markdown(record: &Record) -> Result<String> {
    let summary: Summary = summarize(record)?;
    Ok(markdown::render(record, &summary, &rankings(&summary)))
}

/// Writes all charts, on as many threads as the machine has CPUs: PNG takes most of a report's time.
fn draw_all(charts: &[Chart], folder: &Path) -> Result<Vec<PathBuf>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let each = charts.len().div_ceil(threads).max(1);
    let write = |chart: &Chart| -> Result<[PathBuf; 2]> {
        let paths = ["svg", "png"].map(|ending| folder.join(format!("{}.{ending}", chart.stem)));
        files::write(&paths[0], chart.svg()?.as_bytes())?;
        files::write(&paths[1], &chart.png()?)?;
        Ok(paths)
    };
    let write_some = |some: &[Chart]| some.iter().map(write).collect::<Result<Vec<_>>>();
    std::thread::scope(|scope| {
        // Where no thread can be had, this one draws.
        let start = |some| {
            let started = Builder::new().spawn_scoped(scope, move || write_some(some));
            started.map_err(|_| write_some(some))
        };
        let workers: Vec<_> = charts.chunks(each).map(start).collect();
        let written = workers.into_iter().map(|worker| match worker {
            Ok(worker) => worker.join().unwrap_or_else(|e| resume_unwind(e)),
            Err(written) => written,
        });
        Ok(written.collect::<Result<Vec<_>>>()?.concat().concat())
    })
}

//! HTML, PNG, SVG and Markdown from a record alone.
//!
//! A report is made from a [`Record`] alone, so a record of last year, or of another machine, gives the same report as on
//! its day. [`Report::write`] puts these into a folder:
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
use ipcmark_summary::{Summary, summarize, summarize_in};
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

/// A report that was not written yet.
#[derive(Debug)]
pub struct Report<'r> {
    record: &'r Record,
    /// The figures that it shows.
    pub summary: Summary,
    charts: Vec<Chart>,
}

impl<'r> Report<'r> {
    /// Reads the figures of a record, and draws them. Nothing is unpacked twice.
    ///
    /// # Errors
    /// A record whose histograms are damaged.
    pub fn of(record: &'r Record) -> Result<Report<'r>> {
        let (context, curves) = chart::curves(record)?;
        let summary = summarize_in(record, &context)?;
        let charts = chart::charts(record, &curves, &summary, &rankings(&summary));
        Ok(Report { record, summary, charts })
    }

    /// Writes the whole report into the folder `out`, which it makes if necessary. Each file appears whole or not at all. The
    /// page comes last, so that it never lacks its charts.
    ///
    /// # Errors
    /// A folder that cannot be written, and a full disk; each says what to do.
    pub fn write(&self, out: &Path) -> Result<Written> {
        files::make_folder(out)?;
        let folder = files::make_folder_in(out, "charts")?;
        let charts = draw_all(&self.charts, &folder)?;
        let rankings = rankings(&self.summary);
        let markdown = out.join("summary.md");
        let text = markdown::render(self.record, &self.summary, &rankings);
        files::write(&markdown, text.as_bytes())?;
        let html = out.join("index.html");
        files::write(&html, self.html()?.as_bytes())?;
        Ok(Written { html, markdown, charts })
    }

    /// Returns the page alone: self-contained HTML.
    ///
    /// # Errors
    /// A chart that cannot be drawn, which is a fault of ipcmark.
    pub fn html(&self) -> Result<String> {
        page::render(self.record, &self.summary, &rankings(&self.summary), &self.charts)
    }
}

/// Writes the whole report of a record.
///
/// # Errors
/// Those of [`Report::of`] and [`Report::write`].
pub fn write(record: &Record, out: &Path) -> Result<Written> {
    Report::of(record)?.write(out)
}

/// Returns the page alone: self-contained HTML.
///
/// # Errors
/// Those of [`Report::of`] and [`Report::html`].
pub fn html(record: &Record) -> Result<String> {
    Report::of(record)?.html()
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

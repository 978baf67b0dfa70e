//! The formats: what each is, who reads it, and how.

use std::fmt;

/// A format that others read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Bencher Metric Format.
    Bmf,
    /// github-action-benchmark.
    Gab,
    /// Criterion's folders.
    Criterion,
    /// HdrHistogram log 1.2.
    Hlog,
    /// Percentile distributions for the HdrHistogram plotter.
    Hgrm,
    /// OpenMetrics text.
    Openmetrics,
    /// The raw long form as comma-separated values.
    Csv,
    /// The same as Parquet.
    Parquet,
}

/// What a format makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One file of text.
    Text,
    /// One file that is no text.
    Binary,
    /// Several files in a folder.
    Folder,
}

impl Format {
    /// All of them, in the order of the help.
    pub const ALL: [Format; 8] = [
        Format::Csv,
        Format::Parquet,
        Format::Hlog,
        Format::Hgrm,
        Format::Criterion,
        Format::Bmf,
        Format::Gab,
        Format::Openmetrics,
    ];

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Format::Bmf => "bmf",
            Format::Gab => "gab",
            Format::Criterion => "criterion",
            Format::Hlog => "hlog",
            Format::Hgrm => "hgrm",
            Format::Openmetrics => "openmetrics",
            Format::Csv => "csv",
            Format::Parquet => "parquet",
        }
    }

    /// The format of this name.
    #[must_use]
    pub fn of(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.name() == name)
    }

    /// What it makes.
    #[must_use]
    pub const fn shape(self) -> Shape {
        match self {
            Format::Gab | Format::Criterion | Format::Hgrm => Shape::Folder,
            Format::Parquet => Shape::Binary,
            Format::Bmf | Format::Hlog | Format::Openmetrics | Format::Csv => Shape::Text,
        }
    }

    /// What it holds, and what it leaves out.
    #[must_use]
    pub const fn explanation(self) -> &'static str {
        match self {
            Format::Csv => {
                "everything that was measured, one row per (cell, side, invocation, slice), times in ns; a cell that was not measured has \
                 one row with the reason; takes a paired comparison, too"
            }
            Format::Parquet => {
                "the columns of csv with their types; only in builds with `--features parquet`"
            }
            Format::Hlog => {
                "whole histograms (HdrHistogram log 1.2): a line for each invocation behind a row, tagged with its cell and unit; ns, of \
                 rates ps. Cells without figures are left out"
            }
            Format::Hgrm => {
                "percentile distributions, a file for each cell with a latency, ns. Rates are left out: their histograms hold blocks"
            }
            Format::Criterion => {
                "criterion's folders: median and 99th percentile, of rates the time of one message; `mean` is our median over invocations, \
                 because critcmp shows the mean. Cells without figures are left out"
            }
            Format::Bmf => {
                "Bencher Metric Format: each cell's figures with their intervals; `latency` is the median in ns, `throughput` messages a \
                 second. Percentiles with too few values beyond them and cells without figures are left out"
            }
            Format::Gab => {
                "the input of github-action-benchmark: two files, smaller-is-better.json and bigger-is-better.json; figures as in bmf"
            }
            Format::Openmetrics => {
                "OpenMetrics text in base units: the cell in labels, ends of intervals as families of their own; cells without \
                 figures in ipcmark_cell_info with the reason"
            }
        }
    }

    /// Who reads it.
    #[must_use]
    pub const fn reader(self) -> &'static str {
        match self {
            Format::Csv => "spreadsheets, R, pandas, DuckDB",
            Format::Parquet => "DuckDB, Spark, pandas, BigQuery",
            Format::Hlog => "HdrHistogram in each language, HistogramLogAnalyzer",
            Format::Hgrm => "the HdrHistogram plotter in a browser",
            Format::Criterion => "critcmp",
            Format::Bmf => "Bencher",
            Format::Gab => "github-action-benchmark",
            Format::Openmetrics => {
                "Prometheus through node_exporter's textfile collector, VictoriaMetrics"
            }
        }
    }

    /// How somebody gets it and reads it, as shell commands.
    #[must_use]
    pub const fn example(self) -> &'static str {
        match self {
            Format::Csv => {
                "ipcmark export RUN --format csv --out run.csv; duckdb -c \"select cell, median(p50_ns) from 'run.csv' where counts and \
                 tells group by cell\""
            }
            Format::Parquet => {
                "ipcmark export RUN --format parquet --out run.parquet; duckdb -c \"describe select * from 'run.parquet'\""
            }
            Format::Hlog => {
                "ipcmark export RUN --format hlog --out run.hlog; HistogramLogProcessor -i run.hlog -listtags"
            }
            Format::Hgrm => {
                "ipcmark export RUN --format hgrm --out curves; then give the files in curves/ to the plotter"
            }
            Format::Criterion => {
                "ipcmark export OLD --format criterion --out target --baseline old; the same with NEW and new-build; critcmp old new-build"
            }
            Format::Bmf => {
                "ipcmark export RUN --format bmf | bencher run --adapter json --project NAME --token TOKEN"
            }
            Format::Gab => {
                "ipcmark export RUN --format gab --out gab; in the workflow `tool: customSmallerIsBetter`, `output-file-path: \
                 gab/smaller-is-better.json`"
            }
            Format::Openmetrics => {
                "ipcmark export RUN --format openmetrics --out DIRECTORY/ipcmark.prom; node_exporter --collector.textfile.directory=DIRECTORY"
            }
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_found_by_its_name() {
        for format in Format::ALL {
            assert_eq!(Format::of(format.name()), Some(format));
            assert!(format.example().contains(&format!("--format {format}")), "{format}");
        }
        assert_eq!(Format::of("xml"), None);
    }
}

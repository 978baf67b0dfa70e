//! The formats: their contents and their readers.

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
    /// One row a cell as comma-separated values: the figures of the tables.
    CellsCsv,
    /// The long form as Parquet.
    Parquet,
}

/// Kind of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One file of text.
    Text,
    /// One binary file.
    Binary,
    /// Several files in a folder.
    Folder,
}

/// Facts about a format.
struct About {
    name: &'static str,
    shape: Shape,
    holds: &'static str,
    reader: &'static str,
    example: &'static str,
}

impl Format {
    /// All of them, in the order of the help.
    pub const ALL: [Format; 9] = [
        Format::Csv,
        Format::CellsCsv,
        Format::Parquet,
        Format::Hlog,
        Format::Hgrm,
        Format::Criterion,
        Format::Bmf,
        Format::Gab,
        Format::Openmetrics,
    ];

    /// Returns the format of this name.
    #[must_use]
    pub fn of(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.name() == name)
    }

    /// Returns its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.about().name
    }

    /// Returns the kind of its output.
    #[must_use]
    pub const fn shape(self) -> Shape {
        self.about().shape
    }

    /// Describes its contents, and what it leaves out.
    #[must_use]
    pub const fn explanation(self) -> &'static str {
        self.about().holds
    }

    /// Returns its readers.
    #[must_use]
    pub const fn reader(self) -> &'static str {
        self.about().reader
    }

    /// Returns shell commands that make and read it.
    #[must_use]
    pub const fn example(self) -> &'static str {
        self.about().example
    }

    const fn about(self) -> About {
        match self {
            Format::Csv => About {
                name: "csv",
                shape: Shape::Text,
                holds: "every measurement, one row per cell, side, invocation and slice, times in ns; a \
                        cell that was not measured has one row with the reason; flags are the \
                        cell's; also takes a paired comparison; rows that fill a column \
                        first stand first, because readers take its type from there; of several files at \
                        once let polars look at all rows (infer_schema_length=None)",
                reader: "spreadsheets, R, pandas, polars, DuckDB",
                example: "ipcmark export RUN --format csv --out run.csv; duckdb -c \"select cell, \
                          median(p50_ns) from 'run.csv' where counts and tells group by cell\"",
            },
            Format::CellsCsv => About {
                name: "cells-csv",
                shape: Shape::Text,
                holds: "the figures of the tables, one row per cell: medians over invocations with the \
                        ends of their intervals, the limit, and the flags; percentiles with too few \
                        values are empty",
                reader: "spreadsheets, R, pandas, polars, DuckDB",
                example: "ipcmark export RUN --format cells-csv --out cells.csv; python -c \"import \
                          polars; print(polars.read_csv('cells.csv', infer_schema_length=None))\"",
            },
            Format::Parquet => About {
                name: "parquet",
                shape: Shape::Binary,
                holds: "the columns of csv with their types, moments as TIMESTAMP in UTC; only in builds with `--features parquet`",
                reader: "DuckDB, Spark, pandas, BigQuery",
                example: "ipcmark export RUN --format parquet --out run.parquet; duckdb -c \"describe \
                          select * from 'run.parquet'\"",
            },
            Format::Hlog => About {
                name: "hlog",
                shape: Shape::Text,
                holds: "whole histograms (HdrHistogram log 1.2): a line per invocation, tagged with its \
                        cell and unit; ns, rates in ps; cells without figures are left out. Readers \
                        rank differently: here a percentile is the smallest value that its share of all \
                        values does not exceed; readers in C and Python round the rank to the nearest, so \
                        that theirs may be the next value",
                reader: "HdrHistogram in each language, HistogramLogAnalyzer",
                example: "ipcmark export RUN --format hlog --out run.hlog; HistogramLogProcessor -i \
                          run.hlog -listtags; and again with -tag TAG, because every line has one",
            },
            Format::Hgrm => About {
                name: "hgrm",
                shape: Shape::Folder,
                holds: "percentile distributions, a file per cell with a latency, ns; rates are left \
                        out, because their histograms hold blocks, and so are rates that were not \
                        reached; flags are lines that begin with #",
                reader: "the HdrHistogram plotter in a browser",
                example: "ipcmark export RUN --format hgrm --out curves; then give the files in curves/ \
                          to the plotter",
            },
            Format::Criterion => About {
                name: "criterion",
                shape: Shape::Folder,
                holds: "criterion's folders: median and 99th percentile, or the time per message of a \
                        rate; `mean` is the median over invocations, because critcmp shows the mean; \
                        cells without figures are left out",
                reader: "critcmp",
                example: "ipcmark export OLD --format criterion --out target --baseline old; the same \
                          with NEW and new-build; critcmp old new-build",
            },
            Format::Bmf => About {
                name: "bmf",
                shape: Shape::Text,
                holds: "Bencher Metric Format: each cell's figures with their intervals; `latency` is \
                        the median in ns, `throughput` messages per second; percentiles with too few \
                        values and cells without figures are left out; a flag is a measure that is 1 \
                        (`flag-noisy`)",
                reader: "Bencher",
                example: "ipcmark export RUN --format bmf | bencher run --adapter json --project NAME \
                          --token TOKEN",
            },
            Format::Gab => About {
                name: "gab",
                shape: Shape::Folder,
                holds: "the input of github-action-benchmark: smaller-is-better.json and \
                        bigger-is-better.json, with the figures of bmf",
                reader: "github-action-benchmark",
                example: "ipcmark export RUN --format gab --out gab; in the workflow `tool: \
                          customSmallerIsBetter`, `output-file-path: gab/smaller-is-better.json`",
            },
            Format::Openmetrics => About {
                name: "openmetrics",
                shape: Shape::Text,
                holds: "OpenMetrics text in base units, all gauges: the cell and the percentile in labels, \
                        ends of intervals as own families; flags, and the reasons of cells without \
                        figures, in ipcmark_cell_info; --timestamps gives samples the time of the run, for \
                        `promtool tsdb create-blocks-from openmetrics`",
                reader: "Prometheus through node_exporter's textfile collector, VictoriaMetrics",
                example: "ipcmark export RUN --format openmetrics --out DIRECTORY/ipcmark.prom; \
                          node_exporter --collector.textfile.directory=DIRECTORY",
            },
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

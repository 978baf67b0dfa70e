//! The times of each message of a run, as they come: CSV or Parquet, by the file's ending.
//!
//! Rows are written invocation by invocation, so that a run of any length needs the memory of one.

use crate::line::arrivals;
use crate::table::{Table, Value, count, text};
use crate::{Error, Result};
use ipcmark_record::{Cell, Invocation, Parameter};
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

/// Rows that are in memory at the same time.
const CHUNK: usize = 50_000;

/// Times of one message, ns after the beginning of its phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawRow {
    /// The time at which it was due; none of a closed loop.
    pub intended_ns: Option<u64>,
    /// The call that sent it.
    pub sent_ns: Option<u64>,
    /// The receipt of it, or of its answer; none if it was lost.
    pub received_ns: Option<u64>,
}

/// Writes rows to a file.
#[derive(Debug)]
pub struct RawWriter {
    out: Out,
}

enum Out {
    Csv(csv::Writer<BufWriter<File>>, bool),
    #[cfg(feature = "parquet")]
    Parquet(Box<crate::parquet::Groups<File>>),
}

impl std::fmt::Debug for Out {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Out")
    }
}

impl RawWriter {
    /// Makes the file, which must not be there yet.
    ///
    /// # Errors
    /// An ending other than `.csv` and `.parquet`; Parquet in a build without it; a file that cannot be made.
    pub fn create(path: &Path) -> Result<RawWriter> {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let file = || File::create_new(path).map_err(Error::Raw);
        let out = match ending {
            "csv" => Out::Csv(csv::Writer::from_writer(BufWriter::new(file()?)), false),
            #[cfg(feature = "parquet")]
            "parquet" => Out::Parquet(Box::new(crate::parquet::Groups::new(file()?))),
            #[cfg(not(feature = "parquet"))]
            "parquet" => return Err(Error::NoParquet),
            _ => return Err(Error::RawEnding),
        };
        Ok(RawWriter { out })
    }

    /// Adds the messages of an invocation.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn add(&mut self, cell: &Cell, invocation: &Invocation, rows: &[RawRow]) -> Result<()> {
        for (at, chunk) in rows.chunks(CHUNK).enumerate() {
            self.put(&table(cell, invocation, (at * CHUNK) as u64, chunk))?;
        }
        Ok(())
    }

    fn put(&mut self, table: &Table) -> Result<()> {
        match &mut self.out {
            Out::Csv(writer, begun) => {
                if !std::mem::replace(begun, true) {
                    writer.write_record(&table.names).map_err(csv_error)?;
                }
                for row in &table.rows {
                    writer.write_record(row.iter().map(crate::csv::text)).map_err(csv_error)?;
                }
                Ok(())
            }
            #[cfg(feature = "parquet")]
            Out::Parquet(groups) => groups.add(table),
        }
    }

    /// Completes the file.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn finish(self) -> Result<()> {
        match self.out {
            Out::Csv(writer, _) => {
                let mut file = writer.into_inner().map_err(|e| Error::Raw(e.into_error()))?;
                file.flush().map_err(Error::Raw)
            }
            #[cfg(feature = "parquet")]
            Out::Parquet(groups) => groups.finish(),
        }
    }
}

fn csv_error(error: csv::Error) -> Error {
    Error::Raw(std::io::Error::other(error))
}

fn table(cell: &Cell, invocation: &Invocation, first: u64, rows: &[RawRow]) -> Table {
    let key = &cell.key;
    let value = |of| count(key.workload.value(of).map(u64::from));
    let names = vec![
        "transport",
        "pattern",
        "size_bytes",
        "mix",
        "placement",
        "capacity_bytes",
        "rate_per_s",
        "arrivals",
        "round",
        "started_ns",
        "message",
        "intended_ns",
        "sent_ns",
        "received_ns",
    ];
    let of = |(message, row): (u64, &RawRow)| -> Vec<Value> {
        vec![
            text(Some(&key.transport)),
            text(Some(key.workload.name())),
            count(key.size_bytes),
            text(key.mix.as_ref().map(ToString::to_string).as_deref()),
            text(Some(key.placement.name())),
            count(key.capacity_bytes),
            value(Parameter::Rate),
            text(arrivals(key).map(|arrivals| arrivals.to_string()).as_deref()),
            count(u64::from(invocation.round)),
            count(invocation.started_ns),
            count(message),
            count(row.intended_ns),
            count(row.sent_ns),
            count(row.received_ns),
        ]
    };
    Table { names, rows: (first..).zip(rows).map(of).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_record::sample;

    #[test]
    fn each_message_is_a_row_and_what_is_not_known_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("raw.csv");
        let record = sample::every(1, 6);
        let cell = record.cells.iter().find(|cell| cell.key.workload.name() == "paced").unwrap();
        let row = |intended_ns, received_ns| RawRow { intended_ns, sent_ns: Some(7), received_ns };
        let mut writer = RawWriter::create(&path).unwrap();
        for invocation in &cell.invocations[..2] {
            writer.add(cell, invocation, &[row(Some(5), Some(9)), row(Some(6), None)]).unwrap();
        }
        writer.finish().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 5);
        assert!(lines[0].starts_with("transport,pattern,size_bytes,mix,"), "{}", lines[0]);
        assert!(lines[1].ends_with(",0,5,7,9") && lines[2].ends_with(",1,6,7,"), "{text}");
        assert!(lines[4].ends_with(",1,6,7,"), "{text}");
        assert!(RawWriter::create(&path).is_err(), "no file is overwritten");
        let said = RawWriter::create(&folder.path().join("raw.txt")).unwrap_err().to_string();
        assert!(said.contains(".csv or .parquet"), "{said}");
    }

    #[cfg(feature = "parquet")]
    #[test]
    fn parquet_has_a_group_for_each_invocation() {
        use parquet::file::reader::{FileReader as _, SerializedFileReader};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("raw.parquet");
        let record = sample::every(1, 6);
        let cell = &record.cells[0];
        let row = RawRow { intended_ns: None, sent_ns: Some(7), received_ns: Some(9) };
        let mut writer = RawWriter::create(&path).unwrap();
        for invocation in &cell.invocations[..2] {
            writer.add(cell, invocation, &vec![row; CHUNK + 1]).unwrap();
        }
        writer.finish().unwrap();
        let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
        assert_eq!(reader.metadata().num_row_groups(), 4, "in chunks");
        assert_eq!(reader.metadata().file_metadata().num_rows(), 2 * (CHUNK as i64 + 1));
    }
}

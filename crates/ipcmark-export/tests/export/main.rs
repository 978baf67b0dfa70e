//! What every format must keep, whatever the document; what its own reader says is tried in `scripts/consumers`.

mod long;

use ipcmark_export::{Document, Exported, Format, Options, Shape, export};
use ipcmark_record::{Placement, Record, sample};
use std::sync::LazyLock;

/// Every kind of cell, every workload; made once, because a build without optimization takes seconds for it.
pub(crate) static RECORD: LazyLock<Record> = LazyLock::new(|| sample::every(1, 12));

pub(crate) fn record(record: Record) -> Document {
    Document::Record(Box::new(record))
}

pub(crate) fn bytes(document: &Document, format: Format) -> Vec<u8> {
    match export(document, format, &Options::default()).unwrap() {
        Exported::One(bytes) => bytes,
        Exported::Several(_) => panic!("{format} is one file"),
    }
}

fn without_histograms(log: &str) -> String {
    let lines = log.lines().map(|line| line.rsplit_once(',').map_or(line, |(rest, _)| rest));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// The cells of one transport.
fn few() -> Record {
    sample::record_of(1, 6, |key| key.transport == "pipe/block")
}

pub(crate) fn formats() -> impl Iterator<Item = Format> {
    Format::ALL.into_iter().filter(|f| cfg!(feature = "parquet") || *f != Format::Parquet)
}

#[test]
fn every_format_keeps_its_shape_and_has_no_nan() {
    let once = sample::record_of(2, 1, |key| key.placement == Placement::CrossCore);
    for document in [record(RECORD.clone()), record(once)] {
        for format in formats() {
            let (folder, files) = match export(&document, format, &Options::default()).unwrap() {
                Exported::One(bytes) => (false, vec![bytes]),
                Exported::Several(files) => (true, files.into_iter().map(|f| f.bytes).collect()),
            };
            assert_eq!(folder, format.shape() == Shape::Folder, "{format}");
            for file in files {
                assert!(!file.is_empty(), "{format}");
                let text = String::from_utf8(file).unwrap_or_default();
                // Base64 may spell anything.
                let text = if format == Format::Hlog { without_histograms(&text) } else { text };
                assert!(!text.contains("NaN") && !text.contains("Infinity"), "{format}");
                assert!(format.shape() == Shape::Binary || text.ends_with(['\n', '}']), "{format}");
            }
        }
    }
}

#[test]
fn the_same_record_gives_the_same_bytes() {
    let document = record(few());
    for format in formats() {
        let once = export(&document, format, &Options::default()).unwrap();
        assert!(once == export(&document, format, &Options::default()).unwrap(), "{format}");
    }
}

#[test]
fn a_damaged_record_is_refused_by_its_cell() {
    let mut damaged = few();
    let side = &mut damaged.cells[0].invocations[0].sides[0];
    side.histogram.as_mut().unwrap().hdr_v2_deflate = "AAAA".into();
    let document = record(damaged.clone());
    for format in formats() {
        let said = export(&document, format, &Options::default()).unwrap_err().to_string();
        assert!(said.contains(&damaged.cells[0].key.to_string()), "{format}: {said}");
    }
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_build_without_parquet_says_what_to_do() {
    let error = export(&record(few()), Format::Parquet, &Options::default()).unwrap_err();
    assert!(matches!(error, ipcmark_export::Error::NoParquet), "{error}");
    assert!(error.to_string().contains("--features parquet"), "{error}");
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_begins_and_ends_as_such_files_do() {
    let bytes = bytes(&record(few()), Format::Parquet);
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
}

//! What every format must keep, whatever the document; what its own reader says is tried in `scripts/consumers`.

mod long;

use ipcmark_export::{Document, Error, Exported, Format, Options, Shape, export};
use ipcmark_record::{Record, sample};

pub(crate) fn record(record: Record) -> Document {
    Document::Record(Box::new(record))
}

pub(crate) fn bytes(document: &Document, format: Format) -> Vec<u8> {
    match export(document, format, &Options::default()).unwrap() {
        Exported::One(bytes) => bytes,
        Exported::Several(_) => panic!("{format} is one file"),
    }
}

fn formats() -> impl Iterator<Item = Format> {
    Format::ALL.into_iter().filter(|f| cfg!(feature = "parquet") || *f != Format::Parquet)
}

#[test]
fn every_format_keeps_its_shape_and_has_no_nan() {
    for document in [record(sample::every(1, 12)), record(sample::record(2, 1))] {
        for format in formats() {
            let (folder, files) = match export(&document, format, &Options::default()).unwrap() {
                Exported::One(bytes) => (false, vec![bytes]),
                Exported::Several(files) => (true, files.into_iter().map(|f| f.bytes).collect()),
            };
            assert_eq!(folder, format.shape() == Shape::Folder, "{format}");
            for file in files {
                assert!(!file.is_empty(), "{format}");
                let text = String::from_utf8(file).unwrap_or_default();
                assert!(!text.contains("NaN") && !text.contains("Infinity"), "{format}");
                assert!(format.shape() == Shape::Binary || text.ends_with(['\n', '}']), "{format}");
            }
        }
    }
}

#[test]
fn the_same_record_gives_the_same_bytes() {
    let document = record(sample::every(1, 6));
    for format in formats() {
        let once = export(&document, format, &Options::default()).unwrap();
        assert!(once == export(&document, format, &Options::default()).unwrap(), "{format}");
    }
}

#[test]
fn a_damaged_record_is_refused_by_its_cell() {
    let mut damaged = sample::record(1, 6);
    let side = &mut damaged.cells[0].invocations[0].sides[0];
    side.histogram.as_mut().unwrap().hdr_v2_deflate = "AAAA".into();
    let document = record(damaged.clone());
    for format in formats() {
        let said = export(&document, format, &Options::default()).unwrap_err().to_string();
        assert!(said.contains(&damaged.cells[0].key.to_string()), "{format}: {said}");
    }
}

#[test]
fn a_build_without_parquet_says_what_to_do() {
    let exported = export(&record(sample::record(1, 1)), Format::Parquet, &Options::default());
    match exported {
        Ok(_) => assert!(cfg!(feature = "parquet")),
        Err(error) => {
            assert!(matches!(error, Error::NoParquet) && error.to_string().contains("--features"));
        }
    }
}

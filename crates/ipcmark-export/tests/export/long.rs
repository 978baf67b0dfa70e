//! The long form, read back as a reader of CSV would: the tables' figures can be computed from it again.

use crate::{RECORD, bytes, record};
use ipcmark_export::{Document, Error, Exported, Format, Options, export};
use ipcmark_record::{
    Arm, Integrity, InvocationOutcome, PAIRED_SCHEMA, Pair, Paired, PairedCell, PairedSettings,
    Parameter, Slice, Stage, State, sample,
};
use ipcmark_stats::median;
use ipcmark_summary::summarize;
use std::collections::HashMap;

type Row = HashMap<String, String>;

fn rows(document: &Document) -> Vec<Row> {
    let bytes = bytes(document, Format::Csv);
    let mut reader = csv::Reader::from_reader(&bytes[..]);
    reader.deserialize().map(Result::unwrap).collect()
}

#[test]
fn medians_of_the_rows_that_count_are_the_tables_figures() {
    let mut behind: HashMap<String, Vec<Row>> = HashMap::new();
    for row in rows(&record(RECORD.clone())).into_iter().filter(|row| row["counts"] == "TRUE") {
        behind.entry(row["cell"].clone()).or_default().push(row);
    }
    let mut compared = 0;
    for row in summarize(&RECORD).unwrap().rows {
        let Some(figure) = &row.figure else { continue };
        let own = |side: &str, column: &str| -> Vec<f64> {
            let mine = behind[&row.key.to_string()].iter();
            let told = mine.filter(|r| r[side] == "TRUE" && !r[column].is_empty());
            told.map(|r| r[column].parse().unwrap()).collect()
        };
        // Several sides that tell are put together before a percentile is taken.
        let single = row.key.workload.value(Parameter::Peers).is_none()
            && row.key.workload.name() != "duplex";
        for (percentile, column) in figure.percentiles.iter().zip(["p50_ns", "p90_ns", "p99_ns"]) {
            if single {
                assert_eq!(median(&own("tells", column)), Some(percentile.ns.value), "{}", row.key);
                compared += 1;
            }
        }
    }
    assert!(compared > 60, "{compared}");
}

#[test]
fn every_cell_has_a_row_and_every_side_of_an_invocation_one() {
    let rows = rows(&record(RECORD.clone()));
    let sides = |cell: &ipcmark_record::Cell| {
        let of = |i: &ipcmark_record::Invocation| i.sides.len().max(1);
        cell.invocations.iter().map(of).sum::<usize>().max(1)
    };
    assert_eq!(rows.len(), RECORD.cells.iter().map(sides).sum::<usize>());
    let missing = rows.iter().find(|r| r["state"] == "unavailable").unwrap();
    assert!(missing["reason"].contains("msgsize_max") && missing["side"].is_empty());
    assert!(rows.iter().any(|r| !r["failure"].is_empty()));
    assert!(rows.iter().any(|r| r["marks"].contains("moved")), "a mark is a word");
}

#[test]
fn a_paired_comparison_has_a_row_a_slice() {
    let document = Document::Paired(Box::new(paired()));
    let rows = rows(&document);
    // Three arms of two slices, of which one failed; and a cell that was not reached.
    assert_eq!(rows.len(), 2 + 1 + 2 + 1);
    let slices: Vec<_> = rows.iter().map(|r| (r["side"].as_str(), r["slice"].as_str())).collect();
    let expected =
        [("base", "0"), ("base", "5"), ("new", ""), ("again", "2"), ("again", "3"), ("", "")];
    assert_eq!(slices, expected);
    assert_eq!(rows[1]["midmean_ns"], "100.25");
    assert_eq!((&*rows[0]["stage"], &*rows[0]["invocation"]), ("confirm", "0"));
    assert_eq!(rows[2]["failure"], "responder: it hung");
    assert_eq!(rows[5]["state"], "pending");
    for format in [Format::Bmf, Format::Hlog, Format::Openmetrics, Format::Criterion] {
        let error = export(&document, format, &Options::default()).unwrap_err();
        assert!(matches!(error, Error::NeedsRecord { .. }), "{format}");
        assert!(error.to_string().contains("csv"), "{error}");
    }
}

// F19
#[test]
fn a_column_has_one_type_whatever_stands_first() {
    let rows = rows(&record(RECORD.clone()));
    let all = |column: &'static str| {
        rows.iter().map(move |row| row[column].as_str()).filter(|value| !value.is_empty())
    };
    for column in ["p50_ns", "p99_9_ns", "max_ns", "distance_before_ns"] {
        assert!(all(column).count() > 20, "{column}");
        let whole = all(column).find(|value| !value.contains(['.', 'e']));
        assert_eq!(whole, None, "{column} may have fractions");
    }
    for column in ["values", "elapsed_ns", "size_bytes"] {
        assert!(all(column).all(|value| value.parse::<u64>().is_ok()), "{column}");
    }
    for column in ["counts", "tells", "steady", "floor"] {
        assert!(all(column).all(|value| ["TRUE", "FALSE"].contains(&value)), "{column}");
    }
    // The columns that hold anything do so in the rows that a reader looks at.
    assert!(rows.len() > 1_000, "{}", rows.len());
    for column in rows[0].keys() {
        let filled = |rows: &[Row]| rows.iter().any(|row| !row[column].is_empty());
        assert_eq!(filled(&rows[..100]), filled(&rows), "{column}");
    }
    assert!(all("run_started").all(|value| value.parse::<jiff::Timestamp>().is_ok()));
}

// F3
#[test]
fn a_rate_that_was_not_reached_has_a_mark_everywhere_and_a_latency_nowhere() {
    let mut late = sample::every(1, 6);
    late.cells.retain(|cell| cell.key.workload.name() == "paced" && !cell.lossy);
    for invocation in late.cells.iter_mut().flat_map(|cell| &mut cell.invocations) {
        invocation.messages *= 100;
        invocation.elapsed_ns *= 300;
    }
    let (cells, document) = (late.cells.len(), record(late));
    assert!(cells > 0);
    for row in rows(&document) {
        assert!(row["flags"].starts_with("rate-not-reached"), "{row:?}");
        assert!(row["tells"] != "TRUE", "no time of it is a figure");
    }
    let mut taken = HashMap::new();
    for format in crate::formats().filter(|f| ![Format::Csv, Format::Parquet].contains(f)) {
        let files = match export(&document, format, &Options::default()).unwrap() {
            Exported::One(bytes) => vec![bytes],
            Exported::Several(files) => files.into_iter().map(|file| file.bytes).collect(),
        };
        let text: String =
            files.into_iter().map(|bytes| String::from_utf8(bytes).unwrap()).collect();
        taken.insert(format.name(), text);
    }
    let (bmf, gab, om) = (&taken["bmf"], &taken["gab"], &taken["openmetrics"]);
    assert!(!bmf.contains("\"latency") && bmf.contains("flag-rate-not-reached"), "{bmf}");
    assert!(bmf.contains("rate-reached"), "{bmf}");
    assert!(!gab.contains(": p50") && gab.contains("flags: rate-not-reached"), "{gab}");
    assert!(!om.contains("ipcmark_latency") && om.contains("flags=\"rate-not-reached"), "{om}");
    assert!(taken["hgrm"].is_empty() && taken["criterion"].is_empty());
    assert!(!taken["hlog"].contains("Tag="), "{}", taken["hlog"]);
    assert!(taken["cells-csv"].contains("rate not reached: "));
}

fn paired() -> Paired {
    let record = sample::record(1, 1);
    let slice = |turn| Slice {
        turn,
        midmean_ns: 100.25,
        p99_ns: 180.0,
        values: 20_000,
        messages: 20_000,
        elapsed_ns: 2_000_000,
        by_schedule: false,
        distance: None,
    };
    let none = Integrity::default();
    let arm = |turns: [u32; 2]| Arm {
        outcome: InvocationOutcome::Ok,
        integrity: none,
        slices: turns.map(slice).into(),
    };
    let hung = InvocationOutcome::Failed { side: "responder".into(), what: "it hung".into() };
    let pair = Pair {
        stage: Stage::Confirm,
        round: 0,
        started_ns: 7,
        base: arm([0, 5]),
        new: Arm { outcome: hung, integrity: none, slices: vec![] },
        again: arm([2, 3]),
    };
    let cell = |state, pairs| PairedCell {
        key: record.cells[0].key.clone(),
        family: record.cells[0].family.clone(),
        floor: false,
        group: record.cells[0].group.clone(),
        canary: false,
        slow_down_permille: None,
        state,
        pairs,
    };
    let contender = ipcmark_record::Contender {
        program: "ipcmark".into(),
        tool: record.tool.clone(),
        env: vec![],
        args: vec![],
        conditions: vec![],
    };
    Paired {
        schema: PAIRED_SCHEMA.into(),
        tool: record.tool.clone(),
        started: record.started.clone(),
        finished: None,
        outcome: record.outcome,
        settings: PairedSettings {
            seed: 1,
            budget_s: 1.0,
            screen_pairs: 1,
            confirm_pairs: 1,
            turns: 2,
            slice_ms: 2.0,
            screen_p: 0.1,
            clock_step_ns: 10.0,
            command: vec![],
        },
        suite: record.suite.clone(),
        host: record.host.clone(),
        base: contender.clone(),
        new: contender,
        other_runs: None,
        cells: vec![cell(State::Measured, vec![pair]), cell(State::Pending, vec![])],
    }
}

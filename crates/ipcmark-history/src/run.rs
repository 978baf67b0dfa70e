//! A run for a store: its key, its line, and its compressed record.
//!
//! The key consists of the start of the run and a hash of the record:
//! `2026/01/20260131T101500Z-0123456789abcdef`. So no two runs share one, and adding a record twice is
//! harmless. The line holds the origin of the run (commit, branch), and so does the header of the
//! compressed record: a lost line can be made again.

use crate::line::{Attributes, FAMILY, Figure, Line, Metric, VERSION, rounded};
use crate::{Error, Provenance, Result};
use flate2::read::GzDecoder;
use flate2::{Compression, GzBuilder};
use ipcmark_record::{Cell, Record};
use ipcmark_stats::ratio;
use ipcmark_summary::{
    Classes, Context, DistanceClass, Estimate, Figure as Figures, Row, Samples, summarize_cell,
};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::io::Write as _;

/// Confidence of the intervals of ratios to a reference.
const CONFIDENCE: f64 = 0.95;

/// A run, ready for a store.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    key: String,
    line: Line,
    packed: Vec<u8>,
}

impl Run {
    /// Makes the line of a record. `reference` is a record that a pinned build took on the same machine, for the ratios.
    ///
    /// # Errors
    /// A record without a start or without an end, a reference of another machine, or a histogram that cannot be unpacked.
    pub fn of(record: &Record, provenance: &Provenance, reference: Option<&Record>) -> Result<Run> {
        if record.finished.is_none() {
            return Err(Error::Unfit(format!(
                "the run of {} has not ended: finish it with `ipcmark run --resume`, then add it",
                record.started
            )));
        }
        if let Some(other) = reference.filter(|r| !r.host.is_same_machine(&record.host)) {
            return Err(Error::Unfit(format!(
                "the reference was measured on machine {}, the run on {}: measure both on one machine",
                other.host.fingerprint, record.host.fingerprint
            )));
        }
        let started: Timestamp = record.started.parse().map_err(|e| {
            Error::Unfit(format!("the record's start, '{}', is not a time: {e}", record.started))
        })?;
        let text = serde_json::to_vec(record).expect("a record is plain JSON");
        let key = key_of(started, &text);
        let line = Line {
            schema: format!("{FAMILY}/{VERSION}"),
            run: key.clone(),
            timestamp: provenance.commit_time.unwrap_or(started).as_second(),
            run_timestamp: started.as_second(),
            attributes: attributes(record, provenance, reference),
            facts: record.host.facts().into_iter().map(|fact| (fact.name, fact.value)).collect(),
            metrics: metrics(record, reference)?,
        };
        let packed = pack(&text, provenance);
        Ok(Run { key, line, packed })
    }

    /// Returns its key in every store: year, month, start and a hash.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Returns its line.
    #[must_use]
    pub fn line(&self) -> &Line {
        &self.line
    }

    /// Returns the line's text, with its end.
    pub(crate) fn line_text(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec(&self.line).expect("a line is plain JSON");
        text.push(b'\n');
        text
    }

    /// Returns the record, compressed with gzip.
    pub(crate) fn packed(&self) -> &[u8] {
        &self.packed
    }
}

fn key_of(started: Timestamp, text: &[u8]) -> String {
    let hash = Sha256::digest(text).iter().take(8).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    format!("{}-{hash}", started.strftime("%Y/%m/%Y%m%dT%H%M%SZ"))
}

/// Compresses a record. The header's comment holds the origin of the run.
fn pack(text: &[u8], provenance: &Provenance) -> Vec<u8> {
    let comment = serde_json::to_vec(provenance).expect("what is known is plain JSON");
    let mut writer = GzBuilder::new().comment(comment).write(Vec::new(), Compression::default());
    let written = writer.write_all(text).and_then(|()| writer.finish());
    written.expect("memory takes all that is written")
}

/// Unpacks a record; `name` is its name in errors.
pub(crate) fn unpack(packed: &[u8], name: &str) -> Result<(Record, Provenance)> {
    let damaged = |what: String| Error::Record {
        name: name.into(),
        source: ipcmark_record::Error::Damaged { name: name.into(), what },
    };
    let mut reader = GzDecoder::new(packed);
    let text = ipcmark_record::unpack(&mut reader).map_err(|e| damaged(e.to_string()))?;
    let record =
        Record::parse(&text, name).map_err(|source| Error::Record { name: name.into(), source })?;
    let comment = reader.header().and_then(|header| header.comment()).unwrap_or_default();
    Ok((record, serde_json::from_slice(comment).unwrap_or_default()))
}

fn attributes(record: &Record, provenance: &Provenance, reference: Option<&Record>) -> Attributes {
    let build = |record: &Record| match &record.tool.commit {
        Some(commit) => format!("{} {} ({commit})", record.tool.name, record.tool.version),
        None => format!("{} {}", record.tool.name, record.tool.version),
    };
    Attributes {
        git_repo: provenance.repository.clone(),
        git_commit: provenance.commit.clone(),
        commit_time: provenance.commit_time.map(|time| time.to_string()),
        branch: provenance.branch.clone(),
        host: record.host.fingerprint.clone(),
        cpu_model: record.host.cpu_model.clone(),
        kernel: record.host.kernel.clone(),
        tool_version: record.tool.version.clone(),
        tool_commit: record.tool.commit.clone(),
        profile: record.tool.profile.clone(),
        suite: record.suite.name.clone(),
        reference: reference.map(build),
        more: provenance.more.clone(),
    }
}

fn metrics(record: &Record, reference: Option<&Record>) -> Result<Vec<Metric>> {
    // Both use the same classes, so that a class means the same distances in each.
    let both: Vec<&Record> = [Some(record), reference].into_iter().flatten().collect();
    let classes = Classes::of(&both);
    let context = Context::with(record, classes.clone())?;
    let pinned = reference.map(|r| Context::with(r, classes).map(|c| (r, c))).transpose()?;
    let mut metrics = Vec::new();
    for cell in &record.cells {
        let row = summarize_cell(cell, &context)?;
        let Some(figure) = &row.figure else { continue };
        let name = cell.key.to_string();
        let flags = row.flags().into_iter().map(str::to_owned).collect::<Vec<_>>();
        let mut class = Class { cell: &name, class: row.class, n: row.invocations, flags: &flags };
        class.figures(figure, &row, &mut metrics);
        if let Some(limit) = row.tracked_limit() {
            metrics.push(class.metric(Figure::Times(limit.bound), limit.times));
        }
        if let Some((record, pinned)) = &pinned
            && figure.refused.is_none()
            && let Some(times) = times_reference(cell, &context, record, pinned)?
        {
            metrics.push(class.metric(Figure::TimesReference, times));
        }
        // Two classes may share a range: the row's own is kept, or the one with more invocations.
        let mut words: Vec<&str> = row.class.iter().map(|class| class.reach().key()).collect();
        let mut others: Vec<_> = row.others.iter().collect();
        others.sort_by_key(|other| std::cmp::Reverse(other.invocations));
        for other in others {
            if words.contains(&other.class.reach().key()) {
                continue;
            }
            words.push(other.class.reach().key());
            class = Class { class: Some(other.class), n: other.invocations, ..class };
            class.figures(&other.figure, &row, &mut metrics);
        }
    }
    Ok(metrics)
}

/// Facts that the metrics of a cell in one distance class share.
#[derive(Clone, Copy)]
struct Class<'c> {
    cell: &'c str,
    class: Option<DistanceClass>,
    n: usize,
    flags: &'c [String],
}

impl Class<'_> {
    fn figures(&self, figures: &Figures, row: &Row, into: &mut Vec<Metric>) {
        if row.key.is_rate() {
            into.push(self.metric(Figure::TimePerMessage, figures.ns_per_message()));
        } else if let Some(task) = figures.task {
            into.push(self.metric(Figure::TaskTime, task.parallel_ns));
        } else {
            for (figure, quantile) in [(Figure::P50, 0.5), (Figure::P99, 0.99)] {
                let percentile = figures.percentile(quantile).filter(|p| p.enough);
                into.extend(percentile.map(|p| self.metric(figure, p.ns)));
            }
        }
    }

    fn metric(&self, figure: Figure, estimate: Estimate) -> Metric {
        Metric {
            name: Metric::name_of(self.cell, self.class.map(|class| class.reach().key()), figure),
            value: rounded(estimate.value),
            unit: figure.unit().into(),
            low: estimate.interval.map(|(low, _)| rounded(low)),
            high: estimate.interval.map(|(_, high)| rounded(high)),
            n: self.n,
            distance_ns: self.class.map(|class| rounded(class.centre_ns)),
            flags: self.flags.to_vec(),
        }
    }
}

/// Returns the ratio to the pinned build, if both were measured in one distance class.
fn times_reference(
    cell: &Cell,
    context: &Context,
    reference: &Record,
    pinned: &Context,
) -> Result<Option<Estimate>> {
    let Some(base) = reference.cell(&cell.key) else { return Ok(None) };
    if context.counting(cell).class != pinned.counting(base).class {
        return Ok(None);
    }
    let (base, new) = (Samples::of(base, pinned)?, Samples::of(cell, context)?);
    let times = |samples: &Samples| match cell.key.is_rate() {
        true => samples.messages_per_s.iter().map(|rate| 1e9 / rate).collect(),
        false if !samples.parallel_ns.is_empty() => samples.parallel_ns.clone(),
        false => samples.percentiles_ns[0].clone(),
    };
    Ok(ratio(&times(&base), &times(&new), CONFIDENCE).map(|shift| Estimate {
        value: shift.estimate,
        interval: shift.interval.map(|i| (i.low, i.high)),
        confidence: shift.interval.map(|i| i.confidence),
    }))
}

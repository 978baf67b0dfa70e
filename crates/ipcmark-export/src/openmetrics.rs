//! OpenMetrics text, for a node exporter's textfile collector or a push gateway: base units, one sample a figure.
//!
//! Gauges, because a run's medians are no counters. A percentile is a label of a gauge and no quantile of a summary: a
//! collector would add a count and a sum of zero to a summary without them. Bounds are families of their own, so that no sum
//! over labels mixes them with figures. Cells without figures are in `ipcmark_cell_info` with the reason, and so are the
//! flags. With timestamps, old runs can be added to a database; a textfile collector refuses those.

use crate::Options;
use crate::line::{arrivals, when_full};
use crate::measure::measures;
use ipcmark_record::{CellKey, Parameter, Record, Refusal};
use ipcmark_summary::{Row, Status, Summary};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Family, its unit where the format knows one, what it is, and what ours is divided by.
type Family = (&'static str, Option<&'static str>, &'static str, f64);

fn family(slug: &str) -> Family {
    const NS: f64 = 1e9;
    let cpu = |name, help| (name, Some("seconds"), help, NS);
    match slug {
        "throughput" => {
            ("messages_per_second", None, "Messages drained and verified a second", 1.0)
        }
        "bytes-per-s" => ("bytes_per_second", None, "Bytes drained and verified a second", 1.0),
        "speed-up" => ("speed_up_ratio", Some("ratio"), "Times as fast as one process alone", 1.0),
        "useful-work-share" => (
            "useful_work_ratio",
            Some("ratio"),
            "Share of a round trip in which other work was done",
            1.0,
        ),
        "cpu-ns-per-message" => {
            cpu("cpu_per_message_seconds", "CPU time of all sides for one message")
        }
        "cpu-ns-per-round-trip" => {
            cpu("cpu_per_round_trip_seconds", "CPU time of all sides for one round trip")
        }
        "cpu-ns-per-task" => cpu("cpu_per_task_seconds", "CPU time of all sides for one task"),
        "switches-per-message" => (
            "context_switches_per_message",
            None,
            "Context switches of all sides for one message",
            1.0,
        ),
        "switches-per-round-trip" => (
            "context_switches_per_round_trip",
            None,
            "Context switches of all sides for one round trip",
            1.0,
        ),
        "switches-per-task" => {
            ("context_switches_per_task", None, "Context switches of all sides for one task", 1.0)
        }
        "rate-reached" => {
            ("rate_reached_per_second", None, "Messages a second of those asked by rate_per_s", 1.0)
        }
        "lost-share" => ("lost_ratio", Some("ratio"), "Share of the messages that never came", 1.0),
        "worst-peer-p50-ns" => {
            ("worst_peer_p50_seconds", Some("seconds"), "Median of the worst peer's times", NS)
        }
        "worst-peer-p99-ns" => (
            "worst_peer_p99_seconds",
            Some("seconds"),
            "99th percentile of the worst peer's times",
            NS,
        ),
        slug if slug.starts_with("times-") => {
            ("over_limit_ratio", Some("ratio"), "Times as long as the machine allows at best", 1.0)
        }
        _ => ("latency_seconds", Some("seconds"), "Percentile of the time of a cell", NS),
    }
}

/// Samples of one family, with what is said above them.
#[derive(Default)]
struct Samples {
    unit: Option<&'static str>,
    help: String,
    lines: String,
}

pub(crate) fn openmetrics(record: &Record, summary: &Summary, options: &Options) -> Vec<u8> {
    let mut families: BTreeMap<String, Samples> = BTreeMap::new();
    let started = record.started.parse::<jiff::Timestamp>().ok();
    let seconds = started.map(|started| started.as_millisecond() as f64 / 1e3);
    let at = seconds.filter(|_| options.timestamps).map_or_else(String::new, |s| format!(" {s}"));
    let mut add = |name: String, unit, help: &str, labels: &str, value: f64| {
        let own = families.entry(name.clone()).or_default();
        (own.unit, own.help) = (unit, help.into());
        let _ = writeln!(own.lines, "{name}{labels} {value:e}{at}");
    };
    for row in &summary.rows {
        for measure in measures(row) {
            let (name, unit, help, over) = family(measure.slug);
            let percentile = measure.quantile.map(|q| ("percentile", percentile(q)));
            let is_ratio = measure.slug.starts_with("times-");
            let limit = row.limit.as_ref().filter(|_| is_ratio);
            let limit = limit.map(|limit| ("limit", limit.bound.to_string()));
            let labels = labels(cell(row).into_iter().chain(percentile).chain(limit));
            add(format!("ipcmark_{name}"), unit, help, &labels, measure.estimate.value / over);
            for (end, value) in
                measure.estimate.interval.into_iter().flat_map(|(l, h)| [("low", l), ("high", h)])
            {
                let (help, name) =
                    (format!("{help}: {end} end of its interval"), bound(name, unit, end));
                add(name, unit, &help, &labels, value / over);
            }
        }
        let state = labels(cell(row).into_iter().chain(state(row)));
        add("ipcmark_cell_info".into(), None, "State of each cell", &state, 1.0);
    }
    let (tool, host) = (&record.tool, &record.host);
    let run = [
        ("version", tool.version.clone()),
        ("commit", tool.commit.clone().unwrap_or_default()),
        ("suite", record.suite.name.clone()),
        ("host", host.fingerprint.clone()),
        ("cpu_model", host.cpu_model.clone()),
        ("kernel", host.kernel.clone()),
    ];
    add("ipcmark_run_info".into(), None, "What measured, and where", &labels(run), 1.0);
    if let Some(seconds) = seconds {
        let help = "When the run began, since 1970";
        add("ipcmark_run_start_seconds".into(), Some("seconds"), help, "", seconds);
    }
    let mut text = String::new();
    for (name, Samples { unit, help, lines }) in families {
        let unit = unit.map(|unit| format!("# UNIT {name} {unit}\n")).unwrap_or_default();
        let _ = write!(text, "# TYPE {name} gauge\n{unit}# HELP {name} {help}.\n{lines}");
    }
    text += "# EOF\n";
    text.into_bytes()
}

/// `latency_seconds` has its low end in `ipcmark_latency_low_seconds`: a family's name ends with its unit.
fn bound(family: &str, unit: Option<&str>, end: &str) -> String {
    match unit.and_then(|unit| family.strip_suffix(unit)) {
        Some(stem) => format!("ipcmark_{stem}{end}_{}", unit.unwrap_or_default()),
        None => format!("ipcmark_{family}_{end}"),
    }
}

fn cell(row: &Row) -> Vec<(&'static str, String)> {
    let CellKey { transport, workload, size_bytes, mix, placement, capacity_bytes, .. } = &row.key;
    let number = |of| workload.value(of).map(|n| n.to_string());
    let always = [
        ("transport", transport.clone()),
        ("pattern", workload.to_string()),
        ("size_bytes", size_bytes.to_string()),
        ("placement", placement.to_string()),
    ];
    let sometimes = [
        ("mix", mix.as_ref().map(ToString::to_string)),
        ("capacity_bytes", capacity_bytes.map(|n| n.to_string())),
        ("peers", number(Parameter::Peers)),
        ("idle", Some(workload.idle()).filter(|idle| *idle > 0).map(|idle| idle.to_string())),
        ("depth", number(Parameter::Depth)),
        ("rate_per_s", number(Parameter::Rate)),
        ("gap_us", number(Parameter::Gap)),
        ("spin_budget", row.key.spin_budget.map(|budget| budget.to_string())),
        ("neighbours", row.key.neighbours.map(|neighbours| neighbours.to_string())),
        ("arrivals", arrivals(&row.key).map(|arrivals| arrivals.to_string())),
        ("input", workload.input().map(|input| input.to_string())),
        ("when_full", when_full(&row.key).map(|when_full| when_full.to_string())),
        ("distance", row.class.map(|class| class.reach().key().to_owned())),
    ];
    let there = sometimes.into_iter().filter_map(|(name, value)| Some((name, value?)));
    always.into_iter().chain(there).collect()
}

/// Returns `50`, `99.9`.
fn percentile(quantile: f64) -> String {
    // Six digits: a fraction times 100 need not be the number that people write.
    let text = format!("{:.6}", quantile * 100.0);
    text.trim_end_matches('0').trim_end_matches('.').into()
}

fn state(row: &Row) -> [(&'static str, String); 3] {
    let (state, reason) = match &row.status {
        Status::Measured => ("measured", ""),
        Status::Failed { what } => ("failed", what.as_str()),
        Status::Unavailable(Refusal { reason, .. }) => ("unavailable", reason.as_str()),
        Status::Unsupported { reason } => ("unsupported", reason.as_str()),
        Status::Pending => ("pending", ""),
    };
    [("state", state.into()), ("reason", reason.into()), ("flags", row.flags().join(" "))]
}

fn labels(pairs: impl IntoIterator<Item = (&'static str, String)>) -> String {
    let escape = |value: &str| value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
    let pairs: Vec<String> =
        pairs.into_iter().map(|(name, value)| format!("{name}=\"{}\"", escape(&value))).collect();
    format!("{{{}}}", pairs.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specimen::{RECORD, SUMMARY};

    #[test]
    fn units_are_base_units_and_every_cell_is_told_of() {
        let text = String::from_utf8(openmetrics(&RECORD, &SUMMARY, &Options::default())).unwrap();
        assert!(text.ends_with("# EOF\n") && !text.contains("NaN") && !text.contains(" inf\n"));
        assert_eq!(text.matches("\nipcmark_cell_info{").count(), RECORD.cells.len());
        assert!(text.contains(r#"state="unavailable",reason="a message of 65536 bytes"#));
        let row = SUMMARY.rows.iter().find(|row| row.figure.is_some()).unwrap();
        let p50 = row.figure.as_ref().unwrap().percentile(0.5).unwrap().ns.value;
        assert!(text.contains(&format!("percentile=\"50\"}} {:e}\n", p50 / 1e9)), "{p50}");
        let low =
            "# TYPE ipcmark_latency_low_seconds gauge\n# UNIT ipcmark_latency_low_seconds seconds";
        assert!(text.contains(low));
        let mut times = text.lines().filter(|line| line.starts_with("ipcmark_latency_seconds{"));
        assert!(times.all(|line| line.contains(",percentile=\"")), "each names its percentile");
        assert!(text.contains("\nipcmark_worst_peer_p50_seconds{"));
    }

    // F19
    #[test]
    fn no_reader_adds_a_count_and_a_run_of_old_has_its_time() {
        let text = |timestamps| {
            let options = Options { timestamps, ..Options::default() };
            String::from_utf8(openmetrics(&RECORD, &SUMMARY, &options)).unwrap()
        };
        let samples = |text: &str| -> Vec<String> {
            text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
        };
        let (bare, timed) = (text(false), text(true));
        assert!(!bare.contains(" summary\n") && !bare.contains("quantile="));
        for part in ["percentile=\"50\"", "percentile=\"99.9\"", "percentile=\"90\""] {
            assert!(bare.contains(part), "{part}");
        }
        let at = RECORD.started.parse::<jiff::Timestamp>().unwrap().as_millisecond() as f64 / 1e3;
        let expected: Vec<String> =
            samples(&bare).into_iter().map(|line| format!("{line} {at}")).collect();
        assert_eq!(samples(&timed), expected);
    }

    // F1
    #[test]
    fn a_ratio_names_its_limit() {
        let text = String::from_utf8(openmetrics(&RECORD, &SUMMARY, &Options::default())).unwrap();
        let mut ratios = text.lines().filter(|line| line.starts_with("ipcmark_over_limit_ratio{"));
        assert!(ratios.clone().count() > 5);
        assert!(ratios.all(|line| line.contains(",limit=\"")));
    }

    #[test]
    fn what_stands_in_a_label_is_escaped() {
        let pairs = [("reason", "a \"b\" \\ c\nd".to_owned())];
        assert_eq!(labels(pairs), r#"{reason="a \"b\" \\ c\nd"}"#);
    }
}

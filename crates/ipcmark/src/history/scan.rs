//! `ipcmark history scan`: changes of level, and how to confirm them.

use super::read;
use super::read_args::ScanArgs;
use crate::exit::Exit;
use crate::output;
use anyhow::Result;
use console::Style;
use ipcmark_history::{Change, Group, Scanned, Series, Store};
use ipcmark_show::terminal::wrapped;
use ipcmark_show::{NO_INTERVAL, Quantity, change as percent};
use serde_json::{Value, json};

/// Version of what `--json` prints.
const SCHEMA: &str = "ipcmark.scan/1";

/// Scans.
///
/// # Errors
/// Those of [`read::runs`] and [`read::scanned`].
pub(super) fn scan(store: &dyn Store, args: &ScanArgs) -> Result<Exit> {
    let runs = read::runs(store, &args.series)?;
    let mut scanned = read::scanned(&runs, &args.series.cell)?;
    if let Some(last) = args.last {
        scanned = scanned.within_last(last);
    }
    let shown = if args.json {
        serde_json::to_string_pretty(&as_json(&scanned))?
    } else {
        text(&scanned, output::columns())
    };
    output::print(&shown)?;
    let slower = args.exit_code && scanned.census.worse > 0;
    Ok(if slower { Exit::Failed } else { Exit::Ok })
}

/// Returns a paragraph per time of changes, and the counts.
fn text(scanned: &Scanned, columns: Option<u16>) -> String {
    let mut text = String::new();
    for group in scanned.groups() {
        text += &paragraph(scanned, &group, columns);
        text.push('\n');
    }
    let census = format!("{} (a series needs {} points).", scanned.census, scanned.least_points);
    text + &wrapped("", &census, 0, columns)
}

fn paragraph(scanned: &Scanned, group: &Group, columns: Option<u16>) -> String {
    let (last, first) =
        (&scanned.history.stops[group.between.0], &scanned.history.stops[group.between.1]);
    let head = format!("between {} and {}, {}", last.short(), first.short(), first.day());
    let mut text = format!("{}\n", Style::new().bold().apply_to(head));
    for (series, change) in &group.changes {
        let style = if change.worse { Style::new().red() } else { Style::new().green() };
        let size = format!("{:>8}", percent(change.ratio));
        let first = format!("  {} ", style.apply_to(size));
        text += &wrapped(&first, &words(scanned, series, change), 11, columns);
    }
    let mut told: Vec<String> = Vec::new();
    for (series, change) in &group.changes {
        let next = scanned.next_step(series, change);
        if let Some(next) = next.filter(|next| !told.contains(next)) {
            told.push(next);
        }
    }
    let facts: Vec<&str> = group.facts_changed().into_iter().collect();
    if !facts.is_empty() {
        text += &wrapped("  ", &format!("changed there, too: {}", facts.join("; ")), 2, columns);
    }
    if told.is_empty() {
        text += "  measure again to confirm it: a commit on one side is unknown, or its tree had changes\n";
    }
    for (at, next) in told.iter().enumerate() {
        // A command is not wrapped, so that it can be copied.
        text += &format!("  {} {next}\n", if at == 0 { "confirm it:" } else { "           " });
    }
    text
}

/// Returns `[+4.6 %, +5.8 %] pipe/block ping-pong 64 B cross-core, p50: 97.0 µs -> 102 µs on ...`.
fn words(scanned: &Scanned, series: &Series, change: &Change) -> String {
    let interval =
        change.interval.map_or_else(|| NO_INTERVAL.into(), |ends| Quantity::Change.interval(ends));
    let on = match (series.host, change.machines_changed) {
        (Some(host), _) => format!("on {}", scanned.history.hosts[host].words),
        (None, false) => "across machines".into(),
        (None, true) => "across machines, and the machine changed there".into(),
    };
    let apart = series.apart().map_or_else(String::new, |apart| format!(", {apart}"));
    let quantity = quantity(series);
    format!(
        "{interval} {}, {}{apart}: {} -> {}, {on}, p {:.1e}",
        series.title(),
        series.figure,
        quantity.show(change.before),
        quantity.show(change.after),
        change.p
    )
}

/// Returns the quantity of a series.
pub(super) fn quantity(series: &Series) -> Quantity {
    if series.figure.is_ratio() { Quantity::Factor } else { Quantity::Time }
}

fn as_json(scanned: &Scanned) -> Value {
    let history = &scanned.history;
    let changes: Vec<Value> = scanned
        .latest_first()
        .into_iter()
        .map(|(series, change)| {
            json!({
                "series": series.name(),
                "cell": series.cell,
                "figure": series.figure.name(),
                "host": series.host.map(|host| &history.hosts[host]),
                "distance": series.class,
                "last_before": history.stops[change.between.0],
                "first_after": history.stops[change.between.1],
                "before": change.before,
                "after": change.after,
                "ratio": change.ratio,
                "interval": change.interval,
                "p": change.p,
                "worse": change.worse,
                "machines_changed": change.machines_changed,
                "facts_changed": change.facts_changed,
                "confirm": scanned.next_step(series, change),
            })
        })
        .collect();
    json!({
        "schema": SCHEMA,
        "census": scanned.census,
        "least_points": scanned.least_points,
        "changes": changes,
    })
}

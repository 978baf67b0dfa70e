//! How long a history of 1,000 runs takes to read: `cargo run --release -p ipcmark-history --example thousand [-- FOLDER]`.
//!
//! Made-up lines of the length that the quick suite has. The records are not real: none is opened.

use ipcmark_history::{Line, Provenance, Run, store};
use ipcmark_record::sample;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

const RUNS: u32 = 1_000;
/// About what 236 cells have.
const METRICS: usize = 600;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os().nth(1).map_or_else(
        || std::env::temp_dir().join(format!("ipcmark-thousand-{}", std::process::id())),
        PathBuf::from,
    );
    let bytes = write(&folder)?;
    let store = store::open(folder.to_str().ok_or("a path in UTF-8")?)?;
    let begun = Instant::now();
    let lines = store.lines()?;
    let took = begun.elapsed();
    let said = format!(
        "{}: {METRICS} figures each, {} MB of lines, {} ms\n",
        lines.census(),
        bytes / 1_000_000,
        took.as_millis()
    );
    std::fs::remove_dir_all(&folder)?;
    Ok(std::io::stdout().write_all(said.as_bytes())?)
}

/// Writes the files of all runs; how many bytes the lines have.
fn write(folder: &Path) -> Result<usize, Box<dyn std::error::Error>> {
    let record = sample::record(1, 9);
    let mut line: Line = Run::of(&record, &Provenance::default(), None)?.line().clone();
    let own = line.metrics.clone();
    for (n, metric) in own.iter().cycle().take(METRICS - own.len()).enumerate() {
        let name = metric.name.replacen('/', &format!("-{n}/"), 1);
        line.metrics.push(ipcmark_history::Metric { name, ..metric.clone() });
    }
    let mut bytes = 0;
    for n in 0..RUNS {
        line.run = format!("2026/{:02}/{n:016}", 1 + n / 100);
        line.timestamp += 60;
        for (what, ending, text) in
            [("lines", "ndjson", serde_json::to_string(&line)?), ("runs", "json.gz", "none".into())]
        {
            let path = folder.join(format!("{what}/{}.{ending}", line.run));
            std::fs::create_dir_all(path.parent().ok_or("a path with a folder")?)?;
            std::fs::write(path, &text)?;
            bytes += if what == "lines" { text.len() } else { 0 };
        }
    }
    Ok(bytes)
}

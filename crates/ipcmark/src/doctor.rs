//! `ipcmark doctor`: the features and limits of this machine, and their cost.

use crate::Catalog;
use crate::exit::Exit;
use crate::output::{self, paint};
use crate::table::reasons;
use anyhow::Result;
use clap::Args;
use ipcmark_core::{Availability, Refusal};
use ipcmark_doctor::{Finding, Level, Machine, examine};
use ipcmark_harness::Scratch;
use ipcmark_show::Tone;
use ipcmark_suite::parse_duration;
use serde::Serialize;
use std::fmt::Write as _;
use std::time::Duration;

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Time to listen for noise on a CPU; up to four CPUs have their turn.
    #[arg(long, value_name = "TIME", default_value = "250ms", value_parser = parse_duration)]
    pub(crate) listen: Duration,
    /// Also show what the machine offers.
    #[arg(long)]
    pub(crate) all: bool,
    /// Print JSON, with everything.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The document of `--json`.
#[derive(Debug, Serialize)]
struct Document {
    /// Names this form; the number behind the slash is its version.
    schema: &'static str,
    findings: Vec<Finding>,
    /// Rows of the catalog.
    transports: usize,
    /// Number of those that can be measured here, some of them within limits.
    available: usize,
    unavailable: Vec<Missing>,
}

/// A transport that is not available on this machine.
#[derive(Debug, Serialize)]
struct Missing {
    transport: String,
    #[serde(flatten)]
    why: Refusal,
}

/// Examines the machine. Findings do not change the exit code.
///
/// # Errors
/// Standard output that cannot be written to.
pub(crate) fn doctor(catalog: &Catalog, args: &DoctorArgs) -> Result<Exit> {
    let findings = examine(&Machine::this(), args.listen);
    let _names = Scratch::new();
    let unavailable: Vec<Missing> = catalog
        .rows()
        .iter()
        .filter_map(|entry| match entry.available() {
            Availability::Available(_) => None,
            Availability::Unavailable(why) => Some(Missing { transport: entry.info.name(), why }),
        })
        .collect();
    let document = Document {
        schema: "ipcmark.doctor/1",
        findings,
        transports: catalog.rows().len(),
        available: catalog.rows().len() - unavailable.len(),
        unavailable,
    };
    if args.json {
        output::print(&serde_json::to_string_pretty(&document)?)?;
    } else {
        output::print(&for_people(&document, args.all))?;
    }
    Ok(Exit::Ok)
}

fn for_people(document: &Document, all: bool) -> String {
    let mut text = String::new();
    let mut area = None;
    for finding in &document.findings {
        if finding.level == Level::Offered && !all {
            continue;
        }
        if area != Some(finding.area) {
            let _ = writeln!(text, "{}", paint(Tone::Title, &finding.area.to_string()));
            area = Some(finding.area);
        }
        text.push_str(&one(finding));
    }
    if !document.unavailable.is_empty() {
        let _ = writeln!(text, "{}", paint(Tone::Title, "Unavailable transports"));
        let unavailable = document.unavailable.iter();
        let missing = unavailable.map(|m| (m.transport.as_str(), m.why.to_string()));
        text.push_str(&reasons(missing, document.transports, output::columns()));
    }
    let count = |level| document.findings.iter().filter(|f| f.level == level).count();
    let _ = writeln!(
        text,
        "{} of {} transports are available. Findings: {} good, {} limited, {} denied. Nothing was changed.{}",
        document.available,
        document.transports,
        count(Level::Offered),
        count(Level::Limited),
        count(Level::Denied),
        if all { "" } else { " --all shows the good ones, too." }
    );
    text
}

/// Returns the finding, its cost, and the line that changes it.
fn one(finding: &Finding) -> String {
    let (word, tone) = match finding.level {
        Level::Offered => ("good   ", Tone::Good),
        Level::Limited => ("limited", Tone::Caution),
        Level::Denied => ("denied ", Tone::Bad),
    };
    let mut text = format!("  {}  {}: {}\n", paint(tone, word), finding.subject, finding.found);
    if let Some(costs) = &finding.costs {
        let _ = writeln!(text, "           costs:  {costs}");
    }
    if let Some(line) = &finding.remedy {
        let _ = writeln!(text, "           change: {line}");
    }
    text
}

//! `ipcmark doctor`: what this machine offers and withholds, and what that costs here.

use crate::Catalog;
use crate::cli::DoctorArgs;
use crate::exit::Exit;
use crate::{notes, output};
use anyhow::Result;
use console::Style;
use ipcmark_core::{Availability, Refusal};
use ipcmark_doctor::{Finding, Level, Machine, examine};
use serde::Serialize;
use std::fmt::Write as _;

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Document {
    /// Names this form; the number behind the slash is its version.
    schema: &'static str,
    findings: Vec<Finding>,
    /// Rows of the catalog.
    transports: usize,
    /// Those that can be measured here, some of them within limits.
    available: usize,
    unavailable: Vec<Missing>,
}

/// A transport that this machine does not let run.
#[derive(Debug, Serialize)]
struct Missing {
    transport: String,
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

/// Examines the machine. Finding fault with it is no failure.
///
/// # Errors
/// Standard output that cannot be written to.
pub(crate) fn doctor(catalog: &Catalog, args: &DoctorArgs) -> Result<Exit> {
    let findings = examine(&Machine::this(), args.listen);
    let unavailable: Vec<Missing> = catalog
        .rows()
        .iter()
        .filter_map(|entry| match entry.available() {
            Availability::Available(_) => None,
            Availability::Unavailable(Refusal { reason, remedy }) => {
                Some(Missing { transport: entry.info.name(), reason, remedy })
            }
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
            let _ = writeln!(text, "{}", Style::new().bold().apply_to(finding.area));
            area = Some(finding.area);
        }
        text.push_str(&one(finding));
    }
    if !document.unavailable.is_empty() {
        let _ = writeln!(text, "{}", Style::new().bold().apply_to("Transports not to be had here"));
        let reasons = document.unavailable.iter().map(|missing| {
            let remedy =
                missing.remedy.as_ref().map(|line| format!("; {line}")).unwrap_or_default();
            (missing.transport.as_str(), format!("{}{remedy}", missing.reason))
        });
        text.push_str(&notes::grouped(reasons, document.transports, output::columns()));
    }
    let count = |level| document.findings.iter().filter(|f| f.level == level).count();
    let _ = writeln!(
        text,
        "{} of {} transports can be measured here. Of what was looked at, {} offered, {} limited, {} withheld; nothing was changed.{}",
        document.available,
        document.transports,
        count(Level::Offered),
        count(Level::Limited),
        count(Level::Denied),
        if all { "" } else { " --all shows what is offered too." }
    );
    text
}

/// Two to four lines: what was found, what it costs, the line that would change it.
fn one(finding: &Finding) -> String {
    let (word, style) = match finding.level {
        Level::Offered => ("offered ", Style::new().green()),
        Level::Limited => ("limited ", Style::new().yellow()),
        Level::Denied => ("withheld", Style::new().red()),
    };
    let mut text = format!("  {}  {}: {}\n", style.apply_to(word), finding.subject, finding.found);
    if let Some(costs) = &finding.costs {
        let _ = writeln!(text, "            costs:  {costs}");
    }
    if let Some(line) = &finding.remedy {
        let _ = writeln!(text, "            change: {line}");
    }
    text
}

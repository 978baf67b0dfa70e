//! `ipcmark report`: a report from a record alone.

use crate::cli::ReportArgs;
use crate::exit::Exit;
use crate::{folder, output, rules, run, table};
use anyhow::{Context as _, Result};
use ipcmark_summary::summarize;

/// Writes the report of a record again.
///
/// # Errors
/// A record that cannot be read; a folder that cannot be written to.
pub(crate) fn report(args: &ReportArgs) -> Result<Exit> {
    let record = run::read(&args.record)?;
    let summary = summarize(&record)?;
    let own = || folder::folder_of(&folder::record_at(&args.record));
    let out = args.out.clone().unwrap_or_else(own);
    std::fs::create_dir_all(&out).with_context(|| {
        format!("cannot make {}; name another folder with --out", out.display())
    })?;
    ipcmark_report::write(&record, &out)?;
    let tables = if args.table {
        let columns = output::columns();
        let rules = rules::text(&record.rules, columns);
        let gap = if rules.is_empty() { "" } else { "\n" };
        table::machine(&record, &summary, columns)
            + &table::tables(&summary, columns)
            + "\n"
            + &table::answer(&summary, columns)
            + &rules
            + gap
    } else {
        String::new()
    };
    let index = out.join("index.html");
    let census = ipcmark_view::census(&summary.census);
    output::print(&format!("{tables}{census}\nReport: {}", index.display()))?;
    Ok(Exit::Ok)
}

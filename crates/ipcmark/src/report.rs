//! `ipcmark report`: a report from a record alone.

use crate::cli::ReportArgs;
use crate::exit::Exit;
use crate::folder::Folder;
use crate::{folder, output, rules, run, table};
use anyhow::{Context as _, Result};
use ipcmark_report::Report;

/// Writes the report of a record again.
///
/// # Errors
/// A record that cannot be read; a folder that cannot be written to.
pub(crate) fn report(args: &ReportArgs) -> Result<Exit> {
    let mut record = run::read(&args.record)?;
    if !args.tail.percentiles.is_empty() {
        record.settings.percentiles.clone_from(&args.tail.percentiles);
    }
    let report = Report::of(&record)?;
    let file = folder::record_at(&args.record);
    let out = match &args.out {
        Some(out) => out.clone(),
        // The folders of a history hold records alone.
        None if file.extension().is_some_and(|end| end == "gz") => {
            Folder::fresh("history")?.path().into()
        }
        None => folder::folder_of(&file),
    };
    folder::refuse_others(&out)?;
    folder::refuse_foreign(&out)?;
    std::fs::create_dir_all(&out).with_context(|| {
        format!("cannot make {}; name another folder with --out", out.display())
    })?;
    report.write(&out)?;
    let summary = report.summary;
    let tables = if args.table {
        let columns = output::columns();
        let width = output::of_tables(args.all_columns);
        let rules = rules::text(&record.rules, columns);
        let gap = if rules.is_empty() { "" } else { "\n" };
        table::machine(&record, &summary, columns)
            + &table::tables(&summary, width)
            + "\n"
            + &table::answer(&summary, &record.knees, columns)
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

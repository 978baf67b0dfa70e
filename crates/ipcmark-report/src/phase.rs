//! The length of the measured phase, next to its planned length.

use ipcmark_record::Record;
use ipcmark_show::time;
use ipcmark_view::middle;

/// Returns the median measured phase of the good invocations, ns; `None` if there are none.
fn measured_ns(record: &Record) -> Option<f64> {
    let good = record.cells.iter().flat_map(|c| &c.invocations).filter(|i| i.is_ok());
    middle(good.map(|i| i.elapsed_ns as f64).collect())
}

/// Returns the measured and the planned length, if a budget made the first clearly shorter.
pub(crate) fn cut_by_budget(record: &Record) -> Option<(String, String)> {
    /// A phase shorter than this share of the plan was cut.
    const CUT: f64 = 0.9;
    let planned_ns = record.settings.measure_ms * 1e6;
    let ns = measured_ns(record).filter(|ns| *ns < CUT * planned_ns)?;
    record.settings.budget_s?;
    Some((time(ns), time(planned_ns)))
}

/// Returns the plan and the result.
pub(crate) fn measured_phase(record: &Record) -> String {
    let plan = format!("{} ms per invocation planned", record.settings.measure_ms);
    let cut = if cut_by_budget(record).is_some() { ", cut by the budget" } else { "" };
    measured_ns(record)
        .map_or(plan.clone(), |ns| format!("{plan}, {} measured (median){cut}", time(ns)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_record::sample;

    #[test]
    fn a_measured_phase_that_the_budget_cut_is_next_to_the_plan() {
        let mut record = sample::record(1, 6);
        record.settings.measure_ms = 20.0;
        for cell in &mut record.cells {
            cell.invocations.iter_mut().for_each(|i| i.elapsed_ns = 3_600_000);
        }
        assert_eq!(
            measured_phase(&record),
            "20 ms per invocation planned, 3.60 ms measured (median), cut by the budget"
        );
        let summary = ipcmark_summary::summarize(&record).unwrap();
        let text = crate::facts::cautions(&record, &summary).join("\n");
        assert!(text.contains("from 20.0 ms to 3.60 ms (median)"), "{text}");
        record.settings.budget_s = None;
        assert_eq!(
            measured_phase(&record),
            "20 ms per invocation planned, 3.60 ms measured (median)"
        );
        record.cells.clear();
        assert_eq!(measured_phase(&record), "20 ms per invocation planned");
    }
}

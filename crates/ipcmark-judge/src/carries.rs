//! What a comparison of these two records can carry, and what it cannot: in words, with figures of the two runs themselves.

use ipcmark_record::Record;
use ipcmark_summary::Context;
use serde::Serialize;

/// Two standard errors hold 95 times in a hundred.
const SURE: f64 = 1.96;

/// What a comparison can carry, and what it cannot.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Carries {
    /// What it can tell.
    pub can: Vec<String>,
    /// What it cannot.
    pub cannot: Vec<String>,
}

/// Of two records and their contexts.
pub(crate) fn carries(
    (base, in_base): (&Record, &Context),
    (new, in_new): (&Record, &Context),
) -> Carries {
    let mut can = vec![
        "which cells failed, came or went: no noise does that".to_owned(),
        "where to look: a change of many tens of percent, or one that all cells of a family share"
            .into(),
    ];
    let mut cannot = vec![format!(
        "what made a change: the runs began at {} and {}, and between them the machine, its host and its neighbours went on",
        base.started, new.started
    )];
    let drifts: Vec<String> = in_base
        .drift()
        .iter()
        .filter_map(|b| {
            let n = in_new.drift().iter().find(|n| n.kind == b.kind)?;
            let both = SURE * b.standard_error.hypot(n.standard_error);
            Some(format!("{} by {:.1} %", b.kind, both.exp_m1() * 100.0))
        })
        .collect();
    if drifts.is_empty() {
        cannot.push(
            "how far the machine alone went up and down: the runs are too short to show it".into(),
        );
    } else {
        cannot.push(format!(
            "anything smaller than the machine's own drift, as the two runs show it: two runs of one program differ by chance in {}",
            drifts.join(", ")
        ));
    }
    let same_build = base.tool == new.tool;
    if same_build && base.tool.commit.is_some() {
        cannot.push("anything about a change of the program: both are one build; what differs is the machine or its settings".into());
    }
    can.push("that both sides deserve a paired comparison: `ipcmark ab --base PROGRAM --new PROGRAM`, which can call a change of a few percent".into());
    Carries { can, cannot }
}

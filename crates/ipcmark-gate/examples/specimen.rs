//! Writes every format of a gate's outcome into a folder, for the readers of `scripts/consumers/gate.sh`: more figures than a step shows
//! annotations, and words that mean something in each of the formats.

use ipcmark_gate::{Policy, annotations, judge, to_json, to_junit, to_markdown};
use ipcmark_judge::{Unjudged, Verdict, judge_paired};
use ipcmark_record::{CellKey, sample};
use std::path::PathBuf;

/// Means something in XML, in Markdown, in HTML, in a workflow command, or cannot be written at all.
const NASTY: &str =
    "a|b `c` *d* _e_ <f> & \"g\" 100% h,i:j ::error::k \\ [l](m) \u{1b}[31m\nn\r\no";

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).expect("the folder to write into"));
    std::fs::create_dir_all(&folder)?;
    let paired = sample::paired(1);
    paired.write(&folder.join("paired.json")).map_err(std::io::Error::other)?;
    let mut found = judge_paired(&paired, &ipcmark_judge::Policy::default()).findings();
    found.warnings.push(NASTY.into());
    let nasty = CellKey::new("my|ring/sp,in:100%<x>*_`", "ping-pong", 64, "cross-core");
    found.unjudged.push(Unjudged {
        key: nasty,
        verdict: Some(Verdict::Regressed),
        why: NASTY.into(),
    });
    for number in 0..30 {
        let key = CellKey::new(&format!("ring-{number}/spin"), "ping-pong", 64, "cross-core");
        found.unjudged.push(Unjudged {
            key,
            verdict: Some(Verdict::Inconclusive),
            why: "not reached".into(),
        });
    }
    let policy = "[[rule]]\ncells = \"fifo\"\neffect.p50 = \"1%\"\n";
    let policy = Policy::parse(policy, "ci,1/po%licy.toml").expect("a policy");
    let outcome = judge(&found, &policy);
    std::fs::write(folder.join("gate.json"), to_json(&outcome))?;
    std::fs::write(folder.join("junit.xml"), to_junit(&outcome))?;
    std::fs::write(folder.join("gate.md"), to_markdown(&outcome))?;
    std::fs::write(folder.join("annotations.txt"), annotations(&outcome, None))
}

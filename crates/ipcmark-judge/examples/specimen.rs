//! Writes every format of a gate's outcome into a folder, for `scripts/consumers/gate.sh`: more
//! figures than a step shows, and words with a meaning in each of the formats.

use ipcmark_judge::gate::{Policy, annotations, judge, to_junit};
use ipcmark_judge::{Thresholds, Unjudged, Verdict, paired, to_json};
use ipcmark_record::{CellKey, Placement, Workload, sample};
use std::path::PathBuf;

/// Text with a meaning in XML, Markdown, HTML or a workflow command, and what XML cannot hold.
const NASTY: &str =
    "a|b `c` *d* _e_ <f> & \"g\" 100% h,i:j ::error::k \\ [l](m) \u{1b}[31m\nn\r\no";

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).expect("the folder to write into"));
    std::fs::create_dir_all(&folder)?;
    let document = sample::paired(1);
    document.write(&folder.join("paired.json")).map_err(std::io::Error::other)?;
    let mut found = paired::judge(&document, &Thresholds::default()).findings();
    found.warnings.push(NASTY.into());
    let nasty =
        CellKey::new("my|ring/sp,in:100%<x>*_`", Workload::PingPong, 64, Placement::CrossCore);
    found.unjudged.push(Unjudged { key: nasty, verdict: Verdict::Failed, why: NASTY.into() });
    for number in 0..30 {
        let key = CellKey::new(
            &format!("ring-{number}/spin"),
            Workload::PingPong,
            64,
            Placement::CrossCore,
        );
        found.unjudged.push(Unjudged { key, verdict: Verdict::Missing, why: "not reached".into() });
    }
    let policy = "[[rule]]\ncells = \"fifo\"\neffect.p50 = \"1%\"\n";
    let policy = Policy::parse(policy, "ci,1/po%licy.toml").expect("a policy");
    let outcome = judge(&found, &policy);
    std::fs::write(folder.join("gate.json"), to_json(&outcome))?;
    std::fs::write(folder.join("junit.xml"), to_junit(&outcome))?;
    std::fs::write(folder.join("gate.md"), outcome.document().markdown())?;
    std::fs::write(folder.join("annotations.txt"), annotations(&outcome, None))
}

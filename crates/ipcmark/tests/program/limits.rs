//! `limits`: what hardware and kernel allow, alone.

use crate::desk::{Desk, stdout};

const QUICK: [&str; 3] = ["limits", "--time", "1ms"];

#[test]
fn limits_say_what_one_cpu_allows() {
    let desk = Desk::new();
    let flags = [&QUICK[..], &["--placement", "same-core", "--size", "64,4KiB"]].concat();
    let text = stdout(&desk.ipcmark(&flags).success());
    for word in
        ["same-core", "null-call", "wake-up", "switch", "copy", "4 KiB", "getppid(2)", "1 set"]
    {
        assert!(text.contains(word), "'{word}' is not in:\n{text}");
    }
    assert!(!text.contains("hand-off"), "one CPU hands nothing over:\n{text}");
    assert!(!text.contains('\x1b'), "no colours outside of a terminal");
}

#[test]
fn limits_as_json_are_as_in_a_record() {
    let desk = Desk::new();
    let flags = [&QUICK[..], &["--json", "--size", "64"]].concat();
    let text = stdout(&desk.ipcmark(&flags).success());
    let found: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(found["schema"], "ipcmark.limits/1");
    let limits: Vec<ipcmark_record::Limit> =
        serde_json::from_value(found["limits"].clone()).unwrap();
    assert!(!limits.is_empty());
    for limit in &limits {
        assert!(limit.samples.iter().all(|s| s.least_ns > 0.0), "{limit:?}");
        assert!(limit.size_bytes.is_none_or(|size| size == 64), "{limit:?}");
    }
}

#[test]
fn a_size_that_is_none_is_refused() {
    let desk = Desk::new();
    desk.ipcmark(&["limits", "--size", "64k"]).failure();
}

//! `doctor`: what the machine offers and lacks.

use crate::desk::{Desk, stdout};

#[test]
fn doctor_says_what_each_lack_costs_and_how_many_transports_are_left() {
    let desk = Desk::new();
    let text = stdout(&desk.ipcmark(&["doctor", "--all", "--listen", "5ms"]).success());
    for word in
        ["Processors", "Clock and counters", "/dev/shm", "RLIMIT_NOFILE", "Nothing was changed"]
    {
        assert!(text.contains(word), "'{word}' is not in:\n{text}");
    }
    assert!(!text.contains('\x1b'), "no colours outside of a terminal");
}

#[test]
fn doctor_as_json_has_the_rows_that_list_has() {
    let desk = Desk::new();
    let text = stdout(&desk.ipcmark(&["doctor", "--json", "--listen", "5ms"]).success());
    let found: serde_json::Value = serde_json::from_str(&text).unwrap();
    let rows: Vec<serde_json::Value> =
        serde_json::from_str(&stdout(&desk.ipcmark(&["list", "--json"]).success())).unwrap();
    assert_eq!(found["transports"], rows.len());
    let here = rows.iter().filter(|row| row["available"] == true).count();
    assert_eq!(found["available"], here);
    for finding in found["findings"].as_array().unwrap() {
        let costs = finding["costs"].is_string();
        assert_eq!(costs, finding["level"] != "offered", "{finding}");
    }
}

//! A broken suite is answered with the place, the key, what was expected and the nearest word.

use ipcmark_core::{Framing, Info, Input, MeetBy, WaitKind, Workload};
use ipcmark_suite::{Axes, LoadAxes, Suite};
use std::time::Duration;

const WHOLE: &str = r#"name = "s"
title = "A title"
prose = "Why"

[defaults]
rounds = 8
measure = "40ms"
warm-up = "5ms"
budget = "1m 30s"
capacity = "256KiB"
rounds-most = 40
target = "4%"
target-p99 = "30%"

[[group]]
name = "across"
prose = "Why"
transports = ["pipe*"]
patterns = ["ping-pong", "stream"]
sizes = ["64", "1KiB..4KiB"]
placements = ["cross-core"]

[[group]]
name = "own"
prose = "Why"
transports = ["pipe*"]
patterns = ["scatter-gather"]
sizes = ["64"]
placements = ["same-core"]
capacity = "default"
peers = [2, 4, 2]
inputs = ["shared"]
"#;

/// Returns the error of the whole suite with one line changed.
fn said(from: &str, to: &str) -> String {
    assert!(WHOLE.contains(from), "the test changes a line that is not there: {from}");
    let text = WHOLE.replacen(from, to, 1);
    Suite::parse(&text, "my.toml").expect_err("this suite is broken").to_string()
}

#[test]
fn a_whole_suite_says_what_it_says() {
    let suite = Suite::parse(WHOLE, "my.toml").unwrap();
    let d = suite.defaults;
    assert_eq!(
        (d.rounds, d.measure, d.warm_up),
        (8, Duration::from_millis(40), Duration::from_millis(5))
    );
    assert_eq!((d.rounds_most, d.target, d.target_p99), (40, 0.04, Some(0.3)));
    assert_eq!((d.budget, d.capacity), (Some(Duration::from_secs(90)), Some(256 << 10)));
    assert_eq!(suite.groups[0].sizes, [64, 1024, 2048, 4096]);
    assert_eq!((suite.groups[0].capacity, suite.groups[1].capacity), (Some(256 << 10), None));
    let pipe = Info {
        family: "pipe",
        mechanism: "pipe",
        wait: WaitKind::Block,
        framing: Framing::Stream,
        meet_by: MeetBy::Descriptor,
        summary: "a pipe",
        reference: "pipe(7)",
        ..Info::DEFAULT
    };
    assert_eq!(suite.cells(&Axes::default(), &[pipe]).unwrap().len(), 2 * 4 + 2);
    let load = &suite.groups[1].load;
    assert_eq!((&load.peers[..], &load.inputs[..]), (&[2, 4][..], &[Input::Shared][..]));
    assert_eq!(suite.groups[0].load, LoadAxes::default());
}

#[test]
fn the_place_is_named_by_file_line_and_column() {
    let text = said(r#"sizes = ["64", "1KiB..4KiB"]"#, r#"sizes = ["64", "1QiB"]"#);
    assert!(text.starts_with("my.toml:20:16: `group \"across\": sizes`: '1QiB'"), "{text}");
}

#[test]
fn each_slip_is_told_with_what_was_expected() {
    for (from, to, parts) in [
        (
            "rounds = 8",
            "round = 8",
            vec![":6:1:", "`[defaults] round`", "unknown key", "did you mean 'rounds'?"],
        ),
        ("rounds = 8", "rounds = 0", vec!["whole number from 1"]),
        ("\"4%\"", "\"4\"", vec![":12:10:", "[defaults] target", "write 4%"]),
        ("\"30%\"", "\"0%\"", vec!["from 0.1% to 100%"]),
        ("rounds = 8", "rounds = \"8\"", vec!["whole number from 1"]),
        (r#""40ms""#, "40", vec![":7:11:", "text in quotes", "integer"]),
        (r#""40ms""#, r#""40""#, vec!["40ms or 40s"]),
        (r#""256KiB""#, r#""256k""#, vec!["256KiB or 256kB"]),
        (r#""stream"]"#, r#""steam"]"#, vec!["ping-pong, stream", "did you mean 'stream'?"]),
        (r#"["cross-core"]"#, r#"["crosscore"]"#, vec!["did you mean 'cross-core'?"]),
        ("[2, 4, 2]", "[2, 4000]", vec![":31:13:", "'4000'", "peers from 1 to 1024"]),
        (
            "[2, 4, 2]",
            "2",
            vec!["`group \"own\": peers`", "a list of whole numbers from 1 to 1024"],
        ),
        ("[2, 4, 2]", "[\"2\"]", vec!["a list of whole numbers"]),
        ("[2, 4, 2]", "[]", vec!["a list of whole numbers"]),
        (r#"["shared"]"#, r#"["share"]"#, vec!["sent, shared", "did you mean 'shared'?"]),
        ("peers =", "peer =", vec!["did you mean 'peers'?"]),
        (r#"["cross-core"]"#, "[]", vec!["a list of words"]),
        (r#"["cross-core"]"#, r#""cross-core""#, vec!["a list of words"]),
        (
            r#"transports = ["pipe*"]"#,
            r#"transports = ["pi[pe"]"#,
            vec!["transports`: 'pi[pe'", "glob"],
        ),
        (r#"transports = ["pipe*"]"#, "", vec!["`group \"across\": transports`: missing"]),
        ("title = \"A title\"", "", vec!["`title`: missing"]),
        ("prose = \"Why\"", "prose = \"\"", vec![":3:", "it is empty"]),
        ("[[group]]\nname = \"own\"", "[[groups]]\nname = \"own\"", vec!["did you mean 'group'?"]),
        ("name = \"own\"", "name = \"across\"", vec!["two groups"]),
        ("name = \"s\"", "name = \"../s\"", vec!["letters, digits"]),
        ("prose = \"Why\"", "prose = \"Why", vec![":3:", "not TOML"]),
    ] {
        let text = said(from, to);
        for part in parts {
            assert!(text.contains(part), "{from} -> {to}: '{part}' is not in: {text}");
        }
    }
}

#[test]
fn what_is_left_out_has_its_default() {
    let text = WHOLE.replacen("patterns = [\"ping-pong\", \"stream\"]\n", "", 1);
    let suite = Suite::parse(&text, "my.toml").unwrap();
    assert_eq!(suite.groups[0].patterns, [Workload::PingPong, Workload::Stream]);
    let bare = WHOLE.replacen("[\"scatter-gather\"]\nsizes = [\"64\"]", "[\"wake-up\"]", 1);
    assert!(Suite::parse(&bare, "my.toml").unwrap().groups[1].sizes.is_empty());
    let text = said("[\"scatter-gather\"]\nsizes = [\"64\"]", "[\"wake-up\", \"stream\"]");
    assert!(text.contains("`group \"own\": sizes`: missing"), "{text}");
}

#[test]
fn a_suite_without_groups_is_refused() {
    let head = WHOLE.split("[[group]]").next().unwrap();
    let text = Suite::parse(head, "my.toml").unwrap_err().to_string();
    assert!(text.contains("at least one [[group]]"), "{text}");
}

//! Requests that cannot be met: one immediate message says what to do.

use crate::desk::{Desk, stderr};

/// Runs, expects this exit code, and expects each of `parts` in an answer of few lines.
fn refused(desk: &Desk, args: &[&str], code: i32, parts: &[&str]) {
    let assert = desk.ipcmark(args).code(code);
    let said = stderr(&assert);
    for part in parts {
        assert!(said.contains(part), "{args:?}: '{part}' is not in:\n{said}");
    }
    assert_eq!(said.matches("error:").count(), 1, "{args:?} is answered by one message:\n{said}");
    assert!(!said.contains("panicked") && said.lines().count() <= 5, "{said}");
}

#[test]
fn a_glob_that_names_nothing_is_answered_with_near_names() {
    let desk = Desk::new();
    refused(
        &desk,
        &["run", "--transport", "pip/blok"],
        2,
        &["'pip/blok'", "near it: pipe/block", "ipcmark list"],
    );
    refused(
        &desk,
        &["run", "--transport", "rhubarb*"],
        2,
        &["'rhubarb*'", "no transport", "ipcmark list"],
    );
    refused(&desk, &["run", "--transport", "!tpc"], 2, &["'!tpc'", "near it: tcp"]);
    refused(&desk, &["list", "rhubarb*"], 2, &["'rhubarb*'", "no transport"]);
    assert!(!desk.path("reports").exists(), "nothing is made for a run that cannot be");
}

#[test]
fn a_slip_in_a_flag_is_answered_with_the_nearest_word() {
    let desk = Desk::new();
    refused(&desk, &["run", "--pattern", "pingpong"], 2, &["did you mean 'ping-pong'?"]);
    refused(&desk, &["run", "--size", "64k"], 2, &["64KiB or 64kB"]);
    refused(&desk, &["run", "--measure", "50"], 2, &["50ms or 50s"]);
    refused(&desk, &["run", "--suite", "standart"], 2, &["did you mean 'standard'?"]);
}

#[test]
fn options_without_a_command_are_those_of_a_run() {
    let desk = Desk::new();
    refused(&desk, &["--suite", "standart"], 2, &["did you mean 'standard'?"]);
    let said = stderr(&desk.ipcmark(&["--budgte", "5s"]).code(2));
    assert!(said.contains("'--budget'") && said.contains("Usage: ipcmark run"), "{said}");
    desk.ipcmark(&["--version"]).success();
    desk.ipcmark(&["-h"]).success();
}

#[test]
fn a_broken_suite_is_answered_with_the_place() {
    let desk = Desk::new();
    desk.write(
        "mine.toml",
        "name = \"mine\"\ntitle = \"t\"\nprose = \"p\"\n[[group]]\nname = \"g\"\nprose = \"p\"\n\
         transports = [\"pipe\"]\nsizes = [\"64\"]\nplacments = [\"same-core\"]\n",
    );
    let parts = ["mine.toml:9:1", "group \"g\": placments", "did you mean 'placements'?"];
    refused(&desk, &["run", "--suite", "mine.toml"], 2, &parts);
    let suite = |globs: &str| {
        format!(
            "name = \"mine\"\ntitle = \"t\"\nprose = \"p\"\n[[group]]\nname = \"g\"\nprose = \"p\"\n\
             transports = [{globs}]\nsizes = [\"64\"]\nplacements = [\"same-core\"]\n"
        )
    };
    desk.write("stray.toml", &suite("\"pipe\", \"!tpc\""));
    let parts = ["stray.toml:7:23", "group \"g\": transports", "'!tpc'", "near it: tcp"];
    refused(&desk, &["run", "--suite", "stray.toml"], 2, &parts);
    desk.write("none.toml", &suite("\"pipe\", \"!pipe\""));
    refused(&desk, &["run", "--suite", "none.toml"], 2, &["'mine' has no cell", "globs with !"]);
    assert!(!desk.path("reports").exists(), "nothing is made for a run that cannot be");
    refused(
        &desk,
        &["run", "--suite", "./none-such.toml"],
        4,
        &["./none-such.toml", "No such file"],
    );
}

#[test]
fn an_out_that_cannot_be_written_to_is_refused_before_measuring() {
    let desk = Desk::new();
    desk.write("file", "in the way");
    let begun = std::time::Instant::now();
    refused(&desk, &["run", "--suite", "full", "--out", "file/out"], 4, &["file/out", "--out"]);
    assert!(begun.elapsed().as_secs() < 30, "the full suite takes hours");
    desk.small_run("out");
    refused(&desk, &["run", "--out", "out"], 2, &["holds a record already", "--resume out"]);
}

/// F18
#[test]
fn a_page_that_is_not_ipcmarks_is_not_replaced() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("mine")).unwrap();
    desk.write("mine/index.html", "keep");
    for verb in [&["run"][..], &["knee", "-t", "pipe/block"], &["repeat"], &["ab"]] {
        let flags = [verb, &["--out", "mine"]].concat();
        refused(&desk, &flags, 2, &["mine holds index.html and no record", "--out"]);
    }
    desk.small_run("out");
    let parts = ["mine/index.html is no page of ipcmark", "--out"];
    refused(&desk, &["report", "out", "--out", "mine"], 2, &parts);
    assert_eq!(std::fs::read_to_string(desk.path("mine/index.html")).unwrap(), "keep");
    for _ in 0..2 {
        desk.ipcmark(&["report", "out", "--out", "ours"]).success();
        desk.ipcmark(&["report", "out"]).success();
    }
}

/// B8
#[test]
fn a_flag_without_effect_is_refused() {
    let desk = Desk::new();
    for verb in ["run", "repeat", "ab"] {
        let flags = [verb, "-t", "pipe/block", "-p", "ping-pong", "--rate", "50000"];
        refused(&desk, &flags, 2, &["--rate has no effect on ping-pong", "--pattern paced"]);
    }
    for verb in ["run", "repeat"] {
        let flags = [verb, "-t", "pipe/block", "-p", "paced", "--rate", "10"];
        refused(&desk, &flags, 2, &["a measured phase of 10ms holds none", "--measure 1s"]);
    }
    refused(&desk, &["ab", "--of", "x", "--budget", "5s"], 2, &["cannot be used with"]);
    refused(&desk, &["rules", "--list", "--json"], 2, &["cannot be used with"]);
    assert!(!desk.path("reports").exists(), "nothing is made for a run that cannot be");
}

/// reliability 4: a limit on file sizes killed a run without a word.
#[test]
fn a_limit_on_the_size_of_files_is_told_like_a_full_disk() {
    let desk = Desk::new();
    let program = desk.command();
    let output = std::process::Command::new("sh")
        .args(["-c", "ulimit -f 2 && exec \"$@\"", "sh"])
        .arg(program.get_program())
        .args(["run", "-t", "pipe/block", "--size", "64", "--rounds", "2", "--fixed"])
        .args(["--measure", "2ms", "--out", "out", "--quiet"])
        .current_dir(desk.path(""))
        .env("TMPDIR", desk.temporary())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("File too large") && said.contains("ulimit -f"), "{said}");
    desk.assert_clean();
}

/// F10, reliability 11
#[test]
fn an_argument_that_is_no_utf_8_is_a_path_like_any_other() {
    use std::os::unix::ffi::OsStrExt as _;
    let desk = Desk::new();
    let odd = |name: &[u8]| std::ffi::OsStr::from_bytes(name).to_owned();
    let obey = |words: &[&str], path: &[u8]| {
        let output = desk.command().args(words).arg(odd(path)).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!said.contains("panicked"), "{words:?}: {said}");
        output.status.code()
    };
    let one = ["-t", "pipe/block", "--size", "64", "--placement", "same-core"];
    let short = ["--measure", "5ms", "--rounds", "2", "--fixed", "--out"];
    let run = [&["run"], &one[..], &["-p", "ping-pong"], &short[..]].concat();
    assert_eq!(obey(&run, b"run\xff"), Some(0));
    assert!(desk.path(".").join(odd(b"run\xff")).join("index.html").is_file());
    let knee = [&["knee"], &one[..], &["--rounds", "1", "--budget", "1s", "--out"]].concat();
    assert_ne!(obey(&knee, b"knee\xff"), Some(101));
    let ab = [&["ab"], &one[..], &["-p", "ping-pong", "--budget", "2s", "--out"]].concat();
    let decided = obey(&ab, b"ab\xff");
    assert!([Some(0), Some(3)].contains(&decided), "{decided:?}");
    assert_eq!(obey(&["ab", "--of"], b"ab\xff"), decided);
    let repeat = [&["repeat", "--runs", "2"], &one[..], &["-p", "ping-pong"], &short[..]].concat();
    assert_eq!(obey(&repeat, b"repeat\xff"), Some(0));
    for verb in ["report", "export", "history"] {
        let words: &[&str] = match verb {
            "export" => &["export", "--format", "csv"],
            "history" => &["history", "--store", "kept", "add"],
            _ => &["report"],
        };
        assert_eq!(obey(words, b"run\xff"), Some(0), "{verb}");
    }
}

#[test]
fn what_is_no_record_is_refused() {
    let desk = Desk::new();
    desk.write("foreign.json", r#"{"schema": "something.else/1"}"#);
    desk.write("newer.json", r#"{"schema": "ipcmark.record/99"}"#);
    desk.write("damaged.json", r#"{"schema": "ipcmark.record/1", "#);
    refused(&desk, &["report", "foreign.json"], 4, &["foreign.json", "not an ipcmark record"]);
    refused(&desk, &["report", "newer.json"], 4, &["newer ipcmark"]);
    refused(&desk, &["report", "damaged.json"], 4, &["damaged"]);
    refused(&desk, &["report", "none.json"], 4, &["none.json", "No such file"]);
    refused(&desk, &["compare", "none.json", "foreign.json"], 4, &["none.json"]);
    refused(&desk, &["run", "--resume", "."], 2, &["nothing to resume"]);
    refused(&desk, &["run", "--resume", "none"], 2, &["there is no none", "nothing to resume"]);
    let said = stderr(&desk.ipcmark(&["report", "none.json"]).code(4));
    assert_eq!(said.matches("No such file").count(), 1, "a cause is said once: {said}");
}

#[test]
fn a_run_that_cannot_begin_leaves_no_folder() {
    let desk = Desk::new();
    let mut command = assert_cmd::Command::from_std(desk.command());
    let assert = command.env("TMPDIR", "/proc/none").args(["run", "--out", "a/b"]).assert().code(4);
    assert!(stderr(&assert).contains("TMPDIR"), "{}", stderr(&assert));
    assert!(!desk.path("a").exists(), "what was made for nothing is taken back");
}

#[test]
fn a_run_is_gone_on_with_by_its_own_build_only() {
    let desk = Desk::new();
    desk.small_run("out");
    let whole = std::fs::read_to_string(desk.path("out/record.json")).unwrap();
    let mut other: serde_json::Value = serde_json::from_str(&whole).unwrap();
    other["tool"]["version"] = "0.0.1".into();
    let other = other.to_string();
    desk.write("out/record.json", &other);
    let parts = ["cannot resume", "another build", "0.0.1", "start a new run"];
    refused(&desk, &["run", "--resume", "out"], 2, &parts);
    assert_eq!(std::fs::read_to_string(desk.path("out/record.json")).unwrap(), other);
    assert!(!desk.path("out/record.json.journal").exists());
    desk.assert_clean();
}

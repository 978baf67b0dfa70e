//! `list`, `completions`, `schema`, `--help`: what needs no measuring.

use crate::desk::{Desk, stdout};

#[test]
fn list_shows_every_family_and_the_suites() {
    let text = stdout(&Desk::new().ipcmark(&["list"]).success());
    for word in
        ["null", "pipe", "block", "pipe(7)", "mechanism", "Suites: quick, ", "standard, full"]
    {
        assert!(text.contains(word), "'{word}' is not in:\n{text}");
    }
}

// B14
#[test]
fn a_pipe_is_as_wide_as_columns_says() {
    let desk = Desk::new();
    let widest = |columns: Option<&str>| {
        let mut command = desk.command();
        if let Some(columns) = columns {
            command.env("COLUMNS", columns);
        }
        let output = command.arg("list").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| line.chars().count()).max().unwrap()
    };
    assert!(widest(Some("80")) <= 80);
    assert!(widest(None) > 80);
    assert_eq!(widest(Some("wide")), widest(None), "no number says nothing");
}

#[test]
fn list_as_json_says_of_each_whether_it_is_available_and_why_not() {
    let text = stdout(&Desk::new().ipcmark(&["list", "--json", "!null"]).success());
    let rows: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert!(rows.iter().any(|row| row["name"] == "pipe/block" && row["framing"] == "stream"));
    for row in &rows {
        assert_ne!(row["mechanism"], "null", "the glob took it away");
        let patterns = row["patterns"].as_array().unwrap();
        let has = |name: &str| patterns.iter().any(|p| p == name);
        assert_eq!(has("wake-up"), row["carries"] == "notifications", "{row}");
        assert_eq!(has("ping-pong"), row["carries"] != "notifications", "{row}");
        for field in ["lossy", "many_senders", "many_receivers", "broadcasts", "overlaps"] {
            assert!(row[field].is_boolean(), "{field}: {row}");
        }
        assert!(row["available"].as_bool().unwrap() || row["reason"].is_string(), "{row}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_ends_the_program_quietly() {
    assert_eq!(Desk::new().unread(&["list"]), (Some(0), String::new()));
}

#[test]
fn output_that_cannot_be_written_is_named() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = Desk::new().command().arg("list").stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("to standard output: No space left on device"), "{said}");
}

#[test]
fn help_teaches_by_examples_and_exit_codes() {
    let desk = Desk::new();
    for args in [&["--help"][..], &["run", "--help"]] {
        let text = stdout(&desk.ipcmark(args).success());
        assert!(text.contains("Examples:") && text.contains("130  interrupted"), "{text}");
    }
    let text = stdout(&desk.ipcmark(&["--version"]).success());
    assert!(text.contains(env!("CARGO_PKG_VERSION")) && text.contains("rustc"), "{text}");
}

#[test]
fn completions_and_the_schema_are_printed() {
    let desk = Desk::new();
    for shell in ["bash", "zsh", "fish"] {
        let text = stdout(&desk.ipcmark(&["completions", shell]).success());
        assert!(text.contains("ipcmark") && text.contains("placement"), "{shell}");
    }
    let schema: serde_json::Value =
        serde_json::from_str(&stdout(&desk.ipcmark(&["schema"]).success())).unwrap();
    assert!(schema["properties"]["cells"].is_object());
}

//! `export`: files, folders, standard output, and what is refused.

use crate::desk::{Desk, stderr, stdout};

#[test]
fn a_real_run_goes_into_every_format() {
    let desk = Desk::new();
    desk.small_run("run");
    for format in ["csv", "hlog", "bmf", "openmetrics", "history"] {
        let out = format!("exports/{format}");
        let said = stderr(&desk.ipcmark(&["export", "run", "-f", format, "-o", &out]).success());
        assert!(said.contains("1 file in exports/"), "{said}");
        let written = std::fs::read_to_string(desk.path(&out)).unwrap();
        assert!(written.contains("pipe/block"), "{format}: {written}");
        let to_stdout = desk.ipcmark(&["export", "run/record.json", "--format", format]).success();
        assert_eq!(stdout(&to_stdout), written, "{format}");
    }
    for format in ["hgrm", "criterion", "gab"] {
        desk.ipcmark(&["export", "run", "-f", format, "-o", &format!("exports/{format}")])
            .success();
    }
    assert!(desk.path("exports/gab/smaller-is-better.json").is_file());
    let curves: Vec<_> = std::fs::read_dir(desk.path("exports/hgrm")).unwrap().collect();
    assert!(!curves.is_empty());
    let names = std::fs::read_dir(desk.path("exports")).unwrap().map(|e| e.unwrap().file_name());
    assert_eq!(names.filter(|name| name.to_string_lossy().starts_with('.')).count(), 0);
    let csv = ["export", "run", "--format", "csv"];
    assert_eq!(desk.unread(&csv), (Some(0), String::new()), "a reader has seen enough");
    desk.assert_clean();
}

#[test]
fn every_format_is_explained() {
    let desk = Desk::new();
    let text = stdout(&desk.ipcmark(&["export", "--format", "list"]).success());
    let names = "csv parquet hlog hgrm criterion bmf gab openmetrics history";
    for name in names.split(' ') {
        assert!(
            text.contains(&format!("\n  for example ipcmark export RUN --format {name}"))
                || text.contains(&format!(" --format {name}")),
            "{name}: {text}"
        );
        assert!(text.lines().any(|line| line == name), "{name}: {text}");
    }
}

#[test]
fn what_cannot_be_is_refused_with_words() {
    let desk = Desk::new();
    let refused = |args: &[&str], code, words: &str| {
        let said = stderr(&desk.ipcmark(args).code(code));
        assert!(said.contains(words), "{args:?}: {said}");
    };
    refused(&["export", "run", "--format", "xml"], 2, "openmetrics");
    refused(&["export", "--format", "csv"], 2, "name a record");
    refused(&["export", "none", "--format", "csv"], 4, "none");
    refused(&["export", "run", "--format", "gab"], 2, "name a folder");
    refused(&["export", "run", "--format", "bmf", "--baseline", "x"], 2, "criterion");
    desk.small_run("run");
    let criterion = ["export", "run", "-f", "criterion", "-o", "target", "--baseline", "change"];
    refused(&criterion, 2, "critcmp skips");
    if !cfg!(feature = "parquet") {
        refused(&["export", "run", "-f", "parquet", "-o", "p"], 2, "--features parquet");
    }
    desk.write("taken", "");
    refused(&["export", "run", "-f", "csv", "-o", "taken/x"], 4, "cannot write taken/x");
    assert!(!desk.path("target").exists() && !desk.path("p").exists());
}

//! Output folders in which somebody planted links, that belong to somebody else, or that go away.

use crate::desk::{Desk, not_tried, record, stderr};
use ipcmark_record::Outcome;
use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Any user but root and this one.
const STRANGER: u32 = 65_534;

fn files(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// reliability 6: as root, links under the names of a report and a record were followed.
#[test]
fn every_file_replaces_a_planted_link_and_leaves_its_target_alone() {
    let desk = Desk::new();
    desk.small_run("out");
    let (out, victims) = (desk.path("out"), desk.path("victims"));
    fs::create_dir(&victims).unwrap();
    let plant = || -> Vec<(PathBuf, PathBuf, Vec<u8>)> {
        let planted = files(&out).into_iter().enumerate().map(|(n, file)| {
            let victim = victims.join(n.to_string());
            let bytes = fs::read(&file).unwrap();
            // A rename would keep what a hard link shares.
            fs::write(&victim, &bytes).unwrap();
            fs::remove_file(&file).unwrap();
            symlink(&victim, &file).unwrap();
            (file, victim, bytes)
        });
        planted.collect()
    };
    for verb in [&["report", "out"][..], &["run", "--resume", "out", "--quiet"]] {
        let planted = plant();
        assert!(planted.len() > 5, "{planted:?}");
        desk.ipcmark(verb).success();
        for (file, victim, bytes) in planted {
            assert_eq!(fs::read(&victim).unwrap(), bytes, "{verb:?}: {}", file.display());
            let read_only = verb[0] == "report" && file.ends_with("record.json");
            assert_eq!(file.is_symlink(), read_only, "{verb:?}: {}", file.display());
        }
        // The record stays a link after `report`, which only reads it.
        let record = out.join("record.json");
        if record.is_symlink() {
            let bytes = fs::read(&record).unwrap();
            fs::remove_file(&record).unwrap();
            fs::write(&record, bytes).unwrap();
        }
    }
}

#[test]
fn a_planted_journal_or_folder_is_refused() {
    let desk = Desk::new();
    let secret = desk.write("secret", "keep");
    fs::create_dir(desk.path("out")).unwrap();
    symlink(&secret, desk.path("out/record.json.journal")).unwrap();
    let flags =
        ["run", "-t", "pipe/block", "--size", "64", "--measure", "5ms", "--rounds", "1", "--fixed"];
    let said = stderr(&desk.ipcmark(&[&flags[..], &["--out", "out"]].concat()).code(4));
    assert!(said.contains("record.json.journal") && said.contains("link"), "{said}");
    assert_eq!(fs::read_to_string(&secret).unwrap(), "keep");

    desk.small_run("good");
    fs::create_dir(desk.path("elsewhere")).unwrap();
    fs::create_dir(desk.path("page")).unwrap();
    symlink(desk.path("elsewhere"), desk.path("page/charts")).unwrap();
    let said = stderr(&desk.ipcmark(&["report", "good", "--out", "page"]).code(4));
    assert!(said.contains("charts") && said.contains("link"), "{said}");
    assert_eq!(fs::read_dir(desk.path("elsewhere")).unwrap().count(), 0);
}

/// reliability 6: an output folder of another user.
#[test]
fn a_folder_of_another_user_is_refused_with_the_way_round() {
    let desk = Desk::new();
    fs::create_dir(desk.path("theirs")).unwrap();
    if let Err(e) = chown(desk.path("theirs"), Some(STRANGER), None) {
        not_tried(&format!("only root gives a folder away ({e})"));
        return;
    }
    desk.small_run("out");
    for verb in
        [&["run"][..], &["knee", "-t", "pipe/block"], &["repeat"], &["ab"], &["report", "out"]]
    {
        let said = stderr(&desk.ipcmark(&[verb, &["--out", "theirs"]].concat()).code(2));
        let parts = ["theirs belongs to user 65534", "--out theirs/ipcmark"];
        assert!(parts.iter().all(|part| said.contains(part)), "{verb:?}: {said}");
    }
    assert_eq!(fs::read_dir(desk.path("theirs")).unwrap().count(), 0);
    desk.small_run("theirs/ipcmark");
    chown(desk.path("out"), Some(STRANGER), None).unwrap();
    let said = stderr(&desk.ipcmark(&["run", "--resume", "out"]).code(2));
    assert!(said.contains("out belongs to user 65534"), "{said}");
}

/// reliability 14: the record was lost, or a whole run called stopped.
#[test]
fn a_folder_that_goes_away_during_the_run_is_made_again_with_the_whole_record() {
    for how in ["removed", "moved", "journal"] {
        let desk = Desk::new();
        let flags = [
            "run",
            "-t",
            "pipe/block",
            "--size",
            "64",
            "-p",
            "ping-pong",
            "--measure",
            "20ms",
            "--rounds",
            "30",
        ];
        let mut command = desk.command();
        command
            .args(flags)
            .args(["--fixed", "--out", "out"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        let begun = std::time::Instant::now();
        let journal = desk.path("out/record.json.journal");
        while fs::metadata(&journal).map_or(0, |file| file.len()) == 0 {
            assert!(begun.elapsed().as_secs() < 60, "nothing was measured");
        }
        match how {
            "removed" => fs::remove_dir_all(desk.path("out")).unwrap(),
            "moved" => fs::rename(desk.path("out"), desk.path("away")).unwrap(),
            _ => fs::remove_file(&journal).unwrap(),
        }
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{how}: {said}");
        let found = record(&desk.path("out"));
        assert_eq!(found.outcome, Outcome::Complete, "{how}");
        assert!(found.cells.iter().all(|cell| cell.invocations.len() >= 30), "{how}");
        assert!(desk.path("out/index.html").is_file() && !journal.exists(), "{how}");
    }
}

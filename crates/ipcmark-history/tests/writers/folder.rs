//! Folders: shared, killed, read-only, full.

use crate::trial;
use crate::writer::{Writer, killed_often, order, two_at_once};
use ipcmark_history::store;
use libtest_mimic::Trial;
use std::path::Path;
use std::process::Command;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("folder::two_writers_at_once", two_writers),
        trial("folder::two_writers_of_the_same_runs", same_runs),
        trial("folder::killed_writers_lose_nothing", killed),
        trial("folder::a_folder_that_may_not_be_written", read_only),
        trial("folder::a_full_disk", full),
    ]
}

fn two_writers() {
    let folder = tempfile::tempdir().unwrap();
    two_at_once([folder.path(); 2], "history", [0..20, 20..40]);
    assert_swept(folder.path());
}

fn same_runs() {
    let folder = tempfile::tempdir().unwrap();
    two_at_once([folder.path(); 2], "history", [0..20, 0..20]);
    assert_swept(folder.path());
}

fn killed() {
    let folder = tempfile::tempdir().unwrap();
    killed_often(folder.path(), "history");
    assert_swept(folder.path());
}

/// The last writer removes what those before it left.
fn assert_swept(folder: &Path) {
    let left = std::fs::read_dir(folder.join("history/.writing")).into_iter().flatten().count();
    assert_eq!(left, 0, "temporary files are left");
}

/// What a writer says that cannot write; what was there before stays readable.
fn refused(folder: &Path, mut command: Command) -> String {
    order(&mut command, folder, "history", 1..2);
    let mut writer = Writer::started(command);
    writer.go();
    let (said, output) = writer.end();
    assert!(said.is_empty() && !output.status.success(), "it was written: {said:?}");
    let store = store::open_at(folder, "history").unwrap();
    assert!(store.lines().unwrap().census().starts_with("read 1 run"));
    String::from_utf8(output.stderr).unwrap()
}

/// A folder with one run, and this program behind a shell that first does `preparation`.
fn prepared(preparation: &str) -> (tempfile::TempDir, Command) {
    let folder = tempfile::tempdir().unwrap();
    let store = store::open_at(folder.path(), "history").unwrap();
    store.append(&crate::writer::run(0)).unwrap();
    let mut command = Command::new("sh");
    let script = format!("{preparation} && exec \"$0\"");
    command.arg("-c").arg(script).arg(std::env::current_exe().unwrap());
    (folder, command)
}

fn read_only() {
    // Modes do not bind root, a mount does; and it ends with the shell's own view of the mounts.
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    let (folder, command) = if is_root {
        let mount = "mount --bind history history && mount -o remount,bind,ro history";
        let (folder, shell) = prepared(mount);
        let mut command = Command::new("unshare");
        command.args(["--mount", "--", "sh"]).args(shell.get_args());
        let can = Command::new("unshare").args(["--mount", "true"]).output();
        if !can.is_ok_and(|output| output.status.success()) {
            crate::remark(
                "not available here: a view of the mounts of one's own, for root without CAP_SYS_ADMIN",
            );
            return;
        }
        (folder, command)
    } else {
        prepared("chmod -R a-w history")
    };
    let said = refused(folder.path(), command);
    assert!(said.contains("--store") && said.contains("history"), "{said}");
    let _ = Command::new("chmod").args(["-R", "u+w"]).arg(folder.path()).status();
}

fn full() {
    // A limit on the length of files simulates a full disk: the record has no room after its first bytes.
    let (folder, command) = prepared("trap '' XFSZ && ulimit -f 1");
    let said = refused(folder.path(), command);
    assert!(said.contains("free some space") && said.contains("again"), "{said}");
    assert_swept(folder.path());
}

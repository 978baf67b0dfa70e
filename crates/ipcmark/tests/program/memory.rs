//! Runs in a control group with little memory.

use crate::desk::{Desk, not_tried, record};
use ipcmark_record::{Outcome, State};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Memory of the group, bytes.
const LIMIT: u64 = 96 << 20;

/// A control group of this test's.
struct Group(PathBuf);

impl Group {
    /// Makes one below this process's own; the error says what is in the way.
    fn new() -> Result<Group, String> {
        let groups = fs::read_to_string("/proc/self/cgroup").map_err(|e| e.to_string())?;
        let own = |controller: &str| {
            let mut lines =
                groups.lines().filter_map(|line| line.split_once(':')?.1.split_once(':'));
            lines.find_map(|(of, path)| {
                of.split(',').any(|c| c == controller).then(|| path.to_owned())
            })
        };
        let name = format!("ipcmark-test-{}", std::process::id());
        let (parent, limit) = match own("memory") {
            Some(path) => (format!("/sys/fs/cgroup/memory{path}"), "memory.limit_in_bytes"),
            None => (format!("/sys/fs/cgroup{}", own("").unwrap_or_default()), "memory.max"),
        };
        let group = Group(Path::new(&parent).join(name));
        fs::create_dir(&group.0).map_err(|e| format!("mkdir {}: {e}", group.0.display()))?;
        let set = |file: &str| fs::write(group.0.join(file), LIMIT.to_string());
        set(limit).map_err(|e| format!("{limit}: {e}"))?;
        // Without swap the limit is the end.
        let _ = set("memory.memsw.limit_in_bytes");
        let _ = fs::write(group.0.join("memory.swap.max"), "0");
        Ok(group)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

/// reliability 14: the kernel killed the program, which could not say a word.
#[test]
fn the_kernel_kills_a_side_and_the_run_goes_on_and_says_so() {
    let group = match Group::new() {
        Ok(group) => group,
        Err(what) => return not_tried(&format!("no control group can be made here ({what})")),
    };
    let desk = Desk::new();
    let program = desk.command();
    let mut command = Command::new("sh");
    let enter =
        format!("echo $$ > '{}' && exec \"$0\" \"$@\"", group.0.join("cgroup.procs").display());
    command.args(["-c", &enter]).arg(program.get_program()).current_dir(desk.path("."));
    command.env("TMPDIR", desk.temporary());
    // Short messages fit. Of the long ones, some have buffers that fit where the processes do not: there the kernel kills.
    command.args(["run", "-t", "unix-stream/block", "-p", "ping-pong", "--placement", "same-core"]);
    command.args(["--size", "64,14MiB,15MiB,16MiB,17MiB,18MiB,19MiB,20MiB,21MiB,22MiB,23MiB"]);
    command.args(["--measure", "5ms", "--rounds", "1", "--fixed", "--out", "out"]);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{:?}: {said}", output.status);
    let found = record(&desk.path("out"));
    assert_eq!(found.outcome, Outcome::Complete);
    let mut refused = 0;
    for cell in &found.cells {
        match &cell.state {
            State::Measured => assert!(cell.invocations.iter().all(|i| i.is_ok()), "{cell:?}"),
            State::Unavailable(why) => {
                assert!(
                    why.reason.contains("memory") && why.reason.contains(&LIMIT.to_string()),
                    "{why}"
                );
                refused += usize::from(why.reason.contains("the kernel killed a side"));
            }
            other => panic!("{}: {other:?}", cell.key),
        }
    }
    assert!(refused > 0, "messages of 23 MiB fit into {LIMIT} bytes: {said}");
    assert!(found.cells.iter().any(|cell| cell.state == State::Measured), "short messages fit");
}

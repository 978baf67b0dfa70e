//! Exit codes, and which error ends with which.

use crate::ab::Interrupted;
use ipcmark_judge::Verdict;
use std::fmt;
use std::process::ExitCode;

/// The way the program ends. The numbers are a promise: scripts and CI jobs decide by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All went well.
    Ok = 0,
    /// A cell failed, or not one could be measured; something regressed: [`HELP`] has all.
    Failed = 1,
    /// The command line, or a suite, asks for something that does not exist.
    Usage = 2,
    /// `ab`, `compare`: not everything could be decided.
    Inconclusive = 3,
    /// A file could not be read or written, or the machine refused what the harness needs.
    Io = 4,
    /// The user stopped a run; what was measured is kept.
    Interrupted = 130,
}

/// The table of exit codes in `--help`.
pub(crate) const HELP: &str = "\
Exit codes:
  0    success
  1    a cell failed or nothing could be measured (run, knee, repeat, limits); the
       machine broke a rule (rules); something regressed or failed (ab, gate);
       something is suspected slower, or failed (compare); something became slower
       (history scan --exit-code)
  2    the command line, a suite or a policy is wrong, or --resume names another
       machine's or build's run
  3    nothing regressed, but not everything could be decided (ab, gate, compare)
  4    a file could not be read or written, or the machine refused something that
       measuring needs
  130  interrupted; what was measured until then is kept";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// Returns the exit of a comparison whose worst verdict this is.
pub(crate) const fn of_verdict(worst: Verdict) -> Exit {
    match worst.exit_code() {
        0 => Exit::Ok,
        1 => Exit::Failed,
        _ => Exit::Inconclusive,
    }
}

/// The user asked for something that does not exist: ends with [`Exit::Usage`].
#[derive(Debug)]
pub(crate) struct Usage(pub(crate) String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// Returns the exit that an error means.
pub(crate) fn of(error: &anyhow::Error) -> Exit {
    let interrupted = |cause: &(dyn std::error::Error + 'static)| {
        let ab = cause.downcast_ref::<ipcmark_ab::Error>();
        cause.is::<Interrupted>() || matches!(ab, Some(ipcmark_ab::Error::Interrupted))
    };
    if error.chain().any(interrupted) {
        return Exit::Interrupted;
    }
    let is_usage = error.chain().any(|cause| {
        cause.is::<Usage>()
            || matches!(
                cause.downcast_ref::<ipcmark_record::Error>(),
                Some(ipcmark_record::Error::Taken { .. })
            )
            || matches!(
                cause.downcast_ref::<ipcmark_suite::Error>(),
                Some(ipcmark_suite::Error::Wrong { .. } | ipcmark_suite::Error::NoTransport { .. })
            )
            || matches!(
                cause.downcast_ref::<ipcmark_harness::Error>(),
                Some(ipcmark_harness::Error::Resume(_))
            )
            || matches!(
                cause.downcast_ref::<ipcmark_ab::Error>(),
                Some(
                    ipcmark_ab::Error::NotIpcmark { .. }
                        | ipcmark_ab::Error::Protocol { .. }
                        | ipcmark_ab::Error::Usage(_)
                )
            )
    });
    if is_usage { Exit::Usage } else { Exit::Io }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;
    use std::io;

    #[test]
    fn the_readme_has_the_same_exit_codes() {
        let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
        let readme = std::fs::read_to_string(readme).unwrap().replace('`', "");
        let lines = HELP.split_once('\n').unwrap().1.replace("\n       ", " ");
        for (code, meaning) in lines.lines().map(|line| line.trim().split_once("  ").unwrap()) {
            let row = format!("| {code} | {} |", meaning.trim());
            assert!(readme.contains(&row), "README.md has no row {row}");
        }
    }

    #[test]
    fn errors_keep_their_exit_under_context() {
        let usage = anyhow::Error::new(Usage("no such thing".into())).context("outer");
        assert_eq!(of(&usage), Exit::Usage);
        let suite = ipcmark_suite::Suite::parse("x = 1", "s.toml").context("outer").unwrap_err();
        assert_eq!(of(&suite), Exit::Usage);
        let full = anyhow::Error::new(io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(of(&full), Exit::Io);
        let foreign = anyhow::Error::new(ipcmark_harness::Error::Resume("another build".into()));
        assert_eq!(of(&foreign), Exit::Usage);
    }
}

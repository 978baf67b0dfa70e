//! Cargo: its view of a tree, and a build that can be watched and ended.

use super::pause;
use crate::output;
use anyhow::{Context as _, Result, bail};
use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget};
use ipcmark_show::{plural, wall};
use ipcmark_sys::subprocess::Subprocess;
use serde::Deserialize;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The library that every program of ipcmark is made of.
const LIBRARY: &str = "ipcmark";
/// Lines of a failed build that are shown.
const LAST_LINES: usize = 25;
/// Time between two lines of progress outside of a terminal.
const SPARSE: Duration = Duration::from_secs(20);

/// A cargo project.
#[derive(Debug)]
pub(super) struct Project {
    /// Its workspace.
    pub(super) root: PathBuf,
    /// Its target folder.
    pub(super) target: PathBuf,
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Metadata {
    workspace_root: PathBuf,
    target_directory: PathBuf,
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    targets: Vec<Target>,
    default_run: Option<String>,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
}

#[derive(Debug, Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

/// A line of `cargo build --message-format=json` about a finished target.
#[derive(Deserialize)]
struct Message {
    target: Option<Target>,
    executable: Option<PathBuf>,
}

impl Package {
    /// Returns its programs, each behind the package's name.
    fn programs(&self) -> impl Iterator<Item = (&str, &str)> {
        let programs = self.targets.iter().filter(|target| target.is_binary());
        programs.map(|target| (self.name.as_str(), target.name.as_str()))
    }
}

impl Target {
    fn is_binary(&self) -> bool {
        self.kind.iter().any(|kind| kind == "bin")
    }
}

impl Project {
    /// Finds the project that holds `here`.
    pub(super) fn around(here: &Path) -> Result<Project> {
        let words = ["metadata", "--no-deps", "--format-version", "1"];
        let made = Command::new("cargo").args(words).current_dir(here).output();
        let made = made.context("cannot start cargo, which builds a revision; install it, or name a program with --base")?;
        if !made.status.success() {
            bail!(
                "cargo finds no project in {}: {}",
                here.display(),
                String::from_utf8_lossy(&made.stderr).trim()
            );
        }
        let found: Metadata = serde_json::from_slice(&made.stdout)
            .context("cannot read cargo's metadata of the project")?;
        let Metadata { workspace_root, target_directory, packages } = found;
        Ok(Project { root: workspace_root, target: target_directory, packages })
    }

    /// Finds the program to build, and its package: the one that is called `own`, or else the only one that is made of
    /// the library `ipcmark`, or the one that `cargo run` takes.
    pub(super) fn program(&self, own: &str) -> Result<(&str, &str)> {
        let all = || self.packages.iter().flat_map(Package::programs);
        let takes = |package: &&Package| {
            package.name == LIBRARY || package.dependencies.iter().any(|on| on.name == LIBRARY)
        };
        let ours = || self.packages.iter().filter(takes);
        let candidates: Vec<_> = ours().flat_map(Package::programs).collect();
        let usual = || ours().find_map(|p| Some((p.name.as_str(), p.default_run.as_deref()?)));
        let found = match candidates[..] {
            [only] => Some(only),
            _ => usual(),
        };
        all().find(|(_, name)| *name == own).or(found).with_context(|| {
            let others: Vec<&str> = all().map(|(_, name)| name).collect();
            let others = if others.is_empty() { "none".into() } else { others.join(", ") };
            format!(
                "no package of it makes a program {own} (programs there: {others}); build it and name it with --base or --new"
            )
        })
    }
}

/// Returns the version of the compiler; nothing if there is none.
pub(super) fn compiler() -> Vec<u8> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    Command::new(rustc).arg("-vV").output().map(|output| output.stdout).unwrap_or_default()
}

/// Builds the program of the tree at `place` in release; `home` keeps files between builds.
///
/// # Errors
/// No such program in it; a build that fails, with its last lines; an interruption.
pub(super) fn build(place: &Path, own: &str, home: &Path, quiet: bool) -> Result<PathBuf> {
    let project = Project::around(place)?;
    let (package, binary) = project.program(own)?;
    let (log, made) = (home.join("build.log"), home.join("made.json"));
    let create = |path: &Path| {
        File::create(path).with_context(|| format!("cannot write {}", path.display()))
    };
    let mut command = Command::new("cargo");
    command
        .args(["build", "--release", "--message-format", "json-render-diagnostics"])
        .args(["--package", package, "--bin", binary, "--target-dir"])
        .arg(home.join("target"))
        .current_dir(place)
        .stdin(Stdio::null())
        .stdout(create(&made)?)
        .stderr(create(&log)?);
    let mut cargo = Subprocess::start(&mut command).context("cannot start cargo")?;
    let mut watch = Watch::new(&log, quiet);
    let status = loop {
        if let Some(status) = cargo.ended().context("cannot wait for cargo")? {
            break status;
        }
        watch.look();
        // Dropped on the way out, cargo and its compilers end.
        pause()?;
    };
    drop(watch);
    if !status.success() {
        let text = fs::read_to_string(&log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let last = lines[lines.len().saturating_sub(LAST_LINES)..].join("\n  ");
        bail!("cargo build {status}; its last lines (all in {}):\n  {last}", log.display());
    }
    executable(&made, binary)
}

/// Returns the program that a build made.
fn executable(made: &Path, binary: &str) -> Result<PathBuf> {
    let text =
        fs::read_to_string(made).with_context(|| format!("cannot read {}", made.display()))?;
    let found = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok())
        .find_map(|message| {
            message.target.filter(|t| t.is_binary() && t.name == binary).and(message.executable)
        });
    found.with_context(|| format!("cargo built {binary} but does not name its file"))
}

/// Shows the progress of a build by its log: one changing line on a terminal, sparse lines elsewhere.
struct Watch<'a> {
    log: &'a Path,
    begun: Instant,
    said: Instant,
    look: Look,
}

enum Look {
    Line(ProgressBar),
    Lines,
    Quiet,
}

impl<'a> Watch<'a> {
    fn new(log: &'a Path, quiet: bool) -> Watch<'a> {
        let look = if quiet {
            Look::Quiet
        } else if Term::stderr().is_term() {
            Look::Line(ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(4)))
        } else {
            Look::Lines
        };
        Watch { log, begun: Instant::now(), said: Instant::now(), look }
    }

    fn look(&mut self) {
        let text = match self.look {
            Look::Quiet => return,
            Look::Lines if self.said.elapsed() < SPARSE => return,
            _ => fs::read_to_string(self.log).unwrap_or_default(),
        };
        let compiled =
            text.lines().filter(|line| line.trim_start().starts_with("Compiling")).count();
        let last = text.lines().last().unwrap_or_default().trim();
        let said = format!("{}, {}: {last}", wall(self.begun.elapsed()), plural(compiled, "crate"));
        match &self.look {
            Look::Line(bar) => bar.set_message(said),
            _ => output::say(&said),
        }
        self.said = Instant::now();
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if let Look::Line(bar) = &self.look {
            bar.finish_and_clear();
        }
    }
}

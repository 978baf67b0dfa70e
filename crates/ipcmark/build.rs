//! Facts of the build that go into `--version` and into every record: commit, compiler, profile, target.
//!
//! Each is optional: outside a checkout, or without git, the commit is simply absent.

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    let variable = |name: &str| env::var(name).unwrap_or_default();
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let rustc = first_line(Command::new(rustc).arg("--version")).unwrap_or("unknown rustc".into());
    let (profile, target) = (variable("PROFILE"), variable("TARGET"));
    let commit = commit();
    let named = commit.as_deref().unwrap_or("no commit");
    let version = variable("CARGO_PKG_VERSION");
    set("IPCMARK_VERSION", &format!("{version} ({named}, {profile}, {rustc}, {target})"));
    set("IPCMARK_COMMIT", commit.as_deref().unwrap_or_default());
    set("IPCMARK_RUSTC", &rustc);
    set("IPCMARK_PROFILE", &profile);
    set("IPCMARK_TARGET", &target);
}

/// Returns the abbreviated commit, followed by `-dirty` if tracked files have changes.
fn commit() -> Option<String> {
    let root = Path::new("../..");
    // A package from a registry has no commit, even if its folder is inside another checkout.
    if !root.join(".git").exists() {
        return None;
    }
    // The sources decide whether the tree is dirty; the log of HEAD grows with every commit and checkout.
    for watched in ["Cargo.toml", "Cargo.lock", "crates", ".git/HEAD", ".git/logs/HEAD"] {
        let path = root.join(watched);
        if path.exists() {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
    let hash = first_line(Command::new("git").args(["rev-parse", "--short=12", "HEAD"]))?;
    let changes = Command::new("git")
        .args(["status", "--porcelain", "--untracked-files=no"])
        .env("GIT_OPTIONAL_LOCKS", "0")
        .output()
        .ok()?;
    Some(if changes.stdout.is_empty() { hash } else { format!("{hash}-dirty") })
}

fn first_line(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|o| o.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().next().map(str::to_owned)
}

fn set(name: &str, value: &str) {
    println!("cargo::rustc-env={name}={value}");
}

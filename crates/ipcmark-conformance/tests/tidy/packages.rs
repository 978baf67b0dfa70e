//! What outsiders build on: packages that can be published, and the example of a transport of one's
//! own.

use super::{members, none, root, texts};
use toml::{Table, Value};

/// Members that are for this workspace only.
const OURS_ALONE: &[&str] = &["ipcmark-benches"];
/// Lines of Rust that a transport of one's own may take, its program and its laws included.
const LINES_OF_THE_EXAMPLE: usize = 80;

#[test]
fn crates_can_be_published() {
    let text = std::fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml");
    let workspace: Table = text.parse().expect("a manifest");
    let mut breaches = Vec::new();
    for (name, how) in workspace["workspace"]["dependencies"].as_table().expect("a table") {
        if name.starts_with("ipcmark") && how.get("version").is_none() {
            breaches.push(format!("{name} has no version in [workspace.dependencies]"));
        }
    }
    for member in members().iter().filter(|m| !OURS_ALONE.contains(&m.name.as_str())) {
        let package = member.manifest["package"].as_table().expect("a package");
        if package.get("publish").is_some() {
            breaches.push(format!("{} says `publish`", member.name));
        }
        for field in ["version", "license", "description", "readme", "keywords"] {
            if !package.contains_key(field) {
                breaches.push(format!("{} has no {field}", member.name));
            }
        }
        let needs = member.manifest.get("dependencies").and_then(Value::as_table);
        for (name, how) in needs.into_iter().flatten() {
            if how.get("workspace").is_none() && how.get("version").is_none() {
                breaches.push(format!("{} takes {name} without a version", member.name));
            }
        }
    }
    none(breaches, "each crate that a transport or a program needs can be published");
}

#[test]
fn a_crate_includes_only_files_of_its_own_folder() {
    let mut breaches = Vec::new();
    let members = members();
    for (path, text) in texts(".rs") {
        let Some(member) = members.iter().find(|m| path.starts_with(&format!("{}/", m.dir))) else {
            continue;
        };
        let depth = path[member.dir.len() + 1..].matches('/').count();
        for line in
            text.lines().filter(|l| l.contains("include_str!(") || l.contains("include_bytes!("))
        {
            if line.contains(&"../".repeat(depth + 1)) {
                breaches.push(format!("{path}: {}", line.trim()));
            }
        }
    }
    none(breaches, "a package holds all that it includes");
}

#[test]
fn a_transport_of_ones_own_is_short() {
    let files: Vec<_> = texts(".rs")
        .into_iter()
        .filter(|(path, _)| path.starts_with("examples/own-transport/"))
        .collect();
    let lines: usize = files.iter().map(|(_, text)| text.lines().count()).sum();
    assert!(
        files.len() == 3 && lines <= LINES_OF_THE_EXAMPLE,
        "{} files, {lines} lines",
        files.len()
    );
}

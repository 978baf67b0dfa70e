//! Style and architecture are tests: the tree itself must keep what ARCHITECTURE.md promises.
//!
//! Each test reads the files that git tracks and says which of them breaks which rule, all at once.

#[path = "tidy/calls.rs"]
mod calls;
#[path = "tidy/packages.rs"]
mod packages;

use ipcmark_catalog::CATALOG;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Our crates that each crate may name in `[dependencies]`. A transport may name what `TRANSPORT` says, and `"*"` means
/// every transport.
const ARROWS: &[(&str, &[&str])] = &[
    ("ipcmark-words", &[]),
    ("ipcmark-show", &[]),
    ("ipcmark-core", &["ipcmark-words"]),
    ("ipcmark-ring", &[]),
    ("ipcmark-sys", &["ipcmark-core"]),
    ("ipcmark-stats", &[]),
    ("ipcmark-record", &["ipcmark-words", "ipcmark-show"]),
    ("ipcmark-suite", &["ipcmark-words", "ipcmark-core"]),
    ("ipcmark-summary", &["ipcmark-record", "ipcmark-stats"]),
    ("ipcmark-view", &["ipcmark-words", "ipcmark-record", "ipcmark-summary", "ipcmark-show"]),
    (
        "ipcmark-judge",
        &["ipcmark-record", "ipcmark-show", "ipcmark-stats", "ipcmark-suite", "ipcmark-summary"],
    ),
    ("ipcmark-history", &["ipcmark-record", "ipcmark-show", "ipcmark-stats", "ipcmark-summary"]),
    ("ipcmark-export", &["ipcmark-record", "ipcmark-stats", "ipcmark-summary"]),
    ("ipcmark-ab", &["ipcmark-core", "ipcmark-sys", "ipcmark-record", "ipcmark-harness"]),
    (
        "ipcmark-report",
        &["ipcmark-record", "ipcmark-summary", "ipcmark-show", "ipcmark-view", "ipcmark-history"],
    ),
    ("ipcmark-harness", &["ipcmark-core", "ipcmark-sys", "ipcmark-record"]),
    ("ipcmark-conformance", &["ipcmark-core", "ipcmark-sys"]),
    (
        "ipcmark-rules",
        &[
            "ipcmark-core",
            "ipcmark-sys",
            "ipcmark-record",
            "ipcmark-show",
            "ipcmark-rpc",
            "ipcmark-harness",
        ],
    ),
    (
        "ipcmark-doctor",
        &["ipcmark-core", "ipcmark-sys", "ipcmark-record", "ipcmark-show", "ipcmark-harness"],
    ),
    ("ipcmark-catalog", &["ipcmark-core", "ipcmark-sys", "ipcmark-harness", "*"]),
    (
        "ipcmark-benches",
        &[
            "ipcmark-core",
            "ipcmark-sys",
            "ipcmark-stats",
            "ipcmark-record",
            "ipcmark-show",
            "ipcmark-summary",
            "ipcmark-harness",
            "ipcmark-catalog",
            "ipcmark-ring",
            "ipcmark-shm",
        ],
    ),
    (
        "ipcmark",
        &[
            "ipcmark-core",
            "ipcmark-sys",
            "ipcmark-show",
            "ipcmark-stats",
            "ipcmark-record",
            "ipcmark-suite",
            "ipcmark-summary",
            "ipcmark-view",
            "ipcmark-harness",
            "ipcmark-catalog",
            "ipcmark-rules",
            "ipcmark-doctor",
            "ipcmark-judge",
            "ipcmark-ab",
            "ipcmark-history",
            "ipcmark-export",
            "ipcmark-report",
        ],
    ),
];
const TRANSPORT: &[&str] = &["ipcmark-core", "ipcmark-sys"];
/// Transports that are built on the rings.
const ON_RINGS: &[&str] = &["ipcmark-shm"];
/// Crates that must have `unsafe`; all others forbid it.
const UNSAFE: &[&str] = &["ipcmark-sys", "ipcmark-ring", "ipcmark-shm"];
/// Crates that link no system-call library, so that they say the same on every machine.
const PURE: &[&str] = &[
    "ipcmark-words",
    "ipcmark-show",
    "ipcmark-view",
    "ipcmark-core",
    "ipcmark-ring",
    "ipcmark-stats",
    "ipcmark-record",
    "ipcmark-suite",
    "ipcmark-summary",
    "ipcmark-judge",
    "ipcmark-report",
];
const PAGES: &str = "ipcmark-core depends on memmap2"; // for the pages of its buffers
const SYSTEM: &[&str] = &["rustix", "nix", "libc", "memmap2", "io-uring"];
/// Files in which the name of a family means something else.
const CLASHES: &[(&str, &str)] = &[
    ("crates/ipcmark-conformance/src/laws/floor.rs", "floor"),
    // As the kernel calls the hold on a process, in /proc.
    ("crates/ipcmark-conformance/src/pair.rs", "pidfd"),
];
const LINES_MAX: usize = 400;
const LINES_MAX_IN_TESTS: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace")
}

/// Paths of all tracked files, relative to the root. Files that somebody has deleted and not yet committed are left out.
fn tracked() -> Vec<String> {
    let output = Command::new("git")
        .args(["-c", "safe.directory=*", "ls-files", "-z"])
        .current_dir(root())
        .output()
        .expect("git, and a work tree: the rules are about tracked files");
    assert!(output.status.success(), "git: {}", String::from_utf8_lossy(&output.stderr));
    let list = String::from_utf8(output.stdout).expect("paths in UTF-8");
    let paths = list.split_terminator('\0').map(str::to_owned);
    paths.filter(|path| root().join(path).is_file()).collect()
}

/// Path and text of the tracked files with this ending.
fn texts(ending: &str) -> Vec<(String, String)> {
    let found: Vec<_> = tracked()
        .into_iter()
        .filter(|path| path.ends_with(ending))
        .map(|path| {
            let text = std::fs::read_to_string(root().join(&path)).expect("a text file");
            (path, text)
        })
        .collect();
    assert!(!found.is_empty(), "no file ends in {ending}: has the tree moved?");
    found
}

/// One member of the workspace.
struct Member {
    name: String,
    /// Relative to the root.
    dir: String,
    manifest: toml::Table,
}

impl Member {
    fn is_transport(&self) -> bool {
        self.dir.starts_with("crates/transports/")
    }

    fn dependencies(&self, table: &str) -> Vec<&str> {
        let table = self.manifest.get(table).and_then(toml::Value::as_table);
        table.into_iter().flat_map(toml::Table::keys).map(String::as_str).collect()
    }
}

fn members() -> Vec<Member> {
    let manifests = texts("/Cargo.toml").into_iter();
    // Examples and fuzzers are packages of their own, outside the workspace.
    let apart = ["examples/", "fuzz/"];
    let members =
        manifests.filter(|(path, _)| !apart.iter().any(|folder| path.starts_with(folder)));
    let manifests = members.map(|(path, text)| {
        let manifest: toml::Table = text.parse().unwrap_or_else(|e| panic!("{path}: {e}"));
        let name = manifest["package"]["name"].as_str().expect("a package has a name").to_owned();
        let dir = path.trim_end_matches("/Cargo.toml").to_owned();
        Member { name, dir, manifest }
    });
    manifests.collect()
}

/// Fails with one line for each breach.
fn none(breaches: Vec<String>, rule: &str) {
    assert!(breaches.is_empty(), "{rule}:\n  {}", breaches.join("\n  "));
}

#[test]
fn arrows_run_one_way() {
    let members = members();
    let transports: BTreeSet<&str> =
        members.iter().filter(|m| m.is_transport()).map(|m| m.name.as_str()).collect();
    let arrows: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    let mut breaches = Vec::new();
    for member in &members {
        let allowed = if member.is_transport() {
            TRANSPORT
        } else if let Some(allowed) = arrows.get(member.name.as_str()) {
            allowed
        } else {
            breaches.push(format!("{} has no line in ARROWS", member.name));
            continue;
        };
        for to in member.dependencies("dependencies") {
            let ring = to == "ipcmark-ring" && ON_RINGS.contains(&member.name.as_str());
            let any = allowed.contains(&"*") && transports.contains(to);
            if to.starts_with("ipcmark") && !allowed.contains(&to) && !ring && !any {
                breaches.push(format!("{} depends on {to}", member.name));
            }
        }
        for to in member.dependencies("dev-dependencies") {
            if member.is_transport() && (transports.contains(to) || to == "ipcmark-harness") {
                breaches.push(format!("{} knows {to} in its tests", member.name));
            }
        }
    }
    for name in arrows.keys().filter(|name| members.iter().all(|m| m.name != **name)) {
        breaches.push(format!("ARROWS names {name}, which is not in the tree"));
    }
    none(breaches, "who may depend on whom");
}

#[test]
fn pure_crates_link_no_system_calls() {
    let mut breaches = Vec::new();
    for m in members().iter().filter(|m| PURE.contains(&m.name.as_str())) {
        let to = m.dependencies("dependencies").into_iter().filter(|to| SYSTEM.contains(to));
        breaches.extend(to.map(|to| format!("{} depends on {to}", m.name)).filter(|b| b != PAGES));
    }
    none(breaches, "these crates link no system-call library");
}

#[test]
fn what_measures_and_what_judges_names_no_transport() {
    let words: BTreeSet<String> = CATALOG
        .iter()
        .flat_map(|entry| {
            [entry.info.name(), entry.info.mechanism.to_owned(), entry.info.family.to_owned()]
        })
        .collect();
    let mut breaches = Vec::new();
    for (path, text) in texts(".rs") {
        if !["crates/ipcmark-harness/src/", "crates/ipcmark-conformance/src/"]
            .iter()
            .any(|d| path.starts_with(d))
        {
            continue;
        }
        for (number, line) in code_lines(&text) {
            breaches.extend(
                quoted(line)
                    .flat_map(words_of)
                    .filter(|word| {
                        words.contains(*word) && !CLASHES.contains(&(path.as_str(), *word))
                    })
                    .map(|word| format!("{path}:{number} names {word}")),
            );
        }
    }
    none(breaches, "the harness and the laws treat all transports alike");
}

/// Returns what is quoted in a line.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('"').skip(1).step_by(2)
}

/// The names in a text: as they stand (`pipe/spin`), and each part of them (`pipe`). A path (`/dev/shm`) is none.
fn words_of(text: &str) -> impl Iterator<Item = &str> {
    let name = |c: char| c.is_alphanumeric() || "-_/".contains(c);
    let whole = text.split(move |c| !name(c)).filter(|word| !word.starts_with('/'));
    whole.flat_map(|word| {
        std::iter::once(word).chain(word.split('/').filter(move |part| *part != word))
    })
}

/// The lines that are not comments, numbered from 1, up to the unit tests.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let code = text.split("\n#[cfg(test)]\nmod ").next().unwrap_or(text);
    code.lines()
        .enumerate()
        .map(|(n, line)| (n + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[test]
fn every_file_says_what_it_is_and_is_short() {
    let mut breaches = Vec::new();
    for (path, text) in texts(".rs") {
        if !text.starts_with("//!") {
            breaches.push(format!("{path} does not open with a `//!` line"));
        }
        let lines = text.lines().count();
        let test = ["/tests/", "/benches/", "/examples/"].iter().any(|dir| path.contains(dir))
            || path.ends_with("tests.rs");
        let most = if test { LINES_MAX_IN_TESTS } else { LINES_MAX };
        if lines > most {
            breaches.push(format!(
                "{path} has {lines} lines; {most} are the most: cut it where its subject changes"
            ));
        }
    }
    none(breaches, "files open with what they are, and are short");
}

#[test]
fn unsafe_is_forbidden_or_justified() {
    let mut breaches = Vec::new();
    for member in members() {
        let forbids = ["src/lib.rs", "src/main.rs"].iter().all(|file| {
            std::fs::read_to_string(root().join(&member.dir).join(file))
                .map_or(true, |text| text.lines().any(|line| line == "#![forbid(unsafe_code)]"))
        });
        if !forbids && !UNSAFE.contains(&member.name.as_str()) {
            breaches.push(format!("{} does not forbid unsafe code", member.name));
        }
        let inherits = member.manifest.get("lints").and_then(|lints| lints.get("workspace"));
        if inherits.and_then(toml::Value::as_bool) != Some(true) {
            breaches.push(format!("{} does not inherit the lints of the workspace", member.name));
        }
    }
    for (path, text) in texts(".rs") {
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let code = line.trim_start();
            let opens = code.contains("unsafe {") || code.contains("unsafe impl ");
            if opens && !code.starts_with("//") && !code.contains('"') && !is_justified(&lines, at)
            {
                breaches.push(format!("{path}:{} is unsafe without a `// SAFETY:` line", at + 1));
            }
        }
    }
    none(breaches, "unsafe code is forbidden, or each block says why it is sound");
}

/// True when the statement that line `at` belongs to has a SAFETY comment right before it. A statement broken over
/// lines may begin up to three lines earlier.
fn is_justified(lines: &[&str], at: usize) -> bool {
    let before = lines[..at].iter().rev().map(|line| line.trim_start());
    let mut skipped = 0;
    for line in before {
        if line.starts_with("//") {
            if line.contains("SAFETY:") {
                return true;
            }
        } else {
            skipped += 1;
            if skipped > 3 || line.ends_with(';') || line.ends_with('}') {
                return false;
            }
        }
    }
    false
}

#[test]
fn the_crate_list_of_the_architecture_is_the_tree() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let listed: BTreeSet<String> = text
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("- `"))
        .filter_map(|rest| rest.split_once("` - "))
        .map(|(name, _)| name.to_owned())
        .filter(|name| name.starts_with("ipcmark"))
        .collect();
    let there: BTreeSet<String> = members().into_iter().map(|m| m.name).collect();
    let missing = there.difference(&listed).map(|name| format!("{name} is not listed"));
    let stale =
        listed.difference(&there).map(|name| format!("{name} is listed and not in the tree"));
    none(
        missing.chain(stale).collect(),
        "ARCHITECTURE.md lists each crate as - `name` - what it is",
    );
    assert!(text.matches("Architecture invariant:").count() >= 5, "it names the invariants");
}

#[test]
fn names_follow_the_folders() {
    let mut breaches = Vec::new();
    for member in members() {
        let folder = member.dir.rsplit('/').next().unwrap_or_default();
        let expected = match member.dir.as_str() {
            dir if dir.starts_with("crates/transports/") => format!("ipcmark-{folder}"),
            dir if dir.starts_with("crates/") => folder.to_owned(),
            dir => format!("ipcmark-{dir}"),
        };
        if member.name != expected {
            breaches.push(format!("{} holds {}, not {expected}", member.dir, member.name));
        }
    }
    for entry in CATALOG {
        // Records name three families of calls by their framework.
        let framework = entry.info.family.starts_with("rpc-").then_some("frameworks");
        let folder = framework.unwrap_or(entry.info.family);
        if !root().join("crates/transports").join(folder).is_dir() {
            breaches.push(format!("{}: no crates/transports/{}", entry.info, entry.info.family));
        }
    }
    none(breaches, "crates bear the names of their folders, families those of their crates");
}

#[test]
fn a_list_of_transports_is_whole() {
    let mut breaches = Vec::new();
    for (path, text) in texts(".md") {
        // A page that marks a list of transports must have all of them in it.
        let Some((_, rest)) = text.split_once("<!-- transports -->") else { continue };
        let list = rest.split("<!-- /transports -->").next().unwrap_or(rest);
        for entry in CATALOG {
            if !is_listed(list, entry.info.mechanism, entry.info.wait.name()) {
                breaches.push(format!("{path} does not list {}", entry.info));
            }
        }
    }
    none(breaches, "a list of transports names each, or its mechanism and its wait on one line");
}

/// True when `list` has the transport's name, or its mechanism and its wait on one line.
fn is_listed(list: &str, mechanism: &str, wait: &str) -> bool {
    let word = |c: char| !(c.is_alphanumeric() || c == '-');
    list.lines().any(|line| {
        line.contains(&format!("`{mechanism}/{wait}`"))
            || (line.contains(&format!("`{mechanism}`")) && line.split(word).any(|w| w == wait))
    })
}

#[test]
fn the_rule_of_lists_sees_what_it_should() {
    let list = "| `pipe` | block, spin |\n| `tcp` | block |\n`mq/poll`";
    assert!(is_listed(list, "pipe", "spin") && is_listed(list, "mq", "poll"));
    assert!(!is_listed(list, "tcp", "spin") && !is_listed(list, "pipe", "poll"));
}

#[test]
fn the_rule_of_names_sees_what_it_should() {
    let words = |line| quoted(line).flat_map(words_of).map(str::to_owned).collect::<Vec<_>>();
    assert!(words(r#"if x == "pipe" {"#).contains(&"pipe".to_owned()));
    assert!(words(r#"f("no pipe/spin here")"#).contains(&"pipe".to_owned()));
    assert!(!words(r#"pipe("a pipeline")"#).contains(&"pipe".to_owned()));
    assert!(!words(r#"read("/dev/shm")"#).contains(&"shm".to_owned()));
}

#[test]
fn every_suite_is_embedded() {
    let suites = "crates/ipcmark-suite/suites/";
    let (_, source) = texts("crates/ipcmark-suite/src/embedded.rs").remove(0);
    let files =
        tracked().into_iter().filter_map(|path| path.strip_prefix(suites).map(str::to_owned));
    let files: Vec<_> = files.collect();
    assert!(files.len() >= 3, "quick, standard and full are suites: {files:?}");
    let breaches =
        files.into_iter().filter(|file| !source.contains(&format!("/{file}\""))).collect();
    none(breaches, "each suite travels inside the program");
}

#[test]
fn no_path_of_one_machine_is_in_the_tree() {
    // Cut in two, so that this file does not break its own rule.
    let private =
        [("/ho", "me/"), ("/ro", "ot/"), ("/Us", "ers/"), ("/wo", "rk/"), ("file:", "///")]
            .map(|(a, b)| format!("{a}{b}"));
    let mut breaches = Vec::new();
    for path in tracked() {
        let Ok(text) = std::fs::read_to_string(root().join(&path)) else { continue };
        for (number, line) in text.lines().enumerate() {
            for private in &private {
                let begins = line.match_indices(private.as_str()).any(|(at, _)| {
                    // A path begins here, and is not the middle of a longer relative one.
                    !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-~}/:".contains(c))
                });
                if begins {
                    breaches.push(format!("{path}:{}: {private}", number + 1));
                }
            }
        }
    }
    none(breaches, "no path of somebody's machine is in the tree");
}

#[test]
fn the_unsafe_rule_sees_what_it_should() {
    let good = ["// SAFETY: it is.", "let x =", "    unsafe { f() };"];
    assert!(is_justified(&good, 2));
    let bad = ["// SAFETY: of another.", "g();", "unsafe { f() };"];
    assert!(!is_justified(&bad, 2));
}

#[path = "tidy/prose.rs"]
mod prose;

//! Revisions of small checkouts that the tests make, built by the real cargo.

use super::*;
use std::process::Command;
use tempfile::TempDir;

/// A checkout with its own target folder.
struct Sources {
    folder: TempDir,
    target: TempDir,
}

impl Sources {
    /// One package in a folder of the checkout, as in a repository of several things.
    fn new(package: &str) -> Sources {
        let sources = Sources { folder: TempDir::new().unwrap(), target: TempDir::new().unwrap() };
        sources.git(&["init", "--quiet"]);
        let manifest =
            format!("[package]\nname = \"{package}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
        sources.write("Cargo.toml", &manifest);
        sources
    }

    fn here(&self) -> PathBuf {
        self.folder.path().join("rust")
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.here().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn git(&self, words: &[&str]) -> String {
        let mut command = ipcmark_history::git::command(self.folder.path());
        let who = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "core.hooksPath=/dev/null"];
        let output = command.args(who).args(words).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// A commit whose program has this source.
    fn commit(&self, main: &str) -> String {
        self.write("src/main.rs", main);
        self.git(&["add", "-A"]);
        self.git(&["commit", "--quiet", "--message", "x"]);
        self.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    fn program_of(&self, rev: &str) -> Result<PathBuf> {
        program_in(&self.here(), Some(self.target.path()), (rev, "ipcmark"), true)
    }

    fn refusal(&self, rev: &str) -> String {
        let error = self.program_of(rev).unwrap_err();
        self.assert_clean();
        format!("{error:#}")
    }

    fn assert_clean(&self) {
        let trees = self.git(&["worktree", "list"]);
        assert_eq!(trees.lines().count(), 1, "a worktree is left: {trees}");
        assert!(!self.target.path().join("ipcmark-ab/tree").exists());
    }
}

fn said_by(program: &Path) -> String {
    let output = Command::new(program).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn each_revision_gives_its_own_program_and_a_second_time_the_same() {
    let sources = Sources::new("ipcmark");
    let first = sources.commit("fn main() { println!(\"one\") }");
    sources.commit("fn main() { println!(\"two\") }");
    // Uncommitted files are not part of any revision.
    sources.write("src/main.rs", "not Rust");
    let (one, two) = (sources.program_of("HEAD~1").unwrap(), sources.program_of("HEAD").unwrap());
    assert_eq!((said_by(&one), said_by(&two)), ("one\n".into(), "two\n".into()));
    sources.assert_clean();
    let built = fs::metadata(&one).unwrap().modified().unwrap();
    assert_eq!(sources.program_of(&first[..10]).unwrap(), one, "by another name of the commit");
    assert_eq!(fs::metadata(&one).unwrap().modified().unwrap(), built, "it was not built again");
}

#[test]
fn what_a_killed_build_left_behind_is_removed_first() {
    let sources = Sources::new("ipcmark");
    sources.commit("fn main() { println!(\"one\") }");
    let tree = sources.target.path().join("ipcmark-ab/tree");
    sources.git(&["worktree", "add", "--quiet", "--detach", tree.to_str().unwrap(), "HEAD"]);
    fs::write(tree.join("rust/src/main.rs"), "half a file").unwrap();
    assert_eq!(said_by(&sources.program_of("HEAD").unwrap()), "one\n");
    sources.assert_clean();
}

#[test]
fn a_build_that_fails_shows_why_and_leaves_no_tree() {
    let sources = Sources::new("ipcmark");
    sources.commit("fn main() { no_such_function() }");
    let said = sources.refusal("HEAD");
    assert!(said.starts_with("cannot build HEAD ("), "{said}");
    assert!(said.contains("no_such_function") && said.contains("build.log"), "{said}");
}

#[test]
fn what_cannot_be_built_is_refused_in_words() {
    let sources = Sources::new("other");
    sources.commit("fn main() {}");
    let said = sources.refusal("HEAD");
    assert!(said.contains("makes a program ipcmark (programs there: other)"), "{said}");
    let said = sources.refusal("no-such-branch");
    assert!(said.contains("has no revision no-such-branch; git log"), "{said}");
    let said = sources.refusal("--help");
    assert!(said.contains("has no revision --help"), "no option of git's: {said}");
    let nowhere = TempDir::new().unwrap();
    let error = program_in(nowhere.path(), None, ("HEAD", "ipcmark"), true).unwrap_err();
    assert!(error.to_string().contains("is not in a git checkout"), "{error}");
    assert_eq!(crate::exit::of(&error), crate::exit::Exit::Usage);
}

#[test]
fn a_project_with_a_catalog_of_its_own_builds_its_own_program() {
    let sources = Sources::new("mine");
    let manifest = "[package]\nname = \"mine\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
        [[bin]]\nname = \"door\"\npath = \"src/main.rs\"\n\
        [dependencies]\nipcmark = { path = \"library\" }\n[workspace]\nmembers = [\"tool\"]\n";
    sources.write("Cargo.toml", manifest);
    let package = |name| format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\n");
    sources.write("library/Cargo.toml", &package("ipcmark"));
    sources.write("library/src/lib.rs", "");
    sources.write("tool/Cargo.toml", &package("tool"));
    sources.write("tool/src/main.rs", "fn main() { println!(\"another\") }");
    sources.commit("fn main() { println!(\"door\") }");
    let built = sources.program_of("HEAD").unwrap();
    assert_eq!((said_by(&built), built.file_name().unwrap()), ("door\n".into(), "door".as_ref()));
    // A second one of its own makes the name decide.
    sources.write("src/bin/hatch.rs", "fn main() { println!(\"hatch\") }");
    sources.commit("fn main() {}");
    let named = |own| program_in(&sources.here(), Some(sources.target.path()), ("HEAD", own), true);
    assert_eq!(said_by(&named("hatch").unwrap()), "hatch\n");
    let said = format!("{:#}", named("ipcmark").unwrap_err());
    assert!(said.contains("makes a program ipcmark (programs there: "), "{said}");
}

#[test]
fn the_youngest_programs_are_kept() {
    let folder = TempDir::new().unwrap();
    for n in 0..KEPT + 3 {
        fs::create_dir(folder.path().join(format!("{n:02}"))).unwrap();
        std::thread::sleep(Duration::from_millis(15));
    }
    forget_old(folder.path());
    let mut left: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    left.sort();
    assert_eq!((left.len(), left[0].to_str().unwrap()), (KEPT, "03"));
}

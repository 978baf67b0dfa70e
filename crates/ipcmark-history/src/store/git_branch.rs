//! A store on a branch of a git repository, which holds nothing else.
//!
//! Made of git's plumbing, so that the work tree, the index and what is checked out stay as they are, and a bare repository or a CI job's
//! shallow checkout will do. A run is a commit: blobs and trees first, then the branch moves from the tip that was read to the new
//! commit, or not at all (`update-ref` with the old value; a push that must be a fast-forward). The slower writer reads the
//! new tip, puts its files on it and tries again: names never clash, so there is nothing to merge. What a killed writer
//! leaves are objects that nothing refers to; git removes them in time.

use super::place::{Item, Place};
use crate::{Error, Result, git};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::Builder;
use std::time::Duration;

/// Tries of a commit while other writers are faster.
const TRIES: u32 = 200;
/// Tries while the branch does not move, so that something else is the cause.
const TRIES_STILL: u32 = 4;
/// The pause after the n-th failure is at most n times this long, and not longer than ten times.
const PAUSE_MS: u64 = 20;

#[derive(Debug)]
pub(super) struct GitBranch {
    repository: PathBuf,
    branch: String,
    remote: Option<String>,
}

/// One entry of a tree: mode, type and hash as git writes them.
type Tree = BTreeMap<String, String>;

impl GitBranch {
    pub(super) fn new(repository: &Path, branch: &str, remote: Option<&str>) -> Result<GitBranch> {
        let place = GitBranch {
            repository: repository.into(),
            branch: branch.into(),
            remote: remote.map(str::to_owned),
        };
        let no_store = |why: String| Error::NoStore { name: place.name(), why };
        let wrong =
            |what: Error| no_store(format!("it must name a branch of this repository: {what}"));
        place.git("find the repository", &["rev-parse", "--git-dir"]).map_err(wrong)?;
        place.git("take that name", &["check-ref-format", "--branch", branch]).map_err(wrong)?;
        if let Some(remote) = remote {
            let remotes = place.git("list its remotes", &["remote"])?;
            if !remotes.lines().any(|known| known == remote) {
                let remotes = if remotes.is_empty() {
                    "there is none".into()
                } else {
                    remotes.replace('\n', ", ")
                };
                return Err(no_store(format!(
                    "'{remote}' is no remote of this repository ({remotes}); `git remote add` makes one"
                )));
            }
        }
        Ok(place)
    }

    /// Returns the local name of the branch.
    fn reference(&self) -> String {
        match &self.remote {
            Some(remote) => format!("refs/remotes/{remote}/{}", self.branch),
            None => format!("refs/heads/{}", self.branch),
        }
    }

    /// Returns its newest commit, fetched from the remote; `None` if there is no such branch.
    fn tip(&self) -> Result<Option<String>> {
        let reference = self.reference();
        if let Some(remote) = &self.remote {
            let theirs = format!("refs/heads/{}", self.branch);
            let listed = self.git("ask the remote", &["ls-remote", remote, &theirs])?;
            if listed.is_empty() {
                return Ok(None);
            }
            let spec = format!("+{theirs}:{reference}");
            let words = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", remote, &spec];
            let mut fetched = self.git("fetch", &words);
            for n in 1..TRIES_STILL {
                // Another process of this checkout may hold the lock of the reference.
                if fetched.is_err() {
                    pause(n);
                    fetched = self.git("fetch", &words);
                }
            }
            fetched?;
        }
        Ok(git::ask(
            &self.repository,
            &["rev-parse", "--verify", "--quiet", &format!("{reference}^{{commit}}")],
        ))
    }

    /// Moves the branch from one commit to the next; an error when it is not at the first any more.
    fn advance(&self, from: Option<&str>, to: &str) -> Result<()> {
        match &self.remote {
            Some(remote) => {
                let spec = format!("{to}:refs/heads/{}", self.branch);
                self.git("push", &["push", "--quiet", "--no-verify", remote, &spec])
            }
            None => {
                let nothing = "0".repeat(to.len());
                let from = from.unwrap_or(&nothing);
                self.git("move the branch", &["update-ref", &self.reference(), to, from])
            }
        }
        .map(drop)
    }

    /// Makes a commit on `tip` with these files; `None` if they are all there.
    fn commit(
        &self,
        tip: Option<&str>,
        files: &[Item<'_>],
        there: &[bool],
    ) -> Result<Option<String>> {
        let new = files.iter().zip(there).filter(|(item, there)| !**there || item.replace);
        let new: Vec<&Item<'_>> = new.map(|(item, _)| item).collect();
        if new.is_empty() {
            return Ok(None);
        }
        let mut root = tip.map(|tip| format!("{tip}^{{tree}}"));
        for item in &new {
            let blob =
                self.git_with("store a file", &["hash-object", "-w", "--stdin"], item.bytes)?;
            let path: Vec<&str> = item.name.split('/').collect();
            root = Some(self.tree_with(root.as_deref(), &path, &blob)?);
        }
        let root = root.expect("a tree with a file in it");
        let key = new[0].name.rsplit('/').next().unwrap_or_default();
        let key = key.split('.').next().unwrap_or_default();
        let message = format!("Add run {key}");
        let mut words = vec!["commit-tree", &root, "-m", &message, "--no-gpg-sign"];
        words.extend(tip.iter().flat_map(|tip| ["-p", *tip]));
        self.git("commit", &words).map(Some)
    }

    /// Makes a tree from `tree` with one more file; `None` is an empty tree.
    fn tree_with(&self, tree: Option<&str>, path: &[&str], blob: &str) -> Result<String> {
        let mut entries = match tree {
            Some(tree) => self.entries(tree)?,
            None => Tree::new(),
        };
        let (name, below) = path.split_first().expect("a path has a name");
        let entry = if below.is_empty() {
            format!("100644 blob {blob}")
        } else {
            let subtree = entries.get(*name).and_then(|entry| entry.strip_prefix("040000 tree "));
            format!("040000 tree {}", self.tree_with(subtree, below, blob)?)
        };
        entries.insert((*name).to_owned(), entry);
        let listing = entries
            .iter()
            .fold(String::new(), |all, (name, entry)| all + entry + "\t" + name + "\0");
        self.git_with("store a folder", &["mktree", "-z"], listing.as_bytes())
    }

    fn entries(&self, tree: &str) -> Result<Tree> {
        let listing = self.git("list a folder", &["ls-tree", "-z", tree])?;
        let entry = |line: &str| {
            line.split_once('\t').map(|(entry, name)| (name.to_owned(), entry.to_owned()))
        };
        Ok(listing.split_terminator('\0').filter_map(entry).collect())
    }

    /// Lists all files at these paths and below them.
    fn names(&self, tip: &str, paths: &[&str]) -> Result<Vec<String>> {
        let words =
            [&["ls-tree", "-r", "-z", "--name-only", "--full-tree", tip, "--"], paths].concat();
        let listing = self.git("list", &words)?;
        Ok(listing.split_terminator('\0').map(str::to_owned).collect())
    }

    fn git(&self, verb: &str, words: &[&str]) -> Result<String> {
        self.git_with(verb, words, b"")
    }

    /// Returns the answer of git to `input`, without the end of the line.
    fn git_with(&self, verb: &str, words: &[&str], input: &[u8]) -> Result<String> {
        let bytes = self.run(verb, words, input)?;
        Ok(String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned())
    }

    fn run(&self, verb: &str, words: &[&str], input: &[u8]) -> Result<Vec<u8>> {
        let refused = |what: String| Error::Refused { store: self.name(), verb: verb.into(), what };
        let mut command = git::command(&self.repository);
        identify(&mut command, &self.repository, words);
        command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|e| {
            refused(format!("the program git cannot be started ({e}); install it, or keep the history in a folder"))
        })?;
        let mut stdin = child.stdin.take().expect("standard input is a pipe");
        // Git may answer before it has read everything, so that both directions must flow at once.
        let output = std::thread::scope(|scope| {
            // A git that ended early says so in its answer.
            let write = move || drop(stdin.write_all(input));
            let writing = Builder::new().spawn_scoped(scope, write);
            let output = child.wait_with_output();
            writing.and(output)
        });
        let output = output.map_err(|e| refused(e.to_string()))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(refused(
            said.lines().map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join("; "),
        ))
    }
}

/// Waits at random, so that writers that met do not meet again.
fn pause(failures: u32) {
    let most = PAUSE_MS * u64::from(failures.min(10));
    std::thread::sleep(Duration::from_millis(fastrand::u64(0..=most)));
}

/// Sets a name to commit under, which a CI job often lacks.
fn identify(command: &mut Command, repository: &Path, words: &[&str]) {
    if words.first() == Some(&"commit-tree")
        && git::ask(repository, &["var", "GIT_COMMITTER_IDENT"]).is_none()
    {
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "ipcmark history");
            command.env(format!("GIT_{role}_EMAIL"), "ipcmark@localhost");
        }
    }
}

impl Place for GitBranch {
    fn put(&self, files: &[Item<'_>]) -> Result<Vec<bool>> {
        let (mut last_tip, mut still) = (None, 0);
        for n in 1..=TRIES {
            let tip = self.tip()?;
            let there = match &tip {
                Some(tip) => {
                    let wanted: Vec<&str> = files.iter().map(|item| item.name.as_str()).collect();
                    let found = self.names(tip, &wanted)?;
                    wanted.iter().map(|name| found.iter().any(|found| found == name)).collect()
                }
                None => vec![false; files.len()],
            };
            let Some(commit) = self.commit(tip.as_deref(), files, &there)? else {
                return Ok(there);
            };
            let Err(error) = self.advance(tip.as_deref(), &commit) else { return Ok(there) };
            still = if last_tip.as_ref() == Some(&tip) { still + 1 } else { 0 };
            if still == TRIES_STILL || n == TRIES {
                return Err(error);
            }
            last_tip = Some(tip);
            pause(n);
        }
        unreachable!("the last try returns")
    }

    fn list(&self, folder: &str) -> Result<Vec<String>> {
        self.tip()?.map_or(Ok(Vec::new()), |tip| self.names(&tip, &[folder]))
    }

    fn read(&self, names: &[String]) -> Result<Vec<Option<Vec<u8>>>> {
        let reference = self.reference();
        let wanted =
            names.iter().fold(String::new(), |all, name| all + &reference + ":" + name + "\n");
        let answer = self.run("read", &["cat-file", "--batch"], wanted.as_bytes())?;
        let mut rest = &answer[..];
        names.iter().map(|name| self.next_blob(&mut rest, name)).collect()
    }

    fn name(&self) -> String {
        match &self.remote {
            Some(remote) => format!("git:{}@{remote}", self.branch),
            None => format!("git:{}", self.branch),
        }
    }
}

impl GitBranch {
    /// Takes one answer of `cat-file --batch`: `HASH blob LENGTH`, the bytes, and a line's end; or `NAME missing`.
    fn next_blob(&self, rest: &mut &[u8], name: &str) -> Result<Option<Vec<u8>>> {
        let torn = || Error::Refused {
            store: self.name(),
            verb: format!("read {name}"),
            what: "git ended in the middle of its answer; try again".into(),
        };
        let end = rest.iter().position(|byte| *byte == b'\n').ok_or_else(torn)?;
        let head = String::from_utf8_lossy(&rest[..end]).into_owned();
        *rest = &rest[end + 1..];
        if head.ends_with(" missing") {
            return Ok(None);
        }
        let length = head.rsplit(' ').next().and_then(|word| word.parse::<usize>().ok());
        let length = length.filter(|length| *length < rest.len()).ok_or_else(torn)?;
        let bytes = rest[..length].to_vec();
        *rest = &rest[length + 1..];
        Ok(Some(bytes))
    }
}

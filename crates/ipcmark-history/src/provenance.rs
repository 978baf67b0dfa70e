//! The origin of a run: repository, commit, branch.
//!
//! Flags come first, then the variables that CI systems set, then git. Unknown facts are absent.

use crate::git;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// Facts about a run that its record does not hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// URL of the project's repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The commit that was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Time of the commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit_time: Option<Timestamp>,
    /// Its branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Further attributes of the user.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub more: BTreeMap<String, String>,
}

impl Provenance {
    /// Finds the origin of the checkout at `folder`; `variable` looks up an environment variable.
    ///
    /// Reads the variables of GitHub and GitLab, `IPCMARK_COMMIT` and `IPCMARK_BRANCH`, and asks git for
    /// the rest. `commit` is the user's own word: then only its time is looked up.
    #[must_use]
    pub fn found(
        folder: &Path,
        commit: Option<&str>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Provenance {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let first = |names: &[&str]| names.iter().find_map(|name| set(name));
        let ask = |words: &[&str]| git::ask(folder, words).filter(|answer| !answer.is_empty());
        // For a pull request GitHub names its merge, which is not a commit of the branch.
        let named = first(&["IPCMARK_COMMIT", "CI_COMMIT_SHA", "GITHUB_SHA"]);
        let commit = commit.map(str::to_owned).or(named).or_else(|| ask(&["rev-parse", "HEAD"]));
        let whole = commit.as_ref().and_then(|name| {
            ask(&[
                "rev-parse",
                "--verify",
                "--quiet",
                "--end-of-options",
                &format!("{name}^{{commit}}"),
            ])
        });
        let time =
            whole.as_ref().and_then(|hash| ask(&["show", "--no-patch", "--format=%ct", hash]));
        let branch =
            first(&["IPCMARK_BRANCH", "GITHUB_HEAD_REF", "GITHUB_REF_NAME", "CI_COMMIT_REF_NAME"]);
        let on_github = set("GITHUB_REPOSITORY")
            .map(|name| format!("{}/{name}", set("GITHUB_SERVER_URL").unwrap_or_default()));
        let repository = on_github
            .or_else(|| set("CI_PROJECT_URL"))
            .or_else(|| ask(&["remote", "get-url", "origin"]));
        Provenance {
            repository: repository.map(|url| without_password(&url)),
            commit_time: time
                .and_then(|seconds| Timestamp::from_second(seconds.parse().ok()?).ok()),
            commit: whole.or(commit),
            branch: branch.or_else(|| ask(&["branch", "--show-current"])),
            more: BTreeMap::new(),
        }
    }
}

/// `https://user:token@host/path` as `https://host/path`: many read a history.
fn without_password(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            let path = if path.is_empty() { String::new() } else { format!("/{path}") };
            format!("{scheme}://{host}{path}")
        }
        None => url.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_stay_at_home() {
        for (url, kept) in [
            ("https://me:secret@example.org/a/b.git", "https://example.org/a/b.git"),
            ("https://token@example.org", "https://example.org"),
            ("https://example.org/a@b", "https://example.org/a@b"),
            ("git@example.org:a/b.git", "git@example.org:a/b.git"),
        ] {
            assert_eq!(without_password(url), kept);
        }
    }

    #[test]
    fn a_ci_job_says_what_it_measures() {
        let variables = |name: &str| {
            let value = match name {
                "GITHUB_SHA" => "0123456789abcdef0123456789abcdef01234567",
                "GITHUB_REF_NAME" => "main",
                "GITHUB_HEAD_REF" => "",
                "GITHUB_SERVER_URL" => "https://example.org",
                "GITHUB_REPOSITORY" => "a/b",
                _ => return None,
            };
            Some(value.to_owned())
        };
        let empty = tempfile::tempdir().unwrap();
        let found = Provenance::found(empty.path(), None, variables);
        assert_eq!(found.commit.as_deref(), Some("0123456789abcdef0123456789abcdef01234567"));
        assert_eq!(found.branch.as_deref(), Some("main"));
        assert_eq!(found.repository.as_deref(), Some("https://example.org/a/b"));
        assert_eq!(found.commit_time, None, "no git knows it here");
    }
}

//! The origin of a run: repository, commit, branch.
//!
//! The user's word comes first, then the record, then the variables that CI systems set, then git. Unknown facts are absent.

use crate::git;
use ipcmark_record::Checkout;
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
    /// Reason why git told nothing; it stays out of the store.
    #[serde(skip)]
    pub unknown: Option<String>,
}

impl Provenance {
    /// Finds the origin of a run; `variable` looks up an environment variable.
    ///
    /// The commit is the user's own word, `commit` or `IPCMARK_COMMIT`; else the one that was `measured`, as the record has it; else
    /// what the variables of GitHub and GitLab say, and then git in `folder`. A tree with changes is `-dirty`.
    #[must_use]
    pub fn found(
        folder: &Path,
        commit: Option<&str>,
        measured: Option<&Checkout>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Provenance {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let first = |names: &[&str]| names.iter().find_map(|name| set(name));
        let ask = |words: &[&str]| git::ask(folder, words).filter(|answer| !answer.is_empty());
        let own = commit.map(str::to_owned).or_else(|| set("IPCMARK_COMMIT"));
        let recorded = measured.filter(|checkout| own.is_none() && checkout.commit.is_some());
        let branch = set("IPCMARK_BRANCH").or_else(|| recorded?.branch.clone());
        let branch =
            branch.or_else(|| first(&["GITHUB_HEAD_REF", "GITHUB_REF_NAME", "CI_COMMIT_REF_NAME"]));
        let on_github = set("GITHUB_REPOSITORY")
            .map(|name| format!("{}/{name}", set("GITHUB_SERVER_URL").unwrap_or_default()));
        let repository = on_github
            .or_else(|| set("CI_PROJECT_URL"))
            .or_else(|| ask(&["remote", "get-url", "origin"]));
        let found = Provenance {
            repository: repository.map(|url| without_password(&url)),
            branch,
            ..Provenance::default()
        };
        if let Some(checkout) = recorded {
            let dirty = if checkout.clean == Some(false) { "-dirty" } else { "" };
            return Provenance {
                commit: checkout.commit.as_ref().map(|commit| format!("{commit}{dirty}")),
                commit_time: checkout.commit_time.as_ref().and_then(|time| time.parse().ok()),
                ..found
            };
        }
        // For a pull request GitHub names its merge, which is not a commit of the branch.
        let named = own.or_else(|| first(&["CI_COMMIT_SHA", "GITHUB_SHA"]));
        let here = git::checkout(folder);
        let here = here.unwrap_or_else(|| Checkout {
            refused: Some("this folder is in no git checkout".into()),
            ..Checkout::default()
        });
        let commit = named.or(here.commit);
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
        Provenance {
            commit_time: time
                .and_then(|seconds| Timestamp::from_second(seconds.parse().ok()?).ok()),
            commit: whole.or(commit),
            branch: found.branch.or(here.branch),
            unknown: here.refused,
            ..found
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
        let found = Provenance::found(empty.path(), None, None, variables);
        assert_eq!(found.commit.as_deref(), Some("0123456789abcdef0123456789abcdef01234567"));
        assert_eq!(found.branch.as_deref(), Some("main"));
        assert_eq!(found.repository.as_deref(), Some("https://example.org/a/b"));
        assert_eq!(found.commit_time, None, "no git knows it here");
    }
}

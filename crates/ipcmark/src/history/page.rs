//! `ipcmark history page`: a history as one HTML file.

use super::read;
use super::read_args::PageArgs;
use crate::exit::Exit;
use crate::output;
use anyhow::Result;
use ipcmark_history::{Line, Store};

/// Writes the page.
///
/// # Errors
/// Those of [`read::runs`] and [`read::scanned`]; a place that cannot be written to.
pub(super) fn page(store: &dyn Store, args: &PageArgs) -> Result<Exit> {
    let runs = read::runs(store, &args.series)?;
    let scanned = read::scanned(&runs, &args.series.cell)?;
    let title = args.title.clone().unwrap_or_else(|| repository(&runs));
    ipcmark_report::history::write(&scanned, &title, &args.out)?;
    output::print(&format!("{}.\nPage: {}", scanned.census, args.out.display()))?;
    Ok(Exit::Ok)
}

/// Returns the last part of the newest run's repository: `ipcmark` of
/// `https://example.org/ipcmark.git`.
fn repository(runs: &[Line]) -> String {
    let newest = runs.iter().rev().find_map(|line| line.attributes.git_repo.as_deref());
    let name = newest.and_then(|url| url.trim_end_matches('/').rsplit(['/', ':']).next());
    name.map(|name| name.trim_end_matches(".git"))
        .filter(|name| !name.is_empty())
        .unwrap_or("ipcmark")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_history::sample;

    #[test]
    fn a_page_is_called_by_its_repository() {
        let mut runs = sample::lines(1, 2, 1);
        assert_eq!(repository(&runs), "made-up");
        for (url, name) in
            [("git@host:project.git", "project"), ("https://host/a/b/", "b"), ("", "ipcmark")]
        {
            runs.last_mut().unwrap().attributes.git_repo = Some(url.into());
            assert_eq!(repository(&runs), name, "{url}");
        }
    }
}

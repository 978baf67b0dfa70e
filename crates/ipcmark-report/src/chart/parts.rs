//! The parts that all charts of a ranking share: its entries, their colours, and the name of the file.

use crate::palette;
use ipcmark_record::Workload;
use ipcmark_show::bytes;
use ipcmark_view::{Entry, Ranking, Setting};

/// Returns the waits of these entries and their colours.
pub(super) fn colours<'a>(
    entries: impl Iterator<Item = &'a Entry<'a>>,
) -> Vec<(String, palette::Colour)> {
    let mut colours: Vec<(palette::Colour, Vec<&str>)> = Vec::new();
    for row in entries.map(|e| e.row) {
        let word = if row.floor { "floor (one process)" } else { row.wait.name() };
        let colour = palette::of_wait(row.wait, row.floor);
        match colours.iter_mut().find(|(known, _)| *known == colour) {
            Some((_, words)) if words.contains(&word) => {}
            Some((_, words)) => words.push(word),
            None => colours.push((colour, vec![word])),
        }
    }
    colours.into_iter().map(|(colour, words)| (words.join(", "), colour)).collect()
}

/// Returns the mechanisms, then the floors.
pub(super) fn members<'a>(ranking: &'a Ranking<'a>) -> impl Iterator<Item = &'a Entry<'a>> {
    ranking.entries.iter().chain(&ranking.floors)
}

/// Returns a file name from words that may be anything: `ranking-ping-pong-64B-cross-core`. It has the workload, except for
/// the two that every run has and whose charts differ by their first words.
pub(super) fn stem(head: &str, setting: &Setting, with_size: bool) -> String {
    let mut words = vec![head.to_string()];
    if head == "ranking" || !is_plain(setting.workload) {
        words.push(plain(setting.workload.name()));
    }
    if with_size && (setting.size_bytes > 0 || setting.workload == Workload::PingPong) {
        words.push(plain(&bytes(setting.size_bytes).replace([' ', ','], "")));
    }
    words.push(plain(setting.placement.name()));
    let parameters = setting.load();
    if !parameters.is_empty() {
        words.push(plain(&parameters.replace(", ", "-").replace('/', "-per-")));
    }
    words.extend(
        setting
            .capacity_bytes
            .map(|c| format!("capacity-{}", plain(&bytes(c).replace([' ', ','], "")))),
    );
    words.extend(setting.spin_budget.map(|budget| format!("spin-{budget}")));
    let near = setting.neighbours.map(|neighbours| plain(&neighbours.to_string()));
    words.extend(
        near.map(|neighbours| format!("neighbours-{}", neighbours.replace(['=', ','], "-"))),
    );
    words.join("-")
}

/// Returns true for the two workloads that every run has.
pub(super) const fn is_plain(workload: Workload) -> bool {
    matches!(workload, Workload::PingPong | Workload::Stream)
}

/// Returns letters, digits and `-`, 40 at most: no word of a record can name a folder.
fn plain(word: &str) -> String {
    word.chars().take(40).map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

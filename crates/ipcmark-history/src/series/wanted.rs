//! The series that a user asks for, by globs over their names.

use super::Series;

/// Globs over the names of series, as `pipe/block ping-pong 64 B cross-core, p50, CPUs 57 ns apart`.
///
/// A glob may match anywhere in the name, so one word is enough; `!` in front excludes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    takes: Vec<String>,
    takes_away: Vec<String>,
}

impl Wanted {
    /// Makes it from globs; without one, all series are wanted.
    pub fn new<S: AsRef<str>>(globs: impl IntoIterator<Item = S>) -> Wanted {
        let mut wanted = Wanted::default();
        for glob in globs {
            let (list, glob) = match glob.as_ref().strip_prefix('!') {
                Some(rest) => (&mut wanted.takes_away, rest),
                None => (&mut wanted.takes, glob.as_ref()),
            };
            list.push(flat(&format!("*{glob}*")));
        }
        wanted
    }

    /// Returns true if a series is wanted.
    #[must_use]
    pub fn takes(&self, series: &Series) -> bool {
        let names = [series.name(), series.title()].map(|name| flat(&name));
        let fits = |globs: &[String]| {
            globs.iter().any(|glob| names.iter().any(|name| glob_match::glob_match(glob, name)))
        };
        (self.takes.is_empty() || fits(&self.takes)) && !fits(&self.takes_away)
    }
}

/// Hides slashes from globs, so that a star matches them too.
fn flat(text: &str) -> String {
    text.replace('/', "\u{1}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Figure;

    #[test]
    fn a_glob_fits_anywhere_in_the_name() {
        let series = |cell: &str| Series {
            cell: cell.into(),
            figure: Figure::P50,
            host: Some(0),
            class: None,
            points: Vec::new(),
        };
        let (pipe, shm) = (
            series("pipe/block ping-pong 64 B cross-core"),
            series("shm-ring/spin stream 64 B same-core"),
        );
        for (globs, takes) in [
            (&[][..], (true, true)),
            (&["pipe"], (true, false)),
            (&["*/spin"], (false, true)),
            (&["p*cross-core"], (true, false)),
            (&["p50"], (true, true)),
            (&["p50", "!stream"], (true, false)),
            (&["!*"], (false, false)),
            (&["pipe/block", "shm-ring"], (true, true)),
        ] {
            let wanted = Wanted::new(globs);
            assert_eq!((wanted.takes(&pipe), wanted.takes(&shm)), takes, "{globs:?}");
        }
    }
}

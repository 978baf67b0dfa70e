//! Which series a reader asked for: globs over what they are called.

use super::Series;

/// Globs over the names of series, as `pipe/block ping-pong 64 B cross-core, p50, CPUs 57 ns (siblings) apart`.
///
/// A glob may fit anywhere in the name, so that one word is enough; one with `!` in front takes away.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    takes: Vec<String>,
    takes_away: Vec<String>,
}

impl Wanted {
    /// From the user's words; none at all want everything.
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

    /// True when a series is one of them.
    #[must_use]
    pub fn takes(&self, series: &Series) -> bool {
        let name = flat(&series.name());
        let fits = |globs: &[String]| globs.iter().any(|glob| glob_match::glob_match(glob, &name));
        (self.takes.is_empty() || fits(&self.takes)) && !fits(&self.takes_away)
    }
}

/// A star takes slashes too: what stands in front of one is no folder.
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

//! From groups to cells.

use crate::{Axes, Error, Group, Result, Selector, Suite, WordError};
use ipcmark_core::{Load, Pattern, Placement};
use std::collections::HashSet;

/// One cell that a suite names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Point {
    /// The group that named it first.
    pub group: String,
    /// Mechanism and wait, e.g. `pipe/block`.
    pub transport: String,
    /// The workload.
    pub pattern: Pattern,
    /// How much of it.
    pub load: Load,
    /// Message size in bytes.
    pub size: usize,
    /// CPUs.
    pub placement: Placement,
    /// Capacity asked of each direction, bytes; `None` keeps the mechanism's own.
    pub capacity: Option<usize>,
}

/// The transports of a group; a glob that names none is refused where it stands.
fn named_by(group: &Group, suite: &Suite, names: &[&str]) -> Result<Vec<String>> {
    if let Some(stray) = Selector::stray(&group.transports, names) {
        let what = stray.names_nothing(names).to_string();
        return Err(match stray.place() {
            Some(place) => Error::Wrong {
                file: place.file.clone(),
                line: place.line,
                column: place.column,
                key: Some(format!("group \"{}\": transports", group.name)),
                what,
            },
            None => {
                Error::NoTransport { suite: suite.name.clone(), group: group.name.clone(), what }
            }
        });
    }
    let chosen = Selector::choose(&group.transports, names).unwrap_or_default();
    Ok(chosen.into_iter().map(str::to_owned).collect())
}

fn or<'a, T>(given: &'a [T], own: &'a [T]) -> &'a [T] {
    if given.is_empty() { own } else { given }
}

impl Suite {
    /// The cells this suite names among the transports `names`, narrowed to `axes`: group by group, and in a group by
    /// pattern, size, placement and transport. A cell that several groups name belongs to the first.
    ///
    /// # Errors
    /// A glob that no transport matches; see [`Suite::pick`] for the globs of the command line.
    pub fn points(&self, axes: &Axes, names: &[&str]) -> Result<Vec<Point>> {
        let mut seen = HashSet::new();
        let mut points = Vec::new();
        for group in &self.groups {
            let mut transports = named_by(group, self, names)?;
            transports.retain(|name| is_picked(&axes.transports, name, names));
            let capacity = axes.capacity.unwrap_or(group.capacity);
            for &pattern in or(&axes.patterns, &group.patterns) {
                for &size in or(&axes.sizes, &group.sizes) {
                    for &placement in or(&axes.placements, &group.placements) {
                        for transport in &transports {
                            if seen.insert((transport.clone(), pattern, size, placement, capacity))
                            {
                                points.push(Point {
                                    group: group.name.clone(),
                                    transport: transport.clone(),
                                    pattern,
                                    load: Load::DEFAULT,
                                    size,
                                    placement,
                                    capacity,
                                });
                            }
                        }
                    }
                }
            }
        }
        Ok(points)
    }

    /// Checks the globs of a command line against the transports `names`, before anything else is done.
    ///
    /// # Errors
    /// A glob that names nothing, with what is near it.
    pub fn pick(globs: &[Selector], names: &[&str]) -> std::result::Result<(), WordError> {
        Selector::choose(globs, names).map(|_| ())
    }
}

fn is_picked(globs: &[Selector], name: &str, names: &[&str]) -> bool {
    globs.is_empty() || Selector::choose(globs, names).is_ok_and(|chosen| chosen.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = ["null/none", "pipe/block", "pipe/spin", "tcp/block"];

    fn suite() -> Suite {
        let text = r#"
            name = "s"
            title = "t"
            prose = "p"
            [defaults]
            capacity = "256KiB"
            [[group]]
            name = "across"
            prose = "p"
            transports = ["*", "!null"]
            sizes = ["64", "1KiB"]
            placements = ["cross-core"]
            [[group]]
            name = "again"
            prose = "p"
            transports = ["*/block", "null"]
            patterns = ["ping-pong"]
            sizes = ["64"]
            placements = ["same-core", "cross-core"]
        "#;
        Suite::parse(text, "s.toml").unwrap()
    }

    fn axes(transports: &[&str]) -> Axes {
        let transports = transports.iter().map(|t| Selector::parse(t).unwrap()).collect();
        Axes { transports, ..Axes::default() }
    }

    #[test]
    fn a_cell_that_two_groups_name_belongs_to_the_first() {
        let points = suite().points(&Axes::default(), &NAMES).unwrap();
        assert_eq!(points.len(), 2 * 2 * 3 + 3 + 1);
        assert!(points[..12].iter().all(|p| p.group == "across" && p.capacity == Some(262_144)));
        assert!(points[12..15].iter().all(|p| p.placement == Placement::SameCore));
        assert_eq!(
            (points[15].transport.as_str(), points[15].placement),
            ("null/none", Placement::CrossCore)
        );
        let order: Vec<_> = points[..4].iter().map(|p| (p.transport.as_str(), p.size)).collect();
        assert_eq!(
            order,
            [("pipe/block", 64), ("pipe/spin", 64), ("tcp/block", 64), ("pipe/block", 1024)]
        );
    }

    #[test]
    fn an_axis_of_the_command_line_replaces_and_transports_pick() {
        let mut given = axes(&["pipe"]);
        given.sizes = vec![8];
        given.placements = vec![Placement::Free];
        given.capacity = Some(None);
        let points = suite().points(&given, &NAMES).unwrap();
        let all: Vec<_> =
            points.iter().map(|p| (p.transport.as_str(), p.pattern.name(), p.size)).collect();
        let expected = [
            ("pipe/block", "ping-pong", 8),
            ("pipe/spin", "ping-pong", 8),
            ("pipe/block", "stream", 8),
            ("pipe/spin", "stream", 8),
        ];
        assert_eq!(all, expected);
        assert!(points.iter().all(|p| p.placement == Placement::Free && p.capacity.is_none()));
    }

    #[test]
    fn a_glob_that_names_nothing_is_refused() {
        let mut broken = suite();
        broken.groups[0].transports = vec![Selector::parse("pip").unwrap()];
        let said = broken.points(&Axes::default(), &NAMES).unwrap_err().to_string();
        assert!(said.contains("group across") && said.contains("pipe"), "{said}");
        assert!(Suite::pick(&axes(&["vsock*"]).transports, &NAMES).is_err());
        assert!(Suite::pick(&axes(&["pipe*", "!x"]).transports, &NAMES).is_err());
        assert!(Suite::pick(&axes(&["pipe*", "!*/spin"]).transports, &NAMES).is_ok());
    }

    #[test]
    fn a_glob_of_a_suite_that_names_nothing_is_told_with_its_place() {
        let text = "name = \"s\"\ntitle = \"t\"\nprose = \"p\"\n[[group]]\nname = \"g\"\nprose = \"p\"\n\
            transports = [\"pipe\",\n  \"!tpc\"]\nsizes = [\"64\"]\nplacements = [\"same-core\"]\n";
        let suite = Suite::parse(text, "s.toml").unwrap();
        let said = suite.points(&Axes::default(), &NAMES).unwrap_err().to_string();
        assert!(said.starts_with("s.toml:8:3: `group \"g\": transports`: '!tpc'"), "{said}");
    }
}

//! From groups to cells.

use crate::load::or;
use crate::{Axes, Error, Group, Result, Selector, Suite, WordError};
use ipcmark_core::Info;
use ipcmark_words::{CellKey, Mix, SpinBudget, WhenFull, Workload};
use std::collections::HashSet;

/// Returns the transports of a group; refuses a glob that names none, with its place.
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

impl Suite {
    /// Returns the cells this suite names among the transports `rows`, narrowed to `axes`, each with its group: group by
    /// group, and in a group by workload, parameters, size, placement and transport. A cell that several groups name
    /// belongs to the first.
    ///
    /// What a transport is and carries decides which patterns a wildcard means it for ([`Info::suits`]). A transport
    /// named outright, by the group or the command line that also names the pattern, gets its cell in any case: it
    /// becomes a row with the reason.
    ///
    /// # Errors
    /// A glob that no transport matches; see [`Suite::pick`] for the globs of the command line.
    pub fn cells(&self, axes: &Axes, rows: &[Info]) -> Result<Vec<(String, CellKey)>> {
        let rows: Vec<(String, &Info)> = rows.iter().map(|row| (row.name(), row)).collect();
        let names: Vec<&str> = rows.iter().map(|(name, _)| name.as_str()).collect();
        let mut seen = HashSet::new();
        let mut cells: Vec<(String, CellKey)> = Vec::new();
        for group in &self.groups {
            let mut transports = named_by(group, self, &names)?;
            transports.retain(|name| is_picked(&axes.transports, name, &names));
            let budgets = budgets(or(&axes.spin_budgets, &group.spin_budgets));
            let outright =
                if axes.patterns.is_empty() { &group.transports } else { &axes.transports };
            let spins = !or(&axes.spin_budgets, &group.spin_budgets).is_empty();
            let is_meant = |name: &str, workload| {
                let row = rows.iter().find(|row| row.0 == name);
                let suits = |info: &Info| {
                    info.suits(workload).is_ok() && (!spins || info.spins_for_a_budget)
                };
                row.is_some_and(|(_, info)| suits(info))
                    || outright.iter().any(|glob| glob.is_outright() && glob.names(name))
            };
            let can = |name: &str, when_full| {
                let row = rows.iter().find(|row| row.0 == name);
                when_full == WhenFull::Wait
                    || row.is_some_and(|(_, info)| info.never_waits)
                    || outright.iter().any(|glob| glob.is_outright() && glob.names(name))
            };
            for &workload in or(&axes.patterns, &group.patterns) {
                let mut transports = transports.clone();
                transports.retain(|name| is_meant(name, workload));
                // Without a payload, neither size nor capacity means anything.
                let bare = !workload.has_payload();
                let sizes = if bare { vec![(0, None)] } else { sizes_of(axes, group, workload) };
                let capacity = if bare { None } else { axes.capacity.unwrap_or(group.capacity) };
                let capacity_bytes = capacity.map(|bytes| bytes as u64);
                let load = &axes.load;
                let loads = load.vary(&group.load, workload).into_iter().flat_map(|workload| {
                    let ways = load.when_full(&group.load, workload);
                    ways.iter().map(move |when_full| (workload, *when_full))
                });
                for (workload, when_full) in loads {
                    for (size, mix) in &sizes {
                        for &placement in or(&axes.placements, &group.placements) {
                            for &spin_budget in &budgets {
                                let key = |transport: &String| CellKey {
                                    transport: transport.clone(),
                                    workload,
                                    size_bytes: *size,
                                    mix: mix.clone(),
                                    placement,
                                    capacity_bytes,
                                    when_full,
                                    spin_budget,
                                    neighbours: axes.neighbours.or(group.neighbours),
                                };
                                let able = transports.iter().filter(|t| can(t, when_full));
                                let own = able.map(|t| (group.name.clone(), key(t)));
                                cells.extend(own);
                            }
                        }
                    }
                }
            }
        }
        cells.retain(|(_, key)| seen.insert(key.clone()));
        Ok(cells)
    }

    /// Checks the globs of a command line against the transports `names`, before anything else is done.
    ///
    /// # Errors
    /// A glob that names nothing, with what is near it.
    pub fn pick(globs: &[Selector], names: &[&str]) -> std::result::Result<(), WordError> {
        Selector::choose(globs, names).map(|_| ())
    }
}

/// Returns the sizes of a workload's messages, bytes: those of the command line, or else the group's
/// own. A mix is one more, and only for workloads that take several sizes.
fn sizes_of(axes: &Axes, group: &Group, workload: Workload) -> Vec<(u64, Option<Mix>)> {
    let given = !axes.sizes.is_empty() || axes.mix.is_some() && workload.takes_sizes();
    let (sizes, mix) = if given { (&axes.sizes, &axes.mix) } else { (&group.sizes, &group.mix) };
    let mix = mix.clone().filter(|_| workload.takes_sizes());
    let one = sizes.iter().map(|size| (*size as u64, None));
    one.chain(mix.map(|mix| (mix.longest(), Some(mix)))).collect()
}

/// Returns the spin budgets of a group's cells: those that are named, or the transports' own.
fn budgets(named: &[SpinBudget]) -> Vec<Option<SpinBudget>> {
    if named.is_empty() { vec![None] } else { named.iter().copied().map(Some).collect() }
}

fn is_picked(globs: &[Selector], name: &str, names: &[&str]) -> bool {
    globs.is_empty() || Selector::choose(globs, names).is_ok_and(|chosen| chosen.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_core::{Carries, Parameter, Placement, Role, WaitKind};

    const NAMES: [&str; 4] = ["null/none", "pipe/block", "pipe/spin", "tcp/block"];

    const fn row(mechanism: &'static str, wait: WaitKind) -> Info {
        Info {
            family: "some",
            mechanism,
            wait,
            summary: "made up",
            reference: "none(7)",
            ..Info::DEFAULT
        }
    }

    fn rows() -> [Info; 4] {
        let [mut null, pipe, spin, tcp] = [
            row("null", WaitKind::None),
            row("pipe", WaitKind::Block),
            row("pipe", WaitKind::Spin),
            row("tcp", WaitKind::Block),
        ];
        null.role = Role::Floor;
        [null, pipe, spin, tcp]
    }

    /// Adds a notifier and a mechanism for calls to those rows.
    fn all_kinds() -> Vec<Info> {
        let notifier = Info { carries: Carries::Notifications, ..row("eventfd", WaitKind::Block) };
        let remote = Info { carries: Carries::Calls, ..row("rpc", WaitKind::Block) };
        rows().into_iter().chain([notifier, remote]).collect()
    }

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
        let points = suite().cells(&Axes::default(), &rows()).unwrap();
        assert_eq!(points.len(), 2 * 2 * 3 + 3 + 1);
        let big = |key: &CellKey| key.capacity_bytes == Some(262_144);
        assert!(points[..12].iter().all(|(group, key)| group == "across" && big(key)));
        assert!(points[12..15].iter().all(|(_, key)| key.placement == Placement::SameCore));
        let last = &points[15].1;
        assert_eq!((last.transport.as_str(), last.placement), ("null/none", Placement::CrossCore));
        let order: Vec<_> =
            points[..4].iter().map(|(_, key)| (key.transport.as_str(), key.size_bytes)).collect();
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
        let points = suite().cells(&given, &rows()).unwrap();
        let all: Vec<_> = points
            .iter()
            .map(|(_, k)| (k.transport.as_str(), k.workload.name(), k.size_bytes))
            .collect();
        let expected = [
            ("pipe/block", "ping-pong", 8),
            ("pipe/spin", "ping-pong", 8),
            ("pipe/block", "stream", 8),
            ("pipe/spin", "stream", 8),
        ];
        assert_eq!(all, expected);
        assert!(
            points
                .iter()
                .all(|(_, k)| k.placement == Placement::Free && k.capacity_bytes.is_none())
        );
    }

    #[test]
    fn a_glob_that_names_nothing_is_refused() {
        let mut broken = suite();
        broken.groups[0].transports = vec![Selector::parse("pip").unwrap()];
        let said = broken.cells(&Axes::default(), &rows()).unwrap_err().to_string();
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
        let said = suite.cells(&Axes::default(), &rows()).unwrap_err().to_string();
        assert!(said.starts_with("s.toml:8:3: `group \"g\": transports`: '!tpc'"), "{said}");
    }

    fn group(keys: &str) -> Suite {
        let text = format!(
            "name = \"s\"\ntitle = \"t\"\nprose = \"p\"\n[[group]]\nname = \"g\"\nprose = \"p\"\n\
             placements = [\"same-core\"]\n{keys}\n"
        );
        Suite::parse(&text, "s.toml").unwrap()
    }

    fn cells(suite: &Suite, axes: &Axes) -> Vec<String> {
        let points = suite.cells(axes, &all_kinds()).unwrap();
        points
            .iter()
            .map(|(_, k)| format!("{} {} {}", k.transport, k.workload, k.size_bytes))
            .collect()
    }

    #[test]
    fn a_wildcard_means_what_can_run_the_pattern() {
        let suite = group(
            "transports = [\"*\"]\npatterns = [\"stream\", \"fan-in\", \"wake-up\"]\nsizes = [\"8\", \"64\"]",
        );
        let all = cells(&suite, &Axes::default());
        assert_eq!(all.len(), 2 * 4 + 2 * 3 + 1, "{all:?}");
        assert_eq!(all.last().unwrap(), "eventfd/block wake-up 0", "one cell, not one a size");
        let points = suite.cells(&Axes::default(), &all_kinds()).unwrap();
        assert!(points.iter().all(|(_, k)| (k.size_bytes == 0) != k.workload.has_payload()));
        let calls = Axes { patterns: vec![Workload::PingPong], ..axes(&["{rpc,eventfd}/*"]) };
        assert_eq!(cells(&suite, &calls), ["rpc/block ping-pong 8", "rpc/block ping-pong 64"]);
    }

    #[test]
    fn a_transport_named_outright_has_its_row() {
        let suite =
            group("transports = [\"eventfd\", \"tcp*\"]\npatterns = [\"stream\"]\nsizes = [\"8\"]");
        assert_eq!(
            cells(&suite, &Axes::default()),
            ["tcp/block stream 8", "eventfd/block stream 8"]
        );
        let wake_up = Axes { patterns: vec![Workload::WAKE_UP], ..Axes::default() };
        assert_eq!(cells(&suite, &wake_up), ["eventfd/block wake-up 0"]);
        let named = Axes { patterns: vec![Workload::WAKE_UP], ..axes(&["tcp"]) };
        assert_eq!(cells(&suite, &named), ["tcp/block wake-up 0"]);
        let all = group("transports = [\"*\"]\nsizes = [\"8\"]");
        assert!(cells(&all, &axes(&["eventfd"])).is_empty(), "no group names a ping-pong for it");
    }

    #[test]
    fn a_mix_is_one_more_size_of_workloads_that_take_several() {
        let suite = group(
            "transports = [\"pipe/block\"]\npatterns = [\"ping-pong\", \"duplex\"]\n\
             sizes = [\"0\", \"8\"]\nmix = [\"64:9\", \"4KiB:1\"]",
        );
        let keys = |axes: &Axes| -> Vec<String> {
            let points = suite.cells(axes, &rows()).unwrap();
            points
                .iter()
                .map(|(_, k)| format!("{} {} {}", k.workload, k.size_bytes, k.load()))
                .collect()
        };
        assert_eq!(
            keys(&Axes::default()),
            [
                "ping-pong 0 ",
                "ping-pong 8 ",
                "ping-pong 4096 sizes 64:9,4096:1",
                "duplex 0 depth 8",
                "duplex 8 depth 8"
            ]
        );
        let mix = Axes { mix: "1:1,2:3".parse().ok(), ..Axes::default() };
        let others = ["duplex 0 depth 8", "duplex 8 depth 8"];
        assert_eq!(keys(&mix), [&["ping-pong 2 sizes 1:1,2:3"], &others[..]].concat());
        assert_eq!(keys(&Axes { sizes: vec![64], ..Axes::default() }).len(), 2);
    }

    #[test]
    fn a_spin_budget_is_an_axis_of_transports_that_take_one() {
        let suite = group(
            "transports = [\"*\"]\npatterns = [\"ping-pong\"]\nsizes = [\"8\"]\n\
             spin_budgets = [\"0\", \"10us,adaptive\"]",
        );
        let mut rows = rows();
        rows[2].spins_for_a_budget = true;
        let budgets = |axes: &Axes| -> Vec<(String, String)> {
            let cells = suite.cells(axes, &rows).unwrap();
            let budget = |k: &CellKey| k.spin_budget.map(|b| b.to_string()).unwrap_or_default();
            cells.iter().map(|(_, k)| (k.transport.clone(), budget(k))).collect()
        };
        let spun = |words: &[&str]| -> Vec<(String, String)> {
            words.iter().map(|word| ("pipe/spin".to_owned(), (*word).to_owned())).collect()
        };
        assert_eq!(budgets(&Axes::default()), spun(&["0", "10us", "adaptive"]));
        let given = vec![SpinBudget::Fixed { us: 1_000 }];
        let given = Axes { spin_budgets: given, ..Axes::default() };
        assert_eq!(budgets(&given), spun(&["1ms"]));
    }

    #[test]
    fn a_parameter_is_an_axis_of_workloads_that_take_it() {
        let suite = group(
            "transports = [\"pipe/block\"]\npatterns = [\"ping-pong\", \"paced\", \"scatter-gather\"]\n\
             sizes = [\"64\"]\nrates = [10, 1000]\npeers = [2, 4]\ninputs = [\"sent\", \"shared\"]",
        );
        assert_eq!(cells(&suite, &Axes::default()).len(), 1 + 2 + 4);
        let load = crate::LoadAxes { rates: vec![7], ..crate::LoadAxes::default() };
        let given = Axes { load, patterns: vec!["paced".parse().unwrap()], ..Axes::default() };
        let points = suite.cells(&given, &rows()).unwrap();
        assert_eq!(
            points.iter().map(|(_, k)| k.workload.value(Parameter::Rate)).collect::<Vec<_>>(),
            [Some(7)]
        );
    }
}

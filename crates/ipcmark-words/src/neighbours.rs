//! Neighbours: load that runs next to a cell while it is measured.

use crate::word::word;
use std::fmt;
use std::str::FromStr;

/// Kind of a neighbour: the part of the machine that it loads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Neighbour {
    /// A CPU: it computes, and counts how far it comes.
    Cpu,
    /// The memory's bandwidth: it copies from one large buffer into another.
    Memory,
    /// The last-level cache: it writes to each line of a buffer of that size, again and again.
    Cache,
    /// The scheduler: it sleeps and wakes up ten thousand times a second.
    WakeUps,
}

impl Neighbour {
    /// All kinds.
    pub const ALL: [Neighbour; 4] =
        [Neighbour::Cpu, Neighbour::Memory, Neighbour::Cache, Neighbour::WakeUps];

    /// Returns `cpu`, `memory`, `cache` or `wakeups`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Neighbour::Cpu => "cpu",
            Neighbour::Memory => "memory",
            Neighbour::Cache => "cache",
            Neighbour::WakeUps => "wakeups",
        }
    }
}

/// Processes that load the machine next to a cell: some of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Neighbours {
    counts: [u32; Neighbour::ALL.len()],
}

impl Neighbours {
    /// Most processes of one kind.
    pub const MOST: u32 = 64;
    const EXPECTED: &str = "a list such as cpu=2,memory=1 of the kinds cpu, memory, cache, wakeups";

    /// Returns the number of processes of a kind.
    #[must_use]
    pub const fn of(&self, kind: Neighbour) -> u32 {
        self.counts[kind as usize]
    }

    /// Returns the kind of each process.
    pub fn each(&self) -> impl Iterator<Item = Neighbour> + '_ {
        let each = move |kind| std::iter::repeat_n(kind, self.of(kind) as usize);
        Neighbour::ALL.into_iter().flat_map(each)
    }
}

impl fmt::Display for Neighbours {
    /// `cpu=2,memory=1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = Neighbour::ALL.into_iter().filter(|kind| self.of(*kind) > 0);
        let words: Vec<_> =
            kinds.map(|kind| format!("{}={}", kind.name(), self.of(kind))).collect();
        f.pad(&words.join(","))
    }
}

impl FromStr for Neighbours {
    type Err = String;

    fn from_str(list: &str) -> Result<Neighbours, String> {
        let wrong = |why: &str| format!("'{list}': {why}; expected {}", Neighbours::EXPECTED);
        let mut found = Neighbours::default();
        for word in list.split(',') {
            let (name, number) = word.trim().split_once('=').unwrap_or((word.trim(), "1"));
            let kind = Neighbour::ALL.into_iter().find(|kind| kind.name() == name);
            let kind = kind.ok_or_else(|| wrong("unknown kind"))?;
            let count = &mut found.counts[kind as usize];
            if *count > 0 {
                return Err(wrong("a kind is named twice"));
            }
            match number.parse() {
                Ok(number @ 1..=Neighbours::MOST) => *count = number,
                _ => return Err(wrong("a number is from 1 to 64")),
            }
        }
        Ok(found)
    }
}

word!(@serde Neighbours);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_written_as_it_is_read() {
        let of = |list: &str| list.parse::<Neighbours>();
        let found = of("memory=1, cpu=2").unwrap();
        assert_eq!(found.to_string(), "cpu=2,memory=1");
        assert_eq!(of("cpu=2,memory"), Ok(found));
        let each: Vec<_> = found.each().collect();
        assert_eq!(each, [Neighbour::Cpu, Neighbour::Cpu, Neighbour::Memory]);
        for (list, why) in [
            ("", "unknown kind"),
            ("disk=1", "unknown kind"),
            ("cpu=0", "from 1 to 64"),
            ("cpu=65", "from 1 to 64"),
            ("cpu=-1", "from 1 to 64"),
            ("cpu=1,cpu=2", "named twice"),
        ] {
            let said = of(list).unwrap_err();
            assert!(said.contains(why) && said.contains("cpu=2,memory=1"), "{list}: {said}");
        }
    }
}

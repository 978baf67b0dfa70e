//! Time that others took, counted by the kernel: steal and pressure.
//!
//! Both are read from text that the kernel makes when it is asked, and are counts since boot: two readings, and what lies
//! between them.

use rustix::param::clock_ticks_per_second;

/// Steal: time in which the hypervisor gave a CPU of this machine to somebody else although it had work.
///
/// # References
/// - [proc_stat(5)](https://man7.org/linux/man-pages/man5/proc_stat.5.html), the eighth number of the `cpu` lines
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Steal {
    /// Over all CPUs, in clock ticks.
    all: u64,
    /// CPU by CPU.
    each: Vec<(u32, u64)>,
}

impl Steal {
    /// Reads `/proc/stat`; `None` if unavailable.
    #[must_use]
    pub fn now() -> Option<Steal> {
        Steal::parse(&std::fs::read_to_string("/proc/stat").ok()?)
    }

    /// Takes it out of the text of `/proc/stat`; `None` if it is incomplete.
    #[must_use]
    pub fn parse(stat: &str) -> Option<Steal> {
        let mut all = None;
        let mut each = Vec::new();
        // The lines of CPUs come first.
        for line in stat.lines().take_while(|line| line.starts_with("cpu")) {
            let mut words = line.split_ascii_whitespace();
            let name = words.next()?;
            let ticks = words.nth(7)?.parse().ok()?;
            match name.trim_start_matches("cpu") {
                "" => all = Some(ticks),
                number => each.push((number.parse().ok()?, ticks)),
            }
        }
        Some(Steal { all: all?, each })
    }

    /// Returns what was stolen since `before`, ns, in whole clock ticks (10 ms): of these CPUs, or of all where none
    /// is named.
    #[must_use]
    pub fn since_ns(&self, before: &Steal, cpus: &[u32]) -> u64 {
        let of = |steal: &Steal| match cpus {
            [] => steal.all,
            _ => steal.each.iter().filter(|(cpu, _)| cpus.contains(cpu)).map(|(_, n)| n).sum(),
        };
        of(self).saturating_sub(of(before)) * (1_000_000_000 / clock_ticks_per_second().max(1))
    }
}

/// Pressure: time in which some process of the machine had work and no CPU.
///
/// # References
/// - <https://docs.kernel.org/accounting/psi.html>
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pressure {
    /// Since boot, ns.
    pub total_ns: u64,
    /// Share of the last ten seconds, percent.
    pub recent_percent: f64,
}

impl Pressure {
    /// Reads `/proc/pressure/cpu`; `None` where the kernel keeps no such count.
    #[must_use]
    pub fn now() -> Option<Pressure> {
        Pressure::parse(&std::fs::read_to_string("/proc/pressure/cpu").ok()?)
    }

    /// Takes the line `some` out of the text of a file in `/proc/pressure`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Pressure> {
        let some = text.lines().find_map(|line| line.strip_prefix("some "))?;
        let word = |key: &str| some.split(' ').find_map(|word| word.strip_prefix(key));
        Some(Pressure {
            total_ns: word("total=")?.parse::<u64>().ok()? * 1_000,
            recent_percent: word("avg10=")?.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "cpu  10 0 20 300 4 0 5 63 0 0\ncpu0 5 0 10 150 2 0 3 40 0 0\n\
        cpu3 5 0 10 150 2 0 2 23 0 0\nintr 17 0 0 9\nctxt 5\n";

    #[test]
    fn steal_is_told_cpu_by_cpu() {
        let before = Steal::parse(STAT).unwrap();
        let later = STAT.replace(" 63 ", " 66 ").replace(" 23 ", " 26 ");
        let after = Steal::parse(&later).unwrap();
        let tick_ns = 1_000_000_000 / clock_ticks_per_second();
        assert_eq!(after.since_ns(&before, &[]), 3 * tick_ns);
        assert_eq!(after.since_ns(&before, &[3]), 3 * tick_ns);
        assert_eq!(after.since_ns(&before, &[0, 3]), 3 * tick_ns);
        assert_eq!(after.since_ns(&before, &[0]), 0);
        assert_eq!(before.since_ns(&after, &[]), 0, "a count that went back is no steal");
    }

    #[test]
    fn what_does_not_tell_is_none() {
        assert_eq!(Steal::parse(""), None);
        // Kernels before 2.6.11 have seven numbers.
        assert_eq!(Steal::parse("cpu  1 2 3 4 5 6 7\n"), None);
        assert_eq!(Pressure::parse("full avg10=0.00 avg60=0.00 avg300=0.00 total=3\n"), None);
    }

    #[test]
    fn pressure_is_the_line_of_some() {
        let text = "some avg10=1.25 avg60=0.80 avg300=0.10 total=4321\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n";
        let found = Pressure::parse(text).unwrap();
        assert_eq!(found, Pressure { total_ns: 4_321_000, recent_percent: 1.25 });
    }

    #[test]
    fn this_machine_has_at_least_one_cpu() {
        let steal = Steal::now().unwrap();
        assert!(!steal.each.is_empty());
        assert_eq!(steal.since_ns(&steal, &[]), 0);
    }
}

//! The policy that `ipcmark gate --print-policy` writes: each key at its default, explained.

/// A policy with all defaults. A test reads it back, so that it equals the built-in policy.
pub const TEMPLATE: &str = r#"# What `ipcmark gate` lets pass. These are the defaults: leave out what you do not change.
# "fail": the gate does not pass; "warn": it passes, with a warning for each; "pass": it passes, and
# counts them in a line. In brackets: the exit code if it does not pass.

inconclusive = "fail"      # undecided figures; they never pass silently (3)
failed = "fail"            # cells that failed on the new side alone; no noise causes that (1)
missing = "fail"           # cells that the base measured and the new side did not (3)
alarms = "fail"            # the base differs from itself, the canary was missed, or a floor moved:
                           # then no figure counts (3)
unequal-hosts = "fail"     # records of different machines, which cannot be judged (3)
records = "caution"        # records of different times only raise a suspicion (3); "trust" lets them
                           # fail the gate (1)
regressed-allowed = 0      # number of figures that may have regressed

[effect]                   # the smallest slow-downs that matter
p50 = "2%"                 # of medians, and of the time of a task
p99 = "10%"                # of 99th percentiles
rate = "2%"                # of the time per message of a rate

[least-detectable]         # a figure that would not show such a slow-down is undecided, even if it
                           # looks unchanged; the default is 2.5 times the effect, also in rules
p50 = "5%"
p99 = "25%"
rate = "5%"

# Exceptions. `cells` are words of cells' names: transports with globs, workload, size, placement,
# peers=2, depth=8, rate=1000, input=shared. Each word must match; `!` in front excludes; a list
# means any of them. For each key the last rule about a figure counts.
#
# [[rule]]
# cells = "*"
# figures = ["p99"]
# inconclusive = "warn"
# because = "tails on shared runners are too noisy to block a change"
#
# [[rule]]
# cells = ["pipe/* ping-pong cross-core", "tcp/* !64"]
# effect.p50 = "5%"
# least-detectable.p50 = "15%"
#
# [[rule]]
# cells = "fifo/*"
# ignore = true
# because = "we do not use them"
"#;

#[cfg(test)]
mod tests {
    use super::TEMPLATE;
    use crate::gate::Policy;
    use crate::{Quantity, SomeShares};
    use ipcmark_record::{Placement, Workload};

    #[test]
    fn it_says_what_is_built_in() {
        let read = Policy::parse(TEMPLATE, "p.toml").unwrap();
        let builtin = Policy { file: Some("p.toml".into()), ..Policy::default() };
        assert_eq!(Policy { least_detectable: SomeShares::default(), ..read.clone() }, builtin);
        let key = ipcmark_record::CellKey::new("pipe/block", Workload::Stream, 64, Placement::Free);
        for quantity in [Quantity::P50, Quantity::P99, Quantity::Rate] {
            let of =
                |policy: &Policy| policy.of(&key, Some(quantity)).least_detectable.get(quantity);
            assert!((of(&read) - of(&builtin)).abs() < 1e-12, "{quantity:?}");
        }
    }

    #[test]
    fn its_examples_are_read_and_teach_every_key_of_a_rule() {
        let examples: String = TEMPLATE
            .lines()
            .skip_while(|line| *line != "# [[rule]]")
            .map(|line| format!("{}\n", line.trim_start_matches("# ").trim_start_matches('#')))
            .collect();
        let policy = Policy::parse(&examples, "p.toml").unwrap();
        assert_eq!(policy.rules.len(), 3);
        assert!(policy.rules[2].ignore && policy.rules[1].cells.len() == 2);
    }
}

//! The policy that `ipcmark gate --print-policy` writes: each key at its default, with what it does.

/// A policy with all defaults written out. A test reads it back, so that it cannot say anything else than what is built in.
pub const TEMPLATE: &str = r#"# What `ipcmark gate` lets pass. Written out are the defaults; leave out what you do not change.
# "fail": the gate does not pass; "warn": it passes, with a warning for each; "pass": it passes, and counts them in a line.

inconclusive = "fail"      # figures that cannot be told; never silently green: ends with 3, not with 1
failed = "fail"            # cells that failed on the new side alone; a failure is no matter of noise: ends with 1
missing = "fail"           # cells that the base measured and the new side did not: 3
alarms = "fail"            # the A/A arm found a change, the canary was missed, a floor moved: nothing else counts then: 3
unequal-hosts = "fail"     # records of machines that differ, of which nothing can be judged: 3
records = "caution"        # two records of different times only raise a suspicion (3); "trust" lets them fail the gate (1)
regressed-allowed = 0      # so many figures may have regressed

[effect]                   # the smallest slow-downs worth failing for
p50 = "2%"                 # of medians, and of the time of a task
p99 = "10%"                # of 99th percentiles
rate = "2%"                # of the time of one message of a rate

[least-detectable]         # a figure that would not show a slow-down of this size says nothing, even where it looks unchanged;
                           # left out it is two and a half times the effect, in a rule with an effect of its own as well
p50 = "5%"
p99 = "25%"
rate = "5%"

# Exceptions. `cells` are words of cells' names, as `ipcmark list` and the tables print them: transports with globs, pattern, size,
# placement, peers=2, depth=8, rate=1000, input=shared; each word must fit; `!` in front takes away; a list means any of them.
# Of the rules about a figure the last one counts, for each key on its own.
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
    use crate::{Policy, Quantity, SomeShares};

    #[test]
    fn it_says_what_is_built_in() {
        let read = Policy::parse(TEMPLATE, "p.toml").unwrap();
        let builtin = Policy { file: Some("p.toml".into()), ..Policy::default() };
        assert_eq!(Policy { least_detectable: SomeShares::default(), ..read.clone() }, builtin);
        let key = ipcmark_record::CellKey::new("pipe/block", "stream", 64, "free");
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

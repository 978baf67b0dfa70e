//! Made-up rules: one shown, one that the machine did otherwise, one that could not be tried.

use crate::Refusal;
use crate::{Rule, Verdict};

/// Makes three rules of two families.
pub(super) fn rules() -> Vec<Rule> {
    let rule = |(family, mechanism, name): (&str, &str, &str),
                (rule, seen): (&str, &str),
                verdict: Verdict,
                (calls, reference): (&[&str], &str),
                figures: &[(&str, f64)]| Rule {
        family: family.into(),
        mechanism: mechanism.into(),
        name: name.into(),
        rule: rule.into(),
        seen: seen.into(),
        verdict,
        calls: calls.iter().map(|call| (*call).to_owned()).collect(),
        reference: reference.into(),
        figures: figures.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect(),
    };
    vec![
        rule(
            ("signal", "standard signals", "merge"),
            (
                "A standard signal that is pending already is not queued again.",
                "1,000 SIGUSR1 sent while blocked: 1 delivered.",
            ),
            Verdict::Shown,
            (&["sigprocmask(SIG_BLOCK)", "kill", "sigprocmask(SIG_UNBLOCK)"], "signal(7)"),
            &[("sent", 1_000.0), ("delivered", 1.0)],
        ),
        rule(
            ("signal", "real-time signals", "queue"),
            (
                "Real-time signals queue, and come in the order in which they were sent.",
                "1,000 SIGRTMIN sent while blocked: 998 delivered.",
            ),
            Verdict::Broken,
            (&["sigprocmask(SIG_BLOCK)", "sigqueue", "sigwaitinfo"], "signal(7)"),
            &[("sent", 1_000.0), ("delivered", 998.0)],
        ),
        rule(
            ("mq", "POSIX queue", "outlives"),
            ("A queue outlives the processes that made it.", ""),
            Verdict::NotTried(
                Refusal::new("/dev/mqueue is not mounted")
                    .with_remedy("mount -t mqueue none /dev/mqueue"),
            ),
            (&["mq_open(O_CREAT)", "_exit"], "mq_overview(7)"),
            &[],
        ),
    ]
}

//! The result of a search, in a sentence.

use super::search::Grade;
use super::seek::{Search, Tried, arrivals};
use ipcmark_record::CellKey;
use ipcmark_show::{Quantity, bytes, count, share, time};
use ipcmark_summary::Estimate;
use std::fmt::Write as _;

/// Returns `knee of pipe/block at 1 KiB, cross-core, poisson: 180,000 messages/s (p99
/// 61.0 µs [58.0 µs, 63.0 µs] ≤ 100 µs, 0.42 CPUs used); at 240,000/s p99 is 3.10 ms [2.10 ms,
/// 4.50 ms]`.
pub(crate) fn sentence(search: &Search, bound_ns: f64) -> String {
    let what = place(&search.key);
    let bound = time(bound_ns);
    let Some(around) = search.around() else {
        return match search.tried.last() {
            None => format!("no knee of {what}: no rate had all its invocations"),
            Some(Tried { why: Some(why), .. }) if search.tried.len() == 1 => {
                format!("no knee of {what}: {why}")
            }
            Some(_) => none(&what, &search.tried, &bound),
        };
    };
    let best = &search.tried[around.best];
    let p99 = best.p99_ns.map(estimate).unwrap_or_default();
    let rate = thousands(best.rung.rate_per_s);
    let late = match best.lag {
        Some(lag) if lag.sender_too_slow => {
            format!(", of which the sender's own delay is up to {}", late(best))
        }
        _ => String::new(),
    };
    let cpus = cpus(best).map(|cpus| format!(", {cpus}")).unwrap_or_default();
    let mut said = format!("knee of {what}: {rate} messages/s (p99 {p99}{late} ≤ {bound}{cpus})");
    match around.above {
        Some(above) => {
            let _ = write!(said, "; {}", fate(&search.tried[above]));
        }
        None if search.over => said.push_str("; no higher rate can be paced"),
        None => {}
    }
    if !search.over {
        match around.above {
            Some(above) => {
                let above = thousands(search.tried[above].rung.rate_per_s);
                let _ = write!(
                    said,
                    "; stopped by --budget: the true value is from {rate} to {above}/s"
                );
            }
            None => said.push_str("; stopped by --budget: the true value may be higher"),
        }
    }
    said
}

/// Returns the reason why no rate is a knee.
fn none(what: &str, tried: &[Tried], bound: &str) -> String {
    let with_p99 = tried.iter().filter(|t| t.p99_ns.is_some());
    let is_over =
        |t: &Tried| matches!(t.rung.grade, Grade::Over | Grade::Overloaded | Grade::SenderTooSlow);
    let over = with_p99.clone().all(is_over);
    let least = with_p99.min_by(|a, b| value(a).total_cmp(&value(b)));
    match least {
        Some(least) if over => {
            let rates = tried.iter().map(|t| t.rung.rate_per_s);
            let (from, to) = (rates.clone().min().unwrap_or(0), rates.max().unwrap_or(0));
            format!(
                "no knee of {what}: p99 was over {bound} at every rate tried, {} to {}/s; best p99: {} at {}/s",
                thousands(from),
                thousands(to),
                least.p99_ns.map(estimate).unwrap_or_default(),
                thousands(least.rung.rate_per_s)
            )
        }
        _ => {
            let fates: Vec<String> = tried.iter().map(fate).collect();
            format!("no knee of {what}: {}", fates.join("; "))
        }
    }
}

/// Returns `at 240,000/s p99 is 3.10 ms`.
pub(crate) fn fate(tried: &Tried) -> String {
    let at = format!("at {}/s", thousands(tried.rung.rate_per_s));
    let p99 = tried.p99_ns.map_or_else(|| "unknown".into(), estimate);
    // A rate that was not reached has no p99.
    let known = tried.p99_ns.map_or_else(String::new, |ns| format!(" p99 is {}", estimate(ns)));
    match tried.rung.grade {
        Grade::Passed | Grade::Over => format!("{at} p99 is {p99}"),
        Grade::Unsure => format!("{at} this run cannot tell: p99 is {p99}"),
        Grade::Overloaded => format!("{at}{known}: more is sent than the transport carries"),
        Grade::SenderTooSlow => {
            format!(
                "{at}{known}, but the sender missed its schedule (p99 delay {}): the transport may carry more",
                late(tried)
            )
        }
        Grade::TooFew => {
            format!("{at} p99 has too few samples ({})", thousands(tried.values as u32))
        }
        Grade::Lossy => {
            format!("{at} {} of the messages were lost", share(tried.lost_share.unwrap_or(1.0)))
        }
        Grade::Failed => {
            format!("{at} nothing was measured: {}", tried.why.as_deref().unwrap_or("no reason"))
        }
    }
}

/// Returns the value of p99, ns; more than any where it is not known.
fn value(tried: &Tried) -> f64 {
    tried.p99_ns.map_or(f64::INFINITY, |p99| p99.value)
}

fn estimate(ns: Estimate) -> String {
    Quantity::Time.estimate(ns.value, ns.interval)
}

/// Returns `0.42 CPUs used`.
fn cpus(tried: &Tried) -> Option<String> {
    tried.cpus.map(|cpus| format!("{cpus:.2} CPUs used"))
}

/// Returns a rate and its result, for a list: `180,000/s  p99 61.0 µs [58.0 µs, 63.0 µs]  0.42 CPUs
/// used  holds`.
pub(crate) fn rung(tried: &Tried) -> String {
    let p99 =
        tried.p99_ns.map_or_else(|| "p99 unknown".into(), |ns| format!("p99 {}", estimate(ns)));
    let lag = tried.lag.map(|lag| format!("sender's delay p99 {}", time(lag.p99_ns.value)));
    let grade = match tried.rung.grade {
        Grade::Passed => "holds",
        Grade::Unsure => "cannot tell",
        Grade::SenderTooSlow => "does not hold (the sender could not keep the rate)",
        Grade::TooFew => "too few samples",
        Grade::Over => "does not hold",
        Grade::Overloaded => "does not hold (more sent than carried)",
        Grade::Lossy => "does not hold (messages lost)",
        Grade::Failed => "nothing measured",
    };
    let why = tried.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    let rate = format!("{}/s", thousands(tried.rung.rate_per_s));
    let lag = lag.unwrap_or_default();
    let cpus = cpus(tried).unwrap_or_default();
    format!("{rate:>12}  {p99:<34}  {cpus:<14}  {lag:<28}  {grade}{why}").trim_end().into()
}

/// Returns the sender's own delay.
fn late(tried: &Tried) -> String {
    tried.lag.map_or_else(|| "unknown".into(), |lag| time(lag.p99_ns.value))
}

/// Returns `pipe/block at 1 KiB, cross-core, poisson`.
fn place(key: &CellKey) -> String {
    format!("{} at {}, {}, {}", key.transport, bytes(key.size_bytes), key.placement, arrivals(key))
}

/// Returns `180,000`.
pub(crate) fn thousands(n: u32) -> String {
    count(n.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knee::search::Rung;
    use ipcmark_record::{Placement, Workload};

    fn tried(rate_per_s: u32, grade: Grade, p99_ns: f64) -> Tried {
        Tried {
            rung: Rung { rate_per_s, grade },
            p99_ns: Some(Estimate { value: p99_ns, interval: None, confidence: None }),
            cpus: Some(0.42),
            limit_ns: None,
            lag: None,
            lost_share: None,
            values: 900,
            why: None,
        }
    }

    fn said(tried: Vec<Tried>, over: bool) -> String {
        let key =
            CellKey::new("pipe/block", Workload::PACED.with_value(0), 1024, Placement::CrossCore);
        sentence(&Search { key, tried, over }, 1e5)
    }

    #[test]
    fn a_knee_comes_with_the_rate_above_it() {
        let rungs = vec![
            tried(180_000, Grade::Passed, 61_000.0),
            tried(240_000, Grade::Overloaded, 3.1e6),
            tried(45_000, Grade::Passed, 40_000.0),
        ];
        assert_eq!(
            said(rungs.clone(), true),
            "knee of pipe/block at 1 KiB, cross-core, constant: 180,000 messages/s (p99 61.0 µs ≤ 100 µs, 0.42 CPUs used); at 240,000/s p99 is \
             3.10 ms: more is sent than the transport carries"
        );
        assert!(said(rungs, false).ends_with("from 180,000 to 240,000/s"));
        let always = said(vec![tried(10_000_000, Grade::Passed, 900.0)], true);
        assert!(always.ends_with("no higher rate can be paced"), "{always}");
    }

    #[test]
    fn a_sender_too_slow_and_too_few_samples_are_named() {
        let slow = vec![
            tried(4_000, Grade::Passed, 61_000.0),
            tried(4_200, Grade::SenderTooSlow, 620_000.0),
        ];
        assert!(said(slow, true).contains("but the sender missed its schedule"));
        let only = vec![tried(4_000, Grade::SenderTooSlow, 610_000.0)];
        assert!(said(only, true).contains("p99 was over 100 µs at every rate tried"));
        let few = vec![tried(10, Grade::TooFew, 61_000.0), tried(40, Grade::Over, 2e5)];
        assert!(said(few, true).contains("at 10/s p99 has too few samples (900)"));
    }

    #[test]
    fn without_a_knee_the_words_say_why() {
        let over = vec![tried(1_000, Grade::Over, 3e5), tried(4_000, Grade::Overloaded, 2e5)];
        let words = said(over, true);
        assert!(words.contains("over 100 µs at every rate tried, 1,000 to 4,000/s"), "{words}");
        assert!(words.ends_with("best p99: 200 µs at 4,000/s"), "{words}");
        let mut absent = tried(1_000, Grade::Failed, 0.0);
        absent.why = Some("it rains".into());
        assert!(said(vec![absent], true).ends_with(": it rains"));
        assert!(said(Vec::new(), false).contains("no rate had all its invocations"));
    }
}

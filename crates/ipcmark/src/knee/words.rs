//! What a search found, in a sentence.

use super::search::Grade;
use super::seek::{Search, Tried, arrivals};
use crate::units::{share, time};
use indicatif::HumanCount;
use ipcmark_record::CellKey;
use std::fmt::Write as _;

/// `knee of pipe/block at 1 KiB, cross-core, poisson: 180,000 messages/s (p99 61 µs ≤ 100 µs); at 240,000/s p99 is 3.1 ms`.
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
    let p99 = time(best.p99_ns.unwrap_or(f64::NAN));
    let rate = thousands(best.rung.rate_per_s);
    let late = match best.lag {
        Some(lag) if lag.sender_too_slow => format!(", {} among it", late(best)),
        _ => String::new(),
    };
    let mut said = format!("knee of {what}: {rate} messages/s (p99 {p99}{late} ≤ {bound})");
    match around.above {
        Some(above) => {
            let _ = write!(said, "; {}", fate(&search.tried[above]));
        }
        None if search.over => said.push_str("; nothing faster is paced"),
        None => {}
    }
    if !search.over {
        said.push_str("; not narrowed further, the search was cut short");
    }
    said
}

/// Why no rate is a knee.
fn none(what: &str, tried: &[Tried], bound: &str) -> String {
    let with_p99 = tried.iter().filter(|t| t.p99_ns.is_some());
    let is_over =
        |t: &Tried| matches!(t.rung.grade, Grade::Over | Grade::Overloaded | Grade::SenderTooSlow);
    let over = with_p99.clone().all(is_over);
    let least = with_p99
        .min_by(|a, b| a.p99_ns.partial_cmp(&b.p99_ns).unwrap_or(std::cmp::Ordering::Equal));
    match least {
        Some(least) if over => {
            let rates = tried.iter().map(|t| t.rung.rate_per_s);
            let (from, to) = (rates.clone().min().unwrap_or(0), rates.max().unwrap_or(0));
            format!(
                "no knee of {what}: p99 stayed over {bound} at every rate tried, {} to {}/s; the least was {} at {}/s",
                thousands(from),
                thousands(to),
                time(least.p99_ns.unwrap_or(f64::NAN)),
                thousands(least.rung.rate_per_s)
            )
        }
        _ => {
            let fates: Vec<String> = tried.iter().map(fate).collect();
            format!("no knee of {what}: {}", fates.join("; "))
        }
    }
}

/// `at 240,000/s p99 is 3.1 ms`.
pub(crate) fn fate(tried: &Tried) -> String {
    let at = format!("at {}/s", thousands(tried.rung.rate_per_s));
    let p99 = tried.p99_ns.map_or_else(|| "not known".into(), time);
    match tried.rung.grade {
        Grade::Passed | Grade::Over => format!("{at} p99 is {p99}"),
        Grade::Overloaded => format!("{at} p99 is {p99}, for more is sent than is carried"),
        Grade::SenderTooSlow => {
            format!(
                "{at} p99 is {p99}, but the sender was too slow ({}): it may carry more",
                late(tried)
            )
        }
        Grade::TooFew => {
            format!("{at} p99 stands on too few values ({})", thousands(tried.values as u32))
        }
        Grade::Lossy => {
            format!("{at} {} of the messages are lost", share(tried.lost_share.unwrap_or(1.0)))
        }
        Grade::Failed => {
            format!("{at} nothing was measured: {}", tried.why.as_deref().unwrap_or("no reason"))
        }
    }
}

/// A rate with what became of it, for a list: `180,000/s  p99 61.0 µs`.
pub(crate) fn rung(tried: &Tried) -> String {
    let p99 = tried.p99_ns.map_or_else(|| "p99 not known".into(), |ns| format!("p99 {}", time(ns)));
    let lag = tried.lag.map(|lag| format!("sender's lag p99 {}", time(lag.p99_ns.value)));
    let grade = match tried.rung.grade {
        Grade::Passed => "passed",
        Grade::SenderTooSlow => "over the bound, and so is the sender",
        Grade::TooFew => "too few values",
        Grade::Over => "over the bound",
        Grade::Overloaded => "over the bound, more sent than carried",
        Grade::Lossy => "messages lost",
        Grade::Failed => "nothing measured",
    };
    let rate = format!("{}/s", thousands(tried.rung.rate_per_s));
    let lag = lag.unwrap_or_default();
    format!("{rate:>12}  {p99:<14}  {lag:<26}  {grade}").trim_end().into()
}

/// How late the sender was.
fn late(tried: &Tried) -> String {
    let lag = tried.lag.map_or_else(|| "not known".into(), |lag| time(lag.p99_ns.value));
    format!("p99 of its own lag {lag}")
}

/// `pipe/block at 1 KiB, cross-core, poisson`.
fn place(key: &CellKey) -> String {
    format!(
        "{} at {}, {}, {}",
        key.transport,
        ipcmark_suite::show_size(key.size_bytes as usize),
        key.placement,
        arrivals(key)
    )
}

/// `180,000`.
pub(crate) fn thousands(n: u32) -> String {
    HumanCount(n.into()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knee::search::Rung;
    use ipcmark_record::{Placement, Workload};

    fn tried(rate_per_s: u32, grade: Grade, p99_ns: f64) -> Tried {
        Tried {
            rung: Rung { rate_per_s, grade },
            p99_ns: Some(p99_ns),
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
    fn a_knee_is_told_with_what_is_above_it() {
        let rungs = vec![
            tried(180_000, Grade::Passed, 61_000.0),
            tried(240_000, Grade::Overloaded, 3.1e6),
            tried(45_000, Grade::Passed, 40_000.0),
        ];
        assert_eq!(
            said(rungs.clone(), true),
            "knee of pipe/block at 1 KiB, cross-core, constant: 180,000 messages/s (p99 61.0 µs ≤ 100 µs); at 240,000/s p99 is \
             3.10 ms, for more is sent than is carried"
        );
        assert!(said(rungs, false).ends_with("cut short"));
        let always = said(vec![tried(10_000_000, Grade::Passed, 900.0)], true);
        assert!(always.ends_with("nothing faster is paced"), "{always}");
    }

    #[test]
    fn a_sender_too_slow_and_too_few_values_are_told() {
        let slow = vec![
            tried(4_000, Grade::Passed, 61_000.0),
            tried(4_200, Grade::SenderTooSlow, 620_000.0),
        ];
        assert!(said(slow, true).contains("but the sender was too slow"));
        let only = vec![tried(4_000, Grade::SenderTooSlow, 610_000.0)];
        assert!(said(only, true).contains("p99 stayed over 100 µs at every rate tried"));
        let few = vec![tried(10, Grade::TooFew, 61_000.0), tried(40, Grade::Over, 2e5)];
        assert!(said(few, true).contains("at 10/s p99 stands on too few values (900)"));
    }

    #[test]
    fn without_a_knee_the_words_say_why() {
        let over = vec![tried(1_000, Grade::Over, 3e5), tried(4_000, Grade::Overloaded, 2e5)];
        let words = said(over, true);
        assert!(words.contains("over 100 µs at every rate tried, 1,000 to 4,000/s"), "{words}");
        assert!(words.ends_with("the least was 200 µs at 4,000/s"), "{words}");
        let mut absent = tried(1_000, Grade::Failed, 0.0);
        absent.why = Some("it rains".into());
        assert!(said(vec![absent], true).ends_with(": it rains"));
        assert!(said(Vec::new(), false).contains("no rate had all its invocations"));
    }
}

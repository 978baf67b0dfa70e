//! The columns of a ranking on the terminal: what each workload shows.

use crate::units::{bytes_rate, factor, interval, rate, share, time};
use ipcmark_record::{CellKey, Timed};
use ipcmark_summary::{Estimate, Figure, Headline};

/// Which columns stand between the transport and its notes, what stands in them, and which may be left out first.
pub(super) struct Columns {
    headline: Headline,
    paced: bool,
    pub(super) heads: Vec<String>,
    /// Places of columns (0 is the transport) that are left out where there is no room, the first one first.
    pub(super) spare: &'static [usize],
}

impl Columns {
    pub(super) fn of(setting: &CellKey) -> Columns {
        let headline = setting.workload.headline();
        let paced = setting.workload.timed() == Timed::OneWay;
        let of = setting.workload.time_of();
        let (heads, spare): (Vec<String>, &[usize]) = match headline {
            Headline::Rate => {
                let heads =
                    ["messages", "95 % interval", "bytes", "time each", "block p50", "CPU each"];
                (heads.map(Into::into).into(), &[5, 4])
            }
            Headline::Median => {
                // The rate of a paced sender is what it was told: how late it was says more.
                let counted = setting.workload.counted();
                let count = if paced { "sender's\nlag p99".into() } else { format!("{counted}s") };
                let heads =
                    [p50(&of), "95 % interval".into(), "p99".into(), count, "CPU each".into()];
                (heads.into(), &[4, 3])
            }
            Headline::SpeedUp => {
                let heads = ["speed-up", "95 % interval", "task", "by one\nprocess", "CPU each"];
                (heads.map(Into::into).into(), &[4, 3])
            }
            Headline::UsefulWork => {
                let heads = [
                    "other\nwork",
                    "95 % interval",
                    "work a\nround trip",
                    "p50\nround trip",
                    "one look",
                    "CPU each",
                ];
                (heads.map(Into::into).into(), &[5, 3])
            }
        };
        Columns { headline, paced, heads, spare }
    }

    /// What a row goes by; NaN, and so last, where it has nothing.
    pub(super) fn value(&self, figure: &Figure) -> f64 {
        let value = figure.headline(self.headline).map_or(f64::NAN, |e| e.value);
        // `total_cmp` puts NaN after every number.
        if self.headline.more_is_better() { -value.abs() } else { value.abs() }
    }

    /// The figures of a row. `greyed` becomes true where one stands in parentheses.
    pub(super) fn cells(&self, figure: &Figure, greyed: &mut bool) -> Vec<String> {
        let none = || "-".to_owned();
        let cpu = time(figure.cpu_ns_per_message.value);
        let mut shown = |quantile: f64| match figure.percentile(quantile) {
            None => none(),
            Some(p) if p.enough => time(p.ns.value),
            Some(p) => {
                *greyed = true;
                format!("({})", time(p.ns.value))
            }
        };
        match self.headline {
            Headline::Rate => {
                let messages = &figure.messages_per_s;
                let bytes = bytes_rate(figure.bytes_per_s.value);
                let each = match messages.value > 0.0 {
                    true => time(1e9 / messages.value),
                    false => none(),
                };
                vec![rate(messages.value), span(messages, rate), bytes, each, shown(0.5), cpu]
            }
            Headline::Median => {
                let interval =
                    figure.percentile(0.5).map_or_else(String::new, |p| span(&p.ns, time));
                let count = match figure.lag.filter(|_| self.paced) {
                    Some(lag) => time(lag.p99_ns.value),
                    None if self.paced => none(),
                    None => rate(figure.messages_per_s.value),
                };
                vec![shown(0.5), interval, shown(0.99), count, cpu]
            }
            Headline::SpeedUp => match &figure.task {
                None => vec![none(), none(), none(), none(), cpu],
                Some(task) => vec![
                    factor(task.speed_up.value),
                    span(&task.speed_up, factor),
                    time(task.parallel_ns.value),
                    time(task.serial_ns.value),
                    cpu,
                ],
            },
            Headline::UsefulWork => match &figure.overlap {
                None => vec![none(), none(), none(), shown(0.5), none(), cpu],
                Some(outside) => vec![
                    share(outside.work_share.value),
                    span(&outside.work_share, share),
                    time(outside.work_ns.value),
                    shown(0.5),
                    time(outside.look_ns.value),
                    cpu,
                ],
            },
        }
    }
}

/// `p50 round trip`; of longer words two lines.
fn p50(of: &str) -> String {
    match of {
        "round trip" => "p50 round trip".into(),
        "one-way from intended start" => "p50 one-way from\nintended start".into(),
        "round trip, no payload" => "p50 round trip,\nno payload".into(),
        _ => format!("p50 {}", of.replacen(" and ", "\nand ", 1)),
    }
}

fn span(estimate: &Estimate, show: fn(f64) -> String) -> String {
    estimate.interval.map_or_else(|| "no interval".into(), |ends| interval(ends, show))
}

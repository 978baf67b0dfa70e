//! `summary.md`: the answer, the rankings, the gaps and the machine.

use crate::answer::answer;
use crate::facts::{self, Fact};
use crate::gaps;
use crate::markup::{code, literal};
use crate::noise::noise;
use crate::ranking::{Entry, Ranking, Setting, mechanism};
use crate::rules;
use crate::standing::census;
use crate::table::{marked, remarks_of};
use crate::units::{FEW, NONE, Quantity};
use ipcmark_record::Record;
use ipcmark_summary::{AgainstLimit, Figure, Headline, Summary};
use std::collections::BTreeSet;
use std::fmt::Write;

/// What a comment on a pull request may hold is 65,536 characters, on the common forges; a document is kept below it
/// where cutting its rankings does that.
const CHARACTERS_MAX: usize = 60_000;

/// How much of each ranking the document holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    Nothing,
    /// Of each mechanism its best wait.
    OtherWaits,
    /// So many, the best.
    Beyond(usize),
}

/// The whole document; of a large record each ranking is cut, as far as it takes, and says so.
pub(crate) fn render(record: &Record, summary: &Summary, rankings: &[Ranking]) -> String {
    let cuts = [Cut::Nothing, Cut::OtherWaits, Cut::Beyond(10), Cut::Beyond(5), Cut::Beyond(3)];
    let mut out = String::new();
    for cut in cuts {
        out.clear();
        // Writing to a String cannot fail.
        let _ = document(&mut out, record, summary, rankings, cut);
        if out.chars().count() <= CHARACTERS_MAX {
            break;
        }
    }
    out
}

/// The places of the entries that stay, from 0.
fn kept(ranking: &Ranking, cut: Cut) -> Vec<usize> {
    let mut seen = BTreeSet::new();
    let stays = |(at, entry): (usize, &Entry)| {
        let stays = match cut {
            Cut::Nothing => true,
            Cut::OtherWaits => seen.insert(mechanism(&entry.row.key.transport).to_owned()),
            Cut::Beyond(best) => at < best,
        };
        stays.then_some(at)
    };
    ranking.entries.iter().enumerate().filter_map(stays).collect()
}

fn document(
    out: &mut String,
    record: &Record,
    summary: &Summary,
    rankings: &[Ranking],
    cut: Cut,
) -> std::fmt::Result {
    writeln!(out, "# ipcmark: {}\n", literal(&record.suite.title))?;
    writeln!(
        out,
        "Suite {}, {}, {}, kernel {}. {}\n",
        code(&record.suite.name),
        literal(&record.started),
        literal(&record.host.cpu_model),
        literal(&record.host.kernel),
        census(&summary.census)
    )?;
    let noise = noise(record, summary);
    writeln!(out, "**{}**\n", literal(&noise.verdict))?;
    for sign in noise.signs {
        writeln!(out, "- {}: **{}**, {}", sign.name, literal(&sign.value), literal(&sign.detail))?;
    }
    writeln!(out, "\n## The answer\n")?;
    for part in answer(summary, rankings) {
        if !part.head.is_empty() {
            writeln!(out, "### {}\n", literal(&part.head))?;
        }
        for sentence in part.sentences {
            writeln!(out, "- {sentence}")?;
        }
        writeln!(out)?;
    }
    let cautions = facts::cautions(record, summary);
    if !cautions.is_empty() {
        writeln!(out, "Mind:\n")?;
        for caution in cautions {
            writeln!(out, "- {}", literal(&caution))?;
        }
        writeln!(out)?;
    }
    writeln!(out, "## Rankings\n")?;
    writeln!(
        out,
        "Medians over invocations; in brackets where another run's median is expected (95 %). Place: what the intervals leave \
         open; in parentheses: order of medians only. `~`: too few samples for this percentile (fewer than 100 values beyond \
         it, or fewer than 5 in the median invocation). CPU time: user and system of all sides for one round trip, message or task. A ping-pong figure is the whole round \
         trip; half of it is not a one-way latency and is never called one. × limit: times the least that the hardware and the kernel allow there. Of a rate the time per message is one second by the \
         messages drained and verified in it. A capacity is what was asked; what a transport holds instead is a remark.\n"
    )?;
    for ranking in rankings {
        table(out, ranking, cut)?;
    }
    gaps(out, summary)?;
    rules::markdown(out, &record.rules)?;
    for (title, facts) in [
        ("The machine", facts::host(record)),
        ("The run", facts::run(record)),
        ("What measuring costs", facts::harness(record)),
    ] {
        fact_list(out, title, &facts)?;
    }
    Ok(())
}

fn table(out: &mut String, ranking: &Ranking, cut: Cut) -> std::fmt::Result {
    let setting = &ranking.setting;
    writeln!(out, "### {}, {}\n", setting.workload, literal(&setting.place()))?;
    let (figures, rule) = (columns(setting).join(" | "), "---: | ".repeat(columns(setting).len()));
    writeln!(
        out,
        "| place | transport | {figures} | CPU time | × limit | distance | invocations | standing | remarks |"
    )?;
    writeln!(out, "| --- | --- | {rule}---: | ---: | ---: | ---: | --- | --- |")?;
    let kept = kept(ranking, cut);
    let ranked = kept.iter().map(|&at| (ranking.entries[at].place(at), &ranking.entries[at]));
    for (place, entry) in ranked.chain(ranking.floors.iter().map(|e| ("floor".into(), e))) {
        let Entry { row, figure, value, enough, .. } = entry;
        let second = others(setting, figure).join(" | ");
        let distance =
            row.class.map_or_else(|| NONE.into(), |class| Quantity::Time.show(class.centre_ns));
        let times = |limit: &AgainstLimit| Quantity::Factor.show(limit.times.value);
        let limit = row.limit.as_ref().map_or_else(|| NONE.into(), times);
        let standing = row.standing.map_or(NONE, |standing| standing.name());
        writeln!(
            out,
            "| {place} | {} | {}{} | {second} | {} | {limit} | {distance} | {} | {standing} | {} |",
            code(&row.key.transport),
            if *enough { "" } else { FEW },
            setting.quantity().estimate(value),
            Quantity::Time.estimate(&figure.cpu_ns_per_message),
            row.invocations,
            literal(&remarks_of(entry).join("; "))
        )?;
    }
    let of = ranking.entries.len();
    if kept.len() < of {
        let which = if cut == Cut::OtherWaits { "of each mechanism the best" } else { "the best" };
        writeln!(out, "\n{} of {of}: {which}; the page has them all.", kept.len())?;
    }
    writeln!(out)
}

/// Heads of the figures.
fn columns(setting: &Setting) -> Vec<String> {
    let time = setting.time_of();
    match setting.headline() {
        Headline::Rate => ["messages/s", "bytes/s", "time per message"].map(Into::into).into(),
        Headline::Median => vec![format!("{time} p50"), format!("{time} p99")],
        Headline::SpeedUp => ["speed-up", "task", "by one process"].map(Into::into).into(),
        Headline::UsefulWork => ["other work", "work per round trip", "round trip p50", "one look"]
            .map(Into::into)
            .into(),
    }
}

/// The figures behind the first.
fn others(setting: &Setting, figure: &Figure) -> Vec<String> {
    let time = |e| Quantity::Time.estimate(e);
    let percentile = |q| figure.percentile(q).map_or_else(|| NONE.into(), marked);
    let none = || NONE.to_string();
    let (outside, task) = (figure.overlap.as_ref(), figure.task.as_ref());
    match setting.headline() {
        Headline::Rate => {
            vec![Quantity::ByteRate.show(figure.bytes_per_s.value), time(&figure.ns_per_message())]
        }
        Headline::Median => vec![percentile(0.99)],
        Headline::SpeedUp => vec![
            task.map_or_else(none, |task| time(&task.parallel_ns)),
            task.map_or_else(none, |task| time(&task.serial_ns)),
        ],
        Headline::UsefulWork => vec![
            outside.map_or_else(none, |o| time(&o.work_ns)),
            percentile(0.5),
            outside.map_or_else(none, |o| time(&o.look_ns)),
        ],
    }
}

fn gaps(out: &mut String, summary: &Summary) -> std::fmt::Result {
    let gaps = gaps::gaps(summary);
    if gaps.is_empty() {
        return Ok(());
    }
    writeln!(out, "## What could not be measured, and why\n")?;
    writeln!(out, "| transport | cells | state | why | what would change it |")?;
    writeln!(out, "| --- | --- | --- | --- | --- |")?;
    for gap in gaps {
        writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            gap.transports.iter().map(|t| code(t)).collect::<Vec<_>>().join(" "),
            literal(&gap.cells),
            gap.kind,
            literal(&gap.reason),
            literal(&gap.remedy)
        )?;
    }
    writeln!(out)
}

fn fact_list(out: &mut String, title: &str, facts: &[Fact]) -> std::fmt::Result {
    writeln!(out, "## {title}\n")?;
    for Fact { name, value } in facts {
        writeln!(out, "- {}: {}", literal(name), literal(value))?;
    }
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranking::rankings;
    use crate::testing::{row, summary};
    use ipcmark_record::sample;

    #[test]
    fn a_hostile_record_makes_no_tag_and_no_further_column() {
        let mut record = sample::record(1, 6);
        record.suite.title = "<script>alert(1)</script> | x".into();
        let evil = row("a|`b`<script>\nc", 64, 1.0, Some((1.0, 1.0)));
        let summary = summary(vec![evil]);
        let text = render(&record, &summary, &rankings(&summary));
        assert!(text.contains("\\<script\\>alert(1)"), "{text}");
        let line = text.lines().find(|l| l.starts_with("| 1 |")).unwrap();
        assert_eq!(line.matches('|').count(), 11, "{line}");
        // In a code span a tag is text.
        assert!(line.contains("`a¦'b'<script> c`"), "{line}");
    }

    #[test]
    fn a_hundred_transports_in_many_workloads_fit_into_a_comment() {
        let record = sample::record(1, 6);
        let rows = |waits: usize, sizes: u32| {
            let each = move |(size, n)| {
                let name = format!("mechanism-{}/wait-{}", n / waits, n % waits);
                row(&name, 1_u64 << size, n as f64 + 1.0, Some((n as f64 + 0.5, n as f64 + 1.5)))
            };
            (0..sizes).flat_map(|size| (0..100).map(move |n| (size, n))).map(each).collect()
        };
        let text = |rows| {
            let summary = summary(rows);
            render(&record, &summary, &rankings(&summary))
        };
        let lines = |text: &str| text.lines().filter(|l| l.contains("`mechanism-")).count();
        let small = text(rows(4, 1));
        assert!(lines(&small) >= 100 && !small.contains("the page has them all"), "{small}");
        let large = text(rows(4, 8));
        assert!(large.contains("25 of 100: of each mechanism the best; the page has them all."));
        let huge = text(rows(1, 24));
        assert!(huge.contains(" of 100: the best; the page has them all."), "{huge}");
        for text in [small, large, huge] {
            assert!(text.chars().count() <= CHARACTERS_MAX, "{}", text.chars().count());
            assert!(text.contains("## The machine"));
        }
    }

    #[test]
    fn the_sample_says_what_is_missing_and_never_one_way() {
        let record = sample::record(3, 8);
        let text = crate::markdown(&record).unwrap();
        assert!(text.contains("sysctl fs.mqueue.msgsize\\_max=65536"), "{text}");
        assert!(
            text.contains(
                "| `mq/block` | stream; 1 KiB; cross-core | failed | 8 of 8 invocations failed"
            ),
            "{text}"
        );
        assert_eq!(text.matches("one-way").count(), 1);
        assert!(text.contains("### ping-pong, 64 B, cross-core"));
    }
}

//! `summary.md`: the answer, the rankings, the gaps and the machine.

use crate::facts::{self, Fact};
use ipcmark_record::{Record, Rule};
use ipcmark_show::markdown::{code, escape, table};
use ipcmark_summary::Summary;
use ipcmark_view::{
    FEW_MEANS, INTERVAL, LIMIT_MEANS, NO_RULES, RANK_MEANS, Ranking, answer, census, families,
    gaps, gaps_table, legend, mechanism, noise, ranking_table, rules_census, size_table,
};
use std::collections::BTreeSet;
use std::fmt::Write;

/// The limit of characters. A comment on a pull request holds 65,536 on the common forges.
const CHARACTERS_MAX: usize = 60_000;

/// The part of each ranking that is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    Nothing,
    /// All but the best wait of each mechanism.
    OtherWaits,
    /// All but this many, the best.
    Beyond(usize),
}

/// Returns the whole document. If it is too long, each ranking is cut, and says so.
pub(crate) fn render(record: &Record, summary: &Summary, rankings: &[Ranking<'_>]) -> String {
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

/// Returns the ranking without the entries that are cut.
fn kept<'a>(ranking: &Ranking<'a>, cut: Cut) -> Ranking<'a> {
    let mut ranking = ranking.clone();
    let mut seen = BTreeSet::new();
    match cut {
        Cut::Nothing => {}
        Cut::OtherWaits => {
            ranking.entries.retain(|e| seen.insert(mechanism(&e.row.key.transport).to_owned()));
        }
        Cut::Beyond(best) => ranking.entries.truncate(best),
    }
    ranking
}

fn document(
    out: &mut String,
    record: &Record,
    summary: &Summary,
    rankings: &[Ranking<'_>],
    cut: Cut,
) -> std::fmt::Result {
    writeln!(out, "# ipcmark: {}\n", escape(&record.suite.title))?;
    writeln!(
        out,
        "Suite {}, {}, {}, kernel {}. {}\n",
        code(&record.suite.name),
        escape(&record.started),
        escape(&record.host.cpu_model),
        escape(&record.host.kernel),
        census(&summary.census)
    )?;
    let noise = noise(record, summary);
    writeln!(out, "**{}**\n", escape(&noise.verdict))?;
    for sign in noise.signs {
        writeln!(out, "- {}: **{}**, {}", sign.name, escape(&sign.value), escape(&sign.detail))?;
    }
    writeln!(out, "\n## The answer\n")?;
    for part in answer(rankings, &record.knees) {
        if !part.head.is_empty() {
            writeln!(out, "### {}\n", escape(&part.head))?;
        }
        for sentence in part.sentences {
            writeln!(out, "- {sentence}")?;
        }
        writeln!(out)?;
    }
    let cautions = facts::cautions(record, summary);
    if !cautions.is_empty() {
        writeln!(out, "Caveats:\n")?;
        for caution in cautions {
            writeln!(out, "- {}", escape(&caution))?;
        }
        writeln!(out)?;
    }
    writeln!(
        out,
        "## Rankings\n\n- {INTERVAL}\n- `~`: {FEW_MEANS}\n- {RANK_MEANS}\n- {LIMIT_MEANS}\n- A ping-pong figure \
         is the whole round trip; half of it is not a one-way latency."
    )?;
    for word in legend(&summary.census, summary.target) {
        writeln!(out, "- {} ({}): {}", word.word, word.cells, escape(&word.meaning))?;
    }
    writeln!(out)?;
    for ranking in rankings {
        one(out, ranking, cut)?;
    }
    if let Some(sizes) = size_table(&summary.rows) {
        writeln!(out, "## By message size\n\n{}", table(&sizes))?;
    }
    let gaps = gaps(summary);
    if !gaps.is_empty() {
        writeln!(out, "## Not measured\n\n{}", table(&gaps_table(&gaps)))?;
    }
    rules(out, &record.rules)?;
    for (title, facts) in [
        ("The machine", facts::host(record)),
        ("The run", facts::run(record)),
        ("Cost of measuring", facts::harness(record)),
    ] {
        writeln!(out, "## {title}\n")?;
        for Fact { name, value } in facts {
            writeln!(out, "- {}: {}", escape(&name), escape(&value))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn one(out: &mut String, ranking: &Ranking<'_>, cut: Cut) -> std::fmt::Result {
    let kept = kept(ranking, cut);
    writeln!(out, "### {}\n", escape(&ranking.title()))?;
    writeln!(out, "{}", table(&ranking_table(&kept)))?;
    for (_, foot) in ranking.feet() {
        writeln!(out, "{}\n", escape(&foot))?;
    }
    let (left, of) = (kept.entries.len(), ranking.entries.len());
    if left < of {
        let which = if cut == Cut::OtherWaits { "of each mechanism the best" } else { "the best" };
        writeln!(out, "{left} of {of}: {which}; the page has them all.\n")?;
    }
    Ok(())
}

fn rules(out: &mut String, rules: &[Rule]) -> std::fmt::Result {
    writeln!(out, "## Documented behaviour, checked here\n")?;
    if rules.is_empty() {
        return writeln!(out, "{NO_RULES}\n");
    }
    for family in families(rules) {
        let census = rules_census(family.rules.iter().copied());
        writeln!(out, "### Rules of {}\n\n{census}.\n", escape(family.name))?;
        writeln!(out, "{}", table(&family.table()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_record::sample;
    use ipcmark_view::rankings;
    use ipcmark_view::testing::{row, summary};

    #[test]
    fn a_hostile_record_makes_no_tag_and_no_further_column() {
        let mut record = sample::record(1, 6);
        record.suite.title = "<script>alert(1)</script> | x".into();
        let evil = row("a|`b`<script>\nc", 64, 1.0, Some((1.0, 1.0)));
        let summary = summary(vec![evil]);
        let text = render(&record, &summary, &rankings(&summary));
        assert!(text.contains("\\<script\\>alert(1)"), "{text}");
        let line = text.lines().find(|l| l.starts_with("| 1 |")).unwrap();
        let head = text.lines().find(|l| l.starts_with("| Rank |")).unwrap();
        assert_eq!(line.matches('|').count(), head.matches('|').count(), "{line}");
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
        assert_eq!(text.matches("one-way").count(), 1, "only in what a round trip is not");
        assert!(text.contains("### ping-pong, 64 B, cross-core"));
    }
}

//! The sections of the page. One that has nothing to show is left out.

use crate::Result;
use crate::chart::{self, Chart, Kind};
use crate::facts::{self, Fact};
use crate::frame::{Section, fold, hint, table, wide};
use crate::html::{Html, html};
use crate::prose::{inline, prose};
use ipcmark_record::{Record, Rule, SuiteNote};
use ipcmark_show::{FEW, plural};
use ipcmark_summary::Summary;
use ipcmark_view::{INTERVAL, NO_RULES, RANK_MEANS, Ranking};

const SORTABLE: &str = "sortable";

pub(super) fn why(suite: &SuiteNote) -> Section {
    let group = |group: &ipcmark_record::GroupNote| {
        html!("<h3>{name}</h3>\n{prose}", name = group.name, prose = prose(&group.prose, 4))
    };
    let groups: Html = suite.groups.iter().map(group).collect();
    let body = html!("{prose}{groups}", prose = prose(&suite.prose, 3), groups = groups);
    Section::new("why", "What and why", "What was measured, and why", body)
}

pub(super) fn rankings(
    summary: &Summary,
    rankings: &[Ranking<'_>],
    charts: &[Chart],
) -> Result<Option<Section>> {
    if rankings.is_empty() {
        return Ok(None);
    }
    let mut body = html!(
        "<p>Each figure is the median over invocations; an invocation is one set of fresh processes. {interval}. \
         {rank}. The chart of a long ranking shows the best of each mechanism; its table has all. A buffer in a \
         heading is the requested one. Floors and failed cells are not ranked.</p>\n{standings}",
        interval = INTERVAL,
        rank = ipcmark_show::capital(RANK_MEANS),
        standings = standings(summary),
    );
    // Charts of rankings come in the order of the rankings; a ranking with nothing above zero has none.
    let mut drawn = charts.iter().filter(|c| c.kind == Kind::Ranking).peekable();
    for (at, ranking) in rankings.iter().enumerate() {
        let setting = &ranking.setting;
        let first = at == 0 || rankings[at - 1].setting.workload.name() != setting.workload.name();
        if first {
            let (name, idea) = (setting.workload.name(), setting.workload.idea());
            body.push(&html!(
                "<h3>{name}</h3>\n<p>{idea}.</p>\n",
                name = name,
                idea = ipcmark_show::capital(idea)
            ));
        }
        let chart = drawn.next_if(|c| c.title == chart::ranking_title(setting));
        let chart = chart.map(wide).transpose()?.unwrap_or_default();
        let class = ranking.class.map_or_else(Html::default, |class| {
            html!(
                " <span class=\"class\">core-to-core latency {class}</span>",
                class = class.to_string()
            )
        });
        body.push(&fold(
            "ranking",
            first,
            &setting.place(),
            html!("{class}{best}", class = class, best = hint(&best(ranking))),
            html!(
                "{chart}{table}{foot}",
                chart = chart,
                table = table(SORTABLE, "", &ipcmark_view::ranking_table(ranking)),
                foot = ranking
                    .feet()
                    .into_iter()
                    .map(|(_, foot)| html!("<p>{foot}.</p>\n", foot = ipcmark_show::capital(&foot)))
                    .collect::<Html>(),
            ),
        ));
    }
    Ok(Some(Section::new("rankings", "Rankings", "Rankings", body)))
}

/// Explains the words for the quality of rows.
fn standings(summary: &Summary) -> Html {
    let words = ipcmark_view::legend(&summary.census, summary.target);
    if words.is_empty() {
        return Html::default();
    }
    let word = |w: &ipcmark_view::Word| {
        html!(
            "<dt class=\"{class}\">{word}</dt><dd>{cells}: {meaning}.</dd>",
            class = w.class,
            word = w.word,
            cells = w.cells,
            meaning = w.meaning,
        )
    };
    html!(
        "<p>Each row names its quality:</p>\n<dl class=\"standings\">{words}</dl>\n",
        words = words.iter().map(word).collect::<Html>(),
    )
}

/// Returns `first: shm-ring/spin, 210 ns`.
fn best(ranking: &Ranking<'_>) -> String {
    let Some(best) = ranking.entries.iter().find(|e| e.is_ranked()) else { return String::new() };
    let setting = &ranking.setting;
    let more = setting.headline().more_is_better();
    let what = match (best.is_first(), if more { "highest median" } else { "lowest median" }) {
        (true, _) => "first".into(),
        (false, least) if best.places.is_none() => least.into(),
        (false, least) => format!("{least}, rank {}", best.rank()),
    };
    let few = if best.enough { "" } else { FEW };
    let figure = ipcmark_view::shown(setting.quantity(), &best.value);
    format!("{what}: {}, {few}{figure}", best.row.key.transport)
}

pub(super) fn distances(charts: &[Chart]) -> Result<Option<Section>> {
    let Some(chart) = charts.iter().find(|c| c.kind == Kind::Distances) else { return Ok(None) };
    let body = html!(
        "<p>A cache line’s round trip between the two CPUs says how far apart they are: hyper-threads of one core, cores \
         that share a cache, or further. On a virtual machine the host moves them during the run, and every figure of \
         shared memory moves with them.</p>\n{chart}",
        chart = wide(chart)?,
    );
    Ok(Some(Section::new("distances", "Distances", "Distance of the CPUs", body)))
}

/// The kinds of charts that come in panels: kind, title, introduction.
const KINDS: [(Kind, &str, &str); 4] = [
    (
        Kind::Percentiles,
        "Times by percentile",
        "Flat lines are steady; a rise to the right is a tail. The axis gives each further nine (99, 99.9, 99.99 %) the \
         same room.",
    ),
    (
        Kind::LatencyBySize,
        "Median time by message size",
        "Where a line is flat, the call and the wake-up cost most; where it rises, copying does.",
    ),
    (
        Kind::ThroughputBySize,
        "Throughput by message size",
        "Drained and verified by the receiver: the clock runs from the barrier to the last checked message.",
    ),
    (
        Kind::ByLoad,
        "By rate, depth and number of peers",
        "Only the load changes: the time of a message against the rate of sending, of a burst against its length, the \
         rate of many processes together, and the speed-up of several processes at one task.",
    ),
];

pub(super) fn charts(rankings: &[Ranking<'_>], charts: &[Chart]) -> Result<Option<Section>> {
    let mut body = Html::default();
    for (kind, title, intro) in KINDS {
        for (at, chart) in charts.iter().filter(|c| c.kind == kind).enumerate() {
            if at == 0 {
                body.push(&html!("<h3>{t}</h3>\n<p>{intro}</p>\n", t = title, intro = intro));
            }
            let pieces =
                chart.pieces()?.into_iter().map(|p| html!("<div>{piece}</div>", piece = p));
            let inside = html!(
                "<p class=\"meta\">{note}</p>\n<div class=\"charts\" data-chart=\"{stem}\">{pieces}</div>\n",
                note = chart.note,
                stem = chart.stem,
                pieces = pieces.collect::<Html>(),
            );
            let open = at == 0 || kind != Kind::Percentiles;
            body.push(&fold("chart", open, &chart.title, Html::default(), inside));
        }
    }
    if body.0.is_empty() {
        return Ok(None);
    }
    let entry = |(wait, colour): (String, crate::palette::Colour)| {
        html!(
            "<li><svg viewBox=\"0 0 26 8\" aria-hidden=\"true\"><rect x=\"0\" y=\"1\" width=\"26\" height=\"6\" \
             fill=\"{colour}\"></rect></svg>{wait}</li>",
            colour = colour.hex(),
            wait = wait,
        )
    };
    let body = html!(
        "<p>The first panel has all transports on one scale, with the best of each family in front. Then comes a panel \
         for each family, on a scale of its own, with its transports in colour. Colour shows how a side waits:</p>\n\
         <ul class=\"legend\">{legend}</ul>\n{body}",
        legend = chart::legend(rankings).into_iter().map(entry).collect::<Html>(),
        body = body,
    );
    Ok(Some(Section::new("charts", "Charts", "Charts", body)))
}

pub(super) fn limits(record: &Record, summary: &Summary) -> Option<Section> {
    let limits = ipcmark_view::limit_table(&record.limits, &summary.classes)?;
    let body = html!(
        "<p>The best that the hardware and the kernel allow, measured in this run, on the same CPUs, between the cells. \
         No mechanism can be faster than the limits that bound it: a cell below its limit shows an error in one of the \
         two.</p>\n{table}",
        table = table(SORTABLE, "", &limits),
    );
    Some(Section::new("limits", "Limits of this machine", "Limits of this machine", body))
}

pub(super) fn costs(record: &Record, summary: &Summary, all: &[Chart]) -> Result<Option<Section>> {
    let costs = ipcmark_view::cost_tables(&summary.rows);
    if costs.is_empty() {
        return Ok(None);
    }
    let absent = |what: &String| {
        html!("<span class=\"absent\">Not available here: {what}.</span> ", what = what)
    };
    let charts = all.iter().filter(|c| c.kind == Kind::TradeOff).map(wide);
    let fold = |costs: &ipcmark_view::CostTable| {
        let cells = plural(costs.table.rows.len(), "cell");
        let hint = hint(&format!("{cells}, per {}", costs.counted));
        fold("cost", false, &costs.pattern, hint, table(SORTABLE, "", &costs.table))
    };
    let body = html!(
        "<p>The costs of one round trip, message or task other than its time, and the one-time costs of its link: \
         medians over invocations. CPU time is what the kernel charged to each side. {absent}</p>\n{charts}{tables}",
        absent = record.not_counted.iter().map(absent).collect::<Html>(),
        charts = charts.collect::<Result<Html>>()?,
        tables = costs.iter().map(fold).collect::<Html>(),
    );
    Ok(Some(Section::new("costs", "Costs", "Costs", body)))
}

pub(super) fn sizes(summary: &Summary) -> Option<Section> {
    let sizes = ipcmark_view::size_table(&summary.rows)?;
    let body = html!(
        "<p>The times of messages of each size, in cells whose messages have several. A long message delays those behind it, \
         so a short one may take longer here than where all are short.</p>\n{table}",
        table = table(SORTABLE, "", &sizes),
    );
    Some(Section::new("sizes", "By message size", "By message size", body))
}

pub(super) fn gaps(summary: &Summary) -> Option<Section> {
    let gaps = ipcmark_view::gaps(summary);
    let body = table("", "", &ipcmark_view::gaps_table(&gaps));
    (!gaps.is_empty()).then(|| Section::new("gaps", "Not measured", "Not measured, and why", body))
}

pub(super) fn rules(rules: &[Rule]) -> Section {
    let none = || html!("<p>{none}</p>\n", none = inline(NO_RULES));
    let family = |family: ipcmark_view::Family<'_>| {
        let census = ipcmark_view::rules_census(family.rules.iter().copied());
        let table = table("", "", &family.table());
        fold("rules", family.is_broken(), family.name, hint(&census), table)
    };
    let families = ipcmark_view::families(rules).into_iter().map(family);
    let body = if rules.is_empty() { none() } else { families.collect() };
    Section::new("rules", "Documented behaviour", "Documented behaviour, checked here", body)
}

/// Returns the table of these rows; `cells` is the number of all.
pub(super) fn all(summary: &Summary, cells: usize) -> Section {
    let few = if ipcmark_view::any_few(&summary.rows) {
        html!(
            "<p id=\"few-legend\"><span class=\"few-key\">~ <em>Grey and slanted</em></span>: too few samples. A \
             percentile is reliable only if at least 100 values are beyond it (p99 needs 10,000 values, p99.99 a \
             million), and at least 5 in the median invocation. Longer or more invocations add samples.</p>\n"
        )
    } else {
        Html::default()
    };
    let left_out = match cells - summary.rows.len() {
        0 => Html::default(),
        n => html!(
            "<p>{n} without a figure are not listed here: “Not measured” has their reasons, and record.json each.</p>\n",
            n = plural(n, "cell")
        ),
    };
    let body = html!(
        "<p>Percentiles are of the time that the workload measures: the whole round trip of ping-pong, overlap and \
         wake-up; one way from the intended start of paced; the whole exchange of burst; the task of scatter-gather. \
         Those of rates (“block”) are of blocks of messages at the receiver: its bursts, not a latency. CPU time and \
         switches are of all sides together, per round trip, message or task. In brackets: where the median of another \
         run of the same length is expected (95 %). “No interval”: fewer than 6 invocations (sets of fresh processes).</p>\n{left_out}{few}\
         <p class=\"filter\" hidden><label>Show rows with <input id=\"filter\" type=\"search\" placeholder=\"e.g. unix \
         64 B cross-core\" autocomplete=\"off\"></label></p>\n{table}",
        left_out = left_out,
        few = few,
        table = table(SORTABLE, "cells", &ipcmark_view::cells_table(&summary.rows)),
    );
    Section::new("all", "All cells", "All cells", body)
}

pub(super) fn machine(record: &Record) -> Section {
    let facts = |facts: Vec<Fact>| {
        let fact = |fact: &Fact| {
            html!("<dt>{name}</dt><dd>{value}</dd>", name = fact.name, value = fact.value)
        };
        html!("<dl>{facts}</dl>", facts = facts.iter().map(fact).collect::<Html>())
    };
    let body = html!(
        "<div class=\"columns\">\n<div><h3>The machine</h3>{host}</div>\n<div><h3>Cost of measuring</h3>\n\
         <p>Medians of many tries, in this run on this machine; never subtracted. A round trip contains one clock read, \
         the two stamps and the responder’s check, which comes after its answer has left (on one CPU perhaps before the \
         initiator runs); the initiator’s check and the histogram value are outside. In a stream the check of every \
         message is part of the receiver’s work and of the rate.</p>\n{harness}\n<h3>The run</h3>{run}</div>\n</div>\n",
        host = facts(facts::host(record)),
        harness = facts(facts::harness(record)),
        run = facts(facts::run(record)),
    );
    Section::new("machine", "The machine and the run", "The machine and the run", body)
}

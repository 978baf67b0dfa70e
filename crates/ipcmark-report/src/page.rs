//! `index.html`: one self-contained page that opens offline and reads without JavaScript.

use crate::chart::{self, Chart, Kind};
use crate::facts::{self, Fact};
use crate::frame;
use crate::{Result, markup};
use ipcmark_record::{HarnessCost, Host, Outcome, Record, Rule, Settings, Tool};
use ipcmark_show::{FEW, html, plural};
use ipcmark_summary::{Headline, Summary};
use ipcmark_view::{Noise, Ranking, Word};
use serde::Serialize;

const TEMPLATE: &str = include_str!("../templates/page.html");

/// What the template fills in. Fields that end in `_html` hold markup made here; everything else is text and is escaped.
#[derive(Serialize)]
struct View {
    title: String,
    script_hash: String,
    style_html: String,
    script_html: &'static str,
    data_html: String,
    started: String,
    cpu: String,
    kernel: String,
    tool: String,
    census: String,
    noise: Noise,
    answer: Vec<AnswerPart>,
    cautions: Vec<String>,
    prose_html: String,
    groups: Vec<Group>,
    legend: Vec<(String, String)>,
    standings: Vec<Word>,
    patterns: Vec<Pattern>,
    distances: Option<ChartView>,
    sections: Vec<Section>,
    limits_html: Option<String>,
    trade_offs: Vec<ChartView>,
    costs: Vec<CostView>,
    not_counted: Vec<String>,
    gaps_html: String,
    rules: Vec<FamilyView>,
    no_rules_html: String,
    cells_html: String,
    few: bool,
    host: Vec<Fact>,
    harness: Vec<Fact>,
    run: Vec<Fact>,
}

#[derive(Serialize)]
struct AnswerPart {
    head: String,
    sentences_html: Vec<String>,
}

#[derive(Serialize)]
struct Group {
    name: String,
    prose_html: String,
}

#[derive(Serialize)]
struct Pattern {
    name: String,
    /// True where percentiles are of blocks.
    rate: bool,
    rankings: Vec<RankingView>,
}

#[derive(Serialize)]
struct RankingView {
    place: String,
    /// The distance class that is ranked; may be empty.
    distance: String,
    best: String,
    open: bool,
    table_html: String,
    chart_html: String,
    stem: String,
}

#[derive(Serialize)]
struct Section {
    title: &'static str,
    intro: &'static str,
    charts: Vec<ChartView>,
}

#[derive(Serialize)]
struct ChartView {
    title: String,
    note: String,
    stem: String,
    open: bool,
    pieces_html: Vec<String>,
}

/// The costs of one workload.
#[derive(Serialize)]
struct CostView {
    pattern: String,
    counted: &'static str,
    cells: String,
    table_html: String,
}

/// The rules of one family.
#[derive(Serialize)]
struct FamilyView {
    name: String,
    census: String,
    open: bool,
    table_html: String,
}

/// What stands in the page for programs: everything but the histograms.
#[derive(Serialize)]
struct Data<'a> {
    schema: &'static str,
    record_schema: &'a str,
    started: &'a str,
    finished: Option<&'a str>,
    outcome: Outcome,
    suite: &'a str,
    tool: &'a Tool,
    settings: &'a Settings,
    host: &'a Host,
    harness: &'a HarnessCost,
    rules: &'a [Rule],
    summary: &'a Summary,
}

/// Version of the data block.
const DATA_SCHEMA: &str = "ipcmark.report/1";

/// The whole page.
pub(crate) fn render(
    record: &Record,
    summary: &Summary,
    rankings: &[Ranking],
    charts: &[Chart],
) -> Result<String> {
    let view = View {
        title: record.suite.title.clone(),
        script_hash: frame::script_hash(),
        style_html: frame::style(),
        script_html: frame::SCRIPT,
        data_html: data(record, summary),
        started: record.started.clone(),
        cpu: record.host.cpu_model.clone(),
        kernel: record.host.kernel.clone(),
        tool: format!("{} {}", record.tool.name, record.tool.version),
        census: ipcmark_view::census(&summary.census),
        noise: ipcmark_view::noise(record, summary),
        answer: ipcmark_view::answer(summary, rankings)
            .into_iter()
            .map(|part| AnswerPart {
                head: part.head,
                sentences_html: part.sentences.iter().map(|s| markup::inline(s)).collect(),
            })
            .collect(),
        cautions: facts::cautions(record, summary),
        prose_html: markup::html(&record.suite.prose, 3),
        groups: record
            .suite
            .groups
            .iter()
            .map(|g| Group { name: g.name.clone(), prose_html: markup::html(&g.prose, 4) })
            .collect(),
        legend: chart::legend(rankings)
            .into_iter()
            .map(|(wait, colour)| (wait, colour.hex()))
            .collect(),
        standings: ipcmark_view::legend(&summary.census, summary.target),
        patterns: patterns(rankings, charts)?,
        distances: charts.iter().find(|c| c.kind == Kind::Distances).map(chart_view).transpose()?,
        sections: sections(charts)?,
        limits_html: ipcmark_view::limit_table(&record.limits, &summary.classes)
            .map(|table| html::table(&table)),
        trade_offs: charts
            .iter()
            .filter(|c| c.kind == Kind::TradeOff)
            .map(chart_view)
            .collect::<Result<_>>()?,
        costs: costs(summary),
        not_counted: record.not_counted.clone(),
        gaps_html: gaps(summary),
        rules: rules(&record.rules),
        no_rules_html: markup::inline(ipcmark_view::NO_RULES),
        cells_html: html::table(&ipcmark_view::cells_table(&summary.rows)),
        few: ipcmark_view::any_few(&summary.rows),
        host: facts::host(record),
        harness: facts::harness(record),
        run: facts::run(record),
    };
    frame::fill(TEMPLATE, &view)
}

fn patterns(rankings: &[Ranking], charts: &[Chart]) -> Result<Vec<Pattern>> {
    // Charts of rankings come in the order of the rankings; a ranking without one (nothing above zero) is passed over.
    let mut drawn = charts.iter().filter(|c| c.kind == Kind::Ranking).peekable();
    let mut patterns: Vec<Pattern> = Vec::new();
    for ranking in rankings {
        let setting = &ranking.setting;
        let chart = drawn.next_if(|c| c.title == chart::ranking_title(setting));
        let view = RankingView {
            place: setting.place(),
            distance: ranking.class.map_or_else(String::new, |class| class.to_string()),
            best: ranking.entries.first().map_or_else(String::new, |e| {
                let what = match (e.is_first(), setting.headline().more_is_better()) {
                    (true, _) => "first".into(),
                    (false, true) => format!("highest median, place {}", e.place(0)),
                    (false, false) => format!("lowest median, place {}", e.place(0)),
                };
                let figure = ipcmark_view::shown(setting.quantity(), &e.value);
                let few = if e.enough { "" } else { FEW };
                format!("{what}: {}, {few}{figure}", e.row.key.transport)
            }),
            open: patterns.last().is_none_or(|p| p.name != setting.workload.name()),
            table_html: html::table(&ipcmark_view::ranking_table(ranking)),
            chart_html: chart
                .map(|c| c.pieces())
                .transpose()?
                .map_or_else(String::new, |p| p.concat()),
            stem: chart.map_or_else(String::new, |c| c.stem.clone()),
        };
        match patterns.last_mut() {
            Some(pattern) if pattern.name == setting.workload.name() => pattern.rankings.push(view),
            _ => patterns.push(Pattern {
                name: setting.workload.to_string(),
                rate: setting.headline() == Headline::Rate,
                rankings: vec![view],
            }),
        }
    }
    Ok(patterns)
}

fn costs(summary: &Summary) -> Vec<CostView> {
    let view = |costs: ipcmark_view::CostTable| CostView {
        cells: plural(costs.table.rows.len(), "cell"),
        table_html: html::table(&costs.table),
        pattern: costs.pattern,
        counted: costs.counted,
    };
    ipcmark_view::cost_tables(&summary.rows).into_iter().map(view).collect()
}

/// Empty if everything was measured.
fn gaps(summary: &Summary) -> String {
    let gaps = ipcmark_view::gaps(summary);
    if gaps.is_empty() { String::new() } else { html::table(&ipcmark_view::gaps_table(&gaps)) }
}

fn rules(rules: &[Rule]) -> Vec<FamilyView> {
    let view = |family: ipcmark_view::Family<'_>| FamilyView {
        name: family.name.into(),
        census: ipcmark_view::rules_census(family.rules.iter().copied()),
        open: family.is_broken(),
        table_html: html::table(&family.table()),
    };
    ipcmark_view::families(rules).into_iter().map(view).collect()
}

fn chart_view(chart: &Chart) -> Result<ChartView> {
    Ok(ChartView {
        title: chart.title.clone(),
        note: chart.note.clone(),
        stem: chart.stem.clone(),
        open: true,
        pieces_html: chart.pieces()?,
    })
}

fn sections(charts: &[Chart]) -> Result<Vec<Section>> {
    let kinds = [
        (
            Kind::Percentiles,
            "Times by percentile",
            "How steady a mechanism is: flat lines are steady, a rise to the right is a tail. The axis gives each further nine \
             (99, 99.9, 99.99 %) the same room.",
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
            "What changes when only the load does: the time of a message against the rate at which messages are sent, of a burst \
             against its length; what many processes reach together, and how much faster several do a task than one.",
        ),
    ];
    let mut sections = Vec::new();
    for (kind, title, intro) in kinds {
        let mut views: Vec<ChartView> = Vec::new();
        for chart in charts.iter().filter(|c| c.kind == kind) {
            let open = views.is_empty() || kind != Kind::Percentiles;
            views.push(ChartView { open, ..chart_view(chart)? });
        }
        if !views.is_empty() {
            sections.push(Section { title, intro, charts: views });
        }
    }
    Ok(sections)
}

/// The data block.
fn data(record: &Record, summary: &Summary) -> String {
    let data = Data {
        schema: DATA_SCHEMA,
        record_schema: &record.schema,
        started: &record.started,
        finished: record.finished.as_deref(),
        outcome: record.outcome,
        suite: &record.suite.name,
        tool: &record.tool,
        settings: &record.settings,
        host: &record.host,
        harness: &record.harness,
        rules: &record.rules,
        summary,
    };
    frame::data(&data)
}

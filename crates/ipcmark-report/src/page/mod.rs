//! `index.html`: one self-contained page that opens offline and reads without JavaScript.

mod sections;

use crate::chart::Chart;
use crate::frame::{self, Page, Section};
use crate::html::{Html, html};
use crate::prose::inline;
use crate::{Result, facts};
use ipcmark_record::{HarnessCost, Host, Knee, Outcome, Record, Rule, Settings, Tool};
use ipcmark_summary::{Row, Status, Summary};
use ipcmark_view::{Ranking, answer, census, noise};
use serde::Serialize;
use std::borrow::Cow;

/// Returns the whole page.
pub(crate) fn render(
    record: &Record,
    summary: &Summary,
    rankings: &[Ranking<'_>],
    charts: &[Chart],
) -> Result<String> {
    let listed = listed(summary);
    let sections = [
        Some(sections::why(&record.suite)),
        sections::rankings(summary, rankings, charts)?,
        sections::sizes(summary),
        sections::distances(charts)?,
        sections::charts(rankings, charts)?,
        sections::limits(record, summary),
        sections::costs(record, summary, charts)?,
        sections::gaps(summary),
        Some(sections::rules(&record.rules)),
        Some(sections::all(&listed, summary.rows.len())),
        Some(sections::machine(record)),
        Some(Section::new(
            "method",
            "How it was measured",
            "How it was measured",
            html!(include_str!("../../templates/method.html")),
        )),
    ];
    let page = Page {
        window: format!("ipcmark: {}", record.suite.title),
        title: &record.suite.title,
        lines: vec![
            format!(
                "{} · {} · kernel {} · {} {}",
                record.started,
                record.host.cpu_model,
                record.host.kernel,
                record.tool.name,
                record.tool.version
            ),
            census(&summary.census),
        ],
        lead: [
            quality(record, summary),
            answers(rankings, &record.knees),
            cautions(record, summary),
        ]
        .into_iter()
        .collect(),
        sections: sections.into_iter().flatten().collect(),
        data: data(record, &listed),
    };
    Ok(page.render())
}

/// Cells up to which a page lists all.
const ALL_CELLS: usize = 5_000;

/// Returns the summary with the rows that the page lists. Of very many cells it leaves out those without a
/// figure, which are in the table of gaps: a page of all of them has 60 MB.
fn listed(summary: &Summary) -> Cow<'_, Summary> {
    if summary.rows.len() <= ALL_CELLS {
        return Cow::Borrowed(summary);
    }
    let tells = |row: &&Row| row.figure.is_some() || matches!(row.status, Status::Failed { .. });
    let rows = summary.rows.iter().filter(tells).cloned().collect();
    let (classes, drift) = (summary.classes.clone(), summary.drift.clone());
    Cow::Owned(Summary {
        rows,
        classes,
        drift,
        census: summary.census,
        target: summary.target,
        percentiles: summary.percentiles.clone(),
    })
}

/// Shows the quality of the measurement, before any figure.
fn quality(record: &Record, summary: &Summary) -> Html {
    let noise = noise(record, summary);
    let signs = noise.signs.iter().map(|sign| {
        html!(
            "<li><span class=\"name\">{name}</span> <b>{value}</b> <small>{detail}</small></li>",
            name = sign.name,
            value = sign.value,
            detail = sign.detail,
        )
    });
    html!(
        "<section class=\"noise {grade}\" id=\"noise\">\n<h2>Quality of this measurement</h2>\n\
         <p class=\"verdict\">{verdict}</p>\n<ul class=\"signs\">{signs}</ul>\n</section>\n",
        grade = noise.grade,
        verdict = noise.verdict,
        signs = signs.collect::<Html>(),
    )
}

fn answers(rankings: &[Ranking<'_>], knees: &[Knee]) -> Html {
    let part = |part: ipcmark_view::Part| {
        let head = match part.head.as_str() {
            "" => Html::default(),
            head => html!("<h3>{head}</h3>\n", head = head),
        };
        let sentences = frame::list(part.sentences.iter().map(|sentence| inline(sentence)));
        html!("{head}{sentences}", head = head, sentences = sentences)
    };
    let body = answer(rankings, knees).into_iter().map(part).collect();
    Section { class: "answer", ..Section::new("answer", "", "The answer", body) }.html()
}

fn cautions(record: &Record, summary: &Summary) -> Html {
    let cautions = facts::cautions(record, summary);
    if cautions.is_empty() {
        return Html::default();
    }
    html!(
        "<section class=\"mind\" id=\"mind\"><strong>Caveats</strong>\n{list}</section>\n",
        list = frame::list(cautions.iter().map(|caution| html!("{text}", text = caution))),
    )
}

/// The page's data for programs: everything but the histograms.
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

fn data(record: &Record, summary: &Summary) -> String {
    frame::data(&Data {
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
    })
}

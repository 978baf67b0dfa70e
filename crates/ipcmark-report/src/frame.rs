//! The frame of all pages: head, style, script, navigation, and the data block for programs.

use crate::chart::Chart;
use crate::chart::sheet;
use crate::html::{Html, html};
use crate::{Result, palette};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ipcmark_show::{Table, html as show};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("../templates/page.css");
/// The one script that a page allows.
const SCRIPT: &str = include_str!("../templates/page.js");

/// A page.
pub(crate) struct Page<'a> {
    /// Title of the browser's window.
    pub window: String,
    pub title: &'a str,
    /// Lines under the title.
    pub lines: Vec<String>,
    /// The parts before the navigation.
    pub lead: Html,
    pub sections: Vec<Section>,
    /// The data block: see [`data`].
    pub data: String,
}

/// A section.
pub(crate) struct Section {
    /// Its anchor.
    pub id: String,
    pub class: &'static str,
    /// Its name in the navigation.
    pub link: String,
    pub title: String,
    pub body: Html,
}

impl Section {
    pub(crate) fn new(id: &str, link: &str, title: &str, body: Html) -> Section {
        let [id, link, title] = [id, link, title].map(String::from);
        Section { id, class: "", link, title, body }
    }

    pub(crate) fn html(&self) -> Html {
        html!(
            "<section{class} id=\"{id}\">\n<h2>{title}</h2>\n{body}</section>\n",
            class = attribute("class", self.class),
            id = self.id,
            title = self.title,
            body = self.body,
        )
    }
}

impl Page<'_> {
    pub(crate) fn render(&self) -> String {
        let link = |s: &Section| {
            html!("<li><a href=\"#{id}\">{link}</a></li>\n", id = s.id, link = s.link)
        };
        let style = format!(
            "{STYLE}\n{}@media screen and (prefers-color-scheme: dark) {{\n{}}}\n",
            sheet::INLINE,
            palette::dark_style()
        );
        html!(
            include_str!("../templates/page.html"),
            script_hash = STANDARD.encode(Sha256::digest(SCRIPT.as_bytes())),
            window = self.window,
            style = Html(style),
            title = self.title,
            lines = self
                .lines
                .iter()
                .map(|line| html!("<p class=\"meta\">{line}</p>\n", line = line))
                .collect::<Html>(),
            lead = self.lead,
            links = self.sections.iter().map(link).collect::<Html>(),
            sections = self.sections.iter().map(Section::html).collect::<Html>(),
            data = Html(self.data.clone()),
            script = Html(SCRIPT.into()),
        )
        .0
    }
}

/// Returns an attribute with a space before it; nothing if it is empty.
fn attribute(name: &str, value: &str) -> Html {
    if value.is_empty() {
        return Html::default();
    }
    html!(" {name}=\"{value}\"", name = name, value = value)
}

/// Returns a list with an item for each.
pub(crate) fn list(items: impl IntoIterator<Item = Html>) -> Html {
    let items = items.into_iter().map(|item| html!("<li>{item}</li>", item = item));
    html!("<ul>{items}</ul>\n", items = items.collect::<Html>())
}

/// Returns a part that folds.
pub(crate) fn fold(class: &str, open: bool, title: &str, more: Html, body: Html) -> Html {
    html!(
        "<details{class}{open}><summary><strong>{title}</strong>{more}</summary>\n\
         <div class=\"body\">{body}</div></details>\n",
        class = attribute("class", class),
        open = Html(if open { " open".into() } else { String::new() }),
        title = title,
        more = more,
        body = body,
    )
}

/// Returns a hint in a summary.
pub(crate) fn hint(text: &str) -> Html {
    html!(" <span class=\"hint\">{text}</span>", text = text)
}

/// Returns a table that scrolls on a narrow screen.
pub(crate) fn table(class: &str, id: &str, table: &Table) -> Html {
    html!(
        "<div class=\"scroll\"><table{class}{id}>{table}</table></div>\n",
        class = attribute("class", class),
        id = attribute("id", id),
        table = Html(show::table(table)),
    )
}

/// Returns a chart across the page.
pub(crate) fn wide(chart: &Chart) -> Result<Html> {
    Ok(html!(
        "<div class=\"scroll wide\" data-chart=\"{stem}\">{pieces}</div>\n",
        stem = chart.stem,
        pieces = chart.pieces()?.into_iter().collect::<Html>(),
    ))
}

/// Returns the data block. It writes `<` and `>` as escapes, so that nothing in it ends the script element or opens
/// another, and also the two line separators that JavaScript once refused.
pub(crate) fn data(data: &impl Serialize) -> String {
    let mut value = serde_json::to_value(data).expect("a page's data is plain JSON");
    shorten(&mut value);
    let text = value.to_string();
    // In JSON these characters occur within strings only.
    text.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

/// Rounds figures to six digits and drops nulls: of a large record that is a third of the page.
fn shorten(value: &mut Value) {
    match value {
        Value::Number(n) if n.is_f64() => {
            *value = n.as_f64().map_or(Value::Null, |f| show::coarse(f).into());
        }
        Value::Array(all) => all.iter_mut().for_each(shorten),
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(shorten);
        }
        _ => {}
    }
}

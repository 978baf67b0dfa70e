//! What all pages share: style, script, escaping, and the data block for programs.

use crate::chart::sheet;
use crate::{Result, palette};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ipcmark_show::html::{coarse, escape};
use minijinja::AutoEscape;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("../templates/page.css");
/// The one script that a page allows.
pub(crate) const SCRIPT: &str = include_str!("../templates/page.js");

/// The script's hash for the page's security policy.
pub(crate) fn script_hash() -> String {
    STANDARD.encode(Sha256::digest(SCRIPT.as_bytes()))
}

/// The style sheet, with the dark counterparts of the charts' colours.
pub(crate) fn style() -> String {
    format!(
        "{STYLE}\n{}@media screen and (prefers-color-scheme: dark) {{\n{}}}\n",
        sheet::INLINE,
        palette::dark_style()
    )
}

/// Fills a template in; all text is escaped but what the template calls safe.
pub(crate) fn fill(template: &str, view: &impl Serialize) -> Result<String> {
    let mut environment = minijinja::Environment::new();
    // minijinja escapes the slash too, which every transport's name holds.
    environment.set_formatter(|out, state, value| match value.as_str() {
        Some(text) if !value.is_safe() && *state.auto_escape() == AutoEscape::Html => {
            out.write_str(&escape(text)).map_err(Into::into)
        }
        _ => minijinja::escape_formatter(out, state, value),
    });
    // The name's ending turns escaping on.
    environment.add_template("page.html", template)?;
    Ok(environment.get_template("page.html")?.render(minijinja::value::Serde(view))?)
}

/// The data block. `<` and `>` are written as escapes, so that nothing in it can end the script element or open another,
/// and so are the two line separators that JavaScript once refused.
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

/// Figures to six digits, and nothing for what is not there: of a large record that is a third of the page.
fn shorten(value: &mut Value) {
    match value {
        Value::Number(n) if n.is_f64() => {
            *value = n.as_f64().map_or(Value::Null, |f| coarse(f).into());
        }
        Value::Array(all) => all.iter_mut().for_each(shorten),
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(shorten);
        }
        _ => {}
    }
}

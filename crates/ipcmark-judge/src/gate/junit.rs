//! The outcome as JUnit XML, in the form of Surefire's reports, which CI systems read.
//!
//! One test case per figure. What fails the gate is a `failure`; what is undecided is `skipped`, never
//! passed. Attribute and body have the same words, because some readers show only one. No case has a
//! time: Jenkins' schema takes thousandths of a second, and a figure is a thousand times less.

use super::{Item, Level, Outcome};
use crate::Verdict;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use std::io;

/// Some readers require it.
const NO_TIME: &str = "0.000";

/// Returns the outcome as JUnit XML.
#[must_use]
pub fn to_junit(outcome: &Outcome) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes, outcome).expect("memory takes what is written");
    bytes.push(b'\n');
    String::from_utf8(bytes).expect("what was written is text")
}

/// The result of a test case.
enum Fate {
    Passed,
    Failed(&'static str),
    Skipped,
}

fn fate(item: &Item) -> Fate {
    match (item.level, item.call) {
        (Level::Error, Verdict::Failed) => Fate::Failed("failed"),
        (Level::Error, _) => Fate::Failed("regression"),
        (_, Verdict::Improved | Verdict::Equivalent) if item.counts() => Fate::Passed,
        _ => Fate::Skipped,
    }
}

fn write(bytes: &mut Vec<u8>, outcome: &Outcome) -> io::Result<()> {
    let tests = (outcome.items.len() + 1).to_string();
    let own = own_fate(outcome);
    let fates = || outcome.items.iter().map(fate).chain([own_fate(outcome)]);
    let failures = fates().filter(|f| matches!(f, Fate::Failed(_))).count().to_string();
    let skipped = fates().filter(|f| matches!(f, Fate::Skipped)).count().to_string();
    let mut writer = Writer::new_with_indent(bytes, b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let suite = writer
        .create_element("testsuite")
        .with_attribute(("name", "ipcmark"))
        .with_attribute(("tests", tests.as_str()))
        .with_attribute(("errors", "0"))
        .with_attribute(("failures", failures.as_str()))
        .with_attribute(("skipped", skipped.as_str()))
        .with_attribute(("time", NO_TIME));
    suite.write_inner_content(|writer| {
        // What no single figure shows: an alarm, or that nothing was judged.
        let words = clean(&format!("{}: {}", outcome.decision.name(), outcome.because.join("; ")));
        case(writer, ("ipcmark", "gate"), &own, &words)?;
        for item in &outcome.items {
            let class = clean(&format!("ipcmark.{}", item.key.transport.replace('/', ".")));
            let transport = format!("{} ", item.key.transport);
            let name = item.name();
            let name = clean(name.strip_prefix(&transport).unwrap_or(&name));
            let sentence = clean(&item.sentence());
            case(writer, (&class, &name), &fate(item), &sentence)?;
        }
        Ok(())
    })?;
    Ok(())
}

/// Returns the result of the gate as a whole. Its figures fail, not the gate, so that nothing counts
/// twice.
fn own_fate(outcome: &Outcome) -> Fate {
    if outcome.exit_code == 3 { Fate::Skipped } else { Fate::Passed }
}

fn case(
    writer: &mut Writer<&mut Vec<u8>>,
    (class, name): (&str, &str),
    fate: &Fate,
    words: &str,
) -> io::Result<()> {
    let case = writer
        .create_element("testcase")
        .with_attribute(("classname", class))
        .with_attribute(("name", name))
        .with_attribute(("time", NO_TIME));
    case.write_inner_content(|writer| {
        let (element, kind) = match fate {
            Fate::Passed => {
                writer.create_element("system-out").write_text_content(BytesText::new(words))?;
                return Ok(());
            }
            Fate::Failed(kind) => ("failure", Some(*kind)),
            Fate::Skipped => ("skipped", None),
        };
        let mut element = writer.create_element(element).with_attribute(("message", words));
        if let Some(kind) = kind {
            element = element.with_attribute(("type", kind));
        }
        element.write_text_content(BytesText::new(words))?;
        Ok(())
    })?;
    Ok(())
}

/// Replaces the control characters that XML 1.0 cannot write.
fn clean(words: &str) -> String {
    let is_char = |c: char| {
        matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}'
            | '\u{10000}'..)
    };
    words.chars().map(|c| if is_char(c) { c } else { '\u{FFFD}' }).collect()
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn what_xml_cannot_write_is_replaced() {
        assert_eq!(clean("a\u{0}b\u{1b}[31m\u{FFFF}é\n"), "a\u{FFFD}b\u{FFFD}[31m\u{FFFD}é\n");
    }
}

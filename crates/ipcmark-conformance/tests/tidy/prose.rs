//! Plain English is a test: no phrase of `words.txt`, and each doc line begins as CONTRIBUTING.md says.

use crate::{none, texts};

/// Texts that quote others, or that a date or a build has frozen.
const FROZEN: &[&str] = &["/golden/", "/snapshots/", "reports/gallery/", "tests/tidy/", "LICENSE"];
/// Folders whose texts are not plain yet. Delete a line when its folder is done; never add one.
const NOT_YET: &[&str] = &["crates/ipcmark/", "crates/ipcmark-harness/"];
/// First words that make a clause of a doc line instead of a sentence or a name.
const CLAUSES: &[&str] = &[
    "What", "How", "Where", "Whether", "Which", "Why", "When", "As", "In", "Of", "With", "Who",
    "Whose", "From",
];

/// Returns path and text of everything that people read.
fn prose() -> Vec<(String, String)> {
    let endings = [".rs", ".md", ".toml", ".sh", ".py", ".js", ".yml", ".html", ".css"];
    let all = endings.into_iter().flat_map(texts_if_any);
    let left_out = |path: &str| {
        FROZEN.iter().any(|part| path.contains(part))
            || NOT_YET.iter().any(|folder| path.starts_with(folder))
    };
    all.filter(|(path, _)| !left_out(path)).collect()
}

fn texts_if_any(ending: &str) -> Vec<(String, String)> {
    if crate::tracked().iter().any(|path| path.ends_with(ending)) { texts(ending) } else { vec![] }
}

/// Returns the words of a text in lower case, each with its line number.
fn words(text: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    // A word that a file keeps, under another name in the code.
    let kept = |line: &str| line.trim_start().starts_with("#[serde(rename");
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !kept(line)) {
        let line = line.trim_start().trim_start_matches(['/', '!', '#', '*']);
        let of_line = line.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '\''));
        found.extend(of_line.filter(|w| !w.is_empty()).map(|w| (w.to_lowercase(), at + 1)));
    }
    found
}

/// Returns the line of each place where `phrase` is in `text`.
fn places(text: &[(String, usize)], phrase: &[&str]) -> Vec<usize> {
    let same = |window: &&[(String, usize)]| {
        window.iter().zip(phrase).all(|((word, _), wanted)| word == wanted)
    };
    text.windows(phrase.len()).filter(same).map(|window| window[0].1).collect()
}

#[test]
fn every_text_is_plain_english() {
    let list: Vec<(&str, &str)> = include_str!("words.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_once(" = ").expect("a phrase, and what to write instead"))
        .collect();
    let mut breaches = Vec::new();
    for (path, text) in prose() {
        let words = words(&text);
        for (phrase, instead) in &list {
            let phrase_words: Vec<&str> = phrase.split(' ').collect();
            for line in places(&words, &phrase_words) {
                breaches.push(format!("{path}:{line}: \"{phrase}\"; write: {instead}"));
            }
        }
    }
    none(breaches, "texts use words that outsiders know");
}

/// Returns the line number and the text of each doc comment's first line, and the item's line; of tests none.
fn heads(text: &str) -> Vec<(usize, String, String)> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(head) = line.strip_prefix("/// ") else { continue };
        if at > 0 && lines[at - 1].starts_with("///") {
            continue;
        }
        let item = lines[at..]
            .iter()
            .find(|line| !line.starts_with("//") && !line.starts_with("#["))
            .copied()
            .unwrap_or_default();
        let tests = lines[at..].iter().take_while(|line| **line != item).any(|l| *l == "#[test]");
        if !tests {
            found.push((at + 1, head.to_owned(), item.to_owned()));
        }
    }
    found
}

/// Returns true if `item` opens a function.
fn is_function(item: &str) -> bool {
    let words = item.split_whitespace();
    words
        .take_while(|w| {
            w.starts_with("pub")
                || ["const", "async", "unsafe", "extern", "\"C\"", "fn"].contains(w)
        })
        .any(|w| w == "fn")
}

/// Returns the reason why a doc line does not begin as it should.
fn fault(head: &str, item: &str) -> Option<&'static str> {
    let word = head.split(|c: char| !c.is_alphabetic()).find(|w| !w.is_empty())?;
    // A call, or the name of a law.
    let quoted = head.starts_with('`') || head.starts_with("**");
    if is_function(item) {
        let verb = word.ends_with('s') && word != "As" && word != "This" && word != "Its";
        return (!verb && !quoted).then_some("a function's doc begins with a verb: Returns, Sends");
    }
    let clause = CLAUSES.contains(&word) || head.starts_with("The same");
    (clause && !quoted).then_some("a doc begins with a noun: Number of, Reason")
}

#[test]
fn doc_lines_begin_with_a_verb_or_a_noun() {
    let mut breaches = Vec::new();
    // A test's doc is the claim that it holds.
    let code = |path: &str| path.ends_with(".rs") && !path.contains("/tests");
    for (path, text) in prose().into_iter().filter(|(path, _)| code(path)) {
        for (line, head, item) in heads(&text) {
            if let Some(fault) = fault(&head, &item) {
                breaches.push(format!("{path}:{line}: \"{head}\": {fault}"));
            }
        }
    }
    none(breaches, "doc lines begin with a verb (functions) or a noun (all else)");
}

#[test]
fn the_rules_of_prose_see_what_they_should() {
    let text = words("/// It stands\n/// beside the pipe.");
    assert_eq!(places(&text, &["stands", "beside"]), [1]);
    assert!(places(&text, &["beside", "it"]).is_empty());
    let faulty = |head, item| fault(head, item).is_some();
    assert!(faulty("What it costs.", "pub cost: u64,"));
    assert!(faulty("The cost.", "pub fn cost() -> u64 {"));
    assert!(!faulty("Returns the cost.", "pub(crate) const fn cost() -> u64 {"));
    assert!(!faulty("`pipe()` - creates a pipe.", "pub fn pipe() {"));
    assert!(!faulty("Cost of a message.", "pub cost: u64,"));
}

#[test]
fn the_readme_is_short() {
    let readme = texts("README.md").into_iter().find(|(path, _)| path == "README.md");
    let lines = readme.expect("a README.md").1.lines().count();
    assert!(lines <= 150, "README.md has {lines} lines; 150 are the most");
}

#[test]
fn the_tests_that_the_method_names_exist() {
    let sources: String = texts(".rs").into_iter().map(|(_, text)| text).collect();
    let method = std::fs::read_to_string(crate::root().join("METHODOLOGY.md")).expect("the method");
    let (_, table) = method.split_once("## Mistakes of other tools").expect("its last table");
    let names = table.lines().filter(|line| line.starts_with("| ")).flat_map(|line| {
        let last = line.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default();
        last.split('`').skip(1).step_by(2)
    });
    let is_name = |name: &&str| name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let missing = names.filter(is_name).filter(|name| !sources.contains(*name));
    none(missing.map(str::to_owned).collect(), "METHODOLOGY.md names tests that exist");
}

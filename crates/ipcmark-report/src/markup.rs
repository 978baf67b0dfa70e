//! The little Markdown that suites' prose is written in, as HTML; everything else is text.
//!
//! Paragraphs, headings, lists of one level, fenced code; `code`, **bold**, *emphasis*, links to http and https, and
//! backslash escapes. Raw HTML is not markup here: prose comes from a record, and a record may come from anywhere.

use ipcmark_show::html::escape;

/// A block and what it is made of.
enum Block<'a> {
    Heading(usize, &'a str),
    Paragraph(Vec<&'a str>),
    List { ordered: bool, items: Vec<Vec<&'a str>> },
    Code(Vec<&'a str>),
}

/// Markdown as HTML. Headings begin at `top` (1 to 6).
pub(crate) fn html(markdown: &str, top: usize) -> String {
    blocks(markdown)
        .iter()
        .map(|block| match block {
            Block::Heading(level, text) => {
                let level = (level + top - 1).min(6);
                format!("<h{level}>{}</h{level}>\n", inline(text))
            }
            Block::Paragraph(lines) => format!("<p>{}</p>\n", inline(&lines.join("\n"))),
            Block::List { ordered, items } => {
                let tag = if *ordered { "ol" } else { "ul" };
                let items: String = items
                    .iter()
                    .map(|lines| format!("<li>{}</li>", inline(&lines.join("\n"))))
                    .collect();
                format!("<{tag}>{items}</{tag}>\n")
            }
            Block::Code(lines) => {
                format!("<pre><code>{}</code></pre>\n", escape(&lines.join("\n")))
            }
        })
        .collect()
}

fn blocks(markdown: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block> = Vec::new();
    // True when the next line may go on with the last block.
    let mut open = false;
    let mut lines = markdown.lines();
    while let Some(line) = lines.next() {
        let text = line.trim();
        if text.is_empty() {
            open = false;
            continue;
        }
        if text.starts_with("```") {
            let code = lines.by_ref().take_while(|l| !l.trim_start().starts_with("```")).collect();
            blocks.push(Block::Code(code));
            open = false;
        } else if let Some((level, heading)) = heading(text) {
            blocks.push(Block::Heading(level, heading));
            open = false;
        } else if let Some((ordered, item)) = item(text) {
            match blocks.last_mut() {
                Some(Block::List { ordered: same, items }) if *same == ordered => {
                    items.push(vec![item])
                }
                _ => blocks.push(Block::List { ordered, items: vec![vec![item]] }),
            }
            open = true;
        } else {
            match blocks.last_mut() {
                Some(Block::Paragraph(lines)) if open => lines.push(text),
                Some(Block::List { items, .. }) if open => {
                    items.last_mut().expect("a list has an item").push(text)
                }
                _ => blocks.push(Block::Paragraph(vec![text])),
            }
            open = true;
        }
    }
    blocks
}

fn heading(line: &str) -> Option<(usize, &str)> {
    let level = line.bytes().take_while(|b| *b == b'#').count();
    let text = line[level..].strip_prefix(' ')?;
    (1..=6).contains(&level).then(|| (level, text.trim().trim_end_matches('#').trim_end()))
}

fn item(line: &str) -> Option<(bool, &str)> {
    if let Some(text) = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
        return Some((false, text));
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let text = line[digits..].strip_prefix(". ")?;
    (1..=3).contains(&digits).then_some((true, text))
}

/// The markup within a line, as HTML.
pub(crate) fn inline(text: &str) -> String {
    spans(text, 0)
}

/// Nesting deeper than this is text: prose needs two levels, and a record must not be able to exhaust the stack.
const DEEPEST: usize = 8;

fn spans(text: &str, depth: usize) -> String {
    let mut out = String::new();
    let mut rest = text;
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        if let Some((html, length)) = (depth < DEEPEST).then(|| span(rest, before, depth)).flatten()
        {
            out.push_str(&html);
            rest = &rest[length..];
            before = '.';
            continue;
        }
        out.push_str(&escape(c.encode_utf8(&mut [0; 4])));
        rest = &rest[c.len_utf8()..];
        before = c;
    }
    out
}

/// The markup that `rest` begins with: its HTML, and the bytes it takes.
fn span(rest: &str, before: char, depth: usize) -> Option<(String, usize)> {
    match rest.as_bytes()[0] {
        b'\\' => {
            let next = rest[1..].chars().next().filter(char::is_ascii_punctuation)?;
            Some((escape(next.encode_utf8(&mut [0; 4])), 2))
        }
        b'`' => {
            let end = 1 + rest[1..].find('`')?;
            Some((format!("<code>{}</code>", escape(&rest[1..end])), end + 1))
        }
        b'*' if rest.starts_with("**") => enclosed(rest, "**", "strong", depth),
        b'*' => enclosed(rest, "*", "em", depth),
        // An underscore within a word, as in max_size, is a letter.
        b'_' if !before.is_alphanumeric() => enclosed(rest, "_", "em", depth),
        b'[' => {
            let middle = rest.find("](")?;
            let end = middle + rest[middle..].find(')')?;
            let target = &rest[middle + 2..end];
            let safe = target.starts_with("https://") || target.starts_with("http://");
            let plain = !target.contains(|c: char| c.is_whitespace() || c.is_control());
            (safe && plain).then(|| {
                let words = spans(&rest[1..middle], depth + 1);
                (format!("<a href=\"{}\" rel=\"noreferrer\">{words}</a>", escape(target)), end + 1)
            })
        }
        _ => None,
    }
}

fn enclosed(rest: &str, mark: &str, tag: &str, depth: usize) -> Option<(String, usize)> {
    let inner = &rest[mark.len()..];
    let end = inner.find(mark).filter(|end| *end > 0)?;
    let text = &inner[..end];
    let tight = !text.starts_with(char::is_whitespace) && !text.ends_with(char::is_whitespace);
    tight.then(|| (format!("<{tag}>{}</{tag}>", spans(text, depth + 1)), end + 2 * mark.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_show::markdown::{code, escape as literal};

    #[test]
    fn the_subset_becomes_html() {
        let prose = "# Why\n\nA *pipe* **blocks**, see `pipe(7)` and\n[the page](https://example.org/a?b=1&c).\n\n- one\n- two\n  more\n\n1. first\n\n```\na < b\n```\nmax_pipe_size";
        let expected = "<h3>Why</h3>\n<p>A <em>pipe</em> <strong>blocks</strong>, see <code>pipe(7)</code> and\n<a href=\"https://example.org/a?b=1&amp;c\" rel=\"noreferrer\">the page</a>.</p>\n<ul><li>one</li><li>two\nmore</li></ul>\n<ol><li>first</li></ol>\n<pre><code>a &lt; b</code></pre>\n<p>max_pipe_size</p>\n";
        assert_eq!(html(prose, 3), expected);
    }

    #[test]
    fn nothing_in_prose_becomes_a_tag_or_a_script() {
        for hostile in [
            "<script>alert(1)</script>",
            "`<script>`",
            "`<script>",
            "# <img src=x onerror=alert(1)>",
            "- <b>",
            "```\n</code><script>\n```",
            "[x](javascript:alert(1))",
            "[x](https://a\"onclick=\"alert(1))",
            "[<script>](https://a)",
            "**<script>**",
            "\\<script>",
        ] {
            let html = html(hostile, 3);
            assert!(
                !html.contains("<script") && !html.contains("<img") && !html.contains("<b>"),
                "{html}"
            );
            assert!(!html.contains("href=\"javascript") && !html.contains("\"onclick"), "{html}");
        }
    }

    #[test]
    fn odd_markup_is_text_and_ends() {
        assert_eq!(inline("2 * 3 * 4 and ** and [a] and `x"), "2 * 3 * 4 and ** and [a] and `x");
        assert_eq!(html("", 3), "");
        let deep = "*".repeat(20_000) + &"_a".repeat(20_000) + &"[".repeat(20_000);
        assert!(inline(&deep).len() >= 40_000);
    }

    #[test]
    fn names_from_a_record_stay_themselves() {
        for name in ["a`b|c\nd", "<script>", "**", "", "a_b", "\\", "&lt;"] {
            let html = inline(&literal(name));
            assert_eq!(html, escape(&name.replace('\n', " ")));
            assert!(
                inline(&code(name)).starts_with("<code>")
                    && !inline(&code(name)).contains("<script")
            );
        }
    }
}

//! The Markdown of suites' prose and of sentences, as HTML. Raw HTML in it is text: it comes from a record, and a record
//! may come from anywhere.

use crate::html::{Html, html};
use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd};

/// Returns Markdown as HTML. Its headings begin at level `top`, 1 to 6.
pub(crate) fn prose(markdown: &str, top: usize) -> Html {
    Parser::new(markdown).map(|event| element(event, top)).collect()
}

/// Returns one paragraph of Markdown as HTML, without the paragraph's tag.
pub(crate) fn inline(markdown: &str) -> Html {
    let paragraph =
        |e: &Event<'_>| !matches!(e, Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph));
    Parser::new(markdown).filter(paragraph).map(|event| element(event, 1)).collect()
}

fn element(event: Event<'_>, top: usize) -> Html {
    let level = |level: HeadingLevel| (level as usize + top - 1).min(6).to_string();
    match event {
        Event::Start(tag) => match tag {
            Tag::Paragraph => html!("<p>"),
            Tag::Heading { level: l, .. } => html!("<h{l}>", l = level(l)),
            Tag::List(None) => html!("<ul>"),
            Tag::List(Some(_)) => html!("<ol>"),
            Tag::Item => html!("<li>"),
            Tag::CodeBlock(_) => html!("<pre><code>"),
            Tag::BlockQuote(_) => html!("<blockquote>"),
            Tag::Emphasis => html!("<em>"),
            Tag::Strong => html!("<strong>"),
            Tag::Link { dest_url: to, .. }
                if to.starts_with("https://") || to.starts_with("http://") =>
            {
                html!("<a href=\"{to}\" rel=\"noreferrer\">", to = &*to)
            }
            Tag::Link { .. } => html!("<a>"),
            _ => Html::default(),
        },
        Event::End(tag) => match tag {
            TagEnd::Paragraph => html!("</p>\n"),
            TagEnd::Heading(l) => html!("</h{l}>\n", l = level(l)),
            TagEnd::List(false) => html!("</ul>\n"),
            TagEnd::List(true) => html!("</ol>\n"),
            TagEnd::Item => html!("</li>"),
            TagEnd::CodeBlock => html!("</code></pre>\n"),
            TagEnd::BlockQuote(_) => html!("</blockquote>\n"),
            TagEnd::Emphasis => html!("</em>"),
            TagEnd::Strong => html!("</strong>"),
            TagEnd::Link => html!("</a>"),
            _ => Html::default(),
        },
        Event::Code(text) => html!("<code>{text}</code>", text = &*text),
        Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => {
            html!("{text}", text = &*text)
        }
        Event::SoftBreak => html!("\n"),
        Event::HardBreak => html!("<br>"),
        Event::Rule => html!("<hr>\n"),
        _ => Html::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_show::html::escape;
    use ipcmark_show::markdown;

    #[test]
    fn markdown_becomes_html() {
        let text = "# Why\n\nA *pipe* **blocks**, see `pipe(7)` and\n[the page](https://example.org/a?b=1&c).\n\n- one\n- two\n  more\n\n1. first\n\n```\na < b\n```\nmax_pipe_size";
        let expected = "<h3>Why</h3>\n<p>A <em>pipe</em> <strong>blocks</strong>, see <code>pipe(7)</code> and\n<a href=\"https://example.org/a?b=1&amp;c\" rel=\"noreferrer\">the page</a>.</p>\n<ul><li>one</li><li>two\nmore</li></ul>\n<ol><li>first</li></ol>\n<pre><code>a &lt; b\n</code></pre>\n<p>max_pipe_size</p>\n";
        assert_eq!(prose(text, 3).0, expected);
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
            "![x](https://a)",
            "[<script>](https://a)",
            "<https://a\"onclick=>",
            "**<script>**",
            "\\<script>",
        ] {
            let html = prose(hostile, 3).0;
            let tags = ["<script", "<img", "<b>", "href=\"javascript", "\"onclick"];
            assert!(!tags.iter().any(|tag| html.contains(tag)), "{html}");
        }
    }

    #[test]
    fn odd_markup_is_text_and_ends() {
        assert_eq!(inline("2 * 3 * 4 and ** and [a] and `x").0, "2 * 3 * 4 and ** and [a] and `x");
        assert_eq!(prose("", 3).0, "");
        let deep = "*".repeat(20_000) + &"_a".repeat(20_000) + &"[".repeat(20_000);
        assert!(inline(&deep).0.len() >= 40_000);
    }

    #[test]
    fn names_from_a_record_stay_themselves() {
        for name in ["a`b|c\nd", "<script>", "**", "a_b", "\\", "&lt;"] {
            let shown = inline(&format!("of {}", markdown::escape(name))).0;
            assert_eq!(shown, format!("of {}", escape(&name.replace('\n', " "))));
            let code = inline(&markdown::code(name)).0;
            assert!(code.starts_with("<code>") && !code.contains("<script"), "{code}");
        }
    }
}

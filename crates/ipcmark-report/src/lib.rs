//! HTML, PNG, SVG and Markdown from a record alone

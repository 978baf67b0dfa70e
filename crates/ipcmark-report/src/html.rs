//! Markup in which text stays text.

use ipcmark_show::html::escape;
use std::borrow::Cow;

/// Markup. [`html!`] escapes everything else.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Html(pub String);

/// A value that a page can show.
pub(crate) trait Shown {
    /// Returns it as markup.
    fn shown(&self) -> Cow<'_, str>;
}

impl Html {
    /// Appends more markup.
    pub(crate) fn push(&mut self, more: &Html) {
        self.0.push_str(&more.0);
    }
}

impl Shown for Html {
    fn shown(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.0)
    }
}

impl Shown for str {
    fn shown(&self) -> Cow<'_, str> {
        Cow::Owned(escape(self))
    }
}

impl Shown for String {
    fn shown(&self) -> Cow<'_, str> {
        self.as_str().shown()
    }
}

impl<T: Shown + ?Sized> Shown for &T {
    fn shown(&self) -> Cow<'_, str> {
        T::shown(self)
    }
}

impl Shown for i64 {
    fn shown(&self) -> Cow<'_, str> {
        Cow::Owned(self.to_string())
    }
}

impl Shown for usize {
    fn shown(&self) -> Cow<'_, str> {
        Cow::Owned(self.to_string())
    }
}

impl FromIterator<Html> for Html {
    fn from_iter<I: IntoIterator<Item = Html>>(all: I) -> Html {
        Html(all.into_iter().map(|one| one.0).collect())
    }
}

/// Fills values into markup, by name. Values that are not markup are escaped.
macro_rules! html {
    ($markup:expr $(, $name:ident = $value:expr)* $(,)?) => {
        // `concat` refuses captured names, which would not be escaped.
        $crate::html::Html(format!(
            concat!($markup)
            $(, $name = $crate::html::Shown::shown(&$value))*
        ))
    };
}
pub(crate) use html;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_markup_is_not() {
        let name = String::from("<script>\"'&");
        let inner: Html = ["<b>", "c"].into_iter().map(|t| html!("<i>{t}</i>", t = t)).collect();
        assert_eq!(
            html!("<p title=\"{name}\">{inner}</p>", name = name, inner = inner).0,
            "<p title=\"&lt;script&gt;&quot;&#39;&amp;\"><i>&lt;b&gt;</i><i>c</i></p>"
        );
    }
}

//! Lists of transports' names, as short as they can be.

/// Returns `pipe/{spin,poll}, mq/block`: the selector of the command line reads it, too.
#[must_use]
pub fn braced(names: &[impl AsRef<str>]) -> String {
    let mut mechanisms: Vec<(&str, Vec<&str>)> = Vec::new();
    for name in names.iter().map(AsRef::as_ref) {
        let (mechanism, wait) = name.rsplit_once('/').unwrap_or((name, ""));
        match mechanisms.iter_mut().find(|(known, _)| *known == mechanism) {
            Some((_, waits)) => waits.push(wait),
            None => mechanisms.push((mechanism, vec![wait])),
        }
    }
    let word = |(mechanism, waits): &(&str, Vec<&str>)| match waits.as_slice() {
        [""] => (*mechanism).to_owned(),
        [wait] => format!("{mechanism}/{wait}"),
        waits => format!("{mechanism}/{{{}}}", waits.join(",")),
    };
    mechanisms.iter().map(word).collect::<Vec<_>>().join(", ")
}

/// Returns each reason once, with the names that share it, in the order of first mention. A reason that
/// all of many `rows` share names none.
#[must_use]
pub fn grouped<'a>(
    reasons: impl IntoIterator<Item = (&'a str, String)>,
    rows: usize,
) -> Vec<(String, String)> {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for (name, reason) in reasons {
        match groups.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, names)) if names.contains(&name) => {}
            Some((_, names)) => names.push(name),
            None => groups.push((reason, vec![name])),
        }
    }
    let named = |(reason, names): (String, Vec<&str>)| match names.len() {
        n if n > 3 && n == rows => (format!("all {n}"), reason),
        _ => (braced(&names), reason),
    };
    groups.into_iter().map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_the_same_reason_share_a_line() {
        let of = |reasons: [(&'static str, &str); 4], rows| {
            let reasons = reasons.map(|(name, reason)| (name, reason.to_owned()));
            grouped(reasons, rows).iter().map(|(n, r)| format!("{n}: {r}")).collect::<Vec<_>>()
        };
        assert_eq!(of([("a", "x"), ("b", "y"), ("c", "x"), ("d", "x")], 4), ["a, c, d: x", "b: y"]);
        assert_eq!(of([("a", "x"), ("b", "x"), ("c", "x"), ("d", "x")], 4), ["all 4: x"]);
        assert_eq!(
            of([("p/a", "x"), ("q/a", "x"), ("p/b", "x"), ("q/a", "x")], 9),
            ["p/{a,b}, q/a: x"]
        );
    }
}

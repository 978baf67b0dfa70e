//! The times of messages of each size, where messages have several.

use super::percentile;
use ipcmark_show::{Cell, Column, Head, Quantity, Table, bytes, count};
use ipcmark_summary::{Row, SizeFigure};

/// One size of one row.
type OfSize<'a> = (&'a Row, &'a SizeFigure);

/// Returns the table of all sizes of all rows; `None` if each row has one size.
#[must_use]
pub fn size_table(rows: &[Row]) -> Option<Table> {
    let several = rows.iter().filter(|row| row.by_size.len() > 1);
    let sizes = several.flat_map(|row| row.by_size.iter().map(move |of| (row, of)));
    let all: Vec<OfSize<'_>> = sizes.collect();
    (!all.is_empty()).then(|| Table::of(&columns(), &all).without_empty())
}

fn columns<'a>() -> Vec<Column<'static, OfSize<'a>>> {
    let quantile = |q: f64, spare| {
        let head = Head::number(super::quantile_name(q), super::OVER_INVOCATIONS).spare(spare);
        Column::new(head, move |(_, of): &OfSize<'a>| {
            let own = of.percentiles.iter().find(|p| p.quantile == q);
            own.map_or_else(Cell::missing, percentile)
        })
    };
    vec![
        Column::new(
            Head::words("Transport", "mechanism / wait").class("name"),
            |(row, _): &OfSize<'a>| Cell::name(&row.key.transport),
        ),
        Column::new(
            Head::words("Workload", "its parameters, and the CPUs"),
            |(row, _): &OfSize<'a>| {
                let under = [row.key.load(), row.key.placement.to_string()];
                let under = under.into_iter().filter(|part| !part.is_empty());
                Cell::words(row.key.workload.name()).under(under.collect::<Vec<_>>().join(", "))
            },
        ),
        Column::new(Head::number("Size", "of the messages"), |(_, of): &OfSize<'a>| {
            let (from, to) = (bytes(of.from_bytes), bytes(of.to_bytes));
            let text = if from == to { to } else { format!("{from} to {to}") };
            Cell::number(text, of.to_bytes as f64)
        }),
        Column::new(Head::number("Messages", "in all invocations"), |(_, of): &OfSize<'a>| {
            let samples = of.percentiles.first().map_or(0, |p| p.samples);
            Cell::number(count(samples), samples as f64)
        }),
        quantile(0.5, 12),
        quantile(0.9, 3),
        quantile(0.99, 10),
        quantile(0.999, 5),
        quantile(0.9999, 2),
        Column::new(
            Head::number("Largest", "the longest time of one message").spare(4),
            |(_, of): &OfSize<'a>| Cell::value(Quantity::Time, of.max_ns),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_summary::{Estimate, Percentile};

    #[test]
    fn each_size_has_a_row_and_rows_of_one_size_have_none() {
        let mut rows = vec![
            crate::testing::row("pipe/block", 64, 5_000.0, None),
            crate::testing::row("fifo/block", 4096, 6_000.0, None),
        ];
        assert_eq!(size_table(&rows), None);
        let ns = |value| Estimate { value, interval: None, confidence: None };
        let of = |from_bytes, to_bytes, value| SizeFigure {
            from_bytes,
            to_bytes,
            percentiles: vec![Percentile {
                quantile: 0.5,
                ns: ns(value),
                samples: 1_234,
                enough: true,
            }],
            max_ns: 9e6,
        };
        rows[1].by_size = vec![of(64, 64, 5_500.0), of(65, 4096, 9_900.0)];
        rows[1].key.mix = "64:9,4096:1".parse().ok();
        let table = size_table(&rows).unwrap();
        let line = |n: usize| table.rows[n].iter().map(|c| c.text.as_str()).collect::<Vec<_>>();
        assert_eq!(line(0), ["fifo/block", "ping-pong", "64 B", "1,234", "5.50 µs", "9.00 ms"]);
        assert_eq!(line(1)[2], "65 B to 4 KiB");
        assert!(table.rows[0][1].under.contains("sizes 64:9,4096:1"), "{:?}", table.rows[0][1]);
    }
}

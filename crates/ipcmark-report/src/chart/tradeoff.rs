//! The price of latency: the median round trip against its CPU time, both on log scales.
//!
//! A ranking by one of the two does not show the choice between them. A line joins and names the transports that no other
//! beats in both (the Pareto front). A second line does so for those that sleep: messages follow without pause here, and
//! a spinner costs as much when none come. The dashes are the cost of two sides that never leave their CPUs.

use super::axis::Axis;
use super::parts::{colours, stem};
use super::pen::{self, Pen, Picture, Place, Text};
use super::plot::{Plot, SMALL};
use super::{Body, Chart, Kind};
use crate::palette::{self, Colour};
use ipcmark_record::Workload;
use ipcmark_show::Quantity;
use ipcmark_view::{Entry, Ranking};

/// One transport: its median, its CPU time, both ns.
#[derive(Debug, Clone, PartialEq)]
struct Spot {
    name: String,
    colour: Colour,
    at: (f64, f64),
    /// True if no other is both as fast and as cheap.
    front: bool,
    /// True if it sleeps while it waits, and no other that does is both as fast and as cheap.
    front_asleep: bool,
}

/// All transports of one ranking.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TradeOff {
    x: Axis,
    y: Axis,
    spots: Vec<Spot>,
    /// Waits and their colours.
    legend: Vec<(String, Colour)>,
}

/// Fewest transports of a chart.
const FEWEST: usize = 3;
const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 470.0;
const PLOT: Plot = Plot { left: 84.0, right: 640.0, top: 62.0, bottom: 424.0 };
const LEGEND: f64 = 660.0;
const LEADING: f64 = 12.5;

/// Returns a chart for each placement that has round trips: of the usual size, or the smallest.
pub(super) fn trade_offs(rankings: &[Ranking]) -> Vec<Chart> {
    let mut chosen: Vec<&Ranking> = Vec::new();
    for ranking in rankings.iter().filter(|r| r.setting.workload == Workload::PingPong) {
        let place = |r: &&&Ranking| r.setting.placement == ranking.setting.placement;
        if !chosen.iter().any(|r| place(&r)) {
            let here = || {
                rankings.iter().filter(|r| r.setting.workload == Workload::PingPong && place(&r))
            };
            let usual = here().find(|r| r.setting.size_bytes == ipcmark_view::USUAL_SIZE_BYTES);
            chosen.extend(usual.or(here().min_by_key(|r| r.setting.size_bytes)));
        }
    }
    chosen.into_iter().filter_map(chart).collect()
}

fn chart(ranking: &Ranking) -> Option<Chart> {
    let at = |e: &Entry| (e.value.value, e.figure.cpu_ns_per_message.value);
    // Figures of CPUs at another distance are not comparable.
    let there = |e: &&Entry| e.is_ranked() && e.enough && at(e).0 > 0.0 && at(e).1 > 0.0;
    let entries: Vec<&Entry> = ranking.entries.iter().filter(there).collect();
    if entries.len() < FEWEST {
        return None;
    }
    let beaten = |(x, y): (f64, f64), by: fn(&Entry) -> bool| {
        let better = |(a, b): (f64, f64)| a <= x && b <= y && (a < x || b < y);
        entries.iter().any(|other| by(other) && better(at(other)))
    };
    let asleep: fn(&Entry) -> bool = |e| !e.keeps_its_cpu();
    let spot = |e: &&Entry| Spot {
        name: e.row.key.transport.clone(),
        colour: palette::of_wait(e.row.wait, false),
        at: at(e),
        front: !beaten(at(e), |_| true),
        front_asleep: asleep(e) && !beaten(at(e), asleep),
    };
    let spots: Vec<Spot> = entries.iter().map(spot).collect();
    let setting = &ranking.setting;
    let x = Axis::log(
        &format!("{}, median (log scale)", setting.time_of()),
        Quantity::Time,
        spots.iter().map(|s| s.at.0),
    )?;
    let y = Axis::log(
        &format!("CPU time of all sides, one {} (log scale)", setting.counted()),
        Quantity::Time,
        spots.iter().map(|s| s.at.1),
    )?;
    let legend = colours(entries.iter().copied());
    Some(Chart {
        stem: stem("latency-and-cpu", setting, true),
        kind: Kind::TradeOff,
        title: format!("What latency costs: {}, {}", setting.workload, setting.place()),
        note: "Left is faster, down is cheaper. Joined and named: no other is both faster and cheaper, of all and of \
               those that sleep while they wait."
            .into(),
        body: Body::TradeOff(TradeOff { x, y, legend, spots }),
    })
}

impl Picture for TradeOff {
    fn size(&self) -> (f64, f64) {
        (WIDTH, HEIGHT)
    }

    fn draw(&self, pen: &mut Pen) {
        PLOT.axes(&self.x, &self.y, pen);
        let mut taken = Vec::from_iter(self.busy(pen));
        let fronts: [fn(&Spot) -> bool; 2] = [|s| s.front, |s| s.front_asleep];
        let fronts = fronts.map(|in_it| {
            let mut front: Vec<&Spot> = self.spots.iter().filter(|s| in_it(s)).collect();
            front.sort_by(|a, b| a.at.0.total_cmp(&b.at.0));
            front
        });
        for front in &fronts {
            let path: Vec<Place> = front.iter().map(|s| self.place(s)).collect();
            pen.line(&path, palette::MUTED, 1.0);
        }
        for spot in &self.spots {
            pen.ring(self.place(spot), spot.colour, false);
        }
        self.names(&fronts.concat(), &mut taken, pen);
        let mut y = PLOT.top + 8.0;
        for (waits, colour) in &self.legend {
            pen.ring((LEGEND, y), *colour, false);
            for line in pen::wrap(waits, SMALL, WIDTH - LEGEND - 14.0) {
                pen.text((LEGEND + 10.0, y), &line, Text::new(SMALL, palette::INK));
                y += LEADING;
            }
            y += 4.0;
        }
    }
}

/// Left, right, upper and lower end of a text.
type Area = [f64; 4];

/// Returns the area of a text that begins at a place.
fn area((x, y): Place, width: f64) -> Area {
    [x, x + width, y - LEADING / 2.0, y + LEADING / 2.0]
}

fn are_apart(a: &Area, b: &Area) -> bool {
    a[1] < b[0] || b[1] < a[0] || a[3] < b[2] || b[3] < a[2]
}

fn is_in_plot(area: &Area) -> bool {
    let Plot { left, right, top, bottom } = PLOT;
    area[0] > left + 2.0 && area[1] < right && area[2] > top && area[3] < bottom
}

impl TradeOff {
    fn place(&self, spot: &Spot) -> Place {
        PLOT.at((self.x.place(spot.at.0), self.y.place(spot.at.1)))
    }

    /// Draws the cost of two sides that never leave their CPUs: twice the round trip. Returns the box of
    /// its words, which stand where no dot is.
    fn busy(&self, pen: &mut Pen) -> Option<Area> {
        const STEPS: u32 = 240;
        let (low, high) = (self.x.value(0.0), self.x.value(1.0));
        let at = |step: u32| {
            let x = low * (high / low).powf(f64::from(step) / f64::from(STEPS));
            (self.x.place(x), self.y.place(2.0 * x))
        };
        let inside = (0..=STEPS).map(at).filter(|(_, y)| (0.0..=1.0).contains(y));
        let inside: Vec<Place> = inside.map(|place| PLOT.at(place)).collect();
        for dash in inside.chunks(5) {
            if let [from, .., to] = dash[..dash.len().min(3)] {
                pen.line(&[from, to], palette::MUTED, 0.5);
            }
        }
        const WORDS: &str = "two CPUs busy all the time";
        let look = Text::new(9.0, palette::MUTED);
        let width = pen::width(WORDS, look.em);
        let at = |(x, y): &Place| (x.min(PLOT.right) - 12.0 - width, y + 6.0);
        let (place, area) = inside.iter().rev().find_map(|end| {
            let (place, area) = (at(end), area(at(end), width));
            (is_in_plot(&area) && self.dots_in(&area) == 0).then_some((place, area))
        })?;
        pen.text(place, WORDS, look);
        Some(area)
    }

    /// Returns the number of dots in an area.
    fn dots_in(&self, area: &Area) -> usize {
        let dots = self.spots.iter().map(|spot| self.place(spot));
        dots.filter(|&(x, y)| !are_apart(area, &[x - 4.0, x + 4.0, y - 4.0, y + 4.0])).count()
    }

    /// Draws the names of the front next to their dots, to the lower left if there is room: no other dot
    /// can be there. A name covers another dot only where it has no other place, and no other words.
    fn names(&self, front: &[&Spot], taken: &mut Vec<Area>, pen: &mut Pen) {
        for spot in front {
            let (x, y) = self.place(spot);
            let look = Text::new(SMALL, palette::INK);
            let (name, look) = pen::fit_name(&spot.name, look, (PLOT.right - PLOT.left) / 2.0);
            let width = pen::width(&name, look.em);
            let places = [9.0, -10.0, 0.0, 21.0, -22.0]
                .into_iter()
                .flat_map(|dy| [(x - 7.0 - width, y + dy), (x + 7.0, y + dy)]);
            let free: Vec<(Place, Area)> = places
                .map(|place| (place, area(place, width)))
                .filter(|(_, area)| is_in_plot(area) && taken.iter().all(|b| are_apart(area, b)))
                .collect();
            let own = |area: &Area| self.dots_in(area);
            if let Some((place, area)) = free.into_iter().min_by_key(|(_, area)| own(area)) {
                pen.text(place, &name, look);
                taken.push(area);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_view::rankings;
    use ipcmark_view::testing::{row, summary};

    #[test]
    fn what_nothing_beats_in_both_is_the_front() {
        let cost = [
            ("a/spin", 10.0, 40.0),
            ("b/block", 30.0, 9.0),
            ("c/poll", 31.0, 41.0),
            ("d/epoll", 50.0, 9.0),
        ];
        let rows = cost.map(|(name, ns, cpu)| {
            let mut row = row(name, 64, ns, Some((ns, ns)));
            row.figure.as_mut().unwrap().cpu_ns_per_message.value = cpu;
            row
        });
        let summary = summary(rows.into());
        let charts = trade_offs(&rankings(&summary));
        let Body::TradeOff(body) = &charts[0].body else { panic!("a trade-off") };
        let front: Vec<&str> =
            body.spots.iter().filter(|s| s.front).map(|s| s.name.as_str()).collect();
        assert_eq!(front, ["a/spin", "b/block"]);
        let svg = charts[0].svg().unwrap();
        assert!(
            svg.contains("a/spin") && svg.contains("b/block") && !svg.contains("c/poll"),
            "{svg}"
        );
    }

    #[test]
    fn two_transports_need_no_chart_and_one_placement_has_one() {
        let rows = |n: usize| {
            (0..n).flat_map(|i| {
                [64, 1024].map(|size| row(&format!("t{i}/block"), size, 9.0 + i as f64, None))
            })
        };
        let of = |n| trade_offs(&rankings(&summary(rows(n).collect()))).len();
        assert_eq!((of(2), of(4)), (0, 1));
    }
}

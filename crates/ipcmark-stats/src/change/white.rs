//! A stretch seen through its own autocorrelation: one level, a step, a spell.
//!
//! Where each point leans on the one before by ρ, what is new in a point is itself less ρ times the one before. There, points are
//! independent again and least squares are the best that can be had: a step is a jump of its full height, and then of (1 − ρ)
//! times it on each point.
//!
//! Source: Prais and Winsten, "Trend Estimators and Serial Correlation" (1954).

/// Shape that a stretch may have instead of one level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Another level from a point on.
    Step,
    /// Another level from a point on, and at a later point the first one again.
    Spell,
}

/// Place where a shape explains most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Widest {
    /// First point of the other level.
    pub(super) from: usize,
    /// The first point after it; the end of the stretch for a step.
    pub(super) to: usize,
    /// Square error that it explains.
    pub(super) explained: f64,
}

/// Correlation of points with the ones before, and the fewest points on each side of a cut.
#[derive(Debug, Clone, Copy)]
pub(super) struct White {
    /// Correlation, from 0 to less than 1.
    pub(super) rho: f64,
    pub(super) side: usize,
}

impl White {
    /// Returns what is new in each value, about the one level that fits best.
    pub(super) fn of(&self, values: &[f64]) -> Vec<f64> {
        let first = values[..1].iter().map(|v| v * self.first());
        let new = first.chain(values.windows(2).map(|pair| pair[1] - self.rho * pair[0]));
        let mut white: Vec<f64> = new.collect();
        self.centre(&mut white);
        white
    }

    /// Takes the best level out of white values.
    pub(super) fn centre(&self, white: &mut [f64]) {
        let Some((head, tail)) = white.split_first_mut() else { return };
        let share = self.rest();
        let product = self.first() * *head + share * tail.iter().sum::<f64>();
        let level = product / self.level_square(tail.len() + 1);
        *head -= level * self.first();
        tail.iter_mut().for_each(|v| *v -= level * share);
    }

    /// Returns where `shape` explains most of centred white values; `None` where there is no room for it. `behind` is
    /// scratch.
    pub(super) fn widest(
        &self,
        white: &[f64],
        shape: Shape,
        behind: &mut Vec<f64>,
    ) -> Option<Widest> {
        self.project(white, behind);
        match shape {
            Shape::Step => self.widest_step(behind),
            Shape::Spell => self.widest_spell(behind),
        }
    }

    fn widest_step(&self, behind: &[f64]) -> Option<Widest> {
        let (n, share) = (behind.len(), self.rest());
        let mut best: Option<Widest> = None;
        let places = behind.get(self.side..(n + 1).checked_sub(self.side)?)?;
        for (from, product) in (self.side..).zip(places) {
            let rest = share * share * (n - from - 1) as f64;
            let square = 1.0 + rest - (share + rest).powi(2) / self.level_square(n);
            let explained = product * product / square;
            if best.is_none_or(|b| explained > b.explained) {
                best = Some(Widest { from, to: n, explained });
            }
        }
        best
    }

    /// Searches length by length, because what a spell's product is divided by depends on its length alone: each permutation looks at all
    /// places of all lengths, and this is where the time goes.
    fn widest_spell(&self, behind: &[f64]) -> Option<Widest> {
        let (n, share) = (behind.len(), self.rest());
        let places = behind.get(self.side..(n + 1).checked_sub(self.side)?)?;
        let mut best: Option<(usize, f64, f64)> = None;
        for long in self.side..places.len() {
            let product_square = most_apart(&places[..places.len() - long], &places[long..]);
            let rest = share * share * (long - 1) as f64;
            let level = share * share * long as f64;
            let square = 1.0 + rest + self.rho * self.rho - level * level / self.level_square(n);
            let explained = product_square / square;
            if best.is_none_or(|(_, _, most)| explained > most) {
                best = Some((long, product_square, explained));
            }
        }
        let (long, product_square, explained) = best?;
        let apart = |at: usize| places[at] - places[at + long];
        let here = |at: &usize| apart(*at) * apart(*at) == product_square;
        let from = self.side + (0..places.len() - long).find(here)?;
        Some(Widest { from, to: from + long, explained })
    }

    /// Subtracts from white values what the shape found in them explains.
    pub(super) fn less(&self, white: &[f64], found: Widest) -> Vec<f64> {
        let n = white.len();
        let mut shape = vec![0.0; n];
        shape[found.from] = 1.0;
        shape[found.from + 1..found.to].fill(self.rest());
        if found.to < n {
            shape[found.to] = -self.rho;
        }
        self.centre(&mut shape);
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let height = dot(white, &shape) / dot(&shape, &shape);
        white.iter().zip(shape).map(|(v, s)| v - height * s).collect()
    }

    /// Fills `behind` with the product of the values and a unit step at each point.
    fn project(&self, white: &[f64], behind: &mut Vec<f64>) {
        behind.clear();
        behind.resize(white.len(), 0.0);
        let mut sum = 0.0;
        for (at, value) in white.iter().enumerate().rev() {
            behind[at] = value + self.rest() * sum;
            sum += value;
        }
    }

    /// Returns what a level of 1 is in the first white value.
    fn first(&self) -> f64 {
        (1.0 - self.rho * self.rho).sqrt()
    }

    /// Tests that spells are found in each other shape.
    fn rest(&self) -> f64 {
        1.0 - self.rho
    }

    fn level_square(&self, n: usize) -> f64 {
        self.first().powi(2) + (n - 1) as f64 * self.rest().powi(2)
    }
}

/// Returns the largest square of a difference of two values at one place. Four at a time, so that vector
/// instructions do it.
fn most_apart(a: &[f64], b: &[f64]) -> f64 {
    let mut most = [0.0; 4];
    let (a, b) = (a.chunks_exact(4), b.chunks_exact(4));
    let rests = [a.remainder(), b.remainder()];
    for (a, b) in a.zip(b) {
        for lane in 0..4 {
            let square = (a[lane] - b[lane]) * (a[lane] - b[lane]);
            most[lane] = if square > most[lane] { square } else { most[lane] };
        }
    }
    let rest = rests[0].iter().zip(rests[1]).map(|(a, b)| (a - b) * (a - b));
    rest.chain(most).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn squares(values: &[f64]) -> f64 {
        values.iter().map(|v| v * v).sum()
    }

    #[test]
    fn without_autocorrelation_it_is_the_split_of_the_textbooks() {
        let white = White { rho: 0.0, side: 2 };
        let values = white.of(&[1.0, 1.0, 1.0, 3.0, 3.0, 3.0]);
        let found = white.widest(&values, Shape::Step, &mut Vec::new()).unwrap();
        assert_eq!((found.from, found.to), (3, 6));
        assert!((found.explained - 6.0).abs() < 1e-12);
        assert!(squares(&white.less(&values, found)) < 1e-20);
        assert_eq!(white.widest(&values[..3], Shape::Step, &mut Vec::new()), None);
    }

    #[test]
    fn bare_steps_and_spells_are_explained_wholly_at_any_autocorrelation() {
        for rho in [0.0, 0.3, 0.9] {
            let white = White { rho, side: 3 };
            for (shape, to) in [(Shape::Step, 20), (Shape::Spell, 12)] {
                let mut values = [5.0; 20];
                values[8..to].fill(7.0);
                let white_values = white.of(&values);
                let found = white.widest(&white_values, shape, &mut Vec::new()).unwrap();
                assert_eq!((found.from, found.to), (8, to), "{shape:?} at {rho}");
                assert!((found.explained - squares(&white_values)).abs() < 1e-9);
                assert!(squares(&white.less(&white_values, found)) < 1e-18);
            }
        }
    }

    #[test]
    fn the_best_spell_is_that_of_trying_each() {
        let values: Vec<f64> = (0..31).map(|i| f64::from(i * i % 23)).collect();
        let white = White { rho: 0.4, side: 5 };
        let seen = white.of(&values);
        let found = white.widest(&seen, Shape::Spell, &mut Vec::new()).unwrap();
        let mut most = 0.0f64;
        for from in 5..=21 {
            for to in from + 5..=26 {
                let tried = Widest { from, to, explained: 0.0 };
                most = most.max(squares(&seen) - squares(&white.less(&seen, tried)));
            }
        }
        assert!((found.explained - most).abs() < 1e-9, "{found:?} {most}");
    }

    #[test]
    fn what_is_explained_and_what_is_left_add_up() {
        let values: Vec<f64> = (0..30).map(|i| f64::from(i * i % 17)).collect();
        let white = White { rho: 0.4, side: 3 };
        let seen = white.of(&values);
        for shape in [Shape::Step, Shape::Spell] {
            let found = white.widest(&seen, shape, &mut Vec::new()).unwrap();
            let left = squares(&white.less(&seen, found));
            assert!((found.explained + left - squares(&seen)).abs() < 1e-9, "{shape:?}");
        }
    }
}

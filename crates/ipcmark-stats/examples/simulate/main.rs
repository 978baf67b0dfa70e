//! Prints what the statistics find and invent on made-up data whose truth is known, as Markdown: `simulate`.
//!
//! Seeded, so the figures are the same on each run. `tests/simulation/` tries fewer cases of the same code.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example is a program")]

mod history;
#[path = "../../tests/simulation/laws.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod laws;
mod paired;

use history::{Noise, bump_found, false_alarms, false_points, found};
use ipcmark_stats::Scan;
use paired::{Spread, Suite, coverage, power_at_the_stated_effect, suites};

const SEED: u64 = 1;
const WILD: Spread = Spread { deviation: 0.04, wild: 0.1, skew: 0.0 };
const SKEWED: Spread = Spread { deviation: 0.04, wild: 0.0, skew: 0.5 };

fn main() {
    invented();
    located();
    two_stages();
    intervals();
    detectable();
}

fn invented() {
    println!("## False change points in 100 commits without any\n");
    println!("| series | one scan | a scan after each commit |\n| --- | ---: | ---: |");
    let scan = Scan { permutations: 1_999, ..Scan::default() };
    for noise in [
        Noise::White(0.01),
        Noise::White(0.03),
        Noise::LogNormal(0.05),
        Noise::Autoregressive(0.3, 0.01),
        Noise::Autoregressive(0.3, 0.03),
        Noise::Autoregressive(0.6, 0.01),
        Noise::Autoregressive(0.6, 0.03),
        Noise::Autoregressive(0.9, 0.03),
        Noise::Spiked(0.01),
    ] {
        let once = false_points(noise, 100, 600, &scan);
        let each = false_alarms(noise, 100, 20, &scan);
        println!("| {} | {once:.3} | {each:.2} |", noise.name());
    }
}

fn located() {
    println!("\n## A step of 5 %, found within two points of its place\n");
    println!(
        "| series | 10 + 10 points | 20 + 10 | 40 + 10 | 90 + 10 | 40 + 5 | spell of 10 in 90 | of 20 in 100 |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let scan = Scan { permutations: 1_999, ..Scan::default() };
    for noise in [
        Noise::White(0.01),
        Noise::Autoregressive(0.3, 0.01),
        Noise::Autoregressive(0.6, 0.01),
        Noise::LogNormal(0.02),
        Noise::Spiked(0.01),
    ] {
        print!("| {} ", noise.name());
        for points in [(10, 10), (20, 10), (40, 10), (90, 10), (40, 5)] {
            let (share, _) = found(noise, points, 1.05, 300, &scan);
            print!("| {share:.3} ");
        }
        for spell in [(40, 10), (40, 20)] {
            print!("| {:.2} ", bump_found(noise, spell, 1.05, 60, &scan));
        }
        println!("|");
    }
}

fn two_stages() {
    println!("\n## A suite of 200 cells, 10 of them 5 % slower, in two stages\n");
    println!("| pairs | screened | p at most | power | false alarms a suite | candidates |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    for spread in [Spread::normal(0.01), Spread::normal(0.02), Spread::normal(0.04), WILD] {
        for screen_pairs in [8, 12, 16] {
            for screen_p in [0.05, 0.1, 0.2] {
                let suite = Suite {
                    cells: 200,
                    slower: 10,
                    effect: 0.05,
                    screen_pairs,
                    screen_p,
                    fresh: 2,
                };
                let o = suites(&suite, spread, 100, SEED);
                println!(
                    "| {} | {screen_pairs} | {screen_p} | {:.3} | {:.2} | {:.0} |",
                    spread.name(),
                    o.power,
                    o.false_alarms,
                    o.candidates
                );
            }
        }
    }
}

fn intervals() {
    println!(
        "\n## The pseudo-median's interval and the signed-rank p value where nothing changed\n"
    );
    println!("| differences | n | holds the median | says | p at most 0.05 |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    for spread in [Spread::normal(0.04), WILD, SKEWED] {
        for n in [6, 8, 12, 16, 30] {
            let (held, said, small) = coverage(spread, n, 10_000, SEED);
            println!("| {} | {n} | {held:.3} | {said:.3} | {small:.3} |", spread.name());
        }
    }
}

fn detectable() {
    println!("\n## The smallest detectable effect: called as often as the 0.80 it names?\n");
    println!("| differences | n | stated, median | called |\n| --- | ---: | ---: | ---: |");
    for spread in [Spread::normal(0.01), Spread::normal(0.04), WILD, SKEWED] {
        for n in [6, 8, 12, 16, 32] {
            let (stated, called) = power_at_the_stated_effect(spread, n, 5_000, SEED);
            println!("| {} | {n} | {:.1} % | {called:.3} |", spread.name(), stated * 100.0);
        }
    }
}

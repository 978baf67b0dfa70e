//! Colours, each with its counterpart on a dark page.
//!
//! Colour shows how a side waits: that decides the cost of a figure, and there are more families than colours that a
//! colour-blind reader can distinguish. Waits of similar cost share a colour; names at the ends of the lines distinguish
//! them. The hues follow Paul Tol's vibrant scheme (<https://personal.sron.nl/~pault/>), darkened to 3:1 against the page.

use ipcmark_record::{CpuUse, WaitKind};
use plotters::style::RGBColor;

/// A colour on a light page, and the one that replaces it on a dark page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Colour {
    /// `#RRGGBB` as a number; each role has its own, so that a style sheet can distinguish them in an SVG.
    pub light: u32,
    /// Its counterpart on a dark page.
    pub dark: u32,
}

const fn colour(light: u32, dark: u32) -> Colour {
    Colour { light, dark }
}

pub(crate) const PAPER: Colour = colour(0xFF_FF_FF, 0x14_18_1D);
pub(crate) const INK: Colour = colour(0x1B_1F_24, 0xE6_E8_EB);
pub(crate) const MUTED: Colour = colour(0x5B_64_70, 0x9A_A4_B0);
pub(crate) const GRID: Colour = colour(0xE4_E7_EB, 0x2A_31_39);
pub(crate) const CONTEXT: Colour = colour(0xCF_D4_DB, 0x3A_43_4D);
/// The area of a class of distances, behind its dots.
pub(crate) const BAND: Colour = colour(0xEE_F2_F7, 0x1E_25_2D);
/// A dot that belongs to a class, and a dot whose run is set aside.
pub(crate) const DOT: Colour = colour(0x2F_6F_AB, 0x7F_B2_EC);
pub(crate) const ASIDE: Colour = colour(0xC4_4A_1C, 0xFF_93_6B);
/// A change for the worse, and one for the better.
pub(crate) const WORSE: Colour = colour(0xB3_26_1E, 0xFF_8A_75);
pub(crate) const BETTER: Colour = colour(0x00_69_5C, 0x3F_D0_BC);
const FLOOR: Colour = colour(0x7A_82_8C, 0x8B_95_A1);
const BLOCK: Colour = colour(0x00_4E_92, 0x6C_A6_FF);
const POLL: Colour = colour(0xC2_33_7F, 0xFF_86_C3);
const EPOLL: Colour = colour(0x00_89_7B, 0x3F_D0_BC);
const URING: Colour = colour(0x5E_7A_00, 0xB9_DB_3F);
/// Sleeps next to the memory or the counter that it waits for.
const NEAR_MEMORY: Colour = colour(0x8C_3F_C7, 0xC9_8C_FF);
/// Woken by a signal.
const SIGNAL: Colour = colour(0x8A_4B_2A, 0xE0_A3_7A);
const HYBRID: Colour = colour(0x1F_A2_DC, 0x8A_E4_FF);
const YIELD: Colour = colour(0xD1_7A_0F, 0xFF_B4_54);
/// Never gives its CPU away.
const SPIN: Colour = colour(0xCC_33_11, 0xFF_7A_5C);
const WAITS: [Colour; 9] = [BLOCK, POLL, EPOLL, URING, NEAR_MEMORY, SIGNAL, HYBRID, YIELD, SPIN];

/// Returns the colour of a wait.
pub(crate) const fn of_wait(wait: WaitKind, floor: bool) -> Colour {
    match wait {
        _ if floor => FLOOR,
        WaitKind::Block => BLOCK,
        WaitKind::Poll => POLL,
        WaitKind::Epoll => EPOLL,
        WaitKind::Uring => URING,
        WaitKind::Futex
        | WaitKind::Eventfd
        | WaitKind::Sem
        | WaitKind::Semop
        | WaitKind::Condvar => NEAR_MEMORY,
        WaitKind::Sigio | WaitKind::Handler | WaitKind::Sigwait | WaitKind::Signalfd => SIGNAL,
        WaitKind::Hybrid => HYBRID,
        WaitKind::Yield => YIELD,
        WaitKind::Spin | WaitKind::Pause => SPIN,
        WaitKind::None => FLOOR,
        WaitKind::Own { cpu_use: CpuUse::Sleeps, .. } => BLOCK,
        WaitKind::Own { cpu_use: CpuUse::SpinsThenSleeps, .. } => HYBRID,
        WaitKind::Own { cpu_use: CpuUse::Yields, .. } => YIELD,
        WaitKind::Own { cpu_use: CpuUse::Spins, .. } => SPIN,
        WaitKind::Own { cpu_use: CpuUse::Nothing, .. } => FLOOR,
    }
}

/// Returns every colour that a chart may have.
pub(crate) fn all() -> impl Iterator<Item = Colour> {
    [PAPER, INK, MUTED, GRID, CONTEXT, BAND, DOT, ASIDE, WORSE, BETTER, FLOOR]
        .into_iter()
        .chain(WAITS)
}

/// Returns the style rules that turn inline SVG dark; they win over the presentation attributes that plotters writes.
pub(crate) fn dark_style() -> String {
    all()
        .map(|Colour { light, dark }| {
            format!("svg [fill=\"#{light:06X}\"]{{fill:#{dark:06X}}}svg [stroke=\"#{light:06X}\"]{{stroke:#{dark:06X}}}\n")
        })
        .collect()
}

impl Colour {
    pub(crate) fn rgb(self) -> RGBColor {
        let [_, r, g, b] = self.light.to_be_bytes();
        RGBColor(r, g, b)
    }

    /// Returns `#RRGGBB`, for style sheets.
    pub(crate) fn hex(self) -> String {
        format!("#{:06X}", self.light)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Returns the relative luminance, WCAG 2.
    fn luminance(colour: u32) -> f64 {
        let [_, r, g, b] = colour.to_be_bytes();
        let [r, g, b] = [r, g, b].map(|c| {
            let c = f64::from(c) / 255.0;
            if c <= 0.03928 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    fn contrast(a: u32, b: u32) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn lines_stand_out_on_both_pages() {
        for Colour { light, dark } in WAITS {
            assert!(
                contrast(light, PAPER.light) >= 2.8,
                "{light:06X}: {}",
                contrast(light, PAPER.light)
            );
            assert!(
                contrast(dark, PAPER.dark) >= 4.5,
                "{light:06X}: {}",
                contrast(dark, PAPER.dark)
            );
        }
        assert!(
            contrast(MUTED.light, PAPER.light) >= 4.5 && contrast(MUTED.dark, PAPER.dark) >= 4.5
        );
    }

    #[test]
    fn each_role_has_its_own_colour() {
        let lights: BTreeSet<u32> = all().map(|c| c.light).collect();
        assert_eq!(lights.len(), all().count());
    }
}

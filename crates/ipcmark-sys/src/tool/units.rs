//! Work that fills one kind of execution unit: multiplications that wait for nothing.
//!
//! Two hardware threads of one core share its multipliers, so that each gets half of them while both work. It is written in
//! assembly: a compiler would fold multiplications, or turn them into others, and a build without optimisation would be too slow to
//! fill anything.

/// True where this build has such work.
pub const KNOWN: bool = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));

/// Multiplications of one round.
pub const ROUND: u32 = 12;

/// Multiplies [`ROUND`] times `rounds` numbers, none of which needs the result of another.
#[cfg(target_arch = "x86_64")]
pub fn multiply(rounds: u64) {
    // SAFETY: the instructions change registers that are named here, and nothing else.
    unsafe {
        std::arch::asm!(
            "2:",
            "imul {a}, {s}, 3", "imul {b}, {s}, 5", "imul {c}, {s}, 7", "imul {d}, {s}, 9",
            "imul {a}, {s}, 3", "imul {b}, {s}, 5", "imul {c}, {s}, 7", "imul {d}, {s}, 9",
            "imul {a}, {s}, 3", "imul {b}, {s}, 5", "imul {c}, {s}, 7", "imul {d}, {s}, 9",
            "dec {n}",
            "jnz 2b",
            a = out(reg) _, b = out(reg) _, c = out(reg) _, d = out(reg) _,
            s = in(reg) 11_u64, n = inout(reg) rounds.max(1) => _,
            options(nomem, nostack),
        );
    }
}

/// Multiplies [`ROUND`] times `rounds` numbers, none of which needs the result of another.
#[cfg(target_arch = "aarch64")]
pub fn multiply(rounds: u64) {
    // SAFETY: the instructions change registers that are named here, and nothing else.
    unsafe {
        std::arch::asm!(
            "2:",
            "mul {a}, {s}, {s}", "mul {b}, {s}, {s}", "mul {c}, {s}, {s}", "mul {d}, {s}, {s}",
            "mul {a}, {s}, {s}", "mul {b}, {s}, {s}", "mul {c}, {s}, {s}", "mul {d}, {s}, {s}",
            "mul {a}, {s}, {s}", "mul {b}, {s}, {s}", "mul {c}, {s}, {s}", "mul {d}, {s}, {s}",
            "subs {n}, {n}, #1",
            "b.ne 2b",
            a = out(reg) _, b = out(reg) _, c = out(reg) _, d = out(reg) _,
            s = in(reg) 11_u64, n = inout(reg) rounds.max(1) => _,
            options(nomem, nostack),
        );
    }
}

/// Does nothing: see [`KNOWN`].
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub fn multiply(_rounds: u64) {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn more_rounds_take_longer() {
        let clock = Clock::calibrate();
        let least = |rounds: u64| {
            let times = (0..50).map(|_| {
                let begun = clock.now();
                multiply(rounds);
                clock.now() - begun
            });
            times.min().unwrap()
        };
        let (few, many) = (least(200), least(20_000));
        assert!(!KNOWN || many > 10 * few, "{few} and {many} ticks");
    }
}

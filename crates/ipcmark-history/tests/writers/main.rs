//! Several writers at once, killed writers, and places that refuse: real processes, real stores.
//!
//! A writer is this program, started again: it makes its runs, waits for a line on standard input, adds them one by one, and says
//! each that is there. So what a killed writer promised is known.

mod folder;
mod git;
#[cfg(feature = "object-store")]
mod s3;
mod writer;

use libtest_mimic::{Arguments, Trial};
use std::io::Write as _;

fn main() {
    if let Some(order) = std::env::var_os(writer::ORDER) {
        writer::obey(order.to_str().expect("an order in UTF-8"));
        return;
    }
    #[cfg(feature = "object-store")]
    if let Some(which) = std::env::var_os(s3::CLIENT) {
        s3::obey(which.to_str().expect("a word in UTF-8"));
        return;
    }
    let mut trials: Vec<Trial> = Vec::new();
    trials.extend(folder::trials());
    trials.extend(git::trials());
    #[cfg(feature = "object-store")]
    trials.extend(s3::trials());
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// A trial that fails by a panic.
fn trial(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}

/// Says something on standard error.
fn remark(text: &str) {
    std::io::stderr().write_all(format!("{text}\n").as_bytes()).unwrap();
}

//! `ipcmark ab`: two builds or settings, alive at once, slice by slice in turn.

pub(crate) mod args;
mod cells;
mod progress;
pub(crate) mod slices;

use crate::exit::Exit;
use crate::folder::Folder;
use crate::{output, tool};
use anyhow::{Context as _, Result};
use args::AbArgs;
use ipcmark_ab::{Duel, Judge, Options, Side};
use ipcmark_record::Paired;
use progress::Progress;
use std::path::PathBuf;

/// Compares.
///
/// # Errors
/// A suite or a glob that names nothing; a side that is no program to compare; a folder that cannot be written to.
pub(crate) fn ab(args: &AbArgs) -> Result<Exit> {
    if tool::is_debug() && !args.quiet {
        output::warn("this is a debug build, its figures are worth little; build with --release");
    }
    let (cells, suite) = cells::of(args)?;
    let side =
        |program: &Option<PathBuf>, env: &[(String, String)], given: &[String]| -> Result<Side> {
            let own = || std::env::current_exe().context("cannot tell where this program lies");
            let file = program.clone().map_or_else(own, Ok)?;
            let name =
                program.as_ref().map_or("this program".into(), |path| path.display().to_string());
            Ok(Side { program: file, name, env: env.to_vec(), args: given.to_vec() })
        };
    let base = side(&args.base, &args.base_env, &args.base_arg)?;
    let new = side(&args.new, &args.new_env, &args.new_arg)?;
    let folder = match &args.out {
        Some(path) => Folder::named(path)?,
        None => Folder::fresh("ab")?,
    };
    let options = Options {
        seed: args.seed.unwrap_or_else(|| fastrand::u64(..)),
        budget: args.budget,
        screen_pairs: args.pairs,
        confirm_pairs: args.confirm,
        most_pairs: 4 * args.confirm,
        palindromes: args.laps,
        slice: args.slice,
        warm_up: 2 * args.slice,
        screen_p: 0.05,
        command: std::env::args().collect(),
        tool: tool::tool(),
        suite,
    };
    let mut duel = Duel::new(base, new, cells, options).inspect_err(|_| folder.take_back())?;
    let ran = duel.run(&Candidates, &mut Progress::new(args.quiet));
    let document = duel.into_document();
    document.write(&folder.path().join("paired.json"))?;
    ran?;
    Ok(Exit::Ok)
}

struct Candidates;

impl Judge for Candidates {
    fn candidates(&self, so_far: &Paired) -> Vec<usize> {
        (0..so_far.cells.len()).filter(|&i| so_far.cells[i].slow_down_permille.is_some()).collect()
    }

    fn undecided(&self, _: &Paired) -> Vec<usize> {
        Vec::new()
    }
}

//! `ipcmark compare`: two records of different times, and an exit code for scripts.

use crate::cli::CompareArgs;
use crate::exit::{self, Exit, Usage};
use crate::{output, run};
use anyhow::{Result, bail};
use ipcmark_judge::sequential::{compare as judge, compare_across_hosts};
use ipcmark_judge::{Document, Error, Shares, to_json};

/// Compares. Records of different machines have no verdict, so their exit never says that all is
/// well.
///
/// # Errors
/// Records that cannot be read; records of different machines, unless the user asks for it; a file
/// that cannot be written.
pub(crate) fn compare(args: &CompareArgs) -> Result<Exit> {
    let (base, new) = (run::read(&args.base)?, run::read(&args.new)?);
    match judge(&base, &new, &Shares::default()) {
        Err(Error::HostsDiffer { .. }) if args.across_hosts => {
            let comparison = compare_across_hosts(&base, &new)?;
            show(&comparison.document(), &to_json(&comparison), args)?;
            Ok(Exit::Inconclusive)
        }
        Err(error @ Error::Record { .. }) => Err(error.into()),
        Err(error) => bail!(Usage(error.to_string())),
        Ok(comparison) => {
            show(&comparison.document(), &to_json(&comparison), args)?;
            Ok(exit::of_verdict(comparison.worst()))
        }
    }
}

fn show(document: &Document, json: &str, args: &CompareArgs) -> Result<()> {
    if let Some(path) = &args.markdown {
        output::write(path, &document.markdown())?;
    }
    if args.json {
        return output::print(json);
    }
    output::document(document, args.all, "--all")
}

//! `ipcmark slices`: measures for a comparison, by lines of JSON. Not for people.

use super::args::SlicesArgs;
use crate::Catalog;
use crate::cli::words::CapacityArg;
use crate::exit::{Exit, Usage};
use crate::tool;
use anyhow::Result;
use ipcmark_ab::{Overrides, serve};
use std::io;

/// Serves until standard input ends.
///
/// # Errors
/// A transport that this build does not have; a relay that is gone.
pub(crate) fn slices(catalog: &Catalog, args: &SlicesArgs) -> Result<Exit> {
    if let Some(name) = &args.transport
        && catalog.find(name).is_none()
    {
        return Err(Usage(format!("this build has no transport '{name}'")).into());
    }
    let overrides = Overrides {
        transport: args.transport.clone(),
        size: args.size,
        placement: args.placement,
        capacity: args.capacity.map(|CapacityArg(bytes)| bytes),
    };
    let pipes = (io::stdin().lock(), io::stdout().lock());
    let find = |name: &str| catalog.find(name);
    serve(&find, tool::tool(), (&args.relay, args.arm), &overrides, pipes)?;
    Ok(Exit::Ok)
}

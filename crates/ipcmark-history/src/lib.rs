//! A project's runs over time: an append-only store, series of figures, change points.
//!
//! History locates, the paired comparison blocks: what is found here is where to look, not a reason to refuse a change.
//!
//! A run is a [`Line`] (what series are made of) and its whole record, compressed. A [`Store`] takes both under names
//! that no other run can have, so that any number of machines add to it without a server and without a lock; see [`store`].
#![forbid(unsafe_code)]

mod error;
pub mod git;
mod line;
mod lines;
mod otava;
mod provenance;
mod run;
#[cfg(feature = "sample")]
pub mod sample;
mod scan;
mod series;
pub mod store;

pub use error::{Error, Result};
pub use line::{Attributes, Figure, Line, Metric, SCHEMA};
pub use lines::{Lines, Trouble, TroubleKind};
pub use otava::otava;
pub use provenance::Provenance;
pub use run::Run;
pub use scan::{Census, Change, Group, Scanned, TooShort};
pub use series::{History, Latest, Machine, Point, Series, Stop, Wanted};
pub use store::{Appended, Store};

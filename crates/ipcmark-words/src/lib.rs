//! The vocabulary of ipcmark: workloads, cells, waits, distances. Plain data, no system calls.
//!
//! Each fact about a workload or a wait is in one `match` of this crate. Every other crate asks
//! here, so that no two of them can differ, and the compiler finds each place that a new one
//! needs.
#![forbid(unsafe_code)]

mod arrivals;
mod cell;
mod distance;
mod mechanism;
mod mix;
mod neighbours;
mod parameter;
mod placement;
mod refusal;
mod resources;
mod spin;
mod timed;
mod wait;
mod word;
mod workload;

pub use arrivals::Arrivals;
pub use cell::CellKey;
pub use distance::{Nearness, Reach};
pub use mechanism::{Carries, Framing};
pub use mix::Mix;
pub use neighbours::{Neighbour, Neighbours};
pub use parameter::{Input, Parameter, Shape, WhenFull};
pub use placement::{Placement, Side};
pub use refusal::Refusal;
pub use resources::{Capacity, Pacing, Usage};
pub use spin::SpinBudget;
pub use timed::{Headline, Timed};
pub use wait::{CpuUse, WaitKind};
pub use workload::Workload;

//! The record: everything one run measured, self-contained and versioned.
//!
//! The record is what passes between measuring and everything after it. Statistics, reports and comparisons see
//! nothing else, so a record taken on another machine, or a year ago, is as good as a fresh one. That is why it keeps
//! whole histograms (HdrHistogram V2) rather than summaries, raw invocations rather than pooled ones, and every fact
//! of the machine that a reader may want to doubt.
//!
//! One run is one JSON document, and while it runs a journal next to it: see [`Writer`].
#![forbid(unsafe_code)]

mod cell;
mod costs;
mod error;
pub mod files;
pub mod harmless;
mod histogram;
mod host;
mod journal;
mod knee;
mod machine;
mod neighbours;
mod once;
mod paired;
mod record;
mod rule;
#[cfg(feature = "sample")]
pub mod sample;
mod schema;
mod sharing;
mod text;

pub use cell::{
    Cell, Distance, Integrity, Invocation, InvocationOutcome, OfSize, Overlap, PeerTimes, Placed,
    Replayed, SideReport, State, Task, WarmUp,
};
pub use costs::{Blocked, Drops, Energy, Hold, KnownBy, LinkMemory, ThirdParties};
pub use error::{Error, Result};
pub use histogram::{Encoded, Histogram, Unit};
pub use host::{Checkout, Conditions, Cpu, CpuQuota, Difference, Fact, Host, KernelLimits};
pub use ipcmark_words::{
    Arrivals, Capacity, Carries, CellKey, CpuUse, Framing, Headline, Input, Mix, Nearness,
    Neighbour, Neighbours, Pacing, Parameter, Placement, Reach, Refusal, Shape, Side, SpinBudget,
    Timed, Usage, WaitKind, WhenFull, Workload,
};
pub use journal::{Writer, journal_path};
pub use knee::Knee;
pub use machine::{
    ClockBound, ClockCertificate, ClockPair, Cycles, Gaps, Limit, LimitKind, LimitSample, Listened,
    MachineNoise, Mark, Noise, Setup, Standing, SystemCalls, Throttled,
};
pub use neighbours::NeighbourProgress;
pub use paired::{
    Arm, Contender, PAIRED_SCHEMA, Pair, Paired, PairedCell, PairedSettings, Slice, Stage,
};
pub use record::{
    GroupNote, HarnessCost, Outcome, RawNote, Record, SCHEMA, Settings, SuiteNote, Target, Tool,
    TraceNote,
};
pub use rule::{Rule, Verdict};
pub use schema::JSON_SCHEMA;
#[cfg(feature = "schema")]
pub use schema::generated_schema;
pub use sharing::{Sharing, SharingSample, felt};
pub use text::{read_text, unpack};

//! Suites: TOML files that name cells, and say in prose why each is worth measuring.
//!
//! A suite is a text that people read first and machines second. It has a title, prose that lands in the report,
//! defaults, and groups of cells; each group is the product of its transports, patterns, sizes and placements:
//!
//! ```toml
//! name  = "thin"
//! title = "Small messages between two cores"
//! prose = "Why these cells, and what to look for. Markdown; it lands in the report."
//!
//! [defaults]            # each is optional; the command line may override each
//! rounds      = 6        # invocations of each cell, whatever they bring: the pilot
//! rounds-most = 60       # invocations of each cell at most; 6: the pilot and no more
//! target      = "2%"     # in between, until each median is known to 2 % to either side
//! target-p99  = "10%"    # and each 99th percentile to this; left out: five times the target
//! measure     = "50ms"   # measured phase of one invocation
//! warm-up     = "20ms"   # upper bound of one warm-up
//! budget      = "60s"    # bound on the wall time of the whole run; left out: until target or rounds-most
//! capacity    = "256KiB" # asked of each direction; "default" keeps the mechanism's own
//!
//! [[group]]
//! name       = "across"
//! prose      = "Why this group."
//! transports = ["*", "!*/spin"]        # globs over mechanism/wait; `!` takes away
//! patterns   = ["ping-pong", "stream"] # left out: these two
//! sizes      = ["8", "64B..64KiB"]     # a range doubles; `8..1MiB*4` quadruples
//! placements = ["cross-core"]
//! capacity   = "default"               # left out: the suite's default
//! peers      = [2, 4]                  # of patterns with several processes; left out: 2
//! idle       = [0, 60]                 # further peers that neither send nor receive, of paced-fan-in and so on; left out: 0
//! depths     = [8]                     # of burst and duplex; left out: 8
//! rates      = [1000]                  # of paced patterns, messages a second of each sender; left out: 1000
//! inputs     = ["sent", "shared"]      # of scatter-gather; left out: sent
//! when-full  = ["wait", "drop"]        # of paced: what a sender does when there is no room; left out: wait
//! arrivals   = ["poisson", "bursts-8"] # of paced; left out: constant
//! mix        = ["64:9", "4KiB:1"]      # sizes and weights, one more cell; left out: none
//! ```
//!
//! A pattern is multiplied by those of the last five that it takes. A `wake-up` carries no payload: it is one cell
//! whatever the sizes, and a group of nothing else names none. A glob with a wildcard means the transports that can run
//! the pattern; one without names its transports outright, and what they cannot do becomes a row that says why.
//!
//! Unknown keys are refused, and every error names the file, the line, the key and what was expected there.
//! The small parsers ([`parse_size`], [`parse_sizes`], [`parse_duration`], [`parse_share`]) serve the command line too, so that
//! a word means the same in both places.
#![forbid(unsafe_code)]

mod duration;
mod embedded;
mod error;
mod expand;
mod load;
mod nearest;
mod reader;
mod selector;
mod share;
mod size;
mod suite;
mod trace;
mod written;

pub use duration::{parse_duration, parse_duration_or_none, show_duration};
pub use embedded::{EMBEDDED, embedded};
pub use error::{Error, Result, WordError};
pub use load::{
    DEPTHS, GAPS_US, IDLE, LoadAxes, PEERS, RATES, parse_arrivals, parse_counts, parse_gaps_us,
    parse_spin_budgets,
};
pub use nearest::{nearest, nearest_several};
pub use reader::{line_and_column, read_toml, table_at, wrong};
pub use selector::Selector;
pub use share::{parse_percentile, parse_share, show_share};
pub use size::{MAX_SIZE, parse_capacity, parse_mix, parse_size, parse_sizes, show_size};
pub use suite::{Axes, Defaults, Group, Suite};
pub use trace::{TraceFault, parse_trace};

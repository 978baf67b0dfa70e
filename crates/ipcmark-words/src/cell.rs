//! The key of a cell: what identifies it on the command line, in a record and in a report.

use crate::{
    Arrivals, Input, Mix, Neighbours, Parameter, Placement, SpinBudget, WhenFull, Workload,
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The key of a cell, in every record that has it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Flat", into = "Flat")]
pub struct CellKey {
    /// Mechanism and wait, e.g. `pipe/block`. Empty in a key of several transports.
    pub transport: String,
    /// The workload, with its parameters.
    pub workload: Workload,
    /// Message size in bytes, the longest of several; 0 of a `wake-up`, which carries none.
    pub size_bytes: u64,
    /// Several message sizes and their weights; `None` if all have one size, or those of a trace.
    pub mix: Option<Mix>,
    /// The CPUs.
    pub placement: Placement,
    /// Capacity asked of each direction in bytes; `None` keeps the mechanism's default.
    pub capacity_bytes: Option<u64>,
    /// Conduct of a sender when there is no room.
    pub when_full: WhenFull,
    /// Time for which a hybrid wait spins; `None` keeps the transport's own.
    pub spin_budget: Option<SpinBudget>,
    /// Load that ran next to it; `None` for none.
    pub neighbours: Option<Neighbours>,
}

impl CellKey {
    /// Makes the key of a cell with the mechanism's own capacity.
    #[must_use]
    pub fn new(
        transport: &str,
        workload: Workload,
        size_bytes: u64,
        placement: Placement,
    ) -> CellKey {
        CellKey {
            transport: transport.into(),
            workload,
            size_bytes,
            mix: None,
            placement,
            capacity_bytes: None,
            when_full: WhenFull::Wait,
            spin_budget: None,
            neighbours: None,
        }
    }

    /// Returns true if its messages have several sizes.
    #[must_use]
    pub const fn has_sizes(&self) -> bool {
        self.mix.is_some() || matches!(self.workload.arrivals(), Some(Arrivals::Replay { .. }))
    }

    /// Returns the mean size of its messages, bytes; of a trace only the longest is known here.
    #[must_use]
    pub fn mean_bytes(&self) -> f64 {
        self.mix.as_ref().map_or(self.size_bytes as f64, Mix::mean_bytes)
    }

    /// Returns true if the cell's figure is a rate, false if it is a time.
    #[must_use]
    pub const fn is_rate(&self) -> bool {
        self.workload.is_rate()
    }

    /// Returns the parameters of its load in words, `1000/s, poisson, drop when full`; nothing if there
    /// are none.
    #[must_use]
    pub fn load(&self) -> String {
        let own = self.workload.parameters();
        let drops = (self.when_full == WhenFull::Drop).then(|| "drop when full".to_owned());
        let mix = self.mix.as_ref().map(|mix| format!("sizes {mix}"));
        let words = Some(own).filter(|own| !own.is_empty()).into_iter().chain(mix).chain(drops);
        words.collect::<Vec<_>>().join(", ")
    }

    /// Returns the key without its transport: what cells share that are ranked together.
    #[must_use]
    pub fn setting(&self) -> CellKey {
        CellKey { transport: String::new(), ..self.clone() }
    }
}

impl fmt::Display for CellKey {
    /// `pipe/block ping-pong 64 B cross-core`, then the parameters, the capacity, the spin budget and
    /// the neighbours, if any.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CellKey { transport, workload, size_bytes, placement, .. } = self;
        write!(f, "{transport} {workload} {size_bytes} B {placement}")?;
        let load = self.load();
        if !load.is_empty() {
            write!(f, " ({load})")?;
        }
        if let Some(bytes) = self.capacity_bytes {
            write!(f, " (capacity {bytes} B)")?;
        }
        if let Some(budget) = self.spin_budget {
            write!(f, " (spin budget {budget})")?;
        }
        self.neighbours.map_or(Ok(()), |neighbours| write!(f, " (neighbours {neighbours})"))
    }
}

/// A key as JSON has it: one field a parameter, present only if the workload takes it.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Flat {
    /// Mechanism and wait, e.g. `pipe/block`.
    transport: String,
    /// `ping-pong`, `stream`, `fan-in` ...
    pattern: String,
    /// Message size in bytes, the longest of several; 0 of a `wake-up`, which carries none.
    size_bytes: u64,
    /// Message sizes in bytes and their weights, `64:90,4096:9`; absent if all have one size, or those of a trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mix: Option<Mix>,
    /// `same-core`, `cross-core`, `smt-siblings`, `cross-node` or `free`.
    placement: Placement,
    /// Capacity asked of each direction in bytes; absent means the mechanism's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    capacity_bytes: Option<u64>,
    /// Time for which a hybrid wait spins before it sleeps: `0`, `10us` ... or `adaptive`; absent means the
    /// transport's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    spin_budget: Option<SpinBudget>,
    /// Processes that loaded the machine next to the cell: `cpu=2,memory=1`; absent if there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    neighbours: Option<Neighbours>,
    /// Senders of a fan-in, receivers of a fan-out or broadcast, pairs of `paced-pairs`, workers of `scatter-gather`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    peers: Option<u32>,
    /// Further peers of `paced-fan-in`, `paced-fan-out`, `paced-broadcast` and `paced-pairs` that neither send nor are sent
    /// to; absent if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    idle: Option<u32>,
    /// Messages of a `burst`; messages under way in each direction of a `duplex`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    depth: Option<u32>,
    /// Messages a second of each sender, where a rate is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rate_per_s: Option<u32>,
    /// Time between an answer and the next notification of a `wake-up`, µs; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gap_us: Option<u32>,
    /// `poisson` if messages of a set rate are due at random, `bursts-8` if in groups of eight, `replay-HASH` if at the
    /// times of a trace; absent if at equal distances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    arrivals: Option<Arrivals>,
    /// `sent` or `shared`: the way the workers of a `scatter-gather` get their input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    input: Option<Input>,
    /// `drop` if a sender drops what finds no room, `paced`; absent if it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    when_full: Option<WhenFull>,
}

impl From<CellKey> for Flat {
    fn from(key: CellKey) -> Flat {
        let CellKey { workload, .. } = key;
        Flat {
            transport: key.transport,
            pattern: workload.name().into(),
            size_bytes: key.size_bytes,
            mix: key.mix,
            placement: key.placement,
            capacity_bytes: key.capacity_bytes,
            spin_budget: key.spin_budget,
            neighbours: key.neighbours,
            peers: workload.value(Parameter::Peers),
            idle: Some(workload.idle() as u32).filter(|idle| *idle > 0),
            depth: workload.value(Parameter::Depth),
            rate_per_s: workload.value(Parameter::Rate),
            gap_us: workload.value(Parameter::Gap),
            arrivals: workload.arrivals().filter(|arrivals| *arrivals != Arrivals::Constant),
            input: workload.input(),
            when_full: Some(key.when_full).filter(|when_full| *when_full != WhenFull::Wait),
        }
    }
}

impl TryFrom<Flat> for CellKey {
    type Error = String;

    fn try_from(flat: Flat) -> Result<CellKey, String> {
        let workload: Workload = flat.pattern.parse()?;
        Ok(CellKey {
            transport: flat.transport,
            workload: workload
                .with(Parameter::Peers, flat.peers.unwrap_or_default())
                .with(Parameter::Depth, flat.depth.unwrap_or_default())
                .with(Parameter::Rate, flat.rate_per_s.unwrap_or_default())
                .with(Parameter::Gap, flat.gap_us.unwrap_or_default())
                .with_idle(flat.idle.unwrap_or_default())
                .with_arrivals(flat.arrivals.unwrap_or(Arrivals::Constant))
                .with_input(flat.input.unwrap_or(Input::Sent)),
            size_bytes: flat.size_bytes,
            mix: flat.mix,
            placement: flat.placement,
            capacity_bytes: flat.capacity_bytes,
            when_full: flat.when_full.unwrap_or_default(),
            spin_budget: flat.spin_budget,
            neighbours: flat.neighbours,
        })
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for CellKey {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "CellKey".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Flat::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_flat_json_and_read_back() {
        for workload in Workload::ALL {
            let key = CellKey {
                capacity_bytes: Some(4096),
                ..CellKey::new("pipe/block", workload, 64, Placement::CrossCore)
            };
            let json = serde_json::to_string(&key).unwrap();
            assert!(!json.contains("workload") && !json.contains("null"), "{json}");
            assert_eq!(serde_json::from_str::<CellKey>(&json).unwrap(), key);
        }
        let workload = Workload::Paced { rate: 7, arrivals: Arrivals::Poisson };
        let key = CellKey::new("pipe/block", workload, 64, Placement::Free);
        assert_eq!(
            serde_json::to_string(&key).unwrap(),
            r#"{"transport":"pipe/block","pattern":"paced","size_bytes":64,"placement":"free","rate_per_s":7,"arrivals":"poisson"}"#
        );
        assert_eq!(key.to_string(), "pipe/block paced 64 B free (7/s, poisson)");
        let pairs = Workload::PACED_PAIRS.with_idle(60);
        let many = CellKey::new("pipe/block", pairs, 64, Placement::Free);
        assert_eq!(
            serde_json::to_string(&many).unwrap(),
            r#"{"transport":"pipe/block","pattern":"paced-pairs","size_bytes":64,"placement":"free","peers":2,"idle":60,"rate_per_s":1000}"#
        );
        assert_eq!(
            many.to_string(),
            "pipe/block paced-pairs 64 B free (2 pairs, 1000/s each, 60 idle)"
        );
        assert_eq!(
            serde_json::from_str::<CellKey>(&serde_json::to_string(&many).unwrap()).unwrap(),
            many
        );
        let drops = CellKey { when_full: WhenFull::Drop, ..key.clone() };
        assert_eq!(drops.to_string(), "pipe/block paced 64 B free (7/s, poisson, drop when full)");
        let json = serde_json::to_string(&drops).unwrap();
        assert!(json.ends_with(r#""when_full":"drop"}"#), "{json}");
        assert_eq!(serde_json::from_str::<CellKey>(&json).unwrap(), drops);
        let bursts = workload.with_arrivals(Arrivals::Bursts { of: 16 });
        let bursts = CellKey { workload: bursts, ..key.clone() };
        let json = serde_json::to_string(&bursts).unwrap();
        assert!(json.ends_with(r#""arrivals":"bursts-16"}"#), "{json}");
        assert_eq!(serde_json::from_str::<CellKey>(&json).unwrap(), bursts);
        assert_eq!(bursts.to_string(), "pipe/block paced 64 B free (7/s, bursts-16)");
        let mix = CellKey { mix: "64:9,4096:1".parse().ok(), size_bytes: 4096, ..key.clone() };
        let json = serde_json::to_string(&mix).unwrap();
        assert!(json.contains(r#""size_bytes":4096,"mix":"64:9,4096:1","placement""#), "{json}");
        assert_eq!(serde_json::from_str::<CellKey>(&json).unwrap(), mix);
        let named = "pipe/block paced 4096 B free (7/s, poisson, sizes 64:9,4096:1)";
        assert_eq!(mix.to_string(), named);
        let open = CellKey { workload: workload.with_value(0), ..key.clone() };
        assert_eq!(open.to_string(), "pipe/block paced 64 B free (poisson)");
        assert!(!serde_json::to_string(&open).unwrap().contains("rate_per_s"));
        let neighbours = Some("cpu=2,memory=1".parse().unwrap());
        let near = CellKey { neighbours, ..key.clone() };
        let json = serde_json::to_string(&near).unwrap();
        assert!(json.contains(r#""neighbours":"cpu=2,memory=1""#), "{json}");
        assert_eq!(serde_json::from_str::<CellKey>(&json).unwrap(), near);
        let spun = CellKey { spin_budget: Some(SpinBudget::Adaptive), ..key };
        let json = serde_json::to_string(&spun).unwrap();
        assert!(json.contains(r#""spin_budget":"adaptive""#), "{json}");
        assert_eq!(serde_json::from_str::<CellKey>(&json).unwrap(), spun);
        assert!(spun.to_string().ends_with("(spin budget adaptive)"));
    }

    #[test]
    fn a_wake_up_without_a_gap_keeps_the_key_that_it_had() {
        let key = |gap_us| CellKey::new("a/b", Workload::WakeUp { gap_us }, 0, Placement::Free);
        let json = |gap_us| serde_json::to_string(&key(gap_us)).unwrap();
        assert_eq!(
            json(0),
            r#"{"transport":"a/b","pattern":"wake-up","size_bytes":0,"placement":"free"}"#
        );
        assert!(json(10).contains(r#""gap_us":10"#), "{}", json(10));
        assert_eq!(serde_json::from_str::<CellKey>(&json(10)).unwrap(), key(10));
        assert_eq!(key(10).to_string(), "a/b wake-up 0 B free (gap 10 us)");
        assert_eq!(key(0).to_string(), "a/b wake-up 0 B free");
    }

    #[test]
    fn words_of_a_newer_build_are_refused() {
        for (pattern, placement, said) in [
            ("telepathy", "free", "unknown pattern 'telepathy'; known: ping-pong"),
            ("stream", "nearby", "unknown placement 'nearby'; known: same-core"),
        ] {
            let json = format!(
                r#"{{"transport":"a/b","pattern":"{pattern}","size_bytes":1,"placement":"{placement}"}}"#
            );
            let error = serde_json::from_str::<CellKey>(&json).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}

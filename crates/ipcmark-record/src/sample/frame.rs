//! Everything around the cells of a sample.

use super::MEASURE_NS;
use crate::{
    Cpu, GroupNote, HarnessCost, Host, KernelLimits, Outcome, Record, SCHEMA, Settings, SuiteNote,
    Tool,
};

/// Makes everything around the cells.
pub(super) fn frame(seed: u64, invocations: u32) -> Record {
    let cpu = |id| Cpu { id, core: Some(id), package: Some(0), node: Some(0), cache: None };
    Record {
        schema: SCHEMA.into(),
        tool: Tool {
            name: "ipcmark".into(),
            version: "0.1.0".into(),
            commit: None,
            rustc: "rustc 1.89.0".into(),
            profile: "release".into(),
            target: "x86_64-unknown-linux-gnu".into(),
        },
        started: "2025-01-02T03:04:05Z".into(),
        finished: Some("2025-01-02T03:05:05Z".into()),
        outcome: Outcome::BudgetSpent,
        settings: Settings {
            seed,
            budget_s: Some(60.0),
            rounds: invocations,
            rounds_most: None,
            target: None,
            measure_ms: MEASURE_NS / 1e6,
            warm_up_ms: 20.0,
            cpus: Vec::new(),
            raw: None,
            percentiles: Vec::new(),
            trace: None,
            deep_check_every: 64,
            command: vec!["ipcmark".into(), "run".into()],
        },
        suite: SuiteNote {
            name: "sample".into(),
            title: "Made-up figures, for tests".into(),
            prose: "Nothing in this record was *measured*.".into(),
            groups: vec![
                GroupNote { name: "latency".into(), prose: "How long a message takes.".into() },
                GroupNote { name: "throughput".into(), prose: "How many get through.".into() },
            ],
        },
        host: Host {
            fingerprint: "0123456789abcdef".into(),
            kernel: "6.12.9".into(),
            architecture: "x86_64".into(),
            cpu_model: "Sample CPU at 2.50 GHz".into(),
            cpus: vec![cpu(0), cpu(1)],
            cpus_online: 2,
            memory_bytes: 4 << 30,
            hypervisor: Some("kvm".into()),
            clock_source: Some("tsc".into()),
            clock: "tsc".into(),
            clock_hz: 2.5e9,
            idle_driver: Some("haltpoll".into()),
            idle_governor: None,
            frequency_governor: None,
            membarrier: Some(true),
            root: false,
            limits: KernelLimits { mqueue_msgsize_max: Some(8_192), ..KernelLimits::default() },
            conditions: None,
            checkout: None,
            mitigations: [("meltdown".into(), "Not affected".into())].into(),
        },
        resumed: Vec::new(),
        limit_deaths: 0,
        harness: HarnessCost {
            clock_ns: 12.0,
            clock_step_ns: 10.0,
            histogram_ns: 9.0,
            stamp_ns: 1.5,
            check_ns: 2.5,
            compare_ns: None,
            compare_page_ns: None,
            raw_ns: None,
            loop_ns: Some(34.0),
        },
        clock: None,
        limits: Vec::new(),
        sharing: Vec::new(),
        noise: None,
        not_counted: Vec::new(),
        rules: Vec::new(),
        knees: Vec::new(),
        cells: Vec::new(),
    }
}

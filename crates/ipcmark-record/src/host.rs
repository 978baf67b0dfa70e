//! The machine a record was taken on.

#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The facts that decide whether two records may be compared. Each is read from the machine; what could not be read
/// is absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Host {
    /// Hash over the facts that make two machines alike (CPU model, topology, kernel, clock source, idle driver);
    /// 16 hexadecimal digits.
    pub fingerprint: String,
    /// Kernel release, e.g. `6.12.9`.
    pub kernel: String,
    /// Machine architecture, e.g. `x86_64`.
    pub architecture: String,
    /// CPU model as the kernel names it.
    pub cpu_model: String,
    /// Every CPU this run was allowed to use.
    pub cpus: Vec<Cpu>,
    /// CPUs that are online on the machine, allowed or not.
    pub cpus_online: u32,
    /// Physical memory, bytes.
    pub memory_bytes: u64,
    /// Hypervisor, when the kernel says there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hypervisor: Option<String>,
    /// The kernel's clock source, e.g. `tsc`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_source: Option<String>,
    /// The clock ipcmark read: `tsc` or `clock-monotonic`.
    pub clock: String,
    /// Ticks of that clock in a second, as calibrated.
    pub clock_hz: f64,
    /// cpuidle driver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_driver: Option<String>,
    /// cpuidle governor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_governor: Option<String>,
    /// cpufreq governor of the first allowed CPU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency_governor: Option<String>,
    /// True when `membarrier(2)` puts a barrier into other processes here: then hybrid waits on shared memory publish
    /// without a fence, else with one. Absent in older records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub membarrier: Option<bool>,
    /// True when root was running it.
    pub root: bool,
    /// Limits the mechanisms run into.
    pub limits: KernelLimits,
    /// Mitigations the kernel reports, by vulnerability.
    #[serde(default)]
    pub mitigations: BTreeMap<String, String>,
}

/// One CPU and where it sits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Cpu {
    /// Its number.
    pub id: u32,
    /// Core within its package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub core: Option<u32>,
    /// Package (socket).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<u32>,
    /// NUMA node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<u32>,
}

/// Kernel limits, read from `/proc/sys` and `getrlimit(2)`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct KernelLimits {
    /// `fs.pipe-max-size`, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipe_max_size: Option<u64>,
    /// `fs.mqueue.msg_max`, messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mqueue_msg_max: Option<u64>,
    /// `fs.mqueue.msgsize_max`, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mqueue_msgsize_max: Option<u64>,
    /// `RLIMIT_MSGQUEUE`, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rlimit_msgqueue: Option<u64>,
    /// `net.core.wmem_max`, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wmem_max: Option<u64>,
    /// `net.core.rmem_max`, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rmem_max: Option<u64>,
    /// `RLIMIT_NOFILE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rlimit_nofile: Option<u64>,
    /// `RLIMIT_MEMLOCK`, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rlimit_memlock: Option<u64>,
}

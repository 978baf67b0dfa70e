//! The machine a record was taken on.

mod facts;

pub use facts::{Difference, Fact};

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
    /// Settings of the process that measured, and its share of the machine. Absent in older records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Conditions>,
    /// Checkout of the working folder when the run began; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkout: Option<Checkout>,
    /// Mitigations the kernel reports, by vulnerability.
    #[serde(default)]
    pub mitigations: BTreeMap<String, String>,
}

/// Settings that the processes of a run got from outside: a shell, a container, an administrator.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Conditions {
    /// Scheduling policy: `other`, `fifo`, `rr`, `batch`, `idle`, `deadline` or `ext`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// Real-time priority, 1 to 99; absent under policies that have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<u32>,
    /// Nice value, -20 to 19.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nice: Option<i32>,
    /// CPU quota: the tightest of the control group and its ancestors; absent if none has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_quota: Option<CpuQuota>,
    /// Limit of memory of the control group and its ancestors, bytes; absent if it is not below the machine's memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_limit_bytes: Option<u64>,
    /// Security modules of the kernel, in their order; empty if they are not told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub security_modules: Vec<String>,
    /// Label or profile that a security module gave the process, e.g. `docker-default (enforce)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_label: Option<String>,
    /// Number of seccomp filters that each syscall passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seccomp_filters: Option<u32>,
}

/// CPU time that a control group may use in each period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct CpuQuota {
    /// CPU time over all CPUs, µs.
    pub quota_us: u64,
    /// Period, µs.
    pub period_us: u64,
}

/// The git checkout of a working folder.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Checkout {
    /// Commit that is checked out, whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Time of the commit, RFC 3339, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit_time: Option<String>,
    /// Branch that is checked out; absent if none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// True if no tracked file had changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clean: Option<bool>,
    /// Reason why git did not tell the commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
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
    /// First CPU of those that share its last-level cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<u32>,
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
    /// `RLIMIT_FSIZE`, bytes; absent if unlimited, and in older records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rlimit_fsize: Option<u64>,
    /// `RLIMIT_SIGPENDING`, signals; absent if unlimited, and in older records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rlimit_sigpending: Option<u64>,
    /// `RLIMIT_AS`, bytes; absent if unlimited, and in older records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rlimit_as: Option<u64>,
}

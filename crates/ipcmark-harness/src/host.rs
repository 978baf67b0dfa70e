//! The machine, as the record describes it. Every fact is read; what cannot be read is left out,
//! never guessed.

use ipcmark_record::{Conditions, Cpu, CpuQuota, Host, KernelLimits};
use ipcmark_sys::cgroup::{Groups, Quota};
use ipcmark_sys::clock::Clock;
use ipcmark_sys::{affinity, membarrier, resident, scheduling};
use rustix::process::{Resource, geteuid, getrlimit};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

/// Describes this machine. Cheap: some tens of small files.
#[must_use]
pub fn describe(clock: &Clock) -> Host {
    let uname = rustix::system::uname();
    let text = |s: &std::ffi::CStr| s.to_string_lossy().into_owned();
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let mut host = Host {
        fingerprint: String::new(),
        kernel: text(uname.release()),
        architecture: text(uname.machine()),
        cpu_model: cpu_model(&cpuinfo),
        cpus: cpus(),
        cpus_online: read::<String>("/sys/devices/system/cpu/online")
            .map_or(0, |list| count_of_list(&list)),
        memory_bytes: memory_bytes(),
        hypervisor: hypervisor(&cpuinfo),
        clock_source: read("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
        clock: clock.source().name().into(),
        clock_hz: clock.hz(),
        idle_driver: read("/sys/devices/system/cpu/cpuidle/current_driver"),
        idle_governor: read("/sys/devices/system/cpu/cpuidle/current_governor"),
        frequency_governor: read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        membarrier: Some(membarrier::agree().is_ok()),
        root: geteuid().is_root(),
        limits: limits(),
        conditions: Some(conditions()),
        checkout: None,
        mitigations: mitigations(),
    };
    host.fingerprint = fingerprint(&host);
    host
}

/// Returns the CPUs that this process may use, with their places.
#[must_use]
pub fn cpus() -> Vec<Cpu> {
    let allowed = affinity::allowed().unwrap_or_default();
    allowed
        .into_iter()
        .map(|id| {
            let folder = format!("/sys/devices/system/cpu/cpu{id}");
            Cpu {
                id,
                core: read(&format!("{folder}/topology/core_id")),
                package: read(&format!("{folder}/topology/physical_package_id")),
                node: node_of(&folder),
                cache: last_level_cache(&folder),
            }
        })
        .collect()
}

fn read<T: FromStr>(path: &str) -> Option<T> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Returns the node of a CPU: its folder has a link named after the node.
fn node_of(cpu_folder: &str) -> Option<u32> {
    std::fs::read_dir(cpu_folder)
        .ok()?
        .flatten()
        .find_map(|entry| entry.file_name().to_str()?.strip_prefix("node")?.parse().ok())
}

/// Returns the first of the CPUs that share the last cache of this one.
fn last_level_cache(cpu_folder: &str) -> Option<u32> {
    let index = |n: u32| format!("{cpu_folder}/cache/index{n}");
    let last =
        (0..8).filter_map(|n| Some((read::<u32>(&format!("{}/level", index(n)))?, n))).max()?;
    let list: String = read(&format!("{}/shared_cpu_list", index(last.1)))?;
    list.split([',', '-']).next()?.parse().ok()
}

/// Counts the CPUs of a kernel list such as `0-3,8`.
fn count_of_list(list: &str) -> u32 {
    list.trim()
        .split(',')
        .filter_map(|part| {
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            Some(to.parse::<u32>().ok()? - from.parse::<u32>().ok()? + 1)
        })
        .sum()
}

fn cpu_model(cpuinfo: &str) -> String {
    field(cpuinfo, "model name").or_else(|| field(cpuinfo, "CPU part")).unwrap_or("unknown").into()
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find_map(|(key, value)| (key.trim() == name).then(|| value.trim()))
}

fn memory_bytes() -> u64 {
    resident::of_machine("MemTotal").unwrap_or(0)
}

fn hypervisor(cpuinfo: &str) -> Option<String> {
    let flags = field(cpuinfo, "flags")?;
    flags
        .split(' ')
        .any(|f| f == "hypervisor")
        .then(|| read("/sys/class/dmi/id/sys_vendor").unwrap_or_else(|| "present, unnamed".into()))
}

fn limits() -> KernelLimits {
    let rlimit = |resource| getrlimit(resource).current;
    KernelLimits {
        pipe_max_size: read("/proc/sys/fs/pipe-max-size"),
        mqueue_msg_max: read("/proc/sys/fs/mqueue/msg_max"),
        mqueue_msgsize_max: read("/proc/sys/fs/mqueue/msgsize_max"),
        rlimit_msgqueue: rlimit(Resource::Msgqueue),
        wmem_max: read("/proc/sys/net/core/wmem_max"),
        rmem_max: read("/proc/sys/net/core/rmem_max"),
        rlimit_nofile: rlimit(Resource::Nofile),
        rlimit_memlock: rlimit(Resource::Memlock),
        rlimit_fsize: rlimit(Resource::Fsize),
        rlimit_sigpending: rlimit(Resource::Sigpending),
        rlimit_as: rlimit(Resource::As),
    }
}

/// Reads what the run got from the user who started it.
#[must_use]
pub fn conditions() -> Conditions {
    let scheduling = scheduling::of_children().ok();
    let groups = Groups::of_this_process();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let quota = |Quota { quota_us, period_us }| CpuQuota { quota_us, period_us };
    let modules: Option<String> = read("/sys/kernel/security/lsm");
    let label: Option<String> = read("/proc/self/attr/current");
    Conditions {
        policy: scheduling.map(|found| found.policy.into()),
        priority: scheduling.and_then(|found| found.priority),
        nice: scheduling.map(|found| found.nice),
        cpu_quota: groups.quota().map(quota),
        memory_limit_bytes: groups.memory_limit().filter(|bytes| *bytes < memory_bytes()),
        security_modules: modules
            .map(|list| list.split(',').map(Into::into).collect())
            .unwrap_or_default(),
        security_label: label
            .map(|text| text.trim_end_matches('\0').to_owned())
            .filter(|text| !text.is_empty()),
        seccomp_filters: field(&status, "Seccomp_filters").and_then(|n| n.parse().ok()),
    }
}

fn mitigations() -> BTreeMap<String, String> {
    let Ok(entries) = std::fs::read_dir(Path::new("/sys/devices/system/cpu/vulnerabilities"))
    else {
        return BTreeMap::new();
    };
    entries
        .flatten()
        .filter_map(|entry| {
            let state = std::fs::read_to_string(entry.path()).ok()?;
            Some((entry.file_name().into_string().ok()?, state.trim().into()))
        })
        .collect()
}

/// Hashes what two equal machines have in common, and not what changes from boot to boot or from
/// user to user.
fn fingerprint(host: &Host) -> String {
    let places: Vec<_> = host.cpus.iter().map(|c| (c.core, c.package, c.node)).collect();
    let facts = format!(
        "{} {} {} {:?} {} {} {:?} {:?} {} {:?} {:?} {:?} {:?}",
        host.kernel,
        host.architecture,
        host.cpu_model,
        places,
        host.cpus_online,
        host.memory_bytes >> 30,
        host.hypervisor,
        host.clock_source,
        host.clock,
        host.idle_driver,
        host.idle_governor,
        host.frequency_governor,
        host.mitigations,
    );
    // Without a quota the fingerprint stays what it was before quotas were read.
    let facts = match host.cpu_quota() {
        Some(quota) => format!("{facts} {quota}"),
        None => facts,
    };
    Sha256::digest(facts.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_counted() {
        assert_eq!(count_of_list("0-3,8,10-11\n"), 7);
        assert_eq!(count_of_list("0"), 1);
    }

    #[test]
    fn memory_and_cores_are_this_machines_own() {
        // Peers were found with both hard-coded.
        let host = describe(&Clock::calibrate());
        let kib: u64 = std::fs::read_to_string("/proc/meminfo")
            .unwrap()
            .split_whitespace()
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        assert_eq!(host.memory_bytes, kib * 1024);
        let cpus = std::thread::available_parallelism().unwrap().get();
        assert!(host.cpus.len() >= cpus, "{} CPUs allowed, {cpus} usable", host.cpus.len());
        assert!(host.cpus_online as usize >= host.cpus.len());
        assert_eq!(host.fingerprint.len(), 16);
    }

    #[test]
    fn the_fingerprint_tells_machines_apart_and_runs_not() {
        let clock = Clock::calibrate();
        let (a, b) = (describe(&clock), describe(&Clock::calibrate()));
        assert_eq!(a.fingerprint, b.fingerprint);
        let other = Host { cpu_model: "another".into(), ..a.clone() };
        assert_ne!(fingerprint(&other), a.fingerprint);
        // F6: a share of a CPU is another machine; F7: scheduling is a condition, and no other machine.
        let quota = |quota_us| {
            let quota = (quota_us > 0).then_some(CpuQuota { quota_us, period_us: 100_000 });
            let conditions = Some(Conditions { cpu_quota: quota, ..Conditions::default() });
            fingerprint(&Host { conditions, ..a.clone() })
        };
        let older = fingerprint(&Host { conditions: None, ..a.clone() });
        assert_eq!(quota(0), older);
        assert!(quota(20_000) != older && quota(20_000) != quota(50_000));
    }
}

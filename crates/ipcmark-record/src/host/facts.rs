//! The facts of a host in words, and those in which two hosts differ.

use super::{Conditions, Cpu, CpuQuota, Host};
use ipcmark_show::{bytes, count, time};
use std::fmt;

/// One fact in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Its name.
    pub name: String,
    /// Its value, with its unit.
    pub value: String,
    /// True if two hosts that differ in it are two machines.
    pub machine: bool,
}

/// A fact in which two hosts differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Its name.
    pub name: String,
    /// Value in the first.
    pub base: String,
    /// Value in the second.
    pub new: String,
    /// True if the two are therefore two machines.
    pub machine: bool,
}

impl fmt::Display for Difference {
    /// `scheduling: other, nice 0 in the base, fifo, priority 10 in the new record`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { name, base, new, .. } = self;
        write!(f, "{name}: {base} in the base, {new} in the new record")
    }
}

impl fmt::Display for CpuQuota {
    /// `20.0 ms in each 100 ms (0.2 CPUs)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ns = |us: u64| time(us as f64 * 1e3);
        let cpus = self.quota_us as f64 / self.period_us.max(1) as f64;
        let cpus = (cpus * 100.0).round() / 100.0;
        write!(f, "{} in each {} ({cpus} CPUs)", ns(self.quota_us), ns(self.period_us))
    }
}

impl Conditions {
    /// Returns `fifo, priority 10`; `other, nice 5`. `None` if it could not be read.
    #[must_use]
    pub fn scheduling(&self) -> Option<String> {
        let policy = self.policy.as_ref()?;
        Some(match (self.priority, self.nice) {
            (Some(priority), _) => format!("{policy}, priority {priority}"),
            (None, Some(nice)) => format!("{policy}, nice {nice}"),
            (None, None) => policy.clone(),
        })
    }

    /// Returns true for processes that are scheduled as a shell's are, by default.
    #[must_use]
    pub fn is_usual_scheduling(&self) -> bool {
        self.policy.as_deref().is_none_or(|policy| policy == "other") && self.nice.unwrap_or(0) == 0
    }
}

impl Host {
    /// Returns true if both are one machine with one share of its CPUs, so that figures may be compared.
    #[must_use]
    pub fn is_same_machine(&self, other: &Host) -> bool {
        self.fingerprint == other.fingerprint && self.cpu_quota() == other.cpu_quota()
    }

    /// Returns the CPU quota, if there is one.
    #[must_use]
    pub fn cpu_quota(&self) -> Option<CpuQuota> {
        self.conditions.as_ref()?.cpu_quota
    }

    /// Returns the facts that may move a figure, first those of the machine. Facts that the record does not have are left out.
    #[must_use]
    pub fn facts(&self) -> Vec<Fact> {
        fn word(value: &Option<String>) -> String {
            value.clone().unwrap_or_else(|| "none".into())
        }
        let quota = self.cpu_quota();
        let machine = [
            ("CPU", self.cpu_model.clone()),
            ("architecture", self.architecture.clone()),
            ("CPUs online", self.cpus_online.to_string()),
            ("CPUs allowed", self.cpus.len().to_string()),
            ("places of the CPUs (core, package, node)", places(&self.cpus)),
            ("memory", gib(self.memory_bytes)),
            ("kernel", self.kernel.clone()),
            ("hypervisor", word(&self.hypervisor)),
            ("clock source", word(&self.clock_source)),
            ("clock", self.clock.clone()),
            ("idle driver", word(&self.idle_driver)),
            ("idle governor", word(&self.idle_governor)),
            ("frequency governor", word(&self.frequency_governor)),
            ("CPU quota", quota.map_or_else(|| "none recorded".into(), |quota| quota.to_string())),
        ];
        let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
        let fact =
            |(name, value): (&str, String), machine| Fact { name: name.into(), value, machine };
        let mut facts: Vec<Fact> = machine.into_iter().map(|found| fact(found, true)).collect();
        let fence = |other: bool| match other {
            true => "yes: hybrid waits publish without a fence".to_owned(),
            false => "no: hybrid waits have a fence at each message".to_owned(),
        };
        let mut further = vec![
            ("run as root", Some(yes(self.root))),
            ("barrier in other processes (membarrier)", self.membarrier.map(fence)),
        ];
        if let Some(conditions) = &self.conditions {
            further.extend(conditions.facts());
        }
        further.extend(self.limit_facts());
        let known = further.into_iter().filter_map(|(name, value)| Some((name, value?)));
        facts.extend(known.map(|found| fact(found, false)));
        facts
    }

    fn limit_facts(&self) -> Vec<(&'static str, Option<String>)> {
        let limits = &self.limits;
        let some = |value: Option<u64>, unit: &str| {
            value.map(|value| match value {
                u64::MAX => "unlimited".into(),
                value => format!("{}{unit}", count(value)),
            })
        };
        // Older records do not tell "unlimited" from "not read".
        let told = self.conditions.is_some();
        let rlimit = |value, unit| some(value, unit).or_else(|| told.then(|| "unlimited".into()));
        vec![
            ("fs.pipe-max-size", some(limits.pipe_max_size, " B")),
            ("fs.mqueue.msg_max", some(limits.mqueue_msg_max, " messages")),
            ("fs.mqueue.msgsize_max", some(limits.mqueue_msgsize_max, " B")),
            ("net.core.wmem_max", some(limits.wmem_max, " B")),
            ("net.core.rmem_max", some(limits.rmem_max, " B")),
            ("RLIMIT_MSGQUEUE", rlimit(limits.rlimit_msgqueue, " B")),
            ("RLIMIT_NOFILE", rlimit(limits.rlimit_nofile, "")),
            ("RLIMIT_MEMLOCK", rlimit(limits.rlimit_memlock, " B")),
            ("RLIMIT_FSIZE", rlimit(limits.rlimit_fsize, " B")),
            ("RLIMIT_SIGPENDING", rlimit(limits.rlimit_sigpending, " signals")),
            ("RLIMIT_AS", rlimit(limits.rlimit_as, " B")),
        ]
    }

    /// Returns the facts in which `new` differs from this host, first those that make them two machines. Facts that only one of the
    /// records has are passed over.
    #[must_use]
    pub fn differences(&self, new: &Host) -> Vec<Difference> {
        let theirs = new.facts();
        let differ = |fact: Fact| {
            let new = theirs.iter().find(|other| other.name == fact.name)?.value.clone();
            let Fact { name, value: base, machine } = fact;
            (base != new).then_some(Difference { name, base, new, machine })
        };
        let mut differences: Vec<Difference> =
            self.facts().into_iter().filter_map(differ).collect();
        let mut names: Vec<&String> =
            self.mitigations.keys().chain(new.mitigations.keys()).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let of =
                |host: &Host| host.mitigations.get(name).cloned().unwrap_or_else(|| "none".into());
            let (base, new) = (of(self), of(new));
            if base != new {
                let name = format!("mitigation {name}");
                differences.push(Difference { name, base, new, machine: true });
            }
        }
        differences.sort_by_key(|difference| !difference.machine);
        differences
    }
}

impl Conditions {
    fn facts(&self) -> Vec<(&'static str, Option<String>)> {
        let list = (!self.security_modules.is_empty()).then(|| self.security_modules.join(", "));
        let memory = self.memory_limit_bytes.map_or_else(|| "none".into(), bytes);
        vec![
            ("scheduling", self.scheduling()),
            ("memory limit", Some(memory)),
            ("security modules", list),
            ("security label", Some(self.security_label.clone().unwrap_or_else(|| "none".into()))),
            ("seccomp filters", self.seccomp_filters.map(|n| n.to_string())),
        ]
    }
}

/// Returns `3.8 GiB`, `4 GiB`.
fn gib(bytes: u64) -> String {
    format!("{} GiB", (bytes as f64 / f64::from(1 << 30) * 10.0).round() / 10.0)
}

/// Returns the place of each allowed CPU: `0/0/0 1/0/0`.
fn places(cpus: &[Cpu]) -> String {
    let word = |n: Option<u32>| n.map_or_else(|| "?".into(), |n| n.to_string());
    let place = |c: &Cpu| format!("{}/{}/{}", word(c.core), word(c.package), word(c.node));
    cpus.iter().map(place).collect::<Vec<_>>().join(" ")
}

#[cfg(all(test, feature = "sample"))]
mod tests {
    use super::*;
    use crate::sample;

    fn with(change: impl FnOnce(&mut Host, &mut Conditions)) -> Host {
        let mut host = sample::record(1, 1).host;
        let mut conditions =
            Conditions { policy: Some("other".into()), nice: Some(0), ..Conditions::default() };
        change(&mut host, &mut conditions);
        Host { conditions: Some(conditions), ..host }
    }

    fn words(base: &Host, new: &Host) -> Vec<String> {
        base.differences(new).iter().map(ToString::to_string).collect()
    }

    // F6
    #[test]
    fn another_quota_is_another_machine_and_says_so() {
        let plain = with(|_, _| ());
        let quota =
            |quota_us| with(|_, c| c.cpu_quota = Some(CpuQuota { quota_us, period_us: 100_000 }));
        assert!(plain.is_same_machine(&with(|_, _| ())));
        assert!(!plain.is_same_machine(&quota(20_000)));
        assert!(!quota(50_000).is_same_machine(&quota(20_000)));
        assert_eq!(
            words(&plain, &quota(20_000)),
            [
                "CPU quota: none recorded in the base, 20.0 ms in each 100 ms (0.2 CPUs) in the new record"
            ]
        );
        assert!(plain.differences(&quota(20_000))[0].machine);
    }

    // F7
    #[test]
    fn scheduling_and_limits_are_told_where_they_differ_and_only_if_both_know_them() {
        let base = with(|_, _| ());
        let new = with(|host, c| {
            (c.policy, c.priority) = (Some("fifo".into()), Some(10));
            c.memory_limit_bytes = Some(512 << 20);
            c.security_label = Some("docker-default (enforce)".into());
            host.limits.rlimit_fsize = Some(4096);
            host.limits.rlimit_as = Some(1 << 20);
        });
        assert!(base.is_same_machine(&new), "these are conditions of one machine");
        assert_eq!(
            words(&base, &new),
            [
                "scheduling: other, nice 0 in the base, fifo, priority 10 in the new record",
                "memory limit: none in the base, 512 MiB in the new record",
                "security label: none in the base, docker-default (enforce) in the new record",
                "RLIMIT_FSIZE: unlimited in the base, 4,096 B in the new record",
                "RLIMIT_AS: unlimited in the base, 1,048,576 B in the new record",
            ]
        );
        let older = Host { conditions: None, ..base.clone() };
        assert_eq!(words(&older, &new), [""; 0], "an older record knows nothing of it");
        let nice = with(|_, c| c.nice = Some(5));
        assert_eq!(words(&base, &nice).len(), 1);
        let usual = |host: &Host| host.conditions.as_ref().unwrap().is_usual_scheduling();
        assert_eq!([&base, &new, &nice].map(usual), [true, false, false]);
    }
}

//! What this kernel's settings allow, in words that name the setting.

use ipcmark_core::{Availability, Error, Limits, Refusal, Result};

/// Reads the kernel setting `name`, e.g. `fs.mqueue.msg_max`; `None` when this kernel or container does not show it.
///
/// # References
/// [proc_sys(5)](https://man7.org/linux/man-pages/man5/proc_sys.5.html)
#[must_use]
pub fn sysctl(name: &str) -> Option<u64> {
    let path = format!("/proc/sys/{}", name.replace('.', "/"));
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Returns what a probe that tried the mechanism found.
#[must_use]
pub fn availability(probe: Result<Limits>) -> Availability {
    match probe {
        Ok(limits) => Availability::Available(limits),
        Err(Error::Unavailable(refusal)) => Availability::Unavailable(refusal),
        Err(other) => Availability::Unavailable(Refusal::new(other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_read_by_its_name() {
        assert!(sysctl("kernel.pid_max").unwrap() > 0);
        assert_eq!(sysctl("kernel.no_such_setting"), None);
    }
}

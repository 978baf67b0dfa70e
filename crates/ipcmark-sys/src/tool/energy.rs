//! Energy of the processor packages, as the kernel counts it (RAPL).
//!
//! It is the whole package's, whatever runs on it. Virtual machines seldom have it, and most systems show it only to
//! root, because it tells a watcher what others compute.
//!
//! # References
//! - <https://docs.kernel.org/power/powercap/powercap.html>, `energy_uj`, `max_energy_range_uj`

use std::fs;
use std::path::{Path, PathBuf};

/// Folder of the counters.
pub const FOLDER: &str = "/sys/class/powercap";
/// Variable of the environment that names another folder: of a machine that is made up.
pub const VARIABLE: &str = "IPCMARK_POWERCAP";

/// The counters of all packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meter {
    packages: Vec<Package>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Package {
    energy: PathBuf,
    /// The largest value of the counter, µJ; the next one is 0.
    largest_uj: u64,
}

/// The counters at one moment, µJ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading(Vec<u64>);

impl Meter {
    /// Finds the counters of this machine.
    ///
    /// # Errors
    /// The reason why there are none to read, in words for a person.
    pub fn here() -> Result<Meter, String> {
        Meter::at(&std::env::var_os(VARIABLE).map_or_else(|| FOLDER.into(), PathBuf::from))
    }

    /// Finds the counters in a folder.
    ///
    /// # Errors
    /// See [`here`](Meter::here).
    pub fn at(folder: &Path) -> Result<Meter, String> {
        let none =
            || format!("no RAPL counters in {}, as in most virtual machines", folder.display());
        let mut zones: Vec<PathBuf> = fs::read_dir(folder)
            .map_err(|_| none())?
            .filter_map(|zone| Some(zone.ok()?.path()))
            .filter(|zone| is_package(zone))
            .collect();
        zones.sort();
        if zones.is_empty() {
            return Err(none());
        }
        let package = |zone: PathBuf| {
            let energy = zone.join("energy_uj");
            number(&energy).map_err(|why| format!("{} cannot be read: {why}", energy.display()))?;
            let largest_uj = number(&zone.join("max_energy_range_uj")).unwrap_or(u64::MAX);
            Ok(Package { energy, largest_uj })
        };
        Ok(Meter { packages: zones.into_iter().map(package).collect::<Result<_, String>>()? })
    }

    /// Reads the counters; `None` if one cannot be read any more.
    #[must_use]
    pub fn read(&self) -> Option<Reading> {
        let each = self.packages.iter().map(|package| number(&package.energy).ok());
        each.collect::<Option<_>>().map(Reading)
    }

    /// Returns the energy between two readings, µJ. A counter may begin again once in between.
    #[must_use]
    pub fn between_uj(&self, before: &Reading, after: &Reading) -> u64 {
        let each = self.packages.iter().zip(before.0.iter().zip(&after.0));
        each.map(|(package, (before, after))| match after.checked_sub(*before) {
            Some(energy) => energy,
            None => package.largest_uj.saturating_sub(*before).saturating_add(after + 1),
        })
        .sum()
    }
}

/// Returns true for a package, and false for its parts (`intel-rapl:0:0`), for other ways to its counter
/// (`intel-rapl-mmio:0`), and for the whole board (`psys`).
fn is_package(zone: &Path) -> bool {
    let name = zone.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let top = name.strip_prefix("intel-rapl:").is_some_and(|number| !number.contains(':'));
    let what = fs::read_to_string(zone.join("name")).unwrap_or_default();
    top && what.starts_with("package")
}

fn number(path: &Path) -> Result<u64, String> {
    let text = fs::read_to_string(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::PermissionDenied => "only root may read it".to_owned(),
        _ => e.to_string(),
    })?;
    text.trim().parse().map_err(|_| format!("{:?} is no number", text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(folder: &Path, zone: &str, name: &str, energy_uj: &str) {
        let zone = folder.join(zone);
        fs::create_dir_all(&zone).unwrap();
        fs::write(zone.join("name"), format!("{name}\n")).unwrap();
        fs::write(zone.join("energy_uj"), format!("{energy_uj}\n")).unwrap();
        fs::write(zone.join("max_energy_range_uj"), "999999\n").unwrap();
    }

    #[test]
    fn the_packages_add_up_and_their_parts_do_not_count_twice() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        zone(at, "intel-rapl:0", "package-0", "100");
        zone(at, "intel-rapl:0:0", "core", "60");
        zone(at, "intel-rapl:1", "package-1", "999990");
        zone(at, "intel-rapl:2", "psys", "5");
        zone(at, "intel-rapl-mmio:0", "package-0", "100");
        let meter = Meter::at(at).unwrap();
        let before = meter.read().unwrap();
        zone(at, "intel-rapl:0", "package-0", "350");
        zone(at, "intel-rapl:0:0", "core", "200");
        zone(at, "intel-rapl:1", "package-1", "40");
        let after = meter.read().unwrap();
        assert_eq!(meter.between_uj(&before, &after), 250 + 50, "the second began again at 0");
        fs::remove_file(at.join("intel-rapl:1/energy_uj")).unwrap();
        assert_eq!(meter.read(), None);
    }

    #[test]
    fn a_machine_without_counters_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let said = Meter::at(&folder.path().join("absent")).unwrap_err();
        assert!(said.contains("no RAPL counters in"), "{said}");
        zone(folder.path(), "dtpm", "package-0", "1");
        assert!(Meter::at(folder.path()).unwrap_err().contains("no RAPL counters in"));
        zone(folder.path(), "intel-rapl:0", "package-0", "many");
        let said = Meter::at(folder.path()).unwrap_err();
        assert!(said.contains("intel-rapl:0/energy_uj cannot be read: \"many\" is no"), "{said}");
    }
}

//! The rows and rules that a program offers.

use crate::exit::Usage;
use ipcmark_core::{Info, Role};
use ipcmark_harness::Entry;
use ipcmark_rules::Trial;
use std::collections::HashSet;

/// The rows and rules that a program offers: ipcmark's own, and those that were added.
#[derive(Debug, Clone)]
pub struct Catalog {
    rows: Vec<&'static Entry>,
    rules: Vec<Trial>,
}

impl Catalog {
    /// Returns all rows and rules of this build of ipcmark.
    #[must_use]
    pub fn builtin() -> Catalog {
        Catalog { rows: ipcmark_catalog::CATALOG.iter().collect(), rules: ipcmark_rules::trials() }
    }

    /// Adds rows behind those that are there. [`catalog!`](crate::catalog) makes them.
    #[must_use]
    pub fn with(mut self, rows: &'static [Entry]) -> Catalog {
        self.rows.extend(rows);
        self
    }

    /// Adds rules, which `ipcmark rules` and each run then try.
    #[must_use]
    pub fn with_rules(mut self, rules: &[Trial]) -> Catalog {
        self.rules.extend(rules);
        self
    }

    /// Refuses two rows of one name: a record could not tell them apart.
    pub(crate) fn check(&self) -> Result<(), Usage> {
        let mut names = HashSet::new();
        match self.names().into_iter().find(|name| !names.insert(name.clone())) {
            Some(name) => Err(Usage(format!("two transports of this build are called '{name}'"))),
            None => Ok(()),
        }
    }

    pub(crate) fn rows(&self) -> &[&'static Entry] {
        &self.rows
    }

    pub(crate) fn rules(&self) -> &[Trial] {
        &self.rules
    }

    /// Returns the name of each row, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        self.rows.iter().map(|entry| entry.info.name()).collect()
    }

    pub(crate) fn infos(&self) -> Vec<Info> {
        self.rows.iter().map(|entry| entry.info).collect()
    }

    /// Returns the row of this name, e.g. `pipe/block`.
    pub(crate) fn find(&self, name: &str) -> Option<&'static Entry> {
        self.rows.iter().copied().find(|entry| entry.info.name() == name)
    }

    /// Returns the row that measures the harness's own cost.
    pub(crate) fn floor(&self) -> Option<&'static Entry> {
        self.rows.iter().copied().find(|entry| entry.info.role == Role::Floor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_refused_the_second_time() {
        let catalog = Catalog::builtin();
        assert!(catalog.check().is_ok());
        let twice = catalog.with(&ipcmark_catalog::CATALOG[..1]);
        assert!(twice.check().unwrap_err().to_string().contains("'null/none'"));
    }
}

//! What a row depends on beside its own cell: found once a record, for all of its rows.

use crate::counting::is_good;
use crate::drift::drifts;
use crate::memo::Memo;
use crate::{Classes, Counting, Drift, Kind, Result};
use ipcmark_record::{Cell, ClockCertificate, Limit, Record, Target};

/// What a row depends on beside its own cell: the distance classes of the record, the drift of its machine, the step of
/// its clock, how far apart the clocks of its CPUs can be, and what they allow at best.
///
/// [`Context::of`] makes one; in a run that goes on, [`Context::again`] does not unpack again what it has seen.
#[derive(Debug, Clone, Default)]
pub struct Context {
    classes: Classes,
    drift: Vec<Drift>,
    clock_step_ns: f64,
    clocks: Option<ClockCertificate>,
    limits: Vec<Limit>,
    target: Target,
    pub(crate) memo: Memo,
}

impl Context {
    /// The context of all cells of `record`.
    ///
    /// # Errors
    /// A histogram that cannot be unpacked is an error that names its cell.
    pub fn of(record: &Record) -> Result<Context> {
        Context::with(record, Classes::of(&[record]))
    }

    /// The same with classes found elsewhere: those of several records that are to be held against each other.
    ///
    /// # Errors
    /// As [`Context::of`].
    pub fn with(record: &Record, classes: Classes) -> Result<Context> {
        let mut context = Context { classes, ..Context::default() };
        context.look(record)?;
        Ok(context)
    }

    /// The context of cells that belong to no record: without classes, without drift. `clock_step_ns` is the smallest step
    /// of the clock that timed them; 0 where that is not known.
    #[must_use]
    pub fn bare(clock_step_ns: f64) -> Context {
        Context { clock_step_ns, ..Context::default() }
    }

    /// Looks at `record` again, which has grown since: classes and drift are found anew from all of it, and only what was
    /// not there before is unpacked.
    ///
    /// # Errors
    /// As [`Context::of`].
    pub fn again(&mut self, record: &Record) -> Result<()> {
        self.classes = Classes::of(&[record]);
        self.look(record)
    }

    fn look(&mut self, record: &Record) -> Result<()> {
        self.clock_step_ns = record.harness.clock_step_ns;
        self.clocks.clone_from(&record.clock);
        self.limits.clone_from(&record.limits);
        self.target = record.settings.target.unwrap_or_default();
        for cell in &record.cells {
            for invocation in cell.invocations.iter().filter(|i| is_good(i)) {
                self.memo.learn(cell, invocation)?;
            }
        }
        self.drift = drifts(record, self)?;
        Ok(())
    }

    /// The distance classes.
    #[must_use]
    pub fn classes(&self) -> &Classes {
        &self.classes
    }

    /// The machine's drift, a kind of cells each; none where the run was too short to tell.
    #[must_use]
    pub fn drift(&self) -> &[Drift] {
        &self.drift
    }

    /// The smallest step of the clock that timed the cells, ns; 0 where that is not known.
    #[must_use]
    pub fn clock_step_ns(&self) -> f64 {
        self.clock_step_ns
    }

    /// How far apart the clocks of the CPUs can be; `None` where that was not measured.
    #[must_use]
    pub fn clocks(&self) -> Option<&ClockCertificate> {
        self.clocks.as_ref()
    }

    /// What the machine allows at best, as the run measured it; none where it did not.
    #[must_use]
    pub fn limits(&self) -> &[Limit] {
        &self.limits
    }

    /// How narrow intervals were to be; 2 % and 10 % where the run was not told.
    #[must_use]
    pub fn target(&self) -> Target {
        self.target
    }

    /// Which invocations of `cell` stand behind its figures.
    #[must_use]
    pub fn counting<'c>(&self, cell: &'c Cell) -> Counting<'c> {
        Counting::of(cell, &self.classes)
    }

    /// How far a run as a whole is off in cells like this one: see [`Drift::standard_error`]; 0 where that cannot be told.
    #[must_use]
    pub fn drift_of(&self, cell: &Cell) -> f64 {
        let kind = Kind::of(cell);
        self.drift.iter().find(|d| d.kind == kind).map_or(0.0, |d| d.standard_error)
    }
}

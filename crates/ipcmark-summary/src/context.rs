//! Context of a row: what it depends on besides its own cell. Found once per record, for all its
//! rows.

use crate::classes::is_good;
use crate::drift::drifts;
use crate::memo::Memo;
use crate::{Classes, Counting, Drift, Kind, Pooled, Result};
use ipcmark_record::{Cell, ClockCertificate, Limit, Record, Target};

/// Context of a row: the distance classes of the record, the drift of its machine, the step of its
/// clock, how far apart the clocks of its CPUs can be, and the limits of the machine.
///
/// [`Context::of`] makes one. During a run, [`Context::again`] unpacks only what is new.
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
    /// Returns the context of all cells of `record`.
    ///
    /// # Errors
    /// A histogram that cannot be unpacked is an error that names its cell.
    pub fn of(record: &Record) -> Result<Context> {
        Context::with(record, Classes::of(&[record]))
    }

    /// Returns the context, and gives all values behind the row of each `wanted` cell to `take`, as
    /// [`pooled`](crate::pooled) does, without unpacking them again.
    ///
    /// # Errors
    /// As [`Context::of`].
    pub fn pooling(
        record: &Record,
        wanted: impl Fn(&Cell) -> bool,
        mut take: impl FnMut(&Cell, Pooled),
    ) -> Result<Context> {
        let mut context = Context { classes: Classes::of(&[record]), ..Context::default() };
        for cell in record.cells.iter().filter(|cell| wanted(cell)) {
            let counting = Counting::of(cell, &context.classes);
            if let Some(pooled) = context.memo.pool(cell, &counting.invocations)? {
                take(cell, pooled);
            }
        }
        context.look(record)?;
        Ok(context)
    }

    /// Returns the context with classes found elsewhere: those of several records that are
    /// compared.
    ///
    /// # Errors
    /// As [`Context::of`].
    pub fn with(record: &Record, classes: Classes) -> Result<Context> {
        let mut context = Context { classes, ..Context::default() };
        context.look(record)?;
        Ok(context)
    }

    /// Returns the context of cells that belong to no record: no classes and no drift.
    /// `clock_step_ns` is the smallest step of the clock that timed them; 0 if unknown.
    #[must_use]
    pub fn bare(clock_step_ns: f64) -> Context {
        Context { clock_step_ns, ..Context::default() }
    }

    /// Looks at `record` again, which has grown since. Finds classes and drift from all of it, but
    /// unpacks only what is new.
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

    /// Returns the distance classes.
    #[must_use]
    pub fn classes(&self) -> &Classes {
        &self.classes
    }

    /// Returns the machine's drift for each kind of cells; none if the run was too short to show
    /// it.
    #[must_use]
    pub fn drift(&self) -> &[Drift] {
        &self.drift
    }

    /// Returns the smallest step of the clock that timed the cells, ns; 0 if unknown.
    #[must_use]
    pub fn clock_step_ns(&self) -> f64 {
        self.clock_step_ns
    }

    /// Returns how far apart the clocks of the CPUs can be; `None` if that was not measured.
    #[must_use]
    pub fn clocks(&self) -> Option<&ClockCertificate> {
        self.clocks.as_ref()
    }

    /// Returns the limits of the machine, as the run measured them; none if it did not.
    #[must_use]
    pub fn limits(&self) -> &[Limit] {
        &self.limits
    }

    /// Returns the width of intervals that the run aimed at; 2 % and 10 % if it set none.
    #[must_use]
    pub fn target(&self) -> Target {
        self.target
    }

    /// Returns which invocations of `cell` its figures are made of.
    #[must_use]
    pub fn counting<'c>(&self, cell: &'c Cell) -> Counting<'c> {
        Counting::of(cell, &self.classes)
    }

    /// Returns how far a run as a whole is off in cells like this one: see
    /// [`Drift::standard_error`]; 0 if unknown.
    #[must_use]
    pub fn drift_of(&self, cell: &Cell) -> f64 {
        let kind = Kind::of(cell);
        self.drift.iter().find(|d| d.kind == kind).map_or(0.0, |d| d.standard_error)
    }
}

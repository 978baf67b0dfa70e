//! The steps of every process of an invocation, whatever the pattern: meet, warm up, meet, measure,
//! meet.
//!
//! The frame is compiled once: it calls a pattern's part once a phase. Only code that runs once a
//! message is generic.

use crate::aside::Aside;
use crate::bench::Bench;
use crate::control::Control;
use crate::findings::Frame;
use crate::holds::Holds;
use crate::noise::{Heard, LISTEN};
use crate::rules;
use crate::seat::Seat;
use crate::timer::Timer;
use crate::warmup::WarmUp;
use ipcmark_core::{Error, Extent, Info, Pacing, Plan, Result, Side};
use ipcmark_record::{Histogram, Overlap, Placed, Replayed, Task, ThirdParties, Unit, Usage};
use ipcmark_sys::clock::{Clock, Ticks};
use ipcmark_sys::counters::Counters;
use ipcmark_sys::delay::Delay;
use ipcmark_sys::neighbours::Progress;
use ipcmark_sys::resident::Memory;
use ipcmark_sys::{affinity, usage};
use std::time::Duration;

/// A block of messages lasts about this long, so that the clock's cost stays far under 1 %.
const BLOCK: Duration = Duration::from_micros(50);
/// Messages of one block at most.
const LONGEST_BLOCK: u64 = 8192;

/// Result of one phase in one process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Done {
    /// Round trips or messages, as the pattern counts.
    pub(crate) messages: u64,
    /// Moment at which the last one was there.
    pub(crate) end: Ticks,
}

/// A pattern's part in one phase.
pub(crate) type Act<'a, 'b> = dyn FnMut(&mut Stage<'a>) -> Result<Done> + 'b;

/// One process's way through an invocation.
#[derive(Debug)]
pub(crate) struct Stage<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) control: &'a Control,
    pub(crate) seat: Seat,
    pub(crate) clock: Clock,
    /// Times the running phase.
    pub(crate) timer: Timer,
    /// 1 while warming up, 2 while measuring; counted on in an invocation of several slices.
    pub(crate) phase: u32,
    /// Moment at which the phase began: the same value in all processes.
    pub(crate) start: Ticks,
    /// Length of the phase.
    pub(crate) extent: Extent,
    /// True if this process may keep its CPU while it waits: no other process of the invocation
    /// needs it.
    pub(crate) own_cpu: bool,
    /// True if processes 0 and 1 are on different CPUs, and this is one of them.
    has_distance: bool,
    pinned: bool,
    /// Steps by which a responder is late on purpose: see [`Plan::slow_down_permille`]; 0 while
    /// warming up.
    pub(crate) delay: u64,
    /// Counters, if cycles are counted.
    counters: Option<Counters>,
    /// Count of the neighbours that compute.
    progress: Option<Progress>,
    /// Times the lag of a sender that also times its answers.
    pub(crate) lag: Option<Timer>,
    /// Times how long sends hold this process.
    pub(crate) holds: Option<Holds>,
    /// Time that a schedule gives to the running phase; by default from its beginning to its last
    /// message.
    pub(crate) span: Option<(Ticks, Ticks)>,
    /// Cost of sending on time in the running phase.
    pub(crate) pacing: Option<Pacing>,
    /// Findings of some patterns only.
    pub(crate) overlap: Option<Overlap>,
    pub(crate) task: Option<Task>,
    pub(crate) links: Option<String>,
    /// Times of each of several senders to this process.
    pub(crate) by_sender: Vec<Histogram>,
    /// Sums over the messages of a link that several receivers share.
    pub(crate) sums: Option<[u64; 3]>,
    pub(crate) placed: Option<Placed>,
    pub(crate) usage: Usage,
    pub(crate) third_parties: Option<ThirdParties>,
    /// Memory when a look began, if this invocation looks at memory.
    memory: Option<Memory>,
    pub(crate) found: Frame,
}

impl<'a> Stage<'a> {
    /// Pins this process where the bench says.
    pub(crate) fn enter(
        plan: &'a Plan,
        bench: &Bench,
        control: &'a Control,
        seat: Seat,
        info: &Info,
    ) -> Result<Stage<'a>> {
        let cpu = bench.cpus.of(seat.process);
        if let Some(cpu) = cpu {
            affinity::pin(cpu)?;
        }
        let processes = control.processes();
        // Idle peers sleep, and come last.
        let idle = plan.workload.processes() - plan.workload.with_idle(0).processes();
        let awake = processes.saturating_sub(idle).max(1);
        // The scheduler gives each a CPU of its own, where there are enough.
        let own_cpu = match cpu {
            _ if seat.process >= awake => false,
            Some(_) => bench.cpus.alone(seat.process, awake),
            None => affinity::allowed()?.len() >= awake,
        };
        let unit = rules::unit(plan.workload, seat.side);
        let times = plan.workload.is_timed_by(seat.side) || processes == 1;
        let sizes = plan.sizes.as_ref().filter(|_| times && !plan.workload.is_rate());
        let classes = sizes.map_or(0, |sizes| sizes.classes().len());
        Ok(Stage {
            plan,
            control,
            seat,
            clock: bench.clock,
            timer: Timer::new(bench.clock, unit)?.with_classes(classes)?.with_raw(plan.raw),
            phase: 0,
            start: 0,
            extent: plan.extent,
            own_cpu,
            has_distance: processes > 1 && seat.process < 2 && bench.cpus.apart(0, 1),
            pinned: cpu.is_some(),
            delay: 0,
            counters: control.counting.counters()?,
            progress: bench.neighbours.as_ref().and_then(|near| near.progress.clone()),
            // A floor has nothing but its lag.
            lag: (processes > 1 && rules::keeps_lag(plan.workload, seat.side))
                .then(|| Timer::new(bench.clock, Some(Unit::NsLag)).map(|t| t.with_raw(plan.raw)))
                .transpose()?,
            holds: if control.times_alone() {
                Holds::of(plan, seat, info, bench.clock)?
            } else {
                None
            },
            span: None,
            pacing: None,
            overlap: None,
            task: None,
            links: None,
            by_sender: Vec::new(),
            sums: None,
            placed: None,
            usage: Usage::default(),
            third_parties: None,
            memory: None,
            found: Frame::default(),
        })
    }

    /// Returns the seeds of a pair's messages: the initiator's, then the responder's. `peer` is the
    /// number of the pair.
    pub(crate) fn seeds(&self, peer: usize) -> (u64, u64) {
        let seed = self.plan.seed ^ ((peer as u64) << 32);
        (seed ^ 1, seed ^ 2)
    }

    /// Takes halves out of what was inherited.
    pub(crate) fn split<L>(&mut self, take: impl FnOnce() -> Result<L>) -> Result<L> {
        self.look_from();
        let begun = self.clock.now();
        let halves = take()?;
        self.found.split_ns += self.clock.ns(self.clock.now() - begun) as u64;
        self.look_until();
        Ok(halves)
    }

    /// Begins to look at what this process's memory gains, if this invocation does so.
    pub(crate) fn look_from(&mut self) {
        if self.control.counting.looks_at_memory() {
            // Pages of the harness's own that are touched later would count as gained.
            self.timer.forget();
            self.memory = Memory::now();
        }
    }

    /// Adds what this process's memory gained since.
    pub(crate) fn look_until(&mut self) {
        if let Some((before, after)) = self.memory.take().zip(Memory::now()) {
            let gained = self.found.memory.get_or_insert_default();
            let gain = |of: fn(Memory) -> u64| of(after) as i64 - of(before) as i64;
            gained.resident_bytes += gain(Memory::resident_bytes);
            gained.locked_bytes += gain(|memory| memory.locked_bytes);
        }
    }

    /// Drops halves, when all phases are over.
    pub(crate) fn tear_down<L>(&mut self, halves: L) {
        let begun = self.clock.now();
        drop(halves);
        self.found.teardown_ns += self.clock.ns(self.clock.now() - begun) as u64;
    }

    /// Returns true if this process is pinned to a CPU that no other of the invocation runs on.
    pub(crate) const fn is_alone(&self) -> bool {
        self.own_cpu && self.pinned
    }

    pub(crate) fn meet(&self) -> Result<Ticks> {
        self.control.meet(&self.clock, self.is_alone())
    }

    pub(crate) fn distance(&self) -> Option<f64> {
        self.has_distance
            .then(|| self.control.distance_ns(&self.clock, self.seat.process))
            .flatten()
    }

    /// Listens for interruptions of this process by others than the invocation's own processes. On
    /// a CPU that those need, only process 0 listens, while they sleep at the meeting that follows.
    fn listen(&self) -> Heard {
        if !self.is_alone() {
            if self.seat.process > 0 {
                return Heard::default();
            }
            self.control.outwait();
        }
        Heard::listen(&self.clock, LISTEN)
    }

    /// Returns the time that this process was ready to run without a CPU, if no other of the
    /// invocation shares its own.
    fn waited_ns(&self) -> Option<u64> {
        self.is_alone().then(usage::waited_ns).flatten()
    }

    /// Takes the time from when a message was due to the call that sends it.
    pub(crate) fn take_lag(&mut self, now: Ticks, ticks: Ticks) {
        if let Some(lag) = &mut self.lag {
            lag.take(now, ticks);
        }
    }

    /// Ends the sends of a phase: see [`Holds::end`].
    pub(crate) fn sends_end(&mut self, sends: u64, pauses: u64) {
        if let Some(holds) = &mut self.holds {
            holds.end(sends, pauses);
        }
    }

    /// Runs the first phase.
    pub(crate) fn warm_up(&mut self, act: &mut Act<'a, '_>) -> Result<()> {
        let clock = self.clock;
        self.start = self.meet()?;
        self.phase = 1;
        self.extent = Extent::Time(self.plan.warm_up);
        self.timer.warm_up(WarmUp::new(&clock, self.plan.warm_up, self.start));
        let done = act(self)?;
        let elapsed = clock.now() - self.start;
        self.found.first_ns = self.timer.first_ns();
        let judges = rules::judges(self.plan.workload, self.seat.side);
        self.found.warmed_up(ipcmark_record::WarmUp {
            messages: done.messages,
            elapsed_ns: clock.ns(elapsed) as u64,
            steady: self.timer.is_steady() || !judges,
        });
        if self.timer.unit() == Some(Unit::PsPerMessageBlock) {
            let each = elapsed as f64 / done.messages.max(1) as f64;
            let block = clock.ticks(BLOCK) as f64 / each;
            self.timer.block_len = (block.ceil() as u64).clamp(1, LONGEST_BLOCK);
        }
        self.be_late()
    }

    /// Sets the delay of a process that is to be late from now on.
    fn be_late(&mut self) -> Result<()> {
        if self.plan.slow_down_permille == 0 {
            return Ok(());
        }
        if self.seat.process == 0 {
            self.control.say_tempo(self.timer.middle().map_or(0.0, |middle| middle.midmean_ns));
        }
        self.meet()?;
        if self.seat.side == Side::Responder {
            let delay_ns = self.control.tempo_ns() * f64::from(self.plan.slow_down_permille) / 1e3;
            self.delay = Delay::calibrate(&self.clock).steps(delay_ns);
        }
        Ok(())
    }

    /// Runs the measured phase, and looks and listens around it.
    pub(crate) fn measure(&mut self, act: &mut Act<'a, '_>) -> Result<()> {
        self.meet()?;
        let before_ns = self.distance();
        let heard = self.listen();
        // All are awake again when the phase begins.
        self.meet()?;
        self.timer.forget();
        self.lag.iter_mut().for_each(Timer::forget);
        self.holds.iter_mut().for_each(Holds::forget);
        let allowed = affinity::allowed()?;
        let (counting, process) = (&self.control.counting, self.seat.process);
        counting.stand_by(process)?;
        let waited_before_ns = self.waited_ns();
        let aside = Aside::begin(self);
        self.start = self.meet()?;
        self.phase = 2;
        self.extent = self.plan.extent;
        self.timer.measure(self.extent, self.start);
        let usage_before = usage::now();
        self.holds.iter_mut().for_each(|holds| holds.begin(usage_before));
        let cpu_before = affinity::current();
        let cycles_before = self.count_cycles()?;
        let progress = self.progress.as_ref().map(|progress| (progress.now(), self.clock.now()));
        counting.begin(process);
        let done = act(self)?;
        counting.end(process);
        self.found.near = self.progress.as_ref().zip(progress).map(|(progress, (count, at))| {
            (progress.now() - count, self.clock.ns(self.clock.now() - at) as u64)
        });
        let cycles_after = self.count_cycles()?;
        let cpu_after = affinity::current();
        let spent = usage::now().since(usage_before);
        let waited_after_ns = self.waited_ns();
        // This comes first: a side that packs its findings while its peer waits for the last answer
        // on the same CPU would be in that round trip.
        self.meet()?;
        self.look_until();
        (self.third_parties, self.found.energy) = aside.end(&self.clock);
        let after_ns = self.distance();
        self.found.heard = heard.and(self.listen());
        // No process packs while another still listens.
        self.meet()?;

        // A process that slept also waited after each wake-up. The mechanism causes that, not
        // another process.
        let waited_ns = waited_before_ns.zip(waited_after_ns).map(|(before, after)| after - before);
        self.found.waited_ns = waited_ns.filter(|_| spent.voluntary_switches == 0);
        self.found.distance = before_ns.zip(after_ns);
        self.placed = Some(Placed { allowed, cpu_before, cpu_after });
        let counted = cycles_after.zip(cycles_before);
        self.usage = Usage {
            cycles: counted.map(|(after, before)| after[0] - before[0]),
            instructions: counted.map(|(after, before)| after[1] - before[1]),
            pacing: self.pacing,
            ..spent
        };
        self.found.elapsed_ns = self.elapsed_ns(done);
        self.found.by_schedule = self.span.is_some();
        self.found.messages = done.messages;
        self.found.replayed = self.replayed();
        Ok(())
    }

    /// Returns the messages of a trace that were due in the phase.
    fn replayed(&self) -> Option<Replayed> {
        let Extent::Time(time) = self.extent else { return None };
        let span_ns = time.as_nanos() as u64;
        let due = self.plan.trace.as_ref()?.due_before(span_ns);
        Some(Replayed { due, span_ns })
    }

    /// Returns the time of a phase that is over.
    pub(crate) fn elapsed_ns(&self, done: Done) -> u64 {
        let (begun, until) = self.span.unwrap_or((self.start, self.start));
        self.clock.ns(done.end.max(until).saturating_sub(begun)) as u64
    }

    /// Returns cycles and instructions so far, if they are counted.
    fn count_cycles(&mut self) -> Result<Option<[u64; 2]>> {
        let Some(counters) = &mut self.counters else { return Ok(None) };
        counters.read().map(Some).map_err(|e| Error::os("read(perf_event)", e))
    }

    /// Returns the CPUs that this process ran on.
    pub(crate) fn placed(&self) -> Result<Placed> {
        let missing = || Error::Protocol("a pattern's part ended without its phases".into());
        self.placed.clone().ok_or_else(missing)
    }
}

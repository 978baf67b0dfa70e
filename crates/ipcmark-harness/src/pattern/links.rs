//! The links of a cell: made before the fork, split by each process, dropped within the clock.

use super::{Made, Play};
use crate::desk::{Desk, Tally};
use crate::mechanism::Mechanism;
use crate::setup::{Making, making};
use crate::stage::Stage;
use ipcmark_core::{Capacity, Error, Link, Names, Plan, Result, Role, Side};

/// The two halves that one process holds of a link.
pub(super) type Halves<M> = Link<<M as Mechanism>::Tx, <M as Mechanism>::Rx>;

/// What a process does with its links: it runs [`Stage::phases`], drops the halves, and returns what became of its messages.
pub(super) type Part<M> = Box<dyn FnOnce(Vec<Halves<M>>, &mut Stage<'_>) -> Result<Tally>>;

/// What the processes of a cell inherit.
struct Links<M: Mechanism> {
    mechanism: M,
    /// One link, or one for each peer.
    fixtures: Vec<M::Fixture>,
    part: Part<M>,
}

/// Fixtures, and what making them took.
pub(super) struct Fixtures<M: Mechanism> {
    mechanism: M,
    made: Vec<M::Fixture>,
    took: Making,
}

impl<M: Mechanism> Fixtures<M> {
    /// Makes one link.
    pub(super) fn one(mechanism: M, plan: &Plan) -> Result<Fixtures<M>> {
        let (fixture, took) = making(|| mechanism.fixture(plan))?;
        Ok(Fixtures { mechanism, made: vec![fixture], took })
    }

    /// Makes a link for each peer, with names of its own. The plan of each has one peer.
    pub(super) fn per_peer(mechanism: M, plan: &Plan) -> Result<Fixtures<M>> {
        let mut fixtures = Fixtures { mechanism, made: Vec::new(), took: Making::default() };
        for link in 0..plan.workload.peers() {
            let plan = plan_of_link(plan, link)?;
            let (fixture, took) = making(|| mechanism.fixture(&plan))?;
            fixtures.made.push(fixture);
            fixtures.took += took;
        }
        Ok(fixtures)
    }

    /// The capacity of the first link.
    pub(super) fn capacity(&self) -> Result<Capacity> {
        self.mechanism.capacity(&self.made[0])
    }

    /// Completes what the processes inherit.
    pub(super) fn with(
        self,
        part: impl FnOnce(Vec<Halves<M>>, &mut Stage<'_>) -> Result<Tally> + 'static,
    ) -> Made {
        let Fixtures { mechanism, made: fixtures, took } = self;
        (Box::new(Links { mechanism, fixtures, part: Box::new(part) }), took)
    }
}

fn plan_of_link(plan: &Plan, link: usize) -> Result<Plan> {
    let dir = plan.names.dir.join(link.to_string());
    match std::fs::create_dir(&dir) {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(Error::os(format!("mkdir({})", dir.display()), e));
        }
        _ => {}
    }
    let names = Names { token: format!("{}-{link}", plan.names.token), dir };
    Ok(Plan { names, workload: plan.workload.with_value(1), ..plan.clone() })
}

impl<M: Mechanism> Play for Links<M> {
    fn capacity(&self) -> Result<Option<Capacity>> {
        self.fixtures.first().map(|fixture| self.mechanism.capacity(fixture)).transpose()
    }

    fn perform(self: Box<Self>, stage: &mut Stage<'_>) -> Result<Tally> {
        let Links { mechanism, mut fixtures, part } = *self;
        if let (Some(peer), 2..) = (stage.seat.peer, fixtures.len()) {
            // A peer that kept the others' links would keep them open after their ends are gone.
            fixtures = vec![fixtures.swap_remove(peer)];
        }
        let side = stage.seat.side;
        let mut links = Vec::with_capacity(fixtures.len());
        for fixture in fixtures {
            links.push(stage.split(|| mechanism.split(fixture, side))?);
        }
        part(links, stage)
    }
}

/// One process's end of a link, and what it needs to write and check messages.
pub(super) struct End<M: Mechanism> {
    pub(super) tx: M::Tx,
    pub(super) rx: M::Rx,
    pub(super) desk: Desk,
}

impl<M: Mechanism> End<M> {
    /// `pair` is the number of the pair of processes whose seeds the messages have.
    fn new(mechanism: M, Link { tx, rx }: Halves<M>, stage: &Stage<'_>, pair: usize) -> End<M> {
        let (towards, back) = stage.seeds(pair);
        let seeds = match (mechanism.info().role, stage.seat.side) {
            (Role::Floor, _) => (towards, towards),
            (_, Side::Initiator) => (towards, back),
            (_, Side::Responder) => (back, towards),
        };
        End { tx, rx, desk: Desk::new(stage.clock, stage.plan.size, seeds, mechanism.info()) }
    }
}

/// The process's ends, and desks for them. Peers that share a link share its seeds.
pub(super) fn ends<M: Mechanism>(
    mechanism: M,
    links: Vec<Halves<M>>,
    stage: &Stage<'_>,
    shared: bool,
) -> Vec<End<M>> {
    let pair = |number| if shared { 0 } else { stage.seat.peer.unwrap_or(number) };
    let links = links.into_iter().enumerate();
    links.map(|(number, link)| End::new(mechanism, link, stage, pair(number))).collect()
}

/// Drops the halves of all links, and nothing else, within the clock. Returns what became of the messages.
pub(super) fn tear_down<M: Mechanism>(ends: Vec<End<M>>, stage: &mut Stage<'_>) -> Tally {
    let (links, desks): (Vec<_>, Vec<_>) =
        ends.into_iter().map(|End { tx, rx, desk }| (Link { tx, rx }, desk)).unzip();
    stage.tear_down(links);
    desks.iter().fold(Tally::default(), |sum, desk| sum.and(desk.tally()))
}

/// The word for the record: whether the peers share one link.
pub(super) fn words(shared: bool) -> Option<String> {
    Some(if shared { "shared" } else { "per-peer" }.into())
}

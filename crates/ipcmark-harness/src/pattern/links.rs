//! The links of a cell: made before the fork, split by each process, dropped within the clock.

use super::{Made, Play};
use crate::desk::{Desk, Tally};
use crate::halves::{Fixture, Halves, Row};
use crate::setup::{Making, making};
use crate::stage::Stage;
use ipcmark_core::{Capacity, Error, Info, Link, Names, Parameter, Plan, Result, Role, Side};

/// The two halves that one process holds of a link.
pub(super) type Pair<H> = Link<<H as Halves>::Tx, <H as Halves>::Rx>;

/// One process's work with its links: it runs [`Stage::phases`], drops the halves, and returns the
/// tally of its messages.
pub(super) type Part<H> = Box<dyn FnOnce(Vec<Pair<H>>, &mut Stage<'_>) -> Result<Tally>>;

/// The links that the processes of a cell inherit.
struct Links<H: Halves> {
    /// One link, or one for each peer.
    fixtures: Vec<Box<dyn Fixture<H>>>,
    part: Part<H>,
}

/// Fixtures, and what making them took.
pub(super) struct Fixtures<H: Halves> {
    made: Vec<Box<dyn Fixture<H>>>,
    took: Making,
}

impl<H: Halves> Fixtures<H> {
    /// Makes one link.
    pub(super) fn one(row: &Row<H>, plan: &Plan) -> Result<Fixtures<H>> {
        let (fixture, took) = making(|| (row.fixture)(plan))?;
        Ok(Fixtures { made: vec![fixture], took })
    }

    /// Makes a link for each peer, idle ones too, with names of its own. The plan of each has one peer.
    pub(super) fn per_peer(row: &Row<H>, plan: &Plan) -> Result<Fixtures<H>> {
        let mut fixtures = Fixtures { made: Vec::new(), took: Making::default() };
        for link in 0..plan.workload.peers() + plan.workload.idle() {
            let plan = plan_of_link(plan, link)?;
            let (fixture, took) = making(|| (row.fixture)(&plan))?;
            fixtures.made.push(fixture);
            fixtures.took += took;
        }
        Ok(fixtures)
    }

    /// Returns the capacity of the first link.
    pub(super) fn capacity(&self) -> Result<Capacity> {
        self.made[0].capacity()
    }

    /// Completes what the processes inherit.
    pub(super) fn with(
        self,
        part: impl FnOnce(Vec<Pair<H>>, &mut Stage<'_>) -> Result<Tally> + 'static,
    ) -> Made {
        let Fixtures { made: fixtures, took } = self;
        (Box::new(Links { fixtures, part: Box::new(part) }), took)
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
    Ok(Plan {
        names,
        workload: plan.workload.with(Parameter::Peers, 1).with_idle(0),
        ..plan.clone()
    })
}

impl<H: Halves> Play for Links<H> {
    fn capacity(&self) -> Result<Option<Capacity>> {
        self.fixtures.first().map(|fixture| fixture.capacity()).transpose()
    }

    fn perform(self: Box<Self>, stage: &mut Stage<'_>) -> Result<Tally> {
        let Links { mut fixtures, part } = *self;
        if let (Some(peer), 2..) = (stage.seat.peer, fixtures.len()) {
            // A peer that kept the others' links would keep them open after their ends are gone.
            fixtures = vec![fixtures.swap_remove(peer)];
        }
        let side = stage.seat.side;
        let mut links = Vec::with_capacity(fixtures.len());
        for fixture in fixtures {
            links.push(stage.split(|| fixture.split(side))?);
        }
        part(links, stage)
    }
}

/// One process's end of a link, and what it needs to write and check messages.
pub(super) struct End<H: Halves> {
    pub(super) tx: H::Tx,
    pub(super) rx: H::Rx,
    pub(super) desk: Desk,
}

impl<H: Halves> End<H> {
    /// `pair` is the number of the pair of processes whose seeds the messages have.
    fn new(info: &Info, Link { tx, rx }: Pair<H>, stage: &Stage<'_>, pair: usize) -> End<H> {
        let (towards, back) = stage.seeds(pair);
        let seeds = match (info.role, stage.seat.side) {
            (Role::Floor, _) => (towards, towards),
            (_, Side::Initiator) => (towards, back),
            (_, Side::Responder) => (back, towards),
        };
        End { tx, rx, desk: Desk::new(stage.clock, stage.plan, seeds, info) }
    }
}

/// Returns the process's ends, and desks for them. Peers that share a link share its seeds.
pub(super) fn ends<H: Halves>(
    info: &Info,
    links: Vec<Pair<H>>,
    stage: &Stage<'_>,
    shared: bool,
) -> Vec<End<H>> {
    let pair = |number| if shared { 0 } else { stage.seat.peer.unwrap_or(number) };
    let links = links.into_iter().enumerate();
    links.map(|(number, link)| End::new(info, link, stage, pair(number))).collect()
}

/// Drops the halves of all links, and nothing else, within the clock. Returns the tally of the
/// messages.
pub(super) fn tear_down<H: Halves>(ends: Vec<End<H>>, stage: &mut Stage<'_>) -> Tally {
    let (links, desks): (Vec<_>, Vec<_>) =
        ends.into_iter().map(|End { tx, rx, desk }| (Link { tx, rx }, desk)).unzip();
    stage.tear_down(links);
    desks.iter().fold(Tally::default(), |sum, desk| sum.and(desk.tally()))
}

/// Returns the word for the record that says if the peers share one link.
pub(super) fn words(shared: bool) -> Option<String> {
    Some(if shared { "shared" } else { "per-peer" }.into())
}

//! The processes of an invocation: one side of one process, one side of one or several; or pairs.

use ipcmark_core::{Plan, Role, Shape, Side};

/// One process of an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seat {
    /// Number of the process: 0 is the side that is one process, and its peers follow from 1 on. Of pairs each
    /// initiator is followed by its responder.
    pub(crate) process: usize,
    pub(crate) side: Side,
    /// Number among the processes of its side, if the pattern has several.
    pub(crate) peer: Option<usize>,
    /// The process of the other side; for the single side, its first peer.
    pub(crate) other: usize,
}

impl Seat {
    /// Returns `initiator` or `responder`; if there are several, `initiator-0` and so on.
    pub(crate) fn name(self) -> String {
        match self.peer {
            Some(peer) => format!("{}-{peer}", self.side),
            None => self.side.name().into(),
        }
    }
}

/// Returns the seats of a plan, in the order of their processes.
pub(crate) fn seats(plan: &Plan, role: Role) -> Vec<Seat> {
    let workload = plan.workload;
    let several = workload.has_peers();
    let one = match workload.shape() {
        Some(Shape::FanIn) => Side::Responder,
        Some(Shape::Pairs) => {
            let seat = |process: usize| {
                let (pair, side) = (process / 2, Side::ALL[process % 2]);
                Seat { process, side, peer: Some(pair), other: process ^ 1 }
            };
            return (0..workload.processes()).map(seat).collect();
        }
        _ => Side::Initiator,
    };
    let peers = if role == Role::Floor { 0 } else { workload.processes() - 1 };
    let others = (0..peers).map(|i| {
        let peer = several.then_some(i);
        Seat { process: i + 1, side: one.peer(), peer, other: 0 }
    });
    let first = Seat { process: 0, side: one, peer: None, other: 1 };
    std::iter::once(first).chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_core::{Names, Parameter, Workload};

    fn names(workload: Workload, role: Role) -> Vec<String> {
        let names = Names { token: String::new(), dir: "/".into() };
        let plan = Plan { workload: workload.with(Parameter::Peers, 3), ..Plan::new(8, names) };
        seats(&plan, role).into_iter().map(Seat::name).collect()
    }

    #[test]
    fn the_single_side_comes_first_and_its_peers_are_numbered() {
        assert_eq!(names(Workload::PingPong, Role::Mechanism), ["initiator", "responder"]);
        assert_eq!(names(Workload::PingPong, Role::Floor), ["initiator"]);
        let fan_in = ["responder", "initiator-0", "initiator-1", "initiator-2"];
        assert_eq!(names(Workload::FanIn { peers: 3 }, Role::Mechanism), fan_in);
        let fan_out = ["initiator", "responder-0", "responder-1", "responder-2"];
        assert_eq!(names(Workload::FanOut { peers: 3 }, Role::Mechanism), fan_out);
        assert_eq!(names(Workload::Broadcast { peers: 3 }, Role::Mechanism), fan_out);
        assert_eq!(names(Workload::PACED_FAN_IN, Role::Mechanism), fan_in);
        assert_eq!(names(Workload::PACED_BROADCAST, Role::Mechanism), fan_out);
        let pairs = names(Workload::PACED_PAIRS.with_idle(1), Role::Mechanism);
        assert_eq!((pairs.len(), &*pairs[0], &*pairs[1]), (8, "initiator-0", "responder-0"));
        assert_eq!(names(Workload::PACED_FAN_IN.with_idle(1), Role::Mechanism).len(), 5);
    }
}

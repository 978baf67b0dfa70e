//! The processes of an invocation: one side of one process, one side of one or several.

use ipcmark_core::{Plan, Role, Side, Workload};

/// One process of an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seat {
    /// Number of the process: 0 is the side that is one process, and its peers follow from 1 on.
    pub(crate) process: usize,
    pub(crate) side: Side,
    /// Number among the processes of its side, if the pattern has several.
    pub(crate) peer: Option<usize>,
}

impl Seat {
    /// Returns `initiator` or `responder`; if there are several, `initiator-0` and so on.
    pub(crate) fn name(self) -> String {
        match self.peer {
            Some(peer) => format!("{}-{peer}", self.side),
            None => self.side.name().into(),
        }
    }

    /// Returns the process of the other side; for the single side, its first peer.
    pub(crate) const fn other(self) -> usize {
        if self.process == 0 { 1 } else { 0 }
    }
}

/// Returns the seats of a plan, in the order of their processes.
pub(crate) fn seats(plan: &Plan, role: Role) -> Vec<Seat> {
    let one = match plan.workload {
        Workload::FanIn { .. } => Side::Responder,
        _ => Side::Initiator,
    };
    let several = plan.workload.has_peers();
    let peers = if role == Role::Floor { 0 } else { plan.workload.peers() };
    let others =
        (0..peers).map(|i| Seat { process: i + 1, side: one.peer(), peer: several.then_some(i) });
    std::iter::once(Seat { process: 0, side: one, peer: None }).chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_core::Names;

    fn names(workload: Workload, role: Role) -> Vec<String> {
        let names = Names { token: String::new(), dir: "/".into() };
        let plan = Plan { workload: workload.with_value(3), ..Plan::new(8, names) };
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
    }
}

//! The serving side: an object that clients call.

use super::network;
use crate::call_capnp::procedure;
use crate::desk::Desk;
use crate::server::{Server, event_loop};
use capnp_rpc::RpcSystem;
use capnp_rpc::rpc_twoparty_capnp::Side;
use ipcmark_core::Result;
use ipcmark_sys::lifeline::Lifeline;
use std::cell::RefCell;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::task::LocalSet;

/// Starts the server at its end of the connection.
pub(super) fn start(end: UnixStream, caller: Lifeline) -> Result<Server> {
    Server::start("capnp", caller, (), |desk, stopped| run(end, desk, stopped))
}

/// Drives the connection until it ends, or the server does.
fn run(end: UnixStream, desk: Arc<Desk>, stopped: oneshot::Receiver<()>) -> Result<()> {
    let runtime = event_loop()?;
    LocalSet::new().block_on(&runtime, async {
        let client: procedure::Client =
            capnp_rpc::new_client(AtDesk { desk, result: RefCell::default() });
        let system = RpcSystem::new(network(end, Side::Server)?, Some(client.client));
        tokio::select! {
            // A connection that breaks is an end like any other.
            _ = system => {}
            _ = stopped => {}
        }
        Ok(())
    })
}

/// The object that clients call.
struct AtDesk {
    desk: Arc<Desk>,
    result: RefCell<Vec<u8>>,
}

impl procedure::Server for AtDesk {
    async fn run(
        self: Rc<Self>,
        params: procedure::RunParams,
        mut results: procedure::RunResults,
    ) -> capnp::Result<()> {
        let mut result = self.result.borrow_mut();
        result.clear();
        self.desk
            .execute(params.get()?.get_argument()?, &mut result)
            .map_err(|e| capnp::Error::disconnected(e.to_string()))?;
        results.get().init_result(result.len() as u32).copy_from_slice(&result);
        Ok(())
    }
}

//! The calling side: an event loop that runs while a call does.

use super::{LONGEST, network};
use crate::call_capnp::procedure;
use crate::server::event_loop;
use capnp_rpc::RpcSystem;
use capnp_rpc::rpc_twoparty_capnp::Side;
use ipcmark_core::{Call, Error, Result};
use ipcmark_sys::lifeline::Lifeline;
use std::os::unix::net::UnixStream;
use tokio::runtime::Runtime;
use tokio::task::LocalSet;

/// Calls.
pub struct CapnpCaller {
    // Dropped in this order: the capability, then what its calls run in.
    procedure: procedure::Client,
    tasks: LocalSet,
    runtime: Runtime,
    result: Vec<u8>,
    _lifeline: Lifeline,
}

impl CapnpCaller {
    pub(crate) fn new(end: UnixStream, lifeline: Lifeline) -> Result<CapnpCaller> {
        let runtime = event_loop()?;
        let tasks = LocalSet::new();
        let procedure = tasks.block_on(&runtime, async {
            let mut system = RpcSystem::new(network(end, Side::Client)?, None);
            let procedure = system.bootstrap(Side::Server);
            tokio::task::spawn_local(system);
            Ok::<_, Error>(procedure)
        })?;
        Ok(CapnpCaller { procedure, tasks, runtime, result: Vec::new(), _lifeline: lifeline })
    }
}

impl Call for CapnpCaller {
    fn call(&mut self, argument: &[u8]) -> Result<&[u8]> {
        LONGEST.check(argument.len())?;
        let CapnpCaller { procedure, tasks, runtime, result, .. } = self;
        let called: capnp::Result<()> = tasks.block_on(runtime, async {
            let mut request = procedure.run_request();
            request.get().init_argument(argument.len() as u32).copy_from_slice(argument);
            let reply = request.send().promise.await?;
            result.clear();
            result.extend_from_slice(reply.get()?.get_result()?);
            Ok(())
        });
        match called {
            Ok(()) => Ok(&self.result),
            Err(e) if e.kind == capnp::ErrorKind::Disconnected => Err(Error::Closed),
            Err(e) => Err(Error::Protocol(format!("Cap'n Proto: {e}"))),
        }
    }
}

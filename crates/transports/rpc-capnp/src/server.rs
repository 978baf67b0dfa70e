//! The serving side: an event loop in a thread of its own, for as long as the server lives.

use crate::call_capnp::procedure;
use crate::remote::{event_loop, network};
use capnp_rpc::RpcSystem;
use capnp_rpc::rpc_twoparty_capnp::Side;
use ipcmark_core::{Error, Procedure, Result, Serve};
use ipcmark_sys::lifeline::Lifeline;
use ipcmark_sys::service::Desk;
use std::cell::RefCell;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio::task::LocalSet;

/// How long a server that ends waits for its caller to end first.
const LINGER: Duration = Duration::from_secs(1);

/// Serves.
#[derive(Debug)]
pub struct CapnpServer {
    desk: Arc<Desk>,
    caller: Lifeline,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl CapnpServer {
    pub(crate) fn new(end: UnixStream, caller: Lifeline) -> Result<CapnpServer> {
        let desk = Arc::new(Desk::default());
        let (stop, stopped) = oneshot::channel();
        let at_desk = Arc::clone(&desk);
        let thread = std::thread::Builder::new()
            .name("capnp".into())
            .spawn(move || {
                // Whatever ends the loop ends the service.
                let _ = run(end, Arc::clone(&at_desk), stopped);
                at_desk.close();
            })
            .map_err(|e| Error::os("clone", e))?;
        Ok(CapnpServer { desk, caller, stop: Some(stop), thread: Some(thread) })
    }
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

impl Serve for CapnpServer {
    fn serve(&mut self, procedure: Procedure) -> Result<()> {
        self.desk.serve(procedure, &self.caller)
    }
}

impl Drop for CapnpServer {
    fn drop(&mut self) {
        // Its last reply may be under way as long as the caller is there.
        let begun = Instant::now();
        while begun.elapsed() < LINGER && !self.caller.peer_is_gone() {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.desk.close();
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

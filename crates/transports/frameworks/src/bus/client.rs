//! The calling side: an event loop that runs while a call does.

use super::daemon;
use super::{LONGEST, METHOD, NAME, OBJECT, START};
use crate::server::event_loop;
use ipcmark_core::{Call, Error, Result};
use ipcmark_sys::lifeline::Lifeline;
use serde_bytes::Bytes;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use zbus::Connection;
use zbus::connection::Builder;

/// Between two looks for a daemon or a service that is about to be there.
const PAUSE: Duration = Duration::from_millis(2);
/// Time that the end of a server takes to show on the lifeline once it has shown on the bus.
const AFTERMATH: Duration = Duration::from_millis(500);

/// Calls.
#[derive(Debug)]
pub struct DbusCaller {
    // Dropped in this order: the connection, then what it runs in.
    connection: Connection,
    runtime: Runtime,
    result: Vec<u8>,
    server: Lifeline,
}

impl DbusCaller {
    pub(crate) fn new(dir: &Path, server: Lifeline) -> Result<DbusCaller> {
        let runtime = event_loop()?;
        let connection = runtime.block_on(async {
            let connection = connected(dir, &server).await?;
            while !is_there(&connection).await.map_err(|e| failed(&e, &server))? {
                if server.peer_is_gone() {
                    return Err(server.end());
                }
                tokio::time::sleep(PAUSE).await;
            }
            Ok(connection)
        })?;
        daemon::remove_names(dir);
        Ok(DbusCaller { connection, runtime, result: Vec::new(), server })
    }
}

/// Connects to the daemon, waiting until it is there, or `peer`, on whose side it is, is not.
async fn connected(dir: &Path, peer: &Lifeline) -> Result<Connection> {
    let address = daemon::address(dir);
    let begun = Instant::now();
    loop {
        match Builder::address(address.as_str()).build().await {
            Ok(connection) => return Ok(connection),
            Err(_) if peer.peer_is_gone() => return Err(peer.end()),
            // Not there, or not listening, yet.
            Err(_) if begun.elapsed() < START => tokio::time::sleep(PAUSE).await,
            Err(e) => return Err(Error::Protocol(format!("D-Bus: {e}"))),
        }
    }
}

/// Asks the daemon whether the service is there.
async fn is_there(connection: &Connection) -> zbus::Result<bool> {
    let bus = "org.freedesktop.DBus";
    let asked = connection.call_method(
        Some(bus),
        "/org/freedesktop/DBus",
        Some(bus),
        "NameHasOwner",
        &NAME,
    );
    asked.await?.body().deserialize()
}

impl Call for DbusCaller {
    fn call(&mut self, argument: &[u8]) -> Result<&[u8]> {
        LONGEST.check(argument.len())?;
        let DbusCaller { connection, runtime, result, server } = self;
        let called: zbus::Result<()> = runtime.block_on(async {
            let body = Bytes::new(argument);
            let reply =
                connection.call_method(Some(NAME), OBJECT, Some(NAME), METHOD, &body).await?;
            let body = reply.body();
            let bytes: &Bytes = body.deserialize()?;
            result.clear();
            result.extend_from_slice(bytes);
            Ok(())
        });
        called.map_err(|e| failed(&e, server))?;
        Ok(&self.result)
    }
}

/// Returns the error of a failed call: the server is gone, or something is wrong.
#[cold]
fn failed(error: &zbus::Error, server: &Lifeline) -> Error {
    let begun = Instant::now();
    while begun.elapsed() < AFTERMATH {
        if server.peer_is_gone() {
            return server.end();
        }
        std::thread::sleep(PAUSE);
    }
    Error::Protocol(format!("D-Bus: {error}"))
}

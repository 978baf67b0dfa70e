//! The serving side: the daemon, and an event loop in a thread of its own, for as long as the server lives.

use crate::daemon;
use crate::daemon::Daemon;
use crate::remote::{METHOD, NAME, START, event_loop};
use ipcmark_core::{Error, Procedure, Result, Serve};
use ipcmark_sys::lifeline::Lifeline;
use ipcmark_sys::service::Desk;
use serde_bytes::Bytes;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio_stream::StreamExt;
use zbus::connection::Builder;
use zbus::message::Type;
use zbus::{Connection, MessageStream};

/// How long a server that ends waits for its caller to end first.
const LINGER: Duration = Duration::from_secs(1);

/// Serves.
#[derive(Debug)]
pub struct DbusServer {
    desk: Arc<Desk>,
    caller: Lifeline,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    // After the thread is joined.
    _daemon: Daemon,
}

impl DbusServer {
    pub(crate) fn new(dir: PathBuf, caller: Lifeline) -> Result<DbusServer> {
        // Before there is a thread: it is forked.
        let daemon = Daemon::start(dir.clone())?;
        let desk = Arc::new(Desk::default());
        let (stop, stopped) = oneshot::channel();
        let at_desk = Arc::clone(&desk);
        let thread = std::thread::Builder::new()
            .name("dbus".into())
            .spawn(move || {
                // Whatever ends the loop ends the service.
                let _ = run(dir, &at_desk, stopped);
                at_desk.close();
            })
            .map_err(|e| Error::os("clone", e))?;
        Ok(DbusServer { desk, caller, stop: Some(stop), thread: Some(thread), _daemon: daemon })
    }
}

/// Answers calls until the server ends, or the daemon does.
fn run(dir: PathBuf, desk: &Desk, stopped: oneshot::Receiver<()>) -> Result<()> {
    event_loop()?.block_on(async {
        let served = async {
            let begun = Instant::now();
            let address = daemon::address(&dir);
            let connection: Connection = loop {
                match Builder::address(address.as_str()).build().await {
                    Ok(connection) => break connection,
                    Err(e) if begun.elapsed() > START => return Err(e),
                    // Not there yet.
                    Err(_) => tokio::time::sleep(Duration::from_millis(2)).await,
                }
            };
            // Before anybody can call.
            let mut messages = MessageStream::from(&connection);
            connection.request_name(NAME).await?;
            let mut result = Vec::new();
            while let Some(message) = messages.next().await {
                let message = message?;
                let header = message.header();
                if header.message_type() != Type::MethodCall
                    || header.member().is_none_or(|member| member.as_str() != METHOD)
                {
                    continue;
                }
                let body = message.body();
                let argument: &Bytes = body.deserialize()?;
                result.clear();
                if desk.execute(argument, &mut result).is_err() {
                    break;
                }
                connection.reply(&header, &Bytes::new(&result)).await?;
            }
            Ok(())
        };
        tokio::select! {
            served = served => served.map_err(|e: zbus::Error| Error::Protocol(format!("D-Bus: {e}"))),
            _ = stopped => Ok(()),
        }
    })
}

impl Serve for DbusServer {
    fn serve(&mut self, procedure: Procedure) -> Result<()> {
        self.desk.serve(procedure, &self.caller)
    }
}

impl Drop for DbusServer {
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

//! The serving side: the daemon, and the service that answers calls.

use super::daemon::{self, Daemon};
use super::{METHOD, NAME, START};
use crate::desk::Desk;
use crate::server::{Server, event_loop};
use ipcmark_core::{Error, Result};
use ipcmark_sys::lifeline::Lifeline;
use serde_bytes::Bytes;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio_stream::StreamExt;
use zbus::connection::Builder;
use zbus::message::Type;
use zbus::{Connection, MessageStream};

/// Starts the daemon, and the server that connects to it.
pub(super) fn start(dir: PathBuf, caller: Lifeline) -> Result<Server> {
    // Before there is a thread: it is forked.
    let daemon = Daemon::start(dir.clone())?;
    Server::start("dbus", caller, daemon, move |desk, stopped| run(dir, &desk, stopped))
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

//! The row: what both sides inherit, the limits, and the event loop.

use crate::client::DbusCaller;
use crate::daemon;
use crate::server::DbusServer;
use ipcmark_core::{Availability, Error, Info, Limits, Plan, Remote, Result, Side};
use ipcmark_sys::fd::availability;
use ipcmark_sys::lifeline::LifelinePair;
use std::path::PathBuf;
use std::time::Duration;

/// The longest argument or result, in bytes.
pub(crate) const ARGUMENT_MAX: usize = 32 << 20;
/// The service, its object, its interface and its method.
pub(crate) const NAME: &str = "io.ipcmark.Procedure";
pub(crate) const OBJECT: &str = "/io/ipcmark/Procedure";
pub(crate) const METHOD: &str = "Run";
/// How long a daemon may take until it listens.
pub(crate) const START: Duration = Duration::from_secs(10);
const LIMITED_BY: &str = "half of the longest array of D-Bus";

/// Calls through a D-Bus daemon.
#[derive(Debug)]
pub struct Dbus;

/// Where the daemon is to live, and the lifeline that tells each side of the other's end.
#[derive(Debug)]
pub struct Fixture {
    dir: PathBuf,
    lifelines: LifelinePair,
}

impl Remote for Dbus {
    const INFO: Info = crate::row::INFO;
    type Fixture = Fixture;
    type Caller = DbusCaller;
    type Server = DbusServer;

    fn available() -> Availability {
        availability(daemon::probe().map(|()| Limits {
            max_message: Some(ARGUMENT_MAX),
            limited_by: LIMITED_BY,
            remedy: None,
        }))
    }

    fn fixture(plan: &Plan) -> Result<Fixture> {
        refuse_over_long(plan.size)?;
        Ok(Fixture { dir: plan.names.dir.clone(), lifelines: LifelinePair::new()? })
    }

    fn caller(Fixture { dir, lifelines }: Fixture) -> Result<DbusCaller> {
        DbusCaller::new(&dir, lifelines.split(Side::Initiator))
    }

    fn server(Fixture { dir, lifelines }: Fixture) -> Result<DbusServer> {
        DbusServer::new(dir, lifelines.split(Side::Responder))
    }
}

pub(crate) fn refuse_over_long(len: usize) -> Result<()> {
    if len > ARGUMENT_MAX {
        return Err(Error::TooLong { len, max: ARGUMENT_MAX, limited_by: LIMITED_BY });
    }
    Ok(())
}

/// The event loop of one thread.
pub(crate) fn event_loop() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Error::os("epoll_create1", e))
}

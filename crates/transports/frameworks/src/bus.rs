//! D-Bus: a daemon in the plan's directory passes the calls on.

mod client;
mod daemon;
mod server;

use crate::server::{Longest, Server};
use client::DbusCaller;
use ipcmark_core::{Availability, Info, Plan, Remote, Result, Side};
use ipcmark_sys::lifeline::LifelinePair;
use std::path::PathBuf;
use std::time::Duration;

const LONGEST: Longest =
    Longest { bytes: 32 << 20, limited_by: "half of the longest array of D-Bus" };
/// The service, its object, its interface and its method.
const NAME: &str = "io.ipcmark.Procedure";
const OBJECT: &str = "/io/ipcmark/Procedure";
const METHOD: &str = "Run";
/// Time that a daemon may take until it listens.
const START: Duration = Duration::from_secs(10);

/// Calls through a D-Bus daemon.
#[derive(Debug)]
pub struct Dbus;

/// The daemon's directory, and the lifeline that shows each side the other's end.
#[derive(Debug)]
pub struct Fixture {
    dir: PathBuf,
    lifelines: LifelinePair,
}

impl Remote for Dbus {
    const INFO: Info = crate::row::DBUS;
    type Fixture = Fixture;
    type Caller = DbusCaller;
    type Server = Server;

    fn available() -> Availability {
        LONGEST.availability(daemon::probe())
    }

    fn fixture(plan: &Plan) -> Result<Fixture> {
        LONGEST.check(plan.size)?;
        Ok(Fixture { dir: plan.names.dir.clone(), lifelines: LifelinePair::new()? })
    }

    fn caller(Fixture { dir, lifelines }: Fixture) -> Result<DbusCaller> {
        DbusCaller::new(&dir, lifelines.split(Side::Initiator))
    }

    fn server(Fixture { dir, lifelines }: Fixture) -> Result<Server> {
        server::start(dir, lifelines.split(Side::Responder))
    }
}

//! D-Bus: a daemon in the plan's directory passes the calls on.

mod client;
mod daemon;
mod server;

use crate::server::{Fixture, Longest, Server};
use client::DbusCaller;
use ipcmark_core::{Availability, Info, Plan, Remote, Result, Side};
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

impl Remote for Dbus {
    const INFO: Info = crate::row::DBUS;
    /// Each side has the daemon's directory.
    type Fixture = Fixture<PathBuf>;
    type Caller = DbusCaller;
    type Server = Server;

    fn available() -> Availability {
        LONGEST.availability(daemon::probe())
    }

    fn fixture(plan: &Plan) -> Result<Self::Fixture> {
        let dir = plan.names.dir.clone();
        LONGEST.fixture(plan, Ok((dir.clone(), dir)))
    }

    fn caller(Fixture { ends: (dir, _), lifelines }: Self::Fixture) -> Result<DbusCaller> {
        DbusCaller::new(&dir, lifelines.split(Side::Initiator))
    }

    fn server(Fixture { ends: (_, dir), lifelines }: Self::Fixture) -> Result<Server> {
        server::start(dir, lifelines.split(Side::Responder))
    }
}

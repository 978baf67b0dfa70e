//! How a client comes by the server's address: it knows it, or it asks the matchmaker.

use crate::matchmaker::{Directory, Matchmaker};
use crate::socket::{Address, Socket, Unix};
use ipcmark_core::{Error, MeetBy, Plan, Result};
use std::fmt::Debug;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Finds the server, on the client's side.
pub trait Finder {
    /// Returns its address. Waits until it has one.
    fn find(&mut self) -> Result<Address>;
    /// Returns its address, now that `stale` does not answer any more; [`Error::Closed`] when there
    /// is none.
    fn find_again(&mut self, stale: &Address) -> Result<Address>;
}

/// A way to find a server: both sides of it, and what is made for them before the fork.
pub trait Lookup<S: Socket>: 'static {
    /// The thing by which a client finds its server.
    const MEET_BY: MeetBy;
    /// Resources that both sides inherit.
    type Fixture;
    /// The client's side.
    type Finder: Finder;
    /// Registration that the server's side holds as long as it can be found.
    type Post: Debug;

    /// Prepares the look-up before the fork.
    fn fixture(plan: &Plan) -> Result<Self::Fixture>;
    /// Returns the client's side of it. The other's is closed.
    fn finder(fixture: Self::Fixture) -> Result<Self::Finder>;
    /// Returns the server's side: where to listen.
    fn listen(fixture: Self::Fixture) -> Result<(S::Listener, Address, Self::Post)>;
    /// Removes the name once both are connected.
    fn met(finder: &Self::Finder);
}

/// The address is agreed on beforehand.
#[derive(Debug)]
pub struct Fixed;

/// The one address there is.
#[derive(Debug)]
pub struct Known(pub Address);

impl Finder for Known {
    fn find(&mut self) -> Result<Address> {
        Ok(self.0.clone())
    }
    fn find_again(&mut self, _: &Address) -> Result<Address> {
        Err(Error::Closed)
    }
}

impl<S: Socket> Lookup<S> for Fixed {
    const MEET_BY: MeetBy = if S::IS_LOCAL { MeetBy::Path } else { MeetBy::Port };
    type Fixture = (S::Listener, Address);
    type Finder = Known;
    type Post = ();

    fn fixture(plan: &Plan) -> Result<Self::Fixture> {
        S::listen(&plan.names.dir, "service")
    }

    fn finder((_, address): Self::Fixture) -> Result<Known> {
        Ok(Known(address))
    }

    fn listen((listener, address): Self::Fixture) -> Result<(S::Listener, Address, ())> {
        Ok((listener, address, ()))
    }

    fn met(finder: &Known) {
        finder.0.remove();
    }
}

/// A matchmaker knows it: a separate process, started by the server's side, where services register by name.
#[derive(Debug)]
pub struct Matched;

/// Facts that both sides need to meet at the matchmaker.
#[derive(Debug)]
pub struct Meeting {
    listener: UnixListener,
    at: Address,
    dir: PathBuf,
}

/// The server's side: the matchmaker, which ends with it, and the connection that its service is registered over.
#[derive(Debug)]
pub struct Registered {
    directory: Directory,
    service: String,
    _matchmaker: Matchmaker,
}

impl Drop for Registered {
    fn drop(&mut self) {
        // A matchmaker that is gone knows nothing either.
        let _ = self.directory.unregister(&self.service);
    }
}

const SERVICE: &str = "echo";

impl<S: Socket> Lookup<S> for Matched {
    const MEET_BY: MeetBy = MeetBy::Service;
    type Fixture = Meeting;
    type Finder = Asking;
    type Post = Registered;

    fn fixture(plan: &Plan) -> Result<Meeting> {
        let dir = plan.names.dir.clone();
        let (listener, at) = Unix::listen(&dir, "matchmaker")?;
        Ok(Meeting { listener, at, dir })
    }

    fn finder(Meeting { listener, at, .. }: Meeting) -> Result<Asking> {
        // Held here, it would seem that the matchmaker lives.
        drop(listener);
        Asking::at(at, SERVICE)
    }

    fn listen(meeting: Meeting) -> Result<(S::Listener, Address, Registered)> {
        let Meeting { listener, at, dir } = meeting;
        let matchmaker = Matchmaker::start(listener)?;
        let mut directory = Directory::at(&at)?;
        let (listener, address) = S::listen(&dir, "service")?;
        directory.register(SERVICE, &address)?;
        let service = SERVICE.to_owned();
        Ok((listener, address, Registered { directory, service, _matchmaker: matchmaker }))
    }

    fn met(finder: &Asking) {
        finder.matchmaker.remove();
        if let Some(address) = &finder.cached {
            address.remove();
        }
    }
}

/// Time that a service that has gone may take to be found elsewhere.
const MOVING: Duration = Duration::from_millis(500);
/// Between two questions to the matchmaker.
const PAUSE: Duration = Duration::from_millis(1);

/// Asks the matchmaker before the first call, and again when the address that it told is stale.
#[derive(Debug)]
pub struct Asking {
    directory: Directory,
    matchmaker: Address,
    service: String,
    cached: Option<Address>,
    /// Questions asked.
    pub questions: u64,
}

impl Asking {
    /// Asks this matchmaker for the address of `service`.
    pub fn at(matchmaker: Address, service: &str) -> Result<Asking> {
        let directory = Directory::at(&matchmaker)?;
        Ok(Asking { directory, matchmaker, service: service.into(), cached: None, questions: 0 })
    }

    fn ask(&mut self) -> Result<Option<Address>> {
        self.questions += 1;
        self.directory.look_up(&self.service)
    }
}

impl Finder for Asking {
    /// Waits until the service is registered; the matchmaker's end, which is the server's, ends the wait.
    fn find(&mut self) -> Result<Address> {
        loop {
            if let Some(address) = self.ask()? {
                self.cached = Some(address.clone());
                return Ok(address);
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn find_again(&mut self, stale: &Address) -> Result<Address> {
        self.cached = None;
        let until = Instant::now() + MOVING;
        while Instant::now() < until {
            match self.ask()? {
                Some(address) if address != *stale => {
                    self.cached = Some(address.clone());
                    return Ok(address);
                }
                Some(_) | None => std::thread::sleep(PAUSE),
            }
        }
        Err(Error::Closed)
    }
}

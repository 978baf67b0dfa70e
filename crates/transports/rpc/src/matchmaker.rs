//! The matchmaker: a small process that maps the names of services to their addresses.
//!
//! It serves any number of clients over one Unix-domain socket. A service stays in its table as long as the connection
//! lives that it was registered over, so that a server that is killed is forgotten. The matchmaker itself dies with the
//! process that started it.

use crate::frame::{Inbox, Outbox, send};
use crate::socket::{Address, Socket, Unix};
use crate::wire::unmarshal;
use ipcmark_core::{Called, Error, Result};
use ipcmark_sys::process::{Child, peer};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::os::unix::net::{UnixListener, UnixStream};

/// A question to the matchmaker.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Question {
    /// Registration: from now on `service` is at `address`, also if another had the name before.
    Register {
        /// Its name.
        service: String,
        /// Its address.
        address: Address,
    },
    /// It is there no more. Only who registered it can take it away.
    Unregister {
        /// Its name.
        service: String,
    },
    /// Question for its address.
    LookUp {
        /// Its name.
        service: String,
    },
}

/// Services by name. Pure: no process, no socket. `Who` registers.
#[derive(Debug)]
pub struct Table<Who>(HashMap<String, (Address, Who)>);

impl<Who> Default for Table<Who> {
    fn default() -> Self {
        Table(HashMap::new())
    }
}

impl<Who: PartialEq> Table<Who> {
    /// Answers `who`: the address of the service, for a look-up of one that is there.
    pub fn answer(&mut self, who: Who, question: Question) -> Option<Address> {
        match question {
            Question::Register { service, address } => {
                self.0.insert(service, (address, who));
                None
            }
            Question::Unregister { service } => {
                if self.0.get(&service).is_some_and(|(_, by)| *by == who) {
                    self.0.remove(&service);
                }
                None
            }
            Question::LookUp { service } => {
                self.0.get(&service).map(|(address, _)| address.clone())
            }
        }
    }

    /// Forgets what `who` registered.
    pub fn leave(&mut self, who: &Who) {
        self.0.retain(|_, (_, by)| by != who);
    }
}

/// The process. It ends when this is dropped, and dies with the process that started it.
#[derive(Debug)]
pub struct Matchmaker {
    _process: Child,
}

impl Matchmaker {
    /// Starts it at `listener`.
    pub fn start(listener: UnixListener) -> Result<Matchmaker> {
        let process = peer(|| make_matches(&listener))?;
        Ok(Matchmaker { _process: process })
    }
}

/// One who asks, and what of a question has come.
struct Guest {
    number: u64,
    stream: UnixStream,
    inbox: Inbox,
}

/// Answers for ever.
fn make_matches(listener: &UnixListener) -> Result<()> {
    let mut table = Table::default();
    let mut guests: Vec<Guest> = Vec::new();
    let mut answer = Outbox::default();
    for number in 0.. {
        loop {
            let mut fds = vec![PollFd::new(listener, PollFlags::IN)];
            fds.extend(guests.iter().map(|guest| PollFd::new(&guest.stream, PollFlags::IN)));
            match poll(&mut fds, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(e) => return Err(Error::os("poll", e)),
            }
            let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
            let mut asking = ready[1..].iter();
            guests.retain_mut(|guest| {
                !asking.next().is_some_and(|&asks| asks)
                    || guest.serve(&mut table, &mut answer).is_ok()
                    || {
                        table.leave(&guest.number);
                        false
                    }
            });
            if ready[0] {
                break;
            }
        }
        let stream = Unix::accept(listener)?;
        // So that one who sends half a question does not keep the others waiting.
        stream.set_nonblocking(true).called("fcntl(O_NONBLOCK)")?;
        guests.push(Guest { number, stream, inbox: Inbox::default() });
    }
    Ok(())
}

impl Guest {
    /// Answers all questions that have come.
    fn serve(&mut self, table: &mut Table<u64>, answer: &mut Outbox) -> Result<()> {
        while let Some(frame) = self.inbox.next(&self.stream)? {
            answer.pack(&table.answer(self.number, unmarshal(frame)?))?;
            // An answer is short; a client that asks without reading the answers is dropped.
            send(&self.stream, answer.bytes(), || Err(Error::Closed))?;
        }
        Ok(())
    }
}

/// A connection to the matchmaker.
#[derive(Debug)]
pub struct Directory {
    stream: UnixStream,
    inbox: Inbox,
    outbox: Outbox,
}

impl Directory {
    /// Connects. [`Error::Closed`] when there is none.
    pub fn at(matchmaker: &Address) -> Result<Directory> {
        let stream = Unix::connect(matchmaker)?;
        Ok(Directory { stream, inbox: Inbox::default(), outbox: Outbox::default() })
    }

    /// Registers `service` at `address` as long as this connection lives.
    pub fn register(&mut self, service: &str, address: &Address) -> Result<()> {
        self.ask(&Question::Register { service: service.into(), address: address.clone() })
            .map(drop)
    }

    /// `service` is there no more.
    pub fn unregister(&mut self, service: &str) -> Result<()> {
        self.ask(&Question::Unregister { service: service.into() }).map(drop)
    }

    /// Returns where `service` is, if it is known.
    pub fn look_up(&mut self, service: &str) -> Result<Option<Address>> {
        self.ask(&Question::LookUp { service: service.into() })
    }

    fn ask(&mut self, question: &Question) -> Result<Option<Address>> {
        self.outbox.pack(question)?;
        send(&self.stream, self.outbox.bytes(), || Ok(()))?;
        loop {
            if let Some(frame) = self.inbox.next(&self.stream)? {
                return unmarshal(frame);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn at(name: &str) -> Address {
        Address::Unix(PathBuf::from(name))
    }
    fn register(name: &str) -> Question {
        Question::Register { service: "echo".into(), address: at(name) }
    }
    fn look_up() -> Question {
        Question::LookUp { service: "echo".into() }
    }

    #[test]
    fn a_service_is_found_until_it_is_taken_away_by_who_registered_it() {
        let mut table = Table::default();
        assert_eq!(table.answer(1, look_up()), None);
        table.answer(1, register("a"));
        assert_eq!(table.answer(2, look_up()), Some(at("a")));
        table.answer(2, Question::Unregister { service: "echo".into() });
        assert_eq!(table.answer(2, look_up()), Some(at("a")), "not his to take");
        table.answer(1, Question::Unregister { service: "echo".into() });
        assert_eq!(table.answer(2, look_up()), None);
    }

    #[test]
    fn a_service_that_moved_outlives_its_old_place() {
        let mut table = Table::default();
        table.answer(1, register("old"));
        table.answer(2, register("new"));
        table.leave(&1);
        assert_eq!(table.answer(3, look_up()), Some(at("new")));
        table.leave(&2);
        assert_eq!(table.answer(3, look_up()), None);
    }
}

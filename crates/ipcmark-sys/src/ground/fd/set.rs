//! One process that sleeps until any of its links has something for it.

use ipcmark_core::{Called, Error, Result};
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

/// Links that one call tells of.
const TOLD: usize = 64;

/// Descriptors that are waited for together, each with a number, by one `epoll_wait(2)`.
///
/// The kernel tells of them in turn: one that always has something does not keep back the others.
#[derive(Debug)]
pub struct ReadySet {
    epoll: OwnedFd,
    ready: VecDeque<usize>,
}

impl ReadySet {
    /// Makes a set of `descriptors`, which are numbered from 0 and must outlive it.
    pub fn of<'fd>(descriptors: impl Iterator<Item = BorrowedFd<'fd>>) -> Result<ReadySet> {
        let epoll = epoll::create(CreateFlags::CLOEXEC).called("epoll_create1")?;
        for (number, fd) in descriptors.enumerate() {
            let number = EventData::new_u64(number as u64);
            epoll::add(&epoll, fd, number, EventFlags::IN).called("epoll_ctl(EPOLL_CTL_ADD)")?;
        }
        Ok(ReadySet { epoll, ready: VecDeque::with_capacity(TOLD) })
    }

    /// Forgets what the last call told and is not taken yet.
    pub fn forget(&mut self) {
        self.ready.clear();
    }

    /// Waits until one has something to take, or its stream has ended; returns its number. What is left of what the
    /// last call told comes first, and may be gone.
    pub fn wait(&mut self) -> Result<usize> {
        loop {
            if let Some(number) = self.ready.pop_front() {
                return Ok(number);
            }
            let mut events = [MaybeUninit::<Event>::uninit(); TOLD];
            match epoll::wait(&self.epoll, &mut events, None) {
                Ok((told, _)) => self.ready.extend(told.iter().map(|e| e.data.u64() as usize)),
                Err(Errno::INTR) => {}
                Err(e) => return Err(Error::os("epoll_wait", e)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::{read, write};
    use rustix::pipe::pipe;
    use std::os::fd::AsFd;

    #[test]
    fn each_that_has_something_has_its_turn() {
        let pipes: Vec<_> = (0..3).map(|_| pipe().unwrap()).collect();
        let mut set = ReadySet::of(pipes.iter().map(|(reader, _)| reader.as_fd())).unwrap();
        write(&pipes[2].1, b"x").unwrap();
        assert_eq!(set.wait().unwrap(), 2);
        // It is still full, and so is another.
        write(&pipes[0].1, b"xxxxxxxx").unwrap();
        let mut turns = [0; 3];
        for _ in 0..6 {
            turns[set.wait().unwrap()] += 1;
        }
        assert_eq!(turns, [3, 0, 3]);
        read(&pipes[2].0, &mut [0; 1]).unwrap();
        let turns: Vec<_> = (0..4).map(|_| set.wait().unwrap()).collect();
        assert!(turns[2..].iter().all(|turn| *turn == 0), "{turns:?}");
    }
}

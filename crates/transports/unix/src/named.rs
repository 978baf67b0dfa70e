//! `unix-path` and `unix-abstract`: a stream between two who share nothing but a name.
//!
//! The responder's end of the meeting place is made before the fork; the initiator connects to the name, the responder
//! accepts. Once both are connected the name has done its work: a path is unlinked then, an abstract name goes with
//! the socket that listened. What passes afterwards is what passes over a `socketpair(2)`, so these rows ask whether a
//! connection made by name is any other; `unix-stream` has all the waits.

use crate::pair::room;
use ipcmark_core::{
    Availability, ByteStream, Called, Capacity, Dial, Error, Framed, Framing, Info, Limits, Link,
    MeetBy, Names, Plan, Refusal, Result, Side,
};
use ipcmark_sys::fd::{
    ByteWait, FdSink, FdSource, accept_own, availability, set_send_buffer, socket_halves, stranger,
};
use ipcmark_sys::names::under_new_name;
use ipcmark_sys::scratch::probe_names;
use rustix::fs::unlink;
use rustix::io::{Errno, retry_on_intr};
use rustix::net::sockopt::socket_send_buffer_size;
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, connect, listen,
    socket_with,
};
use std::ffi::OsStr;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// Connections that wait to be accepted at most: a client that opens a new one for each request may be one ahead.
const BACKLOG: i32 = 16;

/// Messages over a stream socket bound to a path.
pub type UnixPath<W> = Framed<NamedStream<W, InFileSystem>>;
/// Messages over a stream socket bound to an abstract name.
pub type UnixAbstract<W> = Framed<NamedStream<W, Abstract>>;

/// Bytes over a stream socket that the sides find by a name of kind `K`.
#[derive(Debug)]
pub struct NamedStream<W, K>(PhantomData<(W, K)>);

/// Place where a socket's name lives.
pub trait Kind: Debug + 'static {
    /// The mechanism's name.
    const MECHANISM: &'static str;
    /// The thing by which the sides find each other.
    const MEET_BY: MeetBy;
    /// One line for people.
    const SUMMARY: &'static str;
    /// Returns the path that the name occupies, where it does.
    fn path(names: &Names) -> Option<PathBuf>;
}

/// Name in the file system.
#[derive(Debug)]
pub struct InFileSystem;

impl Kind for InFileSystem {
    const MECHANISM: &'static str = "unix-path";
    const MEET_BY: MeetBy = MeetBy::Path;
    const SUMMARY: &'static str =
        "Unix-domain stream socket, connected by its path; write(2) and read(2)";

    fn path(names: &Names) -> Option<PathBuf> {
        // A path has 107 bytes at most, so that what the folder's name has already is not said again.
        let folder = names.dir.file_name().and_then(OsStr::to_str).unwrap_or_default();
        let rest = names.token.strip_prefix(folder).map(|rest| rest.trim_start_matches('-'));
        Some(names.dir.join(rest.filter(|rest| !rest.is_empty()).unwrap_or(&names.token)))
    }
}

/// Name in the abstract namespace of Linux, which belongs to the network namespace.
#[derive(Debug)]
pub struct Abstract;

impl Kind for Abstract {
    const MECHANISM: &'static str = "unix-abstract";
    const MEET_BY: MeetBy = MeetBy::Name;
    const SUMMARY: &'static str =
        "Unix-domain stream socket, connected by its abstract name; write(2) and read(2)";

    fn path(_: &Names) -> Option<PathBuf> {
        None
    }
}

/// The meeting place: a socket that listens, and its name.
///
/// Dropping it leaves the path: the supervisor drops its copy while the sides still have to meet. The maker of the plan
/// clears the directory.
#[derive(Debug)]
pub struct Meeting {
    listener: OwnedFd,
    address: SocketAddrUnix,
    path: Option<PathBuf>,
    /// Bytes asked of each send buffer.
    asked: Option<usize>,
    /// Bytes that each was granted.
    granted: usize,
}

/// Path that goes with the one who listens.
#[derive(Debug)]
struct Bound(Option<PathBuf>);

impl Drop for Bound {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = unlink(path);
        }
    }
}

fn stream() -> Result<OwnedFd> {
    socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)
        .called("socket(AF_UNIX)")
}

/// Binds a socket to `path`, or to an abstract name that begins with `token`; returns its address.
fn bound(listener: &OwnedFd, path: Option<&Path>, token: &str) -> Result<SocketAddrUnix> {
    let Some(path) = path else {
        return under_new_name(token, |name| {
            let address = SocketAddrUnix::new_abstract_name(name.as_bytes())?;
            bind(listener, &address).map(|()| address)
        })
        .map_err(|e| Error::os(format!("bind(abstract {token})"), e));
    };
    let address = SocketAddrUnix::new(path).map_err(|e| {
        let folder = path.parent().unwrap_or(path).display();
        let reason = format!("a socket's path has at most 107 bytes, too few in {folder}: {e}");
        Error::Unavailable(Refusal::new(reason).with_remedy("set TMPDIR to a shorter folder"))
    })?;
    let bound = bind(listener, &address).map(|()| address);
    bound.map_err(|e| Error::os(format!("bind({})", path.display()), e))
}

impl Meeting {
    /// `bind()`, `listen()` - makes the meeting place, for one who connects.
    ///
    /// # References
    /// [unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html)
    fn new<K: Kind>(names: &Names, asked: Option<usize>) -> Result<Meeting> {
        let listener = stream()?;
        let path = K::path(names);
        let address = bound(&listener, path.as_deref(), &names.token)?;
        listen(&listener, BACKLOG).called("listen")?;
        let granted = size(&stream()?, asked)?;
        Ok(Meeting { listener, address, path, asked, granted })
    }

    /// Returns one side's end of the connection, once both are there.
    fn split(self, side: Side) -> Result<OwnedFd> {
        self.enter(side)()
    }

    /// Returns what makes one side's ends of one connection after another. When the responder drops it, the path goes.
    fn enter(self, side: Side) -> impl FnMut() -> Result<OwnedFd> {
        let Meeting { listener, address, path, asked, granted } = self;
        // A client that kept the listener would not be refused when the server is gone.
        let listener = match side {
            Side::Initiator => None,
            Side::Responder => Some((listener, Bound(path))),
        };
        move || {
            let socket = match &listener {
                None => {
                    let socket = stream()?;
                    retry_on_intr(|| connect(&socket, &address)).called("connect(AF_UNIX)")?;
                    socket
                }
                Some((listener, _)) => {
                    accept_own(|| accept_with(listener, SocketFlags::CLOEXEC), stranger)?
                }
            };
            sized(socket, asked, granted)
        }
    }
}

/// Returns a socket whose send buffer was set as asked, if it has what was granted before the fork.
fn sized(socket: OwnedFd, asked: Option<usize>, granted: usize) -> Result<OwnedFd> {
    let held = size(&socket, asked)?;
    if held == granted {
        return Ok(socket);
    }
    Err(Error::Protocol(format!(
        "a send buffer that was granted {granted} bytes before the fork has {held} after it"
    )))
}

/// Sets a send buffer where that is asked; returns what it has.
fn size(socket: &OwnedFd, asked: Option<usize>) -> Result<usize> {
    match asked {
        Some(bytes) => set_send_buffer(socket, bytes),
        None => socket_send_buffer_size(socket).called("getsockopt(SO_SNDBUF)"),
    }
}

/// Makes a meeting place where temporary files go. That this directory cannot be written says nothing of the one a plan
/// will name, so only a refusal of sockets as such counts.
fn probe<K: Kind>() -> Result<Limits> {
    match Meeting::new::<K>(&probe_names(), None) {
        Ok(meeting) => {
            if let Some(path) = &meeting.path {
                let _ = unlink(path);
            }
        }
        Err(error) => {
            let errno = error.errno().map(Errno::from_raw_os_error);
            if matches!(errno, Some(Errno::PERM | Errno::OPNOTSUPP | Errno::AFNOSUPPORT)) {
                return Err(error);
            }
        }
    }
    Ok(Limits::none())
}

impl<W: ByteWait, K: Kind> ByteStream for NamedStream<W, K> {
    const INFO: Info = Info {
        overlaps: W::OVERLAPS,
        listens: true,
        family: "unix",
        mechanism: K::MECHANISM,
        wait: W::KIND,
        framing: Framing::Stream,
        meet_by: K::MEET_BY,
        summary: K::SUMMARY,
        reference: "unix(7)",
        ..Info::DEFAULT
    };
    type Fixture = Meeting;
    type Sink = FdSink<W>;
    type Source = FdSource<W>;

    fn available() -> Availability {
        availability(W::available().and_then(|()| probe::<K>()))
    }

    fn fixture(plan: &Plan) -> Result<Meeting> {
        Meeting::new::<K>(&plan.names, plan.capacity)
    }

    fn capacity(fixture: &Meeting) -> Result<Capacity> {
        Ok(Capacity { bytes: Some(fixture.granted), messages: None })
    }

    fn messages(fixture: &Meeting, frame: usize) -> Result<Option<usize>> {
        room(SocketType::STREAM, fixture.granted, frame).map(Some)
    }

    fn split(fixture: Meeting, side: Side) -> Result<Link<FdSink<W>, FdSource<W>>> {
        socket_halves(fixture.split(side)?)
    }

    fn listen(plan: &Plan) -> Result<Dial<FdSink<W>, FdSource<W>>> {
        let meeting = Meeting::new::<K>(&plan.names, plan.capacity)?;
        Ok(Box::new(move |side| {
            let mut connect = meeting.enter(side);
            Ok(Box::new(move || socket_halves(connect()?)))
        }))
    }
}

//! Passing the address of a link to a process that inherited nothing.

use ipcmark_core::{Address, Error, Result};
use rustix::io::{IoSlice, IoSliceMut};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use std::ffi::OsString;
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

/// Descriptors that one address passes at most.
const DESCRIPTORS: usize = 16;
/// Bytes of text that one address passes at most: a path.
const TEXT: usize = 4096;

/// `sendmsg()` - passes an address over a connected Unix-domain socket that keeps boundaries.
///
/// # References
/// [unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html), `SCM_RIGHTS`
pub fn pass_address(socket: impl AsFd, address: &Address) -> Result<()> {
    let descriptors: Vec<_> = address.descriptors.iter().map(AsFd::as_fd).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let rights = SendAncillaryMessage::ScmRights(&descriptors);
    // One byte at least: an empty message would be the end of the stream.
    let pieces = [IoSlice::new(b"@"), IoSlice::new(address.text.as_bytes())];
    if address.text.len() > TEXT || !(descriptors.is_empty() || control.push(rights)) {
        return Err(Error::Protocol("the address of this link is too long".into()));
    }
    sendmsg(socket, &pieces, &mut control, SendFlags::NOSIGNAL)
        .map_err(|e| Error::os("sendmsg(SCM_RIGHTS)", e))?;
    Ok(())
}

/// `recvmsg()` - takes the address that [`pass_address`] passed.
///
/// # References
/// [unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html), `SCM_RIGHTS`
pub fn take_address(socket: impl AsFd) -> Result<Address> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let (mut mark, mut text) = ([0], vec![0; TEXT]);
    let mut pieces = [IoSliceMut::new(&mut mark), IoSliceMut::new(&mut text)];
    let got = recvmsg(socket, &mut pieces, &mut control, RecvFlags::CMSG_CLOEXEC)
        .map_err(|e| Error::os("recvmsg(SCM_RIGHTS)", e))?;
    let text_len = got.bytes.checked_sub(1).ok_or(Error::Closed)?;
    text.truncate(text_len);
    let descriptors = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(passed) => Some(passed),
        _ => None,
    });
    Ok(Address { text: OsString::from_vec(text), descriptors: descriptors.flatten().collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::{read, write};
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
    use rustix::pipe::pipe;

    #[test]
    fn a_passed_descriptor_is_the_same_pipe() {
        let (family, kind) = (AddressFamily::UNIX, SocketType::SEQPACKET);
        let (here, there) = socketpair(family, kind, SocketFlags::CLOEXEC, None).unwrap();
        let (reader, writer) = pipe().unwrap();
        let address = Address { text: "a/path".into(), descriptors: vec![writer] };
        pass_address(&here, &address).unwrap();
        let taken = take_address(&there).unwrap();
        assert_eq!((taken.text, taken.descriptors.len()), ("a/path".into(), 1));
        write(&taken.descriptors[0], b"x").unwrap();
        assert_eq!(read(&reader, &mut [0]), Ok(1));
        pass_address(&here, &Address::default()).unwrap();
        assert!(take_address(&there).unwrap().descriptors.is_empty());
    }
}

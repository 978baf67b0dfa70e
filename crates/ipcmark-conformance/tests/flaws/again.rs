//! Listeners with one flaw each, over a real socket with a name.

use ipcmark_core::{
    Availability, Capacity, Connections, Info, Link, Listener, Plan, Receiver, Result, Sender,
    Side, Transport,
};
use ipcmark_sys::fd::Block;
use ipcmark_unix::UnixPath;
use std::fs::File;
use std::marker::PhantomData;

type Below = UnixPath<Block>;

/// The flaw of a listener's connections.
pub(crate) trait Flaw: 'static {
    const NAME: &'static str;
    /// Puts the flaw over sound connections.
    fn over(sound: Box<dyn Connections>, size: usize) -> Box<dyn Connections>;
}

/// The transport whose connections have the flaw `F`.
pub(crate) struct Flawed<F>(PhantomData<F>);

impl<F: Flaw> Transport for Flawed<F> {
    const INFO: Info = Info { mechanism: F::NAME, ..<Below as Transport>::INFO };
    type Fixture = <Below as Transport>::Fixture;
    type Tx = <Below as Transport>::Tx;
    type Rx = <Below as Transport>::Rx;

    fn available() -> Availability {
        Below::available()
    }

    fn fixture(plan: &Plan) -> Result<Self::Fixture> {
        Below::fixture(plan)
    }

    fn capacity(fixture: &Self::Fixture) -> Result<Capacity> {
        Below::capacity(fixture)
    }

    fn split(fixture: Self::Fixture, side: Side) -> Result<Link<Self::Tx, Self::Rx>> {
        Below::split(fixture, side)
    }

    fn listen(plan: &Plan) -> Result<Listener> {
        let (sound, size) = (Below::listen(plan)?, plan.size);
        Ok(Box::new(move |side| Ok(F::over(sound(side)?, size))))
    }
}

/// It keeps a descriptor of each connection.
pub(crate) struct LeavesOpen {
    sound: Box<dyn Connections>,
    left: Vec<File>,
}

impl Flaw for LeavesOpen {
    const NAME: &'static str = "leaving_connections_open";
    fn over(sound: Box<dyn Connections>, _: usize) -> Box<dyn Connections> {
        Box::new(LeavesOpen { sound, left: Vec::new() })
    }
}

impl Connections for LeavesOpen {
    fn open(&mut self) -> Result<()> {
        self.left.extend(File::open("/dev/null"));
        self.sound.open()
    }

    fn close(&mut self) {
        self.sound.close();
    }

    fn tx(&mut self) -> &mut dyn Sender {
        self.sound.tx()
    }

    fn rx(&mut self) -> &mut dyn Receiver {
        self.sound.rx()
    }
}

/// It lends the message of the connection before.
pub(crate) struct AnswersLate {
    sound: Box<dyn Connections>,
    late: Late,
}

struct Late {
    kept: Vec<u8>,
    lent: Vec<u8>,
}

impl Flaw for AnswersLate {
    const NAME: &'static str = "answering_from_before";
    fn over(sound: Box<dyn Connections>, size: usize) -> Box<dyn Connections> {
        let late = Late { kept: vec![0; size], lent: Vec::new() };
        Box::new(AnswersLate { sound, late })
    }
}

impl Connections for AnswersLate {
    fn open(&mut self) -> Result<()> {
        self.sound.open()?;
        self.late.lent = self.late.kept.clone();
        Ok(())
    }

    fn close(&mut self) {
        self.sound.close();
    }

    fn tx(&mut self) -> &mut dyn Sender {
        self.sound.tx()
    }

    fn rx(&mut self) -> &mut dyn Receiver {
        self
    }
}

impl Receiver for AnswersLate {
    fn receive(&mut self) -> Result<&[u8]> {
        self.late.kept = self.sound.rx().receive()?.to_vec();
        Ok(&self.late.lent)
    }

    fn release(&mut self) -> Result<()> {
        self.sound.rx().release()
    }
}

//! Calls over a real pipe, with a place for one flaw on each side.

use ipcmark_core::{
    Availability, Call, Carries, Error, Flow, Info, Limits, Link, Plan, Procedure, Receiver,
    Remote, Result, Sender, Serve, Side, Transport,
};
use ipcmark_pipe::Pipe;
use ipcmark_sys::fd::Block;
use std::marker::PhantomData;
use std::time::Duration;

type Below = Pipe<Block>;
/// The longest argument or result here, in bytes.
const MAX: usize = 10_000;

/// Where calls may go wrong; each place is sound unless the flaw says otherwise.
pub(crate) trait Flaw: Default + 'static {
    /// Its name, in the place of the mechanism's.
    const NAME: &'static str;
    /// It says `TooLong` where it should.
    const REFUSES: bool = true;
    /// The caller, or the server, sleeps on when its peer is gone.
    const DEAF: Option<Side> = None;
    /// It serves once, and then reports that it was stopped.
    const SERVES_ONCE: bool = false;

    /// See [`Remote::available`].
    fn limits() -> Limits {
        Limits { max_message: Some(MAX), limited_by: "this layer", remedy: None }
    }
    /// Called when the server's side is made.
    fn on_server(_plan_dir: &std::path::Path) {}
    /// Executes call number `n`: leaves its result.
    fn execute(
        &mut self,
        _n: u64,
        argument: &[u8],
        result: &mut Vec<u8>,
        procedure: &mut Procedure,
    ) -> Flow {
        procedure(argument, result)
    }
}

/// The mechanism for calls with the flaw `F`.
pub(crate) struct Flawed<F>(PhantomData<F>);

impl<F: Flaw> Remote for Flawed<F> {
    const INFO: Info =
        Info { mechanism: F::NAME, carries: Carries::Calls, ..<Below as Transport>::INFO };
    type Fixture = (<Below as Transport>::Fixture, std::path::PathBuf);
    type Caller = FlawedCaller<F>;
    type Server = FlawedServer<F>;

    fn available() -> Availability {
        Availability::Available(F::limits())
    }

    fn fixture(plan: &Plan) -> Result<Self::Fixture> {
        // A byte more, so that no message is empty.
        let below = Plan { fixed: false, size: 2 * MAX, ..plan.clone() };
        Ok((Below::fixture(&below)?, plan.names.dir.clone()))
    }

    fn caller((fixture, _): Self::Fixture) -> Result<Self::Caller> {
        let link = Below::split(fixture, Side::Initiator)?;
        Ok(FlawedCaller { link, result: Vec::new(), flaw: PhantomData })
    }

    fn server((fixture, dir): Self::Fixture) -> Result<Self::Server> {
        F::on_server(&dir);
        let link = Below::split(fixture, Side::Responder)?;
        Ok(FlawedServer { link, flaw: F::default(), executed: 0, served: false })
    }
}

type Ends = Link<<Below as Transport>::Tx, <Below as Transport>::Rx>;

fn send(link: &mut Ends, bytes: &[u8]) -> Result<()> {
    let space = link.tx.claim(bytes.len() + 1)?;
    space[..bytes.len()].copy_from_slice(bytes);
    link.tx.commit()
}

fn receive(link: &mut Ends, space: &mut Vec<u8>) -> Result<()> {
    let message = link.rx.receive()?;
    space.clear();
    space.extend_from_slice(&message[..message.len() - 1]);
    link.rx.release()
}

/// What a side makes of its peer's end.
fn at_end<F: Flaw>(side: Side, e: Error) -> Error {
    while e.is_end() && F::DEAF == Some(side) {
        std::thread::sleep(Duration::from_millis(100));
    }
    e
}

/// Calls.
pub(crate) struct FlawedCaller<F> {
    link: Ends,
    result: Vec<u8>,
    flaw: PhantomData<F>,
}

impl<F: Flaw> Call for FlawedCaller<F> {
    fn call(&mut self, argument: &[u8]) -> Result<&[u8]> {
        let len = argument.len();
        if len > MAX && F::REFUSES {
            return Err(Error::TooLong { len, max: MAX, limited_by: "this layer" });
        }
        let argument = &argument[..len.min(MAX)];
        send(&mut self.link, argument)
            .and_then(|()| receive(&mut self.link, &mut self.result))
            .map_err(|e| at_end::<F>(Side::Initiator, e))?;
        Ok(&self.result)
    }
}

/// Serves, with the flaw.
pub(crate) struct FlawedServer<F> {
    link: Ends,
    flaw: F,
    executed: u64,
    served: bool,
}

impl<F: Flaw> Serve for FlawedServer<F> {
    fn serve(&mut self, mut procedure: Procedure) -> Result<()> {
        if F::SERVES_ONCE && std::mem::replace(&mut self.served, true) {
            return Ok(());
        }
        let mut argument = Vec::new();
        loop {
            receive(&mut self.link, &mut argument).map_err(|e| at_end::<F>(Side::Responder, e))?;
            let mut result = Vec::new();
            let flow = self.flaw.execute(self.executed, &argument, &mut result, &mut procedure);
            self.executed += 1;
            send(&mut self.link, &result)?;
            if flow == Flow::Stop {
                return Ok(());
            }
        }
    }
}

/// None at all.
#[derive(Default)]
pub(crate) struct Sound;
impl Flaw for Sound {
    const NAME: &'static str = "sound_calls";
}

/// One result has one wrong bit.
#[derive(Default)]
pub(crate) struct Flips;
impl Flaw for Flips {
    const NAME: &'static str = "flipping_a_bit_of_a_result";
    fn execute(
        &mut self,
        n: u64,
        argument: &[u8],
        result: &mut Vec<u8>,
        procedure: &mut Procedure,
    ) -> Flow {
        let flow = procedure(argument, result);
        if n == 2 && result.len() > 2_000 {
            result[2_000] ^= 1;
        }
        flow
    }
}

/// One call is executed twice.
#[derive(Default)]
pub(crate) struct Repeats;
impl Flaw for Repeats {
    const NAME: &'static str = "executing_one_call_twice";
    fn execute(
        &mut self,
        n: u64,
        argument: &[u8],
        result: &mut Vec<u8>,
        procedure: &mut Procedure,
    ) -> Flow {
        if n == 700 {
            procedure(argument, &mut Vec::new());
        }
        procedure(argument, result)
    }
}

/// One call is answered and not executed.
#[derive(Default)]
pub(crate) struct Forgets(Vec<u8>);
impl Flaw for Forgets {
    const NAME: &'static str = "answering_from_memory";
    fn execute(
        &mut self,
        n: u64,
        argument: &[u8],
        result: &mut Vec<u8>,
        procedure: &mut Procedure,
    ) -> Flow {
        if n == 700 {
            result.extend_from_slice(&self.0);
            return Flow::Continue;
        }
        let flow = procedure(argument, result);
        self.0.clone_from(result);
        flow
    }
}

/// A result comes with the next call.
#[derive(Default)]
pub(crate) struct Lags(Vec<u8>);
impl Flaw for Lags {
    const NAME: &'static str = "answering_one_call_late";
    fn execute(
        &mut self,
        _: u64,
        argument: &[u8],
        result: &mut Vec<u8>,
        procedure: &mut Procedure,
    ) -> Flow {
        let flow = procedure(argument, result);
        std::mem::swap(result, &mut self.0);
        flow
    }
}

/// What is too long is cut without a word.
#[derive(Default)]
pub(crate) struct Clamps;
impl Flaw for Clamps {
    const NAME: &'static str = "clamping_an_argument";
    const REFUSES: bool = false;
}

/// It does not serve again.
#[derive(Default)]
pub(crate) struct ServesOnce;
impl Flaw for ServesOnce {
    const NAME: &'static str = "serving_once";
    const SERVES_ONCE: bool = true;
}

/// The caller does not notice that its server is gone.
#[derive(Default)]
pub(crate) struct DeafCaller;
impl Flaw for DeafCaller {
    const NAME: &'static str = "a_caller_that_waits_for_the_dead";
    const DEAF: Option<Side> = Some(Side::Initiator);
}

/// The server does not notice that its caller is gone.
#[derive(Default)]
pub(crate) struct DeafServer;
impl Flaw for DeafServer {
    const NAME: &'static str = "a_server_that_waits_for_the_dead";
    const DEAF: Option<Side> = Some(Side::Responder);
}

/// Each answer about what is available is another.
#[derive(Default)]
pub(crate) struct ChangesItsMind;
impl Flaw for ChangesItsMind {
    const NAME: &'static str = "changing_its_mind_on_calls";
    fn limits() -> Limits {
        static ASKED: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let max = MAX - ASKED.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Limits { max_message: Some(max), limited_by: "this layer", remedy: None }
    }
}

/// The server leaves a name.
#[derive(Default)]
pub(crate) struct LeavesName;
impl Flaw for LeavesName {
    const NAME: &'static str = "a_server_that_leaves_a_name";
    fn on_server(dir: &std::path::Path) {
        std::fs::write(dir.join("litter"), b"").expect("a file in the plan's directory");
    }
}

/// The server leaves a process, which outlives it.
#[derive(Default)]
pub(crate) struct LeavesDaemon;
impl Flaw for LeavesDaemon {
    const NAME: &'static str = "a_server_that_leaves_a_daemon";
    fn on_server(_: &std::path::Path) {
        #[expect(clippy::zombie_processes, reason = "that is the flaw")]
        std::process::Command::new("sleep").arg("7").spawn().expect("sleep(1)");
    }
}

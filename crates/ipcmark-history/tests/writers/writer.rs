//! A process that adds runs to a store, and checks of a store after any writers.

use ipcmark_history::{Appended, Provenance, Run, Store, TroubleKind, store};
use ipcmark_record::{CellKey, Placement, Record, Workload, sample};
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::ops::Range;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The variable that makes a writer of this program: `FIRST..END STORE`.
pub(crate) const ORDER: &str = "IPCMARK_TEST_WRITER";
/// Number of random moments at which a writer is killed.
pub(crate) const KILLS: u32 = 10;

/// A small record that no call with another number makes.
pub(crate) fn record(n: u64) -> Record {
    let wanted = CellKey::new("pipe/block", Workload::PingPong, 64, Placement::CrossCore);
    let mut record = sample::record_of(n, 6, |key| *key == wanted);
    let time = |second| format!("2026-03-{:02}T10:{:02}:{second:02}Z", 1 + n / 60, n % 60);
    (record.started, record.finished) = (time(0), Some(time(50)));
    record
}

pub(crate) fn run(n: u64) -> Run {
    let commit = Some(format!("{n:040x}"));
    Run::of(&record(n), &Provenance { commit, ..Provenance::default() }, None).unwrap()
}

/// What the writer does: says `ready`, waits, adds, and says the key of each run that is there.
pub(crate) fn obey(order: &str) {
    let (numbers, name) = order.split_once(' ').expect("FIRST..END STORE");
    let (first, end) = numbers.split_once("..").expect("FIRST..END");
    let runs: Vec<Run> = (first.parse().unwrap()..end.parse().unwrap()).map(run).collect();
    let store = store::open(name).unwrap();
    say("ready");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    for run in &runs {
        if let Err(error) = store.append(run) {
            crate::remark(&error.to_string());
            std::process::exit(1);
        }
        say(run.key());
    }
}

fn say(word: &str) {
    let mut out = std::io::stdout();
    out.write_all(format!("{word}\n").as_bytes()).and_then(|()| out.flush()).unwrap();
}

/// A writer that has its runs ready and waits.
pub(crate) struct Writer {
    child: Child,
    said: BufReader<std::process::ChildStdout>,
}

impl Writer {
    /// Starts one in `folder`.
    pub(crate) fn ready(folder: &Path, store: &str, runs: Range<u64>) -> Writer {
        let mut command = Command::new(std::env::current_exe().unwrap());
        order(&mut command, folder, store, runs);
        Writer::started(command)
    }

    pub(crate) fn started(mut command: Command) -> Writer {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        if line != "ready\n" {
            let output = child.wait_with_output().unwrap();
            panic!("no writer: {}", String::from_utf8_lossy(&output.stderr));
        }
        Writer { child, said }
    }

    /// Lets it begin.
    pub(crate) fn go(&mut self) {
        self.child.stdin.take().unwrap().write_all(b"go\n").unwrap();
    }

    /// Waits for its end; the keys it said, and how it ended.
    pub(crate) fn end(mut self) -> (Vec<String>, Output) {
        let keys = self.said.by_ref_lines();
        (keys, self.child.wait_with_output().unwrap())
    }

    /// Kills it a while after it reported `keys` keys; returns all that it reported.
    pub(crate) fn killed_after(mut self, keys: u64, delay: Duration) -> Vec<String> {
        self.go();
        let mut said = Vec::new();
        for _ in 0..keys {
            let mut line = String::new();
            self.said.read_line(&mut line).unwrap();
            said.push(line.trim_end().to_owned());
        }
        std::thread::sleep(delay);
        self.child.kill().unwrap();
        said.extend(self.end().0);
        said
    }
}

trait Lines {
    fn by_ref_lines(&mut self) -> Vec<String>;
}

impl Lines for BufReader<std::process::ChildStdout> {
    /// Whole lines only: a killed writer may leave half of one.
    fn by_ref_lines(&mut self) -> Vec<String> {
        let mut text = String::new();
        std::io::Read::read_to_string(self, &mut text).unwrap();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(str::to_owned).collect()
    }
}

/// Makes a writer of a command that ends in this program.
pub(crate) fn order(command: &mut Command, folder: &Path, store: &str, runs: Range<u64>) {
    command.env(ORDER, format!("{}..{} {store}", runs.start, runs.end)).current_dir(folder);
}

/// Two writers at once with `ranges`, each in a folder of its own (or the same), then returns the contents of the store.
pub(crate) fn two_at_once(folders: [&Path; 2], store: &str, ranges: [Range<u64>; 2]) {
    let all: BTreeSet<u64> = ranges.iter().cloned().flatten().collect();
    let [a, b] = [0, 1].map(|at| Writer::ready(folders[at], store, ranges[at].clone()));
    let mut writers = [a, b];
    writers.iter_mut().for_each(Writer::go);
    for writer in writers {
        let (_, output) = writer.end();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let store = store::open_at(folders[0], store).unwrap();
    assert_all_there(&*store, &all);
}

/// Checks that every run is there once, with its own line and its own record, and nothing else.
pub(crate) fn assert_all_there(store: &dyn Store, all: &BTreeSet<u64>) {
    let lines = store.lines().unwrap();
    assert_eq!(lines.census(), format!("read {} runs", all.len()));
    let expected: Vec<_> = all.iter().map(|n| run(*n).line().clone()).collect();
    assert_eq!(lines.runs, expected);
    for n in all.iter().step_by(7) {
        assert_eq!(store.record(run(*n).key()).unwrap(), record(*n));
    }
}

/// Kills writers at random moments of their work; what each said is there is there, and all can be completed.
pub(crate) fn killed_often(folder: &Path, name: &str) {
    const RUNS: u64 = 6;
    let store = store::open_at(folder, name).unwrap();
    // How long one run takes here, today: the moments of death are spread over it, more of them over its beginning.
    let mut first = Writer::ready(folder, name, 0..RUNS);
    let begun = Instant::now();
    first.go();
    first.end();
    let one = begun.elapsed() / RUNS as u32;
    let mut rng = fastrand::Rng::with_seed(7);
    let mut killed_midway = 0;
    for n in 1..=u64::from(KILLS) {
        let range = n * RUNS..(n + 1) * RUNS;
        let delay = one.mul_f64(rng.f64().powi(3));
        let said = Writer::ready(folder, name, range).killed_after(rng.u64(0..RUNS), delay);
        killed_midway += u32::from((said.len() as u64) < RUNS);
        let lines = store.lines().unwrap();
        let keys: BTreeSet<&str> = lines.runs.iter().map(|line| line.run.as_str()).collect();
        for key in &said {
            assert!(keys.contains(key.as_str()), "{key} was said to be there");
        }
        for trouble in &lines.troubles {
            assert_eq!(trouble.kind, TroubleKind::NoLine, "{}", trouble.file);
        }
        let orphans = lines.troubles.len();
        assert!(orphans <= 1, "one writer leaves one record at most: {}", lines.census());
        assert_eq!(store.repair().unwrap().adopted.len(), orphans);
    }
    assert!(killed_midway > 0, "no writer was killed in the middle of its work");
    for n in 0..(u64::from(KILLS) + 1) * RUNS {
        let was_there = store.append(&run(n)).unwrap() == Appended::Already;
        assert!(was_there || n >= RUNS, "the first writer was not killed");
    }
    assert_all_there(&*store, &(0..(u64::from(KILLS) + 1) * RUNS).collect());
}

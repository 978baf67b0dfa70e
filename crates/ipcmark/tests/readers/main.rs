//! Whatever bytes come, each reader takes or refuses them: no panic, no hang, no memory without end.
//!
//! The seeds are those of the fuzzers. `PROPTEST_CASES` sets the number of documents of each kind; `scripts/soak` sets it
//! to tens of thousands, under limits. It names the document that was too much: `READERS_LAST` is a file with the newest one.

mod mutation;

use ipcmark::readers::{ALL, Reader};
use mutation::{Mutation, mutations};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestCaseResult, TestRunner};
use std::path::Path;
use std::time::{Duration, Instant};

/// Documents of each kind, unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 24;

fn seeds(kind: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(kind);
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort_unstable();
    paths.into_iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// Reads a document, and says so first; on request it must not take long.
fn read(reader: Reader, document: &[u8]) -> TestCaseResult {
    if let Some(last) = std::env::var_os("READERS_LAST") {
        std::fs::write(last, document).unwrap();
    }
    let begun = Instant::now();
    let _ = reader(document);
    let longest = std::env::var("READERS_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    match longest.map(Duration::from_secs) {
        Some(longest) if begun.elapsed() > longest => {
            Err(TestCaseError::fail(format!("it took {:?}", begun.elapsed())))
        }
        _ => Ok(()),
    }
}

fn cases() -> Config {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    Config { cases: cases.unwrap_or(CASES), failure_persistence: None, ..Config::default() }
}

/// Tries mutated documents of one kind, and some that are nothing at all.
fn try_kind(kind: &str) {
    let (_, reader) = *ALL.iter().find(|(name, _)| *name == kind).unwrap();
    let seeds = seeds(kind);
    for seed in &seeds {
        reader(seed).unwrap_or_else(|e| panic!("a seed of {kind} is refused: {e:#}"));
    }
    let changed = (0..seeds.len(), mutations()).prop_map(|(seed, changes): (_, Vec<Mutation>)| {
        changes.iter().fold(seeds[seed].clone(), |document, change| change.apply(&document))
    });
    let anything = prop::collection::vec(any::<u8>(), 0..200);
    let documents = prop_oneof![15 => changed, 1 => anything];
    let tried = TestRunner::new(cases()).run(&documents, |document| read(reader, &document));
    if let Err(e) = tried {
        panic!("{kind}: {e}");
    }
}

macro_rules! kinds {
    ($($kind:ident)*) => {
        $(#[test] fn $kind() { try_kind(stringify!($kind)); })*

        #[test]
        fn every_reader_is_tried() {
            assert_eq!(ALL.map(|(name, _)| name), [$(stringify!($kind)),*]);
        }
    };
}

kinds!(record journal paired history store suite policy command);

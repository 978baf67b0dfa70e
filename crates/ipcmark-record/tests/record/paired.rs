//! A paired comparison: written, read, refused, and made up.

use ipcmark_record::{Error, InvocationOutcome, Paired, Stage, State, sample};

#[test]
fn a_document_is_read_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("paired.json");
    let paired = sample::paired(3);
    paired.write(&path).unwrap();
    assert_eq!(Paired::read(&path).unwrap(), paired);
    assert!(Paired::is_one(&std::fs::read_to_string(&path).unwrap()));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "the temporary file is gone");
}

#[test]
fn a_record_is_none_and_a_newer_one_says_so() {
    let record = serde_json::to_string(&sample::record(1, 1)).unwrap();
    assert!(!Paired::is_one(&record) && !Paired::is_one("{}") && !Paired::is_one("no JSON"));
    assert!(Paired::parse(&record, "a record").is_err());
    let newer = Paired { schema: "ipcmark.paired/2".into(), ..sample::paired(1) };
    let text = serde_json::to_string(&newer).unwrap();
    assert!(Paired::is_one(&text), "it is one, only newer");
    let error: Error = Paired::parse(&text, "newer.json").unwrap_err();
    assert!(error.to_string().contains("newer.json"), "{error}");
}

#[test]
fn every_arm_has_two_turns_in_each_palindrome() {
    for pair in sample::paired(2).cells.iter().flat_map(|cell| &cell.pairs) {
        for arm in [&pair.base, &pair.new, &pair.again] {
            let palindromes: Vec<u32> = arm.slices.iter().map(|slice| slice.turn / 6).collect();
            if arm.outcome == InvocationOutcome::Ok {
                assert_eq!(palindromes, [0, 0, 1, 1, 2, 2]);
            } else {
                assert!(palindromes.is_empty(), "who failed brings nothing");
            }
            // Forth and back: the turns of one palindrome lie about its middle.
            for two in arm.slices.chunks(2) {
                assert_eq!(two[0].turn % 6 + two[1].turn % 6, 5);
            }
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_pairs_and_a_second_stage_is_fresh() {
    assert_eq!(sample::paired(7), sample::paired(7));
    assert_ne!(sample::paired(7).cells, sample::paired(8).cells);
    let paired = sample::paired(7);
    let looked_at_again: Vec<_> =
        paired.cells.iter().filter(|c| c.pairs.iter().any(|p| p.stage == Stage::Confirm)).collect();
    assert!(looked_at_again.len() >= 4 && looked_at_again.len() < paired.cells.len());
    for cell in looked_at_again {
        let (first, second): (Vec<_>, Vec<_>) =
            cell.pairs.iter().partition(|pair| pair.stage == Stage::Screen);
        assert!(second.iter().all(|pair| first.iter().all(|p| p.base.slices != pair.base.slices)));
    }
    assert!(paired.cells.last().unwrap().canary);
    assert_eq!(paired.cells.iter().filter(|c| c.state == State::Pending).count(), 1);
}

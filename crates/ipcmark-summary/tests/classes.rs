//! Distance classes, marks, and the invocations that count for a row, on made-up cells whose truth
//! is known.

use ipcmark_record::{
    Cell, Distance, Invocation, Mark, Placement, Reach, Record, Sharing, SharingSample, Workload,
    sample,
};
use ipcmark_summary::{
    Classes, Context, Counting, Row, Samples, pooled, summarize, summarize_cell,
};

/// Returns the sample's ping-pong cells between two CPUs, with `invocations` each.
fn record(invocations: u32) -> Record {
    sample::record_of(1, invocations, |key| {
        key.workload == Workload::PingPong && key.placement == Placement::CrossCore
    })
}

fn ring(record: &mut Record) -> &mut Cell {
    let wanted = |c: &&mut Cell| c.key.transport == "shm-ring/spin" && c.key.size_bytes == 64;
    record.cells.iter_mut().find(wanted).unwrap()
}

fn put(invocation: &mut Invocation, before_ns: f64, after_ns: f64) {
    invocation.distance = Some(Distance { before_ns, after_ns });
}

/// Puts the last `far` invocations of a cell at 350 ns, and makes them three times as slow.
fn move_away(cell: &mut Cell, far: usize) {
    let stay = cell.invocations.len() - far;
    let mut away = Cell { invocations: cell.invocations.split_off(stay), ..cell.clone() };
    sample::slow_down(&mut away, 3.0);
    away.invocations.iter_mut().for_each(|i| put(i, 350.0, 352.0));
    cell.invocations.extend(away.invocations);
}

fn p50(row: &Row) -> f64 {
    row.figure.as_ref().unwrap().percentiles[0].ns.value
}

fn row(record: &mut Record) -> Row {
    let context = Context::of(record).unwrap();
    summarize_cell(ring(record), &context).unwrap()
}

#[test]
fn classes_are_found_from_the_record_and_the_one_of_most_is_the_reference() {
    let mut near = record(9);
    move_away(ring(&mut near), 7);
    let classes = Classes::of(&[&near]);
    let words: Vec<String> = classes.all().iter().map(ToString::to_string).collect();
    assert_eq!(words, ["114 ns", "351 ns"]);
    assert_eq!(classes.reference(), Some(classes.all()[0]));
    assert_eq!((classes.all()[0].low_ns, classes.all()[1].high_ns), (0.0, None));
    assert_eq!(classes.all()[0].high_ns, Some(classes.all()[1].low_ns), "ranges touch");
    // Two records share their classes: the reference is the class that most of both are in.
    let mut far = record(30);
    far.cells.iter_mut().for_each(|cell| move_away(cell, cell.invocations.len()));
    let both = Classes::of(&[&near, &far]);
    assert_eq!(both.all().len(), 2);
    assert_eq!(both.reference().unwrap().reach(), Reach::Long);
    assert_eq!(Classes::of(&[]), Classes::default());
}

// B15
#[test]
fn a_class_has_a_word_only_if_trials_or_a_real_topology_showed_it() {
    let mut moving = record(9);
    move_away(ring(&mut moving), 7);
    let words = |record: &Record| {
        let classes = Classes::of(&[record]);
        classes.all().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let trial = |ns, kept| SharingSample {
        at_ns: 0,
        distance: Distance { before_ns: ns, after_ns: ns },
        kept,
    };
    let with = |samples: Vec<SharingSample>| {
        let sharing = vec![Sharing { a: 0, b: 1, samples }];
        words(&Record { sharing, ..moving.clone() })
    };
    let (near, far) = ([trial(114.0, 0.52); 3], [trial(351.0, 1.0); 3]);
    assert_eq!(with([near, far].concat()), ["114 ns (one core)", "351 ns (two cores)"]);
    assert_eq!(with(near.to_vec()), ["114 ns (one core)", "351 ns"]);
    assert_eq!(with(near[..2].to_vec()), ["114 ns", "351 ns"], "few");
    assert_eq!(with(vec![trial(114.0, 0.78); 5]), ["114 ns", "351 ns"], "neither");
    // The topology of a virtual machine is made up; that of a real one tells.
    for (cpu, core) in [(0, 0), (1, 1)] {
        moving.host.cpus[cpu].core = Some(core);
        moving.host.cpus[cpu].cache = Some(0);
    }
    assert_eq!(words(&moving), ["114 ns", "351 ns"]);
    moving.host.hypervisor = None;
    assert!(words(&moving)[0].ends_with("(one cache)"), "{:?}", words(&moving));
}

#[test]
fn figures_of_two_classes_are_never_pooled() {
    let mut moving = record(13);
    let near = p50(&row(&mut record(6)));
    move_away(ring(&mut moving), 7);
    let row = row(&mut moving);
    assert_eq!((row.class.unwrap().reach(), row.invocations), (Reach::Middle, 6));
    assert!((p50(&row) / near - 1.0).abs() < 1e-9, "the first six, and nothing else");
    let [other] = &row.others[..] else { panic!("{:?}", row.others) };
    assert_eq!((other.class.reach(), other.invocations), (Reach::Long, 7));
    let ratio = other.figure.percentiles[0].ns.value / near;
    assert!((2.7..3.3).contains(&ratio), "{ratio}");
    assert_eq!((row.made_invocations, row.set_aside), (13, 0));
    // Charts and samples use the same invocations.
    let context = Context::of(&moving).unwrap();
    let cell = ring(&mut moving);
    let samples = Samples::of(cell, &context).unwrap();
    assert_eq!(samples.messages_per_s.len(), 6);
    let pool = pooled(cell, &context).unwrap().unwrap();
    assert_eq!(pool.histogram.len(), samples.values);
    assert!(pool.ns_at_quantile(0.9) < 2.0 * near);
}

#[test]
fn with_too_few_in_the_reference_class_the_class_of_most_is_the_rows() {
    let mut moving = record(12);
    move_away(ring(&mut moving), 7);
    let few = row(&mut moving);
    assert_eq!((few.class.unwrap().reach(), few.invocations), (Reach::Long, 7));
    assert_eq!((few.others.len(), few.others[0].invocations), (1, 5));
    // On a tie the reference wins, although neither has an interval.
    let mut moving = record(10);
    move_away(ring(&mut moving), 5);
    let row = row(&mut moving);
    assert_eq!((row.class.unwrap().reach(), row.invocations), (Reach::Middle, 5));
}

#[test]
fn what_moved_on_the_way_belongs_to_no_class() {
    let mut moving = record(12);
    move_away(ring(&mut moving), 3);
    put(&mut ring(&mut moving).invocations[0], 112.0, 350.0);
    let computed = row(&mut moving);
    let shape = |row: &Row| (row.invocations, row.others[0].invocations, row.set_aside);
    assert_eq!(shape(&computed), (8, 3, 1));
    assert!(!computed.disturbed && computed.distance.unwrap().moved == 1);
    // The mark of a newer harness has the same effect.
    put(&mut ring(&mut moving).invocations[0], 112.0, 113.0);
    ring(&mut moving).invocations[0].marks = vec![Mark::Moved];
    let marked = row(&mut moving);
    assert_eq!(shape(&marked), (8, 3, 1));
    assert_eq!(marked.figure, computed.figure);
}

#[test]
fn a_marked_invocation_stands_behind_no_figure_where_enough_are_left() {
    let mut noisy = record(9);
    let clean = row(&mut noisy);
    let cell = ring(&mut noisy);
    for invocation in &mut cell.invocations[..3] {
        invocation.marks = vec![Mark::Stolen];
    }
    let row_of = |noisy: &mut Record| row(noisy);
    let row = row_of(&mut noisy);
    assert_eq!((row.invocations, row.set_aside, row.disturbed), (6, 3, false));
    assert_eq!(row.messages, clean.messages, "they were checked all the same");
    assert_ne!(p50(&row), p50(&clean));
    // With one more, fewer than six are left: all count, and the row says so.
    ring(&mut noisy).invocations[3].marks = vec![Mark::Gaps];
    let row = row_of(&mut noisy);
    assert_eq!((row.invocations, row.set_aside, row.disturbed), (9, 4, true));
    assert_eq!(p50(&row), p50(&clean));
}

#[test]
fn over_a_third_marked_and_all_count_however_many_are_left() {
    let mut noisy = record(30);
    let counting = |noisy: &mut Record, marked: usize| {
        let cell = ring(noisy);
        for invocation in &mut cell.invocations[..marked] {
            invocation.marks = vec![Mark::Gaps];
        }
        let counting = Counting::of(cell, &Classes::default());
        (counting.invocations.len(), counting.set_aside, counting.disturbed)
    };
    assert_eq!(counting(&mut noisy, 10), (20, 10, false));
    assert_eq!(counting(&mut noisy, 11), (30, 11, true));
}

#[test]
fn a_cell_whose_cpus_never_stood_still_has_a_figure_and_no_class() {
    let mut moving = record(6);
    ring(&mut moving).invocations.iter_mut().for_each(|i| put(i, 112.0, 350.0));
    let row = row(&mut moving);
    assert_eq!((row.class, row.invocations, row.set_aside), (None, 6, 6));
    assert!(row.disturbed && row.figure.is_some());
    // One CPU has no distance, so it has no class and no reason to set anything aside.
    let same_core = sample::record_of(1, 6, |key| key.placement == Placement::SameCore);
    for row in summarize(&same_core).unwrap().rows.iter().filter(|r| r.figure.is_some()) {
        assert_eq!((row.class, row.set_aside, row.disturbed), (None, 0, false), "{}", row.key);
    }
}

//! Bursts, replays, mixes of sizes, percentiles and raw times, as a user runs them.

use crate::desk::{Desk, record, stderr, stdout};
use ipcmark_record::{Arrivals, State, WhenFull};

const SHORT: &str = "--placement same-core --rounds 2 --fixed --measure 30ms --warm-up 2ms --seed 3 --no-counting --quiet";

fn run(desk: &Desk, flags: &str) -> String {
    let words = format!("run {flags} {SHORT} --out out");
    stdout(&desk.ipcmark(&words.split_whitespace().collect::<Vec<_>>()).success())
}

fn refused(desk: &Desk, flags: &str, parts: &[&str]) {
    let words = format!("run {flags} {SHORT} --out no");
    let said = stderr(&desk.ipcmark(&words.split_whitespace().collect::<Vec<_>>()).code(2));
    for part in parts {
        assert!(said.contains(part), "'{part}' is not in: {said}");
    }
    assert!(!desk.path("no").exists(), "nothing is made for a run that cannot be");
}

#[test]
fn bursts_are_rows_of_their_own_with_their_floor() {
    let desk = Desk::new();
    let text = run(
        &desk,
        "-t pipe/block,null -p paced,paced-ping-pong --rate 1000 --arrivals constant,bursts-8 -s 64 --suite full",
    );
    assert!(text.contains("1000/s, bursts-8") && text.contains("floor"), "{text}");
    let record = record(&desk.path("out"));
    let bursts = record.cells.iter().filter(|cell| {
        let of_eight = cell.key.workload.arrivals() == Some(Arrivals::Bursts { of: 8 });
        // A pipe cannot drop, and a floor has no two ends for a time one way.
        let waits = cell.key.when_full == WhenFull::Wait;
        of_eight && waits && !(cell.floor && cell.key.workload.name() == "paced")
    });
    for cell in bursts.clone() {
        assert_eq!(cell.state, State::Measured, "{}", cell.key);
        let counts: Vec<u64> = cell.invocations.iter().map(|i| i.messages).collect();
        // Whole bursts within 30 ms.
        assert!(counts.len() >= 2 && counts.iter().all(|n| *n == 24), "{}: {counts:?}", cell.key);
    }
    assert!(bursts.clone().count() >= 3 && bursts.clone().any(|cell| cell.floor));
    refused(&desk, "-t pipe/block -p paced --arrivals bursts-64", &["no burst of 64", "--measure"]);
    refused(&desk, "-t pipe/block -p paced --arrivals bursts-1", &["bursts-N with N from 2"]);
}

#[test]
fn a_mix_has_percentiles_by_size_in_every_output() {
    let desk = Desk::new();
    let kinds =
        "pipe/block,unix-seqpacket/block,udp/block,shm-ring/hybrid,shm-slots/hybrid,mq/block";
    let text = run(&desk, &format!("-t {kinds} -p ping-pong,stream,paced --sizes 64:9,4KiB:1"));
    assert!(text.contains("By message size") && text.contains("sizes 64:9,4096:1"), "{text}");
    let record = record(&desk.path("out"));
    let measured: Vec<_> = record.cells.iter().filter(|c| c.state == State::Measured).collect();
    assert!(measured.len() >= 3 * 4, "{}", measured.len());
    for cell in measured {
        assert!(
            cell.invocations.iter().all(|i| i.is_ok()),
            "{}: {:?}",
            cell.key,
            cell.invocations[0]
        );
        let sizes: Vec<u64> = cell.invocations[0]
            .sides
            .iter()
            .flat_map(|side| side.sizes.iter().map(|of| of.to_bytes))
            .collect();
        let expected: &[u64] = if cell.key.is_rate() { &[] } else { &[64, 4096] };
        assert_eq!(sizes, expected, "{}", cell.key);
    }
    for file in ["index.html", "summary.md"] {
        let text = std::fs::read_to_string(desk.path("out").join(file)).unwrap();
        assert!(text.contains("By message size") && text.contains("64:9,4096:1"), "{file}");
    }
    let csv = stdout(&desk.ipcmark(&["export", "out", "--format", "csv"]).success());
    assert!(csv.contains("\"64:9,4096:1\""), "{csv}");
    refused(
        &desk,
        "--suite full -t pipe/block -p duplex --mix 64:9,4KiB:1",
        &["--mix has no effect on duplex"],
    );
    refused(&desk, "-t pipe/block --mix 64:9", &["from 2 to 16 sizes"]);
}

#[test]
fn empty_messages_are_measured_where_they_arrive_as_messages() {
    let desk = Desk::new();
    let flags = "-t pipe/block,unix-dgram/block,unix-seqpacket/block,tcp/block,rpc-unix-at-most-once/block -p ping-pong -s 0";
    run(&desk, flags);
    let record = record(&desk.path("out"));
    for cell in &record.cells {
        let name = &cell.key.transport;
        match &cell.state {
            State::Measured => {
                assert!(cell.invocations.iter().all(|i| i.is_ok() && i.messages > 10), "{name}");
            }
            State::Unsupported { reason } => {
                assert!(
                    reason.contains("at least 1 byte here") || reason.contains("a call has"),
                    "{reason}"
                );
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    let measured = |name: &str| {
        record.cells.iter().any(|c| c.key.transport == name && c.state == State::Measured)
    };
    assert!(measured("pipe/block") && measured("tcp/block"), "a length goes in front of each");
    assert!(!measured("rpc-unix-at-most-once/block"), "a call has a size");
}

#[test]
fn a_trace_is_replayed_and_told_apart_from_others() {
    let desk = Desk::new();
    desk.write("a.csv", "time,size\n0,64\n0.5ms,64\n1ms,4KiB\n9ms,64\n");
    desk.write("b.csv", "time,size\n0,64\n0.5ms,64\n2ms,4KiB\n9ms,64\n");
    let text = run(&desk, "--replay a.csv -t pipe/block");
    assert!(text.contains("replay-") && text.contains("By message size"), "{text}");
    let first = record(&desk.path("out"));
    let note = first.settings.trace.clone().unwrap();
    assert_eq!((note.name.as_str(), note.messages, note.longest_bytes), ("a.csv", 4, 4096));
    assert_eq!(first.cells.len(), 2, "one way, and as round trips");
    for cell in &first.cells {
        assert_eq!(cell.state, State::Measured);
        // Passes of 12 ms: 30 ms hold two, and half a third.
        let counts: Vec<u64> = cell.invocations.iter().map(|i| i.messages).collect();
        // The machine may have disturbed one, which is then made again.
        assert!(counts.len() >= 2 && counts.iter().all(|n| *n == 11), "{}: {counts:?}", cell.key);
        assert!(cell.key.to_string().contains(&format!("replay-{}", note.hash)), "{}", cell.key);
    }
    let other = format!("run --replay b.csv -t pipe/block {SHORT} --out other");
    desk.ipcmark(&other.split_whitespace().collect::<Vec<_>>()).success();
    let second = record(&desk.path("other"));
    assert_ne!(first.cells[0].key, second.cells[0].key);
    desk.write("bad.csv", "0,64\n1ms,64\n0.5ms,64\n");
    refused(&desk, "--replay bad.csv -t pipe/block", &["bad.csv:3: its time is before"]);
    let none = ["run", "--replay", "none.csv", "-t", "pipe/block"];
    assert!(stderr(&desk.ipcmark(&none).code(4)).contains("none.csv"));
    refused(&desk, "--replay a.csv -t pipe/block --rate 7", &["cannot be used with"]);
    desk.assert_clean();
}

#[test]
fn percentiles_are_those_that_were_asked_for_and_that_samples_carry() {
    let desk = Desk::new();
    let text = run(&desk, "-t pipe/block -p ping-pong -s 64 --percentiles 50,75,99.9999");
    assert!(text.contains("p75") && !text.contains("p99 "), "{text}");
    assert!(text.contains("p99.9999: no row has samples enough"), "{text}");
    let table = ["report", "out", "--table", "--percentiles", "60,90"];
    let text = stdout(&desk.ipcmark(&table).success());
    assert!(text.contains("p60") && text.contains("p90") && !text.contains("p75"), "{text}");
    let page = std::fs::read_to_string(desk.path("out/summary.md")).unwrap();
    assert!(page.contains("p60") && !page.contains("p75"), "{page}");
    let said = stderr(&desk.ipcmark(&["run", "--percentiles", "101"]).code(2));
    assert!(said.contains("expected a percentile from 0.001 to 99.9999"), "{said}");
}

#[test]
fn raw_times_are_in_a_file_and_their_cost_in_the_record() {
    let desk = Desk::new();
    run(&desk, "-t pipe/block -p paced,stream -s 64 --raw times.csv");
    let record = record(&desk.path("out"));
    assert_eq!(record.settings.raw.as_ref().unwrap().file, "times.csv");
    assert!(record.harness.raw_ns.unwrap() > 0.0);
    let text = std::fs::read_to_string(desk.path("times.csv")).unwrap();
    let messages: u64 = record
        .cells
        .iter()
        .filter(|cell| cell.key.workload.name() == "paced")
        .flat_map(|cell| cell.invocations.iter().map(|i| i.messages))
        .sum();
    assert_eq!(
        text.lines().count() as u64,
        messages + 1,
        "a line for each, and none of the stream"
    );
    for line in text.lines().skip(1) {
        let times: Vec<u64> =
            line.rsplit(',').take(3).map(|number| number.parse().unwrap()).collect();
        assert!(times[2] <= times[1] && times[1] <= times[0], "due, sent, received: {line}");
    }
    let page = std::fs::read_to_string(desk.path("out/index.html")).unwrap();
    assert!(page.contains("Keeping the times of one message (--raw)"));
    refused(&desk, "-t pipe/block --raw times.csv", &["times.csv", "exists"]);
    refused(&desk, "-t pipe/block --raw times.txt", &[".csv or .parquet"]);
    desk.assert_clean();
}

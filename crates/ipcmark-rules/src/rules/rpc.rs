//! Remote procedure calls: how often a call is executed when messages are lost, and how a server is found again.

use crate::trial::{Found, Seen, Trial, figure};
use ipcmark_core::Names;
use ipcmark_rpc::experiment::{Course, Executions, executions, forgetting, moving};
use ipcmark_rpc::seen::Bounds;
use ipcmark_rpc::{AtLeastOnce, AtMostOnce, ExactlyOnce, Unix};
use std::time::Duration;

const CALLS: &[&str] = &[
    "socket(AF_UNIX, SOCK_STREAM), bind, listen, connect, accept4",
    "send(request), unless a seeded source drops it",
    "recv(reply) with SO_RCVTIMEO; when it passes, send(request) again",
];
const LISKOV: &str = "unix(7); Liskov, Shrira, Wroclawski 1991";
const BIRRELL: &str = "unix(7); Birrell, Nelson 1984";

const AT_MOST_ONCE: Trial = Trial::of("rpc", "remote procedure call, at most once", LISKOV);

pub(crate) const RULES: &[Trial] = &[
    Trial {
        family: "rpc",
        mechanism: "remote procedure call, at least once",
        name: "at-least-once",
        rule: "A client that repeats its request until there is a reply has each call executed, and some of them more often: the lost message may have been the reply.",
        calls: CALLS,
        reference: BIRRELL,
        run: at_least_once,
    },
    Trial {
        name: "at-most-once",
        rule: "A server that remembers, by time stamp, which calls it has executed never executes one twice; a client that gives up does not know whether it was executed at all.",
        calls: CALLS,
        run: at_most_once,
        ..AT_MOST_ONCE
    },
    Trial {
        family: "rpc",
        mechanism: "remote procedure call, exactly once",
        name: "exactly-once",
        rule: "A server that remembers, and a client that repeats until it has the reply and then acknowledges it, have each call executed once, as long as the server lives.",
        calls: &[
            "socket(AF_UNIX, SOCK_STREAM), bind, listen, connect, accept4",
            "send(request), unless a seeded source drops it",
            "recv(reply) with SO_RCVTIMEO; when it passes, send(request) again",
            "send(acknowledgement), unless a seeded source drops it",
        ],
        reference: LISKOV,
        run: exactly_once,
    },
    Trial {
        name: "record-size",
        rule: "The record of calls seen is bounded in size: what it has forgotten it refuses to execute, so that a late copy is not executed a second time.",
        calls: &["send(request), twice", "send(other requests)", "send(the first request again)"],
        run: record_size,
        ..AT_MOST_ONCE
    },
    Trial {
        name: "record-age",
        rule: "The record of calls seen is bounded in age: a copy that is older than it reaches back is refused and not executed.",
        calls: &["send(request), twice", "nanosleep", "send(the request again)"],
        run: record_age,
        ..AT_MOST_ONCE
    },
    Trial {
        family: "rpc",
        mechanism: "matchmaker",
        name: "moved-service",
        rule: "A client asks the matchmaker for an address once and keeps it; if no one answers there any more, it asks again and finds the service at its new address.",
        calls: &[
            "register at the matchmaker, from the server's process",
            "look up, connect, call",
            "end of the server; register again, from another process at another address",
            "call: EPIPE, look up again, connect, call",
        ],
        reference: BIRRELL,
        run: moved_service,
    },
];

/// Faults that are the same each time, so that two machines can be compared. 500 calls lose some hundred messages.
const COURSE: Course = Course { calls: 500, seed: 1984, ..Course::DEFAULT };

fn at_least_once(names: &Names) -> Found {
    let seen = executions::<Unix, AtLeastOnce>(&names.dir, COURSE)?;
    let [never, _, twice, more] = seen.histogram;
    Ok(told(&seen, never == 0 && twice + more > 0 && seen.unanswered == 0))
}

fn at_most_once(names: &Names) -> Found {
    let seen = executions::<Unix, AtMostOnce>(&names.dir, COURSE)?;
    // A call with a reply was executed.
    Ok(told(&seen, seen.most == 1 && seen.histogram[0] <= seen.unanswered))
}

fn exactly_once(names: &Names) -> Found {
    let seen = executions::<Unix, ExactlyOnce>(&names.dir, COURSE)?;
    Ok(told(&seen, seen.most == 1 && seen.histogram[0] == 0 && seen.unanswered == 0))
}

fn told(seen: &Executions, kept: bool) -> Seen {
    let calls: u64 = seen.histogram.iter().sum();
    let [never, once, twice, more] = seen.histogram;
    let words = format!(
        "{} calls, {} requests and {} replies dropped on purpose, {} requests sent again: executed never {}, \
         once {}, twice {}, more often {}; {} callers had no reply.",
        figure(calls),
        figure(seen.requests_dropped),
        figure(seen.replies_dropped),
        figure(seen.retransmissions),
        figure(never),
        figure(once),
        figure(twice),
        figure(more),
        figure(seen.unanswered),
    );
    Seen::new(kept, words)
        .count("calls", calls)
        .count("requests_dropped", seen.requests_dropped)
        .count("replies_dropped", seen.replies_dropped)
        .count("retransmissions", seen.retransmissions)
        .count("executed_never", never)
        .count("executed_once", once)
        .count("executed_twice", twice)
        .count("executed_more_often", more)
        .count("most_executions", seen.most)
        .count("unanswered", seen.unanswered)
}

fn record_size(names: &Names) -> Found {
    let bounds = Bounds { calls: 16, ..Bounds::DEFAULT };
    let newer = bounds.calls as u64;
    let seen = forgetting(&names.dir, bounds, newer, Duration::ZERO)?;
    let kept = seen.repeated_at_first && seen.refused_at_last && seen.executions == 1;
    let words = format!(
        "A record of {} calls: a copy at once had {}; after {newer} newer calls another copy was {}; executions of that call: {}.",
        bounds.calls,
        if seen.repeated_at_first { "the same reply again" } else { "no reply" },
        if seen.refused_at_last { "refused" } else { "answered" },
        seen.executions
    );
    Ok(Seen::new(kept, words)
        .count("record_calls", newer)
        .count("newer_calls", newer)
        .count("executions", seen.executions))
}

fn record_age(names: &Names) -> Found {
    let bounds = Bounds { age: Duration::from_millis(1_000), ..Bounds::DEFAULT };
    let passing = Duration::from_millis(1_100);
    let seen = forgetting(&names.dir, bounds, 0, passing)?;
    let kept = seen.repeated_at_first && seen.refused_at_last && seen.executions == 1;
    let words = format!(
        "A record that reaches back {} ms: a copy at once had {}; {} ms later another copy was {}; executions of that call: {}.",
        bounds.age.as_millis(),
        if seen.repeated_at_first { "the same reply again" } else { "no reply" },
        passing.as_millis(),
        if seen.refused_at_last { "refused" } else { "answered" },
        seen.executions
    );
    Ok(Seen::new(kept, words)
        .with("record_age_ms", bounds.age.as_millis() as f64)
        .with("copy_after_ms", passing.as_millis() as f64)
        .count("executions", seen.executions))
}

const CALLS_A_PLACE: u64 = 100;

fn moved_service(names: &Names) -> Found {
    let seen = moving(&names.dir, CALLS_A_PLACE)?;
    let ([first, second], [asked_first, asked_then]) = (seen.answered, seen.questions);
    let kept = seen.from != seen.to
        && (first, second) == (CALLS_A_PLACE, CALLS_A_PLACE)
        && asked_first == 0
        && asked_then > 0;
    let words = format!(
        "{first} calls were answered at the first address with {asked_first} further look-ups; the service moved; after {} look-up \
         {second} calls were answered at the second.",
        if asked_then > 0 { "a new" } else { "no" },
    );
    Ok(Seen::new(kept, words)
        .count("answered_first", first)
        .count("answered_second", second)
        .count("look_ups_first", asked_first)
        .count("look_ups_second", asked_then))
}

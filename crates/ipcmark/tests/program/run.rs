//! A real run, small, and what it leaves.

use crate::desk::{Desk, SMALL, record, stderr, stdout};
use ipcmark_harness::session::rounds_of;
use ipcmark_record::{Outcome, Parameter, State};

#[test]
fn a_run_leaves_a_record_a_report_and_tables_and_nothing_else() {
    let desk = Desk::new();
    let assert = desk.small_run("out");
    let text = stdout(&assert);
    for part in
        ["ping-pong, 64 B", "pipe/block", "null/none", "no interval", "Report: out/index.html"]
    {
        assert!(text.contains(part), "'{part}' is not in:\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "no escape codes outside a terminal");
    let progress = stderr(&assert);
    assert!(progress.contains("round 2 of 2 done") && !progress.contains('\u{1b}'), "{progress}");
    for file in ["record.json", "index.html", "summary.md", "charts"] {
        assert!(desk.path("out").join(file).exists(), "{file} is missing");
    }
    assert!(!desk.path("out/record.json.journal").exists());
    let record = record(&desk.path("out"));
    assert_eq!(record.outcome, Outcome::Complete);
    let null = record.cells.iter().find(|c| c.key.transport == "null/none").unwrap();
    assert_eq!((rounds_of(null), &null.state), (2, &State::Measured));
    desk.assert_clean();
}

#[test]
fn quiet_and_json_leave_one_document_on_standard_output() {
    let desk = Desk::new();
    let flags =
        [&["run"], &SMALL[..], &["--measure", "5ms", "--json", "--quiet", "--seed", "7"]].concat();
    let assert = desk.ipcmark(&flags).success();
    assert_eq!(stderr(&assert), "");
    let document: serde_json::Value = serde_json::from_str(&stdout(&assert)).unwrap();
    assert_eq!((&document["schema"], &document["seed"]), (&"ipcmark.summary/1".into(), &7.into()));
    assert_eq!(
        document["rows"].as_array().unwrap().len() as u64,
        document["census"]["cells"].as_u64().unwrap()
    );
    let path = document["record"].as_str().unwrap();
    assert!(path.starts_with("reports/") && path.ends_with("-quick/record.json"), "{path}");
    assert!(desk.path(path).is_file());
    let again = desk.ipcmark(&flags).success();
    let document: serde_json::Value = serde_json::from_str(&stdout(&again)).unwrap();
    assert!(
        document["record"].as_str().unwrap().contains("-quick-2/"),
        "a second run overwrites nothing"
    );
}

#[test]
fn a_report_is_written_again_from_the_record_alone() {
    let desk = Desk::new();
    desk.small_run("out");
    let copy = desk.path("elsewhere");
    std::fs::create_dir(&copy).unwrap();
    std::fs::copy(desk.path("out/record.json"), copy.join("moved.json")).unwrap();
    std::fs::remove_dir_all(desk.path("out")).unwrap();
    let text = stdout(&desk.ipcmark(&["report", "elsewhere/moved.json", "--table"]).success());
    assert!(text.contains("pipe/block") && text.contains("elsewhere/index.html"), "{text}");
    assert!(copy.join("index.html").is_file() && copy.join("charts").is_dir());
}

#[test]
fn a_suite_file_names_the_cells() {
    let desk = Desk::new();
    desk.write(
        "mine.toml",
        "name = \"mine\"\ntitle = \"t\"\nprose = \"p\"\n[defaults]\nrounds = 1\nrounds-most = 1\nmeasure = \"5ms\"\n[[group]]\n\
         name = \"g\"\nprose = \"p\"\ntransports = [\"pipe/{block,spin}\"]\nsizes = [\"8\"]\nplacements = [\"same-core\"]\n",
    );
    desk.ipcmark(&["run", "--suite", "mine.toml", "--out", "out", "--quiet"]).success();
    let record = record(&desk.path("out"));
    assert_eq!((record.cells.len(), record.suite.name.as_str()), (4, "mine"));
    let spin = record.cells.iter().find(|c| c.key.transport == "pipe/spin").unwrap();
    assert!(matches!(&spin.state, State::Unsupported { .. }), "a row says what cannot be done");
}

#[test]
fn several_processes_talk_over_real_links_shared_and_their_own() {
    let desk = Desk::new();
    let flags = "run --suite full --transport pipe/block,unix-stream/block,shm-ring/futex \
        --pattern fan-in,fan-out,scatter-gather --size 4KiB --placement free --capacity default --peers 2 \
        --input sent,shared --rounds 1 --fixed --measure 5ms --seed 3 --quiet --out out";
    desk.ipcmark(&flags.split_whitespace().collect::<Vec<_>>()).success();
    let record = record(&desk.path("out"));
    assert_eq!(record.cells.len(), 3 * (1 + 1 + 2));
    for cell in &record.cells {
        let made = &cell.invocations[0];
        assert!(made.is_ok(), "{}: {:?}", cell.key, made.outcome);
        assert_eq!(
            (cell.key.workload.value(Parameter::Peers), made.sides.len()),
            (Some(2), 3),
            "{}",
            cell.key
        );
        let divided = cell.key.workload.name() == "scatter-gather";
        let shared = cell.key.transport == "pipe/block" && !divided;
        let links = if shared { "shared" } else { "per-peer" };
        assert_eq!(made.links.as_deref(), Some(links), "{}", cell.key);
        assert_eq!(made.task.is_some_and(|t| t.input_bytes == 8 << 20 && t.runs > 0), divided);
        assert_eq!(cell.key.workload.input().is_some(), divided);
    }
    desk.assert_clean();
}

#[test]
fn a_pattern_that_a_transport_cannot_do_is_a_row_where_it_is_named() {
    let desk = Desk::new();
    let flags = ["run", "--transport", "pipe/block", "--pattern", "wake-up", "--out", "out"];
    let text = stdout(&desk.ipcmark(&flags).code(1));
    assert!(text.contains("it carries messages: see ping-pong"), "{text}");
    assert!(!desk.path("out").exists(), "B22: what measured nothing leaves nothing");
    let all = ["run", "--transport", "pipe*", "--pattern", "wake-up", "--out", "none"];
    assert!(stderr(&desk.ipcmark(&all).code(2)).contains("no transport that can do wake-up"));
}

#[test]
fn the_budget_is_kept() {
    let desk = Desk::new();
    let flags =
        ["run", "--transport", "pipe/block", "--rounds", "10000", "--budget", "2s", "--out", "out"];
    let text = stdout(&desk.ipcmark(&flags).success());
    let record = record(&desk.path("out"));
    assert!(matches!(record.outcome, Outcome::BudgetSpent), "{text}");
    let time = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    let took = time(record.finished.as_ref().unwrap()).duration_since(time(&record.started));
    // The budget and what a last visit may take beyond it; 10000 rounds would take the better part of an hour.
    assert!(took.as_secs_f64() < 4.0, "{took:?} of 2 s");
}

/// F2, B2: the whole suite, with its rules, in a short budget: they are left out, and the parts add up.
#[test]
fn a_short_budget_leaves_the_rules_out_and_the_last_line_says_where_the_time_went() {
    let desk = Desk::new();
    let assert = desk.ipcmark(&["run", "--budget", "2s", "--out", "out"]);
    let text = stdout(&assert);
    assert!(text.contains("too short for the documented rules"), "{text}");
    let last = text.lines().last().unwrap();
    assert!(last.starts_with("Time: ") && last.contains("measuring"), "{text}");
    assert!(stderr(&assert).contains("Looking at this machine"), "{}", stderr(&assert));
    let record = record(&desk.path("out"));
    assert!(record.rules.is_empty(), "{}", record.rules.len());
    assert_eq!(record.settings.budget_s, Some(2.0), "what was asked for");
}

#[test]
fn a_run_that_measures_nothing_says_so_and_is_not_green() {
    let desk = Desk::new();
    let spin = ["run", "--transport", "pipe/spin", "--placement", "same-core", "--size", "64"];
    let text = stdout(&desk.ipcmark(&[&spin[..], &["--out", "spin"]].concat()).code(1));
    assert!(text.contains("\nNOTHING WAS MEASURED of 1 cell"), "{text}");
    assert!(!text.contains("Report: ") && !desk.path("spin").exists(), "{text}");
    std::fs::create_dir(desk.path("json")).unwrap();
    let json = desk.ipcmark(&[&spin[..], &["--json", "--out", "json"]].concat()).code(1);
    let said = stderr(&json);
    assert!(said.contains("NOTHING WAS MEASURED") && said.contains("No cell of the"), "{said}");
    let document: serde_json::Value = serde_json::from_str(&stdout(&json)).unwrap();
    assert!(document["record"].is_null() && document["report"].is_null(), "{document}");
    assert_eq!(std::fs::read_dir(desk.path("json")).unwrap().count(), 0, "the user's folder stays");
    let short = ["run", "--transport", "pipe", "--budget", "100ms", "--out", "short"];
    let assert = desk.ipcmark(&short);
    let text = stdout(&assert);
    assert!(text.contains(" WAS MEASURED"), "{text}");
    assert!(text.contains("the budget of time"), "{text}");
}

/// A tmpfs of a few hundred kB in a mount namespace of its own fills up; outside of one this cannot be tried.
#[test]
fn a_full_disk_keeps_what_was_measured() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("small")).unwrap();
    let script = "mount -t tmpfs -o size=160k none small || exit 77; \
        \"$0\" run --transport pipe --rounds 10000 --measure 3ms --warm-up 1ms --budget 60s --quiet --out small/out; \
        echo \"code $?\"; test -s small/out/record.json && \"$0\" schema > /dev/null && echo kept";
    let program = desk.command().get_program().to_owned();
    let output = std::process::Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script])
        .arg(program)
        .current_dir(desk.path("."))
        .env("TMPDIR", desk.path("."))
        .output();
    let Ok(output) = output
        .map_err(|_| ())
        .and_then(|o| if o.status.code() == Some(77) { Err(()) } else { Ok(o) })
    else {
        return skipped("mount namespaces are not available here");
    };
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if err.contains("unshare") {
        return skipped(&err);
    }
    assert!(out.contains("code 4"), "{out}\n{err}");
    assert!(out.contains("kept") && out.contains("pipe/block"), "figures are shown: {out}");
    assert!(err.contains("No space left") && err.contains("--resume small/out"), "{err}");
}

#[expect(clippy::print_stderr, reason = "a test that checked nothing must say so")]
fn skipped(why: &str) {
    eprintln!("SKIPPED, nothing was checked: {why}");
}

/// M2: which CPU for which side.
#[test]
fn each_side_runs_on_the_cpu_that_was_named_for_it() {
    let desk = Desk::new();
    let all = ipcmark_harness::host::cpus();
    let (Some(first), Some(last)) = (all.first(), all.last()) else { panic!("no CPU") };
    let (first, last) = (first.id, last.id);
    let wanted = [vec![first], vec![last], vec![last, first]];
    for cpus in wanted.iter().take(if first == last { 1 } else { 3 }) {
        let list = cpus.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
        let cells =
            ["--pattern", "ping-pong", "--size", "64", "--placement", "same-core,cross-core"];
        let short = ["--fixed", "--rounds", "2", "--measure", "3ms", "--no-counting", "--quiet"];
        let run = ["run", "--transport", "pipe/block", "--cpus", &list, "--out", &list];
        desk.ipcmark(&[&run[..], &cells, &short].concat()).success();
        let record = record(&desk.path(&list));
        assert_eq!(&record.settings.cpus, cpus);
        for cell in &record.cells {
            for invocation in &cell.invocations {
                let on: Vec<u32> =
                    invocation.sides.iter().map(|side| side.placed.cpu_before).collect();
                match cell.key.placement.name() {
                    "same-core" => assert_eq!(on, [cpus[cpus.len() - 1]; 2]),
                    _ => assert_eq!(&on, cpus),
                }
            }
        }
    }
    let text = |cpus: &str| {
        let assert = desk.ipcmark(&["run", "--transport", "pipe/block", "--cpus", cpus]).code(2);
        stderr(&assert)
    };
    assert!(text("4095").contains("CPU 4095 is not allowed here; allowed: "), "{}", text("4095"));
    assert!(text(&format!("{first},{first}")).contains("twice"));
}

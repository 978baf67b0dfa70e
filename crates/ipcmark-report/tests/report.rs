//! The report as a whole, from made-up records: its files, its structure, and that nothing in a record can break out of it.

use ipcmark_record::{
    Cell, GroupNote, InvocationOutcome, Outcome, Parameter, Record, Refusal, State, sample,
};
use std::fs;
use std::path::Path;

/// Text between two marks.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let start = text.find(from).unwrap_or_else(|| panic!("no {from}")) + from.len();
    &text[start..start + text[start..].find(to).unwrap_or_else(|| panic!("no {to}"))]
}

fn data(html: &str) -> serde_json::Value {
    let text = between(html, "<script type=\"application/json\" id=\"data\">", "</script>");
    serde_json::from_str(text).expect("the data block is JSON")
}

/// Tags that the page opens and closes, in order; panics where they do not match.
fn check_nesting(html: &str) {
    const VOID: [&str; 11] = [
        "meta", "link", "input", "br", "wbr", "rect", "line", "polyline", "polygon", "circle",
        "!doctype",
    ];
    // Scripts and styles contain no markup.
    let mut rest = html;
    let mut open: Vec<String> = Vec::new();
    while let Some(at) = rest.find('<') {
        let tag = &rest[at + 1..];
        let end = tag.find('>').expect("a tag ends");
        let (inside, after) = (&tag[..end], &tag[end + 1..]);
        rest = after;
        let name: String = inside
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '/' || *c == '!')
            .collect();
        let name = name.to_lowercase();
        if let Some(closed) = name.strip_prefix('/') {
            if !VOID.contains(&closed) {
                assert_eq!(open.pop().as_deref(), Some(closed), "before {:.80}", after);
            }
        } else if !VOID.contains(&name.as_str()) && !inside.ends_with('/') {
            if name == "script" || name == "style" {
                let close = format!("</{name}>");
                let at = rest.find(&close).expect("a script ends");
                rest = &rest[at + close.len()..];
            } else {
                open.push(name);
            }
        }
    }
    assert_eq!(open, Vec::<String>::new());
}

fn decode(path: &Path) -> (u32, u32, Vec<u8>) {
    let mut reader = png::Decoder::new(std::io::BufReader::new(fs::File::open(path).unwrap()))
        .read_info()
        .unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    (info.width, info.height, pixels)
}

#[test]
fn all_files_appear_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("a/b");
    let record = sample::record(1, 8);
    let written = ipcmark_report::write(&record, &out).unwrap();
    assert_eq!(written.html, out.join("index.html"));
    let mut expected: Vec<_> = written.charts.clone();
    expected.sort();
    let mut found: Vec<_> =
        fs::read_dir(out.join("charts")).unwrap().map(|e| e.unwrap().path()).collect();
    found.sort();
    assert_eq!(found, expected);
    let names: Vec<String> =
        found.iter().map(|p| p.file_name().unwrap().to_string_lossy().into_owned()).collect();
    for name in [
        "ranking-ping-pong-64B-cross-core.png",
        "ranking-stream-64KiB-cross-core.svg",
        "percentiles-1KiB-same-core.png",
        "latency-by-size-cross-core.svg",
        "throughput-by-size-cross-core.png",
    ] {
        assert!(names.iter().any(|n| n == name), "no {name} in {names:?}");
    }
    assert_eq!(fs::read_to_string(&written.html).unwrap(), ipcmark_report::html(&record).unwrap());
    assert_eq!(
        fs::read_to_string(&written.markdown).unwrap(),
        ipcmark_report::markdown(&record).unwrap()
    );
}

#[test]
fn pictures_decode_and_hold_lines_and_text() {
    let folder = tempfile::tempdir().unwrap();
    let written = ipcmark_report::write(&sample::record(2, 8), folder.path()).unwrap();
    for path in &written.charts {
        if path.extension().unwrap() == "svg" {
            let svg = fs::read_to_string(path).unwrap();
            check_nesting(&svg);
            // The chart of distances is of no transport.
            let expected =
                if svg.contains("Distance of the two CPUs") { "cache-line" } else { "pipe/block" };
            assert!(svg.contains("<text") && svg.contains(expected), "{}", path.display());
            continue;
        }
        let (width, height, pixels) = decode(path);
        assert!(width >= 1500 && height >= 250, "{width} x {height}");
        let dark = pixels.chunks(3).filter(|p| p.iter().all(|c| *c < 90)).count();
        let coloured = pixels
            .chunks(3)
            .filter(|p| p.iter().max().unwrap() - p.iter().min().unwrap() > 80)
            .count();
        assert!(dark > 500, "{}: no text", path.display());
        assert!(coloured > 200, "{}: nothing drawn", path.display());
    }
}

#[test]
fn the_page_holds_every_cell_and_loads_nothing() {
    let record = sample::record(1, 8);
    let html = ipcmark_report::html(&record).unwrap();
    check_nesting(&html);
    let table = between(&html, "id=\"cells\"", "</table>");
    assert_eq!(between(table, "<tbody>", "</tbody>").matches("<tr").count(), record.cells.len());
    assert_eq!(data(&html)["summary"]["rows"].as_array().unwrap().len(), record.cells.len());
    for part in [
        "noise",
        "answer",
        "why",
        "rankings",
        "distances",
        "charts",
        "limits",
        "costs",
        "gaps",
        "rules",
        "all",
        "machine",
        "method",
    ] {
        assert!(html.contains(&format!("id=\"{part}\"")), "no section {part}");
    }
    for outside in ["src=\"", "@import", "url(", "href=\"http"] {
        assert!(!html.contains(outside), "the page would load something: {outside}");
    }
    assert!(html.contains("never called one-way"));
    assert!(html.contains("sysctl fs.mqueue.msgsize_max=65536"), "a gap says what would change it");
    assert!(
        html.contains("id=\"few-legend\"") && html.contains("class=\"few\""),
        "thin percentiles are grey, and it is said why"
    );
}

/// F2: a page of every cell of a large suite took longer than its budget.
#[test]
fn a_page_of_very_many_cells_leaves_out_those_without_a_figure() {
    let mut record = sample::record(1, 6);
    let mut pending = record.cells[0].clone();
    (pending.state, pending.invocations) = (State::Pending, Vec::new());
    let figures = record.cells.iter().filter(|c| !c.invocations.is_empty()).count();
    for n in 0..5_000 {
        pending.key.transport = format!("own-{n}/block");
        record.cells.push(pending.clone());
    }
    let html = ipcmark_report::html(&record).unwrap();
    let rows = data(&html)["summary"]["rows"].as_array().unwrap().len();
    assert!(rows <= figures && rows > 0, "{rows} of {figures}");
    let left_out = record.cells.len() - rows;
    let words = format!("{},{:03} cells without a figure", left_out / 1_000, left_out % 1_000);
    assert!(html.contains(&words), "{words}");
    assert_eq!(data(&html)["summary"]["census"]["cells"], record.cells.len());
}

#[test]
fn the_machine_is_judged_before_any_figure() {
    let record = sample::record(1, 8);
    let html = ipcmark_report::html(&record).unwrap();
    let before = between(&html, "<body>", "<h2>The answer</h2>");
    for part in [
        "Differences under",
        "other guests</span>",
        "Longest interruption</span>",
        "Clock resolution</span>",
    ] {
        assert!(before.contains(part), "no '{part}' in {before}");
    }
    let limits = between(&html, "<section id=\"limits\">", "</section>");
    let rows = between(limits, "<tbody>", "</tbody>").matches("<tr").count();
    assert_eq!(rows, record.limits.len());
    let costs = between(&html, "<section id=\"costs\">", "</section>");
    assert!(costs.contains("Not available here: cycles and instructions: "), "{costs}");
    let markdown = ipcmark_report::markdown(&record).unwrap();
    assert!(markdown.find("Differences under").unwrap() < markdown.find("## The answer").unwrap());
}

#[test]
fn every_workload_has_its_ranking_and_the_rules_their_section() {
    let record = sample::every(1, 6);
    let html = ipcmark_report::html(&record).unwrap();
    check_nesting(&html);
    let rankings = between(&html, "id=\"rankings\"", "</section>");
    for part in [
        "<h3>paced</h3>",
        "<h3>scatter-gather</h3>",
        "8 messages and an answer p50</th>",
        "Speed-up</th>",
        "Poll cost</th>",
        "sender missed its schedule",
        "RPC",
        "64 KiB, cross-core, 2 peers, input sent",
    ] {
        assert!(rankings.contains(part), "no '{part}'");
    }
    let rules = between(&html, "<section id=\"rules\">", "</section>");
    assert_eq!(rules.matches("<tr class=").count(), record.rules.len());
    for part in ["broken", "1,000 SIGUSR1 sent", "kill, ", "signal(7)", "mount -t mqueue"] {
        assert!(rules.contains(part), "no '{part}' in {rules}");
    }
    assert_eq!(data(&html)["rules"].as_array().unwrap().len(), record.rules.len());
    let none = ipcmark_report::html(&sample::record(1, 6)).unwrap();
    assert!(none.contains("<code>ipcmark rules</code> does"));
    let markdown = ipcmark_report::markdown(&record).unwrap();
    assert!(markdown.contains("### Rules of signal") && markdown.contains("| Speed-up | Task |"));
}

#[test]
fn the_answer_of_the_sample_is_right() {
    let html = ipcmark_report::html(&sample::record(1, 8)).unwrap();
    let answer = between(&html, "<h2>The answer</h2>", "</section>");
    assert!(answer.contains("<h3>cross-core</h3>\n<ul><li>Fastest round trip at 64 B (median): <code>shm-ring/spin</code>, 2"), "{answer}");
    assert!(answer.contains("Fastest that sleeps while it waits:"), "{answer}");
    assert!(answer.contains("Highest throughput at 64 KiB (received and verified):"), "{answer}");
}

#[test]
fn hostile_words_stay_words() {
    const EVIL: &str =
        "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"' & \u{2028}\0|`";
    let mut record = sample::every(1, 6);
    // Every cell becomes a setting of its own, and pictures are slow to draw without optimisation.
    record.cells.retain(|c| {
        c.key.size_bytes != 1024 && c.key.workload.value(Parameter::Peers).is_none_or(|n| n < 4)
    });
    for rule in &mut record.rules {
        for word in
            [&mut rule.family, &mut rule.mechanism, &mut rule.name, &mut rule.rule, &mut rule.seen]
        {
            *word = EVIL.into();
        }
        (rule.calls, rule.reference) = (vec![EVIL.into()], EVIL.into());
    }
    record.suite.title = EVIL.into();
    record.suite.prose =
        format!("{EVIL}\n\n# {EVIL}\n\n- {EVIL}\n\n```\n{EVIL}\n```\n[{EVIL}](javascript:{EVIL})");
    record.suite.groups = vec![GroupNote { name: EVIL.into(), prose: EVIL.into() }];
    record.host.cpu_model = EVIL.into();
    record.host.mitigations = [(EVIL.into(), EVIL.into())].into();
    record.settings.command = vec![EVIL.into()];
    for (at, cell) in record.cells.iter_mut().enumerate() {
        cell.key.transport = format!("{EVIL}{at}");
        cell.family = format!("{EVIL}{}", at % 3);
        cell.group = EVIL.into();
        cell.invocations.iter_mut().for_each(|i| i.links = i.links.as_ref().map(|_| EVIL.into()));
        match &mut cell.state {
            State::Unavailable(Refusal { reason, remedy }) => {
                (*reason, *remedy) = (EVIL.into(), Some(EVIL.into()))
            }
            State::Unsupported { reason } => *reason = EVIL.into(),
            _ => {}
        }
        if at == 4 {
            cell.invocations[0].outcome =
                InvocationOutcome::Failed { side: EVIL.into(), what: EVIL.into() };
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let written = ipcmark_report::write(&record, folder.path()).unwrap();
    let html = fs::read_to_string(&written.html).unwrap();
    check_nesting(&html);
    assert_eq!(html.matches("<script").count(), 2, "only the page's own two scripts");
    assert_eq!(html.matches("</script").count(), 2);
    assert!(!html.contains("<img"));
    assert_eq!(data(&html)["summary"]["rows"][0]["key"]["transport"], format!("{EVIL}0"));
    for path in &written.charts {
        assert_eq!(path.parent(), Some(folder.path().join("charts").as_path()));
        if path.extension().unwrap() == "svg" {
            let svg = fs::read_to_string(path).unwrap();
            assert!(!svg.contains("<script") && !svg.contains("<img") && !svg.contains('\0'));
            check_nesting(&svg);
        }
    }
    let markdown = fs::read_to_string(&written.markdown).unwrap();
    // An escaped backtick opens no code span, an escaped bracket no tag.
    let outside_code: String =
        markdown.replace("\\`", "").replace("\\<", "").split('`').step_by(2).collect();
    assert!(!outside_code.contains("<script") && !outside_code.contains("<img"), "{outside_code}");
}

/// Records with little in them, which must neither panic nor lie.
fn meagre() -> Vec<(&'static str, Record)> {
    let full = sample::record(1, 8);
    let with = |cells: Vec<Cell>| Record { cells, ..full.clone() };
    let pick = |pattern: &str, invocations: usize| -> Vec<Cell> {
        let mut cells: Vec<Cell> = full
            .cells
            .iter()
            .filter(|c| {
                c.key.workload.name() == pattern
                    && c.key.transport == "pipe/block"
                    && !c.invocations.is_empty()
            })
            .take(1)
            .cloned()
            .collect();
        cells[0].invocations.truncate(invocations);
        cells
    };
    let only = |keep: &dyn Fn(&Cell) -> bool| {
        full.cells.iter().filter(|c| keep(c)).cloned().collect::<Vec<_>>()
    };
    let mut no_sides = pick("ping-pong", 8);
    for invocation in &mut no_sides[0].invocations {
        invocation.sides.clear();
    }
    let mut nothing_sent = pick("ping-pong", 8);
    for invocation in &mut nothing_sent[0].invocations {
        (invocation.messages, invocation.elapsed_ns) = (0, 0);
    }
    let mut empty_size = pick("ping-pong", 8);
    empty_size[0].key.size_bytes = 0;
    let mut vast = pick("stream", 8);
    vast[0].key.size_bytes = u64::MAX;
    vec![
        ("no cells", with(vec![])),
        ("one cell", with(pick("ping-pong", 8))),
        ("one invocation", with(pick("ping-pong", 1))),
        ("no invocation, yet called measured", with(pick("ping-pong", 0))),
        ("a stream only", with(pick("stream", 8))),
        ("invocations without sides", with(no_sides)),
        ("invocations without messages", with(nothing_sent)),
        ("messages of no bytes", with(empty_size)),
        ("messages beyond reason", with(vast)),
        ("floors only", with(only(&|c| c.floor))),
        ("gaps only", with(only(&|c| c.invocations.is_empty()))),
        (
            "of a version that neither listened nor measured limits",
            Record { clock: None, limits: Vec::new(), noise: None, ..full.clone() },
        ),
        ("killed", Record { finished: None, outcome: Outcome::Running, ..full.clone() }),
    ]
}

#[test]
fn meagre_records_are_reported_too() {
    for (name, record) in meagre() {
        let html = ipcmark_report::html(&record).unwrap_or_else(|e| panic!("{name}: {e}"));
        check_nesting(&html);
        let rows = &data(&html)["summary"]["rows"];
        assert_eq!(rows.as_array().unwrap().len(), record.cells.len(), "{name}");
        assert!(!html.contains("NaN") && !html.contains(" inf"), "{name}");
        assert!(!ipcmark_report::markdown(&record).unwrap().is_empty());
        // Drawing pixels is slow without optimisation; those with few charts are drawn, too.
        if record.cells.len() <= 1 {
            let folder = tempfile::tempdir().unwrap();
            ipcmark_report::write(&record, folder.path()).unwrap_or_else(|e| panic!("{name}: {e}"));
        }
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_one_clear_message() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let words =
        ipcmark_report::write(&sample::record(1, 6), &file.join("out")).unwrap_err().to_string();
    assert!(
        words.contains("cannot make the folder") && words.contains("name another folder"),
        "{words}"
    );
    assert!(!words.contains('\n'));
}

#[test]
fn a_damaged_histogram_is_an_error_and_no_panic() {
    let mut record = sample::record(1, 6);
    let cell = record.cells.iter_mut().find(|c| !c.invocations.is_empty()).unwrap();
    for side in &mut cell.invocations[0].sides {
        if let Some(histogram) = &mut side.histogram {
            histogram.hdr_v2_deflate = "AAAA".into();
        }
    }
    let words = ipcmark_report::html(&record).unwrap_err().to_string();
    assert!(words.contains("null/none"), "names the cell: {words}");
}

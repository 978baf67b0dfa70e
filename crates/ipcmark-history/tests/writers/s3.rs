//! A bucket of a real S3-compatible server that checks signatures: `s3s-fs`, started here on a free port of the loopback.
//!
//! Clients find their keys in the environment, so this program runs the trials in a second process with the keys.

use crate::trial;
use crate::writer::{killed_often, run, two_at_once};
use ipcmark_history::{Appended, store};
use libtest_mimic::Trial;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The variable that makes this program the client: which trial.
pub(crate) const CLIENT: &str = "IPCMARK_TEST_S3";
/// Names another server than the `s3s-fs` in the path.
const SERVER: &str = "IPCMARK_S3_SERVER";
const KEYS: (&str, &str) = ("ipcmark", "not a secret");

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("s3::two_writers_at_once", || client("two", KEYS)),
        trial("s3::killed_writers_lose_nothing", || client("killed", KEYS)),
        trial("s3::twice_is_once_and_a_bad_line_is_told", || client("twice", KEYS)),
        trial("s3::a_wrong_key_is_refused_in_words", || client("wrong", (KEYS.0, "guessed"))),
    ]
}

/// A server and its folder; it ends with this value.
struct Server {
    child: Child,
    port: u16,
    root: tempfile::TempDir,
}

impl Server {
    fn start() -> Server {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("bucket")).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let program = std::env::var(SERVER).unwrap_or_else(|_| "s3s-fs".into());
        // It dies with this process, however that ends.
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", &program, "--host", "127.0.0.1"])
            .args(["--port", &port.to_string(), "--access-key", KEYS.0, "--secret-key", KEYS.1])
            .arg(root.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut server = Server { child, port, root };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = server.child.try_wait().unwrap();
            assert!(
                ended.is_none() && begun.elapsed() < Duration::from_secs(60),
                "{program} does not serve: `cargo install s3s-fs --features binary`, or name it in {SERVER}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn client(which: &str, (id, secret): (&str, &str)) {
    let server = Server::start();
    let output = Command::new(std::env::current_exe().unwrap())
        .env(CLIENT, which)
        .env("AWS_ENDPOINT", format!("http://127.0.0.1:{}", server.port))
        .env("AWS_ALLOW_HTTP", "true")
        .env("AWS_ACCESS_KEY_ID", id)
        .env("AWS_SECRET_ACCESS_KEY", secret)
        .env_remove("AWS_SESSION_TOKEN")
        .current_dir(server.root.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

/// One trial, with the keys in the environment and the server's folder around it.
pub(crate) fn obey(which: &str) {
    let name = "s3://bucket/some/prefix";
    match which {
        "two" => two_at_once([Path::new("."); 2], name, [0..20, 20..40]),
        "killed" => killed_often(Path::new("."), name),
        "twice" => {
            let store = store::open(name).unwrap();
            assert_eq!(store.append(&run(1)).unwrap(), Appended::New);
            assert_eq!(store.append(&run(1)).unwrap(), Appended::Already);
            store.append(&run(2)).unwrap();
            // Where the server keeps the object.
            let file = format!("bucket/some/prefix/lines/{}.ndjson", run(1).key());
            let text = std::fs::read(&file).unwrap();
            std::fs::write(&file, &text[..99]).unwrap();
            let said = store.lines().unwrap().census();
            assert!(said.starts_with("read 1 run; 1 line cut short: lines/2026/03/"), "{said}");
            assert_eq!(store.repair().unwrap().renewed, [run(1).key()]);
            assert_eq!(std::fs::read(&file).unwrap(), text, "as it was");
            let said = store.record("2026/03/none").unwrap_err().to_string();
            assert!(said.contains("holds no run"), "{said}");
        }
        "wrong" => {
            let store = store::open(name).unwrap();
            for error in [store.append(&run(1)).err(), store.lines().err()] {
                let said = error.expect("the server lets everyone in").to_string();
                assert!(said.contains("AWS_SECRET_ACCESS_KEY"), "{said}");
                assert!(!said.contains("guessed"), "the key is in the words: {said}");
            }
        }
        other => panic!("no trial is called {other}"),
    }
}

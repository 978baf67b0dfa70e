//! The daemon: its configuration, its start, its end.

use ipcmark_core::{Error, Refusal, Result};
use ipcmark_sys::process::{Child, fork};
use std::fmt::Write;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const PROGRAM: &str = "dbus-daemon";

/// A daemon that dies with the process that started it. Dropping it ends it and removes its names.
#[derive(Debug)]
pub(crate) struct Daemon {
    _process: Child,
    dir: PathBuf,
}

fn socket(dir: &Path) -> PathBuf {
    dir.join("bus")
}

fn configuration(dir: &Path) -> PathBuf {
    dir.join("bus.conf")
}

/// Removes the daemon's names; who is connected stays so.
pub(crate) fn remove_names(dir: &Path) {
    let _ = std::fs::remove_file(socket(dir));
    let _ = std::fs::remove_file(configuration(dir));
}

/// Returns where the daemon in `dir` listens, as a D-Bus address: what is not plain is written as `%` and two
/// digits.
pub(crate) fn address(dir: &Path) -> String {
    let mut address = String::from("unix:path=");
    for &byte in socket(dir).as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-_/.".contains(&byte) {
            address.push(byte as char);
        } else {
            // A string takes all that is written to it.
            let _ = write!(address, "%{byte:02x}");
        }
    }
    address
}

/// Starts the program, to see whether it is there.
pub(crate) fn probe() -> Result<()> {
    let asked = Command::new(PROGRAM)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match asked {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(missing(format!("{PROGRAM} --version: {status}"))),
        Err(e) if e.kind() == ErrorKind::NotFound => {
            Err(missing(format!("there is no {PROGRAM} in PATH")))
        }
        Err(e) => Err(missing(format!("{PROGRAM} cannot be started: {e}"))),
    }
}

fn missing(reason: String) -> Error {
    Error::Unavailable(Refusal { reason, remedy: Some(format!("apt install {PROGRAM}")) })
}

impl Daemon {
    /// Starts one that listens in `dir`. It may not yet listen when this returns.
    pub(crate) fn start(dir: PathBuf) -> Result<Daemon> {
        let text = format!(
            r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>{}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
  </policy>
  <limit name="max_message_size">134217728</limit>
  <limit name="max_incoming_bytes">268435456</limit>
  <limit name="max_outgoing_bytes">268435456</limit>
</busconfig>
"#,
            address(&dir)
        );
        let path = configuration(&dir);
        std::fs::write(&path, text)
            .map_err(|e| Error::os(format!("open({})", path.display()), e))?;
        let process = fork(|| {
            // It returns only when it fails.
            let _ = Command::new(PROGRAM)
                .arg(format!("--config-file={}", path.display()))
                .args(["--nofork", "--nopidfile", "--nosyslog"])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .exec();
            127
        })?;
        Ok(Daemon { _process: process, dir })
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        remove_names(&self.dir);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_escaped() {
        assert_eq!(address(Path::new("/tmp/a-b_1")), "unix:path=/tmp/a-b_1/bus");
        assert_eq!(address(Path::new("/tmp/a b,c")), "unix:path=/tmp/a%20b%2cc/bus");
    }
}

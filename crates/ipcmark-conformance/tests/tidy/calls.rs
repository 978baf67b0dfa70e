//! One rule for system calls: rustix; nix for what rustix lacks; libc, in crates that may be unsafe, for what both lack.

use super::{UNSAFE, members, none, texts};

/// Modules of nix that may be used, because rustix has no safe wrapper for their calls.
const NIX: &[&str] = &[
    "Result",
    "cmsg_space",
    // The errors of its own calls.
    "errno",
    // Record locks on a part of a file.
    "fcntl",
    // Types and constants that its calls take.
    "libc",
    "mqueue",
    // unshare(2).
    "sched",
    "sys::ptrace",
    // getrusage(2).
    "sys::resource",
    "sys::signal",
    "sys::signalfd",
    // Control messages, options of UDP, addresses of vsock.
    "sys::socket",
    // The mode of a message queue.
    "sys::stat",
    "sys::time",
    // process_vm_readv(2).
    "sys::uio",
    // clock_gettime(2) as C programs call it, through the vDSO.
    "time",
    // fork(2), alarm(2), setresuid(2).
    "unistd",
];

/// Returns what follows `nix::` in a text: a module, or a module of `sys`.
fn modules(text: &str) -> impl Iterator<Item = String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| {
        line.match_indices("nix::")
            .filter(|(at, _)| !line[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
            .map(|(at, path)| {
                let mut parts = line[at + path.len()..].split("::").map(|part| {
                    part.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or("")
                });
                match parts.next().unwrap_or("") {
                    "sys" => format!("sys::{}", parts.next().unwrap_or("")),
                    module => module.to_owned(),
                }
            })
            .collect::<Vec<_>>()
    })
}

#[test]
fn system_calls_go_through_rustix_unless_it_lacks_them() {
    let mut breaches = Vec::new();
    for member in members() {
        if member.dependencies("dependencies").contains(&"libc")
            && !UNSAFE.contains(&member.name.as_str())
        {
            breaches.push(format!("{} depends on libc", member.name));
        }
    }
    for (path, text) in texts(".rs").into_iter().filter(|(path, _)| !path.contains("/tidy")) {
        for module in modules(&text).filter(|module| !NIX.contains(&module.as_str())) {
            breaches.push(format!("{path} uses nix::{module}"));
        }
    }
    none(
        breaches,
        "system calls go through rustix; through nix for what NIX lists; through libc in unsafe crates",
    );
}

#[test]
fn the_rule_of_calls_sees_what_it_should() {
    let found: Vec<String> =
        modules("use nix::sys::uio::A; // x\nuse std::os::unix::net::B;\nnix::unistd::fork()")
            .collect();
    assert_eq!(found, ["sys::uio", "unistd"]);
}

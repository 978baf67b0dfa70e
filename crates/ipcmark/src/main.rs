//! The program over ipcmark's own catalog.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    ipcmark::main(&ipcmark::Catalog::builtin())
}

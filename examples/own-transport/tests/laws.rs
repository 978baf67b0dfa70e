//! The door under every law.
fn main() -> std::process::ExitCode {
    ipcmark_conformance::main(own_transport::visit_all)
}

//! ipcmark, with a transport of your own in it.
fn main() -> std::process::ExitCode {
    let catalog = ipcmark::Catalog::builtin().with(own_transport::CATALOG);
    ipcmark::main(&catalog.with_rules(&[own_transport::ENDS]))
}

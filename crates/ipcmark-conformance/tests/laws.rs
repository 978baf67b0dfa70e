//! Every transport of the catalog under every law.
//!
//! `cargo test -p ipcmark-conformance --test laws -- pipe/block` tries one; `-- ::order` tries one
//! law on all.

fn main() -> std::process::ExitCode {
    ipcmark_conformance::main(ipcmark_catalog::visit_all)
}

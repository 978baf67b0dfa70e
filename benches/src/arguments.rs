//! Arguments that all benches share.

use clap::Args;

/// Filters, and the flags that `cargo bench` passes to every target.
#[derive(Debug, Clone, Default, Args)]
pub struct Common {
    /// Run only what has one of these in its name.
    pub filters: Vec<String>,
    #[arg(long, hide = true)]
    bench: bool,
    #[arg(long, hide = true)]
    test: bool,
    #[arg(long, hide = true)]
    save_baseline: Option<String>,
    #[arg(long, hide = true)]
    baseline: Option<String>,
    #[arg(long, hide = true)]
    sample_size: Option<String>,
    #[arg(long, hide = true)]
    measurement_time: Option<String>,
}

impl Common {
    /// Returns true if no filter excludes the name.
    #[must_use]
    pub fn wants(&self, name: &str) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| name.contains(filter))
    }
}

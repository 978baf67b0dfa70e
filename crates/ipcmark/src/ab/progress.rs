//! The progress of a comparison: a bar on a terminal, a line per stage elsewhere, nothing with `--quiet`.

use crate::output;
use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ipcmark_ab::{Event, Watch};
use ipcmark_judge::name;
use ipcmark_record::Stage;
use ipcmark_show::plural;

/// Shows progress on standard error. No timer draws the bar: its thread would keep this process from
/// forking.
#[derive(Debug)]
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    quiet: bool,
    stage: Option<Stage>,
}

impl Progress {
    pub(super) fn new(quiet: bool) -> Progress {
        let bar = (!quiet && Term::stderr().is_term()).then(|| {
            let style = ProgressStyle::with_template("{bar:24} {pos}/{len} {prefix}: {wide_msg}")
                .expect("the template is right");
            ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr()).with_style(style)
        });
        Progress { bar, quiet, stage: None }
    }

    fn say(&self, text: &str) {
        match &self.bar {
            _ if self.quiet => {}
            Some(bar) => bar.suspend(|| output::say(text)),
            None => output::say(text),
        }
    }
}

impl Watch for Progress {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Round { stage, round, cells } => {
                if self.stage != Some(stage) {
                    let cells = plural(cells, "cell");
                    self.say(&match stage {
                        Stage::Screen => {
                            format!("Screening {cells}: base, new and base again take turns.")
                        }
                        Stage::Confirm => {
                            format!("Measuring {cells} again, on fresh invocations.")
                        }
                    });
                    self.stage = Some(stage);
                }
                if let Some(bar) = &self.bar {
                    bar.reset();
                    bar.set_length(cells as u64);
                    bar.set_prefix(format!("round {}", round + 1));
                }
            }
            Event::Visiting(cell) => {
                if let Some(bar) = &self.bar {
                    bar.set_message(name(&cell.key));
                }
            }
            Event::Visited(_) => {
                if let Some(bar) = &self.bar {
                    bar.inc(1);
                }
            }
            Event::Screened { candidates } => {
                let cells = plural(candidates, "cell");
                self.say(&format!("Screened; {cells} may have changed."));
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

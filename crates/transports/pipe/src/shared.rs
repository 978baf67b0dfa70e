//! What several processes may do with one pipe.

use ipcmark_core::{Error, Plan, Refusal, Result, Shape};
use rustix::pipe::PIPE_BUF;

/// Refuses a plan by which several processes would write more than is atomic, or read what has no boundary.
///
/// Up to `PIPE_BUF` bytes a write goes in whole. A read takes its bytes in one piece too, so that readers who each take
/// a whole message leave whole ones behind; that needs messages of one size, since a length would be read apart.
///
/// # Errors
/// [`Error::Unavailable`] with what the plan should ask instead.
pub(crate) fn refuse_torn(plan: &Plan) -> Result<()> {
    let shared = plan.workload.peers() > 1;
    if !shared {
        return Ok(());
    }
    if plan.size > PIPE_BUF {
        return Err(Error::Unavailable(Refusal::new(format!(
                "several processes share one pipe, where a message of {} bytes is over PIPE_BUF ({PIPE_BUF}) and may \
                 interleave with another's",
                plan.size
            )).with_remedy(format!("ask for messages of at most {PIPE_BUF} bytes, or one peer"))));
    }
    if !plan.fixed && plan.workload.shape() != Some(Shape::FanIn) {
        return Err(Error::Unavailable(Refusal::new("several processes read one pipe, which keeps no boundaries between messages of different sizes").with_remedy("ask for messages of one size, or take pipe-packet")));
    }
    Ok(())
}

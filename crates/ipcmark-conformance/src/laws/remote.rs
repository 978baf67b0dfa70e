//! All cases of the laws of remote procedure calls.

use super::{callers, calls};
use crate::board::Told;
use crate::{Case, Law};
use ipcmark_core::{Limits, Remote};

/// Longest argument that a law makes room for to see it refused, bytes.
const REFUSED_MAX: usize = 1 << 30;

/// Returns all cases of one mechanism for calls.
#[must_use]
pub fn remote_cases<R: Remote>() -> Vec<Case> {
    let case = |name: &str, law: fn(&Limits) -> Told| Case {
        name: format!("{}::{name}", R::INFO.name()),
        law: Law::Of(law),
        available: R::available,
        moot: |_, _| None,
        info: R::INFO,
    };
    vec![
        case("asking-leaves-nothing", calls::on_asking::<R>),
        case("same-bytes-at-every-size", calls::same_bytes::<R>),
        case("one-call-one-execution", calls::executed_once::<R>),
        case("order", calls::in_order::<R>),
        Case {
            moot: |_, limits| match limits.max_message {
                None => Some("only memory bounds its arguments"),
                Some(max) if max >= REFUSED_MAX => Some("its largest argument is too long to try"),
                Some(_) => None,
            },
            ..case("refuses-an-over-long-argument", calls::refuses_over_long::<R>)
        },
        case("serves-again", calls::serves_again::<R>),
        case("end-of-the-caller", callers::end_of_caller::<R>),
        case("end-of-the-server", callers::end_of_server::<R>),
        case("notices-a-dead-server", callers::notices_dead_server::<R>),
        case("notices-a-dead-caller", callers::notices_dead_caller::<R>),
    ]
}

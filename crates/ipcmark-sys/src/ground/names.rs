//! Names that no one could take before: each has a random part, and one that is taken all the same is not asked for again.
//!
//! Other users may make names in `/dev/shm`, among the message queues and among abstract sockets. A name that they could
//! guess would be theirs to take, and the mechanism would seem broken.

use rustix::io::{Errno, Result};
use std::hash::{BuildHasher as _, RandomState};

/// Names that are tried.
const TRIES: usize = 16;

/// Returns eight random hexadecimal digits.
#[must_use]
pub fn random() -> String {
    format!("{:08x}", RandomState::new().hash_one(std::process::id()) as u32)
}

/// Makes something under a new name, which begins with `token`; tries another name where one is taken.
///
/// # Errors
/// What `make` says at last.
pub fn under_new_name<T>(token: &str, mut make: impl FnMut(&str) -> Result<T>) -> Result<T> {
    let mut made = Err(Errno::EXIST);
    for _ in 0..TRIES {
        made = make(&format!("{token}-{}", random()));
        if !matches!(made, Err(Errno::EXIST | Errno::ADDRINUSE)) {
            break;
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    /// reliability 7: names of another user made a mechanism unavailable.
    #[test]
    fn a_name_that_is_taken_is_not_the_end() {
        let mut taken = Vec::new();
        let made = under_new_name("token", |name| {
            taken.push(name.to_owned());
            let errno = if taken.len() == 1 { Errno::EXIST } else { Errno::ADDRINUSE };
            if taken.len() < 4 { Err(errno) } else { Ok(name.to_owned()) }
        });
        assert_eq!(made.as_deref(), Ok(&*taken[3]));
        taken.dedup();
        assert!(taken.len() == 4 && taken.iter().all(|name| name.starts_with("token-")));
        assert_eq!(under_new_name("token", |_| Err::<(), _>(Errno::ACCESS)), Err(Errno::ACCESS));
        assert_eq!(under_new_name("token", |_| Err::<(), _>(Errno::EXIST)), Err(Errno::EXIST));
    }
}

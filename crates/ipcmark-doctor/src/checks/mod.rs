//! What the facts mean for a benchmark, area by area.

pub(crate) mod clock;
pub(crate) mod kernel;
pub(crate) mod limits;
pub(crate) mod mounts;
pub(crate) mod noise;
pub(crate) mod privileges;
pub(crate) mod processors;

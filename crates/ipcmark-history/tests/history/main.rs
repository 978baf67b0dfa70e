//! Series and scans, on a made-up history.

mod scan;
mod series;

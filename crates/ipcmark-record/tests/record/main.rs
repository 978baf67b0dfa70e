//! The record: written, read, refused, and put together after a kill.

mod histogram;
mod journal;
mod paired;
mod read;
mod sample;
mod schema;

//! The program as a user meets it: through its arguments, its output, its files and its exit codes.

mod ab;
mod compare;
mod desk;
mod doctor;
mod export;
mod gate;
mod golden;
mod history;
mod history_read;
mod interrupted;
mod limits;
mod list;
mod load;
mod memory;
mod planted;
mod refusals;
mod repeat;
mod rules;
mod run;
mod sending;
mod sizes;

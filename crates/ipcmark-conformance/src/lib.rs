//! The laws that every transport must pass, in two real processes

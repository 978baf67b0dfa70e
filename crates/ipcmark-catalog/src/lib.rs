//! ONE table: every transport in this build, in order

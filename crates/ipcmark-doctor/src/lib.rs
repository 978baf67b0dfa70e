//! What this machine offers and withholds, what that costs, and the one line that would change it.
#![forbid(unsafe_code)]

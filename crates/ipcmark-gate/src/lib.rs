//! What a comparison means to a CI job: a policy, what it makes of the findings, and the formats that CI systems read.
#![forbid(unsafe_code)]

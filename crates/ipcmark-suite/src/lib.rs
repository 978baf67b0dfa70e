//! Suites: TOML files that name cells and say why they are worth measuring

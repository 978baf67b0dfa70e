//! Criterion targets over the catalog

//! Two records side by side: ratios, intervals, verdicts

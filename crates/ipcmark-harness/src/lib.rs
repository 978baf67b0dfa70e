//! Fork, pin, warm up, measure, bring the numbers home; names no transport

//! Atomic accesses, wait and notify.

//! The order, the hooks and the steps, by what they promise.

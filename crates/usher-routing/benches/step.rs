//! What a conversation costs from its start to its end.
fn main() {}

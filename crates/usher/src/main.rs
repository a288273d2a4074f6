//! `usher`: the whole product in one program.

fn main() {}

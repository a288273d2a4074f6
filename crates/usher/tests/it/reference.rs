//! The reference in `docs/reference/` says what the code says.

use std::path::Path;

#[test]
fn the_reference_is_that_of_this_code() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference");
    for (name, expected) in usher::reference::pages() {
        let found = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(
            found == expected,
            "docs/reference/{name} is stale: run `cargo xtask codegen`"
        );
    }
}

//! Any bytes: reading and checking never panic, and what is written is read back the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use usher_model::id::PolicyId;
use usher_policy::check::catalogue::Catalogue;
use usher_policy::check::{check, normalize};
use usher_policy::diagnostic::has_error;
use usher_policy::document::read::{read, read_import};
use usher_policy::document::write::{write, write_published};
use usher_policy::options::Options;

fuzz_target!(|bytes: &[u8]| {
    let mut options = Options::standard();
    options.expression_extensions = true;
    let catalogue = Catalogue::new();
    let (drafts, _) = read_import(bytes);
    for draft in drafts {
        let id = PolicyId::parse("p1").expect("a short text is an id");
        let mut policy = draft.into_policy(|| id.clone(), || "fuzz".to_owned());
        let diagnostics = check(&policy, &options, &catalogue);
        assert_eq!(diagnostics, check(&policy, &options, &catalogue));

        // An exception with neither guard nor actions is as good as none.
        let is_empty = |exception: &usher_policy::document::Exception| {
            exception.actions.is_empty()
                && matches!(&exception.guard, usher_policy::document::Guard::Conditions(rows) if rows.is_empty())
        };
        policy.exceptions.retain(|exception| !is_empty(exception));
        let (again, diagnostics) = read(&write(&policy));
        assert!(!has_error(&diagnostics), "{diagnostics:?}");
        let again = again.into_policy(|| id.clone(), || "other".to_owned());
        assert_eq!(again, policy);

        drop(write_published(&policy));
        let before = has_error(&check(&policy, &options, &catalogue));
        normalize(&mut policy);
        // What is dropped may have been wrong; nothing right becomes wrong.
        assert!(before || !has_error(&check(&policy, &options, &catalogue)));
    }
});

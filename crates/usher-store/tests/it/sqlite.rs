//! The suite on SQLite, in memory and in a directory.

mod memory {
    use crate::conformance::for_each_promise;
    use crate::harness::Opened;

    macro_rules! tests {
        ($($name:ident)*) => {$(
            #[tokio::test]
            async fn $name() {
                let opened = Opened::in_memory();
                crate::conformance::$name(opened.store.clone()).await;
            }
        )*};
    }
    for_each_promise!(tests);
}

mod directory {
    use proptest::prelude::*;

    use crate::conformance::for_each_promise;
    use crate::harness::Opened;
    use crate::model::{Model, steps};

    macro_rules! tests {
        ($($name:ident)*) => {$(
            #[tokio::test]
            async fn $name() {
                let opened = Opened::in_directory();
                crate::conformance::$name(opened.store.clone()).await;
            }
        )*};
    }
    for_each_promise!(tests);

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn it_does_what_a_map_would_do(steps in steps()) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let opened = Opened::in_memory();
            runtime.block_on(async {
                let mut model = Model::new();
                for step in &steps {
                    model.take(&opened.store, step).await;
                }
                model.compare(&opened.store).await;
            });
        }
    }
}

//! The suite in this process.

use usher_bus::bus::Bus;
use usher_bus::local::Local;
use usher_model::id::NodeId;

use crate::conformance::{self, for_each_promise, ids};

macro_rules! promises {
    ($($name:ident)*) => {$(
        #[tokio::test]
        async fn $name() {
            let bus = Bus::from(Local::new(NodeId::mint(&ids(1))));
            conformance::$name([bus.clone(), bus]).await;
        }
    )*};
}
for_each_promise!(promises);

#[tokio::test]
async fn a_subscription_ends_with_the_bus() {
    let bus = Bus::from(Local::new(NodeId::mint(&ids(1))));
    let mut heard = bus.subscribe();
    bus.announce(conformance::events("acme", 1));
    drop(bus);
    conformance::hear(&mut heard).await;
    assert_eq!(heard.next().await, None);
}

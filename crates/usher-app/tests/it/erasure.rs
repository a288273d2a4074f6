//! Erasing a consumer: nothing of theirs is left, and nothing else is touched.

use usher_app::erasure;
use usher_app::error::Code;
use usher_app::events::{self, Filter};
use usher_app::feed::Event;
use usher_model::id::{ConsumerId, ConversationId};
use usher_model::time::Timestamp;
use usher_store::collection::{Collection, kept};
use usher_store::store::Query;

use crate::harness::{Floor, account, named};

/// All that the store keeps of an account, as text.
async fn dump(floor: &Floor) -> String {
    let mut dump = String::new();
    // Not the log of audits: it says who set the account up.
    let all = kept::ALL.iter().filter(|one| one.name != kept::AUDIT.name);
    for collection in all.copied().collect::<Vec<&'static Collection>>() {
        let query = Query::all(&account(), collection);
        let rows = floor
            .store
            .find_all(&query, Timestamp::EPOCH)
            .await
            .unwrap();
        for row in rows {
            dump += &format!(
                "{} {:?} {:?} {}\n",
                collection.name, row.key, row.fields, row.document
            );
        }
    }
    dump
}

#[tokio::test]
async fn nothing_is_left_of_a_consumer_and_all_of_the_others() {
    let floor = Floor::start().await;
    let mia = floor.staff("mia", 5).await;
    let ended = floor.open("carl-of-main-street").await;
    floor.accept(&mia).await;
    let caller = floor.as_consumer("carl-of-main-street");
    let message = named("my number is 555-0100", "named-by-carl");
    usher_app::conversations::say(&caller, &floor.app, &ended, message)
        .await
        .unwrap();
    close(&floor, &ended).await;
    let running = floor.open("carl-of-main-street").await;
    let other = floor.open("ada").await;
    let before = floor.timeline(&other).await;
    let carl = ConsumerId::parse("carl-of-main-street").unwrap();
    assert!(dump(&floor).await.contains("555-0100"));

    let known = erasure::known(&floor.manager(), &floor.app, &carl).await;
    assert_eq!(known.unwrap().conversations, 2);
    let erased = erasure::erase(&floor.manager(), &floor.app, &carl)
        .await
        .unwrap();
    assert_eq!(erased.conversations, 2);
    floor.settle().await;

    let left = dump(&floor).await;
    for theirs in [
        "carl-of-main-street",
        "555-0100",
        "named-by-carl",
        ended.as_str(),
        running.as_str(),
    ] {
        let line = left.lines().find(|line| line.contains(theirs));
        assert_eq!(line, None, "of `{theirs}`");
    }
    assert_eq!(floor.timeline(&other).await, before);
    // What rang at the agent does so no longer, and the next one does.
    let offers = floor.offers(&mia).await;
    assert_eq!(offers.len(), 1);
    assert_eq!(offers[0].conversation, other);

    let again = erasure::erase(&floor.manager(), &floor.app, &carl).await;
    assert_eq!(again.unwrap(), erasure::Erased::default());
}

#[tokio::test]
async fn the_order_of_events_has_no_gap_where_some_were_erased() {
    let floor = Floor::start().await;
    let first = floor.open("carl").await;
    floor.open("ada").await;
    let all = async || {
        let wait = std::time::Duration::ZERO;
        let filter = Filter::default();
        events::list(&floor.manager(), &floor.app, 0, &filter, 1_000, wait)
            .await
            .unwrap()
            .items
    };
    let before = all().await;
    let carl = ConsumerId::parse("carl").unwrap();
    erasure::erase(&floor.manager(), &floor.app, &carl)
        .await
        .unwrap();
    let after = all().await;
    let numbers: Vec<u64> = after.iter().map(|happened| happened.sequence).collect();
    assert!(numbers.iter().copied().eq(1..=numbers.len() as u64));
    for (was, is) in before.iter().zip(&after) {
        if was.conversation_id.as_ref() == Some(&first) {
            assert_eq!((&is.event, is.at), (&Event::Erased, was.at));
            assert_eq!((&is.conversation_id, &is.agent_id), (&None, &None));
        } else {
            assert_eq!(was, is);
        }
    }
}

#[tokio::test]
async fn who_may_not_erase_erases_nothing() {
    let floor = Floor::start().await;
    let mia = floor.staff("mia", 5).await;
    let id = floor.open("carl").await;
    let carl = ConsumerId::parse("carl").unwrap();
    let refused = erasure::erase(&floor.as_agent(&mia), &floor.app, &carl).await;
    assert_eq!(refused.unwrap_err().code, Code::Forbidden);
    assert!(!floor.timeline(&id).await.is_empty());
}

async fn close(floor: &Floor, id: &ConversationId) {
    let how = usher_app::conversations::Close::default();
    usher_app::conversations::close(&floor.manager(), &floor.app, id, how)
        .await
        .unwrap();
}

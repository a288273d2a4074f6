//! How the floor is doing as a whole, for whoever watches the process.

use std::time::Duration;

use usher_routing::ticket::State;

use crate::App;

/// Sets the gauges from the desks that this node holds. Nodes that hold the same account count the
/// same conversations.
pub fn measure(app: &App) {
    let (mut queued, mut offered, mut assigned) = (0_u32, 0_u32, 0_u32);
    let mut oldest = Duration::ZERO;
    let now = app.now();
    for desk in app.desks.all() {
        let state = desk.lock();
        for ticket in state.desk.tickets() {
            let count = match ticket.state {
                State::Queued => {
                    oldest = oldest.max(now.since(ticket.queued_since));
                    &mut queued
                }
                State::Offered(_) => &mut offered,
                State::Assigned { .. } => &mut assigned,
            };
            *count = count.saturating_add(1);
        }
    }
    for (state, count) in [
        ("QUEUED", queued),
        ("OFFERED", offered),
        ("ASSIGNED", assigned),
    ] {
        metrics::gauge!("usher_conversations", "state" => state).set(count);
    }
    metrics::gauge!("usher_queue_oldest_seconds").set(oldest.as_secs_f64());
}

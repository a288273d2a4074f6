//! The bus of a node that is alone, and of every node's own subscribers.

use tokio::sync::broadcast;
use usher_model::id::NodeId;
use usher_model::limits;

use crate::bus::Notice;
use crate::hint::Hint;

/// A bus in this process.
#[derive(Clone, Debug)]
pub struct Local {
    node: NodeId,
    notices: broadcast::Sender<Notice>,
}

impl Local {
    /// Returns a bus without subscribers.
    #[must_use]
    pub fn new(node: NodeId) -> Self {
        let notices = broadcast::Sender::new(limits::BUS_QUEUE_HINTS_MAX);
        Self { node, notices }
    }

    pub(crate) const fn node(&self) -> NodeId {
        self.node
    }

    pub(crate) fn announce(&self, hint: Hint) {
        let from = self.node;
        self.tell(Notice::Hint { from, hint });
    }

    /// Tells every subscriber of this node.
    pub(crate) fn tell(&self, notice: Notice) {
        // It fails when nobody listens, which is nobody's fault.
        drop(self.notices.send(notice));
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }
}

//! The seam: announce, subscribe.

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use usher_model::id::NodeId;

use crate::hint::Hint;
use crate::local::Local;
use crate::nats::Nats;

/// What a subscriber is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A node, perhaps this one, says where to look again.
    Hint {
        /// Who says so.
        from: NodeId,
        /// What it says.
        hint: Hint,
    },
    /// Hints were lost: look everywhere again.
    Lagged,
}

/// The bus, whichever backend it has.
#[derive(Clone, Debug)]
pub struct Bus(Backend);

#[derive(Clone, Debug)]
enum Backend {
    Local(Local),
    Nats(Nats),
}

impl From<Local> for Bus {
    fn from(local: Local) -> Self {
        Self(Backend::Local(local))
    }
}

impl From<Nats> for Bus {
    fn from(nats: Nats) -> Self {
        Self(Backend::Nats(nats))
    }
}

impl Bus {
    /// Returns the id of this node, by which its own hints can be told from those of others.
    #[must_use]
    pub const fn node(&self) -> NodeId {
        self.local().node()
    }

    /// Tells every subscriber of every node, this one included, and waits for nobody: what finds no
    /// room or no way is dropped.
    pub fn announce(&self, hint: Hint) {
        if let Backend::Nats(nats) = &self.0 {
            nats.send(&hint);
        }
        self.local().announce(hint);
    }

    /// Returns what is announced from now on.
    #[must_use]
    pub fn subscribe(&self) -> Subscription {
        Subscription(self.local().subscribe())
    }

    /// Waits, for a short time, until what was announced has left this node.
    pub async fn flush(&self) {
        match &self.0 {
            Backend::Local(_) => {}
            Backend::Nats(nats) => nats.flush().await,
        }
    }

    const fn local(&self) -> &Local {
        match &self.0 {
            Backend::Local(local) => local,
            Backend::Nats(nats) => nats.local(),
        }
    }
}

/// What one subscriber has not read yet.
#[derive(Debug)]
pub struct Subscription(broadcast::Receiver<Notice>);

impl Subscription {
    /// Waits for the next notice; nothing once the bus is gone.
    ///
    /// Whoever stops waiting misses nothing. Whoever reads too slowly is told that hints were lost
    /// and goes on with the oldest one that is left.
    pub async fn next(&mut self) -> Option<Notice> {
        match self.0.recv().await {
            Ok(notice) => Some(notice),
            Err(RecvError::Lagged(_)) => Some(Notice::Lagged),
            Err(RecvError::Closed) => None,
        }
    }
}

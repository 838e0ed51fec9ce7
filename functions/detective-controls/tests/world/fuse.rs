use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Ends whoever comes past at a number: nothing after it happens.
#[derive(Default)]
pub struct Fuse {
    /// 0: it does not burn.
    left: AtomicUsize,
    burnt: Notify,
}

impl Fuse {
    pub fn burn_at(&self, call: usize) {
        self.left.store(call + 1, Ordering::SeqCst);
    }

    pub fn mend(&self) {
        self.left.store(0, Ordering::SeqCst);
    }

    pub async fn burnt(&self) {
        self.burnt.notified().await;
    }

    /// Comes past. Whoever burns it waits for ever, until it is dropped.
    pub async fn spark(&self) {
        let left = self.left.load(Ordering::SeqCst);
        match left {
            0 => {}
            1 => {
                self.burnt.notify_one();
                std::future::pending::<()>().await;
            }
            left => self.left.store(left - 1, Ordering::SeqCst),
        }
    }
}

use std::time::Duration;

use tokio::time::sleep;

/// How often something is handed over: once, and twice again.
pub(crate) const ATTEMPTS: u32 = 3;

/// How much one call takes.
pub(crate) struct Limits {
    pub(crate) items: usize,
    pub(crate) bytes: usize,
}

/// The items in order, in as few calls as their number and size allow. One that is too large by itself is alone.
pub(crate) fn batches<T>(items: Vec<T>, limits: &Limits, size: impl Fn(&T) -> usize) -> Vec<Vec<T>> {
    let mut batches: Vec<Vec<T>> = Vec::new();
    let mut bytes = 0;
    for item in items {
        let more = size(&item);
        match batches.last_mut() {
            Some(batch) if batch.len() < limits.items && bytes + more <= limits.bytes => {
                bytes += more;
                batch.push(item);
            }
            _ => {
                bytes = more;
                batches.push(vec![item]);
            }
        }
    }
    batches
}

/// Waits before the next attempt: a quarter of a second after the first, twice that after the second, and a random part.
pub(crate) async fn back_off(attempt: u32) {
    let longest = 250 * 2_u64.pow(attempt);
    sleep(Duration::from_millis(longest / 2 + fastrand::u64(..longest / 2))).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_full_by_number_or_by_size() {
        let limits = Limits { items: 3, bytes: 10 };
        let split = |sizes: &[usize]| batches(sizes.to_vec(), &limits, |size| *size);
        assert_eq!(split(&[]), Vec::<Vec<usize>>::new());
        assert_eq!(split(&[1, 1, 1, 1]), [vec![1, 1, 1], vec![1]]);
        assert_eq!(split(&[5, 5, 1]), [vec![5, 5], vec![1]]);
        assert_eq!(split(&[99, 1, 10, 3, 3]), [vec![99], vec![1], vec![10], vec![3, 3]]);
    }
}

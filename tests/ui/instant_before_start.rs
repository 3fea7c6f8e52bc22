//! An `Instant` may lie before the start of the machine, as on Unix (rust-lang/rust#156142): a day or fifty years before now
//! can be made, and differences of it are right.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const DAY: u64 = 86_400;

fn main() {
    let now = Instant::now();
    for seconds in [1, 60, DAY, 366 * DAY, 50 * 366 * DAY] {
        let before = Duration::from_secs(seconds);
        let Some(then) = now.checked_sub(before) else {
            println!("there is no Instant {seconds} s before now");
            continue;
        };
        assert_eq!(now.duration_since(then), before);
        assert_eq!(then + before, now);
        assert!(then < now);
        assert_eq!(then.duration_since(now), Duration::ZERO);
        assert_eq!(now - before - Duration::from_nanos(1) + Duration::from_nanos(1), then);
        assert!(now.checked_add(before).is_some());
    }
    assert!(now.checked_add(Duration::MAX).is_none());
    assert!(now.checked_sub(Duration::MAX).is_none());
    let long_ago = UNIX_EPOCH - Duration::from_secs(100 * 365 * DAY);
    let since = SystemTime::now().duration_since(long_ago).unwrap();
    println!("a hundred years before 1970: {}", since.as_secs() / DAY / 365 > 100);
}

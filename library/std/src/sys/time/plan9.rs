//! `Instant` is the pal's monotonic clock, `SystemTime` the kernel's time of day.

use crate::sys::pal::clock;
use crate::time::Duration;
use plan9_abi::sys::process;

#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Instant(Duration);

/// Seconds since 1970, rounded down, and the nanoseconds above them: the order of the fields is that of time.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct SystemTime {
    seconds: i64,
    nanoseconds: u32,
}

pub const UNIX_EPOCH: SystemTime = SystemTime { seconds: 0, nanoseconds: 0 };

const SECOND: u32 = 1_000_000_000;

impl Instant {
    pub fn now() -> Instant {
        Instant(Duration::from_nanos(clock::now()))
    }

    pub fn checked_sub_instant(&self, other: &Instant) -> Option<Duration> {
        self.0.checked_sub(other.0)
    }

    pub fn checked_add_duration(&self, other: &Duration) -> Option<Instant> {
        Some(Instant(self.0.checked_add(*other)?))
    }

    pub fn checked_sub_duration(&self, other: &Duration) -> Option<Instant> {
        Some(Instant(self.0.checked_sub(*other)?))
    }
}

impl SystemTime {
    pub const MAX: SystemTime = SystemTime { seconds: i64::MAX, nanoseconds: SECOND - 1 };

    pub const MIN: SystemTime = SystemTime { seconds: i64::MIN, nanoseconds: 0 };

    pub fn now() -> SystemTime {
        // The clock can be set to before 1970 (port/tod.c).
        let since = process::nsec().cast_signed();
        let seconds = since.div_euclid(i64::from(SECOND));
        let nanoseconds = since.rem_euclid(i64::from(SECOND)) as u32;
        SystemTime { seconds, nanoseconds }
    }

    pub fn sub_time(&self, other: &SystemTime) -> Result<Duration, Duration> {
        if self < other {
            return Err(other.since(self));
        }
        Ok(self.since(other))
    }

    /// What has passed since `earlier`.
    fn since(&self, earlier: &SystemTime) -> Duration {
        let seconds = self.seconds.abs_diff(earlier.seconds);
        if self.nanoseconds < earlier.nanoseconds {
            return Duration::new(seconds - 1, self.nanoseconds + SECOND - earlier.nanoseconds);
        }
        Duration::new(seconds, self.nanoseconds - earlier.nanoseconds)
    }

    pub fn checked_add_duration(&self, other: &Duration) -> Option<SystemTime> {
        let seconds = self.seconds.checked_add_unsigned(other.as_secs())?;
        let nanoseconds = self.nanoseconds + other.subsec_nanos();
        if nanoseconds < SECOND {
            return Some(SystemTime { seconds, nanoseconds });
        }
        Some(SystemTime { seconds: seconds.checked_add(1)?, nanoseconds: nanoseconds - SECOND })
    }

    pub fn checked_sub_duration(&self, other: &Duration) -> Option<SystemTime> {
        let seconds = self.seconds.checked_sub_unsigned(other.as_secs())?;
        if self.nanoseconds >= other.subsec_nanos() {
            return Some(SystemTime {
                seconds,
                nanoseconds: self.nanoseconds - other.subsec_nanos(),
            });
        }
        let nanoseconds = self.nanoseconds + SECOND - other.subsec_nanos();
        Some(SystemTime { seconds: seconds.checked_sub(1)?, nanoseconds })
    }
}

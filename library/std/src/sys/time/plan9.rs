//! `Instant` is the monotonic [`clock`], `SystemTime` the kernel's time of day.

pub mod clock;

use plan9_abi::sys::process;

use crate::time::Duration;

/// The kernel's clock counts from its start, but a moment before that is a moment as well.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Instant(Moment);

#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct SystemTime(Moment);

/// Seconds since the zero of a clock, rounded down, and the nanoseconds above them: the order of
/// the fields is that of time.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
struct Moment {
    seconds: i64,
    nanoseconds: u32,
}

pub const UNIX_EPOCH: SystemTime = SystemTime(Moment { seconds: 0, nanoseconds: 0 });

const SECOND: u32 = 1_000_000_000;

impl Moment {
    /// What has passed since `earlier`; `None` if that is later.
    fn since(&self, earlier: &Moment) -> Option<Duration> {
        if self < earlier {
            return None;
        }
        let seconds = self.seconds.abs_diff(earlier.seconds);
        if self.nanoseconds < earlier.nanoseconds {
            let nanoseconds = self.nanoseconds + SECOND - earlier.nanoseconds;
            return Some(Duration::new(seconds - 1, nanoseconds));
        }
        Some(Duration::new(seconds, self.nanoseconds - earlier.nanoseconds))
    }

    fn checked_add(&self, after: &Duration) -> Option<Moment> {
        let seconds = self.seconds.checked_add_unsigned(after.as_secs())?;
        let nanoseconds = self.nanoseconds + after.subsec_nanos();
        if nanoseconds < SECOND {
            return Some(Moment { seconds, nanoseconds });
        }
        Some(Moment { seconds: seconds.checked_add(1)?, nanoseconds: nanoseconds - SECOND })
    }

    fn checked_sub(&self, before: &Duration) -> Option<Moment> {
        let seconds = self.seconds.checked_sub_unsigned(before.as_secs())?;
        if self.nanoseconds >= before.subsec_nanos() {
            return Some(Moment { seconds, nanoseconds: self.nanoseconds - before.subsec_nanos() });
        }
        let nanoseconds = self.nanoseconds + SECOND - before.subsec_nanos();
        Some(Moment { seconds: seconds.checked_sub(1)?, nanoseconds })
    }
}

impl Instant {
    pub fn now() -> Instant {
        let now = clock::now();
        let (seconds, nanoseconds) = (now / u64::from(SECOND), now % u64::from(SECOND));
        Instant(Moment { seconds: seconds as i64, nanoseconds: nanoseconds as u32 })
    }

    pub fn checked_sub_instant(&self, other: &Instant) -> Option<Duration> {
        self.0.since(&other.0)
    }

    pub fn checked_add_duration(&self, other: &Duration) -> Option<Instant> {
        self.0.checked_add(other).map(Instant)
    }

    pub fn checked_sub_duration(&self, other: &Duration) -> Option<Instant> {
        self.0.checked_sub(other).map(Instant)
    }
}

impl SystemTime {
    pub const MAX: SystemTime = SystemTime(Moment { seconds: i64::MAX, nanoseconds: SECOND - 1 });

    pub const MIN: SystemTime = SystemTime(Moment { seconds: i64::MIN, nanoseconds: 0 });

    pub fn now() -> SystemTime {
        // The clock can be set to before 1970 (port/tod.c).
        let since = process::nsec().cast_signed();
        let seconds = since.div_euclid(i64::from(SECOND));
        let nanoseconds = since.rem_euclid(i64::from(SECOND)) as u32;
        SystemTime(Moment { seconds, nanoseconds })
    }

    pub fn sub_time(&self, other: &SystemTime) -> Result<Duration, Duration> {
        let passed = self.0.since(&other.0);
        passed.ok_or_else(|| other.0.since(&self.0).unwrap_or_default())
    }

    pub fn checked_add_duration(&self, other: &Duration) -> Option<SystemTime> {
        self.0.checked_add(other).map(SystemTime)
    }

    pub fn checked_sub_duration(&self, other: &Duration) -> Option<SystemTime> {
        self.0.checked_sub(other).map(SystemTime)
    }
}

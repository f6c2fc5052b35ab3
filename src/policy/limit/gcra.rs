//! One bucket, by the generic cell rate algorithm: a single time says how full it is.

/// How fast a bucket fills, and how much it holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// What flows in.
    pub per_minute: f64,
    /// What it holds.
    pub burst: f64,
    /// Whether it holds a single larger amount, up to a minute's: tokens.
    pub stretches: bool,
}

/// In any window of `t` milliseconds at most `burst + per_minute × t / 60000` are granted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bucket {
    /// When it is full again, in milliseconds since 1970 (the "theoretical arrival time").
    full_at_ms: f64,
    /// Until when nothing is granted, whatever it holds.
    drained_until_ms: f64,
}

impl Rate {
    /// How long one takes to flow in.
    fn interval_ms(&self) -> f64 {
        60_000.0 / self.per_minute
    }

    /// The most that is ever granted at once.
    pub fn most(&self) -> f64 {
        if self.stretches { self.per_minute.max(self.burst) } else { self.burst }
    }

    /// What the bucket holds for this amount.
    pub fn burst_for(&self, amount: f64) -> f64 {
        if self.stretches { self.burst.max(amount) } else { self.burst }
    }
}

impl Bucket {
    /// As it was kept.
    pub fn of(full_at_ms: f64, drained_until_ms: f64) -> Self {
        Self { full_at_ms, drained_until_ms }
    }

    /// When it is full, if nobody takes anything.
    pub fn full_at(&self) -> f64 {
        self.full_at_ms.max(self.drained_until_ms)
    }

    /// When it would be full, were it not drained.
    pub fn tat(&self) -> f64 {
        self.full_at_ms
    }

    /// Until when it was drained.
    pub fn drained_until(&self) -> f64 {
        self.drained_until_ms
    }

    /// How long until this amount is there; 0: now. Nothing is there at once.
    pub fn wait_ms(&self, rate: &Rate, amount: f64, now: f64) -> f64 {
        if amount <= 0.0 {
            return 0.0;
        }
        let at = self.full_at_ms + (amount - rate.burst_for(amount)) * rate.interval_ms();
        // A clock that is read in between must not find a wait of nothing but rounding.
        let wait = at.max(self.drained_until_ms) - now;
        if wait > 1e-6 { wait } else { 0.0 }
    }

    /// Takes it.
    pub fn take(&mut self, rate: &Rate, amount: f64, now: f64) {
        self.full_at_ms = self.full_at_ms.max(now) + amount.max(0.0) * rate.interval_ms();
    }

    /// Takes this much more than was taken for a call that was granted; less than nothing gives it back.
    pub fn settle(&mut self, rate: &Rate, more: f64) {
        self.full_at_ms += more * rate.interval_ms();
    }

    /// What could be taken now.
    pub fn left(&self, rate: &Rate, now: f64) -> f64 {
        if self.drained_until_ms > now {
            return 0.0;
        }
        (rate.burst - (self.full_at_ms - now).max(0.0) / rate.interval_ms()).max(0.0)
    }

    /// Lets it hold no more than this.
    pub fn lower(&mut self, rate: &Rate, left: f64, now: f64) {
        if left < self.left(rate, now) {
            self.full_at_ms = now + (rate.burst - left.max(0.0)) * rate.interval_ms();
        }
    }

    /// Grants nothing before this time.
    pub fn drain(&mut self, until_ms: f64) {
        self.drained_until_ms = self.drained_until_ms.max(until_ms);
    }
}

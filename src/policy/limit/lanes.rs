//! The order of those who wait: a lane for each set of limits, first come first served within it, but for
//! priority.

use std::collections::VecDeque;

/// How much waiting one step of priority is worth. Everybody ages alike, so the order of two who wait
/// never changes and is a number: who came a minute later, with six more of priority, stands beside.
const AGEING_MS: f64 = 10_000.0;

/// A place in the order: lower goes first.
pub type Rank = (f64, u64);

/// Who waits for one set of limits.
#[derive(Debug)]
pub struct Lane {
    /// The limits, by number.
    pub limits: Vec<usize>,
    /// In order.
    queue: VecDeque<(Rank, u32)>,
    /// What a store said: it is not asked again before.
    pub not_before_ms: f64,
}

/// All lanes. Few: as many as there are different sets of limits among the models that are asked.
#[derive(Debug, Default)]
pub struct Lanes {
    lanes: Vec<Lane>,
    sequence: u64,
}

impl Lanes {
    /// The lane of a set of limits.
    pub fn of(&mut self, limits: &[usize]) -> usize {
        let known = self.lanes.iter().position(|lane| lane.limits == limits);
        known.unwrap_or_else(|| {
            self.lanes.push(Lane { limits: limits.to_vec(), queue: VecDeque::new(), not_before_ms: 0.0 });
            self.lanes.len() - 1
        })
    }

    /// All of them.
    pub fn all(&self) -> &[Lane] {
        &self.lanes
    }

    /// One of them.
    pub fn lane(&mut self, index: usize) -> &mut Lane {
        &mut self.lanes[index]
    }

    /// Puts somebody who comes now in line.
    pub fn join(&mut self, lane: usize, who: u32, priority: f64, now: f64) -> Rank {
        self.sequence += 1;
        let rank = (now - priority * AGEING_MS, self.sequence);
        let queue = &mut self.lanes[lane].queue;
        let place = queue.partition_point(|(other, _)| *other < rank);
        queue.insert(place, (rank, who));
        rank
    }

    /// Takes somebody out of the line.
    pub fn leave(&mut self, lane: usize, rank: Rank) {
        let queue = &mut self.lanes[lane].queue;
        let place = queue.partition_point(|(other, _)| *other < rank);
        if queue.get(place).is_some_and(|(other, _)| *other == rank) {
            queue.remove(place);
        }
    }
}

impl Lane {
    /// Who is next.
    pub fn head(&self) -> Option<(Rank, u32)> {
        self.queue.front().copied()
    }

    /// Those who come after this rank: few, but for those who go ahead of many.
    pub fn behind(&self, rank: Rank) -> impl Iterator<Item = u32> {
        self.queue.iter().rev().take_while(move |(other, _)| *other > rank).map(|(_, who)| *who)
    }
}

//! A vocabulary's file, unpacked: which two tokens each token is made of.
//!
//! Every token above the 256 single bytes is exactly two earlier tokens, so the list of merges holds all of it in half of the
//! space. Header: `MWT1`, the number of merges, the one number that no token has (or all ones), 4 bytes of nothing, a checksum of the
//! rest; all little-endian. Then the left sides in three planes: bits 16 and up, bits 8 to 15, and the low bytes, grouped by
//! what is above them. Then the right sides likewise, in the order of their left sides. Groups and order are what
//! compresses: neighbours are alike.

use std::fmt;

/// Why bytes are no vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid;

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a vocabulary, or a damaged one")
    }
}

impl std::error::Error for Invalid {}

/// The length of the header in bytes.
pub const HEADER: usize = 24;
/// More than any vocabulary has: ids take 18 bits in the tables.
const MOST: usize = 1 << 18;

/// The merges of a vocabulary, by id from 256 on.
#[derive(Debug)]
pub struct Merges {
    /// The left and right side of each.
    pub pairs: Vec<(u32, u32)>,
    /// The id that is no token: those after it are one higher than their place says.
    pub gap: Option<u32>,
}

/// Reads a file that `xtask vocabularies` wrote, after gunzip.
pub fn unpack(file: &[u8]) -> Result<Merges, Invalid> {
    let (header, planes) = file.split_at_checked(HEADER).ok_or(Invalid)?;
    let number = |at: usize| header.get(at..at + 4).and_then(|four| four.try_into().ok()).map_or(0, u32::from_le_bytes);
    let count = number(4) as usize;
    let said = u64::from(number(16)) | u64::from(number(20)) << 32;
    if !header.starts_with(b"MWT1") || count >= MOST || planes.len() != count * 6 || said != checksum(planes) {
        return Err(Invalid);
    }
    let gap = Some(number(8)).filter(|&gap| gap != u32::MAX);
    let (left, right) = planes.split_at(count * 3);
    let left = side(left, count);
    let sorted = side(right, count);
    // A counting sort: in the order of their left sides, and of their ids when these are equal.
    let mut next = starts(left.iter().map(|&id| id as usize), MOST);
    let mut pairs = Vec::with_capacity(count);
    for left in left {
        let place = next.get_mut(left as usize).ok_or(Invalid)?;
        pairs.push((left, *sorted.get(*place).ok_or(Invalid)?));
        *place += 1;
    }
    Ok(Merges { pairs, gap })
}

fn side(planes: &[u8], count: usize) -> Vec<u32> {
    let (top, rest) = planes.split_at(count);
    let (middle, low) = rest.split_at(count);
    let high = || top.iter().zip(middle).map(|(top, middle)| usize::from(*top) << 8 | usize::from(*middle));
    let mut next = starts(high(), 1 << 16);
    high()
        .map(|high| {
            let place = next[high];
            next[high] += 1;
            (high << 8) as u32 | low.get(place).map_or(0, |low| u32::from(*low))
        })
        .collect()
}

/// Where each value's group starts, when the values are sorted.
fn starts(values: impl Iterator<Item = usize>, most: usize) -> Vec<usize> {
    let mut starts = vec![0; most];
    for value in values {
        if let Some(count) = starts.get_mut(value) {
            *count += 1;
        }
    }
    let mut sum = 0;
    for start in &mut starts {
        let count = *start;
        *start = sum;
        sum += count;
    }
    starts
}

/// Against a file that is damaged or is another's; it is no protection against one that was made to fit.
pub fn checksum(bytes: &[u8]) -> u64 {
    let step = |sum: u64, word: u64| (sum ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    let mut words = bytes.chunks_exact(8);
    let mut sum = step(0, bytes.len() as u64);
    for word in &mut words {
        sum = step(sum, word.try_into().map_or(0, u64::from_le_bytes));
    }
    words.remainder().iter().fold(sum, |sum, byte| step(sum, u64::from(*byte)))
}

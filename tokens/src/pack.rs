//! The other side of `unpack`: a published vocabulary into the file that is shipped. For `xtask vocabularies` and the tests.

use crate::unpack::{HEADER, checksum};
use crate::vocabulary::byte_order;
use std::collections::HashMap;

/// Packs tokens, which are given by their ids and bytes. The error says what does not fit the format.
pub fn pack(tokens: &[(u32, Vec<u8>)]) -> Result<Vec<u8>, String> {
    let ids: HashMap<&[u8], u32> = tokens.iter().map(|(id, bytes)| (bytes.as_slice(), *id)).collect();
    let mut sorted: Vec<&(u32, Vec<u8>)> = tokens.iter().collect();
    sorted.sort_unstable_by_key(|(id, _)| *id);
    if !sorted.iter().take(256).map(|(_, bytes)| bytes.clone()).eq(byte_order().map(|byte| vec![byte])) {
        return Err("the first 256 tokens are not the single bytes in GPT-2's order".to_owned());
    }
    let mut gap = None;
    let mut pairs = Vec::with_capacity(sorted.len());
    for (place, (id, bytes)) in sorted.iter().enumerate().skip(256) {
        let skipped = *id as usize - place;
        if skipped > usize::from(gap.is_some()) {
            if skipped > 1 {
                return Err(format!("token {id}: more than one number is left out before it"));
            }
            gap = Some(*id - 1);
        }
        pairs.push(halves(bytes, *id, &ids).ok_or_else(|| format!("token {id} is not two earlier tokens"))?);
    }
    let left: Vec<u32> = pairs.iter().map(|(left, _)| *left).collect();
    // Stable: equal left sides keep the order of their ids.
    pairs.sort_by_key(|(left, _)| *left);
    let right: Vec<u32> = pairs.iter().map(|(_, right)| *right).collect();
    let planes = [side(&left), side(&right)].concat();
    let mut file = Vec::with_capacity(HEADER + planes.len());
    file.extend_from_slice(b"MWT1");
    file.extend_from_slice(&(pairs.len() as u32).to_le_bytes());
    file.extend_from_slice(&gap.unwrap_or(u32::MAX).to_le_bytes());
    file.extend_from_slice(&[0; 4]);
    file.extend_from_slice(&checksum(&planes).to_le_bytes());
    file.extend_from_slice(&planes);
    Ok(file)
}

/// What a token is made of: its bytes merged by the tokens before it until two are left.
fn halves(bytes: &[u8], id: u32, ids: &HashMap<&[u8], u32>) -> Option<(u32, u32)> {
    let mut ends: Vec<usize> = (0..=bytes.len()).collect();
    while ends.len() > 3 {
        let merge = |place: usize| ids.get(&bytes[ends[place]..ends[place + 2]]).filter(|&&rank| rank < id);
        let (_, place) = (0..ends.len() - 2).filter_map(|place| Some((*merge(place)?, place))).min()?;
        ends.remove(place + 1);
    }
    let [_, middle, _] = ends.as_slice() else { return None };
    Some((*ids.get(&bytes[..*middle])?, *ids.get(&bytes[*middle..])?))
}

fn side(values: &[u32]) -> Vec<u8> {
    let mut low = values.to_vec();
    low.sort_by_key(|value| value >> 8);
    let top = values.iter().map(|value| (value >> 16) as u8);
    let middle = values.iter().map(|value| (value >> 8) as u8);
    top.chain(middle).chain(low.iter().map(|value| *value as u8)).collect()
}

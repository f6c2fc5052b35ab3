//! Values behind small numbers, for handles that JavaScript holds.

/// A table with reused numbers. 0 is never given out.
pub struct Table<T> {
    slots: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Table<T> {
    /// Empty.
    pub const fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }

    /// Keeps a value; gives its number.
    pub fn insert(&mut self, value: T) -> u32 {
        self.insert_with(|_| value)
    }

    /// Keeps a value that has to know its number.
    pub fn insert_with(&mut self, make: impl FnOnce(u32) -> T) -> u32 {
        let number = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() as u32
        });
        self.slots[number as usize - 1] = Some(make(number));
        number
    }

    /// The value of a number.
    pub fn get(&self, number: u32) -> Option<&T> {
        self.slots.get((number as usize).wrapping_sub(1))?.as_ref()
    }

    /// The value of a number, to change.
    pub fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        self.slots.get_mut((number as usize).wrapping_sub(1))?.as_mut()
    }

    /// Takes a value out; its number may be given out again.
    pub fn remove(&mut self, number: u32) -> Option<T> {
        let value = self.slots.get_mut((number as usize).wrapping_sub(1))?.take();
        if value.is_some() {
            self.free.push(number);
        }
        value
    }
}

//! The instructions in Rust: what the contract does, for tests and for the prediction of gas.

use crate::assemble::code;
use zkseal_field::{Fr, One, Zero, scalar_from_i64};
use zkseal_poly::{eq_at, eq_table, truncated_product};

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let end = self.at.checked_add(N)?;
        let out = self.bytes.get(self.at..end)?.try_into().ok()?;
        self.at = end;
        Some(out)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take().map(u8::from_be_bytes)
    }

    fn short(&mut self) -> Option<usize> {
        self.take().map(|bytes| usize::from(u16::from_be_bytes(bytes)))
    }

    fn signed(&mut self) -> Option<i64> {
        self.take().map(|bytes| i64::from(i32::from_be_bytes(bytes)))
    }
}

/// Runs one segment; `None` for bytes that are no program.
pub fn run(segment: &[u8], cells: &mut [Fr]) -> Option<()> {
    let mut reader = Reader { bytes: segment, at: 0 };
    loop {
        let operation = reader.byte()?;
        if operation == code::END {
            return Some(());
        }
        let target = reader.short()?;
        match operation {
            code::SUM => {
                let mut sum = Fr::zero();
                for _ in 0..reader.byte()? {
                    sum += *cells.get(reader.short()?)? * cells.get(reader.short()?)?;
                }
                *cells.get_mut(target)? = sum;
            }
            code::EQ_AT => {
                let first = reader.short()?;
                let vars = usize::from(reader.byte()?);
                let mut index = [0u8; 8];
                index[2..].copy_from_slice(&reader.take::<6>()?);
                let value = eq_at(cells.get(first..first + vars)?, u64::from_be_bytes(index));
                *cells.get_mut(target)? = value;
            }
            code::OVERLAP | code::RANK | code::TABLE => points(operation, target, &mut reader, cells)?,
            code::SPREAD => {
                let len = reader.short()?;
                let (left, right) = (vector(&mut reader, cells)?, vector(&mut reader, cells)?);
                let (left_stride, right_stride, offset) = (reader.signed()?, reader.signed()?, reader.signed()?);
                let pairs = (0i64..).zip(&left).flat_map(|(i, l)| {
                    (0i64..).zip(&right).map(move |(j, r)| (offset + i * left_stride + j * right_stride, *l * r))
                });
                spread(cells.get_mut(target..target + len)?, pairs);
            }
            code::SCATTER => {
                let len = reader.short()?;
                let weights = vector(&mut reader, cells)?;
                let list: Vec<i64> = weights.iter().map(|_| reader.signed()).collect::<Option<_>>()?;
                spread(cells.get_mut(target..target + len)?, list.into_iter().zip(weights));
            }
            code::SCATTER_PUBLIC => {
                let len = reader.short()?;
                let weights = vector(&mut reader, cells)?;
                let first = reader.short()?;
                let list = cells.get(first..first + weights.len())?.to_vec();
                let slots = cells.get_mut(target..target + len)?;
                slots.fill(Fr::zero());
                for (value, weight) in list.into_iter().zip(weights) {
                    for (entry, slot) in (0u64..).zip(slots.iter_mut()) {
                        if Fr::from(entry) == value {
                            *slot += weight;
                        }
                    }
                }
            }
            code::DOT => {
                let first = reader.short()?;
                let right = vector(&mut reader, cells)?;
                let left = cells.get(first..first + right.len())?;
                let value = left.iter().zip(&right).map(|(l, r)| *l * r).sum();
                *cells.get_mut(target)? = value;
            }
            code::RAMP => {
                let weights = vector(&mut reader, cells)?;
                let lo = i64::from_be_bytes(reader.take()?);
                let mut number = scalar_from_i64(lo);
                let mut sum = Fr::zero();
                for weight in weights {
                    sum += number * weight;
                    number += Fr::one();
                }
                *cells.get_mut(target)? = sum;
            }
            code::FOLD => {
                let chunks = reader.short()?;
                let first = reader.short()?;
                let weights = vector(&mut reader, cells)?;
                let values = cells.get(first..first + chunks * weights.len())?.to_vec();
                let slots = cells.get_mut(target..target + chunks)?;
                for (slot, chunk) in slots.iter_mut().zip(values.chunks(weights.len().max(1))) {
                    *slot = chunk.iter().zip(&weights).map(|(v, w)| *v * w).sum();
                }
            }
            _ => return None,
        }
    }
}

fn vector(reader: &mut Reader<'_>, cells: &[Fr]) -> Option<Vec<Fr>> {
    let first = reader.short()?;
    let len = reader.short()?;
    cells.get(first..first + len).map(<[Fr]>::to_vec)
}

fn spread(slots: &mut [Fr], pairs: impl Iterator<Item = (i64, Fr)>) {
    slots.fill(Fr::zero());
    for (index, value) in pairs {
        if let Some(slot) = usize::try_from(index).ok().and_then(|index| slots.get_mut(index)) {
            *slot += value;
        }
    }
}

fn points(operation: u8, target: usize, reader: &mut Reader<'_>, cells: &mut [Fr]) -> Option<()> {
    let (count, vars) = (reader.byte()?, usize::from(reader.byte()?));
    let len =
        if operation == code::TABLE { reader.short()? as u64 } else { u64::from(u32::from_be_bytes(reader.take()?)) };
    let mut points = Vec::new();
    for _ in 0..count {
        let first = reader.short()?;
        points.push(cells.get(first..first + vars)?.to_vec());
    }
    let slices: Vec<&[Fr]> = points.iter().map(Vec::as_slice).collect();
    if operation == code::OVERLAP {
        *cells.get_mut(target)? = truncated_product(&slices, len);
        return Some(());
    }
    let len = usize::try_from(len).ok()?;
    let mut table = vec![Fr::one(); len];
    for point in slices {
        table.iter_mut().zip(eq_table(point, len)).for_each(|(entry, factor)| *entry *= factor);
    }
    if operation == code::TABLE {
        cells.get_mut(target..target + len)?.copy_from_slice(&table);
    } else {
        *cells.get_mut(target)? = (0u64..).zip(&table).map(|(i, weight)| Fr::from(i) * weight).sum();
    }
    Some(())
}

//! Canonical bytes and digest of a relation (book, chapter 2). One byte string for each relation, strictly decoded.

use crate::types::{
    Access, Column, Expr, Lookup, Map, Relation, RelationError, Scope, Table, Tensor, Term, ZeroConstraint, to_index,
};
use zkseal_transcript::keccak256;

const MAGIC: &[u8; 4] = b"ZKSR";
const VERSION: u16 = 1;
/// Largest count of any list of parts.
pub const MAX_PARTS: u32 = 1 << 16;
/// Largest gather list.
pub const MAX_LIST: u32 = 1 << 24;
/// Largest annotation.
pub const MAX_ANNOTATION: u32 = 1 << 20;

/// The canonical bytes.
#[must_use]
pub fn encode(relation: &Relation) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&VERSION.to_be_bytes());
    put_len(&mut out, relation.annotation.len());
    out.extend_from_slice(&relation.annotation);
    put_len(&mut out, relation.tensors.len());
    for tensor in &relation.tensors {
        out.push(tensor.column.code());
        put_u8(&mut out, tensor.shape.len());
        tensor.shape.iter().for_each(|axis| out.extend_from_slice(&axis.to_be_bytes()));
        out.extend_from_slice(&tensor.lo.to_be_bytes());
        out.extend_from_slice(&tensor.hi.to_be_bytes());
    }
    put_len(&mut out, relation.loops.len());
    relation.loops.iter().for_each(|size| out.extend_from_slice(&size.to_be_bytes()));
    put_len(&mut out, relation.lists.len());
    for list in &relation.lists {
        put_len(&mut out, list.len());
        list.iter().for_each(|entry| out.extend_from_slice(&entry.to_be_bytes()));
    }
    put_len(&mut out, relation.tables.len());
    for table in &relation.tables {
        out.extend_from_slice(&table.id.to_be_bytes());
        put_loops(&mut out, &table.columns);
    }
    put_len(&mut out, relation.lookups.len());
    for lookup in &relation.lookups {
        out.push(scope_code(lookup.scope));
        out.extend_from_slice(&lookup.table.to_be_bytes());
        put_loops(&mut out, &lookup.loops);
        lookup.exprs.iter().for_each(|expr| put_expr(&mut out, expr));
    }
    put_len(&mut out, relation.zeros.len());
    for zero in &relation.zeros {
        out.push(scope_code(zero.scope));
        put_loops(&mut out, &zero.loops);
        put_expr(&mut out, &zero.expr);
    }
    out
}

/// `keccak256("zkseal relation v1" || bytes)`.
#[must_use]
pub fn digest(relation: &Relation) -> [u8; 32] {
    keccak256(&[b"zkseal relation v1", &encode(relation)])
}

fn put_len(out: &mut Vec<u8>, len: usize) {
    out.extend_from_slice(&u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes());
}

fn put_u8(out: &mut Vec<u8>, len: usize) {
    out.push(u8::try_from(len).unwrap_or(u8::MAX));
}

fn put_loops(out: &mut Vec<u8>, loops: &[u32]) {
    put_u8(out, loops.len());
    loops.iter().for_each(|index| out.extend_from_slice(&index.to_be_bytes()));
}

const fn scope_code(scope: Scope) -> u8 {
    match scope {
        Scope::Proof => 0,
        Scope::Model => 1,
    }
}

fn put_expr(out: &mut Vec<u8>, expr: &Expr) {
    out.extend_from_slice(&u16::try_from(expr.terms.len()).unwrap_or(u16::MAX).to_be_bytes());
    for term in &expr.terms {
        out.extend_from_slice(&term.num.to_be_bytes());
        out.push(term.shift);
        put_loops(out, &term.sum_loops);
        put_u8(out, term.accesses.len());
        for access in &term.accesses {
            out.extend_from_slice(&access.tensor.to_be_bytes());
            access.maps.iter().for_each(|map| put_map(out, map));
        }
    }
}

fn put_map(out: &mut Vec<u8>, map: &Map) {
    match map {
        Map::Affine { terms, offset } => {
            out.push(0);
            put_u8(out, terms.len());
            for (stride, index) in terms {
                out.extend_from_slice(&stride.to_be_bytes());
                out.extend_from_slice(&index.to_be_bytes());
            }
            out.extend_from_slice(&offset.to_be_bytes());
        }
        Map::Gather { loop_index, list } => {
            out.push(1);
            out.extend_from_slice(&loop_index.to_be_bytes());
            out.extend_from_slice(&list.to_be_bytes());
        }
        Map::GatherPublic { loop_index, tensor } => {
            out.push(2);
            out.extend_from_slice(&loop_index.to_be_bytes());
            out.extend_from_slice(&tensor.to_be_bytes());
        }
    }
}

/// Reads canonical bytes. The result is not validated yet.
///
/// # Errors
/// Truncated or trailing bytes, unknown codes, counts beyond the limits of chapter 2.
pub fn decode(bytes: &[u8]) -> Result<Relation, RelationError> {
    let mut reader = Reader { bytes, at: 0 };
    if reader.array::<4>()? != *MAGIC {
        return Err(RelationError::Invalid { place: "header", index: 0, rule: "magic bytes are not ZKSR" });
    }
    let version = u16::from_be_bytes(reader.array()?);
    if version != VERSION {
        return Err(RelationError::UnknownVersion { version });
    }
    let annotation_len = reader.count("annotation", MAX_ANNOTATION)?;
    let annotation = reader.take(annotation_len)?.to_vec();
    let tensors = reader.parts("tensor", Reader::tensor)?;
    let loops = reader.parts("loop", Reader::u32)?;
    let lists = reader.parts("list", |r| {
        let len = r.count("list", MAX_LIST)?;
        r.repeat(len, 4, |r| Ok(i32::from_be_bytes(r.array()?)))
    })?;
    let tables: Vec<Table> = reader.parts("table", |r| Ok(Table { id: r.u32()?, columns: r.loops()? }))?;
    let lookups = reader.parts("lookup", |r| {
        let (scope, table, loops) = (r.scope()?, r.u32()?, r.loops()?);
        let arity = tables.get(to_index(table)).map(|t| t.columns.len()).ok_or(RelationError::Invalid {
            place: "lookup",
            index: 0,
            rule: "refers to a table that does not exist",
        })?;
        let exprs = r.exprs(arity, &tensors)?;
        Ok(Lookup { scope, table, loops, exprs })
    })?;
    let zeros = reader.parts("zero", |r| {
        let (scope, loops) = (r.scope()?, r.loops()?);
        Ok(ZeroConstraint { scope, loops, expr: r.expr(&tensors)? })
    })?;
    let rest = bytes.len().saturating_sub(reader.at);
    if rest != 0 {
        return Err(RelationError::TrailingBytes { count: rest });
    }
    Ok(Relation { annotation, tensors, loops, lists, tables, lookups, zeros })
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], RelationError> {
        let end = self.at.checked_add(len).ok_or(RelationError::Truncated { at: self.at })?;
        let slice = self.bytes.get(self.at..end).ok_or(RelationError::Truncated { at: self.at })?;
        self.at = end;
        Ok(slice)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], RelationError> {
        let at = self.at;
        self.take(N)?.try_into().map_err(|_| RelationError::Truncated { at })
    }

    fn u8(&mut self) -> Result<u8, RelationError> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    fn u32(&mut self) -> Result<u32, RelationError> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    fn count(&mut self, place: &'static str, max: u32) -> Result<usize, RelationError> {
        let count = self.u32()?;
        if count > max {
            return Err(RelationError::Invalid { place, index: to_index(count), rule: "count is above the limit" });
        }
        Ok(to_index(count))
    }

    /// `count` items that take at least `least_bytes` each: allocation is bounded by the bytes that are there.
    fn repeat<T>(
        &mut self,
        count: usize,
        least_bytes: usize,
        mut read: impl FnMut(&mut Self) -> Result<T, RelationError>,
    ) -> Result<Vec<T>, RelationError> {
        let left = self.bytes.len().saturating_sub(self.at);
        if count.saturating_mul(least_bytes) > left {
            return Err(RelationError::Truncated { at: self.at });
        }
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            items.push(read(self)?);
        }
        Ok(items)
    }

    fn parts<T>(
        &mut self,
        place: &'static str,
        read: impl FnMut(&mut Self) -> Result<T, RelationError>,
    ) -> Result<Vec<T>, RelationError> {
        let count = self.count(place, MAX_PARTS)?;
        self.repeat(count, 3, read)
    }

    fn loops(&mut self) -> Result<Vec<u32>, RelationError> {
        let count = usize::from(self.u8()?);
        self.repeat(count, 4, Self::u32)
    }

    fn scope(&mut self) -> Result<Scope, RelationError> {
        match self.u8()? {
            0 => Ok(Scope::Proof),
            1 => Ok(Scope::Model),
            _ => Err(RelationError::Invalid { place: "constraint", index: self.at, rule: "unknown scope" }),
        }
    }

    fn tensor(&mut self) -> Result<Tensor, RelationError> {
        let column = Column::from_code(self.u8()?).ok_or(RelationError::Invalid {
            place: "tensor",
            index: self.at,
            rule: "unknown column",
        })?;
        let ndim = usize::from(self.u8()?);
        let shape = self.repeat(ndim, 4, Self::u32)?;
        Ok(Tensor { column, shape, lo: i64::from_be_bytes(self.array()?), hi: i64::from_be_bytes(self.array()?) })
    }

    fn exprs(&mut self, arity: usize, tensors: &[Tensor]) -> Result<Vec<Expr>, RelationError> {
        self.repeat(arity, 2, |r| r.expr(tensors))
    }

    fn expr(&mut self, tensors: &[Tensor]) -> Result<Expr, RelationError> {
        let count = usize::from(u16::from_be_bytes(self.array()?));
        let terms = self.repeat(count, 11, |r| {
            let num = i64::from_be_bytes(r.array()?);
            let shift = r.u8()?;
            let sum_loops = r.loops()?;
            let factors = usize::from(r.u8()?);
            let accesses = r.repeat(factors, 4, |r| r.access(tensors))?;
            Ok(Term { num, shift, sum_loops, accesses })
        })?;
        Ok(Expr { terms })
    }

    fn access(&mut self, tensors: &[Tensor]) -> Result<Access, RelationError> {
        let tensor = self.u32()?;
        let ndim = tensors.get(to_index(tensor)).map(|t| t.shape.len()).ok_or(RelationError::Invalid {
            place: "access",
            index: to_index(tensor),
            rule: "refers to a tensor that does not exist",
        })?;
        let maps = self.repeat(ndim, 2, Self::map)?;
        Ok(Access { tensor, maps })
    }

    fn map(&mut self) -> Result<Map, RelationError> {
        match self.u8()? {
            0 => {
                let count = usize::from(self.u8()?);
                let terms = self.repeat(count, 8, |r| Ok((i32::from_be_bytes(r.array()?), r.u32()?)))?;
                Ok(Map::Affine { terms, offset: i32::from_be_bytes(self.array()?) })
            }
            1 => Ok(Map::Gather { loop_index: self.u32()?, list: self.u32()? }),
            2 => Ok(Map::GatherPublic { loop_index: self.u32()?, tensor: self.u32()? }),
            _ => Err(RelationError::Invalid { place: "map", index: self.at, rule: "unknown kind" }),
        }
    }
}

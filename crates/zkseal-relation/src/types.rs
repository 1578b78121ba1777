//! Types of the relation (book, chapter 2).

use std::collections::BTreeMap;

/// Values of the public tensors by tensor index, row-major.
pub type PublicValues = BTreeMap<usize, Vec<i64>>;

/// Who holds a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// Committed once per model with blinding.
    Model,
    /// Committed once without blinding.
    Table,
    /// Committed per proof, commitments in the statement.
    Input,
    /// Committed per proof, commitments in the statement.
    Output,
    /// Committed per proof, commitments in the proof.
    Witness,
    /// Values in the statement.
    Public,
    /// Entry i is lo + i.
    Progression,
    /// The fractions of the helper argument: committed per proof, after the first challenges. No tensor of a relation.
    Helper,
}

impl Column {
    /// The committed columns, in the order that breaks ties of the layout.
    pub const COMMITTED: [Self; 6] = [Self::Model, Self::Table, Self::Input, Self::Output, Self::Witness, Self::Helper];

    /// Whether the verifier knows every value.
    #[must_use]
    pub const fn is_public(self) -> bool {
        matches!(self, Self::Public | Self::Progression)
    }

    /// Code on the wire.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Model => 0,
            Self::Table => 1,
            Self::Input => 2,
            Self::Output => 3,
            Self::Witness => 4,
            Self::Public => 5,
            Self::Progression => 6,
            Self::Helper => 7,
        }
    }

    /// Inverse of [`Self::code`] for the columns that a relation may name.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Model,
            1 => Self::Table,
            2 => Self::Input,
            3 => Self::Output,
            4 => Self::Witness,
            5 => Self::Public,
            6 => Self::Progression,
            _ => return None,
        })
    }
}

/// An array of bounded integers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// Who holds it.
    pub column: Column,
    /// Axis sizes.
    pub shape: Vec<u32>,
    /// Least value.
    pub lo: i64,
    /// Largest value.
    pub hi: i64,
}

impl Tensor {
    /// Number of index bits of the padded block.
    #[must_use]
    pub fn num_vars(&self) -> u32 {
        self.shape.iter().map(|axis| zkseal_poly::bits(u64::from(*axis))).sum()
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.shape.iter().fold(1u64, |product, axis| product.saturating_mul(u64::from(*axis)))
    }

    /// Never true for a valid relation.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// How loops address one axis.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Map {
    /// `offset + sum stride * loop`; reads zero out of bounds.
    Affine {
        /// (stride, loop).
        terms: Vec<(i32, u32)>,
        /// Constant part.
        offset: i32,
    },
    /// `list[loop]`; -1 reads zero.
    Gather {
        /// Loop.
        loop_index: u32,
        /// Index of the list.
        list: u32,
    },
    /// `tensor[loop]` of a public one-axis tensor.
    GatherPublic {
        /// Loop.
        loop_index: u32,
        /// Index of the tensor.
        tensor: u32,
    },
}

impl Map {
    /// The loops that it reads.
    #[must_use]
    pub fn loops(&self) -> Vec<u32> {
        match self {
            Self::Affine { terms, .. } => terms.iter().map(|(_, l)| *l).collect(),
            Self::Gather { loop_index, .. } | Self::GatherPublic { loop_index, .. } => vec![*loop_index],
        }
    }
}

/// A tensor read through one map for each axis.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Access {
    /// Tensor index.
    pub tensor: u32,
    /// One map for each axis.
    pub maps: Vec<Map>,
}

impl Access {
    /// All loops of all maps.
    #[must_use]
    pub fn loops(&self) -> Vec<u32> {
        self.maps.iter().flat_map(Map::loops).collect()
    }
}

/// `num / 2^shift * sum over sum_loops of the product of the accesses`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Numerator.
    pub num: i64,
    /// Logarithm of the denominator.
    pub shift: u8,
    /// Contraction loops, ascending.
    pub sum_loops: Vec<u32>,
    /// Zero, one or two factors.
    pub accesses: Vec<Access>,
}

/// A sum of terms.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expr {
    /// The terms.
    pub terms: Vec<Term>,
}

/// When a constraint is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// In every proof.
    Proof,
    /// Once, in the model proof.
    Model,
}

/// A tuple of expressions is a row of a table, at every index of the loops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// When it is proved.
    pub scope: Scope,
    /// Table index.
    pub table: u32,
    /// Outer loops.
    pub loops: Vec<u32>,
    /// One expression for each table column.
    pub exprs: Vec<Expr>,
}

/// An expression is zero at every index of the loops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZeroConstraint {
    /// When it is proved.
    pub scope: Scope,
    /// Outer loops.
    pub loops: Vec<u32>,
    /// The expression.
    pub expr: Expr,
}

/// Columns of equal length that lookups refer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Distinct number; it separates the keys of different tables.
    pub id: u32,
    /// Tensor indices.
    pub columns: Vec<u32>,
}

/// A relation, not necessarily valid: see [`crate::validate`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Relation {
    /// Opaque to the core, bound by the digest.
    pub annotation: Vec<u8>,
    /// Tensors.
    pub tensors: Vec<Tensor>,
    /// Loop sizes.
    pub loops: Vec<u32>,
    /// Gather lists.
    pub lists: Vec<Vec<i32>>,
    /// Tables.
    pub tables: Vec<Table>,
    /// Lookups.
    pub lookups: Vec<Lookup>,
    /// Zeros.
    pub zeros: Vec<ZeroConstraint>,
}

/// Why bytes or parts are no valid relation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RelationError {
    /// The bytes end too early.
    #[error("relation bytes end at {at}, inside a value")]
    Truncated {
        /// Offset of the value.
        at: usize,
    },
    /// The bytes go on after the relation.
    #[error("{count} bytes follow the relation")]
    TrailingBytes {
        /// How many.
        count: usize,
    },
    /// A version that this build does not know.
    #[error("version {version} of a relation or its parameters is unknown")]
    UnknownVersion {
        /// The version.
        version: u16,
    },
    /// A rule of chapter 2 is broken.
    #[error("invalid relation: {place} {index}: {rule}")]
    Invalid {
        /// Kind of part.
        place: &'static str,
        /// Its index.
        index: usize,
        /// The rule.
        rule: &'static str,
    },
    /// Parameters that do not fit the relation, chapter 3.
    #[error("invalid parameters: {rule}")]
    Parameters {
        /// The rule.
        rule: &'static str,
    },
}

impl RelationError {
    /// The name of the error in every language of the project: a class of `zkseal.errors`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownVersion { .. } => "UnknownVersion",
            Self::Parameters { .. } => "InvalidParameters",
            Self::Truncated { .. } | Self::TrailingBytes { .. } | Self::Invalid { .. } => "InvalidRelation",
        }
    }
}

impl Relation {
    /// The tensor with this index.
    ///
    /// # Errors
    /// If there is none.
    pub fn tensor(&self, index: usize) -> Result<&Tensor, RelationError> {
        self.tensors.get(index).ok_or(RelationError::Invalid { place: "tensor", index, rule: "does not exist" })
    }

    /// The size of this loop.
    ///
    /// # Errors
    /// If there is none.
    pub fn loop_size(&self, index: u32) -> Result<u32, RelationError> {
        let place = to_index(index);
        self.loops.get(place).copied().ok_or(RelationError::Invalid {
            place: "loop",
            index: place,
            rule: "does not exist",
        })
    }

    /// The table with this index.
    ///
    /// # Errors
    /// If there is none.
    pub fn table(&self, index: u32) -> Result<&Table, RelationError> {
        let place = to_index(index);
        self.tables.get(place).ok_or(RelationError::Invalid { place: "table", index: place, rule: "does not exist" })
    }

    /// Number of rows of a table.
    ///
    /// # Errors
    /// If table or column do not exist.
    pub fn table_len(&self, table: &Table) -> Result<u32, RelationError> {
        let column = table.columns.first().copied().unwrap_or(u32::MAX);
        let shape = &self.tensor(to_index(column))?.shape;
        shape.first().copied().ok_or(RelationError::Invalid { place: "table", index: 0, rule: "has no rows" })
    }

    /// Index bits of the space of these loops.
    ///
    /// # Errors
    /// If a loop does not exist.
    pub fn loop_vars(&self, loops: &[u32]) -> Result<u32, RelationError> {
        let mut sum = 0u32;
        for index in loops {
            sum = sum.saturating_add(zkseal_poly::bits(u64::from(self.loop_size(*index)?)));
        }
        Ok(sum)
    }

    /// Whether some lookup is proved in every proof.
    #[must_use]
    pub fn has_lookups(&self) -> bool {
        self.lookups.iter().any(|lookup| lookup.scope == Scope::Proof)
    }
}

/// `u32` as an index; all supported targets have at least 32-bit addresses.
#[must_use]
pub fn to_index(value: u32) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

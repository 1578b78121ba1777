//! The cells that a program reads: one array of scalars in memory.
//!
//! ```text
//! public values | beta eta delta r0 | r | zeta | rho | r_hi r_lo | outputs | registers
//! ```
//!
//! All but the outputs and registers are the calldata of a program.

use zkseal_relation::{Column, Layout, LookupArgument, Relation};

/// Scalars that are named.
pub const NAMED: usize = 4;
/// Outputs beside one indicator for each lane.
pub const FIXED_OUTPUTS: usize = 6;

/// A cell, counted from the first public value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell(pub usize);

/// Consecutive cells that are the coordinates of a point, the most significant first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slice {
    /// The first coordinate.
    pub first: Cell,
    /// How many.
    pub vars: usize,
}

impl Slice {
    /// The coordinate at a position, from the most significant.
    #[must_use]
    pub const fn at(self, position: usize) -> Cell {
        Cell(self.first.0 + position)
    }

    /// The last `vars` coordinates, and those before.
    #[must_use]
    pub fn split_last(self, vars: usize) -> (Self, Self) {
        let vars = vars.min(self.vars);
        let high = self.vars - vars;
        (Self { first: self.first, vars: high }, Self { first: Cell(self.first.0 + high), vars })
    }

    /// The first `vars` coordinates, and the rest.
    #[must_use]
    pub fn split_first(self, vars: usize) -> (Self, Self) {
        self.split_last(self.vars.saturating_sub(vars))
    }
}

/// What a program leaves for the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Output {
    /// Public linear terms and constants of stage 5.2: T2 without the columns.
    Products,
    /// What public tensors contribute to the claims of stage 5.3.
    Claims,
    /// a(r_hi, r_lo) of stage 5.3.
    Data,
    /// eq(rho, Lin).
    Lin,
    /// eq(rho, padU).
    PadU,
    /// eq(rho, padV).
    PadV,
    /// sel of a lane at r.
    Selector(usize),
}

/// Sizes, and the places that follow from them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Space {
    /// Number of public values.
    pub publics: usize,
    /// n.
    pub lookup_vars: usize,
    /// nz.
    pub zero_vars: usize,
    /// n2.
    pub product_vars: usize,
    /// R.
    pub row_vars: usize,
    /// c.
    pub log_row: usize,
    /// L; 0 without lookups.
    pub lanes: usize,
    /// (tensor, first cell) of each public tensor.
    pub public_tensors: Vec<(usize, Cell)>,
}

impl Space {
    /// The cells of a relation under its layout.
    #[must_use]
    pub fn new(relation: &Relation, layout: &Layout) -> Self {
        let mut public_tensors = Vec::new();
        let mut publics = 0usize;
        for (index, tensor) in relation.tensors.iter().enumerate().filter(|(_, t)| t.column == Column::Public) {
            public_tensors.push((index, Cell(publics)));
            publics = publics.saturating_add(usize::try_from(tensor.len()).unwrap_or(usize::MAX));
        }
        let lanes = match layout.params.argument {
            LookupArgument::Helper { lanes } if !layout.blocks.is_empty() => usize::from(lanes),
            LookupArgument::Helper { .. } | LookupArgument::Tree => 0,
        };
        Self {
            publics,
            lookup_vars: layout.lookup_vars,
            zero_vars: layout.zero_vars,
            product_vars: layout.product_vars,
            row_vars: layout.row_vars,
            log_row: usize::from(layout.params.log_row),
            lanes,
            public_tensors,
        }
    }

    /// beta.
    #[must_use]
    pub fn beta(&self) -> Cell {
        Cell(self.publics)
    }

    /// eta.
    #[must_use]
    pub fn eta(&self) -> Cell {
        Cell(self.publics + 1)
    }

    /// delta.
    #[must_use]
    pub fn delta(&self) -> Cell {
        Cell(self.publics + 2)
    }

    /// r0.
    #[must_use]
    pub fn pad(&self) -> Cell {
        Cell(self.publics + 3)
    }

    /// r.
    #[must_use]
    pub fn lookup_point(&self) -> Slice {
        Slice { first: Cell(self.publics + NAMED), vars: self.lookup_vars }
    }

    /// zeta.
    #[must_use]
    pub fn zero_point(&self) -> Slice {
        Slice { first: Cell(self.publics + NAMED + self.lookup_vars), vars: self.zero_vars }
    }

    /// rho.
    #[must_use]
    pub fn product_point(&self) -> Slice {
        let zero = self.zero_point();
        Slice { first: Cell(zero.first.0 + zero.vars), vars: self.product_vars }
    }

    /// r_hi, then r_lo.
    #[must_use]
    pub fn address(&self) -> Slice {
        let rho = self.product_point();
        Slice { first: Cell(rho.first.0 + rho.vars), vars: self.row_vars + self.log_row }
    }

    /// The cell of an output.
    #[must_use]
    pub fn output(&self, output: Output) -> Cell {
        let address = self.address();
        let place = match output {
            Output::Products => 0,
            Output::Claims => 1,
            Output::Data => 2,
            Output::Lin => 3,
            Output::PadU => 4,
            Output::PadV => 5,
            Output::Selector(lane) => FIXED_OUTPUTS + lane,
        };
        Cell(address.first.0 + address.vars + place)
    }

    /// Number of cells that the contract fills.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.output(Output::Products).0
    }

    /// The first register.
    #[must_use]
    pub fn registers(&self) -> usize {
        self.output(Output::Selector(self.lanes)).0
    }
}

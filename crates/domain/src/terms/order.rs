//! In which order money clears what is owed, as data.

use crate::contact::code_enum;
use crate::terms::Component;

code_enum! {
    /// Where an obligation stands on the day of a payment.
    DueState {
        /// Its due date has passed.
        PastDue = "past_due",
        /// It is due on this day.
        Due = "due",
        /// It is due later.
        InAdvance = "in_advance",
    }
}

code_enum! {
    /// How steps of one state are taken over several obligations.
    Walk {
        /// One obligation after the other, with all the components of the state.
        Horizontal = "horizontal",
        /// One component after the other, over all obligations.
        Vertical = "vertical",
    }
}

code_enum! {
    /// Which obligation money goes to that is paid in advance.
    AdvanceTarget {
        /// The next one, then the one after it.
        Next = "next",
        /// The last one, then the one before it.
        Last = "last",
        /// All of them alike; what cannot be split evenly goes to the next ones.
        All = "all",
    }
}

/// One step: a component of what stands so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllocationStep {
    /// The states that the step is about, in one group: due and past due may be taken together.
    pub states: DueStates,
    /// The component.
    pub component: Component,
}

/// A set of states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueStates {
    /// Past due.
    pub past_due: bool,
    /// Due on the day.
    pub due: bool,
    /// Due later.
    pub in_advance: bool,
}

impl DueStates {
    /// Past due only.
    pub const PAST_DUE: Self = Self { past_due: true, due: false, in_advance: false };
    /// Due on the day only.
    pub const DUE: Self = Self { past_due: false, due: true, in_advance: false };
    /// Due by the day.
    pub const DUE_BY_NOW: Self = Self { past_due: true, due: true, in_advance: false };
    /// Due later only.
    pub const IN_ADVANCE: Self = Self { past_due: false, due: false, in_advance: true };
    /// Whenever it is due.
    pub const ANY: Self = Self { past_due: true, due: true, in_advance: true };

    /// Whether `state` is in the set.
    #[must_use]
    pub fn holds(self, state: DueState) -> bool {
        match state {
            DueState::PastDue => self.past_due,
            DueState::Due => self.due,
            DueState::InAdvance => self.in_advance,
        }
    }
}

/// An order of allocation by state and component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllocationOrder {
    /// The steps; consecutive steps of the same states are one group.
    pub steps: Vec<AllocationStep>,
    /// How a group is taken.
    pub walk: Walk,
    /// Where money in advance goes.
    pub in_advance: AdvanceTarget,
}

code_enum! {
    /// Orders that have a name.
    AllocationPreset {
        /// Civil Code Art. 560 and 561: what is due before what is not, the oldest first; in each costs, then
        /// interest, then principal.
        CivilCode = "civil_code",
        /// Obligation by obligation: late fees, charges, fees and interest, principal.
        PenaltiesFeesInterestPrincipal = "penalties_fees_interest_principal",
        /// What is due by now as above; in advance the principal first.
        DueThenPrincipalInAdvance = "due_then_principal_in_advance",
        /// Past due, due, in advance; in each obligation by obligation.
        ByState = "by_state",
    }
}

const COSTS_FIRST: [Component; 5] = [
    Component::LateFee,
    Component::Charge,
    Component::InstalmentFee,
    Component::Interest,
    Component::Principal,
];
const PRINCIPAL_FIRST: [Component; 5] = [
    Component::Principal,
    Component::LateFee,
    Component::Charge,
    Component::InstalmentFee,
    Component::Interest,
];

impl AllocationPreset {
    /// The order that it names.
    #[must_use]
    pub fn order(self) -> AllocationOrder {
        let groups: &[(DueStates, [Component; 5])] = match self {
            Self::CivilCode => &[(DueStates::DUE_BY_NOW, COSTS_FIRST), (DueStates::IN_ADVANCE, COSTS_FIRST)],
            Self::PenaltiesFeesInterestPrincipal => &[(DueStates::ANY, COSTS_FIRST)],
            Self::DueThenPrincipalInAdvance => {
                &[(DueStates::DUE_BY_NOW, COSTS_FIRST), (DueStates::IN_ADVANCE, PRINCIPAL_FIRST)]
            }
            Self::ByState => &[
                (DueStates::PAST_DUE, COSTS_FIRST),
                (DueStates::DUE, COSTS_FIRST),
                (DueStates::IN_ADVANCE, COSTS_FIRST),
            ],
        };
        let steps = groups.iter().flat_map(|(states, components)| {
            components.iter().map(|component| AllocationStep { states: *states, component: *component })
        });
        AllocationOrder { steps: steps.collect(), walk: Walk::Horizontal, in_advance: AdvanceTarget::Next }
    }
}

impl AllocationOrder {
    /// Whether every component is cleared in every state, so that no debt is left while there is money.
    #[must_use]
    pub fn covers_all(&self) -> bool {
        let names = |state: &DueState, component: &Component| {
            self.steps.iter().any(|step| step.component == *component && step.states.holds(*state))
        };
        let has_all = |state| Component::ALL.iter().all(|component| names(state, component));
        DueState::ALL.iter().all(has_all)
    }
}

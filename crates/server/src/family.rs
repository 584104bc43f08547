//! The families of reasons, their order in charts and the names of their colours in the style sheet.

use dunlin_domain::reason::Reason;

/// A family of reasons, in the order in which charts stack them from the ground up: what was said first, then
/// what is calm, and on top what somebody has to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// The customer was contacted.
    Contact,
    /// The lender's strategy.
    Policy,
    /// A trial in which part of the customers hear nothing.
    Trial,
    /// A model's forecast, which strategy goes by.
    Model,
    /// The state of the account.
    Account,
    /// The credit bureau.
    Bureau,
    /// What the customer said.
    Voice,
    /// Law and industry rules.
    Rule,
    /// Agents or providers were used up.
    Capacity,
    /// Planned stops.
    Pause,
    /// Numbers and addresses.
    ContactData,
    /// Failures.
    Fault,
    /// A family that has no colour yet.
    Other,
}

impl Family {
    /// Every family, in stacking order.
    pub const ALL: [Self; 13] = [
        Self::Contact,
        Self::Policy,
        Self::Trial,
        Self::Model,
        Self::Account,
        Self::Bureau,
        Self::Voice,
        Self::Rule,
        Self::Capacity,
        Self::Pause,
        Self::ContactData,
        Self::Fault,
        Self::Other,
    ];

    /// The family of a reason.
    #[must_use]
    pub fn of(reason: Reason) -> Self {
        let code = reason.family();
        Self::ALL.into_iter().find(|family| family.code() == code).unwrap_or(Self::Other)
    }

    /// The family's code, which is also the class `f-…` of its colour and the text `family-…`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Policy => "policy",
            Self::Trial => "trial",
            Self::Model => "model",
            Self::Account => "account",
            Self::Bureau => "bureau",
            Self::Voice => "voice",
            Self::Rule => "rule",
            Self::Capacity => "capacity",
            Self::Pause => "pause",
            Self::ContactData => "contact_data",
            Self::Fault => "fault",
            Self::Other => "other",
        }
    }

    /// The pattern that is laid over the colour, so that families differ without colour too.
    #[must_use]
    pub fn hatch(self) -> Option<&'static str> {
        match self {
            Self::Pause => Some("hatch-up"),
            Self::Fault => Some("hatch-down"),
            Self::ContactData => Some("dots"),
            Self::Contact
            | Self::Policy
            | Self::Trial
            | Self::Model
            | Self::Account
            | Self::Bureau
            | Self::Voice
            | Self::Rule
            | Self::Capacity
            | Self::Other => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_belongs_to_a_family_with_a_colour() {
        let style = include_str!("../assets/console.css");
        for reason in Reason::ALL {
            let family = Family::of(*reason);
            assert_ne!(family, Family::Other, "{reason} needs a family with a colour of its own");
            assert!(style.contains(&format!(".f-{} ", family.code())), "no colour for {}", family.code());
        }
    }
}

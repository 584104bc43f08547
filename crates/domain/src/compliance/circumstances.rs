//! What rules ask about a contact besides who, where and when. Most contacts have nothing of it.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use crate::compliance::call_frequency::{CallEvent, CallRole};
use crate::compliance::place::Place;
use crate::compliance::rules::DayWindow;
use crate::contact::{Channel, code_enum};

code_enum! {
    /// What a contact is for.
    Purpose {
        /// To speak about the debt.
        Collect = "collect",
        /// To ask where the debtor can be reached, or to have them called back.
        Locate = "locate",
    }
}

code_enum! {
    /// Whether the debtor can be spoken to.
    DebtorState {
        /// They can be reached.
        Reachable = "reachable",
        /// They cannot be reached any more.
        Unreachable = "unreachable",
        /// They have died.
        Deceased = "deceased",
        /// They were found to be without, or with limited, capacity to act.
        Incapacitated = "incapacitated",
        /// A court opened their bankruptcy, so that claims go to its administrator.
        Bankrupt = "bankrupt",
        /// Their data are restricted: kept by law, and used for nothing else (个人信息保护法 article 47).
        Restricted = "restricted",
    }
}

/// A time or place at which a person is known not to want contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InconvenientTime {
    /// The days of the week on which it holds; all when empty.
    pub weekdays: Vec<Weekday>,
    /// The hours.
    pub window: DayWindow,
}

/// An attorney who represents the person in this debt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Representation {
    /// The attorney agreed to contact with the person.
    pub attorney_consents: bool,
    /// The attorney did not answer in a reasonable time.
    pub attorney_is_silent: bool,
}

/// A visit to the person's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// How many collectors come.
    pub visitors: u32,
    /// Whether they enter a home or a place of work.
    pub enters_private_premises: bool,
    /// Whether the person agreed to that.
    pub has_consent_to_enter: bool,
}

/// How fresh it is that a number belongs to the person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NumberProof {
    /// Days since the person wrote from it.
    pub texted_days_ago: Option<u32>,
    /// Days since a complete and accurate database of reassigned numbers was asked.
    pub checked_days_ago: Option<u32>,
}

impl NumberProof {
    /// Whether either happened within the past `days`.
    #[must_use]
    pub fn is_within(&self, days: u32) -> bool {
        [self.texted_days_ago, self.checked_days_ago].into_iter().flatten().any(|ago| ago <= days)
    }
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circumstances {
    /// What the contact is for.
    pub purpose: Purpose,
    /// Whether what is said tells of the debt; speaking about it always does.
    pub discloses_debt: bool,
    /// Whether the debtor can be spoken to.
    pub debtor: DebtorState,
    /// It is documented that the debt served the household of debtor and person.
    pub is_household_debt_documented: bool,
    /// Where the person lives, if somebody told.
    pub place: Option<Place>,
    /// Other zones in which the person may be just as well.
    pub other_zones: Vec<TimeZone>,
    /// Times at which the person is known not to want contact.
    pub inconvenient_times: Vec<InconvenientTime>,
    /// The contact goes to a place at which the person is known not to want, or not to be allowed, contact.
    pub is_inconvenient_place: bool,
    /// An attorney who represents the person.
    pub representation: Option<Representation>,
    /// What the person is in the count of calls.
    pub call_role: CallRole,
    /// Calls, conversations and consents before, in the order in which they happened.
    pub calls: Vec<CallEvent>,
    /// How fresh the number is.
    pub number_proof: NumberProof,
    /// The channels by which the person wants to be contacted, if they chose.
    pub chosen_channels: Option<Vec<Channel>>,
    /// The contact is a visit, and these are its facts.
    pub visit: Option<Visit>,
}

impl Default for Circumstances {
    fn default() -> Self {
        Self {
            purpose: Purpose::Collect,
            discloses_debt: false,
            debtor: DebtorState::Reachable,
            is_household_debt_documented: false,
            place: None,
            other_zones: Vec::new(),
            inconvenient_times: Vec::new(),
            is_inconvenient_place: false,
            representation: None,
            call_role: CallRole::Consumer,
            calls: Vec::new(),
            number_proof: NumberProof::default(),
            chosen_channels: None,
            visit: None,
        }
    }
}

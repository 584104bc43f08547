//! The rule pack: what law and the lender's own promises allow in contacting people, each rule with its source.
//!
//! This is the meaning of a contact-rules document (see `docs/contact-rules.md`), already checked.

use std::fmt;

use jiff::tz::TimeZone;

use crate::compliance::call_frequency::CallFrequency;
use crate::compliance::circumstances::DebtorState;
use crate::compliance::place::{AppliesTo, Clocks};
use crate::compliance::wording::{ForbiddenWords, PlainText};
use crate::contact::{Channel, Party, code_enum};

code_enum! {
    /// How sure we are of what a rule says.
    Confidence {
        /// The primary text was read.
        A = "A",
        /// Two or more secondary sources agree, or one quotes the text.
        B = "B",
        /// One weak source.
        C = "C",
        /// From memory.
        D = "D",
    }
}

code_enum! {
    /// How strongly a rule speaks.
    Strength {
        /// It forbids (不得, 不应).
        MustNot = "must_not",
        /// It advises against (不宜). Not followed without a decision of its own, so it stops contact as well.
        ShouldNot = "should_not",
    }
}

/// One rule of a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule<P> {
    /// Its id in the pack, such as `CN-1`; every refusal names it.
    pub id: String,
    /// Where it stands written.
    pub source: String,
    /// How sure we are of it.
    pub confidence: Confidence,
    /// How strongly it speaks.
    pub strength: Strength,
    /// Whether it is applied.
    pub is_enabled: bool,
    /// Its numbers.
    pub parameters: P,
}

impl<P> Rule<P> {
    fn off(id: &str, parameters: P) -> Self {
        let (id, source) = (id.to_owned(), String::new());
        let (confidence, strength) = (Confidence::D, Strength::MustNot);
        Self { id, source, confidence, strength, is_enabled: false, parameters }
    }

    /// The parameters, if the rule is applied.
    #[must_use]
    pub fn enabled(&self) -> Option<&P> {
        self.is_enabled.then_some(&self.parameters)
    }
}

/// A span of the day, by the clock of a zone: from `start_minute` up to and without `end_minute`.
///
/// Minutes count from midnight, 0 to 1439; an end of 1440 is the end of the day. A span whose end is before its
/// start goes over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayWindow {
    /// The first minute in the span.
    pub start_minute: u16,
    /// The first minute after the span.
    pub end_minute: u16,
}

impl DayWindow {
    /// Reads `22:00-08:00`; an end of `24:00` is the end of the day. `None` for anything else, and for an empty span.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let minute = |text: &str| {
            let (hour, minute) = text.split_once(':')?;
            let is_two =
                |digits: &str| digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit());
            let is_form = is_two(hour) && is_two(minute);
            let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
            let minute_of_day = hour * 60 + minute;
            (is_form && minute < 60 && minute_of_day <= 1440).then_some(minute_of_day)
        };
        let (start, end) = text.split_once('-')?;
        let (start_minute, end_minute) = (minute(start)?, minute(end)?);
        (start_minute < 1440 && start_minute != end_minute).then_some(Self { start_minute, end_minute })
    }

    /// Whether `minute` of the day lies in the span. A span that ends where it starts is empty.
    #[must_use]
    pub fn contains(self, minute: u16) -> bool {
        if self.start_minute <= self.end_minute {
            (self.start_minute..self.end_minute).contains(&minute)
        } else {
            minute >= self.start_minute || minute < self.end_minute
        }
    }
}

/// Writes `22:00-08:00`.
impl fmt::Display for DayWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, end) = (self.start_minute, self.end_minute);
        write!(f, "{:02}:{:02}-{:02}:{:02}", start / 60, start % 60, end / 60, end % 60)
    }
}

code_enum! {
    /// Why contact with a customer rests for a while.
    HoldKind {
        /// A hardship plan was signed and is being kept.
        HardshipPlan = "hardship_plan",
        /// A complaint about how we act is open.
        Complaint = "complaint",
        /// The customer disputes the debt, and it is being looked into.
        Dispute = "dispute",
        /// The customer promised to pay by a day that has not passed.
        Promise = "promise",
    }
}

/// A version of the rules for contacting people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactRules {
    /// The name of the pack.
    pub name: String,
    /// The version of its document.
    pub version: u32,
    /// The zone of the pack's place.
    pub zone: TimeZone,
    /// To whom the pack applies.
    pub applies_to: AppliesTo,
    /// The clocks by which its hours are kept beside the person's own.
    pub clocks: Clocks,
    /// The hours in which nobody is contacted, unless the person agreed to it.
    pub quiet_hours: Rule<DayWindow>,
    /// The most calls a day that a person takes from us, over all agreements and agencies.
    pub effective_calls: Rule<u32>,
    /// The most calls a day to one number that nobody takes.
    pub unanswered_calls: Rule<u32>,
    /// Days that must lie between two contacts about one agreement.
    pub interval_days: Rule<u16>,
    /// The lender's own limit of messages per customer and day, by channel; a channel not named has none.
    pub message_caps: Rule<Vec<(Channel, u32)>>,
    /// Who may be told of the debt. Contact persons never are, whatever stands here.
    pub may_be_told: Rule<Vec<Party>>,
    /// A channel that the customer opted out of is not used.
    pub opt_out: Rule<()>,
    /// What makes contact rest.
    pub holds: Vec<Rule<HoldKind>>,
    /// Words that no message may contain.
    pub wording: Rule<ForbiddenWords>,
    /// In which states of the debtor a contact person may be asked for their whereabouts; never told of the debt.
    pub locating: Rule<Vec<DebtorState>>,
    /// The least number of collectors on a visit; none enters without leave.
    pub visits: Rule<u32>,
    /// A person with an attorney is not contacted past the attorney.
    pub attorney: Rule<()>,
    /// Times and places known to be inconvenient are kept free.
    pub inconvenient_times: Rule<()>,
    /// How often a person may be called about a debt.
    pub call_frequency: Rule<CallFrequency>,
    /// Days within which a number must have been proved for texts to it.
    pub number_proof_days: Rule<u32>,
}

impl ContactRules {
    /// The pack `name` with every rule switched off, as a start for packs that have few rules. Contact persons
    /// are not told of a debt under it either.
    #[must_use]
    pub fn unlimited(name: &str, zone: TimeZone) -> Self {
        Self {
            name: name.to_owned(),
            version: 1,
            zone,
            applies_to: AppliesTo::default(),
            clocks: Clocks::default(),
            quiet_hours: Rule::off("quiet_hours", DayWindow { start_minute: 0, end_minute: 0 }),
            effective_calls: Rule::off("effective_calls", 0),
            unanswered_calls: Rule::off("unanswered_calls", 0),
            interval_days: Rule::off("interval", 0),
            message_caps: Rule::off("message_caps", Vec::new()),
            may_be_told: Rule::off("third_parties", Vec::new()),
            opt_out: Rule::off("opt_out", ()),
            holds: Vec::new(),
            wording: Rule::off("wording", ForbiddenWords::default()),
            locating: Rule::off("locating", Vec::new()),
            visits: Rule::off("visits", 0),
            attorney: Rule::off("attorney", ()),
            inconvenient_times: Rule::off("inconvenient_times", ()),
            call_frequency: Rule::off(
                "call_frequency",
                CallFrequency {
                    calls_max: 0,
                    window_days: 1,
                    gap_days: 0,
                    consent_days_max: 0,
                    counts_texts: false,
                },
            ),
            number_proof_days: Rule::off("number_proof", 0),
        }
    }

    /// The pack as decisions name it: `cn@1`.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }

    /// The forbidden words that stand in `text`. Letter case, spaces, wide and traditional letters do not matter. English
    /// words count only whole (`sue` is not in `issue`), with any ending (`sued` is `sue`). All languages are tried, since
    /// texts are mixed.
    #[must_use]
    pub fn forbidden_in(&self, text: &str) -> Vec<&str> {
        self.forbidden_in_plain(&PlainText::of(text))
    }

    /// As [`forbidden_in`](Self::forbidden_in), for a text whose forms are known.
    #[must_use]
    pub fn forbidden_in_plain(&self, text: &PlainText) -> Vec<&str> {
        self.wording.enabled().map(|words| words.standing_in(text)).unwrap_or_default()
    }

    /// The cap of messages by `channel`, if the pack has one that applies.
    #[must_use]
    pub fn message_cap(&self, channel: Channel) -> Option<u32> {
        let caps = self.message_caps.enabled()?;
        caps.iter().find(|(capped, _)| *capped == channel).map(|(_, cap)| *cap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_over_midnight_holds_both_ends_of_the_day() {
        let night = DayWindow { start_minute: 22 * 60, end_minute: 8 * 60 };
        let held: Vec<u16> =
            [0, 479, 480, 1319, 1320, 1439].into_iter().filter(|minute| night.contains(*minute)).collect();
        assert_eq!(held, [0, 479, 1320, 1439]);
        assert_eq!(night.to_string(), "22:00-08:00");
    }
}

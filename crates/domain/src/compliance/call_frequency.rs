//! How often one person may be called about one debt in any seven days (12 CFR 1006.14(b)).
//!
//! Two presumptions, both rebuttable: at most so many calls in so many consecutive dates, and no call for so many
//! dates after a conversation. Dates are those of the person's own calendar, so that a change of the clock moves
//! nothing. Counted per person and particular debt; several numbers of one person share one count.
//!
//! What happened is a list of [`CallEvent`]s in the order in which it happened; events after the day asked about
//! do not count.

use crate::contact::code_enum;
use crate::date::Date;
use crate::id::{AgreementId, CustomerId};
use crate::message::CallOutcome;

/// The numbers of the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallFrequency {
    /// The most calls within [`Self::window_days`].
    pub calls_max: u32,
    /// Consecutive dates in which calls are counted, the day of the call included.
    pub window_days: u16,
    /// Consecutive dates without a call after a conversation, whose date is the first of them.
    pub gap_days: u16,
    /// The most dates for which a person's consent holds, the date it was given being the first.
    pub consent_days_max: u16,
    /// Text messages count as calls do, and are counted with them, as in Massachusetts.
    pub counts_texts: bool,
}

code_enum! {
    /// What a person who is called is to the debt.
    CallRole {
        /// The consumer.
        Consumer = "consumer",
        /// Somebody else, called to find the consumer.
        ThirdParty = "third_party",
        /// The consumer's attorney.
        ConsumersAttorney = "consumers_attorney",
        /// A consumer reporting agency, where law allows the call.
        ConsumerReportingAgency = "consumer_reporting_agency",
        /// The creditor.
        Creditor = "creditor",
        /// The creditor's attorney.
        CreditorsAttorney = "creditors_attorney",
        /// The collector's attorney.
        CollectorsAttorney = "collectors_attorney",
    }
}

impl CallRole {
    /// Whether calls to such a person count; 1006.14(b)(3)(iii) with 1006.6(d)(1)(ii) to (vi) excepts some.
    #[must_use]
    pub const fn is_counted(self) -> bool {
        match self {
            Self::Consumer | Self::ThirdParty => true,
            Self::ConsumersAttorney
            | Self::ConsumerReportingAgency
            | Self::Creditor
            | Self::CreditorsAttorney
            | Self::CollectorsAttorney => false,
        }
    }
}

code_enum! {
    /// What became of a call that was placed.
    PlacedOutcome {
        /// Nobody answered.
        Unanswered = "unanswered",
        /// A voicemail was left.
        Voicemail = "voicemail",
        /// A limited-content message was left.
        LimitedContent = "voicemail_limited_content",
        /// A recording answered, and no message was left.
        NoMessageLeft = "recorded_message_no_message_left",
        /// It was answered, and the line dropped.
        Dropped = "answered_then_dropped",
        /// The person and the collector spoke about the debt.
        Conversation = "conversation",
        /// The line was busy: not connected, so not counted (1006.14(b)(3)(ii)).
        Busy = "busy",
        /// The number is not in service: not connected, so not counted.
        NotInService = "not_in_service",
        /// Somebody else took it, and nothing was said of the debt.
        NotThePerson = "not_the_person",
        /// It was never placed after all: not counted.
        NotPlaced = "not_placed",
        /// It was placed, and what became of it is not known yet: counted until it is.
        Pending = "pending",
    }
}

impl PlacedOutcome {
    /// Whether the call was connected to the dialled number.
    #[must_use]
    pub const fn is_connected(self) -> bool {
        !matches!(self, Self::Busy | Self::NotInService | Self::NotPlaced)
    }

    /// What it is to the caps of a day; `None` while it is not known, and for a call that was never placed. A line that dropped after it was answered counts
    /// as a call that was taken, the stricter reading.
    #[must_use]
    pub const fn of_day(self) -> Option<CallOutcome> {
        match self {
            Self::Conversation | Self::Dropped => Some(CallOutcome::Effective),
            Self::Unanswered
            | Self::Voicemail
            | Self::LimitedContent
            | Self::NoMessageLeft
            | Self::Busy
            | Self::NotInService => Some(CallOutcome::Unanswered),
            Self::NotThePerson => Some(CallOutcome::NotThePerson),
            Self::NotPlaced | Self::Pending => None,
        }
    }
}

/// What happened between a collector and a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallEventKind {
    /// The collector placed a call. A ringless voicemail is one; a text message or an e-mail is not.
    Placed(PlacedOutcome),
    /// The collector sent a text message; counted by rules that count texts.
    Texted,
    /// The person called.
    Received {
        /// Whether they spoke about the debt.
        is_conversation: bool,
    },
    /// The person agreed to calls, directly to the collector.
    ConsentGiven {
        /// For so many dates, if the person said so; the rule's most otherwise.
        days: Option<u16>,
    },
    /// The person took the consent back.
    ConsentRevoked,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallEvent {
    /// The date, by the person's calendar.
    pub on: Date,
    /// What happened.
    pub kind: CallEventKind,
    /// With whom.
    pub person: CustomerId,
    /// What that person is to the debts.
    pub role: CallRole,
    /// The debts that it was about. Student loans that are serviced under one account number are one debt.
    pub debts: Vec<AgreementId>,
}

/// A call that is to be placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedCall {
    /// The date, by the person's calendar.
    pub on: Date,
    /// To whom.
    pub person: CustomerId,
    /// What that person is to the debts.
    pub role: CallRole,
    /// About which debts; the strictest of them decides.
    pub debts: Vec<AgreementId>,
}

/// Why a call is presumed to violate the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// Too many calls within the window.
    TooMany {
        /// Calls in it so far.
        calls: u32,
    },
    /// Too soon after a conversation.
    AfterConversation {
        /// The date of the last conversation.
        spoke_on: Date,
    },
}

/// What the rule says of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presumption {
    /// The call does not count.
    Excluded,
    /// The call is presumed to comply.
    Compliance,
    /// The call is presumed to violate.
    Violation {
        /// Why.
        excess: Excess,
        /// The first date on which neither holds, if nothing else happens.
        earliest_on: Date,
    },
}

impl CallFrequency {
    /// What is presumed of the call, given all that happened before it.
    #[must_use]
    pub fn presume(&self, history: &[CallEvent], call: &ProposedCall) -> Presumption {
        let past: Vec<&CallEvent> = history.iter().filter(|event| event.on <= call.on).collect();
        let has_consent = |debt: &AgreementId| self.consents(&past, call.person, *debt, call.on);
        if !call.role.is_counted() || (!call.debts.is_empty() && call.debts.iter().all(has_consent)) {
            return Presumption::Excluded;
        }
        let mut worst: Option<(Excess, Date)> = None;
        for debt in call.debts.iter().filter(|debt| !has_consent(debt)) {
            for (excess, earliest_on) in self.excesses(&past, call, *debt) {
                if worst.is_none_or(|(_, latest)| latest < earliest_on) {
                    worst = Some((excess, earliest_on));
                }
            }
        }
        match worst {
            Some((excess, earliest_on)) => Presumption::Violation { excess, earliest_on },
            None => Presumption::Compliance,
        }
    }

    /// What stands against the call about one debt, each with the date on which it has passed.
    fn excesses(&self, past: &[&CallEvent], call: &ProposedCall, debt: AgreementId) -> Vec<(Excess, Date)> {
        let mut found = Vec::new();
        let about = |event: &CallEvent| event.person == call.person && event.debts.contains(&debt);
        let spoke = past.iter().filter(|event| about(event) && is_conversation(event.kind));
        if let Some(spoke_on) = spoke.map(|event| event.on).max() {
            let free_on = spoke_on.plus_days(i32::from(self.gap_days));
            if call.on < free_on {
                found.push((Excess::AfterConversation { spoke_on }, free_on));
            }
        }
        let window = i32::from(self.window_days);
        let mut counted: Vec<Date> = past
            .iter()
            .enumerate()
            .filter(|(index, event)| {
                about(event)
                    && event.on > call.on.plus_days(-window)
                    && event.role.is_counted()
                    && self.counts(event.kind)
                    && !self.consents(&past[..*index], call.person, debt, event.on)
            })
            .map(|(_, event)| event.on)
            .collect();
        counted.sort_unstable();
        let calls = u32::try_from(counted.len()).unwrap_or(u32::MAX);
        if calls >= self.calls_max {
            // One more fits once so many have left the window that fewer than the most are in it.
            let leaving = (calls - self.calls_max) as usize;
            let free_on = counted.get(leaving).map_or(call.on, |on| on.plus_days(window));
            found.push((Excess::TooMany { calls }, free_on));
        }
        found
    }

    fn counts(&self, kind: CallEventKind) -> bool {
        match kind {
            CallEventKind::Placed(outcome) => outcome.is_connected(),
            CallEventKind::Texted => self.counts_texts,
            CallEventKind::Received { .. }
            | CallEventKind::ConsentGiven { .. }
            | CallEventKind::ConsentRevoked => false,
        }
    }

    /// Whether a consent to calls about `debt` is in force on `on`, after the events in `past`.
    ///
    /// A later conversation ends it, and so does its revocation (comment 14(b)(3)(i)-2).
    fn consents(&self, past: &[&CallEvent], person: CustomerId, debt: AgreementId, on: Date) -> bool {
        let mut through: Option<Date> = None;
        for event in past {
            if event.person != person || !event.debts.contains(&debt) {
                continue;
            }
            match event.kind {
                CallEventKind::ConsentGiven { days } => {
                    let most = self.consent_days_max;
                    let days = days.map_or(most, |days| days.min(most));
                    through = Some(event.on.plus_days(i32::from(days) - 1));
                }
                CallEventKind::ConsentRevoked => through = None,
                CallEventKind::Placed(_) | CallEventKind::Texted | CallEventKind::Received { .. } => {
                    if is_conversation(event.kind) {
                        through = None;
                    }
                }
            }
        }
        through.is_some_and(|through| on <= through)
    }
}

fn is_conversation(kind: CallEventKind) -> bool {
    matches!(
        kind,
        CallEventKind::Placed(PlacedOutcome::Conversation)
            | CallEventKind::Received { is_conversation: true }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    const RULE: CallFrequency =
        CallFrequency { calls_max: 7, window_days: 7, gap_days: 7, consent_days_max: 7, counts_texts: false };
    const PERSON: CustomerId = CustomerId([1; 16]);

    fn debt(number: u8) -> AgreementId {
        AgreementId([number; 16])
    }

    fn march(day: i32) -> Date {
        Date::parse("2026-03-01").expect("a day of the calendar").plus_days(day - 1)
    }

    fn event(day: i32, kind: CallEventKind) -> CallEvent {
        CallEvent { on: march(day), kind, person: PERSON, role: CallRole::Consumer, debts: vec![debt(1)] }
    }

    fn placed(day: i32, outcome: PlacedOutcome) -> CallEvent {
        event(day, CallEventKind::Placed(outcome))
    }

    fn check(history: &[CallEvent], day: i32, expected: Expect) {
        let call =
            ProposedCall { on: march(day), person: PERSON, role: CallRole::Consumer, debts: vec![debt(1)] };
        expected.assert_eq(&match RULE.presume(history, &call) {
            Presumption::Excluded => "excluded".to_owned(),
            Presumption::Compliance => "compliance".to_owned(),
            Presumption::Violation { excess: Excess::TooMany { calls }, earliest_on } => {
                format!("violation: {calls} calls, from {earliest_on}")
            }
            Presumption::Violation { excess: Excess::AfterConversation { spoke_on }, earliest_on } => {
                format!("violation: spoke on {spoke_on}, from {earliest_on}")
            }
        });
    }

    #[test]
    fn texts_count_where_the_rule_says_so() {
        let rule = CallFrequency { calls_max: 2, counts_texts: true, ..RULE };
        let history = [event(2, CallEventKind::Texted), placed(4, PlacedOutcome::Unanswered)];
        let call = |day| ProposedCall {
            on: march(day),
            person: PERSON,
            role: CallRole::Consumer,
            debts: vec![debt(1)],
        };
        let excess = Excess::TooMany { calls: 2 };
        let earliest_on = march(9);
        assert_eq!(rule.presume(&history, &call(8)), Presumption::Violation { excess, earliest_on });
        assert_eq!(rule.presume(&history, &call(9)), Presumption::Compliance);
        let calls_only = CallFrequency { counts_texts: false, ..rule };
        assert_eq!(calls_only.presume(&history, &call(8)), Presumption::Compliance);
    }

    #[test]
    fn seven_calls_in_seven_dates_are_presumed_to_comply_and_the_eighth_is_not() {
        let calls: Vec<CallEvent> = (2..=8).map(|day| placed(day, PlacedOutcome::Unanswered)).collect();
        check(&calls[..6], 8, expect!["compliance"]);
        check(&calls, 8, expect!["violation: 7 calls, from 2026-03-09"]);
        check(&calls, 9, expect!["compliance"]);
    }

    #[test]
    fn busy_lines_and_other_debts_do_not_count() {
        let mut calls: Vec<CallEvent> = (2..=7).map(|day| placed(day, PlacedOutcome::Voicemail)).collect();
        calls.push(placed(8, PlacedOutcome::Busy));
        check(&calls, 8, expect!["compliance"]);
        calls.push(CallEvent { debts: vec![debt(2)], ..placed(8, PlacedOutcome::Unanswered) });
        check(&calls, 8, expect!["compliance"]);
        calls.push(placed(8, PlacedOutcome::Dropped));
        check(&calls, 8, expect!["violation: 7 calls, from 2026-03-09"]);
    }

    #[test]
    fn after_a_conversation_on_either_side_no_call_for_seven_dates() {
        let history = [event(2, CallEventKind::Received { is_conversation: true })];
        check(&history, 2, expect!["violation: spoke on 2026-03-02, from 2026-03-09"]);
        check(&history, 8, expect!["violation: spoke on 2026-03-02, from 2026-03-09"]);
        check(&history, 9, expect!["compliance"]);
        check(&history, 1, expect!["compliance"]);
    }

    #[test]
    fn consent_excludes_calls_until_it_ends_is_revoked_or_was_talked_about() {
        let consent = |days| event(2, CallEventKind::ConsentGiven { days });
        check(&[consent(Some(3))], 4, expect!["excluded"]);
        check(&[consent(Some(3))], 5, expect!["compliance"]);
        check(&[consent(Some(30))], 8, expect!["excluded"]);
        check(&[consent(Some(30))], 9, expect!["compliance"]);
        check(&[consent(None), event(4, CallEventKind::ConsentRevoked)], 3, expect!["excluded"]);
        check(&[consent(None), event(4, CallEventKind::ConsentRevoked)], 5, expect!["compliance"]);
        let spoke = placed(4, PlacedOutcome::Conversation);
        check(&[consent(None), spoke], 5, expect!["violation: spoke on 2026-03-04, from 2026-03-11"]);
    }

    #[test]
    fn calls_under_a_consent_are_not_counted_later() {
        let mut history = vec![event(2, CallEventKind::ConsentGiven { days: Some(2) })];
        history.extend((2..=8).map(|day| placed(day, PlacedOutcome::Unanswered)));
        check(&history, 8, expect!["compliance"]);
    }

    #[test]
    fn an_attorney_may_be_called_as_often_as_needed() {
        let role = CallRole::ConsumersAttorney;
        let call = ProposedCall { on: march(8), person: PERSON, role, debts: vec![debt(1)] };
        assert_eq!(RULE.presume(&[], &call), Presumption::Excluded);
    }
}

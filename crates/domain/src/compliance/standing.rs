//! What rules say of who the person is to the debt, of visits, attorneys, known inconvenience and call frequency.

use jiff::tz::TimeZone;

use super::{
    CallFrequency, CallRole, ContactRequest, ContactRules, DebtorState, DenialCause, Excess, Finding,
    InconvenientTime, Presumption, ProposedCall, Purpose, Visit, minute_in, moment_in, start_of, zones,
};
use crate::contact::{Channel, Party};
use crate::date::Timestamp;

/// Who may be told of the debt, and who may only be asked for the debtor (CN-4).
pub(super) fn third_party_findings(rules: &ContactRules, request: &ContactRequest, found: &mut Vec<Finding>) {
    let circumstances = &request.circumstances;
    let party = request.party;
    // Nobody can allow a contact person to be told, even where the rule is switched off.
    if party == Party::ContactPerson {
        let asks_only = circumstances.purpose == Purpose::Locate;
        let Some(states) = rules.locating.enabled().filter(|_| asks_only) else {
            found.push(Finding::new(&rules.may_be_told, DenialCause::NotToBeTold { party }, None));
            return;
        };
        if !states.contains(&circumstances.debtor) || circumstances.debtor == DebtorState::Reachable {
            found.push(Finding::new(&rules.locating, DenialCause::DebtorReachable, None));
        }
        if request.opted_out.contains(&request.channel) {
            let cause = DenialCause::OptedOut { channel: request.channel };
            found.push(Finding::new(&rules.locating, cause, None));
        }
        if circumstances.discloses_debt {
            found.push(Finding::new(&rules.locating, DenialCause::TellsOfDebt { party }, None));
        }
        return;
    }
    if rules.may_be_told.enabled().is_some_and(|parties| !parties.contains(&party)) {
        found.push(Finding::new(&rules.may_be_told, DenialCause::NotToBeTold { party }, None));
    } else if party == Party::RelatedThirdParty && !circumstances.is_household_debt_documented {
        found.push(Finding::new(&rules.may_be_told, DenialCause::NotDocumented { party }, None));
    }
}

/// Nobody speaks of the debt to a person who has died or cannot act, nor past the administrator of a bankruptcy.
/// Guarantors answer for themselves.
pub(super) fn debtor_findings(request: &ContactRequest, found: &mut Vec<Finding>) {
    let state = request.circumstances.debtor;
    let concerns = match state {
        DebtorState::Reachable | DebtorState::Unreachable => false,
        DebtorState::Deceased | DebtorState::Incapacitated => request.party == Party::Borrower,
        DebtorState::Bankrupt => matches!(request.party, Party::Borrower | Party::CoBorrower),
        DebtorState::Restricted => true,
    };
    if concerns {
        found.push(Finding::of_fact("debtor", DenialCause::Debtor { state }));
    }
}

/// A person with an attorney is not contacted past the attorney (12 CFR 1006.6(b)(2)).
pub(super) fn attorney_findings(rules: &ContactRules, request: &ContactRequest, found: &mut Vec<Finding>) {
    let Some(representation) = request.circumstances.representation else { return };
    let goes_to_attorney = request.circumstances.call_role == CallRole::ConsumersAttorney;
    let is_free = representation.attorney_consents || representation.attorney_is_silent || goes_to_attorney;
    if rules.attorney.is_enabled && !is_free {
        found.push(Finding::new(&rules.attorney, DenialCause::Represented, None));
    }
}

/// Times and places known to be inconvenient (12 CFR 1006.6(b)(1)).
pub(super) fn inconvenient_findings(
    rules: &ContactRules,
    request: &ContactRequest,
    at: Timestamp,
    found: &mut Vec<Finding>,
) {
    if !rules.inconvenient_times.is_enabled {
        return;
    }
    for time in &request.circumstances.inconvenient_times {
        for zone in zones(rules, request).filter(|zone| is_within(time, at, zone)) {
            let today = at.date_in(zone);
            let is_before_end = minute_in(at, zone) < time.window.end_minute;
            let ends_on = if is_before_end { today } else { today.plus_days(1) };
            let ends_at = moment_in(ends_on, time.window.end_minute, zone);
            let cause = DenialCause::InconvenientTime { window: time.window };
            found.push(Finding::new(&rules.inconvenient_times, cause, Some(ends_at)));
        }
    }
    if request.circumstances.is_inconvenient_place {
        found.push(Finding::new(&rules.inconvenient_times, DenialCause::InconvenientPlace, None));
    }
}

fn is_within(time: &InconvenientTime, at: Timestamp, zone: &TimeZone) -> bool {
    let is_day = time.weekdays.is_empty() || time.weekdays.contains(&at.civil(zone).weekday());
    is_day && time.window.contains(minute_in(at, zone))
}

/// The later moments of the day at which a time known to be inconvenient begins.
pub(super) fn inconvenient_edges<'r>(
    rules: &'r ContactRules,
    request: &'r ContactRequest,
    now: Timestamp,
) -> impl Iterator<Item = Timestamp> + 'r {
    let times =
        request.circumstances.inconvenient_times.iter().filter(|_| rules.inconvenient_times.is_enabled);
    times.flat_map(move |time| {
        zones(rules, request).filter_map(move |zone| {
            let begins_at = moment_in(now.date_in(zone), time.window.start_minute, zone);
            (begins_at > now && is_within(time, begins_at, zone)).then_some(begins_at)
        })
    })
}

/// At least so many collectors, and nobody enters without leave (CN-5).
pub(super) fn visit_findings(rules: &ContactRules, visit: &Visit, found: &mut Vec<Finding>) {
    let Some(least) = rules.visits.enabled().copied() else { return };
    if visit.visitors < least {
        let cause = DenialCause::TooFewVisitors { visitors: visit.visitors, least };
        found.push(Finding::new(&rules.visits, cause, None));
    }
    if visit.enters_private_premises && !visit.has_consent_to_enter {
        found.push(Finding::new(&rules.visits, DenialCause::NoLeaveToEnter, None));
    }
}

/// How often a person may be called about the debt (12 CFR 1006.14(b)).
pub(super) fn call_frequency_findings(
    rules: &ContactRules,
    request: &ContactRequest,
    at: Timestamp,
    found: &mut Vec<Finding>,
) {
    let is_asked = |rule: &&CallFrequency| match request.channel {
        Channel::Voice => true,
        Channel::Sms => rule.counts_texts,
        Channel::Email | Channel::Push | Channel::Letter => false,
    };
    let Some(rule) = rules.call_frequency.enabled().filter(is_asked) else { return };
    let call = ProposedCall {
        on: at.date_in(&request.zone),
        person: request.customer,
        role: request.circumstances.call_role,
        debts: vec![request.agreement],
    };
    if let Presumption::Violation { excess, earliest_on } = rule.presume(&request.circumstances.calls, &call)
    {
        let cause = match excess {
            Excess::TooMany { calls } => {
                DenialCause::CallFrequency { calls, with_texts: rule.counts_texts, earliest_on }
            }
            Excess::AfterConversation { spoke_on } => DenialCause::ConversationGap { spoke_on, earliest_on },
        };
        found.push(Finding::new(&rules.call_frequency, cause, Some(start_of(earliest_on, request))));
    }
}

/// Texts go to numbers that were proved to be the person's (12 CFR 1006.6(d)(5)).
pub(super) fn number_findings(rules: &ContactRules, request: &ContactRequest, found: &mut Vec<Finding>) {
    let Some(days) = rules.number_proof_days.enabled().copied() else { return };
    if request.channel == Channel::Sms && !request.circumstances.number_proof.is_within(days) {
        found.push(Finding::new(&rules.number_proof_days, DenialCause::NumberNotProved { days }, None));
    }
}

//! Whom to reach, and by what: the channel and contact point of a contact that is due, or why there is none.

use super::{Choice, DayAgreement, DayPolicy};
use crate::circumstance::Known;
use crate::compliance::{self, ContactRequest, ContactRules, channel_zh};
use crate::contact::{Channel, ContactPointState, Party};
use crate::date::{Date, Timestamp};
use crate::fallback::{FallbackCause, FallbackRule, next_channels};
use crate::id::{AgreementId, ContactPointId, CustomerId};
use crate::pause::{self, Pause, PauseSubject};
use crate::reason::Reason;
use crate::strategy::{Outcome, Row};
use crate::verdict::{ContactPointView, Evidence, both_languages};

/// The person on whom contact is decided.
#[derive(Clone, Copy)]
pub struct Person<'a> {
    /// All contact points, removed ones included.
    pub points: &'a [ContactPointView],
    /// What is known besides the debt.
    pub known: &'a Known,
    /// The zone where the person lives.
    pub zone: &'a jiff::tz::TimeZone,
    /// Its IANA name.
    pub zone_name: &'a str,
}

impl Person<'_> {
    /// The packs of `packs` that apply to contact with the person about an agreement of `product` on `day`.
    #[must_use]
    pub fn packs<'r>(&self, packs: &[&'r ContactRules], product: &str, day: Date) -> Vec<&'r ContactRules> {
        compliance::applying(packs.iter().copied(), product, self.known.place(day), self.zone_name)
    }
}

/// Why a channel is not used, its proof, and the day on which it may be tried again, if known.
type Refusal = (Reason, Evidence, Option<Date>);

/// Finds the channel and contact point for a contact that is due, or why there is none.
///
/// Where all that stands in the way is that there is no number or address, the row's rules for that case name further
/// channels; so do those rules, and those for what failed, of a channel that no provider serves. Such a channel is used only
/// where there is no other way: its message waits until somebody serves it.
#[must_use]
pub fn choose(
    policy: &DayPolicy<'_>,
    agreement: &DayAgreement<'_>,
    row: &Row,
    person: &Person<'_>,
) -> Choice {
    let Outcome::Contact { channels, next_contact_days, fallback, .. } = &row.outcome else {
        unreachable!("only a row that asks for contact is chosen for");
    };
    let bucket = &agreement.terms.buckets[agreement.arrears.bucket_index].name;
    let mut held: Option<&Pause> = None;
    let mut refusals: Vec<(Channel, Refusal)> = Vec::new();
    let mut unserved: Vec<(Channel, (ContactPointId, Timestamp))> = Vec::new();
    let mut asked = channels.clone();
    while !asked.is_empty() {
        let (up, down): (Vec<Channel>, Vec<Channel>) =
            asked.iter().partition(|channel| !policy.channels_down.contains(channel));
        // A channel that is down is tried after the others, and used if it is the only one: the message waits.
        for channel in up.into_iter().chain(down) {
            let subject = PauseSubject { channel, product: &agreement.terms.product, bucket };
            if let Some(refusal) = rests(policy, agreement, person, channel) {
                refusals.push((channel, refusal));
                continue;
            }
            if let Some(pause) = pause::applying(policy.pauses, &subject, policy.business_date) {
                held = held.or(Some(pause));
                continue;
            }
            match by_channel(policy, agreement, person, channel) {
                Ok(found) if policy.channels_unserved.contains(&channel) => unserved.push((channel, found)),
                Ok((contact_point, not_before)) => {
                    let unserved = unserved.into_iter().map(|(channel, _)| channel).collect();
                    let made = Choice::Contact { channel, contact_point, not_before, unserved };
                    return agreement.waits_for_turn(policy).unwrap_or(made);
                }
                Err(refusal) => refusals.push((channel, refusal)),
            }
        }
        asked = if held.is_some() { Vec::new() } else { further_channels(fallback, &refusals, &unserved) };
    }
    if let Some((channel, (contact_point, not_before))) = unserved.first().copied() {
        let unserved = unserved.into_iter().map(|(channel, _)| channel).collect();
        let made = Choice::Contact { channel, contact_point, not_before, unserved };
        return agreement.waits_for_turn(policy).unwrap_or(made);
    }
    if let Some(pause) = held {
        let subject = PauseSubject { channel: channels[0], product: &agreement.terms.product, bucket };
        let free_on = pause::free_from(policy.pauses, &subject, policy.business_date).0;
        let free_on = free_on.max(pause.resumes_on().0).max(policy.business_date.0.plus_days(1));
        return Choice::Held { pause: pause.id, reason: Reason::of_pause(pause.kind), free_on };
    }
    let refusals = refusals.into_iter().map(|(_, refusal)| refusal);
    let strongest = refusals.min_by_key(|(reason, _, _)| refusal_rank(*reason));
    let (reason, evidence, retry_on) =
        strongest.unwrap_or((Reason::NoContactPoint, Evidence::Position, None));
    let spaced = policy.business_date.0.plus_days(i32::from(*next_contact_days));
    let retry_on = Some(retry_on.map_or(spaced, |retry_on| retry_on.min(spaced)));
    Choice::Silent { reason, evidence, retry_on }
}

/// The channels to take where nothing but the want of a number or address, or of a provider, stands in the way of those tried
/// so far.
fn further_channels<F>(
    rules: &[FallbackRule],
    refusals: &[(Channel, Refusal)],
    unserved: &[(Channel, F)],
) -> Vec<Channel> {
    let is_about_point = |reason: Reason| {
        matches!(reason, Reason::NoContactPoint | Reason::ContactPointRemoved | Reason::ContactPointInvalid)
    };
    if !refusals.iter().all(|(_, (reason, _, _))| is_about_point(*reason)) {
        return Vec::new();
    }
    let refused = refusals.iter().map(|(channel, _)| (*channel, FallbackCause::NoContactPoint));
    let passed = unserved.iter().flat_map(|(channel, _)| {
        [(*channel, FallbackCause::Failed), (*channel, FallbackCause::NoContactPoint)]
    });
    let causes: Vec<(Channel, FallbackCause)> = refused.chain(passed).collect();
    let mut tried: Vec<Channel> = causes.iter().map(|(channel, _)| *channel).collect();
    let mut further = Vec::new();
    for (channel, cause) in causes {
        let next = next_channels(rules, cause, channel, &tried);
        tried.extend(&next);
        further.extend(next);
    }
    further
}

/// Why a channel rests for the agreement, by a gentler mode or after a complaint.
fn rests(
    policy: &DayPolicy<'_>,
    agreement: &DayAgreement<'_>,
    person: &Person<'_>,
    channel: Channel,
) -> Option<Refusal> {
    let is_overdue = agreement.arrears.overdue_due_on.is_some();
    if let Some(mode) = agreement.mode(policy).filter(|mode| mode.leaves_out(channel) && is_overdue) {
        return Some((mode.reason, Evidence::Mode(mode.id), None));
    }
    let (evidence, free_on) = rests_after_complaint(policy, agreement, person, channel)?;
    Some((Reason::FewerCalls, evidence, Some(free_on)))
}

/// The contact point for a channel, and the moment from which on it may be used.
fn by_channel(
    policy: &DayPolicy<'_>,
    agreement: &DayAgreement<'_>,
    person: &Person<'_>,
    channel: Channel,
) -> Result<(ContactPointId, Timestamp), Refusal> {
    let moment = agreement.sends_from(policy);
    let asked = Contactable {
        packs: &policy.packs,
        product: &agreement.terms.product,
        agreement: agreement.id,
        customer: agreement.customer,
        person,
        moment,
        valid_until: moment.plus_seconds(policy.validity_hours * 3600),
    };
    let found = contactable(&asked, channel)?;
    if agreement.channels_full.contains(&channel) {
        return Err(full(policy, channel));
    }
    Ok(found)
}

/// The refusal of a channel whose limit for the day is used up; it is tried again the next day.
fn full(policy: &DayPolicy<'_>, channel: Channel) -> Refusal {
    let count = policy.strategy.settings.capacity_of(channel).unwrap_or(0);
    let strategy = &policy.strategy.name;
    let words = both_languages(
        &format!("{}当日额度{count}已用完（策略{strategy}）", channel_zh(channel)),
        &format!("{channel}: the limit of {count} a day by strategy {strategy} is used up"),
    );
    let reason = if channel == Channel::Voice { Reason::AgentCapacity } else { Reason::ChannelCapacity };
    (reason, Evidence::Rule(words), Some(policy.business_date.0.plus_days(1)))
}

/// Whether a channel rests for the customer because of a complaint, by which setting, and until when.
fn rests_after_complaint(
    policy: &DayPolicy<'_>,
    agreement: &DayAgreement<'_>,
    person: &Person<'_>,
    channel: Channel,
) -> Option<(Evidence, Date)> {
    let setting = policy.strategy.settings.after_complaint.as_ref()?;
    let today = policy.business_date.0;
    let latest = person.known.complained_on(agreement.id, today)?;
    let free_on = latest.plus_days(i32::from(setting.days));
    if !setting.channels.contains(&channel) || free_on <= today {
        return None;
    }
    let words = both_languages(
        &format!("{latest}有投诉，{channel}停用至{free_on}前"),
        &format!("complained on {latest}; {channel} rests until {free_on}"),
    );
    Some((Evidence::Rule(words), free_on))
}

/// Of several grounds over several channels the one is named that a person could do most about.
fn refusal_rank(reason: Reason) -> u8 {
    match reason {
        Reason::ContactPointRemoved => 0,
        Reason::ContactPointInvalid => 1,
        Reason::NoContactPoint => 5,
        Reason::OptedOut | Reason::OtherChannel | Reason::Refused => 4,
        // A death or a complaint speaks for all channels.
        Reason::Deceased | Reason::Incapacitated | Reason::Bankrupt | Reason::Attorney => 2,
        Reason::Restricted => 0,
        Reason::Complaint | Reason::Dispute | Reason::HardshipPlan | Reason::Promise => 2,
        _ => 3,
    }
}

/// Whom to reach, and by what, at a moment.
pub struct Contactable<'c> {
    /// The packs of contact rules in force, for whomever they apply to.
    pub packs: &'c [&'c ContactRules],
    /// The product of the agreement.
    pub product: &'c str,
    /// The agreement that it is about.
    pub agreement: AgreementId,
    /// The person's id.
    pub customer: CustomerId,
    /// The person.
    pub person: &'c Person<'c>,
    /// The moment of the decision.
    pub moment: Timestamp,
    /// The moment at which what is said goes out of date.
    pub valid_until: Timestamp,
}

/// The contact point for a channel, and the first lawful moment to use it.
///
/// # Errors
/// Why there is none: the reason, its proof, and the day on which it may be tried again, if known.
pub fn contactable(
    asked: &Contactable<'_>,
    channel: Channel,
) -> Result<(ContactPointId, Timestamp), (Reason, Evidence, Option<Date>)> {
    let person = asked.person;
    let mut serving: Vec<&ContactPointView> = person
        .points
        .iter()
        .filter(|point| {
            // A notice is written to the borrower; a guarantor, who may be told, is spoken to by agents.
            point.kind.serves(channel)
                && (point.party != Party::Guarantor || channel == Channel::Voice)
                && point.party != Party::ContactPerson
        })
        .collect();
    serving.sort_by_key(|point| {
        (point.state != ContactPointState::Active, point.party, point.priority, point.id)
    });
    let Some(first) = serving.first() else {
        return Err((Reason::NoContactPoint, Evidence::Position, None));
    };
    // One contact point a message: the best one stands for the channel, and its refusal is the channel's.
    let (zone, day) = (person.zone, asked.moment.date_in(person.zone));
    let about = (asked.agreement, asked.customer);
    let mut request = ContactRequest::at_point(first, channel, about, (zone, day), asked.valid_until);
    person.known.fill(&mut request, day);
    let packs = person.packs(asked.packs, asked.product, day);
    match compliance::plan(&packs, &request, asked.moment) {
        Ok(permit) => Ok((first.id, permit.not_before())),
        Err(denial) => {
            let reasons = denial.grounds.iter().map(|ground| Reason::of_denial(&ground.cause));
            let reason = reasons.min_by_key(|reason| refusal_rank(*reason)).expect("a denial has a ground");
            let is_about_point = matches!(reason, Reason::ContactPointRemoved | Reason::ContactPointInvalid);
            let evidence = if is_about_point {
                Evidence::ContactPoint(first.id)
            } else {
                Evidence::Rule(denial.words())
            };
            Err((reason, evidence, denial.next_lawful.map(|moment| moment.date_in(zone))))
        }
    }
}

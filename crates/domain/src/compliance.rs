//! The guard: whether a message may be sent to this person now, by the rules of all packs that apply.
//!
//! Asked twice: [`plan`] when a contact is decided, and [`clear`] at the moment of sending. Only [`clear`]
//! makes a [`ClearedMessage`], the one thing that `delivery` takes. Promises that a refusal carries all of
//! its grounds, and the next lawful moment where each ground has an end.
//!
//! A visit is judged like a message by [`permit`], with its facts among the circumstances; caps of messages and
//! calls do not concern it.

mod call_frequency;
mod circumstances;
mod cleared;
mod denial;
mod place;
mod rules;
mod standing;
mod wording;
mod words;

pub use call_frequency::{
    CallEvent, CallEventKind, CallFrequency, CallRole, Excess, PlacedOutcome, Presumption, ProposedCall,
};
pub use circumstances::{
    Circumstances, DebtorState, InconvenientTime, NumberProof, Purpose, Representation, Visit,
};
pub use cleared::ClearedMessage;
pub use denial::{Denial, DenialCause, Ground};
pub use place::{AppliesTo, Clocks, Place, applying};
pub use rules::{Confidence, ContactRules, DayWindow, HoldKind, Rule, Strength};
pub(crate) use wording::simplified;
pub use wording::{ForbiddenWording, ForbiddenWords, PlainText, narrow};
pub(crate) use words::channel_zh;

use jiff::tz::TimeZone;

use crate::contact::{Channel, ContactPointKind, ContactPointState, Language, Party, Personal};
use crate::date::{Date, Timestamp};
use crate::id::{AgreementId, AttemptId, ContactPointId, CustomerId, MessageId};
use crate::message::{BudgetUse, CallOutcome, Counter};
use crate::verdict::ContactPointView;

/// How often a person was contacted on one day of their calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayCounts {
    day: Date,
    numbers: [u32; Counter::ALL.len()],
}

impl DayCounts {
    /// Nothing yet on `day` (by the calendar of the person's zone).
    #[must_use]
    pub fn new(day: Date) -> Self {
        Self { day, numbers: [0; Counter::ALL.len()] }
    }

    /// The same with `counter` at `number`.
    #[must_use]
    pub fn with(mut self, counter: Counter, number: u32) -> Self {
        self.numbers[counter as usize] = number;
        self
    }

    /// The counts of calls on `day`, as a call to `contact_point` sees them.
    ///
    /// Calls that come in are not ours and do not count; who of lender and agencies placed one does not matter.
    #[must_use]
    pub fn of_calls(day: Date, calls: &[DayCall], contact_point: ContactPointId) -> Self {
        let placed = || calls.iter().filter(|call| !call.is_inbound);
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let effective = placed().filter(|call| call.outcome == CallOutcome::Effective).count();
        let unanswered = placed().filter(|call| {
            call.outcome == CallOutcome::Unanswered && call.contact_point.is_none_or(|at| at == contact_point)
        });
        Self::new(day)
            .with(Counter::Voice, count(placed().count()))
            .with(Counter::VoiceEffective, count(effective))
            .with(Counter::VoiceUnanswered, count(unanswered.count()))
    }

    /// What `counter` stands at on `day`: counts of another day are none.
    #[must_use]
    pub fn on(&self, counter: Counter, day: Date) -> u32 {
        if self.day == day { self.numbers[counter as usize] } else { 0 }
    }
}

/// A call of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayCall {
    /// Whether the person called us.
    pub is_inbound: bool,
    /// What became of it.
    pub outcome: CallOutcome,
    /// The number, where it is known; an unknown one counts for every number.
    pub contact_point: Option<ContactPointId>,
}

/// A time of rest for contact with a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Why.
    pub kind: HoldKind,
    /// The last day of it, in the customer's zone; `None` while no end is known.
    pub through: Option<Date>,
}

/// Who is to be contacted, where, by what, and all that the rules ask about.
#[derive(Clone, Debug)]
pub struct ContactRequest {
    /// The message.
    pub message: MessageId,
    /// The attempt to send it.
    pub attempt: AttemptId,
    /// The agreement that it is about.
    pub agreement: AgreementId,
    /// The person who is contacted and whose daily budget is used; not always the borrower.
    pub customer: CustomerId,
    /// The medium.
    pub channel: Channel,
    /// What the person is to the debt.
    pub party: Party,
    /// The number or address.
    pub contact_point: ContactPointId,
    /// Its kind.
    pub contact_point_kind: ContactPointKind,
    /// Whether it may be used.
    pub contact_point_state: ContactPointState,
    /// Channels that the person opted out of.
    pub opted_out: Vec<Channel>,
    /// Times of rest that were set for the person.
    pub holds: Vec<Hold>,
    /// The day of the last contact about this agreement before this one, in the person's zone.
    pub last_contacted_on: Option<Date>,
    /// How often the person was contacted today over all agreements; `VoiceUnanswered` is for this number.
    pub counts: DayCounts,
    /// Hours that the person agreed to be contacted in, besides those that are lawful anyway.
    pub agreed_windows: Vec<DayWindow>,
    /// The zone that the person lives in.
    pub zone: TimeZone,
    /// The moment at which what the message says goes out of date.
    pub valid_until: Timestamp,
    /// What else rules ask about.
    pub circumstances: Circumstances,
}

impl ContactRequest {
    /// A request to reach `customer` at `point` about `agreement`, on a day of the person's `zone`, before anything else is
    /// known of the person: nothing counted, no rest, no refusal. Message and attempt are the caller's to name.
    #[must_use]
    pub fn at_point(
        point: &ContactPointView,
        channel: Channel,
        (agreement, customer): (AgreementId, CustomerId),
        (zone, day): (&TimeZone, Date),
        valid_until: Timestamp,
    ) -> Self {
        Self {
            message: MessageId([0; 16]),
            attempt: AttemptId([0; 16]),
            agreement,
            customer,
            channel,
            party: point.party,
            contact_point: point.id,
            contact_point_kind: point.kind,
            contact_point_state: point.state,
            opted_out: Vec::new(),
            holds: Vec::new(),
            last_contacted_on: None,
            counts: DayCounts::new(day),
            agreed_windows: Vec::new(),
            zone: zone.clone(),
            valid_until,
            circumstances: Circumstances::default(),
        }
    }
}

/// What is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The number or address.
    pub recipient: Personal,
    /// The subject line; empty for channels without one.
    pub subject: Personal,
    /// The text; never empty.
    pub body: Personal,
    /// The language of subject and text.
    pub language: Language,
    /// The name of the template; a recording is chosen by it.
    pub template: String,
}

/// Leave to send one message within a span of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    not_before: Timestamp,
    expires_at: Timestamp,
    budget: Vec<BudgetUse>,
}

impl Permit {
    /// The first moment at which it may be sent.
    #[must_use]
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// The first later moment at which it may not be sent any more: hours of rest, the end of the day whose
    /// budget it uses, or the end of the message's own validity.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// The daily budgets that it uses up.
    #[must_use]
    pub fn budget(&self) -> &[BudgetUse] {
        &self.budget
    }
}

/// Whether the message may be sent at `now` by all of `packs`: the strictest wins.
///
/// # Errors
/// A [`Denial`] with every ground.
pub fn permit(packs: &[&ContactRules], request: &ContactRequest, now: Timestamp) -> Result<Permit, Denial> {
    let mut findings = findings(packs, request, now);
    if request.valid_until <= now {
        let cause = DenialCause::TooLate { valid_until: request.valid_until };
        findings.push(Finding::of_fact("validity", cause));
    }
    if findings.is_empty() {
        let day = now.date_in(&request.zone);
        let expires_at = lawful_until(packs, request, now).min(request.valid_until);
        return Ok(Permit { not_before: now, expires_at, budget: budgets(packs, request, day) });
    }
    Err(denial(packs, request, now, findings))
}

/// The permit for the first lawful moment from `now` on that the message can still wait for.
///
/// # Errors
/// A [`Denial`] for `now` when there is no such moment before the message goes out of date.
pub fn plan(packs: &[&ContactRules], request: &ContactRequest, now: Timestamp) -> Result<Permit, Denial> {
    permit(packs, request, now).or_else(|denial| match denial.next_lawful {
        Some(moment) if moment < request.valid_until => permit(packs, request, moment).map_err(|_| denial),
        Some(_) | None => Err(denial),
    })
}

/// Leave to hand `content` to a provider now, as the only thing that a provider is ever given.
///
/// # Errors
/// A [`Denial`] with every ground, forbidden words and an empty address included.
///
/// # Panics
/// When the text is empty: rendering a template refuses that.
pub fn clear(
    packs: &[&ContactRules],
    request: &ContactRequest,
    content: Content,
    now: Timestamp,
) -> Result<ClearedMessage, Denial> {
    assert!(!content.body.reveal().trim().is_empty(), "a rendered text is never empty");
    let content_findings = content_findings(packs, request, &content);
    let permit = match permit(packs, request, now) {
        Ok(permit) if content_findings.is_empty() => permit,
        Ok(_) => return Err(denial(packs, request, now, content_findings)),
        Err(mut refusal) => {
            if !content_findings.is_empty() {
                refusal.grounds.splice(0..0, content_findings.into_iter().map(|finding| finding.ground));
                refusal.next_lawful = None;
            }
            return Err(refusal);
        }
    };
    Ok(ClearedMessage {
        id: request.message,
        attempt: request.attempt,
        channel: request.channel,
        recipient: content.recipient,
        subject: content.subject,
        body: content.body,
        language: content.language,
        template: content.template,
        cleared_at: now,
        expires_at: permit.expires_at,
        budget: permit.budget,
    })
}

/// A ground, and the moment at which it passes by itself.
struct Finding {
    ground: Ground,
    ends_at: Option<Timestamp>,
}

impl Finding {
    fn new<P>(rule: &Rule<P>, cause: DenialCause, ends_at: Option<Timestamp>) -> Self {
        let pack = String::new();
        Self { ground: Ground { pack, rule: rule.id.clone(), strength: rule.strength, cause }, ends_at }
    }

    /// A plain fact, which no rule of law needs to say.
    fn of_fact(name: &str, cause: DenialCause) -> Self {
        let (pack, rule) = (String::new(), name.to_owned());
        Self { ground: Ground { pack, rule, strength: Strength::MustNot, cause }, ends_at: None }
    }

    fn of_contact_point(cause: DenialCause) -> Self {
        Self::of_fact("contact-point", cause)
    }
}

fn denial(
    packs: &[&ContactRules],
    request: &ContactRequest,
    now: Timestamp,
    mut findings: Vec<Finding>,
) -> Denial {
    findings.sort_by_key(|finding| finding.ends_at.is_some());
    let next_lawful = next_lawful(packs, request, &findings);
    let grounds = findings.into_iter().map(|finding| finding.ground).collect();
    Denial { message: request.message, agreement: request.agreement, at: now, grounds, next_lawful }
}

/// The moment when all that stands against it has passed. One ground's end may lie within another (a new
/// day begins in the hours of rest), so the rules are asked again until they are silent.
fn next_lawful(packs: &[&ContactRules], request: &ContactRequest, first: &[Finding]) -> Option<Timestamp> {
    // Hours of rest, a cap, an interval and a hold can follow on one another; more rounds than that would
    // mean that there is no lawful moment, such as when the hours of rest of two packs fill the day.
    const ROUNDS_MAX: usize = 16;
    let last_end = |found: &[Finding]| found.iter().filter_map(|finding| finding.ends_at).max();
    if first.iter().any(|finding| finding.ends_at.is_none()) {
        return None;
    }
    let mut moment = last_end(first)?;
    for _ in 0..ROUNDS_MAX {
        let later = findings(packs, request, moment);
        if later.is_empty() {
            return Some(moment);
        }
        if later.iter().any(|finding| finding.ends_at.is_none()) {
            return None;
        }
        moment = last_end(&later)?;
    }
    None
}

/// All that stands against contact at `at`, the text and the message's validity left aside.
fn findings(packs: &[&ContactRules], request: &ContactRequest, at: Timestamp) -> Vec<Finding> {
    let mut found = Vec::new();
    if packs.is_empty() {
        found.push(Finding::of_fact("place", DenialCause::NoPack));
    }
    for rules in packs {
        let first = found.len();
        pack_findings(rules, request, at, &mut found);
        for finding in &mut found[first..] {
            finding.ground.pack = rules.full_name();
        }
    }
    standing::debtor_findings(request, &mut found);
    if request.circumstances.visit.is_none() {
        contact_point_findings(request, &mut found);
    }
    found
}

/// What one pack has against it.
fn pack_findings(rules: &ContactRules, request: &ContactRequest, at: Timestamp, found: &mut Vec<Finding>) {
    standing::third_party_findings(rules, request, found);
    person_findings(rules, request, at, found);
    time_findings(rules, request, at, found);
    standing::inconvenient_findings(rules, request, at, found);
    match &request.circumstances.visit {
        Some(visit) => standing::visit_findings(rules, visit, found),
        None => {
            cap_findings(rules, request, at, found);
            standing::call_frequency_findings(rules, request, at, found);
            standing::number_findings(rules, request, found);
        }
    }
}

fn person_findings(rules: &ContactRules, request: &ContactRequest, at: Timestamp, found: &mut Vec<Finding>) {
    standing::attorney_findings(rules, request, found);
    if rules.opt_out.is_enabled && request.opted_out.contains(&request.channel) {
        let cause = DenialCause::OptedOut { channel: request.channel };
        found.push(Finding::new(&rules.opt_out, cause, None));
    }
    let chosen = request.circumstances.chosen_channels.as_ref();
    if rules.opt_out.is_enabled && chosen.is_some_and(|chosen| !chosen.contains(&request.channel)) {
        let cause = DenialCause::ChoseOther { channel: request.channel };
        found.push(Finding::new(&rules.opt_out, cause, None));
    }
    let today = at.date_in(&request.zone);
    for hold in &request.holds {
        let rule = rules.holds.iter().find(|rule| rule.enabled() == Some(&hold.kind));
        let is_over = hold.through.is_some_and(|day| day < today);
        if let (Some(rule), false) = (rule, is_over) {
            let ends_at = hold.through.map(|day| start_of(day.plus_days(1), request));
            found.push(Finding::new(
                rule,
                DenialCause::Held { kind: hold.kind, through: hold.through },
                ends_at,
            ));
        }
    }
}

fn contact_point_findings(request: &ContactRequest, found: &mut Vec<Finding>) {
    let contact_point = request.contact_point;
    match request.contact_point_state {
        ContactPointState::Active => {}
        ContactPointState::Removed => {
            found.push(Finding::of_contact_point(DenialCause::ContactPointRemoved { contact_point }));
        }
        ContactPointState::Invalid => {
            found.push(Finding::of_contact_point(DenialCause::ContactPointInvalid { contact_point }));
        }
    }
    if !request.contact_point_kind.serves(request.channel) {
        let (kind, channel) = (request.contact_point_kind, request.channel);
        found.push(Finding::of_contact_point(DenialCause::WrongKind { kind, channel }));
    }
}

fn time_findings(rules: &ContactRules, request: &ContactRequest, at: Timestamp, found: &mut Vec<Finding>) {
    for zone in rest_zones(rules, request) {
        let Some(window) = quiet_at(rules, request, at, zone) else { continue };
        let local_minute = minute_in(at, zone);
        let cause = DenialCause::QuietHours { local_minute, window };
        let today = at.date_in(zone);
        let ends_on = if local_minute < window.end_minute { today } else { today.plus_days(1) };
        let ends_at = moment_in(ends_on, window.end_minute, zone);
        // Hours that the person agreed to may begin before the hours of rest end.
        let persons = agreed_by(rules, request, zone);
        let (today, minute) = (at.date_in(persons), minute_in(at, persons));
        let agreed = request.agreed_windows.iter().map(|agreed| {
            let begins_on = if minute < agreed.start_minute { today } else { today.plus_days(1) };
            moment_in(begins_on, agreed.start_minute, persons)
        });
        let ends_at = agreed.fold(ends_at, Timestamp::min);
        found.push(Finding::new(&rules.quiet_hours, cause, Some(ends_at)));
    }
    if let (Some(days), Some(last_on)) = (rules.interval_days.enabled(), request.last_contacted_on) {
        let earliest_on = last_on.plus_days(i32::from(*days));
        if at.date_in(&request.zone) < earliest_on {
            let cause = DenialCause::TooSoon { last_on, earliest_on };
            found.push(Finding::new(&rules.interval_days, cause, Some(start_of(earliest_on, request))));
        }
    }
}

fn cap_findings(rules: &ContactRules, request: &ContactRequest, at: Timestamp, found: &mut Vec<Finding>) {
    let today = at.date_in(&request.zone);
    for BudgetUse { counter, cap, .. } in budget(rules, request, today) {
        let count = request.counts.on(counter, today);
        if count < cap {
            continue;
        }
        // A cap of nothing does not pass with the day.
        let ends_at = (cap > 0).then(|| start_of(today.plus_days(1), request));
        found.push(match counter {
            Counter::VoiceEffective => {
                Finding::new(&rules.effective_calls, DenialCause::CallCap { today: count, cap }, ends_at)
            }
            Counter::VoiceUnanswered => Finding::new(
                &rules.unanswered_calls,
                DenialCause::UnansweredCap { today: count, cap },
                ends_at,
            ),
            Counter::Sms | Counter::Email | Counter::Push | Counter::Letter | Counter::Voice => {
                let cause = DenialCause::MessageCap { channel: request.channel, today: count, cap };
                Finding::new(&rules.message_caps, cause, ends_at)
            }
        });
    }
}

fn content_findings(packs: &[&ContactRules], request: &ContactRequest, content: &Content) -> Vec<Finding> {
    let mut found = Vec::new();
    if content.recipient.reveal().trim().is_empty() {
        let cause = DenialCause::NoAddress { contact_point: request.contact_point };
        found.push(Finding::of_contact_point(cause));
    }
    let (subject, body) = (PlainText::of(content.subject.reveal()), PlainText::of(content.body.reveal()));
    for rules in packs {
        let mut words = rules.forbidden_in_plain(&subject);
        words.extend(rules.forbidden_in_plain(&body));
        if !words.is_empty() {
            let words = words.into_iter().map(str::to_owned).collect();
            let mut finding = Finding::new(&rules.wording, DenialCause::Wording { words }, None);
            finding.ground.pack = rules.full_name();
            found.push(finding);
        }
    }
    found
}

/// The budgets that this contact uses up on `day`: of a counter that several packs cap, the lowest cap.
fn budgets(packs: &[&ContactRules], request: &ContactRequest, day: Date) -> Vec<BudgetUse> {
    let mut uses: Vec<BudgetUse> = Vec::new();
    for wanted in packs.iter().flat_map(|rules| budget(rules, request, day)) {
        match uses.iter_mut().find(|known| known.key == wanted.key) {
            Some(known) => known.cap = known.cap.min(wanted.cap),
            None => uses.push(wanted),
        }
    }
    uses
}

/// The budgets of one pack that this contact uses up on `day`.
fn budget(rules: &ContactRules, request: &ContactRequest, day: Date) -> Vec<BudgetUse> {
    let is_call = request.channel == Channel::Voice;
    let call_cap = |rule: &Rule<u32>| rule.enabled().copied().filter(|_| is_call);
    let caps = [
        (Counter::of_channel(request.channel), rules.message_cap(request.channel)),
        (Counter::VoiceEffective, call_cap(&rules.effective_calls)),
        (Counter::VoiceUnanswered, call_cap(&rules.unanswered_calls)),
    ];
    let customer = request.customer;
    let uses = caps.into_iter().filter_map(|(counter, cap)| {
        let key = counter.key(customer, request.contact_point);
        cap.map(|cap| BudgetUse { customer, counter, key, day, cap })
    });
    uses.collect()
}

/// The zones in which the person may be: where there are several, all of them count.
fn zones<'r>(rules: &'r ContactRules, request: &'r ContactRequest) -> impl Iterator<Item = &'r TimeZone> {
    let place = request.circumstances.place.as_ref();
    let of_place = rules.clocks.of_place(&rules.applies_to, place, &request.zone);
    let others = request.circumstances.other_zones.iter().chain(of_place);
    std::iter::once(&request.zone).chain(others.filter(|zone| **zone != request.zone))
}

/// The zones by whose clocks the hours of rest are kept.
fn rest_zones<'r>(
    rules: &'r ContactRules,
    request: &'r ContactRequest,
) -> impl Iterator<Item = &'r TimeZone> {
    let is_new = |zone: &&TimeZone| zones(rules, request).all(|known| known != *zone);
    zones(rules, request).chain(rules.clocks.always.iter().filter(is_new))
}

/// The hours of rest by the clock of `zone`, if `at` lies in them and the person did not agree to that hour, which counts by the
/// clock of each zone in which they may be.
fn quiet_at(
    rules: &ContactRules,
    request: &ContactRequest,
    at: Timestamp,
    zone: &TimeZone,
) -> Option<DayWindow> {
    let minute = minute_in(at, zone);
    let window = rules.quiet_hours.enabled().copied().filter(|window| window.contains(minute))?;
    let minute = minute_in(at, agreed_by(rules, request, zone));
    let is_agreed = request.agreed_windows.iter().any(|agreed| agreed.contains(minute));
    (!is_agreed).then_some(window)
}

/// The clock that a person agrees to hours by: a clock of the pack is none of theirs.
fn agreed_by<'r>(rules: &ContactRules, request: &'r ContactRequest, zone: &'r TimeZone) -> &'r TimeZone {
    if rules.clocks.always.contains(zone) { &request.zone } else { zone }
}

/// The first moment after `now` at which hours of rest of a pack, an inconvenient time or another day begin.
fn lawful_until(packs: &[&ContactRules], request: &ContactRequest, now: Timestamp) -> Timestamp {
    let tomorrow = start_of(now.date_in(&request.zone).plus_days(1), request);
    packs.iter().map(|rules| lawful_until_by(rules, request, now)).fold(tomorrow, Timestamp::min)
}

fn lawful_until_by(rules: &ContactRules, request: &ContactRequest, now: Timestamp) -> Timestamp {
    let quiet_start = rules.quiet_hours.enabled().map(|window| window.start_minute);
    let agreed_ends = request.agreed_windows.iter().map(|window| window.end_minute);
    let edges: Vec<u16> = quiet_start.into_iter().chain(agreed_ends).collect();
    let is_quiet = |edge: &Timestamp| {
        rest_zones(rules, request).any(|zone| quiet_at(rules, request, *edge, zone).is_some())
    };
    let quiet = rest_zones(rules, request).flat_map(|zone| {
        let today = now.date_in(zone);
        let moments = edges.iter().map(move |minute| moment_in(today, *minute, zone));
        moments.filter(|edge| *edge > now && is_quiet(edge))
    });
    let inconvenient = standing::inconvenient_edges(rules, request, now);
    let tomorrow = start_of(now.date_in(&request.zone).plus_days(1), request);
    quiet.chain(inconvenient).fold(tomorrow, Timestamp::min)
}

fn minute_in(at: Timestamp, zone: &TimeZone) -> u16 {
    let time = at.civil(zone);
    u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs())
}

fn start_of(day: Date, request: &ContactRequest) -> Timestamp {
    moment_in(day, 0, &request.zone)
}

fn moment_in(day: Date, minute: u16, zone: &TimeZone) -> Timestamp {
    // A span may end with the day.
    let (day, minute) = (day.plus_days(i32::from(minute / 1440)), minute % 1440);
    let hour = i8::try_from(minute / 60).unwrap_or(0);
    let rest = i8::try_from(minute % 60).unwrap_or(0);
    Timestamp::at(day, hour, rest, zone)
}

#[cfg(test)]
mod tests;

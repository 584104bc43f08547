//! What is known of a customer besides the debt: complaints, consents, promises, times and states.
//!
//! Each is dated, names its evidence where it is kept, and is ended by a date, never erased. Promises that what holds
//! on a day is a pure function of the entries: [`Known::fill`] turns them into what the guard asks about. Days are
//! those of the customer's calendar.

use jiff::civil::Weekday;

use crate::compliance::{
    CallEvent, CallEventKind, ContactRequest, DayWindow, DebtorState, Hold, HoldKind, InconvenientTime,
    Place, Representation,
};
use crate::contact::{Channel, Language, ProofKind, code_enum};
use crate::date::{Date, Timestamp};
use crate::id::{AgreementId, CircumstanceId, ContactPointId, CustomerId};
use crate::money::{Currency, Money};
use crate::wording;
use crate::wording::Wording;

code_enum! {
    /// What an entry is about.
    CircumstanceKind {
        /// A complaint about how we act is open.
        Complaint = "complaint",
        /// The debt is disputed and looked into.
        Dispute = "dispute",
        /// A hardship plan is being kept.
        HardshipPlan = "hardship_plan",
        /// The customer promised to pay by the last day.
        Promise = "promise",
        /// The customer takes no more messages by a channel.
        OptOut = "opt_out",
        /// The customer takes messages by a channel again.
        OptIn = "opt_in",
        /// The customer agreed to be contacted in these hours, besides the lawful ones.
        AgreedHours = "agreed_hours",
        /// The customer does not want contact in these hours.
        InconvenientTime = "inconvenient_time",
        /// An attorney represents the customer.
        Attorney = "attorney",
        /// The customer cannot be reached, has died, cannot act, or is bankrupt.
        DebtorState = "debtor_state",
        /// The customer wrote from a number.
        NumberTexted = "number_texted",
        /// A complete and accurate database of reassigned numbers was asked about a number.
        NumberChecked = "number_checked",
        /// The customer agreed to calls beyond the rule's frequency.
        CallConsent = "call_consent",
        /// The country or region where the customer lives.
        Place = "place",
        /// It is documented that the debt served the household of debtor and related person.
        HouseholdDebt = "household_debt",
        /// The customer wants to be contacted by these channels and no others.
        ChannelChoice = "channel_choice",
    }
}

impl CircumstanceKind {
    /// In words.
    #[must_use]
    pub const fn label(self, language: Language) -> &'static str {
        let (zh, en) = match self {
            Self::Complaint => ("投诉", "complaint"),
            Self::Dispute => ("异议", "dispute"),
            Self::HardshipPlan => ("个性化分期", "hardship plan"),
            Self::Promise => ("承诺还款", "promise to pay"),
            Self::OptOut => ("退订", "opt-out"),
            Self::OptIn => ("恢复接收", "opt-in"),
            Self::AgreedHours => ("约定联系时段", "agreed hours"),
            Self::InconvenientTime => ("不便联系时段", "inconvenient time"),
            Self::Attorney => ("委托律师", "attorney"),
            Self::DebtorState => ("债务人状态", "state of the debtor"),
            Self::NumberTexted => ("号码本人来信", "wrote from the number"),
            Self::NumberChecked => ("号码核验", "number checked"),
            Self::CallConsent => ("同意来电", "consent to calls"),
            Self::Place => ("居住地", "place of residence"),
            Self::HouseholdDebt => ("家庭共同债务", "debt of the household"),
            Self::ChannelChoice => ("指定联系渠道", "choice of channels"),
        };
        match language {
            Language::Zh => zh,
            Language::En => en,
        }
    }

    /// The kinds that make contact rest.
    pub const HOLDS: [Self; 3] = [Self::Complaint, Self::Dispute, Self::HardshipPlan];

    /// What [`Content::parse`] wants as the value of such an entry, for messages; empty where it has none.
    #[must_use]
    pub const fn value_form(self) -> (&'static str, &'static str) {
        match self {
            Self::Complaint
            | Self::Dispute
            | Self::HardshipPlan
            | Self::NumberTexted
            | Self::NumberChecked
            | Self::CallConsent
            | Self::HouseholdDebt => ("", ""),
            Self::Promise => {
                ("带币种的金额，如“500.00 CNY”", "an amount with its currency, such as \"500.00 CNY\"")
            }
            Self::OptOut | Self::OptIn => {
                ("sms、voice、email、push、letter 之一", "sms, voice, email, push or letter")
            }
            Self::ChannelChoice => (
                "以逗号分隔的渠道，如“email”或“email,push”",
                "channels with commas between them, such as \"email\" or \"email,push\"",
            ),
            Self::AgreedHours => ("时段，如“07:00-08:00”", "hours, such as \"07:00-08:00\""),
            Self::InconvenientTime => (
                "时段，如“12:00-14:00”；并非每天的，前面加星期：“mon,tue 12:00-14:00”",
                "hours, such as \"12:00-14:00\", with days of the week before them where it is not every day: \
                 \"mon,tue 12:00-14:00\"",
            ),
            Self::Attorney => ("空，或“consents”“silent”之一", "nothing, or \"consents\" or \"silent\""),
            Self::DebtorState => (
                "unreachable、deceased、incapacitated、bankrupt、restricted 之一",
                "unreachable, deceased, incapacitated, bankrupt or restricted",
            ),
            Self::Place => (
                "ISO 3166 的国家或地区代码，如“US”或“US-MA”",
                "a country or region of ISO 3166, such as \"US\" or \"US-MA\"",
            ),
        }
    }
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Contact rests.
    Hold(HoldKind),
    /// So much is paid by the entry's last day.
    Promise(Money),
    /// No more messages by this channel.
    OptOut(Channel),
    /// Messages by this channel again.
    OptIn(Channel),
    /// Hours of contact besides the lawful ones.
    AgreedHours(DayWindow),
    /// Hours without contact.
    InconvenientTime(InconvenientTime),
    /// An attorney.
    Attorney(Representation),
    /// A state in which the customer is not spoken to.
    Debtor(DebtorState),
    /// Proof that a number is the customer's: they wrote from it.
    NumberTexted,
    /// The same from a database of reassigned numbers.
    NumberChecked,
    /// Consent to calls.
    CallConsent,
    /// Where the customer lives.
    Place(Place),
    /// The household shares the debt.
    HouseholdDebt,
    /// Contact by these channels only; never empty.
    ChannelChoice(Vec<Channel>),
}

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

fn parse_inconvenient(value: &str) -> Option<InconvenientTime> {
    let (days, hours) = value.split_once(' ').map_or(("", value), |(days, hours)| (days, hours));
    let weekday = |name: &str| WEEKDAYS.iter().find(|(known, _)| *known == name).map(|(_, day)| *day);
    let weekdays = days.split(',').filter(|name| !name.is_empty()).map(weekday).collect::<Option<_>>()?;
    Some(InconvenientTime { weekdays, window: DayWindow::parse(hours)? })
}

fn inconvenient_text(time: &InconvenientTime) -> String {
    let name = |day: &Weekday| WEEKDAYS.iter().find(|(_, known)| known == day).map_or("", |(name, _)| name);
    let days: Vec<&str> = time.weekdays.iter().map(name).collect();
    if days.is_empty() { time.window.to_string() } else { format!("{} {}", days.join(","), time.window) }
}

/// Channels with commas between them, each once.
fn parse_channels(value: &str) -> Option<Vec<Channel>> {
    let mut channels = Vec::new();
    for code in value.split(',') {
        let channel = Channel::parse(code.trim())?;
        if channels.contains(&channel) {
            return None;
        }
        channels.push(channel);
    }
    Some(channels)
}

fn parse_money(value: &str) -> Option<Money> {
    let (amount, currency) = value.split_once(' ')?;
    let money = Money::parse(amount, Currency::parse(currency).ok()?).ok()?;
    money.is_positive().then_some(money)
}

impl Content {
    /// Reads kind and value.
    ///
    /// # Errors
    /// What the kind wants as its value, when it is another.
    pub fn parse(kind: CircumstanceKind, value: &str) -> Result<Self, Wording> {
        use CircumstanceKind as K;
        let none = |content: Self| value.is_empty().then_some(content);
        let read = match kind {
            K::Complaint => none(Self::Hold(HoldKind::Complaint)),
            K::Dispute => none(Self::Hold(HoldKind::Dispute)),
            K::HardshipPlan => none(Self::Hold(HoldKind::HardshipPlan)),
            K::Promise => parse_money(value).map(Self::Promise),
            K::OptOut => Channel::parse(value).map(Self::OptOut),
            K::OptIn => Channel::parse(value).map(Self::OptIn),
            K::AgreedHours => DayWindow::parse(value).map(Self::AgreedHours),
            K::InconvenientTime => parse_inconvenient(value).map(Self::InconvenientTime),
            K::Attorney => match value {
                "" => Some(Self::Attorney(Representation::default())),
                "consents" => Some(Self::Attorney(Representation {
                    attorney_consents: true,
                    ..Representation::default()
                })),
                "silent" => Some(Self::Attorney(Representation {
                    attorney_is_silent: true,
                    ..Representation::default()
                })),
                _ => None,
            },
            K::DebtorState => {
                DebtorState::parse(value).filter(|state| *state != DebtorState::Reachable).map(Self::Debtor)
            }
            K::NumberTexted => none(Self::NumberTexted),
            K::NumberChecked => none(Self::NumberChecked),
            K::CallConsent => none(Self::CallConsent),
            K::Place => Place::parse(value).map(Self::Place),
            K::HouseholdDebt => none(Self::HouseholdDebt),
            K::ChannelChoice => parse_channels(value).map(Self::ChannelChoice),
        };
        read.ok_or_else(|| match kind.value_form() {
            ("", _) => wording!("{kind} 不带值，不能写“{value}”", "{kind} takes no value, not {value:?}"),
            (zh, en) => Wording {
                zh: format!("{kind} 的值须为{zh}，不能写“{value}”"),
                en: format!("{kind} takes {en}, not {value:?}"),
            },
        })
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> CircumstanceKind {
        use CircumstanceKind as K;
        match self {
            Self::Hold(HoldKind::Complaint) => K::Complaint,
            Self::Hold(HoldKind::Dispute) => K::Dispute,
            Self::Hold(HoldKind::HardshipPlan) => K::HardshipPlan,
            Self::Hold(HoldKind::Promise) | Self::Promise(_) => K::Promise,
            Self::OptOut(_) => K::OptOut,
            Self::OptIn(_) => K::OptIn,
            Self::AgreedHours(_) => K::AgreedHours,
            Self::InconvenientTime(_) => K::InconvenientTime,
            Self::Attorney(_) => K::Attorney,
            Self::Debtor(_) => K::DebtorState,
            Self::NumberTexted => K::NumberTexted,
            Self::NumberChecked => K::NumberChecked,
            Self::CallConsent => K::CallConsent,
            Self::Place(_) => K::Place,
            Self::HouseholdDebt => K::HouseholdDebt,
            Self::ChannelChoice(_) => K::ChannelChoice,
        }
    }

    /// The value as [`Content::parse`] reads it.
    #[must_use]
    pub fn value(&self) -> String {
        match self {
            Self::Hold(_) | Self::NumberTexted | Self::NumberChecked | Self::CallConsent => String::new(),
            Self::HouseholdDebt => String::new(),
            Self::ChannelChoice(channels) => {
                let codes: Vec<&str> = channels.iter().map(|channel| channel.code()).collect();
                codes.join(",")
            }
            Self::Promise(amount) => format!("{amount} {}", amount.currency()),
            Self::OptOut(channel) | Self::OptIn(channel) => channel.code().to_owned(),
            Self::AgreedHours(window) => window.to_string(),
            Self::InconvenientTime(time) => inconvenient_text(time),
            Self::Attorney(representation) if representation.attorney_consents => "consents".to_owned(),
            Self::Attorney(representation) if representation.attorney_is_silent => "silent".to_owned(),
            Self::Attorney(_) => String::new(),
            Self::Debtor(state) => state.code().to_owned(),
            Self::Place(place) => place.to_string(),
        }
    }
}

/// What a proof of a number is to the rule that asks for one: 12 CFR 1006.6(d)(5) takes a text from the number and the
/// check of a complete and accurate register. A code that was sent to the number and given back shows as much as a text
/// from it; what a person says by another way, or a document, does not show who has the number today.
#[must_use]
pub fn proof_content(how: ProofKind) -> Option<Content> {
    match how {
        ProofKind::Code | ProofKind::Reply => Some(Content::NumberTexted),
        ProofKind::Register => Some(Content::NumberChecked),
        ProofKind::Customer | ProofKind::Document => None,
    }
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circumstance {
    /// Its id.
    pub id: CircumstanceId,
    /// Whose it is.
    pub customer: CustomerId,
    /// The only agreement that it is about; all of the customer's when missing.
    pub agreement: Option<AgreementId>,
    /// The only number or address that it is about.
    pub contact_point: Option<ContactPointId>,
    /// What it says.
    pub content: Content,
    /// The first day.
    pub from: Date,
    /// The last day; `None` while none is known.
    pub through: Option<Date>,
    /// The first day on which it did not hold any more, if it was ended by a person.
    pub ended_on: Option<Date>,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

impl Circumstance {
    /// Its last day, of what was planned and what was ended, if it has one.
    #[must_use]
    pub fn last_on(&self) -> Option<Date> {
        let ended = self.ended_on.map(|ended| ended.plus_days(-1));
        self.through.into_iter().chain(ended).min()
    }

    /// Whether it holds on `day`.
    #[must_use]
    pub fn is_on(&self, day: Date) -> bool {
        self.from <= day && self.last_on().is_none_or(|last| day <= last)
    }

    /// Whether it concerns the agreement, by itself or together with all others.
    #[must_use]
    pub fn is_about(&self, agreement: AgreementId) -> bool {
        self.agreement.is_none_or(|own| own == agreement)
    }
}

/// All that is known of one customer.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The customer under whom contacts of the person are counted, where several customers are one person; entries and
    /// calls are then those of all of them.
    pub person: Option<CustomerId>,
    /// Entries, in the order in which they were recorded.
    pub entries: Vec<Circumstance>,
    /// Channels that the lender's own file lists as opted out of.
    pub imported_opt_outs: Vec<Channel>,
    /// When that file was taken in.
    pub imported_at: Option<Timestamp>,
    /// Calls before, in the order in which they happened.
    pub calls: Vec<CallEvent>,
    /// Agreements with the day of the last contact that was handed over.
    pub last_contacts: Vec<(AgreementId, Date)>,
}

impl Known {
    /// Channels that are opted out of on `day`. An opt-in is outdone by an opt-out or a file that came after it.
    #[must_use]
    pub fn opted_out(&self, day: Date) -> Vec<Channel> {
        let on = |entry: &&Circumstance| entry.is_on(day);
        let last_of = |wanted: Content| {
            let same = self.entries.iter().filter(on).filter(|entry| entry.content == wanted);
            same.map(|entry| entry.recorded_at).max()
        };
        let is_out = |channel: &&Channel| {
            let opt_in = last_of(Content::OptIn(**channel));
            let by_file = self.imported_at.filter(|_| self.imported_opt_outs.contains(channel));
            let by_file =
                by_file.or(self.imported_opt_outs.contains(channel).then_some(Timestamp::from_micros(0)));
            let opt_out = last_of(Content::OptOut(**channel)).into_iter().chain(by_file).max();
            opt_out.is_some_and(|out| opt_in.is_none_or(|opt_in| opt_in <= out))
        };
        Channel::ALL.iter().filter(is_out).copied().collect()
    }

    /// The first day of the latest complaint about an agreement, open or settled, that began by `day`.
    #[must_use]
    pub fn complained_on(&self, agreement: AgreementId, day: Date) -> Option<Date> {
        let complaints = self
            .entries
            .iter()
            .filter(|entry| entry.content == Content::Hold(HoldKind::Complaint) && entry.is_about(agreement));
        complaints.map(|entry| entry.from).filter(|from| *from <= day).max()
    }

    /// Where the customer lives on `day`, if somebody told.
    #[must_use]
    pub fn place(&self, day: Date) -> Option<&Place> {
        self.entries.iter().rev().filter(|entry| entry.is_on(day)).find_map(|entry| match &entry.content {
            Content::Place(place) => Some(place),
            _ => None,
        })
    }

    /// All places that were told of the person, whenever they hold.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.entries.iter().filter_map(|entry| match &entry.content {
            Content::Place(place) => Some(place),
            _ => None,
        })
    }

    /// Puts what holds on `day` into a request of the guard: its agreement, contact point and customer are set.
    pub fn fill(&self, request: &mut ContactRequest, day: Date) {
        request.customer = self.person.unwrap_or(request.customer);
        request.opted_out = self.opted_out(day);
        request.circumstances.place = self.place(day).cloned();
        request.last_contacted_on = self
            .last_contacts
            .iter()
            .filter(|(agreement, _)| *agreement == request.agreement)
            .map(|(_, on)| *on)
            .max();
        request.circumstances.calls.clone_from(&self.calls);
        let agreement = request.agreement;
        for entry in self.entries.iter().filter(|entry| entry.is_about(agreement)) {
            if let Content::CallConsent = entry.content {
                self.add_consent(entry, request);
            }
            let is_of_point = entry.contact_point.is_none_or(|point| point == request.contact_point);
            if entry.is_on(day) && is_of_point {
                add(entry, request, day);
            }
        }
        // Consents stand among the calls in the order of days; a conversation of the same day ended an older one.
        request.circumstances.calls.sort_by_key(|event| event.on);
    }

    fn add_consent(&self, entry: &Circumstance, request: &mut ContactRequest) {
        let calls = &mut request.circumstances.calls;
        let event = |on: Date, kind: CallEventKind| CallEvent {
            on,
            kind,
            person: request.customer,
            role: request.circumstances.call_role,
            debts: vec![request.agreement],
        };
        let days = entry.through.map(|through| through.days_since(entry.from) + 1);
        let days = days.map(|days| u16::try_from(days).unwrap_or(u16::MAX));
        calls.insert(0, event(entry.from, CallEventKind::ConsentGiven { days }));
        if let Some(ended_on) = entry.ended_on {
            calls.push(event(ended_on, CallEventKind::ConsentRevoked));
        }
    }
}

/// Puts one entry that holds into a request.
fn add(entry: &Circumstance, request: &mut ContactRequest, day: Date) {
    let days_ago = || u32::try_from(day.days_since(entry.from)).unwrap_or(u32::MAX);
    let fresher = |known: Option<u32>| Some(known.map_or(days_ago(), |known| known.min(days_ago())));
    let circumstances = &mut request.circumstances;
    match &entry.content {
        Content::Hold(kind) => request.holds.push(Hold { kind: *kind, through: entry.last_on() }),
        Content::Promise(_) => {
            request.holds.push(Hold { kind: HoldKind::Promise, through: entry.last_on() });
        }
        Content::AgreedHours(window) => request.agreed_windows.push(*window),
        Content::InconvenientTime(time) => circumstances.inconvenient_times.push(time.clone()),
        Content::Attorney(representation) => circumstances.representation = Some(*representation),
        Content::Debtor(state) => circumstances.debtor = (*state).max(circumstances.debtor),
        Content::NumberTexted => {
            circumstances.number_proof.texted_days_ago = fresher(circumstances.number_proof.texted_days_ago);
        }
        Content::NumberChecked => {
            circumstances.number_proof.checked_days_ago =
                fresher(circumstances.number_proof.checked_days_ago);
        }
        Content::HouseholdDebt => circumstances.is_household_debt_documented = true,
        // The last choice that holds counts.
        Content::ChannelChoice(channels) => circumstances.chosen_channels = Some(channels.clone()),
        Content::OptOut(_) | Content::OptIn(_) | Content::CallConsent | Content::Place(_) => {}
    }
}

code_enum! {
    /// What became of a promise to pay.
    PromiseOutcome {
        /// Its day has not passed, and not all of it was paid.
        Open = "open",
        /// All of it was paid by its day.
        Kept = "kept",
        /// A part of it was paid by its day.
        PartlyKept = "partly_kept",
        /// Nothing was paid by its day.
        Broken = "broken",
    }
}

/// What became of a promise of `amount` by `by`, of which `paid` was paid since it was made through `by`, on `today`.
#[must_use]
pub fn promise_outcome(amount: Money, by: Date, paid: Money, today: Date) -> PromiseOutcome {
    if paid.minor() >= amount.minor() {
        PromiseOutcome::Kept
    } else if today <= by {
        PromiseOutcome::Open
    } else if paid.is_positive() {
        PromiseOutcome::PartlyKept
    } else {
        PromiseOutcome::Broken
    }
}

#[cfg(test)]
mod tests;

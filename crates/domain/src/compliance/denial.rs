//! Why a message may not be sent: a refusal with all of its grounds, each with the facts behind it.

use std::fmt;

use crate::compliance::circumstances::DebtorState;
use crate::compliance::rules::{DayWindow, HoldKind, Strength};
use crate::contact::{Channel, ContactPointKind, Language, Party};
use crate::date::{Date, Timestamp};
use crate::id::{AgreementId, ContactPointId, MessageId};

/// What stands against sending, with the facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DenialCause {
    /// It is night where the person lives.
    QuietHours {
        /// The time there, minutes from midnight.
        local_minute: u16,
        /// The hours of rest.
        window: DayWindow,
    },
    /// The person took as many calls from us today as are allowed.
    CallCap {
        /// Calls taken today.
        today: u32,
        /// The most allowed.
        cap: u32,
    },
    /// Nobody answered this number today as often as may be tried.
    UnansweredCap {
        /// Calls to the number today that nobody took.
        today: u32,
        /// The most allowed.
        cap: u32,
    },
    /// The customer got as many messages by this channel today as the lender allows.
    MessageCap {
        /// The channel.
        channel: Channel,
        /// Messages today.
        today: u32,
        /// The most allowed.
        cap: u32,
    },
    /// The last contact about this agreement is too recent.
    TooSoon {
        /// The day of the last contact.
        last_on: Date,
        /// The first day on which contact is allowed again.
        earliest_on: Date,
    },
    /// The person does not answer for the debt and may not be told of it.
    NotToBeTold {
        /// Who it is.
        party: Party,
    },
    /// The customer opted out of the channel.
    OptedOut {
        /// The channel.
        channel: Channel,
    },
    /// The customer chose other channels.
    ChoseOther {
        /// The channel that was to be used.
        channel: Channel,
    },
    /// Contact rests.
    Held {
        /// Why it rests.
        kind: HoldKind,
        /// The last day of rest, if it is known.
        through: Option<Date>,
    },
    /// The contact point was removed by somebody.
    ContactPointRemoved {
        /// The contact point.
        contact_point: ContactPointId,
    },
    /// A provider said that the contact point does not exist.
    ContactPointInvalid {
        /// The contact point.
        contact_point: ContactPointId,
    },
    /// The channel does not reach this kind of contact point.
    WrongKind {
        /// The kind of the contact point.
        kind: ContactPointKind,
        /// The channel asked for.
        channel: Channel,
    },
    /// The contact point is empty.
    NoAddress {
        /// The contact point.
        contact_point: ContactPointId,
    },
    /// The message says what was true until then.
    TooLate {
        /// The moment at which it went out of date.
        valid_until: Timestamp,
    },
    /// The debtor can be reached, so nobody else is asked for them.
    DebtorReachable,
    /// The person may be asked where the debtor is, and not a word of the debt.
    TellsOfDebt {
        /// Who it is.
        party: Party,
    },
    /// It is not documented that the person shares the debt.
    NotDocumented {
        /// Who it is.
        party: Party,
    },
    /// Too few collectors for a visit.
    TooFewVisitors {
        /// How many would come.
        visitors: u32,
        /// How many must.
        least: u32,
    },
    /// Nobody agreed to collectors entering.
    NoLeaveToEnter,
    /// An attorney represents the person.
    Represented,
    /// The person is known not to want contact at this time.
    InconvenientTime {
        /// The hours.
        window: DayWindow,
    },
    /// The person is known not to want, or not to be allowed, contact at this place.
    InconvenientPlace,
    /// The person was called about the debt as often as may be in so many days.
    CallFrequency {
        /// Calls in them so far.
        calls: u32,
        /// Texts are counted with them.
        with_texts: bool,
        /// The first day on which another is allowed.
        earliest_on: Date,
    },
    /// The last conversation about the debt is too recent.
    ConversationGap {
        /// The day of the conversation.
        spoke_on: Date,
        /// The first day on which a call is allowed again.
        earliest_on: Date,
    },
    /// It is not fresh enough that the number belongs to the person.
    NumberNotProved {
        /// The days within which it must have been proved.
        days: u32,
    },
    /// The person has died, cannot act, or is bankrupt.
    Debtor {
        /// Which of them.
        state: DebtorState,
    },
    /// No rule pack is known for the place where the person lives.
    NoPack,
    /// The text contains words that no message may contain.
    Wording {
        /// The words.
        words: Vec<String>,
    },
}

impl DenialCause {
    /// The stable reason code: family, point, reason.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::QuietHours { .. } => "rule.quiet_hours",
            Self::CallCap { .. } => "rule.call_cap",
            Self::UnansweredCap { .. } => "rule.unanswered_cap",
            Self::MessageCap { .. } => "rule.message_cap",
            Self::TooSoon { .. } => "rule.interval",
            Self::NotToBeTold { .. } => "rule.third_party",
            Self::OptedOut { .. } => "voice.opted_out",
            Self::ChoseOther { .. } => "voice.other_channel",
            Self::Held { kind: HoldKind::HardshipPlan, .. } => "voice.hardship_plan",
            Self::Held { kind: HoldKind::Complaint, .. } => "voice.complaint",
            Self::Held { kind: HoldKind::Dispute, .. } => "voice.dispute",
            Self::Held { kind: HoldKind::Promise, .. } => "voice.promise",
            Self::ContactPointRemoved { .. } => "contact_data.removed",
            Self::ContactPointInvalid { .. } => "contact_data.invalid",
            Self::WrongKind { .. } => "contact_data.wrong_kind",
            Self::NoAddress { .. } => "contact_data.no_address",
            Self::TooLate { .. } => "rule.too_late",
            Self::DebtorReachable | Self::TellsOfDebt { .. } | Self::NotDocumented { .. } => {
                "rule.third_party"
            }
            Self::TooFewVisitors { .. } | Self::NoLeaveToEnter => "rule.visit",
            Self::Represented => "rule.attorney",
            Self::InconvenientTime { .. } | Self::InconvenientPlace => "rule.inconvenient",
            Self::CallFrequency { .. } | Self::ConversationGap { .. } => "rule.call_frequency",
            Self::NumberNotProved { .. } => "rule.number_proof",
            Self::Debtor { state: DebtorState::Deceased } => "account.deceased",
            Self::Debtor { state: DebtorState::Incapacitated } => "account.incapacitated",
            Self::Debtor { state: DebtorState::Bankrupt } => "account.bankrupt",
            Self::Debtor { state: DebtorState::Restricted } => "rule.restricted",
            Self::Debtor { state: DebtorState::Reachable | DebtorState::Unreachable } => {
                "account.unreachable"
            }
            Self::NoPack => "rule.no_pack",
            Self::Wording { .. } => "rule.wording",
        }
    }
}

impl fmt::Display for DenialCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::QuietHours { local_minute, window } => {
                write!(f, "it is {:02}:{:02} there, within {window}", local_minute / 60, local_minute % 60)
            }
            Self::CallCap { today, cap } => write!(f, "{today} calls taken today, at most {cap} allowed"),
            Self::UnansweredCap { today, cap } => {
                write!(f, "{today} unanswered calls to this number today, at most {cap} allowed")
            }
            Self::MessageCap { channel, today, cap } => {
                write!(f, "{today} by {channel} today, at most {cap} allowed")
            }
            Self::TooSoon { last_on, earliest_on } => {
                write!(f, "last contact on {last_on}, the next one not before {earliest_on}")
            }
            Self::NotToBeTold { party } => write!(f, "a {party} may not be told of the debt"),
            Self::OptedOut { channel } => write!(f, "the customer opted out of {channel}"),
            Self::ChoseOther { channel } => {
                write!(f, "the customer chose to be contacted otherwise than by {channel}")
            }
            Self::Held { kind, through: Some(day) } => write!(f, "{kind}, through {day}"),
            Self::Held { kind, through: None } => write!(f, "{kind}, without an end yet"),
            Self::ContactPointRemoved { contact_point } => write!(f, "{contact_point} was removed"),
            Self::ContactPointInvalid { contact_point } => {
                write!(f, "{contact_point} does not exist any more")
            }
            Self::WrongKind { kind, channel } => write!(f, "{channel} does not reach a {kind} contact point"),
            Self::NoAddress { contact_point } => write!(f, "{contact_point} is empty"),
            Self::TooLate { valid_until } => write!(f, "the message was valid until {valid_until}"),
            Self::DebtorReachable => {
                f.write_str("the customer can be reached, so nobody else is asked for them")
            }
            Self::TellsOfDebt { party } => {
                write!(f, "a {party} may be asked where the customer is, and not told why")
            }
            Self::NotDocumented { party } => {
                write!(f, "it is not documented that the {party} shares the debt")
            }
            Self::TooFewVisitors { visitors, least } => {
                write!(f, "{visitors} on a visit, at least {least} must come together")
            }
            Self::NoLeaveToEnter => f.write_str("nobody agreed to collectors entering"),
            Self::Represented => f.write_str("an attorney represents the person"),
            Self::InconvenientTime { window } => {
                write!(f, "the person does not want contact within {window}")
            }
            Self::InconvenientPlace => f.write_str("the person does not want contact at this place"),
            Self::CallFrequency { calls, with_texts, earliest_on } => {
                let what = if *with_texts { "calls and texts" } else { "calls" };
                write!(
                    f,
                    "{calls} {what} about this debt in the days counted, the next one not before {earliest_on}"
                )
            }
            Self::ConversationGap { spoke_on, earliest_on } => {
                write!(f, "spoke about this debt on {spoke_on}, no call before {earliest_on}")
            }
            Self::NumberNotProved { days } => {
                write!(f, "nothing within {days} days shows that the number is still the person's")
            }
            Self::Debtor { state: DebtorState::Restricted } => {
                f.write_str("the customer's data are restricted")
            }
            Self::Debtor { state } => write!(f, "the customer is {state}"),
            Self::NoPack => f.write_str("no contact rules are known for the place where the person lives"),
            Self::Wording { words } => write!(f, "the text contains {}", words.join(", ")),
        }
    }
}

/// One ground of a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ground {
    /// The pack and version that the rule stands in, `cn@1`; empty for plain facts.
    pub pack: String,
    /// The rule that stands against it, as the pack names it; `contact-point` and `validity` are no rules
    /// of law but plain facts.
    pub rule: String,
    /// How strongly that rule speaks.
    pub strength: Strength,
    /// What stands against it.
    pub cause: DenialCause,
}

impl Ground {
    /// Where it stands: pack and rule, `cn@1 CN-1`, or what kind of fact it is.
    #[must_use]
    pub fn place(&self) -> String {
        if self.pack.is_empty() { self.rule.clone() } else { format!("{} {}", self.pack, self.rule) }
    }

    /// The ground in a sentence of that language, with the rule that it stands on.
    #[must_use]
    pub fn words(&self, language: Language) -> String {
        match language {
            Language::Zh => format!("{}：{}", self.place(), self.cause.words_zh()),
            Language::En => format!("{}: {}", self.place(), self.cause),
        }
    }
}

impl fmt::Display for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.cause.code(), self.place(), self.cause)
    }
}

/// The refusal of leave to send one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The message.
    pub message: MessageId,
    /// The agreement that it is about.
    pub agreement: AgreementId,
    /// The moment that was asked for.
    pub at: Timestamp,
    /// All grounds; never empty. The first is the one to name when there is room for one only: grounds that
    /// have no end stand before those that pass with time.
    pub grounds: Vec<Ground>,
    /// The first later moment at which none of these grounds holds, if each of them has an end. Counts of
    /// that day and what happens in between are not known yet, so it has to be asked again then.
    pub next_lawful: Option<Timestamp>,
}

impl Denial {
    /// How strongly all grounds together speak: an advice alone only where no ground forbids.
    #[must_use]
    pub fn strength(&self) -> Strength {
        let forbids = self.grounds.iter().any(|ground| ground.strength == Strength::MustNot);
        if forbids { Strength::MustNot } else { Strength::ShouldNot }
    }

    /// All grounds in both languages, as evidence and messages keep them: English, a bar, Chinese.
    #[must_use]
    pub fn words(&self) -> String {
        let in_language = |language: Language, separator: &str| {
            let grounds: Vec<String> = self.grounds.iter().map(|ground| ground.words(language)).collect();
            grounds.join(separator)
        };
        let (zh, en) = (in_language(Language::Zh, "；"), in_language(Language::En, "; "));
        crate::verdict::both_languages(&zh, &en)
    }

    /// The ground to name when there is room for one only.
    #[must_use]
    pub fn main_ground(&self) -> &Ground {
        &self.grounds[0]
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} may not be sent at {}", self.message, self.at)?;
        for ground in &self.grounds {
            write!(f, "; {ground}")?;
        }
        match self.next_lawful {
            Some(moment) => write!(f, "; next lawful moment {moment}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Denial {}

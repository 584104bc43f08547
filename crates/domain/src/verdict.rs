//! Verdicts: what was decided for an agreement over a span of days, and the message or evidence behind it.

use crate::contact::{Channel, ContactPointKind, ContactPointState, Language, Party};
use crate::date::{Date, Timestamp};
use crate::id::{AgreementId, ContactPointId, CustomerId, FactId, GentleModeId, MessageId, PauseId};
use crate::message::MessageState;
use crate::money::Money;
use crate::reason::Reason;
use crate::trial::Draw;

/// One verdict. It holds from `from` through `through`, or until the next one of the agreement begins.
///
/// Of a span that begins with a contact, the first day is the contact and the days after it are the
/// strategy's interval, unless the message came to nothing: see [`Reason`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerdictSpan {
    /// The agreement.
    pub agreement: AgreementId,
    /// First day.
    pub from: Date,
    /// Last day, unless another verdict begins earlier.
    pub through: Date,
    /// Why.
    pub reason: Reason,
    /// Days past due on the first day.
    pub days_past_due: i32,
    /// Index of the bucket in the terms.
    pub bucket_index: usize,
    /// What was overdue on the first day.
    pub overdue: Money,
    /// The strategy that decided, as `name@version`.
    pub strategy: Option<String>,
    /// Its row.
    pub row: Option<String>,
    /// The message, for a contact or a held notice.
    pub message: Option<MessageId>,
    /// What proves the reason.
    pub evidence: Evidence,
}

/// What proves a reason; ids that lead to rows of their own, or the facts themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The position itself is the proof.
    Position,
    /// A pause.
    Pause(PauseId),
    /// A fact, such as the payment that cured.
    Fact(FactId),
    /// A contact point.
    ContactPoint(ContactPointId),
    /// The refusals of rules, in words of both languages (see [`words_in`]): pack, rule and facts of each.
    Rule(String),
    /// The moment at which a day that should have run before was run.
    RanAt(Timestamp),
    /// The day on which the next contact is planned.
    NextContactOn(Date),
    /// The draw of a trial on which the decision hung, and the day on which the next contact is planned.
    Draw(Draw, Date),
    /// A gentler mode.
    Mode(GentleModeId),
    /// Channels of the row that no provider serves, and the day on which the next contact is planned.
    Unserved(Vec<Channel>, Date),
}

impl Evidence {
    /// The kind and value as stored.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Position => "position".to_owned(),
            Self::Pause(id) => format!("pause:{id}"),
            Self::Fact(id) => format!("fact:{id}"),
            Self::ContactPoint(id) => format!("contact_point:{id}"),
            Self::Rule(words) => format!("rule:{words}"),
            Self::RanAt(moment) => format!("ran_at:{}", moment.micros()),
            Self::NextContactOn(date) => format!("next_contact_on:{date}"),
            Self::Draw(draw, next_on) => format!("draw:{next_on} {}", draw.to_text()),
            Self::Mode(id) => format!("mode:{id}"),
            Self::Unserved(channels, next_on) => {
                let names: Vec<&str> = channels.iter().map(|channel| channel.code()).collect();
                format!("unserved:{next_on} {}", names.join(" "))
            }
        }
    }

    /// Reads what [`Evidence::to_text`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, value) = text.split_once(':').unwrap_or((text, ""));
        match kind {
            "position" => Some(Self::Position),
            "pause" => PauseId::parse(value).map(Self::Pause),
            "fact" => FactId::parse(value).map(Self::Fact),
            "contact_point" => ContactPointId::parse(value).map(Self::ContactPoint),
            "rule" => Some(Self::Rule(value.to_owned())),
            "ran_at" => value.parse().ok().map(|micros| Self::RanAt(Timestamp::from_micros(micros))),
            "next_contact_on" => Date::parse(value).ok().map(Self::NextContactOn),
            "draw" => {
                let (next_on, draw) = value.split_once(' ')?;
                Some(Self::Draw(Draw::parse(draw)?, Date::parse(next_on).ok()?))
            }
            "mode" => GentleModeId::parse(value).map(Self::Mode),
            "unserved" => {
                let (next_on, names) = value.split_once(' ')?;
                let channels = names.split(' ').map(Channel::parse).collect::<Option<Vec<_>>>()?;
                Some(Self::Unserved(channels, Date::parse(next_on).ok()?))
            }
            _ => None,
        }
    }
}

/// Stands between the English and the Chinese of words that are kept in both.
const LANGUAGE_BAR: &str = " ｜ ";

/// One text of both languages, for places that keep words: evidence, and what became of a message.
#[must_use]
pub fn both_languages(zh: &str, en: &str) -> String {
    format!("{en}{LANGUAGE_BAR}{zh}")
}

/// The words of `text` in a language; all of it where it is not of both, as older rows are.
#[must_use]
pub fn words_in(text: &str, language: Language) -> &str {
    match (text.split_once(LANGUAGE_BAR), language) {
        (Some((_, zh)), Language::Zh) => zh,
        (Some((en, _)), Language::En) => en,
        (None, Language::Zh | Language::En) => text,
    }
}

/// A message that was decided on, before it is cleared for sending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedMessage {
    /// Its id, hashed from agreement, business date and change; carries the part in its first two bytes.
    pub id: MessageId,
    /// The agreement that it is about.
    pub agreement: AgreementId,
    /// The person it goes to.
    pub customer: CustomerId,
    /// The number or address; `None` for a notice that is held before one was chosen.
    pub contact_point: Option<ContactPointId>,
    /// The medium; `None` for a held notice.
    pub channel: Option<Channel>,
    /// The template.
    pub template: String,
    /// The pause that holds it, if any.
    pub held_by: Option<PauseId>,
    /// The held notice that this one replaces, if any.
    pub replaces: Option<MessageId>,
    /// The first lawful moment to send it.
    pub not_before: Timestamp,
    /// The moment at which it goes out of date.
    pub expires_at: Timestamp,
}

/// A contact point as the decision sees it: all but the number or address itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContactPointView {
    /// Its id.
    pub id: ContactPointId,
    /// What it is.
    pub kind: ContactPointKind,
    /// Whose it is.
    pub party: Party,
    /// Whether it may be used.
    pub state: ContactPointState,
    /// Lower goes first.
    pub priority: i64,
}

impl MessageId {
    /// The id of the message that an agreement's change on a business date made. The first two bytes are the
    /// part, so that a receipt that knows only the id finds its row.
    #[must_use]
    pub fn of_change(customer: CustomerId, agreement: AgreementId, date: Date, change_index: u32) -> Self {
        let cause: [&[u8]; 3] = [&agreement.0, &date.days().to_le_bytes(), &change_index.to_le_bytes()];
        let mut bytes = crate::id::hash_parts("msg", &cause);
        bytes[..2].copy_from_slice(&customer.part().number().to_be_bytes());
        Self(bytes)
    }

    /// The id of the `index`-th notice about `cause` that an agreement's customer gets apart from any strategy.
    #[must_use]
    pub fn of_notice(customer: CustomerId, agreement: AgreementId, cause: &[u8], index: u32) -> Self {
        let mut bytes = crate::id::hash_parts("msg", &[b"notice", &agreement.0, cause, &index.to_le_bytes()]);
        bytes[..2].copy_from_slice(&customer.part().number().to_be_bytes());
        Self(bytes)
    }

    /// The id of the message that takes the place of `after` by another channel: there is one at most.
    #[must_use]
    pub fn of_fallback(customer: CustomerId, after: Self) -> Self {
        let mut bytes = crate::id::hash_parts("msg", &[b"fallback", &after.0]);
        bytes[..2].copy_from_slice(&customer.part().number().to_be_bytes());
        Self(bytes)
    }

    /// The id of a contact that a lender had before; `external` is the lender's own id of it.
    #[must_use]
    pub fn of_import(customer: CustomerId, external: &str) -> Self {
        let mut bytes = crate::id::hash_parts("msg", &[b"import", external.as_bytes()]);
        bytes[..2].copy_from_slice(&customer.part().number().to_be_bytes());
        Self(bytes)
    }

    /// The part that the message's rows lie in; `None` if the id is not one of ours.
    #[must_use]
    pub fn part(&self) -> Option<crate::id::Part> {
        let number = u16::from_be_bytes([self.0[0], self.0[1]]);
        (number < crate::id::PART_COUNT).then(|| crate::id::Part::new(number))
    }
}

impl VerdictSpan {
    /// The day of the span on which its message reached for the customer: the first, unless its channel held the message up
    /// until a later one.
    #[must_use]
    pub fn contact_on(&self, left_on: Option<Date>) -> Date {
        left_on.filter(|left_on| *left_on > self.from).unwrap_or(self.from)
    }

    /// The reason that holds for `day` of the span, given what became of its message.
    #[must_use]
    pub fn reason_on(&self, day: Date, message: Option<Fate<'_>>) -> Reason {
        if self.reason != Reason::Contacted {
            return self.reason;
        }
        let contact_on = self.contact_on(message.and_then(|fate| fate.left_on));
        match message.map(|fate| (fate.state, fate.detail)) {
            Some((MessageState::Failed | MessageState::Expired, detail)) => {
                reason_in(detail).unwrap_or(Reason::ChannelFailed)
            }
            Some((MessageState::Cancelled, detail)) => reason_in(detail).unwrap_or(Reason::PaidMeanwhile),
            Some((MessageState::Unknown, _)) => Reason::OutcomeUnknown,
            Some(_) | None if day == contact_on => Reason::Contacted,
            // Nothing left on the days before: the channel took nothing.
            Some(_) | None if day < contact_on => Reason::ChannelFailed,
            Some(_) | None => Reason::Interval,
        }
    }
}

/// The reason with which what is kept beside a message begins, where it does.
#[must_use]
pub fn reason_in(detail: &str) -> Option<Reason> {
    Reason::parse(detail.split([':', ' ']).next().unwrap_or(""))
}

/// What became of the message of a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fate<'m> {
    /// Where it stands.
    pub state: MessageState,
    /// The words kept beside the state; they begin with a reason's code where the message came to nothing.
    pub detail: &'m str,
    /// The day on which a provider first took it, where its channel held it up past the day of its first try.
    pub left_on: Option<Date>,
}

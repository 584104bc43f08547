//! The borrowers of a rehearsal of faults, and what is known of them without any engine: who owes what on which day.
//!
//! Everybody has one debt that falls due once. Some pay in time, some late and then more than all fees can be, some half of
//! it, some never; some payments are returned by the bank days after, and then were none. So who is overdue is told by two
//! sums, whatever the fees are.

use std::collections::BTreeMap;

use dunlin_domain::contact::{Channel, ContactPointKind, ContactPointState, Language, Party, Personal};
use dunlin_domain::customer_split::Security;
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::AgreementId;
use dunlin_domain::money::Currency;
use dunlin_domain::terms::Component;
use dunlin_engine::EngineError;
use dunlin_engine::portfolio::{
    AgreementRow, AgreementState, ContactPointRow, CustomerRow, DecimalAmount, ObligationRow,
    PaymentMovement, PaymentRow, PortfolioWriter,
};

use crate::random::{Purpose, Stream};

/// The debt of everybody, minor units.
const DEBT_MINOR: i64 = 60_000;

/// The first business day.
#[must_use]
pub fn first_day() -> Date {
    // 2 March 2026.
    Date::from_days(20_514)
}

/// A payment.
#[derive(Clone, Debug)]
pub struct Payment {
    /// Its value date, which is the day on which it comes in.
    pub on: Date,
    /// Minor units.
    pub minor: i64,
    /// When the bank returned it, if it did.
    pub returned_on: Option<Date>,
}

/// A borrower.
#[derive(Clone, Debug)]
pub struct Borrower {
    /// The lender's id of the agreement.
    pub agreement: String,
    /// The same as the engine knows it.
    pub id: AgreementId,
    /// The day on which the debt falls due.
    pub due_on: Date,
    /// What is paid, in order.
    pub payments: Vec<Payment>,
    /// Whether the borrower wants no texts.
    pub opted_out: bool,
    /// The number, of those who have one.
    pub phone: Option<String>,
    /// The mail address, of those who have one.
    pub email: Option<String>,
    /// The postal address, of those who have one.
    pub post: Option<String>,
}

impl Borrower {
    /// What is paid by the end of a day, minor units, as it was known at the end of another; as it is known when all is
    /// over if none is given.
    fn paid_by(&self, date: Date, known: Option<Date>) -> i64 {
        let stands = |payment: &&Payment| {
            payment.on <= date
                && payment.returned_on.is_none_or(|returned| known.is_some_and(|known| returned > known))
        };
        self.payments.iter().filter(stands).map(|payment| payment.minor).sum()
    }

    /// Whether the debt was overdue on a day, as everything is known today.
    #[must_use]
    pub fn is_overdue(&self, date: Date) -> bool {
        date > self.due_on && self.paid_by(date, None) < DEBT_MINOR
    }

    /// Whether the debt was overdue on a day, as it was known then.
    #[must_use]
    pub fn was_overdue(&self, date: Date) -> bool {
        date > self.due_on && self.owes(date)
    }

    /// Whether anything is left to be paid on a day, as it was known then.
    #[must_use]
    pub fn owes(&self, date: Date) -> bool {
        self.paid_by(date, Some(date)) < DEBT_MINOR
    }

    /// Where the borrower can be reached.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        [&self.phone, &self.email, &self.post].into_iter().flatten().map(String::as_str)
    }

    /// Whether anything that was paid came back.
    #[must_use]
    pub fn had_a_return(&self) -> bool {
        self.payments.iter().any(|payment| payment.returned_on.is_some())
    }
}

/// Money that comes in, or goes back.
struct Movement {
    borrower: usize,
    payment: usize,
    is_return: bool,
}

/// All borrowers.
pub struct World {
    borrowers: Vec<Borrower>,
    feed: BTreeMap<Date, Vec<Movement>>,
    /// When each day's payments came in for the first time.
    fed_at: BTreeMap<Date, Timestamp>,
}

impl World {
    /// Borrowers for about `intents` messages in `days` days.
    #[must_use]
    pub fn new(seed: u64, days: u32, intents: u64) -> Self {
        // About one message in four days for each who is near the due date or after it.
        let each = (u64::from(days) + 2).div_ceil(4).max(1);
        let count = (intents / each).max(10);
        let mut borrowers = Vec::new();
        let mut feed: BTreeMap<Date, Vec<Movement>> = BTreeMap::new();
        for index in 0..count {
            let borrower = borrower(seed, index, days);
            let place = borrowers.len();
            for (payment, own) in borrower.payments.iter().enumerate() {
                let movement = |is_return| Movement { borrower: place, payment, is_return };
                feed.entry(own.on).or_default().push(movement(false));
                if let Some(returned_on) = own.returned_on {
                    feed.entry(returned_on).or_default().push(movement(true));
                }
            }
            borrowers.push(borrower);
        }
        Self { borrowers, feed, fed_at: BTreeMap::new() }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.borrowers.len() as u64
    }

    /// Whether there is nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.borrowers.is_empty()
    }

    /// All of them.
    #[must_use]
    pub fn borrowers(&self) -> &[Borrower] {
        &self.borrowers
    }

    /// When the payments of a day came in.
    #[must_use]
    pub fn fed_at(&self, date: Date) -> Option<Timestamp> {
        self.fed_at.get(&date).copied()
    }

    /// Whether something comes in on a day.
    #[must_use]
    pub fn has_feed(&self, date: Date) -> bool {
        self.feed.contains_key(&date)
    }

    /// Writes everybody and their debts.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write_opening(&self, mut writer: PortfolioWriter) -> Result<(), EngineError> {
        for (index, borrower) in self.borrowers.iter().enumerate() {
            let customer_id = format!("C-{index}");
            writer.write(&CustomerRow {
                customer_id: customer_id.clone(),
                name: Personal::new(format!("王示例{index}")),
                language: Language::Zh,
                zone: "Asia/Shanghai".to_owned(),
                segment: "standard".to_owned(),
                opt_out_channels: if borrower.opted_out { vec![Channel::Sms] } else { Vec::new() },
            })?;
            let points = [
                (ContactPointKind::Phone, "P", &borrower.phone),
                (ContactPointKind::Email, "E", &borrower.email),
                (ContactPointKind::Postal, "A", &borrower.post),
            ];
            for (kind, letter, value) in points {
                let Some(value) = value else { continue };
                writer.write(&ContactPointRow {
                    contact_point_id: format!("{letter}-{index}"),
                    customer_id: customer_id.clone(),
                    kind,
                    value: Personal::new(value.clone()),
                    party: Party::Borrower,
                    state: ContactPointState::Active,
                    priority: 1,
                })?;
            }
            writer.write(&AgreementRow {
                agreement_id: borrower.agreement.clone(),
                customer_id,
                product: "term-loan".to_owned(),
                currency: Currency::CNY,
                opened_on: first_day().plus_days(-60),
                credit_limit: amount(10 * DEBT_MINOR)?,
                statement_day: None,
                reported: false,
                state: AgreementState::Active,
                closed_on: None,
                security: Security::None,
            })?;
            writer.write(&ObligationRow {
                obligation_id: "O-1".to_owned(),
                agreement_id: borrower.agreement.clone(),
                component: Component::Principal,
                due_on: borrower.due_on,
                amount: amount(DEBT_MINOR)?,
                currency: None,
            })?;
        }
        Ok(writer.finish()?)
    }

    /// Writes what comes in on a day.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write_feed(
        &mut self,
        date: Date,
        now: Timestamp,
        mut writer: PortfolioWriter,
    ) -> Result<(), EngineError> {
        self.fed_at.entry(date).or_insert(now);
        for moved in self.feed.get(&date).into_iter().flatten() {
            let borrower = &self.borrowers[moved.borrower];
            let payment = &borrower.payments[moved.payment];
            let id = format!("Z-{}-{}", moved.borrower, moved.payment);
            let (payment_id, movement) = if moved.is_return {
                (format!("{id}-back"), PaymentMovement::Undone { reverses: id, amount: None })
            } else {
                (id, PaymentMovement::Received { amount: amount(payment.minor)? })
            };
            writer.write(&PaymentRow {
                payment_id,
                agreement_id: borrower.agreement.clone(),
                paid_on: date,
                movement,
                currency: None,
            })?;
        }
        Ok(writer.finish()?)
    }
}

fn amount(minor: i64) -> Result<DecimalAmount, EngineError> {
    DecimalAmount::parse(&format!("{}.{:02}", minor / 100, minor % 100))
        .map_err(|error| EngineError::Refused { code: "chaos", complaint: error.wording() })
}

fn borrower(seed: u64, index: u64, days: u32) -> Borrower {
    let mut draws = Stream::new(seed, index, Purpose::Chaos, 2);
    let span = i32::try_from(days).unwrap_or(i32::MAX);
    let due_on = first_day().plus_days(draws.between(-10, span.min(20)));
    let later = |draws: &mut Stream| due_on.plus_days(draws.between(1, 15));
    let payment = |on: Date, minor: i64| Payment { on: on.max(first_day()), minor, returned_on: None };
    let mut payments = match draws.below(10) {
        0 | 1 => {
            let on = due_on.plus_days(-draws.between(0, 3)).max(first_day());
            vec![payment(on, if on > due_on { DEBT_MINOR * 2 } else { DEBT_MINOR })]
        }
        2..=4 => vec![payment(later(&mut draws), DEBT_MINOR * 2)],
        5 => {
            let half = later(&mut draws);
            vec![payment(half, DEBT_MINOR / 2), payment(half.plus_days(draws.between(1, 9)), DEBT_MINOR * 2)]
        }
        6 => vec![payment(later(&mut draws), DEBT_MINOR / 2)],
        _ => Vec::new(),
    };
    for payment in &mut payments {
        if draws.below(8) == 0 {
            payment.returned_on = Some(payment.on.plus_days(draws.between(1, 5)));
        }
    }
    let agreement = format!("L-{index}");
    Borrower {
        id: AgreementId::of_external(&agreement),
        agreement,
        due_on,
        payments,
        opted_out: draws.below(20) == 0,
        phone: (draws.below(12) != 0).then(|| format!("138{index:08}")),
        email: (draws.below(2) == 0).then(|| format!("l{index}@example.com")),
        post: (draws.below(2) == 0).then(|| format!("示例市示例路{index}号|100000|CN")),
    }
}

//! What coverage cost: the charges for messages, counted apart as coverage is, so that a group shows what was spent beside
//! what it reached.
//!
//! A charge belongs to the agreement of its message, to the bucket, reason and strategy of the verdict of the day on which the
//! message was decided on (its reason is that of the day on which it left, where its channel held it up), to the channel that
//! was charged, and to the day of the charge. So the groups make exactly what [`Engine::costs`] says, reminders before the due
//! date included.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use dunlin_domain::date::Date;
use dunlin_domain::id::{AgreementId, MessageId, Part};
use dunlin_domain::money::{Currency, Rounding};
use dunlin_store::agreement::{self, AgreementRow};
use dunlin_store::fallback;
use dunlin_store::message_cost::{self, ChargeOfMessage};
use dunlin_store::record::{self, VerdictRow};
use dunlin_store::{Tx, message};
use jiff::tz::TimeZone;

use crate::chain::{self, HeldUp};
use crate::coverage::verdict_on;
use crate::coverage_groups::CoverageBy;
use crate::policies::Policies;
use crate::{Engine, EngineError};

/// What a group spent in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    /// The currency.
    pub currency: Currency,
    /// In millionths of its unit.
    pub micros: i128,
    /// What providers counted: segments of texts, else messages.
    pub units: u64,
    /// Messages that were charged for.
    pub messages: u64,
    /// Of them those that are known to have arrived.
    pub delivered: u64,
    /// The agreements that they are about.
    pub agreements: u64,
}

impl Spent {
    /// What an agreement cost that messages were charged for, in millionths, rounded half up.
    #[must_use]
    pub fn per_agreement(&self) -> Option<i128> {
        each(self.micros, self.agreements)
    }

    /// What a message that arrived cost, those that did not included, in millionths, rounded half up.
    #[must_use]
    pub fn per_delivered(&self) -> Option<i128> {
        each(self.micros, self.delivered)
    }
}

fn each(micros: i128, count: u64) -> Option<i128> {
    (count > 0).then(|| Rounding::HalfUp.divide(micros, i128::from(count)))
}

/// What was spent, being counted.
#[derive(Default)]
struct Counted {
    micros: i128,
    units: u64,
    messages: BTreeSet<MessageId>,
    delivered: BTreeSet<MessageId>,
    agreements: BTreeSet<AgreementId>,
}

impl Counted {
    fn add(&mut self, charge: &ChargeOfMessage) {
        self.micros += i128::from(charge.micros);
        self.units += u64::from(charge.units);
        self.messages.insert(charge.message);
        if charge.is_delivered {
            self.delivered.insert(charge.message);
        }
        self.agreements.insert(charge.agreement);
    }

    fn spent(self, currency: Currency) -> Spent {
        Spent {
            currency,
            micros: self.micros,
            units: self.units,
            messages: self.messages.len() as u64,
            delivered: self.delivered.len() as u64,
            agreements: self.agreements.len() as u64,
        }
    }
}

/// What was spent by the values of the keys, in their order.
pub(crate) type SpentBy = BTreeMap<Vec<String>, Vec<Spent>>;

impl Engine {
    /// What was spent from one day through another, by currency.
    ///
    /// # Errors
    /// What the database says.
    pub fn spent(&self, from: Date, through: Date) -> Result<Vec<Spent>, EngineError> {
        Ok(self.spent_by(from, through, &[])?.into_values().next().unwrap_or_default())
    }

    /// What was spent from one day through another, counted apart.
    pub(crate) fn spent_by(
        &self,
        from: Date,
        through: Date,
        by: &[CoverageBy],
    ) -> Result<SpentBy, EngineError> {
        let policies = self.policies()?;
        let mut groups: BTreeMap<(Vec<String>, &'static str), (Currency, Counted)> = BTreeMap::new();
        for part in crate::inspect::parts() {
            self.db.read_as(|tx| -> Result<(), EngineError> {
                let charges = message_cost::of_part(tx, part, from, through)?;
                if charges.is_empty() {
                    return Ok(());
                }
                let place = Place::load(tx, &policies, part, &charges, (by, &self.zone))?;
                for charge in &charges {
                    let key = (place.keys(charge, by), charge.currency.code());
                    let group = groups.entry(key).or_insert_with(|| (charge.currency, Counted::default()));
                    group.1.add(charge);
                }
                Ok(())
            })?;
        }
        let mut spent = SpentBy::new();
        for ((keys, _), (currency, counted)) in groups {
            spent.entry(keys).or_default().push(counted.spent(currency));
        }
        Ok(spent)
    }
}

/// What the charges of a part belong to.
struct Place {
    agreements: HashMap<AgreementId, (AgreementRow, Vec<String>)>,
    verdicts: HashMap<AgreementId, Vec<VerdictRow>>,
    messages: HashMap<MessageId, message::StateOfMessage>,
    next: HashMap<MessageId, fallback::FallbackRow>,
    held_up: HeldUp,
}

impl Place {
    fn load(
        tx: &mut Tx<'_>,
        policies: &Policies,
        part: Part,
        charges: &[ChargeOfMessage],
        (by, zone): (&[CoverageBy], &TimeZone),
    ) -> Result<Self, EngineError> {
        let ids: BTreeSet<AgreementId> = charges.iter().map(|charge| charge.agreement).collect();
        let keys: Vec<(Part, AgreementId)> = ids.into_iter().map(|id| (part, id)).collect();
        let (mut agreements, mut verdicts) = (HashMap::new(), HashMap::new());
        for row in agreement::by_keys(tx, &keys)? {
            let terms = policies.product(&row.product, row.product_version).map(|document| &document.terms);
            let buckets = terms.map_or_else(Vec::new, |terms| {
                terms.buckets.iter().map(|bucket| bucket.name.clone()).collect()
            });
            verdicts.insert(row.id, record::verdicts_of(tx, part, row.id, row.currency)?);
            agreements.insert(row.id, (row, buckets));
        }
        let asks_reason = by.contains(&CoverageBy::Reason);
        let (messages, next, held_up) = match asks_reason {
            true => (
                message::states_of_part(tx, part)?,
                fallback::of_part(tx, part)?,
                chain::held_up_in(tx, part, zone)?,
            ),
            false => (HashMap::new(), HashMap::new(), HeldUp::new()),
        };
        Ok(Self { agreements, verdicts, messages, next, held_up })
    }

    fn keys(&self, charge: &ChargeOfMessage, by: &[CoverageBy]) -> Vec<String> {
        const NONE: &str = "-";
        let agreement = self.agreements.get(&charge.agreement);
        let verdict = self
            .verdicts
            .get(&charge.agreement)
            .and_then(|verdicts| verdict_on(verdicts, charge.business_date));
        let key = |by: &CoverageBy| match by {
            CoverageBy::Product => agreement.map(|(row, _)| row.product.clone()),
            CoverageBy::Bucket => {
                let index = verdict.map_or(0, |verdict| verdict.span.bucket_index);
                agreement.and_then(|(_, buckets)| buckets.get(index).or(buckets.last()).cloned())
            }
            CoverageBy::Channel => Some(charge.channel.code().to_owned()),
            CoverageBy::Day => Some(charge.on.to_string()),
            CoverageBy::Strategy => verdict.and_then(|verdict| verdict.span.strategy.clone()),
            CoverageBy::Reason => verdict.map(|verdict| {
                let root = verdict.span.message;
                let find = |id: MessageId| self.messages.get(&id);
                let told = root.and_then(|root| chain::told(root, (&self.next, &self.held_up), find));
                let left_on = self.held_up.get(&charge.message).copied();
                let on = left_on.filter(|on| *on > charge.business_date).unwrap_or(charge.business_date);
                verdict.span.reason_on(on, told.as_ref().map(chain::Told::fate)).code().to_owned()
            }),
        };
        by.iter().map(|by| key(by).unwrap_or_else(|| NONE.to_owned())).collect()
    }
}

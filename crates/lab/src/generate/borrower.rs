//! One borrower on one agreement, from statement to statement.

use dunlin_domain::customer_split::Security;
use dunlin_domain::date::{Date, MonthDay};
use dunlin_domain::money::{Money, Rate};
use dunlin_engine::portfolio::{
    AgreementRow, AgreementState, DecimalAmount, PaymentMovement, PaymentRow, PurchaseRow, RefundRow,
};

use super::behaviour::SteadyState;
use super::ledger::{Ledger, MINOR_PER_UNIT, share_of, whole_units};
use super::person::{customer_id, reference};
use super::product::GeneratedProduct;
use super::{Config, GeneratedCustomer};
use crate::random::{Purpose, Stream};

/// Most missed due dates that an agreement begins the window with.
const MISSED_AT_START_MAX: usize = 6;
/// Most days by which somebody who is merely late pays late.
const LATE_DAYS_MAX: i32 = 10;
/// Smallest purchase that is split into instalments, in minor units.
const PLAN_MINIMUM_MINOR: i64 = 300 * MINOR_PER_UNIT;

/// From the day after one cut-off to the due date of the next.
#[derive(Clone, Copy, Debug)]
struct Cycle {
    previous_cut_off_on: Date,
    previous_due_on: Date,
    cut_off_on: Date,
    due_on: Date,
}

/// What somebody does about one statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Conduct {
    /// Not behind, and pays in time.
    Pay,
    /// Not behind, and pays some days after the due date.
    PayLate,
    /// Pays nothing.
    Miss,
    /// Behind, and pays all that is overdue.
    Cure,
    /// Behind, and pays too little to get on.
    Stay,
}

/// Makes agreements with their facts, one after the other, in memory that is used again.
pub(super) struct Borrower<'a> {
    config: &'a Config,
    steady: SteadyState,
    end: Date,
    ledger: Ledger,
    cycles: Vec<Cycle>,
}

/// The agreement being made.
struct Agreement<'a, 'b> {
    product: &'a GeneratedProduct,
    agreement_id: String,
    number: u64,
    index: u64,
    fact_count: u32,
    limit_minor: i64,
    buying: Stream,
    paying: Stream,
    generated: &'b mut GeneratedCustomer,
}

impl<'a> Borrower<'a> {
    pub(super) fn new(config: &'a Config) -> Self {
        Self {
            config,
            steady: config.behaviour.steady_state(config.overdue_share),
            end: config.end(),
            ledger: Ledger::default(),
            cycles: Vec::new(),
        }
    }

    /// Adds agreement `index` of customer `number` with its facts to `generated`.
    pub(super) fn live(&mut self, number: u64, index: u64, generated: &mut GeneratedCustomer) {
        let mut draw = Stream::new(self.config.seed, number, Purpose::Agreement, index);
        let product = self.draw_product(&mut draw);
        let (least, most) = product.behaviour.limit;
        let limit_minor = i64::from(draw.between(least / 100, most / 100)) * 100 * MINOR_PER_UNIT;
        let day = draw.between(1, i32::from(product.statement_day_last()));
        let statement_day = MonthDay::Day(i8::try_from(day).unwrap_or(1));
        let missed_count = self.draw_missed(&mut draw);
        let past = self.lay_out(product, statement_day, missed_count);
        let first_on = self.cycles.first().map_or(self.config.start, |cycle| cycle.previous_cut_off_on);
        let agreement_id = reference("A", number, if index == 1 { "-1" } else { "-2" });
        generated.agreements.push(AgreementRow {
            agreement_id: agreement_id.clone(),
            customer_id: customer_id(number),
            product: product.row.product.clone(),
            currency: product.terms.currency,
            opened_on: first_on.plus_days(1),
            credit_limit: decimal(product, limit_minor),
            statement_day: Some(statement_day),
            // Reported once three due dates are missed.
            reported: missed_count >= 3,
            state: AgreementState::Active,
            closed_on: None,
            security: Security::None,
        });
        let mut agreement = Agreement {
            product,
            agreement_id,
            number,
            index,
            fact_count: 0,
            limit_minor,
            buying: Stream::new(self.config.seed, number, Purpose::Purchases, index),
            paying: Stream::new(self.config.seed, number, Purpose::Payments, index),
            generated,
        };
        self.ledger.clear();
        let payments_before = agreement.generated.payments.len();
        let mut missed = 0;
        for place in 0..self.cycles.len() {
            let forced = (place < past).then_some(if place == 0 { Conduct::Pay } else { Conduct::Miss });
            missed = self.pass(&mut agreement, self.cycles[place], missed, forced);
        }
        // A payment may be returned after the next one came in.
        generated.payments[payments_before..].sort_by_key(|payment| payment.paid_on);
    }

    fn draw_product(&self, draw: &mut Stream) -> &'a GeneratedProduct {
        let products = &self.config.products;
        let mut left = i64::from(draw.below(1_000_000));
        for product in products {
            left -= product.behaviour.share.millionths();
            if left < 0 {
                return product;
            }
        }
        &products[products.len() - 1]
    }

    /// How many due dates are missed when the window begins.
    fn draw_missed(&self, draw: &mut Stream) -> usize {
        let mut left = i64::from(draw.below(1_000_000));
        for (index, share) in self.steady.missed.iter().enumerate() {
            left -= share.millionths();
            if left < 0 && index < 2 {
                return index + 1;
            }
            if left < 0 {
                let mut missed = 3;
                while missed < MISSED_AT_START_MAX && draw.chance(self.config.behaviour.more_missed.worsen())
                {
                    missed += 1;
                }
                return missed;
            }
        }
        0
    }

    /// Lays out the statements from one that was paid, over those missed, to the end of the window. Gives how many
    /// were due before it.
    fn lay_out(&mut self, product: &GeneratedProduct, statement_day: MonthDay, missed_count: usize) -> usize {
        let months_back = i32::try_from(missed_count).unwrap_or(0) + 4;
        let mut cut_off_on = statement_day.next_after(self.config.start.plus_days(-31 * months_back));
        let mut due_on = product.terms.due.due_on(cut_off_on);
        self.cycles.clear();
        while cut_off_on < self.end {
            let next = statement_day.next_after(cut_off_on);
            let next_due = product.terms.due.due_on(next);
            self.cycles.push(Cycle {
                previous_cut_off_on: cut_off_on,
                previous_due_on: due_on,
                cut_off_on: next,
                due_on: next_due,
            });
            (cut_off_on, due_on) = (next, next_due);
        }
        let start = self.config.start;
        let due_before = self.cycles.iter().filter(|cycle| cycle.due_on < start).count();
        let surplus = due_before.saturating_sub(missed_count + 1);
        self.cycles.drain(..surplus);
        due_before - surplus
    }

    /// One statement, from the purchases before it to its due date. Takes and gives the number of due dates missed.
    fn pass(
        &mut self,
        agreement: &mut Agreement<'_, '_>,
        cycle: Cycle,
        missed: usize,
        forced: Option<Conduct>,
    ) -> usize {
        let terms = &agreement.product.terms;
        let conduct = forced.unwrap_or_else(|| self.draw_conduct(&mut agreement.paying, missed));
        // An arrears payment falls anywhere between two due dates, so before the cut-off or after it.
        let arrears_on = cycle
            .previous_due_on
            .plus_days(agreement.paying.between(1, cycle.due_on.days_since(cycle.previous_due_on)));
        let is_before_cut_off = arrears_on <= cycle.cut_off_on;
        if missed > 0 && is_before_cut_off {
            self.pay_arrears(agreement, conduct, arrears_on);
        }
        if missed == 0 {
            self.buy(agreement, cycle, forced.is_some());
        }
        self.ledger.cut_off(terms, cycle.cut_off_on, cycle.due_on);
        if missed > 0 && !is_before_cut_off {
            self.pay_arrears(agreement, conduct, arrears_on);
        }
        let is_current = missed == 0 || conduct == Conduct::Cure;
        if is_current && conduct != Conduct::Miss && conduct != Conduct::PayLate {
            let first =
                cycle.cut_off_on.plus_days(1).max(if missed > 0 { arrears_on } else { cycle.cut_off_on });
            self.pay_statement(agreement, first, cycle.due_on);
        }
        self.ledger.pass_due_date(terms, cycle.due_on);
        if conduct == Conduct::PayLate {
            let next_cut_off_in = 28 - cycle.due_on.days_since(cycle.cut_off_on);
            let days = agreement.paying.between(1, next_cut_off_in.clamp(1, LATE_DAYS_MAX));
            let paid_on = cycle.due_on.plus_days(days);
            let amount = self.ledger.billed_rest(terms, paid_on);
            self.pay(agreement, paid_on, whole_units(amount));
        }
        let is_overdue = self.ledger.is_overdue(terms);
        match (is_overdue, conduct) {
            (false, _) => 0,
            (true, Conduct::Stay) => missed.max(1),
            (true, Conduct::Pay | Conduct::PayLate | Conduct::Miss | Conduct::Cure) => missed + 1,
        }
    }

    fn draw_conduct(&self, paying: &mut Stream, missed: usize) -> Conduct {
        let behaviour = &self.config.behaviour;
        if missed > 0 {
            let rates = behaviour.rates(missed);
            let draw = i64::from(paying.below(1_000_000));
            return match draw - rates.cure.millionths() {
                ..0 => Conduct::Cure,
                rest if rest < rates.stay.millionths() => Conduct::Stay,
                _ => Conduct::Miss,
            };
        }
        if paying.chance(self.steady.roll_in) {
            Conduct::Miss
        } else if paying.chance(behaviour.late_share) {
            Conduct::PayLate
        } else {
            Conduct::Pay
        }
    }

    /// The month's purchases, in one to three parts, and now and then a refund.
    fn buy(&mut self, agreement: &mut Agreement<'_, '_>, cycle: Cycle, is_certain: bool) {
        let behaviour = &self.config.behaviour;
        if !is_certain && !agreement.buying.chance(behaviour.active_share) {
            return;
        }
        let share = agreement.buying.of_deciles(
            Rate::from_millionths(1_000),
            &behaviour.purchases_to_limit,
            Rate::from_millionths(400_000),
        );
        let room = agreement.limit_minor - self.ledger.owed();
        let total = whole_units(share_of(agreement.limit_minor, share)).min(room);
        let parts = 1 + i64::from(agreement.buying.below(3));
        let mut day = cycle.previous_cut_off_on;
        for part in 0..parts {
            let amount = whole_units(total / parts) + i64::from(agreement.buying.below(100)) - 50;
            let days_left = cycle.cut_off_on.days_since(day) - i32::try_from(parts - part).unwrap_or(0);
            day = day.plus_days(agreement.buying.between(1, days_left / 2));
            if amount < MINOR_PER_UNIT || day > self.end {
                continue;
            }
            let count = draw_plan(agreement, amount);
            self.ledger.purchase(&agreement.product.terms, amount, count);
            let purchase_id = agreement.purchase(day, amount, count);
            if count == 0 && agreement.buying.chance(behaviour.refund_share) {
                let refunded_on = cycle.cut_off_on.min(day.plus_days(3));
                let back = if agreement.buying.below(2) == 0 { amount } else { amount / 2 };
                self.ledger.refund_unbilled(back);
                if refunded_on <= self.end {
                    agreement.refund(purchase_id, refunded_on, back);
                }
            }
        }
    }

    /// Pays what `conduct` means for somebody who is behind.
    fn pay_arrears(&mut self, agreement: &mut Agreement<'_, '_>, conduct: Conduct, paid_on: Date) {
        let amount = match conduct {
            Conduct::Cure => self.ledger.overdue(&agreement.product.terms, paid_on),
            Conduct::Stay => {
                let deciles = &self.config.behaviour.payment_behind;
                let most = Rate::from_millionths(60_000);
                let share = agreement.paying.of_deciles(Rate::ZERO, deciles, most);
                // Enough for the oldest minimum, so that the next one takes its place.
                share_of(self.ledger.billed_rest(&agreement.product.terms, paid_on), share)
                    .max(self.ledger.oldest_shortfall())
            }
            Conduct::Pay | Conduct::PayLate | Conduct::Miss => 0,
        };
        self.pay(agreement, paid_on, whole_units(amount));
    }

    /// Pays a statement in time: all of it, or a part that is at least the minimum.
    fn pay_statement(&mut self, agreement: &mut Agreement<'_, '_>, first: Date, due_on: Date) {
        let paying = &mut agreement.paying;
        let paid_on = first.plus_days(paying.between(0, due_on.days_since(first)));
        let rest = self.ledger.billed_rest(&agreement.product.terms, paid_on);
        if rest == 0 {
            return;
        }
        let is_full = paying.chance(agreement.product.behaviour.full_payment_share);
        let amount = if is_full {
            rest
        } else {
            let (least, most) = (agreement.product.terms.minimum.share, Rate::ONE);
            let share = paying.of_deciles(least, &self.config.behaviour.partial_payment, most);
            whole_units(share_of(rest, share).max(self.ledger.shortfall())).min(rest)
        };
        if paying.chance(self.config.behaviour.returned_share) && paid_on <= self.end {
            // As if it had never been paid, so the ledger does not hear of it.
            let payment_id = agreement.payment(paid_on, amount);
            if paid_on.plus_days(2) <= self.end {
                agreement.payment_undone(payment_id, paid_on.plus_days(2));
            }
            return;
        }
        self.pay(agreement, paid_on, amount);
    }

    fn pay(&mut self, agreement: &mut Agreement<'_, '_>, paid_on: Date, amount_minor: i64) {
        if amount_minor <= 0 {
            return;
        }
        self.ledger.receive(&agreement.product.terms, paid_on, amount_minor);
        if paid_on <= self.end {
            agreement.payment(paid_on, amount_minor);
        }
    }
}

fn draw_plan(agreement: &mut Agreement<'_, '_>, amount_minor: i64) -> u32 {
    let offers = &agreement.product.terms.instalments;
    if offers.is_empty() || amount_minor < PLAN_MINIMUM_MINOR {
        return 0;
    }
    if !agreement.buying.chance(agreement.product.behaviour.plan_share) {
        return 0;
    }
    let offer = agreement.buying.below(u32::try_from(offers.len()).unwrap_or(1));
    offers[offer as usize].count
}

fn decimal(product: &GeneratedProduct, amount_minor: i64) -> DecimalAmount {
    let money = Money::new(amount_minor, product.terms.currency);
    DecimalAmount::from_money(money).expect("generated amounts are not negative")
}

impl Agreement<'_, '_> {
    /// The id of the next fact of a kind: `P00000001-1-3`. Counted within the agreement.
    fn fact_id(&mut self, letter: &str) -> String {
        self.fact_count += 1;
        let mut id = reference(letter, self.number, if self.index == 1 { "-1-" } else { "-2-" });
        push_number(&mut id, self.fact_count);
        id
    }

    fn purchase(&mut self, purchased_on: Date, amount_minor: i64, instalment_count: u32) -> String {
        let purchase_id = self.fact_id("P");
        self.generated.purchases.push(PurchaseRow {
            purchase_id: purchase_id.clone(),
            agreement_id: self.agreement_id.clone(),
            purchased_on,
            amount: decimal(self.product, amount_minor),
            instalment_count,
            merchant: None,
            currency: None,
        });
        purchase_id
    }

    fn refund(&mut self, purchase_id: String, refunded_on: Date, amount_minor: i64) {
        let refund_id = self.fact_id("R");
        self.generated.refunds.push(RefundRow {
            refund_id,
            agreement_id: self.agreement_id.clone(),
            purchase_id,
            refunded_on,
            amount: decimal(self.product, amount_minor),
            currency: None,
        });
    }

    fn payment(&mut self, paid_on: Date, amount_minor: i64) -> String {
        let movement = PaymentMovement::Received { amount: decimal(self.product, amount_minor) };
        self.payment_row(paid_on, movement)
    }

    fn payment_undone(&mut self, reverses: String, paid_on: Date) {
        self.payment_row(paid_on, PaymentMovement::Undone { reverses, amount: None });
    }

    fn payment_row(&mut self, paid_on: Date, movement: PaymentMovement) -> String {
        let payment_id = self.fact_id("Y");
        self.generated.payments.push(PaymentRow {
            payment_id: payment_id.clone(),
            agreement_id: self.agreement_id.clone(),
            paid_on,
            movement,
            currency: None,
        });
        payment_id
    }
}

fn push_number(text: &mut String, number: u32) {
    if number >= 10 {
        push_number(text, number / 10);
    }
    text.push(char::from(b'0' + (number % 10) as u8));
}

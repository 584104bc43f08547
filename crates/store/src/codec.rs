//! The stored form of an agreement's standing: a compact, versioned row of numbers.
//!
//! It is a cache: whatever cannot be read is folded again from the facts, and `dunlin verify` compares both.

use dunlin_domain::amounts::{Accrued, Amounts};
use dunlin_domain::date::Date;
use dunlin_domain::day::Standing;
use dunlin_domain::id::{FactId, MessageId};
use dunlin_domain::money::{Currency, Money};
use dunlin_domain::position::{Plan, Position, Totals, Unbilled};
use dunlin_domain::reason::Reason;
use dunlin_domain::statement::{LateFee, Punctuality, Statement, StatementOrigin};
use dunlin_domain::terms::Component;

/// The first byte; another one means that another version of the program wrote it.
const VERSION: u8 = 2;

/// The stored form of a standing.
#[must_use]
pub fn encode(standing: &Standing) -> Vec<u8> {
    let mut out = Writer(Vec::with_capacity(192));
    out.0.push(VERSION);
    let position = &standing.position;
    out.date(position.as_of);
    out.date(position.next_cut_off_on);
    out.count(position.unbilled.len());
    for unbilled in &position.unbilled {
        out.0.extend_from_slice(&unbilled.purchase.0);
        out.money(unbilled.amount);
    }
    out.count(position.plans.len());
    for plan in &position.plans {
        out.plan(plan);
    }
    out.count(position.statements.len());
    for statement in &position.statements {
        out.statement(statement);
    }
    out.money(position.credit);
    out.money(position.late_fee_settled);
    out.totals(&position.totals);
    out.money(standing.late_fee_posted);
    out.0.push(u8::from(standing.is_suspended));
    out.int(i128::from(standing.change_index));
    out.optional_date(standing.episode_due_on);
    out.optional_date(standing.next_contact_on);
    match standing.held {
        Some(held) => {
            out.0.push(1);
            out.0.extend_from_slice(&held.0);
        }
        None => out.0.push(0),
    }
    match standing.verdict {
        Some((from, through, reason)) => {
            out.0.push(1);
            out.date(from);
            out.date(through);
            let index = Reason::ALL.iter().position(|other| *other == reason);
            out.count(index.unwrap_or(0));
        }
        None => out.0.push(0),
    }
    out.optional_date(standing.covered_from);
    out.0
}

/// Reads what [`encode`] wrote; `None` if it is of another version or damaged.
#[must_use]
pub fn decode(bytes: &[u8], currency: Currency) -> Option<Standing> {
    let mut input = Reader { bytes, currency };
    if input.byte()? != VERSION {
        return None;
    }
    let as_of = input.date()?;
    let next_cut_off_on = input.date()?;
    let unbilled =
        input.list(|input| Some(Unbilled { purchase: FactId(input.sixteen()?), amount: input.money()? }))?;
    let plans = input.list(Reader::plan)?;
    let statements = input.list(Reader::statement)?;
    let position = Position {
        as_of,
        next_cut_off_on,
        unbilled,
        plans,
        statements,
        credit: input.money()?,
        late_fee_settled: input.money()?,
        totals: input.totals()?,
    };
    let late_fee_posted = input.money()?;
    let is_suspended = match input.byte()? {
        0 => false,
        1 => true,
        _ => return None,
    };
    let change_index = u32::try_from(input.int()?).ok()?;
    let episode_due_on = input.optional_date()?;
    let next_contact_on = input.optional_date()?;
    let held = if input.byte()? == 1 { Some(MessageId(input.sixteen()?)) } else { None };
    let verdict = if input.byte()? == 1 {
        let (from, through) = (input.date()?, input.date()?);
        let index = usize::try_from(input.int()?).ok()?;
        Some((from, through, *Reason::ALL.get(index)?))
    } else {
        None
    };
    let covered_from = input.optional_date()?;
    let standing = Standing {
        position,
        late_fee_posted,
        is_suspended,
        change_index,
        episode_due_on,
        next_contact_on,
        held,
        verdict,
        covered_from,
    };
    input.bytes.is_empty().then_some(standing)
}

struct Writer(Vec<u8>);

impl Writer {
    /// Zigzag, then seven bits a byte: small numbers of either sign take one or two bytes.
    fn int(&mut self, value: i128) {
        let mut rest = ((value << 1) ^ (value >> 127)).cast_unsigned();
        while rest >= 0x80 {
            self.0.push(0x80 | u8::try_from(rest & 0x7f).unwrap_or(0));
            rest >>= 7;
        }
        self.0.push(u8::try_from(rest).unwrap_or(0));
    }

    fn count(&mut self, count: usize) {
        self.int(count as i128);
    }

    fn date(&mut self, date: Date) {
        self.int(i128::from(date.days()));
    }

    fn optional_date(&mut self, date: Option<Date>) {
        self.date(date.unwrap_or(Date::NEVER));
    }

    fn money(&mut self, money: Money) {
        self.int(i128::from(money.minor()));
    }

    fn amounts(&mut self, amounts: &Amounts) {
        for minor in amounts.minor() {
            self.int(i128::from(minor));
        }
    }

    fn plan(&mut self, plan: &Plan) {
        self.0.extend_from_slice(&plan.purchase.0);
        self.money(plan.principal);
        self.int(i128::from(plan.count));
        self.money(plan.fee_per_period);
        self.int(i128::from(plan.billed_count));
        self.money(plan.unbilled);
    }

    fn statement(&mut self, statement: &Statement) {
        let origin = match statement.origin {
            StatementOrigin::CutOff => 0,
            StatementOrigin::Loaded => 1,
        };
        let punctuality = match statement.punctuality {
            Punctuality::NotYetDue => 0,
            Punctuality::Met => 1,
            Punctuality::Missed => 2,
        };
        self.0.push(origin | punctuality << 1);
        self.date(statement.cut_off_on);
        self.date(statement.due_on);
        self.amounts(&statement.billed);
        self.amounts(&statement.paid);
        self.money(statement.minimum);
        self.money(statement.minimum_paid);
        self.int(statement.late_fee.accrued.0);
        self.date(statement.late_fee.running_since);
        self.money(statement.late_fee.paid);
        self.money(statement.late_fee.waived);
    }

    fn totals(&mut self, totals: &Totals) {
        self.money(totals.purchased);
        self.amounts(&totals.loaded);
        self.amounts(&totals.billed_fees);
        self.money(totals.refunded);
        self.money(totals.paid);
        self.money(totals.waived);
        self.amounts(&totals.allocated);
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    currency: Currency,
}

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    fn sixteen(&mut self) -> Option<[u8; 16]> {
        let (first, rest) = self.bytes.split_at_checked(16)?;
        self.bytes = rest;
        first.try_into().ok()
    }

    fn int(&mut self) -> Option<i128> {
        let (mut value, mut shift) = (0_u128, 0);
        loop {
            let byte = self.byte()?;
            value |= u128::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some((value >> 1).cast_signed() ^ -((value & 1).cast_signed()));
            }
            shift += 7;
        }
    }

    fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = usize::try_from(self.int()?).ok()?;
        // No honest list is longer than the bytes left; a damaged count must not reserve memory.
        if count > self.bytes.len() {
            return None;
        }
        let mut list = Vec::with_capacity(count);
        for _ in 0..count {
            list.push(read(self)?);
        }
        Some(list)
    }

    fn date(&mut self) -> Option<Date> {
        self.int().and_then(|days| i32::try_from(days).ok()).map(Date::from_days)
    }

    fn optional_date(&mut self) -> Option<Option<Date>> {
        let date = self.date()?;
        Some((date != Date::NEVER).then_some(date))
    }

    fn money(&mut self) -> Option<Money> {
        let minor = i64::try_from(self.int()?).ok()?;
        Some(Money::new(minor, self.currency))
    }

    fn amounts(&mut self) -> Option<Amounts> {
        let mut minor = [0; Component::ALL.len()];
        for amount in &mut minor {
            *amount = i64::try_from(self.int()?).ok()?;
        }
        Some(Amounts::from_minor(self.currency, minor))
    }

    fn plan(&mut self) -> Option<Plan> {
        Some(Plan {
            purchase: FactId(self.sixteen()?),
            principal: self.money()?,
            count: u32::try_from(self.int()?).ok()?,
            fee_per_period: self.money()?,
            billed_count: u32::try_from(self.int()?).ok()?,
            unbilled: self.money()?,
        })
    }

    fn statement(&mut self) -> Option<Statement> {
        let flags = self.byte()?;
        let origin = if flags & 1 == 0 { StatementOrigin::CutOff } else { StatementOrigin::Loaded };
        let punctuality = match flags >> 1 {
            0 => Punctuality::NotYetDue,
            1 => Punctuality::Met,
            2 => Punctuality::Missed,
            _ => return None,
        };
        Some(Statement {
            origin,
            cut_off_on: self.date()?,
            due_on: self.date()?,
            billed: self.amounts()?,
            paid: self.amounts()?,
            minimum: self.money()?,
            minimum_paid: self.money()?,
            punctuality,
            late_fee: LateFee {
                accrued: Accrued(self.int()?),
                running_since: self.date()?,
                paid: self.money()?,
                waived: self.money()?,
            },
        })
    }

    fn totals(&mut self) -> Option<Totals> {
        Some(Totals {
            purchased: self.money()?,
            loaded: self.amounts()?,
            billed_fees: self.amounts()?,
            refunded: self.money()?,
            paid: self.money()?,
            waived: self.money()?,
            allocated: self.amounts()?,
        })
    }
}

//! The stored form of an agreement's standing: a compact, versioned row of numbers.
//!
//! It is a cache: whatever cannot be read is folded again from the facts, and `dunlin verify` compares both. What
//! an earlier version of the program wrote is read for what cannot be folded, such as what was posted; its
//! position is folded again.

use dunlin_domain::amounts::{Accrued, Amounts};
use dunlin_domain::date::Date;
use dunlin_domain::day::Standing;
use dunlin_domain::fraction::Fraction;
use dunlin_domain::id::{FactId, MessageId};
use dunlin_domain::late_fee::LateFee;
use dunlin_domain::money::Rate;
use dunlin_domain::money::{Currency, Money};
use dunlin_domain::position::{
    AgeingPause, ClaimState, Plan, PlannedPart, Position, Probation, RestInterest, TermPeriod, TermPlan,
    Totals, Unbilled,
};
use dunlin_domain::reason::Reason;
use dunlin_domain::schedule::Method;
use dunlin_domain::spans::DaySpan;
use dunlin_domain::statement::{EarlyCharge, Punctuality, Service, Statement, StatementOrigin};
use dunlin_domain::terms::Component;

/// The first byte; another one means that another version of the program wrote it.
const VERSION: u8 = 4;

/// Written before default items counted together: the same but for what late fees count towards the yearly ceiling.
const VERSION_OF_SEPARATE_ITEMS: u8 = 3;

/// The version before, whose position knew only statements of a cycle.
const VERSION_OF_CYCLES: u8 = 2;

/// The one before that, which knew no suspension of accrual either.
const VERSION_UNSUSPENDED: u8 = 1;

/// A standing as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The standing.
    pub standing: Standing,
    /// Whether this version of the program wrote it; else its position must be folded again.
    pub is_current: bool,
}

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
        out.0.push(unbilled.component as u8);
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
    out.behind(position);
    out.money(standing.late_fee_posted);
    out.0.push(u8::from(standing.is_suspended) | u8::from(standing.is_counted) << 1);
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

/// Reads what [`encode`] wrote, in this version or an earlier one; `None` if it is of another one or damaged.
#[must_use]
pub fn decode(bytes: &[u8], currency: Currency) -> Option<Decoded> {
    let mut input = Reader { bytes, currency, is_current: true, has_ceiling: true };
    let version = input.byte()?;
    input.is_current = match version {
        VERSION | VERSION_OF_SEPARATE_ITEMS => true,
        VERSION_OF_CYCLES | VERSION_UNSUSPENDED => false,
        _ => return None,
    };
    input.has_ceiling = version == VERSION;
    let is_current = version == VERSION;
    let position = input.position()?;
    let late_fee_posted = input.money()?;
    let flags = match version {
        VERSION_UNSUSPENDED => 0,
        _ => input.byte()?,
    };
    if flags > 3 {
        return None;
    }
    let (is_suspended, is_counted) = (flags & 1 == 1, flags & 2 == 2);
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
        is_counted,
        change_index,
        episode_due_on,
        next_contact_on,
        held,
        verdict,
        covered_from,
    };
    input.bytes.is_empty().then_some(Decoded { standing, is_current })
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
        self.count(plan.ahead.len());
        for part in &plan.ahead {
            self.money(part.principal);
            self.money(part.interest);
        }
    }

    fn term_plan(&mut self, plan: &TermPlan) {
        self.0.extend_from_slice(&plan.draw.0);
        let method = Method::ALL.iter().position(|other| *other == plan.method);
        self.count(method.unwrap_or(0));
        self.int(i128::from(plan.per_year.millionths()));
        self.money(plan.fee_per_period);
        self.money(plan.level);
        self.count(plan.periods.len());
        // Periods follow each other, so a few bits tell each.
        let mut last = Date::from_days(0);
        for period in &plan.periods {
            self.int(i128::from(period.from.days()) - i128::from(last.days()));
            self.int(i128::from(period.due_on.days()) - i128::from(period.from.days()));
            last = period.due_on;
        }
        match plan.rest {
            Some(rest) => {
                self.0.push(1);
                self.int(rest.accrued.numerator());
                self.int(rest.accrued.denominator());
                self.date(rest.accrued_to);
            }
            None => self.0.push(0),
        }
    }

    fn spans(&mut self, spans: &[DaySpan]) {
        self.count(spans.len());
        for span in spans {
            self.date(span.from);
            self.date(span.through);
        }
    }

    fn behind(&mut self, position: &Position) {
        self.count(position.term_plans.len());
        position.term_plans.iter().for_each(|plan| self.term_plan(plan));
        self.count(position.pauses.len());
        for pause in &position.pauses {
            self.0.extend_from_slice(&pause.fact.0);
            self.date(pause.from);
            self.date(pause.through);
        }
        self.spans(&position.freezes);
        self.optional_date(position.late_fee_stopped_on);
        self.optional_date(position.behind_since);
        match &position.probation {
            Some(probation) => {
                self.int(i128::from(probation.periods_left));
                self.int(i128::from(probation.days_past_due));
                self.count(probation.paid_ahead.len());
                probation.paid_ahead.iter().for_each(|due_on| self.date(*due_on));
            }
            None => self.int(0),
        }
        let ClaimState { charged_off_on, written_off_on, sold_on } = position.claim;
        [charged_off_on, written_off_on, sold_on].into_iter().for_each(|on| self.optional_date(on));
    }

    fn statement(&mut self, statement: &Statement) {
        let origin = match statement.origin {
            StatementOrigin::CutOff => 0,
            StatementOrigin::Loaded => 1,
            StatementOrigin::Scheduled => 2,
            StatementOrigin::Charge => 3,
            StatementOrigin::Payoff => 4,
        };
        let punctuality = match statement.punctuality {
            Punctuality::NotYetDue => 0,
            Punctuality::Met => 1,
            Punctuality::Missed => 2,
        };
        let has_plan = u8::from(statement.plan.is_some()) << 6;
        self.0.push(origin | punctuality << 3 | u8::from(statement.is_recognised) << 5 | has_plan);
        self.date(statement.cut_off_on);
        self.date(statement.due_on);
        self.amounts(&statement.billed);
        self.amounts(&statement.paid);
        self.money(statement.minimum);
        self.money(statement.minimum_paid);
        self.late_fee(&statement.late_fee);
        if let Some(plan) = statement.plan {
            self.0.extend_from_slice(&plan.0);
        }
        self.int(i128::from(statement.number));
        self.amounts(&statement.waived);
        self.count(statement.early.len());
        for charge in &statement.early {
            self.date(charge.due_on);
            self.0.push(charge.component as u8);
            self.money(charge.amount);
        }
        self.int(statement.service.accrued.0);
        self.date(statement.service.running_since);
        self.money(statement.service.billed);
    }

    fn late_fee(&mut self, late_fee: &LateFee) {
        self.int(late_fee.accrued.0);
        self.date(late_fee.running_since);
        self.money(late_fee.paid);
        self.money(late_fee.waived);
        self.int(late_fee.base_days);
        self.int(i128::from(late_fee.once_count));
        self.spans(&late_fee.frozen);
        match late_fee.most {
            Some(most) => {
                self.0.push(1);
                self.int(most.0);
            }
            None => self.0.push(0),
        }
        self.money(late_fee.other);
        self.int(i128::from(late_fee.interest_per_year.millionths()));
    }

    fn totals(&mut self, totals: &Totals) {
        self.money(totals.purchased);
        self.amounts(&totals.loaded);
        self.amounts(&totals.billed_fees);
        self.money(totals.refunded);
        self.money(totals.paid);
        self.money(totals.waived);
        self.amounts(&totals.allocated);
        for amounts in
            [&totals.charged, &totals.waived_billed, &totals.charged_off, &totals.written_off, &totals.sold]
        {
            self.amounts(amounts);
        }
        for money in [totals.credit_paid_out, totals.overpaid_out, totals.recovered, totals.sale_proceeds] {
            self.money(money);
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    currency: Currency,
    /// Whether the layout is that of the cycles by schedule.
    is_current: bool,
    /// Whether late fees know what else counts towards the ceiling.
    has_ceiling: bool,
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
            ahead: self.list_if_current(|input| {
                Some(PlannedPart { principal: input.money()?, interest: input.money()? })
            })?,
        })
    }

    fn position(&mut self) -> Option<Position> {
        let as_of = self.date()?;
        let next_cut_off_on = self.date()?;
        let unbilled = self.list(|input| {
            Some(Unbilled {
                purchase: FactId(input.sixteen()?),
                amount: input.money()?,
                component: if input.is_current { input.component()? } else { Component::Principal },
            })
        })?;
        let plans = self.list(Reader::plan)?;
        let statements = self.list(Reader::statement)?;
        let (credit, late_fee_settled) = (self.money()?, self.money()?);
        let totals = self.totals()?;
        let mut position = Position {
            as_of,
            next_cut_off_on,
            unbilled,
            plans,
            term_plans: Vec::new(),
            statements,
            credit,
            late_fee_settled,
            pauses: Vec::new(),
            freezes: Vec::new(),
            late_fee_stopped_on: None,
            behind_since: None,
            probation: None,
            claim: ClaimState::default(),
            totals,
        };
        if self.is_current {
            self.behind(&mut position)?;
        }
        Some(position)
    }

    fn behind(&mut self, position: &mut Position) -> Option<()> {
        position.term_plans = self.list(Reader::term_plan)?;
        position.pauses = self.list(|input| {
            Some(AgeingPause { fact: FactId(input.sixteen()?), from: input.date()?, through: input.date()? })
        })?;
        position.freezes = self.spans()?;
        position.late_fee_stopped_on = self.optional_date()?;
        position.behind_since = self.optional_date()?;
        let periods_left = u32::try_from(self.int()?).ok()?;
        if periods_left > 0 {
            let days_past_due = i32::try_from(self.int()?).ok()?;
            let paid_ahead = self.list(Reader::date)?;
            position.probation = Some(Probation { days_past_due, periods_left, paid_ahead });
        }
        position.claim = ClaimState {
            charged_off_on: self.optional_date()?,
            written_off_on: self.optional_date()?,
            sold_on: self.optional_date()?,
        };
        Some(())
    }

    fn term_plan(&mut self) -> Option<TermPlan> {
        let draw = FactId(self.sixteen()?);
        let method = *Method::ALL.get(usize::try_from(self.int()?).ok()?)?;
        let per_year = Rate::from_millionths(i64::try_from(self.int()?).ok()?);
        let (fee_per_period, level) = (self.money()?, self.money()?);
        let mut last = 0_i128;
        let periods = self.list(|input| {
            let from = last + input.int()?;
            last = from + input.int()?;
            let day = |days: i128| i32::try_from(days).ok().map(Date::from_days);
            Some(TermPeriod { from: day(from)?, due_on: day(last)? })
        })?;
        let rest = match self.byte()? {
            0 => None,
            _ => {
                let (numerator, denominator) = (self.int()?, self.int()?);
                let accrued = (denominator > 0).then(|| Fraction::new(numerator, denominator))?;
                Some(RestInterest { accrued, accrued_to: self.date()? })
            }
        };
        Some(TermPlan { draw, method, per_year, fee_per_period, level, periods, rest })
    }

    fn component(&mut self) -> Option<Component> {
        Component::ALL.get(usize::from(self.byte()?)).copied()
    }

    fn spans(&mut self) -> Option<Vec<DaySpan>> {
        self.list(|input| Some(DaySpan { from: input.date()?, through: input.date()? }))
    }

    /// A list that the version before did not have.
    fn list_if_current<T>(&mut self, read: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        if self.is_current { self.list(read) } else { Some(Vec::new()) }
    }

    fn statement(&mut self) -> Option<Statement> {
        let flags = self.byte()?;
        let (origin, punctuality) =
            if self.is_current { (flags & 7, flags >> 3 & 3) } else { (flags & 1, flags >> 1) };
        let origin = match origin {
            0 => StatementOrigin::CutOff,
            1 => StatementOrigin::Loaded,
            2 => StatementOrigin::Scheduled,
            3 => StatementOrigin::Charge,
            4 => StatementOrigin::Payoff,
            _ => return None,
        };
        let punctuality = match punctuality {
            0 => Punctuality::NotYetDue,
            1 => Punctuality::Met,
            2 => Punctuality::Missed,
            _ => return None,
        };
        let (cut_off_on, due_on) = (self.date()?, self.date()?);
        let (none, zero) = (Amounts::zero(self.currency), Money::zero(self.currency));
        let mut statement = Statement {
            origin,
            cut_off_on,
            due_on,
            plan: None,
            number: 0,
            billed: self.amounts()?,
            paid: self.amounts()?,
            waived: none,
            early: Vec::new(),
            is_recognised: true,
            minimum: self.money()?,
            minimum_paid: self.money()?,
            punctuality,
            late_fee: self.late_fee()?,
            service: Service { accrued: Accrued(0), running_since: due_on, billed: zero },
        };
        if !self.is_current {
            return Some(statement);
        }
        statement.is_recognised = flags & 32 != 0;
        if flags & 64 != 0 {
            statement.plan = Some(FactId(self.sixteen()?));
        }
        statement.number = u32::try_from(self.int()?).ok()?;
        statement.waived = self.amounts()?;
        statement.early = self.list(|input| {
            Some(EarlyCharge { due_on: input.date()?, component: input.component()?, amount: input.money()? })
        })?;
        statement.service =
            Service { accrued: Accrued(self.int()?), running_since: self.date()?, billed: self.money()? };
        Some(statement)
    }

    fn late_fee(&mut self) -> Option<LateFee> {
        let (accrued, running_since) = (Accrued(self.int()?), self.date()?);
        let (paid, waived) = (self.money()?, self.money()?);
        let mut late_fee = LateFee::new(Money::zero(self.currency), running_since, &[], None);
        (late_fee.accrued, late_fee.paid, late_fee.waived) = (accrued, paid, waived);
        if self.is_current {
            late_fee.base_days = self.int()?;
            late_fee.once_count = u32::try_from(self.int()?).ok()?;
            late_fee.frozen = self.spans()?;
            late_fee.most = if self.byte()? == 1 { Some(Accrued(self.int()?)) } else { None };
        }
        if self.has_ceiling {
            late_fee.other = self.money()?;
            late_fee.interest_per_year = Rate::from_millionths(i64::try_from(self.int()?).ok()?);
        }
        Some(late_fee)
    }

    fn totals(&mut self) -> Option<Totals> {
        let mut totals = Totals {
            purchased: self.money()?,
            loaded: self.amounts()?,
            billed_fees: self.amounts()?,
            refunded: self.money()?,
            paid: self.money()?,
            waived: self.money()?,
            allocated: self.amounts()?,
            ..Totals::zero(self.currency)
        };
        if !self.is_current {
            return Some(totals);
        }
        for amounts in [
            &mut totals.charged,
            &mut totals.waived_billed,
            &mut totals.charged_off,
            &mut totals.written_off,
            &mut totals.sold,
        ] {
            *amounts = self.amounts()?;
        }
        for money in [
            &mut totals.credit_paid_out,
            &mut totals.overpaid_out,
            &mut totals.recovered,
            &mut totals.sale_proceeds,
        ] {
            *money = self.money()?;
        }
        Some(totals)
    }
}

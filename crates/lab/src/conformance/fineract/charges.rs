//! Charges on a loan: what each charge of the peer is, what is done with it, and how it is listed.

use dunlin_domain::date::Date;
use dunlin_domain::fact::{FactError, FactKind};
use dunlin_domain::fraction::Fraction;
use dunlin_domain::id::FactId;
use dunlin_domain::money::{Currency, Money, MoneyError, Rate, Rounding};
use dunlin_domain::terms::Component;

use super::super::compare::{Got, Row};
use super::super::fields::{self, Fields, Problem};
use super::books::Kind;
use super::loan::{Done, Loan, refused};

/// When a charge falls due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DueAt {
    SpecifiedDate,
    /// With the draw, out of whose amount it is paid.
    Disbursement,
    /// A part of it with each instalment.
    Instalment,
}

/// What a charge is a share of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base {
    Flat,
    Principal,
    PrincipalAndInterest,
}

/// One of the peer's charges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ChargeKind {
    pub(super) name: &'static str,
    is_penalty: bool,
    due_at: DueAt,
    base: Base,
}

/// How much a charge is.
#[derive(Clone, Copy)]
enum Size {
    Amount(Money),
    Share(Rate),
}

/// A charge that was added: its facts, one for each instalment that it falls due with.
pub(super) struct Added {
    pub(super) kind: ChargeKind,
    pub(super) facts: Vec<FactId>,
}

/// A charge that waits for the draw.
pub(super) struct Pending {
    kind: ChargeKind,
    size: Size,
}

/// A charge by its code in the peer's test data (`ChargeGlobalInitializerStep`).
pub(super) fn kind_of(code: &str) -> Result<ChargeKind, Problem> {
    use Base::{Flat, Principal, PrincipalAndInterest};
    use DueAt::{Disbursement, Instalment, SpecifiedDate};
    let (name, is_penalty, due_at, base) = match code {
        "LOAN_NSF_FEE" => ("NSF fee", true, SpecifiedDate, Flat),
        "LOAN_SNOOZE_FEE" => ("Snooze fee", false, SpecifiedDate, Flat),
        "LOAN_FIXED_LATE_FEE" => ("Fixed Late fee", true, SpecifiedDate, Flat),
        "LOAN_FIXED_RETURNED_PAYMENT_FEE" => ("Fixed Returned payment fee", false, SpecifiedDate, Flat),
        "LOAN_PERCENTAGE_PROCESSING_FEE" => ("% Processing fee", false, SpecifiedDate, PrincipalAndInterest),
        "LOAN_DISBURSEMENT_CHARGE" => ("Disbursement Charge", false, Disbursement, Flat),
        "LOAN_DISBURSEMENT_PERCENTAGE_FEE" => ("Disbursement percentage fee", false, Disbursement, Principal),
        "LOAN_INSTALLMENT_FEE_FLAT" => ("Installment flat fee", false, Instalment, Flat),
        "LOAN_INSTALLMENT_PERCENTAGE_FEE" => {
            ("Installment percentage fee", false, Instalment, PrincipalAndInterest)
        }
        "LOAN_INSTALLMENT_FEE_PERCENTAGE_AMOUNT_PLUS_INTEREST" => {
            ("Installment percentage amount + interest fee", false, Instalment, PrincipalAndInterest)
        }
        other => return Err(Problem::new(format!("unknown charge {other:?}"))),
    };
    Ok(ChargeKind { name, is_penalty, due_at, base })
}

impl ChargeKind {
    fn component(self) -> Component {
        if self.is_penalty { Component::LateFee } else { Component::Charge }
    }

    fn size(self, fields: &Fields<'_>, currency: Currency) -> Result<Size, Problem> {
        if self.base == Base::Flat {
            return Ok(Size::Amount(fields.amount("amount", currency)?));
        }
        for name in ["pct", "percent", "percentage"] {
            if let Some(share) = fields.optional_percent(name)? {
                return Ok(Size::Share(share));
            }
        }
        // The peer calls a share of the loan its amount.
        Ok(Size::Share(fields::percent(&fields.decimal("amount")?)?))
    }

    /// The amount of the charge on `principal` and `interest`, rounded half to even.
    fn amount(self, size: Size, principal: Money, interest: Money) -> Result<Money, Problem> {
        let share = match size {
            Size::Amount(amount) => return Ok(amount),
            Size::Share(share) => share,
        };
        let base = match self.base {
            Base::Flat | Base::Principal => principal,
            Base::PrincipalAndInterest => principal.try_add(interest)?,
        };
        let exact = Fraction::new(i128::from(base.minor()) * i128::from(share.millionths()), 1_000_000);
        let minor = i64::try_from(exact.round(Rounding::HalfEven)).map_err(|_| MoneyError::Overflow)?;
        Ok(Money::new(minor, principal.currency()))
    }
}

impl Loan {
    /// Adds a charge; what falls due with the draw or its instalments waits for the draw.
    pub(super) fn add_charge(
        &mut self,
        fields: &Fields<'_>,
        currency: Currency,
        today: Date,
    ) -> Result<Done, Problem> {
        let kind = kind_of(fields.text("charge")?)?;
        let size = kind.size(fields, currency)?;
        match kind.due_at {
            DueAt::SpecifiedDate => self.add_dated_charge(kind, size, fields.date("due_date")?, today),
            DueAt::Disbursement if self.drawn.is_some() => {
                Ok(Done::Refused(format!("{} is due with the draw, which was made", kind.name)))
            }
            DueAt::Instalment if self.drawn.is_some() => self.add_instalment_charge(kind, size, today),
            DueAt::Disbursement | DueAt::Instalment => {
                self.pending_charges.push(Pending { kind, size });
                Ok(Done::Yes)
            }
        }
    }

    /// After the draw of `amount` on `on`: charges that waited for it.
    pub(super) fn add_pending_charges(
        &mut self,
        on: Date,
        amount: Money,
        today: Date,
    ) -> Result<(), Problem> {
        for Pending { kind, size } in std::mem::take(&mut self.pending_charges) {
            if kind.due_at == DueAt::Instalment {
                self.add_instalment_charge(kind, size, today)?;
                continue;
            }
            let due = kind.amount(size, amount, self.zero())?;
            let charge = self.fact(FactKind::Charge, on, due);
            (charge.component, charge.due_on) = (kind.component(), Some(on));
            let charge = charge.id;
            let payment = self.fact(FactKind::Payment, on, due);
            payment.detail.only = Some(kind.component());
            let payment = payment.id;
            self.charges.push(Added { kind, facts: vec![charge] });
            self.upfront.extend([charge, payment]);
            self.books.add(Kind::Payment("Repayment (at time of disbursement)"), on, due, Some(payment));
            self.books.accrue_upfront(kind.component(), due, on)?;
        }
        Ok(())
    }

    /// A part of the charge with each instalment of the schedule.
    fn add_instalment_charge(&mut self, kind: ChargeKind, size: Size, today: Date) -> Result<Done, Problem> {
        let view = self.view(today)?;
        let mut facts = Vec::new();
        for row in view.instalments.iter().filter(|row| row.number > 0 && row.number != u32::MAX) {
            let (principal, interest) =
                (row.billed.get(Component::Principal), row.billed.get(Component::Interest));
            let amount = kind.amount(size, principal, interest)?;
            let fact = self.fact(FactKind::Charge, row.due_on.min(today), amount);
            (fact.component, fact.due_on) = (kind.component(), Some(row.due_on));
            facts.push(fact.id);
        }
        self.charges.push(Added { kind, facts });
        Ok(Done::Yes)
    }

    fn add_dated_charge(
        &mut self,
        kind: ChargeKind,
        size: Size,
        due_on: Date,
        today: Date,
    ) -> Result<Done, Problem> {
        let Some((drawn_on, principal, _)) = self.drawn else {
            return Ok(Done::Refused("nothing was disbursed yet".to_owned()));
        };
        if due_on < drawn_on {
            return Ok(refused(&FactError::BeforeAgreement { value_on: due_on, opened_on: drawn_on }));
        }
        let interest = match size {
            Size::Amount(_) => self.zero(),
            Size::Share(_) => self.view(today)?.interest()?,
        };
        let amount = kind.amount(size, principal, interest)?;
        // It counts from its due date or from when it was added, the earlier. Money that was booked on that very
        // day before it was added goes first.
        let day = due_on.min(today);
        let is_after_money = self
            .facts
            .iter()
            .any(|fact| matches!(fact.kind, FactKind::Payment | FactKind::Refund) && fact.value_on == day);
        let value_on = if is_after_money && day < today { day.plus_days(1) } else { day };
        self.with_closing(due_on, today, |loan| {
            let fact = loan.fact(FactKind::Charge, value_on, amount);
            (fact.component, fact.due_on) = (kind.component(), Some(due_on));
            let id = fact.id;
            loan.charges.push(Added { kind, facts: vec![id] });
            Ok(Done::Yes)
        })
    }

    /// The charge that a step names by its code and due date, the last one that fits; its index in the view.
    fn named_charge(&self, view: &super::view::View, fields: &Fields<'_>) -> Result<Option<usize>, Problem> {
        let name = fields.optional_text("charge")?.map(kind_of).transpose()?;
        let due_on = fields.optional_date("due_date")?;
        let is_meant = |index: &usize| {
            let charge = &view.charges[*index];
            let own = self.charges.iter().find(|own| charge.fact.is_some_and(|id| own.facts.contains(&id)));
            name.is_none_or(|kind| own.is_some_and(|own| own.kind == kind))
                && due_on.is_none_or(|due_on| charge.due_on == due_on)
        };
        Ok((0..view.charges.len()).rev().find(is_meant))
    }

    /// Gives up what is open of the charge named, or of the last one.
    pub(super) fn waive_charge(
        &mut self,
        fields: &Fields<'_>,
        currency: Currency,
        today: Date,
    ) -> Result<Done, Problem> {
        let wanted = fields.optional_amount("amount", currency)?;
        let on = fields.optional_date("date")?.unwrap_or(today);
        let view = self.view(today)?;
        let Some(index) = self.named_charge(&view, fields)? else {
            return Ok(Done::Refused("there is no such charge".to_owned()));
        };
        let charge = &view.charges[index];
        let open = charge.amount.try_sub(view.paid_of_charge(index)?)?;
        let amount = wanted.unwrap_or(open);
        if amount.minor() > open.minor() || !amount.is_positive() {
            return Ok(refused(&FactError::AmountTooLarge { amount, largest: open }));
        }
        let (fact_id, component, row_due_on) = (charge.fact, charge.component, view.due_date_of(charge));
        self.with_closing(on, today, |loan| {
            let fact = loan.fact(FactKind::Waiver, on, amount);
            (fact.due_on, fact.detail.only) = (row_due_on, Some(component));
            let id = fact.id;
            if let Some(charge) = fact_id {
                loan.waived.push((charge, amount));
            }
            loan.books.add(Kind::Waiver, on, amount, Some(id));
            Ok(Done::Yes)
        })
    }

    /// Money of the lender's own that clears the charge named, as if the customer had paid it.
    pub(super) fn adjust_charge(
        &mut self,
        fields: &Fields<'_>,
        currency: Currency,
        today: Date,
    ) -> Result<Done, Problem> {
        let amount = fields.amount("amount", currency)?;
        let on = fields.optional_date("date")?.unwrap_or(today);
        let view = self.view(today)?;
        let Some(index) = self.named_charge(&view, fields)? else {
            return Ok(Done::Refused("there is no such charge".to_owned()));
        };
        let charge = &view.charges[index];
        if amount.minor() > charge.amount.minor() || !amount.is_positive() {
            return Ok(refused(&FactError::AmountTooLarge { amount, largest: charge.amount }));
        }
        let (component, row_due_on) = (charge.component, view.due_date_of(charge));
        self.with_closing(on, today, |loan| {
            let fact = loan.fact(FactKind::Payment, on, amount);
            (fact.due_on, fact.detail.only) = (row_due_on, Some(component));
            let id = fact.id;
            loan.books.add(Kind::Payment("Charge Adjustment"), on, amount, Some(id));
            loan.seen_on = Some(today);
            Ok(Done::Yes)
        })
    }

    pub(super) fn charge_rows(&self, today: Date) -> Result<Vec<Row>, Problem> {
        let view = self.view(today)?;
        let mut rows = Vec::new();
        for added in &self.charges {
            let [mut due, mut paid, mut waived] = [self.zero(); 3];
            let mut due_on = None;
            for fact in &added.facts {
                let Some(index) = view.charges.iter().position(|charge| charge.fact == Some(*fact)) else {
                    continue;
                };
                let charge = &view.charges[index];
                due = due.try_add(charge.amount)?;
                paid = paid.try_add(view.paid_of_charge(index)?)?;
                let waivers = self.waived.iter().filter(|(id, _)| id == fact);
                waived = waivers.map(|(_, amount)| *amount).try_fold(waived, Money::try_add)?;
                due_on = Some(charge.due_on);
            }
            let (due_at, day) = match added.kind.due_at {
                DueAt::SpecifiedDate => ("Specified due date", Got::optional_day(due_on)),
                DueAt::Disbursement => ("Disbursement", Got::Absent),
                DueAt::Instalment => ("Installment Fee", Got::Absent),
            };
            let calculation = match added.kind.base {
                Base::Flat => "Flat",
                Base::Principal => "% Amount",
                Base::PrincipalAndInterest => "% Loan Amount + Interest",
            };
            let kind = (added.kind.name, added.kind.is_penalty);
            rows.push(charge_row(kind, (due_at, day), calculation, due, paid, waived)?);
        }
        let by_terms = view.charges.iter().enumerate().filter(|(_, charge)| charge.fact.is_none());
        for (index, charge) in by_terms {
            let overdue = self.product.overdue_charge.as_ref();
            let overdue = overdue.ok_or_else(|| Problem::new("a charge that the product does not know"))?;
            let place = ("Overdue Fees", Got::Day(charge.due_on));
            let paid = view.paid_of_charge(index)?;
            let kind = (overdue.name, charge.component == Component::LateFee);
            rows.push(charge_row(kind, place, overdue.calculation, charge.amount, paid, self.zero())?);
        }
        Ok(rows)
    }
}

fn charge_row(
    (name, is_penalty): (&str, bool),
    (due_at, day): (&str, Got),
    calculation: &str,
    due: Money,
    paid: Money,
    waived: Money,
) -> Result<Row, Problem> {
    Ok(vec![
        ("Name", Got::text(name)),
        ("isPenalty", Got::Flag(is_penalty)),
        ("Payment due at", Got::text(due_at)),
        ("Due as of", day),
        ("Calculation type", Got::text(calculation)),
        ("Due", Got::Amount(due)),
        ("Paid", Got::Amount(paid)),
        ("Waived", Got::Amount(waived)),
        ("Outstanding", Got::Amount(due.try_sub(paid)?.try_sub(waived)?)),
    ])
}

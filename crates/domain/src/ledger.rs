//! The ledger: postings in double entry, derived from the difference of two states of an agreement's books.
//!
//! A posting here is one debit and one credit of the same amount, so it balances by construction. Its key
//! is made of its cause, so posting twice is impossible. Backdated and returned payments need no path of
//! their own: the fold gives new totals, and the difference is posted on today's business date.
//!
//! While the accrual of an agreement is suspended (非应计), what it owes besides principal and charges stays on its
//! receivables and is held back from income: it becomes income when it is paid, or when the agreement is cured.

use crate::amounts::Amounts;
use crate::arrears::Arrears;
use crate::contact::code_enum;
use crate::date::{BusinessDate, Date};
use crate::fact::{Fact, FactKind};
use crate::id::{AgreementId, FactId, Key};
use crate::money::{Money, MoneyError};
use crate::position::Totals;
use crate::provision::Exposure;
use crate::terms::Component;

code_enum! {
    /// What an amount is in the books: postings name roles, and the chart of accounts says which account (科目) a
    /// role stands on. The codes are kept with every posting and never change.
    LedgerRole {
        /// Principal lent.
        ReceivablePrincipal = "receivable.principal",
        /// Instalment fees billed.
        ReceivableInstalmentFee = "receivable.instalment_fee",
        /// Interest billed.
        ReceivableInterest = "receivable.interest",
        /// Charges billed.
        ReceivableCharge = "receivable.charge",
        /// Late fees posted to agreements.
        ReceivableLateFee = "receivable.late_fee",
        /// Principal of agreements that are charged off (转呆账), still owed.
        ReceivableChargedOff = "receivable.charged_off",
        /// Interest accrued by product and day, not yet billed to agreements.
        AccruedInterest = "accrued.interest",
        /// Late fees accrued by product and day, not yet posted to agreements.
        AccruedLateFee = "accrued.late_fee",
        /// Instalment fees owed while accrual is suspended, held back from income.
        SuspendedInstalmentFee = "suspended.instalment_fee",
        /// Interest owed while accrual is suspended, held back from income.
        SuspendedInterest = "suspended.interest",
        /// Late fees owed while accrual is suspended, held back from income.
        SuspendedLateFee = "suspended.late_fee",
        /// What is expected to be lost of what is owed (损失准备).
        Allowance = "allowance.provision",
        /// Money on its way to or from the bank.
        Cash = "cash.clearing",
        /// Money of the bank's that belongs to nobody yet (待处理款项).
        BankSuspense = "suspense.bank",
        /// What we owe merchants for purchases.
        MerchantPayable = "payable.merchant",
        /// What customers paid and nothing was owed for (溢缴款); payments pass through it.
        CustomerCredit = "payable.customer_credit",
        /// Obligations taken over with a loaded portfolio.
        PortfolioTakeover = "equity.portfolio_takeover",
        /// Instalment fees earned.
        IncomeInstalmentFee = "income.instalment_fee",
        /// Interest earned.
        IncomeInterest = "income.interest",
        /// Charges earned.
        IncomeCharge = "income.charge",
        /// Late fees earned.
        IncomeLateFee = "income.late_fee",
        /// What came in for what was written off (核销后回收).
        IncomeRecovery = "income.recovery",
        /// What a buyer paid for claims, less what stood in the books for them (转让损益).
        SaleResult = "income.sale_result",
        /// Principal given up.
        WaivedPrincipal = "expense.principal_waived",
        /// Instalment fees given up.
        WaivedInstalmentFee = "expense.instalment_fee_waived",
        /// Interest given up.
        WaivedInterest = "expense.interest_waived",
        /// Charges given up.
        WaivedCharge = "expense.charge_waived",
        /// Late fees given up.
        WaivedLateFee = "expense.late_fee_waived",
        /// What is added to the allowance (信用减值损失).
        ProvisionExpense = "expense.provision",
        /// Off balance: what was written off and can still come in (账销案存).
        MemorandumWrittenOff = "memorandum.written_off",
        /// Off balance: interest that accrues by product and day while accrual is suspended.
        MemorandumInterest = "memorandum.interest",
        /// Off balance: late fees that accrue by product and day while accrual is suspended.
        MemorandumLateFee = "memorandum.late_fee",
        /// Off balance: the other side of all memorandum accounts.
        MemorandumContra = "memorandum.contra",
    }
}

code_enum! {
    /// Which part of the books an account or role belongs to.
    Sphere {
        /// Assets, liabilities and equity.
        BalanceSheet = "balance_sheet",
        /// Income and expense.
        ProfitAndLoss = "profit_and_loss",
        /// Memorandum accounts (表外科目).
        OffBalance = "off_balance",
    }
}

impl LedgerRole {
    /// Where what is owed of a component stands.
    #[must_use]
    pub fn receivable(component: Component) -> Self {
        match component {
            Component::Principal => Self::ReceivablePrincipal,
            Component::InstalmentFee => Self::ReceivableInstalmentFee,
            Component::Interest => Self::ReceivableInterest,
            Component::Charge => Self::ReceivableCharge,
            Component::LateFee => Self::ReceivableLateFee,
        }
    }

    /// Where a component is earned; nothing is earned by principal.
    #[must_use]
    pub fn income(component: Component) -> Option<Self> {
        match component {
            Component::Principal => None,
            Component::InstalmentFee => Some(Self::IncomeInstalmentFee),
            Component::Interest => Some(Self::IncomeInterest),
            Component::Charge => Some(Self::IncomeCharge),
            Component::LateFee => Some(Self::IncomeLateFee),
        }
    }

    /// Where a component is held back from income while accrual is suspended. Principal is none, and charges are
    /// costs that were laid out, not accrued.
    #[must_use]
    pub fn suspended(component: Component) -> Option<Self> {
        match component {
            Component::Principal | Component::Charge => None,
            Component::InstalmentFee => Some(Self::SuspendedInstalmentFee),
            Component::Interest => Some(Self::SuspendedInterest),
            Component::LateFee => Some(Self::SuspendedLateFee),
        }
    }

    /// Where a component stands that is given up.
    #[must_use]
    pub fn waived(component: Component) -> Self {
        match component {
            Component::Principal => Self::WaivedPrincipal,
            Component::InstalmentFee => Self::WaivedInstalmentFee,
            Component::Interest => Self::WaivedInterest,
            Component::Charge => Self::WaivedCharge,
            Component::LateFee => Self::WaivedLateFee,
        }
    }

    /// Where an account must lie to take this role.
    #[must_use]
    pub fn sphere(self) -> Sphere {
        match self {
            Self::ReceivablePrincipal
            | Self::ReceivableInstalmentFee
            | Self::ReceivableInterest
            | Self::ReceivableCharge
            | Self::ReceivableLateFee
            | Self::ReceivableChargedOff
            | Self::AccruedInterest
            | Self::AccruedLateFee
            | Self::SuspendedInstalmentFee
            | Self::SuspendedInterest
            | Self::SuspendedLateFee
            | Self::Allowance
            | Self::Cash
            | Self::BankSuspense
            | Self::MerchantPayable
            | Self::CustomerCredit
            | Self::PortfolioTakeover => Sphere::BalanceSheet,
            Self::IncomeInstalmentFee
            | Self::IncomeInterest
            | Self::IncomeCharge
            | Self::IncomeLateFee
            | Self::IncomeRecovery
            | Self::SaleResult
            | Self::WaivedPrincipal
            | Self::WaivedInstalmentFee
            | Self::WaivedInterest
            | Self::WaivedCharge
            | Self::WaivedLateFee
            | Self::ProvisionExpense => Sphere::ProfitAndLoss,
            Self::MemorandumWrittenOff
            | Self::MemorandumInterest
            | Self::MemorandumLateFee
            | Self::MemorandumContra => Sphere::OffBalance,
        }
    }

    /// Whether it stands off the balance sheet.
    #[must_use]
    pub fn is_off_balance(self) -> bool {
        self.sphere() == Sphere::OffBalance
    }
}

code_enum! {
    /// What accrues by product and day, from running totals, before it is posted to agreements.
    AccrualKind {
        /// Late fees.
        LateFee = "late_fee",
        /// Late fees of agreements whose accrual is suspended.
        LateFeeSuspended = "late_fee_suspended",
        /// Interest and service fees.
        Interest = "interest",
        /// Interest and service fees of agreements whose accrual is suspended.
        InterestSuspended = "interest_suspended",
    }
}

impl AccrualKind {
    /// Of which kind an agreement's late fees are.
    #[must_use]
    pub fn of_late_fee(is_suspended: bool) -> Self {
        if is_suspended { Self::LateFeeSuspended } else { Self::LateFee }
    }

    /// Of which kind an agreement's interest is.
    #[must_use]
    pub fn of_interest(is_suspended: bool) -> Self {
        if is_suspended { Self::InterestSuspended } else { Self::Interest }
    }

    /// The roles that a day's accrual debits and credits.
    #[must_use]
    pub fn roles(self) -> (LedgerRole, LedgerRole) {
        match self {
            Self::LateFee => (LedgerRole::AccruedLateFee, LedgerRole::IncomeLateFee),
            Self::LateFeeSuspended => (LedgerRole::MemorandumLateFee, LedgerRole::MemorandumContra),
            Self::Interest => (LedgerRole::AccruedInterest, LedgerRole::IncomeInterest),
            Self::InterestSuspended => (LedgerRole::MemorandumInterest, LedgerRole::MemorandumContra),
        }
    }
}

/// Whether accrual is suspended (非应计) on the day of `arrears`: from `from_days` days past due on, until nothing is
/// past due any more. With no such age it never is.
#[must_use]
pub fn is_suspended(was_suspended: bool, arrears: &Arrears, from_days: Option<i32>) -> bool {
    let days = arrears.days_past_due;
    from_days.is_some_and(|from_days| days >= from_days || (was_suspended && days > 0))
}

/// The day on which accrual will be suspended if nothing happens; `None` if it is, or if nothing is past due.
#[must_use]
pub fn suspends_on(
    is_suspended: bool,
    arrears: &Arrears,
    today: Date,
    from_days: Option<i32>,
) -> Option<Date> {
    let days = arrears.days_past_due;
    let from_days = from_days.filter(|from_days| !is_suspended && days > 0 && days < *from_days)?;
    Some(today.plus_days(from_days - days))
}

/// One debit and one credit of the same amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Hashed from the cause.
    pub key: Key,
    /// The role debited.
    pub debit: LedgerRole,
    /// The role credited.
    pub credit: LedgerRole,
    /// Above zero.
    pub amount: Money,
    /// What it is for: `purchase`, `payment`, `allocation`, …
    pub cause: &'static str,
    /// The fact that made it come about: the last one, where several did; `None` where the calendar did.
    pub fact: Option<FactId>,
}

/// What of an agreement is in the books.
#[derive(Clone, Copy, Debug)]
pub struct Booked<'a> {
    /// Its running totals.
    pub totals: &'a Totals,
    /// Late fees posted to it so far.
    pub late_fee_posted: Money,
    /// Whether its accrual is suspended.
    pub is_suspended: bool,
}

impl Booked<'_> {
    /// What was charged, by whatever cause; purchases excepted.
    fn charged(&self, component: Component) -> Result<Money, MoneyError> {
        let totals = self.totals;
        let mut charged = totals.loaded.get(component).try_add(totals.billed_fees.get(component))?;
        charged = charged.try_add(totals.charged.get(component))?;
        match component {
            Component::LateFee => charged.try_add(self.late_fee_posted),
            Component::Principal => charged.try_add(totals.overpaid_out),
            Component::InstalmentFee | Component::Interest | Component::Charge => Ok(charged),
        }
    }

    /// What was given up.
    fn waived(&self, component: Component) -> Result<Money, MoneyError> {
        let waived = self.totals.waived_billed.get(component);
        match component {
            Component::LateFee => waived.try_add(self.totals.waived),
            Component::Principal | Component::InstalmentFee | Component::Interest | Component::Charge => {
                Ok(waived)
            }
        }
    }

    /// The principal that is charged off and still owed.
    fn charged_off(&self) -> Result<Money, MoneyError> {
        match self.totals.charged_off.total()?.is_zero() {
            true => Ok(Money::zero(self.late_fee_posted.currency())),
            false => self.open(Component::Principal),
        }
    }

    /// What was written off and did not come in since.
    fn written_off_open(&self) -> Result<Money, MoneyError> {
        self.totals.written_off.total()?.try_sub(self.totals.recovered)
    }

    /// What stands on the receivable of a component besides purchases.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn open(&self, component: Component) -> Result<Money, MoneyError> {
        let open = self.charged(component)?.try_sub(self.totals.allocated.get(component))?;
        let open = open.try_sub(self.waived(component)?)?;
        let open = open.try_sub(self.totals.written_off.get(component))?;
        let open = open.try_sub(self.totals.sold.get(component))?;
        match component {
            Component::Principal => open.try_add(self.totals.purchased),
            Component::InstalmentFee | Component::Interest | Component::Charge | Component::LateFee => {
                Ok(open)
            }
        }
    }

    /// What is held back from income of a component.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn suspended(&self, component: Component) -> Result<Money, MoneyError> {
        match self.is_suspended && LedgerRole::suspended(component).is_some() {
            true => self.open(component),
            false => Ok(Money::zero(self.late_fee_posted.currency())),
        }
    }
}

impl Booked<'_> {
    /// What of it is exposed to loss on the day of `arrears`.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn exposure(&self, arrears: &Arrears, on: Date) -> Result<Exposure, MoneyError> {
        let mut amounts = Amounts::zero(self.late_fee_posted.currency());
        for component in Component::ALL {
            amounts.add(*component, self.open(*component)?.try_sub(self.suspended(*component)?)?)?;
        }
        let days = arrears.days_past_due;
        Ok(Exposure { current_on: (days > 0).then(|| on.plus_days(-days)), amounts })
    }
}

/// Which change of an agreement is posted.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// The agreement.
    pub agreement: AgreementId,
    /// The day on which it is posted.
    pub business_date: BusinessDate,
    /// Counts the changes of this agreement, so that two on one day have different keys.
    pub change_index: u32,
    /// The facts that came in, or began to count, since the change before.
    pub facts: &'a [Fact],
}

/// The postings that bring the ledger from `before` to `after`. Before its first change an agreement has no books.
///
/// # Errors
/// When a difference does not fit 64 bits.
pub fn postings(
    change: Change<'_>,
    before: Option<Booked<'_>>,
    after: Booked<'_>,
) -> Result<Vec<Posting>, MoneyError> {
    use LedgerRole as Role;
    let nothing = Totals::zero(after.late_fee_posted.currency());
    let was = before.map_or(&nothing, |before| before.totals);
    let now = after.totals;
    let mut book = Book { change, postings: Vec::new() };
    let purchase = (Role::ReceivablePrincipal, Role::MerchantPayable);
    book.difference("purchase", purchase, (was.purchased, now.purchased), &[FactKind::Purchase])?;
    let refund = (Role::MerchantPayable, Role::CustomerCredit);
    book.difference("refund", refund, (was.refunded, now.refunded), &[FactKind::Refund])?;
    let payment = (Role::Cash, Role::CustomerCredit);
    book.difference("payment", payment, (was.paid, now.paid), &[FactKind::Payment, FactKind::Payoff])?;
    let from_credit = |totals: &Totals| totals.credit_paid_out.try_sub(totals.overpaid_out);
    let credit_refund = (Role::CustomerCredit, Role::Cash);
    let paid_out = (from_credit(was)?, from_credit(now)?);
    book.difference("credit_refund", credit_refund, paid_out, &[FactKind::CreditRefund])?;
    let overpaid = (Role::ReceivablePrincipal, Role::Cash);
    book.difference("overpaid_refund", overpaid, (was.overpaid_out, now.overpaid_out), &[])?;
    let recovery = (Role::CustomerCredit, Role::IncomeRecovery);
    book.difference("recovery", recovery, (was.recovered, now.recovered), &[])?;
    let sale = (Role::Cash, Role::SaleResult);
    book.difference("sale", sale, (was.sale_proceeds, now.sale_proceeds), &[FactKind::Sale])?;
    for component in Component::ALL {
        book.component(*component, before, after)?;
    }
    let zero = Money::zero(after.late_fee_posted.currency());
    let held =
        |of: fn(&Booked<'_>) -> Result<Money, MoneyError>| before.map_or(Ok(zero), |before| of(&before));
    let charged_off = (held(|booked| booked.charged_off())?, after.charged_off()?);
    book.difference("charge_off", (Role::ReceivableChargedOff, Role::ReceivablePrincipal), charged_off, &[])?;
    let memorandum = (held(|booked| booked.written_off_open())?, after.written_off_open()?);
    book.difference("memorandum", (Role::MemorandumWrittenOff, Role::MemorandumContra), memorandum, &[])?;
    Ok(book.postings)
}

/// What is posted against a receivable: the cause, the other side, the total before and now, and the facts of it.
type Step = (&'static str, LedgerRole, (Money, Money), &'static [FactKind]);

struct Book<'a> {
    change: Change<'a>,
    postings: Vec<Posting>,
}

impl Book<'_> {
    /// What was charged of one component, cleared, given up, and held back from income or let go into it.
    fn component(
        &mut self,
        component: Component,
        before: Option<Booked<'_>>,
        after: Booked<'_>,
    ) -> Result<(), MoneyError> {
        let currency = after.late_fee_posted.currency();
        let (zero, nothing) = (Money::zero(currency), Totals::zero(currency));
        let receivable = LedgerRole::receivable(component);
        let held =
            LedgerRole::suspended(component).filter(|_| before.is_some_and(|before| before.is_suspended));
        let (was, now) = (before.map_or(&nothing, |before| before.totals), after.totals);
        let both = |of: fn(&Totals) -> &Amounts| (of(was).get(component), of(now).get(component));
        let takeover = (receivable, LedgerRole::PortfolioTakeover);
        self.difference("obligation", takeover, both(|totals| &totals.loaded), &[FactKind::Obligation])?;
        // What a suspended agreement is charged never was income, so it is not taken from income when it is given up.
        let mut routed = zero;
        // Nothing earns principal; a charge of it could only have been taken over.
        let income = held.or(LedgerRole::income(component)).unwrap_or(LedgerRole::PortfolioTakeover);
        let posted = match component {
            Component::LateFee => {
                (before.map_or(zero, |before| before.late_fee_posted), after.late_fee_posted)
            }
            Component::Principal | Component::InstalmentFee | Component::Interest | Component::Charge => {
                (zero, zero)
            }
        };
        let accrued = held.unwrap_or(LedgerRole::AccruedLateFee);
        // Interest has accrued by the day before it is billed; what had not is trued up on the day.
        let billed = match component {
            Component::Interest => held.unwrap_or(LedgerRole::AccruedInterest),
            Component::Principal | Component::InstalmentFee | Component::Charge | Component::LateFee => {
                income
            }
        };
        let charges: [Step; 3] = [
            ("fee", billed, both(|totals| &totals.billed_fees), &[]),
            ("charge", income, both(|totals| &totals.charged), &[FactKind::Charge]),
            ("late_fee", accrued, posted, &[]),
        ];
        for (cause, role, totals, kinds) in charges {
            self.difference(cause, (receivable, role), totals, kinds)?;
            routed = routed.try_add(totals.1.try_sub(totals.0)?)?;
        }
        let cleared = both(|totals| &totals.allocated);
        self.difference("allocation", (LedgerRole::CustomerCredit, receivable), cleared, &[])?;
        let waived = (before.map_or(Ok(zero), |before| before.waived(component))?, after.waived(component)?);
        let losses: [Step; 3] = [
            ("waiver", LedgerRole::waived(component), waived, &[FactKind::Waiver]),
            ("write_off", LedgerRole::Allowance, both(|totals| &totals.written_off), &[]),
            ("sale", LedgerRole::SaleResult, both(|totals| &totals.sold), &[]),
        ];
        for (cause, role, totals, kinds) in losses {
            self.difference(cause, (held.unwrap_or(role), receivable), totals, kinds)?;
            routed = routed.try_sub(totals.1.try_sub(totals.0)?)?;
        }
        let Some((suspended, income)) = LedgerRole::suspended(component).zip(LedgerRole::income(component))
        else {
            return Ok(());
        };
        let already = match held {
            Some(_) => routed,
            None => zero,
        };
        let before_held = before.map_or(Ok(zero), |before| before.suspended(component))?.try_add(already)?;
        let after_held = after.suspended(component)?;
        let cause = match (held.is_some(), after.is_suspended) {
            (false, _) => "suspension",
            (true, true) => "recognition",
            (true, false) => "resumption",
        };
        self.difference(cause, (income, suspended), (before_held, after_held), &[])
    }

    /// Posts what a total grew by; what it fell by goes the other way round. Where facts of `kinds` make up the
    /// difference, each has a posting of its own.
    fn difference(
        &mut self,
        cause: &'static str,
        (debit, credit): (LedgerRole, LedgerRole),
        (before, after): (Money, Money),
        kinds: &[FactKind],
    ) -> Result<(), MoneyError> {
        let change = after.try_sub(before)?;
        if change.is_zero() {
            return Ok(());
        }
        let made_of = self.facts_of(change, kinds, debit);
        if made_of.len() > 1 {
            for (fact, amount) in made_of {
                let key = self.key(cause, debit, credit, Some(fact));
                self.postings.push(Posting { key, debit, credit, amount, cause, fact: Some(fact) });
            }
            return Ok(());
        }
        let latest =
            self.change.facts.iter().max_by_key(|fact| (fact.learned_at, fact.id)).map(|fact| fact.id);
        let fact = made_of.first().map(|(fact, _)| *fact).or(latest);
        let (debit, credit, amount) = match change.is_positive() {
            true => (debit, credit, change),
            false => (credit, debit, before.try_sub(after)?),
        };
        let key = self.key(cause, debit, credit, None);
        self.postings.push(Posting { key, debit, credit, amount, cause, fact });
        Ok(())
    }

    /// The new facts of `kinds` if they come to `change` exactly.
    fn facts_of(&self, change: Money, kinds: &[FactKind], debit: LedgerRole) -> Vec<(FactId, Money)> {
        let is_of = |fact: &&Fact| {
            kinds.contains(&fact.kind)
                && (fact.kind != FactKind::Obligation || LedgerRole::receivable(fact.component) == debit)
        };
        let made_of: Vec<(FactId, Money)> =
            self.change.facts.iter().filter(is_of).map(|fact| (fact.id, fact.amount)).collect();
        let sum: i128 = made_of.iter().map(|(_, amount)| i128::from(amount.minor())).sum();
        if sum == i128::from(change.minor()) { made_of } else { Vec::new() }
    }

    fn key(&self, cause: &'static str, debit: LedgerRole, credit: LedgerRole, fact: Option<FactId>) -> Key {
        let Change { agreement, business_date, change_index, .. } = self.change;
        let (day, index) = (business_date.0.days().to_le_bytes(), change_index.to_le_bytes());
        let mut parts: Vec<&[u8]> =
            vec![&agreement.0, &day, debit.code().as_bytes(), credit.code().as_bytes(), &index];
        if let Some(fact) = &fact {
            parts.push(&fact.0);
        }
        Key::of_cause(cause, &parts)
    }
}

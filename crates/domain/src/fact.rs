//! Facts about an agreement: what happened, when it counts, and when we learned of it.
//!
//! Facts are only ever added. A correction is a new fact that names the one it replaces.

use crate::wording;
use crate::wording::Wording;
use std::fmt;

use crate::contact::{Language, code_enum};
use crate::date::{Date, Timestamp};
use crate::id::FactId;
use crate::money::{Currency, Money, MoneyError, Rate};
use crate::terms::Component;

code_enum! {
    /// What happened. The order is the order in which facts of one value date take effect.
    FactKind {
        /// A purchase at a merchant, paid in full on the next statement or by a plan.
        Purchase = "purchase",
        /// An amount that the lender says falls due, where it gives no purchases.
        Obligation = "obligation",
        /// A charge that was added later, due on a day of its own.
        Charge = "charge",
        /// The start of a stretch of days that do not count as overdue (逾期暂停).
        AgeingPause = "ageing_pause",
        /// An ageing pause ends early, on this day.
        AgeingResume = "ageing_resume",
        /// The start of a stretch of days on which no late fee accrues.
        FeeFreeze = "fee_freeze",
        /// Part of a statement is moved into a plan (账单分期).
        StatementPlan = "statement_plan",
        /// What is left of a plan, or of all, gets another number of instalments, first due date or rate.
        Reschedule = "reschedule",
        /// The merchant took a purchase back, wholly or in part.
        Refund = "refund",
        /// Money came in.
        Payment = "payment",
        /// One plan or everything is paid off before it is due (提前结清).
        Payoff = "payoff",
        /// Unapplied credit was paid out to the customer (溢缴款领回).
        CreditRefund = "credit_refund",
        /// An earlier payment is undone by us (冲正).
        Reversal = "reversal",
        /// An earlier payment is undone by the bank (退回).
        Return = "return",
        /// What is owed is given up, wholly or in part (减免).
        Waiver = "waiver",
        /// The agreement is charged off (转呆账): it is still owed, but no longer counted on.
        ChargeOff = "charge_off",
        /// All that is owed is written off (核销); what comes in afterwards is recovery.
        WriteOff = "write_off",
        /// The claim is sold or assigned (债权转让); from then on nothing is owed to us.
        Sale = "sale",
        /// An earlier fact is replaced by nothing: it was wrong and never happened.
        Withdrawal = "withdrawal",
    }
}

/// One fact. Which of the optional fields are set follows from the kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Its id, hashed from the agreement and the lender's reference.
    pub id: FactId,
    /// What happened.
    pub kind: FactKind,
    /// The day from which it counts.
    pub value_on: Date,
    /// The moment we learned of it.
    pub learned_at: Timestamp,
    /// How much; not negative. Zero for what undoes all of its target, and for what moves no money. Payoff: what
    /// came in with it. Sale: what the buyer paid.
    pub amount: Money,
    /// Purchase: number of instalments, 0 for payment in full. Statement plan, reschedule: the number of
    /// instalments from now on; 0 in a reschedule keeps the number.
    pub instalment_count: u32,
    /// Obligation: what it is made of. Charge: a late fee, or any other charge.
    pub component: Component,
    /// Obligation, charge: the due date. Purchase, reschedule: the first due date. Statement plan: the due date
    /// of the statement. Payment, waiver: only what is due on this date. Payoff: the day of the quote that it takes.
    pub due_on: Option<Date>,
    /// The fact that it acts on. Refund: the purchase; reversal, return: the payment; withdrawal: any fact;
    /// charge, payoff, reschedule: the purchase or statement plan whose plan it is about; payment, waiver: the
    /// plan or obligation that it is for; resume: the pause. Where it may be absent: the oldest first, or all.
    pub target: Option<FactId>,
    /// The lender's own reference.
    pub reference: String,
    /// What only some kinds have.
    pub detail: FactDetail,
}

/// What only some kinds of facts have; empty for the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FactDetail {
    /// Ageing pause, fee freeze: the last day, `None` while it is open. Payoff: the last day of the quote.
    pub through: Option<Date>,
    /// Reschedule: the new annual rate, or the fee per period of a plan with a flat fee.
    pub rate: Option<Rate>,
    /// Payment, waiver: only this component. A waiver without one gives up late fees.
    pub only: Option<Component>,
    /// Payment: what it does to a plan that it pays ahead; `None` for what the terms say.
    pub prepayment: Option<Prepayment>,
    /// Fee freeze: why.
    pub freeze: Option<FreezeReason>,
}

code_enum! {
    /// What money paid before it is due does to the plan.
    Prepayment {
        /// It is kept for the coming instalments, which stay as they are.
        Advance = "advance",
        /// The instalments stay as high, and there are fewer of them (缩期).
        Shorten = "shorten",
        /// There are as many instalments, and they get lower (减额).
        Lower = "lower",
    }
}

code_enum! {
    /// Why no late fee accrues.
    FreezeReason {
        /// A planned stop.
        Pause = "pause",
        /// The customer disputes the debt.
        Dispute = "dispute",
        /// Agreed relief.
        Hardship = "hardship",
    }
}

impl FactKind {
    /// Whether it undoes its target as if that had never been.
    #[must_use]
    pub fn is_undoing(self) -> bool {
        matches!(self, Self::Reversal | Self::Return | Self::Withdrawal)
    }

    /// Whether it must carry an amount above zero; the others carry zero, or may.
    #[must_use]
    pub fn needs_amount(self) -> bool {
        match self {
            Self::Purchase
            | Self::Obligation
            | Self::Charge
            | Self::StatementPlan
            | Self::Refund
            | Self::Payment
            | Self::CreditRefund
            | Self::Waiver => true,
            Self::AgeingPause
            | Self::AgeingResume
            | Self::FeeFreeze
            | Self::Reschedule
            | Self::Payoff
            | Self::Reversal
            | Self::Return
            | Self::ChargeOff
            | Self::WriteOff
            | Self::Sale
            | Self::Withdrawal => false,
        }
    }

    /// The kinds of fact that one of this kind may name as its target; empty if it names none.
    #[must_use]
    pub fn acts_on(self) -> &'static [Self] {
        match self {
            Self::Refund => &[Self::Purchase],
            Self::Reversal | Self::Return => &[Self::Payment, Self::Payoff],
            Self::Withdrawal => Self::ALL,
            Self::AgeingResume => &[Self::AgeingPause],
            Self::FeeFreeze => &[Self::FeeFreeze],
            Self::Charge | Self::Payoff | Self::Reschedule => &[Self::Purchase, Self::StatementPlan],
            Self::Payment | Self::Waiver => {
                &[Self::Purchase, Self::StatementPlan, Self::Obligation, Self::Charge]
            }
            Self::Purchase
            | Self::Obligation
            | Self::AgeingPause
            | Self::StatementPlan
            | Self::CreditRefund
            | Self::ChargeOff
            | Self::WriteOff
            | Self::Sale => &[],
        }
    }

    /// Its name in words.
    #[must_use]
    pub fn label(self, language: Language) -> &'static str {
        let (zh, en) = match self {
            Self::Purchase => ("消费", "purchase"),
            Self::Obligation => ("应还款项", "obligation"),
            Self::Charge => ("费用", "charge"),
            Self::AgeingPause => ("暂停计算逾期", "ageing pause"),
            Self::AgeingResume => ("恢复计算逾期", "ageing resumed"),
            Self::FeeFreeze => ("停止计收违约金", "late fee freeze"),
            Self::StatementPlan => ("账单分期", "statement instalments"),
            Self::Reschedule => ("变更还款计划", "reschedule"),
            Self::Refund => ("退款", "refund"),
            Self::Payment => ("还款", "payment"),
            Self::Payoff => ("提前结清", "early payoff"),
            Self::CreditRefund => ("退还溢缴款", "credit paid out"),
            Self::Reversal => ("冲正", "reversal"),
            Self::Return => ("银行退回", "return by the bank"),
            Self::Waiver => ("减免", "waiver"),
            Self::ChargeOff => ("转呆账", "charge-off"),
            Self::WriteOff => ("核销", "write-off"),
            Self::Sale => ("债权转让", "sale of the claim"),
            Self::Withdrawal => ("更正", "correction"),
        };
        match language {
            Language::Zh => zh,
            Language::En => en,
        }
    }

    /// Whether it must name a target.
    #[must_use]
    pub fn needs_target(self) -> bool {
        self.is_undoing()
    }
}

impl Fact {
    /// A fact with nothing but what every kind has.
    #[must_use]
    pub fn new(id: FactId, kind: FactKind, value_on: Date, learned_at: Timestamp, amount: Money) -> Self {
        Self {
            id,
            kind,
            value_on,
            learned_at,
            amount,
            instalment_count: 0,
            component: Component::Principal,
            due_on: None,
            target: None,
            reference: String::new(),
            detail: FactDetail::default(),
        }
    }

    /// The currency of its amount.
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.amount.currency()
    }
}

/// Why a fact cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactError {
    /// The amount is negative, or zero where money must move.
    AmountNotPositive {
        /// The amount given.
        amount: Money,
    },
    /// The plan is not one that the product offers.
    PlanNotOffered {
        /// Instalments asked for.
        count: u32,
        /// Instalments on offer.
        offered: Vec<u32>,
    },
    /// The amount is in another currency than the agreement.
    CurrencyMismatch {
        /// The amount given.
        amount: Money,
        /// The code of the agreement's currency.
        expected: String,
    },
    /// The value date is before the agreement began.
    BeforeAgreement {
        /// The value date.
        value_on: Date,
        /// The day the agreement was opened.
        opened_on: Date,
    },
    /// The value date is after the business date.
    InFuture {
        /// The value date.
        value_on: Date,
        /// The latest date allowed.
        latest: Date,
    },
    /// There is no fact that the reversal or refund could act on.
    UnknownTarget {
        /// The reference given.
        reference: String,
    },
    /// The amount cannot be read in the agreement's currency.
    Amount(MoneyError),
    /// A reversal states another amount than the payment that it undoes.
    ReversalAmount {
        /// The amount given.
        amount: Money,
        /// The amount of the payment.
        expected: Money,
    },
    /// The target was undone before.
    AlreadyReversed {
        /// The reference given.
        reference: String,
    },
    /// There is no plan with something left that the fact could be about.
    UnknownPlan {
        /// The reference given; empty where the agreement has no plan at all.
        reference: String,
    },
    /// No statement with something open is due on the date given.
    UnknownStatement {
        /// The due date given.
        due_on: Date,
    },
    /// More is to be moved, given up or paid out than there is.
    AmountTooLarge {
        /// The amount given.
        amount: Money,
        /// The largest amount taken.
        largest: Money,
    },
    /// The payoff comes after its quote ended.
    QuoteEnded {
        /// The day of the payoff.
        value_on: Date,
        /// The last day of the quote.
        through: Date,
    },
    /// The payoff is not the amount that is needed on its day.
    PayoffAmount {
        /// The amount given.
        amount: Money,
        /// The amount needed.
        expected: Money,
    },
    /// The payoff is what was quoted, but something happened since that changes what is needed.
    QuoteStale {
        /// What was quoted.
        quoted: Money,
        /// What the same quote would say now.
        needed: Money,
    },
    /// The due date of the statement has passed; what is open of it cannot be moved into a plan any more.
    StatementPlanTooLate {
        /// The due date.
        due_on: Date,
        /// The day of the plan.
        value_on: Date,
    },
    /// A reschedule that gives neither a number of instalments nor a first due date nor a rate.
    NothingToChange,
    /// The plan is billed by statements, whose due dates are not the plan's to choose.
    FirstDueByStatement,
    /// The first due date is not after the day of the change.
    FirstDueTooEarly {
        /// The first due date given.
        due_on: Date,
        /// The day of the change.
        value_on: Date,
    },
    /// No plan has so many instalments.
    InstalmentCount {
        /// The number given.
        count: u32,
        /// The largest number taken.
        largest: u32,
    },
    /// The rate is negative.
    NegativeRate {
        /// The rate given.
        rate: Rate,
    },
    /// The terms of an agreement cannot change while a plan runs; a reschedule can.
    PlanRunning {
        /// The product given.
        product: String,
        /// Instalments still to come.
        instalment_count: u32,
    },
    /// The end is before the start.
    EndsBeforeStart {
        /// The start.
        value_on: Date,
        /// The end given.
        through: Date,
    },
    /// The agreement was written off; only recoveries come in from then on.
    WrittenOff {
        /// The day of the write-off.
        on: Date,
    },
    /// The claim was sold; what comes in belongs to the buyer.
    Sold {
        /// The day of the sale.
        on: Date,
    },
    /// What the kind of fact needs is missing.
    Missing {
        /// The field.
        field: &'static str,
    },
}

impl FactError {
    /// The stable code of the refusal.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::AmountNotPositive { .. } => "amount_not_positive",
            Self::PlanNotOffered { .. } => "plan_not_offered",
            Self::CurrencyMismatch { .. } => "currency_mismatch",
            Self::BeforeAgreement { .. } => "before_agreement",
            Self::InFuture { .. } => "in_future",
            Self::UnknownTarget { .. } => "unknown_target",
            Self::Amount(_) => "amount",
            Self::ReversalAmount { .. } => "reversal_amount",
            Self::AlreadyReversed { .. } => "already_reversed",
            Self::UnknownPlan { .. } => "unknown_plan",
            Self::UnknownStatement { .. } => "unknown_statement",
            Self::AmountTooLarge { .. } => "amount_too_large",
            Self::QuoteEnded { .. } => "quote_ended",
            Self::PayoffAmount { .. } => "payoff_amount",
            Self::QuoteStale { .. } => "quote_stale",
            Self::StatementPlanTooLate { .. } => "statement_plan_too_late",
            Self::NothingToChange => "nothing_to_change",
            Self::FirstDueByStatement => "first_due_by_statement",
            Self::FirstDueTooEarly { .. } => "first_due_too_early",
            Self::InstalmentCount { .. } => "instalment_count",
            Self::NegativeRate { .. } => "negative_rate",
            Self::PlanRunning { .. } => "plan_running",
            Self::EndsBeforeStart { .. } => "ends_before_start",
            Self::WrittenOff { .. } => "written_off",
            Self::Sold { .. } => "sold",
            Self::Missing { .. } => "missing",
        }
    }
}

impl FactError {
    /// What is wrong and what would be right, in both languages.
    #[must_use]
    #[expect(
        clippy::too_many_lines,
        reason = "a sentence in two languages for each refusal, and nothing else"
    )]
    pub fn wording(&self) -> Wording {
        match self {
            Self::AmountNotPositive { amount } => {
                wording!("金额 {amount} 必须大于零", "amount {amount} must be above zero")
            }
            Self::PlanNotOffered { count, offered } => {
                wording!(
                    "不提供 {count} 期的分期；该产品提供的期数为 {offered:?}",
                    "a plan of {count} instalments is not offered; the product offers {offered:?}"
                )
            }
            Self::CurrencyMismatch { amount, expected } => {
                wording!(
                    "金额 {amount:?} 的币种须为合约币种 {expected}",
                    "amount {amount:?} must be in {expected}, the currency of the agreement"
                )
            }
            Self::BeforeAgreement { value_on, opened_on } => {
                wording!(
                    "日期 {value_on} 早于合约开立日 {opened_on}",
                    "date {value_on} is before the agreement was opened on {opened_on}"
                )
            }
            Self::InFuture { value_on, latest } => {
                wording!(
                    "日期 {value_on} 在未来；最晚可填 {latest}",
                    "date {value_on} is in the future; the latest date taken is {latest}"
                )
            }
            Self::UnknownTarget { reference } => {
                wording!("没有可处理的记录“{reference}”", "there is no fact {reference:?} to act on")
            }
            Self::Amount(error) => error.wording(),
            Self::ReversalAmount { amount, expected } => {
                wording!(
                    "金额 {amount} 与该笔还款的金额 {expected} 不符；冲正须针对整笔还款",
                    "amount {amount} is not that of the payment, {expected}; a reversal undoes all of it"
                )
            }
            Self::AlreadyReversed { reference } => {
                wording!("“{reference}”此前已冲正", "{reference:?} was reversed before")
            }
            Self::UnknownPlan { reference } if reference.is_empty() => {
                wording!(
                    "没有未还完的分期计划；请写明是哪一笔消费的分期",
                    "there is no plan with anything left; name the purchase whose plan is meant"
                )
            }
            Self::UnknownPlan { reference } => {
                wording!(
                    "“{reference}”没有未还完的分期计划；请写明是哪一笔消费的分期",
                    "{reference:?} has no plan with anything left; name the purchase whose plan is meant"
                )
            }
            Self::UnknownStatement { due_on } => {
                wording!(
                    "{due_on} 没有到期未还的款项；请填写未结清账单的还款日",
                    "nothing that is open is due on {due_on}; give the due date of an open statement"
                )
            }
            Self::AmountTooLarge { amount, largest } => {
                wording!(
                    "金额 {amount} 超出现有数额；最多可填 {largest}",
                    "amount {amount} is more than there is; the most that is taken is {largest}"
                )
            }
            Self::QuoteEnded { value_on, through } => {
                wording!(
                    "报价有效期至 {through}，而结清日为 {value_on}；请重新询价",
                    "the quote held through {through}, the payoff is of {value_on}; ask for a new quote"
                )
            }
            Self::PayoffAmount { amount, expected } => {
                wording!(
                    "还款 {amount} 不足以结清；当日须还 {expected}",
                    "a payoff of {amount} does not settle it; on that day {expected} is needed"
                )
            }
            Self::QuoteStale { quoted, needed } => {
                wording!(
                    "报价为 {quoted}，但之后有变动，现须还 {needed}；请重新询价",
                    "the quote said {quoted}, but something happened since and {needed} is needed; ask for a new quote"
                )
            }
            Self::StatementPlanTooLate { due_on, value_on } => {
                wording!(
                    "账单还款日为 {due_on}，而现在是 {value_on}；账单分期须在还款日之前（含当日）办理",
                    "the statement was due on {due_on}, and it is {value_on}; instalments are chosen by the due date"
                )
            }
            Self::NothingToChange => {
                wording!(
                    "没有任何变更；请填写期数、首个还款日或费率",
                    "nothing changes; give a number of instalments, a first due date or a rate"
                )
            }
            Self::FirstDueByStatement => wording!(
                "该分期随账单入账，还款日按合约约定；请不要填首个还款日",
                "the plan is billed by statements, whose due dates are the agreement's; leave the first due date out",
            ),
            Self::FirstDueTooEarly { due_on, value_on } => {
                wording!(
                    "首个还款日 {due_on} 必须晚于变更日 {value_on}",
                    "the first due date {due_on} must be after {value_on}, the day of the change"
                )
            }
            Self::InstalmentCount { count, largest } => {
                wording!(
                    "期数 {count} 过多；最多 {largest} 期",
                    "{count} instalments are too many; the most that is taken is {largest}"
                )
            }
            Self::NegativeRate { rate } => {
                wording!("费率 {rate} 不能为负", "the rate {rate} must not be negative")
            }
            Self::PlanRunning { product, instalment_count } => {
                wording!(
                    "尚有 {instalment_count} 期未到期，条款不能变更为“{product}”；请先调整还款计划，或提前结清",
                    "the terms cannot change to {product:?} while {instalment_count} instalments are to come; \
                     reschedule the plan, or pay it off first"
                )
            }
            Self::EndsBeforeStart { value_on, through } => {
                wording!(
                    "截止日 {through} 早于起始日 {value_on}",
                    "the last day {through} is before the first, {value_on}"
                )
            }
            Self::WrittenOff { on } => {
                wording!(
                    "该合约已于 {on} 核销；此后只接受核销后回收",
                    "the agreement was written off on {on}; only recoveries are taken from then on"
                )
            }
            Self::Sold { on } => {
                wording!(
                    "该债权已于 {on} 转让；收到的款项请转交受让方",
                    "the claim was sold on {on}; pass what comes in on to its owner"
                )
            }
            Self::Missing { field } => wording!(
                "缺少 {field}，此类记录必须填写",
                "{field} is missing, and this kind of fact needs it"
            ),
        }
    }
}

impl fmt::Display for FactError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wording().en)
    }
}

impl std::error::Error for FactError {}

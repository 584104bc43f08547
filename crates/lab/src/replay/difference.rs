//! Why our ageing and the bank's differ: the kinds of difference, as far as the file lets them be told apart.

use dunlin_domain::contact::Language;
use dunlin_domain::date::Date;
use dunlin_domain::money::Rate;
use dunlin_domain::terms::Terms;

use crate::uci::{History, agreement_id, judged_on};

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $zh:literal, $en:literal;)+) => {
        /// A kind of difference between our bucket and the bank's.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum DifferenceKind {
            $($(#[$doc])* $variant,)+
        }

        impl DifferenceKind {
            /// All kinds: overdue at the bank only, overdue with us only, overdue with both.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The stable code.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }

            /// What it is, in words.
            #[must_use]
            pub fn label(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$variant, Language::Zh) => $zh,
                    (Self::$variant, Language::En) => $en,)+
                }
            }
        }
    };
}

kinds! {
    /// The minimum was paid, which cures with us; the bank had the customer overdue a month before and still has.
    BankKeepsArrears = "bank_keeps_arrears",
        "银行：上期已逾期，本期还够最低还款额后仍记逾期；本系统：已回正",
        "the bank keeps as overdue whom it had so a month before; with us the minimum, paid, cured it";
    /// The minimum was paid; the bank has the customer overdue all the same, and not because of an earlier status.
    BankAsksMore = "bank_asks_more",
        "银行：已还够本系统的最低还款额，仍记逾期（其最低还款额含利息，或四月前已逾期）",
        "the bank asked for more than our minimum, or had the customer overdue before April";
    /// The statement had nothing to pay; the bank has the customer overdue.
    BankWithoutDebt = "bank_without_debt",
        "银行：账单无欠款，仍记逾期",
        "the bank has as overdue who had nothing to pay";
    /// Less than the minimum was paid in the month, but an earlier overpayment or a refund covers it.
    CoveredByCredit = "covered_by_credit",
        "本系统：当月还款不足，但先前的溢缴款或退款已抵足最低还款额",
        "with us an earlier overpayment or a refund covers the minimum";
    /// Nothing was paid and we count the miss; the bank does not.
    NothingPaid = "nothing_paid",
        "本系统：当月分文未还，记逾期；银行：不记",
        "nothing was paid, and the bank has the customer as current";
    /// Something below the minimum was paid; the bank lets it pass.
    LessThanMinimum = "less_than_minimum",
        "本系统：还款不足最低还款额，记逾期；银行：不记",
        "less than the minimum was paid, and the bank has the customer as current";
    /// The minimum of the month was paid; with us an older one is open.
    OlderOpen = "older_open",
        "本系统：当月已还够，但更早账单的最低还款额仍有缺口；银行：不记",
        "the month was paid, but with us the minimum of an older statement is open";
    /// The bank's balance is nil; with us a rest is open, because our late fee took a part of the payment.
    OwnLateFee = "own_late_fee",
        "银行余额为零；本系统另计的违约金占用了部分还款，留下零头未清",
        "nothing is owed at the bank; our own late fee took a part of the payment, and that part is open with us";
    /// The bank's 7 that stays a 7 is a state of its own and not a count of months.
    BankSeven = "bank_seven",
        "银行：代码 7 连续数月不变，是单独的状态，不再计月数",
        "the bank's 7 stays a 7: a state of its own, not a count of months";
    /// The bank counts months before April, which the file does not have.
    BankCountsFromBefore = "bank_counts_from_before",
        "银行：四月前已逾期，月数更多；本系统从四月起算",
        "the bank counts months from before April, where our file begins";
    /// The bank is further for another reason.
    BankFurther = "bank_further",
        "银行：月数更多（其他）",
        "the bank counts more months for another reason";
    /// We count the oldest open due date on; the bank stays at a lower number.
    BankStays = "bank_stays",
        "本系统按最早的未还到期日继续计算；银行停在较低的月数",
        "we count on from the oldest open due date; the bank stays at a lower number of months";
}

/// How often a kind of difference occurs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The kind.
    pub kind: DifferenceKind,
    /// Customer-months.
    pub count: u64,
    /// The first of them, in the order of the file.
    pub example: Example,
}

/// One customer-month to look into: `dunlin explain` tells our side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The agreement, as the portfolio names it.
    pub agreement_id: String,
    /// The month end.
    pub judged_on: Date,
    /// Our bucket.
    pub bucket: String,
    /// The bank's code.
    pub bank_code: i8,
}

/// Counts of differences as they are found.
pub(super) struct Differences<'t> {
    terms: &'t Terms,
    found: Vec<Difference>,
}

impl<'t> Differences<'t> {
    pub(super) fn new(terms: &'t Terms) -> Self {
        Self { terms, found: Vec::new() }
    }

    /// Counts the customer-month if our bucket is not the bank's.
    pub(super) fn count(&mut self, history: &History, month: usize, ours: usize, banks: usize) {
        let Some(kind) = kind_of(history, month, ours, banks, self.terms.minimum.share) else { return };
        if let Some(known) = self.found.iter_mut().find(|difference| difference.kind == kind) {
            known.count += 1;
            return;
        }
        let example = Example {
            agreement_id: agreement_id(history.id),
            judged_on: judged_on(month),
            bucket: self.terms.buckets[ours].name.clone(),
            bank_code: history.statuses[month],
        };
        self.found.push(Difference { kind, count: 1, example });
    }

    /// In the order of the kinds.
    pub(super) fn into_list(mut self) -> Vec<Difference> {
        let place = |kind: DifferenceKind| DifferenceKind::ALL.iter().position(|known| *known == kind);
        self.found.sort_by_key(|difference| place(difference.kind));
        self.found
    }
}

/// The kind of difference between our bucket of statement `month` and the bank's; `None` if they are the same.
fn kind_of(
    history: &History,
    month: usize,
    ours: usize,
    banks: usize,
    minimum_share: Rate,
) -> Option<DifferenceKind> {
    use DifferenceKind as Kind;
    let (bill, paid) = (history.bills[month], history.paid[month + 1]);
    let is_minimum_paid =
        i128::from(paid) * 1_000_000 >= i128::from(bill) * i128::from(minimum_share.millionths());
    let was_overdue = month > 0 && history.statuses[month - 1] > 0;
    match (ours > 0, banks > 0) {
        _ if ours == banks => None,
        (false, _) if bill <= 0 => Some(Kind::BankWithoutDebt),
        (false, _) if !is_minimum_paid => Some(Kind::CoveredByCredit),
        (false, _) if was_overdue => Some(Kind::BankKeepsArrears),
        (false, _) => Some(Kind::BankAsksMore),
        (true, false) if bill <= 0 => Some(Kind::OwnLateFee),
        (true, false) if is_minimum_paid => Some(Kind::OlderOpen),
        (true, false) if paid > 0 => Some(Kind::LessThanMinimum),
        (true, false) => Some(Kind::NothingPaid),
        (true, true) if stays_a_seven(history, month) => Some(Kind::BankSeven),
        (true, true) if banks < ours => Some(Kind::BankStays),
        (true, true) if history.statuses[0] > 1 => Some(Kind::BankCountsFromBefore),
        (true, true) => Some(Kind::BankFurther),
    }
}

/// Whether the bank's 7 of statement `month` has another one beside it. A 7 between a 6 and an 8 is a count.
fn stays_a_seven(history: &History, month: usize) -> bool {
    let is_seven = |month: usize| history.statuses.get(month) == Some(&7);
    is_seven(month) && (is_seven(month + 1) || month > 0 && is_seven(month - 1))
}

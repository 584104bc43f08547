//! What a product makes of being behind: grace, cure and classification.

use crate::contact::{Language, code_enum};
use crate::money::Money;
use crate::terms::GraceEnd;

code_enum! {
    /// What ends an episode of being behind.
    CureRule {
        /// The oldest overdue obligation is paid: days are counted from the next one.
        OldestPaid = "oldest_paid",
        /// Everything overdue is paid; until then days are counted from where the episode began.
        AllPaid = "all_paid",
        /// Everything overdue is paid, and so many due dates in a row were then kept; until then the bucket
        /// stays.
        OnTimePeriods = "on_time_periods",
    }
}

code_enum! {
    /// The five tiers (五级分类) of 商业银行金融资产风险分类办法.
    Tier {
        /// 正常.
        Normal = "normal",
        /// 关注.
        SpecialMention = "special_mention",
        /// 次级.
        Substandard = "substandard",
        /// 可疑.
        Doubtful = "doubtful",
        /// 损失.
        Loss = "loss",
    }
}

impl Tier {
    /// Its name; in Chinese as the rule has it.
    #[must_use]
    pub fn label(self, language: Language) -> &'static str {
        let (zh, en) = match self {
            Self::Normal => ("正常", "normal"),
            Self::SpecialMention => ("关注", "special mention"),
            Self::Substandard => ("次级", "substandard"),
            Self::Doubtful => ("可疑", "doubtful"),
            Self::Loss => ("损失", "loss"),
        };
        match language {
            Language::Zh => zh,
            Language::En => en,
        }
    }
}

/// From how many days past due a tier is the least that is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TierFrom {
    /// First day past due of the tier.
    pub from_days: i32,
    /// The tier.
    pub tier: Tier,
}

/// How being behind is counted, apart from the buckets themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BehindTerms {
    /// Whether days past due are counted from the due date or from the end of grace.
    pub grace: GraceEnd,
    /// What cures.
    pub cure: CureRule,
    /// Due dates to be kept in a row, for [`CureRule::OnTimePeriods`].
    pub on_time_periods: u32,
    /// What is overdue by less than this is treated as paid (容差): it neither ages nor costs.
    pub smallest_overdue: Money,
    /// Tiers by days past due, ascending.
    pub tiers: Vec<TierFrom>,
    /// The tier of what is charged off, at least.
    pub charged_off: Tier,
}

impl BehindTerms {
    /// Days from the due date, the oldest cures, everything counts, and the tiers of the rule: more than 90 days
    /// substandard, 270 doubtful, 360 loss; special mention when overdue by more than 7 days.
    #[must_use]
    pub fn standard(currency: crate::money::Currency) -> Self {
        let tier = |from_days, tier| TierFrom { from_days, tier };
        Self {
            grace: GraceEnd::FromDueDate,
            cure: CureRule::OldestPaid,
            on_time_periods: 0,
            smallest_overdue: Money::zero(currency),
            tiers: vec![
                tier(0, Tier::Normal),
                tier(8, Tier::SpecialMention),
                tier(91, Tier::Substandard),
                tier(271, Tier::Doubtful),
                tier(361, Tier::Loss),
            ],
            charged_off: Tier::Loss,
        }
    }

    /// The tier of so many days past due.
    #[must_use]
    pub fn tier(&self, days_past_due: i32) -> Tier {
        let reached = self.tiers.iter().rfind(|tier| tier.from_days <= days_past_due);
        reached.map_or(Tier::Normal, |reached| reached.tier)
    }
}

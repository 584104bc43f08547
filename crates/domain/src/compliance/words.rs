//! What stands against sending, in Chinese; the English is its `Display`.

use super::{DebtorState, DenialCause, HoldKind};
use crate::contact::{Channel, ContactPointKind, Party};

pub(crate) fn channel_zh(channel: Channel) -> &'static str {
    match channel {
        Channel::Sms => "短信",
        Channel::Voice => "电话",
        Channel::Email => "电子邮件",
        Channel::Push => "App推送",
        Channel::Letter => "信函",
    }
}

fn kind_zh(kind: ContactPointKind) -> &'static str {
    match kind {
        ContactPointKind::Phone => "电话号码",
        ContactPointKind::Email => "电子邮箱",
        ContactPointKind::Push => "App设备",
        ContactPointKind::Postal => "邮寄地址",
    }
}

fn party_zh(party: Party) -> &'static str {
    match party {
        Party::Borrower => "借款人",
        Party::CoBorrower => "共同借款人",
        Party::Guarantor => "担保人",
        Party::ContactPerson => "联系人",
        Party::RelatedThirdParty => "债务相关第三人",
    }
}

fn hold_zh(kind: HoldKind) -> &'static str {
    match kind {
        HoldKind::HardshipPlan => "个性化分期履行中",
        HoldKind::Complaint => "投诉处理中",
        HoldKind::Dispute => "债务异议核实中",
        HoldKind::Promise => "承诺还款期内",
    }
}

fn debtor_zh(state: DebtorState) -> &'static str {
    match state {
        DebtorState::Reachable => "客户可以联系到",
        DebtorState::Unreachable => "客户失联",
        DebtorState::Deceased => "客户已去世",
        DebtorState::Incapacitated => "客户无或限制民事行为能力",
        DebtorState::Bankrupt => "客户已进入破产程序",
        DebtorState::Restricted => "客户资料限制处理，仅依法保存",
    }
}

impl DenialCause {
    /// The cause with its facts, in Chinese.
    #[must_use]
    pub fn words_zh(&self) -> String {
        match self {
            Self::QuietHours { local_minute, window } => {
                format!("当地时间{:02}:{:02}，处于休息时段{window}", local_minute / 60, local_minute % 60)
            }
            Self::CallCap { today, cap } => format!("当日有效通话已{today}次，上限{cap}次"),
            Self::UnansweredCap { today, cap } => format!("该号码当日未接通{today}次，上限{cap}次"),
            Self::MessageCap { channel, today, cap } => {
                format!("当日{}已{today}次，上限{cap}次", channel_zh(*channel))
            }
            Self::TooSoon { last_on, earliest_on } => {
                format!("上次联系在{last_on}，最早{earliest_on}才可再次联系")
            }
            Self::NotToBeTold { party } => format!("{}不得被告知债务", party_zh(*party)),
            Self::OptedOut { channel } => format!("客户已退订{}", channel_zh(*channel)),
            Self::ChoseOther { channel } => format!("客户已指定其他联系渠道，不使用{}", channel_zh(*channel)),
            Self::Held { kind, through: Some(day) } => format!("{}，至{day}", hold_zh(*kind)),
            Self::Held { kind, through: None } => format!("{}，尚无结束日期", hold_zh(*kind)),
            Self::ContactPointRemoved { contact_point } => format!("联系方式{contact_point}已被移除"),
            Self::ContactPointInvalid { contact_point } => format!("联系方式{contact_point}已失效"),
            Self::WrongKind { kind, channel } => {
                format!("{}不能通过{}送达", kind_zh(*kind), channel_zh(*channel))
            }
            Self::NoAddress { contact_point } => format!("联系方式{contact_point}为空"),
            Self::TooLate { valid_until } => format!("消息有效期至{valid_until}"),
            Self::DebtorReachable => "客户可以联系到，不得向他人询问".to_owned(),
            Self::TellsOfDebt { party } => {
                format!("只可向{}询问客户的联系方式，不得告知原因", party_zh(*party))
            }
            Self::NotDocumented { party } => format!("没有证据表明{}分担该债务", party_zh(*party)),
            Self::TooFewVisitors { visitors, least } => format!("外访{visitors}人，至少须{least}人同行"),
            Self::NoLeaveToEnter => "未经同意不得进入".to_owned(),
            Self::Represented => "客户已委托律师".to_owned(),
            Self::InconvenientTime { window } => format!("客户表示{window}不便联系"),
            Self::InconvenientPlace => "客户表示该地点不便联系".to_owned(),
            Self::CallFrequency { calls, with_texts: true, earliest_on } => {
                format!("统计期内就该债务已通话及发送短信共{calls}次，最早{earliest_on}才可再次联系")
            }
            Self::CallFrequency { calls, with_texts: false, earliest_on } => {
                format!("统计期内就该债务已通话{calls}次，最早{earliest_on}才可再次拨打")
            }
            Self::ConversationGap { spoke_on, earliest_on } => {
                format!("{spoke_on}已就该债务通话，{earliest_on}之前不再拨打")
            }
            Self::NumberNotProved { days } => format!("{days}天内没有证据表明该号码仍属于客户"),
            Self::Debtor { state } => debtor_zh(*state).to_owned(),
            Self::NoPack => "没有适用于客户所在地的联系规则".to_owned(),
            Self::Wording { words } => format!("文本含有{}", words.join("、")),
        }
    }
}

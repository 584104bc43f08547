//! Why a customer heard from the lender on a day, or heard nothing: the codes and their words.
//!
//! A new reason is added here with its texts in two languages; nothing else compiles until every match has
//! heard of it.

use crate::compliance::{DebtorState, DenialCause, HoldKind};
use crate::contact::{Language, code_enum};
use crate::message::MessageState;
use crate::pause::PauseKind;

code_enum! {
    /// The verdict's reason: `contact.*` when the customer was contacted, else why not.
    ///
    /// Stored positions keep a reason by its place in this list: a new one goes to its end.
    Reason {
        /// A message was decided on; its state tells whether it arrived.
        Contacted = "contact.sent",
        /// Nothing is overdue.
        NothingOverdue = "account.nothing_overdue",
        /// The agreement is closed.
        Closed = "account.closed",
        /// The day became overdue afterwards: a payment was returned, or a fact arrived late.
        LearnedLate = "account.learned_late",
        /// The debt was paid between the decision and the sending.
        PaidMeanwhile = "account.paid_meanwhile",
        /// The strategy waits between two contacts.
        Interval = "policy.interval",
        /// The strategy waits before it begins.
        Wait = "policy.wait",
        /// The lender chose a gentler line for this group.
        Gentle = "policy.gentle",
        /// The amount is so small that the lender does not write about it.
        SmallBalance = "policy.small_balance",
        /// Contact would cost more than it brings in.
        Economy = "policy.economy",
        /// The lender's name matters more than this contact.
        Reputation = "policy.reputation",
        /// Competitors treat such customers better.
        Competition = "policy.competition",
        /// The customer's experience matters more than this contact.
        Experience = "policy.experience",
        /// No row of the strategy speaks of this agreement.
        NoRow = "policy.no_row",
        /// Reported to the credit bureau; contact is reduced.
        CallsReduced = "bureau.calls_reduced",
        /// Contact rests for a system upgrade.
        PauseUpgrade = "pause.upgrade",
        /// Contact rests while a process is changed.
        PauseProcessChange = "pause.process_change",
        /// Contact rests for another planned reason.
        PauseOther = "pause.other",
        /// The day's run did not happen in time.
        RunMissed = "fault.run_missed",
        /// The channel or its provider failed.
        ChannelFailed = "fault.channel",
        /// The provider did not say whether the message went out.
        OutcomeUnknown = "fault.outcome_unknown",
        /// There is no number or address.
        NoContactPoint = "contact_data.none",
        /// The number or address was taken out of the records.
        ContactPointRemoved = "contact_data.removed",
        /// The number or address does not exist any more.
        ContactPointInvalid = "contact_data.invalid",
        /// Night hours.
        QuietHours = "rule.quiet_hours",
        /// So many calls a day, and no more.
        CallCap = "rule.call_cap",
        /// So many attempts at a number a day, and no more.
        UnansweredCap = "rule.unanswered_cap",
        /// So many messages a day, and no more.
        MessageCap = "rule.message_cap",
        /// Too soon after the last contact.
        RuleInterval = "rule.interval",
        /// The person may not be told of the debt.
        ThirdParty = "rule.third_party",
        /// The message would have come too late to be true.
        TooLate = "rule.too_late",
        /// The text has words that no message may have.
        Wording = "rule.wording",
        /// The customer opted out.
        OptedOut = "voice.opted_out",
        /// A hardship plan is in force.
        HardshipPlan = "voice.hardship_plan",
        /// A complaint is open.
        Complaint = "voice.complaint",
        /// The debt is disputed.
        Dispute = "voice.dispute",
        /// Called about this debt as often as may be, or spoken to too recently.
        CallFrequency = "rule.call_frequency",
        /// The visit would not be as the rules ask.
        Visit = "rule.visit",
        /// An attorney represents the person.
        Attorney = "rule.attorney",
        /// The person does not want contact at this time or place.
        Inconvenient = "rule.inconvenient",
        /// It is not sure enough that the number is still the person's.
        NumberProof = "rule.number_proof",
        /// The customer promised to pay by a day that has not passed.
        Promise = "voice.promise",
        /// The customer has died.
        Deceased = "account.deceased",
        /// The customer cannot act for themselves.
        Incapacitated = "account.incapacitated",
        /// The customer is bankrupt.
        Bankrupt = "account.bankrupt",
        /// No rule pack is known for the place where the person lives.
        NoPack = "rule.no_pack",
        /// The claim was sold: the customer pays somebody else.
        Sold = "account.sold",
        /// What was owed was written off.
        WrittenOff = "account.written_off",
        /// The provider takes only so many messages a second, and the others went first.
        ProviderLimit = "capacity.provider",
        /// No agent had time for one more call that day, and more valuable calls went first.
        AgentCapacity = "capacity.agents",
        /// The channel's limit for the day was used up, and more valuable contacts went first.
        ChannelCapacity = "capacity.channel",
        /// The customer is in the part of a trial that is not contacted.
        TrialHoldout = "trial.holdout",
        /// By the lender's model the customer pays without a contact.
        ModelPays = "model.pays_without_contact",
        /// By the lender's model the customer cannot pay now, and a contact would not help.
        ModelNoHelp = "model.contact_would_not_help",
        /// The customer complained lately, and the channel complained of rests.
        FewerCalls = "voice.fewer_calls",
        /// The customer's data are restricted: kept by law, and used for nothing else.
        Restricted = "rule.restricted",
        /// A call was placed, and the customer was not reached by it.
        NotReached = "voice.not_reached",
        /// The customer wants to be contacted by another channel than those at hand.
        OtherChannel = "voice.other_channel",
        /// The customer did not take the letter.
        Refused = "voice.refused",
    }
}

impl Reason {
    /// Whether the customer was to be contacted.
    #[must_use]
    pub fn is_contact(self) -> bool {
        self == Self::Contacted
    }

    /// The family: the part of the code before the point.
    #[must_use]
    pub fn family(self) -> &'static str {
        self.code().split_once('.').map_or(self.code(), |(family, _)| family)
    }

    /// The reason behind a refusal of the guard.
    #[must_use]
    pub fn of_denial(cause: &DenialCause) -> Self {
        match cause {
            DenialCause::QuietHours { .. } => Self::QuietHours,
            DenialCause::CallCap { .. } => Self::CallCap,
            DenialCause::UnansweredCap { .. } => Self::UnansweredCap,
            DenialCause::MessageCap { .. } => Self::MessageCap,
            DenialCause::TooSoon { .. } => Self::RuleInterval,
            DenialCause::NotToBeTold { .. } => Self::ThirdParty,
            DenialCause::OptedOut { .. } => Self::OptedOut,
            DenialCause::ChoseOther { .. } => Self::OtherChannel,
            DenialCause::Held { kind: HoldKind::HardshipPlan, .. } => Self::HardshipPlan,
            DenialCause::Held { kind: HoldKind::Complaint, .. } => Self::Complaint,
            DenialCause::Held { kind: HoldKind::Dispute, .. } => Self::Dispute,
            DenialCause::Held { kind: HoldKind::Promise, .. } => Self::Promise,
            DenialCause::ContactPointRemoved { .. } => Self::ContactPointRemoved,
            DenialCause::ContactPointInvalid { .. } => Self::ContactPointInvalid,
            DenialCause::WrongKind { .. } | DenialCause::NoAddress { .. } => Self::NoContactPoint,
            DenialCause::TooLate { .. } => Self::TooLate,
            DenialCause::DebtorReachable
            | DenialCause::TellsOfDebt { .. }
            | DenialCause::NotDocumented { .. } => Self::ThirdParty,
            DenialCause::TooFewVisitors { .. } | DenialCause::NoLeaveToEnter => Self::Visit,
            DenialCause::Represented => Self::Attorney,
            DenialCause::InconvenientTime { .. } | DenialCause::InconvenientPlace => Self::Inconvenient,
            DenialCause::CallFrequency { .. } | DenialCause::ConversationGap { .. } => Self::CallFrequency,
            DenialCause::NumberNotProved { .. } => Self::NumberProof,
            DenialCause::Debtor { state } => Self::of_debtor(*state),
            DenialCause::NoPack => Self::NoPack,
            DenialCause::Wording { .. } => Self::Wording,
        }
    }

    /// The reason behind the state of a debtor who is not contacted.
    #[must_use]
    pub fn of_debtor(state: DebtorState) -> Self {
        match state {
            DebtorState::Deceased => Self::Deceased,
            DebtorState::Incapacitated => Self::Incapacitated,
            DebtorState::Bankrupt => Self::Bankrupt,
            DebtorState::Restricted => Self::Restricted,
            DebtorState::Reachable | DebtorState::Unreachable => Self::NoContactPoint,
        }
    }

    /// The reason behind a pause.
    #[must_use]
    pub fn of_pause(kind: PauseKind) -> Self {
        match kind {
            PauseKind::Upgrade => Self::PauseUpgrade,
            PauseKind::ProcessChange => Self::PauseProcessChange,
            PauseKind::Other => Self::PauseOther,
        }
    }

    /// A short label for tables and charts.
    #[must_use]
    pub fn label(self, language: Language) -> &'static str {
        self.words(language).0
    }

    /// The label of a day whose message is known: of a contact what has become of its message, so that nobody is said to
    /// have been reached before they were.
    #[must_use]
    pub fn label_of_day(self, message: Option<MessageState>, language: Language) -> &'static str {
        use MessageState as S;
        let (zh, en) = match message.filter(|_| self == Self::Contacted) {
            Some(S::Planned | S::Held | S::Queued | S::Sending) => ("待送达", "notice under way"),
            Some(S::Accepted) => ("已发出，待回执", "sent, receipt awaited"),
            Some(S::Delivered) => ("已触达", "contacted"),
            Some(S::Unknown | S::Failed | S::Expired | S::Replaced | S::Cancelled) | None => {
                return self.label(language);
            }
        };
        match language {
            Language::Zh => zh,
            Language::En => en,
        }
    }

    /// One sentence for staff.
    #[must_use]
    pub fn sentence(self, language: Language) -> &'static str {
        self.words(language).1
    }

    fn words(self, language: Language) -> (&'static str, &'static str) {
        match language {
            Language::Zh => self.words_zh(),
            Language::En => self.words_en(),
        }
    }

    fn words_zh(self) -> (&'static str, &'static str) {
        match self {
            Self::Contacted => ("按策略联系", "当日按策略联系了客户"),
            Self::NothingOverdue => ("无逾期", "当日没有逾期款项"),
            Self::Closed => ("合约已结清关闭", "合约已关闭，无需联系"),
            Self::Sold => ("债权已转让", "债权已转让给他人，我们不再联系客户催收"),
            Self::WrittenOff => ("已核销", "欠款已核销，不再按策略联系"),
            Self::LearnedLate => ("事后得知逾期", "当日账上并未逾期，之后还款被退回或补录了资料，才成为逾期"),
            Self::PaidMeanwhile => ("发送前已还款", "通知发出之前客户已经还款，因此取消发送"),
            Self::Interval => ("未到下次联系日", "按策略，两次联系之间须间隔若干天"),
            Self::Wait => ("策略观察期", "按策略，先观察，暂不联系"),
            Self::Gentle => ("柔性策略", "本行对这类客户采取更缓和的方式，当日不联系"),
            Self::SmallBalance => ("小额暂不联系", "逾期金额很小，按策略暂不联系"),
            Self::NoRow => ("策略未覆盖", "策略表中没有适用于该合约的行"),
            Self::Economy => ("成本考量", "预计联系的成本高于收益，按策略不联系"),
            Self::Reputation => ("声誉考量", "出于机构声誉，按策略不联系"),
            Self::Competition => ("同业对标", "参照同业做法，按策略采取更缓和的方式"),
            Self::Experience => ("客户体验", "出于客户体验，按策略不联系"),
            Self::CallsReduced => ("已报送征信", "已向征信机构报送，按策略减少联系"),
            Self::PauseUpgrade => ("系统升级停催", "系统升级期间暂停联系，结束时仍应联系的补发一次"),
            Self::PauseProcessChange => ("流程调整停催", "流程调整期间暂停联系，结束时仍应联系的补发一次"),
            Self::PauseOther => ("计划性停催", "按计划暂停联系，结束时仍应联系的补发一次"),
            Self::RunMissed => ("当日批处理未运行", "当日的批处理或发送没有按时运行，未能联系客户"),
            Self::ChannelFailed => ("渠道故障", "渠道或服务商故障，消息未能送达"),
            Self::ProviderLimit => ("服务商限速", "服务商每秒可发条数已满，消息排队等候"),
            Self::OutcomeUnknown => ("发送结果不明", "服务商未告知消息是否发出，正在核对"),
            Self::NoContactPoint => ("没有联系方式", "没有可用的号码或地址"),
            Self::ContactPointRemoved => ("联系方式被移除", "号码或地址已从资料中移除"),
            Self::ContactPointInvalid => ("联系方式失效", "服务商反馈该号码或地址已不存在"),
            Self::QuietHours => ("夜间不联系", "按当地规则，夜间等休息时段不得联系客户"),
            Self::CallCap => ("当日通话次数已满", "当日有效通话已达上限"),
            Self::UnansweredCap => ("当日拨打次数已满", "同一号码当日未接通次数已达上限"),
            Self::MessageCap => ("当日消息条数已满", "当日消息已达本行设定的上限"),
            Self::RuleInterval => ("距上次联系过近", "距上次联系的天数少于规则要求"),
            Self::ThirdParty => ("不得联系第三人", "联系对象不承担该债务，不得告知"),
            Self::TooLate => ("已过时效", "消息在可以合法发出之前已经失去时效"),
            Self::Wording => ("文本含禁用语", "消息文本含有不得使用的字句"),
            Self::OptedOut => ("客户已退订", "客户已退订可用的渠道"),
            Self::HardshipPlan => ("个性化分期履行中", "个性化分期正常履行，停止催收"),
            Self::Complaint => ("投诉处理中", "客户的投诉正在处理，暂停联系"),
            Self::Dispute => ("异议处理中", "客户对债务提出异议，核实期间暂停联系"),
            Self::CallFrequency => {
                ("通话频次已满", "就同一笔债务，规定天数内的通话次数已满，或距上次通话过近")
            }
            Self::Visit => ("外访不合规", "外访人数不足，或未经同意不得进入"),
            Self::Attorney => ("已委托律师", "客户已委托律师，应通过律师联系"),
            Self::Inconvenient => ("时间或地点不便", "客户已表示该时间或地点不便联系"),
            Self::NumberProof => ("号码归属待核实", "规定天数内没有证据表明该号码仍属于客户"),
            Self::Promise => ("承诺还款期内", "客户承诺在约定日期前还款，到期前不再联系"),
            Self::Deceased => ("客户已故", "客户已去世，不再就债务联系"),
            Self::Incapacitated => ("客户无行为能力", "客户无或限制民事行为能力，不就债务联系本人"),
            Self::Bankrupt => ("客户破产", "客户已进入破产程序，债权向管理人申报"),
            Self::NoPack => ("无适用规则", "没有适用于客户所在地的联系规则，因此不联系"),
            Self::AgentCapacity => ("坐席已满", "当日坐席未能拨打到这通电话（更优先的先拨），次日优先安排"),
            Self::ChannelCapacity => ("渠道当日额度已满", "该渠道当日额度已被更优先的客户用完，次日优先安排"),
            Self::TrialHoldout => ("试验对照组", "客户被抽入试验的对照组，当日不联系"),
            Self::ModelPays => ("模型判断可自行还款", "按本行模型，客户无需联系即会还款"),
            Self::ModelNoHelp => ("模型判断联系无益", "按本行模型，客户暂无还款能力，联系无益，转为帮扶"),
            Self::FewerCalls => ("投诉后减少外呼", "客户近期曾投诉，期间不使用该渠道"),
            Self::Restricted => ("资料限制处理", "客户资料仅因法定保存期限而留存，不作其他使用"),
            Self::NotReached => ("外呼未接通", "当日已拨打电话，但未能与客户通话"),
            Self::Refused => ("客户拒收信函", "信函已投递，客户拒收退回"),
            Self::OtherChannel => ("客户指定其他渠道", "客户已指定其他联系渠道，策略中可用的渠道不在其内"),
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each reason; in several functions one could be forgotten"
    )]
    fn words_en(self) -> (&'static str, &'static str) {
        match self {
            Self::Contacted => ("contact", "the customer was contacted as the strategy says"),
            Self::NothingOverdue => ("nothing overdue", "nothing was overdue on this day"),
            Self::Closed => ("agreement closed", "the agreement is closed, there is nothing to say"),
            Self::Sold => ("claim sold", "the claim was sold, and whom the customer pays is not us any more"),
            Self::WrittenOff => {
                ("written off", "what was owed was written off, so the strategy makes no contact")
            }
            Self::LearnedLate => (
                "learned later",
                "nothing was overdue on our books that day; a payment returned or a fact that came late made it so",
            ),
            Self::PaidMeanwhile => ("paid before sending", "the customer paid before the notice went out"),
            Self::Interval => ("between contacts", "the strategy leaves some days between two contacts"),
            Self::Wait => ("waiting", "the strategy watches first and does not contact yet"),
            Self::Gentle => ("gentler line", "the lender chose a gentler line for this group"),
            Self::SmallBalance => ("small amount", "the overdue amount is so small that the strategy waits"),
            Self::NoRow => ("no strategy row", "no row of the strategy speaks of this agreement"),
            Self::Economy => ("not worth a contact", "contact would cost more than it brings in"),
            Self::Reputation => ("lender's reputation", "the lender's name matters more than this contact"),
            Self::Competition => ("in line with others", "other lenders treat such customers more gently"),
            Self::Experience => {
                ("customer experience", "the customer's experience matters more than this contact")
            }
            Self::CallsReduced => {
                ("reported to bureau", "reported to the credit bureau, so contact is reduced")
            }
            Self::PauseUpgrade => (
                "pause: upgrade",
                "contact rested for a system upgrade; where a notice is still due afterwards, a fresh one follows",
            ),
            Self::PauseProcessChange => (
                "pause: process",
                "contact rested while a process was changed; where a notice is still due afterwards, a fresh one follows",
            ),
            Self::PauseOther => (
                "planned pause",
                "contact rested as planned; where a notice is still due afterwards, a fresh one follows",
            ),
            Self::RunMissed => {
                ("run missed", "the day's run, or the sending after it, did not happen in time")
            }
            Self::ChannelFailed => ("channel failed", "the channel or its provider failed to deliver"),
            Self::ProviderLimit => (
                "provider's limit",
                "the provider takes only so many messages a second, and the others went first",
            ),
            Self::OutcomeUnknown => {
                ("outcome unknown", "the provider did not say whether the message went out")
            }
            Self::NoContactPoint => ("no contact point", "there is no number or address to use"),
            Self::ContactPointRemoved => {
                ("number removed", "the number or address was taken out of the records")
            }
            Self::ContactPointInvalid => ("number invalid", "the number or address does not exist any more"),
            Self::QuietHours => {
                ("quiet hours", "no contact in the hours of rest of the place where the person lives")
            }
            Self::CallCap => ("calls used up", "the day's effective calls are used up"),
            Self::UnansweredCap => ("attempts used up", "the day's attempts at this number are used up"),
            Self::MessageCap => ("messages used up", "the day's messages by this channel are used up"),
            Self::RuleInterval => ("too soon", "the last contact is too recent for the rule"),
            Self::ThirdParty => {
                ("third party", "the person does not answer for the debt and may not be told")
            }
            Self::TooLate => ("out of date", "the message went out of date before it could lawfully be sent"),
            Self::Wording => ("forbidden words", "the text has words that no message may have"),
            Self::OptedOut => ("opted out", "the customer opted out of the channels at hand"),
            Self::HardshipPlan => ("hardship plan", "a hardship plan is being kept, so contact stops"),
            Self::Complaint => ("complaint open", "a complaint is being handled, so contact rests"),
            Self::Dispute => ("debt disputed", "the customer disputes the debt, so contact rests"),
            Self::CallFrequency => {
                ("call frequency", "called about this debt as often as may be, or spoken to too recently")
            }
            Self::Visit => ("visit not as required", "a visit needs enough collectors, and leave to enter"),
            Self::Attorney => ("attorney", "the customer has an attorney, who is contacted instead"),
            Self::Inconvenient => {
                ("inconvenient", "the customer said that this time or place is inconvenient")
            }
            Self::NumberProof => {
                ("number not proved", "nothing recent shows that the number is still the customer's")
            }
            Self::Promise => (
                "promise to pay",
                "the customer promised to pay by a day that has not passed, so contact rests",
            ),
            Self::Deceased => {
                ("customer deceased", "the customer has died and is not contacted about the debt")
            }
            Self::Incapacitated => {
                ("cannot act", "the customer cannot act for themselves and is not contacted about the debt")
            }
            Self::Bankrupt => {
                ("bankrupt", "the customer is bankrupt, so the claim goes to the administrator")
            }
            Self::NoPack => (
                "no rules known",
                "no contact rules are known for the customer's place, so nobody is contacted",
            ),
            Self::AgentCapacity => (
                "agents busy",
                "no agent had time for one more call; calls of more value went first, and this one goes first the next day",
            ),
            Self::ChannelCapacity => (
                "channel's day is full",
                "the channel's limit for the day was used up; this contact goes first the next day",
            ),
            Self::TrialHoldout => (
                "trial: not contacted",
                "the customer was drawn into the part of a trial that is not contacted",
            ),
            Self::ModelPays => {
                ("pays without contact", "by the lender's model the customer pays without being contacted")
            }
            Self::ModelNoHelp => (
                "contact would not help",
                "by the lender's model the customer cannot pay now; support is offered instead of pressure",
            ),
            Self::FewerCalls => (
                "complained lately",
                "the customer complained lately, so this channel is not used for a while",
            ),
            Self::Restricted => (
                "data restricted",
                "the customer's data are kept only because the law asks for it, and are not used",
            ),
            Self::NotReached => ("not reached", "a call was placed, and nobody spoke to the customer"),
            Self::Refused => ("letter refused", "a letter was brought, and the customer did not take it"),
            Self::OtherChannel => {
                ("chose another channel", "the customer chose other channels than those at hand")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    /// A database keeps the verdict in force by the place of its reason, so no place may ever change.
    #[test]
    fn no_reason_changes_its_place() {
        let codes: Vec<&str> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        expect![[r#"
            contact.sent
            account.nothing_overdue
            account.closed
            account.learned_late
            account.paid_meanwhile
            policy.interval
            policy.wait
            policy.gentle
            policy.small_balance
            policy.economy
            policy.reputation
            policy.competition
            policy.experience
            policy.no_row
            bureau.calls_reduced
            pause.upgrade
            pause.process_change
            pause.other
            fault.run_missed
            fault.channel
            fault.outcome_unknown
            contact_data.none
            contact_data.removed
            contact_data.invalid
            rule.quiet_hours
            rule.call_cap
            rule.unanswered_cap
            rule.message_cap
            rule.interval
            rule.third_party
            rule.too_late
            rule.wording
            voice.opted_out
            voice.hardship_plan
            voice.complaint
            voice.dispute
            rule.call_frequency
            rule.visit
            rule.attorney
            rule.inconvenient
            rule.number_proof
            voice.promise
            account.deceased
            account.incapacitated
            account.bankrupt
            rule.no_pack
            account.sold
            account.written_off
            capacity.provider
            capacity.agents
            capacity.channel
            trial.holdout
            model.pays_without_contact
            model.contact_would_not_help
            voice.fewer_calls
            rule.restricted
            voice.not_reached
            voice.other_channel
            voice.refused"#]]
        .assert_eq(&codes.join("\n"));
    }
}

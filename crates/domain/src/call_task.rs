//! Calls that people place: where a task stands, and what its outcome means to the message, the caps and the number.
//!
//! Promises that each result says all of it at once, so that nobody who records a call has to know the rules of counting.
//! Leaves out who gets which task and for how long: that is for the engine.

use crate::compliance::PlacedOutcome;
use crate::contact::{Language, code_enum};

code_enum! {
    /// Where a task stands.
    CallTaskState {
        /// It waits for an agent.
        Open = "open",
        /// It is an agent's, who has not dialled yet.
        Leased = "leased",
        /// The agent was shown the number.
        Dialled = "dialled",
        /// The number was shown, and no outcome was told in time: the call may have been placed.
        Lost = "lost",
        /// Its outcome was told.
        Done = "done",
        /// It need not or may not be placed any more, or not yet.
        Withdrawn = "withdrawn",
    }
}

code_enum! {
    /// What an agent tells of a call.
    CallResult {
        /// The customer was told what is owed.
        Answered = "answered",
        /// The customer promised to pay an amount by a day.
        Promise = "promise",
        /// The customer will not talk about it, or will not pay.
        Refused = "refused",
        /// The customer complained.
        Complaint = "complaint",
        /// The customer says that the debt is wrong.
        Dispute = "dispute",
        /// The customer asks for no more calls.
        NoCalls = "no_calls",
        /// The customer asks to be called at another time.
        CallBack = "call_back",
        /// Somebody else took the call, whose number it is; nothing was said of the debt.
        WrongPerson = "wrong_person",
        /// The line was busy.
        Busy = "busy",
        /// Nobody took the call.
        NoAnswer = "no_answer",
        /// A machine answered, and nothing was said of the debt to it.
        Voicemail = "voicemail",
        /// The line broke after somebody had taken the call.
        Dropped = "dropped",
        /// The number is not in service.
        NotInService = "not_in_service",
        /// The call was never placed.
        NotPlaced = "not_placed",
    }
}

impl CallTaskState {
    /// The name on screens.
    #[must_use]
    pub const fn label(self, language: Language) -> &'static str {
        match (language, self) {
            (Language::Zh, Self::Open) => "待领取",
            (Language::Zh, Self::Leased) => "已领取",
            (Language::Zh, Self::Dialled) => "已拨号",
            (Language::Zh, Self::Lost) => "结果未报",
            (Language::Zh, Self::Done) => "已完成",
            (Language::Zh, Self::Withdrawn) => "已撤回",
            (Language::En, Self::Open) => "open",
            (Language::En, Self::Leased) => "taken",
            (Language::En, Self::Dialled) => "dialled",
            (Language::En, Self::Lost) => "outcome not told",
            (Language::En, Self::Done) => "done",
            (Language::En, Self::Withdrawn) => "withdrawn",
        }
    }
}

impl CallResult {
    /// What it is to the caps: the customer on the line makes an effective call, whatever was said (GB/T 45251-2025 5.3;
    /// 12 CFR 1006.14(b)(2)).
    #[must_use]
    pub const fn placed(self) -> PlacedOutcome {
        match self {
            Self::Answered
            | Self::Promise
            | Self::Refused
            | Self::Complaint
            | Self::Dispute
            | Self::NoCalls
            | Self::CallBack => PlacedOutcome::Conversation,
            Self::WrongPerson => PlacedOutcome::NotThePerson,
            Self::Busy => PlacedOutcome::Busy,
            Self::NoAnswer => PlacedOutcome::Unanswered,
            Self::Voicemail => PlacedOutcome::NoMessageLeft,
            Self::Dropped => PlacedOutcome::Dropped,
            Self::NotInService => PlacedOutcome::NotInService,
            Self::NotPlaced => PlacedOutcome::NotPlaced,
        }
    }

    /// Whether the customer was on the line, so that the message has arrived.
    #[must_use]
    pub const fn has_reached(self) -> bool {
        matches!(self.placed(), PlacedOutcome::Conversation)
    }

    /// Whether it shows that the number is not, or not any more, the customer's.
    #[must_use]
    pub const fn number_is_bad(self) -> bool {
        matches!(self, Self::WrongPerson | Self::NotInService)
    }

    /// The name on screens.
    #[must_use]
    pub const fn label(self, language: Language) -> &'static str {
        match (language, self) {
            (Language::Zh, Self::Answered) => "已接通并告知",
            (Language::Zh, Self::Promise) => "承诺还款",
            (Language::Zh, Self::Refused) => "拒绝沟通或还款",
            (Language::Zh, Self::Complaint) => "客户投诉",
            (Language::Zh, Self::Dispute) => "客户对债务有异议",
            (Language::Zh, Self::NoCalls) => "要求不再来电",
            (Language::Zh, Self::CallBack) => "约定时间回电",
            (Language::Zh, Self::WrongPerson) => "非本人号码",
            (Language::Zh, Self::Busy) => "占线",
            (Language::Zh, Self::NoAnswer) => "无人接听",
            (Language::Zh, Self::Voicemail) => "语音信箱",
            (Language::Zh, Self::Dropped) => "接通后掉线",
            (Language::Zh, Self::NotInService) => "号码停用",
            (Language::Zh, Self::NotPlaced) => "未拨打",
            (Language::En, Self::Answered) => "answered and told",
            (Language::En, Self::Promise) => "promise to pay",
            (Language::En, Self::Refused) => "refused to talk or pay",
            (Language::En, Self::Complaint) => "complaint",
            (Language::En, Self::Dispute) => "debt disputed",
            (Language::En, Self::NoCalls) => "asked for no more calls",
            (Language::En, Self::CallBack) => "to be called back",
            (Language::En, Self::WrongPerson) => "not the customer's number",
            (Language::En, Self::Busy) => "busy",
            (Language::En, Self::NoAnswer) => "no answer",
            (Language::En, Self::Voicemail) => "voicemail",
            (Language::En, Self::Dropped) => "line dropped",
            (Language::En, Self::NotInService) => "number not in service",
            (Language::En, Self::NotPlaced) => "not placed",
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn each_result_says_what_it_is_to_the_caps_the_message_and_the_number() {
        let told: Vec<String> = CallResult::ALL
            .iter()
            .map(|result| {
                let of_day = result.placed().of_day().map_or("-", |outcome| outcome.code());
                let reached = if result.has_reached() { "reached" } else { "-" };
                let bad = if result.number_is_bad() { "bad number" } else { "-" };
                format!("{result}: {} {of_day} {reached} {bad}", result.placed())
            })
            .collect();
        expect![[r#"
            answered: conversation effective reached -
            promise: conversation effective reached -
            refused: conversation effective reached -
            complaint: conversation effective reached -
            dispute: conversation effective reached -
            no_calls: conversation effective reached -
            call_back: conversation effective reached -
            wrong_person: not_the_person not_the_person - bad number
            busy: busy unanswered - -
            no_answer: unanswered unanswered - -
            voicemail: recorded_message_no_message_left unanswered - -
            dropped: answered_then_dropped effective - -
            not_in_service: not_in_service unanswered - bad number
            not_placed: not_placed - - -"#]]
        .assert_eq(&told.join("\n"));
    }
}

//! What the customer may be told of a day.

use dunlin_domain::contact::Channel;
use dunlin_domain::message::MessageState;
use dunlin_domain::reason::Reason;

use super::{channel_words, waits, with_article};

/// A calm, true sentence for the customer. It tells what the customer knows or asked for, and gives away nothing about
/// rules of other people's, models, checks of numbers, or the state of anybody else.
///
/// `channels` are those by which the day's notice should have gone, as far as they are known.
pub(super) fn of_customer(
    reason: Option<Reason>,
    is_overdue: bool,
    channels: &[Channel],
) -> (String, String) {
    let (zh, en) = match reason {
        Some(Reason::NoContactPoint | Reason::ContactPointRemoved | Reason::ContactPointInvalid)
            if !channels.is_empty() =>
        {
            return no_contact_point(channels);
        }
        Some(reason) => customer_words(reason),
        None if is_overdue => (
            "我们正在核查当日的情况，会尽快答复您。",
            "We are looking into that day and will answer you soon.",
        ),
        None => ("当日您没有逾期款项。", "Nothing was overdue that day."),
    };
    (zh.to_owned(), en.to_owned())
}

/// What to say of a contact that is not known to have reached anybody; `None` of one that is.
pub(super) fn before_it_arrived(state: MessageState) -> Option<(&'static str, &'static str)> {
    match state {
        MessageState::Delivered => None,
        state if waits(state) => {
            Some(("当日的通知已安排，正待发送。", "That day's notice is planned and about to be sent."))
        }
        _ => Some((
            "我们当日就您的应还款项向您发出了通知，尚未收到送达确认。",
            "We sent you a notice that day about the amount due; it is not confirmed that it reached you.",
        )),
    }
}

/// What to say of a day after a pause, when its notices are made good one after the other.
pub(super) fn after_pause() -> (String, String) {
    let (zh, en) = (
        "此前因系统或流程调整暂停的通知正在分批补发，仍需通知的事项会另行通知您。您的账务不受影响。",
        "Notices that we had paused for planned work are being sent in turn; if there is still something to tell you, you will hear from us. Your account was not affected.",
    );
    (zh.to_owned(), en.to_owned())
}

/// Names the channels: the customer may be within reach by another one.
fn no_contact_point(channels: &[Channel]) -> (String, String) {
    let chinese: Vec<&str> = channels.iter().map(|channel| channel_words(Some(*channel)).0).collect();
    let english: Vec<String> =
        channels.iter().map(|channel| with_article(channel_words(Some(*channel)).1)).collect();
    (
        format!("当日的通知没有可用于{}的号码或地址，请您核对并更新联系方式。", chinese.join("或")),
        format!(
            "That day we had no number or address in use for {}; please check and update your contact details.",
            english.join(" or ")
        ),
    )
}

#[expect(
    clippy::too_many_lines,
    reason = "one arm for each reason; in several functions one could be forgotten"
)]
fn customer_words(reason: Reason) -> (&'static str, &'static str) {
    match reason {
        Reason::Contacted => {
            ("我们当日就您的应还款项与您联系。", "We contacted you that day about the amount due.")
        }
        Reason::NothingOverdue | Reason::Closed | Reason::LearnedLate | Reason::PaidMeanwhile => (
            "按当日账面，您没有需要提醒的款项。",
            "By our books of that day there was nothing to remind you of.",
        ),
        Reason::Sold => (
            "您的债权已转让，我们不再就还款联系您；还款请联系通知中载明的受让人。",
            "The claim against you was transferred, so we do not contact you about payment; please turn to the new creditor named in our notice.",
        ),
        Reason::WrittenOff => (
            "当日没有安排通知。您仍可还款，详情请致电客服。",
            "No notice was planned that day. You can still pay; please call us for details.",
        ),
        // Said to whoever asks for the customer, so it tells of no state of theirs.
        Reason::Deceased | Reason::Incapacitated | Reason::Bankrupt => (
            "当日我们没有就此联系。如需了解详情，请致电客服。",
            "We made no contact about this that day. Please call us for details.",
        ),
        Reason::PauseUpgrade | Reason::PauseProcessChange | Reason::PauseOther => (
            "当日我们因系统或流程调整暂停发送通知，恢复后如仍有需要通知的事项，会另行通知您。您的账务不受影响。",
            "That day we had paused notices for planned work. If there is still something to tell you when it ends, you will hear from us. Your account was not affected.",
        ),
        Reason::RunMissed | Reason::ProviderLimit | Reason::Wording => (
            "当日的通知因系统原因没有发出。您可以随时在App查看账单。",
            "For a technical reason no notice was sent that day. You can see your statement in the app at any time.",
        ),
        Reason::ChannelFailed => (
            "当日的通知因渠道故障未能送达。您可以随时在App查看账单。",
            "That day a notice could not be delivered for a technical reason. You can see your statement in the app at any time.",
        ),
        Reason::OutcomeUnknown => (
            "当日我们发送了通知，但无法确认是否送达。您可以随时在App查看账单。",
            "We sent a notice that day and cannot confirm that it arrived. You can see your statement in the app at any time.",
        ),
        Reason::NoContactPoint | Reason::ContactPointRemoved | Reason::ContactPointInvalid => (
            "当日的通知没有可用的号码或地址，请您核对并更新联系方式。",
            "That day we had no number or address in use for the notice; please check and update your contact details.",
        ),
        // What proves a number is a matter of fraud prevention.
        Reason::NumberProof => (
            "当日没有安排通知。请您在App核对联系方式是否仍为本人使用。",
            "No notice was planned that day. Please confirm in the app that your contact details are still yours.",
        ),
        Reason::OptedOut => (
            "您已退订我们原本会使用的通知方式，因此当日没有联系您。您可以随时在App重新开启。",
            "You asked us not to use the channel we would have used, so we did not contact you that day. You can allow it again in the app.",
        ),
        Reason::OtherChannel => (
            "您已指定其他联系渠道，当日没有可用的通知方式，因此没有联系您。您可以随时更改。",
            "You chose how we may contact you, and that day's notice would have gone another way, so we did not contact you. You can change this at any time.",
        ),
        Reason::Refused => (
            "当日寄给您的信函被拒收退回。您可以随时致电客服或在App查看账单。",
            "The letter of that day came back to us because it was not accepted. You can call us, or see your statement in the app, at any time.",
        ),
        Reason::NotReached => (
            "当日我们曾致电您，未能与您通话。您可以随时致电客服或在App查看账单。",
            "We called you that day and did not reach you. You can call us, or see your statement in the app, at any time.",
        ),
        Reason::Complaint => (
            "您的投诉正在处理，期间我们不就还款联系您。",
            "Your complaint is being handled; meanwhile we do not contact you about payment.",
        ),
        Reason::FewerCalls => (
            "您近期向我们投诉过，我们已减少来电，当日没有联系您。",
            "You complained to us lately, so we reach out to you less often and did not contact you that day.",
        ),
        Reason::Dispute => (
            "您提出的异议正在核实，期间我们不就该款项联系您。",
            "What you objected to is being looked into; meanwhile we do not contact you about that amount.",
        ),
        Reason::HardshipPlan => (
            "您的还款安排正在履行，我们不再另行催收。",
            "You are keeping the plan we agreed on, so we do not ask for payment beside it.",
        ),
        Reason::Promise => (
            "您已约定还款日期，到期之前我们不再提醒。",
            "You told us the day on which you pay, so we send no reminder before it.",
        ),
        Reason::Attorney => (
            "您已委托律师，我们通过律师与您沟通。",
            "You have an attorney, and we talk to you through the attorney.",
        ),
        Reason::Inconvenient => (
            "我们按您告知的不便时间，当日没有联系您。",
            "You told us that the time did not suit you, so we did not contact you.",
        ),
        Reason::QuietHours
        | Reason::CallCap
        | Reason::UnansweredCap
        | Reason::MessageCap
        | Reason::RuleInterval
        | Reason::CallFrequency => (
            "为避免打扰，当日我们没有再次联系您。",
            "So as not to disturb you, we did not contact you again that day.",
        ),
        Reason::Interval
        | Reason::Wait
        | Reason::Gentle
        | Reason::SmallBalance
        | Reason::NoRow
        | Reason::Economy
        | Reason::Reputation
        | Reason::Competition
        | Reason::Experience
        | Reason::CallsReduced
        | Reason::ThirdParty
        | Reason::TooLate
        | Reason::Visit
        | Reason::AgentCapacity
        | Reason::ChannelCapacity
        | Reason::TrialHoldout
        | Reason::ModelPays
        | Reason::ModelNoHelp
        | Reason::Restricted
        | Reason::NoPack => (
            "当日没有安排通知。您可以随时在App查看账单。",
            "No notice was planned that day. You can see your statement in the app at any time.",
        ),
    }
}

//! Words for codes that several commands show to people.

use dunlin_domain::contact::{Channel, Language};
use dunlin_domain::pause::{PauseKind, PauseState};

/// A channel.
#[must_use]
pub fn channel(channel: Channel, language: Language) -> &'static str {
    match (language, channel) {
        (Language::En, channel) => channel.code(),
        (Language::Zh, Channel::Sms) => "短信",
        (Language::Zh, Channel::Voice) => "电话",
        (Language::Zh, Channel::Email) => "电子邮件",
        (Language::Zh, Channel::Push) => "App推送",
        (Language::Zh, Channel::Letter) => "信函",
    }
}

/// Why contact is paused.
#[must_use]
pub fn pause_kind(kind: PauseKind, language: Language) -> &'static str {
    match (language, kind) {
        (Language::En, kind) => kind.code(),
        (Language::Zh, PauseKind::Upgrade) => "系统升级",
        (Language::Zh, PauseKind::ProcessChange) => "流程调整",
        (Language::Zh, PauseKind::Other) => "其他",
    }
}

/// How far a pause is.
#[must_use]
pub fn pause_state(state: PauseState, language: Language) -> &'static str {
    match state {
        PauseState::Pending => language.pick("待批准", "pending"),
        PauseState::Approved => language.pick("已批准", "approved"),
        PauseState::Rejected => language.pick("未获批准", "rejected"),
    }
}

/// The state of something that a second person decides on; another state as it is.
#[must_use]
pub fn request_state(state: &str, language: Language) -> &str {
    match (language, state) {
        (Language::Zh, "pending" | "submitted") => "待批准",
        (Language::Zh, "approved") => "已批准",
        (Language::Zh, "rejected") => "未获批准",
        (Language::Zh, "done") => "已完成",
        (Language::Zh | Language::En, other) => other,
    }
}

/// What became of messages and receipts in a round, by the name that scripts get.
#[must_use]
pub fn outcome(name: &str, language: Language) -> String {
    let zh = match name {
        "accepted" => "已受理",
        "deferred" => "暂缓",
        "unavailable" => "服务商不受理",
        "rejected" => "被拒绝",
        "unknown" => "结果不明",
        "expired" => "已过时效",
        "cancelled" => "已取消",
        "delivered" => "已送达",
        "failed" => "未送达",
        "posted" => "已交寄",
        "repeated" => "重复",
        "unmatched" => "无对应消息",
        "receipts_rejected" => "回执无效",
        "replies" => "客户回复",
        "opted_out" => "退订",
        "underway" => "在途",
        "never_taken" => "从未受理",
        "cannot_tell" => "无法查明",
        "no_answer" => "没有应答",
        other => other,
    };
    match language {
        Language::Zh => zh.to_owned(),
        Language::En => name.replace('_', " "),
    }
}

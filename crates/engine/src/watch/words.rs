//! Incidents in the words of those who have to do something about them, in two languages.

use dunlin_domain::contact::{Channel, Language};
use dunlin_domain::incident::IncidentCode;
use dunlin_store::watch::WatchIncident;

use super::pairs;
use crate::view::WatchIncidentLine;

impl WatchIncidentLine {
    /// The line of an incident.
    pub(crate) fn of(incident: &WatchIncident) -> Self {
        let evidence: Vec<(String, String)> = pairs(&incident.evidence).into_iter().collect();
        let report = incident.report.as_deref().map(|report| pairs(report).into_iter().collect());
        Self {
            id: incident.id.to_string(),
            code: incident.code,
            stream: incident.stream.clone(),
            opened_at: incident.opened_at,
            last_seen_at: incident.last_seen_at,
            closed_at: incident.closed_at,
            first_affected: incident.first_affected.clone(),
            affected: incident.affected_count,
            evidence,
            report,
        }
    }

    /// What it is, in one language.
    #[must_use]
    pub fn title(&self, language: Language) -> String {
        let stream = stream_words(&self.stream, language);
        match language {
            Language::Zh => match self.code {
                IncidentCode::DayNotRun => "业务日未按时运行".to_owned(),
                IncidentCode::UnexplainedSilence => "逾期合约既未联系、也无原因".to_owned(),
                IncidentCode::WrongReason => "判定的原因与事实和策略不符".to_owned(),
                IncidentCode::MessageMissing => "判定为已联系，但找不到消息".to_owned(),
                IncidentCode::OutboxStuck => "到期消息无人发送".to_owned(),
                IncidentCode::ChannelUnserved => format!("{stream}：无服务商承接，消息在等待"),
                IncidentCode::WorkerSilent => format!("发送进程失去响应：{stream}"),
                IncidentCode::ReceiptsSilent => format!("{stream}：回执中断"),
                IncidentCode::FailureRate => format!("{stream}：未送达比例异常"),
                IncidentCode::Volume => match self.stream.strip_prefix("plan/") {
                    Some(kind) => format!("{}：当日消息量异常", stream_words(kind, language)),
                    None => "当日消息量异常".to_owned(),
                },
                IncidentCode::OutcomeLost => format!("{stream}：回执显示送达，联系却不再带来还款"),
                IncidentCode::CanaryMissing => format!("{stream}：探测消息未返回"),
                IncidentCode::ImpossibleTransition => format!("{stream}：回执与消息状态矛盾"),
                IncidentCode::OptOutUnmatched => format!("{stream}：收到退订，但找不到对应的客户"),
                IncidentCode::ClockBack => "系统时钟倒退".to_owned(),
                IncidentCode::WatchGap => "监控曾中断".to_owned(),
                IncidentCode::ContactData => match self.stream.as_str() {
                    "removed" => "联系方式停用数量异常".to_owned(),
                    "overwritten" => "联系方式改写数量异常".to_owned(),
                    "opted_out" => "退订客户数量异常".to_owned(),
                    _ => "联系方式新增数量异常".to_owned(),
                },
            },
            Language::En => match self.code {
                IncidentCode::DayNotRun => "a business day was not run in time".to_owned(),
                IncidentCode::UnexplainedSilence => {
                    "overdue agreements without contact and without a reason".to_owned()
                }
                IncidentCode::WrongReason => {
                    "verdicts with a reason that facts and policy do not give".to_owned()
                }
                IncidentCode::MessageMissing => "contact was decided and there is no message".to_owned(),
                IncidentCode::OutboxStuck => "messages are due and nobody sends them".to_owned(),
                IncidentCode::ChannelUnserved => {
                    format!("{stream}: messages wait and no provider serves the channel")
                }
                IncidentCode::WorkerSilent => format!("worker {stream} is not heard of any more"),
                IncidentCode::ReceiptsSilent => format!("{stream}: receipts have stopped"),
                IncidentCode::FailureRate => format!("{stream}: more messages than usual do not arrive"),
                IncidentCode::Volume => match self.stream.strip_prefix("plan/") {
                    Some(kind) => {
                        format!("{}: a day has an unusual number of messages", stream_words(kind, language))
                    }
                    None => "a day has an unusual number of messages".to_owned(),
                },
                IncidentCode::OutcomeLost => {
                    format!("{stream}: contact is said to arrive and brings no payments any more")
                }
                IncidentCode::CanaryMissing => format!("{stream}: the test message did not come back"),
                IncidentCode::ImpossibleTransition => {
                    format!("{stream}: a receipt contradicts the message's state")
                }
                IncidentCode::OptOutUnmatched => {
                    format!("{stream}: somebody opted out whose number or address no customer has")
                }
                IncidentCode::ClockBack => "the clock went back".to_owned(),
                IncidentCode::WatchGap => "nobody was watching for a while".to_owned(),
                IncidentCode::ContactData => match self.stream.as_str() {
                    "opted_out" => "more customers than usual were opted out".to_owned(),
                    kind => format!("more contact points than usual were {kind}"),
                },
            },
        }
    }

    /// What an operator does about it, in one language.
    #[must_use]
    pub fn action(&self, language: Language) -> &'static str {
        match (language, self.code, self.stream.as_str()) {
            (Language::Zh, IncidentCode::ContactData, "opted_out") => {
                "核对退订名单；误退的客户用 dunlin consent give 逐一恢复，名单来自导入文件的，更正 opt_out_channels 后重新导入；再用 contact-point close-alarm 注明结论"
            }
            (Language::En, IncidentCode::ContactData, "opted_out") => {
                "check the list; give back what was opted out by mistake with dunlin consent give, or, where a file said it, import customers again with opt_out_channels put right; say what was found with contact-point close-alarm"
            }
            (Language::Zh, _, _) => action_zh(self.code),
            (Language::En, _, _) => action_en(self.code),
        }
    }

    /// What was found, in one language: the first that was hit, how many, and the figures.
    #[must_use]
    pub fn found(&self, language: Language) -> String {
        let (first, count) = match language {
            Language::Zh => ("首个受影响", "受影响数"),
            Language::En => ("first hit", "hit"),
        };
        let mut words = Vec::new();
        if !self.first_affected.is_empty() {
            words.push(format!("{first} {}", self.first_affected));
        }
        words.push(format!("{count} {}", self.affected));
        words.extend(self.evidence.iter().map(|pair| label(pair, language)));
        words.join(if language == Language::Zh { "；" } else { "; " })
    }

    /// What was caught up by its end, in one language; `None` while it is open.
    #[must_use]
    pub fn caught_up(&self, language: Language) -> Option<String> {
        let words: Vec<String> = self.report.as_ref()?.iter().map(|pair| label(pair, language)).collect();
        Some(words.join(if language == Language::Zh { "；" } else { "; " }))
    }
}

/// A stream's name: the channel in words, provider and kind as they are called.
fn stream_words(stream: &str, language: Language) -> String {
    let mut places = stream.split('/');
    let first = places.next().unwrap_or_default();
    if let Some(trial) = stream.strip_prefix("outcome/") {
        return trial.to_owned();
    }
    let Some(channel) = Channel::parse(first) else { return stream.to_owned() };
    let channel = match (language, channel) {
        (Language::Zh, Channel::Sms) => "短信",
        (Language::Zh, Channel::Voice) => "电话",
        (Language::Zh, Channel::Email) => "电子邮件",
        (Language::Zh, Channel::Push) => "应用推送",
        (Language::Zh, Channel::Letter) => "信函",
        (Language::En, Channel::Sms) => "text messages",
        (Language::En, Channel::Voice) => "calls",
        (Language::En, Channel::Email) => "e-mail",
        (Language::En, Channel::Push) => "push messages",
        (Language::En, Channel::Letter) => "letters",
    };
    std::iter::once(channel).chain(places).collect::<Vec<_>>().join(" · ")
}

fn label((name, value): &(String, String), language: Language) -> String {
    let (zh, en) = match name.as_str() {
        "agreements" => ("合约数", "agreements"),
        "before" => ("此前28天共", "in the 28 days before"),
        "began" => ("始于", "began"),
        "compared" => ("核对合约数", "agreements compared"),
        "day" => ("业务日", "day"),
        "delivered_since" => ("此后已送达", "delivered since"),
        "denied" => ("其中判定为未逾期", "of them said to owe nothing"),
        "every" => ("应每隔秒数", "expected every seconds"),
        "expected" => ("预期", "expected"),
        "factor" => ("约为平常的倍数", "times the usual, about"),
        "failed_since" => ("此后失败", "failed since"),
        "found" => ("实际", "found"),
        "from" => ("原状态", "state"),
        "mended" => ("已补正", "put right"),
        "holdout_paid" => ("未联系者中已还款", "of those left alone paid"),
        "lift" => ("联系平常至少多带来", "contact usually brings at least"),
        "treated_paid" => ("被联系者中已还款", "of those contacted paid"),
        "week" => ("自该周起", "since the week from"),
        "handed" => ("已交付", "handed over"),
        "handed_since" => ("此后已交付", "handed over since"),
        "last" => ("最后一次", "last"),
        "last_day" => ("已关闭至", "closed through"),
        "log_evidence" => ("证据对数", "log evidence"),
        "minutes" => ("持续分钟", "minutes"),
        "missed" => ("受影响最多", "hit at most"),
        "missing" => ("未确认送达", "not known to have arrived"),
        "note" => ("结论", "what was found out:"),
        "now" => ("当前", "now"),
        "others" => ("其他进程在工作", "others at work"),
        "sealed" => ("判定为", "the verdict says"),
        "sender" => ("来自", "from"),
        "sent" => ("发出", "sent"),
        "shadow" => ("按事实与策略应为", "facts and policy give"),
        "should_be" => ("应关闭至", "should be closed through"),
        "since" => ("等待始于", "waiting since"),
        "to" => ("回执所述", "said to be"),
        "usual" => ("平常未送达比例上限", "usually not arriving, at most"),
        "waiting" => ("等待中", "waiting"),
        "word" => ("回执码", "code"),
        other => (other, other),
    };
    match language {
        Language::Zh => format!("{zh} {value}"),
        Language::En => format!("{en} {value}"),
    }
}

fn action_zh(code: IncidentCode) -> &'static str {
    match code {
        IncidentCode::DayNotRun => {
            "运行 dunlin day --through 该日；之后用 dunlin coverage 核对漏发的合约，次日自动补发"
        }
        IncidentCode::UnexplainedSilence => {
            "用 dunlin why 查看首个合约；修正后重新运行业务日，漏掉的联系会在下一个业务日补上"
        }
        IncidentCode::WrongReason => {
            "用 dunlin why 查看首个合约，与事实、策略和联系规则逐项核对；查明判定被何人何事改动，并运行 dunlin verify"
        }
        IncidentCode::MessageMissing => "运行 dunlin verify 并检查数据库是否丢过数据；必要时从备份恢复",
        IncidentCode::OutboxStuck => "启动 dunlin work，或查看其日志；消息在有效期内会继续发送，过期的会补发",
        IncidentCode::ChannelUnserved => {
            "在 dunlin.toml 中为该渠道配置服务商并重新启动 dunlin work；或在策略中停用该渠道；等待满24小时的消息会过期"
        }
        IncidentCode::WorkerSilent => "在该机器上查看进程并重新启动 dunlin work；它手上的消息由其他进程接手",
        IncidentCode::ReceiptsSilent => {
            "向服务商确认回执是否中断，检查回调地址与收件目录；不要重发，已受理的消息可能已送达"
        }
        IncidentCode::FailureRate => "联系服务商；必要时停用该服务商、改走另一家，未送达的合约会重新联系",
        IncidentCode::Volume => "核对策略、名单与导入是否有变动；确认无误后无需操作",
        IncidentCode::OutcomeLost => {
            "向若干客户核实是否真的收到，对照服务商账单与探测消息；回执若不可信，停用该服务商；也可能是文案或支付入口失效"
        }
        IncidentCode::CanaryMissing => "检查服务商与探测邮箱；若真实消息也未送达，停用该服务商",
        IncidentCode::ImpossibleTransition => {
            "核对回执来源与密钥；查看该消息的经过，排查是否有伪造或错配的回执"
        }
        IncidentCode::OptOutUnmatched => {
            "用 dunlin reply list 查看该答复与号码，找到客户后用 dunlin consent withdraw 登记退订；同时核对服务商的 country_code"
        }
        IncidentCode::ClockBack => "校正服务器时间（NTP）；在时钟追上之前不要运行新的业务日",
        IncidentCode::WatchGap => "确认监控已恢复；期间的情况已在本次核对中补查",
        IncidentCode::ContactData => {
            "用 dunlin contact-point history 查看来源；有误则用 contact-point restore 撤销，再用 close-alarm 注明结论"
        }
    }
}

fn action_en(code: IncidentCode) -> &'static str {
    match code {
        IncidentCode::DayNotRun => {
            "run dunlin day --through that day; dunlin coverage then names whom it missed, and the next day makes it good"
        }
        IncidentCode::UnexplainedSilence => {
            "ask dunlin why about the first agreement; once mended, run the day again: the next business day makes up for what was missed"
        }
        IncidentCode::WrongReason => {
            "ask dunlin why about the first agreement and hold it against facts, strategy and contact rules; find out what changed the verdict, and run dunlin verify"
        }
        IncidentCode::MessageMissing => {
            "run dunlin verify, and find out whether the database lost something; restore it if it did"
        }
        IncidentCode::OutboxStuck => {
            "start dunlin work, or read its log; messages go on while they are valid, and expired ones are made good"
        }
        IncidentCode::WorkerSilent => {
            "look for the process on that machine and start dunlin work again; others take over what it had in hand"
        }
        IncidentCode::ChannelUnserved => {
            "give the channel a provider in dunlin.toml and start dunlin work again, or take the channel out of the strategy; messages expire when their time is up"
        }
        IncidentCode::ReceiptsSilent => {
            "ask the provider, check its call-back and the receipts folder; send nothing again: what was taken may have arrived"
        }
        IncidentCode::FailureRate => {
            "call the provider; set it to draining so that another takes over; who was not reached is contacted again"
        }
        IncidentCode::Volume => {
            "look for changes of strategy, lists and imports; where they are meant, nothing is to be done"
        }
        IncidentCode::OutcomeLost => {
            "ask some customers whether they got it, and hold bills and test messages against the receipts: the provider may forge them; or the text or the way to pay is broken"
        }
        IncidentCode::CanaryMissing => {
            "check the provider and the mailbox of the test messages; if real ones are missing too, stop using it"
        }
        IncidentCode::ImpossibleTransition => {
            "check where the receipt came from, and the key; look at the message's history for forged or mixed-up receipts"
        }
        IncidentCode::OptOutUnmatched => {
            "see the reply with dunlin reply list, find out whose number it is, and record it with dunlin consent withdraw; check the provider's country_code"
        }
        IncidentCode::ClockBack => {
            "set the clock right (NTP); run no new business day until it has caught up"
        }
        IncidentCode::WatchGap => {
            "make sure that it runs again; what happened meanwhile was looked at in this sweep"
        }
        IncidentCode::ContactData => {
            "see with dunlin contact-point history where it came from; undo it with restore where it was a mistake, and say what was found with close-alarm"
        }
    }
}

#[cfg(test)]
mod tests {
    use dunlin_domain::date::Timestamp;

    use super::*;

    #[test]
    fn every_incident_says_what_it_is_and_what_to_do_in_both_languages() {
        for code in IncidentCode::ALL {
            let line = WatchIncidentLine {
                id: "inc_1".to_owned(),
                code: *code,
                stream: "sms/spool/day1_notice".to_owned(),
                opened_at: Timestamp::from_micros(0),
                last_seen_at: Timestamp::from_micros(0),
                closed_at: None,
                first_affected: "msg_1".to_owned(),
                affected: 3,
                evidence: vec![("missing".to_owned(), "3".to_owned())],
                report: None,
            };
            let is_chinese =
                |text: &str| text.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter));
            assert!(is_chinese(&line.title(Language::Zh)) && is_chinese(line.action(Language::Zh)), "{code}");
            assert!(
                !is_chinese(&line.title(Language::En)) && !is_chinese(line.action(Language::En)),
                "{code}"
            );
            assert_eq!(line.found(Language::En), "first hit msg_1; hit 3; not known to have arrived 3");
            assert_eq!(line.caught_up(Language::En), None);
        }
    }
}

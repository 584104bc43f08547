//! What is kept beside a message for lack of better words, said in the reader's language: our own sentences in Chinese
//! where they were written in English, a provider's own words as a quotation, and what codes of providers mean as far
//! as that is known.
//!
//! The stored text is evidence and stays as it is; only what a reader sees is put together here.

use dunlin_domain::contact::Language;
use dunlin_domain::reason::Reason;
use dunlin_domain::verdict::words_in;

/// Our own sentences, as they are stored and in Chinese. A gap `{}` holds a name, a code or what another program said.
const SENTENCES: &[(&str, &str)] = &[
    ("waits for an agent", "等待坐席"),
    ("agents fetch their calls themselves", "由坐席自行领取外呼任务"),
    ("permit ran out", "发送许可已到期"),
    ("the provider was asked, {}", "经向服务商查询：{}"),
    ("the provider took none of the messages before it", "服务商未受理此前的消息"),
    ("receipt {}", "回执：{}"),
    ("waits for the next batch of letters", "等待下一批信函"),
    ("the message names no contact point", "消息没有联系方式"),
    ("it arrived by another channel meanwhile", "其间已由其他渠道送达"),
    ("the sale that it tells of does not stand", "所告知的债权转让不成立"),
    ("nothing is due any more", "已没有到期应还的款项"),
    ("the due date that it reminds of is past", "所提醒的到期日已过"),
    ("every provider of {} is out of order", "{} 的所有服务商均不可用"),
    ("no provider serves {}", "没有服务商提供 {} 渠道"),
    ("not dispatched before it went out of date", "在有效期内未能发送"),
    ("it is out of date", "已过时效"),
    ("the agent did not tell what became of the call", "坐席未登记通话结果"),
    (
        "the process ended before the answer was written; not handed over again, {}",
        "进程在记下服务商答复之前中断；不再重新提交：{}",
    ),
    ("the process ended before the answer was written", "进程在记下服务商答复之前中断"),
    ("{} takes {} a second", "服务商 {} 每秒最多受理 {} 条"),
    ("the server that hands out tokens did not answer: {}", "发放令牌的服务器没有应答：{}"),
    ("the server that hands out tokens did not answer", "发放令牌的服务器没有应答"),
    (
        "the request cannot be written; check the address and the headers of the provider",
        "无法写出请求；请检查该服务商的地址和请求头",
    ),
    ("the provider cannot be reached: {}", "无法连接服务商：{}"),
    ("no answer after the request had been sent: {}", "请求发出后没有应答：{}"),
    ("its name is not known", "域名无法解析"),
    ("no connection", "没有连接"),
    ("it took too long to connect", "连接超时"),
    ("it took too long", "超时"),
    ("no protected connection", "无法建立加密连接"),
    ("its certificate is not trusted, or it speaks no TLS", "证书不受信任，或不支持 TLS"),
    ("its address is none", "地址无效"),
    ("what came is no answer", "收到的内容不是应答"),
    ("the provider answered {} with HTTP status {}", "服务商答复 {}，HTTP 状态 {}"),
    ("the recipient is not a phone number", "接收方不是电话号码"),
    ("it is no telephone number", "不是电话号码"),
    ("provider {} does not serve {}; add it to its channels", "服务商 {} 不提供 {} 渠道；请加入其 channels"),
    ("the provider took longer than {} s for those before it", "服务商处理前面的消息超过 {} 秒"),
    ("the trunk was not reached in this batch", "本批次未能连上线路"),
    ("all lines of the trunk were in use", "线路全部占用"),
    ("the message centre took {} of {} segments of the {}", "短信中心只受理了 {}/{} 段（{}）"),
    ("the message centre did not answer after the message had been sent", "消息发出后短信中心没有应答"),
    ("the message centre refused to let us in: {}", "短信中心拒绝登录：{}"),
    ("the message centre refused: {}", "短信中心拒绝：{}"),
    ("the message centre cannot be reached: {}", "无法连接短信中心：{}"),
    (
        "the connection to the message centre was lost before the message was sent",
        "消息发出之前与短信中心的连接中断",
    ),
    ("the text takes more than 255 segments; shorten the template", "内容超过 255 段；请缩短模板"),
    ("the mail server broke off {} mails of this batch", "邮件服务器在本批次中断了 {} 封邮件"),
    ("the mail server takes only addresses in ASCII", "邮件服务器只接受 ASCII 地址"),
    ("the recipient is not an e-mail address", "接收方不是电子邮件地址"),
    ("the mail server said: {}", "邮件服务器答复：{}"),
    ("the mail server cannot be used: {}", "邮件服务器不可用：{}"),
    ("the mail server broke off before the text: {}", "邮件服务器在正文之前中断：{}"),
    ("no reply after the text had been sent: {}", "正文发出后没有答复：{}"),
    (
        "the spool is closed for {}; remove the file {} to open it",
        "{} 的落盘目录已关闭；删除文件 {} 即可打开",
    ),
    ("the file was written but the disk did not confirm it: {}", "文件已写入，但磁盘未确认：{}"),
    (
        "the spool folder cannot be written: {}; check its permissions and the disk",
        "无法写入落盘目录：{}；请检查权限和磁盘",
    ),
];

/// What codes of providers mean: states of short messages (SMPP), enhanced codes of mail (RFC 3463), answers of calls
/// (SIP), and our own.
const CODES: &[(&str, &str)] = &[
    ("DELIVRD", "已送达"),
    ("UNDELIV", "无法送达"),
    ("EXPIRED", "超过有效期未送达"),
    ("REJECTD", "被拒收"),
    ("DELETED", "已被删除"),
    ("ENROUTE", "在途"),
    ("ACCEPTD", "已受理"),
    ("UNKNOWN", "状态未知"),
    ("5.1.1", "邮箱不存在"),
    ("5.1.2", "邮件域名不存在"),
    ("5.1.10", "收件地址不收邮件"),
    ("5.2.1", "邮箱已停用"),
    ("5.2.2", "邮箱已满"),
    ("4.2.2", "邮箱已满"),
    ("5.4.1", "收件服务器无应答"),
    ("4.4.7", "投递超时"),
    ("5.7.1", "被对方策略拒收"),
    ("MOBILE_NOT_ON_SERVICE", "号码已停机或空号"),
    ("answered", "已接听"),
    ("busy", "占线"),
    ("no_answer", "无人接听或没有应答"),
    ("voicemail", "语音信箱"),
    ("voicemail_limited_content", "语音信箱，已留有限内容"),
    ("recorded_message_no_message_left", "转语音信箱，未留言"),
    ("answered_then_dropped", "接通后中断"),
    ("unanswered", "无人接听"),
    ("returned", "被退回"),
    ("refused", "拒收"),
    ("conversation", "已通话"),
    ("no_conversation", "未能通话"),
    ("not_in_service", "号码已停用"),
    ("not_the_person", "非本人接听"),
    ("not_placed", "未拨出"),
    ("pending", "结果待登记"),
    ("closed", "已关闭"),
    ("connection", "连接中断"),
    ("disk", "磁盘故障"),
    ("address", "地址或号码无效"),
    ("throttled", "超过服务商限速"),
    ("slow", "服务商过慢"),
    ("delayed", "投递延迟"),
    ("not_listed", "服务商没有该消息的记录"),
    ("waits_for_report", "等待状态报告"),
];

/// A kept detail for a reader. In English it is what was stored.
#[must_use]
pub fn detail_in(detail: &str, language: Language) -> String {
    let told = words_in(detail, language);
    // In English, and where it was written in both languages, nothing is to be put together.
    if language == Language::En || told != detail || is_chinese(told) || told.is_empty() {
        return told.to_owned();
    }
    match told.split_once(": ") {
        Some((code, rest)) if Reason::parse(code).is_some() => detail_in(rest, language),
        Some(_) | None => sentence_zh(told).unwrap_or_else(|| quoted(told)),
    }
}

/// A provider's code for a reader, with what it means where that is known.
#[must_use]
pub fn code_in(code: &str, language: Language) -> String {
    // A state may be followed by the network's own number: `UNDELIV:004`.
    let head = code.split(':').next().unwrap_or(code);
    let known = CODES.iter().find(|(known, _)| *known == code || *known == head);
    match (language, known) {
        (Language::Zh, Some((_, zh))) => format!("{zh}（{code}）"),
        (Language::Zh | Language::En, _) => code.to_owned(),
    }
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter))
}

/// What another program said, as its own words. A code alone is explained, and a name or number needs no marks.
fn quoted(text: &str) -> String {
    if text.contains(' ') { format!("对方原文“{text}”") } else { code_in(text, Language::Zh) }
}

/// One of our sentences in Chinese, with what stood in its gaps.
fn sentence_zh(text: &str) -> Option<String> {
    SENTENCES.iter().find_map(|(en, zh)| Some(filled(zh, &gaps(en, text)?)))
}

/// What stands in the gaps of `pattern` in `text`, if the text is of that pattern.
fn gaps<'t>(pattern: &str, text: &'t str) -> Option<Vec<&'t str>> {
    let mut pieces = pattern.split("{}");
    let mut rest = text.strip_prefix(pieces.next()?)?;
    let mut found = Vec::new();
    for piece in pieces {
        let end = if piece.is_empty() { rest.len() } else { rest.find(piece)? };
        found.push(&rest[..end]);
        rest = &rest[end + piece.len()..];
    }
    rest.is_empty().then_some(found)
}

fn filled(pattern: &str, gaps: &[&str]) -> String {
    let mut text = String::new();
    for (index, piece) in pattern.split("{}").enumerate() {
        if let Some(gap) = index.checked_sub(1).and_then(|before| gaps.get(before)) {
            // What another program said may be one of our sentences too.
            text.push_str(&detail_in(gap, Language::Zh));
        }
        text.push_str(piece);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(detail: &str, expected: &str) {
        assert_eq!(detail_in(detail, Language::Zh), expected);
    }

    #[test]
    fn our_own_words_are_chinese_for_a_chinese_reader() {
        check("capacity.agents: waits for an agent", "等待坐席");
        check("permit ran out", "发送许可已到期");
        check(
            "fault.channel: the provider cannot be reached: it took too long to connect",
            "无法连接服务商：连接超时",
        );
        check("one may call later ｜ 稍后可以拨打", "稍后可以拨打");
        check("", "");
        assert_eq!(detail_in("permit ran out", Language::En), "permit ran out");
    }

    #[test]
    fn a_providers_words_are_a_quotation() {
        check(
            "fault.channel: the mail server said: 550 no such user here",
            "邮件服务器答复：对方原文“550 no such user here”",
        );
        check("content blocked by carrier", "对方原文“content blocked by carrier”");
    }

    #[test]
    fn a_known_code_is_explained_and_another_stays_as_it_is() {
        let told = ["UNDELIV:004", "5.1.1", "MK:0004"].map(|code| code_in(code, Language::Zh));
        assert_eq!(told, ["无法送达（UNDELIV:004）", "邮箱不存在（5.1.1）", "MK:0004"]);
        assert_eq!(code_in("5.1.1", Language::En), "5.1.1");
    }

    #[test]
    fn both_languages_of_a_sentence_have_the_same_gaps() {
        for (en, zh) in SENTENCES {
            assert_eq!(en.matches("{}").count(), zh.matches("{}").count(), "{en}");
            assert!(is_chinese(zh) && !is_chinese(en), "{en}");
        }
    }
}

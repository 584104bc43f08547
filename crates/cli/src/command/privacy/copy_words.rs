//! The words of a copy of a customer's data: names of fields and codes in the customer's language.

use dunlin_domain::circumstance::CircumstanceKind;
use dunlin_domain::contact::{Channel, Language};
use dunlin_domain::fact::FactKind;
use serde_json::Value;

use crate::words;

/// Names of fields in Chinese.
const FIELDS: &[(&str, &str)] = &[
    ("action", "操作"),
    ("actor", "经办"),
    ("after", "变更后"),
    ("amount", "金额"),
    ("at", "时间"),
    ("before", "变更前"),
    ("by", "经办"),
    ("channel", "渠道"),
    ("contact_point", "联系方式"),
    ("currency", "币种"),
    ("detail", "说明"),
    ("evidence", "依据"),
    ("facts", "账务记录"),
    ("from", "起始"),
    ("how", "核实方式"),
    ("id", "编号"),
    ("kind", "类型"),
    ("language", "语言"),
    ("meaning", "含义"),
    ("messages", "消息"),
    ("name", "姓名"),
    ("on", "日期"),
    ("opened_on", "开户日"),
    ("overdue", "逾期金额"),
    ("party", "所属人"),
    ("product", "产品"),
    ("reason", "原因"),
    ("recorded_by", "经办"),
    ("reported_to_bureau", "已报送征信"),
    ("segment", "客群"),
    ("state", "状态"),
    ("template", "模板"),
    ("text", "内容"),
    ("through", "截止"),
    ("value", "内容"),
    ("verdicts", "逐日判定"),
    ("verified_on", "核实日"),
    ("zh", "说明"),
    ("zone", "时区"),
];

/// Codes in Chinese, whichever field they stand in.
const CODES: &[(&str, &str)] = &[
    ("accepted", "服务商已受理"),
    ("access", "查阅"),
    ("active", "有效"),
    ("agency", "受托机构"),
    ("bankrupt", "破产"),
    ("borrower", "本人"),
    ("cancelled", "已取消"),
    ("co_borrower", "共同借款人"),
    ("contact_person", "联系人"),
    ("copy", "复制"),
    ("correct", "更正"),
    ("deceased", "已故"),
    ("delete", "删除"),
    ("delivered", "已送达"),
    ("email", "电子邮件"),
    ("en", "英文"),
    ("end_restriction", "解除限制"),
    ("erase", "销毁密钥"),
    ("expired", "过期未发"),
    ("failed", "发送失败"),
    ("guarantor", "担保人"),
    ("held", "因停催保留"),
    ("incapacitated", "无民事行为能力"),
    ("invalid", "失效"),
    ("letter", "信函"),
    ("opt_out", "退订"),
    ("other", "其他"),
    ("person", "本人"),
    ("phone", "电话号码"),
    ("postal", "邮寄地址"),
    ("push", "App推送"),
    ("queued", "待发送"),
    ("related_third_party", "债务相关第三人"),
    ("removed", "已移除"),
    ("replaced", "已由新通知替代"),
    ("restrict", "限制处理"),
    ("restricted", "限制处理"),
    ("sending", "发送中"),
    ("sms", "短信"),
    ("staff", "员工"),
    ("unknown", "结果不明"),
    ("unreachable", "无法联系"),
    ("voice", "电话"),
    ("zh", "中文"),
];

fn in_table(table: &'static [(&str, &str)], word: &str) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == word).map(|(_, zh)| *zh)
}

/// The name of a field for a reader.
pub fn field(name: &str, language: Language) -> &str {
    match language {
        Language::Zh => in_table(FIELDS, name).unwrap_or(name),
        Language::En => name,
    }
}

/// What stands in a field, for a reader. What people wrote stays as they wrote it.
pub fn shown(name: &str, value: &Value, language: Language) -> String {
    match (language, value) {
        (Language::Zh, Value::Bool(yes)) => if *yes { "是" } else { "否" }.to_owned(),
        (Language::Zh, Value::String(text)) => code_zh(name, text).unwrap_or(text).to_owned(),
        (_, Value::String(text)) => text.clone(),
        (_, other) => other.to_string(),
    }
}

fn code_zh(name: &str, code: &str) -> Option<&'static str> {
    match name {
        "channel" => Channel::parse(code).map(|channel| words::channel(channel, Language::Zh)),
        "kind" => FactKind::parse(code)
            .map(|kind| kind.label(Language::Zh))
            .or_else(|| CircumstanceKind::parse(code).map(|kind| kind.label(Language::Zh)))
            .or_else(|| in_table(CODES, code)),
        "action" | "after" | "before" | "detail" | "language" | "meaning" | "party" | "state" | "value" => {
            in_table(CODES, code)
        }
        _ => None,
    }
}

//! What is behind a day without a contact: the pause, the fault, the rule, the fact or the contact point, with its proof.

use dunlin_domain::circumstance::CircumstanceKind;
use dunlin_domain::contact::{Channel, Language};
use dunlin_domain::date::Date;
use dunlin_domain::id::{CircumstanceId, CustomerId, FactId, PauseId};
use dunlin_domain::reason::Reason;
use dunlin_domain::verdict::{Evidence, words_in};
use dunlin_store::agreement::AgreementRow;
use dunlin_store::{Tx, circumstance, customer};

use super::{Case, channel_words, fact_words, is_by_strategy, link, percent, shown};
use crate::view::WhyLink;
use crate::{Engine, EngineError};

impl Case<'_> {
    /// The pause that held a notice on the day.
    fn pause_link(&self, id: PauseId) -> Option<WhyLink> {
        let pause = self.pauses.iter().find(|pause| pause.id == id)?;
        let approver = pause.decided_by.as_deref().unwrap_or(&pause.author);
        let mut zh = format!(
            "停催期{}至{}：{}（{}申请，{}批准）",
            pause.from, pause.through, pause.reason_zh, pause.author, approver
        );
        let mut en = format!(
            "pause from {} to {}: {} (asked for by {}, approved by {})",
            pause.from, pause.through, pause.reason_en, pause.author, approver
        );
        if let Some(per_hour) = pause.per_hour.filter(|_| pause.resumes_on().0 <= self.on) {
            zh += &format!("；停催已结束，留存的通知每小时补发{per_hour}条，本条当日尚未轮到");
            en += &format!(
                "; it is over, what it held is made good at {per_hour} an hour, and this one's turn had not come"
            );
        }
        Some(link("pause", zh, en, vec![id.to_string()]))
    }

    /// The fact after which nothing was overdue, with what it undid.
    fn fact_link(&self, id: FactId, engine: &Engine) -> Option<WhyLink> {
        let fact = self.facts.iter().find(|fact| fact.id == id)?;
        let (mut zh, mut en) = fact_words(fact);
        // Files of a lender's own history do not say when it was learned.
        let learned = match fact.learned_at.micros() {
            0 => (String::new(), String::new()),
            _ => {
                let at = shown(fact.learned_at, engine);
                (format!("（{at}得知）"), format!(", learned {at}"))
            }
        };
        let undone = fact.target.filter(|_| fact.kind.is_undoing());
        let undone = undone.and_then(|target| self.facts.iter().find(|fact| fact.id == target));
        if let Some(undone) = undone {
            let (undone_zh, undone_en) = fact_words(undone);
            zh += &format!("（{}的{undone_zh}）", undone.value_on);
            en += &format!(" (the {undone_en} of {})", undone.value_on);
        }
        Some(link(
            "facts",
            format!("依据{}的{zh}{}", fact.value_on, learned.0),
            format!("by the {en} of {}{}", fact.value_on, learned.1),
            [id].into_iter().chain(undone.map(|undone| undone.id)).map(|id| id.to_string()).collect(),
        ))
    }

    /// The pause, fault, rule or contact point behind a silence.
    pub(super) fn cause_link(&self, engine: &Engine) -> Option<WhyLink> {
        let verdict = self.verdict?;
        let rules = verdict.rules.clone().unwrap_or_default();
        // Its own evidence is that of what the books said then.
        let came_late = self.came_late.map(Evidence::Fact);
        match came_late.as_ref().unwrap_or(&verdict.span.evidence) {
            Evidence::Pause(id) => self.pause_link(*id),
            Evidence::ContactPoint(id) => Some(link(
                "contact_data",
                "可用的号码或地址已被移除或失效".to_owned(),
                "the number or address at hand was removed or is invalid".to_owned(),
                vec![id.to_string()],
            )),
            // A limit of the day, or the rest after a complaint, is set by the strategy and by no law.
            Evidence::Rule(words) if is_by_strategy(verdict.span.reason) => Some(link(
                "strategy",
                format!("策略设置：{}", words_in(words, Language::Zh)),
                format!("settings of the strategy: {}", words_in(words, Language::En)),
                verdict.span.strategy.iter().cloned().collect(),
            )),
            Evidence::Rule(words) => {
                // Where no pack applies, there is none to name.
                let packs = rules.split_whitespace().map(str::to_owned);
                let (of_zh, of_en) = match rules.is_empty() {
                    true => (String::new(), String::new()),
                    false => (format!("（{rules}）"), format!(" ({rules})")),
                };
                Some(link(
                    "rule",
                    format!("联系规则{of_zh}：{}", words_in(words, Language::Zh)),
                    format!("contact rules{of_en}: {}", words_in(words, Language::En)),
                    packs.chain(self.entries.iter().map(CircumstanceId::to_string)).collect(),
                ))
            }
            Evidence::RanAt(moment) => Some(link(
                "fault",
                format!("当日批处理直到{}才运行", shown(*moment, engine)),
                format!("the day's run happened only at {}", shown(*moment, engine)),
                vec![moment.to_string()],
            )),
            Evidence::Fact(id) => self.fact_link(*id, engine),
            Evidence::Draw(draw, next_on) => Some(link(
                "trial",
                format!(
                    "试验{}：抽入{}组（占比{}%）；{next_on}再看",
                    draw.trial,
                    draw.arm,
                    percent(draw.share_millionths)
                ),
                format!(
                    "trial {}: drawn into {} ({}% of customers); looked at again on {next_on}",
                    draw.trial,
                    draw.arm,
                    percent(draw.share_millionths)
                ),
                vec![draw.to_text()],
            )),
            Evidence::Mode(id) => {
                let mode = self.modes.iter().find(|mode| mode.id == *id)?;
                let approver = mode.decided_by.as_deref().unwrap_or(&mode.author);
                let (from, note, author) = (mode.from, &mode.note, &mode.author);
                Some(link(
                    "policy",
                    format!("自{from}起的柔性安排：{note}（{author}申请，{approver}批准）"),
                    format!(
                        "gentler mode from {from}: {note} (asked for by {author}, approved by {approver})"
                    ),
                    vec![id.to_string()],
                ))
            }
            // What came to nothing is decided anew on the next day.
            Evidence::NextContactOn(_) if self.reason.is_some_and(came_to_nothing) => None,
            Evidence::NextContactOn(date) => Some(link(
                "strategy",
                format!("下一次联系定在{date}"),
                format!("the next contact is planned for {date}"),
                Vec::new(),
            )),
            Evidence::Unserved(channels, next_on) => Some(self.unserved_link(channels, *next_on)),
            Evidence::Position if verdict.span.reason == Reason::NoContactPoint => {
                let (zh, en) = (
                    "资料中没有本策略所用渠道的号码或地址；联系人、担保人的不作本通知之用",
                    "the records have no number or address for the channels of the strategy; those of contact persons \
                     and guarantors are not used for this notice",
                );
                Some(link("contact_data", zh.to_owned(), en.to_owned(), self.points.clone()))
            }
            Evidence::Position => None,
        }
    }

    /// That no provider serves channels of the row, and what was done instead.
    fn unserved_link(&self, channels: &[Channel], next_on: Date) -> WhyLink {
        let names = |of: fn((&'static str, &'static str)) -> &'static str, separator: &str| {
            let names = channels.iter().map(|channel| of(channel_words(Some(*channel))));
            names.collect::<Vec<_>>().join(separator)
        };
        let used = self.chain.first().and_then(|sent| sent.message.channel);
        let (zh_then, en_then) = match used.filter(|channel| !channels.contains(channel)) {
            Some(channel) => {
                let (zh, en) = channel_words(Some(channel));
                (format!("改用{zh}"), format!("the next channel is used: {en}"))
            }
            None => (
                "没有其他渠道可用，消息等待承接".to_owned(),
                "no other channel can be used, so the message waits".to_owned(),
            ),
        };
        let (zh, en) = (names(|words| words.0, "、"), names(|words| words.1, ", "));
        link(
            "fallback",
            format!("{zh}没有服务商承接，{zh_then}；下一次联系定在{next_on}"),
            format!("no provider serves: {en}; {en_then}; the next contact is planned for {next_on}"),
            channels.iter().map(ToString::to_string).collect(),
        )
    }
}

/// Whether a day of contact ended without one, by a fault, the data or a rule.
fn came_to_nothing(reason: Reason) -> bool {
    matches!(reason.family(), "fault" | "contact_data" | "rule")
}

/// The entries about the customer that are behind the reason of a day.
pub(super) fn entries_behind(
    tx: &mut Tx<'_>,
    row: &AgreementRow,
    reason: Option<Reason>,
    on: Date,
) -> Result<Vec<CircumstanceId>, EngineError> {
    let Some(reason) = reason else { return Ok(Vec::new()) };
    let kinds = kinds_behind(reason);
    if kinds.is_empty() {
        return Ok(Vec::new());
    }
    let known = circumstance::of_customers(tx, &[row.customer])?.remove(&row.customer);
    let entries = known.iter().flatten().map(|known| &known.entry);
    let behind = entries
        .filter(|entry| kinds.contains(&entry.content.kind()) && entry.is_about(row.id))
        .filter(|entry| entry.is_on(on) || reason == Reason::FewerCalls);
    Ok(behind.map(|entry| entry.id).collect())
}

/// The ids of the numbers and addresses on file.
pub(super) fn points_of(tx: &mut Tx<'_>, customer: CustomerId) -> Result<Vec<String>, EngineError> {
    let points = customer::point_views(tx, &[customer])?.remove(&customer);
    Ok(points.iter().flatten().map(|point| point.id.to_string()).collect())
}

/// The kinds of entries about a customer that can be behind a reason.
fn kinds_behind(reason: Reason) -> Vec<CircumstanceKind> {
    use CircumstanceKind as K;
    match reason {
        Reason::Complaint | Reason::FewerCalls => vec![K::Complaint],
        Reason::Dispute => vec![K::Dispute],
        Reason::HardshipPlan => vec![K::HardshipPlan],
        Reason::Promise => vec![K::Promise],
        Reason::OptedOut => vec![K::OptOut],
        Reason::OtherChannel => vec![K::ChannelChoice],
        Reason::Attorney => vec![K::Attorney],
        Reason::Inconvenient => vec![K::InconvenientTime],
        Reason::Deceased | Reason::Incapacitated | Reason::Bankrupt | Reason::Restricted => {
            vec![K::DebtorState]
        }
        Reason::NoPack => vec![K::Place],
        _ => Vec::new(),
    }
}

//! Ledger documents: the chart of accounts, from TOML to [`Chart`]. The format is told in `docs/ledger.md`.

use std::collections::BTreeMap;

use dunlin_domain::chart::{Account, AccountClass, Chart, Side};
use dunlin_domain::ledger::LedgerRole;
use dunlin_domain::money::Rate;
use dunlin_domain::provision::{ProvisionEvery, ProvisionStage, ProvisionTable};
use dunlin_domain::terms::Component;
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use serde::Deserialize;
use toml::Spanned;

use super::PolicyKind;
use super::error::{Complaints, PolicyError, named_not_one_of};
use super::header::{Header, read_header};
use super::toml_text::{document_text, read};
use crate::day_page::ALLOWANCE_USED;

/// A version of the chart of accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerDocument {
    /// The head.
    pub header: Header,
    /// The accounts, and which role stands on which.
    pub chart: Chart,
    /// Days past due from which accrual is suspended; `None` for never.
    pub suspends_from_days: Option<i32>,
    /// The same where a product has its own.
    pub suspends_by_product: BTreeMap<String, i32>,
    /// How what is expected to be lost is set aside; `None` for not at all.
    pub provision: Option<ProvisionTable>,
}

document_text! {
    struct LedgerText {
        accounts: Vec<AccountText>,
        roles: RoleTexts,
        suspension: Option<SuspensionText>,
        provision: Option<ProvisionText>,
        #[serde(default)]
        products: Vec<ProductText>,
    }
}

type RoleTexts = BTreeMap<Spanned<String>, Spanned<String>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountText {
    code: Spanned<String>,
    name_zh: Spanned<String>,
    name_en: Spanned<String>,
    class: Option<Spanned<String>>,
    side: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProductText {
    product: Spanned<String>,
    #[serde(default)]
    roles: RoleTexts,
    suspension: Option<SuspensionText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SuspensionText {
    from_days: Spanned<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProvisionText {
    every: Spanned<String>,
    base: Vec<Spanned<String>>,
    stages: Vec<StageText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StageText {
    code: Spanned<String>,
    name_zh: Spanned<String>,
    name_en: Spanned<String>,
    from_days: Spanned<i64>,
    rate: Spanned<String>,
}

/// Reads a chart of accounts. That every role has an account is asked when it is imported (see
/// [`LedgerDocument::complaints`]), so that a chart of before a role was there can still be read.
pub(super) fn parse(file: &str, text: &str) -> Result<LedgerDocument, Vec<PolicyError>> {
    let ledger: LedgerText = read(file, text)?;
    let mut complaints = Complaints::new(file, text);
    let fields = ledger.header_fields(&complaints);
    let header = read_header(PolicyKind::Ledger, file, &fields, &mut complaints);
    let accounts = accounts_of(&ledger.accounts, &mut complaints);
    let mapping = mapping_of(&ledger.roles, "roles", &accounts, &mut complaints);
    let mut by_product: BTreeMap<String, BTreeMap<LedgerRole, String>> = BTreeMap::new();
    for product in &ledger.products {
        let name = product.product.as_ref();
        let own = mapping_of(&product.roles, "products.roles", &accounts, &mut complaints);
        if by_product.insert(name.clone(), own).is_some() {
            let complaint = wording!(
                "“{name}”重复出现；请把其记账角色写在一起",
                "{name:?} is given twice; put its roles together"
            );
            complaints.add_at(&product.product, "products.product", complaint);
        }
    }
    let suspends_from_days =
        ledger.suspension.as_ref().and_then(|suspension| suspension_of(suspension, &mut complaints));
    let mut suspends_by_product = BTreeMap::new();
    for product in &ledger.products {
        let own =
            product.suspension.as_ref().and_then(|suspension| suspension_of(suspension, &mut complaints));
        suspends_by_product.extend(own.map(|from_days| (product.product.as_ref().clone(), from_days)));
    }
    let provision = ledger.provision.as_ref().and_then(|provision| provision_of(provision, &mut complaints));
    let document = header.map(|header| LedgerDocument {
        header,
        chart: Chart { accounts, mapping, by_product },
        suspends_from_days,
        suspends_by_product,
        provision,
    });
    complaints.finish(document)
}

fn suspension_of(suspension: &SuspensionText, complaints: &mut Complaints<'_>) -> Option<i32> {
    let days = *suspension.from_days.as_ref();
    let fits = i32::try_from(days).ok().filter(|days| (1..=3_650).contains(days));
    let complaint = || {
        wording!(
            "{days} 超出范围，逾期天数须为 1 至 3650 天；不停止计息则不写 [suspension]",
            "{days} must be 1 to 3650 days past due; leave [suspension] out to suspend nothing"
        )
    };
    complaints.keep(&suspension.from_days, "suspension.from_days", fits.ok_or_else(complaint))
}

fn provision_of(provision: &ProvisionText, complaints: &mut Complaints<'_>) -> Option<ProvisionTable> {
    let every = provision.every.as_ref();
    let codes = ProvisionEvery::ALL.iter().map(|every| every.code());
    let every = ProvisionEvery::parse(every).ok_or_else(|| Wording::not_one_of(every, codes));
    let every = complaints.keep(&provision.every, "provision.every", every);
    let mut base = Vec::new();
    for place in &provision.base {
        let name = place.as_ref();
        let codes = Component::ALL.iter().map(|component| component.code());
        let component = Component::parse(name).ok_or_else(|| Wording::not_one_of(name, codes));
        let Some(component) = complaints.keep(place, "provision.base", component) else { continue };
        if base.contains(&component) {
            complaints.add_at(
                place,
                "provision.base",
                wording!("“{name}”重复出现；请去掉一个", "{name:?} is named twice; leave one of them out"),
            );
        }
        base.push(component);
    }
    let stages = provision.stages.iter().map(|stage| stage_of(stage, complaints)).collect::<Vec<_>>();
    check_stages(provision, complaints);
    let stages = stages.into_iter().collect::<Option<Vec<_>>>()?;
    every.map(|every| ProvisionTable { every, base, stages })
}

fn stage_of(stage: &StageText, complaints: &mut Complaints<'_>) -> Option<ProvisionStage> {
    let days = *stage.from_days.as_ref();
    let from_days = i32::try_from(days).ok().filter(|days| (0..=36_500).contains(days));
    let complaint =
        || wording!("{days} 超出范围，逾期天数须为 0 至 36500 天", "{days} must be 0 to 36500 days past due");
    let from_days =
        complaints.keep(&stage.from_days, "provision.stages.from_days", from_days.ok_or_else(complaint));
    let rate = Rate::parse_percent(stage.rate.as_ref());
    let rate = complaints.keep(&stage.rate, "provision.stages.rate", rate);
    if rate.is_some_and(|rate| rate > Rate::ONE) {
        let complaint = wording!(
            "{} 超过全部欠款；须为 0% 至 100%",
            "{} is more than all that is owed; give 0% to 100%",
            stage.rate.as_ref()
        );
        complaints.add_at(&stage.rate, "provision.stages.rate", complaint);
    }
    Some(ProvisionStage {
        code: stage.code.as_ref().clone(),
        name_zh: stage.name_zh.as_ref().clone(),
        name_en: stage.name_en.as_ref().clone(),
        from_days: from_days?,
        rate: rate?,
    })
}

/// Stages begin at 0, rise, and have a code each.
fn check_stages(provision: &ProvisionText, complaints: &mut Complaints<'_>) {
    match provision.stages.first() {
        None => complaints.add_at(
            &provision.every,
            "provision.stages",
            wording!("没有任何阶段；至少写一个自 0 天起的阶段", "there is no stage; give one from 0 days on"),
        ),
        Some(first) if *first.from_days.as_ref() != 0 => {
            complaints.add_at(
                &first.from_days,
                "provision.stages.from_days",
                wording!("首个阶段须自 0 天起", "the first stage begins at 0"),
            );
        }
        Some(_) => {}
    }
    for (index, stage) in provision.stages.iter().enumerate() {
        let earlier = &provision.stages[..index];
        let code = stage.code.as_ref();
        if code.trim().is_empty()
            || code == ALLOWANCE_USED
            || earlier.iter().any(|other| other.code.as_ref() == code)
        {
            let complaint = wording!(
                "“{code}”为空、重复或已留作核销之用；每个阶段须有自己的代码",
                "{code:?} is empty, used twice or kept for losses; each stage needs a code of its own"
            );
            complaints.add_at(&stage.code, "provision.stages.code", complaint);
        }
        if earlier.last().is_some_and(|before| before.from_days.as_ref() >= stage.from_days.as_ref()) {
            let complaint = wording!(
                "各阶段须按起始天数从小到大排列；请调整次序或修改天数",
                "stages are in ascending order of their first day; move it or change its days"
            );
            complaints.add_at(&stage.from_days, "provision.stages.from_days", complaint);
        }
    }
}

impl LedgerDocument {
    /// Days past due from which accrual is suspended for a product; `None` for never.
    #[must_use]
    pub fn suspends_from_days(&self, product: &str) -> Option<i32> {
        self.suspends_by_product.get(product).copied().or(self.suspends_from_days)
    }

    /// The document as reports name it, `name@version`.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}@{}", self.header.name, self.header.version)
    }

    /// The roles that no account takes, each as a complaint; such a chart is not imported.
    #[must_use]
    pub fn complaints(&self) -> Vec<PolicyError> {
        let complaint = |role: LedgerRole| PolicyError {
            file: self.header.file.clone(),
            line: None,
            row: None,
            column: Some("roles".to_owned()),
            complaint: wording!(
                "记账角色 {role} 没有对应科目；请在 [roles] 下添加一行 \"{role}\" = \"CODE\"",
                "role {role} has no account; add a line \"{role}\" = \"CODE\" under [roles]"
            ),
        };
        self.chart.unmapped().into_iter().map(complaint).collect()
    }
}

fn accounts_of(accounts: &[AccountText], complaints: &mut Complaints<'_>) -> BTreeMap<String, Account> {
    let mut read: BTreeMap<String, Account> = BTreeMap::new();
    for account in accounts {
        let code = account.code.as_ref();
        let is_plain = !code.is_empty()
            && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
        if !is_plain {
            let complaint = wording!(
                "“{code}”只能由字母、数字、“.”、“-”和“_”组成，如“130301”",
                "{code:?} must be letters, digits, \".\", \"-\" and \"_\", such as \"130301\""
            );
            complaints.add_at(&account.code, "accounts.code", complaint);
        }
        for (place, field) in [(&account.name_zh, "accounts.name_zh"), (&account.name_en, "accounts.name_en")]
        {
            if place.as_ref().trim().is_empty() {
                complaints.add_at(
                    place,
                    field,
                    wording!("科目“{code}”须在此写明名称", "account {code:?} needs a name here"),
                );
            }
        }
        let classes: Vec<&str> = AccountClass::ALL.iter().map(|class| class.code()).collect();
        let sides: Vec<&str> = Side::ALL.iter().map(|side| side.code()).collect();
        let class =
            coded(account, account.class.as_ref(), "class", AccountClass::parse, &classes, complaints);
        let side = coded(account, account.side.as_ref(), "side", Side::parse, &sides, complaints);
        // A broken one is kept, so that the roles on it are not called unknown.
        let kept = Account {
            code: code.clone(),
            name_zh: account.name_zh.as_ref().trim().to_owned(),
            name_en: account.name_en.as_ref().trim().to_owned(),
            class: class.unwrap_or(AccountClass::Asset),
            side: side.unwrap_or(Side::Debit),
        };
        if read.insert(code.clone(), kept).is_some() {
            let complaint = wording!(
                "“{code}”重复出现；请去掉一个，或改用其他代码",
                "{code:?} is given twice; leave one of them out or give it another code"
            );
            complaints.add_at(&account.code, "accounts.code", complaint);
        }
    }
    read
}

/// The value of an account's field by its code, or a complaint with all codes at the account's place.
fn coded<T>(
    account: &AccountText,
    place: Option<&Spanned<String>>,
    field: &str,
    parse: fn(&str) -> Option<T>,
    codes: &[&str],
    complaints: &mut Complaints<'_>,
) -> Option<T> {
    let path = format!("accounts.{field}");
    let Some(place) = place else {
        let code = account.code.as_ref();
        let Wording { zh, en } = Wording::listed(codes.iter().copied());
        let complaint = Wording {
            zh: format!("科目“{code}”没有 {field}；取值为 {zh} 之一"),
            en: format!("account {code:?} has no {field}; give one of {en}"),
        };
        complaints.add_at(&account.code, &path, complaint);
        return None;
    };
    let text = place.as_ref();
    complaints.keep(place, &path, parse(text).ok_or_else(|| Wording::not_one_of(text, codes.iter().copied())))
}

fn mapping_of(
    roles: &RoleTexts,
    field: &str,
    accounts: &BTreeMap<String, Account>,
    complaints: &mut Complaints<'_>,
) -> BTreeMap<LedgerRole, String> {
    let mut mapping = BTreeMap::new();
    for (place, code_place) in roles {
        let (name, code) = (place.as_ref(), code_place.as_ref());
        let codes = LedgerRole::ALL.iter().map(|role| role.code());
        let named = || named_not_one_of(wording!("记账角色", "role"), name, codes);
        let role = LedgerRole::parse(name).ok_or_else(named);
        let Some(role) = complaints.keep(place, field, role) else { continue };
        let account = accounts.get(code).ok_or_else(|| {
            wording!(
                "记账角色 {role} 对应的科目“{code}”不在科目表中；请在 [[accounts]] 下添加",
                "role {role} stands on account {code:?}, which the chart does not have; \
                 add it under [[accounts]]"
            )
        });
        let Some(account) = complaints.keep(code_place, field, account) else { continue };
        let (wanted, found) = (role.sphere(), account.class.sphere());
        if wanted != found {
            let classes = AccountClass::ALL.iter().filter(|class| class.sphere() == wanted);
            let classes: Vec<&str> = classes.map(|class| class.code()).collect();
            let (class, zh, en) = (account.class, classes.join("、"), classes.join(" or "));
            let complaint = Wording {
                zh: format!("记账角色 {role} 对应的科目“{code}”类别为 {class}；须为 {zh} 之一"),
                en: format!(
                    "role {role} stands on account {code:?} of class {class}; it needs one of class {en}"
                ),
            };
            complaints.add_at(code_place, field, complaint);
        }
        mapping.insert(role, code.clone());
    }
    mapping
}

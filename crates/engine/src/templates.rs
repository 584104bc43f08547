//! Templates: a version is submitted by one person, read with real data, and approved by another before it is used.

use dunlin_delivery::{SmsAlphabet, sms_length};
use dunlin_domain::contact::{Channel, Language};
use dunlin_domain::date::Date;
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use dunlin_store::customer;

use crate::inspect::current_positions;
use crate::payment::Caller;
use crate::policies::Policies;
use crate::policy::{
    AssignmentWords, PolicyDocument, PolicyKind, TemplateDocument, cost_ceiling_default, parse, render,
};
use crate::policy_requests::PolicyRequest;
use crate::{Engine, EngineError};

/// A text as one customer would get it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The template, `name@version`.
    pub template: String,
    /// The channel.
    pub channel: Channel,
    /// The language.
    pub language: Language,
    /// The subject; empty for channels without one.
    pub subject: String,
    /// The text.
    pub body: String,
    /// Letters of the text.
    pub letter_count: usize,
    /// How many text messages it takes, and their alphabet (`gsm` or `ucs2`); only of text messages.
    pub segments: Option<(usize, &'static str)>,
    /// Words of the text that the rules forbid.
    pub forbidden: Vec<String>,
}

fn refuse<T>(code: &'static str, complaint: Wording) -> Result<T, EngineError> {
    Err(EngineError::Refused { code, complaint })
}

fn read(file: &str, text: &str) -> Result<TemplateDocument, EngineError> {
    match parse(PolicyKind::Template, file, text, cost_ceiling_default())? {
        PolicyDocument::Template(document) => Ok(document),
        _ => refuse("policy_kind", wording!("{file}：该文件不是模板", "{file}: the document is no template")),
    }
}

/// The text of a version that was submitted, if it is a template's.
fn submitted(request: &PolicyRequest, name: &str) -> Option<Result<TemplateDocument, EngineError>> {
    let is_named = format!("{}@{}", request.name, request.version) == name;
    (is_named && request.kind == PolicyKind::Template.code())
        .then(|| read(&request.file_name, &request.content))
}

impl Engine {
    /// Submits a version of a template; it is used when another person has approved it.
    ///
    /// # Errors
    /// Every complaint about the document, alone and with the others; `version_exists`; `not_rejected` when that version
    /// waits or was approved.
    pub fn submit_template(
        &self,
        file: &str,
        text: &str,
        caller: Caller<'_>,
    ) -> Result<PolicyRequest, EngineError> {
        let document = read(file, text)?;
        self.check_with_others(&PolicyDocument::Template(document.clone()))?;
        let (name, version) = (document.header.name.clone(), document.header.version);
        self.db.write_as(|tx| {
            let policies = Policies::load(tx)?;
            if policies.templates().any(|known| known.header.name == name && known.header.version == version)
            {
                let next = version + 1;
                return refuse(
                    "version_exists",
                    wording!(
                        "{file}：模板 {name} 第 {version} 版已存在；请提交第 {next} 版",
                        "{file}: template {name} version {version} is there already; submit version {next}"
                    ),
                );
            }
            self.submit_document(tx, &PolicyDocument::Template(document.clone()), (file, text), caller)
        })
    }

    /// A template's text with the real data of an agreement, on a day: of a version that was submitted, or of one that is
    /// there; by its name alone, of the newest.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; a template that does not speak on the channel.
    pub fn preview_template(
        &self,
        name: &str,
        agreement: &str,
        channel: Channel,
        language: Option<Language>,
        on: Date,
    ) -> Result<Preview, EngineError> {
        let policies = self.policies()?;
        let document = self.template_named(&policies, name)?;
        self.db.read_as(|tx| {
            let row = self.find_agreement(tx, agreement)?;
            let missing =
                || EngineError::NotFound { what: "customer of agreement", name: agreement.to_owned() };
            let found = customer::opened(tx, &self.master, &[row.customer])?;
            let customer = found.get(&row.customer).ok_or_else(missing)?;
            let language = language.unwrap_or(customer.language);
            let current = current_positions(tx, &policies, std::slice::from_ref(&row), on)?;
            let current = current.first().ok_or_else(missing)?;
            let mut variables = crate::dispatch::variables(self, language, &row, current, customer, channel)?;
            // A preview of the notice of a sale names nobody: the buyer is known when there is one.
            variables.assignment = Some(AssignmentWords {
                new_creditor: "…".to_owned(),
                contact: "…".to_owned(),
                on,
                amount: variables.overdue_amount,
            });
            let rendered = render(&document.template, channel, language, &variables)
                .map_err(|error| EngineError::Refused { code: "template", complaint: error.wording() })?;
            let body = rendered.body.reveal().to_owned();
            let packs = policies.contact_packs(on)?;
            let mut forbidden: Vec<String> =
                packs.iter().flat_map(|pack| pack.rules.forbidden_in(&body)).map(str::to_owned).collect();
            forbidden.sort_unstable();
            forbidden.dedup();
            let length = sms_length(&body);
            let alphabet = match length.alphabet {
                SmsAlphabet::Gsm => "gsm",
                SmsAlphabet::Ucs2 => "ucs2",
            };
            Ok(Preview {
                template: format!("{}@{}", document.header.name, document.header.version),
                channel,
                language,
                subject: rendered.subject.reveal().to_owned(),
                letter_count: body.chars().count(),
                segments: (channel == Channel::Sms).then_some((length.segment_count, alphabet)),
                body,
                forbidden,
            })
        })
    }

    fn template_named(&self, policies: &Policies, name: &str) -> Result<TemplateDocument, EngineError> {
        if let Some(document) = self.policy_requests()?.iter().find_map(|request| submitted(request, name)) {
            return document;
        }
        let matches = |document: &&TemplateDocument| {
            let header = &document.header;
            header.name == name || format!("{}@{}", header.name, header.version) == name
        };
        let found = policies.templates().filter(matches).max_by_key(|document| document.header.version);
        found.cloned().ok_or_else(|| EngineError::NotFound { what: "template", name: name.to_owned() })
    }
}

//! The settings of one provider, read one by one by its kind, so that a complaint has the line of the setting.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use dunlin_domain::contact::{Channel, Personal};
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use toml::{Spanned, Value};

use super::{Place, either};
use crate::failure::Failure;

/// The entries as they stand: which are known depends on the kind.
pub(in crate::config) type ProviderText = BTreeMap<String, Spanned<Value>>;

/// The entries of one provider, and which of them its kind has asked for.
pub(super) struct Entries<'t> {
    folder: &'t Path,
    place: &'t Place<'t>,
    text: &'t Spanned<ProviderText>,
    kind: &'t str,
    known: RefCell<BTreeSet<String>>,
}

impl<'t> Entries<'t> {
    pub fn new(
        folder: &'t Path,
        place: &'t Place<'t>,
        text: &'t Spanned<ProviderText>,
        kind: &'t str,
    ) -> Self {
        let known = RefCell::new(BTreeSet::from(["kind".to_owned()]));
        Self { folder, place, text, kind, known }
    }

    /// Complains about a setting, or about the provider where it is not there.
    pub fn complain<T>(&self, name: &str, complaint: Wording) -> Result<T, Failure> {
        let span = self.text.as_ref().get(name).map_or_else(|| self.text.span(), Spanned::span);
        self.place.complain(&span, complaint)
    }

    fn get(&self, name: &str) -> Option<&'t Value> {
        self.known.borrow_mut().insert(name.to_owned());
        self.text.as_ref().get(name).map(Spanned::as_ref)
    }

    fn wrong<T>(&self, name: &str, wanted: &Wording) -> Result<T, Failure> {
        let complaint = Wording {
            zh: format!("{name} 须为{}", wanted.zh),
            en: format!("{name} must be {}", wanted.en),
        };
        self.complain(name, complaint)
    }

    pub fn text(&self, name: &str) -> Result<Option<String>, Failure> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => self.wrong(name, &wording!("加引号的文字", "text in quotes")),
        }
    }

    pub fn required(&self, name: &str, example: &str) -> Result<String, Failure> {
        match self.text(name)? {
            Some(text) => Ok(text),
            None => {
                let complaint = wording!(
                    "kind 为 {} 的服务商须写明 {name} = {example:?}",
                    "a provider of kind {} needs {name} = {example:?}",
                    self.kind
                );
                self.place.complain(&self.text.span(), complaint)
            }
        }
    }

    /// A list of texts; empty when it is not there.
    pub fn texts(&self, name: &str) -> Result<Vec<String>, Failure> {
        let values = match self.get(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(values)) => values,
            Some(_) => return self.wrong(name, &wording!("加引号的文字列表", "a list of texts in quotes")),
        };
        let texts: Option<Vec<String>> =
            values.iter().map(|value| value.as_str().map(str::to_owned)).collect();
        texts.map_or_else(|| self.wrong(name, &wording!("加引号的文字列表", "a list of texts in quotes")), Ok)
    }

    /// A table of texts; empty when it is not there.
    pub fn text_table(&self, name: &str) -> Result<Vec<(String, String)>, Failure> {
        let table = match self.get(name) {
            None => return Ok(Vec::new()),
            Some(Value::Table(table)) => table,
            Some(_) => {
                return self.wrong(
                    name,
                    &wording!(
                        "表，如 {{ X-Key = \"{{secret}}\" }}",
                        "a table such as {{ X-Key = \"{{secret}}\" }}"
                    ),
                );
            }
        };
        let pairs = table.iter().map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
        let pairs: Option<Vec<(String, String)>> = pairs.collect();
        pairs.map_or_else(
            || self.wrong(name, &wording!("由加引号的文字组成的表", "a table of texts in quotes")),
            Ok,
        )
    }

    /// Any value, as JSON.
    pub fn json(&self, name: &str) -> Result<Option<serde_json::Value>, Failure> {
        match self.get(name).map(serde_json::to_value) {
            None => Ok(None),
            Some(Ok(value)) => Ok(Some(value)),
            Some(Err(_)) => self.wrong(name, &wording!("JSON 能表示的值", "something that JSON can say")),
        }
    }

    /// A secret that must be there, and not in the file itself.
    pub fn required_secret(&self, name: &str) -> Result<Personal, Failure> {
        match self.secret(name, false)? {
            Some(secret) => Ok(secret),
            None => {
                let complaint = wording!(
                    "kind 为 {} 的服务商须写明 {name}_from 或 {name}_file",
                    "a provider of kind {} needs {name}_from or {name}_file",
                    self.kind
                );
                self.place.complain(&self.text.span(), complaint)
            }
        }
    }

    pub fn number<N: TryFrom<i64> + MostOf>(&self, name: &str) -> Result<Option<N>, Failure> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Integer(number)) => match N::try_from(*number) {
                Ok(number) => Ok(Some(number)),
                Err(_) => {
                    self.wrong(name, &wording!("0 至 {} 的整数", "a whole number from 0 to {}", N::MOST))
                }
            },
            Some(_) => self.wrong(name, &wording!("整数", "a whole number")),
        }
    }

    pub fn flag(&self, name: &str) -> Result<Option<bool>, Failure> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Boolean(flag)) => Ok(Some(*flag)),
            Some(_) => self.wrong(name, &wording!(" true 或 false", "true or false")),
        }
    }

    /// A path, seen from the data folder.
    pub fn path(&self, name: &str) -> Result<Option<PathBuf>, Failure> {
        Ok(self.text(name)?.map(|path| self.in_folder(PathBuf::from(path))))
    }

    pub fn in_folder(&self, path: PathBuf) -> PathBuf {
        self.folder.join(path)
    }

    pub fn choice<T: Copy>(&self, name: &str, known: &[(&str, T)]) -> Result<Option<T>, Failure> {
        let Some(word) = self.text(name)? else { return Ok(None) };
        if let Some((_, value)) = known.iter().find(|(known, _)| *known == word) {
            return Ok(Some(*value));
        }
        let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
        let Wording { zh, en } = either(&words);
        let complaint = Wording {
            zh: format!("{name}“{word}”无法识别；取值为 {zh} 之一"),
            en: format!("{name} {word:?} is unknown; use {en}"),
        };
        self.complain(name, complaint)
    }

    /// A secret: in the environment variable that `NAME_from` names, or in the file that `NAME_file` names and that
    /// nobody but its owner can read. Where `may_stand_here`, also as `NAME` in the file itself.
    pub fn secret(&self, name: &str, may_stand_here: bool) -> Result<Option<Personal>, Failure> {
        let (from, file) = (format!("{name}_from"), format!("{name}_file"));
        let here = if may_stand_here { self.text(name)? } else { None };
        match (here, self.text(&from)?, self.path(&file)?) {
            (None, None, None) => Ok(None),
            (Some(secret), None, None) => Ok(Some(Personal::new(secret))),
            (None, Some(variable), None) => match std::env::var(&variable) {
                Ok(secret) if !secret.is_empty() => Ok(Some(Personal::new(secret))),
                Ok(_) | Err(_) => {
                    let complaint = wording!(
                        "环境变量 {variable} 没有设置；须存放 {name}",
                        "environment variable {variable} is not set; it must hold the {name}"
                    );
                    self.complain(&from, complaint)
                }
            },
            (None, None, Some(path)) => self.secret_file(&file, &path).map(Some),
            (Some(_), Some(_), _) => self.complain(&from, both_there(name, &from)),
            (Some(_), None, Some(_)) => self.complain(&file, both_there(name, &file)),
            (None, Some(_), Some(_)) => self.complain(&file, both_there(&from, &file)),
        }
    }

    fn secret_file(&self, name: &str, path: &Path) -> Result<Personal, Failure> {
        self.require_private(name, path)?;
        match std::fs::read_to_string(path) {
            Ok(secret) if !secret.trim().is_empty() => Ok(Personal::new(secret.trim())),
            Ok(_) => self.complain(name, wording!("{} 为空", "{} is empty", path.display())),
            Err(error) => self.complain(name, cannot_read(path, &error)),
        }
    }

    /// Complains about a file that others than its owner may read or write.
    pub fn require_private(&self, name: &str, path: &Path) -> Result<(), Failure> {
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.permissions().mode() & 0o077 == 0 => Ok(()),
            Ok(_) => {
                let complaint = wording!(
                    "{} 可被他人读取；请执行 chmod 600",
                    "{} can be read by others; chmod 600 it",
                    path.display()
                );
                self.complain(name, complaint)
            }
            Err(error) => self.complain(name, cannot_read(path, &error)),
        }
    }

    pub fn channels(&self, default: Vec<Channel>) -> Result<Vec<Channel>, Failure> {
        let codes = match self.get("channels") {
            None => return Ok(default),
            Some(Value::Array(codes)) => codes,
            Some(_) => {
                return self.wrong("channels", &wording!("列表，如 [\"sms\"]", "a list such as [\"sms\"]"));
            }
        };
        let mut channels = Vec::new();
        for code in codes {
            let Some(channel) = code.as_str().and_then(Channel::parse) else {
                let known: Vec<&str> = Channel::ALL.iter().map(|channel| channel.code()).collect();
                let code = match code.as_str() {
                    Some(code) => wording!("“{code}”", " {code:?}"),
                    None => wording!(" {code} ", " {code}"),
                };
                let complaint = Wording {
                    zh: format!("渠道{}无法识别；取值为 {} 之一", code.zh, known.join("、")),
                    en: format!("channel{} is unknown; use {}", code.en, known.join(", ")),
                };
                return self.complain("channels", complaint);
            };
            channels.push(channel);
        }
        if channels.is_empty() {
            let complaint = wording!(
                "channels 为空；请至少写一个渠道，或不写而采用该类服务商承接的全部渠道",
                "channels is empty; name one, or leave it out for all that the kind serves"
            );
            return self.complain("channels", complaint);
        }
        Ok(channels)
    }

    /// Complains about the first entry that the kind did not ask for.
    pub fn finish(&self) -> Result<(), Failure> {
        let known = self.known.borrow();
        let mut foreign: Vec<(&String, &Spanned<Value>)> =
            self.text.as_ref().iter().filter(|(name, _)| !known.contains(*name)).collect();
        foreign.sort_by_key(|(_, value)| value.span().start);
        let Some((name, value)) = foreign.first() else { return Ok(()) };
        let settings: Vec<&str> = known.iter().map(String::as_str).collect();
        let complaint = Wording {
            zh: format!(
                "kind 为 {} 的服务商没有设置 {name}；可用的设置为 {}",
                self.kind,
                settings.join("、")
            ),
            en: format!("{name} is no setting of kind {}; it has {}", self.kind, settings.join(", ")),
        };
        self.place.complain(&value.span(), complaint)
    }
}

fn both_there(one: &str, other: &str) -> Wording {
    wording!("{one} 与 {other} 同时出现；请去掉一个", "{one} and {other} are both there; remove one")
}

fn cannot_read(path: &Path, error: &std::io::Error) -> Wording {
    wording!("无法读取 {}：{error}", "cannot read {}: {error}", path.display())
}

/// The greatest number of a type, for the complaint.
pub(super) trait MostOf {
    const MOST: u64;
}

impl MostOf for u8 {
    const MOST: u64 = Self::MAX as u64;
}

impl MostOf for u16 {
    const MOST: u64 = Self::MAX as u64;
}

impl MostOf for u32 {
    const MOST: u64 = Self::MAX as u64;
}

impl MostOf for u64 {
    const MOST: u64 = i64::MAX as u64;
}

impl MostOf for usize {
    const MOST: u64 = i64::MAX as u64;
}

//! What stops a provider as a whole. What befalls one message is a [`crate::Handover`].

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a provider cannot be opened, or its receipts cannot be read or put away.
#[derive(Debug)]
pub enum DeliveryError {
    /// A setting that cannot work.
    Setting {
        /// The provider's name.
        provider: String,
        /// The setting.
        setting: &'static str,
        /// What is wrong and what would be right.
        complaint: Wording,
    },
    /// A file or folder that cannot be used.
    File {
        /// What was being done: `create`, `read`, …
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl DeliveryError {
    /// For `map_err`: what was being done, and to which file or folder.
    pub(crate) fn file(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { doing, path: path.to_owned(), source }
    }
}

impl DeliveryError {
    /// What is wrong and what would be right, in both languages.
    #[must_use]
    pub fn wording(&self) -> Wording {
        match self {
            Self::Setting { provider, setting, complaint: Wording { zh, en } } => Wording {
                zh: format!("服务商 {provider}，设置 {setting}：{zh}"),
                en: format!("provider {provider}, setting {setting}: {en}"),
            },
            Self::File { doing, path, source } => {
                wording!(
                    "无法处理 {}（操作 {doing}）：{source}；请检查权限和磁盘",
                    "cannot {doing} {}: {source}; check its permissions and the disk",
                    path.display()
                )
            }
        }
    }
}

/// Whether a setting is within its bounds; else what would be right.
pub(crate) fn between(value: u64, least: u64, most: u64) -> Result<(), Wording> {
    match (least..=most).contains(&value) {
        true => Ok(()),
        false => Err(wording!("须为 {least} 至 {most}", "must be {least} to {most}")),
    }
}

/// A file that was to hold a certificate, and what was said to it.
pub(crate) fn no_certificate(path: &Path, error: &dyn fmt::Display) -> Wording {
    wording!("{} 不是 PEM 格式的证书：原文“{error}”", "{} is not a PEM certificate: {error}", path.display())
}

impl fmt::Display for DeliveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wording().en)
    }
}

impl std::error::Error for DeliveryError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Setting { .. } => None,
            Self::File { source, .. } => Some(source),
        }
    }
}

//! The font of PDFs: found on the system or named in the configuration, never shipped.
//!
//! It needs Chinese, outlines, and the leave of its maker to be put into documents. WenQuanYi Micro Hei (Apache 2.0)
//! and Noto CJK (SIL Open Font License) give it, and Debian has both. Only the letters that a document uses go into it.

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::fmt;
use std::path::{Path, PathBuf};

use ttf_parser::{Face, Permissions, fonts_in_collection};

/// Where fonts lie.
const FOLDERS: [&str; 2] = ["/usr/share/fonts", "/usr/local/share/fonts"];
/// Folders below those that are looked into.
const DEPTH_MAX: usize = 4;
/// Files that are looked for, the best first.
const FILES: [&str; 8] = [
    "NotoSansCJKsc-Regular.otf",
    "NotoSansCJK-Regular.ttc",
    "NotoSansSC-Regular.otf",
    "NotoSansSC-Regular.ttf",
    "SourceHanSansSC-Regular.otf",
    "SourceHanSansCN-Regular.otf",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
];
/// Letters that every document needs.
const NEEDED: &str = "账单还款额逾期Aa09.,−·";

/// A font file and the face in it.
pub struct Font {
    data: Vec<u8>,
    index: u32,
    path: PathBuf,
}

/// Why there is no font.
#[derive(Debug)]
pub enum FontError {
    /// None is configured, and none of those that are known is on the system.
    None,
    /// The file cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file is no font with outlines, or a damaged one.
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        complaint: String,
    },
    /// The font lacks letters that every document needs.
    NoChinese {
        /// The file.
        path: PathBuf,
        /// One of them.
        letter: char,
    },
    /// The font's maker does not allow it to be put into documents.
    Forbidden {
        /// The file.
        path: PathBuf,
    },
}

const REMEDY: &str = "install the Debian package fonts-noto-cjk or fonts-wqy-microhei, or name a font file in dunlin.toml as \
     font = \"…\" under [statement]";

const REMEDY_ZH: &str = "请安装 Debian 软件包 fonts-noto-cjk 或 fonts-wqy-microhei，或在 dunlin.toml 的 [statement] 下用 font = \"…\" 指定字体文件";

impl FontError {
    /// What is wrong and what would be right, in both languages.
    #[must_use]
    pub fn wording(&self) -> Wording {
        match self {
            Self::None => {
                wording!(
                    "在 {} 下没有找到用于 PDF 的中文字体；{REMEDY_ZH}",
                    "no Chinese font for PDFs was found below {}; {REMEDY}",
                    FOLDERS.join(" and ")
                )
            }
            Self::Unreadable { path, error } => {
                wording!(
                    "无法读取字体 {}：{error}；{REMEDY_ZH}",
                    "font {} cannot be read: {error}; {REMEDY}",
                    path.display()
                )
            }
            Self::Malformed { path, complaint } => {
                wording!(
                    "字体 {} 不能使用：{complaint}；{REMEDY_ZH}",
                    "font {} cannot be used: {complaint}; {REMEDY}",
                    path.display()
                )
            }
            Self::NoChinese { path, letter } => {
                wording!(
                    "字体 {} 缺少字符 {letter:?}；{REMEDY_ZH}",
                    "font {} lacks the letter {letter:?}; {REMEDY}",
                    path.display()
                )
            }
            Self::Forbidden { path } => wording!(
                "字体 {} 的厂商不允许把它嵌入文件；{REMEDY_ZH}",
                "the maker of font {} does not allow parts of it in documents; {REMEDY}",
                path.display()
            ),
        }
    }
}

impl fmt::Display for FontError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wording().en)
    }
}

impl std::error::Error for FontError {}

impl Font {
    /// The font that is configured, or else the first one of the system that is known to do.
    ///
    /// # Errors
    /// When there is none, or the one that is configured cannot be used.
    pub fn find(configured: Option<&Path>) -> Result<Self, FontError> {
        if let Some(path) = configured {
            return Self::read(path);
        }
        let mut found: Vec<Option<PathBuf>> = vec![None; FILES.len()];
        for folder in FOLDERS {
            search(Path::new(folder), DEPTH_MAX, &mut found);
        }
        let mut first_error = None;
        for path in found.into_iter().flatten() {
            match Self::read(&path) {
                Ok(font) => return Ok(font),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        Err(first_error.unwrap_or(FontError::None))
    }

    /// Reads a font file; of a collection the face for simplified Chinese, else the first one.
    ///
    /// # Errors
    /// When it cannot be read, or must or can not be put into documents.
    pub fn read(path: &Path) -> Result<Self, FontError> {
        let place = || path.to_owned();
        let data = std::fs::read(path).map_err(|error| FontError::Unreadable { path: place(), error })?;
        let count = fonts_in_collection(&data).unwrap_or(1);
        let is_simplified =
            |index: &u32| Face::parse(&data, *index).is_ok_and(|face| is_simplified_chinese(&face));
        let index = (0..count).find(is_simplified).unwrap_or(0);
        let malformed =
            |complaint: &str| FontError::Malformed { path: place(), complaint: complaint.to_owned() };
        let face = Face::parse(&data, index).map_err(|error| malformed(&error.to_string()))?;
        if face.permissions() == Some(Permissions::Restricted)
            || !face.is_subsetting_allowed()
            || !face.is_outline_embedding_allowed()
        {
            return Err(FontError::Forbidden { path: place() });
        }
        if face.tables().cff.is_none() && face.tables().glyf.is_none() {
            return Err(malformed("it has no outlines"));
        }
        if let Some(letter) = NEEDED.chars().find(|letter| face.glyph_index(*letter).is_none()) {
            return Err(FontError::NoChinese { path: place(), letter });
        }
        Ok(Self { data, index, path: place() })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Letters of a text that it has no picture of, each once, in their order.
    #[must_use]
    pub fn missing_in(&self, text: &str) -> Vec<char> {
        // It was read before, so that it can be read again.
        let Ok(face) = Face::parse(&self.data, self.index) else { return Vec::new() };
        let mut missing: Vec<char> = Vec::new();
        for letter in text.chars().filter(|letter| !letter.is_control()) {
            if face.glyph_index(letter).is_none() && !missing.contains(&letter) {
                missing.push(letter);
            }
        }
        missing
    }

    pub(super) fn data(&self) -> &[u8] {
        &self.data
    }

    pub(super) fn index(&self) -> u32 {
        self.index
    }
}

fn is_simplified_chinese(face: &Face<'_>) -> bool {
    face.names().into_iter().filter(|name| name.name_id == ttf_parser::name_id::FAMILY).any(|name| {
        let family = name.to_string().unwrap_or_default();
        family.split(' ').any(|word| word == "SC" || word == "CN")
    })
}

/// Notes where the files lie. A folder that cannot be looked into holds no font for us.
fn search(folder: &Path, depth: usize, found: &mut [Option<PathBuf>]) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            if depth > 1 {
                search(&path, depth - 1, found);
            }
            continue;
        }
        let name = path.file_name().and_then(|name| name.to_str());
        if let Some(index) = FILES.iter().position(|file| name == Some(*file))
            && found[index].is_none()
        {
            found[index] = Some(path);
        }
    }
}

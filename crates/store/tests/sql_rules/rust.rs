//! Reads Rust sources: their string literals, and their bulk calls with the names in their arguments.

/// A string literal, as the program sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal {
    /// The line on which it begins.
    pub line: usize,
    pub text: String,
}

/// A call of one of the store's bulk methods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub line: usize,
    /// `insert_rows`, `update_rows`, `update_rows_found`, `delete_rows`, `query_keys`, `query_keys_locked`, `each_key`.
    pub method: &'static str,
    /// The table, where it is a literal.
    pub table: Option<String>,
    /// The names of its columns or keys, where they can be told.
    pub keys: Option<Vec<String>>,
    /// The names of the columns that an update sets.
    pub sets: Option<Vec<String>>,
}

const METHODS: [(&str, usize); 7] = [
    ("insert_rows", 0),
    ("update_rows", 0),
    ("update_rows_found", 0),
    ("delete_rows", 0),
    ("query_keys", 1),
    ("query_keys_locked", 1),
    ("each_key", 1),
];

/// What a file is before its tests, which come last.
fn program(source: &str) -> &str {
    source.find("#[cfg(test)]").map_or(source, |tests| &source[..tests])
}

/// One step through a source: what begins at `rest`, and how long it is.
enum Step {
    /// A comment, or a character that is not within a literal.
    Skip(usize),
    /// A string literal.
    String { length: usize, text: String },
}

fn step(rest: &str, is_within_word: bool) -> Step {
    let bytes = rest.as_bytes();
    if rest.starts_with("//") {
        return Step::Skip(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Step::Skip(rest.find("*/").map_or(rest.len(), |end| end + 2));
    }
    if bytes[0] == b'\'' {
        return Step::Skip(character_length(rest));
    }
    if bytes[0] == b'"' {
        return plain_string(rest);
    }
    if bytes[0] == b'r' && !is_within_word {
        let marks = rest[1..].len() - rest[1..].trim_start_matches('#').len();
        let opening = 1 + marks;
        if rest[opening..].starts_with('"') {
            let closing = format!("\"{}", "#".repeat(marks));
            let end = rest[opening + 1..].find(&closing).map_or(rest.len(), |end| opening + 1 + end);
            let text = rest[opening + 1..end].to_owned();
            return Step::String { length: (end + closing.len()).min(rest.len()), text };
        }
    }
    Step::Skip(rest.chars().next().map_or(1, char::len_utf8))
}

/// A character literal, or the mark of a lifetime.
fn character_length(rest: &str) -> usize {
    let mut characters = rest.char_indices().skip(1);
    match (characters.next(), characters.next()) {
        (Some((_, '\\')), Some((at, escaped))) => {
            let after = at + escaped.len_utf8();
            rest[after..].find('\'').map_or(rest.len(), |end| after + end + 1)
        }
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1,
    }
}

fn plain_string(rest: &str) -> Step {
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Step::String { length: at + 1, text },
            '\\' => match characters.next() {
                // A line that is continued goes on at its first letter.
                Some((_, '\n')) => while characters.next_if(|(_, next)| next.is_whitespace()).is_some() {},
                Some((_, 'n')) => text.push('\n'),
                Some((_, other)) => text.push(other),
                None => break,
            },
            other => text.push(other),
        }
    }
    Step::String { length: rest.len(), text }
}

/// Every string literal of a program, its tests left aside.
pub fn literals(source: &str) -> Vec<Literal> {
    let source = program(source);
    let (mut found, mut at, mut line) = (Vec::new(), 0, 1);
    while at < source.len() {
        let is_within_word =
            source[..at].chars().next_back().is_some_and(|before| before.is_alphanumeric() || before == '_');
        let length = match step(&source[at..], is_within_word) {
            Step::Skip(length) => length,
            Step::String { length, text } => {
                found.push(Literal { line, text });
                length
            }
        };
        line += source[at..at + length].matches('\n').count();
        at += length;
    }
    found
}

/// Every call of a bulk method, its definitions left aside.
pub fn bulk_calls(source: &str) -> Vec<Call> {
    let source = program(source);
    let mut found = Vec::new();
    for (method, table_index) in METHODS {
        let opening = format!(".{method}(");
        for (at, _) in source.match_indices(&opening) {
            let arguments = arguments(&source[at + opening.len()..]);
            let argument = |index: usize| arguments.get(index).map_or("", |text| text.trim());
            let table = argument(table_index).strip_prefix('"').and_then(|text| text.strip_suffix('"'));
            let sets =
                method.starts_with("update_rows").then(|| names(source, argument(table_index + 2))).flatten();
            found.push(Call {
                line: source[..at].matches('\n').count() + 1,
                method,
                table: table.map(str::to_owned),
                keys: names(source, argument(table_index + 1)),
                sets,
            });
        }
    }
    found
}

/// The arguments of a call, from behind its opening bracket.
fn arguments(rest: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let (mut depth, mut at) = (0_u32, 0);
    while at < rest.len() {
        let length = match step(&rest[at..], true) {
            Step::Skip(length) | Step::String { length, .. } => length,
        };
        let piece = &rest[at..at + length];
        match piece {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" if depth == 0 => return found,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if piece == "," && depth == 0 {
            found.push(String::new());
        } else if let Some(last) = found.last_mut() {
            last.push_str(piece);
        }
        at += length;
    }
    found
}

/// The column names in a list: written out, or by the name of a constant or variable of the same file.
fn names(source: &str, argument: &str) -> Option<Vec<String>> {
    let argument = argument.trim().trim_start_matches('&').trim();
    if let Some(list) = argument.strip_prefix('[') {
        return Some(items(source, list.strip_suffix(']')?));
    }
    // Such as `&COLUMNS[..2]`.
    let name = argument.split('[').next()?.trim();
    let is_name = !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    is_name.then(|| defined(source, name)).flatten().map(|list| items(source, &list))
}

/// The list that the file gives a name to.
fn defined(source: &str, name: &str) -> Option<String> {
    let definitions = [format!("const {name}:"), format!("let {name} ="), format!("let {name}:")];
    let at = definitions.iter().filter_map(|definition| source.find(definition)).min()?;
    let value = source[at..].split_once('=')?.1.trim_start().trim_start_matches('&');
    match value.strip_prefix('[') {
        Some(list) => Some(arguments(list).join(",")),
        // Such as `COLUMNS.into_iter().chain(…)`.
        None => defined(source, value.split('.').next()?.trim()),
    }
}

fn items(source: &str, list: &str) -> Vec<String> {
    let item = |text: &String| {
        let text = text.trim();
        let written = text.strip_prefix("(\"").and_then(|rest| rest.split('"').next()).map(str::to_owned);
        written.or_else(|| constant(source, text)).unwrap_or_else(|| text.to_owned())
    };
    arguments(list).iter().filter(|text| !text.trim().is_empty()).map(item).collect()
}

/// The name in a constant such as `const PART: (&str, Column) = ("part", Column::Int);`.
fn constant(source: &str, name: &str) -> Option<String> {
    let at = source.find(&format!("const {name}:"))?;
    let value = source[at..].split_once('=')?.1.trim_start();
    value.strip_prefix("(\"")?.split('"').next().map(str::to_owned)
}

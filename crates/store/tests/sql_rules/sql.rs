//! The words of SQL, in small letters, without quoted texts and comments.

/// First words of statements.
const BEGINNINGS: [&str; 17] = [
    "select",
    "insert",
    "update",
    "delete",
    "with",
    "merge",
    "create",
    "alter",
    "drop",
    "lock",
    "copy",
    "truncate",
    "begin",
    "set",
    "savepoint",
    "rollback",
    "pragma",
];

/// Words, and marks of one character; placeholders of Rust such as `{table}` are words.
pub fn words(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let text = without_comments(text).to_lowercase();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character == '\'' {
            let _: usize = characters.by_ref().take_while(|next| *next != '\'').count();
            found.push("''".to_owned());
        } else if is_of_word(character) {
            let mut word = String::from(character);
            while let Some(next) = characters.next_if(|next| is_of_word(*next)) {
                word.push(next);
            }
            found.push(word);
        } else if !character.is_whitespace() {
            found.push(character.to_string());
        }
    }
    found
}

fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || "_.?{}$".contains(character)
}

fn without_comments(text: &str) -> String {
    let code = text.lines().map(|line| line.split("--").next().unwrap_or_default());
    code.collect::<Vec<_>>().join("\n")
}

/// Whether a literal is a statement, or a part of one that reads or writes a table by itself.
pub fn is_statement(text: &str) -> bool {
    let words = words(text);
    let first = words.first().map_or("", String::as_str);
    let reads = |at: usize| words[at..].iter().any(|word| word == "from");
    let has_query = words.iter().position(|word| word == "select").is_some_and(reads);
    let is_sentence = match (first, words.get(1).map(String::as_str)) {
        // Words with which English sentences begin too.
        ("insert", second) => second != Some("into"),
        ("update", _) => !words.iter().any(|word| word == "set"),
        ("delete", second) => second != Some("from"),
        ("set" | "with" | "copy" | "drop" | "lock" | "begin" | "create" | "alter", None) => true,
        ("set", _) => !words.iter().any(|word| word == "=" || word == "to"),
        ("with", second) => second != Some("recursive") && !words.iter().any(|word| word == "as"),
        ("copy", _) => !words.iter().any(|word| word == "stdin"),
        ("begin", Some(second)) => !["deferred", "immediate", "isolation", "transaction"].contains(&second),
        ("create" | "drop" | "alter", Some(second)) => {
            !["table", "index", "unique", "schema", "sequence", "type", "view"].contains(&second)
        }
        ("lock", second) => second != Some("table"),
        ("select" | "merge" | "truncate" | "savepoint" | "rollback" | "pragma", _) => false,
        _ => true,
    };
    (BEGINNINGS.contains(&first) && !is_sentence) || has_query
}

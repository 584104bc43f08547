//! The rejects file: every row that was not taken, with its place and the reason.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::error::{PortfolioError, RowError};
use super::table::push_csv_value;

const HEADER: &str = "file,line,column,reason,row,reason_zh\n";

/// Writes rejected rows as CSV. The file appears when it is finished, and only if a row was rejected.
pub struct RejectsWriter {
    path: PathBuf,
    output: Option<BufWriter<File>>,
    count: u64,
    line: String,
}

impl RejectsWriter {
    /// A rejects file at `path`. An earlier one there is removed: it speaks of an earlier run.
    ///
    /// # Errors
    /// When the earlier file cannot be removed.
    pub fn create(path: &Path) -> Result<Self, PortfolioError> {
        match fs::remove_file(path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(PortfolioError::io(path.display().to_string(), "remove", error)),
        }
        Ok(Self { path: path.to_owned(), output: None, count: 0, line: String::new() })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&mut self, error: &RowError) -> Result<(), PortfolioError> {
        self.line.clear();
        let (line, complaint) = (error.line.to_string(), error.complaint());
        let values = [&error.file, &line, &error.column, &complaint.en, &error.row, &complaint.zh];
        for (index, value) in values.into_iter().enumerate() {
            push_csv_value(&mut self.line, index, value);
        }
        self.line.push('\n');
        self.append().map_err(|source| self.io("write", source))?;
        self.count += 1;
        Ok(())
    }

    fn append(&mut self) -> io::Result<()> {
        let output = match &mut self.output {
            Some(output) => output,
            None => {
                let mut output = BufWriter::new(File::create(self.partial())?);
                output.write_all(HEADER.as_bytes())?;
                self.output.insert(output)
            }
        };
        output.write_all(self.line.as_bytes())
    }

    /// How many rows were added.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Completes the file and gives the number of rows in it. Without rows there is no file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(mut self) -> Result<u64, PortfolioError> {
        if let Some(output) = self.output.take() {
            let file = output.into_inner().map_err(|error| self.io("write", error.into_error()))?;
            file.sync_all().map_err(|source| self.io("write", source))?;
            fs::rename(self.partial(), &self.path).map_err(|source| self.io("rename", source))?;
        }
        Ok(self.count)
    }

    fn partial(&self) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".partial");
        PathBuf::from(name)
    }

    fn io(&self, action: &'static str, source: io::Error) -> PortfolioError {
        PortfolioError::io(self.path.display().to_string(), action, source)
    }
}

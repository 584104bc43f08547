//! Writes a folder in the portfolio format. Files appear under their names when all of them are complete.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::cell::Cell;
use super::code::Format;
use super::error::PortfolioError;
use super::parquet_sink::ParquetSink;
use super::read::find_table;
use super::table::{PortfolioRow, Table, push_csv_value};

/// A CSV file being written.
struct CsvSink {
    output: BufWriter<File>,
    file: String,
    line: String,
    text: String,
}

enum Sink {
    Csv(CsvSink),
    Parquet(Box<ParquetSink>),
}

/// Writes rows into the tables of a folder, streaming: memory does not grow with the number of rows.
///
/// Each file is written as `NAME.partial`; [`PortfolioWriter::finish`] gives all of them their names. A writer
/// that is dropped unfinished removes what it wrote.
pub struct PortfolioWriter {
    folder: PathBuf,
    format: Format,
    sinks: [Option<Sink>; Table::ALL.len()],
    /// Files written so far under their final names, to be renamed from `.partial`.
    pending: Vec<PathBuf>,
}

impl PortfolioWriter {
    /// A writer into `folder`, which is made if it is not there.
    ///
    /// # Errors
    /// [`PortfolioError::FolderInUse`] when the folder already has a table: old and new rows would mix.
    pub fn create(folder: &Path, format: Format) -> Result<Self, PortfolioError> {
        fs::create_dir_all(folder)
            .map_err(|source| PortfolioError::io(folder.display().to_string(), "create", source))?;
        for table in Table::ALL {
            if let Some((path, _)) = find_table(folder, table)? {
                let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                return Err(PortfolioError::FolderInUse { folder: folder.display().to_string(), file });
            }
        }
        Ok(Self {
            folder: folder.to_owned(),
            format,
            sinks: [const { None }; Table::ALL.len()],
            pending: Vec::new(),
        })
    }

    /// Adds a row to its table. Tables without a row get no file.
    ///
    /// # Errors
    /// When the file cannot be written, or the format cannot hold the row.
    pub fn write<R: PortfolioRow>(&mut self, row: &R) -> Result<(), PortfolioError> {
        let index = R::TABLE as usize;
        if self.sinks[index].is_none() {
            self.sinks[index] = Some(self.open_sink(R::TABLE)?);
        }
        let mut cells = Vec::with_capacity(R::TABLE.columns().len());
        row.cells(&mut cells);
        match &mut self.sinks[index] {
            Some(Sink::Csv(sink)) => sink.write(&cells),
            Some(Sink::Parquet(sink)) => sink.write(&cells),
            None => Ok(()),
        }
    }

    /// Adds a document such as `products/card.toml`, a path in the folder.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_document(&mut self, path: &str, text: &str) -> Result<(), PortfolioError> {
        let target = self.folder.join(path);
        let fail = |source| PortfolioError::io(path, "write", source);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).map_err(fail)?;
        }
        self.pending.push(target.clone());
        let mut file = File::create(partial(&target)).map_err(fail)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(fail)
    }

    fn open_sink(&mut self, table: Table) -> Result<Sink, PortfolioError> {
        let file = format!("{}.{}", table.stem(), self.format.extension());
        let target = self.folder.join(&file);
        let path = partial(&target);
        self.pending.push(target);
        Ok(match self.format {
            Format::Csv => Sink::Csv(CsvSink::create(&path, file, table)?),
            Format::Parquet => Sink::Parquet(Box::new(ParquetSink::create(&path, &file, table)?)),
        })
    }

    /// Completes all files, makes sure that they are on disk, and gives them their names.
    ///
    /// # Errors
    /// When one of them cannot be written; then none has its name, unless the machine failed between renamings.
    pub fn finish(mut self) -> Result<(), PortfolioError> {
        for sink in self.sinks.iter_mut().filter_map(Option::take) {
            let file = match sink {
                Sink::Csv(sink) => sink.finish()?,
                Sink::Parquet(sink) => sink.finish()?,
            };
            file.sync_all()
                .map_err(|source| PortfolioError::io(self.folder.display().to_string(), "write", source))?;
        }
        while let Some(target) = self.pending.pop() {
            fs::rename(partial(&target), &target)
                .map_err(|source| PortfolioError::io(target.display().to_string(), "rename", source))?;
        }
        Ok(())
    }
}

impl Drop for PortfolioWriter {
    fn drop(&mut self) {
        for target in &self.pending {
            // Best effort: what stays behind is called .partial and is not read by anything.
            let _best_effort = fs::remove_file(partial(target));
        }
    }
}

fn partial(target: &Path) -> PathBuf {
    let mut name = target.to_owned().into_os_string();
    name.push(".partial");
    PathBuf::from(name)
}

impl CsvSink {
    fn create(path: &Path, file: String, table: Table) -> Result<Self, PortfolioError> {
        let output =
            File::create(path).map_err(|source| PortfolioError::io(file.as_str(), "create", source))?;
        let output = BufWriter::with_capacity(1 << 16, output);
        let mut sink = Self { output, file, line: String::new(), text: String::new() };
        let names: Vec<_> = table.columns().iter().map(|column| Cell::Text(column.name)).collect();
        sink.write(&names)?;
        Ok(sink)
    }

    fn write(&mut self, cells: &[Cell<'_>]) -> Result<(), PortfolioError> {
        self.line.clear();
        for (index, cell) in cells.iter().enumerate() {
            self.text.clear();
            cell.write_text(&mut self.text);
            push_csv_value(&mut self.line, index, &self.text);
        }
        self.line.push('\n');
        let written = self.output.write_all(self.line.as_bytes());
        written.map_err(|source| PortfolioError::io(self.file.as_str(), "write", source))
    }

    fn finish(self) -> Result<File, PortfolioError> {
        let Self { output, file, .. } = self;
        output.into_inner().map_err(|error| PortfolioError::io(file, "write", error.into_error()))
    }
}

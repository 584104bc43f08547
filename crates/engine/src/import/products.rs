//! The products of a folder: policy documents, checked and imported before the tables.

use dunlin_domain::wording;
use std::path::Path;

use dunlin_domain::date::Timestamp;

use crate::policy::{PolicyKind, shipped};
use crate::portfolio::{Encoding, ProductDocument, ProductRow, ReadError, open_table};
use crate::{Engine, EngineError};

impl Engine {
    /// Imports the documents that `products` of a folder names. A shipped one must exist under its name.
    pub(super) fn import_products(
        &self,
        folder: &Path,
        encoding: Encoding,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let Some(reader) = open_table::<ProductRow>(folder, encoding)? else { return Ok(()) };
        for row in reader {
            // A product that cannot be read would make every agreement under it unreadable: no partial import.
            let (line, row) = row.map_err(|error| match error {
                ReadError::Row(error) => {
                    EngineError::Refused { code: "products", complaint: error.wording() }
                }
                ReadError::File(error) => error.into(),
            })?;
            match &row.document {
                ProductDocument::Shipped(name) => {
                    let is_shipped = shipped().iter().any(|document| {
                        document.kind == PolicyKind::Product
                            && document.file.ends_with(&format!("/{name}.toml"))
                    });
                    if !is_shipped || *name != row.product {
                        let complaint = wording!(
                            "products 第 {line} 行：随程序提供的产品中没有“{name}”（产品代码“{}”）",
                            "products line {line}: there is no shipped product {name:?} under the code {:?}",
                            row.product
                        );
                        return Err(EngineError::Refused { code: "products", complaint });
                    }
                }
                ProductDocument::File(name) => {
                    let path = folder.join(name);
                    let text = std::fs::read_to_string(&path).map_err(|error| EngineError::Refused {
                        code: "products",
                        complaint: wording!(
                            "products 第 {line} 行：无法读取 {}：{error}",
                            "products line {line}: {} cannot be read: {error}",
                            path.display()
                        ),
                    })?;
                    let imported = self.import_policy(name, &text, now)?;
                    if imported.name != row.product || imported.version != row.version {
                        let complaint = wording!(
                            "products 第 {line} 行：{name} 中是产品 {} 第 {} 版，而不是 {} 第 {} 版；请改成一致",
                            "products line {line}: {name} is product {} version {}, not {} version {}; let both agree",
                            imported.name,
                            imported.version,
                            row.product,
                            row.version
                        );
                        return Err(EngineError::Refused { code: "products", complaint });
                    }
                }
            }
        }
        Ok(())
    }
}

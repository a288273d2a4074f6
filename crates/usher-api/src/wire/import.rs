//! Imports of spreadsheets.

use serde::{Deserialize, Serialize};
use usher_app::imports;
use utoipa::{IntoParams, ToSchema};

/// How a file is imported.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// Whether the file is only looked at, and nothing changed.
    pub dry_run: bool,
}

/// What an import did, or would do.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SheetImportReport, example = json!({
    "created": 2, "updated": 1, "unchanged": 40, "ignoredColumns": ["Employee ID"], "dryRun": true
}))]
pub struct ImportReport {
    /// How many are new.
    pub created: usize,
    /// How many were there and are otherwise now.
    pub updated: usize,
    /// How many are as they were.
    pub unchanged: usize,
    /// Columns that say nothing here.
    pub ignored_columns: Vec<String>,
    /// Whether nothing was changed.
    pub dry_run: bool,
}

impl ImportReport {
    /// Makes the shape of a report.
    #[must_use]
    pub fn new(report: imports::Report, dry_run: bool) -> Self {
        Self {
            created: report.created,
            updated: report.updated,
            unchanged: report.unchanged,
            ignored_columns: report.ignored_columns,
            dry_run,
        }
    }
}

//! Import: a legacy block, a list of policies, or an export file.

use std::collections::HashSet;

use usher_model::id::PolicyId;
use usher_policy::check;
use usher_policy::diagnostic::{Diagnostic, Severity};
use usher_policy::document::{self, Policy as Document};

use super::{mint, mistake, new_record, problems_of, rank, require_room};
use crate::App;
use crate::caller::{Caller, Permission};
use crate::error::{Code, Error, Result};
use crate::rules::edit::{Edit, Step};
use crate::rules::{self, Ruleset};

/// What happens to the policies that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They stay, and the imported ones follow.
    Append,
    /// They go.
    Replace,
}

/// How a file is taken in.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What happens to the policies that are there.
    pub mode: Mode,
    /// Whether imported policies stay enabled.
    pub keep_enabled: bool,
    /// Whether it is only looked what would come of it.
    pub is_dry_run: bool,
}

/// What an import did, or would do.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Policies that are new.
    pub created: usize,
    /// Policies that had the id already and were replaced.
    pub updated: usize,
    /// Policies that are gone.
    pub deleted: usize,
    /// Policies that were imported but have mistakes and are therefore disabled.
    pub invalid: usize,
    /// Remarks and mistakes; pointers are those of the file.
    pub problems: Vec<Diagnostic>,
}

/// Imports policies, all or none.
///
/// Those that are not to stay enabled arrive disabled; one whose name is taken gets another
/// name, one whose id is taken another id. A replacement keeps ids, so that versions go on. A policy
/// that names an action Usher does not know is kept, disabled and flagged.
///
/// # Errors
/// Fails if the caller may not change policies, the file cannot be read, a policy in it has a
/// mistake other than an unknown action, or the account has not that much room.
pub async fn import(caller: &Caller, app: &App, bytes: &[u8], options: Options) -> Result<Report> {
    caller.require(Permission::PoliciesWrite)?;
    let Options {
        mode,
        keep_enabled,
        is_dry_run,
    } = options;
    let (drafts, remarks) = document::read::read_import(bytes);
    refuse_mistakes(&remarks)?;
    let now = app.now();
    let (report, _rules) = rules::edit::change(app, caller, |rules, edit| {
        let stays = if mode == Mode::Append {
            rules.policies.len()
        } else {
            0
        };
        require_room(
            app,
            rules,
            (drafts.len() + stays).saturating_sub(rules.policies.len()),
        )?;
        let mut report = Report {
            problems: remarks.clone(),
            ..Report::default()
        };
        let documents = Taken::of(rules, mode).place(app, &drafts)?;
        if mode == Mode::Replace {
            let imported: HashSet<&PolicyId> = documents.iter().map(|policy| &policy.id).collect();
            // What goes is written first, so that its name is free.
            for policy in &rules.policies {
                if !imported.contains(&policy.document.id) {
                    edit.add(Step::DeletePolicy(policy.document.id.clone()), "delete");
                    report.deleted += 1;
                }
            }
        }
        // New ranks follow the old ones, so that no rank is taken while both are in one batch.
        let mut last = rules
            .policies
            .last()
            .map(|policy| policy.kept.record.rank.clone());
        for (index, mut document) in documents.into_iter().enumerate() {
            let is_invalid = report.check(rules, index, &document);
            check::normalize(&mut document);
            document.enabled &= keep_enabled && !is_invalid;
            let rank = rank::between(last.as_deref(), None);
            let mut record = new_record(caller, now, &document, rank.clone());
            last = Some(rank);
            match rules.find(&document.id) {
                Ok((_, known)) => {
                    record.version = known.kept.record.version + 1;
                    record.created_at = known.kept.record.created_at;
                    report.updated += 1;
                }
                Err(_unknown) => report.created += 1,
            }
            edit.add(Step::PutPolicy(Box::new(record)), "import");
        }
        if is_dry_run {
            *edit = Edit::default();
            return Ok(report);
        }
        edit.summarize(
            "policies.import",
            serde_json::json!({
                "created": report.created, "updated": report.updated, "deleted": report.deleted,
            }),
        );
        Ok(report)
    })
    .await?;
    Ok(report)
}

/// Ids and names that an imported policy may not have.
struct Taken {
    ids: HashSet<PolicyId>,
    names: HashSet<String>,
}

impl Taken {
    fn of(rules: &Ruleset, mode: Mode) -> Self {
        let stays = if mode == Mode::Append {
            rules.policies.as_slice()
        } else {
            &[]
        };
        Self {
            ids: stays
                .iter()
                .map(|policy| policy.document.id.clone())
                .collect(),
            names: stays
                .iter()
                .map(|policy| policy.kept.record.name_key.clone())
                .collect(),
        }
    }

    /// Gives every draft an id and a name of its own.
    fn place(mut self, app: &App, drafts: &[document::read::Draft]) -> Result<Vec<Document>> {
        let mut documents = Vec::with_capacity(drafts.len());
        for (index, draft) in drafts.iter().enumerate() {
            let fresh = mint(app)?;
            let name = || format!("Imported policy {}", index + 1);
            let mut document = draft.clone().into_policy(|| fresh.clone(), name);
            if !self.ids.insert(document.id.clone()) {
                self.ids.insert(fresh.clone());
                document.id = fresh;
            }
            document.name = unused(&self.names, &document.name);
            self.names.insert(document.name.to_lowercase());
            documents.push(document);
        }
        Ok(documents)
    }
}

impl Report {
    /// Notes what is wrong with a policy of the file; says whether it can never match.
    fn check(&mut self, rules: &Ruleset, index: usize, document: &Document) -> bool {
        let problems = problems_of(rules, document);
        let is_invalid = problems
            .iter()
            .any(|problem| problem.severity == Severity::Error);
        self.invalid += usize::from(is_invalid);
        self.problems.extend(problems.into_iter().map(|problem| {
            let pointer = format!("/policies/{index}{}", problem.pointer);
            problem.at(pointer)
        }));
        is_invalid
    }
}

/// Refuses a file with mistakes other than those that leave a policy readable.
fn refuse_mistakes(problems: &[Diagnostic]) -> Result<()> {
    let mistakes: Vec<_> = problems
        .iter()
        .filter(|problem| {
            problem.severity == Severity::Error
                && problem.code != usher_policy::diagnostic::Code::UnknownAction
        })
        .map(mistake)
        .collect();
    if mistakes.is_empty() {
        return Ok(());
    }
    let message = format!(
        "{} mistakes in the import file; nothing was imported",
        mistakes.len()
    );
    Err(Error::new(Code::PolicyInvalid, message).with_mistakes(mistakes))
}

fn unused(names: &HashSet<String>, name: &str) -> String {
    if !names.contains(&name.to_lowercase()) {
        return name.to_owned();
    }
    let candidates = (2_u32..).map(|number| {
        let suffix = format!(" ({number})");
        let room = usher_model::limits::POLICY_NAME_CHARS_MAX - suffix.len();
        name.chars()
            .take(room)
            .chain(suffix.chars())
            .collect::<String>()
    });
    candidates
        .into_iter()
        .find(|candidate| !names.contains(&candidate.to_lowercase()))
        .unwrap_or_else(|| name.to_owned())
}

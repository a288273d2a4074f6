//! Attributes: what policies can name, where it comes from, and custom ones with a fixed value.

use std::collections::BTreeSet;
use std::time::Duration;

use usher_context::attribute::{self, BUILT_IN, CustomError, ValueType};
use usher_model::id::PolicyId;
use usher_model::limits;
use usher_model::value::Value;
use usher_store::record::Attribute as Kept;

use crate::App;
use crate::caller::{Caller, Permission};
use crate::check::Checks;
use crate::error::{Code, Error, Mistake, Result};
use crate::functions;
use crate::idempotency::Creation;
use crate::rules;
use crate::rules::edit::Step;

pub use usher_store::record::{
    AttributeCall as Call, AttributeParameter as Parameter, ParameterSource,
};

/// Where an attribute's value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Usher fills it.
    BuiltIn,
    /// The account fixed it: `custom.…`.
    Static,
    /// A function answers it: `custom.…`.
    Function,
    /// Somebody wrote it into context; known because a policy mentions it.
    Context,
}

impl Source {
    /// Returns the source's name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BuiltIn => "BUILT_IN",
            Self::Static => "STATIC",
            Self::Function => "FUNCTION",
            Self::Context => "CONTEXT",
        }
    }
}

/// One attribute of the catalogue.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// The name a policy uses: `custom.vipList`.
    pub name: String,
    /// Where its value comes from.
    pub source: Source,
    /// What kind of value it has; nothing where only time can tell.
    pub value_type: Option<ValueType>,
    /// The fixed value.
    pub value: Option<Value>,
    /// The function that answers it.
    pub call: Option<Call>,
    /// What it is for.
    pub description: String,
    /// Whether logs mask it.
    pub is_sensitive: bool,
    /// The policies that mention it, in order.
    pub policies: Vec<PolicyId>,
}

/// What a custom attribute is to be.
#[derive(Clone, Debug)]
pub struct New {
    /// Policies read it as `custom.<name>`.
    pub name: String,
    /// The type of its value.
    pub value_type: ValueType,
    /// Where its value comes from.
    pub origin: Origin,
    /// What it is for.
    pub description: String,
    /// Whether logs mask it.
    pub is_sensitive: bool,
}

/// Where the value of a custom attribute comes from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// It is fixed.
    Static(Value),
    /// A function answers it, when a policy that is reached needs it.
    Function(Call),
}

/// Returns the catalogue: built-in attributes, custom ones, and what policies mention besides.
///
/// # Errors
/// Fails if the caller may not see attributes.
pub async fn list(caller: &Caller, app: &App) -> Result<Vec<Attribute>> {
    caller.require(Permission::AttributesRead)?;
    let rules = rules::current(app, &caller.account).await?;
    let mentions = rules.mentions();
    let mentioned_by = |name: &str| mentions.get(name).cloned().unwrap_or_default();
    let built_in = BUILT_IN.iter().map(|built_in| Attribute {
        name: built_in.name.to_owned(),
        source: Source::BuiltIn,
        value_type: Some(built_in.value_type),
        value: None,
        call: None,
        description: built_in.description.to_owned(),
        is_sensitive: rules.is_sensitive(built_in.name),
        policies: mentioned_by(built_in.name),
    });
    let custom = rules
        .attributes
        .values()
        .map(|kept| shown(&kept.record, mentions));
    let mut attributes: Vec<Attribute> = built_in.chain(custom).collect();
    for (name, policies) in mentions {
        if !attributes.iter().any(|attribute| attribute.name == *name) {
            attributes.push(Attribute {
                name: name.clone(),
                source: Source::Context,
                value_type: None,
                value: None,
                call: None,
                description: String::new(),
                is_sensitive: rules.is_sensitive(name),
                policies: policies.clone(),
            });
        }
    }
    Ok(attributes)
}

/// Adds a custom attribute.
///
/// # Errors
/// Fails if the caller may not change attributes, the name is taken or not allowed, or the value is
/// not of its type.
pub async fn create(caller: &Caller, app: &App, new: New) -> Result<Attribute> {
    put(caller, app, new, false).await
}

/// Replaces a custom attribute.
///
/// # Errors
/// Fails if the caller may not change attributes, there is no such one, or the value is not of its
/// type.
pub async fn update(caller: &Caller, app: &App, new: New) -> Result<Attribute> {
    put(caller, app, new, true).await
}

async fn put(caller: &Caller, app: &App, new: New, is_known: bool) -> Result<Attribute> {
    caller.require(Permission::AttributesWrite)?;
    let (value, call) = match new.origin {
        Origin::Static(value) => {
            attribute::check_static(&new.name, new.value_type, &value)?;
            (value, None)
        }
        Origin::Function(call) => {
            attribute::check_name(&new.name)?;
            check_call(caller, app, &call).await?;
            (Value::Null, Some(call))
        }
    };
    let sent = (
        &new.name,
        new.value_type.as_str(),
        (&value, &call),
        &new.description,
        new.is_sensitive,
    );
    let creation = Creation::new(caller, "attribute.create", &sent)?;
    if !is_known && creation.earlier(caller, app).await?.is_some() {
        let rules = rules::current(app, &caller.account).await?;
        let kept = rules
            .attributes
            .get(&new.name)
            .ok_or_else(|| missing(&new.name))?;
        return Ok(shown(&kept.record, rules.mentions()));
    }
    let record = Kept {
        name: new.name,
        value_type: new.value_type.as_str().to_owned(),
        value,
        call,
        description: new.description,
        is_sensitive: new.is_sensitive,
        updated_at: app.now(),
        updated_by: caller.actor.clone(),
    };
    let ((), rules) = rules::edit::change(app, caller, |rules, edit| {
        match (rules.attributes.contains_key(&record.name), is_known) {
            (true, false) => {
                let message = format!("a custom attribute is called `{}` already", record.name);
                Err(Error::new(Code::NameTaken, message))
            }
            (false, true) => Err(missing(&record.name)),
            _ => {
                if !is_known {
                    edit.remember(creation.made(&record.name, record.updated_at));
                }
                let word = if is_known { "update" } else { "create" };
                edit.add(Step::PutAttribute(record.clone()), word);
                Ok(())
            }
        }
    })
    .await?;
    Ok(shown(&record, rules.mentions()))
}

/// Removes a custom attribute; policies that mention it find it missing.
///
/// # Errors
/// Fails if the caller may not change attributes, or there is no such one.
pub async fn delete(caller: &Caller, app: &App, name: &str) -> Result<()> {
    caller.require(Permission::AttributesWrite)?;
    rules::edit::change(app, caller, |rules, edit| {
        if !rules.attributes.contains_key(name) {
            return Err(missing(name));
        }
        edit.add(Step::DeleteAttribute(name.to_owned()), "delete");
        Ok(())
    })
    .await?;
    Ok(())
}

/// Parameters of one call.
const PARAMETERS_MAX: usize = 20;
/// Longest time for which an answer is taken again: a day.
const CACHE_SECONDS_MAX: u32 = 24 * 60 * 60;

/// Refuses a call that cannot be made.
async fn check_call(caller: &Caller, app: &App, call: &Call) -> Result<()> {
    let mut checks = Checks::default();
    let registry = functions::registry::current(app, &caller.account).await?;
    let function = registry.find(call.function_id);
    checks.require(
        function.is_some(),
        "#/functionId",
        format!(
            "expected the id of a function, found `{}`",
            call.function_id
        ),
    );
    let is_event = function.is_some_and(|function| function.event_id.is_some());
    let expected = "expected a function that no event starts";
    checks.require(!is_event, "#/functionId", expected);
    let (least, most) = (limits::FUNCTION_TIME_MIN, limits::DECISION_TIME_MAX);
    checks.require(
        (least..=most).contains(&Duration::from_millis(call.timeout_ms.into())),
        "#/timeoutMs",
        format!("expected {} to {}", least.as_millis(), most.as_millis()),
    );
    checks.require(
        call.cache_seconds <= CACHE_SECONDS_MAX,
        "#/cacheSeconds",
        format!("expected at most {CACHE_SECONDS_MAX}"),
    );
    let names: BTreeSet<_> = call.parameters.iter().map(|one| &one.name).collect();
    let named = call
        .parameters
        .iter()
        .filter(|one| one.name.is_some())
        .count();
    checks.require(
        call.parameters.len() <= PARAMETERS_MAX
            && (named == 0 || (named == call.parameters.len() && names.len() == named)),
        "#/parameters",
        format!("expected at most {PARAMETERS_MAX}, all with names of their own or none"),
    );
    let rules = rules::current(app, &caller.account).await?;
    for (position, parameter) in call.parameters.iter().enumerate() {
        let ParameterSource::Attribute(path) = &parameter.source else {
            continue;
        };
        let pointer = format!("#/parameters/{position}/value");
        let is_path = path.contains('.') && !path.split('.').any(str::is_empty);
        let expected = format!("expected an attribute such as `consumer.id`, found `{path}`");
        checks.require(is_path, &pointer, expected);
        let custom = path
            .strip_prefix("custom.")
            .and_then(|rest| rest.split('.').next());
        let other = custom.and_then(|name| rules.attributes.get(name));
        let is_call = other.is_some_and(|other| other.record.call.is_some());
        let expected = "expected an attribute that no function answers";
        checks.require(!is_call, &pointer, expected);
    }
    checks.finish()
}

fn missing(name: &str) -> Error {
    Error::new(
        Code::AttributeNotFound,
        format!("no custom attribute is called `{name}`"),
    )
}

fn shown(record: &Kept, mentions: &rules::Mentions) -> Attribute {
    let name = format!("custom.{}", record.name);
    Attribute {
        policies: mentions.get(&name).cloned().unwrap_or_default(),
        source: if record.call.is_some() {
            Source::Function
        } else {
            Source::Static
        },
        value_type: ValueType::parse(&record.value_type),
        value: record.call.is_none().then(|| record.value.clone()),
        call: record.call.clone(),
        description: record.description.clone(),
        is_sensitive: record.is_sensitive,
        name,
    }
}

impl From<CustomError> for Error {
    fn from(source: CustomError) -> Self {
        let pointer = match source {
            CustomError::Name(_) => "#/name",
            CustomError::Type { .. } => "#/value",
        };
        let mistake = Mistake {
            pointer: pointer.to_owned(),
            code: Code::AttributeInvalid.as_str().to_owned(),
            detail: source.to_string(),
            suggestion: None,
            span: None,
        };
        Self::new(Code::AttributeInvalid, source.to_string()).with_mistakes(vec![mistake])
    }
}

//! CEL: a compiled program for each policy, tried in order; the attributes that programs name are
//! variables that borrow from the request, and constant lists are sets made beforehand.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use cel::common::types::{
    CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString,
};
use cel::common::value::Val;
use cel::{Context, Env, Program, Value as Answer};
use serde_json::Value;

use crate::Contender;
use crate::rows::{Language, NAMESPACE, Shape};
use crate::workload::{Request, Workload};

pub(crate) const NAME: &str = "cel";

pub(crate) fn contender<'w>(workload: &'w Workload, shape: &Shape) -> Contender<'w> {
    let env = Arc::new(Env::stdlib());
    let mut constants = Context::with_env(Arc::clone(&env));
    for (name, items) in shape.sets() {
        constants.add_variable_as_val(name.as_str(), set(items));
    }
    let mut names = BTreeSet::new();
    let mut programs: Vec<(usize, Program)> = Vec::new();
    for (place, policy) in workload.policies.iter().enumerate() {
        if policy.enabled {
            let text = Language::Cel.policy(policy, shape);
            let program = env.compile(&text).expect("a program");
            let references = program.references();
            let variables = references.variables().into_iter().map(str::to_owned);
            names.extend(variables.filter(|name| constants.get_variable(name).is_none()));
            programs.push((place, program));
        }
    }
    let decide = move |request: &Request| {
        let properties = request.object.get(NAMESPACE)?.as_object()?;
        let constants: &Context<'_, '_> = &constants;
        let mut context = constants.new_inner_scope();
        for name in &names {
            let value = properties.get(name).unwrap_or(&Value::Null);
            context.add_variable_as_val(name.as_str(), borrowed(value));
        }
        let holds = |program: &Program| program.execute(&context) == Ok(Answer::Bool(true));
        let winner = programs.iter().find(|(_, program)| holds(program));
        winner.map(|(place, _)| *place)
    };
    Contender {
        name: NAME,
        decide: Box::new(decide),
    }
}

/// Returns a map, which is what CEL hashes; `in` asks for its keys.
fn set<'v>(items: &[Value]) -> Box<dyn Val + 'v> {
    let mut set: HashMap<CelMapKey, Box<dyn Val + 'v>> = HashMap::new();
    for item in items {
        let key = match item {
            Value::String(text) => CelMapKey::from(text.clone()),
            other => panic!("a list of the workload with {other}"),
        };
        set.insert(key, Box::new(CelBool::from(true)));
    }
    Box::new(CelMap::from(set))
}

fn borrowed(value: &Value) -> Box<dyn Val + '_> {
    match value {
        Value::String(text) => Box::new(CelString::from(text.as_str())),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Box::new(CelInt::from(whole)),
            None => Box::new(CelDouble::from(number.as_f64().unwrap_or(f64::NAN))),
        },
        Value::Bool(boolean) => Box::new(CelBool::from(*boolean)),
        Value::Array(items) => {
            let items: Vec<Box<dyn Val + '_>> = items.iter().map(borrowed).collect();
            Box::new(CelList::from(items))
        }
        Value::Null | Value::Object(_) => Box::new(CelNull),
    }
}

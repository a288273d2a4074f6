//! Where the attributes that an account's policies mention come from.
//!
//! Only what is mentioned is read: the plan names the namespaces, and for each attribute its place
//! among the facts.

use std::collections::BTreeMap;

use usher_context::name::Namespace;
use usher_model::value::Value;
use usher_policy::attribute::{Attribute, Slot};
use usher_policy::compile::PolicySet;
use usher_store::record::{self, AttributeCall, FactNames, Kept, ParameterSource};

/// One attribute that is looked up: its place among the facts, its property, and the members to go
/// down if the property holds an object.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) slot: Slot,
    pub(crate) property: Box<str>,
    members: Vec<Box<str>>,
}

impl Wanted {
    fn new(slot: Slot, attribute: &Attribute) -> Self {
        let members = attribute.members().skip(1).map(Box::from).collect();
        Self {
            slot,
            property: attribute.property().into(),
            members,
        }
    }

    /// Returns the property and the members behind it.
    pub(crate) fn path(&self) -> String {
        let members = self.members.iter();
        members.fold(self.property.to_string(), |path, member| {
            format!("{path}.{member}")
        })
    }

    /// Returns the first member to go down to, if there is one.
    pub(crate) fn first_member(&self) -> Option<&str> {
        self.members.first().map(|member| &**member)
    }

    /// Goes down from the property's value to the attribute's.
    pub(crate) fn descend<'v>(&self, property: &'v Value) -> Option<&'v Value> {
        self.members
            .iter()
            .try_fold(property, |value, member| value.get(&**member))
    }
}

/// Where the attributes come from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    /// Written by somebody: namespaces and what is wanted of each, in the order of properties.
    pub(crate) context: Vec<(Namespace, Vec<Wanted>)>,
    pub(crate) conversation: Vec<Wanted>,
    pub(crate) consumer: Vec<Wanted>,
    /// How the floor is doing, from the desk.
    pub(crate) operational: Vec<Wanted>,
    pub(crate) custom: Vec<Wanted>,
    /// Custom attributes that functions answer.
    pub(crate) calls: Vec<Called>,
    pub(crate) sde: Vec<Wanted>,
    /// Every attribute, those of a namespace together, as the decision log has them.
    pub(crate) logged: Vec<Logged>,
    /// Their names, in the same order.
    pub(crate) names: FactNames,
}

/// An attribute that a function answers.
#[derive(Clone, Debug)]
pub(crate) struct Called {
    pub(crate) wanted: Wanted,
    pub(crate) call: AttributeCall,
    /// Where the values of the parameters stand, for those that are attributes.
    pub(crate) parameters: Vec<Option<Slot>>,
}

/// One attribute as the decision log has it.
#[derive(Clone, Debug)]
pub(crate) struct Logged {
    pub(crate) slot: Slot,
    pub(crate) namespace: Box<str>,
    pub(crate) path: Box<str>,
    /// Whether its value is in the ruleset.
    pub(crate) is_fixed: bool,
}

impl Logged {
    fn new((index, attribute): (usize, &Attribute)) -> Option<Self> {
        let (namespace, path) = attribute.path().split_once('.')?;
        Some(Self {
            slot: Slot::at(index),
            namespace: namespace.into(),
            path: path.into(),
            is_fixed: namespace == "custom",
        })
    }

    pub(crate) fn name(&self) -> String {
        format!("{}.{}", self.namespace, self.path)
    }
}

impl Plan {
    /// Returns where the attributes come from that the policies mention, and those that the
    /// functions among them are given: these become known to the set.
    pub(crate) fn new(
        set: &mut PolicySet,
        attributes: &BTreeMap<String, Kept<record::Attribute>>,
    ) -> Self {
        let mut plan = Self {
            calls: calls(set, attributes),
            ..Self::default()
        };
        let mut context: BTreeMap<Namespace, Vec<Wanted>> = BTreeMap::new();
        for (index, attribute) in set.attributes().iter().enumerate() {
            let wanted = Wanted::new(Slot::at(index), attribute);
            match attribute.namespace() {
                "conversation" => plan.conversation.push(wanted),
                "consumer" => plan.consumer.push(wanted),
                "operational" => plan.operational.push(wanted),
                "custom" => plan.custom.push(wanted),
                "sde" => plan.sde.push(wanted),
                namespace => {
                    // A reserved or impossible namespace holds nothing: its attributes stay missing.
                    if let Ok(namespace) = Namespace::parse(namespace) {
                        context.entry(namespace).or_default().push(wanted);
                    }
                }
            }
        }
        for wanted in context.values_mut() {
            // As documents have them.
            wanted.sort_by(|one, next| one.property.cmp(&next.property));
        }
        plan.context = context.into_iter().collect();
        let logged = set.attributes().iter().enumerate();
        plan.logged = logged.filter_map(Logged::new).collect();
        let is_called = |slot| plan.calls.iter().any(|called| called.wanted.slot == slot);
        for logged in &mut plan.logged {
            logged.is_fixed &= !is_called(logged.slot);
        }
        plan.logged
            .sort_by(|one, next| one.namespace.cmp(&next.namespace));
        plan.names = plan.logged.iter().map(Logged::name).collect();
        plan
    }

    /// Whether a policy may mention what only the floor knows.
    pub(crate) fn names_floor(&self) -> bool {
        let wanted = [&self.conversation, &self.consumer, &self.operational];
        wanted.into_iter().any(|wanted| !wanted.is_empty())
    }
}

/// Returns the attributes that functions answer, among those that the policies mention.
fn calls(
    set: &mut PolicySet,
    attributes: &BTreeMap<String, Kept<record::Attribute>>,
) -> Vec<Called> {
    let mentioned = set.attributes().iter().enumerate();
    let custom = mentioned.filter(|(_, attribute)| attribute.namespace() == "custom");
    let called = custom.filter_map(|(index, attribute)| {
        let call = attributes.get(attribute.property())?.record.call.clone()?;
        Some((Wanted::new(Slot::at(index), attribute), call))
    });
    let called: Vec<_> = called.collect();
    let mut calls = Vec::with_capacity(called.len());
    for (wanted, call) in called {
        let slot = |source: &ParameterSource| match source {
            ParameterSource::Constant(_) => None,
            ParameterSource::Attribute(path) => Some(set.mention(path)),
        };
        let sources = call.parameters.iter().map(|parameter| &parameter.source);
        let parameters = sources.map(slot).collect();
        calls.push(Called {
            wanted,
            call,
            parameters,
        });
    }
    calls
}

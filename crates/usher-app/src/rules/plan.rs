//! Where the attributes that an account's policies mention come from.
//!
//! Only what is mentioned is read: the plan names the namespaces, and for each attribute its place
//! among the facts.

use std::collections::BTreeMap;

use usher_context::name::Namespace;
use usher_model::value::Value;
use usher_policy::attribute::{Attribute, Slot};
use usher_policy::compile::PolicySet;
use usher_store::record::FactNames;

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
    pub(crate) sde: Vec<Wanted>,
    /// Every attribute, those of a namespace together, as the decision log has them.
    pub(crate) logged: Vec<Logged>,
    /// Their names, in the same order.
    pub(crate) names: FactNames,
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
    pub(crate) fn new(set: &PolicySet) -> Self {
        let mut plan = Self::default();
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

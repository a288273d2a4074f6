//! Builds the index of a set.

use std::collections::{HashMap, hash_map};

use foldhash::fast::FixedState;

use super::column::{Column, Extras, Named, add, flip};
use super::order::{Members, Numbers, Order};
use super::{COLUMNS_MAX, GUARDS_MIN, Index, MaskId, Rows, kind};
use crate::attribute::Slot;
use crate::coerce::{Relation, View};
use crate::compile::PolicySet;
use crate::compile::clause::{Clause, Operand, Question, Test};
use crate::compile::expression::Node;
use crate::document::Operator;
use crate::mention::Map;

/// Classes of numbers that one attribute is divided into at most.
const CLASSES_MAX: usize = 32;
/// Words that the masks of one column take at most, unless many guards differ in each.
const COLUMN_WORDS_MAX: usize = 1 << 14;
/// Numbers of one list that are told apart at most.
const LIST_NUMBERS_MAX: usize = 16;

/// Builds the index; a small set needs none.
pub(crate) fn build(set: &PolicySet) -> Option<Index> {
    if set.guards().len() < GUARDS_MIN {
        return None;
    }
    let mut concerned: Vec<Vec<Concerned<'_>>> = Vec::new();
    concerned.resize_with(set.attributes().len(), Vec::new);
    let mut suspects = Suspects::default();
    for (guard, index) in set.guards().iter().zip(0_u32..) {
        let clauses = set.clauses(guard);
        let (end, last) = judged(set, clauses);
        for clause in clauses.iter().take(end) {
            if let Some(column) = subject(clause).and_then(|slot| concerned.get_mut(slot.index())) {
                match column.last_mut() {
                    Some((guard, clauses)) if *guard == index => clauses.push(clause),
                    _ => column.push((index, vec![clause])),
                }
            }
        }
        for clause in clauses.iter().take(last) {
            let mut faults = Vec::new();
            if faults_of(clause, &mut faults) {
                for (slot, kinds) in faults {
                    suspects.add(slot, kinds | kind::UNREAD | kind::FAILED, index);
                }
            }
        }
    }
    // A column that concerns few guards costs more than it saves.
    let mut chosen: Vec<_> = (0..).map(Slot::at).zip(concerned).collect();
    chosen.retain(|(_, guards)| guards.len() * 200 >= set.guards().len());
    chosen.sort_by_key(|(_, guards)| std::cmp::Reverse(guards.len()));
    chosen.truncate(COLUMNS_MAX);

    let order = Order::of(set.guards().len(), &chosen);
    let mut builder = Builder::new(&order);
    let columns = chosen.iter().zip(&order.columns);
    let columns = columns.map(|((slot, guards), numbers)| builder.column(*slot, guards, numbers));
    let columns = columns.collect();
    let mut suspect_kinds = vec![0; set.attributes().len()];
    let mut masks = Map::default();
    for ((slot, kind), guards) in suspects.by_kind {
        if let Some(kinds) = suspect_kinds.get_mut(slot) {
            *kinds |= kind;
        }
        let mut mask = vec![0; builder.masks.stride];
        add(&mut mask, &builder.first_numbers(&guards));
        masks.insert((slot, kind), builder.keep(mask));
    }
    Some(Index {
        rows: builder.masks.into_rows(),
        columns,
        others: order.others,
        all: Numbers {
            start: 0,
            end: u32::try_from(order.guards.len()).unwrap_or(u32::MAX),
        },
        guards: order.guards,
        suspect_kinds,
        suspects: masks,
    })
}

/// A guard and its clauses about one attribute.
pub(super) type Concerned<'c> = (u32, Vec<&'c Clause>);

/// The guards that must be tried when a fact is of some kind.
#[derive(Default)]
struct Suspects {
    by_kind: Map<(usize, u16), Vec<u32>>,
}

impl Suspects {
    fn add(&mut self, slot: Slot, kinds: u16, guard: u32) {
        for bit in 0..16 {
            let kind = 1 << bit;
            if kinds & kind != 0 {
                let guards = self.by_kind.entry((slot.index(), kind)).or_default();
                if guards.last() != Some(&guard) {
                    guards.push(guard);
                }
            }
        }
    }
}

/// Returns how many clauses of a guard the index may use, and up to which one a fault must not be
/// overlooked.
///
/// A clause that may be a fault whatever the types of its facts ends what can be used. So does an
/// attribute that a function may have to be asked for, if there is something to use before it:
/// while such an attribute is unread, every guard that mentions it in its used part is tried.
fn judged(set: &PolicySet, clauses: &[Clause]) -> (usize, usize) {
    let mut last = 0;
    for (index, clause) in clauses.iter().enumerate() {
        let mut faults = Vec::new();
        if !faults_of(clause, &mut faults) {
            return (index, last);
        }
        let is_custom = faults.iter().any(|(slot, _)| {
            let attribute = set.attribute(*slot);
            attribute.is_some_and(|attribute| attribute.namespace() == "custom")
        });
        if is_custom && last > 0 {
            return (index, last);
        }
        if subject(clause).is_some() {
            last = index + 1;
        }
    }
    (clauses.len(), last)
}

/// Returns the one attribute that a clause is about, if a column can judge it.
fn subject(clause: &Clause) -> Option<Slot> {
    match clause {
        Clause::Test(test) => Some(test.slot),
        Clause::Any(clauses) => {
            let mut subjects = clauses.iter().map(subject);
            let first = subjects.next()??;
            subjects
                .all(|subject| subject == Some(first))
                .then_some(first)
        }
        Clause::Pair(_) | Clause::Tree(_) => None,
    }
}

/// Collects the attributes of a clause with the kinds of fact that may make it a fault; returns
/// false if that cannot be told from the kinds.
fn faults_of(clause: &Clause, faults: &mut Vec<(Slot, u16)>) -> bool {
    match clause {
        Clause::Test(test) => {
            faults.push((test.slot, fault_kinds(&test.question)));
            true
        }
        Clause::Pair(pair) => {
            let Operand::Attribute(right) = pair.right else {
                return false;
            };
            if !matches!(pair.operator, Operator::IsIn | Operator::NotIn) {
                return false;
            }
            faults.push((pair.left, kind::LIST));
            faults.push((right, kind::BOOL | kind::NUMBER | kind::TEXT | kind::OBJECT));
            true
        }
        Clause::Any(clauses) => clauses.iter().all(|clause| faults_of(clause, faults)),
        Clause::Tree(node) => is_faultless(node),
    }
}

/// Returns whether a part of an expression needs no fact.
fn is_faultless(node: &Node) -> bool {
    match node {
        Node::TimeRange(..) | Node::DateRange(..) => true,
        Node::Not(node) => is_faultless(node),
        Node::And(nodes) | Node::Or(nodes) => nodes.iter().all(is_faultless),
        _ => false,
    }
}

const fn fault_kinds(question: &Question) -> u16 {
    match question {
        Question::EqualText(_) => kind::NUMBER,
        Question::EqualNumber(_) => kind::TEXT,
        Question::EqualBool(_) | Question::Exists => 0,
        Question::Compare(..) => kind::OTHER_TEXT | kind::LIST | kind::OBJECT,
        Question::In(_) => kind::LIST,
        Question::Contains(_) => kind::BOOL | kind::NUMBER | kind::OBJECT,
        Question::Matches(_) => kind::BOOL | kind::NUMBER | kind::LIST | kind::OBJECT,
        Question::Holds => kind::NUMBER | kind::TEXT | kind::LIST | kind::OBJECT,
        Question::Row(_) => kind::BOOL | kind::NUMBER | kind::TEXT | kind::LIST | kind::OBJECT,
    }
}

/// Every mask once, one after the other; the first one has all guards.
struct Masks {
    words: Vec<u64>,
    /// Words of one mask.
    stride: usize,
}

impl Masks {
    fn mask(&self, id: MaskId) -> &[u64] {
        let start = id.index().saturating_mul(self.stride);
        let mask = self.words.get(start..start.saturating_add(self.stride));
        mask.unwrap_or_default()
    }

    fn into_rows(self) -> Rows {
        let mut words = Vec::with_capacity(self.words.len());
        for index in 0..self.stride {
            words.extend(self.words.iter().skip(index).step_by(self.stride));
        }
        Rows {
            width: self.words.len() / self.stride.max(1),
            words,
        }
    }
}

/// Makes masks, each different one once.
struct Builder<'o> {
    order: &'o Order,
    masks: Masks,
    ids: HashMap<Vec<u64>, MaskId, FixedState>,
    all: Vec<u64>,
}

impl<'o> Builder<'o> {
    fn new(order: &'o Order) -> Self {
        let stride = order.guards.len().div_ceil(64);
        let mut all = vec![0; stride];
        let numbers: Vec<u32> = (0..).take(order.guards.len()).collect();
        add(&mut all, &numbers);
        let mut builder = Self {
            order,
            masks: Masks {
                words: Vec::new(),
                stride,
            },
            ids: HashMap::default(),
            all: all.clone(),
        };
        builder.keep(all);
        builder
    }

    fn keep(&mut self, mask: Vec<u64>) -> MaskId {
        let next = MaskId(u32::try_from(self.ids.len()).unwrap_or(u32::MAX));
        match self.ids.entry(mask) {
            hash_map::Entry::Occupied(known) => *known.get(),
            hash_map::Entry::Vacant(place) => {
                self.masks.words.extend_from_slice(place.key());
                *place.insert(next)
            }
        }
    }

    /// Returns every number of each guard.
    fn numbers(&self, guards: &[u32]) -> Vec<u32> {
        let numbers = guards.iter().flat_map(|guard| self.order.numbers(*guard));
        numbers.copied().collect()
    }

    /// Returns one number of each guard.
    fn first_numbers(&self, guards: &[u32]) -> Vec<u32> {
        let numbers = guards
            .iter()
            .filter_map(|guard| self.order.numbers(*guard).first());
        numbers.copied().collect()
    }

    /// Keeps the mask of all guards but the concerned ones that are `excluded`.
    fn without(
        &mut self,
        guards: &[Concerned<'_>],
        excluded: impl Fn(&[&Clause]) -> bool,
    ) -> MaskId {
        let mut mask = self.all.clone();
        let out = guards.iter().filter(|(_, clauses)| excluded(clauses));
        let out: Vec<u32> = out.map(|(guard, _)| *guard).collect();
        flip(&mut mask, &self.numbers(&out));
        self.keep(mask)
    }

    fn column(&mut self, slot: Slot, guards: &[Concerned<'_>], members: &Members) -> Column {
        let missing = self.without(guards, |clauses| is_false(clauses, View::Missing));
        let booleans = [false, true]
            .map(|value| self.without(guards, |clauses| is_false(clauses, View::Bool(value))));
        let (texts, extras, other_text) = self.texts(guards, members);
        let (items, item_extras, other_list) = self.items(guards);
        let cuts = cuts(guards);
        let starts = [f64::NEG_INFINITY].into_iter().chain(cuts.iter().copied());
        let ends = cuts.iter().copied().chain([f64::INFINITY]);
        let classes = starts.zip(ends).map(|(start, end)| {
            self.without(guards, |clauses| {
                clauses.iter().any(|clause| excludes(clause, start, end))
            })
        });
        Column {
            slot,
            missing,
            booleans,
            numbers: classes.collect(),
            texts,
            extras,
            other_text,
            cuts,
            items,
            item_extras,
            other_list,
            few: members.few,
            many: members.many,
        }
    }

    fn texts(
        &mut self,
        guards: &[Concerned<'_>],
        members: &Members,
    ) -> (Map<Box<str>, Named>, Extras, MaskId) {
        let other = self.without(guards, is_other_text_out);
        let mut flips: Map<&str, Vec<u32>> = Map::default();
        for (guard, clauses) in guards {
            let is_out = is_other_text_out(clauses);
            for text in texts_of(clauses) {
                if is_false(clauses, View::Text(text)) != is_out {
                    let flipped = flips.entry(text).or_default();
                    if flipped.last() != Some(guard) {
                        flipped.push(*guard);
                    }
                }
            }
        }
        // A mask for each of many texts would take more memory than all else.
        let is_small = flips.len() * self.masks.stride <= COLUMN_WORDS_MAX;
        let guards_min = if is_small { 0 } else { self.masks.stride / 8 };
        let base = self.masks.mask(other).to_vec();
        let (mut texts, mut extras) = (Map::default(), Vec::new());
        for (text, guards) in flips {
            if guards.len() < guards_min {
                extras.push((text, self.first_numbers(&guards)));
                continue;
            }
            let mut mask = base.clone();
            let numbers = self.numbers(&guards);
            flip(&mut mask, &numbers);
            let few = members.by_text.get(text).copied();
            let mut many = Numbers::NONE;
            for number in numbers {
                if members.many.has(number) {
                    many.extend(number);
                }
            }
            let named = Named {
                id: self.keep(mask),
                few: few.unwrap_or(Numbers::NONE),
                many,
            };
            texts.insert(text.into(), named);
        }
        (texts, Extras::of(&extras), other)
    }

    fn items(&mut self, guards: &[Concerned<'_>]) -> (Map<Box<str>, MaskId>, Extras, MaskId) {
        let mut added: Map<&str, Vec<u32>> = Map::default();
        let mut out = Vec::new();
        for (guard, clauses) in guards {
            let mut items = clauses.iter().filter_map(|clause| match clause {
                Clause::Test(Test {
                    question: Question::Contains(item),
                    is_negated: false,
                    ..
                }) => Some(&**item),
                _ => None,
            });
            // One of several items will do to exclude the guard.
            if let Some(item) = items.next() {
                out.push(*guard);
                added.entry(item).or_default().push(*guard);
            }
        }
        let mut mask = self.all.clone();
        flip(&mut mask, &self.numbers(&out));
        let other = self.keep(mask);
        let is_small = added.len() * self.masks.stride <= COLUMN_WORDS_MAX;
        let guards_min = if is_small { 0 } else { self.masks.stride / 8 };
        let base = self.masks.mask(other).to_vec();
        let (mut items, mut extras) = (Map::default(), Vec::new());
        for (item, guards) in added {
            if guards.len() < guards_min {
                extras.push((item, self.first_numbers(&guards)));
                continue;
            }
            let mut mask = base.clone();
            add(&mut mask, &self.numbers(&guards));
            items.insert(item.into(), self.keep(mask));
        }
        (items, Extras::of(&extras), other)
    }
}

fn is_false(clauses: &[&Clause], value: View<'_>) -> bool {
    clauses
        .iter()
        .any(|clause| answer(clause, value) == Some(false))
}

fn is_other_text_out(clauses: &[&Clause]) -> bool {
    clauses
        .iter()
        .any(|clause| other_text(clause) == Some(false))
}

/// Answers a clause about one attribute; nothing if that is a fault.
fn answer(clause: &Clause, value: View<'_>) -> Option<bool> {
    match clause {
        Clause::Test(test) => test.answer(value).ok(),
        Clause::Any(clauses) => {
            for clause in clauses {
                if answer(clause, value)? {
                    return Some(true);
                }
            }
            Some(false)
        }
        Clause::Pair(_) | Clause::Tree(_) => None,
    }
}

/// Answers a clause for a text that it does not name, if all such texts have one answer.
fn other_text(clause: &Clause) -> Option<bool> {
    match clause {
        Clause::Test(test) => match &test.question {
            Question::EqualText(_) | Question::In(_) => Some(test.is_negated),
            Question::Exists => Some(!test.is_negated),
            _ => None,
        },
        Clause::Any(clauses) => {
            let mut answers = clauses.iter().map(other_text);
            answers.all(|answer| answer == Some(false)).then_some(false)
        }
        Clause::Pair(_) | Clause::Tree(_) => None,
    }
}

/// Returns the texts that clauses name.
pub(super) fn texts_of<'c>(clauses: &[&'c Clause]) -> Vec<&'c str> {
    let mut named = Vec::new();
    for clause in clauses {
        add_texts(clause, &mut named);
    }
    named
}

fn add_texts<'c>(clause: &'c Clause, named: &mut Vec<&'c str>) {
    match clause {
        Clause::Test(test) => match &test.question {
            Question::EqualText(text) => named.push(text),
            Question::In(members) => named.extend(members.texts.iter().map(|text| &**text)),
            _ => {}
        },
        Clause::Any(clauses) => {
            for clause in clauses {
                add_texts(clause, named);
            }
        }
        Clause::Pair(_) | Clause::Tree(_) => {}
    }
}

/// Returns the numbers at which an answer changes, thinned out evenly if there are too many.
fn cuts(guards: &[Concerned<'_>]) -> Vec<f64> {
    let mut cuts = Vec::new();
    for (_, clauses) in guards {
        for clause in clauses {
            cuts_of(clause, &mut cuts);
        }
    }
    cuts.sort_by(f64::total_cmp);
    cuts.dedup();
    let step = cuts.len().div_ceil(CLASSES_MAX).max(1);
    cuts.into_iter().step_by(step).collect()
}

fn cuts_of(clause: &Clause, cuts: &mut Vec<f64>) {
    match clause {
        Clause::Test(test) => match &test.question {
            Question::Compare(Relation::Less | Relation::GreaterOrEqual, number) => {
                cuts.push(*number);
            }
            Question::Compare(Relation::LessOrEqual | Relation::Greater, number) => {
                cuts.push(number.next_up());
            }
            Question::EqualNumber(number) => cuts.extend([*number, number.next_up()]),
            Question::In(members) if members.numbers().count() <= LIST_NUMBERS_MAX => {
                cuts.extend(
                    members
                        .numbers()
                        .flat_map(|number| [number, number.next_up()]),
                );
            }
            _ => {}
        },
        Clause::Any(clauses) => {
            for clause in clauses {
                cuts_of(clause, cuts);
            }
        }
        Clause::Pair(_) | Clause::Tree(_) => {}
    }
}

/// Returns whether a clause is false for every number from `start` up to below `end`.
fn excludes(clause: &Clause, start: f64, end: f64) -> bool {
    match clause {
        Clause::Test(test) if test.is_negated => false,
        Clause::Test(test) => match &test.question {
            Question::Compare(Relation::Less, number) => start >= *number,
            Question::Compare(Relation::LessOrEqual, number) => start > *number,
            Question::Compare(Relation::Greater, number) => end <= number.next_up(),
            Question::Compare(Relation::GreaterOrEqual, number) => end <= *number,
            Question::EqualNumber(number) => !(start..end).contains(number),
            Question::In(members) if members.numbers().count() <= LIST_NUMBERS_MAX => !members
                .numbers()
                .any(|number| (start..end).contains(&number)),
            _ => false,
        },
        Clause::Any(clauses) => clauses.iter().all(|clause| excludes(clause, start, end)),
        Clause::Pair(_) | Clause::Tree(_) => false,
    }
}

//! An action on its way to who does it: its parameters by name, whether they were written with it
//! or stand in their order.

use henge_guest::{Code, Error, Failure, Value as HostValue};

use crate::actors::Entry;
use crate::script::{Action, Param, Value, Word};

/// What an action answers.
pub type Answer = Result<HostValue, Failure>;

/// An action with what it takes.
pub struct Call<'a> {
    pub action: &'a Action<'a>,
    takes: &'static str,
    /// What that asks for, and what was given for it.
    wishes: Vec<Wish>,
    given: Vec<Option<Value<'a>>>,
    /// Arguments that are left over, for an action that takes any number.
    rest: Vec<Word<'a>>,
    /// Parameters of other names, for an action that takes them.
    pub named: Vec<&'a Param<'a>>,
}

/// One word of what an action takes: `key`, `[seconds]`, `value...`, `[value...]`, or `name:value...`
/// for parameters of any name.
struct Wish {
    name: &'static str,
    optional: bool,
    many: bool,
}

fn wishes(takes: &'static str) -> Vec<Wish> {
    // Names are ASCII and short: bytes are looked at, which costs a fraction of what characters do.
    let mut wishes = Vec::new();
    let mut rest = takes;
    while !rest.is_empty() {
        let end = rest.bytes().position(|b| b == b' ').unwrap_or(rest.len());
        let word = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or("");
        let optional = word.starts_with('[');
        let bare = if optional {
            &word[1..word.len() - 1]
        } else {
            word
        };
        let name = bare.strip_suffix("...").unwrap_or(bare);
        wishes.push(Wish {
            name,
            optional,
            many: name.len() < bare.len(),
        });
    }
    wishes
}

/// The wish that stands for parameters of any name.
const ANY_NAME: &str = "name:value";

impl<'a> Call<'a> {
    /// Gives an action's parameters to the names that it takes, and its arguments in their order
    /// to those that are left.
    pub fn new(action: &'a Action<'a>, entry: &Entry) -> Result<Call<'a>, Failure> {
        let wishes = wishes(entry.takes);
        let mut call = Call {
            action,
            takes: entry.takes,
            given: vec![None; wishes.len()],
            wishes,
            rest: Vec::new(),
            named: Vec::new(),
        };
        let any_name = call.wishes.iter().any(|w| w.name == ANY_NAME);
        for param in &action.params {
            match call.place(&param.key) {
                Some(i) => call.given[i] = Some(param.value.clone()),
                None if any_name => call.named.push(param),
                None => return Err(call.wrong(format!("there is no parameter {}", param.key))),
            }
        }
        let mut args = action.args.iter().cloned();
        for i in 0..call.wishes.len() {
            let wish = &call.wishes[i];
            if wish.name == ANY_NAME {
                continue;
            }
            if call.given[i].is_none() {
                call.given[i] = args.next().map(Value::of);
            }
            if call.given[i].is_none() && !wish.optional {
                return Err(call.wrong(format!("{} is missing", wish.name)));
            }
            if wish.many {
                call.rest.extend(args.by_ref());
            }
        }
        match args.next() {
            Some(arg) => Err(call.wrong(format!("there is no place for {:.80?}", arg.text))),
            None => Ok(call),
        }
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.wishes.iter().position(|w| w.name == name)
    }

    /// What was passed is not what the action takes.
    pub fn wrong(&self, why: impl std::fmt::Display) -> Failure {
        let Action { actor, name, .. } = self.action;
        let message = match self.takes {
            "" => format!("{why}; !!{actor}.{name} takes nothing"),
            takes => format!("{why}; !!{actor}.{name} takes {takes}"),
        };
        Error::new(Code::InvalidArgument, message).into()
    }

    /// A parameter, where it was given.
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.given[self.place(name)?].as_ref()
    }

    /// A parameter as text; empty where there is none.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).map_or("", |v| &v.text)
    }

    /// A parameter as a whole number that is not negative.
    pub fn count(&self, name: &str) -> Result<Option<u32>, Failure> {
        self.parsed(name, "a whole number from 0 to 4294967295")
    }

    /// A parameter as whatever can be read from a text.
    pub fn parsed<T: std::str::FromStr>(
        &self,
        name: &str,
        what: &str,
    ) -> Result<Option<T>, Failure> {
        let Some(value) = self.get(name).filter(|v| !v.text.is_empty()) else {
            return Ok(None);
        };
        let wrong = |_| self.wrong(format!("{name} is {what}, and not {:.80?}", value.text));
        value.text.trim().parse().map(Some).map_err(wrong)
    }

    /// All that was given, in the order of the names; of the last one that takes many, each.
    pub fn words(&self) -> Vec<HostValue> {
        let mut words = Vec::new();
        for (wish, value) in self.wishes.iter().zip(&self.given) {
            match value {
                Some(value) if wish.many => words.extend(value.items.iter().map(number)),
                Some(value) => words.push(match &value.items[..] {
                    [one] if !value.list => number(one),
                    _ => (*value.text).into(),
                }),
                None => {}
            }
        }
        words.extend(self.rest.iter().map(number));
        words
    }

    /// All elements of the name that takes many.
    pub fn list(&self, name: &str) -> impl Iterator<Item = &Word<'a>> {
        let items = self.get(name).map_or(&[][..], |v| &v.items);
        items.iter().chain(&self.rest)
    }

    /// All elements of the name that takes many as one text.
    pub fn joined(&self, name: &str) -> String {
        match self.get(name) {
            Some(value) if self.rest.is_empty() => (*value.text).to_owned(),
            _ => self
                .list(name)
                .map(|w| &*w.text)
                .collect::<Vec<_>>()
                .join(" "),
        }
    }
}

fn text(word: &Word) -> HostValue {
    (*word.text).into()
}

/// A word as a value with a type: what is written just as a number is printed is that number, but
/// `007` and what stands in quotes are texts, as is what looks like nothing else.
pub fn typed(word: &Word) -> HostValue {
    match &*word.text {
        _ if word.quoted => text(word),
        "true" => true.into(),
        "false" => false.into(),
        "null" => HostValue::Null,
        _ => number(word),
    }
}

/// A word as a number, where it is one, and a text otherwise.
pub fn number(word: &Word) -> HostValue {
    let written = &*word.text;
    if word.quoted {
        return text(word);
    }
    match (written.parse::<i64>(), written.parse::<f64>()) {
        (Ok(n), _) if n.to_string() == written => n.into(),
        (_, Ok(n)) if written.contains('.') && n.to_string() == written => n.into(),
        _ => text(word),
    }
}

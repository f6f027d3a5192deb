use std::ops::RangeInclusive;

use henge_guest::{Error, Value};

use crate::args::{wrong, Args};

/// What every function returns.
pub type Returned = Result<Value, Error>;

/// A function of scripts.
pub struct Function {
    /// What scripts call it.
    pub name: String,
    takes: RangeInclusive<usize>,
    body: Box<dyn Fn(Args) -> Returned>,
}

impl Function {
    pub(crate) fn new(
        name: impl Into<String>,
        takes: RangeInclusive<usize>,
        body: impl Fn(Args) -> Returned + 'static,
    ) -> Function {
        Function {
            name: name.into(),
            takes,
            body: Box::new(body),
        }
    }

    /// How many arguments it takes at least.
    pub fn least(&self) -> usize {
        *self.takes.start()
    }

    /// Calls it with what a script passed.
    ///
    /// # Errors
    ///
    /// `invalid_argument` for what it does not take, and whatever the host answers.
    pub fn call(&self, args: Vec<Value>) -> Returned {
        if self.takes.contains(&args.len()) {
            return (self.body)(Args::new(args));
        }
        let most = *self.takes.end();
        let count = match *self.takes.start() {
            least if most == usize::MAX => format!("at least {least}"),
            least if least == most => least.to_string(),
            least => format!("{least} to {most}"),
        };
        Err(wrong(format!(
            "{} takes {count} arguments, and not {}",
            self.name,
            args.len()
        )))
    }
}

//! How a job ends badly.

use std::error::Error as StdError;

use crate::error::Error;

/// What a job reports when it fails.
///
/// Every error type turns into one with `?`; its text is the message. An [`Error`] of the host
/// keeps its code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// For a person.
    pub message: String,
    /// For a program: a short name of the module's choosing. The host adds no meaning to it.
    pub code: Option<String>,
    /// Any value that helps whoever reads the job, as one item of CBOR.
    pub data: Option<Vec<u8>>,
    /// Whether another attempt could succeed. `None` leaves it to the job's own policy.
    pub retry: Option<bool>,
}

impl Failure {
    /// A failure with a message and nothing else.
    pub fn new(message: impl Into<String>) -> Failure {
        Failure {
            message: message.into(),
            ..Failure::default()
        }
    }

    /// The same with a code.
    pub fn with_code(mut self, code: impl Into<String>) -> Failure {
        self.code = Some(code.into());
        self
    }

    /// The same with a word on whether another attempt could succeed.
    pub fn with_retry(mut self, retry: bool) -> Failure {
        self.retry = Some(retry);
        self
    }
}

impl<E: StdError + 'static> From<E> for Failure {
    fn from(error: E) -> Failure {
        let any: &(dyn StdError + 'static) = &error;
        let host = any.downcast_ref::<Error>();
        Failure {
            message: error.to_string(),
            code: host.map(|e| e.code.name().to_owned()),
            ..Failure::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;

    #[test]
    fn a_host_error_keeps_its_code() {
        let failure = Failure::from(Error::new(Code::Limit, "no more rows"));
        assert_eq!(failure.code.as_deref(), Some("limit"));
        assert_eq!(failure.message, "limit: no more rows");
    }

    #[test]
    fn any_error_has_its_text_as_message() {
        let failure = Failure::from("x".parse::<i64>().unwrap_err());
        assert_eq!(failure, Failure::new("invalid digit found in string"));
    }
}

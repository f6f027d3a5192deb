//! Errors as values: what a host function answers instead of a result.

use std::fmt;

/// Result of a call into the host.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a host function refused or failed. The discriminants are the codes of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i64)]
pub enum Code {
    /// The worker has the capability, and its policy keeps it from this module or circle.
    AccessDenied = -1,
    /// There is no such key, table, job or other thing.
    NotFound = -2,
    /// A value has another type than the call needs.
    TypeError = -3,
    /// The request, the reply or the result exceeds a size limit.
    TooLarge = -4,
    /// A budget of the job is used up.
    Limit = -5,
    /// The call did not end in its time.
    Timeout = -6,
    /// The job was cancelled.
    Cancelled = -7,
    /// Somebody else changed the same thing first.
    Conflict = -8,
    /// The service behind the capability cannot be reached.
    Unavailable = -9,
    /// The request is malformed.
    InvalidArgument = -10,
    /// The host does not do this.
    Unsupported = -11,
    /// The host failed in a way that is not the module's fault.
    Internal = -12,
}

impl Code {
    /// The code for a negative result of a host function. A number that the contract does not
    /// have becomes [`Code::Internal`], so that a newer host cannot confuse an older module.
    pub fn from_raw(raw: i64) -> Code {
        match raw {
            -1 => Code::AccessDenied,
            -2 => Code::NotFound,
            -3 => Code::TypeError,
            -4 => Code::TooLarge,
            -5 => Code::Limit,
            -6 => Code::Timeout,
            -7 => Code::Cancelled,
            -8 => Code::Conflict,
            -9 => Code::Unavailable,
            -10 => Code::InvalidArgument,
            -11 => Code::Unsupported,
            _ => Code::Internal,
        }
    }

    /// The name that the contract gives the code, such as `access_denied`.
    pub fn name(self) -> &'static str {
        match self {
            Code::AccessDenied => "access_denied",
            Code::NotFound => "not_found",
            Code::TypeError => "type_error",
            Code::TooLarge => "too_large",
            Code::Limit => "limit",
            Code::Timeout => "timeout",
            Code::Cancelled => "cancelled",
            Code::Conflict => "conflict",
            Code::Unavailable => "unavailable",
            Code::InvalidArgument => "invalid_argument",
            Code::Unsupported => "unsupported",
            Code::Internal => "internal",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A host function's refusal: a code to decide on and a message for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What kind of failure it is.
    pub code: Code,
    /// The host's words; empty if it gave none.
    pub message: String,
}

impl Error {
    /// An error with this code and message.
    pub fn new(code: Code, message: impl Into<String>) -> Error {
        Error {
            code,
            message: message.into(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.message.is_empty() {
            return f.write_str(self.code.name());
        }
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_keep_the_order_of_the_contract() {
        let names = [
            "access_denied",
            "not_found",
            "type_error",
            "too_large",
            "limit",
            "timeout",
            "cancelled",
            "conflict",
            "unavailable",
            "invalid_argument",
            "unsupported",
            "internal",
        ];
        for (i, name) in names.iter().enumerate() {
            let raw = -(i as i64) - 1;
            assert_eq!(Code::from_raw(raw).name(), *name);
            assert_eq!(Code::from_raw(raw) as i64, raw);
        }
    }

    #[test]
    fn an_unknown_code_is_internal() {
        assert_eq!(Code::from_raw(-13), Code::Internal);
        assert_eq!(Code::from_raw(i64::MIN), Code::Internal);
    }

    #[test]
    fn display_has_code_and_message() {
        let err = Error::new(Code::TooLarge, "output is limited to 16 bytes");
        assert_eq!(err.to_string(), "too_large: output is limited to 16 bytes");
        assert_eq!(Error::new(Code::Limit, "").to_string(), "limit");
    }
}

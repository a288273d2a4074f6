//! What can go wrong in a use case, without naming a transport.

use std::fmt;
use std::time::Duration;

use usher_store::batch::CommitError;
use usher_store::store::StoreError;

/// What kind of failure; whether a retry helps follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request is wrong; the same request will be wrong again.
    Invalid,
    /// Nobody known asks.
    Unauthenticated,
    /// Somebody known asks for what they may not.
    Forbidden,
    /// There is no such thing, or the caller may not know of it.
    NotFound,
    /// The state is not what the request expects; read again, then decide.
    Conflict,
    /// More than the limit allows.
    TooLarge,
    /// More often than the limit allows; wait.
    TooMany,
    /// Cannot be done now; wait.
    Unavailable,
    /// Our mistake.
    Internal,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident, $code:literal, $kind:ident;)*) => {
        /// A stable name for each failure, for programs; `docs/reference/problems.md` lists them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Returns the code as the wire has it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// Returns what kind of failure it is.
            #[must_use]
            pub const fn kind(self) -> Kind {
                match self { $(Self::$name => Kind::$kind,)* }
            }
        }
    };
}

codes! {
    /// The request cannot be read.
    BadRequest, "BAD_REQUEST", Invalid;
    /// A field is missing or wrong.
    FieldInvalid, "FIELD_INVALID", Invalid;
    /// The policy has mistakes.
    PolicyInvalid, "POLICY_INVALID", Invalid;
    /// The account holds as many policies as it may.
    PolicyLimit, "POLICY_LIMIT", Invalid;
    /// A namespace, session or property may not be called that.
    NameInvalid, "NAME_INVALID", Invalid;
    /// The namespace is Usher's own.
    NamespaceReserved, "NAMESPACE_RESERVED", Invalid;
    /// The custom attribute has mistakes.
    AttributeInvalid, "ATTRIBUTE_INVALID", Invalid;
    /// The file has mistakes; nothing was imported.
    ImportInvalid, "IMPORT_INVALID", Invalid;
    /// The function's source has mistakes.
    FunctionInvalid, "FUNCTION_INVALID", Invalid;
    /// The account has as many functions, schedules or secrets as it may.
    FunctionLimit, "FUNCTION_LIMIT", Invalid;
    /// The function answered with an error.
    FunctionThrew, "FUNCTION_THREW", Invalid;
    /// The function broke.
    FunctionCrashed, "FUNCTION_CRASHED", Invalid;
    /// The function did not answer in time.
    FunctionTimeout, "FUNCTION_TIMEOUT", Invalid;
    /// The account has as many webhooks as it may.
    WebhookLimit, "WEBHOOK_LIMIT", Invalid;
    /// The cursor was not made by this list.
    CursorInvalid, "CURSOR_INVALID", Invalid;
    /// No credential, or one that is unknown, expired or revoked.
    Unauthorized, "UNAUTHORIZED", Unauthenticated;
    /// No user has this address and this password.
    SignInRefused, "SIGN_IN_REFUSED", Unauthenticated;
    /// The link was used, or is too old.
    LinkGone, "LINK_GONE", Unauthenticated;
    /// The page that asks is not one of this server's.
    ForeignPage, "FOREIGN_PAGE", Forbidden;
    /// The account does not trust the token that says who the consumer is.
    IdentityRefused, "IDENTITY_REFUSED", Unauthenticated;
    /// The credential's role does not allow it.
    Forbidden, "FORBIDDEN", Forbidden;
    /// The account is not the credential's.
    ForeignAccount, "FOREIGN_ACCOUNT", Forbidden;
    /// There is nothing at this path.
    NotFound, "NOT_FOUND", NotFound;
    /// The path does not know this method.
    MethodNotAllowed, "METHOD_NOT_ALLOWED", Invalid;
    /// There is no such policy.
    PolicyNotFound, "POLICY_NOT_FOUND", NotFound;
    /// There is no such decision, or it is older than the log.
    DecisionNotFound, "DECISION_NOT_FOUND", NotFound;
    /// There is no such context document.
    DocumentNotFound, "DOCUMENT_NOT_FOUND", NotFound;
    /// There is no such property.
    PropertyNotFound, "PROPERTY_NOT_FOUND", NotFound;
    /// There is no such custom attribute.
    AttributeNotFound, "ATTRIBUTE_NOT_FOUND", NotFound;
    /// There is no such credential.
    CredentialNotFound, "CREDENTIAL_NOT_FOUND", NotFound;
    /// There is no such user.
    UserNotFound, "USER_NOT_FOUND", NotFound;
    /// There is no such skill.
    SkillNotFound, "SKILL_NOT_FOUND", NotFound;
    /// There is no such agent.
    AgentNotFound, "AGENT_NOT_FOUND", NotFound;
    /// There is no such conversation, or the caller does not take part in it.
    ConversationNotFound, "CONVERSATION_NOT_FOUND", NotFound;
    /// There is no such group of agents.
    GroupNotFound, "GROUP_NOT_FOUND", NotFound;
    /// There is no such engagement.
    EngagementNotFound, "ENGAGEMENT_NOT_FOUND", NotFound;
    /// There is no such function.
    FunctionNotFound, "FUNCTION_NOT_FOUND", NotFound;
    /// The function is not deployed.
    FunctionNotDeployed, "FUNCTION_NOT_DEPLOYED", NotFound;
    /// The version of the function is not kept.
    FunctionVersionNotFound, "FUNCTION_VERSION_NOT_FOUND", NotFound;
    /// There is no such secret.
    SecretNotFound, "SECRET_NOT_FOUND", NotFound;
    /// There is no such webhook.
    WebhookNotFound, "WEBHOOK_NOT_FOUND", NotFound;
    /// There is no such dead letter.
    DeadLetterNotFound, "DEAD_LETTER_NOT_FOUND", NotFound;
    /// There is no such account.
    AccountNotFound, "ACCOUNT_NOT_FOUND", NotFound;
    /// Somebody else changed it meanwhile.
    RevisionConflict, "REVISION_CONFLICT", Conflict;
    /// The name is taken.
    NameTaken, "NAME_TAKEN", Conflict;
    /// The idempotency key was used for another request.
    IdempotencyConflict, "IDEMPOTENCY_CONFLICT", Conflict;
    /// The conversation is closed.
    ConversationClosed, "CONVERSATION_CLOSED", Conflict;
    /// The dialog is closed, or there is none of the kind.
    DialogClosed, "DIALOG_CLOSED", Conflict;
    /// The client's id of the message was used for another message.
    MessageConflict, "MESSAGE_CONFLICT", Conflict;
    /// The offer was answered, withdrawn or replaced.
    OfferGone, "OFFER_GONE", Conflict;
    /// The offer was answered too late.
    OfferExpired, "OFFER_EXPIRED", Conflict;
    /// An agent has the conversation already.
    AlreadyAssigned, "ALREADY_ASSIGNED", Conflict;
    /// No agent has the conversation.
    NotAssigned, "NOT_ASSIGNED", Conflict;
    /// The agent cannot have the conversation now.
    AgentExcluded, "AGENT_EXCLUDED", Conflict;
    /// The conversation cannot go there; it stays where it is.
    TransferRejected, "TRANSFER_REJECTED", Conflict;
    /// Conversations are in the skill.
    SkillInUse, "SKILL_IN_USE", Conflict;
    /// Another function listens to the event.
    EventTaken, "EVENT_TAKEN", Conflict;
    /// A custom attribute is what the function answers.
    FunctionInUse, "FUNCTION_IN_USE", Conflict;
    /// Agents are in the group.
    GroupInUse, "GROUP_IN_USE", Conflict;
    /// The message is longer than allowed.
    MessageTooLarge, "MESSAGE_TOO_LARGE", TooLarge;
    /// The document would be larger than allowed.
    DocumentTooLarge, "DOCUMENT_TOO_LARGE", TooLarge;
    /// The body is larger than allowed.
    BodyTooLarge, "BODY_TOO_LARGE", TooLarge;
    /// The password was guessed wrong too often; wait.
    SignInLocked, "SIGN_IN_LOCKED", TooMany;
    /// The account asks more often than allowed.
    RateLimited, "RATE_LIMITED", TooMany;
    /// The node has more to do than it can.
    Overloaded, "OVERLOADED", Unavailable;
    /// Functions cannot be run now.
    FunctionUnavailable, "FUNCTION_UNAVAILABLE", Unavailable;
    /// The keys with which the brand signs cannot be fetched.
    IdentityUnavailable, "IDENTITY_UNAVAILABLE", Unavailable;
    /// The identity provider cannot be asked.
    ProviderUnavailable, "PROVIDER_UNAVAILABLE", Unavailable;
    /// The server has no key with which secrets are encrypted.
    SecretsUnavailable, "SECRETS_UNAVAILABLE", Unavailable;
    /// The store cannot be reached or cannot write.
    StoreUnavailable, "STORE_UNAVAILABLE", Unavailable;
    /// The disk of the store is full.
    StoreFull, "STORE_FULL", Unavailable;
    /// The store may only be read.
    StoreReadOnly, "STORE_READ_ONLY", Unavailable;
    /// The request took longer than allowed.
    Timeout, "TIMEOUT", Unavailable;
    /// Our mistake.
    Internal, "INTERNAL", Internal;
}

/// One of several mistakes in what was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where: a JSON pointer as a fragment, `#/conditions/0/value`.
    pub pointer: String,
    /// A stable name.
    pub code: String,
    /// What was expected, and what was found.
    pub detail: String,
    /// What may have been meant.
    pub suggestion: Option<String>,
    /// Which characters of the text at the pointer: byte offsets.
    pub span: Option<(usize, usize)>,
}

/// A failed use case: what the caller is told, and what the log gets.
#[derive(Debug)]
pub struct Error {
    /// Its stable name.
    pub code: Code,
    /// For the caller: what was expected, and what to do.
    pub message: String,
    /// Every mistake, where several were found.
    pub mistakes: Vec<Mistake>,
    /// When a retry may succeed.
    pub retry_after: Option<Duration>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What use cases return.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Makes a failure with a text for the caller.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            mistakes: Vec::new(),
            retry_after: None,
            source: None,
        }
    }

    /// Adds what it came from, for the log.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Adds every mistake that was found.
    #[must_use]
    pub fn with_mistakes(mut self, mistakes: Vec<Mistake>) -> Self {
        self.mistakes = mistakes;
        self
    }

    /// Adds when a retry may succeed.
    #[must_use]
    pub fn with_retry_after(mut self, retry_after: Duration) -> Self {
        self.retry_after = Some(retry_after);
        self
    }

    /// Makes the failure of one wrong field.
    #[must_use]
    pub fn field(pointer: &str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let mistake = Mistake {
            pointer: pointer.to_owned(),
            code: Code::FieldInvalid.as_str().to_owned(),
            detail: detail.clone(),
            suggestion: None,
            span: None,
        };
        Self::new(Code::FieldInvalid, detail).with_mistakes(vec![mistake])
    }

    /// Makes the failure of a mistake of ours.
    #[must_use]
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(Code::Internal, "an internal error").with_source(source)
    }

    /// Returns what kind of failure it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.code.kind()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn std::error::Error + 'static))
    }
}

/// How long a caller waits before trying again when the store cannot write.
const STORE_RETRY_AFTER: Duration = Duration::from_secs(1);

impl From<StoreError> for Error {
    fn from(source: StoreError) -> Self {
        if let StoreError::Cursor = &source {
            let message = "expected the cursor of the page before, with the same filters";
            return Self::new(Code::CursorInvalid, message).with_source(source);
        }
        if let StoreError::Refused { expected, .. } = &source {
            let message = format!("expected {expected}; nothing was written");
            return Self::new(Code::FieldInvalid, message).with_source(source);
        }
        let (code, message) = match &source {
            StoreError::Full(_) => (
                Code::StoreFull,
                "the store cannot write: its disk is full; nothing was written",
            ),
            StoreError::ReadOnly(_) => (
                Code::StoreReadOnly,
                "the store cannot write: it may only be read; nothing was written",
            ),
            _ => (
                Code::StoreUnavailable,
                "the store cannot be reached; try again",
            ),
        };
        Self::new(code, message)
            .with_retry_after(STORE_RETRY_AFTER)
            .with_source(source)
    }
}

impl From<CommitError> for Error {
    fn from(source: CommitError) -> Self {
        match source {
            CommitError::Conflict { .. } => Self::new(
                Code::RevisionConflict,
                "it was changed meanwhile; read it again and repeat the change",
            )
            .with_source(source),
            CommitError::Busy => Self::new(Code::Overloaded, "too many writes wait; try again")
                .with_retry_after(STORE_RETRY_AFTER),
            CommitError::Store(source) => source.into(),
        }
    }
}

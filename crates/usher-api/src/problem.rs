//! Errors on the wire: one table, one body (RFC 9457).

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use usher_app::error::{Code, Error, Kind, Mistake};
use usher_model::id::RequestId;
use utoipa::ToSchema;

/// What the table says of one code.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The failure.
    pub code: Code,
    /// The HTTP status.
    pub status: StatusCode,
    /// The same for every occurrence.
    pub title: &'static str,
    /// What the caller can do.
    pub remedy: &'static str,
}

/// Returns the table's row of a code.
#[must_use]
pub const fn row(code: Code) -> Row {
    let (title, remedy) = text(code);
    Row {
        code,
        status: status(code),
        title,
        remedy,
    }
}

const fn status(code: Code) -> StatusCode {
    match code {
        Code::PolicyInvalid
        | Code::PolicyLimit
        | Code::AttributeInvalid
        | Code::FieldInvalid
        | Code::ImportInvalid
        | Code::FunctionInvalid
        | Code::FunctionLimit
        | Code::WebhookLimit
        | Code::FunctionThrew
        | Code::FunctionCrashed
        | Code::FunctionTimeout => StatusCode::UNPROCESSABLE_ENTITY,
        Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Code::Timeout => StatusCode::GATEWAY_TIMEOUT,
        _ => match code.kind() {
            Kind::Invalid => StatusCode::BAD_REQUEST,
            Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
            Kind::Forbidden => StatusCode::FORBIDDEN,
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::Conflict => StatusCode::CONFLICT,
            Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Kind::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        },
    }
}

#[expect(clippy::too_many_lines, reason = "a table with one row for each code")]
const fn text(code: Code) -> (&'static str, &'static str) {
    match code {
        Code::BadRequest => (
            "The request cannot be read",
            "Compare the request with the API's description.",
        ),
        Code::FieldInvalid => (
            "A field is missing or wrong",
            "Correct the fields named under `errors`.",
        ),
        Code::PolicyInvalid => (
            "The policy has mistakes",
            "Correct the places named under `errors`.",
        ),
        Code::PolicyLimit => (
            "The account holds as many policies as it may",
            "Delete policies, or raise `limits.policies_max`.",
        ),
        Code::NameInvalid => (
            "The name is not allowed",
            "Use a name that fits what `detail` says.",
        ),
        Code::NamespaceReserved => (
            "The namespace is reserved",
            "Write to a namespace of your own.",
        ),
        Code::AttributeInvalid => (
            "The custom attribute has mistakes",
            "Correct the fields named under `errors`.",
        ),
        Code::CursorInvalid => (
            "The cursor does not fit this list",
            "Take `nextCursor` of the page before, with the same filters.",
        ),
        Code::Unauthorized => (
            "No valid credential",
            "Send `Authorization: Bearer` with an API key or a token that has not expired.",
        ),
        Code::SignInRefused => (
            "Nobody can be signed in with this",
            "Try again, or ask an administrator for a link to choose a new password.",
        ),
        Code::LinkGone => (
            "The link does not work any more",
            "Ask an administrator, or `usher user link`, for another.",
        ),
        Code::ForeignPage => (
            "The request came from another site",
            "Send it from a page of this server, with the `csrfToken` of the session.",
        ),
        Code::SignInLocked => (
            "Too many wrong passwords",
            "Wait as long as `Retry-After` says, or ask an administrator for a link.",
        ),
        Code::Forbidden => (
            "The role does not allow it",
            "Use a credential with one of the roles in `detail`.",
        ),
        Code::ForeignAccount => (
            "The account is not the credential's",
            "Use a credential of that account.",
        ),
        Code::NotFound => (
            "There is nothing at this path",
            "Compare the path with `/docs`.",
        ),
        Code::MethodNotAllowed => (
            "The path does not know this method",
            "Compare the method with `/docs`.",
        ),
        Code::PolicyNotFound => (
            "There is no such policy",
            "List the policies to see their ids.",
        ),
        Code::DecisionNotFound => (
            "There is no such decision",
            "Decisions are kept for a number of days that the account can set.",
        ),
        Code::DocumentNotFound => (
            "There is no such context document",
            "It was never written, or it has expired.",
        ),
        Code::PropertyNotFound => (
            "There is no such property",
            "It was never written, or it has expired.",
        ),
        Code::AttributeNotFound => (
            "There is no such custom attribute",
            "List the attributes to see their names.",
        ),
        Code::CredentialNotFound => (
            "There is no such credential",
            "List the credentials to see their ids.",
        ),
        Code::UserNotFound => ("There is no such user", "List the users to see their ids."),
        Code::SkillNotFound => (
            "There is no such skill",
            "List the skills to see their ids.",
        ),
        Code::GroupNotFound => (
            "There is no such group of agents",
            "List the groups; take an id from there.",
        ),
        Code::WebhookNotFound => (
            "There is no such webhook",
            "List the webhooks; take an id from there.",
        ),
        Code::WebhookLimit => (
            "The account has as many webhooks as it may",
            "Delete webhooks that are no longer needed, or let one of them get more types of events.",
        ),
        Code::DeadLetterNotFound => (
            "There is no such dead letter",
            "It was delivered, discarded, or has expired. List the dead letters; take an id from there.",
        ),
        Code::EngagementNotFound => (
            "There is no such engagement",
            "List the engagements; take an id from there.",
        ),
        Code::AgentNotFound => (
            "There is no such agent",
            "List the users to see the ids of agents.",
        ),
        Code::ConversationNotFound => (
            "There is no such conversation",
            "List the conversations to see their ids; agents and consumers see their own.",
        ),
        Code::FunctionInvalid => (
            "The function's source has mistakes",
            "Correct the places named under `errors`; the version that ran before runs on.",
        ),
        Code::FunctionLimit => (
            "The account has as many as it may",
            "Delete what is no longer needed.",
        ),
        Code::FunctionThrew => (
            "The function answered with an error",
            "Read its message in `detail`, and the function's log.",
        ),
        Code::FunctionCrashed => (
            "The function broke",
            "Read its message in `detail`, and the function's log.",
        ),
        Code::FunctionTimeout => (
            "The function did not answer in time",
            "Call `callback` on every path, wait for less, or raise `timeoutMs`.",
        ),
        Code::FunctionNotFound => (
            "There is no such function",
            "List the functions to see their ids.",
        ),
        Code::FunctionNotDeployed => ("The function is not deployed", "Deploy it."),
        Code::FunctionVersionNotFound => (
            "The version is not kept",
            "List the function's versions to see their numbers.",
        ),
        Code::SecretNotFound => (
            "There is no such secret",
            "List the secrets to see their names.",
        ),
        Code::EventTaken => (
            "Another function listens to the event",
            "Name other skills, or change the other function.",
        ),
        Code::FunctionInUse => (
            "A custom attribute is what the function answers",
            "Change or delete the attribute named in `detail` first.",
        ),
        Code::FunctionUnavailable => (
            "Functions cannot be run now",
            "Wait for the seconds in `Retry-After` and try again.",
        ),
        Code::IdentityUnavailable => (
            "The keys with which the brand signs cannot be fetched",
            "Wait for the seconds in `Retry-After` and try again; the brand's address of its keys does not answer.",
        ),
        Code::ProviderUnavailable => (
            "The identity provider cannot be asked",
            "Wait for the seconds in `Retry-After` and try again, or sign in with a password.",
        ),
        Code::SecretsUnavailable => (
            "Secrets cannot be kept",
            "Set `secrets.keys_file` in the configuration.",
        ),
        Code::AccountNotFound => ("There is no such account", "Make it with `usher init`."),
        Code::RevisionConflict => (
            "It was changed meanwhile",
            "Read it again and repeat the change.",
        ),
        Code::NameTaken => ("The name is taken", "Choose another name."),
        Code::IdempotencyConflict => (
            "The idempotency key was used for another request",
            "Use a new key for a new request.",
        ),
        Code::ConversationClosed => ("The conversation is closed", "Open a new one."),
        Code::DialogClosed => (
            "The dialog is closed",
            "Read the conversation to see which dialogs are open.",
        ),
        Code::MessageConflict => (
            "The client's message id was used for another message",
            "Use a new `clientMessageId` for a new message.",
        ),
        Code::OfferGone => (
            "The offer is gone",
            "List the agent's offers to see those that ring.",
        ),
        Code::OfferExpired => (
            "The offer was answered too late",
            "List the agent's offers to see those that ring.",
        ),
        Code::AlreadyAssigned => (
            "An agent has the conversation",
            "Transfer it, or take it over.",
        ),
        Code::NotAssigned => (
            "No agent has the conversation",
            "Wait until one has, or take it over.",
        ),
        Code::AgentExcluded => (
            "The agent cannot have the conversation now",
            "Remove the reason in `detail`, or choose another agent.",
        ),
        Code::TransferRejected => (
            "The conversation cannot go there",
            "Choose another agent or skill; the conversation is where it was.",
        ),
        Code::GroupInUse => (
            "Agents are in the group",
            "Move its members to another group, then remove it.",
        ),
        Code::IdentityRefused => (
            "The account does not trust the token that says who the consumer is",
            "Send a JWT that the brand has signed with a key of the account's, for its audience, and that has not expired.",
        ),
        Code::ImportInvalid => (
            "The file has mistakes; nothing was imported",
            "Correct every line that `errors` names, and send the file again.",
        ),
        Code::SkillInUse => (
            "Conversations are in the skill",
            "Transfer or close them first.",
        ),
        Code::MessageTooLarge => ("The message is too long", "Send several messages."),
        Code::DocumentTooLarge => (
            "The document would be too large",
            "Remove properties, or use several sessions.",
        ),
        Code::BodyTooLarge => ("The body is too large", "Send less at once."),
        Code::RateLimited => ("Too many requests", "Wait for `Retry-After` seconds."),
        Code::Overloaded => ("Too much to do", "Wait for `Retry-After` seconds."),
        Code::StoreFull => (
            "The disk is full",
            "Free some space on the disk of the store; nothing is lost, and nothing was changed.",
        ),
        Code::StoreReadOnly => (
            "The store may only be read",
            "Check the owner and the mode of the data files, or whether the server is a standby; nothing was changed.",
        ),
        Code::StoreUnavailable => (
            "The store cannot be reached",
            "Try again; nothing was changed.",
        ),
        Code::Timeout => ("The request took too long", "Try again with less at once."),
        Code::Internal => ("Internal error", "Report it with the request id."),
    }
}

/// The body of every error of `/api/v1`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "type": "/problems/policy-not-found", "title": "There is no such policy", "status": 404,
    "code": "POLICY_NOT_FOUND", "detail": "no policy has the id `p1`",
    "requestId": "0198f5c2-7a31-7f6e-9a4e-2b8a54e3d9f1"
}))]
pub struct Problem {
    /// A page about this kind of error, served by the node itself.
    pub r#type: String,
    /// The same for every occurrence.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// A stable name, for programs.
    pub code: String,
    /// What was expected here, and what to do.
    pub detail: String,
    /// Names the request in the logs.
    pub request_id: String,
    /// Every mistake, where several were found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
}

/// One of several mistakes.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldProblem {
    /// Where: a JSON pointer as a fragment.
    pub pointer: String,
    /// A stable name, for programs.
    pub code: String,
    /// What was expected, and what was found.
    pub detail: String,
    /// What may have been meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
    /// The part of the text at the pointer: byte offsets, the end exclusive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span: Option<Span>,
}

/// A part of a text, in bytes.
#[derive(Debug, Serialize, ToSchema)]
pub struct Span {
    /// Where it begins.
    pub start: usize,
    /// Where it ends, exclusive.
    pub end: usize,
}

impl From<Mistake> for FieldProblem {
    fn from(mistake: Mistake) -> Self {
        Self {
            pointer: mistake.pointer,
            code: mistake.code,
            detail: mistake.detail,
            suggestion: mistake.suggestion,
            span: mistake.span.map(|(start, end)| Span { start, end }),
        }
    }
}

/// Returns the page's path of a code.
#[must_use]
pub fn page(code: Code) -> String {
    format!(
        "/problems/{}",
        code.as_str().to_lowercase().replace('_', "-")
    )
}

/// An error on its way to the client; the outermost layer gives it its body and the request's id.
#[derive(Debug)]
pub struct Failure(pub Error);

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = row(self.0.code).status;
        response
            .extensions_mut()
            .insert(std::sync::Arc::new(self.0));
        response
    }
}

/// Which body an error gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `application/problem+json`.
    Problem,
    /// `{"success":false,"code","message","requestId"}` of the published contracts.
    Contract,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ContractBody<'a> {
    success: bool,
    code: &'a str,
    message: &'a str,
    request_id: &'a str,
}

/// Returns what the caller is told of an error, and logs what it is not told.
pub(crate) fn told(error: &Error, request_id: RequestId) -> Problem {
    let row = row(error.code);
    let request_id = request_id.to_string();
    if error.kind() == Kind::Internal || error.kind() == Kind::Unavailable {
        let error: &dyn std::error::Error = error;
        tracing::error!(request_id, error = %chain(error), "a request failed");
    }
    let detail = if error.kind() == Kind::Internal {
        "an internal error; report it with the request id"
    } else {
        &error.message
    };
    Problem {
        r#type: page(error.code),
        title: row.title.to_owned(),
        status: row.status.as_u16(),
        code: error.code.as_str().to_owned(),
        detail: detail.to_owned(),
        request_id,
        errors: error
            .mistakes
            .iter()
            .cloned()
            .map(FieldProblem::from)
            .collect(),
    }
}

/// Writes an error's body.
pub(crate) fn render(error: &Error, shape: Shape, request_id: RequestId) -> Response {
    let row = row(error.code);
    let body = match shape {
        Shape::Problem => serde_json::to_vec(&told(error, request_id)),
        Shape::Contract => {
            let problem = told(error, request_id);
            serde_json::to_vec(&ContractBody {
                success: false,
                code: contract_code(error.code),
                message: if error.kind() == Kind::TooLarge {
                    "document too large"
                } else {
                    &problem.detail
                },
                request_id: &problem.request_id,
            })
        }
    };
    // Both bodies are text and numbers; writing them cannot fail.
    let mut response = Response::new(Body::from(body.unwrap_or_default()));
    *response.status_mut() = match (shape, row.status) {
        // The contracts know one status for a wrong request.
        (Shape::Contract, StatusCode::UNPROCESSABLE_ENTITY) => StatusCode::BAD_REQUEST,
        (_, status) => status,
    };
    let content_type = match shape {
        Shape::Problem => "application/problem+json",
        Shape::Contract => "application/json",
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Some(wait) = error.retry_after {
        let seconds = wait.as_millis().div_ceil(1_000).max(1).to_string();
        if let Ok(seconds) = HeaderValue::from_str(&seconds) {
            headers.insert(header::RETRY_AFTER, seconds);
        }
    }
    if error.kind() == Kind::Unauthenticated {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// The codes that the published contracts name differently.
const fn contract_code(code: Code) -> &'static str {
    match code {
        Code::ForeignAccount => "FORBIDDEN",
        Code::FieldInvalid => "BAD_REQUEST",
        Code::StoreUnavailable | Code::StoreFull | Code::StoreReadOnly => "CONTEXT_UNAVAILABLE",
        _ => code.as_str(),
    }
}

/// Writes an error with all its sources, for a log.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_title_a_remedy_and_a_page_of_its_own() {
        let mut pages: Vec<String> = Code::ALL.iter().map(|code| page(*code)).collect();
        pages.sort();
        pages.dedup();
        assert_eq!(pages.len(), Code::ALL.len());
        for code in Code::ALL {
            let row = row(*code);
            assert!(row.remedy.ends_with('.'), "{code:?}");
            assert!(!row.title.ends_with('.'), "{code:?}");
            assert!(
                row.status.is_client_error() || row.status.is_server_error(),
                "{code:?}"
            );
        }
    }
}

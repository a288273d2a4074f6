//! What every operation shares, said once: names, failures, and the node's own paths.

use axum::http::StatusCode;
use utoipa::openapi::content::{Content, ContentBuilder};
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItem};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{OpenApi as Document, Ref, RefOr, path::Operation};

use crate::problem::Shape;

/// A failure that many operations share.
struct Shared {
    status: StatusCode,
    /// The component's name; the contracts' has `Contract` before it.
    name: &'static str,
    description: &'static str,
    header: Option<(&'static str, &'static str)>,
}

const RETRY_AFTER: Option<(&str, &str)> = Some(("Retry-After", "Seconds to wait"));

const SHARED: &[Shared] = &[
    Shared {
        status: StatusCode::BAD_REQUEST,
        name: "BadRequest",
        description: "The request cannot be read, or a name or number in it is not allowed",
        header: None,
    },
    Shared {
        status: StatusCode::UNAUTHORIZED,
        name: "Unauthorized",
        description: "No valid credential",
        header: Some(("WWW-Authenticate", "`Bearer`")),
    },
    Shared {
        status: StatusCode::FORBIDDEN,
        name: "Forbidden",
        description: "The role does not allow it, or the account is not the credential's",
        header: None,
    },
    Shared {
        status: StatusCode::NOT_FOUND,
        name: "NotFound",
        description: "There is no such thing in the account",
        header: None,
    },
    Shared {
        status: StatusCode::CONFLICT,
        name: "Conflict",
        description: "It was changed meanwhile, or the name is taken",
        header: None,
    },
    Shared {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        name: "TooLarge",
        description: "The body, or the document that would come of it, is too large",
        header: None,
    },
    Shared {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        name: "Invalid",
        description: "Fields are missing or wrong; `errors` says which",
        header: None,
    },
    Shared {
        status: StatusCode::TOO_MANY_REQUESTS,
        name: "RateLimited",
        description: "The account asks more often than it may",
        header: RETRY_AFTER,
    },
    Shared {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        name: "Internal",
        description: "Our mistake; report it with the request id",
        header: None,
    },
    Shared {
        status: StatusCode::SERVICE_UNAVAILABLE,
        name: "Unavailable",
        description: "The node is overloaded, or its store cannot be reached",
        header: RETRY_AFTER,
    },
    Shared {
        status: StatusCode::GATEWAY_TIMEOUT,
        name: "Timeout",
        description: "The request took longer than the node allows",
        header: None,
    },
];

impl Shared {
    fn of(status: StatusCode) -> Option<&'static Self> {
        SHARED.iter().find(|shared| shared.status == status)
    }

    fn component(&self, shape: Shape) -> String {
        match shape {
            Shape::Problem => self.name.to_owned(),
            Shape::Contract => format!("Contract{}", self.name),
        }
    }

    fn response(&self, shape: Shape) -> Response {
        let mut response = Response::new(self.description);
        // The outermost layer refuses and cuts requests of both kinds with the same body.
        let shapes: &[Shape] = match (shape, self.status) {
            (Shape::Contract, StatusCode::SERVICE_UNAVAILABLE) => {
                &[Shape::Contract, Shape::Problem]
            }
            (_, StatusCode::GATEWAY_TIMEOUT) => &[Shape::Problem],
            (Shape::Contract, _) => &[Shape::Contract],
            (Shape::Problem, _) => &[Shape::Problem],
        };
        for shape in shapes {
            let (media_type, content) = body(*shape);
            response.content.insert(media_type.to_owned(), content);
        }
        if let Some((name, description)) = self.header {
            let header = HeaderBuilder::new().description(Some(description)).build();
            response.headers.insert(name.to_owned(), header.into());
        }
        response
    }
}

/// Adds to a description what every operation shares.
pub(super) fn complete(document: &mut Document) {
    for (path, item) in node() {
        document.paths.paths.insert(path.to_owned(), item);
    }
    for (path, item) in &mut document.paths.paths {
        let methods = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.delete,
            &mut item.patch,
        ];
        for operation in methods.into_iter().flatten() {
            if let Some(path) = path.strip_prefix("/api/v1/") {
                name(path, operation);
            }
            fail(path, operation);
        }
    }
    let components = document.components.get_or_insert_with(Default::default);
    for shared in SHARED {
        for shape in [Shape::Problem, Shape::Contract] {
            let response = shared.response(shape).into();
            components
                .responses
                .insert(shared.component(shape), response);
        }
    }
    components
        .schemas
        .insert("ContractError".to_owned(), contract_error().into());
}

/// Names an operation of our own API after its noun and verb: `list` of policies is
/// `policiesList`.
fn name(path: &str, operation: &mut Operation) {
    let mut noun = path.split('/').next().unwrap_or_default().split('-');
    let verb = operation.operation_id.take().unwrap_or_default();
    let first = noun.next().unwrap_or_default();
    let words = noun.chain(verb.split('_')).flat_map(|word| {
        let mut letters = word.chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        first.chain(letters).collect::<Vec<char>>()
    });
    operation.operation_id = Some(first.chars().chain(words).collect());
}

/// Completes the failures of an operation.
fn fail(path: &str, operation: &mut Operation) {
    let shape = if crate::contract::owns(path) {
        Shape::Contract
    } else {
        Shape::Problem
    };
    for status in statuses(path, operation, shape) {
        let responses = &mut operation.responses.responses;
        responses
            .entry(status.as_str().to_owned())
            .or_insert_with(|| Response::new("").into());
    }
    for (status, response) in &mut operation.responses.responses {
        let Ok(status) = status.parse::<StatusCode>() else {
            continue;
        };
        let RefOr::T(written) = &mut *response else {
            continue;
        };
        if status.is_success() && written.description.is_empty() {
            written.description = status.canonical_reason().unwrap_or_default().to_owned();
        } else if !status.is_success() && !written.description.is_empty() {
            if written.content.is_empty() {
                let (media_type, content) = body(shape);
                written.content.insert(media_type.to_owned(), content);
            }
        } else if let Some(shared) = Shared::of(status) {
            *response = RefOr::Ref(Ref::from_response_name(shared.component(shape)));
        }
    }
}

/// Returns how an operation can fail, whatever it does.
fn statuses(path: &str, operation: &Operation, shape: Shape) -> Vec<StatusCode> {
    let mut statuses = Vec::new();
    let is_login = path == "/v2/authenticate/login";
    let is_open = operation.security.is_some() && !is_login;
    if is_open {
        return statuses;
    }
    statuses.push(StatusCode::UNAUTHORIZED);
    if !is_login {
        statuses.extend([StatusCode::FORBIDDEN, StatusCode::TOO_MANY_REQUESTS]);
    }
    let has_body = operation.request_body.is_some();
    if has_body || operation.parameters.is_some() {
        statuses.push(StatusCode::BAD_REQUEST);
    }
    if has_body {
        statuses.push(StatusCode::PAYLOAD_TOO_LARGE);
        if shape == Shape::Problem {
            statuses.push(StatusCode::UNPROCESSABLE_ENTITY);
        }
    }
    statuses.extend([
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::GATEWAY_TIMEOUT,
    ]);
    statuses
}

/// Returns an error body's media type and schema.
fn body(shape: Shape) -> (&'static str, RefOr<Content>) {
    let (media_type, schema) = match shape {
        Shape::Problem => ("application/problem+json", "Problem"),
        Shape::Contract => ("application/json", "ContractError"),
    };
    let schema = Some(Ref::from_schema_name(schema));
    let content = ContentBuilder::new().schema(schema).build();
    (media_type, content.into())
}

fn contract_error() -> utoipa::openapi::Schema {
    let text = |description: &str| {
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .description(Some(description))
    };
    let success = ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::Boolean))
        .description(Some("Always false"));
    ObjectBuilder::new()
        .description(Some("The body of every error of the published contracts."))
        .property("success", success)
        .property("code", text("A stable name, for programs"))
        .property("message", text("What was expected here"))
        .property("requestId", text("Names the request in the logs"))
        .required("success")
        .required("code")
        .required("message")
        .required("requestId")
        .examples([serde_json::json!({
            "success": false, "code": "NAMESPACE_RESERVED",
            "message": "the namespace `sde` is reserved",
            "requestId": "0198f5c2-7a31-7f6e-9a4e-2b8a54e3d9f1"
        })])
        .into()
}

/// Returns the paths that belong to the node and not to an account.
fn node() -> Vec<(&'static str, PathItem)> {
    let text = |description: &str, media_type: &str| {
        let schema = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String));
        let content = ContentBuilder::new().schema(Some(schema)).build();
        ResponseBuilder::new()
            .description(description)
            .content(media_type, content)
            .build()
    };
    let plain = "text/plain; charset=utf-8";
    let describe = |id: &str, summary: &str, success: Response| {
        OperationBuilder::new()
            .tag("node")
            .operation_id(Some(id))
            .summary(Some(summary))
            .security(SecurityRequirement::default())
            .response("200", success)
    };
    let health = describe(
        "healthz",
        "Whether the process lives; it says so even when overloaded.",
        text("It lives", plain),
    );
    let ready = describe(
        "readyz",
        "Whether the node can serve.",
        text("Its store answers", plain),
    )
    .response("503", text("Its store does not answer", plain));
    let metrics = describe(
        "metrics",
        "Read the node's metrics.",
        text("Prometheus text", plain),
    );
    let object = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Object));
    let content = ContentBuilder::new().schema(Some(object)).build();
    let itself = ResponseBuilder::new()
        .description("OpenAPI 3.1")
        .content("application/json", content);
    let description = describe(
        "openapi",
        "Read this description; `/docs` shows it to people.",
        itself.build(),
    );
    [
        ("/healthz", health),
        ("/readyz", ready),
        ("/metrics", metrics),
        ("/openapi.json", description),
    ]
    .into_iter()
    .map(|(path, operation)| (path, PathItem::new(HttpMethod::Get, operation)))
    .collect()
}

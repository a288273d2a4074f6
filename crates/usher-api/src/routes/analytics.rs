//! Analytics: how a period went, as JSON or as a table.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use usher_app::App;
use usher_app::analytics::{self, Wanted};
use usher_app::error::{Code, Error};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Authenticated, Query, Shared};
use crate::problem::{Failure, Problem};
use crate::wire::analytics as wire;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(get))
        .routes(routes!(rebuild))
}

type Answer<T> = Result<T, Failure>;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
struct AnalyticsQuery {
    /// The first day, `yyyy-mm-dd`; the period has seven days unless given.
    from: Option<String>,
    /// The last day, `yyyy-mm-dd`; today unless given.
    to: Option<String>,
    /// The name of the zone in which days begin, such as `Europe/Berlin`; UTC unless given.
    time_zone: Option<String>,
    /// How long the steps are: `day`, for at most 400 days, or `hour`, for at most 31.
    #[serde(default)]
    #[param(inline)]
    bucket: wire::Step,
    /// Whose figures are listed beside those of the whole.
    #[serde(default)]
    #[param(inline)]
    group: wire::Grouping,
    /// The one skill, agent or channel of `group` that all is about; nothing is listed beside it.
    id: Option<String>,
    /// `csv` for a table; so does `Accept: text/csv`.
    format: Option<String>,
}

/// See how a period went: conversations, waits, transfers, scores and decisions.
///
/// A table has a row for each skill, agent or channel, or without `group` for each step.
#[utoipa::path(get, path = "/api/v1/analytics", tag = "analytics", params(AnalyticsQuery),
    responses((status = 200, content((wire::Analytics = "application/json"),
        (String = "text/csv"))), (status = 400, body = Problem)))]
async fn get(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Query(query): Query<AnalyticsQuery>,
    headers: HeaderMap,
) -> Answer<Response> {
    let is_table = is_table(query.format.as_deref(), &headers)?;
    let dimension = query.group.dimension();
    let only = match (dimension, query.id) {
        (Some(dimension), Some(id)) => Some((dimension, id)),
        (None, Some(_)) => {
            let message = "expected `group` beside `id`: skill, agent or channel";
            return Err(Error::new(Code::BadRequest, message).into());
        }
        (_, None) => None,
    };
    let grouping = if only.is_some() {
        wire::Grouping::None
    } else {
        query.group
    };
    let wanted = Wanted {
        from: query.from,
        to: query.to,
        zone: query.time_zone.clone(),
        is_hourly: query.bucket == wire::Step::Hour,
        group: grouping.dimension(),
        only,
    };
    let report = analytics::get(&caller, &app, &wanted).await?;
    let zone = query.time_zone.unwrap_or_else(|| "UTC".to_owned());
    let shown = wire::Analytics::new(report, zone, query.bucket);
    if !is_table {
        return Ok(Json(shown).into_response());
    }
    let name = format!(
        "attachment; filename=\"analytics-{}-{}.csv\"",
        shown.from, shown.to
    );
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, shown.to_csv(grouping)).into_response())
}

fn is_table(format: Option<&str>, headers: &HeaderMap) -> Result<bool, Error> {
    match format {
        Some("csv") => Ok(true),
        Some("json") => Ok(false),
        Some(other) => {
            let message = format!("expected `format` csv or json, found `{other}`");
            Err(Error::new(Code::BadRequest, message))
        }
        None => {
            let accept = headers.get(header::ACCEPT);
            let accept = accept.and_then(|accept| accept.to_str().ok());
            Ok(accept.is_some_and(|accept| accept.trim_start().starts_with("text/csv")))
        }
    }
}

/// Have all figures counted anew, as far back as events are kept; older figures stay.
///
/// It goes on behind the answer; `behind` of a report says how many events are left.
#[utoipa::path(post, path = "/api/v1/analytics/rebuild", tag = "analytics",
    responses((status = 202, description = "It has begun")))]
async fn rebuild(State(app): Shared, Authenticated(caller): Authenticated) -> Answer<StatusCode> {
    analytics::rebuild(&caller, &app).await?;
    Ok(StatusCode::ACCEPTED)
}

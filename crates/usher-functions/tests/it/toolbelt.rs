//! The published toolbelt, and the published samples that use it.

use serde_json::{Value, json};
use usher_functions::host::{Body, ContextCall, HostCall, HostFailure, HttpAnswer, HttpRequest};
use usher_functions::worker::FailureKind;

use crate::harness::{Ran, Worker, job};

fn answer(status: u16, body: &str) -> Value {
    let answer = HttpAnswer {
        status,
        url: "https://crm.example/".to_owned(),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: Body::Text(body.to_owned()),
    };
    serde_json::to_value(answer).unwrap()
}

fn run(body: &str, host: impl FnMut(&HostCall) -> Result<Value, HostFailure>) -> Ran {
    let source = format!(
        "const {{ Toolbelt, LpServices, ConversationContentTypes, SDETypes, ErrorStrategy }} =
            require('lp-faas-toolbelt');
        async function lambda(input, callback) {{ {body} }}"
    );
    Worker::start().run(job(&source, json!({ "conversationId": "c-1" })), host)
}

fn http(ran: &Ran, at: usize) -> &HttpRequest {
    match &ran.calls[at] {
        HostCall::Http(request) | HostCall::Platform { request, .. } => request,
        other => panic!("unexpected {other:?}"),
    }
}

#[test]
fn the_http_client_speaks_as_request_promise() {
    let ran = run(
        "const client = Toolbelt.HTTPClient();
        const one = await client({ uri: 'https://crm.example/a', qs: { id: 7, tag: ['x', 'y z'] }, json: true });
        const two = await client.post('https://crm.example/b', { body: { a: 1 }, json: true,
            headers: { 'X-Key': 'k' }, resolveWithFullResponse: true, timeout: 1500 });
        const three = await client({ url: 'https://crm.example/c', method: 'PUT', form: { a: 'b c' } });
        client.get('https://crm.example/d', { auth: { bearer: 't' } })
            .then((four) => callback(null, [one, two.statusCode, two.headers['content-type'], two.body, three, four]))
            .catch(callback);",
        |_| Ok(answer(200, "{\"vip\":true}")),
    );
    assert_eq!(
        *ran.value(),
        json!([{ "vip": true }, 200, "application/json", { "vip": true }, "{\"vip\":true}", "{\"vip\":true}"])
    );
    assert_eq!(
        http(&ran, 0).url,
        "https://crm.example/a?id=7&tag=x&tag=y+z"
    );
    assert_eq!(
        http(&ran, 0).headers,
        [("accept".to_owned(), "application/json".to_owned())]
    );
    let posted = http(&ran, 1);
    assert_eq!(posted.method, "POST");
    assert_eq!(posted.timeout_ms, Some(1_500));
    assert_eq!(posted.body, Some(Body::Text("{\"a\":1}".to_owned())));
    assert!(!posted.redirects_followed);
    assert!(
        posted
            .headers
            .contains(&("content-type".to_owned(), "application/json".to_owned()))
    );
    assert_eq!(http(&ran, 2).body, Some(Body::Text("a=b+c".to_owned())));
    assert_eq!(
        http(&ran, 3).headers,
        [("authorization".to_owned(), "Bearer t".to_owned())]
    );
}

#[test]
fn a_status_that_is_no_success_is_an_error_unless_the_author_wants_it() {
    let ran = run(
        "const client = Toolbelt.HTTPClient();
        const full = await client({ url: 'https://crm.example/', simple: false, resolveWithFullResponse: true });
        try {
            await client({ url: 'https://crm.example/', json: true });
        } catch (error) {
            callback(null, [full.statusCode, error.name, error.statusCode, error.error, error.message]);
        }",
        |_| Ok(answer(404, "{\"reason\":\"gone\"}")),
    );
    assert_eq!(
        *ran.value(),
        json!([404, "StatusCodeError", 404, { "reason": "gone" }, "404 - {\"reason\":\"gone\"}"])
    );
}

#[test]
fn what_the_host_refuses_is_an_error_with_a_code() {
    let refuse = |_: &HostCall| {
        Err(HostFailure::new(
            "EACCES",
            "`crm.example` is not on the allow-list of the account",
        ))
    };
    let ran = run(
        "try { await Toolbelt.HTTPClient()('https://crm.example/'); }
        catch (error) { return [error.name, error.code, error.cause.message]; }",
        refuse,
    );
    assert_eq!(
        *ran.value(),
        json!([
            "RequestError",
            "EACCES",
            "`crm.example` is not on the allow-list of the account"
        ])
    );
    let ran = run(
        "await Toolbelt.SecretClient().readSecret('missing');",
        refuse,
    );
    assert_eq!(ran.failure().0, FailureKind::Custom);
}

#[test]
fn clients_of_the_platform_are_host_calls() {
    let ran = run(
        "const context = Toolbelt.ContextServiceClient({ accountId: '1', apiKey: 'k' });
        await context.createNamespace('lastAgent', { ttl: 120 });
        await context.setPropertiesInNamespace('lastAgent', { agentId: 'a' }, 'consumer');
        await context.getPropertyInSession('lastAgent', 'agentId');
        await context.getAllPropertiesInSession('lastAgent', 'consumer');
        await context.deletePropertyInSession('lastAgent', 'agentId', 'consumer');
        await context.deleteSession('lastAgent', 'consumer');
        await context.getListOfNamespaces();
        await Toolbelt.SDEUtil().addSDEs([{ type: SDETypes.PERSONAL_INFO }], 'v', 's');
        const [one] = await Toolbelt.OrchestratorClient().invoke(
            [{ uuid: 'f-1', payload: { a: 1 } }], 2000, { errorStrategy: ErrorStrategy.EXIT_ON_ERROR });
        return one;",
        |call| match call {
            HostCall::Context(ContextCall::GetProperties { .. }) => Ok(json!({ "agentId": "a" })),
            HostCall::Invoke { .. } => Ok(json!("invoked")),
            _ => Ok(Value::Null),
        },
    );
    assert_eq!(
        *ran.value(),
        json!({ "uuid": "f-1", "body": "invoked", "headers": {}, "statusCode": 200 })
    );
    let namespace = || "lastAgent".to_owned();
    let session_id = || Some("consumer".to_owned());
    let agent = || "agentId".to_owned();
    assert_eq!(
        ran.calls[..7],
        [
            ContextCall::CreateNamespace {
                namespace: namespace(),
                ttl_seconds: Some(120)
            },
            ContextCall::SetProperties {
                namespace: namespace(),
                session_id: session_id(),
                properties: serde_json::Map::from_iter([(agent(), json!("a"))]),
            },
            ContextCall::GetProperties {
                namespace: namespace(),
                session_id: None,
                names: Some(vec![agent()]),
            },
            ContextCall::GetProperties {
                namespace: namespace(),
                session_id: session_id(),
                names: None
            },
            ContextCall::DeleteProperty {
                namespace: namespace(),
                session_id: session_id(),
                name: agent(),
            },
            ContextCall::DeleteSession {
                namespace: namespace(),
                session_id: session_id()
            },
            ContextCall::ListNamespaces,
        ]
        .map(HostCall::Context)
    );
    assert_eq!(
        ran.calls[8],
        HostCall::Invoke {
            function: "f-1".to_owned(),
            payload: json!({ "a": 1 }),
            headers: std::collections::BTreeMap::new(),
            timeout_ms: Some(2_000),
        }
    );
}

#[test]
fn a_service_of_the_platform_is_called_by_its_name() {
    let ran = run(
        "const found = await Toolbelt.LpClient()(LpServices.MSG_HIST,
            `/messaging_history/api/account/${process.env.BRAND_ID}/conversations/conversation/search`,
            { method: 'POST', body: { conversationId: input.payload.conversationId }, json: true });
        callback(null, found.conversationHistoryRecords.length);",
        |_| Ok(answer(200, "{\"conversationHistoryRecords\":[{}]}")),
    );
    assert_eq!(*ran.value(), json!(1));
    let HostCall::Platform { service, request } = &ran.calls[0] else {
        panic!("unexpected {:?}", ran.calls);
    };
    assert_eq!(service, "msgHist");
    assert_eq!(
        request.url,
        "/messaging_history/api/account/1234/conversations/conversation/search"
    );
}

#[test]
fn the_published_sample_that_reads_attributes_runs() {
    let ran = run(
        "const conversationUtil = Toolbelt.ConversationUtil();
        const sdeUtil = Toolbelt.SDEUtil();
        const contentToRetrieve = [ConversationContentTypes.SDES, ConversationContentTypes.UNAUTH_SDES];
        try {
            const conversation = await conversationUtil.getConversationById(
                input.payload.conversationId, contentToRetrieve);
            const sdes = sdeUtil.getSDEsFromConv(conversation);
            const found = conversationUtil.scanConversationForKeywords(conversation, ['Keyword']);
            callback(null, [sdes.sdes.events.map((one) => one.sdeType), sdes.unAuthSdes.events.length, found]);
        } catch (error) {
            callback(error, null);
        }",
        |call| {
            let HostCall::Conversation { conversation_id, content_to_retrieve } = call else {
                panic!("unexpected {call:?}");
            };
            assert_eq!(conversation_id, "c-1");
            assert_eq!(*content_to_retrieve, ["sdes", "unAuthSdes"]);
            Ok(json!({ "conversationHistoryRecords": [{
                "sdes": { "events": [
                    { "sdeType": "PERSONAL_INFO", "serverTimeStamp": 2 },
                    { "sdeType": "CUSTOMER_INFO", "serverTimeStamp": 1 },
                ] },
                "messageRecords": [
                    { "messageData": { "msg": { "text": "use keywords" } }, "timeL": 5, "sentBy": "Consumer" },
                ],
            }] }))
        },
    );
    assert_eq!(
        *ran.value(),
        json!([["CUSTOMER_INFO", "PERSONAL_INFO"], 0, [{
            "message": "use keywords", "sentTimestamp": 5, "sentBy": "Consumer", "tag": "keywordRef:Keyword",
        }]])
    );
}

#[test]
fn the_published_sample_that_renews_a_secret_runs() {
    let ran = run(
        "const secretClient = Toolbelt.SecretClient();
        secretClient.readSecret('my_Secret-Key')
            .then((mySecret) => { mySecret.value = 'new'; return secretClient.updateSecret(mySecret); })
            .then((_) => callback(null, { message: 'Successfully updated secret' }))
            .catch((error) => callback(error, null));",
        |call| match call {
            HostCall::ReadSecret { key } => Ok(json!({ "key": key, "value": "old" })),
            HostCall::UpdateSecret { key, value } => Ok(json!({ "key": key, "value": value })),
            other => panic!("unexpected {other:?}"),
        },
    );
    assert_eq!(
        *ran.value(),
        json!({ "message": "Successfully updated secret" })
    );
    assert_eq!(ran.calls.len(), 2);
}

#[test]
fn what_is_not_supported_says_what_is() {
    let ran = run("Toolbelt.SFClient();", |call| panic!("unexpected {call:?}"));
    assert_eq!(
        ran.failure(),
        (
            FailureKind::Custom,
            "Toolbelt.SFClient is not supported: call the REST interface with HTTPClient"
        )
    );
}

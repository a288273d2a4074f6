//! Skills and users from spreadsheets.

use serde_json::{Value, json};

use crate::harness::{Answer, Client, Node};

const SKILLS: &str = "/api/v1/skills/import";
const USERS: &str = "/api/v1/users/import";

async fn send(admin: &Client<'_>, path: &str, file: &str) -> Answer {
    let headers = [("content-type", "text/csv")];
    admin.raw("POST", path, file.to_owned(), &headers).await
}

async fn import(admin: &Client<'_>, path: &str, file: &str) -> Value {
    send(admin, path, file).await.expect(200).json()
}

/// Returns what is said of a file that is refused: place and text of each mistake.
async fn refused(admin: &Client<'_>, path: &str, file: &str) -> Vec<(String, String)> {
    let problem = send(admin, path, file).await.expect(422).json();
    let text = |mistake: &Value, field: &str| mistake[field].as_str().unwrap().to_owned();
    let mistakes = problem["errors"].as_array().unwrap().iter();
    mistakes
        .map(|mistake| (text(mistake, "pointer"), text(mistake, "detail")))
        .collect()
}

async fn count(admin: &Client<'_>, path: &str) -> usize {
    let listed = admin.get(path).await.expect(200).json();
    listed["items"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn skills_come_from_a_published_export_and_from_ours() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let file = "\u{feff}Skill ID;Skill Name;Description;Employee ID\n\
        12;Billing;\"Bills; and \"\"refunds\"\"\";x\n;;;\n13;Sales;;y\n";
    let tried = import(&admin, &format!("{SKILLS}?dryRun=true"), file).await;
    let expected = json!({"created": 2, "updated": 0, "unchanged": 0,
        "ignoredColumns": ["Employee ID"], "dryRun": true});
    assert_eq!(tried, expected);
    assert_eq!(count(&admin, "/api/v1/skills").await, 0);
    assert_eq!(import(&admin, SKILLS, file).await["created"], 2);
    let billing = admin.get("/api/v1/skills/12").await.expect(200).json();
    assert_eq!(billing["name"], "Billing");
    assert_eq!(billing["description"], "Bills; and \"refunds\"");

    // By name, over what is there; a column that is missing changes nothing.
    let file = "name,maxWaitSeconds,fallbackSkillId,isEnabled\n\
        billing,60,Night,yes\nSales,,,no\nNight,,,\n";
    let done = import(&admin, SKILLS, file).await;
    assert_eq!((&done["created"], &done["updated"]), (&json!(1), &json!(2)));
    let billing = admin.get("/api/v1/skills/12").await.expect(200).json();
    assert_eq!(billing["description"], "Bills; and \"refunds\"");
    assert_eq!(billing["maxWaitSeconds"], 60);
    let night = billing["fallbackSkillId"].as_str().unwrap();
    let night = admin.get(&format!("/api/v1/skills/{night}")).await;
    assert_eq!(night.expect(200).json()["name"], "Night");
    let sales = admin.get("/api/v1/skills/13").await.expect(200).json();
    assert_eq!(sales["isEnabled"], false);
    let again = import(&admin, SKILLS, file).await;
    assert_eq!(again["unchanged"], 3);
    let log = admin.get("/api/v1/audit?target=skill/12").await.expect(200);
    assert_eq!(log.json()["items"].as_array().unwrap().len(), 2);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_come_with_skills_by_id_or_name() {
    let node = Node::start().await;
    let admin = node.admin().await;
    import(&admin, SKILLS, "id,name\n12,Billing\n13,maven:Billing\n").await;
    let group = json!({"id": "g1", "name": "Berlin"});
    admin.post("/api/v1/agent-groups", group).await.expect(201);
    let before = count(&admin, "/api/v1/users").await;
    let file = "userId,fullName,email,userType,skillIds,maxAsyncChats,Agent Group\n\
        7,Ada,ada@example.com,Human,billing:8;maven:Billing,4,Berlin\n\
        8,Concierge,,Bot,13,Unlimited,-1\n";
    let done = import(&admin, USERS, file).await;
    assert_eq!(done["created"], 2);
    let ada = admin.get("/api/v1/users/7").await.expect(200).json();
    let skills = json!([{"skillId": "12", "proficiency": 8}, {"skillId": "13", "proficiency": 5}]);
    assert_eq!(ada["skills"], skills);
    assert_eq!(ada["maxConversations"], 4);
    assert_eq!(ada["groupId"], "g1");
    assert_eq!(ada["role"], "agent");
    let bot = admin.get("/api/v1/users/8").await.expect(200).json();
    assert_eq!(
        (&bot["kind"], &bot["maxConversations"]),
        (&json!("BOT"), &json!(-1))
    );
    // By address; the proficiency stays.
    let file = "email,skills\nADA@example.com,12\n";
    assert_eq!(import(&admin, USERS, file).await["updated"], 1);
    let ada = admin.get("/api/v1/users/7").await.expect(200).json();
    assert_eq!(ada["skills"], json!([{"skillId": "12", "proficiency": 8}]));
    assert_eq!(count(&admin, "/api/v1/users").await, before + 2);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_is_told_with_its_line_and_column_and_nothing_is_changed() {
    let node = Node::start().await;
    let admin = node.admin().await;
    import(&admin, SKILLS, "id,name\n12,Billing\n").await;
    let file = "id,Skill Name,maxWaitSeconds,fallbackSkillId\n\
        1,,x,\n1,Two,0,Ghost\n3,billing,,\n";
    let mistakes = refused(&admin, SKILLS, file).await;
    let places: Vec<&str> = mistakes.iter().map(|(place, _)| place.as_str()).collect();
    for place in [
        "#/lines/2/Skill Name",
        "#/lines/2/maxWaitSeconds",
        "#/lines/3/id",
        "#/lines/3/maxWaitSeconds",
        "#/lines/3/fallbackSkillId",
        "#/lines/4/Skill Name",
    ] {
        assert!(places.contains(&place), "{place}: {mistakes:?}");
    }
    let ghost = mistakes
        .iter()
        .find(|(place, _)| place.ends_with("fallbackSkillId"));
    assert_eq!(
        ghost.unwrap().1,
        "line 3, column `fallbackSkillId`: expected the id or the name of a skill, found `Ghost`"
    );
    assert_eq!(count(&admin, "/api/v1/skills").await, 1);

    let file = "id,name,email,kind,role,skills,maxConversations,groupId,isEnabled\n\
        1,Ada,ada,Cat,king,Ghost,many,Rome,maybe\n\
        2,Bob,bob@example.com,,,12:11,-2,,\n3,Bob,BOB@example.com,,,,,,\n";
    let mistakes = refused(&admin, USERS, file).await;
    let places: Vec<&str> = mistakes.iter().map(|(place, _)| place.as_str()).collect();
    for column in [
        "email",
        "kind",
        "role",
        "skills",
        "maxConversations",
        "groupId",
        "isEnabled",
    ] {
        let place = format!("#/lines/2/{column}");
        assert!(places.contains(&place.as_str()), "{place}: {mistakes:?}");
    }
    for place in [
        "#/lines/3/skills",
        "#/lines/3/maxConversations",
        "#/lines/4/email",
    ] {
        assert!(places.contains(&place), "{place}: {mistakes:?}");
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_table_is_refused_with_its_line() {
    let node = Node::start().await;
    let admin = node.admin().await;
    for (file, place) in [
        ("", "#/lines/1"),
        ("colour,size\nred,1\n", "#/lines/1"),
        ("name,Skill Name\na,b\n", "#/lines/1"),
        ("id,name\n1,One\n2\n", "#/lines/3"),
        ("id,name\n1,One,more\n", "#/lines/2"),
    ] {
        let mistakes = refused(&admin, SKILLS, file).await;
        assert_eq!(mistakes[0].0, place, "{file:?}: {mistakes:?}");
    }
    let latin = b"name\nBilling\nK\xfcche\n".to_vec();
    let answer = admin.raw("POST", SKILLS, latin, &[]).await;
    let problem = answer.expect(422).json();
    assert_eq!(problem["errors"][0]["pointer"], "#/lines/3");
    node.stop().await;
}

import { answer, floor, sayAsAgent } from "./floor";
import { expect, type Server, test } from "./server";

/** Makes an agent of the order desk who is there. */
async function agent(server: Server, id: string, name: string): Promise<void> {
  const skills = [{ skillId: "1001" }];
  await server.call("POST", "/api/v1/users", { id, name, kind: "HUMAN", skills });
  const online = { status: "ONLINE", leaseSeconds: 600 };
  await server.call("PUT", `/api/v1/agents/${id}/availability`, online);
}

async function open(server: Server, skillId: string, consumerId: string): Promise<string> {
  const new_ = { skillId, consumerId, channel: "WEB", message: `Hello from ${consumerId}` };
  return Object(await server.call("POST", "/api/v1/conversations", new_)).id;
}

test("a conversation is found by what was said, told as one story, and says why it waits", async ({
  signedIn: page,
  server,
}) => {
  const id = await open(server, "1004", "eve");
  await open(server, "1004", "mallory");
  await page.goto("/console/conversations");
  await page.getByRole("searchbox", { name: "What was said" }).fill("from eve");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/text=from/);
  await expect(page.getByRole("link", { name: "mallory" })).toBeHidden();
  await page.getByRole("link", { name: "eve", exact: true }).click();
  await expect(page).toHaveURL(new RegExp(`/conversations/${id}`));
  const story = page.getByRole("region", { name: "What happened" });
  await expect(story).toContainText("eve began it on WEB in Outage line");
  await expect(story).toContainText("Hello from eve");
  await expect(page.getByRole("region", { name: "Why" })).toContainText(
    "It waits, and nobody has the skill.",
  );

  // What happens now is there without looking again.
  const said = { text: "Is anybody there?", asConsumer: true };
  await server.call("POST", `/api/v1/conversations/${id}/messages`, said);
  await expect(story).toContainText("Is anybody there?");
});

test("a supervisor gives a conversation to an agent, moves it, joins it and closes it", async ({
  signedIn: page,
  server,
}) => {
  await agent(server, "grace-floor", "Grace");
  const id = await open(server, "1004", "trent");
  await page.goto(`/console/conversations/${id}`);
  const story = page.getByRole("region", { name: "What happened" });
  const why = page.getByRole("region", { name: "Why" });
  await page.getByRole("button", { name: "Give to" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("radio", { name: /Grace/ }).check();
  // What happens to those one may choose from is there without looking again.
  await server.call("PUT", "/api/v1/agents/grace-floor/availability", {
    status: "AWAY",
    leaseSeconds: 600,
  });
  await expect(dialog.getByRole("radio", { name: /^Grace lacks the skill · away/ })).toBeChecked();
  await dialog.getByRole("button", { name: "Hand over" }).click();
  await expect(why).toContainText("Grace has it");
  await expect(story).toContainText("It was taken over");

  await page.getByRole("button", { name: "More about this conversation" }).click();
  await page.getByRole("menuitem", { name: "Join as manager" }).click();
  await expect(story).toContainText("joined as manager");

  await page.getByRole("button", { name: "Move to" }).click();
  await dialog.getByRole("searchbox", { name: "Search skills" }).fill("VIP");
  await dialog.getByRole("radio", { name: /VIP desk/ }).check();
  await dialog.getByRole("button", { name: "Hand over" }).click();
  await expect(story).toContainText("to VIP desk");
  await expect(why).toContainText("nobody can have it now");

  await page.getByRole("button", { name: "Close", exact: true }).click();
  await dialog.getByRole("textbox", { name: "Why, in your words" }).fill("a test call");
  await dialog.getByRole("button", { name: "Close it" }).click();
  await expect(story).toContainText("a test call");
  await expect(page.getByRole("button", { name: "Give to" })).toHaveAttribute(
    "aria-disabled",
    "true",
  );
  expect(await server.call("GET", `/api/v1/conversations/${id}`)).toMatchObject({
    state: "CLOSED",
  });
});

test("a decision leads to its conversation, and the conversation to its decision", async ({
  signedIn: page,
  server,
}) => {
  const id = await open(server, "1004", "peggy");
  await server.call("POST", "/api/v1/decisions", { conversationId: id });
  await page.goto(`/console/decisions?conversation=${id}`);
  await page.getByRole("row").nth(1).getByRole("link").click();
  await page.getByRole("link", { name: id }).click();
  await expect(page.getByRole("heading", { name: "peggy" })).toBeVisible();
  await page.getByRole("link", { name: "all that were asked for it" }).click();
  await expect(page).toHaveURL(new RegExp(`/decisions\\?conversation=${id}`));
});

test("what is not there says so, with a way back", async ({ signedIn: page }) => {
  await page.goto("/console/conversations/00000000-0000-7000-8000-000000000000");
  await expect(page.getByRole("heading", { name: "There is no such conversation" })).toBeVisible();
  await page.getByRole("link", { name: "Back to the list" }).click();
  await expect(page).toHaveURL(/\/conversations$/);
});

test("a long conversation is told from its end, and what came before is a press away", async ({
  signedIn: page,
  server,
}) => {
  const desk = await floor(server);
  const id = await open(server, desk.skillId, "wordy");
  await answer(server, desk, id);
  for (let n = 1; n <= 250; n += 1) await sayAsAgent(server, desk, id, `Note ${n}`);
  await page.goto(`/console/conversations/${id}`);
  const story = page.getByRole("region", { name: "What happened" });
  await expect(story.getByText("Note 250", { exact: true })).toBeInViewport();
  await expect(story.getByText("Hello from wordy")).toHaveCount(0);
  const earliest = story.getByText("Note 60", { exact: true });
  await earliest.scrollIntoViewIfNeeded();
  await story.getByRole("button", { name: /Show what came before/ }).click();
  await expect(story.getByText("Hello from wordy")).toHaveCount(1);
  // What one was reading stays where it was.
  await expect(story.getByText("Note 55", { exact: true })).toBeInViewport();
});

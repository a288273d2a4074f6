import { once } from "node:events";
import { createServer } from "node:http";
import AxeBuilder from "@axe-core/playwright";
import type { Browser, Page } from "@playwright/test";
import { expect, type Server, signInAgent, test } from "./server";

let agents = 0;

/** A colleague at a browser of their own, who is there to talk. */
async function agentAt(browser: Browser, server: Server, name: string) {
  agents += 1;
  const id = `agent-${agents}`;
  const page = await (await browser.newContext({ baseURL: server.url })).newPage();
  // A skill of their own: nobody else's offers ring here.
  const skillId = `skill-${agents}`;
  await server.call("POST", "/api/v1/skills", { id: skillId, name: `Desk of ${name}` });
  await signInAgent(page, server, { id, name, skills: [skillId] });
  await page.goto("/console/workspace");
  return { id, page, skillId };
}

async function goOnline(page: Page): Promise<void> {
  await page.getByRole("button", { name: /^Availability/ }).click();
  await page.getByRole("menuitem", { name: /^Online/ }).click();
  await expect(page.getByRole("button", { name: "Availability: Online" })).toBeVisible();
}

async function begin(server: Server, skillId: string, consumerId: string, message: string) {
  const opened = await server.call("POST", "/api/v1/conversations", {
    skillId,
    consumerId,
    isAuthenticated: true,
    message,
  });
  return String(Object(opened).id);
}

const sayAsConsumer = (server: Server, id: string, text: string) =>
  server.call("POST", `/api/v1/conversations/${id}/messages`, { text, asConsumer: true });

/** What was said in a conversation, as the server has it. */
async function saidIn(server: Server, id: string): Promise<string[]> {
  const timeline = await server.call("GET", `/api/v1/conversations/${id}/timeline?limit=1000`);
  const items: { event: { type: string; text?: string } }[] = Object(timeline).items;
  return items.flatMap(({ event }) => (event.type === "MESSAGE_SENT" ? (event.text ?? "") : []));
}

test("an agent accepts, sees who it is, answers, and closes", async ({ browser, server }) => {
  const { page, skillId } = await agentAt(browser, server, "Mia");
  await expect(page.getByRole("heading", { name: "You are offline" })).toBeVisible();
  await goOnline(page);
  const before = await begin(server, skillId, "eve", "My parcel is great, thank you!");
  await page.getByRole("button", { name: "Accept" }).click();
  await expect(page.getByRole("heading", { name: "eve" })).toBeVisible();
  await server.call("POST", `/api/v1/conversations/${before}/close`);
  await expect(page.getByText("Closed by")).toBeVisible();

  const id = await begin(server, skillId, "eve", "Now it is late.");
  const offer = page.getByRole("region", { name: "Offers" });
  await expect(offer).toContainText("Now it is late.");
  await offer.getByRole("button", { name: "Accept" }).click();
  await expect(page).toHaveURL(new RegExp(`/console/workspace/${id}`));
  const contact = page.getByRole("region", { name: "Last contact" });
  await expect(contact).toContainText("You talked with this customer");

  await page.getByRole("textbox", { name: "Message to eve" }).fill("I look into it.");
  await page.keyboard.press("Enter");
  const log = page.getByRole("log");
  await expect(log).toContainText("I look into it.");
  await expect.poll(() => saidIn(server, id)).toContain("I look into it.");
  await sayAsConsumer(server, id, "How kind of you.");
  await expect(log).toContainText("How kind of you.");

  await page.getByText("Private note").click();
  await page.getByRole("textbox", { name: "Private note" }).fill("A loyal customer.");
  await page.keyboard.press("Enter");
  await expect(log).toContainText("the customer does not see this");

  await page.getByRole("button", { name: "Close", exact: true }).click();
  await page.getByRole("textbox", { name: "Why" }).fill("solved");
  await page.getByRole("button", { name: "Close it" }).click();
  await expect(log).toContainText("Closed by the agent: solved");
  await expect(page.getByRole("textbox", { name: "Private note" })).toBeDisabled();
  // What was known of the customer stays in sight.
  await expect(contact).toContainText("You talked with this customer");
});

test("all of it is done by keyboard", async ({ browser, server }) => {
  const { page, skillId } = await agentAt(browser, server, "Kim");
  await page.getByRole("button", { name: /^Availability/ }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: /^Online/ }).press("Enter");
  await expect(page.getByRole("button", { name: "Availability: Online" })).toBeVisible();

  const declined = await begin(server, skillId, "dan", "Hello?");
  await expect(page.getByRole("button", { name: "Accept" })).toBeVisible();
  await page.keyboard.press("Alt+o");
  await expect(page.getByRole("button", { name: "Accept" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "Accept" })).toBeHidden();
  await server.call("POST", `/api/v1/conversations/${declined}/close`);

  const ids: string[] = [];
  for (const consumer of ["ann", "bob"]) {
    ids.push(await begin(server, skillId, consumer, `I am ${consumer}.`));
    await expect(page.getByRole("group", { name: new RegExp(consumer) })).toBeVisible();
    await page.keyboard.press("Alt+o");
    await expect(page.getByRole("button", { name: "Accept" })).toBeFocused();
    await page.keyboard.press("Enter");
    await expect(page.getByRole("textbox", { name: `Message to ${consumer}` })).toBeFocused();
  }
  await page.keyboard.type("Hello Bob.");
  await page.keyboard.press("Alt+ArrowUp");
  await expect(page.getByRole("textbox", { name: "Message to ann" })).toBeFocused();
  await page.keyboard.type("Hello Ann.");
  await page.keyboard.press("Enter");
  await expect.poll(() => saidIn(server, ids[0] ?? "")).toEqual(["I am ann.", "Hello Ann."]);
  await page.keyboard.press("Alt+ArrowDown");
  const toBob = page.getByRole("textbox", { name: "Message to bob" });
  await expect(toBob).toHaveValue("Hello Bob.");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("How are you?");
  await page.keyboard.press("Enter");
  await expect
    .poll(() => saidIn(server, ids[1] ?? ""))
    .toEqual(["I am bob.", "Hello Bob.\nHow are you?"]);
});

test("what is unread is marked until it is seen, and two stand side by side", async ({
  browser,
  server,
}) => {
  const { page, skillId } = await agentAt(browser, server, "Noa");
  await goOnline(page);
  const list = page.getByRole("list", { name: "Your conversations" });
  const first = await begin(server, skillId, "ann", "First.");
  await page.getByRole("button", { name: "Accept" }).click();
  await expect(page.getByRole("heading", { name: "ann" })).toBeVisible();
  await begin(server, skillId, "bob", "Second.");
  await page.getByRole("button", { name: "Accept" }).click();
  await expect(page.getByRole("heading", { name: "bob" })).toBeVisible();

  await sayAsConsumer(server, first, "Are you there?");
  await expect(list.getByRole("link", { name: /^ann 1 unread/ })).toBeVisible();
  await expect(list.getByLabel("1 unread")).toHaveCount(1);
  await list.getByRole("link", { name: "Open ann beside" }).click();
  await expect(page.getByRole("heading", { name: "ann" })).toBeVisible();
  await expect(page.getByRole("heading", { name: "bob" })).toBeVisible();
  await expect(list.getByLabel("1 unread")).toBeHidden();
  await page.reload();
  await expect(page.getByRole("heading", { name: "ann" })).toBeVisible();
  await expect(page.getByRole("heading", { name: "bob" })).toBeVisible();
});

test("of two who want one conversation, one gets it and the other is told", async ({
  browser,
  server,
}) => {
  const { page, id, skillId } = await agentAt(browser, server, "Zoe");
  await goOnline(page);
  const conversation = await begin(server, skillId, "cat", "Who takes me?");
  await expect(page.getByRole("button", { name: "Accept" })).toBeVisible();
  await page.keyboard.press("Alt+o");
  await expect(page.getByRole("button", { name: "Accept" })).toBeFocused();
  const offers = await server.call("GET", `/api/v1/agents/${id}/offers`);
  const offer = String(Object(offers).items[0].id);
  // The same agent at another screen is as quick as this one.
  const other = server.call("POST", `/api/v1/offers/${offer}/accept`, {}).then(
    () => "accepted",
    () => "too late",
  );
  await page.keyboard.press("Enter");
  expect(["accepted", "too late"]).toContain(await other);
  await expect(page.getByRole("button", { name: "Accept" })).toBeHidden();
  await expect(page.getByRole("list", { name: "Your conversations" })).toContainText("cat");
  const timeline = await server.call("GET", `/api/v1/conversations/${conversation}/timeline`);
  const items: { event: { type: string } }[] = Object(timeline).items;
  expect(items.filter(({ event }) => event.type === "ASSIGNED")).toHaveLength(1);
});

test("a server that dies and comes back loses and doubles nothing that was typed", async ({
  browser,
  server,
}) => {
  const { page, skillId } = await agentAt(browser, server, "Ivy");
  await goOnline(page);
  const id = await begin(server, skillId, "fay", "Are you sure?");
  await page.getByRole("button", { name: "Accept" }).click();
  const field = page.getByRole("textbox", { name: "Message to fay" });
  await field.fill("One.");
  await field.press("Enter");
  await expect.poll(() => saidIn(server, id)).toContain("One.");

  await server.kill();
  await expect(page.getByText("There is no connection.")).toBeVisible();
  await field.fill("Two.");
  await field.press("Enter");
  await field.fill("Three.");
  await field.press("Enter");
  await expect(page.getByText(/^Not sent yet/)).toHaveCount(2);
  await field.fill("Half a sent");

  await server.startAgain();
  await page.getByRole("button", { name: /^Try now/ }).click();
  await expect(page.getByText(/^Not sent yet/)).toHaveCount(0);
  await expect.poll(() => saidIn(server, id)).toEqual(["Are you sure?", "One.", "Two.", "Three."]);
  await expect(field).toHaveValue("Half a sent");
  await page.reload();
  await expect(field).toHaveValue("Half a sent");
  await expect(page.getByRole("log")).toContainText("Three.");
  expect(await saidIn(server, id)).toEqual(["Are you sure?", "One.", "Two.", "Three."]);
});

test("a conversation is passed on to whoever has time", async ({ browser, server }) => {
  const mia = await agentAt(browser, server, "Uma");
  const leo = await agentAt(browser, server, "Leo");
  await goOnline(mia.page);
  await goOnline(leo.page);
  await begin(server, mia.skillId, "gus", "I have a bill.");
  await mia.page.getByRole("button", { name: "Accept" }).click();
  await mia.page.getByRole("button", { name: "Pass on", exact: true }).click();
  const dialog = mia.page.getByRole("dialog");
  await dialog.getByRole("searchbox", { name: "Search agents" }).fill("Leo");
  await dialog.getByRole("radio", { name: /^Leo lacks the skill · online/ }).check();
  // An agent hears of nobody else as it happens, and is told so.
  await expect(dialog.getByText("As it was when you looked.")).toBeVisible();
  await dialog.getByRole("button", { name: "Hand over" }).click();
  await expect(mia.page.getByText("gus goes to Leo.")).toBeVisible();
  await leo.page.getByRole("button", { name: "Accept" }).click();
  await expect(leo.page.getByRole("log")).toContainText("I have a bill.");
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`a desk at work shuts nobody out, in ${colorScheme}`, async ({ browser, server }) => {
    const { page, skillId } = await agentAt(browser, server, `Ana ${colorScheme}`);
    await page.emulateMedia({ colorScheme });
    await goOnline(page);
    await begin(server, skillId, "hal", "Open the doors, please.");
    await page.getByRole("button", { name: "Accept" }).click();
    await expect(page.getByRole("log")).toContainText("Open the doors");
    await page.getByText("Private note").click();
    await page.getByRole("textbox", { name: "Private note" }).fill("He is a machine.");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("log")).toContainText("He is a machine.");
    await begin(server, skillId, "dave", "Hello?");
    await expect(page.getByRole("button", { name: "Accept" })).toBeVisible();
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(
      violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`),
    ).toEqual([]);
  });
}

test("the notice of a last contact is shown until it is taken away, on every screen", async ({
  browser,
  server,
}) => {
  const { page, skillId } = await agentAt(browser, server, "Ola");
  await goOnline(page);
  const before = await begin(server, skillId, "ida", "Thank you, all is great!");
  await page.getByRole("button", { name: "Accept" }).click();
  await expect(page.getByRole("log")).toContainText("all is great");
  await server.call("POST", `/api/v1/conversations/${before}/close`);
  await begin(server, skillId, "ida", "Me again.");
  await page.getByRole("button", { name: "Accept" }).click();
  const notice = page.getByRole("status").filter({ hasText: "You talked with this customer" });
  await expect(notice).toBeVisible();
  await page.reload();
  await expect(notice).toBeVisible();
  await notice.getByRole("button", { name: "Take the notice away" }).click();
  await expect(notice).toBeHidden();
  await expect(page.getByRole("region", { name: "Last contact" })).toContainText("You talked");
  await page.reload();
  await expect(page.getByRole("region", { name: "Last contact" })).toContainText("You talked");
  await expect(notice).toBeHidden();
});

test("a manager writes a reply that agents find with one key", async ({
  browser,
  server,
  signedIn,
}) => {
  await signedIn.goto("/console/settings/workspace");
  await signedIn.getByRole("button", { name: "Add a reply" }).click();
  await signedIn.getByRole("textbox", { name: "Name" }).fill("Opening hours");
  await signedIn.getByRole("textbox", { name: "Text" }).fill("We are here from 9 to 5.");
  await signedIn.getByRole("button", { name: "Save" }).click();
  await expect(signedIn.getByText("The workspace is saved")).toBeVisible();

  const { page, skillId } = await agentAt(browser, server, "Pia");
  await goOnline(page);
  const id = await begin(server, skillId, "jan", "When are you open?");
  await page.getByRole("button", { name: "Accept" }).click();
  const field = page.getByRole("textbox", { name: "Message to jan" });
  await expect(field).toBeFocused();
  await page.keyboard.press("/");
  await expect(page.getByRole("textbox", { name: "Find a reply or command" })).toBeFocused();
  await page.keyboard.type("hours");
  await expect(page.getByRole("option")).toHaveCount(1);
  await page.keyboard.press("Enter");
  await expect(field).toHaveValue("We are here from 9 to 5.");
  await expect(field).toBeFocused();
  await page.keyboard.press("Enter");
  await expect.poll(() => saidIn(server, id)).toContain("We are here from 9 to 5.");
});

test("an agent runs a command, and the customer sees nothing of it", async ({
  browser,
  server,
}) => {
  const made = await server.call("POST", "/api/v1/functions", {
    name: "Order status",
    description: "Where an order is: /order status 4711",
    eventId: "conversational_command",
    source: `async function lambda({ payload }) {
      const [order] = payload.arguments;
      if (order === undefined) throw new Error("Which order?");
      return \`Order \${order} is on its way.\`;
    }`,
  });
  await server.call("POST", `/api/v1/functions/${Object(made).id}/deploy`);
  const { page, skillId } = await agentAt(browser, server, "Bea");
  await goOnline(page);
  const id = await begin(server, skillId, "ivo", "Where is my order 4711?");
  await page.getByRole("button", { name: "Accept" }).click();
  const field = page.getByRole("textbox", { name: "Message to ivo" });
  await expect(field).toBeFocused();
  await page.keyboard.press("/");
  await page.keyboard.type("order st");
  await expect(page.getByRole("option", { name: "/Order status" })).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(field).toHaveValue("/Order status ");
  await expect(field).toBeFocused();
  await expect(page.getByText("Runs Order status; the answer is for you alone.")).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toContainText("Which order?");
  await expect(field).toHaveValue("/Order status ");
  await page.keyboard.type("4711");
  await page.keyboard.press("Enter");
  const answer = page.getByRole("status").filter({ hasText: "/Order status 4711" });
  await expect(answer).toContainText("Order 4711 is on its way.");
  await expect(answer).toContainText("Only you see it.");
  await expect(field).toHaveValue("");
  await page.getByRole("button", { name: "Take the answer away" }).click();
  await expect(answer).toBeHidden();
  expect(await saidIn(server, id)).toEqual(["Where is my order 4711?"]);
});

test("a widget of another host learns whom the agent talks with, and writes for the agent", async ({
  browser,
  server,
}) => {
  const shop = createServer((_, response) => {
    response.setHeader("content-type", "text/html");
    response.end(`<!doctype html><title>Orders</title><p id="who">nobody</p><p id="said"></p>
      <button>Suggest</button><script src="${server.url}/sdk/agent-workspace.js"></script>
      <script>
        const sdk = lpTag.agentSDK;
        const show = (id, text) => (document.getElementById(id).textContent = text);
        sdk.init({});
        sdk.bind("visitorInfo.visitorId", ({ newValue }) => show("who", newValue));
        sdk.bind("chatTranscript.lines", ({ newValue }) =>
          show("said", newValue.map((line) => line.source + ": " + line.text).join("; ")));
        document.querySelector("button").onclick = () =>
          sdk.command(sdk.cmdNames.write, { text: "Your order is on its way." });
      </script>`);
  });
  shop.listen(0, "127.0.0.1");
  await once(shop, "listening");
  const address = shop.address();
  if (address === null || typeof address === "string") throw new Error("expected a port");
  const widgets = [{ name: "Orders", url: `http://127.0.0.1:${address.port}/orders` }];
  await server.call("PATCH", "/api/v1/settings", { workspace: { widgets } });

  const { page, skillId } = await agentAt(browser, server, "Sam");
  await goOnline(page);
  const first = await begin(server, skillId, "kai", "Where is my order?");
  await page.getByRole("button", { name: "Accept" }).click();
  const widget = page.frameLocator("iframe[title=Orders]");
  await expect(widget.locator("#who")).toHaveText("kai");
  await expect(widget.locator("#said")).toHaveText("visitor: Where is my order?");
  await sayAsConsumer(server, first, "Hello?");
  await expect(widget.locator("#said")).toHaveText("visitor: Hello?");
  await widget.getByRole("button", { name: "Suggest" }).click();
  await expect(page.getByRole("textbox", { name: "Message to kai" })).toHaveValue(
    "Your order is on its way.",
  );
  // Nothing goes to the customer that the agent has not sent.
  expect(await saidIn(server, first)).toEqual(["Where is my order?", "Hello?"]);

  await begin(server, skillId, "lea", "And mine?");
  await page.getByRole("button", { name: "Accept" }).click();
  await expect(widget.locator("#who")).toHaveText("lea");
  await expect(widget.locator("#said")).toHaveText("visitor: And mine?");
  await server.call("PATCH", "/api/v1/settings", { workspace: { widgets: [] } });
  shop.close();
});

test("the last contact says plainly what it does not know, and speaks of others as of others", async ({
  browser,
  server,
  signedIn,
}) => {
  const { page, skillId } = await agentAt(browser, server, "Tom");
  await goOnline(page);
  const before = await begin(server, skillId, "max", "Thank you, all is great!");
  await page.getByRole("button", { name: "Accept" }).click();
  await expect(page.getByRole("log")).toContainText("all is great");
  await server.call("POST", `/api/v1/conversations/${before}/close`);
  const known = await begin(server, skillId, "max", "Me again.");
  await page.getByRole("button", { name: "Accept" }).click();
  const contact = page.getByRole("region", { name: "Last contact" });
  await expect(contact).toContainText("You talked with this customer");
  await expect(contact).toContainText("Desk of Tom");

  const stranger = await server.call("POST", "/api/v1/conversations", {
    skillId,
    consumerId: "somebody",
    message: "Guess who.",
  });
  await page.getByRole("button", { name: "Accept" }).click();
  await expect(page).toHaveURL(new RegExp(String(Object(stranger).id)));
  await expect(contact).toContainText("No history: the customer is not signed in.");
  // From one to the other and back, each has its own.
  await page.keyboard.press("Alt+ArrowUp");
  await expect(contact).toContainText("You talked with this customer");
  await page.keyboard.press("Alt+ArrowDown");
  await expect(contact).toContainText("No history");

  await page.route("**/last-contact", (route) => route.abort());
  await page.goto(`/console/workspace/${known}`);
  await expect(contact).toContainText("It cannot be looked up right now.");
  await expect(page.getByRole("log")).toContainText("Me again.");
  await page.unroute("**/last-contact");
  await contact.getByRole("button", { name: "Try again" }).click();
  await expect(contact).toContainText("You talked with this customer");

  await signedIn.goto(`/console/workspace/${known}`);
  const seen = signedIn.getByRole("region", { name: "Last contact" });
  await expect(seen).toContainText("Tom talked with this customer");
  await expect(
    signedIn.getByRole("status").filter({ hasText: "has this conversation" }),
  ).toBeVisible();
  await sayAsConsumer(server, known, "Is anybody else here?");
  await expect(signedIn.getByRole("log")).toContainText("Is anybody else here?");
});

import { expect, type Server, test } from "./server";

async function open(server: Server, skillId: string, consumerId: string): Promise<string> {
  const wanted = { skillId, consumerId, channel: "WEB" };
  return Object(await server.call("POST", "/api/v1/conversations", wanted)).id;
}

async function say(server: Server, agentId: string, status: string): Promise<void> {
  const availability = { status, leaseSeconds: 600 };
  await server.call("PUT", `/api/v1/agents/${agentId}/availability`, availability);
}

test("the floor is shown as it is and follows what happens, each wait with its reason", async ({
  signedIn: page,
  server,
}) => {
  await server.call("POST", "/api/v1/skills", { id: "watched", name: "Watched desk" });
  const skills = [{ skillId: "watched" }];
  const linus = { id: "linus-live", name: "Linus", kind: "HUMAN", skills, maxConversations: 2 };
  await server.call("POST", "/api/v1/users", linus);
  await page.goto("/console/live?skill=watched");
  const waiting = page.getByRole("region", { name: "Waiting conversations" });
  const agents = page.getByRole("region", { name: "Agents" });
  await expect(waiting.getByRole("heading", { name: "Nobody waits" })).toBeVisible();
  const summary = page.getByRole("banner").getByRole("link", { name: /wait/ });

  await open(server, "watched", "eve");
  const row = waiting.getByRole("listitem").filter({ hasText: "eve" });
  await expect(row).toContainText("The only agent is offline.");
  const queue = page.getByRole("button", { name: /^Watched desk/ });
  await expect(queue).toContainText("1 waiting");
  await expect(queue).toContainText("nobody online");
  await expect(summary).toContainText(/\d+ waiting/);

  await say(server, "linus-live", "ONLINE");
  await expect(row).toContainText("It rings at Linus");
  await expect(agents.getByRole("listitem").filter({ hasText: "Linus" })).toContainText(
    "1 ringing",
  );
  const offers: unknown = await server.call("GET", "/api/v1/agents/linus-live/offers");
  const offer = Object(offers).items[0].id;
  await server.call("POST", `/api/v1/offers/${offer}/accept`, {});
  await expect(waiting.getByRole("heading", { name: "Nobody waits" })).toBeVisible();
  await expect(agents.getByRole("listitem").filter({ hasText: "Linus" })).toContainText(
    "1 of 2 places",
  );
});

test("rows stand still while somebody points at them, and are acted on", async ({
  signedIn: page,
  server,
}) => {
  await server.call("POST", "/api/v1/skills", { id: "still", name: "Still desk" });
  await open(server, "still", "first");
  const second = await open(server, "still", "second");
  await page.goto("/console/live?skill=still");
  const waiting = page.getByRole("region", { name: "Waiting conversations" });
  await expect(waiting.getByRole("listitem")).toHaveCount(2);
  await waiting.getByRole("listitem").filter({ hasText: "first" }).hover();
  await server.call("POST", `/api/v1/conversations/${second}/close`, {});
  const gone = waiting.getByRole("listitem").filter({ hasText: "second" });
  await expect(gone).toContainText("It no longer waits.");
  await expect(gone.getByRole("button", { name: "Give to" })).toHaveAttribute(
    "aria-disabled",
    "true",
  );
  await page.mouse.move(5, 5);
  await expect(gone).toBeHidden();

  await waiting.getByRole("button", { name: "Move to: first" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("radio", { name: /^Service/ }).check();
  await dialog.getByRole("button", { name: "Hand over" }).click();
  await expect(dialog).toBeHidden();
  await page.mouse.move(5, 5);
  await expect(waiting.getByRole("heading", { name: "Nobody waits" })).toBeVisible();
  await waiting.getByRole("button", { name: "Show all" }).click();
  await expect(page).toHaveURL(/\/live$/);
  const moved = waiting.getByRole("listitem").filter({ hasText: "first" });
  await expect(moved).toContainText("Service");
  await moved.getByRole("button", { name: "Close: first" }).click();
  await dialog.getByRole("button", { name: "Close it" }).click();
  await expect(dialog).toBeHidden();
  await page.mouse.move(5, 5);
  await expect(moved).toBeHidden();
});

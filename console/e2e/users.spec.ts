import { expect, test } from "./server";

test("an agent is added with skills and places, and comes in by a link that is shown once", async ({
  signedIn: page,
  server,
  browser,
}) => {
  await page.goto("/console/users");
  await page.getByRole("button", { name: "New person" }).click();
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("Grace Hopper");
  await page.getByRole("textbox", { name: "Id" }).fill("grace-agent");
  await page.getByRole("textbox", { name: "E-mail" }).fill("grace.agent@example.com");
  await page.getByRole("button", { name: "Add a skill" }).click();
  await page.getByRole("combobox", { name: "Skill 1", exact: true }).click();
  await page.getByRole("option", { name: "Order desk" }).click();
  await page.getByRole("slider", { name: "Proficiency in skill 1" }).press("ArrowRight");
  await page.getByRole("radio", { name: /At most this many/ }).check();
  await page.getByRole("textbox", { name: "How many conversations at once" }).fill("7");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page).toHaveURL(/\/users\/grace-agent$/);
  expect(await server.call("GET", "/api/v1/users/grace-agent")).toMatchObject({
    kind: "HUMAN",
    role: "agent",
    maxConversations: 7,
    skills: [{ skillId: "1001", proficiency: 6 }],
  });

  await page.getByRole("button", { name: "Make a sign-in link" }).click();
  const link = await page.getByText(/\/console\/setup\?token=/).innerText();
  await page.reload();
  await expect(page.getByRole("button", { name: "Make a sign-in link" })).toBeVisible();
  await expect(page.getByText(/\/console\/setup\?token=/)).toBeHidden();
  const theirs = await (await browser.newContext()).newPage();
  await theirs.goto(link);
  await theirs.getByRole("textbox", { name: "Password" }).fill("correct horse battery");
  await theirs.getByRole("button", { name: "Save and sign in" }).click();
  await expect(theirs.getByRole("button", { name: "Grace Hopper" })).toBeVisible();
  await theirs.context().close();
});

test("how many conversations somebody takes at once is said in words", async ({
  signedIn: page,
  server,
}) => {
  const edsger = { id: "edsger", name: "Edsger", kind: "HUMAN", maxConversations: 7 };
  await server.call("POST", "/api/v1/users", edsger);
  const places = async () => {
    const user: unknown = await server.call("GET", "/api/v1/users/edsger");
    return Object(user).maxConversations;
  };
  await page.goto("/console/users/edsger");
  await expect(page.getByRole("textbox", { name: "How many conversations at once" })).toHaveValue(
    "7",
  );
  await page.getByRole("radio", { name: "No limit" }).check();
  await page.getByRole("button", { name: "Save" }).click();
  await expect.poll(places).toBe(-1);
  await page.getByRole("radio", { name: /As the account says/ }).check();
  await page.getByRole("button", { name: "Save" }).click();
  await expect.poll(places).toBeNull();
});

test("somebody is found, put into a group, switched off and deleted", async ({
  signedIn: page,
  server,
}) => {
  await server.call("POST", "/api/v1/users", { id: "dennis", name: "Dennis", kind: "HUMAN" });
  await page.goto("/console/users");
  await page.getByRole("button", { name: "Groups" }).click();
  await page.getByRole("textbox", { name: "New group" }).fill("Night shift");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await expect(page.getByRole("textbox", { name: "Name of Night shift" })).toBeVisible();
  await page.keyboard.press("Escape");

  await page.getByRole("searchbox", { name: "Search agents" }).fill("dennis");
  await page.getByRole("link", { name: "Dennis" }).click();
  await page.getByRole("combobox", { name: "Group" }).selectOption("Night shift");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Dennis is saved.")).toBeVisible();
  const toggle = page.getByRole("article").getByRole("switch", { name: "Dennis is enabled" });
  await toggle.press("Space");
  await expect(toggle).not.toBeChecked();
  await expect
    .poll(async () => server.call("GET", "/api/v1/users/dennis"))
    .toMatchObject({ isEnabled: false });

  await page.getByRole("button", { name: "Delete this person" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Nobody is called so" })).toBeVisible();
});

test("nobody switches themselves off", async ({ signedIn: page }) => {
  await page.goto("/console/users");
  await expect(page.getByRole("switch", { name: "Ada Lovelace is enabled" })).toBeDisabled();
});

test("the hosted bot is put in front of a skill, and changed", async ({
  signedIn: page,
  server,
}) => {
  await page.goto("/console/bots");
  await page.getByRole("button", { name: "Put in front of a skill" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("combobox", { name: "Skill" }).click();
  await page.getByRole("option", { name: "Service", exact: true }).click();
  await dialog.getByRole("button", { name: "Put it there" }).click();
  await expect(dialog.getByRole("status")).toContainText("maven:Service");
  await dialog.getByRole("button", { name: "Close", exact: true }).click();

  await page.getByRole("region", { name: "All of Bots" }).getByRole("link").first().click();
  await page.getByRole("switch", { name: "It decides only once the consumer has written" }).check();
  await page.getByRole("textbox", { name: "What the consumer is told then" }).fill("One moment.");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText(/is saved\.$/)).toBeVisible();
  const kept = JSON.stringify(await server.call("GET", "/api/v1/users"));
  expect(kept).toContain('"fallbackMessage":"One moment."');
  expect(kept).toContain('"waitsForFirstMessage":true');
});

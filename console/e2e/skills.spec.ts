import { expect, test } from "./server";

test("a skill is made, given hours and an overflow, switched off and deleted", async ({
  signedIn: page,
  server,
}) => {
  await page.goto("/console/skills");
  await page.getByRole("button", { name: "New skill" }).click();
  await expect(page.getByRole("button", { name: "Save" })).toHaveAttribute("aria-disabled", "true");
  await page.getByRole("textbox", { name: "Name" }).fill("Returns");
  await page.getByRole("textbox", { name: "Id" }).fill("returns");
  await page.getByRole("textbox", { name: "An offer rings for", exact: true }).fill("45");
  const effect = page.getByRole("status").filter({ hasText: "A conversation" });
  await expect(effect).toContainText("rings for 45 seconds");
  await page.getByRole("button", { name: "Let others in after a wait" }).click();
  await page.getByRole("combobox", { name: "People work" }).selectOption("at these hours");
  await page.getByRole("button", { name: "Open on Saturday" }).click();
  await page.getByRole("textbox", { name: "Saturday opens" }).fill("10:00");
  await page
    .getByRole("combobox", { name: "Outside of these hours a conversation" })
    .selectOption("goes to another skill");
  await page.getByRole("combobox", { name: "Which skill" }).click();
  await page.getByRole("option", { name: "Service", exact: true }).click();
  await expect(effect).toContainText("outside business hours it goes to Service");
  await page.getByRole("button", { name: "Save" }).click();

  await expect(page.getByRole("heading", { name: "Returns" })).toBeVisible();
  await expect(page).toHaveURL(/\/skills\/returns$/);
  expect(await server.call("GET", "/api/v1/skills/returns")).toMatchObject({
    name: "Returns",
    routing: { ringSeconds: 45, relaxations: [{ afterSeconds: 30 }] },
    hours: { outside: { behavior: "TRANSFER", skillId: "1003" } },
  });

  const toggle = page.getByRole("article").getByRole("switch", { name: "Returns is enabled" });
  await toggle.press("Space");
  await expect(toggle).not.toBeChecked();
  await page.reload();
  await expect(effect.or(page.getByText("Switched off: nothing"))).toBeVisible();
  await expect(toggle).not.toBeChecked();

  await page.getByRole("button", { name: "Delete this skill" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete it" }).click();
  await expect(page).toHaveURL(/\/skills$/);
  await expect(page.getByRole("link", { name: "Order desk" })).toBeVisible();
  await expect(page.getByRole("link", { name: "Returns" })).toBeHidden();
});

test("what hangs on a skill is named before it goes, and what is in use stays", async ({
  signedIn: page,
  server,
}) => {
  await server.call("POST", "/api/v1/conversations", { skillId: "1001", consumerId: "eve" });
  await page.goto("/console/skills/1001");
  await page.getByRole("button", { name: "Delete this skill" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("Policies send conversations there");
  await dialog.getByRole("button", { name: "Delete it" }).click();
  await expect(dialog.getByText("It was not done; everything is as it was")).toBeVisible();
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByRole("heading", { name: "Order desk" })).toBeVisible();
});

test("nobody's change of a skill is overwritten unseen", async ({ signedIn: page, server }) => {
  await server.call("POST", "/api/v1/skills", { id: "both", name: "Both" });
  await page.goto("/console/skills/both");
  await page.getByRole("textbox", { name: "Name" }).fill("Mine");
  await server.call("PUT", "/api/v1/skills/both", { name: "Theirs" });
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("It was not saved; what you changed is still here")).toBeVisible();
  await expect(page.getByRole("textbox", { name: "Name" })).toHaveValue("Mine");
  await page.getByRole("button", { name: "Keep mine over theirs" }).click();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Mine is saved")).toBeVisible();
  expect(await server.call("GET", "/api/v1/skills/both")).toMatchObject({ name: "Mine" });
});

test("skills come from a spreadsheet: looked at first, all of it or nothing", async ({
  signedIn: page,
  server,
}) => {
  await page.goto("/console/skills");
  await page.getByRole("button", { name: "Import" }).click();
  const dialog = page.getByRole("dialog");
  const choose = (text: string) =>
    dialog.locator("input[type=file]").setInputFiles({
      name: "skills.csv",
      mimeType: "text/csv",
      buffer: Buffer.from(text),
    });
  await choose("id,name,maxWaitSeconds\n3001,Loans,soon\n");
  await expect(dialog.getByRole("alert")).toContainText("Line 2, maxWaitSeconds");
  await expect(dialog.getByRole("button", { name: "Import", exact: true })).toBeDisabled();
  await choose("id,name,description,Floor\n3001,Loans,Lending,2\n3002,Cards,,3\n");
  await expect(dialog.getByRole("status")).toContainText("2 new ones");
  await expect(dialog.getByRole("status")).toContainText("Floor");
  const kept = async () => JSON.stringify(await server.call("GET", "/api/v1/skills"));
  expect(await kept()).not.toContain("Loans");
  await dialog.getByRole("button", { name: "Import", exact: true }).click();
  await expect(page.getByRole("link", { name: "Loans" })).toBeVisible();
  expect(await kept()).toContain("Cards");
});

test("a search keeps what is open, and the way back looks as before", async ({
  signedIn: page,
}) => {
  await page.goto("/console/skills/1001");
  await expect(page.getByRole("heading", { name: "Order desk" })).toBeVisible();
  const search = page.getByRole("searchbox", { name: "Search skills" });
  await search.fill("nothing is called so");
  await expect(page.getByRole("heading", { name: "No skill is called so" })).toBeVisible();
  await expect(page).toHaveURL(/\/skills\/1001\?find=nothing/);
  await expect(page.getByRole("heading", { name: "Order desk" })).toBeVisible();
  await page.getByRole("link", { name: "Decisions" }).click();
  await page.goBack();
  await expect(search).toHaveValue("nothing is called so");
  await search.fill("");
  await expect(page.getByRole("link", { name: "Order desk" })).toBeVisible();
});

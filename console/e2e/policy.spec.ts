import { expect, test } from "./server";

test("a manager writes the VIP policy in the form, tries it and switches it on", async ({
  signedIn: page,
  server,
}) => {
  await page.goto("/console/policies");
  await page.getByRole("link", { name: "New policy" }).click();
  await expect(page.getByRole("button", { name: "Save" })).toHaveAttribute("aria-disabled", "true");
  await page.getByRole("textbox", { name: "Name" }).fill("VIP loans");
  await page.getByRole("combobox", { name: "Attribute", exact: true }).fill("customerinfo.email");
  await page.getByRole("combobox", { name: "Comparison" }).selectOption("is in");
  await page.getByRole("combobox", { name: "Type of value" }).selectOption("attribute");
  await page.getByRole("combobox", { name: "Value", exact: true }).fill("custom.vipList");
  await page.getByRole("combobox", { name: "Skill", exact: true }).fill("VIP");
  await page.getByRole("option", { name: /VIP desk/ }).click();

  const typed = page.getByRole("textbox", { name: "Attributes as JSON" });
  await typed.fill('{"customerinfo": {"email": "ada@example.com"}}');
  const explanation = page.getByRole("region", { name: "Explanation" });
  await expect(explanation).toContainText("It matches");
  await expect(explanation).toContainText("ada@example.com");
  await typed.fill('{"customerinfo": {"email": "bob@example.com"}}');
  await expect(explanation).toContainText("It does not match");

  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("“VIP loans” is the last in the list")).toBeVisible();
  const toggle = page.getByRole("article").getByRole("switch", { name: "VIP loans is enabled" });
  await expect(toggle).not.toBeChecked();
  await toggle.press("Space");
  await expect(toggle).toBeChecked();
  await expect
    .poll(async () =>
      JSON.stringify(await server.call("GET", "/api/v1/policies?search=VIP%20loans&enabled=true")),
    )
    .toContain("{{custom.vipList}}");
});

test("the three views show one policy, and none loses what another knows", async ({
  signedIn: page,
  server,
}) => {
  const written = {
    name: "Three views",
    conditions: [
      { property: "orchestrator.intent", type: "EQUAL", value: "loan", valueType: "STRING" },
      {
        any: [
          { property: "orchestrator.channel", type: "EQUAL", value: "WEB" },
          { property: "orchestrator.channel", type: "EQUAL", value: "APP" },
        ],
      },
    ],
    actions: [{ type: "TRANSFER_TO_SKILL", payload: { skillId: "1001" } }],
  };
  const made = await server.call("POST", "/api/v1/policies", written);
  const id = Object(made).id;
  await page.goto(`/console/policies/${id}`);
  await page.getByText("Expression", { exact: true }).click();
  const expression = page.getByRole("textbox", { name: "Expression" });
  await expect(expression).toHaveText(
    "orchestrator.intent == 'loan' and (orchestrator.channel == 'WEB' or orchestrator.channel == 'APP')",
  );
  await expression.press("Control+End");
  await expression.press("Space");
  await page.getByRole("button", { name: "Turn into rows" }).click();
  await page.getByText("JSON", { exact: true }).click();
  const json = page.getByRole("textbox", { name: "Policy as JSON" });
  await expect(json).toContainText('"any"');

  await json.fill('{"name": "Three views", ');
  await page.getByText("Form", { exact: true }).click();
  await expect(page.getByText("The JSON has a mistake", { exact: true })).toBeVisible();
  await page.getByText("JSON", { exact: true }).click();
  await expect(json).toHaveText('{"name": "Three views", ');
  await page.getByRole("button", { name: "Discard" }).click();
  await expect(json).toContainText('"valueType": "STRING"');
});

test("mistakes are said where they are, and mended by a click", async ({ signedIn: page }) => {
  await page.goto("/console/policies/new?view=expression");
  const expression = page.getByRole("textbox", { name: "Expression" });
  await page.getByText("Form", { exact: true }).click();
  await page.getByRole("combobox", { name: "Attribute", exact: true }).fill("custom.vipLst");
  await page.getByRole("combobox", { name: "Value", exact: true }).fill("x");
  await page.getByRole("button", { name: "Use it" }).first().click();
  await expect(page.getByRole("combobox", { name: "Attribute", exact: true })).toHaveValue(
    "custom.vipList",
  );
  await page.getByText("Expression", { exact: true }).click();
  await expression.press("Control+A");
  await page.keyboard.type("orchestrator.intent = 1 ");
  await expect(page.getByText(/^\d+ mistakes?$/)).toBeVisible();
  await expect(page.locator(".cm-lintRange-error")).not.toHaveCount(0);
  page.on("dialog", (dialog) => void dialog.accept());
  await page.getByRole("link", { name: "Close the editor" }).click();
  await expect(page).toHaveURL(/\/console\/policies$/);
});

test("a version is compared and brought back, and nobody's change is overwritten unseen", async ({
  signedIn: page,
  server,
}) => {
  const written = {
    name: "Versions",
    expression: "orchestrator.intent == 'a'",
    actions: [{ type: "TRANSFER_TO_SKILL", payload: { skillId: "1001" } }],
  };
  const id = Object(await server.call("POST", "/api/v1/policies", written)).id;
  await page.goto(`/console/policies/${id}?side=versions`);
  await page.getByRole("textbox", { name: "Name" }).fill("Versions, renamed");
  await page.keyboard.press("Control+s");
  await expect(page.getByText("Version 2 of “Versions, renamed” is saved.")).toBeVisible();
  await page.getByRole("button", { name: /^Version 1/ }).click();
  await page.getByRole("button", { name: "Bring version 1 back" }).click();
  await expect(page.getByRole("textbox", { name: "Name" })).toHaveValue("Versions");

  await page.getByRole("textbox", { name: "Name" }).fill("Mine");
  await server.call("PUT", `/api/v1/policies/${id}`, { ...written, name: "Theirs" });
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("It was not saved; what you typed is still here")).toBeVisible();
  await page.getByRole("button", { name: "Keep mine over theirs" }).click();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("heading", { name: "Mine" })).toBeVisible();
});

test("what an attribute is known to be is offered, in the form and in the expression", async ({
  signedIn: page,
}) => {
  await page.goto("/console/policies/new");
  await page.getByRole("combobox", { name: "Attribute", exact: true }).fill("orchestrator.intent");
  await page.getByRole("combobox", { name: "Value", exact: true }).click();
  // One that a list has which a policy names, and one that only context holds.
  await expect(page.getByRole("option", { name: "opening hours" })).toBeVisible();
  await page.getByRole("option", { name: "order inquiry" }).click();
  await expect(page.getByRole("combobox", { name: "Value", exact: true })).toHaveValue(
    "order inquiry",
  );
  await page.getByText("Expression", { exact: true }).click();
  const expression = page.getByRole("textbox", { name: "Expression" });
  await expect(expression).toHaveText("orchestrator.intent == 'order inquiry'");
  await expression.press("Control+A");
  await page.keyboard.type("orchestrator.intent == 'order can");
  await page.getByRole("option", { name: "order cancellation" }).click();
  await expect(expression).toHaveText("orchestrator.intent == 'order cancellation'");
});

import { expect, test } from "./server";

test("a credential is made, shown once, rotated and revoked", async ({
  signedIn: page,
  server,
}) => {
  await page.goto("/console/settings/access");
  await page.getByRole("button", { name: "New credential" }).click();
  await expect(page.getByRole("button", { name: "Make it" })).toHaveAttribute(
    "aria-disabled",
    "true",
  );
  await page.getByRole("textbox", { name: "Name" }).fill("night bot");
  await page.getByRole("radio", { name: "Developer" }).check();
  await page.getByRole("combobox", { name: "Works for" }).selectOption("30 days");
  await page.getByRole("button", { name: "Make it" }).click();

  const shown = page.getByRole("dialog", { name: "The secrets of “night bot”" });
  const key = await shown.getByRole("textbox", { name: "API key" }).inputValue();
  expect(key).toMatch(/^usk\./);
  const asked = async (bearer: string) => {
    const headers = { authorization: `Bearer ${bearer}` };
    return (await fetch(`${server.url}/api/v1/functions`, { headers })).status;
  };
  expect(await asked(key)).toBe(200);
  // A secret is not lost by a key pressed by mistake.
  await page.keyboard.press("Escape");
  await shown.getByRole("button", { name: "I have kept them" }).click();
  await expect(page.getByText(key)).toHaveCount(0);

  await page
    .getByRole("combobox", { name: "The present secrets work on" })
    .selectOption("for an hour");
  await page.getByRole("button", { name: "Rotate" }).click();
  const second = await shown.getByRole("textbox", { name: "API key" }).inputValue();
  expect(second).not.toBe(key);
  expect([await asked(key), await asked(second)]).toEqual([200, 200]);
  await shown.getByRole("button", { name: "I have kept them" }).click();
  await expect(page.getByText("Two sets of secrets work")).toBeVisible();

  await page.getByRole("button", { name: "Revoke" }).click();
  const asks = page.getByRole("dialog", { name: "Revoke “night bot”?" });
  await expect(asks).toContainText("It cannot be brought back");
  await asks.getByRole("button", { name: "Revoke" }).click();
  await expect(page.getByText("“night bot” lets nobody in any more.")).toBeVisible();
  await expect(page.getByRole("link", { name: "night bot" })).toHaveCount(0);
  expect(await asked(second)).toBe(401);
});

test("who may not give access sees why", async ({ page, server }) => {
  const user = await server.call("POST", "/api/v1/users", {
    name: "Mira",
    email: "mira@example.com",
    role: "manager",
    password: "a word of many letters",
  });
  expect(Object(user).role).toBe("manager");
  await page.request.post(`${server.url}/api/v1/session`, {
    headers: { origin: server.url },
    data: { email: "mira@example.com", password: "a word of many letters" },
  });
  await page.goto("/console/settings/access");
  await expect(
    page.getByRole("heading", { name: "Only administrators see credentials" }),
  ).toBeVisible();
  await page.goto("/console/settings/audit");
  await expect(page.getByRole("heading", { name: "Audit" })).toBeVisible();
});

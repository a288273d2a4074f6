import { expect, PERSON, test } from "./server";

test("the link of the first start is how one comes in, and the password from then on", async ({
  page,
  server,
}) => {
  const { name, email } = { name: "Grace Hopper", email: "grace@example.com" };
  const user = await server.call("POST", "/api/v1/users", {
    id: "grace",
    kind: "HUMAN",
    role: "admin",
    name: "G",
  });
  const link = await server.call("POST", `/api/v1/users/${Object(user).id}/sign-in-link`);
  await page.goto(Object(link).path);
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("E-mail").fill(email);
  await page.getByRole("textbox", { name: "Password" }).fill(PERSON.password);
  await page.getByRole("button", { name: "Save and sign in" }).click();
  await expect(page.getByRole("heading", { name: "Policies" })).toBeVisible();

  await page.getByRole("button", { name }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "Sign in to Usher" })).toBeVisible();

  await page.goto("/console/decisions?outcome=NO_MATCH");
  await page.getByLabel("E-mail").fill(email);
  await page.getByRole("textbox", { name: "Password" }).fill("not my password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await page.getByRole("textbox", { name: "Password" }).fill(PERSON.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(/\/console\/decisions\?outcome=NO_MATCH/);
  await expect(page.getByRole("heading", { name: "Decisions" })).toBeVisible();
});

test("a place that is not there says so", async ({ signedIn: page }) => {
  await page.goto("/console/nowhere");
  await expect(
    page.getByRole("heading", { name: "There is nothing at this address" }),
  ).toBeVisible();
});

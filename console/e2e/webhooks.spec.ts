import { expect, test } from "./server";

test("a webhook is made for some events, its secret shown once, tried and changed", async ({
  signedIn: page,
  server,
}) => {
  await page.goto("/console/webhooks");
  await page.getByRole("button", { name: "New webhook" }).click();
  await page.getByRole("textbox", { name: "Address" }).fill("http://localhost:9/hook");
  await page.getByRole("radio", { name: "Only some" }).check();
  await expect(page.getByRole("button", { name: "Make it" })).toHaveAttribute(
    "aria-disabled",
    "true",
  );
  await page.getByRole("combobox", { name: "Types" }).click();
  await page.getByRole("option", { name: "conversation.closed" }).click();
  await page.getByRole("option", { name: "message.*" }).click();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Make it" }).click();
  const shown = page.getByRole("dialog", { name: "What signs its events" });
  await expect(shown.getByRole("textbox", { name: "Secret" })).toHaveValue(/^whsec_/);
  await shown.getByRole("button", { name: "I have kept it" }).click();

  await expect(page.getByText("It has seen everything that happened.")).toBeVisible();
  await page.getByRole("button", { name: "Send a test event" }).click();
  await expect(page.getByText("It was not taken", { exact: true })).toBeVisible();

  await page.getByRole("textbox", { name: "What it is for" }).fill("Our archive");
  await expect(page.getByRole("button", { name: "Send a test event" })).toHaveAttribute(
    "aria-disabled",
    "true",
  );
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("The webhook is saved")).toBeVisible();
  const kept = JSON.stringify(await server.call("GET", "/api/v1/webhooks"));
  expect(kept).toContain('"events":["conversation.closed","message.*"]');
  expect(kept).toContain("Our archive");

  await page.getByRole("button", { name: "Make a new secret" }).click();
  await shown.getByRole("button", { name: "I have kept it" }).click();
  await expect(page.getByText("Two secrets sign")).toBeVisible();

  await page.getByRole("button", { name: "Delete" }).click();
  const asks = page.getByRole("dialog", { name: "Delete this webhook?" });
  await asks.getByRole("button", { name: "Delete" }).click();
  await expect(
    page.getByText("Nothing is sent to http://localhost:9/hook any more."),
  ).toBeVisible();
  const left = JSON.stringify(await server.call("GET", "/api/v1/webhooks"));
  expect(left).not.toContain("localhost:9");
});

test("a change by somebody else is not overwritten unseen", async ({ signedIn: page, server }) => {
  const made = await server.call("POST", "/api/v1/webhooks", { url: "https://example.com/a" });
  const id = String(Object(made).id);
  await page.goto(`/console/webhooks/${id}`);
  await page.getByRole("textbox", { name: "What it is for" }).fill("mine");
  await server.call("PUT", `/api/v1/webhooks/${id}`, {
    url: "https://example.com/a",
    description: "theirs",
  });
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("It was not saved; what you typed is still here")).toBeVisible();
  await expect(page.getByRole("textbox", { name: "What it is for" })).toHaveValue("mine");
  await page.getByRole("button", { name: "Keep mine over theirs" }).click();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("The webhook is saved")).toBeVisible();
  expect(JSON.stringify(await server.call("GET", "/api/v1/webhooks"))).toContain('"mine"');
});

test("nothing undelivered is said so", async ({ signedIn: page }) => {
  await page.goto("/console/webhooks");
  await page.getByRole("link", { name: "Dead letters" }).click();
  await expect(page.getByRole("heading", { name: "Everything arrived" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Discard all" })).toHaveAttribute(
    "aria-disabled",
    "true",
  );
});

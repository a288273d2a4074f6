import type { Page } from "@playwright/test";
import { expect, test } from "./server";

const source = (page: Page) => page.getByRole("textbox", { name: "Source" });

test("a function is written, mended, tried, deployed, changed and rolled back", async ({
  signedIn: page,
  server,
}) => {
  await page.goto("/console/functions");
  await page.getByRole("button", { name: "New function" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("VIP check");
  await source(page).fill("async function lambda(input) {\n  return eval(input.payload);\n}\n");
  await expect(page.getByText(/Line 2, column 10/)).toBeVisible();
  await expect(page.locator(".cm-lintRange-error")).not.toHaveCount(0);
  const deploy = page.getByRole("button", { name: /deploy/i });
  await expect(deploy).toHaveAttribute("aria-disabled", "true");

  await source(page).fill(
    "async function lambda(input) {\n  console.info('asked', input.payload);\n  return { vip: input.payload === 'ada', tier: process.env.TIER };\n}\n",
  );
  await expect(page.getByText("no mistakes")).toBeVisible();
  await page.getByRole("tab", { name: "Settings" }).click();
  await page.getByRole("button", { name: "Add a variable" }).click();
  await page.getByRole("textbox", { name: "Name of variable 1" }).fill("TIER");
  await page.getByRole("textbox", { name: "Value of TIER" }).fill("gold");
  await page.getByRole("tab", { name: "Run" }).click();
  await page.getByRole("textbox", { name: "Payload as JSON" }).fill('"ada"');
  await page.getByRole("button", { name: "Save and run" }).click();
  const result = page.getByRole("region", { name: "Result" });
  await expect(result).toContainText('"vip": true');
  await expect(result).toContainText('"tier": "gold"');
  await expect(result.getByRole("listitem")).toContainText('asked "ada"');
  await expect(page.getByText("nothing runs until you deploy it")).toBeVisible();

  await page.getByRole("button", { name: "Deploy", exact: true }).click();
  await expect(page.getByText("Version 1 runs, as it is written here.")).toBeVisible();
  const id = new URL(page.url()).pathname.split("/").at(-1);
  const invoke = `/api/account/demo/lambdas/${id}/invoke?v=1&externalSystem=test`;
  expect(await server.call("POST", invoke, { payload: "bob" })).toEqual({
    vip: false,
    tier: "gold",
  });

  await source(page).fill("async function lambda() {\n  return 'second';\n}\n");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByText("what is written here is not deployed")).toBeVisible();
  await page.getByRole("tab", { name: "Versions" }).click();
  await expect(page.getByRole("region", { name: "What deploying would change" })).toContainText(
    "+   return 'second';",
  );
  await page.getByRole("button", { name: "Deploy", exact: true }).click();
  await expect(page.getByText("Version 2 runs, as it is written here.")).toBeVisible();
  await page.getByRole("button", { name: /^Version 1/ }).click();
  await page.getByRole("button", { name: "Let version 1 run again" }).click();
  await expect(
    page.getByText("Version 3 runs; what is written here is not deployed."),
  ).toBeVisible();
  expect(await server.call("POST", invoke, { payload: "ada" })).toMatchObject({ vip: true });

  await page.getByRole("tab", { name: "Logs" }).click();
  const log = page.getByRole("tabpanel", { name: "Logs" });
  await expect(log.getByRole("listitem")).toHaveCount(2);
  // What is written now comes by itself, on top.
  await server.call("POST", invoke, { payload: "carol" });
  await expect(log.getByRole("listitem")).toHaveCount(3);
  await expect(log.getByRole("listitem").first()).toContainText('asked "carol"');
  await log.getByRole("button", { name: "run" }).first().click();
  await expect(log.getByRole("listitem")).toHaveCount(1);
  await expect(page).toHaveURL(/request=/);

  await page.getByRole("tab", { name: "Usage" }).click();
  const usage = page.getByRole("tabpanel", { name: "Usage" });
  await expect(async () => {
    await usage.getByRole("button", { name: "Count anew" }).click();
    const words = usage.getByRole("status");
    await expect(words).toHaveText("In the last day it ran 3 times; none failed.", {
      timeout: 500,
    });
  }).toPass();
  await expect(usage.getByRole("row", { name: /^7 days/ })).toContainText(/3\s*0\s*\d+ ms/);

  await page.getByRole("button", { name: "More about this function" }).click();
  await page.getByRole("menuitem", { name: "Undeploy" }).click();
  const asks = page.getByRole("dialog", { name: "Undeploy “VIP check”?" });
  await expect(asks).toContainText("programs that call it get an error");
  await asks.getByRole("button", { name: "Undeploy" }).click();
  await page.getByRole("button", { name: "More about this function" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page
    .getByRole("dialog", { name: "Delete “VIP check”?" })
    .getByRole("button", { name: "Delete" })
    .click();
  await expect(page.getByText("“VIP check” is deleted.")).toBeVisible();
});

test("a schedule says its next times, and a sample is that of the event", async ({
  signedIn: page,
  server,
}) => {
  const written = { name: "Nightly", source: "function lambda() { return 1; }" };
  const made = await server.call("POST", "/api/v1/functions", written);
  const id = String(Object(made).id);
  await page.goto(`/console/functions/${id}?tab=settings`);
  await page.getByRole("switch", { name: "Start it by time" }).check();
  await page.getByRole("textbox", { name: "When" }).fill("every night");
  await expect(page.getByRole("textbox", { name: "When" })).toHaveAttribute("aria-invalid", "true");
  await page.getByRole("textbox", { name: "When" }).fill("30 2 * * *");
  const times = page.getByRole("status").filter({ hasText: "Next times" });
  await expect(times.getByRole("listitem")).toHaveCount(5);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect
    .poll(async () => JSON.stringify(await server.call("GET", `/api/v1/functions/${id}`)))
    .toContain('"cron":"30 2 * * *"');

  await page.getByRole("switch", { name: "Start it by time" }).uncheck();
  await page.getByRole("combobox", { name: "Event" }).selectOption("Messaging Conversation End");
  await page.getByRole("tab", { name: "Run" }).click();
  await expect(page.getByRole("combobox", { name: "A sample of" })).toHaveValue(
    "controllerbot_messaging_conversation_end",
  );
  await expect(page.getByRole("textbox", { name: "Payload as JSON" })).toContainText(
    "cbotEventType",
  );
});

test("secrets are kept and never shown, and domains are allowed", async ({
  signedIn: page,
  server,
}) => {
  await page.goto("/console/functions/secrets");
  await page.getByRole("textbox", { name: "Name" }).fill("crm_token");
  await page.getByRole("textbox", { name: "Value" }).fill("hunter2");
  await page.getByRole("button", { name: "Keep it" }).click();
  await expect(page.getByText("crm_token is kept.")).toBeVisible();
  await expect(page.getByText("named in no function")).toBeVisible();
  await expect(page.getByText("hunter2")).toHaveCount(0);
  await page.getByRole("button", { name: "Delete" }).click();
  await page
    .getByRole("dialog", { name: "Delete the secret crm_token?" })
    .getByRole("button", { name: "Delete" })
    .click();
  await expect(page.getByText("There are none yet.")).toBeVisible();

  await page.getByRole("link", { name: "Allowed domains" }).click();
  await page.getByRole("textbox", { name: "Domains" }).fill("crm.example.com\n*.example.org");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByText("Functions may call 2 names and nothing else.")).toBeVisible();
  expect(await server.call("GET", "/api/v1/functions/allow-list")).toEqual({
    domains: ["*.example.org", "crm.example.com"],
  });
});

test("an event that a function did not take is delivered again once it is mended", async ({
  signedIn: page,
  server,
}) => {
  // It is tried again after 1, 5 and 25 seconds before it is given up.
  test.setTimeout(120_000);
  const written = {
    name: "Greets",
    eventId: "controllerbot_messaging_new_conversation",
    source: "function lambda(input, callback) { callback(new Error('the CRM is down')); }",
  };
  const { id } = Object(await server.call("POST", "/api/v1/functions", written));
  await server.call("POST", `/api/v1/functions/${id}/deploy`);
  await server.call("POST", "/api/v1/conversations", { consumerId: "carl", skillId: "1001" });
  await server.call("POST", "/api/v1/conversations", { consumerId: "dora", skillId: "1001" });
  await expect
    .poll(async () => Object(await server.call("GET", "/api/v1/dead-letters")).items.length, {
      timeout: 90_000,
    })
    .toBe(2);

  await page.goto("/console/functions");
  await page.getByRole("link", { name: "2 events could not be delivered" }).click();
  const letters = page.getByRole("listitem").filter({ hasText: "conversation.started" });
  await expect(letters).toHaveCount(2);
  await expect(letters.first()).toContainText("the CRM is down");
  await letters.first().getByRole("button", { name: "Deliver again" }).click();
  await expect(page.getByText("It was not taken, and stays here")).toBeVisible();

  const mended = { ...written, source: "async function lambda() { return undefined; }" };
  await server.call("PUT", `/api/v1/functions/${id}`, mended);
  await server.call("POST", `/api/v1/functions/${id}/deploy`);
  await letters.first().getByRole("button", { name: "Deliver again" }).click();
  await expect(letters).toHaveCount(1);
  await letters.first().getByRole("button", { name: "Discard" }).click();
  const asks = page.getByRole("dialog", { name: "Discard this event?" });
  await expect(asks).toContainText("It cannot be brought back");
  await asks.getByRole("button", { name: "Discard" }).click();
  await expect(page.getByRole("heading", { name: "Everything arrived" })).toBeVisible();
  await server.call("POST", `/api/v1/functions/${id}/undeploy`);
});

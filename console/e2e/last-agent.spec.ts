import { expect, test } from "./server";

test("the rules for returning consumers are changed, and said in a sentence", async ({
  signedIn: page,
  server,
}) => {
  await page.goto("/console/settings/last-agent");
  const effect = page.getByRole("status");
  await expect(effect).toContainText("scored above 50");
  await page.getByRole("slider").press("ArrowRight");
  await page.getByRole("textbox", { name: "Returning within" }).fill("90");
  await expect(effect).toContainText(
    "Who returns within 1 hour 30 minutes of a conversation that scored above 51",
  );
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("are saved, and hold from now on")).toBeVisible();
  expect(await server.call("GET", "/api/v1/settings")).toMatchObject({
    lastAgent: { mcsThreshold: 51, timeFrameSeconds: 5_400 },
  });
  await page.reload();
  await expect(effect).toContainText("scored above 51");
});

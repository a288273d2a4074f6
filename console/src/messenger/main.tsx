/** @jsxImportSource preact */
/**
 * The messenger's page: `/messenger?account=…&engagement=…` or `…&skill=…`. It stands alone, or in a
 * frame that `tag.ts` puts on a site.
 */
import "./global.css";
import { render } from "preact";
import { Chat } from "./chat";
import { BRAND, paint } from "./color";
import { hear, isFramed } from "./frame";
import { Messenger } from "./Messenger";
import { longLived, Memory, shortLived } from "./memory";
import { Service } from "./service";

/** `preview` shows how it looks; `emulator` waits for the page around it to say who is talking. */
const MODES = ["visit", "preview", "emulator"] as const;

const search = new URLSearchParams(location.search);
const entry = {
  account: search.get("account") ?? "",
  engagement: search.get("engagement") ?? "",
  skill: search.get("skill") ?? "",
};
const mode = MODES.find((one) => one === search.get("mode")) ?? "visit";
const memory = new Memory(entry, mode === "visit" ? longLived() : shortLived());
const chat = new Chat(new Service(entry), memory);

let opened = isFramed ? 0 : 1;
let hasBegun = mode !== "emulator";
let isOpen = !isFramed || mode !== "visit";

function draw(): void {
  const root = document.getElementById("root");
  if (!root) return;
  const preview = mode === "preview" ? "This is how it looks." : undefined;
  const waiting = hasBegun ? undefined : "Nobody is visiting yet.";
  render(<Messenger chat={chat} opened={opened} reason={preview ?? waiting} />, root);
}

function see(): void {
  chat.see(isOpen && document.visibilityState === "visible");
}

let painted = "";
chat.watch(() => {
  const { look, unread } = chat.view;
  const color = look.color || BRAND;
  if (color !== painted) paint(document.documentElement, color);
  painted = color;
  document.title = unread > 0 ? `(${unread}) ${look.title}` : look.title;
});

hear((heard) => {
  switch (heard.usher) {
    case "OPENED":
      isOpen = true;
      opened += 1;
      draw();
      see();
      return;
    case "CLOSED":
      isOpen = false;
      see();
      return;
    case "IDENTIFY":
      void chat.identify(heard.identityToken);
      return;
    case "FORGET":
      chat.forget();
      return;
    case "TELL":
      chat.tell(heard.known);
      return;
    case "LOOK":
      chat.look(heard.look);
      return;
    case "BEGIN":
      chat.become(heard.beginning);
      hasBegun = true;
      opened += 1;
      draw();
      return;
  }
});

document.addEventListener("visibilitychange", () => {
  see();
  if (document.visibilityState === "visible") chat.hurry();
});
window.addEventListener("online", () => chat.hurry());
window.addEventListener("offline", () => chat.interrupt());
// Another tab has begun, or taken up, the conversation.
window.addEventListener("storage", ({ key }) => {
  if (memory.isAboutWho(key)) chat.adopt();
});

paint(document.documentElement, BRAND);
draw();
see();
void chat.begin();

/**
 * The tag that a brand puts on its pages: a button that opens the messenger in a frame.
 *
 *     <script async src="https://usher.example/messenger.js"
 *       data-account="acme" data-engagement="shop"></script>
 *
 * Optional are `data-skill` instead of an engagement, `data-position="left"` and `data-label`.
 * It loads one frame of the server that it came from, sets no cookie, and touches nothing else on
 * the page. A page talks to it through `window.usher`, which is there when `usher:ready` is heard.
 */
import type { Heard, Look, Told } from "./frame";

interface Api {
  open(): void;
  close(): void;
  /** Says by the brand's token who the visitor is; a conversation that goes on becomes theirs. */
  identify(identityToken: string): void;
  /** Forgets who the visitor was: they have signed out. */
  forget(): void;
  /** Says what is known of the visitor, for policies: `{customerInfo, personalInfo}`. */
  tell(known: { customerInfo?: object; personalInfo?: object }): void;
}

declare global {
  interface Window {
    usher?: Api;
  }
}

const STYLE = `
:host { all: initial; --brand: #3b5bdb; --on-brand: #fff; }
button {
  position: fixed; bottom: 20px; inset-inline-end: 20px; z-index: 2147483000;
  display: flex; align-items: center; justify-content: center; gap: 10px;
  height: 56px; min-width: 56px; padding: 0 16px; border: 0; border-radius: 28px;
  background: var(--brand); color: var(--on-brand); cursor: pointer;
  font: 600 15px/1 Inter, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  box-shadow: 0 2px 6px rgb(0 0 0 / 18%), 0 8px 24px rgb(0 0 0 / 18%);
}
button:hover { filter: brightness(1.06); }
button:focus-visible { outline: 3px solid var(--brand); outline-offset: 3px; }
svg { width: 24px; height: 24px; flex: none; }
b {
  position: absolute; top: -6px; inset-inline-end: -4px; min-width: 22px; height: 22px;
  padding: 0 6px; border: 2px solid #fff; border-radius: 11px; box-sizing: border-box;
  background: #c92a2a; color: #fff; font-size: 12px; line-height: 18px; text-align: center;
}
iframe {
  position: fixed; bottom: 88px; inset-inline-end: 20px; z-index: 2147483000;
  width: 384px; height: min(640px, calc(100dvh - 108px)); border: 0; border-radius: 16px;
  box-shadow: 0 4px 12px rgb(0 0 0 / 16%), 0 12px 48px rgb(0 0 0 / 24%);
  color-scheme: light dark; animation: come 160ms ease-out;
}
.left button { inset-inline: 20px auto; }
.left b { inset-inline: auto -4px; }
.left iframe { inset-inline: 20px auto; }
[hidden] { display: none; }
p { position: fixed; width: 1px; height: 1px; margin: 0; overflow: hidden; clip-path: inset(50%); }
@media (max-width: 480px) {
  iframe { inset: 0; width: 100%; height: 100dvh; border-radius: 0; }
  .open button { display: none; }
}
@media (prefers-reduced-motion: reduce) { iframe { animation: none; } }
@keyframes come { from { opacity: 0; transform: translateY(8px); } }
`;

/** Returns white or black, whichever stands out from a colour (WCAG's relative luminance). */
function inkOn(color: string): string {
  const share = (at: number) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * share(1) + 0.7152 * share(3) + 0.0722 * share(5) > 0.179 ? "#000" : "#fff";
}

function picture(): SVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  for (const [name, value] of Object.entries({
    viewBox: "0 0 24 24",
    fill: "none",
    stroke: "currentColor",
    "stroke-width": "2",
    "stroke-linejoin": "round",
    "aria-hidden": "true",
  })) {
    svg.setAttribute(name, value);
  }
  path.setAttribute("d", "M4 5h16v11H10l-5 4v-4H4V5Z");
  svg.append(path);
  return svg;
}

function start(script: HTMLScriptElement): void {
  const server = new URL(script.src).origin;
  const { account = "", engagement = "", skill = "", position, label = "Chat" } = script.dataset;
  const address = new URL("/messenger", server);
  address.searchParams.set("account", account);
  if (engagement) address.searchParams.set("engagement", engagement);
  else if (skill) address.searchParams.set("skill", skill);

  const host = document.createElement("div");
  const shadow = host.attachShadow({ mode: "open" });
  // A sheet that is constructed needs no leave of the site's content security policy.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  shadow.adoptedStyleSheets = [sheet];
  const box = document.createElement("div");
  if (position === "left") box.className = "left";
  const button = document.createElement("button");
  button.type = "button";
  button.hidden = true;
  button.setAttribute("aria-expanded", "false");
  button.setAttribute("aria-haspopup", "dialog");
  const badge = document.createElement("b");
  badge.hidden = true;
  badge.setAttribute("aria-hidden", "true");
  button.append(picture(), label, badge);
  const frame = document.createElement("iframe");
  frame.title = label;
  frame.hidden = true;
  const news = document.createElement("p");
  news.setAttribute("role", "status");
  box.append(frame, button, news);
  shadow.append(box);

  let isOpen = false;
  let isThere = false;
  /** What was said before the messenger listened. */
  const early: Heard[] = [];
  const say = (heard: Heard) => {
    if (isThere) frame.contentWindow?.postMessage(heard, server);
    else early.push(heard);
  };
  const show = (next: boolean) => {
    if (isOpen === next) return;
    isOpen = next;
    frame.hidden = !next;
    box.classList.toggle("open", next);
    button.setAttribute("aria-expanded", String(next));
    say({ usher: next ? "OPENED" : "CLOSED" });
    if (next) frame.focus();
    else button.focus();
  };
  const dress = (look: Look, hasConversation: boolean) => {
    if (/^#[0-9a-f]{6}$/i.test(look.color)) {
      host.style.setProperty("--brand", look.color);
      host.style.setProperty("--on-brand", inkOn(look.color));
    }
    frame.title = look.title;
    // Where nobody can begin, nobody is invited; what has begun goes on.
    button.hidden = !look.isEnabled && !hasConversation;
  };
  const count = (unread: number) => {
    badge.hidden = unread === 0;
    badge.textContent = String(unread);
    const words = unread === 1 ? "1 unread message" : `${unread} unread messages`;
    if (unread > 0) button.setAttribute("aria-label", `${label}, ${words}`);
    else button.removeAttribute("aria-label");
    news.textContent = unread > 0 && !isOpen ? words : "";
  };

  button.addEventListener("click", () => show(!isOpen));
  window.addEventListener("message", ({ source, origin, data }: MessageEvent<Told>) => {
    if (source !== frame.contentWindow || origin !== server) return;
    switch (data.usher) {
      case "READY":
        isThere = true;
        dress(data.look, data.hasConversation);
        for (const heard of early.splice(0)) say(heard);
        return;
      case "UNREAD":
        count(data.count);
        return;
      case "CLOSE":
        show(false);
        return;
      case "CONVERSATION":
        return;
    }
  });
  window.usher = {
    open: () => show(true),
    close: () => show(false),
    identify: (identityToken) => say({ usher: "IDENTIFY", identityToken }),
    forget: () => say({ usher: "FORGET" }),
    tell: ({ customerInfo = {}, personalInfo = {} }) =>
      // Copied as JSON, so that what cannot be sent fails here and not in the messenger.
      say({ usher: "TELL", known: JSON.parse(JSON.stringify({ customerInfo, personalInfo })) }),
  };
  frame.src = address.href;
  document.body.append(host);
  document.dispatchEvent(new CustomEvent("usher:ready"));
}

const script = document.currentScript;
if (script instanceof HTMLScriptElement && !window.usher) {
  // The site's own things come first.
  if (document.readyState === "complete") start(script);
  else window.addEventListener("load", () => start(script), { once: true });
}

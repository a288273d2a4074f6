import { readFileSync, writeFileSync } from "node:fs";
import { brotliCompressSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** The tag that sites load: its name stays, whatever is in it. */
const TAG = "messenger";

/** Adds compressed scripts and styles, and the list of all files that the program embeds. */
function embedded(): Plugin {
  const folder = "dist";
  return {
    name: "embedded",
    apply: "build",
    writeBundle(_, bundle) {
      const files = ["icon.svg", "agent-workspace.js", ...Object.keys(bundle)];
      for (const file of Object.keys(bundle).filter((name) => /\.(js|css)$/.test(name))) {
        writeFileSync(
          `${folder}/${file}.br`,
          brotliCompressSync(readFileSync(`${folder}/${file}`)),
        );
        files.push(`${file}.br`);
      }
      const rows = files
        .sort()
        .map((file) => `    ("${file}", include_bytes!("${file}").as_slice()),`);
      writeFileSync(`${folder}/files.rs`, `[\n${rows.join("\n")}\n]\n`);
    },
  };
}

/** A server to develop against. */
const server = process.env["USHER_URL"] ?? "http://127.0.0.1:8420";

export default defineConfig({
  base: "/console/",
  // The messenger is drawn by Preact, in a tenth of the bytes.
  plugins: [react({ exclude: /src\/messenger\// }), embedded()],
  // The server puts a fresh nonce here with every page.
  html: { cspNonce: "{{nonce}}" },
  build: {
    target: "es2023",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1000,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { console: "index.html", visit: "messenger.html", [TAG]: "src/messenger/tag.ts" },
      output: {
        entryFileNames: ({ name }) => (name === TAG ? "[name].js" : "assets/[name]-[hash].js"),
        // It is no module, and leaves no names on the site's page.
        banner: ({ name }) => (name === TAG ? "(() => {" : ""),
        footer: ({ name }) => (name === TAG ? "})();" : ""),
      },
    },
  },
  server: { proxy: { "/api": { target: server, ws: true }, "/problems": server, "/v2": server } },
});

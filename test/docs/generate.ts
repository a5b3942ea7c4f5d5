// `npm run docs`: writes the pages of `docs/mapping/` anew.
import { mkdirSync, writeFileSync } from "node:fs";
import { createPages } from "./pages.ts";

const FOLDER = new URL("../../docs/mapping/", import.meta.url);

mkdirSync(FOLDER, { recursive: true });
for (const { file, text } of createPages()) {
  writeFileSync(new URL(file, FOLDER), text);
  console.log(`docs/mapping/${file}`);
}

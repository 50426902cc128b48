// Writes docs/api.md from the API's rows and schemas.
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { apiMarkdown } from "./support/api-markdown.ts";

const PAGE = fileURLToPath(new URL("../docs/api.md", import.meta.url));
mkdirSync(fileURLToPath(new URL("../docs/", import.meta.url)), { recursive: true });
writeFileSync(PAGE, apiMarkdown());

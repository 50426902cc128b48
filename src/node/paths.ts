// Where the package's own files are, the same from src/ and from dist/.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

export const MODELS_DIR: string = at("models");
export const PACKAGE_FILE: string = at("package.json");

/** This package's version. */
export const VERSION: string = (JSON.parse(readFileSync(PACKAGE_FILE, "utf8")) as { version: string }).version;

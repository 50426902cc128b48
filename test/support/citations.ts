// What a text cites (sections of the protocol, rules and titles of exact-training, files, links) and which of it is not there.
import { dirname, join, normalize } from "node:path";

/** What can be cited. */
export interface Library {
  /** Every file, by its path in the repository. */
  readonly files: ReadonlySet<string>;
  /** Numbers of the protocol's sections. */
  readonly sections: ReadonlySet<number>;
  /** Numbers of exact-training's rules. */
  readonly rules: ReadonlySet<number>;
  /** Titles of exact-training, without numbers. */
  readonly titles: ReadonlySet<string>;
  /** Anchors of each document, by its path. */
  readonly anchors: ReadonlyMap<string, ReadonlySet<string>>;
}

/** A document without its fenced code, whose paths are those of where it would stand. */
export const proseOf = (document: string): string => document.replace(/^```[\s\S]*?^```/gm, "");

/** A piece of prose: a document without its fenced code, or the comments of a source file. */
export interface Prose {
  readonly path: string;
  readonly text: string;
}

const HEADING = /^#{1,6} +(.+)$/gm;
/** Headings of a document, fenced code left out. */
export const headingsOf = (document: string): string[] =>
  [...proseOf(document).matchAll(HEADING)].map(([, title]) => title as string);

/** As GitHub makes them. */
export const anchorOf = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");

const numbered = (title: string): { readonly number: number | undefined; readonly name: string } => {
  const found = /^(\d+)\. (.+)$/.exec(title);
  return found === null ? { number: undefined, name: title } : { number: Number(found[1]), name: found[2] as string };
};

const numbersOf = (document: string): Set<number> =>
  new Set(headingsOf(document).flatMap((title) => numbered(title).number ?? []));

/** `documents`: every page of Markdown by path, the protocol and exact-training among them. */
export function libraryOf(files: readonly string[], documents: ReadonlyMap<string, string>): Library {
  const exact = documents.get("docs/exact-training.md") ?? "";
  return {
    files: new Set(files),
    sections: numbersOf(documents.get("docs/protocol.md") ?? ""),
    rules: numbersOf(exact),
    titles: new Set(headingsOf(exact).map((title) => numbered(title).name)),
    anchors: new Map([...documents].map(([path, text]) => [path, new Set(headingsOf(text).map(anchorOf))])),
  };
}

/** The comments of a source file, each line where it stands. */
export function commentsOf(source: string): string {
  const isComment = (line: string): boolean => /^\s*(\/\/|\/?\*|#(?!!))/.test(line);
  return source
    .split("\n")
    .map((line) => (isComment(line) ? line.replace(/^\s*(\/\/|\/\*\*|\*\/?|#)/, "") : ""))
    .join("\n");
}

const LIST = String.raw`\d+(?:(?:, and |, | and | to )\d+)*`;
const CITED_SECTIONS = new RegExp(String.raw`(RFC \d+,? )?\b(?:sections? |protocol )(${LIST})`, "gi");
const CITED_RULES = new RegExp(String.raw`(exact-training )?\brules? (${LIST})`, "gi");
const CITED_TITLES = /\bexact(?:-training(?:\.md)?)? "([^"]+)"/g;
const LINK = /\]\(([^)\s]+)\)/g;
/** Paths that begin with a place-holder, such as `<dataDir>/api.json`, are no files of the repository. */
const FILE = /(?<![\w/.<>*}:-])((?:[\w.-]+\/)*[\w.-]+\.(?:ts|mjs|md|py|onnx|json|svg|toml|sh))(?![\w*/])/g;
const FOLDER = /`((?:src|test|scripts|examples|models)(?:\/[\w-]+)*)\/?`/g;

/** "2, 3 and 5" and "3 to 5" as numbers. */
function numbersIn(list: string): number[] {
  const numbers: number[] = [];
  for (const part of list.split(/, and |, | and /)) {
    const [from = 0, to = from] = part.split(" to ").map(Number);
    for (let n = from; n <= to; n++) numbers.push(n);
  }
  return numbers;
}

function missingNumbers({ text }: Prose, { sections, rules }: Library): string[] {
  const missing: string[] = [];
  for (const [whole, other, list = ""] of text.matchAll(CITED_SECTIONS))
    if (other === undefined && !numbersIn(list).every((n) => sections.has(n))) missing.push(whole);
  for (const [whole, , list = ""] of text.matchAll(CITED_RULES))
    if (!numbersIn(list).every((n) => rules.has(n))) missing.push(whole);
  return missing;
}

/** A rule by number means one of exact-training; outside that page it must say so. */
const namelessRules = ({ path, text }: Prose): string[] =>
  path === "docs/exact-training.md"
    ? []
    : [...text.matchAll(CITED_RULES)].filter(([, book]) => book === undefined).map(([whole]) => whole);

const missingTitles = ({ text }: Prose, { titles }: Library): string[] =>
  [...text.matchAll(CITED_TITLES)].filter(([, title = ""]) => !titles.has(title)).map(([whole]) => whole);

function missingLinks({ path, text }: Prose, { files, anchors }: Library): string[] {
  const isThere = (link: string): boolean => {
    const [file = "", anchor] = link.split("#");
    const target = file === "" ? path : normalize(join(dirname(path), file));
    if (anchor !== undefined) return anchors.get(target)?.has(anchor) === true;
    return files.has(target) || [...files].some((one) => one.startsWith(`${target}/`));
  };
  const links = [...text.matchAll(LINK)].map(([, link]) => link as string);
  return links.filter((link) => !/^[a-z]+:/.test(link) && !isThere(link));
}

/** `src/<room>` or the top folder that a path lies in. */
const roomOf = (path: string): string =>
  path
    .split("/")
    .slice(0, path.startsWith("src/") ? 2 : 1)
    .join("/");

/** Files that programs write where they run. */
const MADE = ["api.json", "genesis.json"];

/** A file may be named by its path from here, from the top or from src; by its bare name within its own room, or when it is a model's. */
function missingFiles({ path, text }: Prose, { files }: Library): string[] {
  const room = roomOf(path);
  const ofModels = [...files].filter((one) => one.startsWith("models/"));
  const near = path.includes("/") && room !== "docs" ? [...files].filter((one) => one.startsWith(`${room}/`)) : [];
  const isThere = (name: string): boolean =>
    MADE.includes(name) ||
    [join(dirname(path), name), name, `src/${name}`].some((one) => files.has(normalize(one))) ||
    [...near, ...ofModels].some((one) => one.endsWith(`/${name}`));
  const all = [...files];
  const names = [...text.replace(/\[[^\]]*\](?=\()/g, "").matchAll(FILE)].map(([, name]) => name as string);
  const folders = [...text.matchAll(FOLDER)].map(([, name]) => name as string);
  return [
    ...names.filter((name) => !isThere(name)),
    ...folders.filter((name) => !files.has(name) && !all.some((one) => one.startsWith(`${name}/`))),
  ];
}

/** Everything that a text cites and that is not there, as `path: what`. */
export const missingIn = (prose: Prose, library: Library): string[] =>
  [
    ...missingNumbers(prose, library),
    ...namelessRules(prose),
    ...missingTitles(prose, library),
    ...missingLinks(prose, library),
    ...missingFiles(prose, library),
  ].map((what) => `${prose.path}: ${what}`);

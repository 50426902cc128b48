// Models whose step takes most of a second. They are made of the same layers as the small ones, so tests run fewer cases of them.
export const LARGE_MODELS: ReadonlySet<string> = new Set(["text-transformer"]);
